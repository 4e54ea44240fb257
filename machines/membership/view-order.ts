/**
 * The order of a view-synchronous group, as what a member does with messages: how they get on their way, and which of those
 * that it holds is next. Members deliver streams, so each author's order is kept of itself. In causal order an entry says what its
 * author had delivered, and waits for that (the CBCAST rule). In total orders by a sequencer there is one stream in a view, the
 * sequencer's: others submit to it, and the place in it, after all that was numbered in the views before, is the number;
 * so there is no gap and no duplicate, whoever crashes (MC-6). Without a sequencer all members agree on it (agreed-order.ts).
 */
import { hasEnded } from '../multicast/group.js';
import { heldAt, heldIn, heldStreams, hold, release } from '../multicast/hold-back-queue.js';
import { isTotal, keepsCausal, keepsFifo } from '../multicast/order.js';
import type { SenderId } from '../shared/identifiers.js';
import { mapDelete, mapEntries } from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import { chosen } from '../shared/view.js';
import { agreedOrder } from './agreed-order.js';
import { isAgreed, type ViewGroupInput } from './group-input.js';
import type { Decree, Holdings } from './messages.js';
import { author, handEntry, isKnown, learn, receiptOf, stableOf, takenFrom } from './streams.js';
import { at, count, memberIds, type Step, toSender, viewOf } from './view-member.js';
import type { Entry, Issued, Submission } from './view-messages.js';

export interface ViewOrder {
  /** Brings own messages, which are in `pending`, on their way in the current view. */
  readonly issue: (step: Step, messages: readonly Issued[]) => void;
  /** Takes messages of others that wait here and whose turn has come into the own stream. */
  readonly admit: (step: Step) => void;
  /** Hands over what is in turn. `cut`: all of the view that is ever delivered, once the view has ended with it. */
  readonly deliver: (step: Step, cut: Holdings | null) => void;
  /** What this member knows of messages under way that the others need in order to end the view alike; for its report. */
  readonly unsettled: (step: Step) => Serializable;
  /** Before the rest of the cut is delivered: what all members that take part have said is unsettled. */
  readonly settle: (step: Step, decree: Decree) => void;
  /** How many messages have a number when this view has ended, as its decree and its cut tell. */
  readonly numbered: (step: Step, decree: Decree) => number;
}

/** Who numbers the messages of a total order, and to whom senders from outside turn (MC-9). */
export const contactOf = (step: Pick<Step, 'view'>): SenderId | undefined =>
  step.view === null ? undefined : chosen(step.view)?.id;

// --- what waits for its place in the own stream ---------------------------------------------------------------------

/** Messages submitted or offered to this member: they wait until all that must come before has its place. */
export function accept(step: Step, messages: readonly Issued[]): void {
  for (const message of messages) {
    if (hasEnded(step.ended, message.sender)) count(step, 'its sender has ended');
    else if (isKnown(step, message)) repeated(step, message);
    else if (heldAt(step.waiting, message.sender, message.seq) !== undefined) count(step, 'duplicate');
    else step.waiting = hold(step.waiting, message.sender, message.seq, message);
  }
}

/** A sender from outside that offers again has changed its contact: it must hear what the group has already. */
function repeated(step: Step, message: Issued): void {
  count(step, 'duplicate');
  if (memberIds(step).includes(message.sender)) return;
  const underWay = heldIn(step.kept, step.self).some(
    ({ sender, seq, place }) =>
      sender === message.sender &&
      seq === message.seq &&
      place > Math.min(stableOf(step, step.self), at(step.delivered, step.self)),
  );
  if (!underWay) takenFrom(step, message);
}

/** Takes out of `waiting` what has its turn. In causal order any message can have waited for another's. */
function admitted(step: Step): Issued[] {
  const ready: Issued[] = [];
  for (let found = step.waiting.size > 0; found; ) {
    found = false;
    for (const stream of heldStreams(step.waiting)) {
      for (const message of heldIn(step.waiting, stream)) {
        if (!isNext(step, message)) break;
        step.waiting = release(step.waiting, stream, message.seq);
        learn(step, message);
        ready.push(message);
        found = true;
      }
    }
  }
  return ready;
}

