/** What one step is: the next place at which something of the kind has happened. */
import type { StepTo } from '../protocol.js';
import { kindNumber } from '../timeline/chunk.js';
import type { Timeline } from '../timeline/timeline.js';

const ends: Readonly<Record<StepTo, readonly number[] | null>> = {
  event: null,
  delivery: [kindNumber.received, kindNumber.lost],
  phase: [kindNumber.phase],
  answer: [kindNumber.answered],
};

/** The next place after this one, or the one before it; null where there is none in what is known. */
export function nextPlace(timeline: Timeline, from: number, to: StepTo, direction: 1 | -1 = 1): number | null {
  const wanted = ends[to];
  for (let place = from + direction; place >= 1 && place <= timeline.length; place += direction) {
    if (wanted === null || wanted.includes(timeline.kind.at(place - 1))) return place;
  }
  return null;
}
