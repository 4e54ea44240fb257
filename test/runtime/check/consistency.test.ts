import { describe, expect, test } from '@jest/globals';
import { causal } from '../../../runtime/check/causal.js';
import type { Operation } from '../../../runtime/check/history.js';
import { models } from '../../../runtime/check/models.js';
import { session, sessionGuarantees, sessions } from '../../../runtime/check/sessions.js';
import { random } from '../../../runtime/simulate/random.js';
import { everySeed } from '../runs.js';
import { drawn, isCausal, kv } from './small-histories.js';

describe('causal consistency', () => {
  test('CC-3: the textbook histories of causal memory', () => {
    // Ahamad et al.: two processes may see concurrent writes in different orders.
    const apart = kv('A: put x 1', 'B: put x 2', 'C: get x 1; get x 2', 'D: get x 2; get x 1');
    expect(causal(apart, models.kv).verdict).toBe('holds');
    // One that was caused by the other, they may not.
    const caused = kv('A: put x 1', 'B: get x 1; put x 2', 'C: get x 1; get x 2', 'D: get x 2; get x 1');
    expect(causal(caused, models.kv)).toMatchObject({ verdict: 'violated', impossible: { process: 'D', output: '1' } });
  });

  test('CC-3: the figures of the paper that names the patterns', () => {
    const verdict = (...lines: string[]) => causal(kv(...lines), models.kv).verdict;
    // (a) causally convergent is not causal memory: (b) the other way; (c) both, and not sequential; (d) neither.
    expect(verdict('A: put x 1; get x 2', 'B: put x 2; get x 1')).toBe('holds');
    expect(verdict('A: put z 1; put x 1; put y 1', 'B: put x 2; get z -; get y 1; get x 2')).toBe('violated');
    expect(verdict('A: put x 1; get y -; put y 1; get x 1', 'B: put x 2; get y -; put y 2; get x 2')).toBe('holds');
    expect(verdict('A: put x 1; put y 1', 'B: get y 1; put x 2', 'C: get x 2; get x 1')).toBe('violated');
    expect(verdict('A: put x 1', 'B: put x 2; get x 1; get x 2')).toBe('violated');
  });

  test('CC-3, CC-8: as the definition says, on every small history', () => {
    let wrong = 0;
    everySeed(4000, 'CC-3, CC-8: as the definition', (seed) => {
      const operations = drawn(random(seed, 'causal'), 7, 8);
      const expected = isCausal(operations, models.kv);
      if (!expected) wrong += 1;
      expect({ operations, verdict: causal(operations, models.kv).verdict }).toEqual({
        operations,
        verdict: expected ? 'holds' : 'violated',
      });
      if (!expected) return;
      expect(sessions(operations, models.kv).map(({ verdict }) => verdict)).toEqual([
        'holds',
        'holds',
        'holds',
        'holds',
      ]);
    });
    console.log(wrong);
  });
});
