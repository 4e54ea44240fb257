import { describe, expect, jest, test } from '@jest/globals';
import { accessesOf } from '../../../runtime/check/accesses.js';
import { causal } from '../../../runtime/check/causal.js';
import { check } from '../../../runtime/check/check.js';
import { converged } from '../../../runtime/check/convergence.js';
import { exactlyOnce } from '../../../runtime/check/exactly-once.js';
import type { Json, Operation } from '../../../runtime/check/history.js';
import { linearizable } from '../../../runtime/check/linearizable.js';
import { type HistoryMatchers, historyMatchers } from '../../../runtime/check/matchers.js';
import { models } from '../../../runtime/check/models.js';
import { sequential } from '../../../runtime/check/sequential.js';
import { session, sessionGuarantees, sessions } from '../../../runtime/check/sessions.js';
import type { CheckVerdict } from '../../../runtime/check/verdict.js';
import { random } from '../../../runtime/simulate/random.js';
import { everySeed } from '../runs.js';
import {
  breaks,
  drawn,
  drawnQueue,
  happensBefore,
  history,
  isCausal,
  isLinearizable,
  isSequential,
  kv,
  toldLater,
} from './small-histories.js';

declare module 'expect' {
  // The parameters are jest's own.
  interface Matchers<R extends void | Promise<void>, T = unknown> extends HistoryMatchers<R> {}
}
expect.extend(historyMatchers);

const { kv: store, bank, queue, counter } = models;
const asked = (process: string, op: string, key: string, call: number, input: Json, output: Json): Operation => ({
  process,
  op,
  key,
  input,
  output,
  call,
  return: call + 1,
});

/** The operations in the order of the verdict's part, as written in a textbook. */
const partOf = (verdict: CheckVerdict): string[] =>
  verdict.verdict === 'violated'
    ? verdict.part.map(({ op, key, input, output }) => `${op} ${key} ${input ?? output}`)
    : [];

/** Said of tens of thousands of histories: `expect` would take longer than the checks. */
function same(found: string, expected: string, operations: readonly Operation[]): void {
  if (found !== expected) throw new Error(`it is ${found}, not ${expected}: ${JSON.stringify(operations)}`);
}

describe('the bank of the textbook, with replicas that only tell each other later', () => {
  const client1 = [asked('1', 'setBalance', 'x', 0, 1, null), asked('1', 'setBalance', 'y', 2, 2, null)];

  test('CC-7: y is seen, and x, which was set before it, is not: neither linearizable nor sequential', () => {
    const told = [...client1, asked('2', 'getBalance', 'y', 4, null, 2), asked('2', 'getBalance', 'x', 6, null, 0)];
    expect(linearizable(told, bank).verdict).toBe('violated');
    const verdict = sequential(told, bank);
    expect(verdict).toMatchObject({ verdict: 'violated', impossible: { op: 'getBalance', key: 'x' } });
    expect(partOf(verdict)).toEqual(['setBalance x 1', 'setBalance y 2', 'getBalance y 2', 'getBalance x 0']);
    expect(causal(told, bank).verdict).toBe('violated');
    expect(session(told, bank, 'monotonic writes').verdict).toBe('violated');
    expect(session(told, bank, 'monotonic reads').verdict).toBe('holds');
  });

  test('CC-7: neither is seen yet: sequential, and not linearizable', () => {
    const told = [...client1, asked('2', 'getBalance', 'y', 4, null, 0), asked('2', 'getBalance', 'x', 6, null, 0)];
    expect(linearizable(told, bank).verdict).toBe('violated');
    expect(sequential(told, bank)).toEqual({ property: 'sequential', verdict: 'holds' });
    expect(told).not.toBeLinearizable(bank);
    expect(told).toBeSequential(bank);
  });
});

