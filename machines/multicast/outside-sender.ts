/**
 * A sender that is no member of the group, at a front end's node: it multicasts to the group by its name and gets the
 * same guarantees (MC-9; open groups: Coulouris et al., ch. 15.4). It sends each message to every member, or to the
 * sequencer. In causal orders it carries the group's timestamp: what it has heard (with the answers of members, or
 * from another sender) is in the past of what it sends. The timestamp has an entry for each sender ever heard of, and
 * lives as long as its node: a sender that has ended is not forgotten, since its messages may still be under way.
 */
import { assign, setup } from 'xstate';
import type { Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { type NodeId, senderId } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import type { Serializable } from '../shared/serializable.js';
import { emptyTimestamp, merge, type VectorTimestamp } from '../shared/vector-timestamp.js';
import { discardAll, type GroupInput, stamped, toNode } from './group.js';
import { isTotal, keepsCausal } from './order.js';

type Multicast = Incoming<'multicast', Serializable>;
/** From the application on this node: timestamps that came with what it has read. */
type Heard = Incoming<'heard', VectorTimestamp>;
type GoneTold = Incoming<'gone', Gone>;

export interface OutsideContext extends Effectful {
  readonly input: GroupInput;
  /** Own multicasts so far. */
  readonly sent: number;
  /** What this sender has seen and sent, in causal orders: whoever hears of it must be told this too. */
  readonly timestamp: VectorTimestamp;
  /** Members that its messages go to. */
  readonly members: readonly NodeId[];
}

type Rule<E> = (args: { context: OutsideContext; event: E }) => Partial<OutsideContext>;

const multicast: Rule<Multicast> = ({ context, event }) => {
  const { input, members, timestamp } = context;
  if (event.items.length === 0) return { effects: noEffects };
  const messages = stamped(input, context.sent, () => timestamp, event.items);
  const sent = context.sent + messages.length;
  const type = isTotal(input.order) ? 'submit' : 'data';
  const sequencers = input.sequencer === null ? [] : [input.sequencer];
  const effects = (type === 'submit' ? sequencers : members).map((node) =>
    toNode(input, node, { type, items: messages }),
  );
  if (!keepsCausal(input.order)) return { sent, effects };
  return { sent, timestamp: { ...timestamp, [senderId(input.node, input.incarnation)]: sent }, effects };
};

const hear: Rule<Heard> = ({ context, event }) =>
  keepsCausal(context.input.order)
    ? { timestamp: event.items.reduce(merge, context.timestamp), effects: noEffects }
    : discardAll('an order without timestamps')({ event });

const leaveOut: Rule<GoneTold> = ({ context, event }) => ({
  members: context.members.filter((member) => !event.items.some(({ node }) => node === member)),
  effects: noEffects,
});

export const outsideSender = setup({
  types: {
    context: {} as OutsideContext,
    events: {} as Multicast | Heard | GoneTold,
    input: {} as GroupInput,
    emitted: {} as EffectsEmitted,
  },
}).createMachine({
  id: 'outsideSender',
  context: ({ input }) => ({
    input,
    sent: 0,
    timestamp: emptyTimestamp,
    members: input.members,
    effects: noEffects,
  }),
  initial: 'sending',
  states: {
    sending: {
      on: {
        multicast: { actions: [assign(multicast), emitEffects] },
        heard: { actions: [assign(hear), emitEffects] },
        gone: { actions: [assign(leaveOut), emitEffects] },
      },
    },
  },
  on: { '*': { actions: [assign(discardAll('not for an outside sender')), emitEffects] } },
});
