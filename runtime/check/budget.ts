/**
 * What is left of the time and memory that a check may take.
 */
import type { CheckLimits } from './verdict.js';

/** Units of work between two looks at the clock. */
const WORK = 1 << 10;

export class Budget {
  readonly milliseconds: number;
  readonly bytes: number;
  readonly #until: number;
  /** Since the last look at the clock; the first step looks, for there may be no time at all. */
  #work = WORK;

  constructor({ milliseconds = 60_000, bytes = 2 ** 30 }: CheckLimits = {}) {
    this.milliseconds = milliseconds;
    this.bytes = bytes;
    this.#until = performance.now() + milliseconds;
  }

  /** What has run out, in words, if anything has; asked at every step. `work`: how often as much was done as a short step does. */
  spent(bytes: number, work = 1): string | undefined {
    if (bytes > this.bytes) return `the search would remember more than ${this.bytes} bytes`;
    this.#work += work;
    if (this.#work < WORK) return undefined;
    this.#work = 0;
    if (performance.now() < this.#until) return undefined;
    return `the search took more than ${this.milliseconds} ms`;
  }

  /** Milliseconds; none when the time is over. */
  get left(): number {
    return Math.max(0, this.#until - performance.now());
  }

  /** A part of what is left. */
  part(milliseconds: number): Budget {
    return new Budget({ milliseconds: Math.min(milliseconds, this.left), bytes: this.bytes });
  }

  /** The same: a share of all the time that there was, or these milliseconds where they are more. */
  share(least: number, of: number): Budget {
    return this.part(Math.max(least, this.milliseconds * of));
  }
}
