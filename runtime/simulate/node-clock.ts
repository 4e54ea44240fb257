/**
 * The clock of one node in a simulation: true time until a fault makes it fast, slow or wrong. What the node's links and
 * machines know of time, they know from here.
 */
import type { Clock } from '../clock/clock.js';
import { InForce } from './in-force.js';

/** ms that a timer of a faulty clock is late at least: so much more than rounding that it never rings early. */
const MARGIN = 0.001;

export class NodeClock implements Clock {
  readonly #true: Clock;
  readonly #faults = new InForce<'rate' | 'slowness', number>();
  #rate = 1;
  /** True time of the last change, and what the clock said then. */
  #since = 0;
  #said = 0;

  constructor(trueTime: Clock) {
    this.#true = trueTime;
  }

  now(): number {
    return this.#said + (this.#true.now() - this.#since) * this.#rate;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const slowness = this.#faults.get('slowness') ?? 1;
    if (!(ms > 0) || (slowness === 1 && this.#rate === 1 && this.#said === this.#since)) {
      return this.#true.setTimeout(callback, ms);
    }
    return this.#true.setTimeout(callback, (ms * slowness) / this.#rate + MARGIN);
  }

  clearTimeout(handle: unknown): void {
    this.#true.clearTimeout(handle);
  }

  defer(callback: () => void): void {
    this.#true.defer(callback);
  }

  /** Runs at this rate until the function returned is called. Timers that are set already keep their time. */
  run(rate: number): () => void {
    const undo = this.#change(() => this.#faults.set('rate', rate));
    return () => this.#change(undo);
  }

  /** Is set forward by so many ms, or back, until the function returned is called. */
  set(offset: number): () => void {
    this.#said += offset;
    return () => {
      this.#said -= offset;
    };
  }

  /** Rings this many times as late, though it tells the time as before: for a node that is late in all it does. */
  slow(factor: number): () => void {
    return this.#faults.set('slowness', factor);
  }

  /** Runs as it should from now on. It is not set right. */
  mend(): void {
    this.#change(() => this.#faults.clear());
  }

  #change<Result>(change: () => Result): Result {
    this.#said = this.now();
    this.#since = this.#true.now();
    const result = change();
    this.#rate = this.#faults.get('rate') ?? 1;
    return result;
  }
}
