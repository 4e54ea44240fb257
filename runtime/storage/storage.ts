/**
 * What a node keeps through a crash: files of bytes that grow at their end, or are replaced as a whole. Very little is asked
 * of it. What was written and not synced may be gone after a crash, or be there in part: the journal above finds that out.
 */
import type { Clock } from '../clock/clock.js';

export interface Storage {
  /** All that the file has, synced or not; empty when it was never written. For the start of an actor: it may take its time. */
  read(file: string): Uint8Array;
  /** Nobody alters the bytes afterwards; the same holds for `replace`. */
  append(file: string, bytes: Uint8Array): void;
  /** Puts these in the place of all that the file had: a crash leaves the one or the other, never a part. */
  replace(file: string, bytes: Uint8Array): void;
  /**
   * Calls back, and not before this returns, when no crash can undo what was written so far; with an error when one may
   * for ever. Of several the callbacks come in order.
   */
  sync(done: (error: Error | null) => void): void;
}

/**
 * The storages of all nodes of a process. One that can fail or be closed throws a ChoraleError (STORAGE_FAILED) from read,
 * append and replace ever after, and tells every sync of it.
 */
export interface StorageProvider {
  /** For every incarnation of a node the same files, and for no other node. */
  storageOf(node: string): Storage;
  /** Makes what was written safe, then lets go of the medium. Closed twice is closed once. Absent: nothing to let go of. */
  close?(): Promise<void>;
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
