/**
 * What the members of a view-synchronous group say to each other in a view, and to senders outside it. Each member multicasts a
 * stream of its own in each view, numbered from 1; links keep its order, so what anybody holds of it is a prefix.
 */
import { place, senderShape } from '../multicast/group.js';
import { keepsCausal, type Order } from '../multicast/order.js';
import { type Receipt, receiptShape } from '../multicast/receipt.js';
import type { SenderId } from '../shared/identifiers.js';
import type { Serializable } from '../shared/serializable.js';
import {
  anything,
  fields,
  flag,
  listOf,
  type MessageShapes,
  natural,
  optional,
  recordOf,
  type Shape,
  text,
} from '../shared/shapes.js';
import type { VectorTimestamp } from '../shared/vector-timestamp.js';
import { leaseAskedShape } from './lease.js';
import {
  acceptedShape,
  decreeShape,
  flushShape,
  type Holdings,
  holdingsShape,
  refusalShape,
  reportShape,
  wishShape,
} from './messages.js';

/** A multicast, by whoever issued it: a member, or a sender from outside. */
export interface Issued {
  readonly sender: SenderId;
  /** The sender's own count of its multicasts, from 1, over all views. */
  readonly seq: number;
  readonly payload: Serializable;
  /** Of an outside sender in causal orders: sender → its messages that were known to it. */
  readonly stamp?: VectorTimestamp;
}

/** A message in its author's stream. The author issued it, or was entrusted with it, or gives it its number. */
export interface Entry extends Issued {
  readonly view: number;
  readonly author: SenderId;
  /** In the author's stream of this view, from 1. */
  readonly place: number;
  /** In causal order: what the author had delivered of each stream of the view. */
  readonly past?: Holdings;
  /** In the order of a sequencer: its number over all views. */
  readonly number?: number;
  /** In the agreed order, of an entry that brings no message: what is agreed on an earlier one of this stream. */
  readonly verdict?: Verdict;
}

/** The agreed number of the message at this place; 0: it is one of a view before, and not delivered again. */
interface Verdict {
  readonly place: number;
  readonly number: number;
}

/** From a member to the author of the message at this place of the author's stream. */
export interface Proposal {
  readonly view: number;
  readonly place: number;
  /** Larger than all that the member has seen; 0 where it is known. */
  readonly number: number;
  /** The group has delivered the message in a view before, or its sender has ended. */
  readonly known: boolean;
}

/** In place of an entry, to the member that issued the message and has it. */
export type Ticket = Omit<Entry, 'sender' | 'payload' | 'stamp'>;

/** A member's message to the sequencer of its view; what is not delivered in it the member submits again in the next. */
export interface Submission extends Issued {
  readonly view: number;
}

/** From outside, to the member that is to multicast it in its own view (MC-9). */
export interface Offer extends Issued {
  /** The view by which the sender chose that member. */
  readonly view: number;
}

/** What its author holds of each stream of the view. */
export interface HoldingsTold {
  readonly view: number;
  readonly holds: Holdings;
}

/** To a sender from outside: these messages of it are held by all members, and it need not keep them. */
export interface Taken {
  readonly seqs: readonly number[];
}

/** To a member that has joined: what the group had delivered when the view began. */
export interface History {
  readonly view: number;
  readonly receipts: Readonly<Record<SenderId, Receipt>>;
  /** Node → the last of its incarnations that has ended, of members and senders. */
  readonly ended: Readonly<Record<string, number>>;
  /** Messages that had a number. */
  readonly numbered: number;
}

const issued = { sender: senderShape, seq: place, payload: anything };
const proposalShape = fields({ view: place, place, number: natural, known: flag });
const ticket = (order: Order) => ({
  view: place,
  author: senderShape,
  place,
  seq: place,
  number: optional(place),
  ...(keepsCausal(order) ? { past: optional(holdingsShape) } : {}),
});

const entry = (order: Order): Shape =>
  fields({
    ...ticket(order),
    ...issued,
    stamp: optional(recordOf(natural)),
    verdict: optional(fields({ place, number: natural })),
  });

export const viewSynchronousShapes = (order: Order): MessageShapes => ({
  data: entry(order),
  relay: entry(order),
  proposal: proposalShape,
  ticket: fields(ticket(order)),
  submit: fields({ ...issued, view: place }),
  offer: fields({ ...issued, view: place, stamp: optional(recordOf(natural)) }),
  stability: fields({ view: place, holds: holdingsShape }),
  history: fields({ view: place, receipts: recordOf(receiptShape), ended: recordOf(natural), numbered: natural }),
  report: reportShape,
  flush: flushShape,
  'lease-asked': leaseAskedShape,
  accepted: acceptedShape,
  decided: decreeShape,
  refused: refusalShape,
  evicted: wishShape,
});

export const viewSynchronousSenderShapes: MessageShapes = {
  taken: fields({ seqs: listOf(place) }),
  proposal: proposalShape,
  accepted: acceptedShape,
  decided: decreeShape,
  refused: fields({ group: text, code: text, why: text }),
};
