/** What the view of a chart shows: whose chart, how it stands at the cursor, and what was taken up to there. */
import { computed, effect, signal } from '@preact/signals';
import { activeStates } from '../../charts/active.js';
import type { ChartDescription } from '../../charts/describe.js';
import type { ChartLayout } from '../../charts/layout.js';
import { kindNumber, NONE } from '../../timeline/chunk.js';
import { type Known, Taken } from '../../timeline/taken.js';
import { layoutOf } from '../layouts.js';
import { charts, chosen, cursor, lookAt, nodes, timeline, told } from '../model.js';

interface ActorName {
  readonly node: string;
  readonly actor: string;
}

/** Whose transitions are counted. */
export const scope = signal<'own' | 'all'>('own');
/** The transition that somebody pointed at, by name. */
export const picked = signal<string | null>(null);
/** The last actor that was shown: it stays while something else is chosen that has no actor. */
const kept = signal<ActorName | null>(null);

const taken = new Taken(timeline.peek());
const index = computed(() => {
  told.value;
  taken.update(timeline.value);
  return { taken };
});

let lastRoster: readonly Known[] = [];
/** All actors, node by node; the same list until there is another actor, or more is known of one. */
export const roster = computed((): readonly Known[] => {
  const order = nodes.value;
  const all = index.value.taken.actors().filter(({ chart }) => chart !== null && charts.value.has(chart));
  const sorted = [...all].sort((a, b) => order.indexOf(a.node) - order.indexOf(b.node));
  const isSame = sorted.length === lastRoster.length && sorted.every((actor, i) => actor === lastRoster[i]);
  if (!isSame) lastRoster = sorted;
  return lastRoster;
});

/** Of what is chosen; else the one shown before; else the first replica manager, or the first there is. */
export const shown = computed((): Known | null => {
  const all = roster.value;
  const find = (name: ActorName | null): Known | undefined =>
    name === null ? undefined : all.find(({ node, actor }) => node === name.node && actor === name.actor);
  const before = kept.value;
  return (
    find(actorOf(before)) ??
    find(before) ??
    all.find(({ node, actor }) => node.startsWith('rm-') && actor === 'rm') ??
    all[0] ??
    null
  );
});

function actorOf(before: ActorName | null): ActorName | null {
  const choice = chosen.value;
  if (choice === null || choice.kind === 'request') return null;
  if (choice.kind === 'actor') return choice;
  if (choice.kind === 'node') {
    if (before?.node === choice.node) return before;
    const own = roster.value.filter(({ node }) => node === choice.node);
    return (
      own.find(({ actor }) => actor === before?.actor) ??
      own.find(({ actor }) => /^(rm|fe)$/.test(actor)) ??
      own[0] ??
      null
    );
  }
  const { value: run } = timeline;
  if (choice.index >= run.length || run.actor.at(choice.index) === NONE) return null;
  return { node: run.text(run.node.at(choice.index)), actor: run.text(run.actor.at(choice.index)) };
}

/** Keeps the view on its actor, and its chart laid out. Ends with the function that it returns. */
export function keepChart(): () => void {
  const endings = [
    effect(() => {
      const now = shown.value;
      const before = kept.peek();
      if (now === null || (before?.node === now.node && before.actor === now.actor)) return;
      kept.value = { node: now.node, actor: now.actor };
      picked.value = null;
    }),
    effect(() => {
      const { value: chart } = description;
      if (chart === null) laid.value = null;
      else if (laid.peek()?.chart !== chart) layOut(chart);
    }),
  ];
  return () => {
    for (const end of endings) end();
  };
}

export const description = computed((): ChartDescription | null => charts.value.get(shown.value?.chart ?? '') ?? null);

export interface Laid {
  readonly chart: ChartDescription;
  readonly layout: ChartLayout;
}
export const laid = signal<Laid | null>(null);
/** Why a chart could not be laid out. */
export const trouble = signal<string | null>(null);

function layOut(chart: ChartDescription): void {
  trouble.value = null;
  layoutOf(chart).then(
    (layout) => {
      if (description.peek() === chart) laid.value = { chart, layout };
    },
    (error: unknown) => {
      trouble.value = error instanceof Error ? error.message : String(error);
    },
  );
}

interface Standing {
  readonly up: boolean;
  readonly reason: string | null;
  /** Word of the trace; null where the actor is not there (yet, or any more). */
  readonly state: string | null;
}

