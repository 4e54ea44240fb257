/**
 * The joiner's side of a state transfer (state-transfer.ts): what a member keeps until it has the state, and its rules.
 */
import { discarded } from '../shared/discard.js';
import type { Effect, Incoming } from '../shared/effects.js';
import { type Address, address, groupActor, senderNode } from '../shared/identifiers.js';
import type { ReplicatedObject } from '../shared/object.js';
import { emptyMap, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { OperationError } from '../shared/requests.js';
import { type Donor, donorIn } from './donor.js';
import { type Arriving, absorb, complete, type InstallPoint, nothingYet } from './install-point.js';
import { type Chunk, type ChunkTaken, donorChanges, type Party, replicaManagerAt, WINDOW } from './state-transfer.js';
import { chosen, type View } from './view.js';

/** `Held`: what a style does with its state's changes while the state itself is still coming; a `Delivery` for most. */
export interface Joining<Held> {
  /** The last view installed; null before the first. */
  readonly view: View | null;
  /** The view whose install point is being sent; 0 before the first. */
  readonly from: number;
  /** Chunks of it that are taken. */
  readonly taken: number;
  readonly arriving: Arriving;
  /** What has come since that install point, by batch, from 0; and how many items that is. */
  readonly held: PersistentMap<readonly Held[]>;
  readonly heldItems: number;
  /** The first chunks of the latest view among those that the donor has installed, and this member has not: a window at most. */
  readonly early: Incoming<'chunk', Chunk> | null;
  /** The state has come, and cannot be used here: this member leaves. */
  readonly refused: OperationError | null;
}

export const joiningFrom = <Value, Held>(object: ReplicatedObject<Value>): Joining<Held> => ({
  view: null,
  from: 0,
  taken: 0,
  arriving: nothingYet(object),
  held: emptyMap(),
  heldItems: 0,
  early: null,
  refused: null,
});

/** What the transfer has come to: `held` is to be executed on `point`, and `donor` is where offers start from. */
export interface Joined<Value, Held> {
  readonly point: InstallPoint<Value>;
  readonly held: readonly Held[];
  readonly donor: Donor<Value>;
}

export interface JoiningChange<Value, Held> {
  readonly joining: Joining<Held>;
  readonly joined: Joined<Value, Held> | null;
  readonly effects: readonly Effect[];
}

/** A member that has not the state yet installs a view. */
export function enterView<Value, Held>(
  before: Joining<Held>,
  party: Party,
  view: View,
  object: ReplicatedObject<Value>,
): JoiningChange<Value, Held> {
  const { early } = before;
  const begun = donorChanges(before.view, view)
    ? { ...joiningFrom<Value, Held>(object), view, from: view.id, early }
    : { ...before, view };
  if (early === null || isEarly(early.items[0], view)) return { joining: begun, joined: null, effects: [] };
  return takeChunks({ ...begun, early: null }, party, early, object);
}

export function hold<Held>(joining: Joining<Held>, items: readonly Held[]): Joining<Held> {
  const { held, heldItems } = joining;
  return { ...joining, held: mapSet(held, String(held.size), items), heldItems: heldItems + items.length };
}

/** Chunks have come: what follows in order is absorbed and acknowledged. */
export function takeChunks<Value, Held>(
  before: Joining<Held>,
  party: Party,
  event: Incoming<'chunk', Chunk>,
  object: ReplicatedObject<Value>,
): JoiningChange<Value, Held> {
  const { view, from } = before;
  const donor = view === null ? undefined : chosen(view);
  const expected =
    donor !== undefined && event.from === replicaManagerAt(donor.id, party.actor) && before.refused === null;
  let { taken, arriving, early } = before;
  let [last, stale] = [false, 0];
  for (const chunk of event.items) {
    if (isEarly(chunk, view)) early = withEarly(early, event.from, chunk);
    else if (!expected || chunk.view !== from || chunk.number !== taken + 1 || last) stale += 1;
    else {
      arriving = absorb(arriving, chunk.data, object);
      ({ number: taken, last } = chunk);
    }
  }
  const effects = discarded('chunk', { stale });
  if (taken > before.taken) {
    const item: ChunkTaken = { view: from, number: taken };
    const message = { type: 'chunk-taken', items: [item] };
    effects.unshift({ type: 'send', to: event.from, message, channel: 'fifo', control: true });
  }
  const joining = { ...before, taken, arriving, early };
  return last ? finish(joining, party, effects, object) : { joining, joined: null, effects };
}

/** The donor has installed its view, and this member has not. */
const isEarly = (chunk: Chunk | undefined, view: View | null): boolean =>
  chunk !== undefined && chunk.view > (view?.id ?? 0);

/** What the donor of an earlier view has sent is of no use once the donor of a later one has begun. */
function withEarly(
  early: Incoming<'chunk', Chunk> | null,
  from: Address,
  chunk: Chunk,
): Incoming<'chunk', Chunk> | null {
  const known = early?.items[0]?.view ?? 0;
  if (early === null || chunk.view > known) return { type: 'chunk', from, items: [chunk] };
  const fits = chunk.view === known && from === early.from && early.items.length < WINDOW;
  return fits ? { ...early, items: [...early.items, chunk] } : early;
}

function finish<Value, Held>(
  joining: Joining<Held>,
  { self, group }: Party,
  effects: readonly Effect[],
  object: ReplicatedObject<Value>,
): JoiningChange<Value, Held> {
  const assembled = complete(joining.arriving, object);
  const to = address(senderNode(self), groupActor(group));
  const toGroup = (type: 'ready' | 'leave'): Effect => ({
    type: 'send',
    to,
    message: { type, items: [true] },
    channel: 'fifo',
  });
  if (!assembled.ok) {
    const why = discarded('chunk', { [assembled.error.code]: joining.taken });
    const refused = { ...joining, arriving: nothingYet(object), held: emptyMap<readonly Held[]>(), heldItems: 0 };
    const leaving = [...effects, ...why, toGroup('leave')];
    return { joining: { ...refused, refused: assembled.error }, joined: null, effects: leaving };
  }
  const held: Held[] = [];
  for (let batch = 0; batch < joining.held.size; batch++) held.push(...(mapGet(joining.held, String(batch)) ?? []));
  const joined = { point: assembled.value, held, donor: donorIn<Value>(joining.view) };
  return { joining, joined, effects: [...effects, toGroup('ready')] };
}
