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
import { emptyMap, type PersistentMap } from '../shared/persistent-map.js';
import type { View } from '../shared/view.js';
import type { Votes } from './decision.js';
import type { ViewGroupInput } from './group-input.js';
import { type Decree, type Holdings, membershipAt, type Report } from './messages.js';
import type { Tallies } from './proposals.js';
import type { Entry, Issued } from './view-messages.js';

/** A message of a view that is on its way to this member, until that view is there. */
export interface Early {
  readonly type: string;
  readonly from: Address;
  readonly view: number;
  readonly item: unknown;
}

/** A message that this member holds and has not delivered, in the agreed order. */
export interface Candidate {
  /** Its place in the stream of its author. */
  readonly author: SenderId;
  readonly place: number;
  /** The agreed number, or before that this member's own proposal; 0: it has made none yet. */
  readonly number: number;
  /** The place in the author's stream where its number is; 0: not agreed yet. */
  readonly agreedAt: number;
  /** The group has it from a view before, or its sender has ended: it need not be delivered. */
  readonly known: boolean;
}

/** A sender from outside whose message is not agreed yet: which one it is, and for how many rounds it has been. */
interface Awaited {
  readonly place: number;
  readonly rounds: number;
}

/** How far a member is with the agreed order of a view. */
export interface Agreeing {
  /** The largest number that this member has seen. */
  readonly clock: number;
  /** Of each stream: up to where its entries are looked at, and up to where this member has proposed. */
  readonly noted: Holdings;
  readonly proposed: Holdings;
  /** By author and place. */
  readonly candidates: PersistentMap<Candidate>;
  /** What members have proposed for this member's own messages. */
  readonly tallies: Tallies;
  /** Messages delivered in the view. */
  readonly handed: number;
  readonly awaited: Readonly<Record<SenderId, Awaited>>;
}

export const nothingToAgree: Agreeing = {
  clock: 0,
  noted: {},
  proposed: {},
  candidates: emptyMap(),
  tallies: emptyMap(),
  handed: 0,
  awaited: {},
};

export interface MemberContext extends Effectful {
  readonly input: ViewGroupInput;
  readonly self: SenderId;
  /** Null until the first view that has this member. */
  readonly view: View | null;
  /** Own multicasts so far, over all views. */
  readonly sent: number;
  /** Own messages, by seq, that are in no stream yet: held during a change, or submitted and not delivered. */
  readonly pending: PersistentMap<Issued>;
  /** Of each stream of the view: what this member holds, has delivered up to, and has dropped because all hold it. */
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
  /** Of the agreed order: what is under way in this view. */
  readonly agreeing: Agreeing;
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

/** The streams of the view that this member holds something of: the members', and of those outside who coordinate themselves. */
export const streamsOf = (context: Pick<MemberContext, 'view' | 'holds'>): SenderId[] => [
  ...memberIds(context),
  ...outsideStreams(context),
];

export function outsideStreams(context: Pick<MemberContext, 'view' | 'holds'>): SenderId[] {
  const members = memberIds(context);
  return (Object.keys(context.holds) as SenderId[]).filter((id) => !members.includes(id)); // its keys are sender ids
}

export const othersOf = (context: Pick<MemberContext, 'view' | 'self'>): SenderId[] =>
  memberIds(context).filter((id) => id !== context.self);

export const at = (holdings: Holdings | undefined, id: SenderId): number => holdings?.[id] ?? 0;

export const covers = (one: Holdings, other: Holdings): boolean =>
  Object.keys(other).every((id) => at(one, id as SenderId) >= at(other, id as SenderId)); // its keys are sender ids
