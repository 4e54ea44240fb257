/**
 * A member that has joined and is still being sent the state: it takes what the primary multicasts, and says so, like any backup,
 * but holds it until it has the state that it belongs to.
 */
import { enterView, type JoiningChange, joiningFrom, takeChunks } from '../membership/joiner.js';
import { hold } from '../membership/joiner.js';
import type { Chunk } from '../membership/state-transfer.js';
import type { View } from '../membership/view.js';
import { discarded } from '../shared/discard.js';
import type { Delivery, Effect, Incoming } from '../shared/effects.js';
import { arrived, noArrivals } from './arrivals.js';
import type { ReplicatedObject } from '../shared/object.js';
import { applied, confirmEarly, taken, updatesIn } from './backup.js';
import { type Change, installed, partyOf, type ReplicaManagerContext } from './context.js';
import { updateIn } from './messages.js';

/** It enters the group, or another view while the state is coming. */
export function enter<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'view', View>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  let joining = context.joining ?? joiningFrom<Value, Delivery>(object);
  let now = context;
  const effects: Effect[] = [];
  let come: Change<Value> = {};
  for (const view of event.items) {
    now = { ...now, ...installed(now, [view]) };
    const change = enterView<Value, Delivery>(joining, partyOf(context), view, object);
    joining = change.joining;
    const { effects: more = [], ...rest } = received(now, change, object);
    come = { ...come, ...rest };
    effects.push(...more);
  }
  const { early, effects: confirmations } = confirmEarly(now);
  return { view: now.view, reign: now.reign, joining, ...come, early, effects: [...effects, ...confirmations] };
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
