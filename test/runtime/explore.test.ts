import { describe, expect, test } from '@jest/globals';
import { explore } from 'chorale/explore';
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
    console.log(explored.states, explored.transitions, explored.seconds, explored.transitions / explored.seconds);
    const other = explore(twoPhaseCommit({ rms: Math.min(rms, 6) }), { symmetry: true });
    console.log('sym', other.states, other.transitions, other.seconds, other.transitions / other.seconds);
    expect(explored).toMatchObject({ states, complete: true, violations: [] });
  });
});
