/**
 * The smallest part of something that still fails.
 */

/**
 * Leaves out of `whole`, which fails, what it can while the rest still fails: first all but the last few, then pieces,
 * then one after another. `fails` may say false where it does not know. What remains fails, and without any one of it
 * would not, where `fails` knows and a part of what does not fail does not fail either. What is left when it is over is
 * what it has come to.
 */
export function smallestPart<Item>(
  whole: readonly Item[],
  fails: (part: readonly Item[]) => boolean,
  isOver: () => boolean,
): readonly Item[] {
  let part = whole;
  for (let size = 1; size < whole.length && !isOver(); size *= 2) {
    const end = whole.slice(-size);
    if (!fails(end)) continue;
    part = end;
    break;
  }
  for (let size = part.length >> 1; size >= 1; size >>= 1) {
    for (let from = 0; from < part.length && !isOver(); ) {
      const rest = [...part.slice(0, from), ...part.slice(from + size)];
      if (rest.length > 0 && fails(rest)) part = rest;
      else from += size;
    }
  }
  return part;
}
