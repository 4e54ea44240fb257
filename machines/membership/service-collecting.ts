/**
 * What the replica of the membership service that leads does about what it has heard: it makes the members of a group report whose
 * view has to change, round after round, until the change can be proposed.
 */
import { senderNode } from '../shared/identifiers.js';
import { mapEntries, mapGet } from '../shared/persistent-map.js';
import { firstView } from '../shared/view.js';
import { type Change, type Entry, firstIdAt, opening } from './directory.js';
import type { Flush } from './messages.js';
import {
  type MembershipContext,
  memberAddress,
  type Request,
  rule,
  seesMajority,
  setCollection,
  type Turn,
  tell,
} from './service-replica.js';
import { refuseForNow } from './service-requests.js';
import { type Collection, decreeOf, expired, isWanted, suspectsOf, toFlush } from './view-change.js';

type Known = Pick<MembershipContext, 'collections' | 'directory' | 'requests' | 'agreement'>;

/** The groups whose view has to change. */
function* wanted({ collections, directory }: Known): Generator<readonly [Entry, Collection]> {
  for (const [name, collection] of mapEntries(collections)) {
    const entry = mapGet(directory.groups, name);
    if (entry !== undefined && isWanted(entry, collection)) yield [entry, collection];
  }
}

export const isAnyWanted = (known: Known): boolean => !wanted(known).next().done;

/** The change that can be proposed now, if any: a group to be made or unmade, or a view that can end. */
export function nextChange(known: Known): Change | null {
  const [request] = known.requests;
  if (request !== undefined) return changeOf(request, known.agreement.slot);
  for (const [entry, collection] of wanted(known)) {
    const decree = decreeOf(entry, collection);
    if (decree !== null) return { kind: 'view', decree };
  }
  return null;
}

function changeOf({ kind, wish }: Request, slot: number): Change {
  if (kind === 'destroy') return { kind, group: wish.group };
  const id = firstIdAt(slot);
  const { group, members } = firstView(wish.group, wish.members);
  const view = { group, id, members: members.map((member) => ({ ...member, since: id })) };
  return { kind, decree: opening(view), static: wish.static, madeBy: wish.id };
}

export const mustFlush = (known: Known): boolean => {
  for (const [entry, collection] of wanted(known)) if (toFlush(entry, collection).length > 0) return true;
  return false;
};

/** A change is wanted: the members of that group have a whole round to report in. */
export const beginRound = (turn: Turn) =>
  rule(turn, (step) => {
    for (const [entry, collection] of wanted(step))
      setCollection(step, entry.decree.view.group, { ...collection, rounds: Math.max(1, collection.rounds) });
  });

export const flush = (turn: Turn) =>
  rule(turn, (step) => {
    for (const [entry, collection] of wanted(step)) {
      const { group, id: view } = entry.decree.view;
      const suspects = suspectsOf(entry, collection);
      const asked = toFlush(entry, collection);
      const item: Flush = { group, view, suspects };
      for (const member of asked) tell(step, memberAddress(group, senderNode(member)), 'flush', item);
      const told = Object.fromEntries(asked.map((member) => [member, suspects]));
      setCollection(step, group, { ...collection, flushed: { ...collection.flushed, ...told } });
    }
  });

export const endRound = (turn: Turn) =>
  rule(turn, (step) => {
    for (const [entry, collection] of wanted(step))
      setCollection(step, entry.decree.view.group, expired(entry, collection));
    if (!seesMajority(step)) refuseForNow(step);
  });
