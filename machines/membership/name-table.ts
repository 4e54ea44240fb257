/**
 * What a replica of the name service knows of one name: who is primary, who the members of its group are, and who answers reads.
 * Registrations and views come by different ways and in any order; the id of the view decides between them (GM-8).
 */
import { type Address, address, type NodeId, nodeOf, senderNode } from '../shared/identifiers.js';
import { emptyMap, type PersistentMap } from '../shared/persistent-map.js';
import type { View } from '../shared/view.js';
import type { Accepted, Decree } from './messages.js';
import type { Registration } from './name-messages.js';

export interface NameEntry {
  readonly primary: Registration | null;
  /** The view of the latest registration ever taken, -1 before the first: no older one is, even when there is no primary. */
  readonly latest: number;
  /** The latest view of the group of this name that is known to be decided; null if there is none. */
  readonly view: View | null;
  /** The view that comes next, with the replicas of the membership service that have accepted it so far. */
  readonly coming: { readonly accepted: Accepted; readonly by: readonly NodeId[] } | null;
  /** Replicas for reading that have enlisted themselves. */
  readonly enlisted: readonly Address[];
  /** Read look-ups answered so far: whose turn it is. */
  readonly turn: number;
  /** Who is told of each new primary. */
  readonly followers: PersistentMap<true>;
}

/** Replicas that enlist for one name at most: each is written to the list anew. */
export const ENLISTED = 64;

export const newEntry: NameEntry = {
  primary: null,
  latest: -1,
  view: null,
  coming: null,
  enlisted: [],
  turn: 0,
  followers: emptyMap(),
};

/** Nobody loses anything but a late registration's refusal if it is forgotten. */
export const isVacant = ({ primary, view, enlisted, followers }: NameEntry): boolean =>
  primary === null && (view === null || view.members.length === 0) && enlisted.length + followers.size === 0;

/**
 * No view is against it: the primary registered in a later one, or a member on its node has been there since that time or before. (A member
 * that entered afterwards is another incarnation, which does not know that it should be primary.)
 */
const stands = (view: View | null, registration: Registration): boolean =>
  view === null ||
  view.id < registration.view ||
  view.members.some(({ id, since }) => senderNode(id) === nodeOf(registration.address) && since <= registration.view);

export type Verdict = 'taken' | 'repeated' | 'outdated' | 'conflicting' | 'evicted';

/** The highest view wins. Two in the same view contradict each other: then the first stays. */
export function judge(entry: NameEntry, registration: Registration): Verdict {
  if (registration.view < entry.latest) return 'outdated';
  if (registration.view === entry.latest) {
    if (entry.primary === null) return 'outdated';
    return entry.primary.address === registration.address ? 'repeated' : 'conflicting';
  }
  return stands(entry.view, registration) ? 'taken' : 'evicted';
}

export const withPrimary = (entry: NameEntry, primary: Registration): NameEntry => ({
  ...entry,
  primary,
  latest: primary.view,
});

/** A decided view: whoever was evicted by it is no primary any more. */
export function withView(entry: NameEntry, { view }: Decree): NameEntry {
  const primary = entry.primary !== null && stands(view, entry.primary) ? entry.primary : null;
  const coming = entry.coming !== null && entry.coming.accepted.decree.view.id > view.id ? entry.coming : null;
  return { ...entry, primary, view, coming };
}

/**
 * One more replica of the membership service has accepted a decree: it is decided when `majority` have, under the same ballot.
 * Of several ballots the highest counts; were a lower one decided, `decided` says so.
 */
export function withAcceptance(entry: NameEntry, accepted: Accepted, by: NodeId, majority: number): NameEntry {
  const before = entry.coming;
  const order = before === null ? 1 : accepted.slot - before.accepted.slot || accepted.ballot - before.accepted.ballot;
  if (order < 0) return entry;
  const earlier = before === null || order > 0 ? [] : before.by;
  const all = earlier.includes(by) ? earlier : [...earlier, by];
  return all.length < majority ? { ...entry, coming: { accepted, by: all } } : withView(entry, accepted.decree);
}

/** Who answers reads: the members of the group that have its state, by seniority, then who has enlisted. */
export function readReplicas({ view, enlisted }: NameEntry, actor: string): Address[] {
  const members = view?.members.filter(({ full }) => full) ?? [];
  const derived = members.map(({ id }) => address(senderNode(id), actor));
  return [...derived, ...enlisted.filter((one) => !derived.includes(one))];
}

/** A node has ended for certain. Where a group has views, they say what follows; elsewhere it follows at once. */
export function withoutNode(entry: NameEntry, node: NodeId): NameEntry {
  const enlisted = entry.enlisted.filter((one) => nodeOf(one) !== node);
  const hasLost = entry.view === null && entry.primary !== null && nodeOf(entry.primary.address) === node;
  if (!hasLost && enlisted.length === entry.enlisted.length) return entry;
  return { ...entry, enlisted, primary: hasLost ? null : entry.primary };
}
