/**
 * The clients of one front end: they live on its node and share its fate (AR-11). The port gives each client's requests
 * to the front end one at a time (AR-1), those of all its clients in one event a tick, and brings the answers back.
 */
import { address, requestId, type SessionId } from '../../machines/shared/identifiers.js';
import type { Answer, Call } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { Node } from '../actors/node.js';
import type { Clock } from '../clock/clock.js';
import { ChoraleError } from '../errors.js';
import type { CauseId, Recorder } from '../trace/format.js';

/** What a call came to, for whoever made it. */
export type Settled =
  | { readonly ok: true; readonly value: Serializable; readonly answer: Answer }
  | { readonly ok: false; readonly error: ChoraleError; readonly answer: Answer | null };

export interface Invocation {
  readonly kind: 'update' | 'query';
  readonly op: string;
  readonly args: readonly Serializable[];
  /** Estimated bytes of the arguments. */
  readonly size: number;
  /** ms. */
  readonly timeout: number;
  readonly signal: AbortSignal | null;
  /** Called when the request is sent, with the call as it crosses the wire. */
  readonly issued: ((call: Call) => void) | null;
  readonly settle: (settled: Settled) => void;
}

export interface ClientPortSettings {
  readonly clock: Clock;
  /** Most calls of one session that wait. */
  readonly waiting: number;
  readonly recorder: Recorder | null;
  /** Told of every call that is taken on. */
  readonly called: () => void;
  /** A 32-bit seed for each request. */
  readonly seed: () => number;
  /** A session id never used before, for the client of this name. */
  readonly newSession: (client: string) => SessionId;
}

/** Requests and bytes that one event takes to the front end at most, so that the message stays well under its limit. */
const EVENT_REQUESTS = 1024;
const EVENT_BYTES = 1024 * 1024;

interface Pending {
  readonly invocation: Invocation;
  /** ms, on the clock. */
  readonly deadline: number;
  readonly abort: (() => void) | null;
}

interface Outstanding extends Pending {
  readonly call: Call;
}

export class ClientPort {
  #node: Node;
  readonly #settings: ClientPortSettings;
  readonly #sessions = new Map<SessionId, Session>();
  #ready: { call: Call; size: number }[] = [];
  #flushing = false;
  #calls = 0;
  #closed: ChoraleError | null = null;
  /** One timer for all deadlines, set to the earliest that it was told of: most calls are answered long before. */
  #timer: { readonly at: number; readonly handle: unknown } | null = null;
  /** Clients that may have calls under way. */
  readonly #clients = new Set<Session>();
  /** Calls that have no answer yet, those waiting for their turn among them. */
  unsettled = 0;

  constructor(node: Node, settings: ClientPortSettings) {
    this.#node = node;
    this.#settings = settings;
  }

  get settings(): ClientPortSettings {
    return this.#settings;
  }

  get closed(): ChoraleError | null {
    return this.#closed;
  }

  /** ms, on the clock of the clients' node. */
  get now(): number {
    return this.#node.now;
  }

  /** The front end is back, as another incarnation: its clients begin new sessions. */
  reopen(node: Node): void {
    this.#node = node;
    this.#closed = null;
  }

  client(name: string): Session {
    return new Session(this, name);
  }

