import type { Effect } from './effects.js';

/** What did not fit the state, counted by name: one effect for each reason that occurred. */
export function discarded(event: string, counts: Readonly<Record<string, number>>): Effect[] {
  const effects: Effect[] = [];
  for (const reason in counts) {
    const count = counts[reason] ?? 0;
    if (count > 0) effects.push({ type: 'discard', event, reason, count });
  }
  return effects;
}
