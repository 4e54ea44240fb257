/**
 * What clients of a service asked and were told, as a history for the checkers; and the service itself, as the model
 * that such a history is judged against: what one correct copy of it would have answered.
 */
import { sessionId } from '../../machines/shared/identifiers.js';
import type { Outcome, Request } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { Json, Operation } from '../check/history.js';
import type { Model } from '../check/model.js';
import type { AnyService } from '../service/index.js';
import { notOfTheService } from './verdict.js';
import type { PlayedRequest } from './workload.js';

/** An operation of a service, with what it was handed besides its arguments: its time and its chance. */
export interface ServiceOperation extends Operation {
  readonly at: number;
  readonly seed: number;
}

/** The requests of a run that were sent, in the order of their calls. */
export function historyOf(played: readonly PlayedRequest[]): ServiceOperation[] {
  const processes = new Processes();
  const operations: ServiceOperation[] = [];
  for (const { client, op, incarnation, call, answer, calledAt, endedAt } of byCall(played)) {
    if (call === null) continue;
    const returned = answer !== null && !notOfTheService(answer.outcome);
    operations.push({
      process: processes.of(client, incarnation, returned),
      op,
      key: null,
      input: call.args as readonly Json[], // serializable, and shown as JSON shows it
      output: returned ? outputOf(answer.outcome) : null,
      call: calledAt,
      return: returned ? endedAt : null,
      at: call.at,
      seed: call.seed,
    });
  }
  return operations;
}

/**
 * Clients as the processes of a history. A client whose request never returned goes on as another process, `alice~2`; and so does one
 * whose node has crashed and come back, for it fell with it (AR-11) and whoever calls now knows nothing of what it was told.
 */
export class Processes {
  readonly #lives = new Map<string, Life>();

  /** The client's next request, in the order of calls: by which incarnation of its node, and whether it ever returned. */
  of(client: string, incarnation: number, returned: boolean): string {
    const before = this.#lives.get(client) ?? { number: 1, incarnation, over: false };
    const number = before.number + (before.over || before.incarnation !== incarnation ? 1 : 0);
    this.#lives.set(client, { number, incarnation, over: !returned });
    return number === 1 ? client : `${client}~${number}`;
  }
}

/** A client as a process of the history. */
interface Life {
  readonly number: number;
  /** Of its node. */
  readonly incarnation: number;
  /** Its last request never returned. */
  readonly over: boolean;
}

const byCall = (played: readonly PlayedRequest[]): PlayedRequest[] =>
  [...played].sort((a, b) => a.calledAt - b.calledAt);

/** As JSON has it: no undefined, and of an error its code. */
export function outputOf(outcome: Outcome): Json {
  if (!outcome.ok) return { error: outcome.error.code };
  return (outcome.value ?? null) as Json; // as above
}

/**
 * A service as its own sequential specification. `input` is the list of arguments.
 *
 * `part` says what an operation is about, where operations about different things never touch (an account, a key), and
 * null where it is about everything: histories are then checked part by part.
 */
export function serviceModel(
  service: AnyService,
  part?: (op: string, args: readonly Serializable[]) => string | null,
): Model {
  return {
    // the checkers know some models by their names and how their operations are written: a service is none of them
    name: `service ${service.name}`,
    operations: Object.fromEntries(service.operations.map(({ name, kind }) => [name, kind])),
    initial(given) {
      if (given !== undefined)
        throw new RangeError(`A history of the service "${service.name}" begins with its own state.`);
      return service.initial();
    },
    apply(state, operation) {
      const { outcomes, value } = service.execute(state, [requestOf(service, operation)]);
      return { state: value, output: outputOf(outcomes[0] as Outcome) }; // one request, one outcome
    },
    reads: ({ op }) => service.kindOf(op) === 'query',
    text: (state) => service.digest(state),
    ...(part === undefined ? {} : { part: (operation: Operation) => part(operation.op, argsOf(operation)) }),
  };
}

const oneClient = sessionId('client');

const argsOf = ({ input }: Operation): readonly Serializable[] =>
  (Array.isArray(input) ? input : input === null ? [] : [input]) as readonly Serializable[]; // JSON is plain data

function requestOf(service: AnyService, operation: Operation): Request {
  const kind = service.kindOf(operation.op);
  if (kind === undefined) throw new RangeError(`The service "${service.name}" has no operation "${operation.op}".`);
  const { at = 0, seed = 0 } = operation as Partial<ServiceOperation>; // a history from a file has neither
  return { session: oneClient, seq: 1, after: 0, kind, op: operation.op, args: argsOf(operation), at, seed };
}
