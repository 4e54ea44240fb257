import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { equal } from '../../../machines/shared/equality.js';
import {
  type ExecutedTable,
  executedTable,
  lastExecuted,
  recordExecuted,
  standing,
} from '../../../machines/shared/executed-table.js';
import { addReply, executeBatches, type Replica } from '../../../machines/shared/execution.js';
import type { Address } from '../../../machines/shared/identifiers.js';
import type { Batch, Reply, Request } from '../../../machines/shared/requests.js';
import { random } from '../../../runtime/simulate/random.js';
import { same } from '../../same.js';
import { type Line, line, request, seeds } from '../stage.js';

const FILE = 'test/machines/shared/executed-table.test.ts';
const entry = (seq: number, version = seq) => ({ seq, outcome: { ok: true, value: `reply ${seq}` } as const, version });

describe('the executed table', () => {
  test('a request stands as fresh, repeated, stale or expired', () => {
    const last = entry(5);
    expect(standing(last, { seq: 6, after: 5 })).toBe('fresh');
    expect(standing(last, { seq: 9, after: 5 })).toBe('fresh');
    expect(standing(last, { seq: 5, after: 4 })).toBe('repeated');
    expect(standing(last, { seq: 4, after: 3 })).toBe('stale');
    expect(standing(undefined, { seq: 1, after: 0 })).toBe('fresh');
    expect(standing(undefined, { seq: 3, after: 0 })).toBe('fresh');
    expect(standing(undefined, { seq: 3, after: 2 })).toBe('expired');
  });

  test('the sessions last used are remembered, never more than two bounds of them, however many come', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.nat({ max: 60 }), { maxLength: 400 }),
        (bound, sessions) => {
          let table = executedTable(bound);
          const used: string[] = [];
          sessions.forEach((session, i) => {
            const name = `s${session}`;
            table = recordExecuted(table, name, entry(i));
            used.push(name);
            const recent = [...new Set([...used].reverse())].slice(0, bound);
            for (const other of recent) expect(lastExecuted(table, other)?.seq).toBe(used.lastIndexOf(other));
            expect(table.young.size + table.old.size).toBeLessThanOrEqual(2 * bound);
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a session far in the past is forgotten', () => {
    let table = recordExecuted(executedTable(4), 'first', entry(1));
    for (let i = 0; i < 8; i++) table = recordExecuted(table, `s${i}`, entry(1));
    expect(lastExecuted(table, 'first')).toBeUndefined();
    expect(lastExecuted(table, 's7')).toBeDefined();
  });

  test('a session in use is never forgotten, though 100,000 others come and go', () => {
    let table = executedTable(100);
    for (let i = 0; i < 100_000; i++) {
      table = recordExecuted(table, `s${i}`, entry(1));
      if (i % 50 === 0) table = recordExecuted(table, 'busy', entry(i));
    }
    expect(lastExecuted(table, 'busy')?.seq).toBe(99_950);
    expect(table.young.size + table.old.size).toBeLessThanOrEqual(200);
  });
});

interface Arrival {
  readonly frontEnd: Address;
  readonly request: Request;
}

/** What a few front ends send for a few sessions, with duplicates, gaps and late ones. */
function arrivals(seed: number): Arrival[] {
  const chance = random(seed, 'arrivals');
  const next = new Map<string, number>();
  return Array.from({ length: chance.int(5, 60) }, () => {
    const session = `s${chance.int(1, 12)}`;
    const seq = Math.max(1, (next.get(session) ?? 0) + chance.int(-2, 2));
    next.set(session, Math.max(seq, next.get(session) ?? 0));
    const op = ['append', 'read', 'fail'][chance.int(0, 2)] ?? 'append';
    return { frontEnd: `fe-${chance.int(1, 2)}/fe` as const, request: request(session, seq, op) };
  });
}

/** Executes the arrivals, cut into batches and events by chance. */
function run(all: readonly Arrival[], bound: number, cut: () => boolean) {
  const object = line();
  let replica: Replica<Line> = { value: object.initial(), version: 0, executed: executedTable(bound) };
  const replies: string[] = [];
  let stale = 0;
  let batches: Batch[] = [];
  const flush = (): void => {
    const result = executeBatches(replica, object, batches, 'refuse');
    replica = { value: result.value, version: result.version, executed: result.executed };
    stale += result.stale;
    for (const [to, items] of result.replies) for (const item of items) replies.push(`${to} ${JSON.stringify(item)}`);
    batches = [];
  };
  for (const { frontEnd, request: one } of all) {
    const last = batches.at(-1);
    if (last?.frontEnd === frontEnd && !cut())
      batches[batches.length - 1] = { frontEnd, requests: [...last.requests, one] };
    else batches.push({ frontEnd, requests: [one] });
    if (cut()) flush();
  }
  flush();
  return { replica, replies: replies.sort(), stale, log: object.log };
}

describe('execution with duplicate elimination', () => {
  test('AR-14: each request id is executed once at most, and every repetition of the last gets its stored reply', () => {
    seeds(FILE, 2000, (seed) => {
      const all = arrivals(seed);
      const { log, replies, stale } = run(all, 1000, () => random(seed, 'cut').chance(0.5));
      same(new Set(log).size, log.length);
      // A model: the highest number of each session so far, and the reply that it was given.
      const last = new Map<string, number>();
      let late = 0;
      const answered: string[] = [];
      for (const { frontEnd, request: one } of all) {
        const before = last.get(one.session);
        if (before === undefined && one.after > 0) answered.push(`${frontEnd} ${one.session}#${one.seq} expired`);
        else if (before !== undefined && one.seq < before) late += 1;
        else {
          last.set(one.session, one.seq);
          answered.push(`${frontEnd} ${one.session}#${one.seq}`);
        }
      }
      same(stale, late);
      const given = replies.map((text) => {
        const [to, ...rest] = text.split(' ');
        const { session, seq, outcome } = JSON.parse(rest.join(' ')) as Reply;
        const expired = !outcome.ok && outcome.error.code === 'SESSION_EXPIRED';
        return `${to} ${session}#${seq}${expired ? ' expired' : ''}`;
      });
      same(given.sort(), answered.sort());
      // All replies to one id are the same one.
      const stored = new Map<string, string>();
      for (const text of replies) {
        const json = text.slice(text.indexOf(' ') + 1);
        const { session, seq, outcome } = JSON.parse(json) as Reply;
        if (!outcome.ok && outcome.error.code === 'SESSION_EXPIRED') continue;
        same(stored.get(`${session}#${seq}`) ?? json, json);
        stored.set(`${session}#${seq}`, json);
      }
    });
  });

  test('AR-3: the result depends on the sequence alone, however it is cut into batches, also while sessions are forgotten', () => {
    let forgotten = 0;
    seeds(FILE, 2000, (seed) => {
      const all = arrivals(seed);
      const bound = random(seed, 'bound').int(1, 5);
      const chance = random(seed, 'cut');
      const single = run(all, bound, () => true);
      const whole = run(all, bound, () => false);
      const cut = run(all, bound, () => chance.chance(0.3));
      same(whole, single);
      same(cut, single);
      if (single.replies.some((text) => text.includes('SESSION_EXPIRED'))) forgotten += 1;
    });
    if (process.env.SEED === undefined) expect(forgotten).toBeGreaterThan(100);
  });

  test('AR-14: a request of a forgotten session is refused, and not executed, unless that is wished', () => {
    const object = line();
    const replica: Replica<Line> = { value: object.initial(), version: 7, executed: executedTable(10) };
    const batches: Batch[] = [{ frontEnd: 'fe-1/fe', requests: [request('a', 4)] }];
    const refused = executeBatches(replica, object, batches, 'refuse');
    expect(refused.fresh).toEqual([]);
    expect(refused.value).toBe(replica.value);
    expect(refused.replies.get('fe-1/fe')).toEqual([
      {
        session: 'a',
        seq: 4,
        outcome: { ok: false, error: expect.objectContaining({ code: 'SESSION_EXPIRED' }) },
        version: 7,
      },
    ]);
    expect(refused.executed.young.size).toBe(0);
    expect(executeBatches(replica, object, batches, 'execute').fresh).toHaveLength(1);
  });

  test('the version counts updates, failed ones among them, and no queries; each reply carries its own', () => {
    const object = line();
    const before: Replica<Line> = { value: object.initial(), version: 0, executed: executedTable(10) };
    const requests = [request('a', 1), request('b', 1, 'read'), request('c', 1, 'fail'), request('d', 1, 'read')];
    const { version, replies } = executeBatches(before, object, [{ frontEnd: 'fe-1/fe', requests }], 'refuse');
    expect(version).toBe(2);
    expect(replies.get('fe-1/fe')?.map((item) => item.version)).toEqual([1, 1, 2, 2]);
  });

  test('replies go out grouped by front end', () => {
    const replies = new Map<Address, Reply[]>();
    const one: Reply = { session: request('a', 1).session, seq: 1, outcome: { ok: true, value: 1 }, version: 1 };
    addReply(replies, 'x/fe', one);
    addReply(replies, 'y/fe', one);
    addReply(replies, 'x/fe', one);
    expect([...replies].map(([to, items]) => [to, items.length])).toEqual([
      ['x/fe', 2],
      ['y/fe', 1],
    ]);
  });

  test('the table given is left as it was', () => {
    const before: ExecutedTable = recordExecuted(executedTable(2), 'a', entry(1));
    const copy = structuredClone(before);
    const object = line();
    executeBatches(
      { value: object.initial(), version: 0, executed: before },
      object,
      [{ frontEnd: 'f/fe', requests: [request('a', 2)] }],
      'refuse',
    );
    expect(before).toEqual(copy);
  });
});

describe('equality of replies', () => {
  test('equal data is equal, whatever the order of its keys; a copy of any data equals it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(equal(value, structuredClone(value))).toBe(true);
        expect(equal({ a: value, b: 1 }, { b: 1, a: value })).toBe(true);
        expect(equal([value], [value, value])).toBe(false);
        expect(equal([value], { 0: value })).toBe(false);
      }),
    );
  });

  test('equal exactly when the canonical texts are', () => {
    const canonical = (value: unknown): string =>
      JSON.stringify(value, (_, inner: unknown) =>
        typeof inner === 'object' && inner !== null && !Array.isArray(inner)
          ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
          : inner,
      );
    const small = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, false, 0, 1, '', 'a'),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 2, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(small, small, (a, b) => {
        expect(equal(a, b)).toBe(canonical(a) === canonical(b));
      }),
      { numRuns: 5000 },
    );
  });

  test('numbers by their bits, bytes by their content, and nothing but plain data', () => {
    expect(equal(Number.NaN, Number.NaN)).toBe(true);
    expect(equal(0, -0)).toBe(false);
    expect(equal(1, '1')).toBe(false);
    expect(equal(undefined, null)).toBe(false);
    expect(equal([undefined], [undefined])).toBe(true);
    expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
    expect(equal(Uint8Array.of(), [])).toBe(false);
    expect(equal({}, new Map())).toBe(false);
    expect(equal({ a: undefined }, { b: undefined })).toBe(false);
    expect(equal(Object.assign(Object.create(null), { a: 1 }), { a: 1 })).toBe(true);
    expect(equal({}, { toString: 1 })).toBe(false);
    expect(equal({ toString: 1 }, { a: 1 })).toBe(false);
  });

  test('data nested deeper than a recursion goes is compared all the same', () => {
    const deep = (bottom: number): unknown => {
      let value: unknown = bottom;
      for (let i = 0; i < 200_000; i++) value = [value];
      return value;
    };
    expect(equal(deep(1), deep(1))).toBe(true);
    expect(equal(deep(1), deep(2))).toBe(false);
  });
});
