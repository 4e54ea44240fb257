/**
 * A model: an object as one correct copy of it would be, which takes operations one after another. Histories are judged
 * against it. Models are deterministic and their states are never altered in place.
 */
import type { Json, Operation } from './history.js';

export interface Model<State = unknown> {
  readonly name: string;
  /** What operations there are, each with a sentence on its key, input and output. */
  readonly operations: Readonly<Record<string, string>>;
  /** Errors: RangeError when `given` is no state of this object. */
  initial(given?: Json): State;
  /** The next state, and what the operation returns. Errors: RangeError for what is no operation of this object. */
  apply(state: State, operation: Operation): { readonly state: State; readonly output: Json };
  /** It leaves every state as it is. */
  reads(operation: Operation): boolean;
  /** The same text exactly for equal states. */
  text(state: State): string;
  /**
   * The part of the object that an operation is about: operations on different parts never touch. null: it is about
   * the whole. Absent where the object has no parts.
   */
  part?(operation: Operation): string | null;
  /** Objects for which there are near-linear algorithms where every written value is unique. */
  readonly shape?: 'register' | 'queue' | 'stack';
}
