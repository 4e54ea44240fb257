/**
 * A member that has joined and is still being sent the state: it takes what the primary multicasts, and says so, like any backup,
 * but holds it until it has the state that it belongs to.
 */
import { enterView, hold, type Joining, type JoiningChange, joiningFrom, takeChunks } from '../membership/joiner.js';
import type { Chunk } from '../membership/state-transfer.js';
import { discarded } from '../shared/discard.js';
import type { Delivery, Effect, Incoming } from '../shared/effects.js';
import type { ReplicatedObject } from '../shared/object.js';
import type { View } from '../shared/view.js';
import { applied, confirmEarly, ofReign, taken } from './backup.js';
import { type Change, installed, partyOf, type ReplicaManagerContext } from './context.js';
import { updateIn } from './messages.js';

/** It enters the group, or another view while the state is coming. */
export function enter<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'view', View>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  let joining: Joining<Delivery> | null = context.joining ?? joiningFrom<Value, Delivery>(object);
  let now = context;
  const effects: Effect[] = [];
  for (const view of event.items) {
    now = { ...now, ...installed(now, [view]) };
    if (joining === null) continue; // the state has come by an earlier one of these
    const { effects: more = [], ...change } = received(
      now,
      enterView<Value, Delivery>(joining, partyOf(context), view, object),
      object,
    );
    now = { ...now, ...change };
    ({ joining } = now);
    effects.push(...more);
  }
  const { early, effects: confirmations } = confirmEarly(now);
  return { ...now, early, effects: [...effects, ...confirmations] };
}

/** A part of the state, from a donor that has installed the view which is still on its way here. */
export function expect<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'chunk', Chunk>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  return receive({ ...context, joining: context.joining ?? joiningFrom<Value, Delivery>(object) }, event, object);
}

/** A part of the state. */
export function receive<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'chunk', Chunk>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  if (context.joining === null) return { effects: discarded('chunk', { unfit: event.items.length }) };
  return received(context, takeChunks<Value, Delivery>(context.joining, partyOf(context), event, object), object);
}

/** AC at a joiner: what it holds it does not lose. */
export function holdBack<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'delivered', Delivery>,
): Change<Value> {
  const { joining, reign } = context;
  const fit = event.items.filter(({ sender }) => sender === reign.primary);
  const newest = fit.map(({ payload }) => updateIn(payload)).findLast((update) => update !== null);
  const strangers = discarded('delivered', { stranger: event.items.length - fit.length });
  if (joining === null || newest === undefined) return { effects: strangers };
  return { joining: hold(joining, fit), effects: [...taken(context, newest), ...strangers] };
}

/** With the last part it is as far as all others, once it has applied what it held. The donor says since when it reigns. */
function received<Value>(
  context: ReplicaManagerContext<Value>,
  { joining, joined, effects }: JoiningChange<Value, Delivery>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  if (joined === null) return { joining, effects };
  const { value, version, executed, rest } = joined.point;
  const reign = { ...context.reign, since: Number(rest) };
  const held = ofReign(reign, joined.held);
  const { current, last } = applied({ value, version, executed }, held, object);
  return { joining: null, donor: joined.donor, reign, current, acknowledged: current, last, effects };
}
