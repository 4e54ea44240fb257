import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import * as v from 'valibot';
import { sessionId } from '../../machines/shared/identifiers.js';
import type { Assembled, Cut, ReplicatedObject } from '../../machines/shared/object.js';
import type { Outcome, Request } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import { ChoraleError } from '../../runtime/errors.js';
import {
  type AnyService,
  type Collection,
  checkSerializable,
  collection,
  type Patch,
  service,
  surroundings,
} from '../../runtime/service/index.js';

let requests = 0;
/** The next request of a client, an update unless the service says otherwise. */
function request(object: AnyService, op: string, ...args: unknown[]): Request {
  requests += 1;
  const kind = object.kindOf(op) ?? 'update';
  return {
    session: sessionId('alice'),
    seq: requests,
    kind,
    op,
    args: args as Serializable[],
    after: requests - 1,
    at: 1000 + requests,
    seed: requests * 77,
  };
}

/** What a sequence of calls comes to. */
function run<State>(
  object: AnyService & { initial(): State },
  calls: readonly (readonly [string, ...unknown[]])[],
  from?: State,
): { value: State; outcomes: readonly Outcome[] } {
  const list = calls.map(([op, ...args]) => request(object, op, ...args));
  return object.execute(from ?? object.initial(), list) as { value: State; outcomes: readonly Outcome[] };
}

const ok = (value?: unknown) => ({ ok: true, value });
const failed = (code: string, message: unknown = expect.any(String)) => ({
  ok: false,
  error: expect.objectContaining({ code, message }),
});

interface Item {
  n: number;
  inner?: { n: number };
}
interface Workshop {
  n: number;
  zero: number;
  active: Item | null;
  items: Item[];
  numbers: number[];
  table: Record<string, Item>;
  flat: Record<string, number>;
  store: Collection<Item>;
  shelves: Record<string, Collection<number>>;
}

/** Operations that do to a state whatever JavaScript allows, so that a shared draft would show if it could be seen. */
let executions = 0;
const workshop = service('workshop', {
  state: (): Workshop => ({
    n: 0,
    zero: 0,
    active: null,
    items: [{ n: 1 }, { n: 2, inner: { n: 3 } }],
    numbers: [3, 1, 2],
    table: { a: { n: 1 }, b: { n: 2 } },
    flat: { a: 1, b: 2 },
    store: collection([['a', { n: 1 }]]),
    shelves: { s: collection([['x', 1]]) },
  }),
  updates: {
    add(draft, by: number) {
      executions += 1;
      draft.n += by;
      return draft.n;
    },
    failLate(draft, by: number) {
      executions += 1;
      draft.n += by;
      draft.flat.failed = by;
      draft.items.push({ n: by });
      draft.store.set('failed', { n: by });
      throw new ChoraleError('TOO_LATE', `failed after ${by}`, { details: { by } });
    },
    failEarly(draft) {
      throw new Error(`n is ${draft.n}`);
    },
    flat(draft, key: string, n: number) {
      draft.flat[key] = (draft.flat[key] ?? 0) + n;
      return Object.keys(draft.flat);
    },
    drop(draft, key: string) {
      delete draft.flat[key];
      delete draft.table[key];
      return Object.entries(draft.flat);
    },
    zero(draft, value: number) {
      draft.zero = value;
      return [draft.zero, Object.is(draft.zero, -0)];
    },
    /** Puts one object in a second place. */
    take(draft) {
      draft.active = draft.items[0] ?? null;
    },
    progress(draft) {
      if (draft.active !== null) draft.active.n += 10;
      return [draft.active, draft.items];
    },
    done(draft) {
      draft.active = null;
    },
    twice(draft, n: number) {
      const item = { n, inner: { n } };
      draft.table.a = item;
      draft.table.b = item;
      item.n += 1;
      return draft.table;
    },
    bump(draft, key: string) {
      const item = draft.table[key];
      if (item === undefined) return null;
      item.n += 1;
      if (item.inner !== undefined) item.inner.n += 1;
      return draft.table;
    },
    /** Stores its argument, and goes on writing into it. */
    keep(draft, item: Item) {
      draft.items.push(item);
      item.n += 100;
      const last = draft.items.at(-1);
      if (last !== undefined) last.n += 1;
      return draft.items.length;
    },
    reorder(draft) {
      draft.numbers.sort();
      draft.items.reverse();
      return draft.items;
    },
    /** Parts of the draft in new objects. */
    rebuild(draft, n: number) {
      draft.items = draft.items.filter((item) => item.n !== n);
      draft.table = { ...draft.table, c: { n, inner: draft.table.a ?? { n } } };
      Object.assign(draft.flat, { c: n });
      const first = draft.items[0];
      if (first !== undefined) first.n += 1;
      if (draft.table.a !== undefined) draft.table.a.n += 1;
      return [draft.items, draft.table] as unknown as Serializable;
    },
    push(draft, n: number) {
      draft.numbers.push(n);
      if (draft.numbers.length > 5) draft.numbers.splice(1, 2);
      return draft.numbers;
    },
    store(draft, key: string, n: number) {
      draft.store.set(key, { n });
      return draft.store.size;
    },
    update(draft, key: string, n: number) {
      return draft.store.update(key, (item) => {
        if (item === undefined) return { n };
        item.n += n;
        return undefined;
      });
    },
    /** A value of a collection with a draft in it. */
    mix(draft, key: string) {
      draft.store.set(key, { n: 0, inner: (draft.items[0] ?? { n: 1 }) as { n: number } });
      draft.items[0] = { n: 9 };
      return draft.store.get(key);
    },
    remove(draft, key: string) {
      return draft.store.delete(key);
    },
    each(draft) {
      for (const [key, item] of draft.store) draft.store.set(`${key.slice(0, 3)}+`, { n: item.n + 1 });
      return [...draft.store.keys()];
    },
    shelf(draft, name: string, key: string) {
      draft.shelves[name] ??= collection<number>();
      draft.shelves[name].set(key, draft.n);
      return draft.shelves[name].size;
    },
    clear(draft, name: string) {
      delete draft.shelves[name];
    },
    /** Something that no state can hold, and takes it back or not. */
    spoil(draft, what: string, back: boolean) {
      const held = draft.flat as Record<string, unknown>;
      const strange: Record<string, unknown> = {
        date: new Date(0),
        undefined,
        function: () => 1,
        bigint: 1n,
        bytes: new Uint8Array(1),
      };
      if (what === 'holes') {
        draft.numbers[draft.numbers.length + 3] = 1;
        return;
      }
      held.spoilt = what === 'cycle' ? draft : strange[what];
      if (back) delete held.spoilt;
    },
    reply(draft, what: string) {
      draft.n += 1;
      if (what === 'draft') return draft.items as unknown as Serializable;
      if (what === 'mixed') return { items: draft.items, n: [draft.active] } as unknown as Serializable;
      if (what === 'collection') return draft.store as unknown as Serializable;
      if (what === 'promise') return Promise.reject(new Error('late')) as unknown as Serializable;
      if (what === 'date') return new Date(0) as unknown as Serializable;
      return -0;
    },
    draw(draft, env = surroundings()) {
      draft.flat.drawn = env.random();
      return [env.now, env.id(), env.id(), env.random()];
    },
  },
  queries: {
    all: (state) =>
      [
        state.n,
        state.active,
        state.items,
        state.numbers,
        state.table,
        state.flat,
        [...state.store],
        Object.is(state.zero, -0),
      ] as unknown as Serializable,
    write(state) {
      (state.flat as Record<string, number>).x = 1;
      return 0;
    },
    writeStore(state) {
      (state.store as unknown as Collection<Item>).set('x', { n: 1 });
      return 0;
    },
    sort(state) {
      (state.numbers as number[]).sort();
      return 0;
    },
    missing(state) {
      return (state.table.nowhere as Item).n;
    },
  },
});

