/** A scene that is being told: which, at which of its steps, and where in the run that is. */
import { batch, effect, signal, untracked } from '@preact/signals';
import { filling, show } from './layout.js';
import { check, chosen, cursor, lookAt, opened, send, standing, timeline, told } from './model.js';
import { openHere } from './opening.js';
import { pause, playTo } from './playback.js';
import { findMoment } from './scenes/moment.js';
import type { Scene } from './scenes/scene.js';
import { spanAt } from './scenes/span.js';
import { showSpan } from './views/space-time/state.js';

export interface Telling {
  readonly scene: Scene;
  /** Number of the step; -1 while nothing has been told yet. */
  readonly step: number;
  /** Where it begins, and where the steps so far are; none until the run is there. */
  readonly places: readonly number[];
}

export const telling = signal<Telling | null>(null);

/** Its run begins anew, and is made to its end at once, so that any moment of it is there. */
export function tell(scene: Scene): void {
  batch(() => {
    openHere(scene.run);
    for (const view of ['cluster', 'chart', 'space-time'] as const) show(view);
    filling.value = null;
    telling.value = { scene, step: -1, places: [] };
    chosen.value = null;
  });
  send({ do: 'advance', until: null });
}

export function stopTelling(): void {
  telling.value = null;
}

/** On to the next moment, through what lies between. */
export function tellNext(): void {
  const now = telling.value;
  const step = now?.scene.steps[now.step + 1];
  if (now === null || step === undefined) return;
  const place = findMoment(timeline.value, step.until, now.places.at(-1) ?? 0) ?? timeline.value.length;
  telling.value = { ...now, step: now.step + 1, places: [...now.places, place] };
  look(step);
  turn(now, now.step + 1);
  playTo(place);
}

export function tellBack(): void {
  const now = telling.value;
  if (now === null || now.step < 0) return;
  pause();
  const places = now.places.slice(0, -1);
  telling.value = { ...now, step: now.step - 1, places };
  const step = now.scene.steps[now.step - 1];
  if (step !== undefined) look(step);
  lookAt(places.at(-1) ?? 0);
  turn(now, now.step - 1);
}

/** From one step to another: where that is about another stretch of time, what lies between is passed over. */
function turn({ scene, step }: Telling, to: number): void {
  const [before, after] = [spanAt(scene, step, timeline.value), spanAt(scene, to, timeline.value)];
  if (before.from === after.from && before.to === after.to) return;
  lookAt(Math.max(cursor.value, timeline.value.placeAt(after.from)));
  showSpan(after);
}

/** Right before something happens. */
function begin(now: Telling): void {
  const span = spanAt(now.scene, now.step, timeline.value);
  const place = timeline.value.placeAt(span.from);
  telling.value = { ...now, places: [place] };
  lookAt(place);
  showSpan(span);
}

/** Whether the run of the scene is there, whole. */
export const ready = (): boolean => {
  told.value;
  return telling.value !== null && standing.value.ended && opened.value !== null;
};

function look({ show: what, check: property }: Scene['steps'][number]): void {
  if (property !== undefined) check(property);
  if (what === undefined) return;
  show(what.view);
  if (what.choose !== undefined) chosen.value = what.choose;
}

export function keepTelling(): () => void {
  const stops = [keepBeginning(), keepTrue()];
  return () => {
    for (const stop of stops) stop();
  };
}

/** A scene begins as soon as its run is there. */
const keepBeginning = (): (() => void) =>
  effect(() => {
    const now = telling.value;
    if (now !== null && now.places.length === 0 && ready()) untracked(() => begin(now));
  });

/** A viewer who changes the run, or opens a trace, is no longer told the scene. */
function keepTrue(): () => void {
  /** The scene whose run has been seen as it is meant to be. */
  let begun: Scene | null = null;
  return effect(() => {
    const { run } = standing.value;
    const scene = telling.value?.scene ?? null;
    if (opened.value?.source === 'trace') telling.value = null;
    else if (scene === null || run === null) begun = null;
    else if (JSON.stringify(run.scenario) === JSON.stringify(scene.run.scenario)) begun = scene;
    else if (begun === scene) telling.value = null;
  });
}
