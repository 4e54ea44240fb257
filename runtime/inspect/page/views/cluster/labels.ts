/** Where the words beside messages stand: each beside its message, none on a node or on other words. Pure. */
import type { Area, Place, Size } from './places.js';

export interface Wanted {
  readonly text: string;
  /** The message that it is about. */
  readonly at: Place;
  /** It is shown even where there is no room. */
  readonly isNeeded: boolean;
}

/** Px of a character of its monospaced 10.5 px lines, and of such a line. */
const CHARACTER = 6.4;
const HEIGHT = 13;

/** From a message to the middle of its words: beside it, above, below; then the same farther away. */
const sides = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 1],
  [-1, -1],
  [-1, 1],
] as const;
const distances = [0, 9];

/** Their places, in the order in which they are wanted; null for those that find no room. The place is that of the text's left end. */
export function labelPlaces(
  wanted: readonly Wanted[],
  nodes: readonly Area[],
  messages: readonly Place[],
  size: Size,
): readonly (Place | null)[] {
  const taken: Area[] = [...nodes];
  return wanted.map(({ text, at, isNeeded }) => {
    const all = areasBeside(at, text.length * CHARACTER);
    const free = all.filter((area) => isInside(area, size) && !taken.some((other) => overlap(area, other)));
    // Other messages may pass behind it, but rather not.
    const others = messages.filter((message) => message !== at);
    const area =
      free.find((each) => !others.some((message) => isOn(message, each))) ?? free[0] ?? (isNeeded ? all[0] : null);
    if (area == null) return null;
    taken.push(area);
    return { x: area.x, y: area.y + HEIGHT - 3 };
  });
}

/** The best first. */
const areasBeside = (at: Place, width: number): Area[] =>
  distances.flatMap((distance) =>
    sides.map(([sx, sy]) => ({
      x: at.x + sx * (width / 2 + 9 + distance) - width / 2,
      y: at.y + sy * (HEIGHT / 2 + 8 + distance) - HEIGHT / 2,
      width,
      height: HEIGHT,
    })),
  );

const isInside = ({ x, y, width, height }: Area, size: Size): boolean =>
  x >= 2 && y >= 2 && x + width <= size.width - 2 && y + height <= size.height - 2;

const overlap = (a: Area, b: Area): boolean =>
  a.x < b.x + b.width + 3 && b.x < a.x + a.width + 3 && a.y < b.y + b.height + 2 && b.y < a.y + a.height + 2;

const isOn = ({ x, y }: Place, area: Area): boolean =>
  x > area.x - 6 && x < area.x + area.width + 6 && y > area.y - 6 && y < area.y + area.height + 6;
