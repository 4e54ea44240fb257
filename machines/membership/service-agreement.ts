/**
 * What the replicas of the membership service tell each other, and what each makes of it. An acceptor says what it has promised or
 * accepted only when that is safe. It says that it has accepted to the other replicas, which so learn what is decided
 * without being told by the leader, and to the members and observers: a decree takes them two delays from its proposal.
 */
import type { Effect, Incoming } from '../shared/effects.js';
import { type Address, nodeOf } from '../shared/identifiers.js';
import { mapDelete, mapEntries, mapGet } from '../shared/persistent-map.js';
import { fields, type MessageShapes, natural } from '../shared/shapes.js';
import { memberNodes } from '../shared/view.js';
import {
  type Agreement,
  accepting,
  advanced,
  agreementOf,
  campaigning,
  decidedChange,
  foundChange,
  hearing,
  type Promised,
  promising,
  type SlotProposal,
  withPromise,
} from './agreement.js';
import {
  applied,
  type Change,
  changeShape,
  copyOf,
  type Directory,
  type DirectoryCopy,
  directoryShape,
  entries,
  entryOf,
  fromCopy,
  promiseShape,
} from './directory.js';
import { type Accepted, membershipAt } from './messages.js';
import { nextChange } from './service-collecting.js';
import {
  audience,
  discard,
  type KeptRecord,
  leads,
  memberAddress,
  otherReplicas,
  persist,
  rule,
  ruleForEach,
  type Step,
  setCollection,
  tell,
  watch,
} from './service-replica.js';
import { answerRequests, claimSuspected, refuseForNow } from './service-requests.js';
import { afterDecision } from './view-change.js';

/** Phase 1: from who wants to lead. */
export interface Prepare {
  readonly ballot: number;
  readonly slot: number;
}
/** The answer to a ballot that is too low. */
export interface Outbid {
  readonly ballot: number;
}
/** From a replica that sees that it lags: the slot that it is in. */
export interface Behind {
  readonly slot: number;
}

const slotProposalShape = fields({ slot: natural, ballot: natural, change: changeShape });

/** `accept`: phase 2, from the leader. `acceptance`: its answer, to all. `directory`: to a replica that lags. */
export const agreementShapes = {
  prepare: fields({ ballot: natural, slot: natural }),
  promised: promiseShape,
  outbid: fields({ ballot: natural }),
  accept: slotProposalShape,
  acceptance: slotProposalShape,
  behind: fields({ slot: natural }),
  directory: directoryShape,
} as const satisfies MessageShapes;

export type AgreementEvent =
  | Incoming<'prepare', Prepare>
  | Incoming<'promised', Promised>
  | Incoming<'outbid', Outbid>
  | Incoming<'accept', SlotProposal>
  | Incoming<'acceptance', SlotProposal>
  | Incoming<'behind', Behind>
  | Incoming<'directory', DirectoryCopy>
  | Incoming<'persisted', number>;

const to = (place: Address, type: string, item: unknown): Effect => ({
  type: 'send',
  to: place,
  message: { type, items: [item] },
  channel: 'fifo',
});

/** A rule for what another replica says; anybody else has no say. */
const fromReplica = <Item>(work: (step: Step, item: Item, from: Address) => void) =>
  ruleForEach<Item>((step, item, from) => {
    const node = nodeOf(from);
    if (from === membershipAt(node) && step.input.service.includes(node)) work(step, item, from);
    else discard(step, 'from no replica');
  });

// --- what is kept ------------------------------------------------------------------------------------------------------

/** The first start: nothing is said before a record says that this replica has been here. */
export const begin = rule<Incoming<'recovered'>>((step) => {
  persist(step, null);
  watch(step);
});

/** The last record tells all; what was decided later this replica hears again from others. */
export const recover = rule<Incoming<'recovered'>>((step, { items }) => {
  const record = items[items.length - 1] as unknown as KeptRecord; // written by `persist` above, and by nobody else
  const { slot, promised, accepted } = record;
  step.directory = fromCopy(record);
  step.agreement = agreementOf(step.input.node, step.input.service, { slot: slot + 1, promised, accepted });
  watch(step);
});

/** What waited for these records may be said now; its own votes count from now on. */
export const takePersisted = rule<Incoming<'persisted', number>>((step, { items }) => {
  const last = Math.max(...items);
  const { node } = step.input;
  for (const { number, effects, vote } of step.unsafe) {
    if (number > last) continue;
    step.effects.push(...effects);
    if (vote === null) continue;
    step.agreement = 'change' in vote ? hearing(step.agreement, node, vote) : withPromise(step.agreement, node, vote);
  }
  step.unsafe = step.unsafe.filter(({ number }) => number > last);
  settle(step);
});

// --- phase 1 -----------------------------------------------------------------------------------------------------------

export const campaign = rule((step) => {
  const agreement = campaigning(step.agreement);
  step.agreement = agreement;
  const { accepted, slot } = agreement;
  const { ballot } = agreement.campaign;
  const prepare: Prepare = { ballot, slot };
  persist(step, {
    effects: otherReplicas(step).map((replica) => to(replica, 'prepare', prepare)),
    vote: { ballot, slot, accepted },
  });
});

export const takePrepare = fromReplica<Prepare>((step, { ballot, slot }, from) => {
  const next = promising(step.agreement, ballot);
  if (next === null) return outbid(step, from);
  step.agreement = next;
  const promise: Promised = {
    ballot,
    slot: next.slot,
    accepted: next.accepted,
    ...(next.slot > slot ? { directory: copyOf(step.directory) } : {}),
  };
  persist(step, { effects: [to(from, 'promised', promise)], vote: null });
});

