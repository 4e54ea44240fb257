/**
 * The flush (Birman & Joseph 1987; Schiper & Sandoz 1993): how the members of a view come to hold the same before it ends. Each
 * has stopped delivering, and reports what it holds. When the reports of all that take part are there, the most
 * senior holder of what another lacks of a stream whose author takes no part passes it on; what an author that takes part has sent
 * arrives of itself. Who has received something so reports again.
 */

import { heldAt } from '../multicast/hold-back-queue.js';
import type { Gone } from '../shared/effects.js';
import { incarnationOf, type SenderId, senderNode } from '../shared/identifiers.js';
import { chosen } from '../shared/view.js';
import type { Flush, Report, Suspicion } from './messages.js';
import {
  at,
  count,
  type MemberContext,
  memberIds,
  othersOf,
  outsideStreams,
  type Step,
  toMembership,
  toSender,
  viewOf,
} from './view-member.js';
import type { Entry } from './view-messages.js';
import { orderOf } from './view-order.js';

/** Whether this member can speak for the group: it was full in the view, or has become so. */
export const isFull = (step: Pick<Step, 'view' | 'self' | 'ready' | 'informed'>): boolean =>
  (step.ready && step.informed) || (step.view?.members.some(({ id, full }) => id === step.self && full) ?? false);

// --- suspicion -----------------------------------------------------------------------------------------------------

/** The members of the view that a change of opinion on a node is about. */
const membersAt = (step: Pick<Step, 'view' | 'self'>, node: string): SenderId[] =>
  othersOf(step).filter((id) => senderNode(id) === node);

/** Those whom an older incarnation than the one last heard makes certain to have ended count as suspected. */
const isSuspected = (id: SenderId, { suspected, incarnation }: Suspicion): boolean =>
  suspected || incarnationOf(id) < incarnation;

export function takeSuspicion(step: Step, suspicion: Suspicion): void {
  for (const id of membersAt(step, suspicion.node)) {
    step.distrusted = step.distrusted.filter((other) => other !== id);
    if (isSuspected(id, suspicion)) distrust(step, id);
  }
}

function distrust(step: Step, id: SenderId): void {
  step.distrusted = [...step.distrusted, id];
  if (!step.suspects.includes(id)) step.suspects = [...step.suspects, id];
}

export function distrustEnded(step: Step, { node, incarnation }: Gone): void {
  for (const id of membersAt(step, node))
    if (incarnationOf(id) <= incarnation) {
      if (!step.distrusted.includes(id)) distrust(step, id);
      // This is certain, and who has ended answers nobody.
      if (step.view !== null && chosen(step.view)?.id === id) step.outwaited = true;
    }
}

export const suspectsSomeMember = (step: Pick<Step, 'view' | 'self'>, suspicion: Suspicion): boolean =>
  membersAt(step, suspicion.node).some((id) => isSuspected(id, suspicion));

export const hasLost = (step: Pick<Step, 'view' | 'self'>, { node, incarnation }: Gone): boolean =>
  membersAt(step, node).some((id) => incarnationOf(id) <= incarnation);

/** Senders from outside whose messages get no number any more: another view settles them (MC-7). */
export function distrustOutside(step: Step, senders: readonly SenderId[]): void {
  const more = senders.filter((id) => !step.suspects.includes(id));
  if (more.length > 0) step.suspects = [...step.suspects, ...more];
}

/** The service says who takes no part. That it names this member, this member learns by the next view. */
export function takeFlush(step: Step, { suspects }: Flush): void {
  const others = othersOf(step);
  const more = suspects.filter((id) => others.includes(id) && !step.suspects.includes(id));
  step.suspects = [...step.suspects, ...more];
  step.changing = true;
}

// --- reports -------------------------------------------------------------------------------------------------------

/**
 * PB-7: whether no lease keeps this member from taking part in the end of its view: there are none, or the primary takes part itself,
 * for it relies on none any more, or any lease is over.
 */
