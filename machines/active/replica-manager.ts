/**
 * The replica manager of active replication, a replicated state machine (Schneider 1990; Coulouris et al., ch. 18). The
 * group delivers the same batches of requests to every replica manager in the same total order; each executes every one of
 * them and replies to its front end. There is no agreement after the execution: the order was all the coordination.
 *
 * Requests that the group delivers together are executed together. A request id that comes again is not executed again
 * (AR-14). A query sent to this replica manager alone is answered as soon as its state is not older than what the front end has
 * seen already. A replica manager that comes back after a crash has lost its state, and keeps silent.
 */
import { assign, setup } from 'xstate';
import { discarded, unfit } from '../shared/discard.js';
import type { Delivery, Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { type ExecutedTable, executedTable } from '../shared/executed-table.js';
import { addReply, answered, executeBatches, idsOf } from '../shared/execution.js';
import type { Address } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { emptyMap, mapDelete, mapEntries, mapHas, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import { batchesIn, queryShape } from '../shared/request-shapes.js';
import type { Batch, Reply, Request } from '../shared/requests.js';
import { fields, type MessageShapes, natural } from '../shared/shapes.js';
import type { ReplicaManagerInput, StyleSettings } from '../shared/style.js';
import type { Read } from './front-end.js';

export const replicaManagerShapes = {
  read: fields({ request: queryShape, seen: natural }),
} as const satisfies MessageShapes;

export type ReplicaManagerEvent =
  /** From the group's actor on this node: payloads are batches of requests. */
  | Incoming<'delivered', Delivery>
  /** From a front end that asks this replica manager alone. */
  | Incoming<'read', Read>
  | Incoming<'gone', Gone>;

/** A query that waits for updates which its front end has seen and this replica manager has not. */
export interface WaitingRead extends Read {
  readonly frontEnd: Address;
}

export interface ReplicaManagerContext<Value> extends Effectful {
  /** It has been here before, and its state has gone with that incarnation. */
  readonly recovered: boolean;
  readonly value: Value;
  /** Number of updates executed, failed ones among them. */
  readonly version: number;
  readonly executed: ExecutedTable;
  /** What the group has delivered and is not executed yet: empty but in `executing`. */
  readonly batches: readonly Batch[];
  /** By session. */
  readonly waiting: PersistentMap<WaitingRead>;
}

/** Reads that wait at most; the front end asks elsewhere when there are more. */
export const WAITING_READS = 1024;

type Change<Value> = Partial<ReplicaManagerContext<Value>>;

/** SC: the order is made; what is no batch of requests is dropped, by every replica manager alike. */
export function takeOrder<Value>(event: Incoming<'delivered', Delivery>): Change<Value> {
  const batches = batchesIn(event.items);
  const ids = batches.flatMap(({ requests }) => idsOf(requests));
  const effects: Effect[] = ids.length === 0 ? [] : [{ type: 'phase', phase: 'SC', requests: ids }];
  return {
    batches,
    effects: [...effects, ...discarded('delivered', { malformed: event.items.length - batches.length })],
  };
}

/** EX and END, for the whole of what was delivered and for the reads that waited for it. */
export function execute<Value>(context: ReplicaManagerContext<Value>, object: ReplicatedObject<Value>): Change<Value> {
  const { value, version, executed, fresh, replies, stale } = executeBatches(
    context,
    object,
    context.batches,
    'refuse',
  );
  const { waiting, ready } = readable(context.waiting, version);
  const queries = answerReads(object, value, version, ready, replies);
  const effects = [...answered([...fresh, ...queries], replies), ...discarded('delivered', { stale })];
  return { value, version, executed, waiting, batches: [], effects };
}

/** The reads that have waited for this version or an earlier one, and those that wait on. */
export function readable(
  before: PersistentMap<WaitingRead>,
  version: number,
): { readonly waiting: PersistentMap<WaitingRead>; readonly ready: readonly WaitingRead[] } {
  const ready: WaitingRead[] = [];
  let waiting = before;
  for (const [session, read] of mapEntries(before)) {
    if (read.seen > version) continue;
    ready.push(read);
    waiting = mapDelete(waiting, session);
  }
  return { waiting, ready };
}

/** EX and END of reads at this replica manager alone; one that is too early waits. */
export function takeReads<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'read', Read>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { value, version } = context;
  const { waiting, ready, effects } = admitReads(context, event);
  const replies = new Map<Address, Reply[]>();
  const queries = answerReads(object, value, version, ready, replies);
  return { waiting, effects: [...answered(queries, replies), ...effects] };
}

/** Which reads can be answered now; the others wait. */
export function admitReads(
  { version, waiting: before }: Pick<ReplicaManagerContext<unknown>, 'version' | 'waiting'>,
  event: Incoming<'read', Read>,
): {
  readonly waiting: PersistentMap<WaitingRead>;
  readonly ready: readonly WaitingRead[];
  readonly effects: readonly Effect[];
} {
  const ready: WaitingRead[] = [];
  let waiting = before;
  let full = 0;
  for (const { request, seen } of event.items) {
    const read: WaitingRead = { request, seen, frontEnd: event.from };
    if (seen <= version) ready.push(read);
    else if (waiting.size < WAITING_READS || mapHas(waiting, request.session))
      waiting = mapSet(waiting, request.session, read);
    else full += 1;
  }
  return { waiting, ready, effects: discarded('read', { full }) };
}

/** Adds the answers to `replies`, and returns the queries that were executed. */
export function answerReads<Value>(
  object: ReplicatedObject<Value>,
  value: Value,
  version: number,
  reads: readonly WaitingRead[],
  replies: Map<Address, Reply[]>,
): readonly Request[] {
  if (reads.length === 0) return [];
  const queries = reads.map(({ request }) => request);
  const { outcomes } = object.execute(value, queries);
  reads.forEach(({ frontEnd, request: { session, seq } }, i) => {
    const outcome = outcomes[i];
    if (outcome !== undefined) addReply(replies, frontEnd, { session, seq, outcome, version });
  });
  return queries;
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
    id: 'active replica manager',
    context: ({ input }) => ({
      recovered: input.incarnation > 1,
      value: object.initial(),
      version: 0,
      executed: executedTable(settings.sessions),
      batches: [],
      waiting: emptyMap<WaitingRead>(),
      effects: noEffects,
    }),
    initial: 'starting',
    on: { '*': { actions: [assign(({ event }) => unfit(event)), emitEffects] } },
    states: {
      starting: { always: [{ guard: 'isRecovered', target: 'silent' }, { target: 'awaiting' }] },
      awaiting: {
        on: {
          delivered: { target: 'executing', actions: [assign(({ event }) => takeOrder<Value>(event)), emitEffects] },
          read: { actions: [assign(({ context, event }) => takeReads(context, event, object)), emitEffects] },
          // Replies to a front end that is gone are the link's to drop, and requests of one are executed all the same (AR-9).
          gone: {},
        },
      },
      executing: {
        tags: 'EX',
        always: { target: 'awaiting', actions: [assign(({ context }) => execute(context, object)), emitEffects] },
      },
      silent: { on: { gone: {} } },
    },
  });
}
