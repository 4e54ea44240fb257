/**
 * Plays a list of requests on a simulation: each client issues its own in the order of the list, one at a time, none
 * before its time. Synchronous, so that thousands of runs are quick; in slices for whoever must stay responsive.
 */
import type { Answer, Call } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import { prepare } from '../cluster/client.js';
import type { Invocation, Session } from '../cluster/client-port.js';
import type { ChoraleError } from '../errors.js';
import type { AnyService } from '../service/index.js';
import type { Simulation } from './simulation.js';

export interface PlannedRequest {
  /** ms; not before the client's request before it is answered. */
  readonly at: number;
  readonly client: string;
  readonly op: string;
  readonly args: readonly Serializable[];
}

/** What became of one request. */
export interface PlayedRequest extends PlannedRequest {
  /** Of the client's node when it made the call: each is another life of the client (AR-11). */
  readonly incarnation: number;
  /** As it crossed the wire; null when it was never sent. */
  readonly call: Call | null;
  /** ms, virtual. */
  readonly calledAt: number;
  readonly endedAt: number;
  readonly answer: Answer | null;
  /** Why there is no answer of the service: a timeout, a crash of the front end. */
  readonly error: ChoraleError | null;
}

/** Safety first, then liveness: faults may do what they like until they end, and then everything must come right. */
export interface Liveness {
  /** ms: when all faults end that can (`Simulation.endFaults`). */
  readonly faultsEndAt: number;
  /** ms after that, or after a later call, in which a request must be answered, and in which replicas must agree at last. */
  readonly within: number;
}

export interface PlaySettings {
  /** ms that each request waits for its answer. With `liveness` it waits as long as that allows instead. */
  readonly timeout: number;
  /** Tests liveness: livenessViolations (liveness.ts) says how it went. */
  readonly liveness?: Liveness;
  /** Clients that use a replica manager as their proxy: client → node. */
  readonly via?: Readonly<Record<string, string>>;
  /** Told of each request as it ends. */
  readonly progress?: (played: PlayedRequest) => void;
}

/**
 * Returns what became of each request, in the order of the list. Everything in it must be valid calls of the service.
 * The run ends when every request has ended and the nodes have come to rest.
 */
export function play<S extends AnyService>(
  simulation: Simulation<S>,
  requests: readonly PlannedRequest[],
  settings: PlaySettings,
): PlayedRequest[] {
  const slices = playInSlices(simulation, requests, settings);
  let slice = slices.next();
  while (!slice.done) slice = slices.next();
  return slice.value;
}

/** Steps of the clock in one slice: a few ms of work. */
const SLICE = 256;

/** The same run, which pauses after each slice of it: time stands still until it goes on, and for good when it does not. */
export function* playInSlices<S extends AnyService>(
  simulation: Simulation<S>,
  requests: readonly PlannedRequest[],
  settings: PlaySettings,
): Generator<void, PlayedRequest[]> {
  const played: PlayedRequest[] = new Array(requests.length);
  const queues = new Map<string, number[]>();
  requests.forEach((request, place) => {
    const queue = queues.get(request.client) ?? [];
    queues.set(request.client, queue);
    queue.push(place);
  });
  let left = requests.length;
  const { liveness } = settings;
  let faulty = liveness !== undefined;
  if (liveness !== undefined) {
    simulation.at(liveness.faultsEndAt, () => {
      simulation.endFaults();
      faulty = false;
    });
  }
  const sessions = new Map<string, Session>();
  for (const client of queues.keys()) {
    const via = settings.via?.[client];
    sessions.set(client, simulation.session({ name: client, ...(via === undefined ? {} : { via }) }));
  }
  for (const [client, queue] of queues) {
    const session = sessions.get(client) as Session; // made just above, for every key
    const prepared = queue.map((place) => prepare(simulation.service, ...callOf(requests, place)));
    const next = (turn: number): void => {
      const place = queue[turn];
      if (place === undefined) return;
      const request = requests[place] as PlannedRequest; // places come from the list
      simulation.at(request.at, () => {
        let call: Call | null = null;
        const calledAt = simulation.now;
        const { incarnation } = session;
        session.invoke({
          ...(prepared[turn] as Pick<Invocation, 'op' | 'args' | 'size' | 'kind'>), // one for each place in the queue
          timeout: liveness === undefined ? settings.timeout : deadlineOf(calledAt, liveness) - calledAt,
          signal: null,
          issued: (issued) => {
            call = issued;
          },
          settle: (settled) => {
            const result: PlayedRequest = {
              ...request,
              incarnation,
              call,
              calledAt,
              endedAt: simulation.now,
              answer: settled.answer,
              error: settled.ok || settled.answer !== null ? null : settled.error,
            };
            played[place] = result;
            left -= 1;
            settings.progress?.(result);
            next(turn + 1);
          },
        });
      });
    };
    next(0);
  }
  const release = simulation.drive();
  try {
    for (let steps = 1; (left > 0 || faulty) && simulation.step(); steps++) if (steps % SLICE === 0) yield;
    simulation.settle(liveness?.within);
    return played;
  } finally {
    release();
  }
}

/** ms: when a request that was called then must have its answer. */
export const deadlineOf = (calledAt: number, { faultsEndAt, within }: Liveness): number =>
  Math.max(calledAt, faultsEndAt) + within;

function callOf(requests: readonly PlannedRequest[], place: number): [string, readonly Serializable[]] {
  const { op, args } = requests[place] as PlannedRequest; // places come from the list
  return [op, args];
}