describe('sequential consistency', () => {
  test('CC-2: textbook histories', () => {
    const verdict = (...lines: string[]) => sequential(kv(...lines), store).verdict;
    // Lamport's mutual exclusion: both see the other's flag down.
    expect(verdict('A: put x 1; get y -', 'B: put y 1; get x -')).toBe('violated');
    expect(verdict('A: put x 1; get y 1', 'B: put y 1; get x -')).toBe('holds');
    // The writes of two seen in different orders by two others.
    expect(verdict('A: put x 1', 'B: put x 2', 'C: get x 1; get x 2', 'D: get x 2; get x 1')).toBe('violated');
    expect(verdict('A: put x 1', 'B: put x 2', 'C: get x 1; get x 2', 'D: get x 1; get x 2')).toBe('holds');
    // A read of the past is none of its business.
    expect(verdict('A: put x 1 @0..1', 'B: get x - @2..3')).toBe('holds');
    expect(verdict('A: put x 1 @0..1; get x - @2..3')).toBe('violated');
  });

  test('CC-2: it is not local: two queues, each of them right by itself', () => {
    // Herlihy and Wing, 1990, section 3.3.
    const told = [
      asked('A', 'enqueue', 'p', 0, 'x', null),
      asked('A', 'enqueue', 'q', 2, 'x', null),
      asked('A', 'dequeue', 'p', 4, null, 'y'),
      asked('B', 'enqueue', 'q', 0, 'y', null),
      asked('B', 'enqueue', 'p', 2, 'y', null),
      asked('B', 'dequeue', 'q', 4, null, 'x'),
    ];
    for (const key of ['p', 'q'])
      expect(
        sequential(
          told.filter((one) => one.key === key),
          queue,
        ).verdict,
      ).toBe('holds');
    expect(sequential(told, queue).verdict).toBe('violated');
  });

  test('CC-2, CC-9: an operation that never returned may have happened or not', () => {
    expect(sequential(kv('A: put x 1 @0..', 'B: get x 1; get x 1'), store).verdict).toBe('holds');
    expect(sequential(kv('A: put x 1 @0..', 'B: get x -; get x -'), store).verdict).toBe('holds');
    expect(sequential(kv('A: put x 1 @0..', 'B: get x 1; get x -'), store).verdict).toBe('violated');
    // Nor did it return what stands as its output: the last would take the 2.
    const last = { ...asked('C', 'dequeue', 'p', 24, null, null), return: null };
    const told = [
      asked('A', 'enqueue', 'p', 0, 1, null),
      asked('A', 'enqueue', 'p', 2, 2, null),
      asked('A', 'enqueue', 'q', 4, 9, null),
      asked('B', 'dequeue', 'q', 6, null, null),
      asked('C', 'dequeue', 'q', 20, null, 9),
      asked('C', 'dequeue', 'p', 22, null, 1),
    ];
    expect(linearizable([...told, last], queue).verdict).toBe('violated');
    expect(sequential([...told, last], queue).verdict).toBe('holds');
    expect(sequential([...told, { ...last, return: 25 }], queue).verdict).toBe('violated');
  });

  test('CC-2, CC-8: as the definition says, on every small history of registers', () => {
    const seen = { holds: 0, violated: 0 };
    everySeed(12_000, 'CC-2, CC-8: as the definition', (seed) => {
      const operations = drawn(random(seed, 'sequential'), 6, 8);
      const expected = isSequential(operations, store) ? 'holds' : 'violated';
      seen[expected] += 1;
      same(sequential(operations, store).verdict, expected, operations);
      if (isLinearizable(operations, store)) same(expected, 'holds', operations);
    });
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(1000);
  });

  test('CC-2, CC-9: and of queues, with a part that contradicts itself', () => {
    const seen = { holds: 0, violated: 0 };
    everySeed(1500, 'CC-2, CC-9: and of queues', (seed) => {
      const operations = drawnQueue(random(seed, 'queue'), 6);
      const expected = isSequential(operations, queue) ? 'holds' : 'violated';
      seen[expected] += 1;
      const verdict = sequential(operations, queue);
      same(verdict.verdict, expected, operations);
      if (verdict.verdict !== 'violated') return;
      const contradicts = (part: readonly Operation[]): boolean => !isSequential(operations, queue, new Set(part));
      expect(contradicts(verdict.part)).toBe(true);
      expect(verdict.part).toContain(verdict.impossible);
      for (const one of verdict.part) expect(contradicts(verdict.part.filter((other) => other !== one))).toBe(false);
    });
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(200);
  });

  test('CC-2, CC-7, CC-9: replicas that tell each other later: decided, and the part is of a few operations', () => {
    const seen = { holds: 0, violated: 0, unknown: 0 };
    everySeed(60, 'CC-2, CC-7, CC-9: replicas', (seed) => {
      const operations = toldLater(random(seed, 'later'), 4, 150);
      const verdict = sequential(operations, store);
      seen[verdict.verdict] += 1;
      if (verdict.verdict !== 'violated') return;
      if (verdict.part.length > 12 || isSequential(verdict.part, store)) same('the part holds', 'small', verdict.part);
      if (linearizable(operations, store).verdict !== 'violated') same('not linearizable', 'violated', operations);
    });
    expect(seen.unknown).toBe(0);
    expect(Math.min(seen.holds + 5, seen.violated)).toBeGreaterThan(5);
  });

  test('CC-9: what the limits do not allow is unknown', () => {
    // Every process writes what nobody reads, and at last one reads what cannot be: all interleavings are in vain.
    const many = Array.from({ length: 12 }, (_, p) =>
      Array.from({ length: 12 }, (_, i) => asked(`p${p}`, 'add', 'x', i * 2, 2 ** (p % 3), null)),
    ).flat();
    const wrong = asked('q', 'read', 'x', 0, null, -1);
    const late = sequential([...many, wrong], counter, { milliseconds: 30 });
    expect(late).toMatchObject({ verdict: 'unknown', why: expect.stringMatching(/30 ms/) });
    const small = sequential([...many, wrong], counter, { bytes: 10_000 });
    expect(small).toMatchObject({ verdict: 'unknown', why: expect.stringMatching(/10000 bytes/) });
  });

  test('CC-9: when the time is over the failing part is made no smaller', () => {
    const many = Array.from({ length: 3 }, (_, p) =>
      Array.from({ length: 6 }, (_, i) => asked(`p${p}`, 'add', 'x', i * 2, 2 ** (p % 3), null)),
    ).flat();
    const history = [...many, asked('q', 'read', 'x', 0, null, -1)];
    // Time is what is done, a thousand steps a ms, so that how much is done after the end can be told.
    let steps = 0;
    const counted: typeof counter = {
      ...counter,
      apply(state, operation) {
        steps += 1;
        return counter.apply(state, operation);
      },
    };
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => steps / 1_000);
    try {
      const whole = sequential(history, counted, { milliseconds: 1_000_000 });
      if (whole.verdict !== 'violated') throw new Error('it is not violated');
      expect(whole.part.length).toBeLessThan(history.length);
      const all = steps;
      let milliseconds = 0;
      do {
        milliseconds += 1;
        steps = 0;
      } while (sequential(history, counted, { milliseconds }).verdict === 'unknown');
      // The least that decides it, or a little more: what is done beyond is what is done between two looks at the clock.
      expect(steps).toBeLessThan(milliseconds * 1_000 + 2_100);
      expect(steps).toBeLessThan(all - 5_000);
    } finally {
      clock.mockRestore();
    }
  });
});

