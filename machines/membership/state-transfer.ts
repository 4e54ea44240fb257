/**
 * State transfer to members that have joined (Birman & Joseph 1987). A view
 * with a new member is a point that is the same for all: what was delivered before it is in the state of every full member
 * there, what comes after it is delivered to the new member too. So one member, the donor, sends its state as it was when it
 * installed the view (the install point), and the joiner executes on it what it has held since.
 *
 * The donor is `chosen(view)`, and it goes on executing meanwhile: what it cuts chunks of does not change. At most WINDOW chunks
 * are under way to a joiner, and only these exist besides the state itself. When the chosen member is another one than in
 * the view before, because the donor has crashed or left, all that are not full are sent the state anew, from the
 * install point of the new view: the joiner forgets what has come and what it held (VS-6). Donor and joiners
 * conclude this alike from two successive views, without a message.
 *
 * A style's replica manager keeps a `Donor` all the time and a `Joining` until it has the state:
 *
 *     when it is told            as a full member            while joining
 *     view                       offer(donor, …)             enterView(joining, …)
 *     chunk-taken                chunksTaken(donor, …)       –
 *     chunk                      –                           takeChunks(joining, …): `joined` when it was the last
 *     whatever changes the state execute it                  hold(joining, items)
 *
 * With `joined` it takes over `point`, executes `held` in order, keeps `donor`, and is a member like all others: `ready` has
 * been sent to its group. What is held grows with the updates made while the transfer lasts: nothing here bounds it, and
 * `heldItems` counts it.
 */
import type { Incoming } from '../shared/effects.js';
import { type Address, address, type GroupName, type SenderId, senderNode } from '../shared/identifiers.js';
import { fields, flag, type MessageShapes, natural } from '../shared/shapes.js';
import { chosen, type View } from '../shared/view.js';
import { type Part, partsShape } from './install-point.js';

/** Estimated bytes of a chunk on the wire. */
export const CHUNK_BYTES = 64 * 1024;
/** Chunks that are under way to one joiner at most: what comes between them are the updates of everybody else (VS-5). */
export const WINDOW = 2;

/** From the donor to a joiner, in order. */
export interface Chunk {
  /** Of whose install point it is. */
  readonly view: number;
  /** From 1. */
  readonly number: number;
  readonly data: readonly Part[];
  readonly last: boolean;
}

/** From the joiner: it has taken this chunk and all before it. */
export interface ChunkTaken {
  readonly view: number;
  readonly number: number;
}

export const transferShapes = {
  chunk: fields({ view: natural, number: natural, data: partsShape, last: flag }),
  'chunk-taken': fields({ view: natural, number: natural }),
} as const satisfies MessageShapes;

/** Events that a style's replica manager adds to its own. */
export type TransferEvent =
  | Incoming<'chunk', Chunk>
  | Incoming<'chunk-taken', ChunkTaken>
  /** From the group's actor on this node. */
  | Incoming<'view', View>;

/** Who takes part: this member, and the name of the actors that are its group's replica managers. */
export interface Party {
  readonly self: SenderId;
  readonly actor: string;
  readonly group: GroupName;
}

export const replicaManagerAt = (member: SenderId, actor: string): Address => address(senderNode(member), actor);

/** The state is sent anew from `after` on: another member is chosen than before. */
export const donorChanges = (before: View | null, after: View): boolean =>
  before === null || chosen(before)?.id !== chosen(after)?.id;
