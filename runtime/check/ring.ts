/**
 * The numbers from 0 to count - 1 in order, from which some are taken out and put back, last out first in: linked both
 * ways, so that either costs the same whatever the count.
 */
export class Ring {
  /** Stands before the first number and after the last. */
  readonly head: number;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** What is out, in the order in which it was taken. */
  readonly #out: number[] = [];

  constructor(count: number) {
    this.head = count;
    this.#next = Int32Array.from({ length: count + 1 }, (_, i) => (i === count ? 0 : i + 1));
    this.#previous = Int32Array.from({ length: count + 1 }, (_, i) => (i === 0 ? count : i - 1));
  }

  /** How many are out. */
  get out(): number {
    return this.#out.length;
  }

  after(i: number): number {
    return this.#next[i] ?? this.head;
  }

  takeOut(i: number): void {
    const [before = 0, after = 0] = [this.#previous[i], this.#next[i]];
    this.#next[before] = after;
    this.#previous[after] = before;
    this.#out.push(i);
  }

  /** Puts back the one that was taken out last, and returns it. */
  putBack(): number {
    const i = this.#out.pop() ?? this.head;
    const [before = 0, after = 0] = [this.#previous[i], this.#next[i]];
    this.#next[before] = i;
    this.#previous[after] = i;
    return i;
  }
}
