/**
 * A state in chunks, and back: what a replica that joins is sent (machines/membership/state-transfer.ts). A collection is
 * split by its entries; all the rest of a state goes whole, in the first chunk, and one entry is never split: keep what is
 * large in collections of entries that are not.
 *
 * The cost of a chunk, on either side, follows its own size. What is put together is checked as a snapshot is, each entry
 * when it comes and the whole at the end, which looks at the rest only.
 */
import type { Assembled, Assembly, Cut } from '../../machines/shared/object.js';
import {
  emptyMap,
  mapEntries,
  mapEntriesAfter,
  mapGet,
  mapSet,
  type PersistentMap,
} from '../../machines/shared/persistent-map.js';
import type { OperationError } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import { fields, listOf, natural, text } from '../../machines/shared/shapes.js';
import { sizeOf } from '../../machines/shared/size.js';
import { ChoraleError } from '../errors.js';
import { Collection, held, mapWith } from './collection.js';
import { digestOfMap } from './digest.js';
import { copyOf, joined, type Placed, separate } from './packing.js';
import type { Path } from './serializable.js';
import { checkVersion, entriesShape, invalid, pairOf, pathShape, restored, type Versioned } from './snapshot.js';

type Entry = readonly [key: string, value: Serializable];

/** What the first chunk begins with: the state but for the entries of its collections. */
interface Head {
  readonly service: string;
  readonly version: number;
  readonly plain: Serializable;
  /** Where each belongs, and how many entries it has. */
  readonly collections: readonly (readonly [path: Path, size: number])[];
}

interface ChunkData {
  readonly head: Head | null;
  /** A collection, by its place in the head's list, and the next of its entries. */
  readonly entries: readonly (readonly [place: number, entries: readonly Entry[]])[];
}

/** The next entry is the one after this key of this collection. */
interface Cursor {
  readonly place: number;
  readonly after: string | null;
}

/** A state is taken apart once, however many chunks are cut of it. */
const separated = new WeakMap<object, { readonly plain: Serializable; readonly collections: Placed }>();

export function chunkOf(service: Versioned, state: object, cursor: Serializable, bytes: number): Cut {
  const { plain, collections } = separatedOf(state);
  const head = cursor === null ? headOf(service, plain, collections) : null;
  let { place, after } = cursor === null ? { place: 0, after: null } : (cursor as unknown as Cursor); // given back as it was
  const entries: [number, Entry[]][] = [];
  let size = head === null ? 0 : sizeOf(head as unknown as Serializable); // plain data, of interfaces
  const cut = (next: Cursor | null): Cut => ({ data: { head, entries } as unknown as Serializable, size, next }) as Cut; // likewise
  for (; place < collections.length; place++) {
    const [, made] = collections[place] as Placed[number]; // the loop's condition says that it is there
    const taken: Entry[] = [];
    for (const entry of mapEntriesAfter(made[held].map, after)) {
      const more = sizeOf(entry);
      if (size > 0 && size + more > bytes) return cut({ place, after });
      if (taken.length === 0) entries.push([place, taken]);
      taken.push(entry);
      size += more;
      [after] = entry;
    }
    after = null;
  }
  return cut(null);
}

function separatedOf(state: object): { readonly plain: Serializable; readonly collections: Placed } {
  const known = separated.get(state) ?? separate(state);
  separated.set(state, known);
  return known;
}

const headOf = ({ name, version }: Versioned, plain: Serializable, collections: Placed): Head => ({
  service: name,
  version,
  plain,
  collections: collections.map(([path, { size }]) => [path, size]),
});

/** What has come so far. */
interface Arrived {
  readonly head: Head | null;
  /** The entries of each collection, by its place. */
  readonly maps: PersistentMap<PersistentMap<Serializable>>;
  /** Why this will never be a state of the service. */
  readonly invalid: OperationError | null;
}

export const nothingYet: Assembly = { head: null, maps: emptyMap(), invalid: null } satisfies Arrived;

const headShape = fields({ service: text, version: natural, collections: listOf(pairOf(pathShape, natural)) });
const dataShape = fields({
  head: (value) => value === null || headShape(value),
  entries: listOf(pairOf(natural, entriesShape)),
});

export function absorbed(service: Versioned, assembly: Assembly, given: Serializable): Assembly {
  const before = assembly as Arrived; // `nothingYet` and this function make them
  if (before.invalid !== null) return before;
  const result = attempt(() => withData(service, before, given));
  return result.ok ? result.value : { ...nothingYet, invalid: result.error };
}

function withData(service: Versioned, before: Arrived, given: Serializable): Arrived {
  if (!dataShape(given)) throw invalid(service, 'a part of it has not the form of a chunk');
  const data = given as unknown as ChunkData; // its shape has just been looked at
  const head = data.head === null ? before.head : headed(service, before, data.head);
  let { maps } = before;
  for (const [place, entries] of data.entries) {
    if (head === null || place >= head.collections.length) throw invalid(service, 'a part of it has no place');
    const map = mapGet(maps, String(place)) ?? emptyMap<Serializable>();
    const fresh = entries.map(([key, value]) => [key, copyOf(value) as Serializable] as const); // looked at by `mapWith`
    try {
      maps = mapSet(maps, String(place), mapWith(map, fresh));
    } catch (error) {
      throw invalid(service, 'its state does not encode', error);
    }
  }
  return { head, maps, invalid: null };
}

function headed(service: Versioned, before: Arrived, head: Head): Head {
  if (before.head !== null) throw invalid(service, 'it begins twice');
  if (head.service !== service.name) throw invalid(service, `it is of the service "${head.service}"`);
  checkVersion(service, head.version);
  return head;
}

export function completed(service: Versioned, assembly: Assembly): Assembled<object> {
  const { head, maps, invalid: error } = assembly as Arrived; // as above
  if (error !== null) return { ok: false, error };
  return attempt(() => {
    if (head === null) throw invalid(service, 'it has no beginning');
    return restored(service, head.version, () => {
      const collections = head.collections.map(([path, size], place) => {
        const made = new Collection(mapGet(maps, String(place)) ?? emptyMap<Serializable>());
        if (made.size !== size) throw new Error(`${made.size} of ${size} entries are there`);
        return [path, made] as const;
      });
      return joined(head.plain, collections);
    });
  });
}

/** Of the entries of its collections, whose digests are kept where they lie. */
export function digestOfArrived(assembly: Assembly): string {
  const { maps } = assembly as Arrived; // as above
  return [...mapEntries(maps)].map(([place, map]) => `${place} ${digestOfMap(map)}`).join();
}

/** Nothing is thrown but SNAPSHOT_INVALID, which is a result here. */
function attempt<Value>(make: () => Value): Assembled<Value> {
  try {
    return { ok: true, value: make() };
  } catch (error) {
    if (!(error instanceof ChoraleError)) throw error;
    const { code, message } = error;
    return { ok: false, error: { code, message } };
  }
}
