/**
 * The agreed total order (ABCAST of ISIS: Birman & Joseph 1987; Coulouris et al., ch. 15.4.3), with no sequencer. Whoever
 * multicasts coordinates the message itself: it sends it to all members, each proposes a number larger than all it has seen, and
 * the author sends the largest of them to all: the agreed number. Members deliver by agreed numbers, equal ones by their authors'
 * ids: a message waits until no other that the member holds can get a smaller number. A member's number for a message is never more
 * than the agreed one, so this is known. Senders from outside, who know the view as observers, have streams of their own.
 *
 * A member proposes along each stream, and for a message only when all that must come before it is here, agreed numbers
 * included. What it proposes then is larger than those, so the agreed numbers keep the order of each sender, and the causal order.
 *
 * Who crashes half way leaves messages without a number: the next view settles them, for all alike (agreed-cut.ts).
 *
 * A sender from outside sends again in the next view what it has no number for. Who knows the message from before says so, and then
 * it has no place in the order: a joiner need not know what came before it. The place is counted by each member as it delivers, on from
 * what the reports say that views before had.
 */
import { hasEnded } from '../multicast/group.js';
import { heldAt } from '../multicast/hold-back-queue.js';
import { keepsCausal } from '../multicast/order.js';
import { contains } from '../multicast/receipt.js';
import type { SenderId } from '../shared/identifiers.js';
import { mapDelete, mapGet, mapHas } from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import { numberedBy, settle, wordOf } from './agreed-cut.js';
import { byNumber, candidatesOf, dropCandidate, keyOf, note, setCandidate } from './candidates.js';
import type { Decree, Holdings } from './messages.js';
import { agreedOn, opened, verdictOf, withProposal } from './proposals.js';
import { append, handMessage, receiptOf, stableOf } from './streams.js';
import { at, type Candidate, count, memberIds, type Step, streamsOf, toSender, viewOf } from './view-member.js';
import type { Entry, Issued, Proposal } from './view-messages.js';

// --- proposals -----------------------------------------------------------------------------------------------------

type Proposed = Proposal & { readonly author: SenderId };

/** Proposes for all whose turn has come; of a stream never for a message before the one ahead of it. */
function propose(step: Step): Proposed[] {
  const all: Proposed[] = [];
  for (const author of streamsOf(step)) {
    let last = at(step.agreeing.proposed, author);
    for (let place = last + 1; place <= at(step.agreeing.noted, author); place++) {
      const entry = heldAt(step.kept, author, place);
      if (entry === undefined) break;
      if (entry.verdict === undefined) {
        const proposal = proposalFor(step, entry);
        if (proposal === null) break;
        all.push(proposal);
      }
      last = place;
    }
    if (last !== at(step.agreeing.proposed, author))
      step.agreeing = { ...step.agreeing, proposed: { ...step.agreeing.proposed, [author]: last } };
  }
  return all;
}

function proposalFor(step: Step, entry: Entry): Proposed | null {
  const { author, place } = entry;
  const candidate = mapGet(step.agreeing.candidates, keyOf(author, place));
  const known = isOver(step, entry);
  if (!known && !hasItsPast(step, entry)) return null;
  const number = known ? 0 : step.agreeing.clock + 1;
  if (!known) step.agreeing = { ...step.agreeing, clock: number };
  // One that has its number already was passed on with it.
  if (candidate !== undefined && candidate.agreedAt === 0) setCandidate(step, { ...candidate, number, known });
  return { author, view: viewOf(step), place, number, known };
}

/** Of a sender from outside: it sends again what the group has from a view before, or it has ended. A member sends nothing twice. */
const isOver = (step: Step, { sender, seq }: Issued): boolean =>
  !memberIds(step).includes(sender) && (contains(receiptOf(step, sender), seq) || hasEnded(step.ended, sender));

/**
 * A member's message names what its author held, agreed numbers included; that of a sender from outside, which messages it has heard
 * of, and those must be delivered here.
 */
function hasItsPast(step: Step, { author, sender, past = {}, stamp = {} }: Entry): boolean {
  if (!keepsCausal(step.input.order)) return true;
  const ids = (all: object): SenderId[] => Object.keys(all) as SenderId[]; // the keys of both are sender ids
  return (
    ids(past).every((id) => id === author || at(step.holds, id) >= at(past, id)) &&
    ids(stamp).every((id) => id === sender || (stamp[id] ?? 0) <= receiptOf(step, id).upTo || hasEnded(step.ended, id))
  );
}

/** A member has proposed for this member's messages. */
export function takeProposals(step: Step, by: SenderId | undefined, proposals: readonly Proposal[]): void {
  for (const proposal of proposals) {
    const tallies = by === undefined ? null : withProposal(step.agreeing.tallies, by, proposal);
    if (tallies === null) count(step, 'not under way');
    else step.agreeing = { ...step.agreeing, tallies };
  }
}

