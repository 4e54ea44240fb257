/**
 * The front end of passive replication (Coulouris et al., ch. 18.3): it sends each request, with its id, to the primary (PB-1),
 * and answers its client with the reply. It hears of views from the group's actor on its node, and so knows the primary; before
 * it does, it asks any replica manager, which passes the request on. What has no answer is asked again, with the same
 * id: of the primary of a new view at once, and of the next replica manager in turn after `retryAfter` ms.
 *
 * As it starts it looks up the primary at every replica of the name service (GM-8), for the view that it starts from may be long
 * past: the latest registration is believed until a view comes that is not older. No request waits for an answer to that.
 *
 * With reads at backups a query goes to one replica manager, with the version that this front end last saw. Which one, the name
 * service says, so that all are read from in turn; until it has said so, and where there is none, it is the one of this front end's number.
 */
import { assign, setup } from 'xstate';
import { type Found, foundShape } from '../membership/name-messages.js';
import { discarded, unfit } from '../shared/discard.js';
import type { EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { nodeOf } from '../shared/identifiers.js';
import { emitEffects } from '../shared/machine.js';
import {
  admit,
  answerEach,
  type Cancelled,
  entering,
  firstAsked,
  forget,
  type Reassignment,
  roundOf,
  withoutGone,
  withoutSilent,
} from '../shared/outstanding.js';
import { mapDelete, mapGet } from '../shared/persistent-map.js';
import { remembered } from '../shared/remembered.js';
import { callShape, cancelShape, replyShape } from '../shared/request-shapes.js';
import type { Answer, Call, Reply } from '../shared/requests.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { FrontEndInput, StyleSettings } from '../shared/style.js';
import type { View } from '../shared/view.js';
import { find, follow, lookUp } from './finding.js';
import { type Asked, ask, type Change, type FrontEndContext, initialContext } from './front-end-context.js';

export const frontEndShapes = {
  call: callShape,
  cancel: cancelShape,
  replies: replyShape,
  found: foundShape,
} as const satisfies MessageShapes;

export type FrontEndEvent =
  /** From the clients on this node, or from a client that uses this node as its proxy. */
  | Incoming<'call', Call>
  | Incoming<'cancel', Cancelled>
  /** From the primary, or from the replica manager that was asked to read. */
  | Incoming<'replies', Reply>
  /** From the name service. */
  | Incoming<'found', Found>
  /** From the group's actor on this node. */
  | Incoming<'view', View>
  | Incoming<'gone', Gone>;

/** RE: what is new goes to the primary as one batch, or to one replica manager that may read. */
function request(context: FrontEndContext, event: Incoming<'call', Call>, reads: StyleSettings['reads']): Change {
  const { turns, reader } = context;
  const round = roundOf(turns, context.outstanding.size === 0);
  const open = (call: Call): Asked => {
    const isRead = reads === 'backups' && call.kind === 'query';
    return { ...firstAsked(call, isRead ? reader : turns.turn, round), isRead };
  };
  const { outstanding, fresh, effects } = admit(context.outstanding, event.items, open);
  return { outstanding, effects: [...entering(fresh), ...ask(context, turns.servers, fresh), ...effects] };
}

/** END: the first reply is the answer. Whoever replies to a request for the primary is the primary, or was just now. */
function answer(context: FrontEndContext, event: Incoming<'replies', Reply>): Change {
  let { outstanding, seen } = context;
  let { turn } = context.turns;
  const from = context.turns.servers.indexOf(event.from);
  let late = 0;
  const answers: { call: Call; answer: Answer }[] = [];
  for (const { session, seq, outcome, version } of event.items) {
    const entry = mapGet(outstanding, session);
    if (entry?.call.seq !== seq) late += 1;
    else {
      outstanding = mapDelete(outstanding, session);
      seen = Math.max(seen, version);
      if (!entry.isRead && from >= 0) turn = from;
      answers.push({ call: entry.call, answer: { session, seq, outcome, by: [nodeOf(event.from)], version } });
    }
  }
  const effects = [...answerEach(answers), ...discarded('replies', { late })];
  return { outstanding, seen, turns: { ...context.turns, turn }, effects };
}

/** A client has given up. */
function giveUp(context: FrontEndContext, event: Incoming<'cancel', Cancelled>): Change {
  const { outstanding, effects } = forget(context.outstanding, event.items);
  return { outstanding, effects };
}

/** A replica manager is gone: what it was asked is asked of the next. */
const passOver = (context: FrontEndContext, event: Incoming<'gone', Gone>): Change =>
  askAgain(context, withoutGone(context.turns, context.outstanding, event.items));

/** A round is over: what is unanswered is asked of the next. */
function askNext(context: FrontEndContext, reads: StyleSettings['reads']): Change {
  const change = askAgain(context, withoutSilent(context.turns, context.outstanding));
  return { ...change, effects: [...(change.effects ?? []), ...lookUp(context, reads)] };
}

function askAgain(context: FrontEndContext, { turns, outstanding, moved }: Reassignment<Asked>): Change {
  const entries = moved.map(({ entry }) => entry);
  const reader = moved.find(({ from, entry }) => entry.isRead && from === context.reader)?.entry.asked;
  return {
    turns,
    outstanding,
    reader: reader ?? context.reader,
    effects: ask(context, turns.servers, entries),
  };
}

/** The front end's chart: whether any request waits for its answer. */
export function frontEnd(settings: StyleSettings) {
  const requested = remembered((context: FrontEndContext, event: Incoming<'call', Call>) =>
    request(context, event, settings.reads),
  );
  const answered = remembered(answer);
  const givenUp = remembered(giveUp);
  const change = (context: FrontEndContext, event: FrontEndEvent): Change => {
    if (event.type === 'call') return requested(context, event);
    if (event.type === 'replies') return answered(context, event);
    if (event.type === 'cancel') return givenUp(context, event);
    if (event.type === 'found') return find(context, event);
    return event.type === 'view' ? follow(context, event, settings.reads) : passOver(context, event);
  };
  return setup({
    types: {} as { context: FrontEndContext; events: FrontEndEvent; input: FrontEndInput; emitted: EffectsEmitted }, // for the compiler only
    actions: { change: assign(({ context, event }) => change(context, event)), emitEffects },
    guards: {
      // Of what the event leaves. Each item ends one request at most, so most events need no closer look.
      nothingIsOut: ({ context, event }) =>
        context.outstanding.size <= event.items.length && change(context, event).outstanding?.size === 0,
      aRequestIsOut: ({ context, event }) => (change(context, event).outstanding?.size ?? 0) > 0,
    },
    delays: { retryAfter: settings.retryAfter },
  }).createMachine({
    id: 'passive front end',
    context: ({ input }) => initialContext(input),
    entry: [assign(({ context }) => ({ effects: lookUp(context, settings.reads) })), 'emitEffects'],
    initial: 'idle',
    // What changes no state: each event has one rule, in every state.
    on: {
      call: { actions: ['change', 'emitEffects'] },
      replies: { actions: ['change', 'emitEffects'] },
      cancel: { actions: ['change', 'emitEffects'] },
      found: { actions: ['change', 'emitEffects'] },
      view: { actions: ['change', 'emitEffects'] },
      gone: { actions: ['change', 'emitEffects'] },
      '*': { actions: [assign(({ event }) => unfit(event)), 'emitEffects'] },
    },
    states: {
      idle: { on: { call: { guard: 'aRequestIsOut', target: 'waiting', actions: ['change', 'emitEffects'] } } },
      waiting: {
        tags: 'RE',
        on: {
          replies: { guard: 'nothingIsOut', target: 'idle', actions: ['change', 'emitEffects'] },
          cancel: { guard: 'nothingIsOut', target: 'idle', actions: ['change', 'emitEffects'] },
        },
        after: {
          retryAfter: {
            target: 'waiting',
            reenter: true,
            actions: [assign(({ context }) => askNext(context, settings.reads)), 'emitEffects'],
          },
        },
      },
    },
  });
}
