/**
 * What a member of a view-synchronous group knows, and the smallest steps that its rules are made of: to send, to count what is
 * dropped, to hand over.
 */
import type { EndedNodes } from '../multicast/group.js';
import type { HoldBackQueue } from '../multicast/hold-back-queue.js';
import type { Receipt } from '../multicast/receipt.js';
import { discarded } from '../shared/discard.js';
import type { Delivery, Effect, Effectful, Message } from '../shared/effects.js';
import { type Address, address, groupActor, type SenderId, senderNode } from '../shared/identifiers.js';
import type { PersistentMap } from '../shared/persistent-map.js';
import type { View } from '../shared/view.js';
import type { Votes } from './decision.js';
import type { ViewGroupInput } from './group-input.js';
import { type Decree, type Holdings, membershipAt, type Report } from './messages.js';
import type { Entry, Issued } from './view-messages.js';

/** A message of a view that is on its way to this member, until that view is there. */
export interface Early {
  readonly type: string;
  readonly from: Address;
  readonly view: number;
  readonly item: unknown;
}

export interface MemberContext extends Effectful {
  readonly input: ViewGroupInput;
  readonly self: SenderId;
  /** Null until the first view that has this member. */
  readonly view: View | null;
  /** Own multicasts so far, over all views. */
  readonly sent: number;
  /** Own messages, by seq, that are in no stream yet: held during a change, or submitted and not delivered. */
  readonly pending: PersistentMap<Issued>;
  /** Of each stream of the view: what this member holds, has delivered, and has dropped because all hold it. */
  readonly holds: Holdings;
  readonly delivered: Holdings;
  readonly dropped: Holdings;
  /** What was last told to the others. */
  readonly told: Holdings;
  /** Member → what it is known to hold. */
  readonly known: Readonly<Record<SenderId, Holdings>>;
  /** Stream → place → entry that is not delivered, or not known to be held by all. */
  readonly kept: HoldBackQueue<Entry>;
  /** Sender → its messages delivered here or placed in this member's stream. At the start of a view all members have the same. */
  readonly receipts: PersistentMap<Receipt>;
  /** Messages submitted or offered to this member that have no place in its stream yet, by sender. */
  readonly waiting: HoldBackQueue<Issued>;
  /** Messages with a number that the group delivered before this view, where the order is total. */
  readonly numbered: number;
  /** Messages of views to come. */
  readonly early: PersistentMap<Early>;
  /** How many of them there ever were: their places in the order of arrival. */
  readonly arrivals: number;
  /** The last view of which something came too early to be kept; 0 if none. It ends as soon as it is there. */
  readonly overrun: number;
  readonly ended: EndedNodes;
  /** Members of the view that the failure detector on this node suspects now, or that have ended. */
  readonly distrusted: readonly SenderId[];
  /** Members that take no part in the change under way: once suspected, for the whole of it. */
  readonly suspects: readonly SenderId[];
  /** The view is to end: for a suspicion, a joiner's state, a report or a flush. */
  readonly changing: boolean;
  /** Member → its last report in this view. */
  readonly reports: Readonly<Record<SenderId, Report>>;
  /** Member → what this one has passed on to it. */
  readonly relayed: Readonly<Record<SenderId, Holdings>>;
  /** Stream → who passed on to this member what it holds of it. */
  readonly sources: Readonly<Record<SenderId, SenderId>>;
  readonly votes: Votes;
  /** The decided end of this view, while something of its cut is missing. */
  readonly decree: Decree | null;
  /** The application has the group's state. */
  readonly ready: boolean;
  /** It knows what the group delivered before it came. */
  readonly informed: boolean;
  /** It has been asked to leave. */
  readonly leaving: boolean;
  /** The view has ended here so long ago that no lease in it holds any more, or its primary has ended for certain (PB-7). */
  readonly outwaited: boolean;
}

/** The context while one rule works on it, and what will become its effects. */
export type Step = { -readonly [Field in keyof Omit<MemberContext, 'effects'>]: MemberContext[Field] } & {
  readonly done: Effect[];
  deliveries: Delivery[];
  /** Sender from outside → its messages that have become safe with the group. */
  readonly taken: Map<SenderId, number[]>;
  /** Reason → messages dropped for it. */
  readonly losses: Record<string, number>;
};

export const begin = (context: MemberContext): Step => ({
  ...context,
  done: [],
  deliveries: [],
  taken: new Map(),
  losses: {},
});

export function finish({ done, deliveries, taken, losses, ...context }: Step, event: string): Partial<MemberContext> {
  const effects = [...done];
  for (const [sender, seqs] of taken)
    effects.push(toSender(context.input, sender, { type: 'taken', items: [{ seqs }] }, true));
  if (deliveries.length > 0) effects.push({ type: 'deliver', group: context.input.group, deliveries });
  effects.push(...discarded(event, losses));
  return { ...context, effects };
}

/** What is to be delivered is handed over before whatever follows in this step. */
export function handOver(step: Step): void {
  if (step.deliveries.length === 0) return;
  step.done.push({ type: 'deliver', group: step.input.group, deliveries: step.deliveries });
  step.deliveries = [];
}

export function count(step: Pick<Step, 'losses'>, reason: string, n = 1): void {
  step.losses[reason] = (step.losses[reason] ?? 0) + n;
}

/** To the group's actor on another sender's node, in the order of sending. */
export function toSender(input: ViewGroupInput, sender: SenderId, message: Message, control = false): Effect {
  const to = address(senderNode(sender), groupActor(input.group));
  return { type: 'send', to, message, channel: 'fifo', ...(control ? { control: true as const } : {}) };
}

export function toMembership(step: Step, message: Message): void {
  for (const node of step.input.service)
    step.done.push({ type: 'send', to: membershipAt(node), message, channel: 'fifo' });
}

export function toApplication(step: Step, message: Message): void {
  const to = address(step.input.node, step.input.application);
  step.done.push({ type: 'send', to, message, channel: 'fifo' });
}

export const viewOf = ({ view }: Pick<MemberContext, 'view'>): number => view?.id ?? 0;

export const memberIds = ({ view }: Pick<MemberContext, 'view'>): SenderId[] =>
  view === null ? [] : view.members.map(({ id }) => id);

export const othersOf = (context: Pick<MemberContext, 'view' | 'self'>): SenderId[] =>
  memberIds(context).filter((id) => id !== context.self);

export const at = (holdings: Holdings | undefined, id: SenderId): number => holdings?.[id] ?? 0;

export const covers = (one: Holdings, other: Holdings): boolean =>
  Object.keys(other).every((id) => at(one, id as SenderId) >= at(other, id as SenderId)); // its keys are sender ids
