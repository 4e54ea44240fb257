/**
 * What stands between a source and the pages that look at it: a source knows its viewers by these words, and nothing of WebSockets.
 */
import type { Command, Report } from '../protocol.js';
import type { Chunk, StepChunk } from '../timeline/chunk.js';

/** A page that looks. */
export interface Viewer {
  report(report: Exclude<Report, { is: 'events' }>): void;
  /** Whole lines of the trace as UTF-8; made once for all viewers by `linesFrame`. */
  lines(frame: Uint8Array): void;
  events(chunk: Chunk, steps: StepChunk | null): void;
  /** False while it has more to read than is good for anybody. Who sends on nevertheless makes it lose its connection in the end. */
  readonly ready: boolean;
  /** Calls back once when it is ready, and never when it is gone before. */
  whenReady(callback: () => void): void;
}

/** A viewer's way to the source. */
export interface Looking {
  take(command: Command): void;
  leave(): void;
}

/** What a server shows. */
export interface Served {
  /** Largest command, in bytes. */
  readonly commandLimit: number;
  join(viewer: Viewer): Looking;
}
