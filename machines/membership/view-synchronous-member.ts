/**
 * A member of a view-synchronous group (Birman & Joseph 1987, "virtual synchrony"; Birman, Schiper & Stephenson 1991;
 * Coulouris et al., ch. 18.2). In a view every member multicasts a stream of its own, delivers the streams in the order of the group,
 * and keeps what is not known to be held by all. When somebody is suspected, joins or leaves, the view ends: the members
 * stop delivering, report what they hold, pass on what others lack, and wait until the membership service has decided on the next
 * view and on the cut, that is, what is delivered in the one that ends. So members that go from a view to the next together have
 * delivered the same in it, and every message is delivered in one view only. What the application multicasts
 * meanwhile is sent in the next view.
 *
 * Grows for good: one entry for each sender from outside that lives, and one for each node that has ended.
 */
import { assign, setup } from 'xstate';
import { discardAll, hasEnded, sendersOf, withEnded } from '../multicast/group.js';
import { emptyQueue } from '../multicast/hold-back-queue.js';
import type { EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { type Address, nodeOf, type SenderId, senderId, senderNode } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import { emptyMap, mapDelete, mapSet } from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import { decidedBy, withVotes } from './decision.js';
import {
  distrustEnded,
  hasLost,
  passOn,
  report,
  suspectsSomeMember,
  takeFlush,
  takeReport,
  takeSuspicion,
} from './flush.js';
import type { ViewGroupInput } from './group-input.js';
import { canInstall, endView, install, takeHistory } from './installation.js';
import type { Accepted, Decree, Flush, Refusal, Report, Suspicion } from './messages.js';
import { dropStable, isTold, redeemed, takeEntries, takeHoldings, tellHoldings } from './streams.js';
import { isMember } from './view.js';
import {
  begin,
  count,
  finish,
  type MemberContext,
  memberIds,
  type Step,
  toApplication,
  toMembership,
  viewOf,
} from './view-member.js';
import type { Entry, History, HoldingsTold, Issued, Offer, Submission, Ticket } from './view-messages.js';
import { accept, contactOf, forgetWaiting, orderOf } from './view-order.js';

type Multicast = Incoming<'multicast', Serializable>;
/** From the application: it has the group's state; it wants to be no member any more. */
type Ready = Incoming<'ready'>;
type Leave = Incoming<'leave'>;
/** Entries of a stream: from their author, or passed on during a change. */
type EntriesCome = Incoming<'data', Entry> | Incoming<'relay', Entry>;
type TicketCome = Incoming<'ticket', Ticket>;
type Submit = Incoming<'submit', Submission>;
type OfferCome = Incoming<'offer', Offer>;
type Stability = Incoming<'stability', HoldingsTold>;
type HistoryCome = Incoming<'history', History>;
type ReportCome = Incoming<'report', Report>;
type FlushCome = Incoming<'flush', Flush>;
type AcceptedCome = Incoming<'accepted', Accepted>;
type DecidedCome = Incoming<'decided', Decree>;
type Decision = AcceptedCome | DecidedCome;
type Refused = Incoming<'refused', Refusal>;
type Suspected = Incoming<'suspicion', Suspicion>;
type GoneTold = Incoming<'gone', Gone>;
/** Messages that belong to a view: this one's are taken, later ones' wait for it. */
type OfAView = EntriesCome | TicketCome | Submit | OfferCome | Stability | HistoryCome | ReportCome | FlushCome;
/** What ends a view, or tells more about its end. */
type Cause = Suspected | GoneTold | FlushCome | ReportCome | Ready | HistoryCome;
type Event = OfAView | Multicast | Ready | Leave | Decision | Refused | Suspected | GoneTold;

type Rule<E> = (args: { context: MemberContext; event: E }) => Partial<MemberContext>;

// --- which view a message is of ------------------------------------------------------------------------------------

/** The items of the current view. Those of views to come wait for them; nobody needs those of views that have ended. */
function current<Item extends { readonly view: number }>(
  step: Step,
  event: { readonly type: string; readonly from: Address; readonly items: readonly Item[] },
): readonly Item[] {
  const now = viewOf(step);
  if (event.items.every(({ view }) => view === now)) return event.items;
  const later = event.items.filter(({ view }) => view > now);
  step.early = [...step.early, ...later.map((item) => ({ type: event.type, from: event.from, view: item.view, item }))];
  // An offer names the view by which its sender chose this member, and that holds on.
  const taken = event.items.filter(({ view }) => view === now || (event.type === 'offer' && view < now));
  count(step, 'of an earlier view', event.items.length - later.length - taken.length);
  return now === 0 ? [] : taken;
}

const memberAt = (step: Step, from: Address): SenderId | undefined =>
  memberIds(step).find((id) => senderNode(id) === nodeOf(from));

// --- following -----------------------------------------------------------------------------------------------------

const follow = (context: MemberContext, event: OfAView, take: (step: Step) => void): Partial<MemberContext> => {
  const step = begin(context);
  take(step);
  advance(step);
  // Where a member is alone, or tells at once what it holds, nothing that comes later need show that all hold it.
  if (event.type === 'stability' || step.input.uniform || step.view?.members.length === 1) dropStable(step);
  return finish(step, event.type);
};

/** Delivers what is in turn, and takes into the own stream what waited for it. */
function advance(step: Step): void {
  const order = orderOf(step.input);
  if (step.input.uniform && step.view !== null) tellHoldings(step);
  order.deliver(step, null);
  if (step.waiting.size === 0) return;
  order.admit(step);
  order.deliver(step, null);
}

function numberOwn(step: Step, payloads: readonly Serializable[]): Issued[] {
  const messages = payloads.map((payload, i) => ({ sender: step.self, seq: step.sent + i + 1, payload }));
  step.sent += messages.length;
  for (const message of messages) step.pending = mapSet(step.pending, String(message.seq), message);
  return messages;
}

const multicast: Rule<Multicast> = ({ context, event }) => {
  const step = begin(context);
  const order = orderOf(step.input);
  order.issue(step, numberOwn(step, event.items));
  order.deliver(step, null);
  if (step.view?.members.length === 1) dropStable(step);
  return finish(step, event.type);
};

function takeStream(step: Step, event: EntriesCome): void {
  takeEntries(step, current(step, event), memberAt(step, event.from) ?? null);
}

function takeTickets(step: Step, event: TicketCome): void {
  takeEntries(step, redeemed(step, current(step, event)), memberAt(step, event.from) ?? null);
}

function takeSubmissions(step: Step, event: Submit | OfferCome): void {
  const messages: readonly Issued[] = current<Submission | Offer>(step, event);
  if (contactOf(step) === step.self) accept(step, messages);
  else count(step, 'not the contact', messages.length);
}

function takeStability(step: Step, event: Stability): void {
  const items = current(step, event);
  const member = memberAt(step, event.from);
  if (member === undefined) count(step, 'not of a member', items.length);
  else takeHoldings(step, member, items);
}

const takeData: Rule<EntriesCome> = ({ context, event }) => follow(context, event, (step) => takeStream(step, event));
const takeTicket: Rule<TicketCome> = ({ context, event }) => follow(context, event, (step) => takeTickets(step, event));
const takeSubmit: Rule<Submit | OfferCome> = ({ context, event }) =>
  follow(context, event, (step) => takeSubmissions(step, event));

const learnStability: Rule<Stability> = ({ context, event }) =>
  follow(context, event, (step) => {
    takeStability(step, event);
  });

/** A stability round: what this member holds, to all others of the view. */
const tellRound: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  tellHoldings(step);
  dropStable(step);
  return finish(step, 'stability');
};

