/** Which places of a picture have words on them already, so that no others are put there. */

/** A rectangle, px: its middle, and half its sides. */
export interface Patch {
  readonly x: number;
  readonly y: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
  /** Direction of its width: degrees, clockwise. */
  readonly turn: number;
}

/** The direction as a vector, which is asked for again and again. */
interface Placed extends Patch {
  readonly ux: number;
  readonly uy: number;
}

/** px: patches are sought by the columns that they reach into. */
const COLUMN = 64;

export class Room {
  readonly #columns = new Map<number, Placed[]>();

  /** Takes the place if it is free. */
  take(patch: Patch): boolean {
    const placed = place(patch);
    const [first, last] = columnsOf(placed);
    for (let column = first; column <= last; column++)
      for (const other of this.#columns.get(column) ?? []) if (meet(placed, other)) return false;
    this.#put(placed);
    return true;
  }

  /** Something else stands there. */
  block(left: number, top: number, width: number, height: number): void {
    const [halfWidth, halfHeight] = [width / 2, height / 2];
    this.#put(place({ x: left + halfWidth, y: top + halfHeight, halfWidth, halfHeight, turn: 0 }));
  }

  #put(placed: Placed): void {
    const [first, last] = columnsOf(placed);
    for (let column = first; column <= last; column++) {
      const there = this.#columns.get(column);
      if (there === undefined) this.#columns.set(column, [placed]);
      else there.push(placed);
    }
  }
}

function place(patch: Patch): Placed {
  const along = (patch.turn * Math.PI) / 180;
  return { ...patch, ux: Math.cos(along), uy: Math.sin(along) };
}

function columnsOf({ x, halfWidth, halfHeight, ux, uy }: Placed): readonly [first: number, last: number] {
  const reach = halfWidth * Math.abs(ux) + halfHeight * Math.abs(uy);
  return [Math.floor((x - reach) / COLUMN), Math.floor((x + reach) / COLUMN)];
}

export const overlap = (a: Patch, b: Patch): boolean => meet(place(a), place(b));

/** Unless in the direction of one of their sides there is a gap between them. */
function meet(a: Placed, b: Placed): boolean {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const [along, across] = [Math.abs(a.ux * b.ux + a.uy * b.uy), Math.abs(a.ux * b.uy - a.uy * b.ux)];
  return (
    Math.abs(dx * a.ux + dy * a.uy) < a.halfWidth + b.halfWidth * along + b.halfHeight * across &&
    Math.abs(dy * a.ux - dx * a.uy) < a.halfHeight + b.halfWidth * across + b.halfHeight * along &&
    Math.abs(dx * b.ux + dy * b.uy) < b.halfWidth + a.halfWidth * along + a.halfHeight * across &&
    Math.abs(dy * b.ux - dx * b.uy) < b.halfHeight + a.halfWidth * across + a.halfHeight * along
  );
}
