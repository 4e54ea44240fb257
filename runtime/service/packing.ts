/**
 * A state as plain data, and back: `null` stands where a collection is, and the collections are listed beside, each with
 * the place where it belongs.
 */

import { mapEntries } from '../../machines/shared/persistent-map.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import { Collection, collection, held } from './collection.js';
import { isPlainObject, type Path } from './serializable.js';

export interface Packed {
  readonly plain: Serializable;
  readonly collections: readonly PackedCollection[];
}
/** The place, and the entries. */
export type PackedCollection = readonly [path: Path, entries: readonly (readonly [string, Serializable])[]];

/** A state's collections, each with the place where it belongs, in an order that the state decides. */
export type Placed = readonly (readonly [path: Path, collection: Collection<Serializable>])[];

/** The parts without collections are shared, not copied: a checked state is frozen. */
export function pack(value: unknown): Packed {
  const { plain, collections } = separate(value);
  return { plain, collections: collections.map(([path, made]) => [path, [...mapEntries(made[held].map)]]) };
}

/** As `pack`, with the collections as they are: what is in them is not looked at. */
export function separate(value: unknown): { readonly plain: Serializable; readonly collections: Placed } {
  const collections: [Path, Collection<Serializable>][] = [];
  return { plain: plainOf(value, [], collections), collections };
}

function plainOf(value: unknown, path: Path, collections: [Path, Collection<Serializable>][]): Serializable {
  if (value instanceof Collection) {
    collections.push([path, value as Collection<Serializable>]); // a collection takes nothing but plain data
    return null;
  }
  if (typeof value !== 'object' || value === null) return value as Serializable; // what is left in a checked state
  const before = collections.length;
  const plain = Array.isArray(value)
    ? value.map((item, i) => plainOf(item, [...path, i], collections))
    : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainOf(item, [...path, key], collections)]));
  return collections.length === before ? (value as Serializable) : plain; // it holds no collection
}

/** A fresh copy that shares nothing with what it was made from. Throws for what `pack` has not made. */
export function unpack({ plain, collections }: Packed): unknown {
  const made = collections.map(([path, entries]) => {
    return [path, collection(entries.map(([key, value]) => [key, copyOf(value) as Serializable] as const))] as const; // a collection looks at it
  });
  return joined(plain, made);
}

/** What `separate` has taken apart, `plain` copied. Throws where a collection has no place. */
export function joined(plain: Serializable, collections: Placed): unknown {
  const root: { value: unknown } = { value: copyOf(plain) };
  for (const [path, made] of collections) {
    let place: Record<string | number, unknown> = root;
    let last: string | number = 'value';
    for (const key of path) {
      place = place[last] as Record<string | number, unknown>; // the path leads through objects and lists
      last = key;
    }
    if (!Object.hasOwn(place, last) || place[last] !== null)
      throw new Error(`there is no place for a collection at ${path.join('.')}`);
    place[last] = made;
  }
  return root.value;
}

/** What is not plain stays what it is, for the check of the state to find. */
export function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)]));
}
