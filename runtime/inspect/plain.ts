/**
 * What an actor knows, as JSON that a person can read: tables as objects, bytes as what they are, and of what is long or deep the
 * beginning and how much more there is.
 */
import { mapEntries, type PersistentMap } from '../../machines/shared/persistent-map.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import { Collection } from '../service/collection.js';

/** Entries of one list or table that are shown. */
const ENTRIES = 100;
const DEPTH = 12;
/** Values in all. */
const VALUES = 10_000;
const TEXT = 2_000;

export function plain(value: unknown): Serializable {
  return shown(value, 0, { left: VALUES });
}

function shown(value: unknown, depth: number, room: { left: number }): Serializable {
  room.left -= 1;
  switch (typeof value) {
    case 'string':
      return value.length > TEXT ? `${value.slice(0, TEXT)}… (${value.length} characters)` : value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return `${value}n`;
    case 'undefined':
      return null;
    case 'function':
      return `function ${value.name}`;
    case 'symbol':
      return String(value);
    case 'object':
      return value === null ? null : ofObject(value, depth, room);
  }
}

function ofObject(value: object, depth: number, room: { left: number }): Serializable {
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const isList = Array.isArray(value) || value instanceof Set;
  if (depth === DEPTH || room.left <= 0) return isList ? '[…]' : '{…}';
  return isList ? listOf(value, depth, room) : tableOf(value, depth, room);
}

function listOf(value: readonly unknown[] | Set<unknown>, depth: number, room: { left: number }): Serializable {
  const size = Array.isArray(value) ? value.length : (value as Set<unknown>).size; // one of the two
  const list: Serializable[] = [];
  for (const item of value) {
    if (list.length === ENTRIES || room.left <= 0) break;
    list.push(shown(item, depth + 1, room));
  }
  return list.length < size ? [...list, `… and ${size - list.length} more`] : list;
}

function tableOf(value: object, depth: number, room: { left: number }): Serializable {
  const { size, entries } = contentsOf(value);
  const table: [string, Serializable][] = [];
  for (const [key, item] of entries) {
    if (table.length === ENTRIES || room.left <= 0) break;
    table.push([key, shown(item, depth + 1, room)]);
  }
  if (table.length < size) table.push(['…', `and ${size - table.length} more`]);
  return Object.fromEntries(table);
}

interface Contents {
  readonly size: number;
  readonly entries: Iterable<readonly [string, unknown]>;
}

/** Of a Map, a collection() of a service's state, one of the persistent maps that machines have, or an object. */
function contentsOf(value: object): Contents {
  if (isTable(value)) return { size: value.size, entries: value.entries() };
  if (isPersistentMap(value)) return { size: value.size, entries: mapEntries(value) };
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return { size: entries.length, entries };
}

const isTable = (value: object): value is Map<string, unknown> | Collection<unknown> =>
  value instanceof Map || value instanceof Collection;

function isPersistentMap(value: object): value is PersistentMap<unknown> {
  const { size, root, ...others } = value as Partial<PersistentMap<unknown>>; // any object can be asked for properties
  const isRoot =
    root === null || (typeof root === 'object' && Array.isArray(root.slots) && typeof root.bits === 'number');
  return typeof size === 'number' && isRoot && Object.keys(others).length === 0;
}
