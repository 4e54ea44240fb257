/**
 * A member of a group whose senders' own numbers make the order: unordered, fifo or causal reliable multicast. A
 * sender sends its message straight to every member; a member holds it back until its turn has come (Coulouris et
 * al., ch. 15.4): in fifo order until all earlier ones of its sender are delivered, in causal order until everything
 * that its timestamp names is (Birman, Schiper & Stephenson 1991, the CBCAST rule). In a uniform group it waits
 * further until f + 1 members hold it. Agreement, though senders crash half way: each member keeps a message until it
 * is stable, tells the others in rounds what it holds while something is not, and passes on what another lacks.
 * Nothing is sent when all is stable. Of a sender that has ended, the members settle what there is; what was lost
 * with it nobody waits for. Grows for good: one small entry in `ended` for each sender that has ended, without which
 * a late stamp or copy of a message that names it could not be understood.
 */
import { assign, setup } from 'xstate';
import type { EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { nodeOf, type SenderId, senderId, senderNode } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import { emptyMap, mapEntries, mapGet, mapHas } from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { VectorTimestamp } from '../shared/vector-timestamp.js';
import { discardAll, type GroupInput, isOutdated, type Stamped, stamped, stampedShape, toNode } from './group.js';
import { emptyQueue, heldStreams } from './hold-back-queue.js';
import type { Order } from './order.js';
import { nothing } from './receipt.js';
import {
  begin,
  close,
  count,
  drainAll,
  finish,
  learnGone,
  putRecord,
  recordOf,
  type SenderOrderedContext,
  type Step,
  settle,
  take,
} from './sender-ordered-delivery.js';
import { type Holding, holdingShape, isNews, lacking, relayedTo, reported } from './stability.js';

/** `data`: multicast messages, from their sender or passed on. `stability`: what another member holds. */
export const senderOrderedShapes = (order: Order): MessageShapes => ({
  data: stampedShape(order),
  stability: holdingShape,
});

type Multicast = Incoming<'multicast', Serializable>;
type Data = Incoming<'data', Stamped>;
type Stability = Incoming<'stability', Holding>;
type GoneTold = Incoming<'gone', Gone>;
type Event = Multicast | Data | Stability | GoneTold;

// --- what this member holds, told to the others --------------------------------------------------------------------

function holdingOf(step: Step, sender: SenderId, asks: boolean): Holding {
  const settled = mapHas(step.ended, sender);
  const record = mapGet(step.senders, sender);
  const fate = settled ? 'settled' : record?.gone ? 'closed' : 'open';
  return { sender, receipt: record?.received ?? nothing, fate, without: step.goneMembers, asks };
}

/** Tells all others what this member holds of these senders. */
function tellHoldings(step: Step, senders: readonly SenderId[], asks: boolean): void {
  if (senders.length === 0) return;
  const items = senders.map((sender) => holdingOf(step, sender, asks));
  for (const sender of senders) noteTold(step, sender);
  for (const member of step.others) send(step, member, 'stability', items);
}

function noteTold(step: Step, sender: SenderId): void {
  const record = recordOf(step, sender);
  putRecord(step, sender, { ...record, told: record.received });
}

function send(step: Step, member: number, type: 'data' | 'stability', items: readonly (Stamped | Holding)[]): void {
  const node = step.input.members[member];
  if (node !== undefined) step.sends.push(toNode(step.input, node, { type, items }, type === 'stability'));
}

// --- rules ---------------------------------------------------------------------------------------------------------

type Rule<E> = (args: { context: SenderOrderedContext; event: E }) => Partial<SenderOrderedContext>;

const multicast: Rule<Multicast> = ({ context, event }) => {
  const step = begin(context);
  const self = senderId(step.input.node, step.input.incarnation);
  const messages = stamped(step.input, step.sent, () => seen(context), event.items);
  step.sent += messages.length;
  if (messages.length > 0) {
    for (const member of step.others) send(step, member, 'data', messages);
    take(step, self, messages, -1);
    noteTold(step, self); // by the messages themselves
  }
  return finish(step, event.type);
};

const allHeld = (step: Step): SenderId[] => heldStreams(step.heldBack) as SenderId[]; // its streams are sender ids

/** What this member has delivered: the past of what it sends next. */
function seen(context: Pick<SenderOrderedContext, 'senders'>): VectorTimestamp {
  const stamp: Record<string, number> = {};
  for (const [sender, { delivered }] of mapEntries(context.senders)) if (delivered > 0) stamp[sender] = delivered;
  return stamp;
}

const takeData: Rule<Data> = ({ context, event }) => {
  const step = begin(context);
  const from = nodeOf(event.from);
  if (step.goneMembers.includes(from)) return discardAll('its sender has ended')({ event });
  const place = step.input.members.indexOf(from);
  const touched = new Map<SenderId, Stamped[]>();
  for (const message of event.items) {
    const { sender } = message;
    if (mapHas(step.ended, sender)) count(step, 'duplicate');
    else if (mapGet(step.senders, sender)?.gone && senderNode(sender) === from) count(step, 'its sender has ended');
    else if (touched.has(sender)) touched.get(sender)?.push(message);
    else touched.set(sender, [message]);
  }
  for (const [sender, messages] of touched) take(step, sender, messages, place);
  drainAll(step, touched.keys());
  if (step.input.uniform) tellHoldings(step, [...touched.keys()], false);
  settle(step);
  return finish(step, event.type);
};

const takeStability: Rule<Stability> = ({ context, event }) => {
  const step = begin(context);
  const place = step.input.members.indexOf(nodeOf(event.from));
  if (!step.others.includes(place)) return discardAll('not from a living member')({ event });
  const relays = event.items.flatMap((holding) => takeHolding(step, holding, place));
  const answers = event.items.filter((holding) => holding.asks && canTell(step, holding));
  if (relays.length > 0) send(step, place, 'data', relays);
  const told = answers.map(({ sender }) => holdingOf(step, sender, false));
  if (told.length > 0) send(step, place, 'stability', told);
  // That a member has ended can make any message safe; what a member holds, only its sender's messages.
  drainAll(step, step.others === context.others ? event.items.map(({ sender }) => sender) : allHeld(step));
  settle(step);
  return finish(step, event.type);
};

/** Notes what a member holds of a sender, and returns what it is to be sent of it. */
function takeHolding(step: Step, { sender, fate, without, receipt }: Holding, place: number): Stamped[] {
  for (const ended of without) learnGone(step, ended, 1);
  if (fate !== 'open') close(step, sender);
  const node = step.input.members[place];
  if (node === undefined || mapHas(step.ended, sender)) return [];
  const record = reported(recordOf(step, sender), place, { receipt, fate, without });
  // Its own messages it has sent to everybody already.
  const isOwn = sender === senderId(step.input.node, step.input.incarnation);
  const relays = isOwn ? [] : lacking(record, place, node, step.round);
  putRecord(step, sender, relayedTo(record, relays, node));
  return relays;
}

/** Whether there is something to answer. Of an unsettled record all are told in the next round anyway. */
function canTell(step: Step, { sender, receipt }: Holding): boolean {
  const record = mapGet(step.senders, sender);
  return record === undefined || (!mapHas(step.unsettled, sender) && isNews(record, receipt));
}

const takeGone: Rule<GoneTold> = ({ context, event }) => {
  const step = begin(context);
  for (const { node, incarnation } of event.items) learnGone(step, node, incarnation);
  drainAll(step, allHeld(step));
  settle(step);
  return finish(step, event.type);
};

/** A stability round: the received vector, as far as it is not known to be stable, to all others. */
const tellRound: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  step.round += 1;
  const senders = [...mapEntries(step.unsettled)].map(([sender]) => sender as SenderId); // its keys are sender ids
  tellHoldings(step, senders, true);
  return finish(step, 'stability');
};

