/** The ways between nodes that messages take: straight, or bent where a third node would hide them. Pure. */
import { pairKey } from './cast.js';
import type { Area, Place, Size, Slot } from './places.js';

/** Between the edge of a node and a message that has just left it. */
const CLEAR = 9;
/** Between a way and a node that it passes. */
const PASSING = 8;
/** How far to one side a way is pulled where it begins and where it ends: px of a way of 400 px, more of a longer one. */
type Bend = readonly [number, number];
/** Those that are tried, the straightest first. */
const BENDS: readonly Bend[] = [
  16, 26, 35, 44, 53, 62, 71, 80, 90, 100, 112, 124, 136, 150, 165, 180, 200, 220, 240, 260,
]
  .flatMap((size) => [size, -size])
  .flatMap((size): Bend[] => [
    [size, size],
    [size, 0],
    [0, size],
    [size, -size],
    [size, size / 2],
    [size / 2, size],
    [size, -size / 2],
    [-size / 2, size],
  ])
  .sort((a, b) => pulled(a) - pulled(b));
/** Px at the edges of the pane where no way goes. */
const EDGE = 12;
/** Points at which a way is looked at. */
const POINTS = 40;
/** Messages keep to the right of their way, as cars do: px. */
const LANE = 5;

function pulled([first, second]: Bend): number {
  return Math.abs(first) + Math.abs(second) + Math.abs(first - second) / 4;
}

export class Way {
  /** Of an SVG path. */
  readonly path: string;
  /** px between the two nodes, roughly. */
  readonly length: number;
  readonly #a: Place;
  readonly #b: Place;
  /** How the curve is pulled to one side. */
  readonly #pulls: readonly [Place, Place];
  /** Shares of the curve that are behind the nodes themselves. */
  readonly #from: number;
  readonly #to: number;

  constructor(a: Slot, b: Slot, bend: Bend) {
    [this.#a, this.#b] = [a.center, b.center];
    this.#pulls = pullsOf(a.center, b.center, bend);
    this.path = `M${written(a.center)}C${this.#pulls.map(written).join(' ')} ${written(b.center)}`;
    let [from, to] = [0, POINTS];
    while (from < POINTS && isWithin(this.#point(from / POINTS), a, CLEAR)) from += 1;
    while (to > 0 && isWithin(this.#point(to / POINTS), b, CLEAR)) to -= 1;
    [this.#from, this.#to] = from < to ? [from / POINTS, to / POINTS] : [0.5, 0.5];
    const [start, end] = [this.#point(this.#from), this.#point(this.#to)];
    this.length = Math.hypot(end.x - start.x, end.y - start.y);
  }

  /** Where a message is that has come this share of the way, from the first of the two nodes or from the other one. */
  at(share: number, isBack: boolean): Place {
    const t = this.#from + (this.#to - this.#from) * (isBack ? 1 - share : share);
    const { x, y } = this.#point(t);
    const angle = this.#angle(t) + (isBack ? Math.PI : 0);
    return { x: x - Math.sin(angle) * LANE, y: y + Math.cos(angle) * LANE };
  }

  /** Its middle, and the angle of the way there, in degrees. */
  middle(): Place & { readonly turn: number } {
    const t = (this.#from + this.#to) / 2;
    return { ...this.#point(t), turn: (this.#angle(t) * 180) / Math.PI };
  }

  /** Points of it between the two nodes. */
  *points(): Iterable<Place> {
    for (let i = 0; i <= POINTS; i++) {
      const t = i / POINTS;
      if (t >= this.#from && t <= this.#to) yield this.#point(t);
    }
  }

  #point(t: number): Place {
    const [c, d] = this.#pulls;
    const mix = (of: 'x' | 'y'): number =>
      (1 - t) ** 3 * this.#a[of] + 3 * (1 - t) ** 2 * t * c[of] + 3 * (1 - t) * t ** 2 * d[of] + t ** 3 * this.#b[of];
    return { x: mix('x'), y: mix('y') };
  }

  #angle(t: number): number {
    const [c, d] = this.#pulls;
    const slope = (of: 'x' | 'y'): number =>
      (1 - t) ** 2 * (c[of] - this.#a[of]) + 2 * (1 - t) * t * (d[of] - c[of]) + t ** 2 * (this.#b[of] - d[of]);
    return Math.atan2(slope('y'), slope('x'));
  }
}

const written = ({ x, y }: Place): string => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;

/** All ways of one arrangement, each found when it is first asked for. */
export class Ways {
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #size: Size;
  readonly #known = new Map<string, Way>();

  constructor(slots: readonly Slot[], size: Size) {
    this.#slots = new Map(slots.map((slot) => [slot.node, slot]));
    this.#size = size;
  }

  /** Null where one of them has no place. It begins at the one whose name is first. */
  between(one: string, other: string): Way | null {
    const key = pairKey(one, other);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const a = this.#slots.get(one < other ? one : other);
    const b = this.#slots.get(one < other ? other : one);
    if (a === undefined || b === undefined || a === b) return null;
    const way = this.#find(a, b);
    this.#known.set(key, way);
    return way;
  }

  /** Where a message is that has come this share of its way. */
  at(from: string, to: string, share: number): Place | null {
    return this.between(from, to)?.at(share, to < from) ?? null;
  }

  #find(a: Slot, b: Slot): Way {
    const others = [...this.#slots.values()].filter((slot) => slot !== a && slot !== b);
    let best = new Way(a, b, [0, 0]);
    let least = this.#hidden(best, others, Number.POSITIVE_INFINITY);
    if (least === 0) return best;
    for (const bend of BENDS) {
      const way = new Way(a, b, bend);
      const hidden = this.#hidden(way, others, least);
      if (hidden === 0) return way;
      if (hidden < least) [best, least] = [way, hidden];
    }
    return best;
  }

  /** How much of a way is behind other nodes, or outside; counted up to so much. */
  #hidden(way: Way, others: readonly Slot[], most: number): number {
    let hidden = 0;
    const { width, height } = this.#size;
    for (const point of way.points()) {
      if (hidden >= most) return hidden;
      if (point.x < EDGE || point.y < EDGE || point.x > width - EDGE || point.y > height - EDGE) hidden += 1;
      for (const other of others) if (isWithin(point, other, PASSING)) hidden += 1;
    }
    return hidden;
  }
}

/** Of a curve that is pulled so far aside, and goes along beside the straight line for most of its length. */
function pullsOf(a: Place, b: Place, [first, second]: Bend): [Place, Place] {
  const length = Math.max(1, Math.hypot(b.x - a.x, b.y - a.y));
  const more = (Math.max(1, length / 400) * 4) / 3 / length;
  const at = (part: number, bend: number): Place => ({
    x: a.x + (b.x - a.x) * part - (b.y - a.y) * bend * more,
    y: a.y + (b.y - a.y) * part + (b.x - a.x) * bend * more,
  });
  return first === 0 && second === 0 ? [at(1 / 3, 0), at(2 / 3, 0)] : [at(0.2, first), at(0.8, second)];
}

const isWithin = ({ x, y }: Place, area: Area, beside: number): boolean =>
  x > area.x - beside && x < area.x + area.width + beside && y > area.y - beside && y < area.y + area.height + beside;