const key = fc.constantFrom('a', 'b', 'c', 'd', 'constructor');
const n = fc.integer({ min: -3, max: 9 });
const item = fc.record({ n, inner: fc.record({ n }) });
const call: fc.Arbitrary<readonly [string, ...unknown[]]> = fc.oneof(
  { arbitrary: fc.tuple(fc.constant('add'), n), weight: 6 },
  { arbitrary: fc.tuple(fc.constant('failLate'), n), weight: 3 },
  { arbitrary: fc.tuple(fc.constantFrom('flat', 'store', 'update'), key, n), weight: 8 },
  {
    arbitrary: fc.tuple(
      fc.constantFrom('failEarly', 'take', 'progress', 'done', 'reorder', 'each', 'draw', 'all', 'missing'),
    ),
    weight: 12,
  },
  { arbitrary: fc.tuple(fc.constantFrom('write', 'writeStore', 'sort', 'nothing')), weight: 1 },
  fc.tuple(fc.constantFrom('drop', 'bump', 'mix', 'remove', 'clear'), key),
  fc.tuple(fc.constantFrom('push', 'twice', 'rebuild'), n),
  fc.tuple(fc.constant('zero'), fc.constantFrom(0, -0, 1, Number.NaN)),
  fc.tuple(fc.constant('keep'), item),
  fc.tuple(fc.constant('shelf'), fc.constantFrom('s', 't'), key),
  fc.tuple(
    fc.constant('spoil'),
    fc.constantFrom('date', 'undefined', 'function', 'bigint', 'bytes', 'cycle', 'holes', 'nothing'),
    fc.boolean(),
  ),
  fc.tuple(fc.constant('reply'), fc.constantFrom('draft', 'mixed', 'collection', 'promise', 'date', 'zero')),
);
const calls = fc.array(call, { minLength: 1, maxLength: 24 });

/** A state with the order of its keys, and with its collections. */
const written = (value: Workshop): string => JSON.stringify(workshop.snapshot(value));

