/**
 * A map whose every version stays valid: a hash array mapped trie of plain objects. A context can hold one, keep an
 * old one and compare two, and a change copies a path of a few small nodes, never the map. Two maps with the same
 * entries have the same shape, whatever happened before, so they encode to the same bytes.
 */
export interface PersistentMap<V> {
  readonly size: number;
  readonly root: Branch<V> | null;
}

interface Entry<V> {
  readonly key: string;
  readonly hash: number;
  readonly value: V;
}

/** `bits` says which of the 32 places are taken; `slots` holds them without gaps. A list is a collision of whole hashes. */
export interface Branch<V> {
  readonly bits: number;
  readonly slots: readonly Slot<V>[];
}
type Slot<V> = Entry<V> | Branch<V> | readonly Entry<V>[];

const WIDTH = 5;

const EMPTY: PersistentMap<never> = { size: 0, root: null };
export const emptyMap = <V>(): PersistentMap<V> => EMPTY;

export function mapOf<V>(entries: Iterable<readonly [string, V]>): PersistentMap<V> {
  let map = emptyMap<V>();
  for (const [key, value] of entries) map = mapSet(map, key, value);
  return map;
}

export function mapGet<V>(map: PersistentMap<V>, key: string): V | undefined {
  return entryOf(map, key)?.value;
}

export function mapHas<V>(map: PersistentMap<V>, key: string): boolean {
  return entryOf(map, key) !== undefined;
}

export function mapSet<V>(map: PersistentMap<V>, key: string, value: V): PersistentMap<V> {
  const entry: Entry<V> = { key, hash: hashOf(key), value };
  if (map.root === null) return { size: 1, root: { bits: bitAt(entry.hash, 0), slots: [entry] } };
  const growth = { by: 1 };
  const root = put(map.root, entry, 0, growth);
  return root === map.root ? map : { size: map.size + growth.by, root };
}

export function mapDelete<V>(map: PersistentMap<V>, key: string): PersistentMap<V> {
  if (map.root === null || !mapHas(map, key)) return map;
  const root = cut(map.root, key, hashOf(key), 0);
  // The root is a branch always, even of one entry: `cut` moves no only child out of it.
  return root === null ? emptyMap() : { size: map.size - 1, root: root as Branch<V> };
}

/** Every entry, in an order that the keys alone decide. */
export function* mapEntries<V>(map: PersistentMap<V>): Generator<readonly [string, V]> {
  if (map.root !== null) yield* walk(map.root);
}

function* walk<V>(slot: Slot<V>): Generator<readonly [string, V]> {
  if (isEntry(slot)) yield [slot.key, slot.value];
  else for (const inner of Array.isArray(slot) ? slot : (slot as Branch<V>).slots) yield* walk<V>(inner);
}

/** The entries that come after that of `key`, which the map has, or all for null: what a walk costs is not repeated. */
export function* mapEntriesAfter<V>(map: PersistentMap<V>, key: string | null): Generator<readonly [string, V]> {
  if (key === null) yield* mapEntries(map);
  else if (map.root !== null) yield* walkAfter(map.root, key, hashOf(key), 0);
}

function* walkAfter<V>(slot: Slot<V>, key: string, hash: number, shift: number): Generator<readonly [string, V]> {
  if (isEntry(slot)) return;
  if (!isBranch(slot)) {
    for (const entry of slot) if (entry.key > key) yield [entry.key, entry.value];
    return;
  }
  const place = placeOf(slot.bits, bitAt(hash, shift));
  yield* walkAfter(slot.slots[place] as Slot<V>, key, hash, shift + WIDTH); // the key is there, so its place is taken
  for (const inner of slot.slots.slice(place + 1)) yield* walk(inner);
}

/** What `after` has that `before` has not, and the keys that went. Parts that the two share are not looked at. */
export function mapDiff<V>(
  before: PersistentMap<V>,
  after: PersistentMap<V>,
): { set: [string, V][]; deleted: string[] } {
  const set: [string, V][] = [];
  const deleted: string[] = [];
  diffSlots(before.root, after.root, set, deleted);
  return { set, deleted };
}

function diffSlots<V>(before: Slot<V> | null, after: Slot<V> | null, set: [string, V][], deleted: string[]): void {
  if (before === after) return;
  if (isBranch(before) && isBranch(after)) {
    for (let all = before.bits | after.bits; all !== 0; all &= all - 1) {
      const bit = all & -all;
      diffSlots(slotAt(before, bit), slotAt(after, bit), set, deleted);
    }
    return;
  }
  const old = new Map(before === null ? [] : walk(before));
  for (const [key, value] of after === null ? [] : walk(after)) {
    if (!old.has(key) || !Object.is(old.get(key), value)) set.push([key, value]);
    old.delete(key);
  }
  deleted.push(...old.keys());
}