const learnHistory: Rule<HistoryCome> = ({ context, event }) => {
  const step = begin(context);
  for (const history of current(step, event)) takeHistory(step, history);
  return finish(step, event.type);
};

/** From a time before this state: what follows from it comes as a `flush` of the service or a report of a member. */
const holdForLater: Rule<ReportCome | FlushCome> = ({ context, event }) => {
  const step = begin(context);
  current<Report | Flush>(step, event);
  return finish(step, event.type);
};

const hasState: Rule<Ready> = () => ({ ready: true, effects: noEffects });

function wish(step: Step, type: 'join' | 'leave'): void {
  toMembership(step, { type, items: [{ group: step.input.group, member: step.self }] });
}

const wishToJoin: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  wish(step, 'join');
  return finish(step, 'join');
};

const wishToLeave: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  step.leaving = true;
  tellHoldings(step);
  wish(step, 'leave');
  return finish(step, 'leave');
};

// --- the end of the view -------------------------------------------------------------------------------------------

/** Stops delivering, and says what it holds. */
const stopDelivering: Rule<Cause> = ({ context, event }) => {
  const step = begin(context);
  takeCause(step, event);
  report(step);
  return finish(step, event.type);
};

/** Something that ends the new view too was known before it came. */
const stopAtOnce: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  report(step);
  return finish(step, 'view');
};

