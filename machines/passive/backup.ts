/**
 * What a backup does. Hot, it applies what the primary sends at once; cold, it logs it and applies it when it takes over, or
 * when the log is full (PB-13): a cold backup keeps its state and LOG_BOUND batches at most. Either way it says that it has
 * taken the batch, for it will not lose it. What clients send it goes on to the primary (PB-16).
 */
import { discarded } from '../shared/discard.js';
import type { Delivery, Effect, Incoming } from '../shared/effects.js';
import { recordExecuted } from '../shared/executed-table.js';
import { executeBatches, type Replica } from '../shared/execution.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { emptyMap, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { Batch } from '../shared/requests.js';
import { type Change, managerOf, type Reign, type ReplicaManagerContext, toEach } from './context.js';
import {
  type Acknowledged,
  type Confirm,
  type Confirmed,
  type Result,
  type Taken,
  type Update,
  updateIn,
} from './messages.js';
import { answerReads } from './reads.js';

/** Batches that a cold backup keeps before it applies them. */
export const LOG_BOUND = 64;

/** The replica after these batches, and what the last of them came to. */
export function applied<Value>(
  replica: Replica<Value>,
  updates: readonly Update[],
  object: ReplicatedObject<Value>,
): { readonly current: Replica<Value>; readonly last: readonly Result[] } {
  let current = replica;
  let last: readonly Result[] = [];
  for (const update of updates) ({ current, last } = applyOne(current, update, object));
  return { current, last };
}

function applyOne<Value>(
  replica: Replica<Value>,
  update: Update,
  object: ReplicatedObject<Value>,
): { readonly current: Replica<Value>; readonly last: readonly Result[] } {
  if (update.form === 'state') {
    let { executed } = replica;
    for (const { session, seq, outcome, version } of update.results)
      executed = recordExecuted(executed, session, { seq, outcome, version });
    const value = object.apply(replica.value, update.change);
    return { current: { value, version: update.version, executed }, last: update.results };
  }
  const { value, version, executed, replies } = executeBatches(replica, object, update.batches, 'refuse');
  const last = [...replies].flatMap(([frontEnd, list]) => list.map((reply) => ({ ...reply, frontEnd })));
  return { current: { value, version, executed }, last };
}

/** What this member would go on from; null while it is being sent the state. */
export const atTakeOver = <Value>(
  { joining, current, log }: ReplicaManagerContext<Value>,
  object: ReplicatedObject<Value>,
): Replica<Value> | null => (joining === null ? applied(current, logged(log), object).current : null);

/** The batches of the present reign among these deliveries: what a former primary sent and nobody had has no effect. */
export function ofReign({ primary, since }: Reign, deliveries: readonly Delivery[]): Update[] {
  const updates: Update[] = [];
  for (const { sender, payload } of deliveries) {
    const update = sender === primary ? updateIn(payload) : null;
    if (update?.reign === since) updates.push(update);
  }
  return updates;
}

/** To the primary: these batches are here, and will be in every view that this one leads to. */
export function taken<Value>({ self, view, reign }: ReplicaManagerContext<Value>, update: Update): Effect[] {
  if (view === null || reign.primary === null) return [];
  const item: Taken = { view: view.id, reign: update.reign, number: update.number, member: self };
  return toEach([reign.primary], 'taken', item);
}

/** AC at a hot backup. That there is another batch says that the one before is acknowledged. */
export function follow<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'delivered', Delivery>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const updates = ofReign(context.reign, event.items);
  const former = discarded('delivered', { former: event.items.length - updates.length });
  const newest = updates.at(-1);
  if (newest === undefined) return { effects: former };
  const before = applied(context.current, updates.slice(0, -1), object).current;
  const { current, last } = applied(before, [newest], object);
  const { reading, effects } = answerReads(context.reading, before, object);
  return {
    current,
    last,
    acknowledged: before,
    reading,
    effects: [...taken(context, newest), ...effects, ...former],
  };
}

/** AC at a cold backup. */
export function keep<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'delivered', Delivery>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const updates = ofReign(context.reign, event.items);
  const former = discarded('delivered', { former: event.items.length - updates.length });
  const newest = updates.at(-1);
  if (newest === undefined) return { effects: former };
  const log = updates.reduce((now, update) => mapSet(now, String(now.size + 1), update), context.log);
  const effects = [...taken(context, newest), ...former];
  if (log.size < LOG_BOUND) return { log, effects };
  const { current, last } = applied(context.current, logged(log), object);
  return { log: emptyMap(), current, acknowledged: current, last, effects };
}

/** What a cold backup has taken, in order. */
export function logged(log: PersistentMap<Update>): Update[] {
  const updates: Update[] = [];
  for (let place = 1; place <= log.size; place++) {
    const update = mapGet(log, String(place));
    if (update !== undefined) updates.push(update);
  }
  return updates;
}

/** The primary says that all have everything. */
export function learn<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'acknowledged', Acknowledged>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { current, view } = context;
  const fits = event.items.some((item) => item.view === view?.id && item.version === current.version);
  if (!fits) return { effects: discarded('acknowledged', { late: event.items.length }) };
  const { reading, effects } = answerReads(context.reading, current, object);
  return { acknowledged: current, reading, effects };
}

/** To the primary: still in its view. Of a view that has not come here yet, it says so when it has. */
export function confirm<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'confirm', Confirm>,
): Change<Value> {
  const id = context.view?.id ?? 0;
  const now = event.items.filter(({ view }) => view === id);
  const later = event.items.filter(({ view }) => view > id).at(-1);
  const late = event.items.length - now.length - (later === undefined ? 0 : 1);
  return {
    ...(later === undefined ? {} : { early: later }),
    effects: [...now.flatMap((item) => confirmation(context, item)), ...discarded('confirm', { late })],
  };
}

/** What the primary of this view has asked already. */
export function confirmEarly<Value>(context: ReplicaManagerContext<Value>): Pick<
  ReplicaManagerContext<Value>,
  'early'
> & {
  readonly effects: readonly Effect[];
} {
  const { early, view } = context;
  if (early === null || view === null || early.view > view.id) return { early, effects: noEffects };
  return { early: null, effects: early.view === view.id ? confirmation(context, early) : noEffects };
}

function confirmation<Value>({ self, reign }: ReplicaManagerContext<Value>, { view, number }: Confirm): Effect[] {
  const item: Confirmed = { view, number, member: self };
  return reign.primary === null ? [] : toEach([reign.primary], 'confirmed', item);
}

/** PB-16: whoever is asked passes it on. A chain of these leads from junior to senior members, so it has an end. */
export function passOn<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'requests', Batch>,
): Change<Value> {
  return { effects: toPrimary(context, event.items) };
}

export function toPrimary<Value>({ reign, self }: ReplicaManagerContext<Value>, items: readonly Batch[]): Effect[] {
  if (items.length === 0) return [];
  if (reign.primary === null || reign.primary === self) return discarded('requests', { 'no primary': items.length });
  return [{ type: 'send', to: managerOf(reign.primary), message: { type: 'requests', items }, channel: 'fifo' }];
}
