/**
 * A replica of the group membership service (Birman & Joseph 1987; Coulouris et al., ch. 18.2): 2m+1 of them agree on the views
 * of all groups, and outlive the crash of any m (GM-7, PB-9). The first replica that is not suspected campaigns, and leads once
 * a majority has promised to take part in no lower ballot. Who leads collects the reports of the members of a group whose view has
 * to change, decides from them how the view ends and who is in the next (view-change.ts), and proposes that decree; when a majority
 * has accepted it, it is decided (agreement.ts). Members install a view when they hear that themselves.
 *
 * A view change without faults among the replicas takes three delays from the reports: report, accept, accepted. Wrong suspicions,
 * of members or replicas, can evict somebody who lives, or delay a change; they never make two views of one number.
 *
 * What a replica promises, accepts and knows as decided is on its disk before it says so. One that comes back without its disk's
 * records keeps silent for good: it may have promised anything.
 */
import { assign, setup } from 'xstate';
import { unfit } from '../shared/discard.js';
import type { EffectsEmitted, Incoming } from '../shared/effects.js';
import { emitEffects } from '../shared/machine.js';
import type { MessageShapes } from '../shared/shapes.js';
import { foundChange, hasMajorityOfPromises } from './agreement.js';
import {
  type AgreementEvent,
  agreementShapes,
  begin,
  campaign,
  lead,
  propose,
  recover,
  repeatPrepare,
  repeatProposal,
  stepDown,
  takeAccept,
  takeAcceptance,
  takeOutbid,
  takePersisted,
  takePrepare,
  takePromised,
} from './service-agreement.js';
import { beginRound, endRound, flush, isAnyWanted, mustFlush, nextChange } from './service-collecting.js';
import { takeBehind, takeDirectory } from './service-decisions.js';
import { initialContext, isFirst, type MembershipContext, type MembershipInput } from './service-replica.js';
import {
  type RequestEvent,
  requestShapes,
  takeCreate,
  takeDestroy,
  takeGone,
  takeJoin,
  takeLeave,
  takeObserve,
  takeReport,
  takeSuspicion,
} from './service-requests.js';

export const membershipShapes: MessageShapes = { ...agreementShapes, ...requestShapes };

export type MembershipEvent = AgreementEvent | RequestEvent | Incoming<'recovered'>;

export const membershipService = setup({
  types: {
    context: {} as MembershipContext,
    events: {} as MembershipEvent,
    input: {} as MembershipInput,
    emitted: {} as EffectsEmitted,
  },
  guards: {
    hasRecords: ({ event }) => event.type === 'recovered' && event.items.length > 0,
    hasLostItsRecords: ({ context }) => context.input.incarnation > 1,
    shouldLead: ({ context }) => isFirst(context),
    shouldFollow: ({ context }) => !isFirst(context),
    isOutbid: ({ context }) => context.agreement.campaign === null,
    hasWon: ({ context }) => hasMajorityOfPromises(context.agreement),
    hasWonAndMustFinish: ({ context }) =>
      hasMajorityOfPromises(context.agreement) && foundChange(context.agreement) !== null,
    canPropose: ({ context }) => nextChange(context) !== null,
    isChangeWanted: ({ context }) => isAnyWanted(context),
    isNoChangeWanted: ({ context }) => !isAnyWanted(context),
    mustFlush: ({ context }) => mustFlush(context),
    isDecided: ({ context }) => context.proposal === null,
  },
  delays: {
    flushAfter: ({ context }) => context.input.flushAfter,
    retryAfter: ({ context }) => context.input.retryAfter,
  },
}).createMachine({
  id: 'membershipService',
  context: ({ input }) => initialContext(input),
  initial: 'recovering',
  on: { '*': { actions: [assign(({ event }) => unfit(event)), emitEffects] } },
  states: {
    recovering: {
      on: {
        recovered: [
          { guard: 'hasRecords', target: 'serving', actions: [assign(recover), emitEffects] },
          { guard: 'hasLostItsRecords', target: 'outdated' },
          { target: 'serving', actions: [assign(begin), emitEffects] },
        ],
      },
    },
    serving: {
      initial: 'following',
      on: {
        prepare: { actions: [assign(takePrepare), emitEffects] },
        promised: { actions: [assign(takePromised), emitEffects] },
        outbid: { actions: [assign(takeOutbid), emitEffects] },
        accept: { actions: [assign(takeAccept), emitEffects] },
        acceptance: { actions: [assign(takeAcceptance), emitEffects] },
        behind: { actions: [assign(takeBehind), emitEffects] },
        directory: { actions: [assign(takeDirectory), emitEffects] },
        persisted: { actions: [assign(takePersisted), emitEffects] },
        report: { actions: [assign(takeReport), emitEffects] },
        join: { actions: [assign(takeJoin), emitEffects] },
        leave: { actions: [assign(takeLeave), emitEffects] },
        observe: { actions: [assign(takeObserve), emitEffects] },
        create: { actions: [assign(takeCreate), emitEffects] },
        destroy: { actions: [assign(takeDestroy), emitEffects] },
        suspicion: { actions: [assign(takeSuspicion), emitEffects] },
        gone: { actions: [assign(takeGone), emitEffects] },
      },
      states: {
        following: {
          always: { guard: 'shouldLead', target: 'preparing', actions: [assign(campaign), emitEffects] },
        },
        /** Phase 1 of the agreement. */
        preparing: {
          always: [
            { guard: 'isOutbid', target: 'outbid', actions: [assign(stepDown), emitEffects] },
            { guard: 'hasWonAndMustFinish', target: 'leading.proposing', actions: [assign(lead), emitEffects] },
            { guard: 'hasWon', target: 'leading', actions: [assign(lead), emitEffects] },
            { guard: 'shouldFollow', target: 'following', actions: [assign(stepDown), emitEffects] },
          ],
          // GM-7: a whole round without a majority of promises; who waits is told.
          after: { retryAfter: { target: 'preparing', reenter: true, actions: [assign(repeatPrepare), emitEffects] } },
        },
        /** Somebody has a higher ballot: time for him to lead. */
        outbid: { after: { retryAfter: 'following' } },
        leading: {
          initial: 'idle',
          always: { guard: 'isOutbid', target: 'outbid', actions: [assign(stepDown), emitEffects] },
          states: {
            idle: {
              always: [
                { guard: 'canPropose', target: 'proposing', actions: [assign(propose), emitEffects] },
                { guard: 'isChangeWanted', target: 'collecting', actions: [assign(beginRound), emitEffects] },
              ],
            },
            /** Until all that take part have reported that they hold the same. */
            collecting: {
              initial: 'flushing',
              always: [
                { guard: 'canPropose', target: 'proposing', actions: [assign(propose), emitEffects] },
                { guard: 'isNoChangeWanted', target: 'idle' },
                { guard: 'mustFlush', actions: [assign(flush), emitEffects] },
              ],
              states: {
                flushing: { after: { flushAfter: { target: 'waiting', actions: [assign(endRound), emitEffects] } } },
                /** Not enough of those that were asked have reported to go on without the others. */
                waiting: {
                  after: {
                    retryAfter: { target: 'waiting', reenter: true, actions: [assign(endRound), emitEffects] },
                  },
                },
              },
            },
            /** Phase 2 of the agreement. */
            proposing: {
              always: { guard: 'isDecided', target: 'idle' },
              after: {
                retryAfter: { target: 'proposing', reenter: true, actions: [assign(repeatProposal), emitEffects] },
              },
            },
          },
        },
      },
    },
    outdated: {},
  },
});
