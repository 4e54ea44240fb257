import { describe, expect, test } from '@jest/globals';
import type { Json, Operation } from '../../../runtime/check/history.js';
import { linearizable } from '../../../runtime/check/linearizable.js';
import { begunWith, type Model } from '../../../runtime/check/model.js';
import { models } from '../../../runtime/check/models.js';
import type { CheckVerdict } from '../../../runtime/check/verdict.js';
import { inWords } from '../../../runtime/check/wording.js';
import { everySeed } from '../runs.js';
import {
  type Asked,
  chance,
  drawn,
  linearizableByTrying,
  linearizableHistory,
  mutated,
  orderedByTrying,
} from './histories.js';

const verdictOn = (model: Model, ...lines: string[]): CheckVerdict => linearizable(drawn(...lines), model);
const holds = (model: Model, ...lines: string[]): boolean => verdictOn(model, ...lines).verdict === 'holds';

/** The part in words, and why. */
function failure(verdict: CheckVerdict): { part: string[]; why: string } {
  if (verdict.verdict !== 'violated') throw new Error(`it is ${verdict.verdict}`);
  return { part: verdict.part.map(inWords), why: verdict.why };
}

const told = (operations: readonly Operation[]): string =>
  operations.map((operation) => JSON.stringify(operation)).join('\n');

function expectVerdict(operations: readonly Operation[], model: Model, expected: CheckVerdict['verdict']): void {
  const { verdict } = linearizable(operations, model);
  if (verdict === expected) return;
  throw new Error(`a history of a ${model.name} is ${expected}, not ${verdict}:\n${told(operations)}`);
}

/** Whether some order of all operations, those not in `part` left to chance, explains it. */
function expectOrdered(
  operations: readonly Operation[],
  model: Model,
  part: readonly Operation[],
  expected: boolean,
): void {
  if (orderedByTrying(operations, model, new Set(part)) === expected) return;
  throw new Error(
    `of a ${model.name}, this ${expected ? 'fails' : 'does not fail'} by itself: ${part.map(inWords).join(', ')}:\n${told(operations)}`,
  );
}

/** Outputs which a verdict says that the impossible operation could have returned, or no others than which. */
function outputsSaid(why: string): [output: Json, could: boolean][] {
  const [, all, texts = ''] =
    /(Whatever else happened, it would|It might) have returned ([^.]*?)(, not that)?\.$/.exec(why) ?? [];
  const outputs =
    texts === '' || texts.includes(' more') ? [] : texts.split(/, | or /).map((text): Json => JSON.parse(text) as Json); // JSON in words
  const others = all?.startsWith('What') === true ? ['none such'] : [];
  return [
    ...outputs.map((output): [Json, boolean] => [output, true]),
    ...others.map((output): [Json, boolean] => [output, false]),
  ];
}

/** What may be asked of each object, few values, so that they coincide. */
const kinds: readonly {
  readonly model: Model;
  readonly unique: boolean;
  readonly ask: (below: (n: number) => number) => Asked;
}[] = (
  [
    ['register', ['read'], ['write', 3]],
    ['register', ['read'], ['write', 'unique']],
    ['register', ['read'], ['write', 2], ['cas', [1, 0]], ['cas', [0, 1]]],
    ['kv', ['get'], ['put', '1'], ['put', '2'], ['append', '1'], ['cas', ['1', '2']]],
    ['counter', ['read'], ['add', 1], ['add', 2], ['addAndGet', 1]],
    [
      'bank',
      ['getBalance'],
      ['setBalance', 1],
      ['deposit', 1],
      ['withdraw', 1],
      ['transfer', ['y', 1]],
      ['transfer', ['x', 1]],
    ],
    ['queue', ['dequeue'], ['enqueue', 2]],
    ['queue', ['dequeue'], ['enqueue', 'unique']],
    ['stack', ['pop'], ['push', 2]],
    ['set', ['add', 2], ['remove', 2], ['contains', 2]],
    ['mutex', ['acquire'], ['release']],
  ] as [keyof typeof models, ...[string, Json?][]][]
).map(([name, ...choices]) => {
  return {
    model: models[name],
    unique: choices.some(([, input]) => input === 'unique'),
    ask(below) {
      const [op = '', input = null] = choices[below(choices.length)] ?? [];
      const key = name === 'kv' || name === 'bank' || below(8) === 0 ? (['x', 'x', 'y'][below(3)] ?? null) : 'x';
      if (input === 'unique') return { op, key, input: below(2 ** 30) };
      return {
        op,
        key,
        input: typeof input === 'number' && name !== 'counter' && name !== 'bank' ? below(input) : input,
      };
    },
  };
});