export const takePromised = fromReplica<Promised>((step, promise, from) => {
  if (promise.directory !== undefined) adopt(step, promise.directory);
  if (step.agreement.campaign?.ballot !== promise.ballot) return discard(step, 'not for this ballot');
  step.agreement = withPromise(step.agreement, nodeOf(from), promise);
});

function outbid(step: Step, from: Address): void {
  const item: Outbid = { ballot: step.agreement.promised };
  tell(step, from, 'outbid', item);
}

export const takeOutbid = fromReplica<Outbid>((step, { ballot }) => {
  step.agreement = promising(step.agreement, ballot) ?? step.agreement;
});

/**
 * It leads: it brings up to date who lags, says again which views stand, and finishes what may have been decided already.
 */
export const lead = rule((step) => {
  const { campaign: won } = step.agreement;
  if (won === null) return;
  step.agreement = { ...step.agreement, campaign: { ...won, won: true } };
  for (const replica of otherReplicas(step)) {
    const promise = won.promises[nodeOf(replica)];
    if (promise !== undefined && promise.slot < step.agreement.slot)
      tell(step, replica, 'directory', copyOf(step.directory));
  }
  for (const { decree } of entries(step.directory)) {
    for (const place of audience(step, decree)) tell(step, place, 'decided', decree);
  }
  watch(step);
  const found = foundChange(step.agreement);
  if (found === null) answerRequests(step);
  else proposeChange(step, found);
});

/** It leads no longer, or never did: somebody has a higher ballot. Askers repeat their wishes to who leads now. */
export const stepDown = rule((step) => {
  for (const _ of step.requests) discard(step, 'no longer leads');
  step.requests = [];
  step.proposal = null;
  watch(step);
});

// --- phase 2 -----------------------------------------------------------------------------------------------------------

export const propose = rule((step) => {
  const change = nextChange(step);
  if (change !== null) proposeChange(step, change);
});

function proposeChange(step: Step, change: Change): void {
  const { campaign: own, slot } = step.agreement;
  if (own === null) return;
  step.proposal = change;
  const proposal: SlotProposal = { slot, ballot: own.ballot, change };
  for (const replica of otherReplicas(step)) tell(step, replica, 'accept', proposal);
  const next = accepting(step.agreement, proposal);
  if (typeof next === 'object') accept(step, next, proposal);
}

export const takeAccept = fromReplica<SlotProposal>((step, proposal, from) => {
  const next = accepting(step.agreement, proposal);
  if (next === 'outbid') outbid(step, from);
  else if (next === 'behind') behind(step, from);
  else if (next === 'past') tell(step, from, 'directory', copyOf(step.directory));
  else accept(step, next, proposal);
});

function accept(step: Step, next: Agreement, proposal: SlotProposal): void {
  step.agreement = next;
  const effects = otherReplicas(step).map((replica) => to(replica, 'acceptance', proposal));
  const { slot, ballot, change } = proposal;
  if (change.kind !== 'destroy') {
    const accepted: Accepted = { slot, ballot, decree: change.decree };
    effects.push(...audience(step, change.decree).map((place) => to(place, 'accepted', accepted)));
  }
  persist(step, { effects, vote: proposal });
}

export const takeAcceptance = fromReplica<SlotProposal>((step, proposal, from) => {
  if (proposal.slot > step.agreement.slot) return behind(step, from);
  step.agreement = hearing(step.agreement, nodeOf(from), proposal);
  settle(step);
});

/** Nothing came of the proposal yet: those who have not accepted it are asked again. */
export const repeatProposal = rule((step) => {
  const { agreement, proposal } = step;
  if (agreement.campaign === null || proposal === null) return;
  const { ballot } = agreement.campaign;
  const item: SlotProposal = { slot: agreement.slot, ballot, change: proposal };
  for (const replica of otherReplicas(step)) {
    if (agreement.heard[nodeOf(replica)]?.ballot !== ballot) tell(step, replica, 'accept', item);
  }
  refuseForNow(step);
});

// --- what is decided ---------------------------------------------------------------------------------------------------

function behind(step: Step, from: Address): void {
  const item: Behind = { slot: step.agreement.slot };
  tell(step, from, 'behind', item);
}

export const takeBehind = fromReplica<Behind>((step, { slot }, from) => {
  const { agreement, proposal, input } = step;
  if (agreement.slot <= slot) return discard(step, 'not ahead');
  tell(step, from, 'directory', copyOf(step.directory));
  const own = agreement.heard[input.node];
  if (own !== undefined) tell(step, from, 'acceptance', { ...own, slot: agreement.slot });
  if (proposal !== null && agreement.campaign !== null)
    tell(step, from, 'accept', { slot: agreement.slot, ballot: agreement.campaign.ballot, change: proposal });
});

export const takeDirectory = fromReplica<DirectoryCopy>((step, copy) => adopt(step, copy));

/** All that was decided up to a later slot. */
function adopt(step: Step, copy: DirectoryCopy): void {
  const before = step.directory;
  if (copy.slot > before.slot) {
    step.directory = fromCopy(copy);
    moveOn(step, before);
  } else discard(step, 'known');
}

/** Applies the slot's change when a majority has accepted it. */
function settle(step: Step): void {
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
