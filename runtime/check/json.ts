/**
 * Equality of JSON values, and a text that is the same exactly for equal ones.
 */
import type { Json } from './history.js';

export function equal(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return textOf(a) === textOf(b);
}

/** JSON, the names of objects in order. */
export function textOf(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(textOf).join(',')}]`;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${textOf(field)}`).join(',')}}`;
}

/** `Array.isArray` does not tell a list that is not to be written from an object. */
export const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

export const isRecord = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !isList(value);
