/**
 * A client as its front end's node has it: a session at a time, whose requests go out one after another, each with a deadline.
 */
import type { SessionId } from '../../machines/shared/identifiers.js';
import type { Answer, Call } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { Clock } from '../clock/clock.js';
import { ChoraleError } from '../errors.js';

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

export interface SessionSettings {
  readonly clock: Clock;
  /** Most calls of one session that wait. */
  readonly waiting: number;
  /** Told of every call that is taken on. */
  readonly called: () => void;
  /** A 32-bit seed for each request. */
  readonly seed: () => number;
  /** A session id never used before, for the client of this name. */
  readonly newSession: (client: string) => SessionId;
}

/** What a session needs of its front end's node. */
export interface SessionPort {
  readonly settings: SessionSettings;
  /** Why no call is taken on any more; null while calls are. */
  readonly closed: ChoraleError | null;
  /** Of the clients' node: each is another life of theirs (AR-11). */
  readonly incarnation: number;
  /** ms, on the clock of the clients' node. */
  readonly now: number;
  /** Calls that have no answer yet, those waiting for their turn among them. */
  unsettled: number;
  /** A call of this client must end by then. */
  watch(client: Session, deadline: number): void;
  register(id: SessionId, session: Session): void;
  forget(id: SessionId): void;
  send(call: Call, size: number): void;
  cancel(call: Call): void;
}

interface Pending {
  readonly invocation: Invocation;
  /** ms, on the clock. */
  readonly deadline: number;
  readonly abort: (() => void) | null;
}

interface Outstanding extends Pending {
  readonly call: Call;
}

/** One client: a session at a time, in which requests are issued one after another. */
export class Session {
  readonly name: string;
  readonly #port: SessionPort;
  readonly #waiting: Pending[] = [];
  #id: SessionId | null = null;
  #seq = 0;
  /** The last of this session's requests that the replicas are known to have executed; 0 before the first. */
  #executed = 0;
  #outstanding: Outstanding | null = null;

  constructor(port: SessionPort, name: string) {
    this.#port = port;
    this.name = name;
  }

  /** Of the client's node: what the client knew in an earlier one, it knows no more. */
  get incarnation(): number {
    return this.#port.incarnation;
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
