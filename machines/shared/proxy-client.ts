/**
 * In place of a front end, on the node of a client that uses a replica manager as its proxy (AR-10): it hands calls to
 * the front end on the proxy's node and brings the answers back. When the proxy is gone, or gives no answer for
 * `retryAfter` ms, it hands what is out to the next replica manager's front end. The requests keep their ids, so each is executed
 * once; a proxy that has not answered is told to forget the call, or it would turn the session's next one away.
 *
 * It emits no phase: the request's front end is the one on the proxy's node.
 */
import { assign, setup } from 'xstate';
import { discarded, unfit } from './discard.js';
import type { Effect, Effectful, EffectsEmitted, Gone, Incoming } from './effects.js';
import { type Address, address } from './identifiers.js';
import { emitEffects, noEffects } from './machine.js';
import {
  admit,
  askEach,
  type Cancelled,
  firstAsked,
  forget,
  type Outstanding,
  type Reassignment,
  roundOf,
  type Turns,
  withoutGone,
  withoutSilent,
} from './outstanding.js';
import { emptyMap, mapDelete, mapGet, type PersistentMap } from './persistent-map.js';
import { remembered } from './remembered.js';
import { answerShape } from './request-shapes.js';
import type { Answer, Call } from './requests.js';
import type { MessageShapes } from './shapes.js';
import type { FrontEndInput, StyleSettings } from './style.js';

export const proxyClientShapes = { answers: answerShape } as const satisfies MessageShapes;

export type ProxyClientEvent =
  /** From the clients on this node. */
  | Incoming<'call', Call>
  | Incoming<'cancel', Cancelled>
  /** From the front end on a proxy's node. */
  | Incoming<'answers', Answer>
  | Incoming<'gone', Gone>;

export interface ProxyClientContext extends Effectful {
  /** Where the answers go: this actor. */
  readonly self: Address;
  /** The front ends on the replica managers' nodes, and which of them is the proxy now. */
  readonly turns: Turns;
  /** By session: what has no answer yet. */
  readonly outstanding: PersistentMap<Outstanding>;
  /** The latest version in an answer, so that no other proxy answers from an older one. */
  readonly seen: number;
}

type Change = Partial<ProxyClientContext>;

export function handOver(context: ProxyClientContext, event: Incoming<'call', Call>): Change {
  const round = roundOf(context.turns, context.outstanding.size === 0);
  const open = (call: Call): Outstanding => firstAsked(call, context.turns.turn, round);
  const { outstanding, fresh, effects } = admit(context.outstanding, event.items, open);
  return { outstanding, effects: [...ask(context, fresh), ...effects] };
}

function ask(context: ProxyClientContext, entries: readonly Outstanding[]): Effect[] {
  const call = ({ call }: Outstanding): Call => ({ ...call, origin: context.self, seen: context.seen });
  return askEach(context.turns.servers, entries, 'call', call, 'fifo');
}

/**
 * An answer is as good from a former proxy. The present one is told to forget a call that was handed over more than once: it
 * may just be taking it on, after the session has gone on elsewhere, and would never get a reply to it.
 */
export function bringBack(context: ProxyClientContext, event: Incoming<'answers', Answer>): Change {
  const { turns } = context;
  if (!turns.servers.includes(event.from)) {
    return { effects: discarded('answers', { stranger: event.items.length }) };
  }
  let { outstanding, seen } = context;
  const answers: Answer[] = [];
  const again: Outstanding[] = [];
  for (const answer of event.items) {
    const entry = mapGet(outstanding, answer.session);
    if (entry?.call.seq !== answer.seq) continue;
    outstanding = mapDelete(outstanding, answer.session);
    seen = Math.max(seen, answer.version);
    answers.push(answer);
    if (entry.again) again.push(entry);
  }
  const replied: Effect[] = answers.length === 0 ? [] : [{ type: 'reply', answers }];
  const late = discarded('answers', { late: event.items.length - answers.length });
  return { outstanding, seen, effects: [...replied, ...callOff(turns, again), ...late] };
}

