/**
 * The front end of active replication in a group whose members come and go. It is no member: it multicasts to the group from
 * outside, and observes its views. It answers when the members of the latest view that it knows have said enough that the
 * result outlives any of them (surviving.ts), which a new view may settle as well as a new reply.
 *
 * The order itself may die with the member that makes it, before anybody has heard of a request. So what has no answer for `retryAfter`
 * ms is multicast again, with the same ids: who has executed it replies from its table (AR-14).
 *
 * With reads at one replica manager a query goes to one full member of the view, with the version that this front end last
 * saw, and to another when that one leaves, or gives no answer for as long. Before the first view a query goes to the group.
 */
import { assign, setup } from 'xstate';
import { discarded, unfit } from '../shared/discard.js';
import type { Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import {
  type Address,
  address,
  type GroupName,
  groupActor,
  nodeOf,
  type SenderId,
  senderNode,
} from '../shared/identifiers.js';
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
  requestOf,
  roundOf,
  type Turns,
  withoutSilent,
  withServers,
} from '../shared/outstanding.js';
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import { remembered } from '../shared/remembered.js';
import { callShape, cancelShape } from '../shared/request-shapes.js';
import type { Answer, Batch, Call } from '../shared/requests.js';
import type { Serializable } from '../shared/serializable.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { FrontEndInput, StyleSettings } from '../shared/style.js';
import { type View, viewShape } from '../shared/view.js';
import type { Read } from './front-end.js';
import { type Held, heard, heldShape, type MemberReply, memberReplyShape, surviving, type Word } from './surviving.js';

export const observerFrontEndShapes = {
  call: callShape,
  cancel: cancelShape,
  replies: memberReplyShape,
  held: heldShape,
  view: viewShape,
} as const satisfies MessageShapes;

export type ObserverFrontEndEvent =
  /** From the clients on this node, or from a client that uses this node as its proxy. */
  | Incoming<'call', Call>
  | Incoming<'cancel', Cancelled>
  /** From one replica manager. */
  | Incoming<'replies', MemberReply>
  | Incoming<'held', Held>
  /** From the group's actor on this node. */
  | Incoming<'view', View>
  | Incoming<'gone', Gone>;

/** A request under way, with what members have said of it. */
interface Hearing extends Outstanding {
  readonly words: readonly Word[];
}

interface ObserverFrontEndContext extends Effectful {
  /** Where the replies go: this actor. */
  readonly self: Address;
  readonly group: GroupName;
  /** The latest; null before the first. */
  readonly view: View | null;
  /** The full members' replica managers, and which of them is asked next where one is enough. */
  readonly turns: Turns;
  /** By session: what has no answer yet. */
  readonly outstanding: PersistentMap<Hearing>;
  /** The latest version in an answer. */
  readonly seen: number;
}

type Context = ObserverFrontEndContext;
type Change = Partial<Context>;

const initialContext = ({ node, group, first }: FrontEndInput): Context => ({
  self: address(node, 'fe'),
  group,
  view: null,
  turns: { servers: [], gone: [], turn: first, round: 0 },
  outstanding: emptyMap(),
  seen: 0,
  effects: noEffects,
});

/** RE: what is new goes to the group as one batch, or to one replica manager. */
export function request(context: Context, event: Incoming<'call', Call>, reads: StyleSettings['reads']): Change {
  const { servers, turn } = context.turns;
  const round = roundOf(context.turns, context.outstanding.size === 0);
  const open = (call: Call): Hearing => {
    const alone = reads === 'one' && call.kind === 'query' && servers.length > 0;
    return { ...firstAsked(call, alone ? turn : null, round), words: [] };
  };
  const { outstanding, fresh, effects } = admit(context.outstanding, event.items, open);
  return { outstanding, effects: [...entering(fresh), ...toGroup(context, fresh), ...ask(context, fresh), ...effects] };
}