/** Looked up once: hashing is on the path of every request. */
const { imul } = Math;

/** FNV-1a, then mixed so that the low bits depend on every character. */
export function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const bitAt = (hash: number, shift: number): number => 1 << ((hash >>> shift) & 31);
const placeOf = (bits: number, bit: number): number => countBits(bits & (bit - 1));
const isBranch = <V>(slot: Slot<V> | null): slot is Branch<V> => slot !== null && 'bits' in slot;
const isEntry = <V>(slot: Slot<V>): slot is Entry<V> => 'key' in slot;
const slotAt = <V>(branch: Branch<V>, bit: number): Slot<V> | null =>
  branch.bits & bit ? (branch.slots[placeOf(branch.bits, bit)] as Slot<V>) : null;

function countBits(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function entryOf<V>(map: PersistentMap<V>, key: string): Entry<V> | undefined {
  const hash = hashOf(key);
  let slot: Slot<V> | null = map.root;
  for (let shift = 0; slot !== null; shift += WIDTH) {
    if (isBranch(slot)) slot = slotAt(slot, bitAt(hash, shift));
    else if (isEntry(slot)) return slot.key === key ? slot : undefined;
    else return slot.find((entry) => entry.key === key);
  }
  return undefined;
}

/** With the entry; the same branch where it holds it already. `growth` becomes 0 where the key is not new. */
function put<V>(branch: Branch<V>, entry: Entry<V>, shift: number, growth: { by: number }): Branch<V> {
  const bit = bitAt(entry.hash, shift);
  const place = placeOf(branch.bits, bit);
  if (!(branch.bits & bit)) return { bits: branch.bits | bit, slots: inserted(branch.slots, place, entry) };
  const before = branch.slots[place] as Slot<V>; // its bit is set
  const after = join(before, entry, shift + WIDTH, growth);
  if (after === before) return branch;
  const slots = branch.slots.slice();
  slots[place] = after;
  return { bits: branch.bits, slots };
}

function inserted<V>(slots: readonly Slot<V>[], place: number, slot: Slot<V>): Slot<V>[] {
  const more = slots.slice();
  more.splice(place, 0, slot);
  return more;
}

function join<V>(slot: Slot<V>, entry: Entry<V>, shift: number, growth: { by: number }): Slot<V> {
  if (isBranch(slot)) return put(slot, entry, shift, growth);
  if (isEntry(slot)) {
    if (slot.key === entry.key) {
      growth.by = 0;
      return Object.is(slot.value, entry.value) ? slot : entry;
    }
    if (slot.hash === entry.hash) return sorted([slot, entry]);
    return put({ bits: bitAt(slot.hash, shift), slots: [slot] }, entry, shift, growth);
  }
  const hash = (slot[0] as Entry<V>).hash; // a collision is of two entries or more
  if (hash !== entry.hash) return put({ bits: bitAt(hash, shift), slots: [slot] }, entry, shift, growth);
  const before = slot.find((other) => other.key === entry.key);
  if (before === undefined) return sorted([...slot, entry]);
  growth.by = 0;
  return Object.is(before.value, entry.value) ? slot : slot.map((other) => (other === before ? entry : other));
}

const sorted = <V>(entries: Entry<V>[]): Entry<V>[] => entries.sort((a, b) => (a.key < b.key ? -1 : 1));

/** Without the key; an only child moves up, so that the shape depends on the entries alone. */
function cut<V>(slot: Slot<V>, key: string, hash: number, shift: number): Slot<V> | null {
  if (isEntry(slot)) return null;
  if (!isBranch(slot)) {
    const rest = slot.filter((entry) => entry.key !== key);
    return rest.length === 1 ? (rest[0] as Entry<V>) : rest;
  }
  const bit = bitAt(hash, shift);
  const place = placeOf(slot.bits, bit);
  const inner = cut(slot.slots[place] as Slot<V>, key, hash, shift + WIDTH);
  const slots = slot.slots.slice();
  if (inner === null) slots.splice(place, 1);
  else slots[place] = inner;
  const bits = inner === null ? slot.bits & ~bit : slot.bits;
  if (slots.length === 0) return null;
  if (shift > 0 && slots.length === 1 && !isBranch(slots[0] as Slot<V>)) return slots[0] as Slot<V>;
  return { bits, slots };
}
