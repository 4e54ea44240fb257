/**
 * What the primary does with queries (PB-7). A query sees the acknowledged state only, so it waits for no update. But another
 * primary may have answered updates since, if this one has been deposed and has not heard of it: so the primary asks all
 * other members, after the query came, whether they are still in its view. A later view has one of them in it, who would have
 * left this view before any answer was given there. One round serves all queries that came before it. Under a lease nobody need be
 * asked.
 */
import type { Lease } from '../membership/lease.js';
import { discarded } from '../shared/discard.js';
import type { Effect, Incoming } from '../shared/effects.js';
import { addReply, answered, idsOf, type Replica } from '../shared/execution.js';
import type { Address, SenderId } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import type { Batch, Reply } from '../shared/requests.js';
import { arrived, inOrder, noArrivals } from './arrivals.js';
import { type Change, others, type ReplicaManagerContext, toEach, without } from './context.js';
import type { Confirm, Confirmed } from './messages.js';

/** What of the context queries change. */
export type Asked = Partial<Pick<ReplicaManagerContext<unknown>, 'queries' | 'round' | 'rounds'>> & {
  readonly effects: readonly Effect[];
};

/** SC: the queries wait for a round that begins after they came. */
export function ask<Value>(
  context: ReplicaManagerContext<Value>,
  batches: readonly Batch[],
  object: ReplicatedObject<Value>,
): Asked {
  if (holdsLease(context)) return answerAtOnce(context, batches, object);
  if (context.round !== null) return { queries: arrived(context.queries, batches), effects: noEffects };
  return begin(context, batches, object);
}

/** PB-7: under a lease no later view has another primary, so nobody need be asked. */
const holdsLease = ({ leased, view }: Pick<ReplicaManagerContext<unknown>, 'leased' | 'view'>): boolean =>
  leased !== null && leased === view?.id;

/** The keeper beside this replica manager has a lease for it, or none any more. */
export function takeLease<Value>(event: Incoming<'lease', Lease>): Change<Value> {
  const last = event.items.at(-1);
  return { leased: last?.held === true ? last.view : null, effects: noEffects };
}

function answerAtOnce<Value>(
  { acknowledged }: Pick<ReplicaManagerContext<Value>, 'acknowledged'>,
  batches: readonly Batch[],
  object: ReplicatedObject<Value>,
): Asked {
  return { effects: [ordered(batches), ...answerQueries(acknowledged, batches, object)] };
}

const ordered = (batches: readonly Batch[]): Effect => ({
  type: 'phase',
  phase: 'SC',
  requests: batches.flatMap(({ requests }) => idsOf(requests)),
});

function begin<Value>(
  context: ReplicaManagerContext<Value>,
  batches: readonly Batch[],
  object: ReplicatedObject<Value>,
): Asked {
  const awaited = others(context);
  const number = context.rounds + 1;
  const base = { queries: noArrivals, rounds: number };
  // Alone in its view: nobody else can be in a later one.
  if (awaited.length === 0) return { ...base, round: null, ...answerAtOnce(context, batches, object) };
  const confirm: Confirm = { view: context.view?.id ?? 0, number };
  return {
    ...base,
    round: { number, batches, awaited },
    effects: [ordered(batches), ...toEach(awaited, 'confirm', confirm)],
  };
}

/** The round's queries are answered when all have confirmed, and those that came in the meantime have the next. */
export function confirmed<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'confirmed', Confirmed>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { round, view } = context;
  const fit = event.items.filter((item) => item.view === view?.id && item.number === round?.number);
  const late = discarded('confirmed', { late: event.items.length - fit.length });
  if (round === null || fit.length === 0) return { effects: late };
  const members = fit.map(({ member }): SenderId => member);
  const awaited = without(round.awaited, members);
  if (awaited.length > 0) return { round: { ...round, awaited }, effects: late };
  const answers = answerQueries(context.acknowledged, round.batches, object);
  const waiting = inOrder(context.queries);
  const next: Asked = waiting.length === 0 ? { round: null, effects: noEffects } : begin(context, waiting, object);
  return { ...next, effects: [...answers, ...late, ...next.effects] };
}

/** In a new view all queries that are not answered need a round of that view. */
export function askAgain<Value>(context: ReplicaManagerContext<Value>, object: ReplicatedObject<Value>): Asked {
  const batches = [...(context.round?.batches ?? []), ...inOrder(context.queries)];
  return batches.length === 0 ? { effects: noEffects } : begin(context, batches, object);
}

/** EX and END. A query is not recorded: one that is asked again may be answered again. */
function answerQueries<Value>(
  { value, version }: Replica<Value>,
  batches: readonly Batch[],
  object: ReplicatedObject<Value>,
): Effect[] {
  const queries = batches.flatMap(({ requests }) => requests);
  const { outcomes } = object.execute(value, queries);
  const replies = new Map<Address, Reply[]>();
  let place = 0;
  for (const { frontEnd, requests } of batches) {
    for (const { session, seq } of requests) {
      const outcome = outcomes[place];
      place += 1;
      if (outcome !== undefined) addReply(replies, frontEnd, { session, seq, outcome, version });
    }
  }
  return answered(queries, replies);
}
