import type { Serializable } from './serializable.js';

/** Estimated bytes on the wire: of a number, of true, false, null and undefined, of what is around a string's or a container's parts. */
export const SIZES = { number: 9, constant: 1, string: 3, property: 2, container: 5 } as const;

/** Estimated bytes of plain data on the wire. A string counts a byte for each UTF-16 unit. */
export function sizeOf(value: Serializable): number {
  if (typeof value === 'string') return value.length + SIZES.string;
  if (typeof value === 'number') return SIZES.number;
  if (typeof value !== 'object' || value === null) return SIZES.constant;
  if (value instanceof Uint8Array) return value.byteLength + SIZES.container;
  let size: number = SIZES.container;
  if (Array.isArray(value)) for (const item of value as readonly Serializable[]) size += sizeOf(item);
  else {
    const record = value as { readonly [key: string]: Serializable }; // what is left of plain data
    for (const key in record) size += key.length + SIZES.property + sizeOf(record[key]);
  }
  return size;
}
