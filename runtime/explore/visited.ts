/**
 * The states that have been seen, each by 64 bits: a hash table of open addressing over typed arrays, 12 bytes a state and
 * its parent, and 4 for each place in the table. Two different states share their 64 bits with a probability of about
 * n² / 2^65 among n states: less than one in a million for five million. One of them would then be left out.
 */
export class Visited {
  #low = new Uint32Array(1 << 10);
  #high = new Uint32Array(1 << 10);
  #parent = new Int32Array(1 << 10);
  /** Index of a state, plus 1; 0 is a free place. */
  #table = new Int32Array(1 << 11);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return 12 * this.#low.length + 4 * this.#table.length;
  }

  /** The index of a new state; -1 for one that has been seen. `parent` is an index, -1 for the first state. */
  add(fingerprint: Fingerprint, parent: number): number {
    const { low, high } = fingerprint;
    const mask = this.#table.length - 1;
    let place = low & mask;
    for (let seen = this.#table[place] as number; seen !== 0; seen = this.#table[place] as number) {
      if (this.#low[seen - 1] === low && this.#high[seen - 1] === high) return -1;
      place = (place + 1) & mask;
    }
    const index = this.#size;
    if (index === this.#low.length) this.#grow();
    this.#low[index] = low;
    this.#high[index] = high;
    this.#parent[index] = parent;
    this.#table[place] = index + 1;
    this.#size += 1;
    if (4 * this.#size > 3 * this.#table.length) this.#rehash();
    return index;
  }

  has(index: number, { low, high }: Fingerprint): boolean {
    return this.#low[index] === low && this.#high[index] === high;
  }

  parent(index: number): number {
    return this.#parent[index] as number;
  }

  #grow(): void {
    // By half, so that the copies that stand side by side meanwhile stay small.
    const length = Math.ceil(this.#low.length * 1.5);
    this.#low = copied(new Uint32Array(length), this.#low);
    this.#high = copied(new Uint32Array(length), this.#high);
    this.#parent = copied(new Int32Array(length), this.#parent);
  }

  #rehash(): void {
    const table = new Int32Array(2 * this.#table.length);
    const mask = table.length - 1;
    for (let index = 0; index < this.#size; index++) {
      let place = (this.#low[index] as number) & mask;
      while (table[place] !== 0) place = (place + 1) & mask;
      table[place] = index + 1;
    }
    this.#table = table;
  }
}

function copied<List extends Uint32Array | Int32Array>(to: List, from: List): List {
  to.set(from);
  return to;
}

/** 64 bits of a state, in two words that are mixed apart from each other. One object serves for all states in turn. */
export class Fingerprint {
  low = 0;
  high = 0;

  of(ints: Int32Array, length: number): this {
    const { imul } = Math;
    let low = 0x9e3779b9 ^ length;
    let high = 0x7f4a7c15 + length;
    for (let i = 0; i < length; i++) {
      const word = ints[i] as number;
      low = imul(low ^ word, 0xcc9e2d51);
      low = imul((low << 15) | (low >>> 17), 0x1b873593);
      high = imul(high + word, 0x85ebca6b);
      high = imul(high ^ (high >>> 15), 0xc2b2ae35) + i;
    }
    this.low = mixed(low ^ (high >>> 7));
    this.high = mixed(high + imul(low, 0x27d4eb2f));
    return this;
  }
}

function mixed(word: number): number {
  let mix = Math.imul(word ^ (word >>> 16), 0x7feb352d);
  mix = Math.imul(mix ^ (mix >>> 15), 0x846ca68b);
  return (mix ^ (mix >>> 16)) >>> 0;
}
