/**
 * Counters: numbers that are added to.
 */
import type { Operation } from '../history.js';
import { OperationError } from '../model.js';
import { keyed } from './keyed.js';

/** Begins with 0, or with the number given, whatever the key. */
export const counter = keyed<number>(
  {
    name: 'counter',
    operations: {
      read: 'Returns the number.',
      add: 'The input is added. Returns the new number; null does not tell.',
      addAndGet: 'The input is added. Returns the new number.',
    },
    queries: new Set(['read']),
    untold: new Set(['add']),
    apply(value, operation) {
      const sum = operation.op === 'read' ? value : value + amount(operation);
      return { state: sum, output: sum };
    },
    text: String,
  },
  (given = 0) => {
    if (typeof given !== 'number') throw new RangeError('A counter begins with a number.');
    return [given];
  },
);

function amount({ op, input }: Operation): number {
  if (typeof input === 'number') return input;
  throw new OperationError('input', `The input of ${op} must be a number.`);
}