describe('causal consistency', () => {
  const verdict = (...lines: string[]) => causal(kv(...lines), store).verdict;

  test('CC-3: the textbook histories of causal memory', () => {
    // Ahamad et al.: two processes may see concurrent writes in different orders.
    expect(verdict('A: put x 1', 'B: put x 2', 'C: get x 1; get x 2', 'D: get x 2; get x 1')).toBe('holds');
    // One that was caused by the other, they may not.
    const caused = kv('A: put x 1', 'B: get x 1; put x 2', 'C: get x 1; get x 2', 'D: get x 2; get x 1');
    expect(causal(caused, store)).toMatchObject({ verdict: 'violated', impossible: { process: 'D', output: '1' } });
    // Nor may one process see two writes now in this order, now in that.
    expect(verdict('A: put x 1', 'B: put x 2', 'C: get x 1; get x 2; get x 1')).toBe('violated');
  });

  test('CC-3: the histories of Bouajjani et al., figure 3', () => {
    expect(verdict('A: put x 1; get x 2', 'B: put x 2; get x 1')).toBe('holds'); // (a)
    expect(verdict('A: put z 1; put x 1; put y 1', 'B: put x 2; get z -; get y 1; get x 2')).toBe('violated'); // (b)
    expect(verdict('A: put x 1', 'B: put x 2; get x 1; get x 2')).toBe('violated'); // (c)
    expect(verdict('A: put x 1; get y -; put y 1; get x 1', 'B: put x 2; get y -; put y 2; get x 2')).toBe('holds'); // (d)
    expect(verdict('A: put x 1; put y 1', 'B: get y 1; put x 2', 'C: get x 2; get x 1')).toBe('violated'); // (e)
  });

  test('CC-3: what nobody wrote, and what would come before itself', () => {
    expect(causal(kv('A: get x 7'), store)).toMatchObject({
      verdict: 'violated',
      why: expect.stringMatching(/Nobody/),
    });
    const circle = kv('A: get x 1; put y 1', 'B: get y 1; put x 1');
    expect(causal(circle, store)).toMatchObject({ verdict: 'violated', why: expect.stringMatching(/before itself/) });
    expect(partOf(causal(circle, store))).toHaveLength(4);
  });

  test('CC-3: an update that reads and writes is a read and then a write', () => {
    expect(verdict('A: cas x - 1 true', 'B: get x 1; put y 1', 'C: get y 1; get x -')).toBe('violated');
    expect(verdict('A: append x a a', 'B: append x b ab', 'C: get x ab; get x a')).toBe('violated');
    expect(verdict('A: append x a a', 'B: append x b ab', 'C: get x a; get x ab')).toBe('holds');
  });

  test('CC-3: where the values do not tell who wrote them, it is unknown, but what is wrong all the same is', () => {
    const why = (...lines: string[]): unknown => {
      const found = causal(kv(...lines), store);
      return found.verdict === 'unknown' ? found.why : found.verdict;
    };
    expect(why('A: put x 1; put x 1', 'B: get x 1')).toMatch(/more than once/);
    expect(why('A: put x 1; put x 1', 'B: get y 2')).toBe('violated');
    expect(why('A: put x 1; put x 1', 'B: get y -')).toBe('holds');
    expect(why('A: put x -', 'B: get x -')).toMatch(/initial/);
    expect(why('A: cas x 1 2 false')).toMatch(/cas that failed/);
    expect(why('A: append x a', 'B: get x a')).toMatch(/does not tell/);
    const other = causal([asked('A', 'dequeue', 'x', 0, null, 1)], queue);
    expect(other).toMatchObject({ verdict: 'unknown', why: expect.stringMatching(/not for queue/) });
    const transfer = causal([asked('A', 'transfer', 'x', 0, ['y', 1], 3)], bank);
    expect(transfer).toMatchObject({ verdict: 'unknown', why: expect.stringMatching(/transfer/) });
  });

  test('CC-3, CC-4, CC-8: as the definitions say, on every small history; and causal ones have all guarantees', () => {
    const seen = { holds: 0, violated: 0 };
    everySeed(14_000, 'CC-3, CC-4, CC-8: as the definitions', (seed) => {
      const operations = drawn(random(seed, 'causal'), 7, 8);
      const expected = isCausal(operations, store) ? 'holds' : 'violated';
      seen[expected] += 1;
      const found = causal(operations, store);
      same(found.verdict, expected, operations);
      if (found.verdict === 'violated') {
        if (isCausal(found.part, store)) same('the part holds', 'violated', found.part);
        if (!found.part.includes(found.impossible)) same('not in the part', 'in it', found.part);
      }
      const before = happensBefore(operations);
      const circle = operations.some((one) => before(one, one));
      const written = new Set(operations.map(({ key, input }) => `${key} ${input}`));
      if (operations.some(({ key, op, output }) => op === 'get' && output !== '' && !written.has(`${key} ${output}`)))
        return;
      for (const { property, verdict } of sessions(operations, store)) {
        const broken = breaks[property](operations, before) ? 'violated' : 'holds';
        same(`${property} ${verdict}`, `${property} ${circle ? 'unknown' : broken}`, operations);
        if (expected === 'holds') same(verdict, 'holds', operations);
      }
    });
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(2000);
  });

  test('CC-3, CC-9: the smallest part: without any one, and those that read from it, the rest is right', () => {
    everySeed(1500, 'CC-3, CC-9: the smallest part', (seed) => {
      const found = causal(drawn(random(seed, 'part'), 9), store);
      if (found.verdict !== 'violated') return;
      for (const out of found.part) {
        const rest = found.part.filter(
          (one) => one !== out && !(out.op === 'put' && one.key === out.key && one.output === out.input),
        );
        if (!isCausal(rest, store)) same('not the smallest', 'the smallest', found.part);
      }
    });
  });

  test('CC-3: sixty thousand operations are judged, and a wrong one among them is found', () => {
    const right: Operation[] = [];
    const state = new Map<string, string>();
    const chance = random(1, 'large');
    for (let i = 0; i < 60_000; i++) {
      const key = `k${chance.int(0, 9)}`;
      const process = `p${chance.int(0, 7)}`;
      if (chance.int(0, 1) === 0) {
        state.set(key, `${i}`);
        right.push(asked(process, 'put', key, i * 2, `${i}`, null));
      } else right.push(asked(process, 'get', key, i * 2, null, state.get(key) ?? ''));
    }
    expect(causal(right, store)).toEqual({ property: 'causal', verdict: 'holds' });
    expect(sequential(right, store).verdict).toBe('holds');
    const stale = [...right, asked('p0', 'get', 'k0', 200_000, null, '')];
    const found = causal(stale, store);
    expect(found).toMatchObject({ verdict: 'violated', impossible: { call: 200_000 } });
    expect(partOf(found)).toHaveLength(2);
  });
});

