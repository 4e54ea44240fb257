/** Messages on their way, and how far they have come. Pure. */
import { kindNumber, NONE } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';

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

/** Share of the way at which a loss is drawn. */
export const LOST_AT = 0.5;

export function flightsAt(timeline: Timeline, place: number, time: number): Flight[] {
  const flights: Flight[] = [];
  const { flying, nodes } = timeline.cutAt(place);
  for (const index of flying) {
    if (flights.length === MOST) break;
    const isGone = nodes.get(timeline.text(timeline.node.at(index)))?.up === false;
    const share = shareOf(timeline, index, { place, time, isGone });
    if (share !== null) flights.push({ index, share });
  }
  return flights;
}

/** Null where nothing is on its way: it was lost, and nobody knows that it was sent again. `isGone`: its sender has crashed. */
function shareOf(
  timeline: Timeline,
  message: number,
  { place, time, isGone }: { readonly place: number; readonly time: number; readonly isGone: boolean },
): number | null {
  const { before, next } = timeline.lossesOf(message, place);
  const arrival = timeline.arrival.at(message);
  const ends = next !== NONE ? next : arrival;
  if (ends === NONE && (isGone || before !== NONE)) return null;
  const left = timeline.t.at(before === NONE ? message : before);
  const passed = Math.max(0, time - left);
  if (ends === NONE) return passed / (passed + HALF_WAY);
  const way = timeline.t.at(ends) - left;
  return (way === 0 ? 1 : Math.min(1, passed / way)) * (next === NONE ? 1 : LOST_AT);
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

/** A message whose type is written beside it, and how many others are on the same way without. */
export interface Telling {
  readonly index: number;
  readonly more: number;
}

/** One of each way, from one node to another: the one that is chosen, else one for a request, else the one that has come farthest. */
export function tellingOf(timeline: Timeline, flights: readonly Flight[], chosen: number): Telling[] {
  const ways = new Map<string, Flight[]>();
  for (const flight of flights) {
    if (timeline.control.at(flight.index) === 1 && flight.index !== chosen) continue; // acknowledgements go without words
    const key = `${timeline.node.at(flight.index)} ${timeline.peer.at(flight.index)}`;
    const others = ways.get(key);
    if (others === undefined) ways.set(key, [flight]);
    else others.push(flight);
  }
  const weight = ({ index, share }: Flight): number =>
    (index === chosen ? 4 : 0) + (timeline.request.at(index) === NONE ? 0 : 2) + share;
  const found = [...ways.values()].map((all) => {
    const first = all.reduce((best, flight) => (weight(flight) > weight(best) ? flight : best));
    return { flight: first, more: all.length - 1 };
  });
  // What matters most finds its place first.
  found.sort((a, b) => weight(b.flight) - weight(a.flight));
  return found.map(({ flight, more }) => ({ index: flight.index, more }));
}

/** Shares of messages on the same way, the farthest first, so far apart that each is seen. */
export function apart(shares: readonly number[], least: number): number[] {
  let before = Number.POSITIVE_INFINITY;
  return shares.map((share) => {
    before = Math.max(0, Math.min(share, before - least));
    return before;
  });
}
