/**
 * What the primary does with updates: SC, EX, AC and END, once for each batch (PB-2 to PB-6). What comes while a batch is being
 * agreed on is the next batch, so the busier it is, the fewer messages an update costs. One batch is under way at a time.
 */
import { discarded } from '../shared/discard.js';
import type { Delivery, Effect, Incoming } from '../shared/effects.js';
import { answered, executeBatches, idsOf } from '../shared/execution.js';
import { type Address, type RequestId, requestId } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import type { Batch, Request } from '../shared/requests.js';
import type { Serializable } from '../shared/serializable.js';
import type { StyleSettings } from '../shared/style.js';
import { addRequest, arrived, hasArrivals, inOrder, noArrivals } from './arrivals.js';
import { type Asked, ask } from './confirm.js';
import { type Change, others, type ReplicaManagerContext, toEach, without } from './context.js';
import { type Result, type Taken, type Update, updateIn } from './messages.js';
import { answerReads } from './reads.js';

/** The requests of this kind, batch by batch. */
function ofKind(batches: readonly Batch[], kind: 'update' | 'query'): Batch[] {
  const some: Batch[] = [];
  for (const batch of batches) {
    const requests = batch.requests.filter((request) => request.kind === kind);
    if (requests.length === batch.requests.length && requests.length > 0) some.push(batch);
    else if (requests.length > 0) some.push({ ...batch, requests });
  }
  return some;
}

export const bringsUpdates = (batches: readonly Batch[]): boolean =>
  batches.some(({ requests }) => requests.some(({ kind }) => kind === 'update'));

/** Updates wait for their batch; queries go another way. */
export function arrive<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'requests', Batch>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const queries = ofKind(event.items, 'query');
  const asked: Asked = queries.length === 0 ? { effects: noEffects } : ask(context, queries, object);
  return { ...asked, queue: arrived(context.queue, ofKind(event.items, 'update')) };
}

/** SC: all that has arrived, in the order of arrival (PB-2). */
export function order<Value>(context: ReplicaManagerContext<Value>): Change<Value> {
  const batches = inOrder(context.queue);
  const ids = batches.flatMap(({ requests }) => idsOf(requests));
  return { queue: noArrivals, batches, effects: [{ type: 'phase', phase: 'SC', requests: ids }] };
}

/** EX: executes what has not been executed before, stores the replies (PB-3, PB-4), and keeps them to itself. */
export function execute<Value>(context: ReplicaManagerContext<Value>, object: ReplicatedObject<Value>): Change<Value> {
  const { fresh, replies, stale, ...current } = executeBatches(context.current, object, context.batches, 'refuse');
  const executed = new Map<RequestId, Result>();
  for (const [frontEnd, list] of replies) {
    for (const reply of list) executed.set(requestId(reply.session, reply.seq), { ...reply, frontEnd });
  }
  const results: Result[] = [];
  const batches: { frontEnd: Address; requests: Request[] }[] = [];
  for (const request of fresh) {
    const result = executed.get(requestId(request.session, request.seq));
    if (result === undefined) continue; // there is one for each
    results.push(result);
    addRequest(batches, result.frontEnd, request);
  }
  // Only a primary knows that a session has expired: one that has been left behind must not say so (PB-10).
  const refuses = [...replies.values()].some((list) =>
    list.some(({ outcome }) => !outcome.ok && outcome.error.code === 'SESSION_EXPIRED'),
  );
  const ids = idsOf(fresh);
  const phase: Effect[] = ids.length === 0 ? [] : [{ type: 'phase', phase: 'EX', requests: ids }];
  return {
    current,
    batches: [],
    fresh: batches,
    results,
    agrees: results.length > 0 || refuses,
    answers: [...replies],
    effects: [...phase, ...discarded('requests', { stale })],
  };
}

/** What the batch came to, or the requests of it (PB-17). */
export function updateOf<Value>(
  { current, acknowledged, fresh, results, reign }: ReplicaManagerContext<Value>,
  object: ReplicatedObject<Value>,
  transfer: StyleSettings['transfer'],
  number: number,
): Update {
  const head = { reign: reign.since, number };
  if (transfer === 'requests') return { ...head, form: 'requests', batches: fresh };
  const change = object.change(acknowledged.value, current.value);
  return { ...head, form: 'state', change, version: current.version, results };
}

/** AC: one multicast tells the backups all that the batch has done (PB-5). */
export function propose<Value>(
  context: ReplicaManagerContext<Value>,
  object: ReplicatedObject<Value>,
  transfer: StyleSettings['transfer'],
): Change<Value> {
  const { results, group } = context;
  const number = context.number + 1;
  const update = updateOf(context, object, transfer, number);
  const ids = idsOf(results);
  const phase: Effect[] = ids.length === 0 ? [] : [{ type: 'phase', phase: 'AC', requests: ids }];
  return {
    number,
    fresh: [],
    results: [],
    agrees: false,
    underWay: { number, delivered: false, awaited: others(context) },
    effects: [
      ...phase,
      // An update is plain data; only its being an interface keeps TypeScript from seeing it.
      { type: 'multicast', group, payloads: [update as unknown as Serializable] },
    ],
  };
}

/** The group has delivered the primary's own batch: it belongs to the present view. */
export function delivered<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'delivered', Delivery>,
): Change<Value> {
  const { self, view, reign } = context;
  let { underWay } = context;
  let former = 0;
  for (const { sender, payload, view: place } of event.items) {
    const update = updateIn(payload);
    const own = sender === self && place === view?.id && update?.reign === reign.since;
    if (own && update?.number === underWay?.number && underWay !== null) underWay = { ...underWay, delivered: true };
    else former += 1;
  }
  return { underWay, effects: discarded('delivered', { former }) };
}

/** A backup has it. What it says of another view counts for nothing in this one (PB-10). */
export function acknowledge<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'taken', Taken>,
): Change<Value> {
  const { underWay, view, reign } = context;
  const fit = event.items.filter(
    (item) => item.view === view?.id && item.reign === reign.since && item.number === underWay?.number,
  );
  const late = discarded('taken', { late: event.items.length - fit.length });
  if (underWay === null || fit.length === 0) return { effects: late };
  const awaited = without(
    underWay.awaited,
    fit.map(({ member }) => member),
  );
  return { underWay: { ...underWay, awaited }, effects: late };
}

/** All members of the view have the batch, and so has whoever is primary after this one. */
export const isAgreed = ({ underWay }: Pick<ReplicaManagerContext<unknown>, 'underWay'>): boolean =>
  underWay === null || (underWay.delivered && underWay.awaited.length === 0);

/** END: only now the front ends get their answers (PB-6). */
export function respond<Value>(
  context: ReplicaManagerContext<Value>,
  object: ReplicatedObject<Value>,
  reads: StyleSettings['reads'],
): Change<Value> {
  const { current, answers, queue, view } = context;
  // Where another batch follows, that one tells the backups that this one is acknowledged.
  const tells = reads === 'backups' && !hasArrivals(queue) && view !== null;
  const acknowledged = { view: view?.id ?? 0, version: current.version };
  const { reading, effects } = answerReads(context.reading, current, object);
  return {
    acknowledged: current,
    answers: [],
    underWay: null,
    reading,
    effects: [
      ...answered([], new Map(answers)),
      ...(tells ? toEach(others(context), 'acknowledged', acknowledged, true) : []),
      ...effects,
    ],
  };
}
