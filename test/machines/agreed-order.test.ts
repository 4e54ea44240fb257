import { describe, expect, test } from '@jest/globals';
import { seeds } from './stage.js';
import { chaos, expectNothingLeft, expectRules, expectSynchrony, expectViews, rulesOf } from './view-chaos.js';
import { deliveriesOf, type World } from './view-world.js';

const FILE = 'test/machines/agreed-order.test.ts';
const seedsEach = Number(process.env.SEEDS ?? 150);
const totalOrders = ['total', 'fifo-total', 'causal-total'] as const;

/** The numbers that a member has seen have no gap, and nobody has seen one twice. */
function expectPlaces(world: World): void {
  for (const host of world.hosts.values()) {
    const numbers = deliveriesOf(host).map(({ number }) => number);
    expect([host.id, numbers]).toEqual([host.id, numbers.map((_, i) => (numbers[0] ?? 0) + i)]);
  }
  expect(deliveriesOf(world.anchor())[0]?.number ?? 1).toBe(1);
}

describe.each(totalOrders)('%s', (order) => {
  test.each([false, true])(
    'MC-7, VS-1, VS-2, VS-4, GM-4, MC-1, MC-2, MC-3, MC-4, MC-9, MC-10: agreed, in every schedule, uniform: %s',
    (uniform) => {
      seeds(FILE, seedsEach, (seed) => {
        const world = chaos(seed, { order, uniform, provider: 'agreed' });
        world.run();
        expectViews(world);
        expectSynchrony(world, order);
        expectRules(world, rulesOf(order, uniform));
        expectPlaces(world);
        expectNothingLeft(world);
      });
    },
  );
});
