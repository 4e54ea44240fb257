/**
 * Passive replication as a whole: replica managers, their group, detectors and the membership service, on a simulated network.
 */
import { describe, expect, test } from '@jest/globals';
import { linearizable, sequential } from '../../runtime/check/index.js';
import { historyOf, serviceModel } from '../../runtime/simulate/service-history.js';
import { type SimulateSettings, simulate } from '../../runtime/simulate/simulation.js';
import type { PlannedRequest, PlaySettings } from '../../runtime/simulate/workload.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import { everySeed, ledger, type Run, requestsFor, run } from './runs.js';

const passive = (settings: SimulateSettings): SimulateSettings => ({ replication: 'passive', ...settings });
const model = serviceModel(ledger);
const check = ({ played }: Pick<Run, 'played'>) => linearizable(historyOf(played), model).verdict;

/** Every request answered, rightly and in an order that clients can believe, and no replica differs. */
function expectRight({ verdict, played }: Pick<Run, 'verdict' | 'played'>): void {
  expect(verdict.unanswered).toEqual([]);
  expect(verdict.agree).toBe(true);
  expect(check({ played })).toBe('holds');
}

const ask = (at: number, client: string, op: string, ...args: (string | number)[]): PlannedRequest => ({
  at,
  client,
  op,
  args,
});

const live = ({ simulation }: Run): string[] =>
  simulation
    .replicas()
    .filter(({ state }) => state === 'live')
    .map(({ node }) => node);

describe('crashes', () => {
  test('PB-9: f + 1 replica managers survive f crashes, where a minority of the service crashes too', () => {
    everySeed(3, 'PB-9: f + 1', (seed) => {
      const faults = ['crash:rm-1@EX#2', 'crash:ms-2@60ms', 'crash:rm-2@1500ms'];
      const of = run(passive({ replicas: 3, faults, seed }), requestsFor(seed, 2, 6, 400));
      expectRight(of);
      expect(live(of)).toEqual(['rm-3']);
    });
  });

  test('PB-9: with the service inside the replica managers a majority must live', () => {
    const requests = requestsFor(1, 2, 4, 500);
    const inside = { replicas: 3, membershipReplicas: 0 };
    const one = run(passive({ ...inside, faults: ['crash:rm-1@EX#2'] }), requests);
    expectRight(one);
    const two = run(passive({ ...inside, faults: ['crash:rm-1@100ms', 'crash:rm-2@100ms'] }), requests, {
      timeout: 4000,
    });
    expect(two.verdict.unanswered.map(({ code }) => code)).toContain('TIMEOUT');
    expect(check(two)).toBe('holds');
  });
});

describe('partitions', () => {
  const others = 'rm-2,rm-3,ms-1,ms-2,ms-3';

  const cuts = [`rm-1>${others}`, `${others}>rm-1`, `rm-1|${others}`];
  // Front ends are cut off from nobody: what the primary that was deposed says, they hear.
  test.each(cuts.flatMap((cut) => [0, 300].map((lease) => ({ cut, lease }))))(
    'PB-10: a primary that is deposed behind the partition $cut and does not know it answers nobody; lease $lease ms',
    ({ cut, lease }) => {
      let tried = 0;
      everySeed(4, 'PB-10: a primary that is deposed', (seed) => {
        const start = 100 + 7 * seed;
        const of = run(
          passive({ faults: [`partition:${cut}@${start}ms..1500ms`], heartbeat: 100, lease, retryAfter: 100, seed }),
          requestsFor(seed, 3, 10, 150),
          { keep: ({ kind, t }) => (kind === 'view' || kind === 'sent' || kind === 'received') && t < 1500 },
        );
        expectRight(of);
        const deposed = of.events.find((event) => event.kind === 'view' && event.node === 'rm-2' && event.id === 2);
        const since = deposed?.t ?? Number.POSITIVE_INFINITY;
        expect(since).toBeLessThan(1500);
        const says = (node: string) => (event: TraceEvent) =>
          event.kind === 'sent' && event.node === node && event.type === 'replies' && event.t > since;
        expect(of.events.filter(says('rm-1'))).toEqual([]);
        expect(of.events.filter(says('rm-2')).length).toBeGreaterThan(0);
        // It was asked, and did not say.
        tried += of.events.filter(
          (event) =>
            event.kind === 'received' && event.node === 'rm-1' && event.type === 'requests' && event.t > start + 10,
        ).length;
      });
      if (process.env.SEED === undefined) expect(tried).toBeGreaterThan(0);
    },
  );
});

