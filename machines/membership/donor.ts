/**
 * The donor's side of a state transfer (state-transfer.ts): what a full member keeps, and its rules.
 */
import { discarded } from '../shared/discard.js';
import type { Effect, Incoming } from '../shared/effects.js';
import type { Address, SenderId } from '../shared/identifiers.js';
import type { ReplicatedObject } from '../shared/object.js';
import { chosen, type View } from '../shared/view.js';
import { beginning, type Cursor, cut, type InstallPoint } from './install-point.js';
import {
  CHUNK_BYTES,
  type Chunk,
  type ChunkTaken,
  donorChanges,
  type Party,
  replicaManagerAt,
  WINDOW,
} from './state-transfer.js';

/** The transfer to one joiner. */
interface Donation<Value> {
  readonly to: Address;
  readonly view: number;
  /** Chunks sent, and of these taken. */
  readonly sent: number;
  readonly taken: number;
  /** What is not cut yet; null when all is. */
  readonly left: { readonly point: InstallPoint<Value>; readonly cursor: Cursor } | null;
}

export interface Donor<Value> {
  /** The last view installed; null before the first. */
  readonly view: View | null;
  /** By joiner: of those in the view that are not full, while this member is the chosen one. */
  readonly donations: Readonly<Record<SenderId, Donation<Value>>>;
}

export const donorIn = <Value>(view: View | null): Donor<Value> => ({ view, donations: {} });

export interface DonorChange<Value> {
  readonly donor: Donor<Value>;
  readonly effects: readonly Effect[];
}

/** A full member installs a view: `point` is its state there. Who is not chosen, or no member any more, sends nothing. */
export function offer<Value>(
  donor: Donor<Value>,
  { self, actor }: Party,
  view: View,
  point: InstallPoint<Value>,
  object: ReplicatedObject<Value>,
): DonorChange<Value> {
  const donations: Record<SenderId, Donation<Value>> = {};
  const effects: Effect[] = [];
  const joiners = chosen(view)?.id === self ? view.members.filter(({ full }) => !full) : [];
  for (const { id } of joiners) {
    const underWay = donorChanges(donor.view, view) ? undefined : donor.donations[id];
    const first = {
      to: replicaManagerAt(id, actor),
      view: view.id,
      sent: 0,
      taken: 0,
      left: { point, cursor: beginning },
    };
    donations[id] = underWay ?? sendMore(first, object, effects);
  }
  return { donor: { view, donations }, effects };
}

/** A joiner has taken chunks: it is sent as many more. */
export function chunksTaken<Value>(
  donor: Donor<Value>,
  event: Incoming<'chunk-taken', ChunkTaken>,
  object: ReplicatedObject<Value>,
): DonorChange<Value> {
  const [id, donation] = Object.entries(donor.donations).find(([, { to }]) => to === event.from) ?? [];
  if (id === undefined || donation === undefined)
    return { donor, effects: discarded('chunk-taken', { 'no donation': event.items.length }) };
  const effects: Effect[] = [];
  let { taken } = donation;
  let stale = 0;
  for (const { view, number } of event.items) {
    if (view === donation.view && number > taken && number <= donation.sent) taken = number;
    else stale += 1;
  }
  const next = sendMore({ ...donation, taken }, object, effects);
  const donations = { ...donor.donations, [id]: next };
  return { donor: { ...donor, donations }, effects: [...effects, ...discarded('chunk-taken', { stale })] };
}

/** As many chunks as the window has room for. The state that they are cut from is let go with the last of them. */
function sendMore<Value>(
  donation: Donation<Value>,
  object: ReplicatedObject<Value>,
  effects: Effect[],
): Donation<Value> {
  const { to, view, taken } = donation;
  const items: Chunk[] = [];
  let { sent, left } = donation;
  while (left !== null && sent - taken < WINDOW) {
    const { parts, next }: ReturnType<typeof cut> = cut(left.point, left.cursor, object, CHUNK_BYTES);
    sent += 1;
    items.push({ view, number: sent, data: parts, last: next === null });
    left = next === null ? null : { point: left.point, cursor: next };
  }
  if (items.length > 0) effects.push({ type: 'send', to, message: { type: 'chunk', items }, channel: 'fifo' });
  return { ...donation, sent, left };
}
