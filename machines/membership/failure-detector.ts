/**
 * The failure detector of a node (GM-3): it sends heartbeats to the nodes that it watches and suspects those that it has not
 * heard from for too long. In an asynchronous system nobody can do better than suspect: what it promises is that of an
 * eventually perfect detector (◇P, Chandra & Toueg 1996). Every crashed node is suspected in the end and for ever (completeness), and
 * once the network keeps some bound on delay and loss, nobody else is (eventual accuracy; the accrual estimator finds the bound
 * itself, the fixed timeout must be above it). What follows from a suspicion is for others to say: here nobody is evicted.
 *
 * Actors on the same node say whom they want watched; all their lists together are watched, and each hears opinions of its own list.
 * Mostly watching is mutual, as members of a view all watch each other. A heartbeat from a node that is not watched is answered.
 *
 * Incarnations of a node follow each other: hearing one means that all before it are gone. `gone` is no opinion but a fact, so
 * nothing but a newer incarnation takes it back. A pure machine has no clock, so time is counted in ticks of its own timer. If the whole
 * node stands still for a while, it counts that as one tick, and does not blame the others for its own silence.
 */
import { assign, setup } from 'xstate';
import { discarded, unfit } from '../shared/discard.js';
import type { Effect, Effectful, EffectsEmitted, Gone, Incoming } from '../shared/effects.js';
import { type Address, address, incarnationOf, type NodeId, nodeOf, type SenderId } from '../shared/identifiers.js';
import { emitEffects, noEffects } from '../shared/machine.js';
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import { fields, type MessageShapes, natural } from '../shared/shapes.js';
import { type Accrual, type Arrivals, isTooUnlikely, noArrivals, withGap } from './accrual.js';
import { type FixedTimeout, isSilentTooLong } from './fixed-timeout.js';
import { detectorActor, type Suspicion, type Watch } from './messages.js';

export interface DetectorInput {
  readonly node: NodeId;
  readonly incarnation: number;
  /** ms from one heartbeat to the next. */
  readonly interval: number;
  /** ms: the grain of time, a part of the interval. Silence is measured in whole ticks. */
  readonly tick: number;
  readonly estimator: FixedTimeout | Accrual;
}

/** To the detector of another node: this incarnation is alive. */
interface Heartbeat {
  readonly incarnation: number;
  /** It is no answer, so who does not send any of its own accord is to answer it. */
  readonly asks?: true;
}

/** A fault put in by a test: this node is suspected at once, until its next heartbeat but one. */
interface Mistake {
  readonly node: NodeId;
}

export const detectorShapes = {
  heartbeat: fields({ incarnation: natural, asks: (value) => value === undefined || value === true }),
} as const satisfies MessageShapes;

type Watching = Incoming<'watch', Watch>;
type Beating = Incoming<'heartbeat', Heartbeat>;
type Ended = Incoming<'gone', Gone>;
type Mistaken = Incoming<'mistake', Mistake>;
export type DetectorEvent =
  /** From an actor on this node; if several lists come as one, the last counts. */
  Watching | Beating | Ended | Mistaken;

/** What is thought of a node that is watched. */
interface Watched {
  /** The latest incarnation that is known to have started, 1 if none is. */
  readonly incarnation: number;
  /** `gone` is certain, for this incarnation and all before it. */
  readonly opinion: 'trusted' | 'suspected' | 'gone';
  /**
   * The tick that ended first after its last heartbeat, or after watching it began: silence is never taken to be longer
   * than it is.
   */
  readonly at: number;
  /** This incarnation has been heard. */
  readonly heard: boolean;
  /** How its heartbeats arrive; learned only where the estimator asks for it. */
  readonly arrivals: Arrivals;
  /** Heartbeats that are not believed yet, after a mistake that a test put in. */
  readonly disbelieved: number;
}

export interface DetectorContext extends Effectful {
  readonly input: DetectorInput;
  /** Ticks so far while anybody was watched. */
  readonly now: number;
  /** Who asked for which nodes; an actor that asks for none is forgotten. */
  readonly lists: PersistentMap<readonly NodeId[]>;
  /** By node: all that is on any list, and nothing else. */
  readonly watched: PersistentMap<Watched>;
  /** Suspicions of an incarnation that a heartbeat of the same incarnation has refuted. */
  readonly mistakes: number;
}

type Change = Partial<DetectorContext>;
type Rule<E> = (args: { readonly context: DetectorContext; readonly event: E }) => Change;

/**
 * Whether whoever was last told this of a node should take that member for dead: any older incarnation is, and so is any that the
 * detector knows nothing newer of while it suspects the node.
 */
export const suspects = (last: Suspicion | undefined, member: SenderId): boolean =>
  last !== undefined && (last.suspected || incarnationOf(member) < last.incarnation);

