/**
 * The set of configurations that a search has seen, four numbers each, in one table: 16 bytes, and as much again free.
 */
const WORDS = 4;
const FIRST_PLACES = 1 << 6;

export class Configurations {
  #table = new Int32Array(WORDS * FIRST_PLACES);
  #places = FIRST_PLACES;
  #count = 0;

  get bytes(): number {
    return this.#table.byteLength;
  }

  /** What the table takes while it is made larger for one more. */
  get bytesForOneMore(): number {
    return this.#full() ? 3 * this.bytes : this.bytes;
  }

  /** Returns whether it is new. The first number must not be 0. */
  add(a: number, b: number, c: number, d: number): boolean {
    if (this.#full()) this.#grow();
    const place = this.#placeOf(a, b, c, d);
    const table = this.#table;
    if (table[place] !== 0) return false;
    table[place] = a;
    table[place + 1] = b;
    table[place + 2] = c;
    table[place + 3] = d;
    this.#count += 1;
    return true;
  }

  #full(): boolean {
    return 2 * this.#count >= this.#places;
  }

  #placeOf(a: number, b: number, c: number, d: number): number {
    const table = this.#table;
    let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35) ^ Math.imul(c, 0x27d4eb2f) ^ Math.imul(d, 0x165667b1);
    hash = Math.imul(hash ^ (hash >>> 13), 0x2c1b3c6d);
    const mask = this.#places - 1;
    for (let i = (hash ^ (hash >>> 16)) & mask; ; i = (i + 1) & mask) {
      const place = i * WORDS;
      if (table[place] === 0) return place;
      if (table[place] === a && table[place + 1] === b && table[place + 2] === c && table[place + 3] === d)
        return place;
    }
  }

  #grow(): void {
    const old = this.#table;
    this.#places *= 2;
    this.#table = new Int32Array(WORDS * this.#places);
    for (let from = 0; from < old.length; from += WORDS) {
      const [a = 0, b = 0, c = 0, d = 0] = [old[from], old[from + 1], old[from + 2], old[from + 3]];
      if (a !== 0) this.#table.set([a, b, c, d], this.#placeOf(a, b, c, d));
    }
  }
}
