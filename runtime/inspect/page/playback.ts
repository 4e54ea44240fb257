/**
 * Time in the page: the cursor goes through what is known, and where that ends a simulation makes more, both at the same speed. So a
 * viewer has one run button, wherever he stands.
 */
import { batch, effect, signal } from '@preact/signals';
import type { StepTo } from '../protocol.js';
import { cursor, following, lookAt, opened, send, standing, timeline, told } from './model.js';
import { nextPlace } from './stepping.js';

/** ms of virtual time for each second of the viewer's. */
export const speeds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] as const;
export const speed = signal<number>(10);
/** Somebody pressed run, and there is still something to come. */
export const playing = signal(false);
/** Virtual ms that the pictures show: between the last event and the next while time passes. */
export const time = signal(0);

/** Where playing ends, and how fast it goes there; null: with the run, at the chosen speed. */
let goal: { readonly place: number; readonly speed: number } | null = null;

/** Plays on to a place that is known already, in about so many seconds of the viewer's; at once where he wants little motion. */
export function playTo(place: number, seconds = 2.5): void {
  if (place <= cursor.value || matchMedia('(prefers-reduced-motion: reduce)').matches) {
    pause();
    lookAt(place);
    return;
  }
  const rest = timeAt(place) - timeAt(cursor.value);
  goal = { place, speed: Math.max(rest / seconds, 0.01) };
  following.value = false;
  playing.value = true;
}

const makesMore = (): boolean => opened.value?.abilities.control === true && !standing.value.ended;

export function play(): void {
  goal = null;
  const atEnd = cursor.value >= timeline.value.length;
  if (atEnd && !makesMore()) {
    if (opened.value?.source === 'live') {
      following.value = true;
      playing.value = true;
      return;
    }
    lookAt(0); // there is no more: from the beginning
  }
  playing.value = true;
}

export function pause(): void {
  goal = null;
  playing.value = false;
  if (opened.value?.abilities.control === true) send({ do: 'pause' });
}

/** Forward by one; at the end of what is known a simulation makes the next. */
export function stepForward(to: StepTo): void {
  if (playing.value) pause();
  const place = nextPlace(timeline.value, cursor.value, to);
  if (place !== null) lookAt(place);
  else if (makesMore()) {
    following.value = true;
    send({ do: 'step', to });
  } else lookAt(timeline.value.length);
}

export function stepBack(to: StepTo): void {
  if (playing.value) pause();
  lookAt(nextPlace(timeline.value, cursor.value, to, -1) ?? 0);
}

export function toEnd(): void {
  if (playing.value) pause();
  lookAt(timeline.value.length);
}

/** Runs the clock of the page until the function returned is called. */
export function keepTime(): () => void {
  let before: number | null = null;
  let handle = 0;
  const frame = (now: number): void => {
    handle = requestAnimationFrame(frame);
    const passed = before === null ? 0 : Math.min(100, now - before);
    before = now;
    if (playing.value) go(passed);
  };
  handle = requestAnimationFrame(frame);
  const stops = [
    effect(() => {
      if (!playing.value || !following.value || opened.value?.abilities.control !== true) return;
      send({ do: 'run', speed: speed.value });
    }),
    effect(() => {
      told.value;
      const place = cursor.value;
      if (following.value && place === timeline.value.length) time.value = Math.max(standing.value.now, timeAt(place));
      else if (!playing.value && !isAround(place, time.peek())) time.value = timeAt(place);
    }),
  ];
  return () => {
    cancelAnimationFrame(handle);
    for (const stop of stops) stop();
  };
}

/** Whether this is the last place that has come by then: time passes between two events too. */
const isAround = (place: number, now: number): boolean =>
  now >= timeAt(place) && place < timeline.peek().length && now < timeAt(place + 1);

const timeAt = (place: number): number => (place === 0 ? 0 : timeline.value.t.at(place - 1));

function go(passed: number): void {
  const { value: events } = timeline;
  if (goal === null && following.value && cursor.value === events.length) {
    if (opened.value?.source !== 'live' && !makesMore()) playing.value = false;
    return;
  }
  batch(() => {
    const end = goal?.place ?? events.length;
    time.value = Math.max(time.value, timeAt(cursor.value)) + (passed * (goal?.speed ?? speed.value)) / 1000;
    const place = Math.min(end, Math.max(cursor.value, events.placeAfter(time.value)));
    if (place !== cursor.value) lookAt(place);
    if (place < end || (goal === null && time.value < standing.value.now)) return;
    if (goal !== null) {
      pause();
      time.value = timeAt(place);
      return;
    }
    lookAt(events.length);
    if (!makesMore() && opened.value?.source !== 'live') playing.value = false;
  });
}
