/**
 * A member of a totally ordered group whose numbers a sequencer gives (Kaashoek et al. 1989, the "point to point, then
 * broadcast" method; Coulouris et al., ch. 15.4): it submits its own messages to the sequencer, holds ordered
 * ones back until their number is next, and delivers them without a gap. Its own messages come back as tickets without
 * their payload, which it has kept. The sequencer does not fail, and its links lose nothing: so a message that has a
 * number reaches every correct member, delivery is uniform as soon as it is in turn, and no copy is kept for others.
 */
import { assign, setup } from 'xstate';
import { discarded } from '../shared/discard.js';
import type { Delivery, Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import type { SenderId } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import { fields, type MessageShapes } from '../shared/shapes.js';
import {
  discardAll,
  type EndedNodes,
  type GroupInput,
  hasEnded,
  isOutdated,
  place,
  type Stamped,
  sendersOf,
  stamped,
  stampedShape,
  toNode,
  withEnded,
} from './group.js';
import { emptyQueue, type HoldBackQueue, heldAt, hold, release } from './hold-back-queue.js';
import { keepsCausal, type Order } from './order.js';

/** A message with its place in the total order. */
export type Ordered = Stamped & Required<Pick<Delivery, 'number'>>;

/** The place of a message that the member itself submitted and has. */
export type Ticket = Pick<Ordered, 'number' | 'seq'>;

/** `ordered`: messages with their numbers, of other senders. `ticket`: the numbers of this member's own. */
export function sequencedShapes(order: Order): MessageShapes {
  const message = stampedShape(order);
  const numbered = fields({ number: place });
  return { ordered: (item) => message(item) && numbered(item), ticket: fields({ number: place, seq: place }) };
}

type Multicast = Incoming<'multicast', Serializable>;
type OrderedCome = Incoming<'ordered', Ordered>;
type TicketCome = Incoming<'ticket', Ticket>;
type GoneTold = Incoming<'gone', Gone>;

export interface SequencedContext extends Effectful {
  readonly input: GroupInput;
  /** Own multicasts so far. */
  readonly sent: number;
  /** Own messages that have no number yet, by their seq. */
  readonly submitted: PersistentMap<Stamped>;
  /** Messages 1 to this number are delivered. */
  readonly delivered: number;
  /** One stream, by number. */
  readonly heldBack: HoldBackQueue<Ordered>;
  /** Living sender → its messages delivered, where stamps tell what a sender had seen. */
  readonly seen: PersistentMap<number>;
  readonly ended: EndedNodes;
}

/** The one stream of the hold-back queue. */
const STREAM = 'order';

type Rule<E> = (args: { context: SequencedContext; event: E }) => Partial<SequencedContext>;

const submit: Rule<Multicast> = ({ context, event }) => {
  const { input, sent } = context;
  if (input.sequencer === null || event.items.length === 0)
    return discardAll('no sequencer, or nothing to send')({ event });
  const messages = stamped(input, sent, () => Object.fromEntries(mapEntries(context.seen)), event.items);
  let submitted = context.submitted;
  for (const message of messages) submitted = mapSet(submitted, String(message.seq), message);
  const effects: Effect[] = [toNode(input, input.sequencer, { type: 'submit', items: messages })];
  return { sent: sent + messages.length, submitted, effects };
};

const takeOrdered: Rule<OrderedCome> = ({ context, event }) => advance(context, event.type, event.items, 0);

const takeTicket: Rule<TicketCome> = ({ context, event }) => {
  let submitted = context.submitted;
  const own: Ordered[] = [];
  for (const { number, seq } of event.items) {
    const message = mapGet(submitted, String(seq));
    if (message === undefined) continue;
    own.push({ ...message, number });
    submitted = mapDelete(submitted, String(seq));
  }
  const unknown = event.items.length - own.length;
  return { ...advance(context, event.type, own, unknown), submitted };
};

/** Delivers the run of messages that these complete, as one, and holds back the others. */
function advance(
  context: SequencedContext,
  event: string,
  come: readonly Ordered[],
  unknown: number,
): Partial<SequencedContext> {
  let { delivered, heldBack } = context;
  let duplicate = 0;
  const deliveries: Ordered[] = [];
  for (const message of come) {
    if (message.number <= delivered || heldAt(heldBack, STREAM, message.number) !== undefined) duplicate += 1;
    else if (message.number > delivered + 1) heldBack = hold(heldBack, STREAM, message.number, message);
    else {
      for (
        let next: Ordered | undefined = message;
        next !== undefined;
        next = heldAt(heldBack, STREAM, delivered + 1)
      ) {
        if (next !== message) heldBack = release(heldBack, STREAM, next.number);
        deliveries.push(next);
        delivered = next.number;
      }
    }
  }
  const effects: Effect[] = [];
  if (deliveries.length > 0) effects.push({ type: 'deliver', group: context.input.group, deliveries });
  effects.push(...discarded(event, { duplicate, unknown }));
  return { delivered, heldBack, seen: withSeen(context, deliveries), effects };
}

function withSeen({ input, seen, ended }: SequencedContext, deliveries: readonly Ordered[]): PersistentMap<number> {
  if (!keepsCausal(input.order)) return seen;
  // Seen in the order's sequence: each sender's messages in its own order.
  return deliveries.reduce((now, { sender, seq }) => (hasEnded(ended, sender) ? now : mapSet(now, sender, seq)), seen);
}

/**
 * What a member has delivered has a number already, so the sequencer need not be told of the ended senders' part of it.
 */
const takeGone: Rule<GoneTold> = ({ context, event }) => ({
  seen: sendersOf(context.ended, event.items).reduce<PersistentMap<number>>(
    (seen, id: SenderId) => mapDelete(seen, id),
    context.seen,
  ),
  ended: withEnded(context.ended, event.items),
  effects: noEffects,
});

/** Which message is next is told by numbers, so all that happens to a member in its group happens in one state. */
export const sequencedMember = setup({
  types: {
    context: {} as SequencedContext,
    events: {} as Multicast | OrderedCome | TicketCome | GoneTold,
    input: {} as GroupInput,
    emitted: {} as EffectsEmitted,
  },
  guards: { isOutdated },
}).createMachine({
  id: 'sequencedMember',
  context: ({ input }) => ({
    input,
    sent: 0,
    submitted: emptyMap(),
    delivered: 0,
    heldBack: emptyQueue(),
    seen: emptyMap(),
    ended: emptyMap(),
    effects: noEffects,
  }),
  initial: 'starting',
  states: {
    starting: { always: [{ guard: 'isOutdated', target: 'outdated' }, { target: 'following' }] },
    following: {
      on: {
        multicast: { actions: [assign(submit), emitEffects] },
        ordered: { actions: [assign(takeOrdered), emitEffects] },
        ticket: { actions: [assign(takeTicket), emitEffects] },
        gone: { actions: [assign(takeGone), emitEffects] },
      },
    },
    outdated: { on: { '*': { actions: [assign(discardAll('outdated')), emitEffects] } } },
  },
  on: { '*': { actions: [assign(discardAll('not for a member')), emitEffects] } },
});
