/**
 * Moments of a run in plain data: "when rm-1 sends Alice's change to rm-2". A scene goes from one to the next, and the same words find them
 * again in every run of its scenario.
 */
import { type Kind, kindNumber, NONE } from '../../timeline/chunk.js';
import type { Timeline } from '../../timeline/timeline.js';

/** Something that happens: all that is said must be so. Each is a column of the timeline, whose doc comment says what it holds. */
export interface Happening {
  readonly kind: Kind;
  readonly node?: string;
  readonly actor?: string;
  /** Of a message, the node at the other end. */
  readonly peer?: string;
  /** Type of a message, phase, text of a fault, reason of a drop, a loss or a crash. */
  readonly word?: string;
  /** The state that a transition led to. */
  readonly after?: string;
  /** Number of a view, place in the total order, incarnation. */
  readonly amount?: number;
  /** What it is about, or was done for: `alice#1`. */
  readonly request?: string;
  /** Which of those that come, from 1. Default 1. */
  readonly count?: number;
}

export type Moment =
  | Happening
  /** ms: everything before that time has happened. */
  | { readonly t: number }
  /** Nothing more happens. */
  | { readonly end: true };

/**
 * The place right after the moment, the first that comes after the place `from`; null where it has not come yet. The end is that of what
 * the timeline has: whoever asks knows whether the run is over.
 */
export function findMoment(timeline: Timeline, moment: Moment, from: number): number | null {
  if ('end' in moment) return timeline.length;
  if ('t' in moment) return timeline.end < moment.t ? null : Math.max(from, timeline.placeAt(moment.t));
  const happens = matcher(timeline, moment);
  let left = moment.count ?? 1;
  for (let index = from; index < timeline.length; index++) {
    if (!happens(index)) continue;
    left -= 1;
    if (left === 0) return index + 1;
  }
  return null;
}

/** Words are compared by their numbers: one that the timeline does not have is met by nothing. */
function matcher(timeline: Timeline, happening: Happening): (index: number) => boolean {
  const kind = kindNumber[happening.kind];
  const words = (['node', 'actor', 'peer', 'word', 'after', 'request'] as const).flatMap((column) => {
    const text = happening[column];
    return text === undefined ? [] : [{ numbers: timeline[column], number: timeline.wordOf(text) }];
  });
  if (words.some(({ number }) => number === NONE)) return () => false;
  const { amount } = happening;
  return (index) =>
    timeline.kind.at(index) === kind &&
    (amount === undefined || timeline.amount.at(index) === amount) &&
    words.every(({ numbers, number }) => numbers.at(index) === number);
}
