/**
 * The events of a member of a view-synchronous group, and which view they belong to.
 */
import type { Gone, Incoming } from '../shared/effects.js';
import { type Address, nodeOf, type SenderId, senderNode } from '../shared/identifiers.js';
import { mapDelete, mapEntries, mapSet } from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import type { LeaseAsked } from './lease.js';
import type { Accepted, Decree, Flush, Refusal, Report, Suspicion, Wish } from './messages.js';
import { count, type Early, type MemberContext, memberIds, type Step, viewOf } from './view-member.js';
import type { Entry, History, HoldingsTold, Offer, Proposal, Submission, Ticket } from './view-messages.js';

export type Multicast = Incoming<'multicast', Serializable>;
/** From the application: it has the group's state; it wants to be no member any more. */
export type Ready = Incoming<'ready'>;
type Leave = Incoming<'leave'>;
/** Entries of a stream: from their author, or passed on during a change. */
export type EntriesCome = Incoming<'data', Entry> | Incoming<'relay', Entry>;
export type TicketCome = Incoming<'ticket', Ticket>;
export type Submit = Incoming<'submit', Submission>;
export type ProposalCome = Incoming<'proposal', Proposal>;
export type OfferCome = Incoming<'offer', Offer>;
export type Stability = Incoming<'stability', HoldingsTold>;
export type HistoryCome = Incoming<'history', History>;
export type ReportCome = Incoming<'report', Report>;
export type FlushCome = Incoming<'flush', Flush>;
type AcceptedCome = Incoming<'accepted', Accepted>;
type DecidedCome = Incoming<'decided', Decree>;
export type Decision = AcceptedCome | DecidedCome;
export type Refused = Incoming<'refused', Refusal>;
/** The answer of the service to a wish or report of this incarnation, which is out for good. */
type EvictedTold = Incoming<'evicted', Wish>;
export type Suspected = Incoming<'suspicion', Suspicion>;
export type GoneTold = Incoming<'gone', Gone>;
/** Messages that belong to a view: this one's are taken, later ones' wait for it. */
export type OfAView =
  | EntriesCome
  | TicketCome
  | Submit
  | OfferCome
  | ProposalCome
  | Stability
  | HistoryCome
  | ReportCome
  | FlushCome;
/** What ends a view, or tells more about its end. */
export type Cause = Suspected | GoneTold | FlushCome | ReportCome | Ready | HistoryCome;
/** From the keeper beside the primary. */
export type LeaseCome = Incoming<'lease-asked', LeaseAsked>;
export type Event =
  | LeaseCome
  | OfAView
  | Multicast
  | Ready
  | Leave
  | Decision
  | Refused
  | EvictedTold
  | Suspected
  | GoneTold;

export type Rule<E> = (args: { context: MemberContext; event: E }) => Partial<MemberContext>;

/** The items of the current view. Those of views to come wait for them; nobody needs those of views that have ended. */
export function current<Item extends { readonly view: number }>(
  step: Step,
  event: { readonly type: string; readonly from: Address; readonly items: readonly Item[] },
): readonly Item[] {
  const now = viewOf(step);
  if (event.items.every(({ view }) => view === now)) return event.items;
  const later = event.items.filter(({ view }) => view > now);
  for (const item of later) holdEarly(step, { type: event.type, from: event.from, view: item.view, item });
  // An offer names the view by which its sender chose this member, and that holds on.
  const taken = event.items.filter(({ view }) => view === now || (event.type === 'offer' && view < now));
  count(step, 'of an earlier view', event.items.length - later.length - taken.length);
  return now === 0 ? [] : taken;
}

/** Messages of views to come that are kept at most. */
export const MOST_EARLY = 4096;

/** What finds no room is passed on again when its view ends, which it then does at once. */
function holdEarly(step: Step, early: Early): void {
  if (step.early.size < MOST_EARLY) {
    step.arrivals += 1;
    step.early = mapSet(step.early, String(step.arrivals), early);
  } else {
    step.overrun = Math.max(step.overrun, early.view);
    count(step, 'too early');
  }
}

/** Takes out what has come for this view, and what for earlier ones, in the order of arrival. */
export function takeEarly(step: Step): Early[] {
  const due = [...mapEntries(step.early)].filter(([, { view }]) => view <= viewOf(step));
  for (const [arrival] of due) step.early = mapDelete(step.early, arrival);
  return due.sort(([a], [b]) => Number(a) - Number(b)).map(([, early]) => early);
}

/** Whose stream these entries are, if a sender from outside sends its own. */
export function outsiderAt({ from, items }: EntriesCome): SenderId | undefined {
  const author = items[0]?.author;
  return author !== undefined && senderNode(author) === nodeOf(from) ? author : undefined;
}

export const memberAt = (step: Step, from: Address): SenderId | undefined =>
  memberIds(step).find((id) => senderNode(id) === nodeOf(from));
