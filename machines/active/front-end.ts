/**
 * The front end of active replication (Schneider 1990; Coulouris et al., ch. 18): it multicasts each request to the
 * group of replica managers in total order, takes as many identical replies as the fault model asks for, and answers
 * its client once. It lives with its clients (AR-11). Requests that come together go as one batch, one multicast.
 *
 * With reads at one replica manager a query goes to one of them only, with the version that this front end last saw;
 * when that one is gone, or gives no answer for `retryAfter` ms, the next one in turn is asked.
 *
 * Nothing that was multicast is sent again, for the multicast is reliable. When all replica managers are gone a request
 * waits on: the client's own deadline ends it. A replica manager that is gone still counts among those whose votes are out, for
 * its reply may be under way.
 */
import { assign, setup } from 'xstate';
import { discarded, unfit } from '../shared/discard.js';
import type { Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { type Address, address, type GroupName, nodeOf } from '../shared/identifiers.js';
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
import { emptyMap, mapDelete, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import { remembered } from '../shared/remembered.js';
import { callShape, cancelShape, replyShape } from '../shared/request-shapes.js';
import type { Answer, Batch, Call, Reply, Request } from '../shared/requests.js';
import type { Serializable } from '../shared/serializable.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { FrontEndInput, StyleSettings } from '../shared/style.js';
import { elected, hasVoted, type Party, vote, votesNeeded } from './votes.js';

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

/** A query for one replica manager. */
export interface Read {
  readonly request: Request;
  /** The answer must know at least as many updates as this front end has seen. */
  readonly seen: number;
}

/** A request under way, with the votes on it. */
interface Election extends Outstanding {
  readonly parties: readonly Party[];
}

export interface FrontEndContext extends Effectful {
  /** Where the replies go: this actor. */
  readonly self: Address;
  readonly group: GroupName;
  /** Identical replies that make an answer. */
  readonly needed: number;
  /** The replica managers, and which of them is asked next where one is enough. */
  readonly turns: Turns;
  /** By session: what has no answer yet. */
  readonly outstanding: PersistentMap<Election>;
  /** How many of these went to one replica manager. */
  readonly reads: number;
  /** The latest version in an answer. */
  readonly seen: number;
}

type Change = Partial<FrontEndContext>;

function initialContext(input: FrontEndInput, settings: StyleSettings): FrontEndContext {
  return {
    self: address(input.node, 'fe'),
    group: input.group,
    needed: votesNeeded(input.members.length, settings.tolerate),
    turns: { servers: input.members, gone: [], turn: input.first, round: 0 },
    outstanding: emptyMap(),
    reads: 0,
    seen: 0,
    effects: noEffects,
  };
}

/** RE: what is new goes to the group as one batch, or to one replica manager. */
export function request(
  context: FrontEndContext,
  event: Incoming<'call', Call>,
  reads: StyleSettings['reads'],
): Change {
  const { turn } = context.turns;
  const round = roundOf(context.turns, context.reads === 0);
  const open = (call: Call): Election => {
    const asked = reads === 'one' && call.kind === 'query' ? turn : null;
    return { ...firstAsked(call, asked, round), parties: [] };
  };
  const { outstanding, fresh, effects } = admit(context.outstanding, event.items, open);
  const ordered = fresh.filter(({ asked }) => asked === null).map(({ call }) => requestOf(call));
  const requested = entering(fresh);
  if (ordered.length > 0) {
    const batch: Batch = { frontEnd: context.self, requests: ordered };
    // A batch is plain data; only its being an interface keeps TypeScript from seeing it.
    requested.push({ type: 'multicast', group: context.group, payloads: [batch as unknown as Serializable] });
  }
  return {
    outstanding,
    reads: context.reads + fresh.length - ordered.length,
    effects: [...requested, ...ask(context, fresh), ...effects],
  };
}

function ask(context: FrontEndContext, entries: readonly Election[]): Effect[] {
  const read = ({ call }: Election): Read => ({
    request: requestOf(call),
    seen: Math.max(context.seen, call.seen ?? 0),
  });
  return askEach(context.turns.servers, entries, 'read', read, 'unordered');
}

/** END: counts the votes, and answers what they decide. */
export function countVotes(context: FrontEndContext, event: Incoming<'replies', Reply>): Change {
  const { servers } = context.turns;
  if (!servers.includes(event.from)) {
    return { effects: discarded('replies', { stranger: event.items.length }) };
  }
  const voter = nodeOf(event.from);
  let { outstanding, reads, seen } = context;
  let late = 0;
  let repeated = 0;
  const answers: { call: Call; answer: Answer }[] = [];
  for (const reply of event.items) {
    const entry = mapGet(outstanding, reply.session);
    if (entry === undefined || entry.call.seq !== reply.seq) late += 1;
    else if (hasVoted(entry.parties, voter)) repeated += 1;
    else {
      const parties = vote(entry.parties, voter, reply);
      const result = elected(parties, context.needed, servers.length);
      if (result === null) {
        outstanding = mapSet(outstanding, reply.session, { ...entry, parties });
        continue;
      }
      outstanding = mapDelete(outstanding, reply.session);
      if (entry.asked !== null) reads -= 1;
      if (result !== 'split') seen = Math.max(seen, result.version);
      answers.push({ call: entry.call, answer: answerFrom(result, entry.call, context) });
    }
  }
  const effects = [...answerEach(answers), ...discarded('replies', { late, repeated })];
  return { outstanding, reads, seen, effects };
}

function answerFrom(result: Party | 'split', call: Call, context: FrontEndContext): Answer {
  const { session, seq } = call;
  if (result !== 'split') return { session, seq, outcome: result.outcome, by: result.by, version: result.version };
  const n = context.turns.servers.length;
  const message = `No ${context.needed} of the ${n} replica managers gave the same answer to ${call.op}: more of them are faulty than the vote outlives, or the operation is not deterministic. It has been executed.`;
  return {
    session,
    seq,
    outcome: { ok: false, error: { code: 'NO_AGREEMENT', message } },
    by: [],
    version: context.seen,
  };
}

/** A client has given up. */
export function giveUp(context: FrontEndContext, event: Incoming<'cancel', Cancelled>): Change {
  const { outstanding, forgotten, effects } = forget(context.outstanding, event.items);
  return { outstanding, reads: context.reads - forgotten.filter(({ asked }) => asked !== null).length, effects };
}

/** A replica manager is gone: what it alone was asked is asked of the next. */
export const passOver = (context: FrontEndContext, event: Incoming<'gone', Gone>): Change =>
  askAgain(context, withoutGone(context.turns, context.outstanding, event.items));

/** A round is over: what one replica manager has left unanswered is asked of the next. */
export const askNext = (context: FrontEndContext): Change =>
  askAgain(context, withoutSilent(context.turns, context.outstanding));

function askAgain(context: FrontEndContext, { turns, outstanding, moved }: Reassignment<Election>): Change {
  return {
    turns,
    outstanding,
    effects: ask(
      context,
      moved.map(({ entry }) => entry),
    ),
  };
}

/** The front end's chart: which calls are out, to the group (`waiting`) or also to single replica managers (`reading`). */
export function frontEnd(settings: StyleSettings) {
  const requested = remembered((context: FrontEndContext, event: Incoming<'call', Call>) =>
    request(context, event, settings.reads),
  );
  const counted = remembered(countVotes);
  const givenUp = remembered(giveUp);
  const change = (context: FrontEndContext, event: FrontEndEvent): Change => {
    if (event.type === 'call') return requested(context, event);
    if (event.type === 'replies') return counted(context, event);
    return event.type === 'cancel' ? givenUp(context, event) : passOver(context, event);
  };
  return setup({
    types: {} as { context: FrontEndContext; events: FrontEndEvent; input: FrontEndInput; emitted: EffectsEmitted }, // for the compiler only
    actions: { change: assign(({ context, event }) => change(context, event)), emitEffects },
    guards: {
      // Of what the event leaves. Each item ends one request at most, so most events need no closer look.
      nothingIsOut: ({ context, event }) =>
        context.outstanding.size <= event.items.length && change(context, event).outstanding?.size === 0,
      noReadIsOut: ({ context, event }) => context.reads <= event.items.length && change(context, event).reads === 0,
      aReadIsOut: ({ context, event }) => (change(context, event).reads ?? 0) > 0,
      aRequestIsOut: ({ context, event }) => (change(context, event).outstanding?.size ?? 0) > 0,
    },
    delays: { retryAfter: settings.retryAfter },
  }).createMachine({
    id: 'active front end',
    context: ({ input }) => initialContext(input, settings),
    initial: 'idle',
    // What changes no state: each event has one rule, in every state.
    on: {
      call: { actions: ['change', 'emitEffects'] },
      replies: { actions: ['change', 'emitEffects'] },
      cancel: { actions: ['change', 'emitEffects'] },
      gone: { actions: ['change', 'emitEffects'] },
      '*': { actions: [assign(({ event }) => unfit(event)), 'emitEffects'] },
    },
    states: {
      idle: {
        on: {
          call: [
            { guard: 'aReadIsOut', target: 'reading', actions: ['change', 'emitEffects'] },
            { guard: 'aRequestIsOut', target: 'waiting', actions: ['change', 'emitEffects'] },
          ],
        },
      },
      waiting: {
        tags: 'RE',
        on: {
          call: { guard: 'aReadIsOut', target: 'reading', actions: ['change', 'emitEffects'] },
          replies: { guard: 'nothingIsOut', target: 'idle', actions: ['change', 'emitEffects'] },
          cancel: { guard: 'nothingIsOut', target: 'idle', actions: ['change', 'emitEffects'] },
        },
      },
      reading: {
        tags: 'RE',
        on: {
          replies: [
            { guard: 'nothingIsOut', target: 'idle', actions: ['change', 'emitEffects'] },
            { guard: 'noReadIsOut', target: 'waiting', actions: ['change', 'emitEffects'] },
          ],
          cancel: [
            { guard: 'nothingIsOut', target: 'idle', actions: ['change', 'emitEffects'] },
            { guard: 'noReadIsOut', target: 'waiting', actions: ['change', 'emitEffects'] },
          ],
        },
        after: {
          retryAfter: {
            target: 'reading',
            reenter: true,
            actions: [assign(({ context }) => askNext(context)), 'emitEffects'],
          },
        },
      },
    },
  });
}
