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
import { discardAll } from '../multicast/group.js';
import { emptyQueue } from '../multicast/hold-back-queue.js';
import type { EffectsEmitted, Gone } from '../shared/effects.js';
import { incarnationOf, nodeOf, senderId, senderNode } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import { emptyMap } from '../shared/persistent-map.js';
import { isMember } from '../shared/view.js';
import { isAwaiting, leftOpenBy, silentSenders } from './awaited-senders.js';
import { hasLost, isFree, suspectsSomeMember } from './flush.js';
import {
  grantLease,
  hasState,
  holdForLater,
  learnHistory,
  learnStability,
  multicast,
  takeData,
  takeProposal,
  takeSubmit,
  takeTicket,
  tellRound,
  wishToJoin,
  wishToLeave,
} from './following.js';
import type { ViewGroupInput } from './group-input.js';
import { canInstall } from './installation.js';
import { isTold } from './streams.js';
import {
  end,
  enter,
  enterFirst,
  holdMulticasts,
  isEvicted,
  isExcluded,
  keepData,
  keepOffers,
  noteDecision,
  noteGone,
  noteOpinion,
  noteStability,
  outwait,
  passRefusal,
  refuseProposals,
  refuseSubmissions,
  repeatReport,
  reportAtLast,
  stopAtOnce,
  stopDelivering,
  stopForSilence,
  takeDuringChange,
} from './view-end.js';
import type { Event } from './view-events.js';
import { type MemberContext, nothingToAgree, viewOf } from './view-member.js';

// --- guards --------------------------------------------------------------------------------------------------------

type Asked = { context: MemberContext; event: Event };

const isAppointed = ({ context }: Asked): boolean => context.view !== null && isMember(context.view, context.self);

/** The event ends the view. */
const endsView = ({ context, event }: Asked): boolean => {
  const { type } = event;
  if (type === 'suspicion') return event.items.some((suspicion) => suspectsSomeMember(context, suspicion));
  if (type === 'gone') return event.items.some((one) => hasLost(context, one) || leavesOpen(context, one));
  if (type === 'flush')
    return (
      context.input.service.includes(nodeOf(event.from)) && event.items.some(({ view }) => view === viewOf(context))
    );
  if (type === 'report') return event.items.some(({ view }) => view === viewOf(context));
  if (type === 'ready') return context.informed && !isFullInView(context);
  return type === 'history' && context.ready && event.items.some(({ view }) => view === viewOf(context));
};

const leavesOpen = (context: MemberContext, { node, incarnation }: Gone): boolean =>
  leftOpenBy(context, (id) => senderNode(id) === node && incarnationOf(id) <= incarnation).length > 0;

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
    isEvicted,
    isExcluded,
    /** The others know what this member holds, and no message from outside waits for its number. */
    isSettled: ({ context }) => isTold(context) && !isAwaiting(context),
    isAwaitingInVain: ({ context }) => silentSenders(context).length > 0,
    canInstall: ({ context }) => canInstall(context),
    isChanging: ({ context }) => context.changing,
    isLeaving: ({ context }) => context.leaving,
    isFree: ({ context }) => isFree(context),
  },
  delays: {
    stabilityInterval: ({ context }) => context.input.stabilityInterval,
    retryAfter: ({ context }) => context.input.retryAfter,
    lease: ({ context }) => context.input.lease ?? 0,
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
    agreeing: nothingToAgree,
    early: emptyMap(),
    arrivals: 0,
    overrun: 0,
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
    outwaited: false,
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
        { guard: 'isSettled', target: 'following' },
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
        proposal: { actions: [assign(takeProposal), emitEffects] },
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
        'lease-asked': { actions: [assign(grantLease), emitEffects] },
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
              { guard: 'isAwaitingInVain', target: '#flushing', actions: [assign(stopForSilence), emitEffects] },
              { guard: 'isSettled', target: 'stable' },
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
      id: 'flushing',
      always: { guard: 'canInstall', target: 'installing', actions: [assign(enter), emitEffects] },
      on: {
        multicast: { actions: [assign(holdMulticasts), emitEffects] },
        data: { actions: [assign(keepData), emitEffects] },
        relay: { actions: [assign(keepData), emitEffects] },
        ticket: { actions: [assign(keepData), emitEffects] },
        proposal: { actions: [assign(refuseProposals), emitEffects] },
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
      initial: 'waitingOutLease',
      states: {
        /** Another may still answer queries as the primary of this view (PB-7). */
        waitingOutLease: {
          always: { guard: 'isFree', target: 'reporting', actions: [assign(reportAtLast), emitEffects] },
          after: { lease: { target: 'waitingOutLease', reenter: true, actions: assign(outwait) } },
        },
        reporting: {
          after: { retryAfter: { target: 'reporting', reenter: true, actions: [assign(repeatReport), emitEffects] } },
        },
      },
    },
    ended: { on: { '*': { actions: [assign(discardAll('ended')), emitEffects] } } },
  },
  on: {
    evicted: [
      { guard: 'isEvicted', target: '.ended', actions: [assign(end), emitEffects] },
      { actions: [assign(discardAll('not for this member')), emitEffects] },
    ],
    '*': { actions: [assign(discardAll('not for a member')), emitEffects] },
  },
});
