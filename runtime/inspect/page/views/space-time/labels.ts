/** What arrows and events say of themselves, where there is room for it; what finds none is told when one points at it. */
import { kindNumber } from '../../../timeline/chunk.js';
import type { Arrow } from './arrows.js';
import { clockText } from './clocks.js';
import type { ViewMark } from './marks.js';
import type { Block } from './phases.js';
import { Room } from './room.js';
import type { Stage } from './stage.js';

export interface Label {
  readonly text: string;
  /** Its middle, px. */
  readonly x: number;
  readonly y: number;
  /** px. */
  readonly size: number;
  /** Degrees, clockwise. */
  readonly turn: number;
}

/** An event that has a vector clock, where it is drawn. */
export interface Stamped {
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

interface Drawn {
  readonly width: number;
  readonly arrows: readonly Arrow[];
  readonly stamped: readonly Stamped[];
  readonly blocks: readonly Block[];
  readonly views: readonly ViewMark[];
}

/** Arrows and clocks up to which they are tried: where there are more, there is no room, and it would take long to find that out. */
const MOST = { arrows: 120, clocks: 300 };
/** Of their way: where on an arrow its name may be, the best first. */
const PLACES = [0.5, 0.36, 0.64, 0.22, 0.78];
const NAME = { size: 10, letter: 5.7, halfHeight: 8 };
const CLOCK = { size: 9, letter: 5.2, halfHeight: 5.5 };
/** px of an arrow beside its name. */
const BESIDE = 18;

interface Labelled {
  readonly labels: readonly Label[];
  /** Those whose members have no room say their number alone. */
  readonly views: readonly ViewMark[];
}

export function labelsOf(stage: Stage, drawn: Drawn): Labelled {
  const room = new Room();
  for (const { x, y, width, height } of drawn.blocks) room.block(x, y, width, height);
  const views = drawn.views.map((view) => viewIn(view, room));
  return { views, labels: [...names(drawn, room), ...clocks(stage, drawn, room)] };
}

function viewIn(view: ViewMark, room: Room): ViewMark {
  const { x, y, label, members } = view;
  const [number, all] = [label.length * 7 + 8, (label.length + members.length) * 6.4 + 14];
  const fits = room.take({ x: x + all / 2, y: y - 11, halfWidth: all / 2, halfHeight: 6, turn: 0 });
  if (fits) return view;
  room.block(x, y - 17, number, 12);
  return { ...view, members: '' };
}

function names({ arrows, width }: Drawn, room: Room): Label[] {
  const bright = arrows.filter(({ dim, control }) => !dim && !control);
  if (bright.length > MOST.arrows) return [];
  // What is for a request says more than what the members tell each other.
  const ordered = [...bright.filter(({ tone }) => tone !== 'faint'), ...bright.filter(({ tone }) => tone === 'faint')];
  return ordered.flatMap((arrow) => nameOf(arrow, width, room) ?? []);
}

function nameOf({ x1, y1, x2, y2, type }: Arrow, width: number, room: Room): Label | null {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const halfWidth = (type.length * NAME.letter) / 2 + 6;
  if (Math.hypot(dx, dy) < halfWidth * 2 + BESIDE) return null;
  const degrees = (Math.atan2(dy, dx) * 180) / Math.PI;
  // Never on its head.
  const turn = Math.abs(degrees) > 90 ? degrees + 180 : degrees;
  for (const place of PLACES) {
    const [x, y] = [x1 + dx * place, y1 + dy * place];
    if (x < NAME.size || x > width - NAME.size) continue;
    if (room.take({ x, y, halfWidth, halfHeight: NAME.halfHeight, turn }))
      return { text: type, x, y, size: NAME.size, turn };
  }
  return null;
}

function clocks({ timeline, clocks }: Stage, { stamped, width }: Drawn, room: Room): Label[] {
  if (clocks === null || stamped.length > MOST.clocks) return [];
  const rank = ({ index }: Stamped): number => (timeline.kind.at(index) === kindNumber.delivered ? 0 : 1);
  // Of what happens at the same moment the last knows most.
  const ordered = [...stamped].sort((a, b) => rank(a) - rank(b) || b.index - a.index);
  return ordered.flatMap(({ index, x, y }): Label[] => {
    const clock = clocks.at(timeline, index);
    if (clock === null) return [];
    const text = clockText(clock);
    const halfWidth = (text.length * CLOCK.letter) / 2 + 1;
    for (const [dx, dy] of [
      [halfWidth + 4, -9],
      [-halfWidth - 4, -9],
      [halfWidth + 4, 9],
    ] as const) {
      const inside = x + dx - halfWidth > 0 && x + dx + halfWidth < width;
      if (inside && room.take({ x: x + dx, y: y + dy, halfWidth, halfHeight: CLOCK.halfHeight, turn: 0 }))
        return [{ text, x: x + dx, y: y + dy, size: CLOCK.size, turn: 0 }];
    }
    return [];
  });
}
