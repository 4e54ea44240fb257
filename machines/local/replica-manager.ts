/**
 * A replica manager that answers for itself: the naive system of Coulouris et al., ch. 18 (CC-7), kept as the
 * counter-example. It executes a request at once, replies, and only then passes the updates on to the others, which execute
 * them as they come, each in its own order. So replicas disagree while updates are under way and may do so for ever, a client
 * that changes replicas can miss its own writes, and an answered update dies with the one replica that has it.
 *
 * Its executed table knows the requests that front ends have sent to it, and not what others have executed and passed on:
 * a request repeated here is executed once, one repeated at another replica twice.
 */
import { assign, setup } from 'xstate';
import { discarded, unfit } from '../shared/discard.js';
import type { Delivery, Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { type ExecutedTable, executedTable } from '../shared/executed-table.js';
import { answered, executeBatches, idsOf } from '../shared/execution.js';
import { type Address, address, type GroupName, type NodeId, senderNode } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { batchesIn, requestShape } from '../shared/request-shapes.js';
import type { Batch, Request } from '../shared/requests.js';
import type { Serializable } from '../shared/serializable.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { ReplicaManagerInput, StyleSettings } from '../shared/style.js';

export const replicaManagerShapes = { requests: requestShape } as const satisfies MessageShapes;

export type ReplicaManagerEvent =
  /** From a front end that asks this replica manager alone. */
  | Incoming<'requests', Request>
  /** From the group's actor on this node: updates that another replica manager has executed, and its own again. */
  | Incoming<'delivered', Delivery>
  | Incoming<'gone', Gone>;

export interface ReplicaManagerContext<Value> extends Effectful {
  readonly node: NodeId;
  readonly self: Address;
  readonly group: GroupName;
  /** It has been here before, and its state has gone with that incarnation. */
  readonly recovered: boolean;
  readonly value: Value;
  /** Number of updates executed here, failed ones among them. */
  readonly version: number;
  /** Of the requests that came from front ends. */
  readonly executed: ExecutedTable;
  /** What is not executed yet: empty but in `executing`. */
  readonly batches: readonly Batch[];
  /** Updates executed here that the others have not been told of: empty but in `agreeing`. */
  readonly untold: readonly Request[];
}

type Change<Value> = Partial<ReplicaManagerContext<Value>>;

export const takeRequests = <Value>(event: Incoming<'requests', Request>): Change<Value> => ({
  batches: [{ frontEnd: event.from, requests: event.items }],
  effects: noEffects,
});

/** EX and END at once: nobody else is asked. A session that is not known here may be known elsewhere, so it is served. */
export function execute<Value>(context: ReplicaManagerContext<Value>, object: ReplicatedObject<Value>): Change<Value> {
  const { value, version, executed, fresh, replies, stale } = executeBatches(
    context,
    object,
    context.batches,
    'execute',
  );
  const untold = fresh.filter(({ kind }) => kind === 'update');
  return {
    value,
    version,
    executed,
    untold,
    batches: [],
    effects: [...answered(fresh, replies), ...discarded('requests', { stale })],
  };
}

/** AC, after the answer: the others hear of the updates some time. */
export function passOn<Value>(context: ReplicaManagerContext<Value>): Change<Value> {
  if (context.untold.length === 0) return { effects: noEffects };
  const batch: Batch = { frontEnd: context.self, requests: context.untold };
  return {
    untold: [],
    effects: [
      { type: 'phase', phase: 'AC', requests: idsOf(context.untold) },
      // A batch is plain data; only its being an interface keeps TypeScript from seeing it.
      { type: 'multicast', group: context.group, payloads: [batch as unknown as Serializable] },
    ],
  };
}

/** AC at the others: executed as they come, without a reply. What this one has passed on itself it has executed already. */
export function apply<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'delivered', Delivery>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const others = event.items.filter(({ sender }) => senderNode(sender) !== context.node);
  const batches = batchesIn(others);
  const updates = batches.flatMap(({ requests }) => requests);
  const malformed = discarded('delivered', { malformed: others.length - batches.length });
  if (updates.length === 0) return { effects: malformed };
  const agreed: Effect = { type: 'phase', phase: 'AC', requests: idsOf(updates) };
  const { value } = object.execute(context.value, updates);
  return { value, version: context.version + updates.length, effects: [agreed, ...malformed] };
}

/** The replica manager's chart. */
export function replicaManager<Value>(object: ReplicatedObject<Value>, settings: StyleSettings) {
  return setup({
    types: {} as {
      context: ReplicaManagerContext<Value>;
      events: ReplicaManagerEvent;
      input: ReplicaManagerInput;
      emitted: EffectsEmitted;
    }, // for the compiler only
    guards: { isRecovered: ({ context }) => context.recovered },
  }).createMachine({
    id: 'local replica manager',
    context: ({ input }) => ({
      node: input.node,
      self: address(input.node, 'rm'),
      group: input.group,
      recovered: input.incarnation > 1,
      value: object.initial(),
      version: 0,
      executed: executedTable(settings.sessions),
      batches: [],
      untold: [],
      effects: noEffects,
    }),
    initial: 'starting',
    on: { '*': { actions: [assign(({ event }) => unfit(event)), emitEffects] } },
    states: {
      starting: { always: [{ guard: 'isRecovered', target: 'silent' }, { target: 'awaiting' }] },
      awaiting: {
        on: {
          requests: { target: 'executing', actions: [assign(({ event }) => takeRequests<Value>(event)), emitEffects] },
          delivered: { actions: [assign(({ context, event }) => apply(context, event, object)), emitEffects] },
          // Replies to a front end that is gone are the link's to drop.
          gone: {},
        },
      },
      executing: {
        tags: 'EX',
        always: { target: 'agreeing', actions: [assign(({ context }) => execute(context, object)), emitEffects] },
      },
      agreeing: {
        tags: 'AC',
        always: { target: 'awaiting', actions: [assign(({ context }) => passOn(context)), emitEffects] },
      },
      silent: { on: { gone: {} } },
    },
  });
}
