/**
 * How a view ends and the next begins at a member. The rest of the cut is delivered, in the order of the group, then the
 * view; what is beyond the cut nobody delivers (VS-1). The streams begin anew, and own messages that were held during the
 * change, or submitted and not delivered, are sent in the new view (VS-4).
 */
import { hasEnded, withEnded } from '../multicast/group.js';
import { emptyQueue } from '../multicast/hold-back-queue.js';
import { type Receipt, union } from '../multicast/receipt.js';
import { address, incarnationOf, type NodeId, type SenderId, senderNode } from '../shared/identifiers.js';
import { mapDelete, mapEntries, mapGet, mapSet } from '../shared/persistent-map.js';
import { isMember } from '../shared/view.js';
import { votesAfter } from './decision.js';
import { isFull } from './flush.js';
import { type Decree, detectorActor } from './messages.js';
import { dropTo, receiptOf } from './streams.js';
import {
  at,
  count,
  covers,
  handOver,
  type MemberContext,
  memberIds,
  nothingToAgree,
  othersOf,
  type Step,
  streamsOf,
  toSender,
  viewOf,
} from './view-member.js';
import type { History } from './view-messages.js';
import { contactOf, forgetWaiting, orderOf, pendingOf } from './view-order.js';

/**
 * Whether nothing of the cut is missing. Who goes on held all of it when it reported, so this waits only for a decree that has
 * overtaken what was passed on.
 */
export const canInstall = ({ decree, view, holds }: MemberContext): boolean =>
  decree !== null && (view === null || covers(holds, decree.cut));

export function install(step: Step, decree: Decree): void {
  endView(step, decree);
  beginView(step, decree);
}

/** Delivers what is left of the cut. */
export function endView(step: Step, decree: Decree): void {
  if (step.view === null) return;
  const order = orderOf(step.input);
  order.settle(step, decree);
  order.deliver(step, decree.cut);
  count(
    step,
    'beyond the cut',
    streamsOf(step).reduce((n, id) => n + Math.max(0, at(step.holds, id) - at(decree.cut, id)), 0),
  );
  dropTo(step, step.self, at(decree.cut, step.self)); // every member that goes on has delivered it
  const streams = memberIds(step);
  forgetWaiting(step, (sender) => streams.includes(sender)); // members submit again
  for (const id of streams) if (!isMember(decree.view, id)) forgetMember(step, id);
  handOver(step);
}

function forgetMember(step: Step, id: SenderId): void {
  step.ended = withEnded(step.ended, [{ node: senderNode(id), incarnation: incarnationOf(id) }]);
  step.receipts = mapDelete(step.receipts, id);
}

function beginView(step: Step, decree: Decree): void {
  const { view } = decree;
  step.numbered = orderOf(step.input).numbered(step, decree);
  step.view = view;
  step.holds = {};
  step.delivered = {};
  step.dropped = {};
  step.told = {};
  step.known = {};
  step.kept = emptyQueue();
  step.agreeing = nothingToAgree;
  step.reports = {};
  step.outwaited = false;
  step.relayed = {};
  step.sources = {};
  step.votes = votesAfter(step.votes, view.id);
  step.decree = null;
  step.distrusted = othersOf(step).filter((id) => step.distrusted.includes(id) || hasEnded(step.ended, id));
  step.suspects = step.distrusted;
  const self = view.members.find(({ id }) => id === step.self);
  step.informed ||= self?.full === true;
  step.changing = step.suspects.length > 0 || step.overrun >= view.id || (isFull(step) && self?.full !== true);
  step.done.push({ type: 'view', view });
  const others = othersOf(step);
  const nodes: NodeId[] = others.map(senderNode);
  const incarnations = Object.fromEntries(others.map((id) => [senderNode(id), incarnationOf(id)]));
  const detector = address(step.input.node, detectorActor);
  step.done.push({
    type: 'send',
    to: detector,
    message: { type: 'watch', items: [{ nodes, incarnations }] },
    channel: 'fifo',
  });
  if (contactOf(step) === step.self) tellHistory(step);
  else forgetWaiting(step, () => true); // senders from outside turn to the contact of this view
  orderOf(step.input).issue(step, pendingOf(step));
}

// --- what a joiner has to know ---------------------------------------------------------------------------------------

/** The chosen member tells those that are not full yet: again in each view, for it may be another one's turn now. */
function tellHistory(step: Step): void {
  const joiners = step.view?.members.filter(({ id, full }) => !full && id !== step.self) ?? [];
  if (joiners.length === 0) return;
  const history: History = {
    view: viewOf(step),
    receipts: Object.fromEntries(mapEntries(step.receipts)) as Record<SenderId, Receipt>, // its keys are sender ids
    ended: Object.fromEntries(mapEntries(step.ended)),
    numbered: step.numbered,
  };
  for (const { id } of joiners) step.done.push(toSender(step.input, id, { type: 'history', items: [history] }, true));
}

/** What was delivered here since the view began, this member knows itself. */
export function takeHistory(step: Step, { receipts, ended, numbered }: History): void {
  if (step.informed) {
    count(step, 'duplicate');
    return;
  }
  for (const [node, incarnation] of Object.entries(ended))
    step.ended = mapSet(step.ended, node, Math.max(incarnation, mapGet(step.ended, node) ?? 0));
  for (const [key, receipt] of Object.entries(receipts)) {
    const sender = key as SenderId; // as its sender wrote it
    if (!hasEnded(step.ended, sender))
      step.receipts = mapSet(step.receipts, sender, union(receiptOf(step, sender), receipt));
  }
  step.numbered = numbered;
  step.informed = true;
}
