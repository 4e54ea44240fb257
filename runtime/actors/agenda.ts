/**
 * What is due on a node: events for its actors, and what their timers and starts have to do. One thing is handled at a time, to
 * its end, in the order in which they came up. What is for an actor whose records are still being read waits until they are.
 */
import type { Incoming } from '../../machines/shared/effects.js';
import type { CauseId } from '../trace/format.js';
import type { Hosted } from './hosted.js';

/** Things handled before the list is rid of them, in a long run. */
const SWEEP = 1024;

/** What is no event: an actor's start, or what its timer does. */
export interface Task {
  readonly type: 'start' | 'timer';
  readonly run: () => void;
}

export interface Due {
  readonly actor: Hosted;
  readonly event: Incoming | Task;
  readonly cause: CauseId | undefined;
}

export class Agenda {
  readonly #handle: (due: Due) => void;
  /** In order, from `next` on. */
  readonly #due: Due[] = [];
  #next = 0;
  readonly #held = new Map<Hosted, Due[]>();
  #running = false;
  #closed = false;
  #cause: CauseId | undefined;

  constructor(handle: (due: Due) => void) {
    this.#handle = handle;
  }

  /** What led to that which is being handled. */
  get cause(): CauseId | undefined {
    return this.#cause;
  }

  get idle(): boolean {
    return this.#due.length === 0 && this.#held.size === 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** It is handled at the next `run`, or in the one under way. */
  add(due: Due): void {
    this.#due.push(due);
  }

  /** Keeps back what is for this actor. */
  hold(actor: Hosted): void {
    this.#held.set(actor, []);
  }

  holds(actor: Hosted): boolean {
    return this.#held.has(actor);
  }

  /** What was kept back for this actor, if anything was. */
  release(actor: Hosted): readonly Due[] {
    const held = this.#held.get(actor) ?? [];
    this.#held.delete(actor);
    return held;
  }

  /** Handles all that is due, unless that is under way. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let due = this.#due[this.#next]; due !== undefined && !this.#closed; due = this.#due[this.#next]) {
        this.#next += 1;
        if (this.#next === SWEEP) {
          this.#due.splice(0, SWEEP);
          this.#next = 0;
        }
        const held = this.#held.size === 0 ? undefined : this.#held.get(due.actor);
        if (held !== undefined) held.push(due);
        else {
          this.#cause = due.cause;
          this.#handle(due);
        }
      }
    } finally {
      // also when a hook of the application threw: what is left is handled with the next event
      this.#due.splice(0, this.#closed ? this.#due.length : this.#next);
      this.#next = 0;
      this.#running = false;
      this.#cause = undefined;
    }
  }

  /** Nothing is handled after this. */
  close(): void {
    this.#closed = true;
  }
}