/** One multicast of what is not for one replica manager alone. */
function toGroup({ self, group }: Context, entries: readonly Hearing[]): Effect[] {
  const requests = entries.filter(({ asked }) => asked === null).map(({ call }) => requestOf(call));
  if (requests.length === 0) return [];
  const batch: Batch = { frontEnd: self, requests };
  // A batch is plain data; only its being an interface keeps TypeScript from seeing it.
  return [{ type: 'multicast', group, payloads: [batch as unknown as Serializable] }];
}

function ask({ turns, seen }: Pick<Context, 'turns' | 'seen'>, entries: readonly Hearing[]): Effect[] {
  const read = ({ call }: Hearing): Read => ({ request: requestOf(call), seen: Math.max(seen, call.seen ?? 0) });
  return askEach(turns.servers, entries, 'read', read, 'unordered');
}

interface Said {
  readonly session: string;
  readonly seq: number;
  readonly word: Word;
}

/** END: members have told their results. */
export function takeReplies(context: Context, event: Incoming<'replies', MemberReply>): Change {
  const said = event.items.map(({ member, view, ...reply }): Said => {
    const { session, seq } = reply;
    return { session, seq, word: { member, view, reply } };
  });
  return hear(context, event, said);
}

/** A member that is still being sent the state has the requests in what it holds. */
function takeHeld(context: Context, event: Incoming<'held', Held>): Change {
  const said = event.items.map(
    ({ session, seq, member, view }): Said => ({ session, seq, word: { member, view, reply: null } }),
  );
  return hear(context, event, said);
}

function hear(context: Context, event: Incoming, said: readonly Said[]): Change {
  const { view } = context;
  let { outstanding } = context;
  let [stranger, late, repeated] = [0, 0, 0];
  const settled: Settled[] = [];
  for (const { session, seq, word } of said) {
    const entry = mapGet(outstanding, session);
    if (!speaksForItself(event.from, word.member)) stranger += 1;
    else if (entry === undefined || entry.call.seq !== seq) late += 1;
    else {
      const words = heard(entry.words, word);
      if (words === null) {
        repeated += 1;
        continue;
      }
      const result = settles(view, { ...entry, words });
      if (result !== null) settled.push({ call: entry.call, result });
      outstanding =
        result === null ? mapSet(outstanding, session, { ...entry, words }) : mapDelete(outstanding, session);
    }
  }
  const { seen, effects } = answer(context, settled);
  return { outstanding, seen, effects: [...effects, ...discarded(event.type, { stranger, late, repeated })] };
}

const speaksForItself = (from: Address, member: SenderId): boolean => nodeOf(from) === senderNode(member);

type Result = NonNullable<ReturnType<typeof surviving>>;

interface Settled {
  readonly call: Call;
  readonly result: Result;
}

/** What one replica manager alone is asked, any one answers: the group is uniform then, so what one has seen survives. */
function settles(view: View | null, { asked, words }: Hearing): Result | null {
  if (asked === null) return surviving(view, words);
  return words.find((word): word is Result => word.reply !== null) ?? null;
}

function answer(context: Context, settled: readonly Settled[]): { readonly seen: number; readonly effects: Effect[] } {
  if (settled.length === 0) return { seen: context.seen, effects: [] };
  const seen = settled.reduce((latest, { result }) => Math.max(latest, result.reply.version), context.seen);
  const answers = settled.map(({ call, result: { member, reply } }) => {
    const { session, seq } = call;
    const given: Answer = { session, seq, outcome: reply.outcome, by: [senderNode(member)], version: reply.version };
    return { call, answer: given };
  });
  return { seen, effects: answerEach(answers) };
}