export const initialDetector = (input: DetectorInput): DetectorContext => ({
  input,
  now: 0,
  lists: emptyMap(),
  watched: emptyMap(),
  mistakes: 0,
  effects: noEffects,
});

/**
 * An actor's new list. It is told whom of them are suspected already, those included of whom it was told before: what asks anew, in
 * a new view or after a restart, has forgotten.
 */
export const watch: Rule<Watching> = ({ context, event }) => {
  const { input, now } = context;
  const list = event.items.at(-1);
  const nodes = [...new Set(list?.nodes)].filter((node) => node !== input.node);
  const lists = nodes.length === 0 ? mapDelete(context.lists, event.from) : mapSet(context.lists, event.from, nodes);
  const wanted = new Set([...mapEntries(lists)].flatMap(([, all]) => all));
  let { watched } = context;
  for (const [node] of mapEntries(watched)) if (!wanted.has(node as NodeId)) watched = mapDelete(watched, node);
  const known: Suspicion[] = [];
  const changed: Suspicion[] = [];
  const added: NodeId[] = [];
  for (const node of nodes) {
    const incarnation = list?.incarnations?.[node] ?? 1;
    const old = mapGet(watched, node);
    if (old !== undefined && old.opinion !== 'trusted')
      known.push({ node, incarnation: old.incarnation, suspected: true });
    if (old !== undefined && incarnation <= old.incarnation) continue;
    if (old === undefined) added.push(node);
    else changed.push(...succession(node, old, incarnation));
    watched = mapSet(watched, node, unheard(input, incarnation, now + 1));
  }
  const effects = [...heartbeats(input, added), ...told(event.from, known), ...tell({ lists }, changed)];
  return { lists, watched, effects };
};

const unheard = (input: DetectorInput, incarnation: number, at: number): Watched => ({
  incarnation,
  opinion: 'trusted',
  at,
  heard: false,
  arrivals: noArrivals(input.interval),
  disbelieved: 0,
});

/** However many of one node come in one event, they have arrived together and are one. */
export const takeHeartbeat: Rule<Beating> = ({ context, event }) => {
  const node = nodeOf(event.from);
  const before = mapGet(context.watched, node);
  const incarnation = event.items.reduce((latest, item) => Math.max(latest, item.incarnation), 0);
  const count = event.items.length;
  if (before === undefined) {
    const asks = event.items.some((item) => item.asks === true);
    return { effects: asks ? heartbeats(context.input, [node], false) : discarded('heartbeat', { unwatched: count }) };
  }
  if (incarnation < before.incarnation) return { effects: discarded('heartbeat', { outdated: count }) };
  if (incarnation > before.incarnation) return succeed(context, node, before, incarnation);
  if (before.opinion === 'gone') return { effects: discarded('heartbeat', { ended: count }) };
  const believed = before.disbelieved === 0;
  const after: Watched = {
    ...before,
    ...heardNow(context, before),
    opinion: believed ? 'trusted' : before.opinion,
    disbelieved: believed ? 0 : before.disbelieved - 1,
  };
  const refuted = believed && before.opinion === 'suspected';
  return {
    watched: mapSet(context.watched, node, after),
    mistakes: context.mistakes + (refuted ? 1 : 0),
    effects: refuted ? tell(context, [{ node, incarnation, suspected: false }]) : noEffects,
  };
};

/** The time from the start of watching to the first heartbeat is no gap between two. */
function heardNow({ input, now }: DetectorContext, before: Watched): Pick<Watched, 'at' | 'heard' | 'arrivals'> {
  const { estimator, interval, tick } = input;
  const learns = estimator.kind === 'accrual' && before.heard;
  const arrivals = learns
    ? withGap(estimator, interval, before.arrivals, (now + 1 - before.at) * tick)
    : before.arrivals;
  return { at: now + 1, heard: true, arrivals };
}

function succeed(context: DetectorContext, node: NodeId, before: Watched, incarnation: number): Change {
  const after: Watched = { ...unheard(context.input, incarnation, context.now + 1), heard: true };
  return {
    watched: mapSet(context.watched, node, after),
    effects: tell(context, succession(node, before, incarnation)),
  };
}

/** There is a new incarnation: the one before is gone, which is told first unless it was suspected anyway. */
const succession = (node: NodeId, before: Watched, incarnation: number): Suspicion[] => [
  ...(before.opinion === 'trusted' ? [{ node, incarnation: before.incarnation, suspected: true }] : []),
  { node, incarnation, suspected: false },
];

