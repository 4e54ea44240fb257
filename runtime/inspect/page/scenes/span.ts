/** Which stretch of its run a scene is about. */
import { type Kind, kindNumber } from '../../timeline/chunk.js';
import type { Timeline } from '../../timeline/timeline.js';
import type { Scene, Span } from './scene.js';

/** Of a span: what is shown before it. */
const BEFORE = 0.03;

/** What begins something: a request, or a fault that has not been there from the start. */
const beginnings: readonly Kind[] = ['called', 'fault', 'crashed'];

/** From a little before the first request or fault to the end of the run. */
export function eventfulSpan(timeline: Timeline): Span {
  const { end } = timeline;
  const isOne = (index: number): boolean =>
    beginnings.some((kind) => timeline.kind.at(index) === kindNumber[kind]) &&
    (timeline.kind.at(index) === kindNumber.called || timeline.t.at(index) > 0);
  let first = 0;
  while (first < timeline.length && !isOne(first)) first++;
  if (first === timeline.length) return { from: 0, to: end };
  const begun = timeline.t.at(first);
  return { from: Math.max(0, begun - (end - begun) * BEFORE), to: end };
}

/** At a step: what it or the last before it says; before the first, as at the first. */
export function spanAt(scene: Scene, step: number, timeline: Timeline): Span {
  const said = scene.steps.slice(0, Math.max(step, 0) + 1).findLast(({ span }) => span !== undefined);
  return said?.span ?? eventfulSpan(timeline);
}