describe('execute', () => {
  test('CH-6: an update that throws leaves no effect, wherever in a batch it stands, and its error is its outcome', () => {
    const { value, outcomes } = run(workshop, [
      ['add', 1],
      ['failLate', 5],
      ['add', 2],
      ['store', 'b', 7],
      ['failLate', 6],
      ['failLate', 7],
      ['failEarly'],
      ['add', 3],
    ]);
    expect(outcomes).toEqual([
      ok(1),
      { ok: false, error: { code: 'TOO_LATE', message: 'failed after 5', details: { by: 5 } } },
      ok(3),
      ok(2),
      failed('TOO_LATE', 'failed after 6'),
      failed('TOO_LATE', 'failed after 7'),
      failed('OPERATION_FAILED', 'n is 3'),
      ok(6),
    ]);
    expect(value).toEqual(
      run(workshop, [
        ['add', 6],
        ['store', 'b', 7],
      ]).value,
    );
    expect(value.store.has('failed')).toBe(false);
  });

  test('CH-6: for every history, what failed might as well not have been asked', () => {
    fc.assert(
      fc.property(calls, (list) => {
        const asked = list.map(([op, ...args]) => request(workshop, op, ...args));
        const { value, outcomes } = workshop.execute(workshop.initial(), asked);
        const succeeded = asked.filter((_, i) => outcomes[i]?.ok);
        const again = workshop.execute(workshop.initial(), succeeded);
        expect(again.outcomes).toEqual(outcomes.filter(({ ok }) => ok));
        expect(written(again.value)).toBe(written(value));
      }),
      { numRuns: 2000 },
    );
  });

  test('the result does not depend on how the sequence is cut into batches', () => {
    fc.assert(
      fc.property(calls, fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1 }), (list, cuts) => {
        const asked = list.map(([op, ...args]) => request(workshop, op, ...args));
        const whole = workshop.execute(workshop.initial(), asked);
        const pieces = asked.map((one) => [one]);
        const cut: Request[][] = [];
        for (let i = 0, turn = 0; i < asked.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          cut.push(asked.slice(i, i + size));
          i += size;
        }
        for (const batches of [pieces, cut]) {
          let value = workshop.initial();
          const outcomes: Outcome[] = [];
          for (const batch of batches) {
            const execution = workshop.execute(value, batch);
            value = execution.value;
            outcomes.push(...execution.outcomes);
          }
          if (JSON.stringify(outcomes) !== JSON.stringify(whole.outcomes)) expect(outcomes).toEqual(whole.outcomes);
          const same =
            written(value) === written(whole.value) && workshop.digest(value) === workshop.digest(whole.value);
          if (!same) expect(written(value)).toBe(written(whole.value));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('an object in two places is two objects to the next update, in one batch as in two', () => {
    const { outcomes } = run(workshop, [['take'], ['progress'], ['done'], ['all']]);
    expect(outcomes[1]).toEqual(ok([{ n: 11 }, [{ n: 1 }, { n: 2, inner: { n: 3 } }]]));
    expect(outcomes[3]).toMatchObject({ value: [0, null, [{ n: 1 }, {}], {}, {}, {}, {}, false] });
  });

  test('each update before one that fails is executed again once at most, however many fail', () => {
    const list = Array.from({ length: 200 }, (_, i): [string, number] => [i % 3 === 2 ? 'failLate' : 'add', 1]);
    executions = 0;
    const { value } = run(workshop, list);
    const asked = list.length;
    const adds = list.filter(([op]) => op === 'add').length;
    expect(value.n).toBe(adds);
    expect(executions).toBeGreaterThan(asked); // or else there was no shared draft
    expect(executions).toBeLessThanOrEqual(asked + adds);
  });

  test('an update that fails before it writes costs nobody an execution', () => {
    executions = 0;
    run(workshop, [['add', 1], ['failEarly'], ['add', 1], ['failEarly'], ['add', 1]]);
    expect(executions).toBe(3);
  });

  test('an update that does something else when executed again leaves what its outcome says', () => {
    let times = 0;
    const moody = service('moody', {
      state: () => ({ n: 0, sum: 0 }),
      updates: {
        add(draft) {
          times += 1;
          draft.sum += times;
          draft.n += 1;
          if (times === 3) throw new Error('not the third time');
          return draft.sum;
        },
        fail(draft) {
          draft.n += 1;
          throw new Error('always');
        },
      },
      queries: {},
    });
    const { value, outcomes } = run(moody, [['add'], ['add'], ['fail']]);
    const answers = outcomes.map((outcome) => (outcome.ok ? outcome.value : null));
    expect(answers[2]).toBeNull();
    expect(value.sum).toBe(Math.max(...answers.map((answer) => Number(answer))));
    expect(value.n).toBe(answers.filter((answer) => answer !== null).length);
  });

  test('a service that is not deterministic is never executed twice', () => {
    let times = 0;
    const dice = service('dice', {
      deterministic: false,
      state: () => ({ sum: 0 }),
      updates: {
        roll(draft) {
          times += 1;
          draft.sum += times;
          return draft.sum;
        },
        fail(draft) {
          draft.sum += 1000;
          throw new Error('no');
        },
      },
      queries: {},
    });
    const { value, outcomes } = run(dice, [['roll'], ['roll'], ['fail'], ['roll']]);
    expect(outcomes).toEqual([ok(1), ok(3), failed('OPERATION_FAILED', 'no'), ok(6)]);
    expect(value).toEqual({ sum: 6 });
    expect(times).toBe(3);
  });

  test.each(['date', 'undefined', 'function', 'bigint', 'bytes', 'cycle', 'holes'])(
    'an update that leaves a state that does not encode (%s) fails, and names the place',
    (what) => {
      const { value, outcomes } = run(workshop, [
        ['add', 1],
        ['spoil', what, false],
        ['add', 1],
      ]);
      expect(outcomes).toEqual([
        ok(1),
        failed('NOT_SERIALIZABLE', expect.stringMatching(/flat\.spoilt|numbers|itself/)),
        ok(2),
      ]);
      expect(written(value)).toBe(written(run(workshop, [['add', 2]]).value));
      if (what === 'holes') return; // nothing takes these back
      expect(run(workshop, [['spoil', what, true]]).outcomes).toEqual([ok()]);
    },
  );

  test('a draft that is stored in a collection is stored as it is then', () => {
    const { value, outcomes } = run(workshop, [
      ['mix', 'k'],
      ['rebuild', 2],
      ['mix', 'l'],
    ]);
    expect(outcomes[0]).toEqual(ok({ n: 0, inner: { n: 1 } }));
    expect([value.store.get('k'), value.store.get('l')]).toEqual([
      { n: 0, inner: { n: 1 } },
      { n: 0, inner: { n: 10 } },
    ]);
  });

  test('a value that does not encode is refused by a collection', () => {
    const bad = service('bad', {
      state: () => ({ c: collection<unknown>() }),
      updates: {
        date: ({ c }) => c.set('k', { deep: [new Date(0)] }),
        nothing: ({ c }) => c.set('k', undefined),
        nested: ({ c }) => c.set('k', { c: collection() }),
        bytes: ({ c }) => c.set('k', { b: new Uint8Array(2) }),
        hole: ({ c }) => c.set('k', new Array(2)),
        absent: ({ c }) => c.set('k', { x: undefined }),
        key: ({ c }) => c.set(1 as unknown as string, 1),
        none(draft) {
          draft.c.update('k', () => undefined);
        },
        cycle({ c }) {
          const loop: unknown[] = [];
          loop.push(loop);
          c.set('k', loop);
        },
      },
      queries: {},
    });
    for (const { name } of bad.operations) {
      const { value, outcomes } = run(bad, [[name]]);
      expect([name, outcomes]).toEqual([name, [failed('NOT_SERIALIZABLE')]]);
      expect(value.c.size).toBe(0);
    }
    expect(run(bad, [['date']]).outcomes).toEqual([failed('NOT_SERIALIZABLE', expect.stringContaining('k.deep[0]'))]);
  });

  test('replies are plain data, cut off from the drafts; others are errors without effect', () => {
    const { value, outcomes } = run(workshop, [
      ['reply', 'draft'],
      ['reply', 'mixed'],
      ['reply', 'collection'],
      ['reply', 'promise'],
      ['reply', 'date'],
      ['reply', 'zero'],
    ]);
    const items = [{ n: 1 }, { n: 2, inner: { n: 3 } }];
    expect(outcomes).toEqual([
      ok(items),
      ok({ items, n: [null] }),
      failed('NOT_SERIALIZABLE', expect.stringContaining('Collection')),
      failed('NOT_SERIALIZABLE', expect.stringContaining('promise')),
      failed('NOT_SERIALIZABLE', expect.stringContaining('Date')),
      ok(0),
    ]);
    expect(value.n).toBe(3);
  });

  test('a reply that is too large, or nested without end, is an error without effect', () => {
    const large = service('large', {
      state: () => ({ n: 0 }),
      updates: {
        long(draft) {
          draft.n += 1;
          return 'x'.repeat(5_000_000);
        },
        deep(draft) {
          draft.n += 1;
          let value: Serializable = [];
          for (let i = 0; i < 100_000; i++) value = [value];
          return value;
        },
      },
      queries: {},
    });
    const { value, outcomes } = run(large, [['long'], ['deep']]);
    expect(outcomes).toEqual([failed('MESSAGE_TOO_LARGE'), failed('NOT_SERIALIZABLE')]);
    expect(value).toEqual({ n: 0 });
  });

  test('a query sees the updates before it and changes nothing', () => {
    const before = workshop.initial();
    const digest = workshop.digest(before);
    const { value, outcomes } = run(workshop, [['write'], ['writeStore'], ['sort'], ['missing'], ['add', 4], ['all']]);
    expect(outcomes.slice(0, 4)).toEqual([
      failed('QUERY_WRITES'),
      failed('QUERY_WRITES'),
      failed('QUERY_WRITES'),
      failed('OPERATION_FAILED'),
    ]);
    expect(outcomes[5]).toMatchObject({ ok: true, value: [4, null, {}, {}, {}, {}, {}, false] });
    expect(written(value)).toBe(written(run(workshop, [['add', 4]]).value));
    expect(workshop.digest(before)).toBe(digest);
  });

  test('whatever is thrown or asked, execute does not throw', () => {
    const things: Record<string, () => unknown> = {
      nothing: () => undefined,
      text: () => 'text',
      symbol: () => Symbol('x'),
      bare: () => Object.create(null),
      trap: () => ({
        get code() {
          throw new Error('again');
        },
      }),
      details: () => Object.assign(new Error('m'), { code: 'CODE', details: { f: () => 1 } }),
      number: () => Object.assign(new Error('m'), { code: 7 }),
      empty: () => Object.assign(new Error('m'), { code: '' }),
      plain: () => ({ code: 'PLAIN', message: 'an object' }),
    };
    const thrower = service('thrower', {
      state: () => ({ n: 0 }),
      updates: {
        fail(draft, what: string) {
          draft.n += 1;
          throw things[what]?.();
        },
      },
      queries: {},
    });
    const { value, outcomes } = run(thrower, [
      ...Object.keys(things).map((what) => ['fail', what] as const),
      ['unknown'],
    ]);
    expect(value).toEqual({ n: 0 });
    expect(outcomes.map((outcome) => !outcome.ok && outcome.error.code)).toEqual([
      ...['OPERATION_FAILED', 'OPERATION_FAILED', 'OPERATION_FAILED', 'OPERATION_FAILED', 'OPERATION_FAILED'],
      ...['CODE', 'OPERATION_FAILED', 'OPERATION_FAILED', 'PLAIN', 'ARGUMENTS_INVALID'],
    ]);
    expect(outcomes[5]).toEqual({ ok: false, error: { code: 'CODE', message: 'm' } });
    const mislabelled = { ...request(workshop, 'add', 1), kind: 'query' as const };
    expect(workshop.execute(workshop.initial(), [mislabelled]).outcomes).toEqual([failed('ARGUMENTS_INVALID')]);
  });

  test('an update may write into its arguments, and the request stays as it came', () => {
    const asked = request(workshop, 'keep', { n: 1, inner: { n: 1 } });
    const { value } = workshop.execute(workshop.initial(), [asked, request(workshop, 'failLate', 1)]);
    expect(value.items.at(-1)).toEqual({ n: 102, inner: { n: 1 } });
    expect(asked.args).toEqual([{ n: 1, inner: { n: 1 } }]);
    expect(Object.isFrozen(asked.args[0])).toBe(false);
  });

  test('states are frozen, all the way down, and earlier ones stay as they were', () => {
    const first = workshop.initial();
    const text = written(first);
    const { value } = run(workshop, [
      ['keep', { n: 1, inner: { n: 1 } }],
      ['store', 'z', 1],
      ['shelf', 't', 'x'],
    ]);
    for (const part of [
      value,
      value.items,
      value.items.at(-1),
      value.items.at(-1)?.inner,
      value.store,
      value.store.get('z'),
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(() => value.store.set('x', { n: 1 })).toThrow(TypeError);
    expect(written(first)).toBe(text);
  });
});

describe('surroundings', () => {
  const draws = service('draws', {
    state: () => ({ last: [] as string[] }),
    updates: {
      draw(draft, many: number, label?: string, env = surroundings()) {
        const ids = Array.from({ length: many }, () => env.id());
        draft.last = ids;
        return { ids, label: label ?? 'none', now: env.now, random: Array.from({ length: many }, () => env.random()) };
      },
    },
    queries: { ask: (_state, env = surroundings()) => [env.now, env.random()] },
  });

  test('time, chance and ids come from the request alone: the same at every replica, and other ones for every request', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 1e6 }),
        fc.nat(),
        fc.constantFrom('a', 'b#1', 'c'),
        (seed, seq, at, session) => {
          const one: Request = {
            session: sessionId(session),
            seq,
            kind: 'update',
            op: 'draw',
            args: [3],
            after: seq - 1,
            at,
            seed,
          };
          const [first, second] = [1, 2].map(() => draws.execute(draws.initial(), [one]).outcomes[0]);
          expect(second).toEqual(first);
          const reply = (first as unknown as { value: { ids: string[]; now: number; label: string; random: number[] } })
            .value;
          expect(reply.now).toBe(at);
          expect(reply.label).toBe('none');
          expect(new Set(reply.ids).size).toBe(3);
          expect(reply.random.every((number) => number >= 0 && number < 1)).toBe(true);
          expect(new Set(reply.random).size).toBe(3);
          for (const id of reply.ids) {
            expect(seen.has(`${session}|${seq}|${id}`) || ![...seen].some((other) => other.endsWith(`|${id}`))).toBe(
              true,
            );
            if (seen.size < 500) seen.add(`${session}|${seq}|${id}`);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('two requests with one seed draw different numbers, and numbers are spread evenly', () => {
    const draw = (seq: number): number => {
      const one: Request = {
        session: sessionId('s'),
        seq,
        kind: 'query',
        op: 'ask',
        args: [],
        after: seq - 1,
        at: 0,
        seed: 5,
      };
      const outcome = draws.execute(draws.initial(), [one]).outcomes[0];
      return (outcome as unknown as { value: number[] }).value[1] ?? Number.NaN;
    };
    const drawn = Array.from({ length: 4000 }, (_, i) => draw(i + 1));
    expect(new Set(drawn).size).toBe(4000);
    const tenths = Array.from({ length: 10 }, (_, i) => drawn.filter((number) => Math.floor(number * 10) === i).length);
    for (const count of tenths) expect(Math.abs(count - 400)).toBeLessThan(100);
  });

  test('an argument that the caller leaves out, or one too many, does not meet the surroundings', () => {
    const { outcomes } = run(draws, [['draw', 1], ['draw', 1, 'x'], ['ask']]);
    expect(outcomes).toMatchObject([{ value: { label: 'none' } }, { value: { label: 'x' } }, { ok: true }]);
  });

  test('nobody gets them outside of an operation, after a failure either', () => {
    run(workshop, [['failLate', 1]]);
    expect(() => surroundings()).toThrow(expect.objectContaining({ code: 'SERVICE_INVALID' }));
  });
});

describe('a collection', () => {
  test('iterates in an order that the keys alone decide', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 40 }), (names) => {
        const forward = collection(names.map((name) => [name, name] as const));
        const backward = collection<string>();
        for (const name of [...names].reverse()) backward.set(name, name);
        expect([...forward.keys()]).toEqual([...backward.keys()]);
        expect([...forward.values()]).toEqual([...forward.keys()]);
        expect([...forward]).toEqual([...backward.entries()]);
        expect(forward.size).toBe(names.length);
      }),
      { numRuns: 300 },
    );
  });

  test('is what a Map is, through any number of batches', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('store', 'update', 'remove'), key, n), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (list) => {
        const model = new Map<string, number>([['a', 1]]);
        for (const [op, name, number] of list) {
          if (op === 'store') model.set(name, number);
          else if (op === 'remove') model.delete(name);
          else model.set(name, (model.get(name) ?? 0) + number);
        }
        const { value } = run(workshop, list);
        expect(new Map([...value.store].map(([name, { n: number }]) => [name, number]))).toEqual(model);
        expect(value.store.size).toBe(model.size);
      }),
      { numRuns: 1000 },
    );
  });

  test('shares structure: one change of 100,000 keys leaves nearly all of the snapshot, and of the patches, alone', () => {
    const big = service('big', {
      state: () => ({ c: collection(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, { n: i }] as const)) }),
      updates: {
        set({ c }, name: string, number: number) {
          c.set(name, { n: number });
        },
      },
      queries: {},
    });
    const { patches, value } = big.executeWithPatches(big.initial(), [request(big, 'set', 'k7', -1)]);
    expect(patches).toEqual([{ path: ['c'], deleted: [], length: null, set: [['k7', { n: -1 }, []]] }]);
    expect(value.c.get('k8')).toBe(big.initial().c.get('k8'));
  });
});

