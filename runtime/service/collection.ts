/**
 * The keyed state that stays cheap when it is large. Immer copies an object whole when a property of it changes; a
 * collection is a hash array mapped trie, of which a change copies a few small nodes, and its digest, its snapshots and
 * its patches go by the key. It lives anywhere in a service's state, but not in another collection.
 */
import { current, immerable, isDraft, produce } from 'immer';
import {
  emptyMap,
  mapDelete,
  mapEntries,
  mapGet,
  mapHas,
  mapSet,
  type PersistentMap,
} from '../../machines/shared/persistent-map.js';
import { ChoraleError } from '../errors.js';
import { checkDense, checkDepth, notPlain, type Path, propertiesOf } from './serializable.js';

/** The one property of a collection. A symbol, so that it is nobody's business outside of this directory. */
export const held: unique symbol = Symbol('held');

/** Holds a collection's map where immer does not look: a class that it cannot draft. */
export class Entries<V> {
  readonly map: PersistentMap<V>;

  constructor(map: PersistentMap<V>) {
    this.map = map;
  }
}

/** A state as a query sees it: everything read-only. */
export type View<T> =
  T extends Collection<infer V> ? ReadonlyCollection<V> : { readonly [Key in keyof T]: View<T[Key]> };

/** What a query sees of a collection. Iteration goes in an order that the keys alone decide, the same everywhere. */
export interface ReadonlyCollection<V> {
  readonly size: number;
  get(key: string): View<V> | undefined;
  has(key: string): boolean;
  keys(): IterableIterator<string>;
  values(): IterableIterator<View<V>>;
  entries(): IterableIterator<readonly [string, View<V>]>;
  [Symbol.iterator](): IterableIterator<readonly [string, View<V>]>;
}

export class Collection<V> implements ReadonlyCollection<V> {
  static readonly [immerable] = true;
  /** A change replaces it. */
  [held]: Entries<V>;

  constructor(map: PersistentMap<V>) {
    this[held] = new Entries(map);
  }

  get size(): number {
    return this[held].map.size;
  }

  /** The value is frozen: `set` another one, or change it with `update`. */
  get(key: string): View<V> | undefined {
    return mapGet(this[held].map, key) as View<V> | undefined; // a view is the value, with every property read-only
  }

  has(key: string): boolean {
    return mapHas(this[held].map, key);
  }

  /** Freezes the value. Errors: NOT_SERIALIZABLE. */
  set(key: string, value: V): void {
    if (typeof key !== 'string') throw notPlain(`a key of type ${typeof key}: a collection's keys are strings`, []);
    const { map } = this[held];
    const after = mapSet(map, key, settled(key, value));
    if (after !== map) this[held] = new Entries(after);
  }

  /**
   * Changes a value by a recipe that writes into it, or returns another one. For a key that is not there the recipe
   * gets `undefined`. Returns the new value.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a recipe that only writes has no `return`
  update(key: string, recipe: (value: V | undefined) => V | undefined | void): View<V> {
    const before: V | undefined = mapGet(this[held].map, key);
    const after: V | undefined = produce(before, recipe as (draft: unknown) => undefined); // a recipe as immer knows it
    if (after === undefined) {
      throw new ChoraleError(
        'NOT_SERIALIZABLE',
        `There is no value at "${key}", and the recipe of the update returned none.`,
      );
    }
    this.set(key, after);
    return mapGet(this[held].map, key) as View<V>; // it was set just now
  }

  /** Says whether the key was there. */
  delete(key: string): boolean {
    const { map } = this[held];
    const after = mapDelete(map, key);
    if (after !== map) this[held] = new Entries(after);
    return after !== map;
  }

  *keys(): Generator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<View<V>> {
    for (const [, value] of this.entries()) yield value;
  }

  /** The entries as they are now: what changes meanwhile is not seen. */
  entries(): Generator<readonly [string, View<V>]> {
    return mapEntries(this[held].map) as Generator<readonly [string, View<V>]>; // views, as `get` gives them
  }

  [Symbol.iterator](): Generator<readonly [string, View<V>]> {
    return this.entries();
  }
}

/** A collection of values by string keys, with these entries to begin with. Values are plain data (no `Uint8Array`). */
export function collection<V>(entries: Iterable<readonly [string, V]> = []): Collection<V> {
  return new Collection(mapWith(emptyMap<V>(), entries));
}

/** The map of a collection with more entries. Freezes the values. Errors: NOT_SERIALIZABLE. */
export function mapWith<V>(map: PersistentMap<V>, entries: Iterable<readonly [string, V]>): PersistentMap<V> {
  let after = map;
  for (const [key, value] of entries) after = mapSet(after, key, settled(key, value));
  return after;
}

/** Objects that are known to be plain, frozen and free of drafts, all the way down; with how many levels they have. */
const settledObjects = new WeakMap<object, number>();

/** A value as a collection keeps it: plain data, without drafts, frozen. */
function settled<V>(key: string, value: V): V {
  if (value === undefined) throw notPlain('undefined: delete the key instead', [key]);
  if (typeof value !== 'object' || value === null) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean' && value !== null) {
      throw notPlain(`a ${typeof value}`, [key]);
    }
    return value;
  }
  return settle(value, [key]) as V; // the same data: only drafts have been replaced by what they stand for
}

/** The value, frozen and without drafts: itself, where there are none in it. */
function settle(given: object, path: Path): object {
  const known = settledObjects.get(given);
  checkDepth(path.length + (known ?? 0), path);
  if (known !== undefined) return given;
  const value: object = isDraft(given) ? current(given) : given;
  if (value instanceof Collection) throw notPlain('a collection: one collection cannot hold another', path);
  if (value instanceof Uint8Array) throw notPlain(bytesInState, path);
  const isList = Array.isArray(value);
  if (isList) checkDense(value, path);
  let settledParts: Record<string, unknown> | null = null;
  let levels = 0;
  for (const [key, part] of isList ? Object.entries(value) : propertiesOf(value, path)) {
    if (typeof part !== 'object' || part === null) {
      if (typeof part === 'function' || typeof part === 'symbol' || typeof part === 'bigint') {
        throw notPlain(`a ${typeof part}`, [...path, key]);
      }
      continue;
    }
    path.push(isList ? Number(key) : key);
    const inner = settle(part, path);
    path.pop();
    levels = Math.max(levels, settledObjects.get(inner) ?? 0);
    if (inner === part) continue;
    settledParts ??= {};
    settledParts[key] = inner;
  }
  const result =
    settledParts === null ? value : isList ? Object.assign([...value], settledParts) : { ...value, ...settledParts };
  settledObjects.set(Object.freeze(result), levels + 1);
  return result;
}

export const bytesInState =
  'a Uint8Array: bytes can be written where they lie, unseen, so a state holds them as a string (base64) or as a list of numbers';
