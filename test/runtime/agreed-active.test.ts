/** Active replication over the agreed order, with no sequencer (AR-13). */
import { expect, test } from '@jest/globals';
import bank, { workload } from '../../examples/bank/service.js';
import { linearizable } from '../../runtime/check/index.js';
import { drawScenario, type Scenario } from '../../runtime/simulate/scenario.js';
import { historyOf, serviceModel } from '../../runtime/simulate/service-history.js';
import { simulate } from '../../runtime/simulate/simulation.js';
import { tryScenario } from '../../runtime/simulate/trial.js';
import { play } from '../../runtime/simulate/workload.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import { randomFrom } from '../machines/schedule.js';
import { seeds } from '../machines/stage.js';
import { ledger, requestsFor, run } from './runs.js';

const file = 'test/runtime/agreed-active.test.ts';

/** A replica manager or a front end crashes, at any time, and the network is slow and loses messages. */
function scenarioOf(seed: number): Scenario {
  const random = randomFrom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const drawn = drawScenario(seed, {
    replication: 'active',
    replicas: 3,
    tolerate: 'crash',
    order: (['total', 'fifo-total', 'causal-total'] as const)[seed % 3] as 'total',
    reads: 'order',
    profile: 'mixed',
    more: { membership: 'dynamic', provider: 'agreed' },
    calls: { clients: 3, each: 5, workload },
  });
  const crashed = `rm-${1 + below(3)}`;
  const at = below(120);
  const faults = [`crash:${crashed}@${at}ms`];
  if (random() < 0.5) faults.push(`recover:${crashed}@${at + 1 + below(200)}ms`);
  if (random() < 0.3) faults.push(`crash:fe-${1 + below(3)}@${below(120)}ms`);
  return { ...drawn, faults, loss: random() < 0.5 ? 0.1 : 0, delay: [1, 2 + below(20)], via: {} };
}

test('AR-13, MC-7: with crashes, losses and delays the bank is linearizable, and each update is executed once', () => {
  let answered = 0;
  seeds(file, Number(process.env.SEEDS ?? 60), (seed) => {
    const { violations, history } = tryScenario(bank, scenarioOf(seed), { property: 'linearizable', quick: true });
    expect(violations.map(({ property, why }) => `${property}: ${why}`)).toEqual([]);
    answered += history.length;
  });
  if (process.env.SEED === undefined) expect(answered).toBeGreaterThan(0);
});

test.each(['sequencer', 'agreed'] as const)(
  'AR-13: the order is made by "%s", as the setting says, and the first member of the view crashes',
  (provider) => {
    seeds(file, 4, (seed) => {
      const types = new Set<string>();
      const of = run(
        {
          replication: 'active',
          membership: 'dynamic',
          provider,
          heartbeat: 100,
          faults: [`crash:rm-1@${10 * seed}ms`, 'join:rm-4@150ms'],
          seed,
        },
        requestsFor(seed, 3, 6, 30),
        {
          keep: (event) => {
            if (event.kind === 'sent') types.add(event.type);
            return false;
          },
        },
      );
      expect(of.verdict.unanswered).toEqual([]);
      expect(of.verdict.agree).toBe(true);
      expect(linearizable(historyOf(of.played), serviceModel(ledger)).verdict).toBe('holds');
      expect(types.has('proposal')).toBe(provider === 'agreed');
    });
  },
);

test('AR-13: nobody else makes it yet, and whoever asks for that is told', () => {
  const settings = { replication: 'active', membership: 'dynamic' } as const;
  expect(() => simulate(bank, { ...settings, provider: 'consensus' as 'agreed' })).toThrow(
    expect.objectContaining({ code: 'SETTINGS_INVALID' }),
  );
});

test.each([3, 5])('AR-13, MC-12: among %i an update costs 4n messages and 4 delays, where nothing fails', (n) => {
  const events: TraceEvent[] = [];
  const simulation = simulate(bank, {
    replication: 'active',
    membership: 'dynamic',
    provider: 'agreed',
    replicas: n,
    delay: [5, 5],
    trace: (event) => events.push(event),
  });
  play(simulation, [{ at: 100, client: 'alice', op: 'deposit', args: ['a', 5] }], { timeout: 10_000 });
  const called = events.findIndex(({ kind }) => kind === 'called');
  const answered = events.findIndex(({ kind }) => kind === 'answered');
  expect((events[answered]?.t ?? 0) - (events[called]?.t ?? 0)).toBe(4 * 5);
  const between = events
    .slice(called)
    .flatMap((event) => (event.kind === 'sent' && event.control !== true ? [event] : []));
  const sent = (type: string): number =>
    between.filter((event) => event.type === type && event.to.split('/')[0] !== event.node).length;
  expect([sent('data'), sent('proposal'), sent('replies')]).toEqual([2 * n, n, n]);
});
