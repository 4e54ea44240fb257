/**
 * The streams of a view: what a member puts into its own, takes from the others', and drops when all members of the view
 * hold it (Birman, Schiper & Stephenson 1991). A message that is not stable is kept, for a member to whom its author could
 * not send it.
 */

import { hasEnded } from '../multicast/group.js';
import { heldAt, hold, release } from '../multicast/hold-back-queue.js';
import { isTotal } from '../multicast/order.js';
import { contains, nothing, type Receipt, add as withSeq } from '../multicast/receipt.js';
import type { SenderId } from '../shared/identifiers.js';
import { mapDelete, mapGet, mapSet } from '../shared/persistent-map.js';
import { isMember } from '../shared/view.js';
import { isAgreed } from './group-input.js';
import { at, count, memberIds, othersOf, type Step, streamsOf, toSender, viewOf } from './view-member.js';
import type { Entry, HoldingsTold, Issued, Ticket } from './view-messages.js';

export const receiptOf = (step: Pick<Step, 'receipts'>, sender: SenderId): Receipt =>
  mapGet(step.receipts, sender) ?? nothing;

export const isKnown = (step: Pick<Step, 'receipts'>, { sender, seq }: Issued): boolean =>
  contains(receiptOf(step, sender), seq);

export function learn(step: Step, { sender, seq }: Issued): void {
  if (!hasEnded(step.ended, sender))
    step.receipts = mapSet(step.receipts, sender, withSeq(receiptOf(step, sender), seq));
}

// --- the own stream ------------------------------------------------------------------------------------------------

/** Puts messages into this member's stream and sends them to all others of the view. */
export function author(step: Step, messages: readonly Issued[], past?: Entry['past']): void {
  const isNumbered = isTotal(step.input.order) && !isAgreed(step.input);
  const first = step.numbered + at(step.holds, step.self) + 1;
  const contents = messages.map(
    ({ sender, seq, payload }, i): EntryContent => ({
      sender,
      seq,
      payload,
      ...(past === undefined ? {} : { past }),
      ...(isNumbered ? { number: first + i } : {}),
    }),
  );
  append(step, contents);
  for (const message of messages) learn(step, message);
}

/** The next entries of this member's stream. */
export type EntryContent = Omit<Entry, 'view' | 'author' | 'place'>;

export function append(step: Step, contents: readonly EntryContent[]): void {
  const { self } = step;
  const first = at(step.holds, self) + 1;
  const entries = contents.map(
    (content, i): Entry => ({ view: viewOf(step), author: self, place: first + i, ...content }),
  );
  for (const entry of entries) keep(step, entry);
  for (const member of othersOf(step)) send(step, member, entries);
}

/** To its issuer, if that is a member, goes only a ticket: a control message. Runs, for a stream's order must hold. */
function send(step: Step, member: SenderId, entries: readonly Entry[]): void {
  for (let from = 0; from < entries.length; ) {
    const own = entries[from]?.sender === member;
    let to = from;
    while (to < entries.length && (entries[to]?.sender === member) === own) to += 1;
    const run = entries.slice(from, to);
    const message = own ? { type: 'ticket', items: run.map(ticketOf) } : { type: 'data', items: run };
    step.done.push(toSender(step.input, member, message, own));
    from = to;
  }
}

const ticketOf = ({ sender: _sender, payload: _payload, ...ticket }: Entry): Ticket => ticket;

// --- what comes ----------------------------------------------------------------------------------------------------

function keep(step: Step, entry: Entry): void {
  const { author: stream, place } = entry;
  step.kept = hold(step.kept, stream, place, entry);
  step.holds = { ...step.holds, [stream]: place };
}

/** Takes entries of the current view, from their author or passed on. Returns whether this member now holds more. */
export function takeEntries(step: Step, entries: readonly Entry[], from: SenderId | null): boolean {
  let more = false;
  for (const entry of entries) {
    const held = at(step.holds, entry.author);
    if (!hasStream(step, entry, from)) count(step, 'not of a member');
    else if (entry.place <= held) count(step, 'duplicate');
    else if (entry.place > held + 1) count(step, 'beyond a gap');
    else {
      keep(step, entry);
      more = true;
    }
    if (entry.author === from) note(step, from, { [from]: entry.place });
  }
  return more;
}

