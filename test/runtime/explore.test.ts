import { describe, expect, test } from '@jest/globals';
import { explore } from 'chorale/explore';
import { exploration as pingPong } from '../../examples/ping-pong/exploration.js';
import { exploration as twoPhaseCommit } from '../../examples/two-phase-commit/exploration.js';

describe('two-phase commit', () => {
  test.each([
    [1, 12],
    [2, 56],
    [3, 288],
    [4, 1568],
    [5, 8832],
    [6, 50816],
  ])('%i resource managers have %i states, and all are consistent', (rms, states) => {
    const explored = explore(twoPhaseCommit({ rms }), { symmetry: false });
    expect(explored).toMatchObject({ states, complete: true, why: null, violations: [] });
    expect(explored.properties.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
      'consistent holds',
      'all commit holds',
      'all abort holds',
    ]);
  });
});

describe('ping-pong', () => {
  test('over a network that loses and repeats there are 4094 states', () => {
    expect(explore(pingPong())).toMatchObject({ states: 4094, complete: true, violations: [] });
  });

  test('over a network that does neither there are 11', () => {
    expect(explore(pingPong({ rough: 0 }))).toMatchObject({ states: 11, transitions: 10, depth: 10, complete: true });
  });
});