function takeCause(step: Step, event: Cause): void {
  if (event.type === 'suspicion') for (const suspicion of event.items) takeSuspicion(step, suspicion);
  else if (event.type === 'gone') takeGone(step, event.items);
  else if (event.type === 'flush') for (const flush of current(step, event)) takeFlush(step, flush);
  else if (event.type === 'ready') step.ready = true;
  else if (event.type === 'history') for (const history of current(step, event)) takeHistory(step, history);
  else for (const told of current(step, event)) takeReport(step, told, memberAt(step, event.from));
}

/** What comes during the change, and makes others wait for a new report if it says something new of this member. */
const takeDuringChange: Rule<Cause> = ({ context, event }) => {
  const step = begin(context);
  takeCause(step, event);
  const own = event.type === 'suspicion' || event.type === 'gone' ? step.suspects !== context.suspects : false;
  const full = (step.ready && step.informed) !== (context.ready && context.informed);
  if (own || full) report(step);
  else passOn(step);
  return finish(step, event.type);
};

/** The rest of a view still arrives, and raises what this member holds. A suspect's only by way of others, or it would never end. */
const keepData: Rule<EntriesCome | TicketCome> = ({ context, event }) => {
  const step = begin(context);
  const from = memberAt(step, event.from);
  const items = event.type === 'ticket' ? redeemed(step, current(step, event)) : current(step, event);
  if (event.type !== 'relay' && from !== undefined && step.suspects.includes(from))
    count(step, 'suspected', items.length);
  else if (takeEntries(step, items, from ?? null)) {
    if (event.type === 'relay' && from !== undefined) noteSource(step, event.items, from);
    report(step);
  }
  return finish(step, event.type);
};

function noteSource(step: Step, entries: readonly Entry[], from: SenderId): void {
  for (const { author: stream } of entries) step.sources = { ...step.sources, [stream]: from };
}

const keepOffers: Rule<OfferCome> = ({ context, event }) => {
  const step = begin(context);
  takeSubmissions(step, event);
  return finish(step, event.type);
};

/** Who submitted them submits them again in the next view. */
const refuseSubmissions: Rule<Submit> = ({ context, event }) => {
  const step = begin(context);
  count(step, 'the view ends', current(step, event).length);
  return finish(step, event.type);
};

const noteStability: Rule<Stability> = ({ context, event }) => {
  const step = begin(context);
  takeStability(step, event);
  dropStable(step);
  return finish(step, event.type);
};

/** VS-4: sent in the next view. */
const holdMulticasts: Rule<Multicast> = ({ context, event }) => {
  const step = begin(context);
  numberOwn(step, event.items);
  return finish(step, event.type);
};

const noteGone: Rule<GoneTold> = ({ context, event }) => {
  const step = begin(context);
  takeGone(step, event.items);
  advance(step);
  return finish(step, event.type);
};

const noteOpinion: Rule<Suspected> = ({ context, event }) => {
  const step = begin(context);
  for (const suspicion of event.items) takeSuspicion(step, suspicion);
  return finish(step, event.type);
};

/** A member that has ended still counts until the view without it; of a sender from outside nothing more can come. */
function takeGone(step: Step, gone: readonly Gone[]): void {
  const outside = gone.filter((one) => !hasLost(step, one));
  for (const one of gone) distrustEnded(step, one);
  for (const sender of sendersOf(step.ended, outside)) step.receipts = mapDelete(step.receipts, sender);
  step.ended = withEnded(step.ended, outside);
  forgetWaiting(step, (sender) => hasEnded(step.ended, sender));
}

