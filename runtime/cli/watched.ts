/**
 * Work that pauses now and then, done while somebody at a terminal waits for it: it says how far it is, and ends on Ctrl-C.
 */
import { setImmediate } from 'node:timers/promises';
import type { Io } from './io.js';

/** Real ms between two looks at what else happens: Ctrl-C, and the progress line. */
const LOOK_INTERVAL = 50;
/** Goes to the beginning of a terminal's line and clears it. */
const CLEAR_LINE = '\r\u001b[K';

/** `far` says how far it is. Null when it was interrupted, which is said on `stderr`. */
export async function watched<Result>(
  slices: Generator<void, Result>,
  far: () => string,
  io: Pick<Io, 'stderr' | 'progressAfter' | 'interrupted'>,
): Promise<Result | null> {
  const begin = performance.now();
  let looked = begin;
  let shown = false;
  for (let slice = slices.next(); ; slice = slices.next()) {
    if (slice.done) {
      if (shown) io.stderr(CLEAR_LINE);
      return slice.value;
    }
    if (performance.now() - looked < LOOK_INTERVAL) continue;
    await setImmediate();
    looked = performance.now();
    if (io.interrupted.aborted) {
      io.stderr(`${shown ? CLEAR_LINE : ''}chorale: interrupted after ${far()}\n`);
      return null;
    }
    if (io.progressAfter === null || looked - begin < io.progressAfter) continue;
    shown = true;
    io.stderr(`${CLEAR_LINE}${far()} …`);
  }
}
