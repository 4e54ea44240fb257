/**
 * The order in which operations were called, which within a process is the order in which it performed them.
 */
import type { Operation } from './history.js';

/** Places in `operations`, by call; of those of one instant, those that returned at once first, then as listed. */
export function inProgramOrder(operations: readonly Operation[]): Int32Array {
  const places = Int32Array.from(operations, (_, i) => i);
  return inOrder(operations) ? places : places.sort((a, b) => compare(operations, a, b));
}

function inOrder(operations: readonly Operation[]): boolean {
  for (let i = 1; i < operations.length; i++) {
    if (compare(operations, i - 1, i) > 0) return false;
  }
  return true;
}

function compare(operations: readonly Operation[], a: number, b: number): number {
  const one = operations[a] as Operation; // both are places in it
  const other = operations[b] as Operation;
  if (one.call !== other.call) return one.call - other.call;
  const [first, second] = [returnOf(one), returnOf(other)];
  return first === second ? a - b : first - second;
}

/** When it was over. */
export const returnOf = (operation: Operation): number => operation.return ?? Number.POSITIVE_INFINITY;