/** States of the same shape of class, made in different ways. */
const plain = fc
  .letrec<{ value: Serializable }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<Serializable>(
        null,
        true,
        false,
        0,
        1,
        -1.5,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        '',
        '0',
        'null',
        '\ud800',
        '#',
      ),
      fc.string(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(
        fc.string({ maxLength: 3 }).filter((name) => name !== '__proto__'),
        tie('value'),
        { maxKeys: 4 },
      ),
    ),
  }))
  .value.filter(withoutUndefined);

function withoutUndefined(value: Serializable): boolean {
  try {
    checkSerializable(value, 1e6);
    return true;
  } catch {
    return false;
  }
}

const boxes = service('boxes', {
  state: () => ({
    plain: null as Serializable,
    c: collection<Serializable>(),
    rooms: {} as Record<string, Collection<Serializable>>,
  }),
  updates: {
    put(draft, value: Serializable, entries: [string, Serializable][], rooms: [string, [string, Serializable][]][]) {
      draft.plain = value;
      for (const name of [...draft.c.keys()]) draft.c.delete(name);
      for (const [name, part] of entries) draft.c.set(name, part);
      draft.rooms = Object.fromEntries(rooms.map(([name, parts]) => [name, collection(parts)]));
    },
  },
  queries: {},
});
const entries = fc.array(fc.tuple(fc.string({ maxLength: 3 }), plain), { maxLength: 5 });
const rooms = fc.array(fc.tuple(fc.constantFrom('r', 's', 't'), entries), { maxLength: 3 });
const contents = fc.tuple(plain, entries, rooms);
const box = (content: readonly unknown[], from = boxes.initial()) =>
  boxes.execute(from, [request(boxes, 'put', ...content)]).value;

