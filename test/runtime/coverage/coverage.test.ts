import { describe, expect, test } from '@jest/globals';
import {
  type AnyStateMachine,
  type AnyTransitionDefinition,
  assign,
  createActor,
  createMachine,
  type InspectionEvent,
  initialTransition,
  SimulatedClock,
  setup,
  transition,
} from 'xstate';
import { random } from '../../../runtime/simulate/random.js';
import { ChartCoverage, type ChartReport, chartTable } from '../../../runtime/testing.js';
import { seeds } from '../../machines/stage.js';

const FILE = 'test/runtime/coverage/coverage.test.ts';

const of = (coverage: ChartCoverage, chart = 'door'): ChartReport => {
  const report = coverage.report().find((one) => one.chart === chart);
  if (report === undefined) throw new Error(`there is no ${chart}`);
  return report;
};
const counts = ({ states, transitions }: ChartReport): Record<string, number> =>
  Object.fromEntries([...states, ...transitions].map(({ name, taken }) => [name, taken]));
const taken = (coverage: ChartCoverage): Record<string, number> =>
  Object.fromEntries(Object.entries(counts(of(coverage))).filter(([, times]) => times > 0));

/** It opens for whoever knocks, thrice at most, and closes by itself. */
const door = () =>
  setup({
    types: {} as { context: { opened: number }; events: { type: 'knock' | 'close' | 'ring' | 'lock' } },
    actions: { count: assign({ opened: ({ context }) => context.opened + 1 }) },
    guards: { isWornOut: ({ context }) => context.opened >= 3 },
    delays: { aWhile: 10 },
  }).createMachine({
    id: 'door',
    context: { opened: 0 },
    initial: 'starting',
    on: { '*': {} },
    states: {
      starting: { always: [{ guard: 'isWornOut', target: 'broken' }, { target: 'shut' }] },
      shut: {
        on: {
          knock: [
            { guard: 'isWornOut', target: 'broken' },
            { target: 'open', actions: 'count' },
          ],
          close: {},
        },
      },
      open: {
        initial: 'wide',
        on: { close: 'shut', lock: [{ guard: () => false, target: 'shut' }] },
        states: { wide: { after: { 5: 'ajar' } }, ajar: {} },
        after: { aWhile: { target: 'open', reenter: true } },
      },
      broken: { type: 'final' },
    },
  });

describe('what is counted', () => {
  test('every part is listed by name, in the order of the chart, before anything runs', () => {
    const coverage = new ChartCoverage();
    coverage.watch(door());
    expect(of(coverage)).toEqual({
      chart: 'door',
      states: ['starting', 'shut', 'open', 'open.wide', 'open.ajar', 'broken'].map((name) => ({ name, taken: 0 })),
      transitions: [
        '(any state) --*--> (same state)',
        'starting --always [isWornOut]--> broken',
        'starting --always #2--> shut',
        'shut --knock [isWornOut]--> broken',
        'shut --knock #2--> open',
        'shut --close--> (same state)',
        'open --close--> shut',
        'open --lock [guard]--> shut',
        'open --after aWhile--> open',
        'open.wide --after 5--> open.ajar',
      ].map((name) => ({ name, taken: 0 })),
      totals: { states: { all: 6, taken: 0 }, transitions: { all: 10, taken: 0 } },
    });
  });

  test('an actor: events, branches, nested states, timers, forbidden and unknown events', () => {
    const coverage = new ChartCoverage();
    const machine = door();
    const clock = new SimulatedClock();
    coverage.watch(machine);
    const actor = createActor(machine, { clock }).start();
    expect(taken(coverage)).toEqual({ starting: 1, shut: 1, 'starting --always #2--> shut': 1 });
    actor.send({ type: 'close' });
    actor.send({ type: 'ring' });
    actor.send({ type: 'knock' });
    actor.send({ type: 'lock' });
    clock.increment(5);
    clock.increment(5);
    expect(taken(coverage)).toEqual({
      starting: 1,
      shut: 1,
      open: 2,
      'open.wide': 2,
      'open.ajar': 1,
      '(any state) --*--> (same state)': 2,
      'starting --always #2--> shut': 1,
      'shut --knock #2--> open': 1,
      'shut --close--> (same state)': 1,
      'open --after aWhile--> open': 1,
      'open.wide --after 5--> open.ajar': 1,
    });
    expect(of(coverage).totals).toEqual({ states: { all: 6, taken: 5 }, transitions: { all: 10, taken: 6 } });
  });

  test('steps without an actor count the same, and give what they gave', () => {
    const coverage = new ChartCoverage();
    const watched = door();
    coverage.watch(watched);
    const steps = (machine: ReturnType<typeof door>) => {
      let [snapshot, actions] = initialTransition(machine);
      const all = [...actions];
      for (const type of ['knock', 'close', 'knock'] as const) {
        [snapshot, actions] = transition(machine, snapshot, { type });
        all.push(...actions);
      }
      return {
        value: snapshot.value,
        context: snapshot.context,
        actions: all.map(({ type, params }) => [type, params]),
      };
    };
    expect(steps(watched)).toEqual(steps(door()));
    expect(taken(coverage)).toMatchObject({
      'shut --knock #2--> open': 2,
      'open --close--> shut': 1,
      open: 2,
    });
  });

  test('what is only asked about, or chosen and then overruled, is not taken', () => {
    const machine = createMachine({
      id: 'door',
      type: 'parallel',
      states: {
        a: { initial: 'a1', states: { a1: { on: { go: '#out' } } } },
        b: { initial: 'b1', states: { b1: { on: { go: 'b2' } }, b2: {} } },
        c: { initial: 'c1', states: { c1: { id: 'out' } } },
      },
    });
    const coverage = new ChartCoverage();
    coverage.watch(machine);
    const actor = createActor(machine).start();
    expect(actor.getSnapshot().can({ type: 'go' })).toBe(true);
    void machine.definition;
    expect(of(coverage).totals.transitions.taken).toBe(0);
    actor.send({ type: 'go' });
    expect(counts(of(coverage))).toMatchObject({ 'a.a1 --go--> c.c1': 1, 'b.b1 --go--> b.b2': 0, 'b.b2': 0 });
  });

  test('what an exception breaks off is not taken', () => {
    const machine = createMachine({
      id: 'door',
      initial: 'shut',
      context: {},
      states: {
        shut: {
          on: {
            knock: {
              target: 'open',
              actions: assign(() => {
                throw new Error('stuck');
              }),
            },
          },
        },
        open: {},
      },
    });
    const coverage = new ChartCoverage();
    coverage.watch(machine);
    const [snapshot] = initialTransition(machine);
    expect(() => transition(machine, snapshot, { type: 'knock' })).toThrow('stuck');
    expect(Object.keys(taken(coverage))).toEqual(['shut']);
  });
});