describe('leases', () => {
  const isolated = 'partition:rm-1,fe-1|rm-2,rm-3,ms-1,ms-2,ms-3,fe-2@1000ms..6000ms';
  const leased = { heartbeat: 20, lease: 1000, clockDrift: 0.1 };
  /** Two front ends: the first sees only the primary from some time on, the second only the others. */
  const twoSides = [
    ask(100, 'client-1', 'add', 1),
    ask(100, 'client-2', 'add', 2),
    ask(3500, 'client-2', 'add', 4),
    ask(3700, 'client-1', 'total'),
  ];

  test('PB-7: under a lease a query is 2 messages and 2 delays, without one 2b + 2 and 4', () => {
    const cost = (lease: number): [number, number] => {
      const of = run(passive({ lease, delay: [1, 1] }), [ask(10, 'client-1', 'add', 1), ask(50, 'client-1', 'total')], {
        keep: ({ kind, t }) => kind === 'sent' && t >= 50 && t < 56,
      });
      const [, query] = of.played;
      const types = ['requests', 'replies', 'confirm', 'confirmed'];
      const sent = of.events.filter((event) => event.kind === 'sent' && types.includes(event.type));
      return [sent.length, (query?.endedAt ?? 0) - (query?.calledAt ?? 0)];
    };
    expect(cost(0)).toEqual([6, 4]);
    expect(cost(200)).toEqual([2, 2]);
  });

  test('PB-7: linearizable with clocks that run as wrong as the setting says, whoever crashes or is cut off', () => {
    everySeed(10, 'PB-7: linearizable', (seed) => {
      const skews = [['skew:rm-1:0.9', 'skew:rm-2:1.1'], ['skew:rm-1:1.1', 'skew:rm-3:0.9'], []][seed % 3] as string[];
      const faults = [...skews, seed % 2 === 0 ? isolated : 'crash:rm-1@1000ms', 'suspect:rm-2@500ms'];
      const lease = [100, 400, 1000][seed % 3] as number;
      const requests = [...requestsFor(seed, 2, 8, 300), ...(seed % 4 === 0 ? twoSides : [])];
      const of = run(passive({ ...leased, lease, faults, seed }), requests);
      expectRight(of);
    });
  });

  test('PB-7: the next view waits until the lease is over, unless the primary takes part in it', () => {
    const secondView = (fault: string): number => {
      const of = run(
        passive({ ...leased, faults: [fault] }),
        [ask(100, 'client-1', 'add', 1), ask(5000, 'client-2', 'add', 1)],
        {
          keep: ({ kind }) => kind === 'view',
        },
      );
      return of.events.find((event) => event.kind === 'view' && event.node === 'rm-2' && event.id === 2)?.t ?? 0;
    };
    expect(secondView(isolated)).toBeGreaterThan(2000 + 100);
    expect(secondView('crash:rm-1@1000ms')).toBeLessThan(1500);
    expect(secondView('join:rm-4@1000ms')).toBeLessThan(1500);
  });

  test('PB-7: within the drift whoever was cut off with the primary is not told what is old; beyond it he is', () => {
    const of = (skew: string[]) => run(passive({ ...leased, faults: [...skew, isolated] }), twoSides);
    expectRight(of([]));
    expect(check(of(['skew:rm-1:0.1']))).toBe('violated');
  });

  test('PB-7: a style whose queries no primary answers refuses a lease', () => {
    expect(() => simulate(ledger, { replication: 'active', lease: 100 })).toThrow(
      expect.objectContaining({ code: 'STYLE_UNSUITED' }),
    );
  });
});

