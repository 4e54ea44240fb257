/**
 * What a member of an unordered, fifo or causal group does with messages that have come: it delivers each in its
 * turn, and settles with the other members what there is of a sender that has ended. The member itself, its messages
 * and its chart are in sender-ordered-member.ts; here are its context and the steps that its rules are made of.
 */
import { discarded } from '../shared/discard.js';
import type { Delivery, Effect, Effectful } from '../shared/effects.js';
import { incarnationOf, type NodeId, type SenderId, senderId, senderNode } from '../shared/identifiers.js';
import { mapDelete, mapEntries, mapGet, mapHas, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { GroupInput, Stamped } from './group.js';
import {
  dropStream,
  type HoldBackQueue,
  heldAt,
  heldIn,
  heldStreams,
  hold,
  isHolding,
  release,
} from './hold-back-queue.js';
import { keepsCausal } from './order.js';
import { add, contains, nothing } from './receipt.js';
import {
  isSafe,
  isSettled,
  isUnsettled,
  newRecord,
  received,
  reported,
  type SenderRecord,
  stabilised,
} from './stability.js';

export interface SenderOrderedContext extends Effectful {
  readonly input: GroupInput;
  /** Own multicasts so far. */
  readonly sent: number;
  /** Stability rounds so far: the age of what is kept is told in them. */
  readonly round: number;
  readonly senders: PersistentMap<SenderRecord>;
  /** The senders whose records hold something unstable. */
  readonly unsettled: PersistentMap<true>;
  /** The senders that have ended and whose records are not settled yet. */
  readonly closing: readonly SenderId[];
  /** The senders that have ended and whose records are gone. */
  readonly ended: PersistentMap<true>;
  readonly heldBack: HoldBackQueue<Stamped>;
  /** Places in the group of the living members but this one. */
  readonly others: readonly number[];
  readonly goneMembers: readonly NodeId[];
}

/** The context while one rule works on it, and what will become its effects. */
export type Step = { -readonly [Field in keyof Omit<SenderOrderedContext, 'effects'>]: SenderOrderedContext[Field] } & {
  readonly sends: Effect[];
  readonly deliveries: Delivery[];
  /** Reason → messages dropped for it. */
  readonly losses: Record<string, number>;
};

export const begin = (context: SenderOrderedContext): Step => ({
  ...context,
  sends: [],
  deliveries: [],
  losses: {},
});

export function finish({ sends, deliveries, losses, ...context }: Step, event: string): Partial<SenderOrderedContext> {
  const effects = [...sends];
  if (deliveries.length > 0) effects.push({ type: 'deliver', group: context.input.group, deliveries });
  effects.push(...discarded(event, losses));
  return { ...context, effects };
}

export function count(step: Step, reason: string, n = 1): void {
  step.losses[reason] = (step.losses[reason] ?? 0) + n;
}

export const recordOf = (step: Step, sender: SenderId): SenderRecord =>
  mapGet(step.senders, sender) ?? newRecord(step.input.members.length);

export function putRecord(step: Step, sender: SenderId, changed: SenderRecord): void {
  const record = stabilised(changed, step.others);
  step.senders = mapSet(step.senders, sender, record);
  step.unsettled = isUnsettled(record) ? mapSet(step.unsettled, sender, true) : mapDelete(step.unsettled, sender);
}

// --- delivery, in the order of the group ---------------------------------------------------------------------------

/**
 * The CBCAST condition: everything of other senders that the stamp names is delivered here, or lost with its sender.
 */
function hasItsPast(step: Step, message: Stamped): boolean {
  const stamp = message.stamp ?? {};
  for (const sender in stamp) {
    const seq = stamp[sender] ?? 0;
    if (sender === message.sender || seq <= (mapGet(step.senders, sender)?.delivered ?? 0)) continue;
    if (!mapHas(step.ended, sender)) return false;
  }
  return true;
}

function isDeliverable(step: Step, record: SenderRecord, message: Stamped): boolean {
  const { order, uniform, tolerates } = step.input;
  if (order !== 'unordered' && message.seq !== record.delivered + 1) return false;
  if (uniform && !isSafe(record, message.seq, step.others, tolerates)) return false;
  return !keepsCausal(order) || hasItsPast(step, message);
}

/** Takes new messages of one sender, from the member at that place in the group, or from outside (-1). */
export function take(step: Step, sender: SenderId, messages: readonly Stamped[], from: number): void {
  let record = recordOf(step, sender);
  if (from >= 0)
    record = reported(record, from, { receipt: messages.reduce((held, { seq }) => add(held, seq), nothing) });
  for (const message of messages) {
    if (contains(record.received, message.seq)) {
      count(step, 'duplicate');
      continue;
    }
    record = received(record, message, step.round);
    if (isDeliverable(step, record, message)) {
      step.deliveries.push(message);
      record = { ...record, delivered: message.seq };
    } else {
      step.heldBack = hold(step.heldBack, sender, message.seq, message);
    }
  }
  putRecord(step, sender, record);
}

/** Delivers what has become deliverable of one sender. Says whether anything was. */
function drain(step: Step, sender: SenderId): boolean {
  let record = recordOf(step, sender);
  const before = step.deliveries.length;
  const next = (): readonly (Stamped | undefined)[] =>
    step.input.order === 'unordered'
      ? heldIn(step.heldBack, sender)
      : [heldAt(step.heldBack, sender, record.delivered + 1)];
  for (let candidates = next(), found = true; found; candidates = next()) {
    found = false;
    for (const message of candidates) {
      if (message === undefined || !isDeliverable(step, record, message)) continue;
      found = step.input.order !== 'unordered';
      step.deliveries.push(message);
      step.heldBack = release(step.heldBack, sender, message.seq);
      record = { ...record, delivered: message.seq };
    }
  }
  const some = step.deliveries.length > before;
  if (some) putRecord(step, sender, record);
  return some;
}

/** A delivery can make way for other senders' messages in causal order only. */
export function drainAll(step: Step, touched: Iterable<SenderId>): void {
  if (!keepsCausal(step.input.order)) for (const sender of touched) drain(step, sender);
  else while (heldStreams(step.heldBack).filter((sender) => drain(step, sender as SenderId)).length > 0);
}

// --- senders and members that have ended ---------------------------------------------------------------------------

export function close(step: Step, sender: SenderId): void {
  const record = recordOf(step, sender);
  if (record.gone || mapHas(step.ended, sender)) return;
  step.closing = [...step.closing, sender];
  putRecord(step, sender, { ...record, gone: true });
}

/** A node's incarnations up to this one have ended: a fact, from the runtime or from another member that was told. */
export function learnGone(step: Step, node: NodeId, incarnation: number): void {
  for (const [id] of mapEntries(step.senders)) {
    const sender = id as SenderId; // the keys of `senders` are sender ids
    if (senderNode(sender) === node && incarnationOf(sender) <= incarnation) close(step, sender);
  }
  close(step, senderId(node, incarnation));
  const place = step.input.members.indexOf(node);
  if (place < 0 || !step.others.includes(place)) return;
  step.goneMembers = [...step.goneMembers, node];
  step.others = step.others.filter((member) => member !== place);
  for (const [sender] of mapEntries(step.unsettled)) {
    putRecord(step, sender as SenderId, recordOf(step, sender as SenderId));
  }
}

/** Forgets the ended senders of which every member holds the same, and delivers what was waiting for what they lost. */
export function settle(step: Step): void {
  for (let again = step.closing.length > 0; again; ) {
    drainAll(step, step.closing);
    const settled = step.closing.filter((sender) => isDone(step, sender));
    for (const sender of settled) forget(step, sender);
    again = settled.length > 0;
  }
}

/** All that it is going to deliver of the sender is delivered, and nobody else needs more of it. */
function isDone(step: Step, sender: SenderId): boolean {
  const record = recordOf(step, sender);
  if (!isSettled(record, step.others, step.goneMembers)) return false;
  return step.input.order === 'unordered'
    ? !isHolding(step.heldBack, sender)
    : record.delivered === record.received.upTo;
}

function forget(step: Step, sender: SenderId): void {
  const lost = heldIn(step.heldBack, sender).length;
  if (lost > 0) count(step, 'an earlier one is lost', lost);
  step.heldBack = dropStream(step.heldBack, sender);
  step.senders = mapDelete(step.senders, sender);
  step.unsettled = mapDelete(step.unsettled, sender);
  step.closing = step.closing.filter((other) => other !== sender);
  step.ended = mapSet(step.ended, sender, true);
}
