/** Arrays of numbers that grow at the end and are cut at the end. */
abstract class Column<Numbers extends Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer>> {
  #numbers: Numbers;
  #length = 0;

  constructor(numbers: Numbers) {
    this.#numbers = numbers;
  }

  protected abstract room(length: number): Numbers;

  get length(): number {
    return this.#length;
  }

  /** What is there, to be read at once: the next change may move it. */
  get numbers(): Numbers {
    return this.#numbers;
  }

  /** Only for places below the length. */
  at(place: number): number {
    return this.#numbers[place] as number;
  }

  set(place: number, value: number): void {
    this.#numbers[place] = value;
  }

  push(value: number): void {
    this.#grow(this.#length + 1);
    this.#numbers[this.#length] = value;
    this.#length += 1;
  }

  append(values: ArrayLike<number>): void {
    this.#grow(this.#length + values.length);
    this.#numbers.set(values, this.#length);
    this.#length += values.length;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  #grow(length: number): void {
    if (length <= this.#numbers.length) return;
    const numbers = this.room(Math.max(length, Math.ceil(this.#numbers.length * 1.5)));
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}

export class Floats extends Column<Float64Array<ArrayBuffer>> {
  constructor() {
    super(new Float64Array(1024));
  }

  protected room(length: number): Float64Array<ArrayBuffer> {
    return new Float64Array(length);
  }
}

export class Integers extends Column<Int32Array<ArrayBuffer>> {
  constructor(values: readonly number[] = []) {
    super(new Int32Array(1024));
    this.append(values);
  }

  protected room(length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(length);
  }
}
