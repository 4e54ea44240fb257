/**
 * Registers, which hold any value, and a key-value store, which is a register of text for each key.
 */
import type { Json, Operation } from '../history.js';
import { equal, isList, isRecord, textOf } from '../json.js';
import { OperationError } from '../model.js';
import { keyed } from './keyed.js';

/** Begins with null, or with the value given, whatever the key. */
export const register = keyed<Json>(
  {
    name: 'register',
    operations: {
      read: 'Returns the value.',
      write: 'The input is the new value. Returns null.',
      cas: 'The input is [from, to]: writes `to` only where the value is `from`. Returns whether it did; null does not tell.',
    },
    queries: new Set(['read']),
    untold: new Set(['cas']),
    shape: 'register',
    shapedBy: { put: 'write', take: 'read' },
    apply(value, operation) {
      switch (operation.op) {
        case 'read':
          return { state: value, output: value };
        case 'write':
          return { state: equal(value, operation.input) ? value : operation.input, output: null };
        default:
          return compareAndSet(value, pair(operation));
      }
    },
    text: textOf,
  },
  (given = null) => [given],
);

/** Begins with a text for each key given; a key that nobody has put reads as the empty text. */
export const kv = keyed<string>(
  {
    name: 'kv',
    operations: {
      get: 'Returns the text of the key, "" where there is none.',
      put: 'The input is the new text. Returns null.',
      append: 'The input is put after the text that is there. Returns the new text; null does not tell.',
      cas: 'The input is [from, to]: puts `to` only where the text is `from`. Returns whether it did; null does not tell.',
    },
    queries: new Set(['get']),
    untold: new Set(['append', 'cas']),
    shape: 'register',
    shapedBy: { put: 'put', take: 'get' },
    apply(value, operation) {
      if (operation.key === null) throw new OperationError('key', `${operation.op} needs a key.`);
      switch (operation.op) {
        case 'get':
          return { state: value, output: value };
        case 'put':
          return { state: texts(operation, operation.input), output: null };
        case 'append': {
          const appended = value + texts(operation, operation.input);
          return { state: appended, output: appended };
        }
        default: {
          const [from, to] = pair(operation);
          return compareAndSet(value, [texts(operation, from), texts(operation, to)]);
        }
      }
    },
    text: JSON.stringify,
  },
  (given = {}) => {
    if (!isRecord(given)) throw new RangeError('A kv begins with an object of texts by key.');
    const entries = Object.entries(given).map(([key, value]) => {
      if (typeof value !== 'string') throw new RangeError(`A kv begins with texts, and ${key} is none.`);
      return [key, value] as const;
    });
    return ['', new Map(entries)];
  },
);

function compareAndSet<Value extends Json>(value: Value, [from, to]: readonly [Value, Value]) {
  return equal(value, from) ? { state: to, output: true } : { state: value, output: false };
}

function pair({ op, input }: Operation): readonly [from: Json, to: Json] {
  const [from, to] = isList(input) && input.length === 2 ? input : [];
  if (from !== undefined && to !== undefined) return [from, to];
  throw new OperationError('input', `The input of ${op} must be [from, to].`);
}

function texts({ op }: Operation, input: Json): string {
  if (typeof input === 'string') return input;
  throw new OperationError('input', `The input of ${op} must be a text.`);
}
