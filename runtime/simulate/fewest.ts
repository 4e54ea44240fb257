/**
 * Delta debugging: of a list that fails, a part that still fails and of which nothing can be left out (Zeller &
 * Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).
 */

/** Whether a run with this still fails; it pauses now and then. */
export type Fails<Candidate> = (candidate: Candidate) => Generator<void, boolean>;

/**
 * Leaves out everything, or else halves, quarters and so on, and single things last, the later ones first. What is kept
 * stays in its order. `items` itself is known to fail.
 */
export function* fewest<Item>(items: readonly Item[], fails: Fails<readonly Item[]>): Generator<void, readonly Item[]> {
  if (items.length === 0 || (yield* fails([]))) return [];
  let kept = items;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let end = kept.length; end > 0; end -= size) {
      const rest = [...kept.slice(0, Math.max(0, end - size)), ...kept.slice(end)];
      if (rest.length > 0 && (yield* fails(rest))) kept = rest;
    }
  }
  return kept;
}
