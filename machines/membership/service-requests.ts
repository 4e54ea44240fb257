/**
 * What members, joiners, observers, askers and the failure detector tell a replica of the membership service. Every replica
 * keeps what it hears of a group, so that a new leader knows it; only who leads answers.
 */
import type { Gone, Incoming } from '../shared/effects.js';
import {
  type Address,
  address,
  type GroupName,
  incarnationOf,
  type NodeId,
  nodeOf,
  type SenderId,
  senderNode,
} from '../shared/identifiers.js';
import { mapDelete, mapEntries, mapGet, mapSet } from '../shared/persistent-map.js';
import { fields, flag, type MessageShapes, natural, text } from '../shared/shapes.js';
import { isMember } from '../shared/view.js';
import { type Entry, entries, entryOf, isOver } from './directory.js';
import {
  type Created,
  type Creation,
  creationShape,
  type Decree,
  type Destruction,
  destructionShape,
  detectorActor,
  type Observe,
  observeShape,
  type Report,
  reportShape,
  type Suspicion,
  type Wish,
  wishShape,
} from './messages.js';
import {
  collectionOf,
  discard,
  type Heard,
  leads,
  MOST_OBSERVERS,
  MOST_REQUESTS,
  type Request,
  refuse,
  ruleForEach,
  type Step,
  setCollection,
  tell,
  tellOut,
} from './service-replica.js';
import { type Asked, type Collection, claimed, MOST_WISHES, trusted, withClaimsOf } from './view-change.js';

export const requestShapes = {
  report: reportShape,
  join: wishShape,
  leave: wishShape,
  observe: observeShape,
  create: creationShape,
  destroy: destructionShape,
  suspicion: fields({ node: text, incarnation: natural, suspected: flag }),
} as const satisfies MessageShapes;

export type RequestEvent =
  | Incoming<'report', Report>
  | Incoming<'join', Wish>
  | Incoming<'leave', Wish>
  | Incoming<'observe', Observe>
  | Incoming<'create', Creation>
  | Incoming<'destroy', Destruction>
  | Incoming<'suspicion', Suspicion>
  | Incoming<'gone', Gone>;

/** What is said of a group that there is; who leads refuses the others. */
const ofGroup = <Item extends { readonly group: GroupName }>(
  turn: Heard<Item>,
  work: (step: Step, item: Item, from: Address, entry: Entry) => void,
) =>
  ruleForEach(turn, (step, item, from) => {
    const entry = entryOf(step.directory, item.group);
    if (entry !== undefined) work(step, item, from, entry);
    else if (leads(step)) refuse(step, from, item.group, 'NO_GROUP');
    else discard(step, 'no such group');
  });

/** The same, of a member that speaks for itself. */
const ofMember = <Item extends Wish>(
  turn: Heard<Item>,
  work: (step: Step, item: Item, from: Address, entry: Entry) => void,
) =>
  ofGroup(turn, (step, item, from, entry) => {
    if (senderNode(item.member) === nodeOf(from)) work(step, item, from, entry);
    else discard(step, 'speaks for another');
  });

/** Only who leads answers. */
function answer(step: Step, to: Address, type: string, item: unknown): void {
  if (leads(step)) tell(step, to, type, item);
}

// --- members -----------------------------------------------------------------------------------------------------------

export const takeReport = (turn: Heard<Report>) =>
  ofMember(turn, (step, report, from, entry) => {
    const { group, member, view } = report;
    const { decree } = entry;
    const current = decree.view.id;
    const belongs = isMember(decree.view, member);
    if (view < current) return tellWhatFollows(step, from, report, decree);
    if (view === current && !belongs) return discard(step, 'no member');
    const collection = collectionOf(step, group);
    if (view > current && (view > current + 1 || !(belongs || asks(collection.joins, member))))
      return discard(step, 'not known here yet');
    const before = collection.reports[member];
    if (before !== undefined && isOvertaken(report, before)) return discard(step, 'overtaken');
    const kept: Collection = { ...collection, reports: { ...collection.reports, [member]: report } };
    setCollection(step, group, view === current ? withClaimsOf(entry, kept, report) : kept);
  });

