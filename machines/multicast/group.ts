/**
 * What the machines of a group have in common: how they are told what group it is, and the message as its sender
 * stamped it.
 */
import { discarded } from '../shared/discard.js';
import type { Delivery, Effect, Gone, Incoming, Message } from '../shared/effects.js';
import {
  address,
  type GroupName,
  groupActor,
  incarnationOf,
  type NodeId,
  type SenderId,
  senderId,
  senderNode,
} from '../shared/identifiers.js';
import { mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import { anything, fields, natural, recordOf, type Shape } from '../shared/shapes.js';
import type { VectorTimestamp } from '../shared/vector-timestamp.js';
import { keepsCausal, type Order } from './order.js';

export interface GroupInput {
  readonly node: NodeId;
  readonly incarnation: number;
  readonly group: GroupName;
  readonly order: Order;
  /** The members' nodes, the same list at every node. */
  readonly members: readonly NodeId[];
  /** The node that numbers the messages of a total order; null in the other orders. */
  readonly sequencer: NodeId | null;
  /** Deliver a message only once its delivery at every correct member is certain (MC-1). */
  readonly uniform: boolean;
  /** f: members that may crash. */
  readonly tolerates: number;
  /** ms between two rounds of telling each other what one holds, while something is unstable. */
  readonly stabilityInterval: number;
}

/** A multicast message as its sender stamped it; what members deliver. `number` is not given yet. */
export type Stamped = Omit<Delivery, 'number'>;

export const senderShape: Shape = (value) => typeof value === 'string' && /^.+:[1-9]\d*$/.test(value);
/** Sequence numbers and places in an order count from 1. */
export const place: Shape = (value) => natural(value) && value !== 0;

export const stampedShape = (order: Order): Shape =>
  fields({
    sender: senderShape,
    seq: place,
    payload: anything,
    ...(keepsCausal(order) ? { stamp: recordOf(natural) } : {}),
  });

/** The payloads of one `multicast` event, stamped: numbered on from `sent`, and with what the sender had seen. */
export function stamped(
  input: GroupInput,
  sent: number,
  seen: () => VectorTimestamp,
  payloads: readonly Serializable[],
): Stamped[] {
  const self = senderId(input.node, input.incarnation);
  if (!keepsCausal(input.order)) return payloads.map((payload, i) => ({ sender: self, seq: sent + i + 1, payload }));
  const past = seen();
  return payloads.map((payload, i) => {
    const seq = sent + i + 1;
    return { sender: self, seq, payload, stamp: { ...past, [self]: seq } };
  });
}

/**
 * To the group's actor on another node. Always `unordered`: the group's own numbers make the order, so no message
 * waits behind another's loss.
 */
export function toNode(input: GroupInput, node: NodeId, message: Message, control = false): Effect {
  const to = address(node, groupActor(input.group));
  return { type: 'send', to, message, channel: 'unordered', ...(control ? { control: true as const } : {}) };
}

/** A static group never takes a member back: one that has crashed and restarted has lost what the others have. */
export const isOutdated = ({ context }: { context: { readonly input: GroupInput } }): boolean =>
  context.input.incarnation > 1;

/** The rule for events that a state has no use for. */
export const discardAll =
  (reason: string) =>
  ({ event }: { event: Pick<Incoming, 'type' | 'items'> }): { effects: readonly Effect[] } => ({
    effects: discarded(event.type, { [reason]: event.items.length }),
  });

/**
 * Node → the last of its incarnations that is known to have ended. One number for each node, however often it restarts.
 */
export type EndedNodes = PersistentMap<number>;

export const hasEnded = (ended: EndedNodes, id: SenderId): boolean =>
  (mapGet(ended, senderNode(id)) ?? 0) >= incarnationOf(id);

export function withEnded(ended: EndedNodes, gone: readonly Gone[]): EndedNodes {
  return gone.reduce(
    (known, { node, incarnation }) => mapSet(known, node, Math.max(mapGet(known, node) ?? 0, incarnation)),
    ended,
  );
}

/** The senders that these endings take away: every incarnation up to the one that ended. */
export const sendersOf = (ended: EndedNodes, gone: readonly Gone[]): SenderId[] =>
  gone.flatMap(({ node, incarnation }) => {
    const known = mapGet(ended, node) ?? 0;
    return Array.from({ length: Math.max(0, incarnation - known) }, (_, i) => senderId(node, known + i + 1));
  });
