/**
 * Whether a run makes the trace that was recorded of it, to the byte.
 */
import type { Recorder, TraceEvent } from '../trace/format.js';
import { lineRecorder } from '../trace/recorder.js';

/** The first line that differs. */
export interface TraceDifference {
  /** In the file, its header being 1. */
  readonly line: number;
  /** Null: the file ends before it. */
  readonly recorded: string | null;
  /** Null: the run ends before it. */
  readonly now: string | null;
}

export class TraceComparison implements Recorder {
  readonly #recorded: readonly string[];
  readonly #lines: Recorder;
  #seen = 0;
  #difference: TraceDifference | null = null;

  /** Lines without their ends, the header left out. */
  constructor(recorded: readonly string[]) {
    this.#recorded = recorded;
    this.#lines = lineRecorder((line) => this.#compare(line.slice(0, -1)));
  }

  record(event: TraceEvent): void {
    this.#lines.record(event);
  }

  /** Once the run has ended. */
  get difference(): TraceDifference | null {
    const missing = this.#recorded[this.#seen];
    if (this.#difference !== null || missing === undefined) return this.#difference;
    return { line: this.#seen + 2, recorded: missing, now: null };
  }

  #compare(now: string): void {
    const recorded = this.#recorded[this.#seen] ?? null;
    this.#seen += 1;
    if (this.#difference === null && recorded !== now) this.#difference = { line: this.#seen + 1, recorded, now };
  }
}
