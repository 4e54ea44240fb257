/**
 * How much happens where and when, for stretches in which single events cannot be told apart: at each node, and between each row
 * and the next, where every message that crosses is counted. A histogram of the whole run, whose bins double in width when it
 * has grown out of them.
 */
import { kindNumber } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';
import { spanOf, type Window } from './scale.js';

/** Most bins of the whole run. */
const BINS = 16_384;
/** Fine bins to a coarse one. */
const COARSE = 8;
/** ms of the first bins. */
const FINEST = 1 / 16;

/** Counts of one window, column by column: `[column * rows + row]`. Crossings of row r are those between it and the next. */
export interface Shading {
  readonly columns: number;
  readonly rows: number;
  readonly activity: Float32Array;
  readonly crossings: Float32Array;
  /** The largest count of either. */
  readonly most: { readonly activity: number; readonly crossings: number };
}

/** Which row a node (a word) stands in. */
export type RowOf = ReadonlyMap<number, number>;

export class Density {
  readonly #rowOf: RowOf;
  readonly #branch: number;
  /** Bins of two widths, so that no picture has to go through very many. */
  readonly #fine: Bins;
  readonly #coarse: Bins;
  #seen = 0;

  constructor(rowOf: RowOf, branch: number) {
    this.#rowOf = rowOf;
    this.#branch = branch;
    this.#fine = new Bins(rowOf.size, FINEST, BINS);
    this.#coarse = new Bins(rowOf.size, FINEST * COARSE, BINS / COARSE);
  }

  /** Whether it is of these rows still, and nothing of what it counted has been taken back. */
  fits(rowOf: RowOf, branch: number): boolean {
    return rowOf === this.#rowOf && branch === this.#branch;
  }

  follow(timeline: Timeline): void {
    const { length } = timeline;
    for (const bins of [this.#fine, this.#coarse]) bins.take(timeline, this.#rowOf, this.#seen, length);
    this.#seen = length;
  }

  /** Whether its bins are no wider than so many ms. */
  isFinerThan(ms: number): boolean {
    return this.#fine.width <= ms;
  }

  shading(window: Window, columns: number, control: boolean): Shading {
    const step = spanOf(window) / columns;
    const bins = this.#coarse.width * 2 <= step ? this.#coarse : this.#fine;
    return bins.shading(window, columns, control);
  }
}

/** Counts of equal stretches of time from 0 on, row by row. */
class Bins {
  width: number;
  readonly #rows: number;
  readonly #most: number;
  readonly #activity: Float32Array;
  readonly #data: Float32Array;
  readonly #control: Float32Array;

  constructor(rows: number, width: number, most: number) {
    this.#rows = rows;
    this.width = width;
    this.#most = most;
    this.#activity = new Float32Array(most * rows);
    this.#data = new Float32Array(most * rows);
    this.#control = new Float32Array(most * rows);
  }

  take(timeline: Timeline, rowOf: RowOf, from: number, to: number): void {
    while (timeline.end >= this.width * this.#most) this.#halve();
    for (let index = from; index < to; index++) {
      const bin = Math.floor(timeline.t.at(index) / this.width);
      count(timeline, index, rowOf, bin * this.#rows, this.#activity, this.#data, this.#control);
    }
  }

  shading(window: Window, columns: number, control: boolean): Shading {
    const rows = this.#rows;
    const activity = new Float32Array(columns * rows);
    const crossings = new Float32Array(columns * rows);
    const step = spanOf(window) / columns / this.width;
    const start = window.from / this.width;
    for (let column = 0; column < columns; column++) {
      const from = start + column * step;
      const to = from + step;
      const last = Math.min(Math.ceil(to), this.#most);
      for (let bin = Math.max(0, Math.floor(from)); bin < last; bin++) {
        const share = Math.min(to, bin + 1) - Math.max(from, bin);
        for (let row = 0; row < rows; row++) {
          const [at, of] = [column * rows + row, bin * rows + row];
          activity[at] = (activity[at] as number) + share * (this.#activity[of] as number); // both are within
          const crossing = (this.#data[of] as number) + (control ? (this.#control[of] as number) : 0);
          crossings[at] = (crossings[at] as number) + share * crossing;
        }
      }
    }
    return shadingOf(columns, rows, activity, crossings);
  }

  /** Every two bins become one. */
  #halve(): void {
    const rows = this.#rows;
    const half = this.#most / 2;
    for (const counts of [this.#activity, this.#data, this.#control]) {
      for (let bin = 0; bin < half; bin++) {
        for (let row = 0; row < rows; row++) {
          const left = counts[2 * bin * rows + row] as number; // all of these are within
          counts[bin * rows + row] = left + (counts[(2 * bin + 1) * rows + row] as number);
        }
      }
      counts.fill(0, half * rows);
    }
    this.width *= 2;
  }
}

/** The same of few events, counted one by one. */
export function shadingOfEvents(
  timeline: Timeline,
  rowOf: RowOf,
  window: Window,
  columns: number,
  control: boolean,
): Shading {
  const rows = rowOf.size;
  const activity = new Float32Array(columns * rows);
  const crossings = new Float32Array(columns * rows);
  const ignored = control ? crossings : new Float32Array(columns * rows);
  const [from, to] = [timeline.placeAt(window.from), timeline.placeAt(window.to)];
  const step = spanOf(window) / columns;
  for (let index = from; index < to; index++) {
    const column = Math.floor((timeline.t.at(index) - window.from) / step);
    if (column < columns) count(timeline, index, rowOf, column * rows, activity, crossings, ignored);
  }
  return shadingOf(columns, rows, activity, crossings);
}

function count(
  timeline: Timeline,
  index: number,
  rowOf: RowOf,
  first: number,
  activity: Float32Array,
  data: Float32Array,
  control: Float32Array,
): void {
  const row = rowOf.get(timeline.node.at(index));
  if (row === undefined) return;
  activity[first + row] = (activity[first + row] ?? 0) + 1;
  if (timeline.kind.at(index) !== kindNumber.sent) return;
  const other = rowOf.get(timeline.peer.at(index));
  if (other === undefined) return;
  const crossings = timeline.control.at(index) === 1 ? control : data;
  const last = Math.max(row, other);
  for (let at = Math.min(row, other); at < last; at++) crossings[first + at] = (crossings[first + at] ?? 0) + 1;
}

function shadingOf(columns: number, rows: number, activity: Float32Array, crossings: Float32Array): Shading {
  const most = (counts: Float32Array): number => {
    let found = 0;
    for (let i = 0; i < counts.length; i++) found = Math.max(found, counts[i] ?? 0);
    return found;
  };
  return { columns, rows, activity, crossings, most: { activity: most(activity), crossings: most(crossings) } };
}

/** From nothing (0) to the most there is (1), such that little is seen as well. */
export const strength = (count: number, most: number): number =>
  count <= 0 ? 0 : 0.12 + 0.88 * Math.sqrt(count / most);
