/**
 * Membership without views, as IP multicast gives it (Deering & Cheriton 1990; Coulouris et al., ch. 4.4 and 18.2): a list for each
 * group, which whoever asks puts himself on and takes himself off, and a message to the group's name goes to those who are on the
 * list when it comes. Nobody is told of a change, nobody is evicted, and where several nodes keep lists nothing makes them
 * change in the same order: two who ask two of them can see two changes the other way round, which views forbid (GM-4, GM-9).
 */
import { assign, setup } from 'xstate';
import { discarded, unfit } from '../shared/discard.js';
import type { Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import {
  type Address,
  address,
  type GroupName,
  groupActor,
  incarnationOf,
  type SenderId,
  senderNode,
} from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import { mapDelete, mapEntries, mapGet, mapOf, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import { anything, fields, type MessageShapes, text } from '../shared/shapes.js';
import { type Observe, observeShape, type Wish, wishShape } from './messages.js';

/** To the group's name, from anybody. */
export interface ToGroup {
  readonly group: GroupName;
  readonly payload: Serializable;
}
/** The same as it comes to the group's actor on the node of each who is on the list. */
interface Expanded extends ToGroup {
  readonly sender: Address;
}
/** The answer to `ask`: who is on this list now. */
interface Listed {
  readonly group: GroupName;
  readonly members: readonly SenderId[];
}

/** `join`, `leave`: on the list, and off. `expand`: a message to the name. `ask`: for the list. */
export const expansionShapes = {
  join: wishShape,
  leave: wishShape,
  expand: fields({ group: text, payload: anything }),
  ask: observeShape,
} as const satisfies MessageShapes;

export type ExpansionEvent =
  | Incoming<'join', Wish>
  | Incoming<'leave', Wish>
  | Incoming<'expand', ToGroup>
  | Incoming<'ask', Observe>
  | Incoming<'gone', Gone>;

export interface ExpansionInput {
  readonly groups: readonly Listed[];
}

export interface ExpansionContext extends Effectful {
  /** In the order in which they came to be here. A group that nobody is in has no list. */
  readonly lists: PersistentMap<readonly SenderId[]>;
}

/** Groups, and members of each, at most; who comes later is not listed. */
const MOST_LISTS = 1024;
const MOST_LISTED = 1024;

type Lists = ExpansionContext['lists'];
type Rule<E> = (args: { context: ExpansionContext; event: E }) => Partial<ExpansionContext>;

const withList = (lists: Lists, group: GroupName, members: readonly SenderId[]): Lists =>
  members.length === 0 ? mapDelete(lists, group) : mapSet(lists, group, members);

const listed = (lists: Lists, group: GroupName): readonly SenderId[] => mapGet(lists, group) ?? [];

/** A later incarnation of a node takes the place of an earlier one. */
const join: Rule<Incoming<'join', Wish>> = ({ context, event }) => {
  let { lists } = context;
  let full = 0;
  for (const { group, member } of event.items) {
    const node = senderNode(member);
    const before = listed(lists, group);
    if (before.some((id) => senderNode(id) === node && incarnationOf(id) >= incarnationOf(member))) continue;
    const others = before.filter((id) => senderNode(id) !== node);
    if (others.length >= MOST_LISTED || (others.length === 0 && lists.size >= MOST_LISTS)) full += 1;
    else lists = withList(lists, group, [...others, member]);
  }
  return { lists, effects: discarded(event.type, { full }) };
};

const leave: Rule<Incoming<'leave', Wish>> = ({ context, event }) => {
  let { lists } = context;
  for (const { group, member } of event.items) {
    lists = withList(
      lists,
      group,
      listed(lists, group).filter((id) => id !== member),
    );
  }
  return { lists, effects: noEffects };
};

/** GM-6, as far as it goes without views: to those who are listed here and now. */
const expand: Rule<Incoming<'expand', ToGroup>> = ({ context, event }) => {
  const effects: Effect[] = [];
  let nobody = 0;
  for (const { group, payload } of event.items) {
    const members = listed(context.lists, group);
    if (members.length === 0) nobody += 1;
    const expanded: Expanded = { group, payload, sender: event.from };
    for (const member of members) {
      const to = address(senderNode(member), groupActor(group));
      effects.push({ type: 'send', to, message: { type: 'expanded', items: [expanded] }, channel: 'unordered' });
    }
  }
  return { effects: [...effects, ...discarded(event.type, { nobody })] };
};

const ask: Rule<Incoming<'ask', Observe>> = ({ context, event }) => {
  const items = event.items.map(({ group }): Listed => ({ group, members: listed(context.lists, group) }));
  return { effects: [{ type: 'send', to: event.from, message: { type: 'members', items }, channel: 'unordered' }] };
};

/** Who has ended for certain is on no list any more. */
const takeGone: Rule<Incoming<'gone', Gone>> = ({ context, event }) => {
  let { lists } = context;
  const over = (id: SenderId): boolean =>
    event.items.some(({ node, incarnation }) => senderNode(id) === node && incarnationOf(id) <= incarnation);
  for (const [name, members] of mapEntries(lists)) {
    if (members.some(over))
      lists = withList(
        lists,
        name as GroupName, // its keys are the names of groups
        members.filter((id) => !over(id)),
      );
  }
  return { lists, effects: noEffects };
};

/** There are no phases: a list changes as soon as somebody says so. */
export const addressExpansion = setup({
  types: {
    context: {} as ExpansionContext,
    events: {} as ExpansionEvent,
    input: {} as ExpansionInput,
    emitted: {} as EffectsEmitted,
  },
}).createMachine({
  id: 'addressExpansion',
  context: ({ input }) => ({
    lists: mapOf(input.groups.map(({ group, members }) => [group, members])),
    effects: noEffects,
  }),
  initial: 'expanding',
  on: { '*': { actions: [assign(({ event }) => unfit(event)), emitEffects] } },
  states: {
    expanding: {
      on: {
        join: { actions: [assign(join), emitEffects] },
        leave: { actions: [assign(leave), emitEffects] },
        expand: { actions: [assign(expand), emitEffects] },
        ask: { actions: [assign(ask), emitEffects] },
        gone: { actions: [assign(takeGone), emitEffects] },
      },
    },
  },
});