/** With the keys of objects in another order. */
function turned(value: Serializable): Serializable {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, part]) => [name, turned(part)]),
  );
}

describe('the digest', () => {
  test('equal states have equal digests, whatever their history and the order of their keys', () => {
    fc.assert(
      fc.property(contents, contents, (content, other) => {
        const direct = box(content);
        const [value, inner, named] = content;
        const around = box(
          [
            turned(value),
            [...inner]
              .reverse()
              .filter(lastOfItsName)
              .map(([k, part]) => [k, turned(part)]),
            turnedRooms(named),
          ],
          box(other),
        );
        if (new Set(inner.map(([name]) => name)).size === inner.length)
          expect(boxes.digest(around)).toBe(boxes.digest(direct));
        expect(boxes.digest(direct)).toMatch(/^[0-9a-f]{32}$/);
      }),
      { numRuns: 1000 },
    );
  });

  test('different states have different digests', () => {
    const digests = new Map<string, string>();
    fc.assert(
      fc.property(contents, (content) => {
        const state = box(content);
        const text = canonical(state);
        const digest = boxes.digest(state);
        expect(digests.get(digest) ?? text).toBe(text);
        digests.set(digest, text);
      }),
      { numRuns: 2000 },
    );
    expect(digests.size).toBeGreaterThan(500);
  });

  test.each<[string, Serializable, Serializable]>([
    ['a number and its text', 1, '1'],
    ['nothing and null', [undefined], [null]],
    ['a list and an object', ['a'], { 0: 'a' }],
    ['what stands where', { a: 'b', c: 'd' }, { a: 'd', c: 'b' }],
    ['NaN and infinity', Number.NaN, Number.POSITIVE_INFINITY],
    ['no list and an empty one', [], [[]]],
    ['unpaired surrogates', '\ud800', '\ud801'],
    ['a text like a digest', {}, `#${'0'.repeat(32)}`],
    ['commas in keys', { 'a":1,"b': 1 }, { a: 1, b: 1 }],
  ])('tells %s apart', (_, one, other) => {
    expect(boxes.digest(box([one, [], []]))).not.toBe(boxes.digest(box([other, [], []])));
    expect(boxes.digest(box([null, [['k', one]], []]))).not.toBe(boxes.digest(box([null, [['k', other]], []])));
  });

  test('0 and -0 are one number', () => {
    expect(boxes.digest(box([[0], [['k', -0]], []]))).toBe(boxes.digest(box([[-0], [['k', 0]], []])));
  });

  test('is the one that it has always been: replicas of different builds compare them', () => {
    expect(boxes.digest(box([{ b: [1, 'x', null, true], a: -0 }, [['k', { n: 1.5 }]], [['r', [['x', 1]]]]]))).toBe(
      '2369e4206acb73f40fe25d6941dc53b3',
    );
  });
});

function lastOfItsName(
  entry: readonly [string, unknown],
  place: number,
  all: readonly (readonly [string, unknown])[],
): boolean {
  return all.findIndex(([name]) => name === entry[0]) === place;
}
const turnedRooms = (named: readonly (readonly [string, readonly (readonly [string, Serializable])[]])[]): unknown =>
  named.filter((room, i) => named.findLastIndex(([name]) => name === room[0]) === i);

/** A text that is equal for equal states, made in another way than the digest. */
function canonical(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    if (Symbol.iterator in value && !Array.isArray(value)) {
      return `collection ${canonical(Object.fromEntries(value as Iterable<[string, unknown]>))}`;
    }
    const parts = Object.entries(value).map(([name, part]) => `${JSON.stringify(name)} is ${canonical(part)}`);
    return `${Array.isArray(value) ? 'list' : 'object'} (${(Array.isArray(value) ? parts : parts.sort()).join(' and ')})`;
  }
  return `${typeof value} ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`;
}

