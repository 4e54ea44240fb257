/**
 * One text for each value, equal exactly for equal values: so that two states are one when they look alike, whatever
 * way led to them. Keys of objects are sorted; a persistent map is written as its entries.
 */
import { mapEntries, type PersistentMap } from '../../machines/shared/persistent-map.js';

/** Errors: RangeError for what is no plain data, with the place. */
export function canonicalText(value: unknown, place = ''): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (value === null || typeof value === 'boolean' || value === undefined) return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object') throw new RangeError(`${place || 'it'} is a ${typeof value}`);
  if (Array.isArray(value)) return `[${value.map((part, i) => canonicalText(part, `${place}[${i}]`)).join()}]`;
  if (isPersistentMap(value)) return `<${entriesText(mapEntries(value), place)}>`;
  if (value instanceof Map) return `Map<${entriesText(value, place)}>`;
  if (value instanceof Set) return `Set<${sorted([...value].map((part) => canonicalText(part, place)))}>`;
  if (value instanceof Uint8Array) return `bytes<${value.join()}>`;
  if (!isPlain(value)) throw new RangeError(`${place || 'it'} is an instance of ${value.constructor.name}`);
  return objectText(value, place);
}

/** As `canonicalText` of the object without these fields, or with a text of their own where there is one. */
export function objectText(
  value: Record<string, unknown>,
  place: string,
  own: Readonly<Record<string, (part: never) => string>> = {},
  without: readonly string[] = [],
): string {
  const parts: string[] = [];
  for (const key of Object.keys(value).sort()) {
    if (without.includes(key)) continue;
    const write = own[key];
    // A digest is made for the field that it is named for.
    const text = write === undefined ? canonicalText(value[key], `${place}.${key}`) : `#${write(value[key] as never)}`;
    parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${parts.join()}}`;
}

const sorted = (texts: string[]): string => texts.sort().join();

const entriesText = (entries: Iterable<readonly [unknown, unknown]>, place: string): string =>
  sorted(
    [...entries].map(([key, part]) => `${canonicalText(key, place)}:${canonicalText(part, `${place}.${String(key)}`)}`),
  );

/** By its two fields: a map that has been through a copy is one all the same. */
export function isPersistentMap(value: object): value is PersistentMap<unknown> {
  if (!('size' in value && 'root' in value) || Object.keys(value).length !== 2) return false;
  const { root } = value;
  return root === null || (typeof root === 'object' && 'bits' in root && 'slots' in root);
}

/** No class stands between the value and the root of its realm. */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
