/**
 * How long a search goes on, and how much it remembers.
 */
import type { CheckLimits } from './verdict.js';

const MILLISECONDS = 60_000;
const BYTES = 2 ** 30;
/** Steps between two looks at the clock. */
const STEPS = 256;

export interface Clock {
  /** One more step: whether the time has run out. */
  over(): boolean;
  readonly why: string;
  readonly milliseconds: number;
}

export function clockFor({ milliseconds = MILLISECONDS }: CheckLimits): Clock {
  const end = performance.now() + milliseconds;
  let steps = 0;
  let over = milliseconds <= 0;
  return {
    over() {
      steps += 1;
      if (!over && steps % STEPS === 0) over = performance.now() > end;
      return over;
    },
    milliseconds,
    why: `The time limit of ${milliseconds} ms ran out.`,
  };
}

export const memoryFor = ({ bytes = BYTES }: CheckLimits): number => bytes;