const isStable = ({ context }: { context: SenderOrderedContext }): boolean => context.unsettled.size === 0;

// --- chart ---------------------------------------------------------------------------------------------------------

/** The timer of `unstable` looks whether all is stable by then, so no event on the way of a message has to. */
export const senderOrderedMember = setup({
  types: {
    context: {} as SenderOrderedContext,
    events: {} as Event,
    input: {} as GroupInput,
    emitted: {} as EffectsEmitted,
  },
  guards: { isOutdated, isStable },
  delays: { stabilityInterval: ({ context }) => context.input.stabilityInterval },
}).createMachine({
  id: 'senderOrderedMember',
  context: ({ input }) => ({
    input,
    sent: 0,
    round: 0,
    senders: emptyMap(),
    unsettled: emptyMap(),
    closing: [],
    ended: emptyMap(),
    heldBack: emptyQueue(),
    others: input.members.flatMap((node, place) => (node === input.node ? [] : [place])),
    goneMembers: [],
    effects: noEffects,
  }),
  initial: 'starting',
  states: {
    starting: { always: [{ guard: 'isOutdated', target: 'outdated' }, { target: 'stable' }] },
    stable: {
      on: {
        multicast: { target: 'unstable', actions: [assign(multicast), emitEffects] },
        data: { target: 'unstable', actions: [assign(takeData), emitEffects] },
        stability: { target: 'unstable', actions: [assign(takeStability), emitEffects] },
        gone: { target: 'unstable', actions: [assign(takeGone), emitEffects] },
      },
    },
    unstable: {
      on: {
        multicast: { actions: [assign(multicast), emitEffects] },
        data: { actions: [assign(takeData), emitEffects] },
        stability: { actions: [assign(takeStability), emitEffects] },
        gone: { actions: [assign(takeGone), emitEffects] },
      },
      after: {
        stabilityInterval: [
          { guard: 'isStable', target: 'stable' },
          { target: 'unstable', reenter: true, actions: [assign(tellRound), emitEffects] },
        ],
      },
    },
    outdated: { on: { '*': { actions: [assign(discardAll('outdated')), emitEffects] } } },
  },
  on: { '*': { actions: [assign(discardAll('not for a member')), emitEffects] } },
});
