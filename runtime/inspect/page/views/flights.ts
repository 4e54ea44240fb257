/** Messages on their way, and how far they have come. Pure. */
import { kindNumber, NONE } from '../../timeline/chunk.js';
import type { Timeline } from '../../timeline/timeline.js';

export interface Flight {
  /** Of its `sent`. */
  readonly index: number;
  /** Of the way: 0 where it left, 1 where it arrives. */
  readonly share: number;
}

/** More would be a cloud that nobody can read. */
const MOST = 200;
/** ms after which a message whose arrival is not known yet has come half way. */
const HALF_WAY = 2;

export function flightsAt(timeline: Timeline, place: number, time: number): Flight[] {
  const flights: Flight[] = [];
  for (const index of timeline.cutAt(place).flying) {
    if (flights.length === MOST) break;
    const left = timeline.t.at(index);
    const arrival = timeline.arrival.at(index);
    const passed = Math.max(0, time - left);
    const way = arrival === NONE ? 0 : timeline.t.at(arrival) - left;
    const share = arrival === NONE ? passed / (passed + HALF_WAY) : way === 0 ? 1 : Math.min(1, passed / way);
    flights.push({ index, share });
  }
  return flights;
}

/** ms for which a loss is shown. */
const SHOWN = 2;
/** Events back from the cursor within which losses are looked for. */
const REACH = 200;

/** Indexes of the losses that have just been. */
export function lossesAt(timeline: Timeline, place: number, time: number): number[] {
  const losses: number[] = [];
  for (let index = place - 1; index >= Math.max(0, place - REACH); index--) {
    if (timeline.t.at(index) < time - SHOWN) break;
    if (timeline.kind.at(index) === kindNumber.lost) losses.push(index);
  }
  return losses;
}
