/**
 * Ways to keep a trace: as lines, as a digest, or handed to several readers at once.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Recorder, TraceEvent } from './format.js';

/** One event as one line of JSON, without its end of line. The same event gives the same bytes on every machine. */
function traceLine(event: TraceEvent): string {
  return JSON.stringify(event);
}

/** Hands each line, with its end, to `write`. */
export function lineRecorder(write: (line: string) => void): Recorder {
  return { record: (event) => write(`${traceLine(event)}\n`) };
}

/** The SHA-256 of the whole trace so far, line by line: two runs are the same when it is. */
export function digestRecorder(): Recorder & { digest(): string; readonly lines: number } {
  const hash = sha256.create();
  let lines = 0;
  return {
    record(event) {
      lines += 1;
      hash.update(utf8ToBytes(`${traceLine(event)}\n`));
    },
    digest: () => bytesToHex(hash.clone().digest()),
    get lines() {
      return lines;
    },
  };
}

export function recordToAll(recorders: readonly Recorder[]): Recorder | null {
  if (recorders.length <= 1) return recorders[0] ?? null;
  return {
    record(event) {
      for (const recorder of recorders) recorder.record(event);
    },
  };
}
