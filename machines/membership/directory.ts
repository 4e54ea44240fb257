/**
 * What the membership service agrees on: the groups, and of each the last decree, which says its view and how that came to be.
 * The directory is as of a slot: change number 1 makes slot 1 of what was known from the start, and every replica that
 * has applied the changes up to a slot has the same. No more than the last decree of a group is needed: who goes on in a view has
 * reported in the one before, so nobody who is in a view is more than one behind it (and who is not in it has no use for it).
 */
import { type GroupName, incarnationOf, type SenderId, senderNode } from '../shared/identifiers.js';
import {
  emptyMap,
  mapDelete,
  mapEntries,
  mapGet,
  mapOf,
  mapSet,
  type PersistentMap,
} from '../shared/persistent-map.js';
import { fields, flag, listOf, natural, oneOf, optional, type Shape, text } from '../shared/shapes.js';
import { isMember, type View } from '../shared/view.js';
import { type Decree, decreeShape } from './messages.js';

export interface Entry {
  /** The last decree: its view is the group's. */
  readonly decree: Decree;
  /** Nobody joins, leaves or is evicted. */
  readonly static: boolean;
  /** The number of the group's first view. */
  readonly first: number;
  /** The id of the wish that made the group; null when it was known from the start. */
  readonly madeBy: string | null;
  /** Who has left or was evicted, the latest last, one of each node: these incarnations and earlier ones never come back. */
  readonly past: readonly SenderId[];
}

export interface Directory {
  /** Changes that have been made. */
  readonly slot: number;
  readonly groups: PersistentMap<Entry>;
}

/** One change of the directory: what a slot decides. */
export type Change =
  | { readonly kind: 'view'; readonly decree: Decree }
  | { readonly kind: 'create'; readonly decree: Decree; readonly static: boolean; readonly madeBy: string }
  | { readonly kind: 'destroy'; readonly group: GroupName };

/** The directory as it crosses the wire and is kept. */
export interface DirectoryCopy {
  readonly slot: number;
  readonly entries: readonly Entry[];
}

/**
 * Nodes of which a group remembers that they have left. A wish of a node that is forgotten could only be an old one
 * that was under way while so many others left.
 */
const REMEMBERED_PAST = 256;

export const changeShape: Shape = (value) =>
  fields({ kind: oneOf('view'), decree: decreeShape })(value) ||
  fields({ kind: oneOf('create'), decree: decreeShape, static: flag, madeBy: text })(value) ||
  fields({ kind: oneOf('destroy'), group: text })(value);
const entryShape: Shape = fields({
  decree: decreeShape,
  static: flag,
  first: natural,
  madeBy: (value) => value === null || text(value),
  past: listOf(text),
});
export const directoryShape: Shape = fields({ slot: natural, entries: listOf(entryShape) });
const proposalShape: Shape = fields({ ballot: natural, change: changeShape });
export const promiseShape: Shape = fields({
  ballot: natural,
  slot: natural,
  accepted: (value) => value === null || proposalShape(value),
  directory: optional(directoryShape),
});

export const directoryOf = (groups: readonly { readonly view: View; readonly static: boolean }[]): Directory => ({
  slot: 0,
  groups: mapOf(
    groups.map(({ view, static: fixed }) => [
      view.group,
      { decree: opening(view), static: fixed, first: view.id, madeBy: null, past: [] },
    ]),
  ),
});

/** The decree of a first view: nothing came before it. */
export const opening = (view: View): Decree => ({ view, cut: {}, unsettled: {} });

export const entryOf = ({ groups }: Directory, group: GroupName): Entry | undefined => mapGet(groups, group);

export const entries = ({ groups }: Directory): Entry[] => [...mapEntries(groups)].map(([, entry]) => entry);

export const copyOf = (directory: Directory): DirectoryCopy => ({
  slot: directory.slot,
  entries: entries(directory),
});

export const fromCopy = ({ slot, entries: copied }: DirectoryCopy): Directory => ({
  slot,
  groups: copied.length === 0 ? emptyMap() : mapOf(copied.map((entry) => [entry.decree.view.group, entry])),
});

/**
 * The first view of a group that is made in this slot. A group gets at most one view a slot, so no earlier group of the
 * same name has had a view with this number.
 */
export const firstIdAt = (slot: number): number => slot + 1;

/** GM-1, GM-4: the directory after the next slot's change. One that does not fit what stands changes nothing. */
export function applied(directory: Directory, change: Change): Directory {
  const slot = directory.slot + 1;
  return { slot, groups: groupsAfter(directory.groups, change) };
}

function groupsAfter(groups: PersistentMap<Entry>, change: Change): PersistentMap<Entry> {
  if (change.kind === 'destroy') return mapDelete(groups, change.group);
  const { decree } = change;
  const before = mapGet(groups, decree.view.group);
  if (change.kind === 'create') {
    if (before !== undefined) return groups;
    const entry: Entry = {
      decree,
      static: change.static,
      first: decree.view.id,
      madeBy: change.madeBy,
      past: [],
    };
    return mapSet(groups, decree.view.group, entry);
  }
  if (before === undefined || decree.view.id !== before.decree.view.id + 1) return groups;
  const gone = before.decree.view.members.map(({ id }) => id).filter((id) => !isMember(decree.view, id));
  return mapSet(groups, decree.view.group, { ...before, decree, past: withPast(before.past, gone) });
}

function withPast(past: readonly SenderId[], gone: readonly SenderId[]): readonly SenderId[] {
  if (gone.length === 0) return past;
  const nodes = new Set(gone.map(senderNode));
  return [...past.filter((id) => !nodes.has(senderNode(id))), ...gone].slice(-REMEMBERED_PAST);
}

/** GM-3: this incarnation is out of the group for good: it, or a later one of its node, has been in. */
export function isOver({ decree, past }: Entry, id: SenderId): boolean {
  const node = senderNode(id);
  const incarnation = incarnationOf(id);
  return (
    past.some((other) => senderNode(other) === node && incarnationOf(other) >= incarnation) ||
    decree.view.members.some((other) => senderNode(other.id) === node && incarnationOf(other.id) > incarnation)
  );
}
