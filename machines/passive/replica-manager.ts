/**
 * The replica manager of passive (primary-backup) replication (Budhiraja, Marzullo, Schneider & Toueg 1993; Coulouris et al.,
 * ch. 18.3). The group is view-synchronous. In each view one member is the primary, by a choice that follows from the view
 * alone: the most senior one that has the state. It executes all requests, and tells the others what each batch has
 * changed; they are its backups. An update is answered once all members of the view have it, so whoever is primary after this
 * one has it too, with its reply, and no update is lost or executed twice.
 *
 * A primary that others have left behind cannot know it, and need not: it gets no acknowledgements in its view any more, so
 * it answers nobody. Its queries wait for the same reason (confirm.ts).
 *
 * The rules are told apart by idea: primary.ts, confirm.ts, backup.ts, reads.ts, joining.ts, view-change.ts.
 */
import { assign, setup } from 'xstate';
import type { Lease } from '../membership/lease.js';
import { type Wanted, wantedShape } from '../membership/name-messages.js';
import { type TransferEvent, transferShapes } from '../membership/state-transfer.js';
import { unfit } from '../shared/discard.js';
import type { Delivery, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { emitEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { batchShape } from '../shared/request-shapes.js';
import type { Batch } from '../shared/requests.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { ReplicaManagerInput, StyleSettings } from '../shared/style.js';
import { hasArrivals } from './arrivals.js';
import { confirm, follow, keep, learn, passOn } from './backup.js';
import { confirmed, takeLease } from './confirm.js';
import { type Change, initialContext, type ReplicaManagerContext, standingIn } from './context.js';
import { enter, expect, holdBack, receive } from './joining.js';
import {
  type Acknowledged,
  acknowledgedShape,
  type Confirm,
  type Confirmed,
  confirmedShape,
  confirmShape,
  type Read,
  readShape,
  type Taken,
  takenShape,
} from './messages.js';
import {
  acknowledge,
  arrive,
  bringsUpdates,
  delivered,
  execute,
  isAgreed,
  order,
  propose,
  respond,
} from './primary.js';
import { takeReads } from './reads.js';
import { registerAgain } from './registration.js';
import { goesOn, handOn, renew, stay, stepDown, succeed, takeOver } from './view-change.js';

export const replicaManagerShapes = {
  requests: batchShape,
  read: readShape,
  taken: takenShape,
  confirm: confirmShape,
  confirmed: confirmedShape,
  acknowledged: acknowledgedShape,
  wanted: wantedShape,
  ...transferShapes,
} as const satisfies MessageShapes;

export type ReplicaManagerEvent =
  /** From a front end, or passed on by another replica manager. */
  | Incoming<'requests', Batch>
  | Incoming<'read', Read>
  /** From the group's actor on this node, as `view` is: what the primary has multicast. */
  | Incoming<'delivered', Delivery>
  | TransferEvent
  /** To the primary. */
  | Incoming<'taken', Taken>
  | Incoming<'confirmed', Confirmed>
  /** From the primary. */
  | Incoming<'confirm', Confirm>
  | Incoming<'acknowledged', Acknowledged>
  /** From the keeper of the lease on this node. */
  | Incoming<'lease', Lease>
  /** From a replica of the name service that knows of no primary. */
  | Incoming<'wanted', Wanted>
  | Incoming<'gone', Gone>;

/** The replica manager's chart. */
export function replicaManager<Value>(object: ReplicatedObject<Value>, settings: StyleSettings) {
  const { backups = 'hot', transfer = 'state', reads } = settings;
  type Context = ReplicaManagerContext<Value>;
  type Told = { readonly context: Context; readonly event: ReplicaManagerEvent };
  /** What a message changes depends on the role that it finds: a rule for each. */
  const rules = {
    arrive: ({ context, event }) => (event.type === 'requests' ? arrive(context, event, object) : unfit(event)),
    passOn: ({ context, event }) => (event.type === 'requests' ? passOn(context, event) : unfit(event)),
    takeReads: ({ context, event }) => (event.type === 'read' ? takeReads(context, event, object) : unfit(event)),
    follow: ({ context, event }) => (event.type === 'delivered' ? follow(context, event, object) : unfit(event)),
    keep: ({ context, event }) => (event.type === 'delivered' ? keep(context, event, object) : unfit(event)),
    holdBack: ({ context, event }) => (event.type === 'delivered' ? holdBack(context, event) : unfit(event)),
    delivered: ({ context, event }) => (event.type === 'delivered' ? delivered(context, event) : unfit(event)),
    acknowledge: ({ context, event }) => (event.type === 'taken' ? acknowledge(context, event) : unfit(event)),
    confirm: ({ context, event }) => (event.type === 'confirm' ? confirm(context, event) : unfit(event)),
    confirmed: ({ context, event }) => (event.type === 'confirmed' ? confirmed(context, event, object) : unfit(event)),
    learn: ({ context, event }) => (event.type === 'acknowledged' ? learn(context, event, object) : unfit(event)),
    receive: ({ context, event }) => (event.type === 'chunk' ? receive(context, event, object) : unfit(event)),
    expect: ({ context, event }) => (event.type === 'chunk' ? expect(context, event, object) : unfit(event)),
    handOn: ({ context, event }) => (event.type === 'chunk-taken' ? handOn(context, event, object) : unfit(event)),
    enter: ({ context, event }) => (event.type === 'view' ? enter(context, event, object) : unfit(event)),
    stay: ({ context, event }) => (event.type === 'view' ? stay(context, event, object) : unfit(event)),
    succeed: ({ context, event }) => (event.type === 'view' ? succeed(context, event) : unfit(event)),
    renew: ({ context, event }) => (event.type === 'view' ? renew(context, event, object) : unfit(event)),
    stepDown: ({ context, event }) => (event.type === 'view' ? stepDown(context, event) : unfit(event)),
    registerAgain: ({ context, event }) => (event.type === 'wanted' ? registerAgain(context, event) : unfit(event)),
    takeLease: ({ event }) => (event.type === 'lease' ? takeLease<Value>(event) : unfit(event)),
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
      isPrimary: ({ context, event }) => event.type === 'view' && standingIn(context, event.items) === 'primary',
      isBackup: ({ context, event }) => event.type === 'view' && standingIn(context, event.items) === 'backup',
      isJoiner: ({ context, event }) => event.type === 'view' && standingIn(context, event.items) === 'joiner',
      isMember: ({ context, event }) => event.type === 'view' && standingIn(context, event.items) !== 'none',
      staysPrimary: ({ context, event }) => event.type === 'view' && goesOn(context, event.items),
      bringsUpdates: ({ event }) => event.type === 'requests' && bringsUpdates(event.items),
      hasState: ({ context }) => context.joining === null,
      isCold: () => backups === 'cold',
      wasAgreed: ({ context }) => !context.agrees,
      isAgreed: ({ context }) => isAgreed(context),
      moreHasArrived: ({ context }) => hasArrivals(context.queue),
    },
  }).createMachine({
    id: 'passive replica manager',
    context: ({ input }) => initialContext(input, object, settings),
    initial: 'starting',
    on: {
      // Its member leaves the view too, and only that counts.
      gone: {},
      lease: { actions: [assign(rules.takeLease), emitEffects] },
      '*': { actions: [assign(rules.unfit), emitEffects] },
    },
    states: {
      /** No view has come yet. Who is in the first view has the state: the initial one. */
      starting: {
        tags: 'joining',
        on: {
          chunk: { actions: [assign(rules.expect), emitEffects] },
          confirm: { actions: [assign(rules.confirm), emitEffects] },
          view: [
            { guard: 'isPrimary', target: 'takingOver', actions: [assign(rules.succeed), emitEffects] },
            { guard: 'isBackup', target: 'backup', actions: [assign(rules.stay), emitEffects] },
            { guard: 'isJoiner', target: 'joining', actions: [assign(rules.enter), emitEffects] },
          ],
        },
      },
      joining: {
        tags: 'joining',
        initial: 'receiving',
        on: {
          requests: { actions: [assign(rules.passOn), emitEffects] },
          confirm: { actions: [assign(rules.confirm), emitEffects] },
        },
        states: {
          receiving: {
            always: { guard: 'hasState', target: 'caughtUp' },
            on: {
              view: [{ guard: 'isMember', actions: [assign(rules.enter), emitEffects] }, { target: '#deposed' }],
              delivered: { actions: [assign(rules.holdBack), emitEffects] },
              chunk: { actions: [assign(rules.receive), emitEffects] },
            },
          },
          /** It has the state, and its group is told: a later view has it as a full member. */
          caughtUp: {
            on: {
              view: [
                { guard: 'isPrimary', target: '#takingOver', actions: [assign(rules.succeed), emitEffects] },
                { guard: 'isBackup', target: '#backup', actions: [assign(rules.stay), emitEffects] },
                { guard: 'isJoiner', actions: [assign(rules.stay), emitEffects] },
                { target: '#deposed' },
              ],
              delivered: { actions: [assign(rules.follow), emitEffects] },
            },
          },
        },
      },
      backup: {
        id: 'backup',
        initial: 'starting',
        on: {
          requests: { actions: [assign(rules.passOn), emitEffects] },
          confirm: { actions: [assign(rules.confirm), emitEffects] },
          view: [
            { guard: 'isPrimary', target: 'takingOver', actions: [assign(rules.succeed), emitEffects] },
            { guard: 'isMember', actions: [assign(rules.stay), emitEffects] },
            { target: 'deposed' },
          ],
        },
        states: {
          starting: { always: [{ guard: 'isCold', target: 'logging' }, { target: 'following' }] },
          /** Hot. */
          following: {
            on: {
              delivered: { actions: [assign(rules.follow), emitEffects] },
              acknowledged: { actions: [assign(rules.learn), emitEffects] },
              read: { actions: [assign(rules.takeReads), emitEffects] },
            },
          },
          /** Cold. */
          logging: { on: { delivered: { actions: [assign(rules.keep), emitEffects] } } },
        },
      },
      takingOver: {
        id: 'takingOver',
        always: { target: 'primary', actions: [assign(({ context }) => takeOver(context, object)), emitEffects] },
      },
      primary: {
        initial: 'idle',
        on: {
          requests: { actions: [assign(rules.arrive), emitEffects] },
          confirmed: { actions: [assign(rules.confirmed), emitEffects] },
          read: { actions: [assign(rules.takeReads), emitEffects] },
          delivered: { actions: [assign(rules.delivered), emitEffects] },
          'chunk-taken': { actions: [assign(rules.handOn), emitEffects] },
          wanted: { actions: [assign(rules.registerAgain), emitEffects] },
          view: [
            { guard: 'staysPrimary', actions: [assign(rules.renew), emitEffects] },
            { guard: 'isPrimary', target: 'takingOver', actions: [assign(rules.stepDown), emitEffects] },
            { guard: 'isMember', target: 'backup', actions: [assign(rules.stepDown), emitEffects] },
            { target: 'deposed' },
          ],
        },
        states: {
          idle: {
            on: {
              requests: [
                { guard: 'bringsUpdates', target: 'ordering', actions: [assign(rules.arrive), emitEffects] },
                { actions: [assign(rules.arrive), emitEffects] },
              ],
            },
          },
          ordering: {
            tags: 'SC',
            always: { target: 'executing', actions: [assign(({ context }) => order(context)), emitEffects] },
          },
          executing: {
            tags: 'EX',
            always: { target: 'agreeing', actions: [assign(({ context }) => execute(context, object)), emitEffects] },
          },
          agreeing: {
            tags: 'AC',
            initial: 'multicasting',
            states: {
              multicasting: {
                always: [
                  // All of it has been executed before, so all have it.
                  { guard: 'wasAgreed', target: '#responding' },
                  {
                    target: 'awaiting',
                    actions: [assign(({ context }) => propose(context, object, transfer)), emitEffects],
                  },
                ],
              },
              awaiting: {
                always: { guard: 'isAgreed', target: '#responding' },
                on: { taken: { actions: [assign(rules.acknowledge), emitEffects] } },
              },
            },
          },
          responding: {
            id: 'responding',
            tags: 'END',
            always: [
              {
                guard: 'moreHasArrived',
                target: 'ordering',
                actions: [assign(({ context }) => respond(context, object, reads)), emitEffects],
              },
              { target: 'idle', actions: [assign(({ context }) => respond(context, object, reads)), emitEffects] },
            ],
          },
        },
      },
      /** Others have gone on without this incarnation: it has no part in the group any more, and answers nobody (PB-10). */
      deposed: { id: 'deposed' },
    },
  });
}