describe('who is believed, and who is asked', () => {
  test('PB-12: reads at backups are sequentially consistent, and not linearizable', () => {
    everySeed(8, 'PB-12: reads at backups', (seed) => {
      const faults = seed % 3 === 0 ? ['crash:rm-1@60ms'] : [];
      const of = run(passive({ reads: 'backups', delay: [1, 40], faults, seed }), requestsFor(seed, 3, 6));
      expect(of.verdict.unanswered).toEqual([]);
      expect(sequential(historyOf(of.played), model).verdict).toBe('holds');
    });
    // The update is answered, and the backup that is asked next does not know yet that it is acknowledged.
    const faults = ['partition:rm-1>rm-2@rm-1/END#1+200ms'];
    const of = run(passive({ reads: 'backups', faults }), [
      ask(10, 'client-1', 'add', 5),
      ask(60, 'client-2', 'total'),
    ]);
    expect(of.verdict.unanswered).toEqual([]);
    expect(check(of)).toBe('violated');
    expect(sequential(historyOf(of.played), model).verdict).toBe('holds');
  });

  test('PB-15: a primary that lies is not detected: clients and backups believe it', () => {
    const of = run(passive({ faults: ['lie:rm-1'] }), requestsFor(1, 2, 4));
    expect(of.verdict.unanswered).toEqual([]);
    expect(of.simulation.lies['rm-1']).toBeGreaterThan(0);
    expect(check(of)).toBe('violated');
    expect(of.events.filter(({ kind }) => kind === 'view').length).toBeLessThan(2);
    expect(live(of)).toEqual(['rm-1', 'rm-2', 'rm-3']);
  });

  test('PB-16: a request reaches the primary through any replica', () => {
    const how: Partial<PlaySettings> = { via: { 'client-1': 'rm-2', 'client-2': 'rm-3' } };
    everySeed(3, 'PB-16: a request', (seed) => {
      expectRight(run(passive({ seed }), requestsFor(seed, 2, 6), how));
    });
  });
});

describe('rollback recovery', () => {
  const bad = ['disk-lose:rm-1', 'disk-slow:rm-1:5ms'];

  test.each(['RE', 'SC', 'EX', 'AC', 'END'])('PB-13: the primary crashes in %s and goes on from its log', (phase) => {
    const crash = phase === 'RE' ? 'crash:rm-1@fe-1/RE#2' : `crash:rm-1@${phase}#2`;
    const again = ['crash:rm-1@recovering#1', 'recover:rm-1@900ms'];
    everySeed(4, `PB-13: the primary crashes in ${phase}`, (seed) => {
      const faults = [crash, 'recover:rm-1@500ms', ...bad.slice(0, seed % 3), ...(seed % 2 === 0 ? again : [])];
      const of = run(passive({ backups: 'rollback', replicas: 2, faults, seed }), requestsFor(seed, 3, 6, 20));
      expectRight(of);
      expect(live(of)).toEqual(['rm-1']);
    });
  });

  test('PB-13: hot, cold and rollback recover the same state', () => {
    const requests = requestsFor(5, 1, 20, 20);
    const digestAfter = (settings: SimulateSettings): unknown => {
      const of = run(passive(settings), requests);
      expectRight(of);
      const states = of.simulation.replicas().filter(({ state }) => state === 'live');
      return [...new Set(states.map(({ digest, version }) => `${digest} ${version}`))];
    };
    const faults = ['crash:rm-1@AC#4', 'recover:rm-1@600ms'];
    const undisturbed = digestAfter({});
    expect(undisturbed).toHaveLength(1);
    for (const backups of ['hot', 'cold', 'rollback'] as const) {
      expect(digestAfter({ backups, faults })).toEqual(undisturbed);
    }
  });

  test('PB-13: PB-16: whoever is asked passes it on; reads at backups, and views, are refused', () => {
    const of = run(passive({ backups: 'rollback' }), requestsFor(2, 3, 4));
    expectRight(of);
    expect(of.simulation.replicas().map(({ state }) => state)).toEqual(['live', 'silent', 'silent']);
    for (const settings of [{ reads: 'backups' }, { membership: 'dynamic' }] as const) {
      expect(() => simulate(ledger, { replication: 'passive', backups: 'rollback', ...settings })).toThrow(
        expect.objectContaining({ code: 'STYLE_UNSUITED' }),
      );
    }
    expect(() => simulate(ledger, { replication: 'passive', membership: 'static' })).toThrow(
      expect.objectContaining({ code: 'STYLE_UNSUITED' }),
    );
  });

  test('PB-13: its log has a bound', () => {
    const requests = Array.from({ length: 400 }, (_, i) => ask(i, 'client-1', 'add', 1));
    const { simulation } = run(passive({ backups: 'rollback', replicas: 1 }), requests);
    const many = simulation.diskOf('rm-1').read('rm').length;
    const few = run(passive({ backups: 'rollback', replicas: 1 }), requests.slice(0, 60)).simulation;
    expect(many).toBeLessThan(2 * few.diskOf('rm-1').read('rm').length);
  });
});
