import { describe, expect, test } from '@jest/globals';
import { linearizable, models } from '../../runtime/check/index.js';
import { PassiveGroup, type Plan } from './passive-group.js';
import { Coverage, seeds } from './stage.js';

const FILE = 'test/machines/passive.test.ts';
export const coverage = new Coverage();

const plan: Plan = { n: 3, frontEnds: 2, sessions: 3, requests: 4 };

function run(of: Plan, seed: number): PassiveGroup {
  const stage = new PassiveGroup(of, seed);
  stage.run();
  return stage;
}

function expectLinearizable(stage: PassiveGroup): void {
  const verdict = linearizable(stage.history(), models.kv);
  if (verdict.verdict !== 'holds') throw new Error(JSON.stringify([verdict, stage.history()], null, 1));
}

/** All that live are equal; what was answered has taken effect, and nothing has twice. */
function expectOnce(stage: PassiveGroup): void {
  const texts = stage.live.map((node) => stage.contextOf(node).current.value.text as string);
  for (const text of texts) expect(text).toBe(texts[0]);
  const words = (texts[0] ?? '').split(' ').filter((word) => word !== '');
  expect(new Set(words).size).toBe(words.length);
  for (const { issued, answers } of stage.clients) {
    for (const [i, { call }] of issued.entries()) {
      if (call.op === 'append' && answers[i] !== undefined) expect(words).toContain(String(call.args[0]).trim());
    }
  }
}

describe('every schedule', () => {
  test('PB-8: linearizable, exactly once, replicas equal at the end', () => {
    seeds(FILE, 500, (seed) => {
      const stage = run({ ...plan, crashes: 1, suspicions: 1, joiners: 1 }, seed);
      expectLinearizable(stage);
      expectOnce(stage);
    });
  });
});
