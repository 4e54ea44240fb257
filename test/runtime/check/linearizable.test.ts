import { describe, expect, test } from '@jest/globals';
import type { Json, Operation } from '../../../runtime/check/history.js';
import { linearizable } from '../../../runtime/check/linearizable.js';
import { begunWith, type Model } from '../../../runtime/check/model.js';
import { models } from '../../../runtime/check/models.js';
import type { CheckVerdict } from '../../../runtime/check/verdict.js';
import { inWords } from '../../../runtime/check/wording.js';
import { everySeed } from '../runs.js';
import { type Asked, chance, drawn, linearizableByTrying, linearizableHistory, mutated } from './histories.js';

const verdictOn = (model: Model, ...lines: string[]): CheckVerdict => linearizable(drawn(...lines), model);
const holds = (model: Model, ...lines: string[]): boolean => verdictOn(model, ...lines).verdict === 'holds';

/** The part in words, and why. */
function failure(verdict: CheckVerdict): { part: string[]; why: string } {
  if (verdict.verdict !== 'violated') throw new Error(`it is ${verdict.verdict}`);
  return { part: verdict.part.map(inWords), why: verdict.why };
}

function expectVerdict(operations: readonly Operation[], model: Model, expected: CheckVerdict['verdict']): void {
  const { verdict } = linearizable(operations, model);
  if (verdict === expected) return;
  const lines = operations.map((operation) => JSON.stringify(operation)).join('\n');
  throw new Error(`a history of a ${model.name} is ${expected}, not ${verdict}:\n${lines}`);
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
  let count = 0;
  return {
    model: models[name],
    unique: choices.some(([, input]) => input === 'unique'),
    ask(below) {
      const [op = '', input = null] = choices[below(choices.length)] ?? [];
      const key = name === 'kv' || name === 'bank' || below(8) === 0 ? (['x', 'x', 'y'][below(3)] ?? null) : 'x';
      if (input === 'unique') return { op, key, input: ++count };
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
    const found = { holds: 0, violated: 0 };
    everySeed(10_000, 'CC-1', (seed) => {
      const below = chance(seed);
      for (const { model, ask } of kinds) {
        const right = linearizableHistory(model, below, { operations: 2 + below(5), processes: 2 + below(3), ask });
        expectVerdict(right, model, 'holds');
        let operations = right;
        for (let i = 1 + below(2); i > 0; i--) operations = mutated(operations, below);
        const expected = linearizableByTrying(operations, model) ? 'holds' : 'violated';
        expectVerdict(operations, model, expected);
        found[expected] += 1;
      }
    });
    if (process.env.SEED === undefined) {
      expect(found.holds).toBeGreaterThan(25_000);
      expect(found.violated).toBeGreaterThan(25_000);
    }
  });
});