describe('snapshots', () => {
  test('restore what they were made of, through the wire too, and the digest is the same', () => {
    fc.assert(
      fc.property(contents, (content) => {
        const state = box(content);
        const snapshot = boxes.snapshot(state);
        checkSerializable(snapshot, 1e7);
        const restored = boxes.restore(structuredClone(snapshot));
        expect(boxes.digest(restored)).toBe(boxes.digest(state));
        expect(JSON.stringify(boxes.snapshot(restored))).toBe(JSON.stringify(snapshot));
      }),
      { numRuns: 1000 },
    );
  });

  test('a restored state goes on as the one that it was made of', () => {
    fc.assert(
      fc.property(calls, calls, (first, more) => {
        const { value } = run(workshop, first);
        const restored = workshop.restore(workshop.snapshot(value));
        const asked = more.map(([op, ...args]) => request(workshop, op, ...args));
        const [one, other] = [value, restored].map((from) => workshop.execute(from, asked));
        expect(other?.outcomes).toEqual(one?.outcomes);
        expect(written(other?.value ?? value)).toBe(written(one?.value ?? value));
      }),
      { numRuns: 1000 },
    );
  });

  const old = service('book', {
    state: () => ({ count: 3, pages: collection([['a', 1]]) }),
    updates: {},
    queries: {},
  });

  test('one of an older version goes through the migration, which may write into it', () => {
    const next = service('book', {
      version: 2,
      state: () => ({ n: 0, pages: collection<number>() }),
      migrate(before: { count: number; pages: Collection<number> }, from) {
        before.pages.set('b', from);
        return { n: before.count, pages: before.pages };
      },
      updates: {},
      queries: {},
    });
    const value = next.restore(old.snapshot(old.initial()));
    expect(value.n).toBe(3);
    expect([...value.pages].sort()).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(old.initial().pages.size).toBe(1);
    expect(() => old.restore(next.snapshot(value))).toThrow(expect.objectContaining({ code: 'SNAPSHOT_INVALID' }));
  });

  test.each<[string, (snapshot: Record<string, unknown>) => unknown]>([
    ['nothing', () => undefined],
    ['another service', (snapshot) => ({ ...snapshot, service: 'other' })],
    ['no version', ({ version, ...rest }) => ({ ...rest, was: version })],
    ['an older version', (snapshot) => ({ ...snapshot, version: 0 })],
    ['a state that is no object', (snapshot) => ({ ...snapshot, plain: 1, collections: [] })],
    ['a place that is not there', (snapshot) => ({ ...snapshot, collections: [[['x', 'y'], []]] })],
    ['a place that is taken', (snapshot) => ({ ...snapshot, collections: [[['count'], []]] })],
    ['a path to the prototype', (snapshot) => ({ ...snapshot, collections: [[['__proto__', 'x'], []]] })],
    ['entries of another form', (snapshot) => ({ ...snapshot, collections: [[['pages'], [['a']]]] })],
    ['a value that no collection holds', (snapshot) => ({ ...snapshot, collections: [[['pages'], [['a', () => 1]]]] })],
    ['a value that no state holds', (snapshot) => ({ ...snapshot, plain: { count: new Date(0), pages: null } })],
  ])('one with %s is refused', (_, change) => {
    const snapshot = change(old.snapshot(old.initial()) as Record<string, unknown>) as Serializable;
    expect(() => old.restore(snapshot)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_INVALID' }));
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('a migration that fails, or returns what does not encode, is told as such', () => {
    for (const migrate of [
      () => {
        throw new Error('no way');
      },
      () => ({ count: (() => 1) as unknown as number }),
    ]) {
      const next = service('book', { version: 2, state: () => ({ count: 0 }), migrate, updates: {}, queries: {} });
      expect(() => next.restore(old.snapshot(old.initial()))).toThrow(
        expect.objectContaining({ code: 'SNAPSHOT_INVALID' }),
      );
    }
  });
});

/** All chunks of a value, the first of them with the head. */
function chunksOf<State>(object: AnyService & { initial(): State }, value: State, bytes: number): Cut[] {
  const chunks: Cut[] = [];
  let cursor: Serializable = null;
  do {
    const chunk = object.chunk(value, structuredClone(cursor), bytes);
    chunks.push(chunk);
    cursor = chunk.next;
  } while (cursor !== null);
  return chunks;
}

const assembled = <State>(
  object: Pick<ReplicatedObject<State>, 'begin' | 'absorb' | 'complete'>,
  chunks: readonly Serializable[],
): Assembled<State> =>
  object.complete(chunks.reduce((assembly, data) => object.absorb(assembly, data), object.begin()));

describe('chunks', () => {
  test('VS-5: of any size come to the state that they were cut from, through the wire too', () => {
    fc.assert(
      fc.property(contents, fc.integer({ min: 1, max: 400 }), (content, bytes) => {
        const state = box(content);
        const chunks = chunksOf(boxes, state, bytes).map(({ data }) => structuredClone(data));
        for (const chunk of chunks) checkSerializable(chunk, 1e7);
        const result = assembled(boxes, chunks);
        if (!result.ok) throw new Error(result.error.message);
        expect(boxes.digest(result.value)).toBe(boxes.digest(state));
        expect(JSON.stringify(boxes.snapshot(result.value))).toBe(JSON.stringify(boxes.snapshot(state)));
      }),
      { numRuns: 1000 },
    );
  });

  const store = service('store', {
    state: () => ({ name: 'store', shelves: [collection<string>(), collection<string>(), collection<string>()] }),
    updates: {
      put(draft, shelf: number, key: string, text: string) {
        draft.shelves[shelf]?.set(key, text);
      },
      drop(draft, shelf: number, key: string) {
        draft.shelves[shelf]?.delete(key);
      },
    },
    queries: {},
  });
  const puts = (from: number, to: number): (readonly [string, ...unknown[]])[] =>
    Array.from({ length: to - from }, (_, i) => ['put', (from + i) % 2, `k${from + i}`, 'x'.repeat((i * 37) % 90)]);

  test('VS-5: a chunk is no larger than asked, but for the head and for one entry', () => {
    const { value } = run(store, puts(0, 2000));
    for (const bytes of [400, 1000, 30_000]) {
      const chunks = chunksOf(store, value, bytes);
      expect(chunks.every(({ size }) => size <= bytes)).toBe(true);
      expect(chunks.slice(0, -1).every(({ size }) => size > bytes - 120)).toBe(true);
    }
    const single = chunksOf(store, value, 1);
    expect(single).toHaveLength(2001);
    expect(single.every(({ data }) => JSON.stringify(data).length < 200)).toBe(true);
  });

  test('VS-5: chunks of a state are the same while updates are executed on it', () => {
    let { value } = run(store, puts(0, 500));
    const [begun, whole] = [value, chunksOf(store, value, 500)];
    let cursor: Serializable = null;
    const cut: Cut[] = [];
    for (let round = 0; round < whole.length; round++) {
      cut.push(store.chunk(begun, cursor, 500));
      cursor = cut.at(-1)?.next ?? null;
      const changes = [...puts(round * 7, round * 7 + 9), ['drop', round % 2, `k${round * 5}`] as const];
      value = run(store, changes, value).value;
    }
    expect(cut).toEqual(whole);
    expect(store.digest(value)).not.toBe(store.digest(begun));
  });

  test('VS-5: asked part by part, the digest leaves little for the end: the whole is not digested in one step', () => {
    const { value } = run(store, puts(0, 1000));
    const expected = store.digest(value);
    const chunks = chunksOf(store, value, 2000).map(({ data }) => structuredClone(data));
    const encode = jest.spyOn(TextEncoder.prototype, 'encode');
    try {
      const spent = (work: () => void): number => {
        encode.mockClear();
        work();
        return encode.mock.calls.length;
      };
      let assembly = store.begin();
      const steps = chunks.map((data) => {
        assembly = store.absorb(assembly, data);
        return spent(() => store.digestSoFar(assembly));
      });
      expect(steps.reduce((all, step) => all + step)).toBe(1000);
      expect(Math.max(...steps)).toBeLessThan(60);
      const whole = store.complete(assembly);
      expect(spent(() => expect(whole.ok && store.digest(whole.value)).toBe(expected))).toBeLessThan(10);
    } finally {
      encode.mockRestore();
    }
  });

  test('VS-5: an assembly is immutable: what comes later does not show in what it was', () => {
    const { value } = run(store, puts(0, 100));
    const chunks = chunksOf(store, value, 500).map(({ data }) => data);
    const states = [store.begin()];
    for (const data of chunks) states.push(store.absorb(states.at(-1) as object, data));
    const again = chunks.reduce<object>((assembly, data) => store.absorb(assembly, data), states[0] as object);
    const results = [states.at(-1) as object, again].map((assembly) => store.complete(assembly));
    for (const result of results) expect(result.ok && store.digest(result.value)).toBe(store.digest(value));
    expect(store.complete(states[1] as object)).toMatchObject({ ok: false, error: { code: 'SNAPSHOT_INVALID' } });
  });

  const old = service('book', {
    state: () => ({ count: 3, pages: collection([['a', 1]]) }),
    updates: {},
    queries: {},
  });
  const next = service('book', {
    version: 2,
    state: () => ({ n: 0, pages: collection<number>() }),
    migrate(before: { count: number; pages: Collection<number> }, from) {
      before.pages.set('b', from);
      before.count += 1;
      return { n: before.count, pages: before.pages };
    },
    updates: {},
    queries: {},
  });
  const dataOf = (chunks: readonly Cut[]): Serializable[] => chunks.map(({ data }) => data);

  test('of an older version go through the migration, which may write into what they came to', () => {
    const chunks = dataOf(chunksOf(old, old.initial(), 1));
    const assembly = chunks.reduce<object>((before, data) => next.absorb(before, data), next.begin());
    for (const result of [next.complete(assembly), next.complete(assembly)]) {
      if (!result.ok) throw new Error(result.error.message);
      expect(result.value.n).toBe(4);
      expect([...result.value.pages].sort()).toEqual([
        ['a', 1],
        ['b', 1],
      ]);
    }
    expect(old.initial().pages.size).toBe(1);
    expect(assembled(old, dataOf(chunksOf(next, next.initial(), 1)))).toMatchObject({
      ok: false,
      error: { code: 'SNAPSHOT_INVALID', message: expect.stringContaining('version 2') },
    });
  });

  type Data = { head: Record<string, Serializable> | null; entries: Serializable[] };
  test.each<[string, string, (first: Data, second: Data) => unknown[]]>([
    ['nothing', 'no beginning', () => []],
    ['no head', 'no place', (_, second) => [second]],
    ['two heads', 'twice', (first, second) => [first, first, second]],
    ['an entry less', '0 of 1', (first) => [first]],
    [
      'another service',
      '"other"',
      (first, second) => [{ ...first, head: { ...first.head, service: 'other' } }, second],
    ],
    ['an older version', 'version 0', (first, second) => [{ ...first, head: { ...first.head, version: 0 } }, second]],
    [
      'a state that is no object',
      'no object',
      (first) => [{ head: { ...first.head, plain: 1, collections: [] }, entries: [] }],
    ],
    [
      'a place that is not there',
      'fit',
      (first) => [{ ...first, head: { ...first.head, collections: [[['x', 'y'], 0]] } }],
    ],
    ['a place that is taken', 'fit', (first) => [{ ...first, head: { ...first.head, collections: [[['count'], 0]] } }]],
    [
      'a path to the prototype',
      'fit',
      (first) => [{ ...first, head: { ...first.head, collections: [[['__proto__', 'x'], 0]] } }],
    ],
    ['entries of a collection too many', 'no place', (first) => [first, { head: null, entries: [[1, [['a', 1]]]] }]],
    ['entries of another form', 'form', (first) => [first, { head: null, entries: [[0, [['a']]]] }]],
    [
      'a value that no collection holds',
      'encode',
      (first) => [first, { head: null, entries: [[0, [['a', () => 1]]]] }],
    ],
    [
      'a value that no state holds',
      'encode',
      (first) => [{ head: { ...first.head, plain: { count: new Date(0) }, collections: [] }, entries: [] }],
    ],
    ['text', 'form', (first) => [first, 'text']],
  ])('with %s are refused', (_, why, change) => {
    const [first, second] = dataOf(chunksOf(old, old.initial(), 1)) as unknown as [Data, Data];
    const result = assembled(old, change(first, second) as Serializable[]);
    const message: unknown = expect.stringContaining(why);
    expect(result).toMatchObject({ ok: false, error: { code: 'SNAPSHOT_INVALID', message } });
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('patches', () => {
  test('lead from the state before to the state after, key order and all, and cross the wire', () => {
    fc.assert(
      fc.property(calls, calls, (first, more) => {
        const before = run(workshop, first).value;
        const asked = more.map(([op, ...args]) => request(workshop, op, ...args));
        const { value, outcomes, patches } = workshop.executeWithPatches(before, asked);
        expect(outcomes).toEqual(workshop.execute(before, asked).outcomes);
        checkSerializable(patches, 1e7);
        const after = workshop.applyPatches(before, structuredClone(patches) as readonly Patch[]);
        expect(written(after)).toBe(written(value));
        expect(workshop.digest(after)).toBe(workshop.digest(value));
        expect(Object.isFrozen(after.items)).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  test('between any two states, of whatever parts', () => {
    fc.assert(
      fc.property(contents, contents, (one, other) => {
        const before = box(one);
        const asked = [request(boxes, 'put', ...other)];
        const { value, patches } = boxes.executeWithPatches(before, asked);
        const after = boxes.applyPatches(before, structuredClone(patches) as readonly Patch[]);
        expect(JSON.stringify(boxes.snapshot(after))).toBe(JSON.stringify(boxes.snapshot(value)));
        expect(boxes.digest(after)).toBe(boxes.digest(value));
      }),
      { numRuns: 1000 },
    );
  });

  test('no change, no patches; patches of another state are refused', () => {
    expect(workshop.executeWithPatches(workshop.initial(), [request(workshop, 'failLate', 1)]).patches).toEqual([]);
    const stray: Patch = { path: ['__proto__', 'x'], deleted: [], length: null, set: [['y', 1, []]] };
    expect(() => workshop.applyPatches(workshop.initial(), [stray])).toThrow();
  });
});

describe('definitions', () => {
  const state = () => ({ n: 0 });
  const good = { state, updates: {}, queries: {} };
  const schema = v.tuple([v.number()]);

  test.each<[string, string, Record<string, unknown>, RegExp]>([
    ['no state', 's', { updates: {}, queries: {} }, /state/],
    ['a state that is no object', 's', { ...good, state: () => 3 }, /not an object/],
    ['a state with a date', 's', { ...good, state: () => ({ a: { b: [1, new Date(0)] } }) }, /a\.b\[1\]/],
    ['a state with bytes', 's', { ...good, state: () => ({ raw: new Uint8Array(1) }) }, /raw/],
    ['a state with undefined', 's', { ...good, state: () => ({ 'a b': { x: undefined } }) }, /\["a b"\]\.x/],
    ['a state with a class', 's', { ...good, state: () => ({ m: new Map() }) }, /m.*Map/],
    ['a state without prototype', 's', { ...good, state: () => ({ m: Object.create(null) }) }, /prototype/],
    ['a state with a symbol', 's', { ...good, state: () => ({ [Symbol('x')]: 1 }) }, /symbol/],
    [
      'a state that contains itself',
      's',
      { ...good, state: () => Object.assign({ n: 0 } as { me?: unknown }, cyclic()) },
      /itself/,
    ],
    ['a state of chance', 's', { ...good, state: () => ({ id: Math.random() }) }, /two calls of state/],
    ['no updates', 's', { state, queries: {} }, /no updates/],
    ['no queries', 's', { state, updates: {} }, /no queries/],
    ['a name twice', 's', { ...good, updates: { x: () => 1 }, queries: { x: () => 1 } }, /"x" is the name of two/],
    ['a reserved name', 's', { ...good, updates: { with: () => 1 } }, /"with"/],
    ['then', 's', { ...good, updates: Object.fromEntries([['then', () => 1]]) }, /"then"/],
    ['a name of every object', 's', { ...good, queries: { toString: () => 'x' } }, /"toString"/],
    ['a name of the prototype', 's', { ...good, queries: { ['__proto__']: () => 'x' } }, /"__proto__"/],
    ['a name with a dollar', 's', { ...good, queries: { $x: () => 'x' } }, /"\$x"/],
    ['no function', 's', { ...good, updates: { x: 1 } }, /not a function/],
    ['an async update', 's', { ...good, updates: { x: async () => 1 } }, /AsyncFunction/],
    ['a generator', 's', { ...good, queries: { *x() {} } }, /GeneratorFunction/],
    ['a schema of no operation', 's', { ...good, arguments: { x: schema } }, /"x"/],
    ['no schema', 's', { ...good, updates: { x: () => 1 }, arguments: { x: {} } }, /no Standard Schema/],
    ['a version below 1', 's', { ...good, version: 0 }, /version/],
    ['a strange property', 's', { ...good, update: {} }, /"update"/],
    ['migrate', 's', { ...good, migrate: 1 }, /migrate/],
    ['deterministic', 's', { ...good, deterministic: 'no' }, /deterministic/],
    ['a name that is no name', 'a/b', good, /name/],
    ['an empty name', '', good, /name/],
  ])('%s is refused', (_, name, definition, message) => {
    expect(() => service(name, definition as never)).toThrow(
      expect.objectContaining({ code: 'SERVICE_INVALID', message: expect.stringMatching(message) }),
    );
  });

  function cyclic(): { me: unknown } {
    const loop = { me: null as unknown };
    loop.me = loop;
    return loop;
  }

  test('a state may be a collection, or hold them anywhere', () => {
    const bare = service('bare', {
      state: () => collection<number>(),
      updates: {
        set(all, name: string, number: number) {
          all.set(name, number);
        },
      },
      queries: { get: (all, name: string) => all.get(name) ?? null },
    });
    const { value, outcomes } = run(bare, [
      ['set', 'x', 1],
      ['get', 'x'],
    ]);
    expect(outcomes).toEqual([ok(), ok(1)]);
    expect(bare.digest(bare.restore(bare.snapshot(value)))).toBe(bare.digest(value));
    const { patches } = bare.executeWithPatches(value, [request(bare, 'set', 'y', 2)]);
    expect([...bare.applyPatches(value, patches)].sort()).toEqual([
      ['x', 1],
      ['y', 2],
    ]);
  });

  test('a service tells its operations', () => {
    expect(workshop.kindOf('add')).toBe('update');
    expect(workshop.kindOf('all')).toBe('query');
    expect(workshop.kindOf('toString')).toBeUndefined();
    expect(workshop.operations).toContainEqual(expect.objectContaining({ name: 'add', kind: 'update' }));
    expect(workshop.deterministic).toBe(true);
    expect(Object.isFrozen(workshop)).toBe(true);
  });

  test('and what a caller gives to each is called', () => {
    const noted = service('noted', {
      state: () => ({ notes: {} as Record<string, string> }),
      updates: {
        note(
          { notes },
          key: string,
          { text, by: [who] }: { text: string; by: string[] },
          sep = '), (',
          env = surroundings(),
        ) {
          notes[key] = `${text}${sep}${who}${env.now}`;
        },
        many: function named(draft, /* not, this */ first: string, ...others: string[]) {
          draft.notes[first] = others.join();
        },
        'with spaces': (draft, $: string, größe: number = Math.max(1, 2)) => {
          draft.notes[$] = `${größe}`;
        },
        ['com' + 'puted'](draft, late: string) {
          draft.notes[late] = '';
        },
      },
      queries: { all: (state) => state.notes, none: () => 1 },
    });
    expect(Object.fromEntries(noted.operations.map(({ name, parameters }) => [name, parameters]))).toEqual({
      note: ['key', null, 'sep'],
      many: ['first', 'others'],
      'with spaces': ['$', 'größe'],
      computed: ['late'],
      all: [],
      none: [],
    });
  });
});

describe('validate', () => {
  const checked = service('checked', {
    state: () => ({ n: 0 }),
    updates: {
      add(draft, by: number) {
        draft.n += by;
      },
      free: (_draft, _any: Serializable) => 1,
      late: (draft, by: number) => draft.n + by,
    },
    queries: {},
    arguments: {
      add: v.tuple([v.pipe(v.union([v.number(), v.pipe(v.string(), v.transform(Number))]), v.number(), v.minValue(1))]),
      late: v.tupleAsync([v.number()]) as unknown as v.TupleSchema<[v.NumberSchema<undefined>], undefined>,
    },
  });
  const refused = (details: unknown) => expect.objectContaining({ code: 'ARGUMENTS_INVALID', details });

  test('returns the arguments as the schema makes them', () => {
    expect(checked.validate('add', [2])).toEqual([2]);
    expect(checked.validate('add', ['2'])).toEqual([2]);
    expect(checked.validate('free', ['anything'])).toEqual(['anything']);
  });

  test('refuses with the issues', () => {
    expect(() => checked.validate('add', [0])).toThrow(
      refused({ issues: [{ path: '0', message: expect.any(String) }] }),
    );
    expect(() => checked.validate('add', [])).toThrow(
      refused({ issues: [{ path: '0', message: expect.any(String) }] }),
    );
    expect(() => checked.validate('none', [])).toThrow(refused({ issues: [] }));
    expect(() => checked.validate('constructor', [])).toThrow(refused({ issues: [] }));
  });

  test('refuses a schema that answers with a promise', () => {
    expect(() => checked.validate('late', [1])).toThrow(
      expect.objectContaining({ message: expect.stringContaining('synchronous') }),
    );
  });
});

describe('checkSerializable', () => {
  test.each<[unknown, RegExp]>([
    [[1, { a: [new Date(0)] }], /\[1\]\.a\[0\].*Date/],
    [() => 1, /function/],
    [1n, /bigint/],
    [Symbol('x'), /symbol/],
    [{ a: undefined }, /a cannot.*undefined/],
    [JSON.parse('{"x":{"__proto__":1}}'), /__proto__/],
    [new Array(3), /holes/],
    [Object.assign([1], { name: 1 }), /properties of its own/],
    [{ [Symbol('s')]: 1 }, /symbol/],
    [new (class Thing {})(), /class Thing/],
    [new Map(), /class Map/],
  ])('refuses %p and names the place', (value, message) => {
    expect(() => checkSerializable(value, 1000)).toThrow(
      expect.objectContaining({ code: 'NOT_SERIALIZABLE', message: expect.stringMatching(message) }),
    );
  });

  test('ends at a cycle, and at a size', () => {
    const loop: unknown[] = [];
    loop.push(loop, loop);
    expect(() => checkSerializable(loop, 1e9)).toThrow(expect.objectContaining({ code: 'NOT_SERIALIZABLE' }));
    let doubling: unknown = 1;
    for (let i = 0; i < 60; i++) doubling = [doubling, doubling];
    expect(() => checkSerializable(doubling, 1e6)).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }));
    expect(() => checkSerializable('x'.repeat(100), 50)).toThrow(
      expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }),
    );
  });

  test('takes all plain data and estimates its size', () => {
    const value = [null, undefined, true, -0, Number.NaN, 'text', new Uint8Array(10), { a: [{}] }, Object.create(null)];
    expect(checkSerializable(value, 1000)).toBeGreaterThan(20);
    expect(checkSerializable('x'.repeat(1000), 2000)).toBeGreaterThanOrEqual(1000);
    expect(checkSerializable(value, 1000)).toBeLessThan(200);
  });
});

describe('cost', () => {
  test('an update of many keys copies no more than a few nodes', () => {
    const sizes = [100, 20_000].map((size) => {
      const table = service('table', {
        state: () => ({ c: collection(Array.from({ length: size }, (_, i): [string, Item] => [`k${i}`, { n: 0 }])) }),
        updates: {
          set({ c }, name: string) {
            c.set(name, { n: 1 });
          },
        },
        queries: {},
      });
      const before = table.initial();
      table.digest(before);
      const { value } = table.execute(before, [request(table, 'set', 'k1')]);
      return newParts(value.c, before.c);
    });
    for (const parts of sizes) expect(parts).toBeLessThan(25);
  });
});

/** How many objects are reached from one and not from the other. */
function newParts(after: object, before: object): number {
  const known = new Set<object>();
  reach(before, known);
  const old = known.size;
  reach(after, known);
  return known.size - old;
}

function reach(part: unknown, known: Set<object>): void {
  if (typeof part !== 'object' || part === null || known.has(part)) return;
  known.add(part);
  for (const name of Reflect.ownKeys(part)) reach((part as Record<PropertyKey, unknown>)[name], known);
}
