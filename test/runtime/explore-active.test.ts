import { describe, expect, test } from '@jest/globals';
import { explore, replication } from 'chorale/explore';
import bank from '../../examples/bank/service.js';

const two = [[{ op: 'deposit', args: ['x', 1] }], [{ op: 'setBalance', args: ['x', 5] }]];
describe('active', () => {
  test.each([
    { crashes: 1, duplicates: 1, told: false },
    { crashes: 1, duplicates: 1 },
  ])('%j', (faults) => {
    for (const symmetry of [true]) {
      const r = explore(replication(bank, { clients: two, ...faults }), { symmetry, limit: { milliseconds: 52_000 } });
      console.log(
        JSON.stringify(faults),
        symmetry,
        r.states,
        r.transitions,
        r.depth,
        r.seconds,
        r.transitions / r.seconds,
        r.complete,
        r.why,
        JSON.stringify(
          r.violations.map((v) => [v.property, v.why, v.way.map((s) => s.action)]),
          null,
          1,
        ),
        process.memoryUsage().rss >> 20,
      );
    }
  });
});
