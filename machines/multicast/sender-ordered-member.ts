/**
 * A member of a group whose senders' own numbers make the order: unordered, fifo or causal reliable multicast. A sender sends
 * its message straight to every member; a member holds it back until its turn has come (Coulouris et al., ch. 15.4):
 * in fifo order until all earlier ones of its sender are delivered, in causal order until everything that its timestamp
 * names is (Birman, Schiper & Stephenson 1991, the CBCAST rule). In a uniform group it waits further until f + 1
 * members hold it. Agreement, though senders crash half way: each member keeps a message until it is stable, tells the
 * others in rounds what it holds while something is not, and passes on what another lacks. Nothing is sent when all is
 * stable. Of a sender that has ended, the members settle what there is; what was lost with it nobody waits for.
 * Grows for good: one small entry in `ended` for each sender that has ended, without which a late stamp or copy of a
 * message that names it could not be understood.
 */
import { assign, setup } from 'xstate';
import type { Delivery, Effect, Effectful, Gone, Incoming } from '../shared/effects.js';
import { type NodeId, nodeOf, type SenderId, senderId, senderNode } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import {
  emptyMap,
  mapDelete,
  mapEntries,
  mapGet,
  mapHas,
  mapSet,
  type PersistentMap,
} from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { VectorTimestamp } from '../shared/vector-timestamp.js';
import {
  discard,
  discardAll,
  type GroupInput,
  incarnationOf,
  isOutdated,
  type Stamped,
  stamped,
  stampedShape,
  toNode,
} from './group.js';
import {
  dropStream,
  emptyQueue,
  type HoldBackQueue,
  heldAt,
  heldIn,
  heldStreams,
  hold,
  isHolding,
  release,
} from './hold-back-queue.js';
import { keepsCausal, type Order } from './order.js';
import { contains, nothing } from './receipt.js';
import {
  type Holding,
  holdingShape,
  isSafe,
  isSettled,
  isUnsettled,
  lacking,
  newRecord,
  received,
  relayedTo,
  reported,
  type SenderRecord,
  stabilised,
} from './stability.js';

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

export interface SenderOrderedContext extends Effectful {
  readonly input: GroupInput;
  /** Own multicasts so far. */
  readonly sent: number;
  /** Stability rounds so far: the age of what is kept is told in them. */
  readonly round: number;
  readonly senders: PersistentMap<SenderRecord>;
  /** The senders whose records hold something unstable. */
  readonly unsettled: PersistentMap<true>;
  /** The senders that have ended and whose records are not settled yet. */
  readonly closing: readonly SenderId[];
  /** The senders that have ended and whose records are gone. */
  readonly ended: PersistentMap<true>;
  readonly heldBack: HoldBackQueue<Stamped>;
  /** Places in the group of the living members but this one. */
  readonly others: readonly number[];
  readonly goneMembers: readonly NodeId[];
}

/** The context while one rule works on it, and what will become its effects. */
type Step = { -readonly [Field in keyof Omit<SenderOrderedContext, 'effects'>]: SenderOrderedContext[Field] } & {
  readonly sends: Effect[];
  readonly deliveries: Delivery[];
  readonly discarded: Map<string, number>;
};

const begin = (context: SenderOrderedContext): Step => ({
  ...context,
  sends: [],
  deliveries: [],
  discarded: new Map(),
});

function finish({ sends, deliveries, discarded, ...context }: Step, event: string): Partial<SenderOrderedContext> {
  const effects = [...sends];
  if (deliveries.length > 0) effects.push({ type: 'deliver', group: context.input.group, deliveries });
  for (const [reason, count] of discarded) effects.push(discard(event, reason, count));
  return { ...context, effects };
}

const count = (step: Step, reason: string, n = 1): unknown =>
  step.discarded.set(reason, (step.discarded.get(reason) ?? 0) + n);

const recordOf = (step: Step, sender: SenderId): SenderRecord =>
  mapGet(step.senders, sender) ?? newRecord(step.input.members.length);

function putRecord(step: Step, sender: SenderId, changed: SenderRecord): void {
  const record = stabilised(changed, step.others);
  step.senders = mapSet(step.senders, sender, record);
  step.unsettled = isUnsettled(record) ? mapSet(step.unsettled, sender, true) : mapDelete(step.unsettled, sender);
}

// --- delivery, in the order of the group ---------------------------------------------------------------------------

/** The CBCAST condition: everything of other senders that the stamp names is delivered here, or lost with its sender. */
const hasItsPast = (step: Step, message: Stamped): boolean =>
  Object.entries(message.stamp ?? {}).every(
    ([sender, seq]) =>
      sender === message.sender || (mapGet(step.senders, sender)?.delivered ?? 0) >= seq || mapHas(step.ended, sender),
  );