const repeatReport: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  const own = step.reports[step.self];
  if (own !== undefined) toMembership(step, { type: 'report', items: [own] });
  if (step.leaving) wish(step, 'leave');
  return finish(step, 'report');
};

// --- the decision --------------------------------------------------------------------------------------------------

/** What is decided of this group, once this event is known. */
function decisions(
  context: MemberContext,
  event: Decision,
): { votes: MemberContext['votes']; decrees: readonly Decree[] } {
  const { input, votes } = context;
  const isOurs = ({ view }: Decree): boolean => view.group === input.group && view.id > viewOf(context);
  const by = nodeOf(event.from);
  if (!input.service.includes(by)) return { votes, decrees: [] };
  if (event.type === 'decided') return { votes, decrees: event.items.filter(isOurs) };
  const now = withVotes(
    votes,
    by,
    event.items.filter(({ decree }) => isOurs(decree)),
  );
  return { votes: now, decrees: decidedBy(now, input.service) };
}

/** The next view of a member, or the first that has a joiner. One further ahead has no part for who has not reported before it. */
const noteDecision: Rule<Decision> = ({ context, event }) => {
  const { votes, decrees } = decisions(context, event);
  const isNext = ({ view }: Decree): boolean =>
    isMember(view, context.self) && (context.view === null || view.id === viewOf(context) + 1);
  return { votes, decree: context.decree ?? decrees.find(isNext) ?? null, effects: noEffects };
};

/** A decided view of the group, after this member's, that is without it. */
const isExcluded = ({ context, event }: { context: MemberContext; event: Event }): boolean =>
  (event.type === 'accepted' || event.type === 'decided') &&
  context.view !== null &&
  decisions(context, event).decrees.some(({ view }) => !isMember(view, context.self));

/** Who leaves has taken part in the end of its last view, and delivers it to the end. */
const end: Rule<Event> = ({ context, event }) => {
  const step = begin(context);
  const decrees = event.type === 'accepted' || event.type === 'decided' ? decisions(context, event).decrees : [];
  const last = decrees.find(({ view }) => view.id === viewOf(context) + 1);
  if (step.leaving && last !== undefined && canInstall({ ...context, decree: last })) endView(step, last);
  step.done.push({ type: 'end', reason: step.leaving || context.view === null ? 'left' : 'evicted' });
  return finish(step, event.type);
};

const enter: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  if (context.decree !== null) install(step, context.decree);
  replay(step);
  advance(step);
  dropStable(step);
  return finish(step, 'view');
};

const enterFirst: Rule<unknown> = ({ context }) =>
  enter({
    context: {
      ...context,
      decree: { view: context.view as NonNullable<typeof context.view>, cut: {}, unsettled: {} },
      view: null,
    },
    event: null,
  });

/** What has come for this view before it did. */
function replay(step: Step): void {
  const due = step.early.filter(({ view }) => view <= viewOf(step));
  step.early = step.early.filter(({ view }) => view > viewOf(step));
  for (const { type, from, item } of due) {
    const event = { type, from, items: [item] } as OfAView; // as it came, its shape checked
    if (event.type === 'data' || event.type === 'relay') takeStream(step, event);
    else if (event.type === 'ticket') takeTickets(step, event);
    else if (event.type === 'submit' || event.type === 'offer') takeSubmissions(step, event);
    else if (event.type === 'stability') takeStability(step, event);
    else takeCause(step, event);
  }
}

const passRefusal: Rule<Refused> = ({ context, event }) => {
  const step = begin(context);
  if (context.input.service.includes(nodeOf(event.from))) toApplication(step, { type: 'refused', items: event.items });
  else count(step, 'not of the service', event.items.length);
  return finish(step, event.type);
};

// --- guards --------------------------------------------------------------------------------------------------------

type Asked = { context: MemberContext; event: Event };

const isAppointed = ({ context }: Asked): boolean => context.view !== null && isMember(context.view, context.self);

