/** What is always drawn, however much happens: losses, crashes and recoveries, views, faults, partitions. */
import { NONE } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';
import type { RowOf } from './density.js';
import type { Landmarks } from './landmarks.js';
import type { Window } from './scale.js';
import { FAULT_ROW } from './stage.js';

export interface Within {
  readonly timeline: Timeline;
  readonly landmarks: Landmarks;
  readonly rowOf: RowOf;
  readonly rows: readonly number[];
  readonly width: number;
  readonly window: Window;
  /** Of the event at an index. */
  readonly x: (index: number) => number;
  /** The events of the window. */
  readonly from: number;
  readonly to: number;
}

/** A stretch of a node's line. */
export interface Life {
  readonly y: number;
  readonly x1: number;
  readonly x2: number;
  readonly up: boolean;
}

export interface Cross {
  readonly index: number;
  readonly kind: 'lost' | 'crashed' | 'recovered';
  readonly x: number;
  readonly y: number;
  /** How many are here. */
  readonly count: number;
  /** Where it came from, if that is to be seen. */
  readonly from: { readonly x: number; readonly y: number } | null;
}

export interface ViewMark {
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly label: string;
  /** Empty where there is no room for them. */
  readonly members: string;
}

export interface FaultMark {
  readonly index: number;
  readonly x: number;
  readonly width: number;
  readonly y: number;
  readonly text: string;
  readonly lasts: boolean;
  /** px for its words, until the next in its row. */
  readonly room: number;
}

/** Between two rows nothing passes. */
export interface Severed {
  readonly index: number;
  readonly x1: number;
  readonly x2: number;
  readonly y: number;
  readonly oneWay: boolean;
}

/** Events are missing here. */
export interface Gap {
  /** Index of the event that tells of it. */
  readonly index: number;
  readonly x: number;
  readonly width: number;
  /** How many. */
  readonly count: number;
}

/** px that a gap has at least, so that it is seen. */
const GAP = 8;
/** px in which losses at one node are drawn as one. */
const CLUSTER = 7;
/** px for a letter of a label, more or less. */
const LETTER = 6.2;

/** The first place in a rising list whose value is at least this. */
function firstFrom(list: readonly number[], value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as number) < value)
      low = middle + 1; // of a place in it
    else high = middle;
  }
  return low;
}

export function lifelines({ timeline, landmarks, rowOf, rows, width, x }: Within): Life[] {
  return [...rowOf].flatMap(([node, row]): Life[] => {
    const y = rows[row] as number; // every row has its place
    const lives: Life[] = [];
    const born = landmarks.born.get(node);
    let last = born === undefined ? 0 : Math.max(0, x(born));
    for (const { from, to } of landmarks.downs.get(node) ?? []) {
      const [start, end] = [x(from), to === NONE ? width : x(to)];
      if (end < 0 || start > width) continue;
      if (start > last) lives.push({ y, x1: last, x2: start, up: true });
      lives.push({ y, x1: Math.max(start, 0), x2: Math.min(end, width), up: false });
      last = Math.max(0, end);
    }
    const end = Math.min(width, x(Math.max(timeline.length - 1, 0)));
    if (timeline.length > 0 && end > last) lives.push({ y, x1: last, x2: end, up: true });
    return lives;
  });
}

/** Crashes and recoveries, and losses where messages are not drawn one by one. */
export function lossMarks(within: Within, single: boolean): Cross[] {
  const { timeline, landmarks, rowOf, rows, x, from, to } = within;
  const marks: Cross[] = [];
  for (const [node, downs] of landmarks.downs) {
    const y = rows[rowOf.get(node) ?? -1];
    if (y === undefined) continue;
    for (const down of downs) {
      if (down.from >= from && down.from < to)
        marks.push({ index: down.from, kind: 'crashed', x: x(down.from), y, count: 1, from: null });
    }
  }
  const { recoveries } = landmarks;
  for (let i = firstFrom(recoveries, from); i < recoveries.length && (recoveries[i] as number) < to; i++) {
    const index = recoveries[i] as number; // of a place in it
    const y = rows[rowOf.get(timeline.node.at(index)) ?? -1];
    if (y !== undefined) marks.push({ index, kind: 'recovered', x: x(index), y, count: 1, from: null });
  }
  if (single) return marks;
  return [...marks, ...lossClusters(within)];
}

