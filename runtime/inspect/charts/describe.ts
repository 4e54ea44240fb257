/**
 * A statechart as plain data: what the page draws, and what a live cluster sends to it. Names of states and transitions are those
 * of the coverage report (runtime/coverage/chart.ts), so that what was taken can be shown on the drawing.
 */
export interface StateDescription {
  /** Path in the chart: `normal.active`. Empty for the root. */
  readonly name: string;
  /** Last part of the path; the chart's id for the root. */
  readonly label: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** Name of the state that it begins with; null where it has none. */
  readonly initial: string | null;
  readonly tags: readonly string[];
  /** Names of actions. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly states: readonly StateDescription[];
}

export interface TransitionDescription {
  /** No two of a chart have the same. */
  readonly name: string;
  /** Name of the state where it starts; empty for the root. */
  readonly from: string;
  /** Names of states; empty for one that stays where it is. */
  readonly to: readonly string[];
  /** `delivered`, `after retryAfter`, `always`, `done`. */
  readonly trigger: string;
  readonly guard: string | null;
  readonly actions: readonly string[];
}

export interface ChartDescription {
  /** The machine's id. */
  readonly chart: string;
  readonly root: StateDescription;
  readonly transitions: readonly TransitionDescription[];
}
