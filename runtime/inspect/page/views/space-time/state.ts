/** What the diagram shows of the run, and how: which stretch of it, in what colours, what is highlighted. */
import { computed, effect, signal } from '@preact/signals';
import { kindNumber, NONE } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';
import { type Choice, chosen, cursor, following, lookAt, nodes, timeline, told } from '../../model.js';
import { isFor } from './about.js';
import { Clocks } from './clocks.js';
import { Density } from './density.js';
import { Landmarks } from './landmarks.js';
import { earliest, latest, panned, showing, spanOf, timeOf, type Window, whole, within, zoomed } from './scale.js';
import type { Colouring, Focus, Stage } from './stage.js';
import { rowsOf } from './svg.js';

/** Events that the diagram shows while nobody has said which. */
const USUAL = 240;
/** Events whose vector clocks are computed for one picture: a few ms, so that no frame waits. */
const CLOCKED = 20_000;
/** Of a span that is to be seen: what is shown beside it. */
const AROUND = 0.04;

export const colouring = signal<Colouring>('phase');
export const control = signal<'faint' | 'hidden'>('faint');
/** Whether vector clocks are shown. */
export const clocked = signal(false);
/** Of the picture, px. */
export const size = signal({ width: 0, height: 0 });
/** The stretch of which run somebody asked for: of another it means nothing. */
const asked = signal<{ readonly of: Timeline; readonly window: Window } | null>(null);
/** The stretch that is to be seen; null: where the cursor is, at the end or at the beginning. */
const wanted = computed(() => (asked.value?.of === timeline.value ? asked.value.window : null));

/** What is shown while nobody has asked for anything. */
const usual = computed((): Window => {
  told.value;
  return (following.value ? latest : earliest)(timeline.value, USUAL);
});

export const shown = computed((): Window => wanted.value ?? usual.value);

/** Whether the picture moves along with the run. */
export const moving = computed(() => wanted.value === null && following.value);

function want(window: Window): void {
  asked.value = { of: timeline.peek(), window };
}

export const focus = computed((): Focus | null => {
  const { value: choice } = chosen;
  const of = timeline.value;
  if (choice === null) return null;
  switch (choice.kind) {
    case 'node':
    case 'actor':
      return { kind: 'node', node: of.wordOf(choice.node) };
    case 'request':
      return { kind: 'request', request: of.wordOf(choice.request) };
    case 'event':
    case 'message':
      return choice.index < of.length ? { kind: 'messages', indexes: leadingTo(of, choice.index) } : null;
  }
});

/** The event, and the messages that led to it, back to the call. */
function leadingTo(of: Timeline, index: number): Set<number> {
  const indexes = new Set<number>();
  let at = index;
  while (at !== NONE && !indexes.has(at)) {
    indexes.add(at);
    const sent = of.sent.at(at);
    at = sent === NONE ? of.cause.at(at) : sent;
  }
  return indexes;
}

let stage: Stage | null = null;

/** What the picture is made from, as far as the run has come. */
export function stageNow(): Stage {
  const of = timeline.value;
  const names = nodes.value;
  const landmarks = stage?.timeline === of ? stage.landmarks : new Landmarks();
  landmarks.follow(of);
  const rows = rowsOf(of, names);
  const same = stage?.timeline === of && sameRows(stage.rowOf, rows);
  const rowOf = same && stage !== null ? stage.rowOf : rows;
  const density = same && stage?.density.fits(rowOf, of.branch) ? stage.density : new Density(rowOf, of.branch);
  density.follow(of);
  stage = { timeline: of, landmarks, rowOf, density, clocks: clocked.value ? clocksOf(of, rowOf) : null };
  return stage;
}

function clocksOf(of: Timeline, rowOf: Stage['rowOf']): Clocks {
  const known = stage?.timeline === of ? stage.clocks : null;
  return known?.fits(rowOf, of.branch) === true ? known : new Clocks(rowOf, of.branch);
}

/** Computes some more of the vector clocks; says whether there are more to come. */
export const clocksLack = ({ timeline: of, clocks }: Stage): boolean => clocks !== null && !clocks.follow(of, CLOCKED);

function sameRows(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): boolean {
  return a.size === b.size && [...b].every(([node, row]) => a.get(node) === row);
}

export function zoom(factor: number, x = size.value.width / 2): void {
  const at = timeOf(shown.value, size.value.width, x);
  want(zoomed(shown.value, at, factor, timeline.value.end));
}

