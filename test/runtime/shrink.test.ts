import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import bank, { workload } from '../../examples/bank/service.js';
import { fewest } from '../../runtime/simulate/fewest.js';
import { drawScenario, type Exercise, type Scenario } from '../../runtime/simulate/scenario.js';
import { type ShrinkProgress, type ShrinkSettings, shrink } from '../../runtime/simulate/shrink.js';
import { tryScenario } from '../../runtime/simulate/trial.js';
import type { PlannedRequest } from '../../runtime/simulate/workload.js';

const drawn = { clients: 3, each: 8, workload } as const;
const common = { replicas: 3, tolerate: 'crash', reads: 'order', profile: 'mixed', calls: drawn } as const;
const local: Exercise = { ...common, replication: 'local', order: 'unordered' };
const readsAtOne: Exercise = { ...common, replication: 'active', order: 'total', reads: 'one' };

const anomaly = readFileSync(resolve(import.meta.dirname, '../../examples/bank/anomaly.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as PlannedRequest); // the example's own file

/** The programs of CC-7 among others, and faults under which alice comes from one replica to another. */
const crowded: Scenario = {
  seed: 1,
  replication: 'local',
  replicas: 3,
  tolerate: 'crash',
  order: 'unordered',
  reads: 'order',
  retryAfter: 500,
  delay: [10, 10],
  loss: 0,
  duplicate: 0,
  faults: ['partition:rm-1>rm-2,rm-3@0ms..60ms', 'slow:rm-3:2@700ms..900ms', 'crash:rm-1@50ms', 'skew:rm-2:+7ms'],
  requests: [
    ...anomaly.slice(0, 2),
    { at: 300, client: 'alice', op: 'deposit', args: ['z', 3] },
    ...anomaly.slice(2),
    { at: 850, client: 'bob', op: 'getBalance', args: ['v'] },
    { at: 20, client: 'carol', op: 'deposit', args: ['w', 5] },
    { at: 900, client: 'carol', op: 'getBalance', args: ['w'] },
  ],
  via: {},
  faultsEndAt: 1000,
};

const violates = (scenario: Scenario, property: 'linearizable' | 'sequential'): boolean =>
  tryScenario(bank, scenario, { property }).violations.some((violation) => violation.property === property);

/** The smallest run of the first seed from `seed` on that violates. */
function smallest(exercise: Exercise, property: 'linearizable' | 'sequential', seed: number): Scenario {
  const scenario = drawScenario(seed, exercise);
  const settings = { property, quick: true };
  const found = tryScenario(bank, scenario, settings).violations.some((violation) => violation.property === property);
  return found ? shrink(bank, scenario, property, { property }).scenario : smallest(exercise, property, seed + 1);
}

describe('a failing run made small', () => {
  test('AR-8: independent replicas fail with two deposits that return the same', () => {
    for (const from of [1, 4]) {
      const { requests, faults, replicas, rough } = smallest(local, 'sequential', from);
      expect(requests).toHaveLength(2);
      expect(requests.map(({ op }) => op)).toEqual(['deposit', 'deposit']);
      expect(new Set(requests.map(({ client }) => client)).size).toBe(2);
      expect(new Set(requests.map(({ args }) => JSON.stringify(args))).size).toBe(1);
      expect({ faults, replicas, rough: rough ?? [] }).toEqual({ faults: [], replicas: 2, rough: [] });
    }
  });

  test('AR-8: reads at one replica fail with an update and a read that misses it', () => {
    const small = smallest(readsAtOne, 'linearizable', 36);
    expect(small.requests).toHaveLength(2);
    expect(small.requests.map(({ op }) => bank.kindOf(op)).sort()).toEqual(['query', 'update']);
    expect(small.faults).toEqual([]);
    expect(violates(small, 'linearizable')).toBe(true);
    // one frame at least must be late, and no single one of those named can be left out
    expect(small.rough?.length).toBeGreaterThan(0);
    for (const frame of small.rough ?? []) {
      const rough = small.rough?.filter((name) => name !== frame) ?? [];
      expect(violates({ ...small, rough }, 'linearizable')).toBe(false);
    }
  });

  test('CC-7: of fixed programs whole requests are left out, and the four of the textbook stay as they are', () => {
    const settings: ShrinkSettings = { property: 'sequential', programs: 'fixed' };
    const { scenario, trial } = shrink(bank, crowded, 'sequential', settings);
    expect(scenario.requests).toEqual(anomaly);
    expect(trial.violations.find(({ property }) => property === 'sequential')?.part.length).toBeLessThanOrEqual(4);
    expect(trial.history.map(({ output }) => output)).toEqual([null, null, 2, 0]);
    expect(scenario.faults.length).toBeLessThan(crowded.faults.length);
    for (const place of anomaly.keys()) {
      expect(violates({ ...scenario, requests: anomaly.toSpliced(place, 1) }, 'sequential')).toBe(false);
    }
  });

  test('the same run is made into the same one, in the same number of runs', () => {
    const made = () => shrink(bank, crowded, 'sequential', { property: 'sequential' });
    const [first, second] = [made(), made()];
    expect(second.scenario).toEqual(first.scenario);
    expect(second.tries).toBe(first.tries);
  });

  test('what is no matter of the history comes down to one request and the fault that matters', () => {
    const scenario: Scenario = {
      ...crowded,
      replication: 'active',
      order: 'total',
      faults: ['lie:rm-2=A', 'crash:rm-3@400ms', 'lie:rm-1=A', 'loss:0.1@0ms..50ms'],
    };
    const { scenario: small, trial } = shrink(bank, scenario, 'replies', { property: 'sequential' });
    expect(small.requests).toHaveLength(1);
    expect(small.faults).toHaveLength(1);
    expect(small.faults[0]).toMatch(/^lie:rm-[12]=A$/);
    expect(trial.violations.map(({ property }) => property)).toContain('replies');
  });

  test('it takes no more runs than it may, and tells of each', () => {
    const told: ShrinkProgress[] = [];
    const progress = (state: ShrinkProgress): void => void told.push(state);
    const { tries, scenario } = shrink(bank, crowded, 'sequential', { property: 'sequential', tries: 9, progress });
    expect(tries).toBeLessThanOrEqual(9);
    expect(told.map((state) => state.tries)).toEqual(Array.from({ length: tries - 1 }, (_, place) => place + 2));
    expect(told.at(-1)?.requests).toBe(scenario.requests.length);
    expect(violates(scenario, 'sequential')).toBe(true);
  });

  test('a run that is right cannot be made small', () => {
    const right = { ...crowded, replication: 'active', order: 'total' } as const;
    expect(() => shrink(bank, right, 'sequential', { property: 'sequential' })).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
  });
});

describe('leaving out', () => {
  /** Drives it to the end; what is asked is noted. */
  function kept(items: readonly number[], fails: (part: readonly number[]) => boolean): readonly number[] {
    const slices = fewest(items, function* (part) {
      yield;
      return fails(part);
    });
    let slice = slices.next();
    while (!slice.done) slice = slices.next();
    return slice.value;
  }

  test('what is needed stays, in its order, and nothing else', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(60), { maxLength: 12 }), fc.integer({ min: 0, max: 60 }), (needed, length) => {
        const items = Array.from({ length }, (_, place) => place);
        const must = items.filter((item) => needed.includes(item));
        expect(kept(items, (part) => must.every((item) => part.includes(item)))).toEqual(must);
      }),
      { seed: Number(process.env.SEED ?? 1) },
    );
  });
});
