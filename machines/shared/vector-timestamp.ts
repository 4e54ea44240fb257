/**
 * Vector timestamps (Fidge 1988, Mattern 1989): for each process the number of its events that this one has seen.
 * a → b exactly when V(a) < V(b). Sparse: a process that is not named counts 0, so processes may come and go.
 */
export type VectorTimestamp = Readonly<Record<string, number>>;

/** How one timestamp stands to another. */
export type Comparison = 'before' | 'after' | 'equal' | 'concurrent';

export const emptyTimestamp: VectorTimestamp = {};

/** One more event of this process. */
export const advance = (stamp: VectorTimestamp, process: string): VectorTimestamp => ({
  ...stamp,
  [process]: (stamp[process] ?? 0) + 1,
});

/** The least timestamp that covers both. */
export function merge(a: VectorTimestamp, b: VectorTimestamp): VectorTimestamp {
  if (covers(a, b)) return a;
  const merged: Record<string, number> = { ...a };
  for (const process of Object.keys(b)) merged[process] = Math.max(merged[process] ?? 0, b[process] ?? 0);
  return merged;
}

/** Whether `a` has seen all that `b` has: V(a) ≥ V(b). */
export function covers(a: VectorTimestamp, b: VectorTimestamp): boolean {
  return Object.keys(b).every((process) => (a[process] ?? 0) >= (b[process] ?? 0));
}

export function compare(a: VectorTimestamp, b: VectorTimestamp): Comparison {
  const ahead = covers(a, b);
  const behind = covers(b, a);
  if (ahead) return behind ? 'equal' : 'after';
  return behind ? 'before' : 'concurrent';
}

export const happenedBefore = (a: VectorTimestamp, b: VectorTimestamp): boolean => compare(a, b) === 'before';

export const concurrent = (a: VectorTimestamp, b: VectorTimestamp): boolean => compare(a, b) === 'concurrent';