/** By px; to the right shows what is earlier. */
export function pan(x: number): void {
  const { from, to } = shown.value;
  const { width } = size.value;
  if (width > 0) want(panned(shown.value, (-x / width) * (to - from), timeline.value.end));
}

/** The whole of it, and a little at either side. */
export function showSpan(span: Window): void {
  settled = chosen.value;
  const margin = spanOf(span) * AROUND;
  want(within({ from: span.from - margin, to: span.to + margin }, timeline.value.end));
}

export function showAll(): void {
  want(whole(timeline.value.end));
}

export function showLatest(): void {
  asked.value = null;
  lookAt(timeline.value.length);
}

/** The time of the cursor: that of the last event before it. */
export const cursorTime = (): number => (cursor.value === 0 ? 0 : timeline.value.t.at(cursor.value - 1));

/** Whether the cursor stands after an event that is earlier than what is shown, and before one that is not: it is drawn at the edge. */
export function isAtEdge(window: Window): boolean {
  const { value: place } = cursor;
  const of = timeline.value;
  return cursorTime() < window.from && place < of.length && of.t.at(place) >= window.from;
}

/** Puts the cursor after all that has happened by this time. */
export function lookAtTime(t: number): void {
  const of = timeline.value;
  let place = of.placeAt(t);
  while (place < of.length && of.t.at(place) <= t) place++;
  lookAt(place);
}

/** The next event before or after the cursor that is about what is highlighted; any, where nothing is. */
export function step(by: 1 | -1): void {
  const of = timeline.value;
  const { value: now } = focus;
  for (let index = cursor.value - 1 + by; index >= 0 && index < of.length; index += by) {
    if (!isAbout(of, index, now)) continue;
    lookAt(index + 1);
    return;
  }
  lookAt(by < 0 ? 0 : of.length);
}

function isAbout(of: Timeline, index: number, now: Focus | null): boolean {
  switch (now?.kind) {
    case undefined:
      return true;
    case 'node':
      return of.node.at(index) === now.node;
    case 'request':
      return isFor(of, stageNow().landmarks, index, now.request);
    case 'messages':
      return (
        now.indexes.has(index) || (of.kind.at(index) === kindNumber.received && now.indexes.has(of.sent.at(index)))
      );
  }
}

/** Keeps in the picture what somebody chose, and the cursor, unless somebody looks elsewhere while the run goes on. */
export function keepInSight(): () => void {
  const chosenToo = effect(showChosen);
  const cursorToo = showCursor();
  return () => {
    chosenToo();
    cursorToo();
  };
}

/** The choice that the stretch was chosen for: it has not to be sought again when the diagram comes to the front. */
let settled: Choice | null = null;

function showChosen(): void {
  const { value: choice } = chosen;
  if (choice === settled) return;
  settled = choice;
  const of = timeline.peek();
  const window = shown.peek();
  const [first, last] = spanOfChoice(of, choice);
  if (first === undefined || last === undefined || last >= of.length) return;
  const [from, to] = [of.t.at(first), of.t.at(last)];
  if (from <= window.to && to >= window.from) return;
  want(showing(window, from, of.end));
}

/** Indexes of the first and the last event of what is chosen, where it has a place in time. */
function spanOfChoice(of: Timeline, choice: Choice | null): readonly (number | undefined)[] {
  if (choice?.kind === 'event' || choice?.kind === 'message') return [choice.index, choice.index];
  if (choice?.kind !== 'request') return [];
  const events = of.eventsOf(of.wordOf(choice.request));
  return [events[0], events.at(-1)];
}

function showCursor(): () => void {
  let before = 0;
  let followed: Timeline | null = null;
  return effect(() => {
    cursor.value;
    const t = cursorTime();
    const of = timeline.peek();
    const left = followed === of && !following.peek();
    followed = following.peek() ? of : null;
    const window = wanted.peek();
    const seen = window !== null && before >= window.from && before <= window.to;
    before = t;
    if (window === null) {
      // Who goes back from the end still sees what he saw.
      const now = left ? latest(of, USUAL) : usual.peek();
      const isOut = t < now.from || t > now.to;
      if (left || isOut) want(isOut ? showing(now, t, of.end) : now);
    } else if ((seen || !following.peek()) && !isAtEdge(window)) {
      want(showing(window, t, of.end));
    }
  });
}