/** Endings of nodes that nobody watches are of no interest here. */
export const takeGone: Rule<Ended> = ({ context, event }) => {
  let { watched } = context;
  const opinions: Suspicion[] = [];
  for (const { node, incarnation } of event.items) {
    const before = mapGet(watched, node);
    if (before === undefined || incarnation < before.incarnation) continue;
    watched = mapSet(watched, node, { ...before, incarnation, opinion: 'gone', disbelieved: 0 });
    if (before.opinion === 'trusted' || incarnation > before.incarnation)
      opinions.push({ node, incarnation, suspected: true });
  }
  return { watched, effects: tell(context, opinions) };
};

export const takeMistake: Rule<Mistaken> = ({ context, event }) => {
  let { watched } = context;
  let [unwatched, ended] = [0, 0];
  const opinions: Suspicion[] = [];
  for (const { node } of event.items) {
    const before = mapGet(watched, node);
    if (before === undefined) unwatched += 1;
    else if (before.opinion === 'gone') ended += 1;
    else {
      watched = mapSet(watched, node, { ...before, opinion: 'suspected', disbelieved: 1 });
      if (before.opinion === 'trusted') opinions.push({ node, incarnation: before.incarnation, suspected: true });
    }
  }
  return { watched, effects: [...tell(context, opinions), ...discarded('mistake', { unwatched, ended })] };
};

/** A tick has passed: who is overdue is suspected, and once an interval all are sent a heartbeat. */
export const takeTick = ({ context }: { readonly context: DetectorContext }): Change => {
  const { input } = context;
  const now = context.now + 1;
  let { watched } = context;
  const opinions: Suspicion[] = [];
  for (const [key, before] of mapEntries(context.watched)) {
    if (before.opinion !== 'trusted' || !isOverdue(input.estimator, before, (now - before.at) * input.tick)) continue;
    const node = key as NodeId; // the map's keys are nodes
    watched = mapSet(watched, node, { ...before, opinion: 'suspected' });
    opinions.push({ node, incarnation: before.incarnation, suspected: true });
  }
  const due = now % Math.max(1, Math.round(input.interval / input.tick)) === 0;
  const everybody = due ? [...mapEntries(watched)].map(([node]) => node as NodeId) : [];
  return { now, watched, effects: [...heartbeats(input, everybody), ...tell(context, opinions)] };
};

const isOverdue = (estimator: DetectorInput['estimator'], { arrivals }: Watched, silence: number): boolean =>
  estimator.kind === 'timeout' ? isSilentTooLong(estimator, silence) : isTooUnlikely(estimator, arrivals, silence);

/** A later heartbeat says all that an earlier one does, so none waits for another. */
const heartbeats = ({ incarnation }: DetectorInput, nodes: readonly NodeId[], asks = true): Effect[] =>
  nodes.map((node) => ({
    type: 'send',
    to: address(node, detectorActor),
    message: { type: 'heartbeat', items: [(asks ? { incarnation, asks } : { incarnation }) satisfies Heartbeat] },
    channel: 'lossy',
  }));

/** To each actor what is new of the nodes on its list. */
const tell = ({ lists }: Pick<DetectorContext, 'lists'>, opinions: readonly Suspicion[]): Effect[] =>
  opinions.length === 0
    ? []
    : [...mapEntries(lists)].flatMap(([actor, nodes]) =>
        told(
          actor as Address, // the map's keys are addresses
          opinions.filter(({ node }) => nodes.includes(node)),
        ),
      );

const told = (actor: Address, items: readonly Suspicion[]): Effect[] =>
  items.length === 0 ? [] : [{ type: 'send', to: actor, message: { type: 'suspicion', items }, channel: 'fifo' }];

/** Time passes, and heartbeats are sent, only in `watching`. */
export const failureDetector = setup({
  types: {} as { context: DetectorContext; events: DetectorEvent; input: DetectorInput; emitted: EffectsEmitted }, // for the compiler only
  guards: {
    watchesSomebody: ({ context }) => context.watched.size > 0,
    watchesNobody: ({ context }) => context.watched.size === 0,
  },
  delays: { tick: ({ context }) => context.input.tick },
}).createMachine({
  id: 'failure detector',
  context: ({ input }) => initialDetector(input),
  initial: 'idle',
  on: {
    watch: { actions: [assign(watch), emitEffects] },
    '*': { actions: [assign(({ event }) => unfit(event)), emitEffects] },
  },
  states: {
    idle: {
      always: { guard: 'watchesSomebody', target: 'watching' },
      // No node is watched that these could be about.
      on: { heartbeat: { actions: [assign(takeHeartbeat), emitEffects] }, gone: {} },
    },
    watching: {
      always: { guard: 'watchesNobody', target: 'idle' },
      on: {
        heartbeat: { actions: [assign(takeHeartbeat), emitEffects] },
        gone: { actions: [assign(takeGone), emitEffects] },
        mistake: { actions: [assign(takeMistake), emitEffects] },
      },
      after: { tick: { target: 'watching', reenter: true, actions: [assign(takeTick), emitEffects] } },
    },
  },
});
