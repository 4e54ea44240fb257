/**
 * A context as JSON that a person can read: tables as objects by their keys, bytes as text, what is large cut with a word of how much
 * more there is.
 */
import { mapEntries, type PersistentMap } from '../../../machines/shared/persistent-map.js';
import type { Serializable } from '../../../machines/shared/serializable.js';
import { Collection } from '../../service/collection.js';

/** Fields of an object or items of a list that are shown. */
const WIDTH = 100;
const DEPTH = 16;
/** Characters of a text. */
const LENGTH = 2000;
/** Bytes that are shown. */
const BYTES = 32;
/** Values in all. */
const PARTS = 20_000;

interface Room {
  parts: number;
}

/** Functions are left out. */
export function readable(value: unknown): Serializable {
  return shown(value, 0, { parts: PARTS }) ?? null;
}

function shown(value: unknown, depth: number, room: Room): Serializable | undefined {
  room.parts -= 1;
  switch (typeof value) {
    case 'string':
      return value.length <= LENGTH ? value : `${value.slice(0, LENGTH)}… (${value.length} characters)`;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return String(value);
    case 'object':
      if (value === null) return null;
      if (depth === DEPTH || room.parts <= 0) return '…';
      return parts(value, depth, room);
    default:
      return undefined;
  }
}

function parts(value: object, depth: number, room: Room): Serializable {
  if (value instanceof Uint8Array) return bytes(value);
  if (Array.isArray(value) || value instanceof Set) return list([...value], depth, room);
  if (value instanceof Map) return table(value.size, value, depth, room);
  if (value instanceof Collection) return table(value.size, value.entries(), depth, room);
  if (isPersistentMap(value)) return table(value.size, mapEntries(value), depth, room);
  const fields = Object.entries(value);
  return table(fields.length, fields, depth, room);
}

function list(items: readonly unknown[], depth: number, room: Room): Serializable {
  const some = items.slice(0, WIDTH).map((item) => shown(item, depth + 1, room) ?? null);
  return items.length <= WIDTH ? some : [...some, more(items.length)];
}

function table(
  size: number,
  entries: Iterable<readonly [unknown, unknown]>,
  depth: number,
  room: Room,
): Record<string, Serializable> {
  const fields: [string, Serializable][] = [];
  let count = 0;
  for (const [key, value] of entries) {
    if (count === WIDTH) {
      fields.push(['…', more(size)]);
      break;
    }
    count += 1;
    const text = shown(value, depth + 1, room);
    if (text !== undefined) fields.push([String(key), text]);
  }
  return Object.fromEntries(fields);
}

const more = (size: number): string => `… and ${size - WIDTH} more`;

function bytes(value: Uint8Array): string {
  const some = [...value.slice(0, BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `${value.length} ${value.length === 1 ? 'byte' : 'bytes'}: ${some}${value.length > BYTES ? ' …' : ''}`;
}

/** By its form: a map is a plain object, so that a context can hold it. */
function isPersistentMap(value: object): value is PersistentMap<unknown> {
  if (!('size' in value && 'root' in value) || Object.keys(value).length !== 2) return false;
  const { size, root } = value;
  if (root === null) return size === 0;
  return typeof size === 'number' && typeof root === 'object' && 'bits' in root && 'slots' in root;
}
