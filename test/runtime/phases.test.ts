/** FN-2: the phases that each request is seen to go through, against those that its style declares. */
import { describe, expect, test } from '@jest/globals';
import { requestId } from '../../machines/shared/identifiers.js';
import type { Phase } from '../../machines/shared/phases.js';
import type { Style } from '../../machines/shared/style.js';
import { type StyleName, styles } from '../../runtime/cluster/styles.js';
import type { SimulateSettings } from '../../runtime/simulate/simulation.js';
import { simulate } from '../../runtime/simulate/simulation.js';
import { play } from '../../runtime/simulate/workload.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import { ledger, requestsFor } from './runs.js';

interface Row {
  readonly settings: SimulateSettings & { readonly replication: StyleName };
  /** Queries go to one replica manager, past whoever orders the updates. */
  readonly atOne?: true;
}

const rows: readonly Row[] = [
  { settings: { replication: 'active' } },
  { settings: { replication: 'active', order: 'causal-total' } },
  { settings: { replication: 'active', tolerate: 'byzantine', replicas: 4 } },
  { settings: { replication: 'active', reads: 'one' }, atOne: true },
  { settings: { replication: 'active', membership: 'dynamic' } },
  { settings: { replication: 'active', membership: 'dynamic', provider: 'agreed' } },
  { settings: { replication: 'active', membership: 'dynamic', reads: 'one' }, atOne: true },
  { settings: { replication: 'passive' } },
  { settings: { replication: 'passive', transfer: 'requests' } },
  { settings: { replication: 'passive', lease: 100 } },
  { settings: { replication: 'passive', backups: 'cold' } },
  { settings: { replication: 'passive', backups: 'rollback' } },
  { settings: { replication: 'passive', reads: 'backups' }, atOne: true },
  { settings: { replication: 'lazy' } },
  { settings: { replication: 'local' } },
];

const nameOf = ({ replication, ...others }: Row['settings']): string =>
  [replication, ...Object.entries(others).map(([name, value]) => `${name}=${value}`)].join(' ');

/** By request: its phases in the order in which each was first seen, anywhere. */
function phasesSeen(events: readonly TraceEvent[]): ReadonlyMap<string, readonly Phase[]> {
  const seen = new Map<string, Phase[]>();
  for (const event of events) {
    if (event.kind !== 'phase') continue;
    for (const request of event.requests) {
      const phases = seen.get(request) ?? [];
      seen.set(request, phases);
      if (!phases.includes(event.phase)) phases.push(event.phase);
    }
  }
  return seen;
}

describe('every request of a run without faults', () => {
  test.each(rows.map((row) => [nameOf(row.settings), row] as const))('FN-2: %s', (_, { settings, atOne }) => {
    const { phases }: Style = styles[settings.replication];
    const expected = { update: phases.update, query: (atOne ? phases.queryAtOne : undefined) ?? phases.query };
    for (let seed = 1; seed <= 3; seed++) {
      const events: TraceEvent[] = [];
      // one by one, with time between them, and all in a hurry
      const requests = requestsFor(seed, 3, 6, seed === 1 ? 60 : 0);
      const simulation = simulate(ledger, { ...settings, seed, trace: (event) => void events.push(event) });
      const played = play(simulation, requests, { timeout: 10_000 });
      const seen = phasesSeen(events);
      for (const { call, answer } of played) {
        if (call === null || answer === null) throw new Error('without faults everything is answered');
        const id = requestId(call.session, call.seq);
        expect({ seed, id, kind: call.kind, phases: seen.get(id) }).toEqual({
          seed,
          id,
          kind: call.kind,
          phases: expected[call.kind],
        });
      }
      // A phase is of some request that somebody made.
      expect(seen.size).toBe(played.length);
    }
  });

  test('FN-2: there is a row for every style, and for every membership that it takes', () => {
    for (const [name, { roles }] of Object.entries(styles) as [StyleName, Style][]) {
      const of = rows.filter(({ settings }) => settings.replication === name);
      const taken = of.map(({ settings }) => simulate(ledger, { ...settings, seed: 1 }).membership);
      expect([name, [...new Set(taken)].sort()]).toEqual([name, Object.keys(roles).sort()]);
    }
  });
});
