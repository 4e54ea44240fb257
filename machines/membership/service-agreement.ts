/**
 * What the replicas of the membership service tell each other, and what each makes of it. An acceptor says what it has promised or
 * accepted only when that is safe. It says that it has accepted to the other replicas, which so learn what is decided
 * without being told by the leader, and to the members and observers: a decree takes them two delays from its proposal.
 */
import type { Effect, Incoming } from '../shared/effects.js';
import { type Address, nodeOf } from '../shared/identifiers.js';
import { fields, type MessageShapes, natural } from '../shared/shapes.js';
import {
  type Agreement,
  accepting,
  agreementOf,
  campaigning,
  foundChange,
  hearing,
  type Promised,
  promising,
  type SlotProposal,
  withPromise,
} from './agreement.js';
import {
  type Change,
  changeShape,
  copyOf,
  type DirectoryCopy,
  directoryShape,
  entries,
  fromCopy,
  promiseShape,
} from './directory.js';
import type { Accepted } from './messages.js';
import { nextChange } from './service-collecting.js';
import { adopt, type Behind, behind, settle } from './service-decisions.js';
import {
  audience,
  discard,
  fromReplica,
  type Heard,
  type KeptRecord,
  otherReplicas,
  persist,
  rule,
  type Step,
  type Turn,
  tell,
  tellOut,
  watch,
} from './service-replica.js';
import { answerRequests, refuseForNow } from './service-requests.js';

/** Phase 1: from who wants to lead. */
export interface Prepare {
  readonly ballot: number;
  readonly slot: number;
}
/** The answer to a ballot that is too low. */
export interface Outbid {
  readonly ballot: number;
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

// --- what is kept ------------------------------------------------------------------------------------------------------

/** The first start: nothing is said before a record says that this replica has been here. */
export const begin = (turn: Turn<Incoming<'recovered'>>) =>
  rule(turn, (step) => {
    persist(step, null);
    watch(step);
  });

/** The last record tells all; what was decided later this replica hears again from others. */
export const recover = (turn: Turn<Incoming<'recovered'>>) =>
  rule(turn, (step, { items }) => {
    const record = items[items.length - 1] as unknown as KeptRecord; // written by `persist` above, and by nobody else
    const { slot, promised, accepted } = record;
    step.directory = fromCopy(record);
    step.agreement = agreementOf(step.input.node, step.input.service, { slot: slot + 1, promised, accepted });
    watch(step);
  });

/** What waited for these records may be said now; its own votes count from now on. */
export const takePersisted = (turn: Turn<Incoming<'persisted', number>>) =>
  rule(turn, (step, { items }) => {
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

export const campaign = (turn: Turn) =>
  rule(turn, (step) => {
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

/**
 * No majority has promised yet: those who have not are asked again, under the same ballot. Under a new one what they have already said
 * would count nothing, and nobody would ever lead where an answer takes longer than the wait for it. Who has promised more says
 * so, and only then a higher ballot is needed. Until its own promise is safe nobody has been asked.
 */
export const repeatPrepare = (turn: Turn) =>
  rule(turn, (step) => {
    const { campaign: own, slot } = step.agreement;
    if (own === null) return;
    const { ballot, promises } = own;
    if (promises[step.input.node] !== undefined) {
      const prepare: Prepare = { ballot, slot };
      for (const replica of otherReplicas(step)) {
        if (promises[nodeOf(replica)] === undefined) tell(step, replica, 'prepare', prepare);
      }
    }
    refuseForNow(step);
  });

export const takePrepare = (turn: Heard<Prepare>) =>
  fromReplica(turn, (step, { ballot, slot }, from) => {
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

export const takePromised = (turn: Heard<Promised>) =>
  fromReplica(turn, (step, promise, from) => {
    if (promise.directory !== undefined) adopt(step, promise.directory);
    if (step.agreement.campaign?.ballot !== promise.ballot) return discard(step, 'not for this ballot');
    step.agreement = withPromise(step.agreement, nodeOf(from), promise);
  });

function outbid(step: Step, from: Address): void {
  const item: Outbid = { ballot: step.agreement.promised };
  tell(step, from, 'outbid', item);
}

export const takeOutbid = (turn: Heard<Outbid>) =>
  fromReplica(turn, (step, { ballot }) => {
    step.agreement = promising(step.agreement, ballot) ?? step.agreement;
  });

/**
 * It leads: it brings up to date who lags, says again which views stand, and finishes what may have been decided already.
 */
export const lead = (turn: Turn) =>
  rule(turn, (step) => {
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
    tellOut(step);
    watch(step);
    const found = foundChange(step.agreement);
    if (found === null) answerRequests(step);
    else proposeChange(step, found);
  });

/** It leads no longer, or never did: somebody has a higher ballot. Askers repeat their wishes to who leads now. */
export const stepDown = (turn: Turn) =>
  rule(turn, (step) => {
    for (const _ of step.requests) discard(step, 'no longer leads');
    step.requests = [];
    step.proposal = null;
    watch(step);
  });

// --- phase 2 -----------------------------------------------------------------------------------------------------------

export const propose = (turn: Turn) =>
  rule(turn, (step) => {
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

export const takeAccept = (turn: Heard<SlotProposal>) =>
  fromReplica(turn, (step, proposal, from) => {
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

export const takeAcceptance = (turn: Heard<SlotProposal>) =>
  fromReplica(turn, (step, proposal, from) => {
    if (proposal.slot > step.agreement.slot) return behind(step, from);
    step.agreement = hearing(step.agreement, nodeOf(from), proposal);
    settle(step);
  });

/** Nothing came of the proposal yet: those who have not accepted it are asked again. */
export const repeatProposal = (turn: Turn) =>
  rule(turn, (step) => {
    const { agreement, proposal } = step;
    if (agreement.campaign === null || proposal === null) return;
    const { ballot } = agreement.campaign;
    const item: SlotProposal = { slot: agreement.slot, ballot, change: proposal };
    for (const replica of otherReplicas(step)) {
      if (agreement.heard[nodeOf(replica)]?.ballot !== ballot) tell(step, replica, 'accept', item);
    }
    refuseForNow(step);
  });
