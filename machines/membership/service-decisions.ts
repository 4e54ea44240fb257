/**
 * What a replica of the membership service makes of what is decided: it applies a slot's change, says so, and goes on to the next
 * slot. A replica that sees that it lags asks for the directory of one that does not.
 */
import type { Address } from '../shared/identifiers.js';
import { mapDelete, mapEntries, mapGet } from '../shared/persistent-map.js';
import { memberNodes } from '../shared/view.js';
import { advanced, decidedChange } from './agreement.js';
import { applied, type Change, copyOf, type Directory, type DirectoryCopy, entryOf, fromCopy } from './directory.js';
import {
  discard,
  fromReplica,
  type Heard,
  leads,
  memberAddress,
  type Step,
  setCollection,
  tell,
  watch,
} from './service-replica.js';
import { answerRequests, claimSuspected } from './service-requests.js';
import { afterDecision } from './view-change.js';

/** From a replica that sees that it lags: the slot that it is in. */
export interface Behind {
  readonly slot: number;
}

export function behind(step: Step, from: Address): void {
  const item: Behind = { slot: step.agreement.slot };
  tell(step, from, 'behind', item);
}

export const takeBehind = (turn: Heard<Behind>) =>
  fromReplica(turn, (step, { slot }, from) => {
    const { agreement, proposal, input } = step;
    if (agreement.slot <= slot) return discard(step, 'not ahead');
    tell(step, from, 'directory', copyOf(step.directory));
    const own = agreement.heard[input.node];
    if (own !== undefined) tell(step, from, 'acceptance', { ...own, slot: agreement.slot });
    if (proposal !== null && agreement.campaign !== null)
      tell(step, from, 'accept', { slot: agreement.slot, ballot: agreement.campaign.ballot, change: proposal });
  });

export const takeDirectory = (turn: Heard<DirectoryCopy>) => fromReplica(turn, (step, copy) => adopt(step, copy));

/** All that was decided up to a later slot. */
export function adopt(step: Step, copy: DirectoryCopy): void {
  const before = step.directory;
  if (copy.slot > before.slot) {
    step.directory = fromCopy(copy);
    moveOn(step, before);
  } else discard(step, 'known');
}

/** Applies the slot's change when a majority has accepted it. */
export function settle(step: Step): void {
  const change = decidedChange(step.agreement);
  if (change === null) return;
  const before = step.directory;
  step.directory = applied(before, change);
  if (leads(step)) announce(step, before, change);
  moveOn(step, before);
}

/** GM-5: observers are told by who leads too; members have it from the acceptors. */
function announce(step: Step, before: Directory, change: Change): void {
  if (change.kind !== 'destroy') {
    for (const observer of mapGet(step.observers, change.decree.view.group) ?? [])
      tell(step, observer, 'decided', change.decree);
    return;
  }
  const { group } = change;
  const view = entryOf(before, group)?.decree.view;
  const members = view === undefined ? [] : memberNodes(view).map((node) => memberAddress(group, node));
  const asked = step.requests.filter(({ kind, wish }) => kind === 'destroy' && wish.group === group);
  step.requests = step.requests.filter((request) => !asked.includes(request));
  const told = new Set([...members, ...(mapGet(step.observers, group) ?? []), ...asked.map(({ from }) => from)]);
  for (const place of told) tell(step, place, 'destroyed', { group });
}

/** Into the slot after the last that is decided. What was heard of views that have ended is dropped. */
function moveOn(step: Step, before: Directory): void {
  step.agreement = advanced(step.agreement, step.directory.slot + 1);
  step.proposal = null;
  for (const [name, collection] of mapEntries(step.collections)) {
    const entry = mapGet(step.directory.groups, name);
    if (entry === undefined) step.collections = mapDelete(step.collections, name);
    else if (entry.decree.view.id !== mapGet(before.groups, name)?.decree.view.id)
      setCollection(step, entry.decree.view.group, afterDecision(entry, collection));
  }
  for (const [name] of mapEntries(step.observers)) {
    if (mapGet(step.directory.groups, name) === undefined) step.observers = mapDelete(step.observers, name);
  }
  watch(step);
  claimSuspected(step);
  answerRequests(step);
}
