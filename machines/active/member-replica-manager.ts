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
import { type TransferEvent, transferShapes } from '../membership/state-transfer.js';
import { discarded, unfit } from '../shared/discard.js';
import type { Delivery, Effect, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { addReply, answered, executeBatches, idsOf } from '../shared/execution.js';
import type { Address, SenderId } from '../shared/identifiers.js';
import { emitEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { remembered } from '../shared/remembered.js';
import type { Reply, Request } from '../shared/requests.js';
import type { MessageShapes } from '../shared/shapes.js';
import type { ReplicaManagerInput, StyleSettings } from '../shared/style.js';
import { isMember, type View } from '../shared/view.js';
import { type Digest, digestShape, named } from './comparison.js';
import type { Read } from './front-end.js';
import { type Change, type Context, initialContext, isFull, type Ordered, orderedIn } from './member-context.js';
import { compare, hearDigests } from './member-digests.js';
import { enter, exclude, handOn, holdBack, install, takeState } from './member-views.js';
import { admitReads, answerReads, readable, replicaManagerShapes, type WaitingRead } from './replica-manager.js';
import type { MemberReply } from './surviving.js';

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

/** Messages of the order between two comparisons, where the settings do not say. */
const COMPARE_EVERY = 64;

/** SC: the order is made. */
function takeOrder<Value>(event: Incoming<'delivered', Delivery>): Change<Value> {
  const ordered = orderedIn(event.items);
  const ids = ordered.flatMap(({ batch }) => idsOf(batch.requests));
  const effects: Effect[] = ids.length === 0 ? [] : [{ type: 'phase', phase: 'SC', requests: ids }];
  return {
    ordered,
    effects: [...effects, ...discarded('delivered', { malformed: event.items.length - ordered.length })],
  };
}

/** Pieces of the order that are of one view and have no point of comparison but at their end. */
function piecesOf(ordered: readonly Ordered[], every: number): Ordered[][] {
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
function takeReads<Value>(
  context: Context<Value>,
  event: Incoming<'read', Read>,
  object: ReplicatedObject<Value>,
): Change<Value> {
  const { waiting, ready, effects } = admitReads(context, event);
  const replies = new Map<Address, Reply[]>();
  const queries = answerAlone(context, ready, object, replies);
  return { waiting, effects: [...answered(queries, replies), ...effects] };
}

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
        tags: 'joining',
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
        tags: 'joining',
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