  /** A call of this client must end by then. */
  watch(client: Session, deadline: number): void {
    this.#clients.add(client);
    if (this.#timer !== null && this.#timer.at <= deadline) return;
    const { clock } = this.#settings;
    if (this.#timer !== null) clock.clearTimeout(this.#timer.handle);
    this.#timer = { at: deadline, handle: clock.setTimeout(() => this.#sweep(), deadline - clock.now()) };
  }

  #sweep(): void {
    this.#timer = null;
    const now = this.#settings.clock.now();
    for (const client of [...this.#clients]) {
      const next = client.expire(now);
      if (next === null) this.#clients.delete(client);
      else this.watch(client, next);
    }
  }

  register(id: SessionId, session: Session): void {
    this.#sessions.set(id, session);
  }

  forget(id: SessionId): void {
    this.#sessions.delete(id);
  }

  send(call: Call, size: number): void {
    this.#ready.push({ call, size });
    if (this.#flushing) return;
    this.#flushing = true;
    this.#settings.clock.defer(() => this.flush());
  }

  cancel(call: Call): void {
    const unsent = this.#ready.findIndex((ready) => ready.call === call);
    if (unsent >= 0) this.#ready.splice(unsent, 1);
    else this.#tell('cancel', [{ session: call.session, seq: call.seq }]);
  }

  /** Gives what is ready to the front end, unless its node is congested: then the calls wait here, each to its deadline. */
  flush(): void {
    this.#flushing = false;
    while (this.#ready.length > 0 && !this.#node.congested && this.#closed === null) {
      const event: Call[] = [];
      let bytes = 0;
      for (const { call, size } of this.#ready) {
        if (event.length > 0 && (event.length === EVENT_REQUESTS || bytes + size > EVENT_BYTES)) break;
        event.push(call);
        bytes += size;
      }
      this.#ready = this.#ready.slice(event.length);
      const { clock, recorder } = this.#settings;
      recorder?.record({
        t: clock.now(),
        node: this.#node.id,
        actor: 'client',
        kind: 'called',
        id: this.#nextCause,
        requests: event.map(({ session, seq }) => requestId(session, seq)),
        calls: event.map(({ op, args }) => ({ op, args })),
      });
      this.#tell('call', event);
    }
  }

  answers(answers: readonly Answer[]): void {
    for (const answer of answers) this.#sessions.get(answer.session)?.answer(answer);
  }

  /** Nothing more will come: every call under way ends with this error. */
  close(error: ChoraleError): void {
    if (this.#closed !== null) return;
    this.#closed = error;
    this.#ready = [];
    for (const client of [...this.#clients]) client.close(error);
    this.#clients.clear();
    this.#sessions.clear();
    if (this.#timer !== null) this.#settings.clock.clearTimeout(this.#timer.handle);
    this.#timer = null;
  }

  #tell(type: 'call' | 'cancel', items: readonly Call[] | readonly { session: SessionId; seq: number }[]): void {
    const cause = this.#nextCause;
    this.#calls += 1;
    this.#node.tell('fe', { type, from: address(this.#node.id, 'client'), items }, cause);
  }

  get #nextCause(): CauseId {
    const { id, incarnation } = this.#node;
    return `${id}:${incarnation}:c${this.#calls + 1}`;
  }
}

/** One client: a session at a time, in which requests are issued one after another. */
export class Session {
  readonly name: string;
  readonly #port: ClientPort;
  readonly #waiting: Pending[] = [];
  #id: SessionId | null = null;
  #seq = 0;
  /** The last of this session's requests that the replicas are known to have executed; 0 before the first. */
  #executed = 0;
  #outstanding: Outstanding | null = null;

  constructor(port: ClientPort, name: string) {
    this.#port = port;
    this.name = name;
  }

  invoke(invocation: Invocation): void {
    const pending: Pending = {
      invocation,
      deadline: this.#port.settings.clock.now() + invocation.timeout,
      abort:
        invocation.signal === null ? null : () => this.#giveUp(pending, 'CANCELLED', 'was cancelled by its caller'),
    };
    const refused = this.#refusal(invocation);
    if (refused !== null) {
      invocation.settle({ ok: false, error: refused, answer: null });
      return;
    }
    this.#port.unsettled += 1;
    if (pending.abort !== null) invocation.signal?.addEventListener('abort', pending.abort, { once: true });
    this.#port.watch(this, pending.deadline);
    this.#waiting.push(pending);
    this.#next();
    this.#port.settings.called();
  }

  answer(answer: Answer): void {
    const outstanding = this.#outstanding;
    if (outstanding === null || outstanding.call.seq !== answer.seq) return;
    const { outcome } = answer;
    if (!outcome.ok && outcome.error.code === 'SESSION_EXPIRED') this.#renew();
    else if (outstanding.call.kind === 'update') this.#executed = answer.seq;
    this.#outstanding = null;
    this.#settle(
      outstanding,
      outcome.ok
        ? { ok: true, value: outcome.value, answer }
        : {
            ok: false,
            answer,
            error: new ChoraleError(
              outcome.error.code,
              outcome.error.message,
              outcome.error.details === undefined ? {} : { details: outcome.error.details },
            ),
          },
    );
    this.#next();
  }

  /** Gives up the calls whose time has come, and says when the next one's will; null when there is none. */
  expire(now: number): number | null {
    const overdue = [...(this.#outstanding === null ? [] : [this.#outstanding]), ...this.#waiting].filter(
      ({ deadline }) => deadline <= now,
    );
    for (const pending of overdue) {
      this.#giveUp(pending, 'TIMEOUT', `had no answer within ${pending.invocation.timeout} ms`);
    }
    let next = this.#outstanding?.deadline ?? null;
    for (const { deadline } of this.#waiting) next = next === null ? deadline : Math.min(next, deadline);
    return next;
  }

  close(error: ChoraleError): void {
    this.#id = null;
    const all = this.#outstanding === null ? this.#waiting.splice(0) : [this.#outstanding, ...this.#waiting.splice(0)];
    this.#outstanding = null;
    for (const pending of all) this.#settle(pending, { ok: false, error, answer: null });
  }

  #refusal(invocation: Invocation): ChoraleError | null {
    if (this.#port.closed !== null) return this.#port.closed;
    if (invocation.signal?.aborted) {
      return new ChoraleError('CANCELLED', `The call of ${invocation.op} was cancelled before it was made.`, {
        cause: invocation.signal.reason,
      });
    }
    const { waiting } = this.#port.settings;
    if (this.#waiting.length < waiting) return null;
    return new ChoraleError(
      'BUSY',
      `Client "${this.name}" has ${waiting} calls waiting already. Await some of them, use more clients, or raise "waiting".`,
    );
  }

  #issue(pending: Pending): void {
    const { newSession, seed } = this.#port.settings;
    if (this.#id === null) {
      this.#id = newSession(this.name);
      this.#seq = 0;
      this.#executed = 0;
      this.#port.register(this.#id, this);
    }
    this.#seq += 1;
    const { kind, op, args, size, issued } = pending.invocation;
    const call: Call = {
      session: this.#id,
      seq: this.#seq,
      after: this.#executed,
      kind,
      op,
      args,
      at: this.#port.now,
      seed: seed(),
    };
    this.#outstanding = Object.assign(pending, { call });
    issued?.(call);
    this.#port.send(call, size);
  }

  #giveUp(pending: Pending, code: 'TIMEOUT' | 'CANCELLED', what: string): void {
    const place = this.#waiting.indexOf(pending);
    const { op } = pending.invocation;
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      const error = new ChoraleError(
        code,
        `The call of ${op} ${what}; it was still waiting for its turn and was not sent.`,
      );
      this.#settle(pending, { ok: false, error, answer: null });
      return;
    }
    const outstanding = this.#outstanding;
    if (outstanding === null || outstanding.invocation !== pending.invocation) return;
    this.#outstanding = null;
    this.#port.cancel(outstanding.call);
    const error = new ChoraleError(code, `The call of ${op} ${what}; whether it took effect is unknown.`);
    this.#settle(outstanding, { ok: false, error, answer: null });
    this.#next();
  }

  /** The replicas no longer know this session; the next request opens another. */
  #renew(): void {
    if (this.#id !== null) this.#port.forget(this.#id);
    this.#id = null;
  }

  #next(): void {
    if (this.#outstanding !== null) return;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#issue(next);
  }

  #settle(pending: Pending, settled: Settled): void {
    if (pending.abort !== null) pending.invocation.signal?.removeEventListener('abort', pending.abort);
    this.#port.unsettled -= 1;
    pending.invocation.settle(settled);
  }
}
