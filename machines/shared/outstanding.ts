/**
 * The calls that a front end has taken on and not answered yet: one for each session at most, for a session issues its
 * requests one at a time (AR-1).
 *
 * A call that went to one server only is asked of another when that one is gone, which is certain, or has not answered
 * for a while, which is a guess: the request keeps its id, so whoever has executed it answers from its table. Time
 * goes in rounds of `retryAfter` ms, the first of them from the first call: what has been out for a whole round is
 * overdue at its end. So a server has that long to answer at least and less than twice that, and one timer serves all calls.
 * Where an answer takes longer than that, none would ever come in time: so each time that all servers have been asked in vain,
 * they are given twice as long, up to eight rounds.
 */
import { discarded } from './discard.js';
import type { Effect, Gone } from './effects.js';
import { idsOf } from './execution.js';
import { type Address, type NodeId, nodeOf, type SessionId } from './identifiers.js';
import { mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from './persistent-map.js';
import type { Answer, Call, Request } from './requests.js';

export interface Outstanding {
  readonly call: Call;
  /** The one server that was asked, as an index into `servers`; null when the whole group was. */
  readonly asked: number | null;
  /** The first round that it has been out for as a whole. */
  readonly round: number;
  /** It was asked more than once, so an answer need not be the answer to the last time. */
  readonly again: boolean;
  /** How often a server that was asked gave no answer in time. */
  readonly vain: number;
}

/** A call that is asked for the first time; `asked` and `round` as above. */
export const firstAsked = (call: Call, asked: number | null, round: number): Outstanding => ({
  call,
  asked,
  round,
  again: false,
  vain: 0,
});

/** Where a front end stands with the servers of which it asks one at a time. */
export interface Turns {
  readonly servers: readonly Address[];
  /**
   * Nodes whose incarnation has ended: they have no state any more until they are back and have been given it, which nobody says. They
   * are passed over while others may answer.
   */
  readonly gone: readonly NodeId[];
  /** Who is asked next, as an index into `servers`. */
  readonly turn: number;
  /** The round that is under way, while anything is out. */
  readonly round: number;
}

/** Identifies a call that its client has given up on. */
export interface Cancelled {
  readonly session: SessionId;
  readonly seq: number;
}

export interface Admission<O extends Outstanding> {
  readonly outstanding: PersistentMap<O>;
  readonly fresh: readonly O[];
  readonly effects: readonly Effect[];
}

/**
 * Takes calls on. A session that has another request under way is turned away: its client keeps it waiting. The same
 * request again says only where the answer is wanted now.
 */
export function admit<O extends Outstanding>(
  before: PersistentMap<O>,
  calls: readonly Call[],
  open: (call: Call) => O,
): Admission<O> {
  let outstanding = before;
  let busy = 0;
  const fresh: O[] = [];
  for (const call of calls) {
    const other = mapGet(outstanding, call.session);
    if (other === undefined) {
      const entry = open(call);
      fresh.push(entry);
      outstanding = mapSet(outstanding, call.session, entry);
    } else if (other.call.seq === call.seq) outstanding = mapSet(outstanding, call.session, { ...other, call });
    else busy += 1;
  }
  return { outstanding, fresh, effects: discarded('call', { busy }) };
}

/** Forgets the calls that their clients have given up on. Their requests may take effect all the same. */
export function forget<O extends Outstanding>(
  before: PersistentMap<O>,
  cancelled: readonly Cancelled[],
): { readonly outstanding: PersistentMap<O>; readonly forgotten: readonly O[]; readonly effects: readonly Effect[] } {
  let outstanding = before;
  const forgotten: O[] = [];
  for (const { session, seq } of cancelled) {
    const entry = mapGet(outstanding, session);
    if (entry?.call.seq !== seq) continue;
    forgotten.push(entry);
    outstanding = mapDelete(outstanding, session);
  }
  return { outstanding, forgotten, effects: discarded('cancel', { late: cancelled.length - forgotten.length }) };
}

/** The round of a call that is asked now: the timer starts with the first call that is out. */
export const roundOf = (turns: Turns, noneIsOut: boolean): number => (noneIsOut ? turns.round : turns.round + 1);

/** The next server after this one that is not gone; this one again when there is no other. */
function serverAfter(turns: Pick<Turns, 'servers' | 'gone'>, place: number): number {
  const n = turns.servers.length;
  for (let i = 1; i < n; i++) {
    const next = (place + i) % n;
    if (!isGone(turns, next)) return next;
  }
  return place;
}

function isGone({ servers, gone }: Pick<Turns, 'servers' | 'gone'>, place: number): boolean {
  const server = servers[place];
  return server !== undefined && gone.includes(nodeOf(server));
}

export interface Reassignment<O extends Outstanding> {
  readonly turns: Turns;
  readonly outstanding: PersistentMap<O>;
  /** What another server is asked now. */
  readonly moved: readonly { readonly from: number; readonly entry: O }[];
}

/**
 * These incarnations have ended: what was asked of them is asked of others. When that leaves none, those that ended earlier
 * are asked again: nobody says when a node is back.
 */
export function withoutGone<O extends Outstanding>(
  before: Turns,
  outstanding: PersistentMap<O>,
  items: readonly Gone[],
): Reassignment<O> {
  const nodes = items
    .map(({ node }) => node)
    .filter((node) => before.servers.some((server) => nodeOf(server) === node));
  const ended = { ...before, gone: [...new Set([...before.gone, ...nodes])] };
  const isOneLeft = before.servers.some((_, place) => !isGone(ended, place));
  const turns = isOneLeft ? ended : { ...before, gone: nodes.slice(-1) };
  return reassign(turns, outstanding, turns.round + 1, 'gone', (asked) => isGone(ended, asked));
}

/**
 * The end of a round. When the turn has gone to the last of those that have not ended and begins with them anew, those that ended are
 * passed over no longer: they may be back, and those asked in their place may be away for good, of which nothing is heard again,
 * since an end is told once.
 */
export function withoutSilent<O extends Outstanding>(before: Turns, outstanding: PersistentMap<O>): Reassignment<O> {
  const { round } = before;
  const next = reassign(
    { ...before, round: round + 1 },
    outstanding,
    round + 1,
    'silent',
    (_, entry) => entry.round <= round,
  );
  const beginsAnew = next.moved.some(({ from, entry }) => entry.asked !== null && entry.asked <= from);
  return beginsAnew ? { ...next, turns: { ...next.turns, gone: [] } } : next;
}

/**
 * Others are servers than before: what was asked of one that is none any more is asked of another. While there is none at all, those
 * of before are kept.
 */
export function withServers<O extends Outstanding>(
  before: Turns,
  outstanding: PersistentMap<O>,
  servers: readonly Address[],
): Reassignment<O> {
  if (servers.length === 0) return { turns: before, outstanding, moved: [] };
  const placeNow = (place: number): number => {
    const server = before.servers[place];
    return server === undefined ? -1 : servers.indexOf(server);
  };
  const kept = placeNow(before.turn);
  const turns = { ...before, servers, turn: kept === -1 ? before.turn % servers.length : kept };
  let placed = outstanding;
  const moved: { from: number; entry: O }[] = [];
  for (const [session, entry] of mapEntries(outstanding)) {
    if (entry.asked === null) continue;
    const place = placeNow(entry.asked);
    const asked = place === -1 ? turns.turn : place;
    const now: O = place === -1 ? { ...entry, asked, round: turns.round + 1, again: true } : { ...entry, asked };
    placed = mapSet(placed, session, now);
    if (place === -1) moved.push({ from: entry.asked, entry: now });
  }
  return { turns, outstanding: placed, moved };
}

function reassign<O extends Outstanding>(
  turns: Turns,
  before: PersistentMap<O>,
  round: number,
  why: 'gone' | 'silent',
  overdue: (asked: number, entry: O) => boolean,
): Reassignment<O> {
  let outstanding = before;
  let { turn } = turns;
  const moved: { from: number; entry: O }[] = [];
  for (const [session, entry] of mapEntries(before)) {
    const from = entry.asked;
    if (from === null || !overdue(from, entry)) continue;
    const asked = serverAfter(turns, from);
    if (from === turns.turn) turn = asked;
    const vain = entry.vain + (why === 'silent' ? 1 : 0);
    const again: O = { ...entry, asked, round: round + moreRounds(vain / turns.servers.length), again: true, vain };
    outstanding = mapSet(outstanding, session, again);
    moved.push({ from, entry: again });
  }
  if (isGone(turns, turn)) turn = serverAfter(turns, turn);
  return { turns: { ...turns, turn }, outstanding, moved };
}

/** Rounds that a server is given beyond the first, when all were asked in vain so often. */
const moreRounds = (cycles: number): number => 2 ** Math.min(Math.floor(cycles), MOST_DOUBLINGS) - 1;
const MOST_DOUBLINGS = 3;

/** One message to each server that is asked something. */
export function askEach<O extends Outstanding>(
  servers: readonly Address[],
  entries: readonly O[],
  type: string,
  item: (entry: O) => unknown,
  channel: 'fifo' | 'unordered',
): Effect[] {
  const lists = new Map<number, unknown[]>();
  for (const entry of entries) {
    if (entry.asked === null) continue;
    const list = lists.get(entry.asked);
    if (list === undefined) lists.set(entry.asked, [item(entry)]);
    else list.push(item(entry));
  }
  const effects: Effect[] = [];
  for (const [place, items] of lists) {
    const to = servers[place];
    if (to !== undefined) effects.push({ type: 'send', to, message: { type, items }, channel });
  }
  return effects;
}

/** RE of calls that are new. */
export const entering = (fresh: readonly Outstanding[]): Effect[] =>
  fresh.length === 0 ? [] : [{ type: 'phase', phase: 'RE', requests: idsOf(fresh.map(({ call }) => call)) }];

/** END of calls. Answers go to the clients on this node, or to the node of the client that uses this one as its proxy. */
export function answerEach(answers: readonly { readonly call: Call; readonly answer: Answer }[]): Effect[] {
  if (answers.length === 0) return [];
  const here: Answer[] = [];
  const elsewhere = new Map<Address, Answer[]>();
  for (const { call, answer } of answers) {
    const list = call.origin === undefined ? here : elsewhere.get(call.origin);
    if (list !== undefined) list.push(answer);
    else if (call.origin !== undefined) elsewhere.set(call.origin, [answer]);
  }
  const effects: Effect[] = [{ type: 'phase', phase: 'END', requests: idsOf(answers.map(({ call }) => call)) }];
  if (here.length > 0) effects.push({ type: 'reply', answers: here });
  for (const [to, items] of elsewhere) {
    effects.push({ type: 'send', to, message: { type: 'answers', items }, channel: 'unordered' });
  }
  return effects;
}

/** What replica managers see of a call. */
export function requestOf(call: Call): Request {
  if (call.origin === undefined && call.seen === undefined) return call;
  const { origin: _origin, seen: _seen, ...request } = call;
  return request;
}
