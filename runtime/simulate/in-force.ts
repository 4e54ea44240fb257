/**
 * What holds for a time: for each key the value that was set last, and the one before it again once that is undone. So
 * faults of one kind may overlap, and end in any order.
 */
export class InForce<Key, Value> {
  readonly #layers = new Map<Key, { readonly value: Value }[]>();

  get(key: Key): Value | undefined {
    if (this.#layers.size === 0) return undefined;
    const layers = this.#layers.get(key);
    return layers?.[layers.length - 1]?.value;
  }

  /** Until the function returned is called. */
  set(key: Key, value: Value): () => void {
    const layer = { value };
    const layers = this.#layers.get(key);
    if (layers === undefined) this.#layers.set(key, [layer]);
    else layers.push(layer);
    return () => this.#undo(key, layer);
  }

  clear(): void {
    this.#layers.clear();
  }

  #undo(key: Key, layer: { readonly value: Value }): void {
    const layers = this.#layers.get(key);
    const place = layers?.indexOf(layer) ?? -1;
    if (layers === undefined || place < 0) return; // undone already, or cleared
    layers.splice(place, 1);
    if (layers.length === 0) this.#layers.delete(key);
  }
}