describe('session guarantees', () => {
  const broken = (...lines: string[]): string[] =>
    sessions(kv(...lines), store).flatMap(({ property, verdict }) => (verdict === 'violated' ? [property] : []));

  test('CC-3: each by itself', () => {
    expect(broken('A: put x 1; get x -')).toEqual(['read your writes']);
    expect(broken('A: put x 1', 'B: get x 1; get x -')).toEqual(['monotonic reads']);
    expect(broken('A: put x 1', 'B: put x 2', 'C: get x 1; get x 2; get x 1')).toEqual(['monotonic reads']);
    expect(broken('A: put x 1; put y 1', 'B: get y 1; get x -')).toEqual(['monotonic writes']);
    expect(broken('A: put x 1', 'B: get x 1; put y 1', 'C: get y 1; get x -')).toEqual(['writes follow reads']);
    expect(broken('A: put x 1; put x 2', 'B: get x 2; get x 1')).toEqual(['monotonic reads', 'monotonic writes']);
  });

  test('CC-3: versions of which nobody can tell which is the older break nothing', () => {
    expect(broken('A: put x 1; get x 2', 'B: put x 2; get x 1')).toEqual([]);
    expect(broken('A: put x 1', 'B: put x 2', 'C: get x 1; get x 2', 'D: get x 2; get x 1')).toEqual([]);
  });

  test('CC-9: the part and the reason are of the guarantee that is broken', () => {
    const told = kv('A: put z 1; put x 1; put y 1', 'B: get z 1; get y 1; get x -', 'C: get x 1; put x 3');
    const found = session(told, store, 'monotonic writes');
    expect(partOf(found)).toEqual(['put x 1', 'put y 1', 'get y 1', 'get x ']);
    expect(found).toMatchObject({ impossible: { op: 'get', key: 'x' }, why: expect.stringContaining('put("y", "1")') });
  });

  test('CC-9: what nobody wrote leaves them unknown', () => {
    for (const guarantee of sessionGuarantees)
      expect(session(kv('A: get x 9'), store, guarantee)).toMatchObject({ verdict: 'unknown' });
  });
});

