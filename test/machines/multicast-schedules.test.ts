import { describe, expect, test } from '@jest/globals';
import { isTotal, keepsCausal, keepsFifo, type Order, orders } from '../../machines/multicast/index.js';
import type { SenderOrderedContext } from '../../machines/multicast/sender-ordered-delivery.js';
import type { SequencedContext } from '../../machines/multicast/sequenced-member.js';
import type { SequencerContext } from '../../machines/multicast/sequencer.js';
import { mapEntries } from '../../machines/shared/persistent-map.js';
import { type DeliveryRule, violations } from '../../runtime/check/deliveries.js';
import { same } from '../same.js';
import { randomFrom, Schedule, type ScheduleOptions } from './schedule.js';

/** Schedules for each setting of the group. */
const seedsFor = (order: Order): number => Number(process.env.SEEDS ?? (isTotal(order) ? 500 : 200));
const only = process.env.SEED === undefined ? null : Number(process.env.SEED);

/** Runs the body for every seed; a failure names the seed and how to replay it. */
function forSeeds(count: number, body: (seed: number) => void): void {
  for (const seed of only === null ? Array.from({ length: count }, (_, i) => i + 1) : [only]) {
    try {
      body(seed);
    } catch (error) {
      const replay = `SEED=${seed} node --experimental-vm-modules node_modules/jest/bin/jest.js test/machines/multicast-schedules.test.ts -i -t '${expect.getState().currentTestName}'`;
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}\nreplay: ${replay}`, {
        cause: error,
      });
    }
  }
}

function rulesOf(order: Order, uniform: boolean): DeliveryRule[] {
  const rules: DeliveryRule[] = ['integrity', 'validity', 'agreement'];
  if (uniform || isTotal(order)) rules.push('uniform agreement');
  if (keepsFifo(order)) rules.push('fifo');
  if (keepsCausal(order)) rules.push('causal');
  if (isTotal(order)) rules.push('total', 'uniform total');
  return rules;
}

function expectRules(schedule: Schedule, rules: readonly DeliveryRule[]): void {
  const log = schedule.log();
  for (const rule of rules) same(violations(log, rule), []);
}

interface Chaos extends Partial<ScheduleOptions> {
  readonly order: Order;
  readonly crashes?: 'none' | 'some';
}

/** Random multicasts, delays, duplicates, tellings between senders and crashes, also half way of a sender's sends. */
function chaos(seed: number, { order, crashes = 'some', uniform = false, ...rest }: Chaos): Schedule {
  const random = randomFrom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T; // never empty here
  const members = 2 + below(4);
  const tolerates = uniform ? Math.floor((members - 1) / 2) : members - 1;
  const slow = 1 + below(80);
  const delay = (): number => 1 + below(random() < 0.2 ? slow * 5 : slow);
  const schedule = new Schedule({
    order,
    members,
    outsiders: below(4),
    uniform,
    tolerates,
    stabilityInterval: 30 + below(100),
    delay,
    duplicates: random() < 0.5 ? 0.1 : 0,
    random,
    ...rest,
  });
  const senders = [...schedule.members, ...schedule.outsiders];
  for (let i = 5 + below(25); i > 0; i--)
    schedule.at(below(300), () => schedule.multicast(pick(senders), 1 + below(3)));
  if (schedule.outsiders.length > 0) {
    for (let i = below(10); i > 0; i--) {
      schedule.at(below(300), () => {
        const hearer = pick(schedule.outsiders);
        schedule.hear(hearer, pick(senders.filter((name) => name !== hearer)));
      });
    }
  }
  if (crashes === 'none') return schedule;
  const shuffled = schedule.members.map((name) => [random(), name] as const).sort(([a], [b]) => a - b);
  const dying = shuffled.slice(0, below(tolerates + 1)).map(([, name]) => name);
  for (const name of [...dying, ...schedule.outsiders.filter(() => random() < 0.4)]) {
    const lost = random();
    const when = below(400);
    schedule.at(when, () => {
      if (random() < 0.6) schedule.crashAfterSends(name, 1 + below(4));
      else schedule.crash(name, () => random() < lost);
    });
    schedule.at(when + below(600), () => {
      schedule.crash(name, () => random() < lost);
      const living = [...schedule.hosts.keys()].filter((other) => !schedule.hostOf(other).crashed);
      const told =
        random() < 0.5 || isTotal(order) ? living : [pick(schedule.members.filter((other) => living.includes(other)))];
      for (const other of told) schedule.at(schedule.now + below(300), () => schedule.tellGone(other, name));
      // The others hear of it in the end, should the first to know die before it tells.
      for (const other of living) schedule.at(1_500, () => schedule.tellGone(other, name));
    });
  }
  return schedule;
}

/** Whatever grows has shrunk: nothing kept, held back or pending, and no record of who has ended. */
function expectNothingLeft(schedule: Schedule, order: Order): void {
  const living = (names: readonly string[]): string[] => names.filter((name) => !schedule.hostOf(name).crashed);
  const ended = [...schedule.hosts.values()].filter(({ crashed }) => crashed).map(({ name }) => `${name}:1`);
  for (const name of living(schedule.members)) {
    if (isTotal(order)) {
      const { submitted, heldBack, seen } = schedule.contextOf<SequencedContext>(name);
      same([submitted.size, heldBack.size], [0, 0]);
      same(
        [...mapEntries(seen)].filter(([sender]) => ended.includes(sender)),
        [],
      );
    } else {
      const context = schedule.contextOf<SenderOrderedContext>(name);
      same(schedule.stateOf(name), 'stable');
      same([context.unsettled.size, context.heldBack.size, context.closing], [0, 0, []]);
      for (const [sender, record] of mapEntries(context.senders)) {
        same([sender, record.kept.size, ended.includes(sender)], [sender, 0, false]);
      }
    }
  }
  if (!isTotal(order)) return;
  const { heldBack, numbered } = schedule.contextOf<SequencerContext>('seq');
  same(heldBack.size, 0);
  same(
    [...mapEntries(numbered)].filter(([sender]) => ended.includes(sender)),
    [],
  );
}

describe.each(orders)('%s', (order) => {
  const settings = isTotal(order) ? [true] : [false, true];
  describe.each(settings)('uniform: %s', (uniform) => {
    test('MC-1, MC-2, MC-3, MC-4, MC-9: the rules of the order hold in every schedule, with crashes half way of a multicast', () => {
      forSeeds(seedsFor(order), (seed) => {
        const schedule = chaos(seed, { order, uniform });
        schedule.run();
        expectRules(schedule, rulesOf(order, uniform));
        expectNothingLeft(schedule, order);
      });
    });
  });
});
