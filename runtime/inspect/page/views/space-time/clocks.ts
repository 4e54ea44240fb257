/**
 * Vector clocks, computed from the trace: entry n of an event's is how many events of node n happened before it, or are it. What counts are
 * the events that make causality: a message sent, received, delivered.
 */
import { kindNumber, NONE } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';
import type { RowOf } from './density.js';

/** Events to a block. */
const BLOCK = 16_384;
/** Numbers that are kept at most (128 MiB): a million events of 32 nodes. What comes after has no clock. */
const MOST = 32 * 1024 * 1024;

/**
 * Each event costs one copy of its node's clock, and each arrival a comparison with the sender's: events × nodes steps and as many 32-bit
 * numbers, 0.1 s and 32 MB for a million events of 8 nodes. So it is done only where somebody wants to see them, a part at a time.
 */
export class Clocks {
  readonly #rowOf: RowOf;
  readonly #branch: number;
  readonly #blocks: Int32Array<ArrayBuffer>[] = [];
  /** As it stands, row by row. */
  readonly #now: Int32Array<ArrayBuffer>;
  #seen = 0;

  constructor(rowOf: RowOf, branch: number) {
    this.#rowOf = rowOf;
    this.#branch = branch;
    this.#now = new Int32Array(rowOf.size ** 2);
  }

  fits(rowOf: RowOf, branch: number): boolean {
    return rowOf === this.#rowOf && branch === this.#branch;
  }

  /** Goes on by so many events at most; says whether it has come to the end. */
  follow(timeline: Timeline, most: number): boolean {
    const last = Math.min(timeline.length, Math.floor(MOST / Math.max(this.#rowOf.size, 1)));
    const to = Math.min(last, this.#seen + most);
    for (; this.#seen < to; this.#seen++) this.#take(timeline, this.#seen);
    return this.#seen >= last;
  }

  /** Null where it is not known, or the event does not count. */
  at(timeline: Timeline, index: number): Int32Array<ArrayBuffer> | null {
    if (index >= this.#seen || !counts(timeline.kind.at(index)) || !this.#rowOf.has(timeline.node.at(index)))
      return null;
    const from = (index % BLOCK) * this.#rowOf.size;
    return this.#blockOf(index).subarray(from, from + this.#rowOf.size);
  }

  #take(timeline: Timeline, index: number): void {
    const size = this.#rowOf.size;
    if (index % BLOCK === 0) this.#blocks.push(new Int32Array(BLOCK * size));
    const kind = timeline.kind.at(index);
    const row = this.#rowOf.get(timeline.node.at(index));
    if (row === undefined || !counts(kind)) return;
    const now = this.#now;
    const [own, into, at] = [row * size, this.#blockOf(index), (index % BLOCK) * size];
    now[own + row] = (now[own + row] as number) + 1; // a square of them
    const sent = kind === kindNumber.received ? timeline.sent.at(index) : NONE;
    const theirs = sent === NONE ? null : this.#blockOf(sent);
    const from = (sent % BLOCK) * size;
    for (let i = 0; i < size; i++) {
      if (theirs !== null) now[own + i] = Math.max(now[own + i] as number, theirs[from + i] as number); // each has an entry a row
      into[at + i] = now[own + i] as number; // as above
    }
  }

  #blockOf(index: number): Int32Array<ArrayBuffer> {
    return this.#blocks[Math.floor(index / BLOCK)] as Int32Array<ArrayBuffer>; // all that was taken has one
  }
}

const counts = (kind: number): boolean =>
  kind === kindNumber.sent || kind === kindNumber.received || kind === kindNumber.delivered;

export const clockText = (clock: Int32Array<ArrayBuffer>): string => `[${clock.join(',')}]`;
