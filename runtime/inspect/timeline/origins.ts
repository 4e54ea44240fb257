/**
 * Where the message or call of an id is in the trace. The ids of one incarnation are counted from 1, so each has a list by count:
 * a million of them take a few megabytes, where as keys of a map they would take hundreds.
 */
import { NONE } from './chunk.js';
import { Integers } from './columns.js';

/** A count that is so far beyond the ones before it is no count: some other tool wrote the trace. */
const GAP = 65_536;
/** And so is what has more incarnations than this. */
const LISTS = 4096;

export class Origins {
  /** By what stands before the count: `rm-1:1:` for messages, `fe-1:1:c` for calls. */
  readonly #lists = new Map<string, Integers>();
  /** Ids of another form. */
  readonly #others = new Map<string, number>();

  set(id: string, place: number): void {
    const start = countAt(id);
    const count = Number(id.slice(start));
    const list = this.#listOf(id.slice(0, start));
    if (list === null || start === id.length || count > list.length + GAP) {
      this.#others.set(id, place);
      return;
    }
    while (list.length <= count) list.push(NONE);
    list.set(count, place);
  }

  /** NONE where there is none. */
  at(id: string): number {
    const start = countAt(id);
    const list = this.#lists.get(id.slice(0, start));
    const count = Number(id.slice(start));
    const place = start === id.length || list === undefined || count >= list.length ? NONE : list.at(count);
    return place === NONE && this.#others.size > 0 ? (this.#others.get(id) ?? NONE) : place;
  }

  /** Forgets those at this place and after it. */
  truncate(length: number): void {
    for (const list of this.#lists.values())
      for (let count = 0; count < list.length; count++) if (list.at(count) >= length) list.set(count, NONE);
    for (const [id, place] of this.#others) if (place >= length) this.#others.delete(id);
  }

  #listOf(prefix: string): Integers | null {
    const known = this.#lists.get(prefix);
    if (known !== undefined || this.#lists.size === LISTS) return known ?? null;
    const list = new Integers();
    this.#lists.set(prefix, list);
    return list;
  }
}

/** Where the number at the end begins, which has no zero before it. */
function countAt(id: string): number {
  let start = id.length;
  while (start > 0 && isDigit(id.charCodeAt(start - 1))) start -= 1;
  while (id[start] === '0') start += 1;
  return start;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
