/** The stretch of time that a diagram shows, and where in it a moment stands. */
import type { Timeline } from '../../../timeline/timeline.js';

/** ms; `to` is later than `from`. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** ms that fill a diagram at the closest: a microsecond a pixel, more or less. */
const CLOSEST = 0.5;
/** Share of the whole that is left free at either end. */
const MARGIN = 0.04;
/** A run in which no time has passed is as wide as this, ms. */
const EMPTY = 10;

export const spanOf = ({ from, to }: Window): number => to - from;

export const xOf = (window: Window, width: number, t: number): number => ((t - window.from) / spanOf(window)) * width;

export const timeOf = (window: Window, width: number, x: number): number => window.from + (x / width) * spanOf(window);

/** All of it. */
export function whole(end: number): Window {
  const span = Math.max(end, EMPTY);
  return { from: -span * MARGIN, to: span * (1 + MARGIN) };
}

/** No wider than all of it, no narrower than can be told apart, and nowhere but there. */
export function within(window: Window, end: number): Window {
  const all = whole(end);
  const span = Math.min(Math.max(spanOf(window), CLOSEST), spanOf(all));
  const from = Math.min(Math.max(window.from + (spanOf(window) - span) / 2, all.from), all.to - span);
  return { from, to: from + span };
}

/** Nearer (a factor over 1) or farther, with this moment where it is. */
export function zoomed(window: Window, at: number, factor: number, end: number): Window {
  const span = Math.min(Math.max(spanOf(window) / factor, CLOSEST), spanOf(whole(end)));
  const share = (at - window.from) / spanOf(window);
  const from = at - share * span;
  return within({ from, to: from + span }, end);
}

export const panned = (window: Window, by: number, end: number): Window =>
  within({ from: window.from + by, to: window.to + by }, end);

/** The same window if the moment is well inside, else moved so that it is. */
export function showing(window: Window, t: number, end: number): Window {
  const span = spanOf(window);
  if (t >= window.from + span * 0.02 && t <= window.to - span * 0.02) return window;
  const share = t > window.to ? 0.8 : 0.3;
  return within({ from: t - span * share, to: t + span * (1 - share) }, end);
}

/** The last so many events. */
export function latest(timeline: Timeline, events: number): Window {
  const { length, end } = timeline;
  const from = length <= events ? 0 : timeline.t.at(length - events);
  return around(from, end, end);
}

/** The first so many. */
export function earliest(timeline: Timeline, events: number): Window {
  const { length, end } = timeline;
  return around(0, length <= events ? end : timeline.t.at(events - 1), end);
}

function around(from: number, to: number, end: number): Window {
  const span = Math.max(to - from, EMPTY);
  return within({ from: from - span * MARGIN, to: from + span * (1 + MARGIN) }, end);
}

export interface Tick {
  readonly t: number;
  readonly label: string;
}

/** Round moments, at least so many pixels apart. */
export function ticks(window: Window, width: number, apart = 90): Tick[] {
  const least = (spanOf(window) / Math.max(width, 1)) * apart;
  const magnitude = 10 ** Math.floor(Math.log10(least));
  const step = ([1, 2, 5, 10].find((each) => each * magnitude >= least) ?? 10) * magnitude;
  const first = Math.max(0, Math.ceil(window.from / step));
  const last = Math.floor(window.to / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    const t = (first + i) * step;
    return { t, label: momentText(t, step) };
  });
}

/** As exact as things that lie `step` ms apart need it. */
function momentText(t: number, step: number): string {
  const seconds = step >= 100 || t >= 100_000;
  const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9) + (seconds ? 3 : 0)));
  return seconds ? `${(t / 1000).toFixed(digits)} s` : `${t.toFixed(digits)} ms`;
}
