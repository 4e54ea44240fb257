/**
 * What a check comes to (CC-9).
 */
import type { Operation } from './history.js';

export type Property =
  | 'linearizable'
  | 'sequential'
  | 'causal'
  | 'read your writes'
  | 'monotonic reads'
  | 'monotonic writes'
  | 'writes follow reads'
  | 'convergence'
  | 'exactly once';

/** `Part`: what a history consists of, where that is not operations. */
export type CheckVerdict<Part = Operation> =
  | { readonly property: Property; readonly verdict: 'holds' }
  | {
      readonly property: Property;
      readonly verdict: 'violated';
      /** The smallest part of the history that fails by itself: without any one of these the rest would be right. */
      readonly part: readonly Part[];
      /** One of them: the operation that cannot be as it says. */
      readonly impossible: Part;
      /** A sentence or a few. */
      readonly why: string;
    }
  | {
      readonly property: Property;
      readonly verdict: 'unknown';
      /** What ran out, or what is not decidable for this object. */
      readonly why: string;
    };

/** How much a search may take before it says `unknown`. */
export interface CheckLimits {
  /** Default 60,000. */
  readonly milliseconds?: number;
  /** Estimated bytes of what the search remembers. Default 1 GiB. */
  readonly bytes?: number;
}
