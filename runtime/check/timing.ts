/**
 * When operations were under way, in columns, as the algorithms need them. One operation comes before another when it
 * returned before the other's call, or when both are of one process, which performed them in this order. The two differ
 * where a process goes on at the very instant at which its operation returned: such operations are ordered, though
 * those of other processes at that instant are concurrent with both.
 *
 * Two orders of time alone enclose that one. The *weak* order does not know of processes. The *strong* order unfolds an
 * instant: calls by processes that were idle, the returns after which a process goes on, the calls by which it does so,
 * and so on, and last the other returns. It orders no operations that it should not, unless two processes go on at one
 * instant: then it is stronger than the truth.
 */
import type { Operation } from './history.js';
import { inProgramOrder, returnOf } from './program-order.js';

export interface Timing {
  /** Operation i comes before j in this order when returned[i] < called[j]. */
  readonly called: Float64Array;
  readonly returned: Float64Array;
}

/** The strong order, by place in `operations`, and whether it is the true one. */
export function strongOrder(operations: readonly Operation[]): Timing & { readonly exact: boolean } {
  const { called, returned } = weakOrder(operations);
  const before = predecessors(operations);
  const depth = new Int32Array(operations.length);
  const goesOn = new Int32Array(operations.length);
  const goers = new Map<number, number | string>();
  let exact = true;
  let deepest = 0;
  for (const i of inProgramOrder(operations)) {
    const j = before[i] ?? -1;
    if (j < 0) continue;
    const at = called[i] as number; // i is a place in it
    const { process } = operations[i] as Operation;
    exact &&= (goers.get(at) ?? process) === process;
    goers.set(at, process);
    depth[i] = (called[j] === at ? (depth[j] ?? 0) : 0) + 1;
    goesOn[j] = depth[i] ?? 0;
    deepest = Math.max(deepest, depth[i] ?? 0);
  }
  if (deepest > 0) unfold({ called, returned }, depth, goesOn, 2 * deepest + 1);
  return { called, returned, exact };
}

/** Each time becomes its rank times the places that an instant has, and the place in the instant. */
function unfold({ called, returned }: Timing, depth: Int32Array, goesOn: Int32Array, last: number): void {
  const ranks = new Map<number, number>();
  const times = new Float64Array(2 * called.length);
  times.set(called);
  times.set(returned, called.length);
  for (const time of times.sort()) {
    if (!ranks.has(time)) ranks.set(time, ranks.size * (last + 1));
  }
  for (let i = 0; i < called.length; i++) {
    const [call = 0, back = 0] = [called[i], returned[i]];
    const next = goesOn[i] ?? 0;
    called[i] = (ranks.get(call) ?? 0) + 2 * (depth[i] ?? 0);
    if (back !== Number.POSITIVE_INFINITY) returned[i] = (ranks.get(back) ?? 0) + (next > 0 ? 2 * next - 1 : last);
  }
}

export function weakOrder(operations: readonly Operation[]): Timing {
  return {
    called: Float64Array.from(operations, ({ call }) => call),
    returned: Float64Array.from(operations, returnOf),
  };
}

/** That of some operations only. */
export function timingOf({ called, returned }: Timing, places: readonly number[]): Timing {
  return {
    called: Float64Array.from(places, (i) => called[i] ?? 0),
    returned: Float64Array.from(places, (i) => returned[i] ?? 0),
  };
}

/** For each operation the place of that of the same process which returned at the instant of its call; or -1. */
export function predecessors(operations: readonly Operation[]): Int32Array {
  const before = new Int32Array(operations.length).fill(-1);
  const last = new Map<number | string, number>();
  for (const i of inProgramOrder(operations)) {
    const { process, call } = operations[i] as Operation; // i is a place in it
    const j = last.get(process);
    if (j !== undefined && operations[j]?.return === call) before[i] = j;
    last.set(process, i);
  }
  return before;
}
