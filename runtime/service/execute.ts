/**
 * Executes requests one after another (CH-6): an operation that fails leaves no effect, and its error is its outcome.
 * Nothing here throws. The result depends on the sequence of requests alone, and not on how it was cut into batches.
 */
import type { Execution } from '../../machines/shared/object.js';
import type { OperationError, Outcome, Request } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import { ChoraleError } from '../errors.js';
import { SharedDraft, type Watch } from './draft.js';
import { detached } from './serializable.js';
import { checkState } from './state.js';
import { within } from './surroundings.js';
import type { OperationKind } from './types.js';

export interface NamedOperation {
  readonly name: string;
  readonly kind: OperationKind;
  readonly run: (state: unknown, ...args: unknown[]) => unknown;
}

export interface ServiceOperations {
  readonly service: string;
  readonly byName: ReadonlyMap<string, NamedOperation>;
  readonly deterministic: boolean;
}

/** Most bytes of a reply, estimated: a larger one is the error MESSAGE_TOO_LARGE. */
const REPLY_LIMIT = 4 * 1024 * 1024;

/** An update whose writes are in the open draft, and the place of its outcome. */
interface Pending {
  readonly operation: NamedOperation;
  readonly request: Request;
  readonly place: number;
}

export function execute<State extends object>(
  operations: ServiceOperations,
  value: State,
  requests: readonly Request[],
): Execution<State> {
  const run = new Run(operations, value);
  for (const request of requests) run.take(request);
  run.close();
  return { value: run.value as State, outcomes: run.outcomes }; // immer keeps the type of what it drafts
}

class Run {
  value: object;
  readonly outcomes: Outcome[] = [];
  readonly #operations: ServiceOperations;
  #draft: SharedDraft | null = null;
  #pending: Pending[] = [];

  constructor(operations: ServiceOperations, value: object) {
    this.#operations = operations;
    this.value = value;
  }

  take(request: Request): void {
    const operation = this.#operations.byName.get(request.op);
    if (operation === undefined || operation.kind !== request.kind) {
      this.outcomes.push(failure(unknownOperation(this.#operations.service, request)));
    } else if (operation.kind === 'query') {
      this.close();
      this.outcomes.push(query(operation, this.value, request));
    } else this.#update(operation, request);
  }

  #update(operation: NamedOperation, request: Request): void {
    this.#draft ??= new SharedDraft(this.value);
    const { watch } = this.#draft;
    const place = this.outcomes.length;
    this.outcomes.push(update(operation, this.#draft, request));
    if (this.outcomes[place]?.ok) {
      if (!watch.closes && this.#operations.deterministic) this.#pending.push({ operation, request, place });
      else this.#commit(watch, place);
    } else if (watch.writes > 0) this.#rollBack();
  }

  /** Ends the open draft. Without effect where there is none. */
  close(): void {
    if (this.#draft === null) return;
    this.value = this.#draft.finish();
    this.#draft = null;
    this.#pending = [];
  }

  /** Ends the open draft with an update that stored objects: it fails when the state does not encode any more. */
  #commit(watch: Watch, place: number): void {
    const before = this.value;
    const pending = this.#pending;
    try {
      this.close();
      if (watch.closes) checkState(this.value);
    } catch (error) {
      this.outcomes[place] = failure(error);
      this.value = before;
      this.#pending = pending;
      this.#rollBack();
    }
  }

  /**
   * Throws the open draft away and executes again what was in it before the update that failed. That is finished at
   * once, so no update is executed a third time, however many fail. Outcomes stay as they were given.
   */
  #rollBack(): void {
    const again = this.#pending;
    this.#draft = null;
    this.#pending = [];
    if (again.length === 0) return;
    const draft = new SharedDraft(this.value);
    const same = again.every(({ operation, request }) => update(operation, draft, request).ok && !draft.watch.closes);
    if (same) this.value = draft.finish();
    else for (const pending of again) this.#alone(pending);
  }

  /** For an operation that does not do the same again, though its service calls it deterministic: this time counts. */
  #alone({ operation, request, place }: Pending): void {
    const draft = new SharedDraft(this.value);
    this.outcomes[place] = update(operation, draft, request);
    if (!this.outcomes[place]?.ok) return;
    this.#draft = draft;
    this.#commit(draft.watch, place);
  }
}

function update(operation: NamedOperation, draft: SharedDraft, request: Request): Outcome {
  draft.watch.begin();
  return perform(operation, draft.root, request);
}

function query(operation: NamedOperation, value: object, request: Request): Outcome {
  let outcome = perform(operation, value, request);
  // What a write to a frozen object throws differs between engines: so a query that fails is asked once more, with a watch.
  if (!outcome.ok && outcome.error.code === 'OPERATION_FAILED') {
    const watched = perform(operation, new SharedDraft(value, true).root, request);
    if (!watched.ok && watched.error.code === 'QUERY_WRITES') outcome = watched;
  }
  return outcome;
}

function perform(operation: NamedOperation, state: object, request: Request): Outcome {
  try {
    // An operation may write into its arguments, or store them; the request stays as it came.
    const args = request.args.map(ownCopy);
    const reply = within(request, () => operation.run(state, ...args));
    if (typeof reply === 'object' && reply !== null) refusePromise(reply, operation);
    return { ok: true, value: detached(reply, REPLY_LIMIT) };
  } catch (error) {
    return failure(error);
  }
}

function ownCopy(value: Serializable): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(ownCopy);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, ownCopy(inner)]));
}

function refusePromise(reply: object, { name, kind }: NamedOperation): void {
  if (!('then' in reply) || typeof reply.then !== 'function') return;
  // Nobody waits for it: its failure must not end the process.
  reply.then(undefined, () => undefined);
  throw new ChoraleError('NOT_SERIALIZABLE', `The ${kind} "${name}" returned a promise: an operation is synchronous.`);
}

function unknownOperation(service: string, { op, kind }: Request): ChoraleError {
  return new ChoraleError('ARGUMENTS_INVALID', `"${service}" has no ${kind} "${op}".`);
}

const failure = (error: unknown): Outcome => ({ ok: false, error: errorOf(error) });

/** Whatever was thrown, as data that is the same everywhere. */
function errorOf(thrown: unknown): OperationError {
  try {
    if (typeof thrown !== 'object' || thrown === null) return { code: 'OPERATION_FAILED', message: String(thrown) };
    const { code, message, details } = thrown as { code?: unknown; message?: unknown; details?: unknown }; // where it has them
    const error = {
      code: typeof code === 'string' && code !== '' ? code : 'OPERATION_FAILED',
      message: String(message ?? thrown),
    };
    return details === undefined ? error : { ...error, ...sendable(details) };
  } catch {
    return { code: 'OPERATION_FAILED', message: 'The operation threw something that cannot be told as data.' };
  }
}

/** Details are told where they can be. */
function sendable(details: unknown): { details?: Serializable } {
  try {
    return { details: detached(details, REPLY_LIMIT) };
  } catch {
    return {};
  }
}
