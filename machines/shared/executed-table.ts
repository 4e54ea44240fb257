/**
 * The executed-operation table: for each client's session the last request that was executed, with its stored reply
 * (Birman & Joseph 1987; Coulouris et al., ch. 18). A session has one request under way at a time, so one entry a
 * session is enough to execute every request id once (AR-14).
 *
 * The table is bounded by two generations. An executed request is recorded in the young one; when that is full it
 * becomes the old one, and what was old before is forgotten. So the `bound` sessions last used are remembered at
 * least, and never more than twice as many are kept; each step costs a few look-ups, and all replicas that record the same
 * requests in the same order forget the same sessions at the same request.
 */
import { emptyMap, mapGet, mapHas, mapSet, type PersistentMap } from './persistent-map.js';
import type { Outcome, Request } from './requests.js';

export interface Executed {
  readonly seq: number;
  readonly outcome: Outcome;
  /** Number of updates executed when the request had been. */
  readonly version: number;
}

export interface ExecutedTable {
  /** Most sessions in one generation. */
  readonly bound: number;
  readonly young: PersistentMap<Executed>;
  readonly old: PersistentMap<Executed>;
}

export const executedTable = (bound: number): ExecutedTable => ({ bound, young: emptyMap(), old: emptyMap() });

/** The last request of this session that was executed; undefined for a session that is new or forgotten. */
export const lastExecuted = (table: ExecutedTable, session: string): Executed | undefined =>
  mapGet(table.young, session) ?? mapGet(table.old, session);

export function recordExecuted(table: ExecutedTable, session: string, executed: Executed): ExecutedTable {
  const full = table.young.size >= table.bound && !mapHas(table.young, session);
  return {
    bound: table.bound,
    young: mapSet(full ? emptyMap<Executed>() : table.young, session, executed),
    old: full ? table.young : table.old,
  };
}

/**
 * How a request stands to what was executed of its session: not yet; just now, so that the stored reply answers it;
 * followed by a later one, so that nobody waits for it any more; or of a session that has been forgotten, so that
 * nobody can tell.
 */
export type Standing = 'fresh' | 'repeated' | 'stale' | 'expired';

export function standing(last: Executed | undefined, request: Pick<Request, 'seq' | 'after'>): Standing {
  if (last === undefined) return request.after > 0 ? 'expired' : 'fresh';
  if (request.seq > last.seq) return 'fresh';
  return request.seq === last.seq ? 'repeated' : 'stale';
}