describe('convergence and exactly-once execution', () => {
  test('CC-4: replicas that agree, and one that does not', () => {
    expect(converged([]).verdict).toBe('holds');
    expect(
      converged([
        { replica: 'rm-1', state: { a: 1, b: 2 } },
        { replica: 'rm-2', state: { b: 2, a: 1 } },
      ]).verdict,
    ).toBe('holds');
    const apart = ['f0', 'f0', '7a', 'f0'].map((digest, i) => ({ replica: `rm-${i + 1}`, digest }));
    expect(converged(apart)).toEqual({
      property: 'convergence',
      verdict: 'violated',
      part: [apart[0], apart[2]],
      impossible: apart[2],
      why: 'rm-3 is at 7a, and rm-1, rm-2, rm-4 are at f0.',
    });
  });

  test('CC-6: each answered request once at each live replica, and no other', () => {
    const requests = ['a#1', 'a#2', 'b#1'].map((id) => ({ id, answered: id !== 'b#1' }));
    const verdict = (...logs: string[]) =>
      exactlyOnce({
        requests,
        replicas: logs.map((log, i) => ({
          replica: `rm-${i + 1}`,
          live: !log.startsWith('!'),
          executed: log.replace('!', '').split(' ').filter(Boolean),
        })),
      });
    expect(verdict('a#1 a#2', 'a#2 b#1 a#1', '!a#1').verdict).toBe('holds');
    expect(verdict('a#1 a#2', 'a#1 b#1 a#2 a#1')).toMatchObject({
      verdict: 'violated',
      part: [
        { replica: 'rm-2', request: 'a#1', place: 0 },
        { replica: 'rm-2', request: 'a#1', place: 3 },
      ],
      why: 'rm-2 executed a#1 twice: as number 1 of its log, and as number 4.',
    });
    expect(verdict('a#1 a#2', '!c#9')).toMatchObject({ why: 'rm-2 executed c#9, which nobody asked for.' });
    expect(verdict('a#1 a#2', 'a#2')).toMatchObject({
      impossible: { replica: 'rm-2', request: 'a#1', place: null },
      why: 'a#1 was answered, and rm-2 has not executed it.',
    });
    expect(verdict('a#1', 'a#1', '!a#2')).toMatchObject({
      why: 'a#2 was answered, and no live replica has executed it.',
    });
  });
});