test('random runs: exactly what XState says that it did', () => {
  seeds(FILE, 50, (seed) => {
    const chance = random(seed, 'events');
    const coverage = new ChartCoverage();
    const machine = door();
    coverage.watch(machine);
    let all = 0;
    const inspect = (event: InspectionEvent): void => {
      if (event.type === '@xstate.microstep') all += event._transitions.length;
    };
    const clock = new SimulatedClock();
    const actor = createActor(machine, { clock, inspect }).start();
    const types = ['knock', 'close', 'ring', 'lock'] as const;
    for (let i = 0; i < 30 && actor.getSnapshot().status === 'active'; i++) {
      const type = types[chance.int(0, 4)];
      if (type === undefined) clock.increment(chance.int(1, 6));
      else actor.send({ type });
    }
    expect(of(coverage).transitions.reduce((sum, { taken }) => sum + taken, 0)).toBe(all);
  });
});

describe('many machines, many processes', () => {
  const run = (coverage: ChartCoverage, machine: AnyStateMachine = door()): void => {
    coverage.watch(machine);
    coverage.watch(machine);
    createActor(machine, { clock: new SimulatedClock() }).start().send({ type: 'knock' });
  };

  test('machines of one id add up, whether made anew or watched again; others stand beside them by name', () => {
    const coverage = new ChartCoverage();
    run(coverage, createMachine({ id: 'window', initial: 'shut', states: { shut: {} } }));
    run(coverage);
    run(coverage);
    expect(coverage.report().map(({ chart }) => chart)).toEqual(['door', 'window']);
    expect(counts(of(coverage))).toMatchObject({ 'shut --knock #2--> open': 2, shut: 2 });
  });

  test('one machine can be watched by several', () => {
    const [one, other] = [new ChartCoverage(), new ChartCoverage()];
    const machine = door();
    other.watch(machine);
    run(one, machine);
    expect(one.report()).toEqual(other.report());
    expect(of(one).totals.transitions.taken).toBe(2);
  });

  test('counts that went through JSON add up, with or without a machine here', () => {
    const [one, other, sum] = [new ChartCoverage(), new ChartCoverage(), new ChartCoverage()];
    run(one);
    run(other);
    for (const counted of [one, other]) sum.merge(JSON.parse(JSON.stringify(counted)));
    const twice = new ChartCoverage();
    run(twice);
    run(twice);
    expect(sum.report()).toEqual(twice.report());
    run(sum);
    expect(counts(of(sum))).toMatchObject({ 'shut --knock #2--> open': 3 });
  });

  test('the configuration is left alone: what other machines share of it does not count twice', () => {
    const actions = [assign({ opened: 1 })];
    const config = { id: 'door', initial: 'a', context: {}, states: { a: { entry: actions, on: { x: { actions } } } } };
    const machine = createMachine(config);
    const coverage = new ChartCoverage();
    coverage.watch(machine);
    coverage.watch(createMachine(config));
    createActor(createMachine(config)).start().send({ type: 'x' });
    expect(actions).toHaveLength(1);
    expect(taken(coverage)).toEqual({});
  });

  test('no two transitions of a chart have one name', () => {
    const same: Partial<AnyTransitionDefinition> = { guard: 'never', target: 'a' as never };
    const machine = createMachine({
      id: 'door',
      initial: 'a',
      states: { a: { on: { x: [same, same, 'a'] } } },
    } as never);
    const coverage = new ChartCoverage();
    coverage.watch(machine);
    expect(of(coverage).transitions.map(({ name }) => name)).toEqual([
      'a --x [never] #1--> a',
      'a --x [never] #2--> a',
      'a --x #3--> a',
    ]);
  });
});

test('the table: how much of each chart, then all that was never taken', () => {
  const coverage = new ChartCoverage();
  coverage.watch(
    createMachine({ id: 'window', initial: 'shut', states: { shut: { on: { open: 'ajar' } }, ajar: {} } }),
  );
  const lamp = createMachine({ id: 'lamp', initial: 'on', states: { on: {} } });
  coverage.watch(lamp);
  createActor(lamp).start();
  expect(chartTable(coverage.report()).split('\n')).toEqual([
    'chart   states  transitions',
    'lamp       1/1          0/0',
    'window     0/2          0/1',
    'all        1/3          0/1',
    'never taken:',
    '  window: shut',
    '  window: ajar',
    '  window: shut --open--> ajar',
  ]);
  expect(chartTable(coverage.report().slice(0, 1))).not.toContain('never');
});
