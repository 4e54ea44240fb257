/**
 * The four session guarantees as rules: each is handed the operations of one session after the other, in program order,
 * and says which read is of too old a version. What each one says is in sessions.ts.
 */
import { INITIAL, named } from './accesses.js';
import { type Order, Writes } from './causal-order.js';

export interface Broken {
  /** The read. */
  readonly at: number;
  readonly why: string;
}

/** For each session a new one. */
type Rule = () => (id: number) => Broken | null;

type Name = 'read your writes' | 'monotonic reads' | 'monotonic writes' | 'writes follow reads';

export const sessionRules: Readonly<Record<Name, (order: Order) => Rule>> = {
  'read your writes': readYourWrites,
  'monotonic reads': monotonicReads,
  'monotonic writes': monotonicWrites,
  'writes follow reads': writesFollowReads,
};

/** Versions of one key that must not be gone back behind. */
class Floor {
  readonly #order: Order;
  readonly #versions: number[] = [];
  /** Of each process, how many operations are before one of the versions. */
  readonly #before: Int32Array;

  constructor(order: Order) {
    this.#order = order;
    this.#before = new Int32Array(order.width);
  }

  add(version: number): void {
    this.#versions.push(version);
    for (let i = 0; i < this.#before.length; i++)
      this.#before[i] = Math.max(this.#before[i] ?? 0, this.#order.count(version, i));
  }

  /** One of the first `count` versions that this one is older than, where there is one. */
  above(version: number, count = this.#versions.length): number | null {
    const { session, place } = this.#order.accesses;
    if (version !== INITIAL && (this.#before[session[version] ?? 0] ?? 0) <= (place[version] ?? 0)) return null;
    for (let i = count - 1; i >= 0; i--) {
      const one = this.#versions[i] ?? 0;
      if (older(this.#order, version, one)) return one;
    }
    return null;
  }
}

const older = (order: Order, version: number, than: number): boolean =>
  version === INITIAL || order.before(version, than);

function floorOf(floors: Map<number, Floor>, key: number, order: Order): Floor {
  const known = floors.get(key);
  if (known !== undefined) return known;
  const floor = new Floor(order);
  floors.set(key, floor);
  return floor;
}

/** It has read a version: not nothing, and not thin air. */
const hasRead = (from: number): boolean => from >= 0 || from === INITIAL;

function readYourWrites(order: Order): Rule {
  const { source, key, writes } = order.accesses;
  const name = (id: number): string => named(order.accesses, id);
  return () => {
    const floors = new Map<number, Floor>();
    return (id) => {
      const floor = floorOf(floors, key[id] ?? 0, order);
      const from = source[id] ?? -1;
      const above = hasRead(from) ? floor.above(from) : null;
      if (writes[id] === 1) floor.add(id);
      if (above === null) return null;
      const why = `${name(id)} read an older version than the process had itself written: ${name(above)}.`;
      return { at: id, why };
    };
  };
}

function monotonicReads(order: Order): Rule {
  const { source, key } = order.accesses;
  const name = (id: number): string => named(order.accesses, id);
  return () => {
    const floors = new Map<number, Floor>();
    /** By key, what was read last, and the reads of what was read. */
    const latest = new Map<number, number>();
    const seen = new Set<number>();
    return (id) => {
      const from = source[id] ?? -1;
      if (!hasRead(from)) return null;
      const ofKey = key[id] ?? 0;
      const floor = floorOf(floors, ofKey, order);
      const above = floor.above(from);
      const last = latest.get(ofKey) ?? INITIAL;
      if (above !== null) {
        const why = `${name(id)} read an older version than the process had read before: what ${name(above)} wrote.`;
        return { at: id, why };
      }
      if (from === INITIAL || from === last) return null;
      if (seen.has(from)) {
        const why = `${name(id)} went back to a version from which the process had gone over to what ${name(last)} wrote.`;
        return { at: id, why };
      }
      seen.add(from);
      latest.set(ofKey, from);
      floor.add(from);
      return null;
    };
  };
}

/** Of each other session, the last of its writes that this session has read: of all keys, and of each key. */
class Heard {
  readonly #order: Order;
  readonly #session: number;
  readonly last = new Map<number, number>();
  readonly #lastOfKey = new Map<string, number>();

  constructor(order: Order, session: number) {
    this.#order = order;
    this.#session = session;
  }

  read(from: number): void {
    const { session, place, key } = this.#order.accesses;
    const writer = session[from] ?? 0;
    if (from < 0 || writer === this.#session) return;
    const at = place[from] ?? 0;
    const ofKey = `${writer} ${key[from]}`;
    this.last.set(writer, Math.max(this.last.get(writer) ?? -1, at));
    this.#lastOfKey.set(ofKey, Math.max(this.#lastOfKey.get(ofKey) ?? -1, at));
  }

  /** Place of the last of its writes of the key that was read; -1 where none was. */
  ofKey(writer: number, key: number): number {
    return this.#lastOfKey.get(`${writer} ${key}`) ?? -1;
  }
}

function monotonicWrites(order: Order): Rule {
  const { source, key, session, place, sessions } = order.accesses;
  const name = (id: number): string => named(order.accesses, id);
  const writes = new Writes(order.accesses);
  return () => {
    let heard: Heard | null = null;
    return (id) => {
      heard ??= new Heard(order, session[id] ?? 0);
      const from = source[id] ?? -1;
      if (!hasRead(from)) return null;
      const ofKey = key[id] ?? 0;
      for (const [writer, last] of heard.last) {
        const earlier = writes.last(ofKey, writer, last);
        const passed = from >= 0 && session[from] === writer && (place[from] ?? 0) < heard.ofKey(writer, ofKey);
        if (!passed && (earlier === undefined || !older(order, from, earlier))) continue;
        const later = sessions[writer]?.[passed ? heard.ofKey(writer, ofKey) : last];
        const late = passed ? `goes back to ${name(from)}` : `does not know of ${name(earlier ?? 0)}`;
        const why = `${name(id)} ${late}, though the process had read what ${name(later ?? 0)} wrote, and that came after it in one process.`;
        return { at: id, why };
      }
      heard.read(from);
      return null;
    };
  };
}

/** What a session read of one key, in order. */
interface ReadsOfKey {
  readonly floors: Floor;
  /** Places of the reads that found a new version. */
  readonly places: number[];
  /** Where each version was first read. */
  readonly first: Map<number, number>;
}

function readsByKey(order: Order): readonly ReadonlyMap<number, ReadsOfKey>[] {
  const { sessions, source, key, place } = order.accesses;
  return sessions.map((ids) => {
    const byKey = new Map<number, ReadsOfKey>();
    for (const id of ids) {
      const from = source[id] ?? -1;
      if (from < 0) continue;
      const known = byKey.get(key[id] ?? 0) ?? {
        floors: new Floor(order),
        places: [] as number[],
        first: new Map<number, number>(),
      };
      byKey.set(key[id] ?? 0, known);
      if (known.first.has(from)) continue;
      known.floors.add(from);
      known.places.push(place[id] ?? 0);
      known.first.set(from, place[id] ?? 0);
    }
    return byKey;
  });
}

function writesFollowReads(order: Order): Rule {
  const { source, key, session, sessions } = order.accesses;
  const name = (id: number): string => named(order.accesses, id);
  const reads = readsByKey(order);
  return () => {
    let heard: Heard | null = null;
    return (id) => {
      heard ??= new Heard(order, session[id] ?? 0);
      const from = source[id] ?? -1;
      if (!hasRead(from)) return null;
      const ofKey = key[id] ?? 0;
      for (const [writer, last] of heard.last) {
        const known = reads[writer]?.get(ofKey);
        if (known === undefined) continue;
        const passed = (known.first.get(from) ?? Number.POSITIVE_INFINITY) <= heard.ofKey(writer, ofKey);
        const above = passed ? from : known.floors.above(from, countUpTo(known.places, last));
        if (above === null) continue;
        const later = sessions[writer]?.[passed ? heard.ofKey(writer, ofKey) : last];
        const late = passed ? 'goes back to' : 'does not know of';
        const why = `${name(id)} ${late} ${name(above)}, though the process had read what ${name(later ?? 0)} wrote, and who wrote that had read it before.`;
        return { at: id, why };
      }
      heard.read(from);
      return null;
    };
  };
}

/** How many of the ascending numbers are at most `most`. */
function countUpTo(numbers: readonly number[], most: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= most) low = middle + 1;
    else high = middle;
  }
  return low;
}
