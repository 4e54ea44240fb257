/**
 * A replica manager that joins a whole cluster while it works (FN-3), also where the state is large (VS-5).
 */
import { describe, expect, test } from '@jest/globals';
import { WINDOW } from '../../machines/membership/state-transfer.js';
import { linearizable } from '../../runtime/check/index.js';
import { collection, service } from '../../runtime/service/index.js';
import { historyOf, serviceModel } from '../../runtime/simulate/service-history.js';
import { type SimulateSettings, simulate } from '../../runtime/simulate/simulation.js';
import { type PlannedRequest, play } from '../../runtime/simulate/workload.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import { everySeed, ledger, type Run, requestsFor, run } from './runs.js';

const styles: readonly SimulateSettings[] = [
  { replication: 'passive' },
  { replication: 'passive', backups: 'cold' },
  { replication: 'active', membership: 'dynamic' },
  { replication: 'active', membership: 'dynamic', provider: 'agreed' },
  { replication: 'lazy' },
];
const named = styles.map((settings) => ({ name: Object.values(settings).join(', '), settings }));

const model = serviceModel(ledger);
const stateOf = ({ simulation }: Pick<Run, 'simulation'>, id: string) =>
  simulation.replicas().find(({ node }) => node === id)?.state;

const isUpdate = ({ op }: PlannedRequest): boolean => op === 'append' || op === 'add';

describe('FN-3: a replica manager joins during operation', () => {
  test.each(named)('FN-3: $name: it has the state in the end, and is the last one that there is', ({ settings }) => {
    // All others crash once it is there, one after the other, with time between for whoever is lazy.
    const crashes = ['crash:rm-1@1200ms', 'crash:rm-2@1800ms', 'crash:rm-3@2400ms'];
    everySeed(2, 'FN-3:', (seed) => {
      const faults = [`join:rm-4@${20 + 10 * seed}ms`, ...crashes];
      const late = requestsFor(seed + 100, 2, 3, 20).map((request) => ({ ...request, at: 3000 + request.at }));
      const requests = [...requestsFor(seed, 3, 20, 10), ...late];
      const of = run({ heartbeat: 100, retryAfter: 100, faults, seed, delay: [1, 5], ...settings }, requests);
      expect(of.verdict.unanswered).toEqual([]);
      expect(of.simulation.replicas().filter(({ state }) => state === 'live')).toMatchObject([{ node: 'rm-4' }]);
      expect(of.played.at(-1)?.answer?.by).toEqual(['rm-4']);
      // What is asked of the last one alone is answered from all that there was before.
      if (settings.replication !== 'lazy') expect(linearizable(historyOf(of.played), model).verdict).toBe('holds');
      // Answered before anybody crashed, or by the last one: of these nothing is lost, and nothing is done twice.
      else expect(of.simulation.replicas().at(-1)?.version).toBe(of.played.filter(isUpdate).length);
    });
  });

  test.each(named)('FN-3: $name: two join at once, and one more while they do', ({ settings }) => {
    const of = run(
      { heartbeat: 100, faults: ['join:rm-4@30ms', 'join:rm-5@30ms', 'join:rm-6@38ms'], ...settings },
      requestsFor(3, 3, 20, 10),
    );
    expect(of.verdict.unanswered).toEqual([]);
    expect(of.verdict.agree).toBe(true);
    for (const node of ['rm-4', 'rm-5', 'rm-6']) expect(stateOf(of, node)).toBe('live');
  });
});

const ENTRY_BYTES = 1000;
const entries = collection<string>();
for (let i = 0; i < 10_000; i++) entries.set(`key-${i}`, String(i).padEnd(ENTRY_BYTES, '.'));
/** Some 10 MiB. */
const large = service('store', {
  state: () => ({ entries }),
  updates: {
    put(draft, key: string, value: string) {
      draft.entries.set(key, value);
      return draft.entries.size;
    },
  },
  queries: { get: (state, key: string) => state.entries.get(key) ?? '' },
});

describe('VS-5: a replica manager with a large state to get', () => {
  test.each(named)(
    'VS-5: $name: updates go on at half their rate or more, and few chunks are under way',
    ({ settings }) => {
      const joinAt = 300;
      const requests = Array.from({ length: settings.replication === 'lazy' ? 190 : 130 }, (_, i): PlannedRequest => {
        return { at: 100, client: 'client-1', op: 'put', args: [`key-${(i * 7919) % 10_000}`, `${i}`] };
      });
      const events: TraceEvent[] = [];
      const simulation = simulate(large, {
        delay: [1, 1],
        faults: [`join:rm-4@${joinAt}ms`],
        ...settings,
        trace: (event) => {
          if (event.kind === 'view' || ('type' in event && event.type.startsWith('chunk'))) events.push(event);
        },
      });
      const ends = play(simulation, requests, { timeout: 60_000 }).map(({ answer, endedAt }) => {
        expect(answer?.outcome).toEqual({ ok: true, value: 10_000 });
        return endedAt;
      });
      const full = events.find(
        (event) => event.kind === 'view' && event.members.length === 4 && event.joining === undefined,
      );
      const joined = full?.t ?? Number.NaN;
      expect(ends.at(-1)).toBeGreaterThan(joined);
      const rate = (from: number, to: number): number =>
        ends.filter((end) => end > from && end <= to).length / (to - from);
      expect(rate(joinAt, joined) / rate(100, joinAt)).toBeGreaterThanOrEqual(0.5);

      let [chunks, taken, most] = [0, 0, 0];
      for (const event of events) {
        if (event.kind === 'sent' && event.type === 'chunk') chunks += event.items;
        if (event.kind === 'received' && event.type === 'chunk') taken += event.items;
        most = Math.max(most, chunks - taken);
      }
      expect(chunks).toBeGreaterThan(100);
      expect([taken, most]).toEqual([chunks, WINDOW]);
      const states = simulation.replicas().map(({ state, digest }) => `${state} ${digest}`);
      expect([states.length, new Set(states).size, states[0]?.startsWith('live')]).toEqual([4, 1, true]);
    },
  );
});
