/**
 * The replica manager of active replication in a group whose members come and go (Schneider 1990; Birman & Joseph 1987). It
 * executes what the group delivers, like one of a static group (replica-manager.ts), and besides:
 *
 * - Its replies name itself and the view of the delivery, for the front end must know that a result outlives those who
 *   told it (surviving.ts). A request that comes again is answered again, with the view of then.
 * - One that has joined is sent the state, and holds what is delivered meanwhile; it says so to the front ends, and
 *   executes it on the state when that has come (state-transfer.ts).
 * - Full members compare digests of their states, and who finds itself apart from the majority stops and leaves (comparison.ts).
 *
 * A query sent to this replica manager alone is answered from a state that may know more than all members do, unless delivery is
 * uniform: so the style asks for a uniform group where such reads are wanted.
 */
import { assign, setup } from 'xstate';
import { chunksTaken, type Donor, donorIn, offer } from '../membership/donor.js';
import {
  enterView,
  hold,
  type Joined,
  type Joining,
  type JoiningChange,
  joiningFrom,
  takeChunks,
} from '../membership/joiner.js';
import { type Party, replicaManagerAt, type TransferEvent, transferShapes } from '../membership/state-transfer.js';
import { isMember, type View } from '../membership/view.js';
import { discarded, unfit } from '../shared/discard.js';
import type { Delivery, Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { executedTable } from '../shared/executed-table.js';
import { addReply, answered, executeBatches, idsOf, type Replica } from '../shared/execution.js';
import {
  type Address,
  address,
  type GroupName,
  groupActor,
  type SenderId,
  senderId,
  senderNode,
} from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { emptyMap, type PersistentMap } from '../shared/persistent-map.js';
import { remembered } from '../shared/remembered.js';
import { batchesIn } from '../shared/request-shapes.js';
import type { Batch, Reply, Request } from '../shared/requests.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { ReplicaManagerInput, StyleSettings } from '../shared/style.js';
import {
  type Comparing,
  compared,
  type Digest,
  type Divergence,
  digestShape,
  enterComparing,
  named,
  nothingCompared,
  type Point,
  reached,
  told,
} from './comparison.js';
import type { Read } from './front-end.js';
import { admitReads, answerReads, readable, replicaManagerShapes, type WaitingRead } from './replica-manager.js';
import type { Held, MemberReply } from './surviving.js';

export const memberReplicaManagerShapes = {
  ...replicaManagerShapes,
  ...transferShapes,
  digest: digestShape,
} as const satisfies MessageShapes;

export type MemberReplicaManagerEvent =
  /** From the group's actor on this node, as the views of TransferEvent are: payloads are batches of requests. */
  | Incoming<'delivered', Delivery>
  /** From a front end that asks this replica manager alone. */
  | Incoming<'read', Read>
  /** From another full member. */
  | Incoming<'digest', Digest>
  | TransferEvent
  | Incoming<'gone', Gone>;

/** A batch with its place in the order. */
export interface Ordered extends Point {
  readonly batch: Batch;
}

export interface MemberReplicaManagerContext<Value> extends Effectful {
  readonly self: SenderId;
  readonly group: GroupName;
  /** The latest; null before the first. */
  readonly view: View | null;
  readonly value: Value;
  /** Number of updates executed, failed ones among them. */
  readonly version: number;
  readonly executed: Replica<Value>['executed'];
  /** What the group has delivered and is not executed yet: empty but in `executing`. */
  readonly ordered: readonly Ordered[];
  /** By session: queries for this replica manager alone that wait for updates which their front end has seen. */
  readonly waiting: PersistentMap<WaitingRead>;
  /** How far the state is known to be that of the others. */
  readonly comparing: Comparing;
  /** Why this member has stopped; null while it has not. */
  readonly divergence: Divergence | null;
  /** Transfers of the state to others. */
  readonly donor: Donor<Value>;
  /** The transfer of the state to this member; null when it has the state. */
  readonly joining: Joining<Ordered> | null;
}

/** Messages of the order between two comparisons, where the settings do not say. */
export const COMPARE_EVERY = 64;

type Context<Value> = MemberReplicaManagerContext<Value>;
type Change<Value> = Partial<Context<Value>>;

/** The name of the replica managers' actors. */
const actor = 'rm';

const partyOf = ({ self, group }: Pick<Context<unknown>, 'self' | 'group'>): Party => ({ self, group, actor });

const isFull = (view: View, self: SenderId): boolean => view.members.some(({ id, full }) => id === self && full);

function initialContext<Value>(
  { node, incarnation, group }: ReplicaManagerInput,
  object: ReplicatedObject<Value>,
  { sessions }: StyleSettings,
): Context<Value> {
  return {
    self: senderId(node, incarnation),
    group,
    view: null,
    value: object.initial(),
    version: 0,
    executed: executedTable(sessions),
    ordered: [],
    waiting: emptyMap(),
    comparing: nothingCompared,
    divergence: null,
    donor: donorIn<Value>(null),
    joining: null,
    effects: noEffects,
  };
}

/** What is no batch of requests is dropped, by every replica manager alike. */
function orderedIn(items: readonly Delivery[]): Ordered[] {
  return items.flatMap((delivery) =>
    batchesIn([delivery]).map((batch) => ({ view: delivery.view ?? 0, number: delivery.number ?? 0, batch })),
  );
}

/** SC: the order is made. */
export function takeOrder<Value>(event: Incoming<'delivered', Delivery>): Change<Value> {
  const ordered = orderedIn(event.items);
  const ids = ordered.flatMap(({ batch }) => idsOf(batch.requests));
  const effects: Effect[] = ids.length === 0 ? [] : [{ type: 'phase', phase: 'SC', requests: ids }];
  return {
    ordered,
    effects: [...effects, ...discarded('delivered', { malformed: event.items.length - ordered.length })],
  };
}

/** Pieces of the order that are of one view and have no point of comparison but at their end. */
export function piecesOf(ordered: readonly Ordered[], every: number): Ordered[][] {
  const pieces: Ordered[][] = [];
  for (const next of ordered) {
    const piece = pieces.at(-1);
    const last = piece?.at(-1);
    if (piece === undefined || last === undefined || last.view !== next.view || last.number % every === 0)
      pieces.push([next]);
    else piece.push(next);
  }
  return pieces;
}

/** EX and END, for the whole of what was delivered and for the reads that waited for it. Who has diverged answers nothing. */
export function execute<Value>(context: Context<Value>, object: ReplicatedObject<Value>, every: number): Change<Value> {
  let now: Context<Value> = { ...context, ordered: [] };
  const fresh: Request[] = [];
  const replies = new Map<Address, Reply[]>();
  const digests: Effect[] = [];
  let stale = 0;
  for (const piece of piecesOf(context.ordered, every)) {
    const { view, number } = piece.at(-1) ?? { view: 0, number: 0 }; // no piece is empty
    const batches = piece.map(({ batch }) => batch);
    const done = executeBatches(now, object, batches, 'refuse');
    fresh.push(...done.fresh);
    stale += done.stale;
    sign(done.replies, context.self, view, replies);
    const { value, version, executed } = done;
    const operations = named(now.comparing.operations, done.fresh);
    now = { ...now, value, version, executed, comparing: { ...now.comparing, operations } };
    if (number % every !== 0) continue;
    const { effects, ...change } = compare(now, { view, number }, object);
    now = { ...now, ...change };
    digests.push(...effects);
    if (now.divergence !== null) return { ...now, effects: digests };
  }
  const { waiting, ready } = readable(context.waiting, now.version);
  const queries = answerAlone(now, ready, object, replies);
  const effects = [...answered([...fresh, ...queries], replies), ...digests, ...discarded('delivered', { stale })];
  return { ...now, waiting, effects };
}

/** Adds replies in this member's name, as of this view. */
function sign(
  unsigned: ReadonlyMap<Address, readonly Reply[]>,
  member: SenderId,
  view: number,
  replies: Map<Address, Reply[]>,
): void {
  for (const [to, items] of unsigned) {
    for (const reply of items) {
      const signed: MemberReply = { ...reply, member, view };
      addReply(replies, to, signed);
    }
  }
}

/** Adds the answers to reads at this replica manager alone, and returns the queries. */
function answerAlone<Value>(
  { self, view, value, version }: Context<Value>,
  ready: readonly WaitingRead[],
  object: ReplicatedObject<Value>,
  replies: Map<Address, Reply[]>,
): readonly Request[] {
  const unsigned = new Map<Address, Reply[]>();
  const queries = answerReads(object, value, version, ready, unsigned);
  sign(unsigned, self, view?.id ?? 0, replies);
  return queries;
}

/** EX and END of reads at this replica manager alone; one that is too early waits. */
export function takeReads<Value>(
  context: Context<Value>,
  event: Incoming<'read', Read>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { waiting, ready, effects } = admitReads(context, event);
  const replies = new Map<Address, Reply[]>();
  const queries = answerAlone(context, ready, object, replies);
  return { waiting, effects: [...answered(queries, replies), ...effects] };
}

/** A full member has reached a point: it tells the others, and may find itself apart from them. */
function compare<Value>(
  { self, group, view, value, version, comparing }: Context<Value>,
  { view: id, number }: Point,
  object: ReplicatedObject<Value>,
): Pick<Context<Value>, 'comparing' | 'divergence' | 'effects'> {
  if (view === null || view.id !== id || !isFull(view, self))
    return { comparing, divergence: null, effects: noEffects };
  const digest: Digest = { view: id, number, member: self, version, digest: object.digest(value) };
  const others = view.members.filter((member) => member.full && member.id !== self);
  const effects = others.map(
    (member): Effect => ({
      type: 'send',
      to: replicaManagerAt(member.id, actor),
      message: { type: 'digest', items: [digest] },
      channel: 'fifo',
      control: true,
    }),
  );
  return judged({ self, group, view, comparing: reached(comparing, digest) }, effects);
}

type Judged = Pick<Context<unknown>, 'comparing' | 'divergence' | 'effects'>;

/** Who finds itself apart from a majority asks its group to let it go. */
function judged(
  { self, group, view, comparing }: Pick<Context<unknown>, 'self' | 'group' | 'view' | 'comparing'>,
  effects: readonly Effect[],
): Judged {
  if (view === null) return { comparing, divergence: null, effects };
  const judgement = compared(comparing, view, self);
  if (judgement.divergence === null) return { ...judgement, effects };
  const leave: Effect = {
    type: 'send',
    to: address(senderNode(self), groupActor(group)),
    message: { type: 'leave', items: [true] },
    channel: 'fifo',
  };
  const { code, operations, majority } = judgement.divergence;
  const why = discarded('digest', { [`${code}: ${operations.join(', ')}`]: 1 });
  return { ...judgement, effects: [...effects, ...why, ...(majority ? [leave] : [])] };
}

/** Digests of other members. */
export function hearDigests<Value>(context: Context<Value>, event: Incoming<'digest', Digest>): Change<Value> {
  let { comparing } = context;
  let late = 0;
  let stranger = 0;
  for (const digest of event.items) {
    const next = told(comparing, digest);
    if (event.from !== replicaManagerAt(digest.member, actor)) stranger += 1;
    else if (next === null) late += 1;
    else comparing = next;
  }
  return judged({ ...context, comparing }, discarded('digest', { late, stranger }));
}

/** A full member installs views: each is a point of comparison, and those who have joined are sent the state of that point. */
export function install<Value>(
  context: Context<Value>,
  event: Incoming<'view', View>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  let now: Context<Value> = { ...context, joining: null };
  const effects: Effect[] = [];
  for (const view of event.items) {
    const { value, version, executed } = now;
    const offered = offer(now.donor, partyOf(now), view, { value, version, executed, rest: null }, object);
    now = { ...now, view, donor: offered.donor, comparing: enterComparing(now.comparing, view.id) };
    const { effects: digests, ...change } = compare(now, { view: view.id, number: 0 }, object);
    now = { ...now, ...change };
    effects.push(...offered.effects, ...digests);
    if (now.divergence !== null) break;
  }
  return { ...now, effects };
}

/** A joiner has some of the state. */
export const handOn = <Value>(
  context: Context<Value>,
  event: Extract<TransferEvent, { type: 'chunk-taken' }>,
  object: ReplicatedObject<Value>,
): Change<Value> => chunksTaken(context.donor, event, object);

/** One that has joined enters the group, or another view while the state is coming. */
export function enter<Value>(
  context: Context<Value>,
  event: Incoming<'view', View>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const [view, ...later] = event.items;
  if (view === undefined) return { effects: noEffects };
  const joining = context.joining ?? joiningFrom<Value, Ordered>(object);
  const entered = receive({ ...context, view }, enterView(joining, partyOf(context), view, object), object);
  if (later.length === 0) return entered;
  const now = { ...context, ...entered };
  const rest: Incoming<'view', View> = { ...event, items: later };
  const { effects = noEffects, ...change } =
    now.joining === null ? install(now, rest, object) : enter(now, rest, object);
  return { ...now, ...change, effects: [...now.effects, ...effects] };
}

/** A part of the state has come. */
export function takeState<Value>(
  context: Context<Value>,
  event: Extract<TransferEvent, { type: 'chunk' }>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { joining, view } = context;
  // The donor may install the view before this member does, if it is its first.
  const before = joining ?? (view === null ? joiningFrom<Value, Ordered>(object) : null);
  if (before === null) return unfit(event);
  return receive(context, takeChunks<Value, Ordered>(before, partyOf(context), event, object), object);
}

function receive<Value>(
  context: Context<Value>,
  { joining, joined, effects }: JoiningChange<Value, Ordered>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { view } = context;
  if (joined === null) return { view, joining, effects };
  return { view, joining: null, donor: joined.donor, ...catchUp(context, joined, effects, object) };
}

/** What was held is executed on the state, and nobody is told: who still waits for a result asks again. */
function catchUp<Value>(
  { comparing }: Context<Value>,
  { point, held }: Joined<Value, Ordered>,
  effects: readonly Effect[],
  object: ReplicatedObject<Value>,
): Change<Value> {
  const batches = held.map(({ batch }) => batch);
  const { value, version, executed, fresh } = executeBatches(point, object, batches, 'refuse');
  const operations = named([], fresh);
  return {
    value,
    version,
    executed,
    comparing: { ...comparing, operations },
    effects: [...answered(fresh, new Map()), ...effects],
  };
}

/** A joiner holds what is delivered until it has the state, and tells the front ends. */
export function holdBack<Value>(context: Context<Value>, event: Incoming<'delivered', Delivery>): Change<Value> {
  const { joining, self } = context;
  const ordered = orderedIn(event.items);
  const malformed = discarded('delivered', { malformed: event.items.length - ordered.length });
  if (joining === null || ordered.length === 0) return { effects: malformed };
  const lists = new Map<Address, Held[]>();
  for (const { view, batch } of ordered) {
    const held = batch.requests.map(({ session, seq }): Held => ({ session, seq, member: self, view }));
    lists.set(batch.frontEnd, [...(lists.get(batch.frontEnd) ?? []), ...held]);
  }
  const sends = [...lists].map(
    ([to, items]): Effect => ({ type: 'send', to, message: { type: 'held', items }, channel: 'unordered' }),
  );
  return { joining: hold(joining, ordered), effects: [...sends, ...malformed] };
}

/** The group has gone on without this member. */
export const exclude = <Value>(): Change<Value> => ({
  view: null,
  waiting: emptyMap(),
  joining: null,
  donor: donorIn<Value>(null),
  effects: noEffects,
});

/** The replica manager's chart. */
export function memberReplicaManager<Value>(object: ReplicatedObject<Value>, settings: StyleSettings) {
  const every = settings.compareEvery ?? COMPARE_EVERY;
  const executed = remembered((context: Context<Value>, _: MemberReplicaManagerEvent) =>
    execute(context, object, every),
  );
  const changed = remembered((context: Context<Value>, event: MemberReplicaManagerEvent): Change<Value> => {
    if (event.type === 'digest') return hearDigests(context, event);
    if (event.type === 'chunk') return takeState(context, event, object);
    if (event.type !== 'view') return unfit(event);
    const first = event.items[0];
    const hasState = context.view !== null && context.joining === null;
    const begins = context.view === null && first !== undefined && isFull(first, context.self);
    return hasState || begins ? install(context, event, object) : enter(context, event, object);
  });
  const lastView = (event: MemberReplicaManagerEvent): View | undefined =>
    event.type === 'view' ? event.items.at(-1) : undefined;
  return setup({
    types: {} as {
      context: Context<Value>;
      events: MemberReplicaManagerEvent;
      input: ReplicaManagerInput;
      emitted: EffectsEmitted;
    }, // for the compiler only
    actions: { change: assign(({ context, event }) => changed(context, event)), emitEffects },
    guards: {
      isExcluded: ({ context, event }) => {
        const view = lastView(event);
        return view !== undefined && !isMember(view, context.self);
      },
      hasTheState: ({ context, event }) => {
        const change = changed(context, event);
        return change.joining === null || (change.joining === undefined && context.joining === null);
      },
      differs: ({ context, event }) => (changed(context, event).divergence ?? null) !== null,
      differsNow: ({ context, event }) => (executed(context, event).divergence ?? null) !== null,
    },
  }).createMachine({
    id: 'active member replica manager',
    context: ({ input }) => initialContext(input, object, settings),
    initial: 'outside',
    on: {
      // Views tell more; replies to a front end that is gone are the link's to drop, and its requests are executed all the same (AR-9).
      gone: {},
      '*': { actions: [assign(({ event }) => unfit(event)), 'emitEffects'] },
    },
    states: {
      outside: {
        on: {
          view: [
            { guard: 'isExcluded', actions: [assign(() => exclude<Value>()), 'emitEffects'] },
            { guard: 'hasTheState', target: 'awaiting', actions: ['change', 'emitEffects'] },
            { target: 'joining', actions: ['change', 'emitEffects'] },
          ],
          // Others may be in this member's first view before it is.
          chunk: { actions: ['change', 'emitEffects'] },
          digest: { actions: ['change', 'emitEffects'] },
        },
      },
      joining: {
        on: {
          view: [
            {
              guard: 'isExcluded',
              target: 'outside',
              actions: [assign(() => exclude<Value>()), 'emitEffects'],
            },
            { guard: 'hasTheState', target: 'awaiting', actions: ['change', 'emitEffects'] },
            { actions: ['change', 'emitEffects'] },
          ],
          chunk: [
            { guard: 'hasTheState', target: 'awaiting', actions: ['change', 'emitEffects'] },
            { actions: ['change', 'emitEffects'] },
          ],
          delivered: { actions: [assign(({ context, event }) => holdBack(context, event)), 'emitEffects'] },
        },
      },
      awaiting: {
        on: {
          delivered: { target: 'executing', actions: [assign(({ event }) => takeOrder<Value>(event)), 'emitEffects'] },
          read: { actions: [assign(({ context, event }) => takeReads(context, event, object)), 'emitEffects'] },
          view: [
            {
              guard: 'isExcluded',
              target: 'outside',
              actions: [assign(() => exclude<Value>()), 'emitEffects'],
            },
            { guard: 'differs', target: 'diverged', actions: ['change', 'emitEffects'] },
            { actions: ['change', 'emitEffects'] },
          ],
          digest: [
            { guard: 'differs', target: 'diverged', actions: ['change', 'emitEffects'] },
            { actions: ['change', 'emitEffects'] },
          ],
          'chunk-taken': { actions: [assign(({ context, event }) => handOn(context, event, object)), 'emitEffects'] },
        },
      },
      executing: {
        tags: 'EX',
        always: [
          {
            guard: 'differsNow',
            target: 'diverged',
            actions: [assign(({ context, event }) => executed(context, event)), 'emitEffects'],
          },
          { target: 'awaiting', actions: [assign(({ context, event }) => executed(context, event)), 'emitEffects'] },
        ],
      },
      diverged: { on: { view: {} } },
    },
  });
}
