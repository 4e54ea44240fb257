/** Phases of requests, as blocks under the line of the node where they were reported, or as chips where they took no time. */
import { NONE } from '../../../timeline/chunk.js';
import { type Look, phaseTone, requestTone, type Tone } from './arrows.js';
import type { Lane, Stage } from './stage.js';

export interface Block {
  readonly index: number;
  readonly x: number;
  readonly width: number;
  readonly y: number;
  readonly height: number;
  readonly tone: Tone;
  readonly phase: string;
  readonly request: string;
  readonly dim: boolean;
}

export interface Chip extends Block {
  readonly row: number;
}

/** px. */
const CHIP = { narrowest: 3, widest: 28 };

export function blockOf(
  { timeline, landmarks }: Stage,
  index: number,
  y: number,
  lane: Lane,
  x: (t: number) => number,
  { colouring, request, dim }: Look,
): Block {
  const phase = timeline.text(timeline.word.at(index));
  const until = landmarks.until.at(index);
  const from = x(timeline.t.at(index));
  const to = x(until === NONE ? timeline.end : timeline.t.at(until));
  return {
    index,
    x: from,
    width: Math.max(to - from, 1),
    y: y + lane.under + landmarks.lane.at(index) * (lane.height + 1),
    height: lane.height,
    tone: colouring === 'phase' ? phaseTone(phase) : requestTone(landmarks.ordinals.get(request)),
    phase,
    request: timeline.text(request),
    dim,
  };
}

/** Side by side where they happened at the same moment, as wide as there is room before the next. */
export function chipsOf(instants: readonly Chip[], blocks: readonly Block[], rows: number): Chip[] {
  const byRow = Array.from({ length: rows }, (): Chip[] => []);
  for (const chip of instants) byRow[chip.row]?.push(chip);
  return byRow.flatMap((chips) => {
    const [chip] = chips;
    if (chip === undefined) return [];
    const starts = blocks.filter(({ y }) => y === chip.y).map(({ x }) => x);
    return sideBySide(chips, starts);
  });
}

/** One row of them; `starts` is where something else begins there. */
function sideBySide(chips: readonly Chip[], starts: readonly number[]): Chip[] {
  const placed: Chip[] = [];
  let block = 0;
  for (let first = 0; first < chips.length; ) {
    const { x = 0 } = chips[first] ?? {};
    let next = first;
    while (next < chips.length && (chips[next]?.x ?? 0) - x < 1) next++;
    while (block < starts.length && (starts[block] ?? 0) < x - 1) block++;
    const end = Math.min(chips[next]?.x ?? Number.POSITIVE_INFINITY, starts[block] ?? Number.POSITIVE_INFINITY);
    const width = Math.max(CHIP.narrowest, Math.min(CHIP.widest, (end - x - 2) / (next - first)));
    for (const [place, chip] of chips.slice(first, next).entries())
      placed.push({ ...chip, x: x + place * width, width: Math.max(width - 1, 1) });
    first = next;
  }
  return placed;
}
