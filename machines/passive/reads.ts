/**
 * Reads at backups (PB-12): a query carries the version that its front end last saw, and is answered from the acknowledged
 * state once that is not older. Nobody is asked, so the answer may miss what others have been told: sequentially consistent, and
 * not linearizable.
 */
import { discarded } from '../shared/discard.js';
import type { Effect, Incoming } from '../shared/effects.js';
import { addReply, answered, type Replica } from '../shared/execution.js';
import type { Address } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { mapDelete, mapEntries, mapHas, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { Reply } from '../shared/requests.js';
import type { Change, ReplicaManagerContext, WaitingRead } from './context.js';
import type { Read } from './messages.js';

/** Reads that wait at most; the front end asks elsewhere when there are more. */
export const WAITING_READS = 1024;

export function takeReads<Value>(
  context: ReplicaManagerContext<Value>,
  event: Incoming<'read', Read>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  let { reading } = context;
  let full = 0;
  for (const { request, seen } of event.items) {
    if (reading.size < WAITING_READS || mapHas(reading, request.session))
      reading = mapSet(reading, request.session, { request, seen, frontEnd: event.from });
    else full += 1;
  }
  const change = answerReads(reading, context.acknowledged, object);
  return { ...change, effects: [...change.effects, ...discarded('read', { full })] };
}

/** EX and END of the reads that this state is new enough for. */
export function answerReads<Value>(
  waiting: PersistentMap<WaitingRead>,
  { value, version }: Replica<Value>,
  object: ReplicatedObject<Value>,
): { readonly reading: PersistentMap<WaitingRead>; readonly effects: readonly Effect[] } {
  if (waiting.size === 0) return { reading: waiting, effects: noEffects };
  const ready: WaitingRead[] = [];
  let reading = waiting;
  for (const [session, read] of mapEntries(waiting)) {
    if (read.seen > version) continue;
    ready.push(read);
    reading = mapDelete(reading, session);
  }
  if (ready.length === 0) return { reading, effects: noEffects };
  const queries = ready.map(({ request }) => request);
  const { outcomes } = object.execute(value, queries);
  const replies = new Map<Address, Reply[]>();
  ready.forEach(({ frontEnd, request: { session, seq } }, i) => {
    const outcome = outcomes[i];
    if (outcome !== undefined) addReply(replies, frontEnd, { session, seq, outcome, version });
  });
  return { reading, effects: answered(queries, replies) };
}
