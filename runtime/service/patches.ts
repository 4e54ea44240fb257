/**
 * What changed between two states, as plain data: what passive replication sends in place of the whole state. Parts that
 * the two share are not looked at; within a collection a change is told by its key.
 *
 * The net change of a whole batch is found by comparing its ends. Immer's own patches would come in pieces, one list for
 * each draft that the batch took, and would tell a change within a collection as a new map.
 */
import { produce } from 'immer';
import { mapDiff } from '../../machines/shared/persistent-map.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import { Collection, held } from './collection.js';
import { type PackedCollection, pack, unpack } from './packing.js';
import type { Path } from './serializable.js';

/** The change of one object, list or collection. Deletions come first, then the length, then what is set, in order. */
export interface Patch {
  /** Where it is: the keys from the root down. */
  readonly path: Path;
  readonly deleted: readonly string[];
  /** Of a list: its new length. */
  readonly length: number | null;
  /** Key or index, value, and the collections in that value (as a snapshot lists them). */
  readonly set: readonly (readonly [
    key: string | number,
    value: Serializable,
    collections: readonly PackedCollection[],
  ])[];
}

export function patchesBetween(before: object, after: object): Patch[] {
  const patches: Patch[] = [];
  compare(before, after, [], patches);
  return patches;
}

type Change = readonly [string | number, unknown];

/** Compares two of the same kind. */
function compare(before: object, after: object, path: Path, patches: Patch[]): void {
  if (before === after) return;
  if (before instanceof Collection && after instanceof Collection) {
    const { set, deleted } = mapDiff<unknown>(before[held].map, after[held].map);
    add(patches, { path, deleted, length: null, set: set.map(packed) });
    return;
  }
  const inner: Patch[] = [];
  const isList = Array.isArray(after);
  const deleted = isList ? [] : goneOrMoved(Object.keys(before), Object.keys(after));
  const gone = new Set(deleted);
  const old = before as Record<string, unknown>; // lists and plain objects, of which own properties are asked
  const set: Change[] = [];
  for (const [name, value] of Object.entries(after)) {
    const key = isList ? Number(name) : name;
    const was = Object.hasOwn(old, name) && !gone.has(name) ? old[name] : absent;
    if (Object.is(was, value)) continue;
    if (alike(was, value)) compare(was, value, [...path, key], inner);
    else set.push([key, value]);
  }
  const length = isList && (before as unknown[]).length > after.length ? after.length : null; // a list where `after` is one
  add(patches, { path, deleted, length, set: set.map(packed) });
  patches.push(...inner);
}

const absent = Symbol('absent');

/** Of the same kind, so that a patch can lead from one to the other. */
function alike(before: unknown, after: unknown): before is object {
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) return false;
  return before instanceof Collection === after instanceof Collection && Array.isArray(before) === Array.isArray(after);
}

/** Keys that are to be deleted: those that went, and, where the order changed, those from there on. */
function goneOrMoved(before: readonly string[], after: readonly string[]): string[] {
  const here = new Set(after);
  let place = 0;
  let moved = false;
  return before.filter((key) => {
    if (!here.has(key)) return true;
    moved ||= after[place] !== key;
    place += 1;
    return moved;
  });
}

function packed([key, value]: Change): Patch['set'][number] {
  const { plain, collections } = pack(value);
  return [key, plain, collections];
}

function add(patches: Patch[], patch: Patch): void {
  if (patch.deleted.length > 0 || patch.length !== null || patch.set.length > 0) patches.push(patch);
}

/** The state after the patches, frozen. Throws where they do not fit the state. */
export function patched<State extends object>(state: State, patches: readonly Patch[]): State {
  return produce(state, (draft) => {
    for (const patch of patches) applyTo(draft, patch);
  });
}

function applyTo(root: object, { path, deleted, length, set }: Patch): void {
  let place = root as Record<string | number, unknown>; // a draft, of which own properties are asked
  for (const key of path) {
    if (!Object.hasOwn(place, key)) throw new Error(`there is nothing at ${path.join('.')}`);
    place = place[key] as Record<string | number, unknown>; // a path leads through objects
  }
  const values = set.map(([key, plain, collections]) => [key, unpack({ plain, collections })] as const);
  if (place instanceof Collection) {
    for (const key of deleted) place.delete(key);
    for (const [key, value] of values) place.set(String(key), value);
    return;
  }
  for (const key of deleted) delete place[key];
  if (length !== null) place.length = length;
  for (const [key, value] of values) place[key] = value;
}
