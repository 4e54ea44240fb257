/**
 * Contexts and events as plain JSON that a person can read in somebody else's tool: maps and collections by their keys, long lists
 * shortened, functions by their names. Never throws, ends for values that go in circles, and what it makes has a bound.
 */

/** What JSON has. */
export type Readable = string | number | boolean | null | readonly Readable[] | { readonly [key: string]: Readable };

/** Levels, and entries of one level, that are shown; what is cut says so. */
const DEPTH = 12;
const ENTRIES = 100;
/** Parts of one value in all. */
const PARTS = 5000;

export function readable(value: unknown): Readable {
  return show(value, 0, { left: PARTS });
}

function show(value: unknown, depth: number, budget: { left: number }): Readable {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value !== 'object') return value === undefined ? null : String(value);
  if (depth >= DEPTH || budget.left <= 0) return '…';
  const inner = (part: unknown): Readable => {
    budget.left -= 1;
    return show(part, depth + 1, budget);
  };
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (Array.isArray(value) || value instanceof Set) {
    const all: readonly unknown[] = [...value];
    const shown = all.slice(0, ENTRIES).map(inner);
    return all.length > ENTRIES ? [...shown, `… ${all.length - ENTRIES} more`] : shown;
  }
  return keyed(entriesOf(value), inner);
}

function keyed(entries: Iterable<readonly [unknown, unknown]>, inner: (part: unknown) => Readable): Readable {
  // a key may be `__proto__`: it is a key as any other
  const shown: Record<string, Readable> = Object.create(null);
  let count = 0;
  for (const [key, part] of entries) {
    count += 1;
    if (count > ENTRIES) {
      shown['…'] = 'more';
      break;
    }
    if (part !== undefined) shown[typeof key === 'string' ? key : JSON.stringify(inner(key))] = inner(part);
  }
  return shown;
}

/** Of maps, of Chorale's collections, of its persistent maps, and of objects. */
function entriesOf(value: object): Iterable<readonly [unknown, unknown]> {
  if (isTrie(value)) return value.root === null ? [] : walk(value.root);
  if ('entries' in value && typeof value.entries === 'function') {
    const entries: unknown = value.entries();
    if (isIterable(entries)) return pairs(entries);
  }
  return Object.entries(value);
}

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;

function* pairs(entries: Iterable<unknown>): Generator<readonly [unknown, unknown]> {
  for (const entry of entries) if (Array.isArray(entry)) yield [entry[0], entry[1]];
}

/** As machines/shared/persistent-map.ts makes them: known by their form, for this package stands alone. */
function isTrie(value: object): value is { readonly size: number; readonly root: object | null } {
  if (Object.keys(value).join() !== 'size,root' || !('root' in value)) return false;
  const { root } = value;
  return root === null || (typeof root === 'object' && 'bits' in root && 'slots' in root);
}

function* walk(slot: unknown): Generator<readonly [unknown, unknown]> {
  if (typeof slot !== 'object' || slot === null) return;
  if ('key' in slot && 'hash' in slot && 'value' in slot) yield [slot.key, slot.value];
  else if (Array.isArray(slot)) for (const inner of slot) yield* walk(inner);
  else if ('slots' in slot) yield* walk(slot.slots);
}