const absent: Standing = { up: true, reason: null, state: null };
let lastStanding: Standing = absent;
/** Of the actor shown, at the cursor; the same object while nothing changes. */
export const standingAt = computed((): Standing => {
  told.value;
  const actor = shown.value;
  const node = actor === null ? undefined : timeline.value.cutAt(cursor.value).nodes.get(actor.node);
  const now: Standing =
    node === undefined || actor === null
      ? absent
      : { up: node.up, reason: node.reason, state: node.actors.get(actor.actor)?.state ?? null };
  const { up, reason, state } = lastStanding;
  if (now.up !== up || now.reason !== reason || now.state !== state) lastStanding = now;
  return lastStanding;
});

export const active = computed((): ReadonlySet<string> => {
  const { state } = standingAt.value;
  const chart = description.value;
  return chart === null || state === null ? new Set() : activeStates(chart.root, state);
});

/** Whether there is anything to count: a trace from a file tells of states only. */
export const isTold = computed(() => index.value.taken.isTold);

/** How often each transition of the chart was taken up to the cursor, in the chart's order, and the number of the last step. */
interface Counts {
  readonly of: Int32Array;
  readonly last: number;
}

export const counts = computed((): Counts => {
  const chart = description.value;
  const actor = shown.value;
  const { taken } = index.value;
  const steps = timeline.value.stepsAt(cursor.value);
  if (chart === null || actor === null) return { of: new Int32Array(), last: NONE };
  const by = taken.group(actor.node, actor.actor, scope.value === 'all');
  const of = Int32Array.from(chart.transitions, ({ name }) => taken.count(by, name, steps));
  return { of, last: taken.last(taken.group(actor.node, actor.actor, false), null, steps) };
});

/** Name of the transition that the actor took last, up to the cursor. */
export const lastTaken = computed((): string | null => {
  const { last } = counts.value;
  return last === NONE ? null : timeline.value.text(timeline.value.steps.transition.at(last));
});

const byNow = (): readonly Known[] => {
  const actor = shown.value;
  return actor === null ? [] : index.value.taken.group(actor.node, actor.actor, scope.value === 'all');
};

/** How often it was taken: by the actor shown, and by all that have its chart. */
export function countsOf(transition: string): { readonly own: number; readonly all: number; readonly actors: number } {
  const actor = shown.value;
  const steps = timeline.value.stepsAt(cursor.value);
  if (actor === null) return { own: 0, all: 0, actors: 0 };
  const { taken } = index.value;
  const all = taken.group(actor.node, actor.actor, true);
  return {
    own: taken.count([actor], transition, steps),
    all: taken.count(all, transition, steps),
    actors: all.length,
  };
}

/** The step before the one at the cursor that took it (any, where no transition is meant), or the one after; NONE where there is none. */
export function stepBeside(transition: string | null, way: 'earlier' | 'later'): number {
  const run = timeline.value;
  const { taken } = index.value;
  const by = byNow();
  const steps = run.stepsAt(cursor.value);
  if (way === 'later') return taken.next(by, transition, steps);
  // The last one is what is shown, if the cursor came to rest on it: before it then.
  const last = taken.last(by, transition, steps);
  return last !== NONE && placeOf(last) >= cursor.value ? taken.last(by, transition, last) : last;
}

/** Moves the cursor to where this step is shown. */
export function goTo(step: number): void {
  if (step !== NONE) lookAt(placeOf(step));
}

/** Where the last step that took it, up to the cursor, is shown; else the first after it. */
export function goToLast(transition: string): void {
  const { taken } = index.value;
  const by = byNow();
  const steps = timeline.value.stepsAt(cursor.value);
  const last = taken.last(by, transition, steps);
  goTo(last === NONE ? taken.next(by, transition, steps) : last);
}

/** Events that handling one event makes, at most, before its change of state is on record. */
const HANDLING = 64;

/** Just after the step, and after the line of the trace that tells of the new state, if the same handling has one. */
function placeOf(step: number): number {
  const run = timeline.value;
  const { steps } = run;
  const place = steps.place.at(step);
  if (place >= run.length) return place;
  const t = run.t.at(place);
  for (let i = place; i < Math.min(place + HANDLING, run.length) && run.t.at(i) === t; i++) {
    if (run.node.at(i) !== steps.node.at(step)) break;
    const kind = run.kind.at(i);
    if (kind === kindNumber.transition && run.actor.at(i) === steps.actor.at(step)) return i + 1;
    if (kind === kindNumber.received) break;
  }
  return place;
}
