/**
 * What a comparison came to, as one object: `--json` prints it as it is, and the tables show it to a person.
 */
import type { Consistency } from '../../machines/shared/style.js';
import type { InPeace, UnderFaults } from './comparison.js';
import type { Variant } from './variants.js';

export interface Compared extends Variant {
  /** Why this style does not go with the service, the settings or the faults; null where it does. */
  readonly refused: string | null;
  readonly promised: Consistency | null;
  /** Null where it was refused or interrupted. */
  readonly peace: InPeace | null;
  readonly faults: UnderFaults | null;
}

export interface Comparison {
  readonly service: string;
  readonly requests: { readonly updates: number; readonly queries: number; readonly clients: number };
  readonly replicas: number;
  /** Least and most ms of a frame. */
  readonly delay: readonly [number, number];
  /** ms. */
  readonly timeout: number;
  readonly seed: number;
  readonly faults: readonly string[];
  readonly variants: readonly Compared[];
  readonly interrupted: boolean;
}