/** GM-3, GM-4: a member that is one view behind needs the decree; who is further behind is not in the group any more. */
function tellWhatFollows(step: Step, to: Address, { group, member, view }: Report, decree: Decree): void {
  if (view === decree.view.id - 1 || isMember(decree.view, member)) answer(step, to, 'decided', decree);
  else tellEvicted(step, to, { group, member });
}

const tellEvicted = (step: Step, to: Address, { group, member }: Wish): void =>
  answer(step, to, 'evicted', { group, member });

/** What a member holds and sees never becomes less, so a report with less is an earlier one. */
function isOvertaken(report: Report, before: Report): boolean {
  if (report.view !== before.view) return report.view < before.view;
  return Object.entries(before.holds).some(([sender, upTo]) => (report.holds[sender as SenderId] ?? 0) < upTo);
}

const asks = (wishes: readonly Asked[], member: SenderId): boolean => wishes.some((wish) => wish.member === member);

function withWish(step: Step, wishes: readonly Asked[], wish: Asked): readonly Asked[] {
  if (asks(wishes, wish.member)) return wishes;
  if (wishes.length < MOST_WISHES) return [...wishes, wish];
  discard(step, 'too many wishes');
  return wishes;
}

/** GM-2. Who joins as a later incarnation of a member says with it that the earlier one is over. */
export const takeJoin = (turn: Heard<Wish>) =>
  ofMember(turn, (step, { group, member }, from, entry) => {
    const { view } = entry.decree;
    if (isMember(view, member)) return answer(step, from, 'decided', entry.decree);
    if (isOver(entry, member)) return tellEvicted(step, from, { group, member });
    if (entry.static) return leads(step) ? refuse(step, from, group, 'STATIC_GROUP') : undefined;
    const collection = collectionOf(step, group);
    const earlier = view.members.filter(({ id }) => senderNode(id) === senderNode(member));
    const known = earlier.reduce((now, { id }) => claimed(entry, now, { suspect: id, by: null }), collection);
    setCollection(step, group, { ...known, joins: withWish(step, known.joins, { member, from }) });
  });

export const takeLeave = (turn: Heard<Wish>) =>
  ofMember(turn, (step, { group, member }, from, entry) => {
    if (entry.static) return leads(step) ? refuse(step, from, group, 'STATIC_GROUP') : undefined;
    if (isOver(entry, member)) return tellEvicted(step, from, { group, member });
    if (!isMember(entry.decree.view, member)) return discard(step, 'no member');
    const collection = collectionOf(step, group);
    setCollection(step, group, { ...collection, leaves: withWish(step, collection.leaves, { member, from }) });
  });

// --- observers, and who makes groups -----------------------------------------------------------------------------------

/** GM-5, GM-6: the view that stands at once, and every later one. */
export const takeObserve = (turn: Heard<Observe>) =>
  ofGroup(turn, (step, { group }, from, { decree }) => {
    const known = mapGet(step.observers, group) ?? [];
    if (!known.includes(from)) {
      if (known.length >= MOST_OBSERVERS) return discard(step, 'too many observers');
      step.observers = mapSet(step.observers, group, [...known, from]);
    }
    tell(step, from, 'decided', decree);
  });

export const takeCreate = (turn: Heard<Creation>) =>
  ruleForEach(turn, (step, wish, from) => takeRequest(step, { kind: 'create', from, wish }));

export const takeDestroy = (turn: Heard<Destruction>) =>
  ruleForEach(turn, (step, wish, from) => takeRequest(step, { kind: 'destroy', from, wish }));

/** GM-1. One who follows does not keep it: done long after it was asked, it could undo what came between. */
function takeRequest(step: Step, request: Request): void {
  const same = (other: Request): boolean =>
    other.from === request.from && other.kind === request.kind && other.wish.group === request.wish.group;
  if (step.agreement.campaign === null) discard(step, 'does not lead');
  else if (step.requests.some(same)) discard(step, 'known');
  else if (step.requests.length >= MOST_REQUESTS) discard(step, 'too many requests');
  else step.requests = [...step.requests, request];
  answerRequests(step);
}

/** Answers those requests that need no slot, or have had theirs. */
export function answerRequests(step: Step): void {
  if (leads(step) && step.proposal === null)
    step.requests = step.requests.filter((request) => !isAnswered(step, request));
}

