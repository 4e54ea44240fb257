/**
 * The replica manager of lazy master-slave replication, as Sun's Network Information Service has it (PB-14; Coulouris et al.,
 * ch. 18.3.1). In each view of the group one member is the master, by the same choice as the primary of passive replication. It
 * executes updates and answers at once; the others are its slaves, and answer queries from whatever they have. Every
 * `catchUpAfter` ms the master sends to each slave, by itself, what has changed since it was last heard to have taken
 * something. So an answered update dies with a master that has not passed it on, and a query at a slave may miss what its
 * client has been told already.
 *
 * Nobody knows who has taken how much of a master that is gone. The next one starts from what it has, and sends all of it to
 * everybody: a slave that had more loses it, and so all come to the same state.
 *
 * The rules are told apart by role: master.ts, slave.ts.
 */
import { assign, setup } from 'xstate';
import { type Wanted, wantedShape } from '../membership/name-messages.js';
import { type TransferEvent, transferShapes } from '../membership/state-transfer.js';
import { standingIn } from '../passive/context.js';
import { type Read, readShape } from '../passive/messages.js';
import { registerAgain } from '../passive/registration.js';
import { goesOn } from '../passive/view-change.js';
import { unfit } from '../shared/discard.js';
import type { EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { emitEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { batchShape } from '../shared/request-shapes.js';
import type { Batch } from '../shared/requests.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { ReplicaManagerInput, StyleSettings } from '../shared/style.js';
import {
  type CatchUp,
  type CaughtUp,
  type Change,
  catchUpShape,
  caughtUpShape,
  initialContext,
  type LazyContext,
} from './context.js';
import { caughtUp, chunkTaken, execute, passOn, renew, someLag, stepDown, succeed, take } from './master.js';
import { begin, catchUp, follow, read, receive, toMaster } from './slave.js';

export const replicaManagerShapes = {
  requests: batchShape,
  read: readShape,
  'catch-up': catchUpShape,
  'caught-up': caughtUpShape,
  wanted: wantedShape,
  ...transferShapes,
} as const satisfies MessageShapes;

export type ReplicaManagerEvent =
  /** From a front end, or passed on by a slave. */
  | Incoming<'requests', Batch>
  /** A query, from a front end. */
  | Incoming<'read', Read>
  /** From the master to a slave, and back. */
  | Incoming<'catch-up', CatchUp>
  | Incoming<'caught-up', CaughtUp>
  /** Among these `view`, from the group's actor on this node. */
  | TransferEvent
  /** From a replica of the name service that knows of no primary. */
  | Incoming<'wanted', Wanted>
  | Incoming<'gone', Gone>;

/** ms between two rounds in which the master passes on what has changed, unless the settings say otherwise. */
export const CATCH_UP_AFTER = 20;

/** The replica manager's chart. */
export function replicaManager<Value>(object: ReplicatedObject<Value>, settings: StyleSettings) {
  type Context = LazyContext<Value>;
  type Told = { readonly context: Context; readonly event: ReplicaManagerEvent };
  const rules = {
    take: ({ event }) => (event.type === 'requests' ? take(event) : unfit(event)),
    toMaster: ({ context, event }) => (event.type === 'requests' ? toMaster(context, event) : unfit(event)),
    read: ({ context, event }) => (event.type === 'read' ? read(context, event, object) : unfit(event)),
    catchUp: ({ context, event }) => (event.type === 'catch-up' ? catchUp(context, event, object) : unfit(event)),
    caughtUp: ({ context, event }) => (event.type === 'caught-up' ? caughtUp(context, event) : unfit(event)),
    receive: ({ context, event }) => (event.type === 'chunk' ? receive(context, event, object) : unfit(event)),
    chunkTaken: ({ context, event }) =>
      event.type === 'chunk-taken' ? chunkTaken(context, event, object) : unfit(event),
    begin: ({ context, event }) => (event.type === 'view' ? begin(context, event) : unfit(event)),
    follow: ({ context, event }) => (event.type === 'view' ? follow(context, event, object) : unfit(event)),
    succeed: ({ context, event }) => (event.type === 'view' ? succeed(context, event, object) : unfit(event)),
    renew: ({ context, event }) => (event.type === 'view' ? renew(context, event, object) : unfit(event)),
    stepDown: ({ context, event }) => (event.type === 'view' ? stepDown(context, event, object) : unfit(event)),
    registerAgain: ({ context, event }) => (event.type === 'wanted' ? registerAgain(context, event) : unfit(event)),
    unfit: ({ event }) => unfit(event),
  } satisfies Record<string, (told: Told) => Change<Value>>;

  return setup({
    types: {} as {
      context: Context;
      events: ReplicaManagerEvent;
      input: ReplicaManagerInput;
      emitted: EffectsEmitted;
    }, // for the compiler only
    guards: {
      isMaster: ({ context, event }) => event.type === 'view' && standingOf(context, event) === 'primary',
      isSlave: ({ context, event }) => event.type === 'view' && standingOf(context, event) === 'backup',
      isJoiner: ({ context, event }) => event.type === 'view' && standingOf(context, event) === 'joiner',
      isMember: ({ context, event }) => event.type === 'view' && standingOf(context, event) !== 'none',
      staysMaster: ({ context, event }) => event.type === 'view' && goesOn(context, event.items),
      hasState: ({ context }) => context.joining.from === 0,
      someLag: ({ context }) => someLag(context),
    },
    delays: { catchUpAfter: settings.catchUpAfter ?? CATCH_UP_AFTER },
  }).createMachine({
    id: 'lazy replica manager',
    context: ({ input }) => initialContext(input, object, settings),
    initial: 'starting',
    on: {
      // Its member leaves the view too, and only that counts.
      gone: {},
      // Also before the view of the master that sends it is here: then it waits for that.
      chunk: { actions: [assign(rules.receive), emitEffects] },
      '*': { actions: [assign(rules.unfit), emitEffects] },
    },
    states: {
      /** No view has come yet. */
      starting: {
        on: {
          view: [
            { guard: 'isMaster', target: 'master', actions: [assign(rules.succeed), emitEffects] },
            { guard: 'isSlave', target: 'slave', actions: [assign(rules.begin), emitEffects] },
            { guard: 'isJoiner', target: 'joining', actions: [assign(rules.follow), emitEffects] },
          ],
        },
      },
      /** It has no state to answer from. */
      joining: {
        tags: 'joining',
        initial: 'receiving',
        on: {
          requests: { actions: [assign(rules.toMaster), emitEffects] },
          view: [
            { guard: 'isMaster', target: 'master', actions: [assign(rules.succeed), emitEffects] },
            { guard: 'isSlave', target: 'slave', actions: [assign(rules.follow), emitEffects] },
            { guard: 'isJoiner', target: '.receiving', actions: [assign(rules.follow), emitEffects] },
            { target: 'deposed' },
          ],
        },
        states: {
          receiving: { always: { guard: 'hasState', target: 'caughtUp' } },
          /** Its group is told: a later view has it as a full member. */
          caughtUp: { on: { 'catch-up': { actions: [assign(rules.catchUp), emitEffects] } } },
        },
      },
      slave: {
        initial: 'receiving',
        on: {
          requests: { actions: [assign(rules.toMaster), emitEffects] },
          read: { actions: [assign(rules.read), emitEffects] },
          view: [
            { guard: 'isMaster', target: 'master', actions: [assign(rules.succeed), emitEffects] },
            { guard: 'isMember', target: '.receiving', actions: [assign(rules.follow), emitEffects] },
            { target: 'deposed' },
          ],
        },
        states: {
          /** The state of another master than before is on its way; until it is here, queries see what there is. */
          receiving: { always: { guard: 'hasState', target: 'following' } },
          following: { on: { 'catch-up': { actions: [assign(rules.catchUp), emitEffects] } } },
        },
      },
      master: {
        initial: 'weighing',
        on: {
          read: { actions: [assign(rules.read), emitEffects] },
          'caught-up': { actions: [assign(rules.caughtUp), emitEffects] },
          'chunk-taken': { actions: [assign(rules.chunkTaken), emitEffects] },
          wanted: { actions: [assign(rules.registerAgain), emitEffects] },
          view: [
            { guard: 'staysMaster', target: '.weighing', actions: [assign(rules.renew), emitEffects] },
            { guard: 'isMaster', target: '.weighing', actions: [assign(rules.succeed), emitEffects] },
            { guard: 'isMember', target: 'slave', actions: [assign(rules.stepDown), emitEffects] },
            { target: 'deposed' },
          ],
        },
        states: {
          weighing: { id: 'weighing', always: [{ guard: 'someLag', target: 'lagging' }, { target: 'level' }] },
          /** All slaves have all that has been executed. */
          level: {
            initial: 'awaiting',
            states: {
              awaiting: { on: { requests: { target: 'executing', actions: [assign(rules.take), emitEffects] } } },
              executing: {
                tags: 'EX',
                always: {
                  target: '#weighing',
                  actions: [assign(({ context }) => execute(context, object)), emitEffects],
                },
              },
            },
          },
          /** Some slave has not: requests are answered all the same, and do not put off the next round. */
          lagging: {
            tags: 'lagging',
            initial: 'awaiting',
            states: {
              awaiting: { on: { requests: { target: 'executing', actions: [assign(rules.take), emitEffects] } } },
              executing: {
                tags: 'EX',
                always: {
                  target: 'awaiting',
                  actions: [assign(({ context }) => execute(context, object)), emitEffects],
                },
              },
            },
            after: { catchUpAfter: 'passingOn' },
          },
          passingOn: {
            tags: 'AC',
            always: { target: 'weighing', actions: [assign(({ context }) => passOn(context, object)), emitEffects] },
          },
        },
      },
      /** Others have gone on without this incarnation. */
      deposed: {},
    },
  });
}

const standingOf = <Value>(context: LazyContext<Value>, event: Extract<ReplicaManagerEvent, { type: 'view' }>) =>
  standingIn(context, event.items);
