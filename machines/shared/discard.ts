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

/** The change of context by an event that this machine has no rule for, in this state or in any. */
export function unfit(event: { readonly type: string; readonly items?: readonly unknown[] }): {
  readonly effects: readonly Effect[];
} {
  return { effects: discarded(event.type, { unfit: event.items?.length ?? 1 }) };
}