function isAnswered(step: Step, { kind, from, wish }: Request): boolean {
  const entry = entryOf(step.directory, wish.group);
  if (kind === 'destroy') {
    if (entry !== undefined && wish.view >= entry.first) return false;
    refuse(step, from, wish.group, 'NO_GROUP');
  } else {
    if (entry === undefined) return false;
    const created: Created = { id: wish.id, view: entry.decree.view };
    if (entry.madeBy === wish.id) tell(step, from, 'created', created);
    else refuse(step, from, wish.group, 'GROUP_EXISTS');
  }
  return true;
}

/** GM-7: nobody's wish can be granted now. Wishes stay for when they can; to make or unmake a group has to be asked again. */
export function refuseForNow(step: Step): void {
  for (const { decree } of entries(step.directory)) {
    const { group } = decree.view;
    const { joins, leaves } = collectionOf(step, group);
    for (const { from } of [...joins, ...leaves]) refuse(step, from, group, 'NO_MAJORITY');
  }
  for (const { from, wish } of step.requests) refuse(step, from, wish.group, 'NO_MAJORITY');
  step.requests = [];
}

// --- who is suspected --------------------------------------------------------------------------------------------------

export const takeSuspicion = (turn: Heard<Suspicion>) =>
  ruleForEach(turn, (step, { node, incarnation, suspected }, from) => {
    if (from !== address(step.input.node, detectorActor)) return discard(step, 'not from the own detector');
    if (!step.watched.includes(node)) return discard(step, 'not watched');
    const others = step.suspected.filter((other) => other !== node);
    if (suspected && others.length === step.suspected.length) makeUpFor(step, node); // it may be said again
    step.suspected = suspected ? [...others, node] : others;
    if (suspected) dropObserver(step, node);
    eachMember(step, node, (entry, collection, id) => {
      // A node that is silent is so in all its incarnations; one that is heard has only the one that is heard.
      if (suspected || incarnationOf(id) < incarnation) return claimed(entry, collection, { suspect: id, by: null });
      return trusted(collection, id);
    });
  });

/** The detector tells its opinion once, and it also holds for a view that comes later. */
export function claimSuspected(step: Step): void {
  for (const node of step.suspected) {
    eachMember(step, node, (entry, collection, id) => claimed(entry, collection, { suspect: id, by: null }));
  }
}

export const takeGone = (turn: Heard<Gone>) =>
  ruleForEach(turn, (step, { node, incarnation }) => {
    dropObserver(step, node);
    makeUpFor(step, node);
    step.requests = step.requests.filter(({ from }) => nodeOf(from) !== node);
    const over = (id: SenderId): boolean => senderNode(id) === node && incarnationOf(id) <= incarnation;
    eachMember(step, node, (entry, collection, id) =>
      over(id) ? claimed(entry, collection, { suspect: id, by: null }) : collection,
    );
    for (const [name, collection] of mapEntries(step.collections)) {
      const joins = collection.joins.filter(({ member }) => !over(member));
      if (joins.length < collection.joins.length) setCollection(step, name as GroupName, { ...collection, joins }); // its keys are the names of groups
    }
  });

/** What a replica was about to say of its acceptances may be lost with it, and no other says it in its place but who leads. */
function makeUpFor(step: Step, node: NodeId): void {
  if (leads(step) && step.input.service.includes(node)) tellOut(step);
}

function eachMember(
  step: Step,
  node: NodeId,
  change: (entry: Entry, collection: Collection, id: SenderId) => Collection,
): void {
  for (const entry of entries(step.directory)) {
    const { group, members } = entry.decree.view;
    for (const { id } of members) {
      if (senderNode(id) === node) setCollection(step, group, change(entry, collectionOf(step, group), id));
    }
  }
}

function dropObserver(step: Step, node: NodeId): void {
  for (const [group, all] of mapEntries(step.observers)) {
    const left = all.filter((observer) => nodeOf(observer) !== node);
    if (left.length === all.length) continue;
    step.observers = left.length === 0 ? mapDelete(step.observers, group) : mapSet(step.observers, group, left);
  }
}
