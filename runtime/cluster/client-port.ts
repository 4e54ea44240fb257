/**
 * The clients of one front end: they live on its node and share its fate (AR-11). The port gives each client's requests
 * to the front end one at a time (AR-1), those of all its clients in one event a tick, and brings the answers back.
 */
import { address, requestId, type SessionId } from '../../machines/shared/identifiers.js';
import type { Answer, Call } from '../../machines/shared/requests.js';
import type { Node } from '../actors/node.js';
import type { ChoraleError } from '../errors.js';
import type { CauseId, Recorder } from '../trace/format.js';
import { Session, type SessionPort, type SessionSettings } from './session.js';

export interface ClientPortSettings extends SessionSettings {
  readonly recorder: Recorder | null;
}

/** Requests and bytes that one event takes to the front end at most, so that the message stays well under its limit. */
const EVENT_REQUESTS = 1024;
const EVENT_BYTES = 1024 * 1024;

export class ClientPort implements SessionPort {
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

  /** Whether any of its clients has made a request. */
  get used(): boolean {
    return this.#calls > 0;
  }

  get closed(): ChoraleError | null {
    return this.#closed;
  }

  /** Of the clients' node: each is another life of theirs (AR-11). */
  get incarnation(): number {
    return this.#node.incarnation;
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
