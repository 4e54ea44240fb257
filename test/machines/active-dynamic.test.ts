import { describe, expect, test } from '@jest/globals';
import { linearizable, sequential } from '../../runtime/check/index.js';
import { lineModel, MemberGroup, type MemberPlan } from './active-members.js';
import type { Line } from './stage.js';
import { Coverage, seeds } from './stage.js';

const file = 'test/machines/active-dynamic.test.ts';
const coverage = new Coverage();

const rough: MemberPlan = {
  n: 3,
  frontEnds: 2,
  sessions: 3,
  requests: 4,
  crashes: 2,
  joins: 3,
  leaves: 1,
  suspicions: 1,
  coverage,
};

/** The members that the group ends with have one state, in which each update is once, and each that was answered. */
function expectReplicated(group: MemberGroup): void {
  const full = group.live.filter((host) => group.latest.view.members.some(({ id, full }) => full && id === host.id));
  expect(full.length).toBeGreaterThan(0);
  const states = full.map((host) => {
    const { value, version } = group.contextOf(host);
    return { value, version };
  });
  for (const state of states) expect(state).toEqual(states[0]);
  const tokens = (states[0]?.value as Line).text.split(' ').slice(0, -1);
  expect(new Set(tokens).size).toBe(tokens.length);
  for (const { session, issued, answers } of group.clients) {
    answers.forEach((_, i) => {
      const { op, seq } = issued[i]?.call ?? { op: '', seq: 0 };
      if (op === 'append') expect(tokens).toContain(`${session}${seq}`);
    });
  }
}

describe('every schedule', () => {
  test('AR-6, AR-14, VS-5, VS-6: members crash, leave, join and are wrongly suspected; linearizable, once each, one state', () => {
    let joined = 0;
    seeds(file, 2_000, (seed) => {
      const group = new MemberGroup({ ...rough, n: 2 + (seed % 3) }, seed);
      group.run();
      expectReplicated(group);
      const verdict = linearizable(group.history(), lineModel);
      expect(verdict).toEqual({ property: 'linearizable', verdict: 'holds' });
      joined += group.latest.view.members.filter(({ full, since }) => full && since > 1).length;
    });
    if (process.env.SEED === undefined) expect(joined).toBeGreaterThan(1_000);
  });

  test('AR-8: reads at one replica manager of a uniform group are sequentially consistent', () => {
    seeds(file, 1_000, (seed) => {
      const group = new MemberGroup({ ...rough, settings: { reads: 'one' } }, seed);
      group.run();
      expectReplicated(group);
      expect(sequential(group.history(), lineModel)).toEqual({ property: 'sequential', verdict: 'holds' });
    });
  });
});
