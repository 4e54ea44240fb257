/**
 * States that have been seen and not yet gone on from, packed one after another into chunks of whole numbers. Taken from
 * the front they come out breadth first, from the back depth first.
 */
const CHUNK = 1 << 16;

interface Chunk {
  readonly ints: Int32Array;
  /** The records are from `begin` to `end`. */
  begin: number;
  end: number;
}

export class Frontier {
  readonly #chunks: Chunk[] = [];
  /** Chunks before this one have been used up. */
  #first = 0;
  #size = 0;
  #bytes = 0;
  /** Of the state taken last. */
  readonly taken = { ints: new Int32Array(256), length: 0, index: 0, depth: 0 };

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A record is the state's length, index, depth, numbers, and the length once more, for those who come from behind. */
  push(ints: Int32Array, length: number, index: number, depth: number): void {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.end + length + 4 > chunk.ints.length) {
      chunk = { ints: new Int32Array(Math.max(CHUNK, length + 4)), begin: 0, end: 0 };
      this.#chunks.push(chunk);
      this.#bytes += chunk.ints.byteLength;
    }
    let at = chunk.end;
    chunk.ints[at++] = length;
    chunk.ints[at++] = index;
    chunk.ints[at++] = depth;
    for (let i = 0; i < length; i++) chunk.ints[at++] = ints[i] as number;
    chunk.ints[at++] = length;
    chunk.end = at;
    this.#size += 1;
  }

  /** Takes the oldest state, or the youngest; false when there is none. */
  take(from: 'front' | 'back'): boolean {
    if (this.#size === 0) return false;
    const chunk = from === 'front' ? this.#chunks[this.#first] : this.#chunks.at(-1);
    if (chunk === undefined) return false;
    const { ints } = chunk;
    const length = ints[from === 'front' ? chunk.begin : chunk.end - 1] as number;
    const begin = from === 'front' ? chunk.begin : chunk.end - length - 4;
    this.#read(ints, begin, length);
    if (from === 'front') chunk.begin += length + 4;
    else chunk.end = begin;
    this.#size -= 1;
    if (chunk.begin === chunk.end) this.#drop(from);
    return true;
  }

  #read(ints: Int32Array, begin: number, length: number): void {
    const { taken } = this;
    if (taken.ints.length < length) taken.ints = new Int32Array(2 * length);
    for (let i = 0; i < length; i++) taken.ints[i] = ints[begin + 3 + i] as number;
    taken.length = length;
    taken.index = ints[begin + 1] as number;
    taken.depth = ints[begin + 2] as number;
  }

  #drop(from: 'front' | 'back'): void {
    const gone = from === 'back' ? this.#chunks.pop() : this.#chunks[this.#first];
    this.#bytes -= gone?.ints.byteLength ?? 0;
    if (from === 'back') return;
    this.#first += 1;
    if (2 * this.#first < this.#chunks.length) return;
    this.#chunks.splice(0, this.#first);
    this.#first = 0;
  }
}