/** In the agreed order senders from outside have streams of their own, which they send, or members pass on. */
function hasStream({ view, input }: Step, { author: stream, sender }: Entry, from: SenderId | null): boolean {
  if (view === null) return false;
  if (isMember(view, stream)) return true;
  return isAgreed(input) && sender === stream && from !== null && (from === stream || isMember(view, from));
}

/** The entries that tickets stand for, with the messages that this member has. */
export function redeemed(step: Step, tickets: readonly Ticket[]): Entry[] {
  return tickets.flatMap((ticket) => {
    const message = mapGet(step.pending, String(ticket.seq));
    if (message === undefined) count(step, 'unknown');
    return message === undefined ? [] : [{ ...message, ...ticket }];
  });
}

// --- stability -----------------------------------------------------------------------------------------------------

/** What a member is known to hold only ever grows, whatever the order in which it is told. */
function note(step: Step, member: SenderId, holds: Readonly<Record<string, number>>): void {
  const before = step.known[member] ?? {};
  const now: Record<SenderId, number> = { ...before };
  // What others hold of a sender from outside can be known before anything of it is here.
  const streams = isAgreed(step.input) ? (Object.keys(holds) as SenderId[]) : memberIds(step);
  for (const stream of streams) now[stream] = Math.max(at(before, stream), holds[stream] ?? 0);
  step.known = { ...step.known, [member]: now };
}

export function takeHoldings(step: Step, member: SenderId, told: readonly HoldingsTold[]): void {
  for (const { holds } of told) note(step, member, holds);
}

/** Tells the others what this member holds, when they do not know. */
export function tellHoldings(step: Step): void {
  if (isTold(step)) return;
  const items: HoldingsTold[] = [{ view: viewOf(step), holds: step.holds }];
  for (const member of othersOf(step)) step.done.push(toSender(step.input, member, { type: 'stability', items }, true));
  step.told = step.holds;
}

/** Whether the others know all that this member holds: of its own stream they do by the messages themselves. */
export const isTold = (step: Pick<Step, 'view' | 'self' | 'holds' | 'told'>): boolean =>
  streamsOf(step).every((stream) => stream === step.self || at(step.holds, stream) === at(step.told, stream));

/** What all members of the view are known to hold of a stream: a message up to there is stable. */
export function stableOf(step: Pick<Step, 'view' | 'self' | 'holds' | 'known'>, stream: SenderId): number {
  let stable = at(step.holds, stream);
  for (const member of othersOf(step)) stable = Math.min(stable, at(step.known[member], stream));
  return stable;
}

/** Drops what is delivered and stable. */
export function dropStable(step: Step): void {
  for (const stream of streamsOf(step)) {
    const upTo = Math.min(at(step.delivered, stream), stableOf(step, stream));
    if (upTo > at(step.dropped, stream)) dropTo(step, stream, upTo);
  }
}

export function dropTo(step: Step, stream: SenderId, upTo: number): void {
  for (let place = at(step.dropped, stream) + 1; place <= upTo; place++) {
    const entry = heldAt(step.kept, stream, place);
    step.kept = release(step.kept, stream, place);
    if (entry !== undefined && stream === step.self && !memberIds(step).includes(entry.sender)) takenFrom(step, entry);
  }
  step.dropped = { ...step.dropped, [stream]: upTo };
}

export function takenFrom(step: Step, { sender, seq }: Issued): void {
  step.taken.set(sender, [...(step.taken.get(sender) ?? []), seq]);
}

/** Hands an entry over to the application. */
export function handEntry(step: Step, entry: Entry): void {
  step.delivered = { ...step.delivered, [entry.author]: entry.place };
  handMessage(step, entry);
}

export function handMessage(step: Step, entry: Omit<Entry, 'verdict'>): void {
  const { author: stream, place, sender, seq, payload, number, past, view } = entry;
  step.deliveries.push({
    sender,
    seq,
    payload,
    view,
    ...(number === undefined ? {} : { number }),
    ...(past === undefined ? {} : { stamp: { ...past, [stream]: place } }),
  });
  learn(step, entry);
  if (sender === step.self) step.pending = mapDelete(step.pending, String(seq));
}
