/**
 * What a slave does: it answers queries from what it has, and takes what the master sends it, when it comes.
 */
import { enterView, type JoiningChange, takeChunks } from '../membership/joiner.js';
import type { Chunk } from '../membership/state-transfer.js';
import { installed, managerOf, partyOf } from '../passive/context.js';
import type { Read } from '../passive/messages.js';
import { discarded } from '../shared/discard.js';
import type { Effect, Incoming } from '../shared/effects.js';
import { recordExecuted } from '../shared/executed-table.js';
import { addReply, answered, idsOf, type Replica } from '../shared/execution.js';
import { type Address, type SessionId, sessionId } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import type { Batch, Reply } from '../shared/requests.js';
import type { View } from '../shared/view.js';
import { type CatchUp, type CaughtUp, type Change, type LazyContext, noState } from './context.js';

/** EX and END of queries, at whichever replica manager they come to: what the client has seen elsewhere counts for nothing. */
export function read<Value>(
  { current: { value, version } }: LazyContext<Value>,
  event: Incoming<'read', Read>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const queries = event.items.map(({ request }) => request);
  const { outcomes } = object.execute(value, queries);
  const replies = new Map<Address, Reply[]>();
  queries.forEach(({ session, seq }, i) => {
    const outcome = outcomes[i];
    if (outcome !== undefined) addReply(replies, event.from, { session, seq, outcome, version });
  });
  return { effects: answered(queries, replies) };
}

/** Only the master executes updates: whoever is asked passes them on. */
export function toMaster<Value>(
  { reign: { primary }, self }: LazyContext<Value>,
  { items }: Incoming<'requests', Batch>,
): Change<Value> {
  if (primary === null || primary === self) return { effects: discarded('requests', { 'no master': items.length }) };
  return {
    effects: [{ type: 'send', to: managerOf(primary), message: { type: 'requests', items }, channel: 'fifo' }],
  };
}

/** AC at a slave. A catch-up is of use only to the version that it follows on. */
export function catchUp<Value>(
  context: LazyContext<Value>,
  event: Incoming<'catch-up', CatchUp>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { reign, self } = context;
  let { current } = context;
  const effects: Effect[] = [];
  let unfitting = 0;
  for (const item of event.items) {
    const fits = reign.primary !== null && event.from === managerOf(reign.primary) && item.reign === reign.since;
    if (!fits || item.after !== current.version) {
      unfitting += 1;
      continue;
    }
    current = applied(current, item, object);
    const requests = idsOf(item.done.map(({ session, seq }): Ended => ({ session: sessionId(session), seq })));
    const taken: CaughtUp = { reign: item.reign, version: item.version, member: self };
    if (requests.length > 0) effects.push({ type: 'phase', phase: 'AC', requests });
    effects.push({
      type: 'send',
      to: event.from,
      message: { type: 'caught-up', items: [taken] },
      channel: 'fifo',
      control: true,
    });
  }
  return { current, effects: [...effects, ...discarded('catch-up', { 'of no use': unfitting })] };
}

interface Ended {
  readonly session: SessionId;
  readonly seq: number;
}

function applied<Value>(before: Replica<Value>, item: CatchUp, object: ReplicatedObject<Value>): Replica<Value> {
  let { executed } = before;
  for (const { session, seq, outcome, version } of item.done)
    executed = recordExecuted(executed, session, { seq, outcome, version });
  return { value: object.apply(before.value, item.change), version: item.version, executed };
}

/** A new view; where it has another master than the one before, the state of that one is on its way. */
export function follow<Value>(
  context: LazyContext<Value>,
  event: Incoming<'view', View>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  let now: LazyContext<Value> = context;
  const effects: Effect[] = [];
  for (const view of event.items) {
    now = { ...now, ...installed(now, [view]) };
    const { effects: more = [], ...change } = received(
      now,
      enterView<Value, never>(now.joining, partyOf(now), view, object),
      object,
    );
    now = { ...now, ...change };
    effects.push(...more);
  }
  return { ...now, effects };
}

/** The group's first view: everybody in it has the initial state, and at most what belongs to a later one is on its way. */
export function begin<Value>(context: LazyContext<Value>, event: Incoming<'view', View>): Change<Value> {
  const now = installed(context, event.items);
  return { ...now, joining: { ...context.joining, view: now.view }, effects: noEffects };
}

/** A part of the master's state. */
export function receive<Value>(
  context: LazyContext<Value>,
  event: Incoming<'chunk', Chunk>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  return received(context, takeChunks<Value, never>(context.joining, partyOf(context), event, object), object);
}

/** With the last part, what was here before is gone: the master's state is in its place. */
function received<Value>(
  context: LazyContext<Value>,
  { joining, joined, effects }: JoiningChange<Value, never>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  if (joined === null) return { joining, effects };
  const { value, version, executed, rest } = joined.point;
  return {
    joining: { ...noState(object), view: joining.view, early: joining.early },
    reign: { ...context.reign, since: Number(rest) },
    current: { value, version, executed },
    effects,
  };
}
