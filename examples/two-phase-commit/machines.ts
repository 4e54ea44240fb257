/**
 * Two-phase commit (Gray 1978; the actions are those of Gray & Lamport's "Consensus on Transaction Commit", 2006): a
 * transaction manager and the resource managers of one transaction. Each resource manager prepares or, on its own, aborts. When
 * all have prepared, the transaction manager may commit; it may abort at any time before that.
 *
 * Messages: `prepared` to the transaction manager; `commit` and `abort` to the resource managers. What an actor does of its
 * own accord comes as an event from outside: `prepare`, `refuse`, `decide commit`, `decide abort`.
 */
import {
  type Address,
  type Effectful,
  type EffectsEmitted,
  emitEffects,
  type Incoming,
  noEffects,
} from 'chorale/machines';
import { assign, setup } from 'xstate';

interface ManagerContext extends Effectful {
  readonly resourceManagers: readonly Address[];
  /** Who has prepared, in alphabetical order. */
  readonly prepared: readonly Address[];
}

/** A decision goes to all of them. */
const decided = ({ resourceManagers }: ManagerContext, type: 'commit' | 'abort'): Partial<ManagerContext> => ({
  effects: resourceManagers.map((to) => ({ type: 'send', to, channel: 'unordered', message: { type, items: [] } })),
});

const withPrepared = ({ prepared }: ManagerContext, from: Address): Partial<ManagerContext> => ({
  prepared: prepared.includes(from) ? prepared : [...prepared, from].sort(),
});

/** What comes after the decision changes nothing. */
export const transactionManager = setup({
  types: {
    context: {} as ManagerContext,
    input: {} as { resourceManagers: readonly Address[] },
    events: {} as Incoming<'prepared'> | { type: 'decide commit' } | { type: 'decide abort' },
    emitted: {} as EffectsEmitted,
  },
  guards: { allHavePrepared: ({ context }) => context.prepared.length === context.resourceManagers.length },
}).createMachine({
  id: 'transaction manager',
  context: ({ input }) => ({ ...input, prepared: [], effects: noEffects }),
  initial: 'waiting',
  states: {
    waiting: {
      on: {
        prepared: { actions: assign(({ context, event }) => withPrepared(context, event.from)) },
        'decide commit': {
          guard: 'allHavePrepared',
          target: 'committed',
          actions: [assign(({ context }) => decided(context, 'commit')), emitEffects],
        },
        'decide abort': {
          target: 'aborted',
          actions: [assign(({ context }) => decided(context, 'abort')), emitEffects],
        },
      },
    },
    committed: {},
    aborted: {},
  },
});

interface ResourceContext extends Effectful {
  readonly manager: Address;
}

const prepared = ({ manager }: ResourceContext): Partial<ResourceContext> => ({
  effects: [{ type: 'send', to: manager, channel: 'unordered', message: { type: 'prepared', items: [] } }],
});

/** It takes the decision in every state, and makes up its own mind only once. */
export const resourceManager = setup({
  types: {
    context: {} as ResourceContext,
    input: {} as { manager: Address },
    events: {} as Incoming<'commit'> | Incoming<'abort'> | { type: 'prepare' } | { type: 'refuse' },
    emitted: {} as EffectsEmitted,
  },
}).createMachine({
  id: 'resource manager',
  context: ({ input }) => ({ ...input, effects: noEffects }),
  initial: 'working',
  on: { commit: '.committed', abort: '.aborted' },
  states: {
    working: {
      on: {
        prepare: { target: 'prepared', actions: [assign(({ context }) => prepared(context)), emitEffects] },
        refuse: 'aborted',
      },
    },
    prepared: {},
    committed: {},
    aborted: {},
  },
});