function isDeliverable(step: Step, record: SenderRecord, message: Stamped): boolean {
  const { order, uniform, tolerates } = step.input;
  if (order !== 'unordered' && message.seq !== record.delivered + 1) return false;
  if (uniform && !isSafe(record, message.seq, step.others, tolerates)) return false;
  return !keepsCausal(order) || hasItsPast(step, message);
}

/** Takes new messages of one sender, from the member at that place in the group, or from outside (-1). */
function take(step: Step, sender: SenderId, messages: readonly Stamped[], from: number): void {
  let record = recordOf(step, sender);
  for (const message of messages) {
    if (from >= 0) record = reported(record, from, { receipt: { upTo: 0, beyond: [[message.seq, message.seq]] } });
    if (contains(record.received, message.seq)) {
      count(step, 'duplicate');
      continue;
    }
    record = received(record, message, step.round);
    if (isDeliverable(step, record, message)) {
      step.deliveries.push(message);
      record = { ...record, delivered: message.seq };
    } else {
      step.heldBack = hold(step.heldBack, sender, message.seq, message);
    }
  }
  putRecord(step, sender, record);
}

/** Delivers what has become deliverable of one sender. Says whether anything was. */
function drain(step: Step, sender: SenderId): boolean {
  let record = recordOf(step, sender);
  const before = step.deliveries.length;
  const next = (): readonly (Stamped | undefined)[] =>
    step.input.order === 'unordered'
      ? heldIn(step.heldBack, sender)
      : [heldAt(step.heldBack, sender, record.delivered + 1)];
  for (let candidates = next(), found = true; found; candidates = next()) {
    found = false;
    for (const message of candidates) {
      if (message === undefined || !isDeliverable(step, record, message)) continue;
      found = step.input.order !== 'unordered';
      step.deliveries.push(message);
      step.heldBack = release(step.heldBack, sender, message.seq);
      record = { ...record, delivered: message.seq };
    }
  }
  const some = step.deliveries.length > before;
  if (some) putRecord(step, sender, record);
  return some;
}

/** A delivery can make way for other senders' messages in causal order only. */
function drainAll(step: Step, touched: Iterable<SenderId>): void {
  if (!keepsCausal(step.input.order)) for (const sender of touched) drain(step, sender);
  else while (heldStreams(step.heldBack).filter((sender) => drain(step, sender as SenderId)).length > 0);
}

// --- senders and members that have ended ---------------------------------------------------------------------------

function close(step: Step, sender: SenderId): void {
  const record = recordOf(step, sender);
  if (record.gone || mapHas(step.ended, sender)) return;
  step.closing = [...step.closing, sender];
  putRecord(step, sender, { ...record, gone: true });
}

/** A node's incarnations up to this one have ended: a fact, from the runtime or from another member that was told. */
function learnGone(step: Step, node: NodeId, incarnation: number): void {
  for (const [id] of mapEntries(step.senders)) {
    const sender = id as SenderId; // the keys of `senders` are sender ids
    if (senderNode(sender) === node && incarnationOf(sender) <= incarnation) close(step, sender);
  }
  close(step, senderId(node, incarnation));
  const place = step.input.members.indexOf(node);
  if (place < 0 || !step.others.includes(place)) return;
  step.goneMembers = [...step.goneMembers, node];
  step.others = step.others.filter((member) => member !== place);
  for (const [sender] of mapEntries(step.unsettled)) {
    putRecord(step, sender as SenderId, recordOf(step, sender as SenderId));
  }
}

/** Forgets the ended senders of which every member holds the same, and delivers what was waiting for what they lost. */
function settle(step: Step): void {
  for (let again = step.closing.length > 0; again; ) {
    drainAll(step, step.closing);
    const settled = step.closing.filter((sender) => isDone(step, sender));
    for (const sender of settled) forget(step, sender);
    again = settled.length > 0;
  }
}

/** All that it is going to deliver of the sender is delivered, and nobody else needs more of it. */
function isDone(step: Step, sender: SenderId): boolean {
  const record = recordOf(step, sender);
  if (!isSettled(record, step.others, step.goneMembers)) return false;
  return step.input.order === 'unordered'
    ? !isHolding(step.heldBack, sender)
    : record.delivered === record.received.upTo;
}

function forget(step: Step, sender: SenderId): void {
  const lost = heldIn(step.heldBack, sender).length;
  if (lost > 0) count(step, 'an earlier one is lost', lost);
  step.heldBack = dropStream(step.heldBack, sender);
  step.senders = mapDelete(step.senders, sender);
  step.unsettled = mapDelete(step.unsettled, sender);
  step.closing = step.closing.filter((other) => other !== sender);
  step.ended = mapSet(step.ended, sender, true);
}

