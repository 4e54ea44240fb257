/**
 * Plays requests on a simulation, one step of its clock after the other: each client issues its own in their order, one at a
 * time, none before its time. Who plays decides how far to go; what was played so far can be asked for at any moment, and
 * requests can be added.
 */
import type { Call } from '../../machines/shared/requests.js';
import { prepare } from '../cluster/client.js';
import type { Invocation, Session } from '../cluster/session.js';
import type { AnyService } from '../service/index.js';
import { deadlineOf, type PlannedRequest, type PlayedRequest, type PlaySettings } from './plan.js';
import type { Simulation } from './simulation.js';

/** ms of virtual time in which the nodes must have come to rest, where nobody says. */
const REST_WITHIN = 60_000;

type Prepared = Pick<Invocation, 'op' | 'args' | 'size' | 'kind'>;

interface Client {
  readonly session: Session;
  /** Places in the list, in their order. */
  readonly queue: number[];
  /** How many of them were given a time to be issued at, and how many were issued. */
  planned: number;
  issued: number;
}

/** A request that was issued and has no answer. */
interface Issued {
  readonly calledAt: number;
  /** Of the client's node. */
  readonly incarnation: number;
  call: Call | null;
}

export class Player<S extends AnyService> {
  readonly #simulation: Simulation<S>;
  readonly #settings: PlaySettings;
  readonly #requests: PlannedRequest[];
  readonly #prepared: Prepared[];
  readonly #clients = new Map<string, Client>();
  readonly #played: PlayedRequest[] = [];
  readonly #issued = new Map<number, Issued>();
  #left: number;
  #faulty: boolean;
  #until: number;
  /** ms: when the nodes must be at rest; null while there is something to do. */
  #restBy: number | null = null;

  /** Errors: as `prepare`, for a request that is no valid call of the service. */
  constructor(simulation: Simulation<S>, requests: readonly PlannedRequest[], settings: PlaySettings) {
    this.#simulation = simulation;
    this.#settings = settings;
    this.#requests = [...requests];
    this.#prepared = requests.map(({ op, args }) => prepare(simulation.service, op, args));
    this.#left = requests.length;
    this.#until = settings.until ?? 0;
    const { liveness } = settings;
    this.#faulty = liveness !== undefined;
    if (liveness !== undefined) {
      simulation.at(liveness.faultsEndAt, () => {
        simulation.endFaults();
        this.#faulty = false;
      });
    }
    requests.forEach(({ client }, place) => {
      this.#clientOf(client).queue.push(place);
    });
    for (const client of this.#clients.values()) this.#plan(client);
  }

  /** What became of each request that has ended, in the order of the list. */
  get played(): PlayedRequest[] {
    return this.#requests.flatMap((_, place) => this.#played[place] ?? []);
  }

  /** The same, and those that wait for their answers, as if they had ended now without one. */
  get playedSoFar(): PlayedRequest[] {
    return this.#requests.flatMap((request, place) => {
      const issued = this.#issued.get(place);
      if (issued === undefined) return this.#played[place] ?? [];
      return { ...request, ...issued, endedAt: this.#simulation.now, answer: null, error: null };
    });
  }

  /** How many requests of a client were issued, and how many wait for their turn; null for one that is not known. */
  turnOf(client: string): { readonly issued: number; readonly waiting: number } | null {
    const known = this.#clients.get(client);
    return known === undefined ? null : { issued: known.issued, waiting: known.queue.length - known.issued };
  }

  /** A client that is not known begins with it. Errors: as `prepare`. */
  add(request: PlannedRequest): void {
    const place = this.#requests.length;
    this.#prepared.push(prepare(this.#simulation.service, request.op, request.args));
    this.#requests.push(request);
    this.#left += 1;
    const client = this.#clientOf(request.client);
    client.queue.push(place);
    const before = client.queue[client.planned - 1];
    // whoever waits for an answer goes on when it has come
    if (before === undefined || this.#played[before] !== undefined) this.#plan(client);
  }

  /** The run goes on until then at least: ms, virtual. */
  goOnUntil(time: number): void {
    this.#until = Math.max(this.#until, time);
  }

  /** Every request has ended, so have the faults that are to end, and the nodes have come to rest, or had the time for it. */
  get over(): boolean {
    const { nextDue, now } = this.#simulation;
    if (nextDue === undefined) return true;
    if (this.#left > 0 || this.#faulty || nextDue <= this.#until) {
      this.#restBy = null;
      return false;
    }
    this.#restBy ??= now + (this.#settings.liveness?.within ?? REST_WITHIN);
    return nextDue > this.#restBy || this.#simulation.resting;
  }

  /** Runs what is due next. False when the run is over. */
  step(): boolean {
    return !this.over && this.#simulation.step();
  }

  #clientOf(name: string): Client {
    let client = this.#clients.get(name);
    if (client === undefined) {
      const via = this.#settings.via?.[name];
      const session = this.#simulation.session({ name, ...(via === undefined ? {} : { via }) });
      client = { session, queue: [], planned: 0, issued: 0 };
      this.#clients.set(name, client);
    }
    return client;
  }

  /** The client's next request, if there is one, gets its time. */
  #plan(client: Client): void {
    const place = client.queue[client.planned];
    const request = place === undefined ? undefined : this.#requests[place];
    if (place === undefined || request === undefined) return;
    client.planned += 1;
    this.#simulation.at(request.at, () => this.#issue(client, place, request));
  }

  #issue(client: Client, place: number, request: PlannedRequest): void {
    const { timeout, liveness, progress } = this.#settings;
    const calledAt = this.#simulation.now;
    const { incarnation } = client.session;
    const issued: Issued = { calledAt, incarnation, call: null };
    client.issued += 1;
    this.#issued.set(place, issued);
    client.session.invoke({
      ...(this.#prepared[place] as Prepared), // one for each place in the list
      timeout: liveness === undefined ? timeout : deadlineOf(calledAt, liveness) - calledAt,
      signal: null,
      issued: (call) => {
        issued.call = call;
      },
      settle: (settled) => {
        const result: PlayedRequest = {
          ...request,
          incarnation,
          call: issued.call,
          calledAt,
          endedAt: this.#simulation.now,
          answer: settled.answer,
          error: settled.ok || settled.answer !== null ? null : settled.error,
        };
        this.#issued.delete(place);
        this.#played[place] = result;
        this.#left -= 1;
        progress?.(result);
        this.#plan(client);
      },
    });
  }
}
