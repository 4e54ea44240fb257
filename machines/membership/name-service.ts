/**
 * A replica of the name service (GM-8): from the name of a service to the address of its primary, or of a replica that answers
 * reads. It stands on each node of the membership service, and observes the views of the groups whose names it knows (GM-5).
 *
 * The replicas do not speak to each other. A new primary registers at all of them, with the id of its view; the
 * highest id wins at each, whatever comes when, so they all end at the same primary, and none ever goes back to that of an older view.
 * A primary that a later view evicts is dropped, and the name has none until the next registers. So a client finds the current primary
 * within detection + view change + registration + look-up. A replica that is cut off, or has just started, knows less: the client
 * takes the answer with the highest view, and asks another replica when there is none. One that has come back as a new incarnation
 * has forgotten everything, and asks whoever should be primary to register again.
 *
 * A look-up that has no answer yet waits, between one and two times `waitFor`; then the answer is null. Replicas for reading are handed
 * out in turn: the members of the group that have its state, and others that have enlisted, as those of a service without a group.
 */
import { assign, setup } from 'xstate';
import { unfit } from '../shared/discard.js';
import type { EffectsEmitted } from '../shared/effects.js';
import { emitEffects } from '../shared/machine.js';
import { endRound, lookUp } from './name-answers.js';
import type { NameServiceContext, NameServiceEvent, NameServiceInput } from './name-replica.js';
import { initialContext } from './name-replica.js';
import { begin, enlist, follow, register, takeAccepted, takeDecided, takeGone } from './name-reports.js';

/** `holding` while a look-up waits for an answer, with the time that ends the round. */
export const nameService = setup({
  types: {} as {
    context: NameServiceContext;
    events: NameServiceEvent;
    input: NameServiceInput;
    emitted: EffectsEmitted;
  }, // for the compiler only
  guards: {
    aLookUpWaits: ({ context }) => context.waiting.size > 0,
    noLookUpWaits: ({ context }) => context.waiting.size === 0,
  },
  delays: { waitFor: ({ context }) => context.input.waitFor },
}).createMachine({
  id: 'name service',
  context: ({ input }) => initialContext(input),
  initial: 'starting',
  on: {
    register: { actions: [assign(register), emitEffects] },
    enlist: { actions: [assign(enlist), emitEffects] },
    withdraw: { actions: [assign(enlist), emitEffects] },
    'look-up': { actions: [assign(lookUp), emitEffects] },
    follow: { actions: [assign(follow), emitEffects] },
    unfollow: { actions: [assign(follow), emitEffects] },
    accepted: { actions: [assign(takeAccepted), emitEffects] },
    decided: { actions: [assign(takeDecided), emitEffects] },
    gone: { actions: [assign(takeGone), emitEffects] },
    // The name has no group: it may never have one, or get it later, and then its primary registers.
    refused: {},
    '*': { actions: [assign(({ event }) => unfit(event)), emitEffects] },
  },
  states: {
    starting: { always: { target: 'answering', actions: [assign(begin), emitEffects] } },
    answering: { always: { guard: 'aLookUpWaits', target: 'holding' } },
    holding: {
      always: { guard: 'noLookUpWaits', target: 'answering' },
      after: { waitFor: { target: 'holding', reenter: true, actions: [assign(endRound), emitEffects] } },
    },
  },
});
