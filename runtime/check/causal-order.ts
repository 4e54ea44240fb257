/**
 * Causal order: an operation is before another where its process did it first, where the other read what it wrote, or
 * by a chain of these. Kept as vector timestamps: of each operation, how many operations of each process are before it.
 */
import type { Accesses } from './accesses.js';

export class Order {
  readonly accesses: Accesses;
  readonly width: number;
  /** Row by row. */
  readonly clocks: Int32Array;

  constructor(accesses: Accesses, clocks: Int32Array) {
    this.accesses = accesses;
    this.width = accesses.sessions.length;
    this.clocks = clocks;
  }

  before(one: number, other: number): boolean {
    return this.count(other, this.accesses.session[one] ?? 0) > (this.accesses.place[one] ?? 0);
  }

  /** How many operations of a process are before it. */
  count(id: number, session: number): number {
    return this.clocks[id * this.width + session] ?? 0;
  }

  /** Puts one before the other, with all that is before the one. Says whether that was new. */
  put(one: number, other: number): boolean {
    const { clocks, width } = this;
    const session = this.accesses.session[one] ?? 0;
    const own = (this.accesses.place[one] ?? 0) + 1;
    let news = false;
    for (let i = 0; i < width; i++) {
      const known = clocks[one * width + i] ?? 0;
      const value = i === session && known < own ? own : known;
      if (value <= (clocks[other * width + i] ?? 0)) continue;
      clocks[other * width + i] = value;
      news = true;
    }
    return news;
  }

  copy(): Order {
    return new Order(this.accesses, this.clocks.slice());
  }
}

/** What a causal order takes, and a copy of it. */
export const timestampBytes = ({ operations, sessions }: Accesses): number =>
  2 * Int32Array.BYTES_PER_ELEMENT * operations.length * sessions.length;

/** Of each operation, those that read from it. */
export function readersOf({ operations, source }: Accesses): readonly (readonly number[])[] {
  const readers: number[][] = operations.map(() => []);
  source.forEach((from, id) => {
    if (from >= 0) readers[from]?.push(id);
  });
  return readers;
}

/** The causal order; or an operation that would be before itself. */
export function causalOrder(accesses: Accesses): Order | { readonly circle: number } {
  const { operations, sessions, source, session, place } = accesses;
  const order = new Order(accesses, new Int32Array(operations.length * sessions.length));
  const readers = readersOf(accesses);
  const waits = Uint8Array.from(
    operations,
    (_, id) => ((place[id] ?? 0) > 0 ? 1 : 0) + ((source[id] ?? -1) >= 0 ? 1 : 0),
  );
  const ready = operations.flatMap((_, id) => (waits[id] === 0 ? [id] : []));
  const follow = (one: number, other: number): void => {
    order.put(one, other);
    waits[other] = (waits[other] ?? 0) - 1;
    if (waits[other] === 0) ready.push(other);
  };
  let done = 0;
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    done += 1;
    const next = sessions[session[id] ?? 0]?.[(place[id] ?? 0) + 1];
    if (next !== undefined) follow(id, next);
    for (const reader of readers[id] ?? []) follow(id, reader);
  }
  if (done === operations.length) return order;
  return { circle: onCircle(accesses, waits) };
}

/** Backwards from an operation that waits for ever, always to another such one: soon one comes again. */
function onCircle({ source, sessions, session, place }: Accesses, waits: Uint8Array): number {
  const seen = new Set<number>();
  let id = waits.findIndex((left) => left > 0);
  while (!seen.has(id)) {
    seen.add(id);
    const from = source[id] ?? -1;
    id = from >= 0 && (waits[from] ?? 0) > 0 ? from : (sessions[session[id] ?? 0]?.[(place[id] ?? 0) - 1] ?? id);
  }
  return id;
}

/** Who wrote a key, by process. */
export class Writes {
  readonly #byKey: readonly ReadonlyMap<number, readonly number[]>[];
  readonly #place: Int32Array;

  constructor({ operations, keys, key, writes, session, place }: Accesses) {
    const byKey = keys.map(() => new Map<number, number[]>());
    operations.forEach((_, id) => {
      if (writes[id] !== 1) return;
      const ofKey = byKey[key[id] ?? 0];
      const process = session[id] ?? 0;
      const own = ofKey?.get(process);
      if (own === undefined) ofKey?.set(process, [id]);
      else own.push(id);
    });
    this.#byKey = byKey;
    this.#place = place;
  }

  /** Processes that wrote it. */
  writers(key: number): Iterable<number> {
    return this.#byKey[key]?.keys() ?? [];
  }

  /** The last write of the key among the first `count` operations of the process. */
  last(key: number, session: number, count: number): number | undefined {
    const ids = this.#byKey[key]?.get(session) ?? [];
    return ids[firstOf(ids, (id) => (this.#place[id] ?? 0) >= count) - 1];
  }

  /** The first write of the key by the process that is such as asked; all after it have to be such as well. */
  first(key: number, session: number, such: (write: number) => boolean): number | undefined {
    const ids = this.#byKey[key]?.get(session) ?? [];
    return ids[firstOf(ids, such)];
  }
}

/** Place of the first that is such as asked, where all after it are such as well; else how many there are. */
function firstOf(ids: readonly number[], such: (id: number) => boolean): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (such(ids[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
