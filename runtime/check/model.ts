/**
 * A model: an object as one correct copy of it would be, which takes operations one after another. Histories are judged
 * against it. Models are deterministic and their states are never altered in place.
 */
import type { Json, Operation } from './history.js';
import { equal } from './json.js';

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
  /** The same text exactly for equal states, among those that came of one initial state. */
  text(state: State): string;
  /**
   * The part of the object that an operation is about: operations on different parts never touch. Several: it ties
   * those together. null: it is about the whole. Absent where the object has no parts.
   */
  part?(operation: Operation): string | readonly string[] | null;
  /** Operations whose output a history may leave out: there null says nothing. */
  readonly untold?: ReadonlySet<string>;
  /** Objects for which there are near-linear algorithms where every written value is unique. */
  readonly shape?: 'register' | 'queue' | 'stack';
  /** Where it has a shape, the two operations that make it one: `put` puts its input in, `take` returns a value. */
  readonly shapedBy?: { readonly put: string; readonly take: string };
}

/** What a model throws for what is no operation of its object. */
export class OperationError extends RangeError {
  /** The field of the operation that is wrong. */
  readonly field: 'op' | 'key' | 'input';

  constructor(field: 'op' | 'key' | 'input', message: string) {
    super(message);
    this.name = 'OperationError';
    this.field = field;
  }
}

/** Whether an operation that would return `output` returned what the history tells of it. */
export function tells(model: Model, operation: Operation, output: Json): boolean {
  if (operation.output === null && model.untold?.has(operation.op) === true) return true;
  return equal(operation.output, output);
}

/** The same object, which begins with what a history says that it began with; undefined: with its own. */
export function begunWith<State>(model: Model<State>, initial: Json | undefined): Model<State> {
  return initial === undefined ? model : { ...model, initial: (given = initial) => model.initial(given) };
}