describe('one door, and matchers', () => {
  const stale = history(kv('A: put x 1 @0..1', 'B: get x - @2..3'));

  test('CC-1, CC-2: the history says what it is of, and what it began with', () => {
    expect(check(stale, 'linearizable').verdict).toBe('violated');
    expect(check(stale, 'sequential').verdict).toBe('holds');
    const begun = { ...history(kv('A: get x 7; put x 8; get x 8')), initial: { x: '7' } };
    for (const property of ['linearizable', 'sequential', 'causal', 'monotonic reads'] as const)
      expect(check(begun, property)).toEqual({ property, verdict: 'holds' });
    expect(check({ ...begun, initial: undefined }, 'sequential').verdict).toBe('violated');
    expect(() => check(history([], null), 'causal')).toThrow(RangeError);
  });

  test('CC-9: a matcher that fails shows the part and the reason', () => {
    expect(stale).toBeSequential();
    expect(stale).toBeCausal();
    expect(stale).not.toBeLinearizable();
    expect(stale).toReadYourWrites();
    expect(stale).toHaveMonotonicReads();
    expect(stale).toHaveMonotonicWrites();
    expect(stale).toHaveWritesFollowReads();
    expect(() => expect(stale).toBeLinearizable()).toThrow(
      /does not have the property "linearizable"[\s\S]*process A {2}0\.\.1 {2}put\("x", "1"\)\n✗ process B {2}2\.\.3/,
    );
    expect(() => expect(stale).not.toBeSequential()).toThrow(/should not/);
    const unclear = kv('A: put x 1; put x 1; get x 1');
    expect(() => expect(unclear).toBeCausal(store)).toThrow(/unknown/);
    expect(() => expect(unclear).not.toBeCausal(store)).toThrow(/unknown/);
  });

  test('what is left out of a history of reads and writes takes those with it that read from it', () => {
    const accesses = accessesOf(kv('A: put x 1', 'B: cas x 1 2 true', 'C: get x 2; get y -'), store);
    expect(accesses).toMatchObject({ undecided: null, source: new Int32Array([-1, 0, 1, -2]) });
  });
});
