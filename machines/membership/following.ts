/**
 * What a member does while its view stands: it takes what comes, delivers what is in turn, and tells in rounds what it holds.
 */
import { address, senderNode } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import { mapSet } from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import { takeProposals } from './agreed-order.js';
import { countRound } from './awaited-senders.js';
import { isAgreed } from './group-input.js';
import { takeHistory } from './installation.js';
import { type LeaseGranted, leaseActor } from './lease.js';
import type { Flush, Report } from './messages.js';
import { dropStable, redeemed, takeEntries, takeHoldings, tellHoldings } from './streams.js';
import {
  current,
  type EntriesCome,
  type FlushCome,
  type HistoryCome,
  type LeaseCome,
  type Multicast,
  memberAt,
  type OfAView,
  type OfferCome,
  outsiderAt,
  type ProposalCome,
  type Ready,
  type ReportCome,
  type Rule,
  type Stability,
  type Submit,
  type TicketCome,
} from './view-events.js';
import { begin, count, finish, type MemberContext, type Step, toMembership, viewOf } from './view-member.js';
import type { Issued, Offer, Submission } from './view-messages.js';
import { accept, contactOf, orderOf } from './view-order.js';

const follow = (context: MemberContext, event: OfAView, take: (step: Step) => void): Partial<MemberContext> => {
  const step = begin(context);
  take(step);
  advance(step);
  // Where a member is alone, or tells at once what it holds, nothing that comes later need show that all hold it.
  if (event.type === 'stability' || step.input.uniform || step.view?.members.length === 1) dropStable(step);
  return finish(step, event.type);
};

/** Delivers what is in turn, and takes into the own stream what waited for it. */
export function advance(step: Step): void {
  const order = orderOf(step.input);
  if (step.input.uniform && step.view !== null) tellHoldings(step);
  order.deliver(step, null);
  if (step.waiting.size === 0) return;
  order.admit(step);
  order.deliver(step, null);
}

export function numberOwn(step: Step, payloads: readonly Serializable[]): Issued[] {
  const messages = payloads.map((payload, i) => ({ sender: step.self, seq: step.sent + i + 1, payload }));
  step.sent += messages.length;
  for (const message of messages) step.pending = mapSet(step.pending, String(message.seq), message);
  return messages;
}

export const multicast: Rule<Multicast> = ({ context, event }) => {
  const step = begin(context);
  const order = orderOf(step.input);
  order.issue(step, numberOwn(step, event.items));
  order.deliver(step, null);
  if (step.view?.members.length === 1) dropStable(step);
  return finish(step, event.type);
};

export function takeStream(step: Step, event: EntriesCome): void {
  takeEntries(step, current(step, event), memberAt(step, event.from) ?? outsiderAt(event) ?? null);
}

export function takeProposalsOf(step: Step, event: ProposalCome): void {
  takeProposals(step, memberAt(step, event.from), current(step, event));
}

export function takeTickets(step: Step, event: TicketCome): void {
  takeEntries(step, redeemed(step, current(step, event)), memberAt(step, event.from) ?? null);
}

export function takeSubmissions(step: Step, event: Submit | OfferCome): void {
  const messages: readonly Issued[] = current<Submission | Offer>(step, event);
  if (contactOf(step) === step.self && !isAgreed(step.input)) accept(step, messages);
  else count(step, 'not the contact', messages.length);
}

export function takeStability(step: Step, event: Stability): void {
  const items = current(step, event);
  const member = memberAt(step, event.from);
  if (member === undefined) count(step, 'not of a member', items.length);
  else takeHoldings(step, member, items);
}

export const takeData: Rule<EntriesCome> = ({ context, event }) =>
  follow(context, event, (step) => takeStream(step, event));
export const takeTicket: Rule<TicketCome> = ({ context, event }) =>
  follow(context, event, (step) => takeTickets(step, event));
export const takeProposal: Rule<ProposalCome> = ({ context, event }) =>
  follow(context, event, (step) => takeProposalsOf(step, event));
export const takeSubmit: Rule<Submit | OfferCome> = ({ context, event }) =>
  follow(context, event, (step) => takeSubmissions(step, event));

/** PB-7: given only while this member goes on in that view, so when the view ends here, all that it has given end a while later. */
export const grantLease: Rule<LeaseCome> = ({ context, event }) => {
  const step = begin(context);
  const from = memberAt(step, event.from);
  const fit = event.items.filter(({ view }) => view === viewOf(step));
  count(step, 'of another view', event.items.length - fit.length);
  for (const asked of fit) {
    const grant: LeaseGranted = { ...asked, member: step.self };
    if (from === undefined) count(step, 'not of a member');
    else
      step.done.push({
        type: 'send',
        to: address(senderNode(from), leaseActor),
        message: { type: 'lease-granted', items: [grant] },
        channel: 'lossy',
      });
  }
  return finish(step, event.type);
};

export const learnStability: Rule<Stability> = ({ context, event }) =>
  follow(context, event, (step) => {
    takeStability(step, event);
  });

/** A stability round: what this member holds, to all others of the view. */
export const tellRound: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  tellHoldings(step);
  dropStable(step);
  countRound(step);
  return finish(step, 'stability');
};

/** Something can have waited for what it tells. */
export const learnHistory: Rule<HistoryCome> = ({ context, event }) => {
  const step = begin(context);
  for (const history of current(step, event)) takeHistory(step, history);
  if (step.view !== null) advance(step);
  return finish(step, event.type);
};

/** From a time before this state: what follows from it comes as a `flush` of the service or a report of a member. */
export const holdForLater: Rule<ReportCome | FlushCome> = ({ context, event }) => {
  const step = begin(context);
  current<Report | Flush>(step, event);
  return finish(step, event.type);
};

export const hasState: Rule<Ready> = () => ({ ready: true, effects: noEffects });

export function wish(step: Step, type: 'join' | 'leave'): void {
  toMembership(step, { type, items: [{ group: step.input.group, member: step.self }] });
}

export const wishToJoin: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  wish(step, 'join');
  return finish(step, 'join');
};

export const wishToLeave: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  step.leaving = true;
  tellHoldings(step);
  wish(step, 'leave');
  return finish(step, 'leave');
};
