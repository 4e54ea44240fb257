/**
 * The front end of independent replicas: it sends each request to one replica manager and believes what it says. When
 * that one is gone, or gives no answer for `retryAfter` ms, it asks the next, which cannot know what the first has done:
 * so an update may take effect twice. The counter-example of Coulouris et al., ch. 18 (CC-7).
 */
import { assign, setup } from 'xstate';
import { discarded, unfit } from '../shared/discard.js';
import type { Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { nodeOf } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import {
  admit,
  answerEach,
  askEach,
  type Cancelled,
  entering,
  firstAsked,
  forget,
  type Outstanding,
  type Reassignment,
  requestOf,
  roundOf,
  type Turns,
  withoutGone,
  withoutSilent,
} from '../shared/outstanding.js';
import { emptyMap, mapDelete, mapGet, type PersistentMap } from '../shared/persistent-map.js';
import { remembered } from '../shared/remembered.js';
import { callShape, cancelShape, replyShape } from '../shared/request-shapes.js';
import type { Answer, Call, Reply } from '../shared/requests.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { FrontEndInput, StyleSettings } from '../shared/style.js';

export const frontEndShapes = {
  call: callShape,
  cancel: cancelShape,
  replies: replyShape,
} as const satisfies MessageShapes;

export type FrontEndEvent =
  /** From the clients on this node, or from a client that uses this node as its proxy. */
  | Incoming<'call', Call>
  | Incoming<'cancel', Cancelled>
  /** From one replica manager. */
  | Incoming<'replies', Reply>
  | Incoming<'gone', Gone>;

export interface FrontEndContext extends Effectful {
  /** The replica managers, and which of them is asked now. */
  readonly turns: Turns;
  /** By session: what has no answer yet. */
  readonly outstanding: PersistentMap<Outstanding>;
}

type Change = Partial<FrontEndContext>;

/** RE: what is new goes to one replica manager. */
export function request(context: FrontEndContext, event: Incoming<'call', Call>): Change {
  const round = roundOf(context.turns, context.outstanding.size === 0);
  const open = (call: Call): Outstanding => firstAsked(call, context.turns.turn, round);
  const { outstanding, fresh, effects } = admit(context.outstanding, event.items, open);
  return { outstanding, effects: [...entering(fresh), ...ask(context, fresh), ...effects] };
}

const ask = (context: FrontEndContext, entries: readonly Outstanding[]): Effect[] =>
  askEach(context.turns.servers, entries, 'requests', ({ call }) => requestOf(call), 'unordered');

/** END: any replica manager's word is the answer. */
export function believe(context: FrontEndContext, event: Incoming<'replies', Reply>): Change {
  if (!context.turns.servers.includes(event.from)) {
    return { effects: discarded('replies', { stranger: event.items.length }) };
  }
  let { outstanding } = context;
  const by = [nodeOf(event.from)];
  const answers: { call: Call; answer: Answer }[] = [];
  for (const reply of event.items) {
    const entry = mapGet(outstanding, reply.session);
    if (entry?.call.seq !== reply.seq) continue;
    const { session, seq, outcome, version } = reply;
    outstanding = mapDelete(outstanding, session);
    answers.push({ call: entry.call, answer: { session, seq, outcome, by, version } });
  }
  const late = event.items.length - answers.length;
  return { outstanding, effects: [...answerEach(answers), ...discarded('replies', { late })] };
}

/** A client has given up. */
export function giveUp(context: FrontEndContext, event: Incoming<'cancel', Cancelled>): Change {
  const { outstanding, effects } = forget(context.outstanding, event.items);
  return { outstanding, effects };
}

export const passOver = (context: FrontEndContext, event: Incoming<'gone', Gone>): Change =>
  askAgain(context, withoutGone(context.turns, context.outstanding, event.items));

export const askNext = (context: FrontEndContext): Change =>
  askAgain(context, withoutSilent(context.turns, context.outstanding));

function askAgain(context: FrontEndContext, { turns, outstanding, moved }: Reassignment<Outstanding>): Change {
  return {
    turns,
    outstanding,
    effects: ask(
      context,
      moved.map(({ entry }) => entry),
    ),
  };
}

/** The front end's chart. */
export function frontEnd(settings: StyleSettings) {
  const requested = remembered(request);
  const believed = remembered(believe);
  const givenUp = remembered(giveUp);
  const change = (context: FrontEndContext, event: FrontEndEvent): Change => {
    if (event.type === 'call') return requested(context, event);
    if (event.type === 'replies') return believed(context, event);
    return event.type === 'cancel' ? givenUp(context, event) : passOver(context, event);
  };
  return setup({
    types: {} as { context: FrontEndContext; events: FrontEndEvent; input: FrontEndInput; emitted: EffectsEmitted }, // for the compiler only
    actions: { change: assign(({ context, event }) => change(context, event)), emitEffects },
    guards: {
      nothingIsOut: ({ context, event }) =>
        context.outstanding.size <= event.items.length && change(context, event).outstanding?.size === 0,
      aRequestIsOut: ({ context, event }) => (change(context, event).outstanding?.size ?? 0) > 0,
    },
    delays: { retryAfter: settings.retryAfter },
  }).createMachine({
    id: 'local front end',
    context: ({ input }) => ({
      turns: { servers: input.members, gone: [], turn: input.first, round: 0 },
      outstanding: emptyMap<Outstanding>(),
      effects: noEffects,
    }),
    initial: 'idle',
    // What changes no state: each event has one rule, in every state.
    on: {
      call: { actions: ['change', 'emitEffects'] },
      replies: { actions: ['change', 'emitEffects'] },
      cancel: { actions: ['change', 'emitEffects'] },
      gone: { actions: ['change', 'emitEffects'] },
      '*': { actions: [assign(({ event }) => unfit(event)), emitEffects] },
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
            actions: [assign(({ context }) => askNext(context)), emitEffects],
          },
        },
      },
    },
  });
}
