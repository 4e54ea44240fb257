import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { equal } from '../../../machines/shared/equality.js';
import {
  emptyMap,
  hashOf,
  mapDelete,
  mapDiff,
  mapEntries,
  mapEntriesAfter,
  mapGet,
  mapHas,
  mapOf,
  mapSet,
  type PersistentMap,
} from '../../../machines/shared/persistent-map.js';

/** Keys whose whole hashes are equal, in groups: found by looking, since the hash is fixed. */
const colliding = collisions(700_000);
/** Few keys, so that histories meet; among them whole collisions and keys that share their hash's first levels. */
const keys = [
  ...colliding.slice(0, 6).flat(),
  ...nearly(colliding[0]?.[0] ?? '', 4),
  ...'abcdefgh',
  '',
  'constructor',
  '__proto__',
  '\ud800',
];

function collisions(tries: number): string[][] {
  const byHash = new Map<number, string>();
  const found: string[][] = [];
  let state = 7;
  for (let i = 0; i < tries; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const key = `${state.toString(36)}${i % 10}`;
    const other = byHash.get(hashOf(key));
    if (other !== undefined && other !== key) found.push([other, key]);
    byHash.set(hashOf(key), key);
  }
  return found;
}

/** Keys whose hashes agree with that of `key` in the lowest 15 bits, and not in all. */
function nearly(key: string, count: number): string[] {
  const found: string[] = [];
  for (let i = 0; found.length < count; i++) {
    const hash = hashOf(`near${i}`);
    if ((hash & 0x7fff) === (hashOf(key) & 0x7fff) && hash !== hashOf(key)) found.push(`near${i}`);
  }
  return found;
}

type Step = { readonly set: string; readonly value: unknown } | { readonly cut: string };
const key = fc.constantFrom(...keys);
const value = fc.constantFrom<unknown>(0, -0, 1, Number.NaN, undefined, null, 'x', 'y');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ set: key, value }),
  fc.record({ set: key, value }),
  fc.record({ cut: key }),
);
const history = fc.array(step, { maxLength: 60 });

function take(map: PersistentMap<unknown>, one: Step): PersistentMap<unknown> {
  return 'set' in one ? mapSet(map, one.set, one.value) : mapDelete(map, one.cut);
}

const run = (steps: readonly Step[], from = emptyMap<unknown>()): PersistentMap<unknown> => steps.reduce(take, from);

function model(steps: readonly Step[]): Map<string, unknown> {
  const map = new Map<string, unknown>();
  for (const one of steps) {
    if ('set' in one) map.set(one.set, one.value);
    else map.delete(one.cut);
  }
  return map;
}

const inOrder = (entries: Iterable<readonly [string, unknown]>): (readonly [string, unknown])[] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

const many = { numRuns: 2000 };

/** As `expect`, for what is asked a million times. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`It must be so, and is not: ${what}`);
}

describe('a persistent map', () => {
  test('the keys used here do collide, wholly and in part', () => {
    expect(colliding.length).toBeGreaterThanOrEqual(6);
    for (const [one, other] of colliding) {
      expect(one).not.toBe(other);
      expect(hashOf(one ?? '')).toBe(hashOf(other ?? ''));
    }
  });

  test('holds what a Map holds after the same history', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const map = run(steps);
        const expected = model(steps);
        expect(map.size).toBe(expected.size);
        expect(inOrder(mapEntries(map))).toEqual(inOrder(expected));
        for (const name of keys) {
          must(mapHas(map, name) === expected.has(name), `has ${name}`);
          must(Object.is(mapGet(map, name), expected.get(name)), `value of ${name}`);
        }
      }),
      many,
    );
  });

  test('its entries can be walked from after any of them on, to the end', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const map = run(steps);
        const all = [...mapEntries(map)];
        all.forEach(([name], i) => {
          must(equal([...mapEntriesAfter(map, name)], all.slice(i + 1)), `what follows ${name}`);
        });
        must(equal([...mapEntriesAfter(map, null)], all), 'all');
      }),
      { numRuns: 500 },
    );
  });

  test('every version stays as it was', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const versions = steps.map((_, i) => run(steps.slice(0, i)));
        const texts = versions.map((version) => JSON.stringify(version));
        let map = emptyMap<unknown>();
        for (const [i, one] of steps.entries()) {
          versions[i] = map;
          map = take(map, one);
        }
        expect(versions.map((version) => JSON.stringify(version))).toEqual(texts);
      }),
      { numRuns: 500 },
    );
  });

  test('two maps of the same entries have the same shape and order, whatever happened before', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat()), (steps, chance) => {
        const map = run(steps);
        const entries = inOrder(mapEntries(map));
        const shuffled = entries
          .map((entry) => ({ entry, place: chance.next().value }))
          .sort((a, b) => a.place - b.place);
        const again = mapOf(shuffled.map(({ entry }) => entry));
        expect(again).toEqual(map);
        expect([...mapEntries(again)]).toEqual([...mapEntries(map)]);
      }),
      many,
    );
  });

  test('a change that changes nothing returns the map itself', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const map = run(steps);
        for (const [name, held] of mapEntries(map)) must(mapSet(map, name, held) === map, `set ${name} again`);
        for (const name of keys) if (!mapHas(map, name)) must(mapDelete(map, name) === map, `delete ${name}`);
      }),
      many,
    );
  });

  test('the difference of two maps is what leads from one to the other, and no more', () => {
    fc.assert(
      fc.property(history, history, (first, more) => {
        const before = run(first);
        for (const after of [run(more, before), run(more)]) {
          const { set, deleted } = mapDiff(before, after);
          for (const [name, held] of set) {
            must(!(mapHas(before, name) && Object.is(mapGet(before, name), held)), `${name} changed`);
            must(Object.is(mapGet(after, name), held), `${name} is told`);
          }
          for (const name of deleted) must(mapHas(before, name) && !mapHas(after, name), `${name} went`);
          const patched = set.reduce((map, [name, held]) => mapSet(map, name, held), deleted.reduce(mapDelete, before));
          expect(patched).toEqual(after);
        }
      }),
      many,
    );
  });

  test('does not look at what two versions share', () => {
    const entries = Array.from({ length: 100_000 }, (_, i) => [`key${i}`, i] as const);
    const before = mapOf<number>(entries);
    const after = mapDelete(mapSet(before, 'key5', -1), 'key77');
    let looked = 0;
    const watched = new Proxy(after.root ?? {}, {
      get(target, name, receiver) {
        looked += 1;
        return Reflect.get(target, name, receiver);
      },
    });
    expect(mapDiff(before, { size: after.size, root: watched as NonNullable<typeof after.root> })).toEqual({
      set: [['key5', -1]],
      deleted: ['key77'],
    });
    expect(looked).toBeLessThan(200);
    const nodes = new Set<unknown>();
    count(before.root, nodes);
    const old = nodes.size;
    count(after.root, nodes);
    expect(nodes.size - old).toBeLessThan(25); // two paths of a few nodes
  });
});

function count(node: unknown, nodes: Set<unknown>): void {
  if (typeof node !== 'object' || node === null || nodes.has(node)) return;
  nodes.add(node);
  for (const inner of Object.values(node)) count(inner, nodes);
}