/** The event ends the view. */
const endsView = ({ context, event }: Asked): boolean => {
  const { type } = event;
  if (type === 'suspicion') return event.items.some((suspicion) => suspectsSomeMember(context, suspicion));
  if (type === 'gone') return event.items.some((one) => hasLost(context, one));
  if (type === 'flush')
    return (
      context.input.service.includes(nodeOf(event.from)) && event.items.some(({ view }) => view === viewOf(context))
    );
  if (type === 'report') return event.items.some(({ view }) => view === viewOf(context));
  if (type === 'ready') return context.informed && !isFullInView(context);
  return type === 'history' && context.ready && event.items.some(({ view }) => view === viewOf(context));
};

const isFullInView = ({ view, self }: MemberContext): boolean =>
  view?.members.some(({ id, full }) => id === self && full) ?? false;

// --- chart ---------------------------------------------------------------------------------------------------------

export const viewSynchronousMember = setup({
  types: {
    context: {} as MemberContext,
    events: {} as Event,
    input: {} as ViewGroupInput,
    emitted: {} as EffectsEmitted,
  },
  guards: {
    isAppointed,
    endsView,
    isExcluded,
    isTold: ({ context }) => isTold(context),
    canInstall: ({ context }) => canInstall(context),
    isChanging: ({ context }) => context.changing,
    isLeaving: ({ context }) => context.leaving,
  },
  delays: {
    stabilityInterval: ({ context }) => context.input.stabilityInterval,
    retryAfter: ({ context }) => context.input.retryAfter,
  },
}).createMachine({
  id: 'viewSynchronousMember',
  context: ({ input }) => ({
    input,
    self: senderId(input.node, input.incarnation),
    view: input.view,
    sent: 0,
    pending: emptyMap(),
    holds: {},
    delivered: {},
    dropped: {},
    told: {},
    known: {},
    kept: emptyQueue(),
    receipts: emptyMap(),
    waiting: emptyQueue(),
    numbered: 0,
    early: [],
    ended: emptyMap(),
    distrusted: [],
    suspects: [],
    changing: false,
    reports: {},
    relayed: {},
    sources: {},
    votes: [],
    decree: null,
    ready: false,
    informed: false,
    leaving: false,
    effects: noEffects,
  }),
  initial: 'starting',
  states: {
    starting: {
      always: [
        { guard: 'isAppointed', target: 'installing', actions: [assign(enterFirst), emitEffects] },
        { target: 'joining', actions: [assign(wishToJoin), emitEffects] },
      ],
    },
    joining: {
      always: { guard: 'canInstall', target: 'installing', actions: [assign(enter), emitEffects] },
      on: {
        accepted: { actions: [assign(noteDecision), emitEffects] },
        decided: { actions: [assign(noteDecision), emitEffects] },
        refused: { actions: [assign(passRefusal), emitEffects] },
        multicast: { actions: [assign(holdMulticasts), emitEffects] },
        leave: { target: 'ended', actions: [assign(end), emitEffects] },
        data: { actions: [assign(keepData), emitEffects] },
        relay: { actions: [assign(keepData), emitEffects] },
        submit: { actions: [assign(refuseSubmissions), emitEffects] },
        offer: { actions: [assign(keepOffers), emitEffects] },
        stability: { actions: [assign(noteStability), emitEffects] },
        history: { actions: [assign(learnHistory), emitEffects] },
        report: { actions: [assign(holdForLater), emitEffects] },
        flush: { actions: [assign(holdForLater), emitEffects] },
        gone: { actions: [assign(noteGone), emitEffects] },
      },
      after: { retryAfter: { target: 'joining', reenter: true, actions: [assign(wishToJoin), emitEffects] } },
    },
    installing: {
      always: [
        {
          guard: 'isChanging',
          target: 'flushing',
          actions: [assign(stopAtOnce), emitEffects],
        },
        { guard: 'isLeaving', target: 'following.leaving' },
        { guard: 'isTold', target: 'following' },
        { target: 'following.unstable' },
      ],
    },
    following: {
      initial: 'stable',
      on: {
        multicast: { actions: [assign(multicast), emitEffects] },
        data: { actions: [assign(takeData), emitEffects] },
        relay: { actions: [assign(takeData), emitEffects] },
        ticket: { actions: [assign(takeTicket), emitEffects] },
        submit: { actions: [assign(takeSubmit), emitEffects] },
        offer: { actions: [assign(takeSubmit), emitEffects] },
        stability: { actions: [assign(learnStability), emitEffects] },
        history: [
          { guard: 'endsView', target: 'flushing', actions: [assign(stopDelivering), emitEffects] },
          { actions: [assign(learnHistory), emitEffects] },
        ],
        ready: [
          { guard: 'endsView', target: 'flushing', actions: [assign(stopDelivering), emitEffects] },
          { actions: [assign(hasState), emitEffects] },
        ],
        suspicion: [
          { guard: 'endsView', target: 'flushing', actions: [assign(stopDelivering), emitEffects] },
          { actions: [assign(noteOpinion), emitEffects] },
        ],
        gone: [
          { guard: 'endsView', target: 'flushing', actions: [assign(stopDelivering), emitEffects] },
          { actions: [assign(noteGone), emitEffects] },
        ],
        flush: [
          { guard: 'endsView', target: 'flushing', actions: [assign(stopDelivering), emitEffects] },
          { actions: [assign(holdForLater), emitEffects] },
        ],
        report: [
          { guard: 'endsView', target: 'flushing', actions: [assign(stopDelivering), emitEffects] },
          { actions: [assign(holdForLater), emitEffects] },
        ],
        accepted: [
          { guard: 'isExcluded', target: 'ended', actions: [assign(end), emitEffects] },
          { actions: [assign(noteDecision), emitEffects] },
        ],
        decided: [
          { guard: 'isExcluded', target: 'ended', actions: [assign(end), emitEffects] },
          { actions: [assign(noteDecision), emitEffects] },
        ],
        leave: { target: '.leaving', actions: [assign(wishToLeave), emitEffects] },
        refused: { actions: [assign(passRefusal), emitEffects] },
      },
      states: {
        stable: {
          on: {
            data: { target: 'unstable', actions: [assign(takeData), emitEffects] },
            ticket: { target: 'unstable', actions: [assign(takeTicket), emitEffects] },
          },
        },
        unstable: {
          after: {
            stabilityInterval: [
              { guard: 'isTold', target: 'stable' },
              { target: 'unstable', reenter: true, actions: [assign(tellRound), emitEffects] },
            ],
          },
        },
        leaving: {
          after: { retryAfter: { target: 'leaving', reenter: true, actions: [assign(wishToLeave), emitEffects] } },
        },
      },
    },
    flushing: {
      always: { guard: 'canInstall', target: 'installing', actions: [assign(enter), emitEffects] },
      on: {
        multicast: { actions: [assign(holdMulticasts), emitEffects] },
        data: { actions: [assign(keepData), emitEffects] },
        relay: { actions: [assign(keepData), emitEffects] },
        ticket: { actions: [assign(keepData), emitEffects] },
        submit: { actions: [assign(refuseSubmissions), emitEffects] },
        offer: { actions: [assign(keepOffers), emitEffects] },
        stability: { actions: [assign(noteStability), emitEffects] },
        history: { actions: [assign(takeDuringChange), emitEffects] },
        ready: { actions: [assign(takeDuringChange), emitEffects] },
        suspicion: { actions: [assign(takeDuringChange), emitEffects] },
        gone: { actions: [assign(takeDuringChange), emitEffects] },
        flush: { actions: [assign(takeDuringChange), emitEffects] },
        report: { actions: [assign(takeDuringChange), emitEffects] },
        accepted: [
          { guard: 'isExcluded', target: 'ended', actions: [assign(end), emitEffects] },
          { actions: [assign(noteDecision), emitEffects] },
        ],
        decided: [
          { guard: 'isExcluded', target: 'ended', actions: [assign(end), emitEffects] },
          { actions: [assign(noteDecision), emitEffects] },
        ],
        leave: { actions: [assign(wishToLeave), emitEffects] },
        refused: { actions: [assign(passRefusal), emitEffects] },
      },
      after: { retryAfter: { target: 'flushing', reenter: true, actions: [assign(repeatReport), emitEffects] } },
    },
    ended: { on: { '*': { actions: [assign(discardAll('ended')), emitEffects] } } },
  },
  on: { '*': { actions: [assign(discardAll('not for a member')), emitEffects] } },
});
