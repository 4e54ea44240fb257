/** Messages as arrows, from where they were sent to where they arrived, or as far as they came. */
import { kindNumber, NONE } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';
import type { Landmarks } from './landmarks.js';
import type { Cross } from './marks.js';
import type { Colouring, Stage } from './stage.js';

/** Colours that requests take in turn. */
const categories = [
  'category-0',
  'category-1',
  'category-2',
  'category-3',
  'category-4',
  'category-5',
  'category-6',
  'category-7',
] as const;

/** A colour by its meaning: the variable `--<tone>` of style.css. */
export type Tone =
  | 'faint'
  | 'text'
  | 'bad'
  | 'phase-re'
  | 'phase-sc'
  | 'phase-ex'
  | 'phase-ac'
  | 'phase-end'
  | (typeof categories)[number];

export interface Arrow {
  /** Of its `sent`. */
  readonly index: number;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly tone: Tone;
  readonly type: string;
  readonly control: boolean;
  /** `doomed`: what it was bound for crashed before it came. */
  readonly fate: 'arrived' | 'flying' | 'lost' | 'doomed';
  readonly dim: boolean;
}

export const requestTone = (ordinal: number | undefined): Tone =>
  ordinal === undefined ? 'faint' : (categories[ordinal % categories.length] ?? 'faint');

export function phaseTone(phase: string): Tone {
  switch (phase) {
    case 'RE':
      return 'phase-re';
    case 'SC':
      return 'phase-sc';
    case 'EX':
      return 'phase-ex';
    case 'AC':
      return 'phase-ac';
    case 'END':
      return 'phase-end';
    default:
      return 'faint';
  }
}

/**
 * The phase that a message is part of, by what the phases mean: from a front end it is the request, to one the answer; among the
 * others it coordinates before the sender has executed the request, and agrees after.
 */
export function phaseOfMessage(timeline: Timeline, index: number): string {
  const request = timeline.request.at(index);
  if (request === NONE || timeline.control.at(index) === 1) return '';
  const node = timeline.node.at(index);
  if (timeline.text(node).startsWith('fe-')) return 'RE';
  if (timeline.text(timeline.peer.at(index)).startsWith('fe-')) return 'END';
  for (const event of timeline.eventsOf(request)) {
    if (event >= index) break;
    const executed = timeline.kind.at(event) === kindNumber.phase && timeline.text(timeline.word.at(event)) === 'EX';
    if (executed && timeline.node.at(event) === node) return 'AC';
  }
  return 'SC';
}

function toneOf({ timeline, landmarks }: Stage, index: number, colouring: Colouring, request: number): Tone {
  return colouring === 'phase'
    ? phaseTone(phaseOfMessage(timeline, index))
    : requestTone(landmarks.ordinals.get(request));
}

/** How a thing is drawn. */
export interface Look {
  readonly colouring: Colouring;
  /** Word: of the requests that it is about, the one whose colour it has. */
  readonly request: number;
  readonly dim: boolean;
}

export function arrowOf(
  stage: Stage,
  index: number,
  { y1, y2 }: { readonly y1: number; readonly y2: number },
  x: (t: number) => number,
  { colouring, request, dim }: Look,
): Arrow {
  const { timeline, landmarks } = stage;
  const sent = timeline.t.at(index);
  const fate = fateOf(timeline, landmarks, index);
  const end = endOf(timeline, landmarks, index, fate);
  const x1 = x(sent);
  const x2 = x(end.t);
  return {
    index,
    x1,
    y1,
    x2,
    y2: y1 + (y2 - y1) * end.share,
    tone: toneOf(stage, index, colouring, request),
    type: timeline.text(timeline.word.at(index)),
    control: timeline.control.at(index) === 1,
    fate,
    dim,
  };
}

function fateOf(timeline: Timeline, landmarks: Landmarks, index: number): Arrow['fate'] {
  if (timeline.arrival.at(index) !== NONE) return 'arrived';
  const peer = timeline.peer.at(index);
  if (landmarks.downAt(peer, index) !== undefined || landmarks.crashAfter(peer, index) !== NONE) return 'doomed';
  return timeline.loss.at(index) === NONE ? 'flying' : 'lost';
}

/** When it is where it ends, and what share of the way it came. */
function endOf(
  timeline: Timeline,
  landmarks: Landmarks,
  index: number,
  fate: Arrow['fate'],
): { readonly t: number; readonly share: number } {
  const sent = timeline.t.at(index);
  const { flight } = landmarks;
  switch (fate) {
    case 'arrived':
      return { t: timeline.t.at(timeline.arrival.at(index)), share: 1 };
    case 'flying': {
      // As far as it would have come by now; it is not there before it is.
      const share = Math.min((timeline.end - sent) / flight, 0.9);
      return { t: sent + share * flight, share };
    }
    case 'doomed':
      return { t: sent + flight, share: 1 };
    case 'lost':
      return { t: lostDuring(timeline, flight, timeline.lossesOf(index, 0).next).to, share: LOST_AT };
  }
}

/** Share of the way at which a loss is drawn. */
const LOST_AT = 0.42;

/** From when to when a message was on its way that the network lost: where that is not known, or over at once, for about as long as others. */
function lostDuring(timeline: Timeline, flight: number, lost: number): { readonly from: number; readonly to: number } {
  const t = timeline.t.at(lost);
  const before = timeline.loss.at(lost);
  const sent = timeline.sent.at(lost);
  // The link has sent it again since it was lost before: nobody knows when.
  const known = before === NONE ? (sent === NONE ? t : timeline.t.at(sent)) : timeline.t.at(before);
  const from = before === NONE ? known : Math.max(known, t - flight);
  return from < t ? { from, to: t } : { from: t, to: t + flight * LOST_AT };
}

/** Where a message that the network lost ended. `y` is that of its sender. */
export function stubOf(
  { timeline, landmarks, rowOf }: Stage,
  index: number,
  y: number,
  xAt: (t: number) => number,
  rows: readonly number[],
): Cross {
  const target = rows[rowOf.get(timeline.peer.at(index)) ?? 0] ?? y;
  const { from, to } = lostDuring(timeline, landmarks.flight, index);
  return { index, kind: 'lost', x: xAt(to), y: y + (target - y) * LOST_AT, count: 1, from: { x: xAt(from), y } };
}