describe('linearizability', () => {
  test('CC-1: on small random histories the verdict is that of trying every order', () => {
    const found = { holds: 0, violated: 0, unreturned: 0 };
    everySeed(9_100, 'CC-1', (seed) => {
      const below = chance(seed);
      for (const { model, ask } of kinds) {
        let operations = linearizableHistory(model, below, { operations: 2 + below(5), processes: 2 + below(3), ask });
        for (let i = below(10); i > 0; i--) operations = mutated(operations, below);
        const expected = linearizableByTrying(operations, model) ? 'holds' : 'violated';
        expectVerdict(operations, model, expected);
        found[expected] += 1;
        if (operations.some((operation) => operation.return === null)) found.unreturned += 1;
      }
    });
    if (process.env.SEED === undefined) {
      expect(found.holds + found.violated).toBeGreaterThanOrEqual(100_000);
      expect(found.holds).toBeGreaterThan(30_000);
      expect(found.violated).toBeGreaterThan(20_000);
      expect(found.unreturned).toBeGreaterThan(30_000);
    }
  });

  test('CC-1: the register histories of the textbooks', () => {
    const { register } = models;
    // Herlihy and Wing, figure 1: H4 and the like.
    expect(holds(register, 'A: write(0)[0,1] read->1[4,6]', 'B: write(1)[2,5] read->1[7,8]')).toBe(true);
    expect(holds(register, 'A: write(0)[0,1] read->1[2,4]', 'B: write(1)[3,6] read->0[7,8]')).toBe(false);
    // A read beside a write sees the old or the new value, and after the new one nobody sees the old one.
    expect(holds(register, 'A: write(1)[0,9]', 'B: read->null[1,2] read->1[3,4]')).toBe(true);
    expect(holds(register, 'A: write(1)[0,9]', 'B: read->1[1,2]', 'C: read->null[3,4]')).toBe(false);
    expect(holds(register, 'A: write(1)[0,9]', 'B: read->1[1,3]', 'C: read->null[3,4]')).toBe(true);
    expect(holds(register, 'A: write(1)[0,2] cas([1,2])->true[3,4]', 'B: cas([1,3])->true[3,5]')).toBe(false);
    expect(holds(register, 'A: write(1)[0,2] cas([1,2])->true[3,4]', 'B: cas([1,3])->false[3,5]')).toBe(true);
  });

  test('CC-1: the queue histories of Herlihy and Wing, figure 1', () => {
    const { queue } = models;
    const [x, y] = ['"x"', '"y"'];
    expect(
      holds(
        queue,
        `A: enqueue(${x})[0,3] dequeue->${y}[5,8] enqueue("z")[9,11]`,
        `B: enqueue(${y})[1,4] dequeue->${x}[6,7]`,
      ),
    ).toBe(true);
    expect(holds(queue, `A: enqueue(${x})[0,1] dequeue->${y}[4,5]`, `B: enqueue(${y})[2,3]`)).toBe(false);
    expect(holds(queue, `A: enqueue(${x})[0,3] dequeue->${x}[5,6]`, 'B: dequeue->null[1,2]')).toBe(true);
    expect(holds(queue, `A: enqueue(${x})[0,9]`, `B: dequeue->${x}[1,2]`)).toBe(true);
    expect(holds(queue, `A: enqueue(${x})[0,3] dequeue->${y}[5,8]`, `B: enqueue(${y})[1,4] dequeue->${y}[6,9]`)).toBe(
      false,
    );
  });

  test('CC-7: two updates at independent replicas of a bank, read in part: not linearizable', () => {
    const read = (x: number, y: number): CheckVerdict =>
      verdictOn(
        models.bank,
        'A: x.setBalance(1)[0,1] y.setBalance(2)[2,3]',
        `B: y.getBalance->${y}[4,5] x.getBalance->${x}[6,7]`,
      );
    expect(read(1, 2).verdict).toBe('holds');
    for (const [x, y] of [
      [0, 2],
      [0, 0],
    ] as const) {
      const { part } = failure(read(x, y));
      expect(part).toHaveLength(2);
    }
    expect(failure(read(0, 2))).toEqual({
      part: ['setBalance("x", 1)', 'getBalance("x") → 0'],
      why: 'getBalance("x") → 0 cannot be: it began after setBalance("x", 1) had returned. Whatever else happened, it would have returned 1.',
    });
  });

  test('CC-9: a stale read: two operations of many, and why', () => {
    expect(
      failure(
        verdictOn(
          models.kv,
          'A: x.put("1")[0,1] y.put("2")[2,3] y.get->"2"[4,5]',
          'B: x.get->""[2,3] y.put("3")[6,7]',
          'C: x.put("4")[4,9] y.get->"3"[9,9]',
        ),
      ),
    ).toEqual({
      part: ['put("x", "1")', 'get("x") → ""'],
      why: 'get("x") → "" cannot be: it began after put("x", "1") had returned. Whatever else happened, it would have returned "1".',
    });
  });

  test('CC-9: two deposits that return the same balance', () => {
    const verdict = verdictOn(
      models.bank,
      'A: x.deposit(5)->5[0,2] x.getBalance->5[3,4]',
      'B: x.deposit(5)->5[1,3] y.deposit(3)->3[3,5]',
      'C: x.getBalance->0[0,1]',
    );
    expect(failure(verdict).part).toEqual(['deposit("x", 5) → 5', 'deposit("x", 5) → 5']);
    expect(failure(verdict).why).toContain('would have returned 10.');
  });

  test('CC-9: the part is right without any one of it, the others being left to chance', () => {
    everySeed(500, 'CC-9', (seed) => {
      const below = chance(seed);
      for (const { model, ask } of kinds) {
        let operations = linearizableHistory(model, below, { operations: 6, processes: 3, ask });
        for (let i = 0; i < 3; i++) operations = mutated(operations, below);
        const verdict = linearizable(operations, model);
        if (verdict.verdict !== 'violated') continue;
        const { part, impossible } = verdict;
        expect(part).toContain(impossible);
        if (model.shape === 'queue') continue; // its values are left out whole
        expectOrdered(operations, model, part, false);
        for (const one of part) {
          const rest = part.filter((other) => other !== one);
          expectOrdered(operations, model, rest, true);
        }
        for (const [output, could] of outputsSaid(verdict.why)) {
          const other = { ...impossible, output };
          const swap = (list: readonly Operation[]): Operation[] =>
            list.map((operation) => (operation === impossible ? other : operation));
          expectOrdered(swap(operations), model, swap(part), could);
        }
      }
    });
  });

  test('CC-9: what returned after the impossible operation may have been helped by what was called after it', () => {
    // Without the last add, 9 is too much; with it, nothing is wrong but what the first two returned.
    const { part } = failure(
      verdictOn(
        models.counter,
        'A: x.addAndGet(1)->1[0,1] x.add(1)->9[1,5]',
        'B: x.addAndGet(1)->1[1,1] x.add(2)->6[1,2]',
        'C: x.add(2)->4[1,1] x.add(2)[3,]',
      ),
    );
    expect(part).toEqual(['addAndGet("x", 1) → 1', 'addAndGet("x", 1) → 1']);
  });

  test('CC-9: a process read a value before it wrote it, at the instant at which others go on too', () => {
    const { part } = failure(
      verdictOn(
        models.register,
        'A: read->null[0,1] write(1)[1,3] read->2[3,8]',
        'B: read->2[0,1] write(2)[1,3]',
        'C: read->null[2,4]',
      ),
    );
    expect(part).toEqual(['read() → 2']);
  });

  test('CC-9: of two operations that return at one time, one that could have returned something else is named', () => {
    const { part, why } = failure(
      verdictOn(models.counter, 'A: addAndGet(1)->1[0,5]', 'B: addAndGet(1)->1[1,5]', 'C: read->0[0,0]'),
    );
    expect(part).toHaveLength(2);
    expect(why).toContain('Whatever else happened, it would have returned 2.');
    const fits = verdictOn(models.counter, 'A: addAndGet(1)->1[0,5]', 'B: read->7[0,5]');
    expect(fits).toMatchObject({ impossible: { op: 'read' }, part: [{ op: 'read' }] });
  });

  test('CC-9: an operation that never returned may have happened, at any time, or not', () => {
    const { register } = models;
    expect(holds(register, 'A: write(1)[0,]', 'B: read->null[1,2] read->1[3,4] read->1[5,6]')).toBe(true);
    expect(holds(register, 'A: write(1)[0,]', 'B: read->null[1,2] read->null[3,4]')).toBe(true);
    expect(holds(register, 'A: write(1)[0,]', 'B: read->1[1,2] read->null[3,4]')).toBe(false);
    expect(holds(register, 'A: write(1)[5,]', 'B: read->1[1,2]')).toBe(false);
    const { queue } = models;
    expect(holds(queue, 'A: enqueue(1)[0,1] enqueue(2)[2,3]', 'B: dequeue[0,]', 'C: dequeue->2[4,5]')).toBe(true);
    expect(holds(queue, 'A: enqueue(1)[0,1] enqueue(2)[2,3]', 'B: dequeue[6,]', 'C: dequeue->2[4,5]')).toBe(false);
  });

  test('CC-1: at one instant, a process is in order with itself and concurrent with the others', () => {
    const { kv } = models;
    // Each key by itself can be put in an order, but not both: d, a, b, c, d.
    const crossed = drawn('A: x.put("1")[0,5] y.get->""[5,9]', 'B: y.put("1")[0,5] x.get->""[5,9]');
    expect(linearizable(crossed, kv).verdict).toBe('violated');
    expect(holds(kv, 'A: x.put("1")[0,5] y.get->""[5,9]', 'B: y.put("1")[0,5] x.get->"1"[5,9]')).toBe(true);
  });

  test('CC-1: an object begins as its history says', () => {
    const operations = drawn('A: x.get->"a"[0,1]');
    expect(linearizable(operations, models.kv).verdict).toBe('violated');
    expect(linearizable(operations, begunWith<unknown>(models.kv, { x: 'a' })).verdict).toBe('holds');
  });

  test('CC-9: where time or memory runs out, the verdict is that it is unknown, and why', () => {
    const below = chance(1);
    const asks = (): Asked => ({ op: below(3) === 0 ? 'pop' : 'push', key: null, input: below(1000) });
    const operations = linearizableHistory(models.stack, below, { operations: 200, processes: 20, ask: asks });
    const hard = operations.map((operation, i) => (i === 190 ? { ...operation, op: 'pop', output: -1 } : operation));
    const verdict = linearizable(hard, models.stack, { bytes: 100_000 });
    expect(verdict).toMatchObject({ verdict: 'unknown', why: expect.stringContaining('100000 bytes') });
    expect(linearizable(hard, models.stack, { milliseconds: 0 })).toMatchObject({ verdict: 'unknown' });
  });

  test('CC-9: one stale read among 10,000 operations with few values: a part of three at most', () => {
    const below = chance(7);
    const ask = (): Asked => {
      const key = `k${below(10)}`;
      return below(2) === 0 ? { op: 'get', key, input: null } : { op: 'put', key, input: `${below(5)}` };
    };
    const operations = linearizableHistory(models.kv, below, { operations: 10_000, processes: 10, ask });
    expectVerdict(operations, models.kv, 'holds');
    const fresh = operations.findIndex(
      ({ op, key, output }, i) => i > 5_000 && op === 'get' && key === 'k3' && output === '1',
    );
    const read = operations[fresh] as Operation; // one in five reads sees 1
    const stale = operations.with(fresh, { ...read, output: '0' });
    // Far more than it takes: a part that time cut short would say how busy the machine is.
    const { part, why } = failure(linearizable(stale, models.kv, { milliseconds: 600_000 }));
    expect(part.length).toBeLessThanOrEqual(3);
    expect(part).toContain('get("k3") → "0"');
    expect(why).toMatch(/^get\("k3"\) → "0" cannot be: it began after put/);
  }, 180_000);

  test('CC-9: wide histories end within their limits, with a verdict or none', () => {
    const ended = { holds: 0, violated: 0, unknown: 0 };
    const bytes = 2 ** 20;
    everySeed(10, 'CC-9', (seed) => {
      const below = chance(seed);
      for (const { model, ask } of kinds.filter(({ model: { name } }) => /register|queue|stack|bank/.test(name))) {
        const drawing = { operations: 60, processes: 30, ask: (n: typeof below) => ({ ...ask(n), key: 'x' }) };
        const wide = linearizableHistory(model, below, drawing).map(
          (operation, i): Operation => (i < 30 ? operation : { ...operation, return: null }),
        );
        const operations = below(2) === 0 ? wide : mutated(wide, below);
        const { verdict } = linearizable(operations, model, { milliseconds: 1_000, bytes });
        ended[verdict] += 1;
      }
    });
    if (process.env.SEED !== undefined) return;
    expect(ended.unknown).toBeGreaterThan(0);
    expect(ended.holds + ended.violated).toBeGreaterThan(10);
  });

  test('CC-9: the clock is looked at as often where a few steps have thousands of candidates each', () => {
    const put = (i: number): Operation => ({
      ...{ process: `p${i}`, op: 'put', key: 'x', input: `${i % 1500}`, output: null },
      ...{ call: 0, return: null },
    });
    const get = { process: 'r', op: 'get', key: 'x', input: null, output: '0', call: 1, return: 2 };
    const operations = [...Array.from({ length: 3000 }, (_, i) => put(i)), get];
    expect(linearizable(operations, models.kv)).toMatchObject({ verdict: 'holds' });
    expect(linearizable(operations, models.kv, { milliseconds: 0 })).toMatchObject({ verdict: 'unknown' });
  });
});
