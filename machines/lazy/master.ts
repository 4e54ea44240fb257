/**
 * What the master does: it executes and answers at once, and passes on later what has changed, to each slave by itself.
 */
import { chunksTaken, donorIn, offer } from '../membership/donor.js';
import type { ChunkTaken } from '../membership/state-transfer.js';
import { installed, managerOf, partyOf } from '../passive/context.js';
import { register } from '../passive/registration.js';
import { discarded } from '../shared/discard.js';
import type { Effect, Incoming } from '../shared/effects.js';
import { type Executed, type ExecutedTable, lastExecuted } from '../shared/executed-table.js';
import { answered, executeBatches, idsOf } from '../shared/execution.js';
import type { RequestId, SenderId } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { emptyMap, mapDiff, mapEntries, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { Batch } from '../shared/requests.js';
import type { View } from '../shared/view.js';
import {
  type CatchUp,
  type CaughtUp,
  type Change,
  type Done,
  type LazyContext,
  noState,
  type Slave,
} from './context.js';
import { follow } from './slave.js';

type Slaves<Value> = LazyContext<Value>['slaves'];

export const take = <Value>(event: Incoming<'requests', Batch>): Change<Value> => ({
  batches: event.items,
  effects: noEffects,
});

/**
 * EX and END at once: no slave is asked (PB-14). A request of a session that is not known here was answered by a master whose last
 * updates are lost, so it is executed.
 */
export function execute<Value>(context: LazyContext<Value>, object: ReplicatedObject<Value>): Change<Value> {
  const { fresh, replies, stale, ...current } = executeBatches(context.current, object, context.batches, 'execute');
  let { untold } = context;
  for (const id of idsOf(fresh.filter(({ kind }) => kind === 'update')))
    untold = mapSet(untold, String(untold.size + 1), id);
  return {
    current,
    untold,
    batches: [],
    effects: [...answered(fresh, replies), ...discarded('requests', { stale })],
  };
}

/** Some slave lacks something, or is not known to have it. */
export const someLag = <Value>({ slaves, current }: Pick<LazyContext<Value>, 'slaves' | 'current'>): boolean =>
  Object.values<Slave<Value>>(slaves).some((slave) => lags(slave, current));

const lags = <Value>(
  { has, sent, receiving }: Slave<Value>,
  current: Pick<LazyContext<Value>['current'], 'version'>,
): boolean => receiving || sent !== null || has.version !== current.version;

/** AC, after the answer: whoever has taken what it was sent last is sent what has changed since, in one message. */
export function passOn<Value>(context: LazyContext<Value>, object: ReplicatedObject<Value>): Change<Value> {
  const { current, reign } = context;
  const slaves: Record<SenderId, Slave<Value>> = {};
  const sends: Effect[] = [];
  for (const [id, slave] of slavesOf(context.slaves)) {
    const due = !slave.receiving && slave.sent === null && slave.has.version !== current.version;
    slaves[id] = due ? { ...slave, sent: current } : slave;
    if (!due) continue;
    const item: CatchUp = {
      reign: reign.since,
      after: slave.has.version,
      version: current.version,
      change: object.change(slave.has.value, current.value),
      done: doneSince(slave.has.executed, current.executed),
    };
    sends.push({ type: 'send', to: managerOf(id), message: { type: 'catch-up', items: [item] }, channel: 'fifo' });
  }
  const told = untoldOf(context.untold);
  const phase: Effect[] = told.length === 0 ? [] : [{ type: 'phase', phase: 'AC', requests: told }];
  return { slaves, untold: emptyMap(), effects: [...phase, ...sends] };
}

const slavesOf = <Value>(slaves: Slaves<Value>): [SenderId, Slave<Value>][] =>
  Object.entries(slaves) as [SenderId, Slave<Value>][]; // its keys are sender ids

function untoldOf(untold: PersistentMap<RequestId>): RequestId[] {
  const entries = [...mapEntries(untold)].map(([place, id]) => [Number(place), id] as const);
  return entries.sort(([a], [b]) => a - b).map(([, id]) => id);
}

/** What of the table is new. What has gone from it the slave forgets in its own time. */
function doneSince(before: ExecutedTable, after: ExecutedTable): Done[] {
  const candidates: (readonly [string, Executed])[] =
    before.old === after.old
      ? mapDiff(before.young, after.young).set
      : [...mapDiff(before.young, after.old).set, ...mapEntries(after.young)];
  return candidates
    .filter(([session, executed]) => lastExecuted(before, session) !== executed)
    .map(([session, { seq, outcome, version }]) => ({ session, seq, outcome, version }));
}

/** A slave has taken what it was sent. */
export function caughtUp<Value>(context: LazyContext<Value>, event: Incoming<'caught-up', CaughtUp>): Change<Value> {
  const slaves: Record<SenderId, Slave<Value>> = { ...context.slaves };
  let late = 0;
  for (const { reign, version, member } of event.items) {
    const slave = slaves[member];
    const fits = reign === context.reign.since && event.from === managerOf(member);
    if (fits && slave?.sent?.version === version) slaves[member] = { ...slave, has: slave.sent, sent: null };
    else late += 1;
  }
  return { slaves, effects: discarded('caught-up', { late }) };
}

/** A member has taken parts of the state; with the last of them it is a slave like all others. */
export function chunkTaken<Value>(
  context: LazyContext<Value>,
  event: Incoming<'chunk-taken', ChunkTaken>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { donor, effects } = chunksTaken(context.donor, event, object);
  const slaves: Record<SenderId, Slave<Value>> = {};
  for (const [id, slave] of slavesOf(context.slaves)) {
    const donation = donor.donations[id];
    const done = donation !== undefined && donation.left === null && donation.taken === donation.sent;
    slaves[id] = slave.receiving && done ? { ...slave, receiving: false } : slave;
  }
  return { donor, slaves, effects };
}

/**
 * A member learns that it is master. In the group's first view all have the initial state. Later nobody knows what the others
 * have taken of the last master, which may be more than this one has: so all are sent its state, and what they
 * have of their own is lost. The name service is told who is master now (GM-8).
 */
export function succeed<Value>(
  context: LazyContext<Value>,
  event: Incoming<'view', View>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const now = { ...context, ...installed(context, event.items) };
  const receiving = context.view !== null;
  const change = withSlaves({ ...now, slaves: {}, donor: donorIn<Value>(null) }, receiving, object);
  return { ...change, effects: [...register(now), ...(change.effects ?? noEffects)] };
}

/** The same master goes on: who has joined is sent the state as it is now. */
export function renew<Value>(
  context: LazyContext<Value>,
  event: Incoming<'view', View>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  return withSlaves({ ...context, ...installed(context, event.items) }, true, object);
}

function withSlaves<Value>(
  now: LazyContext<Value>,
  receiving: boolean,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { view, reign, current, self } = now;
  if (view === null) return { effects: noEffects };
  const slaves: Record<SenderId, Slave<Value>> = {};
  for (const { id } of view.members) {
    if (id !== self) slaves[id] = now.slaves[id] ?? { has: current, sent: null, receiving };
  }
  // To the rules of a state transfer, whoever is to be sent the state is a member without it.
  const members = view.members.map((member) => ({
    ...member,
    full: member.full && slaves[member.id]?.receiving !== true,
  }));
  const point = { ...current, rest: reign.since };
  const { donor, effects } = offer(now.donor, partyOf(now), { ...view, members }, point, object);
  // What was on its way to this member is of an earlier master.
  const joining = { ...noState(object), view, early: now.joining.early };
  return { view, reign, slaves, donor, joining, effects };
}

/** A more senior member has become full and is master now: its state comes, and what this one has not passed on is lost. */
export function stepDown<Value>(
  context: LazyContext<Value>,
  event: Incoming<'view', View>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const donor = donorIn<Value>(null);
  return follow({ ...context, slaves: {}, untold: emptyMap<RequestId>(), donor }, event, object);
}
