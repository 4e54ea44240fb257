/**
 * Convergence (CC-4): replicas that have had the same updates are in the same state. Whether they have had them is for
 * the caller to know: it asks when nothing is under way.
 */
import type { Json } from './history.js';
import { textOf } from './json.js';
import type { CheckVerdict } from './verdict.js';

/** The state, or a digest of it; the same of the two for all. */
export type ReplicaState =
  | { readonly replica: string; readonly state: Json }
  | { readonly replica: string; readonly digest: string };

/** Texts are cut here, so that a sentence stays one. */
const LONGEST = 60;

/** Violated, the part is two replicas; the impossible one is of those that fewer others agree with. */
export function converged(states: readonly ReplicaState[]): CheckVerdict<ReplicaState> {
  const property = 'convergence';
  const camps = new Map<string, ReplicaState[]>();
  for (const one of states) {
    const text = 'digest' in one ? one.digest : textOf(one.state);
    camps.set(text, [...(camps.get(text) ?? []), one]);
  }
  const [most, ...others] = [...camps].sort(([, a], [, b]) => b.length - a.length);
  const [fewest] = others.reverse();
  const [left] = most?.[1] ?? [];
  const [right] = fewest?.[1] ?? [];
  if (most === undefined || fewest === undefined || left === undefined || right === undefined)
    return { property, verdict: 'holds' };
  const why = `${camp(fewest)}, and ${camp(most)}${camps.size > 2 ? `; there are ${camps.size} different states` : ''}.`;
  return { property, verdict: 'violated', part: [left, right], impossible: right, why };
}

function camp([text, replicas]: readonly [string, readonly ReplicaState[]]): string {
  const names = replicas.map(({ replica }) => replica).join(', ');
  const state = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
  return `${names} ${replicas.length === 1 ? 'is' : 'are'} at ${state}`;
}
