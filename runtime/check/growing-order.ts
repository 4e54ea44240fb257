/**
 * An order that begins as the causal one, and to which more is added as it is found out.
 */
import { type Order, readersOf } from './causal-order.js';

export class GrowingOrder {
  readonly order: Order;
  readonly #readers: readonly (readonly number[])[];
  /** What was put before what beyond the causal order. */
  readonly #after = new Map<number, number[]>();

  constructor(causal: Order, readers = readersOf(causal.accesses)) {
    this.order = causal.copy();
    this.#readers = readers;
  }

  /**
   * Puts one before the other, with all that is before the one, and so on to all that is after the other, as far as that
   * is `within`. Calls `grown` for each that has more before it. Says whether nothing has come to be before itself.
   */
  put(one: number, other: number, grown: (id: number) => void, within: (id: number) => boolean = () => true): boolean {
    const { order } = this;
    const known = this.#after.get(one);
    if (known === undefined) this.#after.set(one, [other]);
    else known.push(other);
    if (!order.put(one, other)) return true;
    for (const changed = [other]; changed.length > 0; ) {
      const id = changed.pop() ?? 0;
      if (order.before(id, id)) return false;
      grown(id);
      for (const later of this.#following(id)) if (within(later) && order.put(id, later)) changed.push(later);
    }
    return true;
  }

  #following(id: number): readonly number[] {
    const { session, place, sessions } = this.order.accesses;
    const next = sessions[session[id] ?? 0]?.[(place[id] ?? 0) + 1];
    return [...(next === undefined ? [] : [next]), ...(this.#readers[id] ?? []), ...(this.#after.get(id) ?? [])];
  }
}