/** One mark for all losses at a node that are too near to be told apart. */
function lossClusters({ timeline, landmarks: { losses }, rowOf, rows, x, from, to }: Within): Cross[] {
  const clusters = new Map<number, { readonly index: number; count: number }>();
  for (let i = firstFrom(losses, from); i < losses.length && (losses[i] as number) < to; i++) {
    const index = losses[i] as number; // of a place in it
    const row = rowOf.get(timeline.node.at(index));
    if (row === undefined) continue;
    const key = Math.floor(x(index) / CLUSTER) * rows.length + row;
    const cluster = clusters.get(key);
    if (cluster === undefined) clusters.set(key, { index, count: 1 });
    else cluster.count += 1;
  }
  return [...clusters].map(([key, { index, count }]): Cross => {
    const y = rows[key % rows.length] as number; // every row has its place
    return { index, kind: 'lost', x: (Math.floor(key / rows.length) + 0.5) * CLUSTER, y: y - 7, count, from: null };
  });
}

export function viewMarks({ timeline, landmarks, rowOf, rows, x, from, to, width }: Within): ViewMark[] {
  const { views } = landmarks;
  const marks: ViewMark[] = [];
  /** Where the last label of each row begins. */
  const next = new Map<number, number>();
  // From the right, so that each knows how much room it has.
  for (let i = firstFrom(views, to) - 1; i >= 0 && (views[i] as number) >= from; i--) {
    const index = views[i] as number; // of a place in it
    const row = rowOf.get(timeline.node.at(index));
    const event = timeline.whole(index);
    if (row === undefined || event?.kind !== 'view') continue;
    const at = x(index);
    const room = (next.get(row) ?? width) - at - 14;
    const label = `v${event.id}`;
    const members = event.members.map((member) => (event.joining?.includes(member) ? `(${member})` : member)).join(' ');
    if (label.length * LETTER > room && room > -10) continue; // the later one stands there
    const fits = (label.length + members.length + 1) * LETTER <= room;
    marks.push({ index, x: at, y: rows[row] as number, label, members: fits ? members : '' }); // every row has its place
    next.set(row, at);
  }
  return marks;
}

export function faultMarks({ timeline, landmarks, x, width }: Within, axis: number): FaultMark[] {
  if (timeline.length === 0) return [];
  const marks: FaultMark[] = [];
  for (const { text, from, to, lane } of landmarks.faults) {
    const start = x(from);
    const end = to === NONE ? Math.min(width, x(timeline.length - 1)) : x(to);
    if (end < 0 || start > width) continue;
    marks.push({
      index: from,
      x: Math.max(start, -2),
      width: Math.max(Math.min(end, width + 2) - Math.max(start, -2), 2),
      y: axis + 4 + lane * FAULT_ROW,
      text: text.replace(/@.*$/, ''),
      lasts: to !== from,
      room: width,
    });
  }
  return marks.map((mark) => {
    const after = marks.filter(({ x: other, y }) => y === mark.y && other > mark.x).map(({ x: other }) => other);
    return { ...mark, room: Math.min(width, ...after) - Math.max(mark.x, 0) - 12 };
  });
}

/** From the last event before it to where it is told. */
export function gapMarks({ timeline, landmarks, x, width }: Within): Gap[] {
  return landmarks.gaps.flatMap((index): Gap[] => {
    const to = x(index);
    const from = Math.min(index === 0 ? to : x(index - 1), to - GAP);
    if (to < 0 || from > width) return [];
    const left = Math.max(from, -GAP);
    return [{ index, x: left, width: Math.min(to, width + GAP) - left, count: timeline.amount.at(index) }];
  });
}

/** Where a partition runs between the rows: between any two that follow one another among those that it names, on different sides. */
export function severed({ timeline, landmarks, rowOf, rows, x, width }: Within): Severed[] {
  return landmarks.faults.flatMap(({ text, from, to }): Severed[] => {
    const sides = /^partition:([^@|>]+)([|>])([^@|>]+)/.exec(text);
    if (sides === null) return [];
    const [x1, x2] = [x(from), to === NONE ? Math.min(width, x(timeline.length - 1)) : x(to)];
    if (x2 < 0 || x1 > width) return [];
    const rowsOf = (names: string | undefined): { row: number; side: string | undefined }[] =>
      (names ?? '').split(',').flatMap((name) => {
        const row = rowOf.get(timeline.wordOf(name.trim()));
        return row === undefined ? [] : [{ row, side: names }];
      });
    const named = [...rowsOf(sides[1]), ...rowsOf(sides[3])].sort((a, b) => a.row - b.row);
    return named.flatMap(({ side }, place): Severed[] => {
      const after = named[place + 1];
      if (after === undefined || after.side === side) return [];
      // In the gap over the lower one, never on a line.
      const y = ((rows[after.row - 1] ?? 0) + (rows[after.row] ?? 0)) / 2;
      return [{ index: from, x1: Math.max(0, x1), x2: Math.min(width, x2), y, oneWay: sides[2] === '>' }];
    });
  });
}
