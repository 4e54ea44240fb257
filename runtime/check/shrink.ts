/**
 * The smallest part of a history of reads and writes that fails by itself: leaving out any one of its operations, with
 * those that read from it, leaves a rest in which nothing is wrong. (Without "those that read from it" every history
 * with a read would come down to that read: what it read would be written by nobody.)
 */
import { type Accesses, without } from './accesses.js';

/** ms that it may take. */
const LIMIT = 3_000;

interface Found {
  /** The operation that cannot be as it says. */
  readonly at: number;
  readonly why: string;
}

interface Shrunk extends Found {
  readonly part: Accesses;
}

/** `find` looks for a failure, or says what has run out: then, and at the limit, the part stays as it is. */
export function shrunk(accesses: Accesses, found: Found, find: (part: Accesses) => Found | string | null): Shrunk {
  let best: Shrunk = { ...found, part: accesses };
  const end = performance.now() + LIMIT;
  let size = Math.ceil(accesses.operations.length / 2);
  for (let begin = 0, progress = false; ; begin += size) {
    if (begin >= best.part.operations.length) {
      if (size === 1 && !progress) return best;
      size = Math.max(1, Math.min(Math.ceil(size / 2), best.part.operations.length));
      begin = 0;
      progress = false;
    }
    if (performance.now() > end) return best;
    const from = begin;
    const rest = without(best.part, (id) => id >= from && id < from + size);
    const left = find(rest);
    if (typeof left === 'string') return best;
    if (left === null) continue;
    best = { at: left.at, why: left.why, part: rest };
    progress = true;
    begin -= size;
  }
}
