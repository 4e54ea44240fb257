/**
 * The trace of a run, written to a file: a header line, then one line an event.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { ChoraleError } from '../errors.js';
import { headerText, type SavedRun } from '../simulate/saved-run.js';
import type { Recorder } from '../trace/format.js';
import { lineRecorder } from '../trace/recorder.js';

const BUFFER = 256 * 1024;

export class TraceFile {
  readonly recorder: Recorder;
  readonly #path: string;
  #file: number | null = null;
  #pending: string[] = [];
  #size = 0;
  #failed: unknown = null;

  constructor(path: string) {
    this.#path = path;
    this.recorder = lineRecorder((line) => this.#write(line));
  }

  /** What was recorded before comes after the header. Errors: INPUT_INVALID when the file cannot be written. */
  open(run: Omit<SavedRun, 'lines'>): void {
    try {
      this.#file = openSync(this.#path, 'w');
    } catch (error) {
      throw this.#error(error);
    }
    this.#pending.unshift(`${headerText(run)}\n`);
  }

  /** Errors: INPUT_INVALID when something could not be written. */
  close(): void {
    this.#flush();
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    if (this.#failed !== null) throw this.#error(this.#failed);
  }

  #write(line: string): void {
    this.#pending.push(line);
    this.#size += line.length;
    if (this.#size >= BUFFER) this.#flush();
  }

  /** A full disk must not look like the failure of the actor that was being traced: the error waits for `close`. */
  #flush(): void {
    if (this.#file === null || this.#failed !== null) {
      if (this.#failed !== null) this.#pending = [];
      return;
    }
    const text = this.#pending.join('');
    this.#pending = [];
    this.#size = 0;
    try {
      let bytes = Buffer.from(text);
      while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#file, bytes));
    } catch (error) {
      this.#failed = error;
    }
  }

  #error(cause: unknown): ChoraleError {
    return new ChoraleError('INPUT_INVALID', `--trace ${this.#path} cannot be written: ${(cause as Error).message}`, {
      cause,
    }); // all that fs throws
  }
}
