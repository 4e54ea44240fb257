/**
 * What a member does when its view ends: it stops delivering and reports, takes what others pass on, and goes to the next view
 * as decided, or ends.
 */
import { hasEnded, sendersOf, withEnded } from '../multicast/group.js';
import type { Gone } from '../shared/effects.js';
import { address, nodeOf, type SenderId } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import { mapDelete } from '../shared/persistent-map.js';
import { isMember } from '../shared/view.js';
import { leftOpenBy, silentSenders } from './awaited-senders.js';
import { decidedBy, withVotes } from './decision.js';
import {
  announce,
  distrustEnded,
  distrustOutside,
  hasLost,
  passOn,
  report,
  takeFlush,
  takeReport,
  takeSuspicion,
} from './flush.js';
import {
  advance,
  numberOwn,
  takeProposalsOf,
  takeStability,
  takeStream,
  takeSubmissions,
  takeTickets,
  wish,
} from './following.js';
import { canInstall, endView, install, takeHistory } from './installation.js';
import { leaseActor, type Stopped } from './lease.js';
import type { Decree } from './messages.js';
import { dropStable, redeemed, takeEntries } from './streams.js';
import {
  type Cause,
  current,
  type Decision,
  type EntriesCome,
  type Event,
  type GoneTold,
  type Multicast,
  memberAt,
  type OfAView,
  type OfferCome,
  type ProposalCome,
  type Refused,
  type Rule,
  type Stability,
  type Submit,
  type Suspected,
  type TicketCome,
  takeEarly,
} from './view-events.js';
import { begin, count, finish, type MemberContext, type Step, toApplication, viewOf } from './view-member.js';
import type { Entry } from './view-messages.js';
import { forgetWaiting } from './view-order.js';

/** Stops delivering, and says what it holds. */
export const stopDelivering: Rule<Cause> = ({ context, event }) => {
  const step = begin(context);
  takeCause(step, event);
  giveUpLease(step);
  announce(step);
  return finish(step, event.type);
};

/** Senders from outside have been silent for long: the service is asked for another view of the same members. */
export const stopForSilence: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  distrustOutside(step, silentSenders(context));
  step.changing = true;
  report(step);
  return finish(step, 'stability');
};

/** Something that ends the new view too was known before it came. */
export const stopAtOnce: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  giveUpLease(step);
  announce(step);
  return finish(step, 'view');
};

/** Before it says anything of the end of its view, the primary relies on no lease any more. */
function giveUpLease(step: Step): void {
  if ((step.input.lease ?? 0) === 0) return;
  const stopped: Stopped = { view: viewOf(step) };
  const to = address(step.input.node, leaseActor);
  step.done.push({ type: 'send', to, message: { type: 'stopped', items: [stopped] }, channel: 'fifo' });
}

/** The primary has come to its end too, or every lease is over: this member may take part. */
export const reportAtLast: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  if (step.reports[step.self] === undefined) report(step);
  return finish(step, 'report');
};

export const outwait: Rule<unknown> = ({ context }) => ({ ...context, outwaited: true, effects: noEffects });

function takeCause(step: Step, event: Cause): void {
  if (event.type === 'suspicion') for (const suspicion of event.items) takeSuspicion(step, suspicion);
  else if (event.type === 'gone') takeGone(step, event.items);
  else if (event.type === 'flush') for (const flush of current(step, event)) takeFlush(step, flush);
  else if (event.type === 'ready') step.ready = true;
  else if (event.type === 'history') for (const history of current(step, event)) takeHistory(step, history);
  else for (const told of current(step, event)) takeReport(step, told, memberAt(step, event.from));
}

/** What comes during the change, and makes others wait for a new report if it says something new of this member. */
export const takeDuringChange: Rule<Cause> = ({ context, event }) => {
  const step = begin(context);
  takeCause(step, event);
  const own = event.type === 'suspicion' || event.type === 'gone' ? step.suspects !== context.suspects : false;
  const full = (step.ready && step.informed) !== (context.ready && context.informed);
  if (own || full) announce(step);
  else passOn(step);
  return finish(step, event.type);
};

/**
 * The rest of a view still arrives, and raises what this member holds. A suspect's, and that of a sender from outside, who knows nothing
 * of the change, only by way of others, or it would never end.
 */
export const keepData: Rule<EntriesCome | TicketCome> = ({ context, event }) => {
  const step = begin(context);
  const from = memberAt(step, event.from);
  const items = event.type === 'ticket' ? redeemed(step, current(step, event)) : current(step, event);
  if (event.type !== 'relay' && (from === undefined || step.suspects.includes(from)))
    count(step, 'suspected', items.length);
  else if (takeEntries(step, items, from ?? null)) {
    if (event.type === 'relay' && from !== undefined) noteSource(step, event.items, from);
    report(step);
  }
  return finish(step, event.type);
};

function noteSource(step: Step, entries: readonly Entry[], from: SenderId): void {
  for (const { author: stream } of entries) step.sources = { ...step.sources, [stream]: from };
}

export const keepOffers: Rule<OfferCome> = ({ context, event }) => {
  const step = begin(context);
  takeSubmissions(step, event);
  return finish(step, event.type);
};

/** Who submitted them submits them again in the next view. */
export const refuseSubmissions: Rule<Submit> = ({ context, event }) => {
  const step = begin(context);
  count(step, 'the view ends', current(step, event).length);
  return finish(step, event.type);
};

