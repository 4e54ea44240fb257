/**
 * What a new view changes. All who go on from a view have been delivered the same in it, so what has been delivered here is what
 * all have: at the point of a view change, acknowledged and applied are one.
 *
 * The primary is the most senior member that has the state. It stays primary as long as it is in the view and no more
 * senior member gets the state; then that one takes over, and this one goes back to what is acknowledged.
 */
import { chunksTaken, donorIn, offer } from '../membership/donor.js';
import type { InstallPoint } from '../membership/install-point.js';
import type { ChunkTaken } from '../membership/state-transfer.js';
import type { Effect, Incoming } from '../shared/effects.js';
import { addReply, answered, type Replica } from '../shared/execution.js';
import type { Address } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { emptyMap } from '../shared/persistent-map.js';
import type { Reply } from '../shared/requests.js';
import type { View } from '../shared/view.js';
import { inOrder, noArrivals } from './arrivals.js';
import { applied, confirmEarly, logged, toPrimary } from './backup.js';
import { askAgain } from './confirm.js';
import { type Change, installed, others, partyOf, type ReplicaManagerContext } from './context.js';
import { answerReads } from './reads.js';
import { register } from './registration.js';

type Views = Incoming<'view', View>;

/** The same primary goes on: it waits for what the new view's members have not, and asks them anew about its queries. */
export function renew<Value>(
  context: ReplicaManagerContext<Value>,
  event: Views,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const now = { ...context, ...installed(context, event.items) };
  const { underWay } = context;
  const waits = underWay !== null && !underWay.delivered;
  const donated = offered(context, event.items, waits ? context.acknowledged : context.current, object);
  const asked = askAgain(now, object);
  return {
    ...asked,
    view: now.view,
    donor: donated.donor,
    underWay: underWay === null ? null : { ...underWay, awaited: waits ? others(now) : [] },
    effects: [...donated.effects, ...asked.effects],
  };
}

/** Whether the primary is one still, and without a break. */
export const goesOn = (
  context: Pick<ReplicaManagerContext<unknown>, 'self' | 'view' | 'reign'>,
  views: readonly View[],
): boolean => installed(context, views).reign === context.reign;

/**
 * The primary is one no more, and is still a member. A batch that the last view has is acknowledged; one that it has not is
 * of no reign any more, so it is as if it had never been executed. Whoever waits is sent on to the new primary.
 */
export function stepDown<Value>(context: ReplicaManagerContext<Value>, event: Views): Change<Value> {
  const now = { ...context, ...installed(context, event.items) };
  const { underWay, answers, round } = context;
  const lost = underWay !== null && !underWay.delivered;
  const settled = lost ? context.acknowledged : context.current;
  const waiting = [...inOrder(context.queue), ...(round?.batches ?? []), ...inOrder(context.queries)];
  return {
    view: now.view,
    reign: now.reign,
    donor: donorIn<Value>(now.view),
    current: settled,
    acknowledged: settled,
    queue: noArrivals,
    answers: [],
    underWay: null,
    queries: noArrivals,
    round: null,
    effects: [...(lost ? [] : answered([], new Map(answers))), ...toPrimary(now, waiting)],
  };
}

/** A backup goes on as one, or has just become one. */
export function stay<Value>(
  context: ReplicaManagerContext<Value>,
  event: Views,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const now = { ...context, ...installed(context, event.items) };
  const { early, effects } = confirmEarly(now);
  const read = answerReads(context.reading, context.current, object);
  return {
    view: now.view,
    reign: now.reign,
    donor: donorIn<Value>(now.view),
    acknowledged: context.current,
    early,
    reading: read.reading,
    effects: [...effects, ...read.effects],
  };
}

/** A member learns that it is the primary: from here on its view says so, and nothing is done yet. */
export function succeed<Value>(context: ReplicaManagerContext<Value>, event: Views): Change<Value> {
  return { ...installed(context, event.items), effects: noEffects };
}

/**
 * Take-over (PB-8): exactly where the last primary left off. What was delivered is applied and acknowledged, whatever the
 * last primary knew of it; what was not has never been. It may have died before it answered the last batch, so that is answered again.
 * The name service is told who is primary now (GM-8).
 */
export function takeOver<Value>(context: ReplicaManagerContext<Value>, object: ReplicatedObject<Value>): Change<Value> {
  const isCold = context.log.size > 0;
  const { current, last } = isCold ? applied(context.current, logged(context.log), object) : context;
  const replies = new Map<Address, Reply[]>();
  for (const { frontEnd, ...reply } of last) addReply(replies, frontEnd, reply);
  const read = answerReads(context.reading, current, object);
  const donated = offered(context, context.view === null ? [] : [context.view], current, object);
  return {
    current,
    acknowledged: current,
    last: [],
    log: emptyMap(),
    early: null,
    number: 0,
    donor: donated.donor,
    reading: read.reading,
    effects: [...answered([], replies), ...register(context), ...read.effects, ...donated.effects],
  };
}

/** Members that have no state are sent what this view began with. */
function offered<Value>(
  context: ReplicaManagerContext<Value>,
  views: readonly View[],
  replica: Replica<Value>,
  object: ReplicatedObject<Value>,
): Pick<ReplicaManagerContext<Value>, 'donor'> & { readonly effects: readonly Effect[] } {
  let { donor } = context;
  const effects: Effect[] = [];
  for (const view of views) {
    const { reign } = installed(context, [view]);
    const point: InstallPoint<Value> = { ...replica, rest: reign.since };
    const change = offer(donor, partyOf(context), view, point, object);
    donor = change.donor;
    effects.push(...change.effects);
  }
  return { donor, effects };
}

/** A joiner has some of the state. */
export function handOn<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'chunk-taken', ChunkTaken>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  return chunksTaken(context.donor, event, object);
}