// --- what this member holds, told to the others --------------------------------------------------------------------

function holdingOf(step: Step, sender: SenderId, asks: boolean): Holding {
  const settled = mapHas(step.ended, sender);
  const record = mapGet(step.senders, sender);
  const fate = settled ? 'settled' : record?.gone ? 'closed' : 'open';
  return { sender, receipt: record?.received ?? nothing, fate, without: step.goneMembers, asks };
}

function tellOthers(step: Step, type: 'data' | 'stability', items: readonly (Stamped | Holding)[]): void {
  if (items.length === 0) return;
  for (const member of step.others) send(step, member, type, items);
}

function send(step: Step, member: number, type: 'data' | 'stability', items: readonly (Stamped | Holding)[]): void {
  const node = step.input.members[member];
  if (node !== undefined) step.sends.push(toNode(step.input, node, { type, items }, type === 'stability'));
}

// --- rules ---------------------------------------------------------------------------------------------------------

type Rule<E> = (args: { context: SenderOrderedContext; event: E }) => Partial<SenderOrderedContext>;

export const multicast: Rule<Multicast> = ({ context, event }) => {
  const step = begin(context);
  const self = senderId(step.input.node, step.input.incarnation);
  const messages = stamped(step.input, step.sent, () => seen(context), event.items);
  step.sent += messages.length;
  tellOthers(step, 'data', messages);
  take(step, self, messages, -1);
  return finish(step, event.type);
};

/** What this member has delivered: the past of what it sends next. */
export function seen(context: Pick<SenderOrderedContext, 'senders'>): VectorTimestamp {
  const stamp: Record<string, number> = {};
  for (const [sender, { delivered }] of mapEntries(context.senders)) if (delivered > 0) stamp[sender] = delivered;
  return stamp;
}

export const takeData: Rule<Data> = ({ context, event }) => {
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
  if (step.input.uniform)
    tellOthers(
      step,
      'stability',
      [...touched.keys()].map((sender) => holdingOf(step, sender, false)),
    );
  settle(step);
  return finish(step, event.type);
};

export const takeStability: Rule<Stability> = ({ context, event }) => {
  const step = begin(context);
  const place = step.input.members.indexOf(nodeOf(event.from));
  if (!step.others.includes(place)) return discardAll('not from a living member')({ event });
  const node = nodeOf(event.from);
  const answers: Holding[] = [];
  const relays: Stamped[] = [];
  for (const { sender, fate, without, receipt, asks } of event.items) {
    for (const ended of without) learnGone(step, ended, 1);
    if (fate !== 'open') close(step, sender);
    if (!mapHas(step.ended, sender)) {
      let record = reported(recordOf(step, sender), place, { receipt, fate, without });
      if (sender !== senderId(step.input.node, step.input.incarnation)) {
        const lacks = lacking(record, place, node, step.round);
        record = relayedTo(record, lacks, node);
        relays.push(...lacks);
      }
      putRecord(step, sender, record);
    }
    // Whose record is unsettled here is told of in the next round anyway.
    if (asks && !mapHas(step.unsettled, sender)) answers.push(holdingOf(step, sender, false));
  }
  if (relays.length > 0) send(step, place, 'data', relays);
  if (answers.length > 0) send(step, place, 'stability', answers);
  drainAll(
    step,
    event.items.map(({ sender }) => sender),
  );
  settle(step);
  return finish(step, event.type);
};

export const takeGone: Rule<GoneTold> = ({ context, event }) => {
  const step = begin(context);
  for (const { node, incarnation } of event.items) learnGone(step, node, incarnation);
  drainAll(step, heldStreams(step.heldBack) as SenderId[]); // the queue's streams are sender ids
  settle(step);
  return finish(step, event.type);
};

/** A stability round: the received vector, as far as it is not known to be stable, to all others. */
export const tellRound: Rule<unknown> = ({ context }) => {
  const step = begin(context);
  step.round += 1;
  const senders = [...mapEntries(step.unsettled)].map(([sender]) => sender as SenderId); // its keys are sender ids
  tellOthers(
    step,
    'stability',
    senders.map((sender) => holdingOf(step, sender, true)),
  );
  return finish(step, 'stability');
};

export const isStable = ({ context }: { context: SenderOrderedContext }): boolean => context.unsettled.size === 0;

// --- chart ---------------------------------------------------------------------------------------------------------

/** The timer of `unstable` looks whether all is stable by then, so no event on the way of a message has to. */
export const senderOrderedMember = setup({
  types: {
    context: {} as SenderOrderedContext,
    events: {} as Event,
    input: {} as GroupInput,
    emitted: {} as import('../shared/effects.js').EffectsEmitted,
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
