/**
 * The sequencer of a totally ordered group, on a node of its own: it gives each message that is submitted to it the
 * next number and sends it on to every member (Kaashoek et al. 1989; Coulouris et al., ch. 15.4). n + 1 messages and
 * two delays a multicast. In `total` order it numbers what comes as it comes, whatever its sender's own order; in
 * `fifo-total` it holds a message back until its sender's earlier ones have numbers, in `causal-total` until all that
 * its timestamp names have. It does not fail here and its links lose nothing, so it keeps no copy of what it has
 * numbered: its state is a watermark for each living sender, and what it holds back.
 */
import { assign, setup } from 'xstate';
import { discarded } from '../shared/discard.js';
import type { Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { type NodeId, type SenderId, senderNode } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import { emptyMap, mapDelete, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { MessageShapes } from '../shared/shapes.js';
import {
  discardAll,
  type EndedNodes,
  type GroupInput,
  hasEnded,
  isOutdated,
  type Stamped,
  sendersOf,
  stampedShape,
  toNode,
  withEnded,
} from './group.js';
import {
  dropStream,
  emptyQueue,
  type HoldBackQueue,
  heldAt,
  heldIn,
  heldStreams,
  hold,
  release,
} from './hold-back-queue.js';
import { keepsCausal, keepsFifo, type Order } from './order.js';
import { add, contains, nothing, type Receipt } from './receipt.js';
import type { Ordered, Ticket } from './sequenced-member.js';

/** `submit`: messages from senders inside and outside the group, to be numbered. */
export const sequencerShapes = (order: Order): MessageShapes => ({ submit: stampedShape(order) });

type Submit = Incoming<'submit', Stamped>;
type GoneTold = Incoming<'gone', Gone>;

export interface SequencerContext extends Effectful {
  readonly input: GroupInput;
  /** The last number given. */
  readonly last: number;
  /** Living sender → its messages that have numbers. */
  readonly numbered: PersistentMap<Receipt>;
  /** Messages whose predecessors have no number yet, by sender. Empty in `total` order. */
  readonly heldBack: HoldBackQueue<Stamped>;
  /** Members that are sent what is ordered. */
  readonly members: readonly NodeId[];
  readonly ended: EndedNodes;
}

/** The context while one rule works on it. */
type Step = { -readonly [Field in keyof Omit<SequencerContext, 'effects'>]: SequencerContext[Field] } & {
  readonly ordered: Ordered[];
};

type Rule<E> = (args: { context: SequencerContext; event: E }) => Partial<SequencerContext>;

const takeSubmit: Rule<Submit> = ({ context, event }) => {
  const step: Step = { ...context, ordered: [] };
  let duplicate = 0;
  let ended = 0;
  for (const message of event.items) {
    if (hasEnded(step.ended, message.sender)) ended += 1;
    else if (isKnown(step, message)) duplicate += 1;
    else if (isNext(step, message)) number(step, message);
    else step.heldBack = hold(step.heldBack, message.sender, message.seq, message);
  }
  drain(step, event.items);
  return finish(step, discarded(event.type, { duplicate, 'its sender has ended': ended }));
};

/** What an ended sender submitted and cannot be numbered now never can; nobody waits for it any more. */
const takeGone: Rule<GoneTold> = ({ context, event }) => {
  const step: Step = { ...context, ordered: [] };
  let lost = 0;
  for (const sender of sendersOf(step.ended, event.items)) {
    lost += heldIn(step.heldBack, sender).length;
    step.heldBack = dropStream(step.heldBack, sender);
    step.numbered = mapDelete(step.numbered, sender);
  }
  step.ended = withEnded(step.ended, event.items);
  step.members = step.members.filter((member) => !event.items.some(({ node }) => node === member));
  drain(step, []);
  return finish(step, discarded(event.type, { 'an earlier one is lost': lost }));
};

const numberedOf = (step: Step, sender: string): Receipt => mapGet(step.numbered, sender) ?? nothing;

const isKnown = (step: Step, { sender, seq }: Stamped): boolean =>
  contains(numberedOf(step, sender), seq) || heldAt(step.heldBack, sender, seq) !== undefined;

/** Whether all that must be numbered before the message is. */
function isNext(step: Step, { sender, seq, stamp = {} }: Stamped): boolean {
  const { order } = step.input;
  if (keepsFifo(order) && seq !== numberedOf(step, sender).upTo + 1) return false;
  if (!keepsCausal(order)) return true;
  for (const other in stamp) {
    const id = other as SenderId; // a stamp's keys are sender ids
    if (id === sender || (stamp[id] ?? 0) <= numberedOf(step, id).upTo) continue;
    if (!hasEnded(step.ended, id)) return false;
  }
  return true;
}

function number(step: Step, message: Stamped): void {
  step.last += 1;
  step.ordered.push({ ...message, number: step.last });
  step.numbered = mapSet(step.numbered, message.sender, add(numberedOf(step, message.sender), message.seq));
}

/** Numbers what was held back and waits no longer: in causal order any message can have waited for another's number. */
function drain(step: Step, come: readonly Stamped[]): void {
  for (let found = step.heldBack.size > 0; found; ) {
    found = false;
    const streams = keepsCausal(step.input.order)
      ? heldStreams(step.heldBack)
      : new Set(come.map(({ sender }) => sender));
    for (const stream of streams) {
      const next = heldAt(step.heldBack, stream, numberedOf(step, stream).upTo + 1);
      if (next === undefined || !isNext(step, next)) continue;
      step.heldBack = release(step.heldBack, stream, next.seq);
      number(step, next);
      found = true;
    }
  }
}

/** Sends what has been ordered to every member: to its sender, if it is one, the number only (a control message). */
function finish({ ordered, ...context }: Step, losses: readonly Effect[]): Partial<SequencerContext> {
  const effects: Effect[] = [];
  const inside = ordered.some(({ sender }) => context.members.includes(senderNode(sender)));
  for (const member of ordered.length > 0 ? context.members : []) {
    const others = inside ? ordered.filter(({ sender }) => senderNode(sender) !== member) : ordered;
    if (others.length > 0) effects.push(toNode(context.input, member, { type: 'ordered', items: others }));
    if (others.length === ordered.length) continue;
    const tickets: Ticket[] = ordered
      .filter(({ sender }) => senderNode(sender) === member)
      .map((message) => ({ number: message.number, seq: message.seq }));
    effects.push(toNode(context.input, member, { type: 'ticket', items: tickets }, true));
  }
  return { ...context, effects: [...effects, ...losses] };
}

/** A sequencer that restarted has lost its numbers: it stays silent, for to begin anew would break the order. */
export const sequencer = setup({
  types: {
    context: {} as SequencerContext,
    events: {} as Submit | GoneTold,
    input: {} as GroupInput,
    emitted: {} as EffectsEmitted,
  },
  guards: { isOutdated },
}).createMachine({
  id: 'sequencer',
  context: ({ input }) => ({
    input,
    last: 0,
    numbered: emptyMap(),
    heldBack: emptyQueue(),
    members: input.members,
    ended: emptyMap(),
    effects: noEffects,
  }),
  initial: 'starting',
  states: {
    starting: { always: [{ guard: 'isOutdated', target: 'outdated' }, { target: 'sequencing' }] },
    sequencing: {
      on: {
        submit: { actions: [assign(takeSubmit), emitEffects] },
        gone: { actions: [assign(takeGone), emitEffects] },
      },
    },
    outdated: { on: { '*': { actions: [assign(discardAll('outdated')), emitEffects] } } },
  },
  on: { '*': { actions: [assign(discardAll('not for a sequencer')), emitEffects] } },
});
