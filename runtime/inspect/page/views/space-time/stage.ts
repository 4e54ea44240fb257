/** What a diagram is made from, and how its rows are laid out. */
import type { Timeline } from '../../../timeline/timeline.js';
import type { Clocks } from './clocks.js';
import type { Density, RowOf } from './density.js';
import type { Landmarks } from './landmarks.js';

export type Colouring = 'phase' | 'request';

/** What is highlighted, as words of the timeline; everything else is dimmed. */
export type Focus =
  | { readonly kind: 'node'; readonly node: number }
  | { readonly kind: 'request'; readonly request: number }
  /** Indexes of `sent`: a message and those that led to it. */
  | { readonly kind: 'messages'; readonly indexes: ReadonlySet<number> };

export interface SceneOptions {
  /** px. */
  readonly width: number;
  readonly height: number;
  readonly colouring: Colouring;
  readonly control: 'faint' | 'hidden';
  readonly focus: Focus | null;
}

/** All that a scene is made from. */
export interface Stage {
  readonly timeline: Timeline;
  readonly landmarks: Landmarks;
  readonly rowOf: RowOf;
  readonly density: Density;
  /** Null where nobody wants to see vector clocks. */
  readonly clocks: Clocks | null;
}

/** px of a row of faults. */
export const FAULT_ROW = 20;
const AXIS = 40;
/** px over the first row. */
const TOP = 6;
/** px from one line to the next at least: less cannot be read. */
const LEAST_ROW = 16;

/** The rows' places, px from the top, and how far one is from the next. */
export function rowsAt(
  count: number,
  height: number,
  faultLanes: number,
): { readonly axis: number; readonly rows: number[]; readonly apart: number } {
  const top = AXIS + faultLanes * FAULT_ROW + TOP;
  const apart = (height - top) / Math.max(count, 1);
  return { axis: AXIS, rows: Array.from({ length: count }, (_, row) => top + (row + 0.45) * apart), apart };
}

/** Least height at which so many rows can be read. */
export const heightOf = (rows: number, faultLanes: number): number =>
  AXIS + faultLanes * FAULT_ROW + TOP + rows * LEAST_ROW;

/** Where the phases of requests are under a node's line, px. */
export interface Lane {
  readonly under: number;
  readonly height: number;
}

/** So many of them, one under the other, end before the next line. */
export function laneIn(apart: number, lanes: number): Lane {
  const under = apart < 24 ? 3 : 5;
  const room = Math.floor((apart - under - 4) / lanes) - 1;
  return { under, height: Math.min(12, Math.max(3, room)) };
}
