/**
 * What the near-linear algorithms ask for: an object that is used by its two shaping operations only, and of which no
 * value is put twice.
 */
import type { Operation } from './history.js';
import { textOf } from './json.js';
import type { Question } from './question.js';

export interface Values {
  /** By value, as a text: the place of the operation that put it. */
  readonly puts: ReadonlyMap<string, number>;
  /** The places of the operations that take. */
  readonly takes: readonly number[];
  /** What an operation that takes would return at first, as a text. */
  readonly first: string;
}

/** undefined: there is another operation, a second object or a value that is put twice, or there from the start. */
export function uniqueValues({ model, initial, operations }: Question): Values | undefined {
  const { shapedBy } = model;
  const example = operations.find(({ op }) => op === shapedBy?.take);
  if (shapedBy === undefined || (model.shape !== 'register' && model.shape !== 'queue')) return undefined;
  const first = textOf(example === undefined ? null : model.apply(initial, example).output);
  const puts = new Map<string, number>();
  const takes: number[] = [];
  const key = operations[0]?.key;
  for (const [i, operation] of operations.entries()) {
    if (operation.key !== key) return undefined;
    if (operation.op === shapedBy.take) takes.push(i);
    else if (operation.op !== shapedBy.put || !addNew(puts, operation, i)) return undefined;
  }
  return puts.has(first) ? undefined : { puts, takes, first };
}

function addNew(puts: Map<string, number>, { input }: Operation, i: number): boolean {
  const value = textOf(input);
  if (puts.has(value)) return false;
  puts.set(value, i);
  return true;
}
