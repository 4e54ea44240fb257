/** Which places of a picture have words on them already, so that no others are put there. */

/** A rectangle, px: its middle, half its sides, and the direction of the longer one. */
export interface Patch {
  readonly x: number;
  readonly y: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
  /** Degrees, clockwise. */
  readonly turn: number;
}

/** px: patches are sought by the columns that they reach into. */
const COLUMN = 64;

export class Room {
  readonly #columns = new Map<number, Patch[]>();

  /** Takes the place if it is free. */
  take(patch: Patch): boolean {
    const columns = columnsOf(patch);
    for (const column of columns)
      if (this.#columns.get(column)?.some((other) => overlap(patch, other)) === true) return false;
    this.#put(patch, columns);
    return true;
  }

  /** Something else stands there. */
  block(left: number, top: number, width: number, height: number): void {
    const [halfWidth, halfHeight] = [width / 2, height / 2];
    const patch = { x: left + halfWidth, y: top + halfHeight, halfWidth, halfHeight, turn: 0 };
    this.#put(patch, columnsOf(patch));
  }

  #put(patch: Patch, columns: readonly number[]): void {
    for (const column of columns) {
      const there = this.#columns.get(column);
      if (there === undefined) this.#columns.set(column, [patch]);
      else there.push(patch);
    }
  }
}

function columnsOf(patch: Patch): number[] {
  const reach = patch.turn === 0 ? patch.halfWidth : Math.hypot(patch.halfWidth, patch.halfHeight);
  const first = Math.floor((patch.x - reach) / COLUMN);
  const last = Math.floor((patch.x + reach) / COLUMN);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Unless one of their sides' directions shows a gap between them. */
export function overlap(a: Patch, b: Patch): boolean {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  return [a.turn, a.turn + 90, b.turn, b.turn + 90].every((degrees) => {
    const along = (degrees * Math.PI) / 180;
    const [ux, uy] = [Math.cos(along), Math.sin(along)];
    return Math.abs(dx * ux + dy * uy) < shadow(a, along) + shadow(b, along);
  });
}

/** Half of what it covers of a line in this direction. */
function shadow({ halfWidth, halfHeight, turn }: Patch, along: number): number {
  const angle = along - (turn * Math.PI) / 180;
  return halfWidth * Math.abs(Math.cos(angle)) + halfHeight * Math.abs(Math.sin(angle));
}
