/**
 * Who keeps the trace of a cluster: whoever the cluster was made with, and those who come and go while it runs.
 */
import type { Recorder } from '../trace/format.js';
import { recordToAll } from '../trace/recorder.js';

export class Taps {
  readonly #own: Recorder | null;
  readonly #others = new Set<Recorder>();
  /** All of them in one; null while there is nobody. */
  recorder: Recorder | null;

  constructor(own: Recorder | null) {
    this.#own = own;
    this.recorder = own;
  }

  add(recorder: Recorder): void {
    this.#others.add(recorder);
    this.#gather();
  }

  remove(recorder: Recorder): void {
    this.#others.delete(recorder);
    this.#gather();
  }

  #gather(): void {
    this.recorder = recordToAll([...(this.#own === null ? [] : [this.#own]), ...this.#others]);
  }
}