/** Whether all that must come before it has a place in the own stream, or is delivered. */
function isNext(step: Step, { sender, seq, stamp = {} }: Issued): boolean {
  const { order } = step.input;
  if (keepsFifo(order) && seq !== receiptOf(step, sender).upTo + 1) return false;
  if (!keepsCausal(order)) return true;
  return Object.entries(stamp).every(([other, known]) => {
    const id = other as SenderId; // a stamp's keys are sender ids
    return id === sender || known <= receiptOf(step, id).upTo || hasEnded(step.ended, id);
  });
}

/** What waits at a member that is not the contact (any more) its sender offers to another. */
const isContact = (step: Step): boolean => contactOf(step) === step.self;

// --- delivery ------------------------------------------------------------------------------------------------------

/** Everything that is in turn, stream by stream in the order of seniority, until nothing more is. */
function deliverStreams(step: Step, cut: Holdings | null): void {
  const streams = memberIds(step);
  for (let found = true; found; ) {
    found = false;
    for (const stream of streams) {
      const last = cut === null ? lastSafe(step, stream) : at(cut, stream);
      for (let place = at(step.delivered, stream) + 1; place <= last; place++) {
        const entry = heldAt(step.kept, stream, place);
        if (entry === undefined || !hasItsPast(step, entry, cut)) break;
        handEntry(step, entry);
        found = keepsCausal(step.input.order);
      }
    }
  }
}

/** In a uniform group a message waits until all members of the view are known to hold it (MC-1). */
const lastSafe = (step: Step, stream: SenderId): number =>
  step.input.uniform ? stableOf(step, stream) : at(step.holds, stream);

/** The CBCAST condition. What is beyond the cut is lost with its author, and nobody waits for it. */
function hasItsPast(step: Step, { author: stream, past = {} }: Entry, cut: Holdings | null): boolean {
  return Object.entries(past).every(([other, seen]) => {
    const id = other as SenderId; // the streams of a view are its members' ids
    const due = cut === null ? seen : Math.min(seen, at(cut, id));
    return id === stream || due <= at(step.delivered, id);
  });
}

// --- the orders ----------------------------------------------------------------------------------------------------

const issueInOwnStream = (step: Step, messages: readonly Issued[]): void => {
  if (messages.length === 0) return;
  for (const message of messages) {
    learn(step, message);
    step.pending = mapDelete(step.pending, String(message.seq));
  }
  author(step, messages, keepsCausal(step.input.order) && !isTotal(step.input.order) ? step.delivered : undefined);
};

const admitToOwnStream = (step: Step): void => {
  if (!isContact(step)) return;
  const ready = admitted(step);
  if (ready.length === 0) return;
  author(step, ready, keepsCausal(step.input.order) && !isTotal(step.input.order) ? step.delivered : undefined);
};

/** unordered, fifo and causal: each member's own stream. */
const ownStreams: ViewOrder = {
  issue: issueInOwnStream,
  admit: admitToOwnStream,
  deliver: deliverStreams,
  unsettled: () => null,
  settle: () => undefined,
  numbered: (step, { cut }) => step.numbered + memberIds(step).reduce((n, id) => n + at(cut, id), 0),
};

/** total, fifo-total and causal-total by a sequencer: what a member has delivered has a number already, so only outsiders need stamps. */
const oneStream: ViewOrder = {
  ...ownStreams,
  issue: (step, messages) => {
    const sequencer = contactOf(step);
    if (sequencer === step.self) return issueInOwnStream(step, messages);
    if (sequencer === undefined || messages.length === 0) return;
    const items = messages.map((message): Submission => ({ ...message, view: viewOf(step) }));
    step.done.push(toSender(step.input, sequencer, { type: 'submit', items }));
  },
};

export function orderOf(input: ViewGroupInput): ViewOrder {
  if (isAgreed(input)) return agreedOrder;
  return isTotal(input.order) ? oneStream : ownStreams;
}

/** Own messages that are in no stream, by ascending seq. */
export const pendingOf = (step: Pick<Step, 'pending'>): Issued[] =>
  [...mapEntries(step.pending)].map(([, message]) => message).sort((a, b) => a.seq - b.seq);

/** Forgets what waits of senders that will offer it again, or never can. */
export function forgetWaiting(step: Step, isToGo: (sender: SenderId) => boolean): void {
  for (const stream of heldStreams(step.waiting)) {
    const sender = stream as SenderId; // its streams are sender ids
    if (!isToGo(sender)) continue;
    count(step, 'waits no longer', heldIn(step.waiting, sender).length);
    step.waiting = mapDelete(step.waiting, sender);
  }
}
