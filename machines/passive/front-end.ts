/**
 * The front end of passive replication (Coulouris et al., ch. 18.3): it sends each request, with its id, to the primary (PB-1),
 * and answers its client with the reply. It hears of views from the group's actor on its node, and so knows the primary; before
 * it does, it asks any replica manager, which passes the request on. What has no answer is asked again, with the same
 * id: of the primary of a new view at once, and of the next replica manager in turn after `retryAfter` ms.
 *
 * With reads at backups a query goes to one replica manager of this front end's choice, with the version that it last saw.
 */
import { assign, setup } from 'xstate';
import { discarded, unfit } from '../shared/discard.js';
import type { Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { type Address, address, nodeOf, senderNode } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import {
  admit,
  answerEach,
  askEach,
  type Cancelled,
  entering,
  forget,
  type Outstanding,
  type Reassignment,
  requestOf,
  roundOf,
  type Turns,
  withoutGone,
  withoutSilent,
} from '../shared/outstanding.js';
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import { remembered } from '../shared/remembered.js';
import { callShape, cancelShape, replyShape } from '../shared/request-shapes.js';
import type { Answer, Batch, Call, Reply } from '../shared/requests.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { FrontEndInput, StyleSettings } from '../shared/style.js';
import { chosen, type View } from '../shared/view.js';
import { managerOf } from './context.js';
import type { Read } from './messages.js';

export const frontEndShapes = {
  call: callShape,
  cancel: cancelShape,
  replies: replyShape,
} as const satisfies MessageShapes;

export type FrontEndEvent =
  /** From the clients on this node, or from a client that uses this node as its proxy. */
  | Incoming<'call', Call>
  | Incoming<'cancel', Cancelled>
  /** From the primary, or from the replica manager that was asked to read. */
  | Incoming<'replies', Reply>
  /** From the group's actor on this node. */
  | Incoming<'view', View>
  | Incoming<'gone', Gone>;

interface Asked extends Outstanding {
  /** A query for one replica manager, whichever. */
  readonly isRead: boolean;
}

export interface FrontEndContext extends Effectful {
  /** Where the replies go: this actor. */
  readonly self: Address;
  /** The latest view, 0 before the first. */
  readonly view: number;
  /** Its primary; null while none is known. */
  readonly primary: Address | null;
  /** The replica managers, and which of them is asked next: the primary, where it is known. */
  readonly turns: Turns;
  /** Which of them is asked to read. */
  readonly reader: number;
  /** By session: what has no answer yet. */
  readonly outstanding: PersistentMap<Asked>;
  /** The latest version in an answer. */
  readonly seen: number;
}

type Change = Partial<FrontEndContext>;

/** RE: what is new goes to the primary as one batch, or to one replica manager that may read. */
function request(context: FrontEndContext, event: Incoming<'call', Call>, reads: StyleSettings['reads']): Change {
  const { turns, reader } = context;
  const round = roundOf(turns, context.outstanding.size === 0);
  const open = (call: Call): Asked => {
    const isRead = reads === 'backups' && call.kind === 'query';
    return { call, isRead, asked: isRead ? reader : turns.turn, round, again: false };
  };
  const { outstanding, fresh, effects } = admit(context.outstanding, event.items, open);
  return { outstanding, effects: [...entering(fresh), ...ask(context, turns.servers, fresh), ...effects] };
}

function ask(context: FrontEndContext, servers: readonly Address[], entries: readonly Asked[]): Effect[] {
  const batched = askEach(
    servers,
    entries.filter(({ isRead }) => !isRead),
    'requests',
    ({ call }) => requestOf(call),
    'fifo',
  ).map((effect): Effect => {
    if (effect.type !== 'send') return effect;
    const batch = { frontEnd: context.self, requests: effect.message.items as Batch['requests'] }; // of the line above
    return { ...effect, message: { type: 'requests', items: [batch] } };
  });
  const read = ({ call }: Asked): Read => ({
    request: requestOf(call),
    seen: Math.max(context.seen, call.seen ?? 0),
  });
  const reads = entries.filter(({ isRead }) => isRead);
  return [...batched, ...askEach(servers, reads, 'read', read, 'unordered')];
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
const askNext = (context: FrontEndContext): Change =>
  askAgain(context, withoutSilent(context.turns, context.outstanding));

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

/**
 * A new view: what is out goes to its primary, unless that one has it. Where no member has the state, whoever is
 * there is asked in turn.
 */
function follow(context: FrontEndContext, event: Incoming<'view', View>): Change {
  const view = event.items.at(-1);
  if (view === undefined || view.id <= context.view || view.members.length === 0)
    return { effects: discarded('view', { old: event.items.length }) };
  const before = context.turns.servers;
  const servers = view.members.map(({ id }) => address(senderNode(id), 'rm'));
  const primary = chosen(view);
  const turn = primary === undefined ? 0 : servers.indexOf(managerOf(primary.id));
  const place = (asked: number | null): number => servers.indexOf(before[asked ?? -1] ?? 'no/one');
  const moved: Asked[] = [];
  let { outstanding } = context;
  const round = context.turns.round + 1;
  for (const [session, entry] of mapEntries(context.outstanding)) {
    const still = place(entry.asked);
    // Who was asked before it was primary may have passed it on to the primary that is gone.
    const stays = entry.isRead ? still >= 0 : still === turn && servers[turn] === context.primary;
    const next: Asked = stays ? { ...entry, asked: still } : { ...entry, asked: turn, round, again: true };
    outstanding = mapSet(outstanding, session, next);
    if (!stays) moved.push(next);
  }
  const reader = place(context.reader);
  return {
    view: view.id,
    primary: servers[turn] ?? null,
    turns: { servers, gone: [], turn, round: context.turns.round },
    reader: reader >= 0 ? reader : context.reader % servers.length,
    outstanding,
    effects: ask(context, servers, moved),
  };
}

function initialContext(input: FrontEndInput): FrontEndContext {
  return {
    self: address(input.node, 'fe'),
    view: 0,
    primary: null,
    turns: { servers: input.members, gone: [], turn: input.first, round: 0 },
    reader: input.first,
    outstanding: emptyMap(),
    seen: 0,
    effects: noEffects,
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
    return event.type === 'view' ? follow(context, event) : passOver(context, event);
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
    initial: 'idle',
    // What changes no state: each event has one rule, in every state.
    on: {
      call: { actions: ['change', 'emitEffects'] },
      replies: { actions: ['change', 'emitEffects'] },
      cancel: { actions: ['change', 'emitEffects'] },
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
            actions: [assign(({ context }) => askNext(context)), 'emitEffects'],
          },
        },
      },
    },
  });
}