export function isFree({ input, view, self, reports, outwaited }: Omit<MemberContext, 'effects'>): boolean {
  if ((input.lease ?? 0) === 0 || outwaited || view === null) return true;
  const primary = chosen(view)?.id;
  return primary === undefined || primary === self || reports[primary] !== undefined;
}

/** To the service and to the members that take part. */
export function report(step: Step): void {
  if (!isFree(step)) return;
  const own = reportOf(step);
  step.reports = { ...step.reports, [step.self]: own };
  toMembership(step, { type: 'report', items: [own] });
  for (const member of participants(step)) {
    if (member !== step.self) step.done.push(toSender(step.input, member, { type: 'report', items: [own] }));
  }
  passOn(step);
}

/** Only the members' own links bring reports, in order: the last one of a member stands. */
export function takeReport(step: Step, told: Report, from: SenderId | undefined): void {
  if (told.member !== from) count(step, 'not of its sender');
  else step.reports = { ...step.reports, [told.member]: told };
  step.changing = true;
}

const reportOf = (step: Step): Report => ({
  group: step.input.group,
  view: viewOf(step),
  member: step.self,
  full: isFull(step),
  holds: step.holds,
  suspects: step.suspects,
  unsettled: orderOf(step.input).unsettled(step),
});

/**
 * PB-7: says that the view ends, and why. Whom a lease may bind tells the primary alone: nobody else may have told it, and it gives the
 * lease up before it says anything itself.
 */
export function announce(step: Step): void {
  const primary = step.view === null ? undefined : chosen(step.view)?.id;
  if (isFree(step) || primary === undefined) report(step);
  else step.done.push(toSender(step.input, primary, { type: 'report', items: [reportOf(step)] }));
}

const participants = (step: Pick<Step, 'view' | 'suspects'>): SenderId[] =>
  memberIds(step).filter((id) => !step.suspects.includes(id));

/**
 * Passes on what others lack of the streams of those that take no part, where that falls to this member. What they lack of its own
 * is on its way to them: only when it should be there by now, and a member has no room for it before (`late`), is it sent again.
 */
export function passOn(step: Step, late = false): void {
  const taking = participants(step);
  if (!taking.every((id) => step.reports[id] !== undefined)) return;
  const silent = new Set([...step.suspects, ...outsideStreams(step)]);
  const streams = [...silent].filter((stream) => fallsToMe(step, stream, taking));
  if (late) streams.push(step.self);
  for (const member of taking) {
    if (member === step.self) continue;
    const entries = streams.flatMap((stream) => lackedBy(step, member, stream));
    if (entries.length > 0) step.done.push(toSender(step.input, member, { type: 'relay', items: entries }));
  }
}

/**
 * To the most senior of those that hold most of a stream; not if it has it from one that takes part, for that one has passed it on
 * to the others as well.
 */
function fallsToMe(step: Step, stream: SenderId, taking: readonly SenderId[]): boolean {
  const held = (id: SenderId): number => at(step.reports[id]?.holds, stream);
  const most = Math.max(...taking.map(held));
  const source = step.sources[stream];
  return taking.find((id) => held(id) === most) === step.self && (source === undefined || !taking.includes(source));
}

/** Without a gap: what the member takes next of the stream is always the next. */
function lackedBy(step: Step, member: SenderId, stream: SenderId): Entry[] {
  const first = Math.max(at(step.reports[member]?.holds, stream), at(step.relayed[member], stream)) + 1;
  const entries: Entry[] = [];
  for (let place = first; place <= at(step.holds, stream); place++) {
    const entry = heldAt(step.kept, stream, place);
    if (entry !== undefined) entries.push(entry);
  }
  if (entries.length > 0)
    step.relayed = { ...step.relayed, [member]: { ...step.relayed[member], [stream]: at(step.holds, stream) } };
  return entries;
}
