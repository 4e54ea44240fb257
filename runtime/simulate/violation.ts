/** What a trial finds wrong. */
import type { ServiceOperation } from './service-history.js';

/**
 * What a run is held against. `replies`: each is what one correct copy of the service would have given. `lost update`: an
 * update that was answered is in the state of a live replica at the end. `failure`: no node stops but by a fault or
 * because it is out of its group.
 */
export type TrialProperty =
  | 'linearizable'
  | 'sequential'
  | 'lost update'
  | 'replies'
  | 'convergence'
  | 'exactly once'
  | 'total order'
  | 'liveness'
  | 'failure';

/** The consistency that a run's history is checked for. */
export type HistoryProperty = Extract<TrialProperty, 'linearizable' | 'sequential'>;

export interface TrialViolation {
  readonly property: TrialProperty;
  readonly why: string;
  /** The smallest part of the history that shows it; empty where it is not a matter of the history alone. */
  readonly part: readonly ServiceOperation[];
}
