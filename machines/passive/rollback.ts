/**
 * Passive replication without backups: rollback recovery from a log (Elnozahy, Alvisi, Wang & Johnson 2002; PB-13). The primary
 * alone has the state. It appends what each batch has changed, with the replies, to its node's storage, and answers when no
 * crash can undo that. Now and then it writes its whole state in place of the log, so the log has a bound. A backup is made only
 * after the crash: the next incarnation of the primary's node, which reads the log, answers the last batch again, and goes on.
 * Two incarnations of a node never live at the same time, so nobody need agree on who is the primary, and
 * queries are answered at once.
 *
 * The other replica managers have no state and never get any: they pass requests on (PB-16), and read nothing.
 */
import { assign, setup } from 'xstate';
import { absorb, beginning, complete, cut, nothingYet, type Part, partsShape } from '../membership/install-point.js';
import { discarded, unfit } from '../shared/discard.js';
import type { Effect, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { addReply, answered, idsOf, type Replica } from '../shared/execution.js';
import { type Address, address, incarnationOf, type NodeId, senderId } from '../shared/identifiers.js';
import { emitEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { batchShape } from '../shared/request-shapes.js';
import type { Batch, Reply } from '../shared/requests.js';
import type { Serializable } from '../shared/serializable.js';
import { fields, type MessageShapes, natural, oneOf } from '../shared/shapes.js';
import type { ReplicaManagerInput, StyleSettings } from '../shared/style.js';
import { hasArrivals } from './arrivals.js';
import { applied, LOG_BOUND, passOn } from './backup.js';
import { type Change, initialContext, type ReplicaManagerContext } from './context.js';
import { type Result, updateIn } from './messages.js';
import { arrive, bringsUpdates, execute, order, respond, updateOf } from './primary.js';

/** From the primary to the others: it is back, under this incarnation. Nobody speaks to it before it has spoken (CH-2). */
interface Returned {
  readonly incarnation: number;
}

export const rollbackShapes = {
  requests: batchShape,
  returned: fields({ incarnation: natural }),
} as const satisfies MessageShapes;

/** The whole state, in place of all that was logged before it. */
interface Checkpoint {
  readonly form: 'checkpoint';
  readonly parts: readonly Part[];
}

const checkpointShape = fields({ form: oneOf('checkpoint'), parts: partsShape });

export interface RollbackContext<Value> extends ReplicaManagerContext<Value> {
  readonly node: NodeId;
  /** The node that has the log. */
  readonly keeper: NodeId;
  readonly spares: readonly NodeId[];
  /** Batches in the log since its last checkpoint. */
  readonly logged: number;
}

type RollbackChange<Value> = Partial<RollbackContext<Value>>;

type RollbackEvent =
  | Incoming<'requests', Batch>
  /** From the node: what earlier incarnations logged, and which of this one's records are safe. */
  | Incoming<'recovered', Serializable>
  | Incoming<'persisted', number>
  | Incoming<'returned', Returned>
  | Incoming<'gone', Gone>;

// --- rules ---------------------------------------------------------------------------------------------------------

/** AC: the batch is appended to the log, or its outcome replaces a log that has become long. */
function log<Value>(
  context: RollbackContext<Value>,
  object: ReplicatedObject<Value>,
  transfer: StyleSettings['transfer'],
): RollbackChange<Value> {
  const { results, current } = context;
  const number = context.number + 1;
  const full = context.logged >= LOG_BOUND;
  const record = full ? checkpointOf(current, object) : updateOf(context, object, transfer, number);
  const phase: Effect = { type: 'phase', phase: 'AC', requests: idsOf(results) };
  // Updates and checkpoints are plain data; only their being interfaces keeps TypeScript from seeing it.
  const records = [record as unknown as Serializable];
  return {
    number,
    fresh: [],
    results: [],
    agrees: false,
    underWay: { number, delivered: false, awaited: [] },
    logged: full ? 0 : context.logged + 1,
    effects: [phase, { type: 'persist', number, records, ...(full ? { replace: true as const } : {}) }],
  };
}

const checkpointOf = <Value>(replica: Replica<Value>, object: ReplicatedObject<Value>): Checkpoint => ({
  form: 'checkpoint',
  parts: cut({ ...replica, rest: null }, beginning, object, Number.MAX_SAFE_INTEGER).parts,
});

function persisted<Value>(
  { underWay }: RollbackContext<Value>,
  event: Incoming<'persisted', number>,
): RollbackChange<Value> {
  const safe = underWay !== null && event.items.includes(underWay.number);
  return {
    underWay: safe ? { ...underWay, delivered: true } : underWay,
    effects: discarded('persisted', { late: safe ? 0 : event.items.length }),
  };
}

/**
 * A backup made after the crash: the log, from its last checkpoint on. What is in it counts, whether or not anybody was told of
 * it; whoever waits for the last batch is answered now.
 */
function recover<Value>(
  context: RollbackContext<Value>,
  event: Incoming<'recovered', Serializable>,
  object: ReplicatedObject<Value>,
): RollbackChange<Value> {
  let { current } = context;
  let last: readonly Result[] = [];
  let logged = 0;
  let malformed = 0;
  for (const record of event.items) {
    const update = updateIn(record);
    const whole = update === null ? restored(record, object) : null;
    if (update !== null) {
      ({ current, last } = applied(current, [update], object));
      logged += 1;
    } else if (whole !== null) {
      current = whole;
      logged = 0;
    } else malformed += 1;
  }
  const replies = new Map<Address, Reply[]>();
  for (const { frontEnd, ...reply } of last) addReply(replies, frontEnd, reply);
  return {
    current,
    acknowledged: current,
    logged,
    effects: [...answered([], replies), ...saysSo(context), ...discarded('recovered', { malformed })],
  };
}

function saysSo<Value>({ self, spares }: RollbackContext<Value>): Effect[] {
  const item: Returned = { incarnation: incarnationOf(self) };
  if (item.incarnation === 1) return [];
  return spares.map((node) => ({
    type: 'send',
    to: address(node, 'rm'),
    message: { type: 'returned', items: [item] },
    channel: 'fifo',
  }));
}

function restored<Value>(record: Serializable, object: ReplicatedObject<Value>): Replica<Value> | null {
  if (!checkpointShape(record)) return null;
  const { parts } = record as unknown as Checkpoint; // its shape was looked at just now
  const whole = complete(absorb(nothingYet(object), parts, object), object);
  return whole.ok ? { value: whole.value.value, version: whole.value.version, executed: whole.value.executed } : null;
}

// --- chart ---------------------------------------------------------------------------------------------------------

function initial<Value>(
  input: ReplicaManagerInput,
  object: ReplicatedObject<Value>,
  settings: StyleSettings,
): RollbackContext<Value> {
  const keeper = input.members[0] ?? input.node;
  const context = initialContext(input, object, settings);
  // The links lead to the node's present incarnation, whatever its number.
  const spares = input.members.filter((node) => node !== keeper);
  return { ...context, reign: { primary: senderId(keeper, 1), since: 0 }, node: input.node, keeper, spares, logged: 0 };
}

export function rollbackReplicaManager<Value>(object: ReplicatedObject<Value>, settings: StyleSettings) {
  const { transfer = 'state', reads } = settings;
  type Context = RollbackContext<Value>;
  type Told = { readonly context: Context; readonly event: RollbackEvent };
  const rules = {
    arrive: ({ context, event }) => (event.type === 'requests' ? arrive(context, event, object) : unfit(event)),
    passOn: ({ context, event }) => (event.type === 'requests' ? passOn(context, event) : unfit(event)),
    persisted: ({ context, event }) => (event.type === 'persisted' ? persisted(context, event) : unfit(event)),
    recover: ({ context, event }) => (event.type === 'recovered' ? recover(context, event, object) : unfit(event)),
    unfit: ({ event }) => unfit(event),
  } satisfies Record<string, (told: Told) => RollbackChange<Value> | Change<Value>>;

  return setup({
    types: {} as { context: Context; events: RollbackEvent; input: ReplicaManagerInput; emitted: EffectsEmitted }, // for the compiler only
    guards: {
      isPrimary: ({ context }) => context.node === context.keeper,
      bringsUpdates: ({ event }) => event.type === 'requests' && bringsUpdates(event.items),
      // All of it has been executed before, so it is in the log.
      wasLogged: ({ context }) => context.results.length === 0,
      isSafe: ({ context }) => context.underWay?.delivered === true,
      moreHasArrived: ({ context }) => hasArrivals(context.queue),
    },
  }).createMachine({
    id: 'rollback replica manager',
    context: ({ input }) => initial(input, object, settings),
    initial: 'starting',
    on: {
      // Replies to a front end that is gone are the link's to drop.
      gone: {},
      '*': { actions: [assign(rules.unfit), emitEffects] },
    },
    states: {
      starting: { always: [{ guard: 'isPrimary', target: 'recovering' }, { target: 'spare' }] },
      /** Has no state, and knows who has. Nothing was ever logged here. */
      spare: { on: { recovered: {}, returned: {}, requests: { actions: [assign(rules.passOn), emitEffects] } } },
      /** The log comes before anything else. */
      recovering: { on: { recovered: { target: 'primary', actions: [assign(rules.recover), emitEffects] } } },
      primary: {
        initial: 'idle',
        on: { requests: { actions: [assign(rules.arrive), emitEffects] } },
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
            always: { target: 'logging', actions: [assign(({ context }) => execute(context, object)), emitEffects] },
          },
          logging: {
            tags: 'AC',
            initial: 'writing',
            states: {
              writing: {
                always: [
                  { guard: 'wasLogged', target: '#answering' },
                  {
                    target: 'awaiting',
                    actions: [assign(({ context }) => log(context, object, transfer)), emitEffects],
                  },
                ],
              },
              awaiting: {
                always: { guard: 'isSafe', target: '#answering' },
                on: { persisted: { actions: [assign(rules.persisted), emitEffects] } },
              },
            },
          },
          responding: {
            id: 'answering',
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
    },
  });
}
