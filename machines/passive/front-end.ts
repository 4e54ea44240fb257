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
import { type Found, foundShape, lookingUp } from '../membership/name-messages.js';
import { discarded, unfit } from '../shared/discard.js';
import type { Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { idsOf } from '../shared/execution.js';
import { type Address, address, type GroupName, type NodeId, nodeOf, senderNode } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import {
  admit,
  answerEach,
  askEach,
  type Cancelled,
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

interface Asked extends Outstanding {
  /** A query for one replica manager, whichever. */
  readonly isRead: boolean;
}

export interface FrontEndContext extends Effectful {
  /** Where the replies go: this actor. */
  readonly self: Address;
  readonly group: GroupName;
  /** The nodes of the name service, if there is one. */
  readonly names: readonly NodeId[];
  /** The latest view, 0 before the first. */
  readonly view: number;
  /** Its primary; null while none is known. */
  readonly primary: Address | null;
  /** The latest registration of a primary that a look-up has found: its view, 0 before the first. */
  readonly registered: number;
  /** The replica managers, and which of them is asked next: the primary, where it is known. */
  readonly turns: Turns;
  /** Which of them is asked to read. */
  readonly reader: number;
  /**
   * Whose choice that was: a place in `names`, or their number while it is nobody's. All turns are kept by the first that answers,
   * so that they are even.
   */
  readonly chosenBy: number;
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
  const requested: Effect[] =
    fresh.length === 0 ? [] : [{ type: 'phase', phase: 'RE', requests: idsOf(fresh.map(({ call }) => call)) }];
  return { outstanding, effects: [...requested, ...ask(context, turns.servers, fresh), ...effects] };
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
  const ids = idsOf(answers.map(({ call }) => call));
  const ended: Effect[] = ids.length === 0 ? [] : [{ type: 'phase', phase: 'END', requests: ids }];
  const effects = [...ended, ...answerEach(answers), ...discarded('replies', { late })];
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

/** GM-8: it starts, and asks who is there. */
const lookUp = ({ names, group }: FrontEndContext, reads: StyleSettings['reads']): Effect[] =>
  lookingUp(names, group, reads === 'backups' ? ['primary', 'read'] : ['primary']);

const lookUpReader = ({ names, group }: FrontEndContext): Effect[] => lookingUp(names, group, ['read']);

/** Answers to look-ups. What is older than what is known here, or names nobody, is of no use. */
function find(context: FrontEndContext, { from, items }: Incoming<'found', Found>): Change {
  const place = context.names.indexOf(nodeOf(from));
  const fit = items.filter(({ name }) => name === context.group && place >= 0);
  let now = context;
  let useless = items.length - fit.length;
  const effects: Effect[] = [];
  for (const { mode, address: found, view } of fit) {
    const isNews = mode === 'primary' ? view > Math.max(now.view, now.registered) : place < now.chosenBy;
    const servers = found === null ? [] : withServer(now, found, view);
    const at = found === null ? -1 : servers.indexOf(found);
    if (found === null || !isNews || at < 0) useless += 1;
    else if (mode === 'read') now = { ...now, turns: { ...now.turns, servers }, reader: at, chosenBy: place };
    else {
      const { effects: asked = [], ...change } = turnTo(
        now,
        servers,
        at,
        now.turns.gone.filter((node) => node !== nodeOf(found)),
      );
      now = { ...now, ...change, registered: view };
      effects.push(...asked);
    }
  }
  return { ...now, effects: [...effects, ...discarded('found', { 'of no use': useless })] };
}

/** Who is found may have joined in a view that is not known here yet; who is in no view that is, is gone. */
const withServer = (
  { turns: { servers }, view }: FrontEndContext,
  found: Address,
  since: number,
): readonly Address[] => (servers.includes(found) || since <= view ? servers : [...servers, found]);

/**
 * A new view: what is out goes to its primary, unless that one has it. Where no member has the state, whoever is
 * there is asked in turn.
 */
function follow(context: FrontEndContext, event: Incoming<'view', View>, reads: StyleSettings['reads']): Change {
  const view = event.items.at(-1);
  if (view === undefined || view.id <= context.view || view.id < context.registered || view.members.length === 0)
    return { effects: discarded('view', { old: event.items.length }) };
  const servers = view.members.map(({ id }) => address(senderNode(id), 'rm'));
  const primary = chosen(view);
  const turn = primary === undefined ? 0 : servers.indexOf(managerOf(primary.id));
  const change = turnTo(context, servers, turn, []);
  const isLost = reads === 'backups' && !servers.some((server) => server === context.turns.servers[context.reader]);
  return {
    ...change,
    view: view.id,
    chosenBy: isLost ? context.names.length : context.chosenBy,
    effects: [...(change.effects ?? []), ...(isLost ? lookUpReader(context) : [])],
  };
}

/** These are the replica managers now, and one of them is the primary. */
function turnTo(context: FrontEndContext, servers: readonly Address[], turn: number, gone: readonly NodeId[]): Change {
  const before = context.turns.servers;
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
    primary: servers[turn] ?? null,
    turns: { servers, gone, turn, round: context.turns.round },
    reader: reader >= 0 ? reader : context.reader % servers.length,
    outstanding,
    effects: ask(context, servers, moved),
  };
}

function initialContext(input: FrontEndInput): FrontEndContext {
  return {
    self: address(input.node, 'fe'),
    group: input.group,
    names: input.names ?? [],
    view: 0,
    primary: null,
    registered: 0,
    turns: { servers: input.members, gone: [], turn: input.first, round: 0 },
    reader: input.first,
    chosenBy: input.names?.length ?? 0,
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
            actions: [assign(({ context }) => askNext(context)), 'emitEffects'],
          },
        },
      },
    },
  });
}
