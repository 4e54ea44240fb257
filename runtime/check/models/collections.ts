/**
 * Queues, stacks, sets and locks.
 */
import type { Json } from '../history.js';
import { isList, textOf } from '../json.js';
import { type Cell, keyed } from './keyed.js';

/** Begins empty, or with the values given, the first one first, whatever the key. */
export const queue = keyed<readonly Json[]>(
  {
    name: 'queue',
    operations: {
      enqueue: 'The input is put at the end. Returns null.',
      dequeue: 'Takes the first value and returns it; returns null where there is none.',
    },
    queries: new Set(),
    shape: 'queue',
    shapedBy: { put: 'enqueue', take: 'dequeue' },
    apply(values, { op, input }) {
      if (op === 'enqueue') return { state: [...values, input], output: null };
      const [first] = values;
      return first === undefined ? { state: values, output: null } : { state: values.slice(1), output: first };
    },
    text: textOf,
  },
  (given = []) => [listed('queue', given)],
);

/** Begins empty, or with the values given, the last one on top, whatever the key. */
export const stack = keyed<readonly Json[]>(
  {
    name: 'stack',
    operations: {
      push: 'The input is put on top. Returns null.',
      pop: 'Takes the value on top and returns it; returns null where there is none.',
    },
    queries: new Set(),
    shape: 'stack',
    shapedBy: { put: 'push', take: 'pop' },
    apply(values, { op, input }) {
      if (op === 'push') return { state: [...values, input], output: null };
      const top = values.at(-1);
      return top === undefined ? { state: values, output: null } : { state: values.slice(0, -1), output: top };
    },
    text: textOf,
  },
  (given = []) => [listed('stack', given)],
);

/** The texts of the values that are in. Begins empty, or with the values given, whatever the key. */
export const set = keyed<ReadonlySet<string>>(
  {
    name: 'set',
    operations: {
      add: 'Puts the input in. Returns whether it was not there; null does not tell.',
      remove: 'Takes the input out. Returns whether it was there; null does not tell.',
      contains: 'Returns whether the input is there.',
    },
    queries: new Set(['contains']),
    untold: new Set(['add', 'remove']),
    apply(values, { op, input }) {
      const value = textOf(input);
      const there = values.has(value);
      if (op === 'contains') return { state: values, output: there };
      if (op === 'add') return { state: there ? values : new Set(values).add(value), output: !there };
      return { state: there ? new Set([...values].filter((one) => one !== value)) : values, output: there };
    },
    text: (values) => [...values].sort().join(),
  },
  (given = []) => [new Set(listed('set', given).map(textOf))],
);

const lock: Cell<boolean> = {
  name: 'mutex',
  operations: {
    acquire: 'Takes the lock where it is free. Returns whether it did; null says that it did.',
    release: 'Gives the lock back where it is held. Returns whether it was held; null says that it was.',
  },
  queries: new Set(),
  apply(held, { op, output }) {
    const done = held === (op === 'release');
    return { state: done ? op === 'acquire' : held, output: done && output === null ? null : done };
  },
  text: String,
};

/** Begins free, or held where true is given, whatever the key. Who holds it does not matter. */
export const mutex = keyed<boolean>(lock, (given = false) => {
  if (typeof given !== 'boolean') throw new RangeError('A mutex begins with true where it is held, or false.');
  return [given];
});

function listed(name: string, given: Json): readonly Json[] {
  if (isList(given)) return given;
  throw new RangeError(`A ${name} begins with a list of values.`);
}
