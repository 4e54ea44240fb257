/**
 * Things by number: each text gets the next number the first time that it is seen, and what it stands for is kept once.
 */
export class Interned<Value> {
  readonly #ids = new Map<string, number>();
  readonly #values: Value[] = [];
  #characters = 0;

  /** The number of the text; `make` is asked for the value when the text is new. */
  idOf(text: string, make: (id: number) => Value): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.#values.length;
    this.#ids.set(text, id);
    this.#values.push(make(id));
    this.#characters += text.length;
    return id;
  }

  at(id: number): Value {
    return this.#values[id] as Value; // numbers come from idOf only
  }

  get size(): number {
    return this.#values.length;
  }

  /** Estimated: texts, and about as much again for the values and the map. */
  get bytes(): number {
    return 2 * this.#characters + 96 * this.size;
  }
}