/** A client has given up: its proxy hears of it. */
export function giveUp(context: ProxyClientContext, event: Incoming<'cancel', Cancelled>): Change {
  const { outstanding, forgotten, effects } = forget(context.outstanding, event.items);
  return { outstanding, effects: [...callOff(context.turns, forgotten), ...effects] };
}

const callOff = (turns: Turns, entries: readonly Outstanding[]): Effect[] =>
  askEach(turns.servers, entries, 'cancel', ({ call: { session, seq } }): Cancelled => ({ session, seq }), 'fifo');

/** The proxy is gone, and with it what it knew. */
export const passOver = (context: ProxyClientContext, event: Incoming<'gone', Gone>): Change =>
  turnTo(context, withoutGone(context.turns, context.outstanding, event.items), []);

/** A round is over: the proxy may have answered nothing because it is slow, so it hears that it need not. */
export function turnToNext(context: ProxyClientContext): Change {
  const next = withoutSilent(context.turns, context.outstanding);
  const left = next.moved.filter(({ from, entry }) => from !== entry.asked);
  return turnTo(
    context,
    next,
    callOff(
      context.turns,
      left.map(({ from, entry }) => ({ ...entry, asked: from })),
    ),
  );
}

function turnTo(
  context: ProxyClientContext,
  { turns, outstanding, moved }: Reassignment<Outstanding>,
  calledOff: readonly Effect[],
): Change {
  return {
    turns,
    outstanding,
    effects: [
      ...calledOff,
      ...ask(
        context,
        moved.map(({ entry }) => entry),
      ),
    ],
  };
}

/** The proxy client's chart. */
export function proxyClient(settings: StyleSettings) {
  const handedOver = remembered(handOver);
  const broughtBack = remembered(bringBack);
  const givenUp = remembered(giveUp);
  const change = (context: ProxyClientContext, event: ProxyClientEvent): Change => {
    if (event.type === 'call') return handedOver(context, event);
    if (event.type === 'answers') return broughtBack(context, event);
    return event.type === 'cancel' ? givenUp(context, event) : passOver(context, event);
  };
  return setup({
    types: {} as {
      context: ProxyClientContext;
      events: ProxyClientEvent;
      input: FrontEndInput;
      emitted: EffectsEmitted;
    }, // for the compiler only
    actions: { change: assign(({ context, event }) => change(context, event)), emitEffects },
    guards: {
      nothingIsOut: ({ context, event }) =>
        context.outstanding.size <= event.items.length && change(context, event).outstanding?.size === 0,
      aCallIsOut: ({ context, event }) => (change(context, event).outstanding?.size ?? 0) > 0,
    },
    delays: { retryAfter: settings.retryAfter },
  }).createMachine({
    id: 'proxy client',
    context: ({ input }) => ({
      self: address(input.node, 'fe'),
      turns: { servers: input.members, gone: [], turn: input.first, round: 0 },
      outstanding: emptyMap<Outstanding>(),
      seen: 0,
      effects: noEffects,
    }),
    initial: 'idle',
    // What changes no state: each event has one rule, in every state.
    on: {
      call: { actions: ['change', 'emitEffects'] },
      answers: { actions: ['change', 'emitEffects'] },
      cancel: { actions: ['change', 'emitEffects'] },
      gone: { actions: ['change', 'emitEffects'] },
      '*': { actions: [assign(({ event }) => unfit(event)), emitEffects] },
    },
    states: {
      idle: { on: { call: { guard: 'aCallIsOut', target: 'waiting', actions: ['change', 'emitEffects'] } } },
      waiting: {
        on: {
          answers: { guard: 'nothingIsOut', target: 'idle', actions: ['change', 'emitEffects'] },
          cancel: { guard: 'nothingIsOut', target: 'idle', actions: ['change', 'emitEffects'] },
        },
        after: {
          retryAfter: {
            target: 'waiting',
            reenter: true,
            actions: [assign(({ context }) => turnToNext(context)), emitEffects],
          },
        },
      },
    },
  });
}