/** Puts the numbers that are agreed on now into this member's stream. Whether there are any. */
function agree(step: Step): boolean {
  if (step.agreeing.tallies.size === 0) return false;
  const { tallies, agreed } = agreedOn(step.agreeing.tallies, memberIds(step));
  if (agreed.length === 0) return false;
  step.agreeing = { ...step.agreeing, tallies };
  append(
    step,
    agreed.map((tally) => ({ sender: step.self, seq: tally.seq, payload: null, verdict: verdictOf(tally) })),
  );
  return true;
}

function send(step: Step, proposals: readonly Proposed[]): void {
  const byAuthors = new Map<SenderId, Proposal[]>();
  for (const { author, ...proposal } of proposals) byAuthors.set(author, [...(byAuthors.get(author) ?? []), proposal]);
  for (const [author, items] of byAuthors) step.done.push(toSender(step.input, author, { type: 'proposal', items }));
}

// --- delivery ------------------------------------------------------------------------------------------------------

/** Delivers by number, up to the first that is not agreed, or in a uniform group not known to be agreed by all (MC-1). */
function handAgreed(step: Step): boolean {
  const turn = candidatesOf(step)
    .filter(({ number, known }) => number > 0 && !known)
    .sort(byNumber);
  const waits = turn.findIndex(({ author, agreedAt }) => agreedAt === 0 || !isSafe(step, author, agreedAt));
  const ready = waits === -1 ? turn : turn.slice(0, waits);
  for (const candidate of ready) hand(step, candidate);
  passOver(step);
  return ready.length > 0;
}

const isSafe = (step: Step, author: SenderId, place: number): boolean =>
  !step.input.uniform || stableOf(step, author) >= place;

function hand(step: Step, candidate: Candidate): void {
  const entry = heldAt(step.kept, candidate.author, candidate.place);
  dropCandidate(step, candidate);
  if (entry === undefined) return;
  const handed = step.agreeing.handed + 1;
  step.agreeing = { ...step.agreeing, handed };
  const { past: _past, ...message } = entry;
  handMessage(step, { ...message, number: step.numbered + handed });
}

/** Up to where a stream needs no keeping but for others: its messages are delivered, or never will be. */
function passOver(step: Step): void {
  for (const stream of streamsOf(step)) {
    let upTo = at(step.delivered, stream);
    const noted = at(step.agreeing.noted, stream);
    while (upTo < noted && !mapHas(step.agreeing.candidates, keyOf(stream, upTo + 1))) upTo += 1;
    if (upTo > at(step.delivered, stream)) step.delivered = { ...step.delivered, [stream]: upTo };
  }
}

function deliver(step: Step): void {
  const toOthers: Proposed[] = [];
  for (let more = true; more; ) {
    note(step);
    const proposals = propose(step);
    const own = proposals.filter(({ author }) => author === step.self);
    toOthers.push(...proposals.filter(({ author }) => author !== step.self));
    takeProposals(step, step.self, own);
    const isAgreedNow = agree(step);
    if (isAgreedNow) note(step);
    more = handAgreed(step) || isAgreedNow;
  }
  send(step, toOthers);
}

function issue(step: Step, messages: readonly Issued[]): void {
  if (messages.length === 0) return;
  const first = at(step.holds, step.self) + 1;
  const past = keepsCausal(step.input.order) ? { past: step.holds } : {};
  append(
    step,
    messages.map(({ sender, seq, payload }) => ({ sender, seq, payload, ...past })),
  );
  let { tallies } = step.agreeing;
  messages.forEach(({ seq }, i) => {
    tallies = opened(tallies, first + i, seq);
    step.pending = mapDelete(step.pending, String(seq)); // it is in the cut of this view, or this member is in no other
  });
  step.agreeing = { ...step.agreeing, tallies };
}

function deliverCut(step: Step, cut: Holdings): void {
  for (const candidate of candidatesOf(step).sort(byNumber)) hand(step, candidate);
  step.delivered = cut;
}

/** It has proposed for all that it can, so that who holds the same has proposed for the same. */
function unsettled(step: Step): Serializable {
  note(step);
  propose(step);
  return wordOf(step);
}

/** For total, fifo-total and causal-total alike: what a member proposes for first makes the difference. */
export const agreedOrder = {
  issue,
  admit: (): void => undefined, // nobody submits anything
  deliver: (step: Step, cut: Holdings | null): void => (cut === null ? deliver(step) : deliverCut(step, cut)),
  unsettled,
  settle,
  numbered: (_step: Step, decree: Decree): number => numberedBy(decree),
};
