/**
 * PB-8 in whole clusters: the primary crashes in each of its phases, and whoever takes over at each step of that. SEEDS=n runs
 * n seeds for each pair of them.
 */
import { expect, test } from '@jest/globals';
import { linearizable } from '../../runtime/check/index.js';
import { historyOf, serviceModel } from '../../runtime/simulate/service-history.js';
import type { PlannedRequest } from '../../runtime/simulate/workload.js';
import { everySeed, ledger, type Run, requestsFor, run } from './runs.js';

const model = serviceModel(ledger);

/** One who asks for all there is, when all else is long over: what was executed twice shows in it, and so does what is lost. */
const witness: PlannedRequest[] = [
  { at: 5000, client: 'witness', op: 'total', args: [] },
  ...['k1', 'k2', 'k3'].map((key) => ({ at: 5000, client: 'witness', op: 'read', args: [key] })),
];

/** The states of the successor's charts between the crash and its first answers, and what it says and hears there. */
const steps = {
  'rm-2': [
    // The view ends.
    'flushing#1',
    'flushing.reporting#1',
    'sent:report#1',
    'sent:report#3',
    // The next one is decided.
    'received:accepted#1',
    'received:accepted#2',
    'installing#1',
    // It is the primary.
    'takingOver#1',
    'primary.ordering#1',
    'primary.executing#1',
    'primary.agreeing.multicasting#1',
    'primary.agreeing.awaiting#1',
    'received:taken#1',
    'primary.responding#1',
    'sent:replies#1',
    'sent:confirm#1',
    'received:confirmed#1',
  ],
  // Who leads the membership service.
  'ms-1': [
    'serving.leading.collecting.flushing#1',
    'serving.leading.proposing#1',
    'sent:accept#1',
    'sent:acceptance#1',
    'sent:accepted#1',
    'received:acceptance#1',
  ],
} as const;
const phases = ['RE', 'SC', 'EX', 'AC', 'END'];

const crashes = (of: Run): string[] => of.events.map(({ node }) => node);

test.each(phases)(
  'PB-8: the primary crashes in %s, and who takes over, or decides on it, at each step of that',
  (phase) => {
    // The primary enters all phases but the first, which is the front end's.
    const first = phase === 'RE' ? 'crash:rm-1@fe-1/RE#2' : `crash:rm-1@${phase}#2`;
    const struck = new Set<string>();
    for (const [victim, places] of Object.entries(steps)) {
      places.forEach((step, i) => {
        everySeed(Number(process.env.SEEDS ?? 1), `PB-8: the primary crashes in ${phase}`, (number) => {
          const seed = 100 * i + number;
          const kind = seed + i + phases.indexOf(phase);
          const of = run(
            {
              replication: 'passive',
              replicas: kind % 4 < 2 ? 3 : 4,
              backups: kind % 2 === 0 ? 'hot' : 'cold',
              faults: [first, `crash:${victim}@${step}`],
              seed,
            },
            [...requestsFor(seed, 2, 4, 10), ...witness],
            { keep: ({ kind }) => kind === 'crashed' },
          );
          expect(of.verdict.unanswered).toEqual([]);
          expect(of.verdict.agree).toBe(true);
          expect(linearizable(historyOf(of.played), model).verdict).toBe('holds');
          if (crashes(of).length > 1) struck.add(step);
          // Nothing of this happens before the crash of the first.
          expect(['rm-1', `rm-1 ${victim}`, '']).toContain(crashes(of).join(' '));
        });
      });
    }
    if (process.env.SEED === undefined) expect(struck.size).toBeGreaterThan(18);
  },
);
