/**
 * A value with the names of nodes changed wherever they stand in a string: `rm-1`, `rm-1/rm`, `rm-1:1`, `rm-1#4`.
 */
import { mapEntries, mapOf } from '../../machines/shared/persistent-map.js';
import { canonicalText, isPersistentMap, isPlain } from './canonical.js';

export interface Renaming {
  readonly names: ReadonlyMap<string, string>;
  /** Finds all of the names, and not where they are parts of longer ones. */
  readonly pattern: RegExp;
  /** Fields that hold lists whose order means nothing. */
  readonly sets: ReadonlySet<string>;
}

export function renaming(names: ReadonlyMap<string, string>, sets: ReadonlySet<string>): Renaming {
  const any = [...names.keys()].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return { names, pattern: new RegExp(`(?<![\\w-])(?:${any})(?![\\w-])`, 'g'), sets };
}

export const renamedText = ({ names, pattern }: Renaming, text: string): string =>
  text.replace(pattern, (name) => names.get(name) ?? name);

/** Of the same form. Instances of classes are taken to name no node, and fields of `opaque` too. */
export function renamed<Value>(how: Renaming, value: Value, opaque: Readonly<Record<string, unknown>> = {}): Value {
  return rename(how, value, opaque) as Value; // only strings in it are others
}

function rename(how: Renaming, value: unknown, opaque: Readonly<Record<string, unknown>>): unknown {
  if (typeof value === 'string') return renamedText(how, value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((part) => rename(how, part, {}));
  if (isPersistentMap(value))
    return mapOf([...mapEntries(value)].map(([key, part]) => [renamedText(how, key), rename(how, part, {})] as const));
  if (!isPlain(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    const other = key in opaque ? part : rename(how, part, {});
    result[renamedText(how, key)] = how.sets.has(key) && Array.isArray(other) ? sorted(other) : other;
  }
  return result;
}

const sorted = (list: readonly unknown[]): unknown[] =>
  list
    .map((part) => ({ part, text: canonicalText(part) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ part }) => part);
