/**
 * Execution with duplicate elimination: what a replica manager does with requests that have come to it, in whatever
 * way its style brings them. Each request id is executed once, and a repeated one gets the stored reply (AR-14).
 *
 * The result depends on the sequence of requests alone and not on how it was cut into batches, for two replicas may
 * see the same sequence in different batches: so the executed table is taken through every single request in turn, and only
 * the object, which is deterministic itself, gets all fresh ones at once.
 */
import type { Effect } from './effects.js';
import { type Executed, type ExecutedTable, lastExecuted, recordExecuted, standing } from './executed-table.js';
import { type Address, type RequestId, requestId } from './identifiers.js';
import type { ReplicatedObject } from './object.js';
import type { Batch, Outcome, Reply, Request } from './requests.js';

/** A replica's state, as far as requests change it. */
export interface Replica<Value> {
  readonly value: Value;
  /** Number of updates executed, failed ones among them. */
  readonly version: number;
  readonly executed: ExecutedTable;
}

export interface BatchExecution<Value> extends Replica<Value> {
  /** The requests that were executed, in order. */
  readonly fresh: readonly Request[];
  /** What each front end is told. */
  readonly replies: Map<Address, Reply[]>;
  /** Requests that nobody waits for any more. */
  readonly stale: number;
}

/** An entry of the table while its request is being executed: nobody has seen it yet. */
type Draft = { -readonly [Field in keyof Executed]: Executed[Field] };
interface Due {
  readonly to: Address;
  readonly request: Request;
  readonly executed: Executed;
}

const notYet: Outcome = { ok: true, value: undefined };

const sessionExpired: Outcome = {
  ok: false,
  error: {
    code: 'SESSION_EXPIRED',
    message:
      'The replicas have forgotten this session, so whether its request took effect is unknown. Open a new session, or let the replicas remember more of them.',
  },
};

/**
 * `forgotten` says what becomes of a request whose session has been forgotten: it is refused, or executed all the same
 * where replicas do not all see every session.
 */
export function executeBatches<Value>(
  replica: Replica<Value>,
  object: ReplicatedObject<Value>,
  batches: readonly Batch[],
  forgotten: 'refuse' | 'execute',
): BatchExecution<Value> {
  let { version, executed: table } = replica;
  const fresh: Request[] = [];
  const drafts: Draft[] = [];
  const due: Due[] = [];
  let stale = 0;
  for (const { frontEnd: to, requests } of batches) {
    for (const request of requests) {
      const last = lastExecuted(table, request.session);
      const stands = standing(last, request);
      if (stands === 'stale') stale += 1;
      else if (stands === 'repeated' && last !== undefined) due.push({ to, request, executed: last });
      else if (stands === 'expired' && forgotten === 'refuse')
        due.push({ to, request, executed: { seq: request.seq, outcome: sessionExpired, version } });
      else {
        if (request.kind === 'update') version += 1;
        const draft: Draft = { seq: request.seq, outcome: notYet, version };
        table = recordExecuted(table, request.session, draft);
        fresh.push(request);
        drafts.push(draft);
        due.push({ to, request, executed: draft });
      }
    }
  }
  const value = fresh.length === 0 ? replica.value : fill(drafts, object, replica.value, fresh);
  return { value, version, executed: table, fresh, replies: repliesOf(due), stale };
}

function fill<Value>(
  drafts: readonly Draft[],
  object: ReplicatedObject<Value>,
  value: Value,
  fresh: readonly Request[],
): Value {
  const execution = object.execute(value, fresh);
  drafts.forEach((draft, i) => {
    draft.outcome = execution.outcomes[i] ?? notYet; // there is one outcome for each request
  });
  return execution.value;
}

function repliesOf(due: readonly Due[]): Map<Address, Reply[]> {
  const replies = new Map<Address, Reply[]>();
  for (const { to, request, executed } of due) {
    const { outcome, version } = executed;
    addReply(replies, to, { session: request.session, seq: request.seq, outcome, version });
  }
  return replies;
}

export function addReply(replies: Map<Address, Reply[]>, to: Address, reply: Reply): void {
  const others = replies.get(to);
  if (others === undefined) replies.set(to, [reply]);
  else others.push(reply);
}

/** The phases EX and END of what was executed and is answered, and one message of replies to each front end. */
export function answered(executed: readonly Request[], replies: ReadonlyMap<Address, readonly Reply[]>): Effect[] {
  const ended: RequestId[] = [];
  for (const items of replies.values()) for (const { session, seq } of items) ended.push(requestId(session, seq));
  const effects: Effect[] = [];
  if (executed.length > 0) effects.push({ type: 'phase', phase: 'EX', requests: idsOf(executed) });
  if (ended.length > 0) effects.push({ type: 'phase', phase: 'END', requests: ended });
  for (const [to, items] of replies)
    effects.push({ type: 'send', to, message: { type: 'replies', items }, channel: 'unordered' });
  return effects;
}

export const idsOf = (
  requests: readonly { readonly session: Request['session']; readonly seq: number }[],
): RequestId[] => requests.map(({ session, seq }) => requestId(session, seq));
