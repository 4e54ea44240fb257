/**
 * Many objects of one kind, each with a key of its own; without keys there is one. They never touch, so each key is a
 * part of its own.
 */
import type { Json, Operation } from '../history.js';
import { type Model, OperationError } from '../model.js';

/** One object of the kind. */
export interface Cell<State> {
  readonly name: string;
  readonly operations: Readonly<Record<string, string>>;
  /** Those that leave every state as it is. */
  readonly queries: ReadonlySet<string>;
  readonly untold?: ReadonlySet<string>;
  readonly shape?: 'register' | 'queue' | 'stack';
  readonly shapedBy?: { readonly put: string; readonly take: string };
  /** The very same state where nothing changes. The operation is one of `operations`. */
  apply(state: State, operation: Operation): { readonly state: State; readonly output: Json };
  text(state: State): string;
}

export interface Cells<State> {
  /** The state of those that no operation has changed yet. */
  readonly first: State;
  readonly firstText: string;
  readonly changed: ReadonlyMap<string | null, State>;
}

/** `initial` gives the first state of each object, and the states of those that begin otherwise. */
export function keyed<State>(
  cell: Cell<State>,
  initial: (given?: Json) => readonly [first: State, others?: ReadonlyMap<string | null, State>],
): Model<Cells<State>> {
  const { apply, text, queries, ...described } = cell;
  return {
    ...described,
    initial(given) {
      const [first, others] = initial(given);
      return { first, firstText: text(first), changed: others ?? new Map() };
    },
    apply(state, operation) {
      if (!Object.hasOwn(cell.operations, operation.op)) throw unknownOperation(cell, operation);
      const { key } = operation;
      const before = state.changed.get(key) ?? state.first;
      const after = apply(before, operation);
      if (after.state === before) return { state, output: after.output };
      const changed = new Map(state.changed).set(key, after.state);
      return { state: { first: state.first, firstText: state.firstText, changed }, output: after.output };
    },
    reads: ({ op }) => queries.has(op),
    text({ firstText, changed }) {
      const texts: string[] = [];
      for (const [key, state] of changed) {
        const own = text(state);
        if (own !== firstText) texts.push(`${JSON.stringify(key)}:${own}`);
      }
      return texts.length < 2 ? (texts[0] ?? '') : texts.sort().join();
    },
    part: ({ key }) => key,
  };
}

export const unknownOperation = (
  { name, operations }: { readonly name: string; readonly operations: Readonly<Record<string, string>> },
  { op }: Operation,
): OperationError =>
  new OperationError('op', `${op} is no operation of a ${name}, which has ${Object.keys(operations).join(', ')}.`);