/** A new view: what has been said is counted again, and queries leave who has left. */
export function observe(context: Context, event: Incoming<'view', View>): Change {
  const view = event.items.at(-1) ?? context.view;
  if (view === null || (context.view !== null && view.id <= context.view.id)) {
    return { effects: discarded('view', { late: event.items.length }) };
  }
  let { outstanding } = context;
  const settled: Settled[] = [];
  for (const [session, entry] of mapEntries(context.outstanding)) {
    const result = settles(view, entry);
    if (result === null) continue;
    settled.push({ call: entry.call, result });
    outstanding = mapDelete(outstanding, session);
  }
  const { seen, effects } = answer(context, settled);
  const servers = view.members.filter(({ full }) => full).map(({ id }) => address(senderNode(id), 'rm'));
  const placed = withServers(context.turns, outstanding, servers);
  const moved = placed.moved.map(({ entry }) => entry);
  const { turns } = placed;
  return { view, turns, outstanding: placed.outstanding, seen, effects: [...effects, ...ask({ turns, seen }, moved)] };
}

/** A client has given up. */
function giveUp(context: Context, event: Incoming<'cancel', Cancelled>): Change {
  const { outstanding, effects } = forget(context.outstanding, event.items);
  return { outstanding, effects };
}

/** A round is over: what has been out for the whole of it goes to the group again, or to the next replica manager. */
function repeat(context: Context): Change {
  const { round } = context.turns;
  const { turns, moved, ...rest } = withoutSilent(context.turns, context.outstanding);
  let { outstanding } = rest;
  const overdue: Hearing[] = [];
  for (const [session, entry] of mapEntries(outstanding)) {
    if (entry.asked !== null || entry.round > round) continue;
    const again: Hearing = { ...entry, round: turns.round, again: true };
    outstanding = mapSet(outstanding, session, again);
    overdue.push(again);
  }
  const asked = moved.map(({ entry }) => entry);
  const again = [...toGroup(context, overdue), ...ask({ ...context, turns }, asked)];
  return { turns, outstanding, effects: [...(overdue.length === 0 ? [] : askForView(context)), ...again] };
}

/** The view may have changed, and whoever told of it be gone: the group's actor on this node asks. */
function askForView({ self, group }: Context): Effect[] {
  const to = address(nodeOf(self), groupActor(group));
  return [{ type: 'send', to, message: { type: 'behind', items: [group] }, channel: 'fifo' }];
}

/** The front end's chart: whether any call is out. */
export function observerFrontEnd(settings: StyleSettings) {
  const change = remembered((context: Context, event: ObserverFrontEndEvent): Change => {
    if (event.type === 'call') return request(context, event, settings.reads);
    if (event.type === 'replies') return takeReplies(context, event);
    if (event.type === 'held') return takeHeld(context, event);
    if (event.type === 'view') return observe(context, event);
    return event.type === 'cancel' ? giveUp(context, event) : unfit(event);
  });
  const always = { actions: ['change', 'emitEffects'] } as const;
  const ending = { guard: 'nothingIsOut', target: 'idle', actions: ['change', 'emitEffects'] } as const;
  return setup({
    types: {} as { context: Context; events: ObserverFrontEndEvent; input: FrontEndInput; emitted: EffectsEmitted }, // for the compiler only
    actions: { change: assign(({ context, event }) => change(context, event)), emitEffects },
    guards: {
      nothingIsOut: ({ context, event }) => change(context, event).outstanding?.size === 0,
      aRequestIsOut: ({ context, event }) => (change(context, event).outstanding?.size ?? 0) > 0,
    },
    delays: { retryAfter: settings.retryAfter },
  }).createMachine({
    id: 'active observer front end',
    context: ({ input }) => initialContext(input),
    initial: 'idle',
    // What changes no state: each event has one rule, in every state.
    on: {
      call: always,
      replies: always,
      held: always,
      cancel: always,
      view: always,
      gone: {}, // views tell who is left
      '*': { actions: [assign(({ event }) => unfit(event)), 'emitEffects'] },
    },
    states: {
      idle: { on: { call: { guard: 'aRequestIsOut', target: 'waiting', actions: ['change', 'emitEffects'] } } },
      waiting: {
        tags: 'RE',
        on: { replies: ending, held: ending, cancel: ending, view: ending },
        after: {
          retryAfter: {
            target: 'waiting',
            reenter: true,
            actions: [assign(({ context }) => repeat(context)), 'emitEffects'],
          },
        },
      },
    },
  });
}
