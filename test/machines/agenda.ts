/**
 * What is due in a world of machines, in virtual time: messages on their way, timers, and what a test wants done. Of two things
 * at one time, the one put in first comes first.
 */
export interface Due {
  readonly at: number;
  readonly run: () => void;
  cancelled: boolean;
}

const MOST_EVENTS = 200_000;

export class Agenda {
  /** ms. */
  now = 0;
  /** The next to run is at its end. */
  readonly #queue: Due[] = [];

  /** For the timers of actors. */
  readonly clock = {
    setTimeout: (run: () => void, ms: number): Due => this.at(this.now + ms, run),
    clearTimeout: (due: Due | undefined): void => {
      if (due !== undefined) due.cancelled = true;
    },
  };

  at(time: number, run: () => void): Due {
    const due: Due = { at: Math.max(time, this.now), run, cancelled: false };
    let low = 0;
    for (let high = this.#queue.length; low < high; ) {
      const middle = (low + high) >>> 1;
      const other = this.#queue[middle] as Due; // within the list
      if (other.at > due.at) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, due);
    return due;
  }

  /** How the world is, should it never be quiet. */
  picture(): string {
    return `${this.#queue.length} things are due.`;
  }

  /** Runs until that time, or until nothing is due any more. */
  run(until = Number.POSITIVE_INFINITY): void {
    for (let events = 0; ; events++) {
      if (events > MOST_EVENTS) throw new Error(`Not quiet after ${MOST_EVENTS} events: ${this.picture()}`);
      const next = this.#queue.at(-1);
      if (next === undefined || next.at > until) break;
      this.#queue.pop();
      this.now = next.at;
      if (!next.cancelled) next.run();
    }
    if (until !== Number.POSITIVE_INFINITY) this.now = until;
  }
}
