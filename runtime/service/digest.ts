/**
 * The digest of a state: equal states have equal digests on every machine, whatever the order of an object's keys and
 * whatever happened before. Each immutable part remembers its own digest, so the cost follows what changed. 0 and -0
 * are one number here, for immer drops the assignment of one over the other.
 *
 * 128 bits of SHA-256. A collection's is a sum over its entries modulo 2^128, kept at every node of its trie. That
 * finds faults; it is no protection against someone who makes up states until two collide.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Branch, PersistentMap } from '../../machines/shared/persistent-map.js';
import { Collection, held } from './collection.js';

const digests = new WeakMap<object, string>();
/** Sums of the entries below the nodes of tries, and of single entries. */
const sums = new WeakMap<object, bigint>();
const encoder = new TextEncoder();

/** 32 hexadecimal digits. The value is a state, frozen and checked. */
export function digestOf(state: object): string {
  return digestOfObject(state);
}

/** One text for each value: no two different values have the same. */
function textOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) return `#${digestOfObject(value)}`;
  if (typeof value === 'string') return JSON.stringify(value); // escapes unpaired surrogates, which UTF-8 would lose
  return String(value); // a number (-0 is "0"), a boolean, null or undefined
}

function digestOfObject(value: object): string {
  const known = digests.get(value);
  if (known !== undefined) return known;
  const digest = hex(hash(textOfParts(value)));
  digests.set(value, digest);
  return digest;
}

function textOfParts(value: object): string {
  if (value instanceof Collection) return digestOfMap(value[held].map);
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  const record = value as Record<string, unknown>; // what is left in a state is a plain object
  return `{${Object.keys(record)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${textOf(record[key])}`)
    .join()}}`;
}

/** Of a collection's entries. */
export function digestOfMap({ size, root }: PersistentMap<unknown>): string {
  return `<${size}:${root === null ? 0n : sumOf(root)}>`;
}

type Slot = Branch<unknown>['slots'][number];

function sumOf(slot: Slot): bigint {
  const known = sums.get(slot);
  if (known !== undefined) return known;
  const sum = sumOfParts(slot);
  sums.set(slot, sum);
  return sum;
}

function sumOfParts(slot: Slot): bigint {
  if ('key' in slot) return hash(`${JSON.stringify(slot.key)}:${textOf(slot.value)}`);
  const parts: readonly Slot[] = 'bits' in slot ? slot.slots : slot;
  let sum = 0n;
  for (const part of parts) sum += sumOf(part);
  return BigInt.asUintN(128, sum);
}

function hash(text: string): bigint {
  const bytes = sha256(encoder.encode(text));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}

const hex = (number: bigint): string => number.toString(16).padStart(32, '0');
