/**
 * A sender that is no member of its view-synchronous group, at a front end's node (MC-9, GM-5): it observes the group's views, and
 * hands each message to one member, the contact, that multicasts it in its own view. The contact is the chosen member, in
 * total orders the sequencer. What the contact has not said to be with all members the sender keeps, and offers again to the next
 * contact; members know by its numbers what they have already. In causal orders a message names what its sender has heard of.
 * In the agreed order there is no contact: the sender coordinates its messages itself (agreed-order.ts), and sends again in the next
 * view those for which it has not heard all members.
 */
import { assign, setup } from 'xstate';
import { discardAll } from '../multicast/group.js';
import { keepsCausal } from '../multicast/order.js';
import { discarded } from '../shared/discard.js';
import type { Effect, Effectful, EffectsEmitted, Incoming, Message } from '../shared/effects.js';
import { address, nodeOf, type SenderId, senderId } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import { emptyMap, mapDelete, mapEntries, mapHas, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import { remembered } from '../shared/remembered.js';
import type { Serializable } from '../shared/serializable.js';
import { emptyTimestamp, merge, type VectorTimestamp } from '../shared/vector-timestamp.js';
import { chosen, type View } from '../shared/view.js';
import { type Coordinating, coordinated, nothingCoordinated, type ProposalCome, proposed } from './coordinating.js';
import { decidedBy, type Votes, votesAfter, withVotes } from './decision.js';
import { isAgreed, type ViewGroupInput } from './group-input.js';
import { type Accepted, type Decree, membershipAt, type Refusal } from './messages.js';
import { toSender } from './view-member.js';
import type { Issued, Offer, Taken } from './view-messages.js';

type Multicast = Incoming<'multicast', Serializable>;
/** From the application on this node: timestamps that came with what it has read. */
type Heard = Incoming<'heard', VectorTimestamp>;
/** From the application on this node: it has heard of a later view than it was handed. */
type Behind = Incoming<'behind'>;
type TakenTold = Incoming<'taken', Taken>;
type AcceptedCome = Incoming<'accepted', Accepted>;
type DecidedCome = Incoming<'decided', Decree>;
type Refused = Incoming<'refused', Refusal>;
type Event = Multicast | Heard | Behind | TakenTold | ProposalCome | AcceptedCome | DecidedCome | Refused;

export interface ViewSenderContext extends Effectful {
  readonly input: ViewGroupInput;
  readonly self: SenderId;
  /** The last view heard of; null before the first. */
  readonly view: View | null;
  /** Own multicasts so far. */
  readonly sent: number;
  /** Own messages, by seq, that are not known to be with all members. */
  readonly untaken: PersistentMap<Issued>;
  /** Sender → its messages known to this one, in causal orders. Lives as long as the node. */
  readonly timestamp: VectorTimestamp;
  readonly votes: Votes;
  /** In the agreed order, of this view: its stream, and what members propose for its messages. */
  readonly coordinating: Coordinating;
}

type Rule<E> = (args: { context: ViewSenderContext; event: E }) => Partial<ViewSenderContext>;

const contactOf = (view: View | null): SenderId | undefined => (view === null ? undefined : chosen(view)?.id);

type Issuing = Pick<ViewSenderContext, 'input' | 'self' | 'coordinating'>;
type Change = Pick<ViewSenderContext, 'coordinating' | 'effects'>;

/** In a view, if there is one with a member that has the state: to the contact, or in the agreed order to all. */
function sendIn(context: Issuing, view: View | null, messages: readonly Issued[]): Change {
  const { input, coordinating } = context;
  const contact = contactOf(view);
  if (contact === undefined || view === null || messages.length === 0) return { coordinating, effects: noEffects };
  if (isAgreed(input)) return coordinated(context, view, messages);
  const items = messages.map((message): Offer => ({ ...message, view: view.id }));
  return { coordinating, effects: [toSender(input, contact, { type: 'offer', items })] };
}

const untakenOf = ({ untaken }: ViewSenderContext): Issued[] =>
  [...mapEntries(untaken)].map(([, message]) => message).sort((a, b) => a.seq - b.seq);

const multicast: Rule<Multicast> = ({ context, event }) => {
  const { input, self, timestamp } = context;
  const isCausal = keepsCausal(input.order);
  const messages = event.items.map((payload, i): Issued => {
    const message = { sender: self, seq: context.sent + i + 1, payload };
    return isCausal ? { ...message, stamp: timestamp } : message;
  });
  let untaken = context.untaken;
  for (const message of messages) untaken = mapSet(untaken, String(message.seq), message);
  const sent = context.sent + messages.length;
  const change = sendIn(context, context.view, messages);
  return { sent, untaken, timestamp: isCausal ? { ...timestamp, [self]: sent } : timestamp, ...change };
};

const hear: Rule<Heard> = ({ context, event }) =>
  keepsCausal(context.input.order)
    ? { timestamp: event.items.reduce(merge, context.timestamp), effects: noEffects }
    : discardAll('an order without timestamps')({ event });

/** All members of the view have said their numbers, so they have the messages, and learn what is agreed. */
const agreeOn = remembered((context: ViewSenderContext, event: ProposalCome) => {
  const { agreed, losses, ...change } = proposed(context, event);
  const untaken = agreed.reduce((rest, { seq }) => mapDelete(rest, String(seq)), context.untaken);
  return { ...change, untaken, effects: [...change.effects, ...discarded(event.type, losses)] };
});

const takeProposals: Rule<ProposalCome> = ({ context, event }) => agreeOn(context, event);

/** The messages that remain when these are taken. */
const remaining = remembered(
  ({ untaken }: ViewSenderContext, { items }: TakenTold): PersistentMap<Issued> =>
    items.flatMap(({ seqs }) => seqs).reduce((rest, seq) => mapDelete(rest, String(seq)), untaken),
);

const takeTaken: Rule<TakenTold> = ({ context, event }) => {
  const known = event.items.flatMap(({ seqs }) => seqs).filter((seq) => !mapHas(context.untaken, String(seq)));
  return { untaken: remaining(context, event), effects: discarded(event.type, { duplicate: known.length }) };
};

const toService = ({ input }: ViewSenderContext, message: Message): Effect[] =>
  input.service.map((node) => ({ type: 'send', to: membershipAt(node), message, channel: 'fifo' }));

const asked = (context: ViewSenderContext): Effect[] =>
  toService(context, { type: 'observe', items: [{ group: context.input.group }] });

const observe: Rule<unknown> = ({ context }) => ({ effects: asked(context) });

/** The view to begin with is handed on like those that follow. */
const beginWith: Rule<unknown> = (given) => {
  const { view } = given.context;
  const { effects = noEffects } = observe(given);
  return { effects: view === null ? effects : [{ type: 'view', view }, ...effects] };
};

/**
 * Something is untaken for long: its contact may be gone, and the view after with whoever told of it. In the agreed order
 * each member of a view gets a message once.
 */
const offerAgain: Rule<unknown> = ({ context }) => ({
  effects: [
    ...asked(context),
    ...(isAgreed(context.input) ? [] : sendIn(context, context.view, untakenOf(context)).effects),
  ],
});

/**
 * The views that this event shows to be decided, in order: by votes only those that follow on what is known, since the
 * ones between are on their way; by word of the service, whatever comes next.
 */
const learned = remembered(
  (context: ViewSenderContext, event: AcceptedCome | DecidedCome): { votes: Votes; views: View[]; missed: boolean } => {
    const { input, votes, view } = context;
    const by = nodeOf(event.from);
    const isOurs = (decree: Decree): boolean => decree.view.group === input.group && decree.view.id > (view?.id ?? 0);
    if (!input.service.includes(by)) return { votes, views: [], missed: false };
    if (event.type === 'decided') {
      const views = event.items.filter(isOurs).map((decree) => decree.view);
      return { votes, views: views.sort((a, b) => a.id - b.id), missed: false };
    }
    const now = withVotes(
      votes,
      by,
      event.items.filter(({ decree }) => isOurs(decree)),
    );
    const views: View[] = [];
    const decided = decidedBy(now, input.service);
    for (const decree of decided) {
      const last = views.at(-1) ?? view;
      if (last === null || decree.view.id === last.id + 1) views.push(decree.view);
    }
    return { votes: now, views, missed: views.length < decided.length };
  },
);

const learnViews: Rule<AcceptedCome | DecidedCome> = ({ context, event }) => {
  const { votes, views, missed } = learned(context, event);
  const view = views.at(-1);
  // A view between may be on its way, or lost with a replica of the service that is gone.
  if (view === undefined) return { votes, effects: missed ? asked(context) : noEffects };
  const effects: Effect[] = views.map((each) => ({ type: 'view', view: each }));
  const isNew = isAgreed(context.input) || contactOf(view) !== contactOf(context.view);
  const change = sendIn({ ...context, coordinating: nothingCoordinated }, view, isNew ? untakenOf(context) : []);
  return {
    view,
    votes: votesAfter(votes, view.id),
    coordinating: change.coordinating,
    effects: [...effects, ...change.effects],
  };
};

const passRefusal: Rule<Refused> = ({ context, event }) => ({
  effects: [
    {
      type: 'send',
      to: address(context.input.node, context.input.application),
      message: { type: 'refused', items: event.items },
      channel: 'fifo',
    },
  ],
});

type Asked = { context: ViewSenderContext; event: Event };

const showsView = ({ context, event }: Asked): boolean =>
  (event.type === 'accepted' || event.type === 'decided') && learned(context, event).views.length > 0;

const takesAll = ({ context, event }: Asked): boolean => event.type === 'taken' && remaining(context, event).size === 0;

const agreesOnAll = ({ context, event }: Asked): boolean =>
  event.type === 'proposal' && agreeOn(context, event).untaken.size === 0;

export const viewSynchronousSender = setup({
  types: {
    context: {} as ViewSenderContext,
    events: {} as Event,
    input: {} as ViewGroupInput,
    emitted: {} as EffectsEmitted,
  },
  guards: {
    showsView,
    takesAll,
    agreesOnAll,
    knowsView: ({ context }) => context.view !== null,
    isAllTaken: ({ context }) => context.untaken.size === 0,
  },
  delays: { retryAfter: ({ context }) => context.input.retryAfter },
}).createMachine({
  id: 'viewSynchronousSender',
  context: ({ input }) => ({
    input,
    self: senderId(input.node, input.incarnation),
    view: input.view,
    sent: 0,
    untaken: emptyMap(),
    timestamp: emptyTimestamp,
    votes: [],
    coordinating: nothingCoordinated,
    effects: noEffects,
  }),
  initial: 'starting',
  on: {
    heard: { actions: [assign(hear), emitEffects] },
    // A replica of the service that came back does not know who observed it before.
    behind: { actions: [assign(observe), emitEffects] },
    refused: { actions: [assign(passRefusal), emitEffects] },
    '*': { actions: [assign(discardAll('not for an outside sender')), emitEffects] },
  },
  states: {
    starting: {
      always: [
        { guard: 'knowsView', target: 'sending', actions: [assign(beginWith), emitEffects] },
        { target: 'asking', actions: [assign(observe), emitEffects] },
      ],
    },
    asking: {
      on: {
        multicast: { actions: [assign(multicast), emitEffects] },
        accepted: [
          { guard: 'showsView', target: 'learning', actions: [assign(learnViews), emitEffects] },
          { actions: [assign(learnViews), emitEffects] },
        ],
        decided: [
          { guard: 'showsView', target: 'learning', actions: [assign(learnViews), emitEffects] },
          { actions: [assign(learnViews), emitEffects] },
        ],
      },
      after: { retryAfter: { target: 'asking', reenter: true, actions: [assign(observe), emitEffects] } },
    },
    learning: { always: [{ guard: 'isAllTaken', target: 'sending' }, { target: 'sending.awaiting' }] },
    sending: {
      initial: 'idle',
      on: {
        accepted: { actions: [assign(learnViews), emitEffects] },
        decided: { actions: [assign(learnViews), emitEffects] },
      },
      states: {
        idle: {
          on: {
            multicast: { target: 'awaiting', actions: [assign(multicast), emitEffects] },
            taken: { actions: [assign(takeTaken), emitEffects] },
            proposal: { actions: [assign(takeProposals), emitEffects] },
          },
        },
        awaiting: {
          on: {
            multicast: { actions: [assign(multicast), emitEffects] },
            taken: [
              { guard: 'takesAll', target: 'idle', actions: [assign(takeTaken), emitEffects] },
              { target: 'awaiting', reenter: true, actions: [assign(takeTaken), emitEffects] },
            ],
            proposal: [
              { guard: 'agreesOnAll', target: 'idle', actions: [assign(takeProposals), emitEffects] },
              { actions: [assign(takeProposals), emitEffects] },
            ],
          },
          after: { retryAfter: { target: 'awaiting', reenter: true, actions: [assign(offerAgain), emitEffects] } },
        },
      },
    },
  },
});
