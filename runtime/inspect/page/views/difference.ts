/** What differs between two contexts, by path. Pure. */
import type { Serializable } from '../../../../machines/shared/serializable.js';

export type Difference = 'changed' | 'added';

type Tree = Readonly<Record<string, Serializable>>;

/** What has parts: objects and lists. */
export const isTree = (value: Serializable | undefined): value is Serializable & object =>
  typeof value === 'object' && value !== null;

/** `a.b.0` → how it differs from what was there before; the paths above it as changed. What is gone changes what it was in. */
export function differencesOf(before: Serializable, after: Serializable): ReadonlyMap<string, Difference> {
  const found = new Map<string, Difference>();
  compare(before, after, '', found);
  return found;
}

function compare(
  before: Serializable | undefined,
  after: Serializable,
  path: string,
  found: Map<string, Difference>,
): boolean {
  if (Object.is(before, after)) return false;
  if (before === undefined) {
    found.set(path, 'added');
    return true;
  }
  if (!isTree(before) || !isTree(after)) {
    found.set(path, 'changed');
    return true;
  }
  const [old, now] = [before as unknown as Tree, after as unknown as Tree]; // lists are trees by their places
  const keys = Object.keys(now);
  let differs = Object.keys(old).some((key) => !(key in now));
  for (const key of keys) {
    const at = path === '' ? key : `${path}.${key}`;
    if (compare(old[key], now[key] as Serializable, at, found)) differs = true; // its own key
  }
  if (differs && path !== '') found.set(path, 'changed');
  return differs;
}

/** Characters of a value in one line. */
const LINE = 90;

export function summaryOf(value: Serializable): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= LINE ? text : `${text.slice(0, LINE - 1)}…`;
}