/** The next view settles what has no number yet. */
export const refuseProposals: Rule<ProposalCome> = ({ context, event }) => {
  const step = begin(context);
  count(step, 'the view ends', current(step, event).length);
  return finish(step, event.type);
};

export const noteStability: Rule<Stability> = ({ context, event }) => {
  const step = begin(context);
  takeStability(step, event);
  dropStable(step);
  return finish(step, event.type);
};

/** VS-4: sent in the next view. */
export const holdMulticasts: Rule<Multicast> = ({ context, event }) => {
  const step = begin(context);
  numberOwn(step, event.items);
  return finish(step, event.type);
};

export const noteGone: Rule<GoneTold> = ({ context, event }) => {
  const step = begin(context);
  takeGone(step, event.items);
  advance(step);
  return finish(step, event.type);
};

export const noteOpinion: Rule<Suspected> = ({ context, event }) => {
  const step = begin(context);
  for (const suspicion of event.items) takeSuspicion(step, suspicion);
  return finish(step, event.type);
};

/** A member that has ended still counts until the view without it; of a sender from outside nothing more can come. */
function takeGone(step: Step, gone: readonly Gone[]): void {
  const outside = gone.filter((one) => !hasLost(step, one));
  for (const one of gone) distrustEnded(step, one);
  for (const sender of sendersOf(step.ended, outside)) step.receipts = mapDelete(step.receipts, sender);
  step.ended = withEnded(step.ended, outside);
  distrustOutside(
    step,
    leftOpenBy(step, (sender) => hasEnded(step.ended, sender)),
  );
  forgetWaiting(step, (sender) => hasEnded(step.ended, sender));
}

/** Nothing has come of it: whoever lacks something of this member's own may have lost it. */
export const repeatReport: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  report(step);
  passOn(step, true);
  if (step.leaving) wish(step, 'leave');
  return finish(step, 'report');
};

// --- the decision --------------------------------------------------------------------------------------------------

/** What is decided of this group, once this event is known. */
function decisions(
  context: MemberContext,
  event: Decision,
): { votes: MemberContext['votes']; decrees: readonly Decree[] } {
  const { input, votes } = context;
  const isOurs = ({ view }: Decree): boolean => view.group === input.group && view.id > viewOf(context);
  const by = nodeOf(event.from);
  if (!input.service.includes(by)) return { votes, decrees: [] };
  if (event.type === 'decided') return { votes, decrees: event.items.filter(isOurs) };
  const now = withVotes(
    votes,
    by,
    event.items.filter(({ decree }) => isOurs(decree)),
  );
  return { votes: now, decrees: decidedBy(now, input.service) };
}

/** The next view of a member, or the first that has a joiner. One further ahead has no part for who has not reported before it. */
export const noteDecision: Rule<Decision> = ({ context, event }) => {
  const { votes, decrees } = decisions(context, event);
  const isNext = ({ view }: Decree): boolean =>
    isMember(view, context.self) && (context.view === null || view.id === viewOf(context) + 1);
  return { votes, decree: context.decree ?? decrees.find(isNext) ?? null, effects: noEffects };
};

/** A decided view of the group, after this member's, that is without it. */
export const isExcluded = ({ context, event }: { context: MemberContext; event: Event }): boolean =>
  (event.type === 'accepted' || event.type === 'decided') &&
  context.view !== null &&
  decisions(context, event).decrees.some(({ view }) => !isMember(view, context.self));

/** Who leaves has taken part in the end of its last view, and delivers it to the end. */
export const isEvicted = ({ context, event }: { context: MemberContext; event: Event }): boolean =>
  event.type === 'evicted' &&
  context.input.service.includes(nodeOf(event.from)) &&
  event.items.some(({ group, member }) => group === context.input.group && member === context.self);

export const end: Rule<Event> = ({ context, event }) => {
  const step = begin(context);
  const decrees = event.type === 'accepted' || event.type === 'decided' ? decisions(context, event).decrees : [];
  const last = decrees.find(({ view }) => view.id === viewOf(context) + 1);
  if (step.leaving && last !== undefined && canInstall({ ...context, decree: last })) endView(step, last);
  step.done.push({ type: 'end', reason: step.leaving || event.type === 'leave' ? 'left' : 'evicted' });
  return finish(step, event.type);
};

export const enter: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  if (context.decree !== null) install(step, context.decree);
  replay(step);
  advance(step);
  dropStable(step);
  return finish(step, 'view');
};

export const enterFirst: Rule<unknown> = ({ context }) =>
  enter({
    context: {
      ...context,
      decree: { view: context.view as NonNullable<typeof context.view>, cut: {}, unsettled: {} },
      view: null,
    },
    event: null,
  });

/** What has come for this view before it did. */
function replay(step: Step): void {
  for (const { type, from, item } of takeEarly(step)) {
    const event = { type, from, items: [item] } as OfAView; // as it came, its shape checked
    if (event.type === 'data' || event.type === 'relay') takeStream(step, event);
    else if (event.type === 'ticket') takeTickets(step, event);
    else if (event.type === 'proposal') takeProposalsOf(step, event);
    else if (event.type === 'submit' || event.type === 'offer') takeSubmissions(step, event);
    else if (event.type === 'stability') takeStability(step, event);
    else takeCause(step, event);
  }
}

export const passRefusal: Rule<Refused> = ({ context, event }) => {
  const step = begin(context);
  if (context.input.service.includes(nodeOf(event.from))) toApplication(step, { type: 'refused', items: event.items });
  else count(step, 'not of the service', event.items.length);
  return finish(step, event.type);
};
