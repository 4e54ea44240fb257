/**
 * What a view changes at a member, and how one that has joined comes by the state (state-transfer.ts).
 */
import { chunksTaken, donorIn, offer } from '../membership/donor.js';
import { enterView, hold, type Joined, type JoiningChange, joiningFrom, takeChunks } from '../membership/joiner.js';
import type { TransferEvent } from '../membership/state-transfer.js';
import { discarded, unfit } from '../shared/discard.js';
import type { Delivery, Effect, Incoming } from '../shared/effects.js';
import { answered, executeBatches } from '../shared/execution.js';
import type { Address } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { emptyMap } from '../shared/persistent-map.js';
import type { View } from '../shared/view.js';
import { enterComparing, named } from './comparison.js';
import { type Change, type Context, type Ordered, orderedIn, partyOf } from './member-context.js';
import { compare } from './member-digests.js';
import type { Held } from './surviving.js';

/** A full member installs views: each is a point of comparison, and those who have joined are sent the state of that point. */
export function install<Value>(
  context: Context<Value>,
  event: Incoming<'view', View>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  let now: Context<Value> = { ...context, joining: null };
  const effects: Effect[] = [];
  for (const view of event.items) {
    const { value, version, executed } = now;
    const offered = offer(now.donor, partyOf(now), view, { value, version, executed, rest: null }, object);
    now = { ...now, view, donor: offered.donor, comparing: enterComparing(now.comparing, view.id) };
    const { effects: digests, ...change } = compare(now, { view: view.id, number: 0 }, object);
    now = { ...now, ...change };
    effects.push(...offered.effects, ...digests);
    if (now.divergence !== null) break;
  }
  return { ...now, effects };
}

/** A joiner has some of the state. */
export const handOn = <Value>(
  context: Context<Value>,
  event: Extract<TransferEvent, { type: 'chunk-taken' }>,
  object: ReplicatedObject<Value>,
): Change<Value> => chunksTaken(context.donor, event, object);

/** One that has joined enters the group, or another view while the state is coming. */
export function enter<Value>(
  context: Context<Value>,
  event: Incoming<'view', View>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const [view, ...later] = event.items;
  if (view === undefined) return { effects: noEffects };
  const joining = context.joining ?? joiningFrom<Value, Ordered>(object);
  const entered = receive({ ...context, view }, enterView(joining, partyOf(context), view, object), object);
  if (later.length === 0) return entered;
  const now = { ...context, ...entered };
  const rest: Incoming<'view', View> = { ...event, items: later };
  const { effects = noEffects, ...change } =
    now.joining === null ? install(now, rest, object) : enter(now, rest, object);
  return { ...now, ...change, effects: [...now.effects, ...effects] };
}

/** A part of the state has come. */
export function takeState<Value>(
  context: Context<Value>,
  event: Extract<TransferEvent, { type: 'chunk' }>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { joining, view } = context;
  // The donor may install the view before this member does, if it is its first.
  const before = joining ?? (view === null ? joiningFrom<Value, Ordered>(object) : null);
  if (before === null) return unfit(event);
  return receive(context, takeChunks<Value, Ordered>(before, partyOf(context), event, object), object);
}

function receive<Value>(
  context: Context<Value>,
  { joining, joined, effects }: JoiningChange<Value, Ordered>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { view } = context;
  if (joined === null) {
    // Or the first comparison would digest all of it in one step, and the others might take this member for dead meanwhile.
    if (joining.taken > 0) object.digestSoFar(joining.arriving.assembly);
    return { view, joining, effects };
  }
  return { view, joining: null, donor: joined.donor, ...catchUp(context, joined, effects, object) };
}

/** What was held is executed on the state, and nobody is told: who still waits for a result asks again. */
function catchUp<Value>(
  { comparing }: Context<Value>,
  { point, held }: Joined<Value, Ordered>,
  effects: readonly Effect[],
  object: ReplicatedObject<Value>,
): Change<Value> {
  const batches = held.map(({ batch }) => batch);
  const { value, version, executed, fresh } = executeBatches(point, object, batches, 'refuse');
  const operations = named([], fresh);
  return {
    value,
    version,
    executed,
    comparing: { ...comparing, operations },
    effects: [...answered(fresh, new Map()), ...effects],
  };
}

/** A joiner holds what is delivered until it has the state, and tells the front ends. */
export function holdBack<Value>(context: Context<Value>, event: Incoming<'delivered', Delivery>): Change<Value> {
  const { joining, self } = context;
  const ordered = orderedIn(event.items);
  const malformed = discarded('delivered', { malformed: event.items.length - ordered.length });
  if (joining === null || ordered.length === 0) return { effects: malformed };
  const lists = new Map<Address, Held[]>();
  for (const { view, batch } of ordered) {
    const held = batch.requests.map(({ session, seq }): Held => ({ session, seq, member: self, view }));
    lists.set(batch.frontEnd, [...(lists.get(batch.frontEnd) ?? []), ...held]);
  }
  const sends = [...lists].map(
    ([to, items]): Effect => ({ type: 'send', to, message: { type: 'held', items }, channel: 'unordered' }),
  );
  return { joining: hold(joining, ordered), effects: [...sends, ...malformed] };
}

/** The group has gone on without this member. */
export const exclude = <Value>(): Change<Value> => ({
  view: null,
  waiting: emptyMap(),
  joining: null,
  donor: donorIn<Value>(null),
  effects: noEffects,
});
