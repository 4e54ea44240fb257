/**
 * The contexts that actors had, by place. They are immutable and share what did not change, so a reference is all that is kept
 * of each. The oldest are let go of, but for the last that each actor has.
 */

/** What an actor had when it had handled something. */
export interface Kept {
  /** Events that had been recorded by then. */
  readonly place: number;
  /** Type of what it handled; null: nothing yet. */
  readonly event: string | null;
  /** Undefined: it is gone. */
  readonly context: unknown;
  /** Before that. Undefined: it was not there. */
  readonly before: unknown;
}

interface Row extends Kept {
  readonly actor: string;
}

export class Contexts {
  readonly #most: number;
  /** In the order of their places; a ring once it is full. */
  readonly #rows: Row[] = [];
  #oldest = 0;
  /** Actor → the last that it has in all. */
  readonly #latest = new Map<string, Row>();
  /** Actor → the last of its rows that were let go of. */
  readonly #base = new Map<string, Row>();
  /** Of the last row that was let go of: before this place much is forgotten. */
  #horizon = 0;

  /** So many at most. */
  constructor(most: number) {
    this.#most = most;
  }

  record(place: number, actor: string, event: string, context: unknown): void {
    const before = this.#latest.get(actor)?.context;
    this.#add({ place, actor, event: event === 'start' ? null : event, context, before });
  }

  /** All actors of this node are gone. */
  crashed(place: number, node: string): void {
    for (const { actor, context } of this.#latest.values())
      if (actor.startsWith(`${node}/`) && context !== undefined)
        this.#add({ place, actor, event: null, context: undefined, before: undefined });
  }

  /** Null: the actor had never been there. Undefined: it is forgotten. */
  at(place: number, actor: string): Kept | null | undefined {
    if (place < this.#horizon) return undefined;
    for (let i = this.#countUpTo(place) - 1; i >= 0; i--) {
      const row = this.#row(i);
      if (row?.actor === actor) return row;
    }
    return this.#base.get(actor) ?? null;
  }

  #add(row: Row): void {
    this.#latest.set(row.actor, row);
    if (this.#rows.length < this.#most) {
      this.#rows.push(row);
      return;
    }
    const gone = this.#row(0);
    if (gone !== undefined) {
      this.#base.set(gone.actor, gone);
      this.#horizon = gone.place;
    }
    this.#rows[this.#oldest] = row;
    this.#oldest = (this.#oldest + 1) % this.#most;
  }

  /** By age, the oldest being 0. */
  #row(index: number): Row | undefined {
    return this.#rows[(this.#oldest + index) % this.#rows.length];
  }

  #countUpTo(place: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#row(middle)?.place ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
