/**
 * What a node keeps through a crash: files of bytes that grow at their end, or are replaced as a whole. Very little is asked
 * of it. What was written and not synced may be gone after a crash, or be there in part: the journal above finds that out.
 */
import type { Clock } from '../clock/clock.js';

export interface Storage {
  /** All that the file has; empty when it was never written. */
  read(file: string): Uint8Array;
  append(file: string, bytes: Uint8Array): void;
  /** Puts these in the place of all that the file had: a crash leaves the one or the other, never a part. */
  replace(file: string, bytes: Uint8Array): void;
  /**
   * Calls back, and not before this returns, when no crash can undo what was written so far; with an error when one may
   * for ever. Of several the callbacks come in order.
   */
  sync(done: (error: Error | null) => void): void;
}

/** Lasts as long as the object. */
export function memoryStorage(clock: Pick<Clock, 'defer'>): Storage {
  const files = new Map<string, Uint8Array[]>();
  return {
    read: (file) => joined(files.get(file) ?? []),
    append(file, bytes) {
      const parts = files.get(file);
      if (parts === undefined) files.set(file, [bytes]);
      else parts.push(bytes);
    },
    replace(file, bytes) {
      files.set(file, [bytes]);
    },
    sync(done) {
      clock.defer(() => done(null));
    },
  };
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}
