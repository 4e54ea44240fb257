/**
 * Seeded runs of a small service, for the rules that speak of every schedule.
 */
import { collection, service } from '../../runtime/service/index.js';
import { random } from '../../runtime/simulate/random.js';
import { type SimulateSettings, type Simulation, simulate } from '../../runtime/simulate/simulation.js';
import { ExecutionLog, judge, type Verdict } from '../../runtime/simulate/verdict.js';
import { type PlannedRequest, type PlayedRequest, type PlaySettings, play } from '../../runtime/simulate/workload.js';
import type { Recorder, TraceEvent } from '../../runtime/trace/format.js';

/** A service in which the order of updates shows: appending is not commutative, and every reply tells the state. */
export const ledger = service('ledger', {
  state: () => ({ entries: collection<string>(), total: 0 }),
  updates: {
    append(draft, key: string, text: string) {
      const entry = `${draft.entries.get(key) ?? ''}${text}`.slice(-32);
      draft.entries.set(key, entry);
      return entry;
    },
    add(draft, amount: number) {
      if (amount > 90) throw new Error(`${amount} is too much`);
      draft.total += amount;
      return draft.total;
    },
  },
  queries: {
    read: (state, key: string) => state.entries.get(key) ?? '',
    total: (state) => state.total,
  },
});

export type Ledger = typeof ledger;

/** Requests drawn from a seed: `each` for each of the clients. */
export function requestsFor(seed: number, clients: number, each: number, spread = 0): PlannedRequest[] {
  const chance = random(seed, 'workload');
  const requests: PlannedRequest[] = [];
  for (let turn = 0; turn < each; turn++) {
    for (let c = 1; c <= clients; c++) {
      const key = `k${chance.int(1, 3)}`;
      const kinds: [string, (string | number)[]][] = [
        ['append', [key, `${c}${turn % 10}`]],
        ['add', [chance.int(1, 100)]],
        ['read', [key]],
        ['total', []],
      ];
      const [op, args] = kinds[chance.int(0, 3)] as [string, (string | number)[]]; // four kinds
      requests.push({ at: turn * spread, client: `client-${c}`, op, args });
    }
  }
  return requests;
}

export interface Run {
  readonly simulation: Simulation<Ledger>;
  readonly played: readonly PlayedRequest[];
  readonly verdict: Verdict;
  readonly log: ExecutionLog;
  readonly events: readonly TraceEvent[];
}

/** One run, start to rest. `keep` says which events of its trace are kept. */
export function run(
  settings: SimulateSettings,
  requests: readonly PlannedRequest[],
  how: Partial<PlaySettings> & { keep?: (event: TraceEvent) => boolean; recorder?: Recorder } = {},
): Run {
  const log = new ExecutionLog();
  const events: TraceEvent[] = [];
  const simulation = simulate(ledger, {
    ...settings,
    trace: (event) => {
      log.record(event);
      how.recorder?.record(event);
      if (how.keep?.(event)) events.push(event);
    },
  });
  const played = play(simulation, requests, { timeout: 60_000, ...how });
  return { simulation, played, log, events, verdict: judge(simulation, played, log) };
}

/**
 * Runs `check` for each seed. A failure says which seed it was and how to run that one alone.
 * SEED=n in the environment runs n only.
 */
export function everySeed(count: number, name: string, check: (seed: number) => void): void {
  const only = process.env.SEED;
  const seeds = only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];
  for (const seed of seeds) {
    try {
      check(seed);
    } catch (error) {
      throw new Error(
        `seed ${seed} fails; run it alone with: SEED=${seed} npm test -- -t '${name}'\n${String(error)}`,
        {
          cause: error,
        },
      );
    }
  }
}
