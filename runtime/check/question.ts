/**
 * What a search for a linearization is asked, and what it answers.
 */
import type { Operation } from './history.js';
import type { Model } from './model.js';
import type { Timing } from './timing.js';

export interface Question {
  readonly model: Model;
  readonly initial: unknown;
  /** By call, as `timing` has it. */
  readonly operations: readonly Operation[];
  readonly timing: Timing;
  /** For each the place of one that has to come before it beside what the times say; or -1. */
  readonly before: Int32Array;
  /** 1: it happened and returned as it says. 0: it may have happened in its time or not, whatever it returned. */
  readonly required: Uint8Array;
  /**
   * What may have happened or not may have happened more than once. That is less of a constraint, but there are fewer
   * configurations where the object has few states.
   */
  readonly often: boolean;
}

export type Answer =
  | { readonly outcome: 'placed' }
  /** No order gets past all of the operations `at`, which returned at one time. */
  | { readonly outcome: 'stuck'; readonly at: readonly number[] }
  | { readonly outcome: 'spent'; readonly what: string };
