/** What a diagram is made from, and how its rows are laid out. */
import type { Timeline } from '../../../timeline/timeline.js';
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
}

/** px of a row of faults. */
export const FAULT_ROW = 20;
const AXIS = 42;

/** The rows' places, px from the top. */
export function rowsAt(
  count: number,
  height: number,
  faultLanes: number,
): { readonly axis: number; readonly rows: number[] } {
  const axis = AXIS;
  const top = axis + faultLanes * FAULT_ROW + 8;
  const apart = (height - top) / Math.max(count, 1);
  return { axis, rows: Array.from({ length: count }, (_, row) => top + (row + 0.45) * apart) };
}

/** Least height at which so many rows can be read. */
export const heightOf = (rows: number, faultLanes: number): number => AXIS + faultLanes * FAULT_ROW + 8 + rows * 25;
