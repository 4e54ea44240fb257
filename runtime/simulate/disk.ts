/**
 * The disk of one node in a simulation. It keeps what was written through the crash of the node, as an operating system
 * does, and what was synced through any crash; faults make it lose or tear the rest, take its time, or fail.
 */
import type { Clock } from '../clock/clock.js';
import { joined, type Storage } from '../storage/storage.js';
import { drawn } from './fate.js';
import { InForce } from './in-force.js';

interface Write {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly replaces: boolean;
}

export class SimulatedDisk implements Storage {
  readonly #clock: Clock;
  readonly #root: number;
  readonly #faults = new InForce<'lose' | 'tear' | 'fail' | 'delay', number>();
  /** What no crash can undo. */
  readonly #safe = new Map<string, Uint8Array[]>();
  #unsynced: Write[] = [];
  /** Writes made safe so far, since the disk is there. */
  #synced = 0;
  #crashes = 0;

  /** `root` is where its chance comes from (fate.ts). */
  constructor(clock: Clock, root: number) {
    this.#clock = clock;
    this.#root = root;
  }

  read(file: string): Uint8Array {
    const parts = [...(this.#safe.get(file) ?? [])];
    for (const write of this.#unsynced) {
      if (write.file !== file) continue;
      if (write.replaces) parts.length = 0;
      parts.push(write.bytes);
    }
    return joined(parts);
  }

  append(file: string, bytes: Uint8Array): void {
    this.#unsynced.push({ file, bytes, replaces: false });
  }

  replace(file: string, bytes: Uint8Array): void {
    this.#unsynced.push({ file, bytes, replaces: true });
  }

  sync(done: (error: Error | null) => void): void {
    const written = this.#synced + this.#unsynced.length;
    const crashes = this.#crashes;
    this.#clock.setTimeout(() => {
      if (crashes !== this.#crashes) return; // whoever waited is gone
      if (this.#faults.get('fail') !== undefined) {
        done(new Error('the disk failed to write'));
        return;
      }
      this.#makeSafe(this.#unsynced.splice(0, Math.max(0, written - this.#synced)));
      done(null);
    }, this.#faults.get('delay') ?? 0);
  }

  /** Until the function returned is called. The value is ms for `delay`, and means nothing else. */
  fault(kind: 'lose' | 'tear' | 'fail' | 'delay', value = 0): () => void {
    return this.#faults.set(kind, value);
  }

  /** It is not slow and does not fail any more, and loses nothing. */
  mend(): void {
    this.#faults.clear();
  }

  /** Its node has crashed. A torn write leaves what had reached the disk before the rest; one that replaces is not torn. */
  crash(): void {
    this.#crashes += 1;
    const lose = this.#faults.get('lose') !== undefined;
    const writes = this.#unsynced;
    const struck = this.#faults.get('tear') === undefined ? undefined : lose ? writes[0] : writes[writes.length - 1];
    this.#unsynced = lose ? [] : writes.filter((write) => write !== struck);
    if (struck === undefined || struck.replaces) return;
    const rest = Math.floor(drawn(this.#root, this.#crashes) * struck.bytes.length);
    const torn = { ...struck, bytes: struck.bytes.slice(0, rest) };
    if (lose) this.#makeSafe([torn]);
    else this.#unsynced.push(torn);
  }

  #makeSafe(writes: readonly Write[]): void {
    for (const { file, bytes, replaces } of writes) {
      const parts = this.#safe.get(file);
      if (replaces || parts === undefined) this.#safe.set(file, [bytes]);
      else parts.push(bytes);
    }
    this.#synced += writes.length;
  }
}
