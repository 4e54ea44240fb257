/**
 * Virtual time: it stands still while anything runs, and goes from due time to due time, never past one. Callbacks that
 * are due together run in the order in which they were asked for, so a run is the same every time.
 */
import { Heap } from 'heap-js';
import type { Clock } from './clock.js';

class Timer {
  constructor(
    readonly due: number,
    readonly order: number,
    /** null once cancelled or run: what the callback holds on to must not wait for the due time. */
    public callback: (() => void) | null,
  ) {}
}

/** Cancelled timers are left in the heap until they are most of it; fewer than this are never worth the sweep. */
const SWEEP = 64;

export class VirtualClock implements Clock {
  readonly #heap = new Heap<Timer>((a, b) => a.due - b.due || a.order - b.order);
  #now = 0;
  #order = 0;
  #cancelled = 0;

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    return this.#add(callback, this.#now + (ms > 0 ? ms : 0));
  }

  /** At this very time, whenever it was asked for: a sum of ms may be off by the last bit. At once when it has gone by. */
  at(time: number, callback: () => void): unknown {
    return this.#add(callback, Math.max(time, this.#now));
  }

  clearTimeout(handle: unknown): void {
    if (!(handle instanceof Timer) || handle.callback === null) return;
    handle.callback = null;
    this.#cancelled += 1;
    if (this.#cancelled < SWEEP || this.#cancelled * 2 < this.#heap.length) return;
    this.#heap.init(this.#heap.toArray().filter((timer) => timer.callback !== null));
    this.#cancelled = 0;
  }

  defer(callback: () => void): void {
    this.setTimeout(callback, 0);
  }

  /** Runs the one callback that is due next, at its time. False when there is none. */
  step(): boolean {
    const timer = this.#next();
    if (timer === undefined) return false;
    this.#heap.pop();
    this.#now = timer.due;
    const { callback } = timer;
    timer.callback = null;
    callback?.();
    return true;
  }

  /** Runs all that falls due within the next `ms`, what is asked for meanwhile included. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let timer = this.#next(); timer !== undefined && timer.due <= end; timer = this.#next()) this.step();
    this.#now = end;
  }

  /** When the next callback is due; undefined when none is. */
  nextDue(): number | undefined {
    return this.#next()?.due;
  }

  /** Timers kept, cancelled ones that are not swept yet included. */
  get size(): number {
    return this.#heap.length;
  }

  #add(callback: () => void, due: number): Timer {
    this.#order += 1;
    const timer = new Timer(due, this.#order, callback);
    this.#heap.push(timer);
    return timer;
  }

  #next(): Timer | undefined {
    for (;;) {
      const timer = this.#heap.peek();
      if (timer === undefined || timer.callback !== null) return timer;
      this.#heap.pop();
      this.#cancelled -= 1;
    }
  }
}
