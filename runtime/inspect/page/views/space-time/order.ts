/** In what order the nodes' lines stand. */

/** Requests run down and answers up: who asks, who keeps copies, what serves them. */
const ranks: readonly RegExp[] = [/^fe-/, /^rm-/, /^sequencer$/, /^ms-/];

function rankOf(name: string): number {
  const rank = ranks.findIndex((each) => each.test(name));
  return rank < 0 ? ranks.length : rank;
}

/** Top down; those of one kind as one counts (rm-2 before rm-10). */
export const inLines = (names: readonly string[]): string[] =>
  [...names].sort((a, b) => rankOf(a) - rankOf(b) || a.localeCompare(b, 'en', { numeric: true }));
