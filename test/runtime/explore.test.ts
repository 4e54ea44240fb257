/**
 * The explorer by itself: known numbers of states, each setting of the network and of the faults on the smallest machine
 * that shows it, and what it refuses.
 */
import { describe, expect, test } from '@jest/globals';
import {
  always,
  type Configuration,
  Exploration,
  type Explored,
  eventually,
  explore,
  type Observation,
  type Observer,
  sometimes,
  type View,
} from 'chorale/explore';
import { type AnyStateMachine, assign, createMachine, emit, fromPromise, log, raise, setup, spawnChild } from 'xstate';
import { exploration as pingPong } from '../../examples/ping-pong/exploration.js';
import { exploration as twoPhaseCommit } from '../../examples/two-phase-commit/exploration.js';
import type { Effect, Effectful } from '../../machines/shared/effects.js';
import type { Address } from '../../machines/shared/identifiers.js';
import { emitEffects, noEffects } from '../../machines/shared/machine.js';
import { emptyMap, mapSet, type PersistentMap } from '../../machines/shared/persistent-map.js';

const codes = (code: string) => expect.objectContaining({ code });
const verdicts = ({ properties }: Explored): Record<string, string> =>
  Object.fromEntries(properties.map(({ name, verdict }) => [name, verdict]));
const actions = ({ violations: [violation] }: Explored): string[] => violation?.way.map(({ action }) => action) ?? [];

interface ListenerContext extends Effectful {
  readonly heard: readonly string[];
}

/** Keeps what it is told, in the order in which it comes: its state tells every order apart. */
const listener = setup({
  types: { context: {} as ListenerContext, events: {} as { type: 'word'; items: readonly string[] } },
}).createMachine({
  id: 'listener',
  context: { heard: [], effects: noEffects },
  on: { word: { actions: assign({ heard: ({ context, event }) => [...context.heard, ...event.items] }) } },
});

/** Says its words to the listener at the start, each in a message of its own. */
const speaker = (channel: 'fifo' | 'unordered', ...words: string[]): AnyStateMachine =>
  setup({ types: { context: {} as Effectful } }).createMachine({
    id: 'speaker',
    context: {
      effects: words.map(
        (word): Effect => ({ type: 'send', to: 'b/listener', channel, message: { type: 'word', items: [word] } }),
      ),
    },
    entry: emitEffects as never, // its type fits every chart but the one that has no events
  });

const heard = (view: View): string => view.context<ListenerContext>('b/listener').heard.join(' ');

/** What the listener can have heard when nothing more happens, and never hears. */
function hearings(channel: 'fifo' | 'unordered', more: Partial<Configuration>, ...words: string[]): string[] {
  const all = new Set<string>();
  const configuration: Configuration = {
    name: 'speaker and listener',
    actors: [
      { address: 'a/speaker', machine: speaker(channel, ...words), input: () => undefined },
      { address: 'b/listener', machine: listener, input: () => undefined },
    ],
    properties: [always('noted', (view) => view.network().length > 0 || all.add(heard(view)).size > 0)],
    ...more,
  };
  expect(explore(configuration)).toMatchObject({ complete: true, violations: [] });
  return [...all].sort();
}

interface GrayState {
  readonly tm: string;
  /** Of each resource manager: its state, whether it has said that it is prepared, and whether the manager knows. */
  readonly all: readonly string[];
}

/** All states of two-phase commit, found by the actions as the paper has them and by nothing of the explorer's. */
function gray(rms: number): GrayState[] {
  const found = new Map<string, GrayState>();
  const waiting: GrayState[] = [{ tm: 'init', all: Array.from({ length: rms }, () => 'working - -') }];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    const name = `${state.tm} ${state.all.join()}`;
    if (found.has(name)) continue;
    found.set(name, state);
    const { tm, all } = state;
    if (tm === 'init') waiting.push({ tm: 'aborted', all });
    if (tm === 'init' && all.every((rm) => rm.endsWith('known'))) waiting.push({ tm: 'committed', all });
    all.forEach((rm, i) => {
      const [at = '', said = '', known = ''] = rm.split(' ');
      const becomes = (...next: string[]) => waiting.push({ tm, all: all.with(i, next.join(' ')) });
      if (at === 'working') becomes('prepared', 'said', known);
      if (at === 'working') becomes('aborted', said, known);
      if (tm === 'init' && said === 'said') becomes(at, said, 'known');
      if (tm !== 'init') becomes(tm, said, known);
    });
  }
  return [...found.values()];
}

describe('two-phase commit', () => {
  test.each([
    [1, 12],
    [2, 56],
    [3, 288],
    [4, 1568],
    [5, 8832],
    [6, 50816],
  ])('%i resource managers have %i states, and all are consistent', (rms, states) => {
    const explored = explore(twoPhaseCommit({ rms }), { symmetry: false });
    expect(explored).toMatchObject({ states, complete: true, why: null, violations: [] });
    expect(verdicts(explored)).toEqual({ consistent: 'holds', 'all commit': 'holds', 'all abort': 'holds' });
  });

  test('with symmetry there is one state for each class, and depth first comes to the same', () => {
    for (const rms of [2, 3, 4]) {
      const classes = new Set(gray(rms).map(({ tm, all }) => `${tm} ${all.toSorted().join()}`)).size;
      expect(explore(twoPhaseCommit({ rms }))).toMatchObject({ states: classes, complete: true, violations: [] });
      expect(explore(twoPhaseCommit({ rms }), { search: 'dfs' })).toMatchObject({ states: classes, complete: true });
    }
    expect(gray(4)).toHaveLength(1568);
    expect(explore(twoPhaseCommit({ rms: 4 }), { symmetry: false, search: 'dfs' })).toMatchObject({ states: 1568 });
  });

  test('a transaction manager that does not wait for all is found, by a shortest way, told in words', () => {
    const whole = twoPhaseCommit({ rms: 2 });
    const [manager, ...others] = whole.actors;
    if (manager === undefined) throw new Error('no transaction manager');
    const machine = manager.machine.provide({ guards: { allHavePrepared: () => true } } as never); // of any machine
    const explored = explore({ ...whole, actors: [{ ...manager, machine }, ...others] }, { symmetry: false });
    expect(explored).toMatchObject({ complete: false, why: 'it ended with the first violation' });
    expect(verdicts(explored).consistent).toBe('violated');
    expect(actions(explored).toSorted()).toEqual([
      expect.stringMatching(/^rm-\d\/rm gets commit from tm\/tm$/),
      expect.stringMatching(/^rm-\d\/rm is given refuse$/),
      'tm/tm is given decide commit',
    ]);
    const [violation] = explored.violations;
    expect(violation?.way.flatMap(({ changes }) => changes)).toContain('tm/tm: waiting → committed');
    expect(violation?.way.flatMap(({ trace }) => trace.map(({ kind }) => kind)).toSorted()).toEqual([
      'received',
      'sent',
      'sent',
      'transition',
      'transition',
      'transition',
    ]);
    expect(violation?.way.map(({ number }) => number)).toEqual([1, 2, 3]);
  });
});

describe('ping-pong', () => {
  test('over a network that loses and repeats there are 4094 states', () => {
    expect(explore(pingPong())).toMatchObject({ states: 4094, complete: true, violations: [] });
  });

  test('over a network that does neither there are 11', () => {
    expect(explore(pingPong({ rough: 0 }))).toMatchObject({ states: 11, transitions: 10, depth: 10, complete: true });
  });
});

describe('the network', () => {
  test('fifo messages keep their order, unordered ones come in any', () => {
    expect(hearings('fifo', {}, 'a', 'b', 'c')).toEqual(['a b c']);
    expect(hearings('unordered', {}, 'a', 'b', 'c')).toHaveLength(6);
    expect(hearings('fifo', { network: { ordered: false } }, 'a', 'b')).toEqual(['a b', 'b a']);
    expect(hearings('unordered', { network: { ordered: true } }, 'a', 'b')).toEqual(['a b']);
  });

  test('loses what it may, within the budget', () => {
    expect(hearings('fifo', { network: { loses: true } }, 'a', 'b')).toEqual(['', 'a', 'a b', 'b']);
    expect(hearings('fifo', { network: { loses: true }, faults: { losses: 1 } }, 'a', 'b')).toEqual(['a', 'a b', 'b']);
  });

  test('repeats what it may, within the budget, and only messages of that channel', () => {
    const network = (message: { message: { items: readonly unknown[] } }) => ({
      duplicates: message.message.items[0] === 'a',
    });
    expect(hearings('fifo', { network, faults: { duplicates: 1 } }, 'a', 'b')).toEqual(['a a b', 'a b']);
    expect(hearings('unordered', { network, faults: { duplicates: 1 } }, 'a', 'b')).toEqual([
      'a a b',
      'a b',
      'a b a',
      'b a',
      'b a a',
    ]);
  });

  test('equal messages are as many as were sent, or as few as set', () => {
    expect(hearings('unordered', {}, 'a', 'a', 'a')).toEqual(['a a a']);
    expect(hearings('unordered', { network: { copies: 2 } }, 'a', 'a', 'a')).toEqual(['a a']);
    expect(hearings('fifo', { network: { copies: 1 } }, 'a', 'b', 'a')).toEqual(['a b']);
  });

  test('what a crashed node had sent may arrive or not; what is bound for one is gone', () => {
    const faults = { crashes: { nodes: ['a'], times: 1 } };
    expect(hearings('unordered', { faults }, 'a', 'b')).toEqual(['', 'a', 'a b', 'b', 'b a']);
    expect(hearings('fifo', { faults: { crashes: { nodes: ['b'], times: 1 } } }, 'a', 'b')).toEqual(['', 'a', 'a b']);
  });

  test('a node that comes back has fresh actors, and says its words anew', () => {
    const faults = { crashes: { nodes: ['a'], times: 1 }, recoveries: 1 };
    expect(hearings('unordered', { faults }, 'a')).toEqual(['', 'a', 'a a']);
  });
});

describe('properties', () => {
  /** Goes on by one at each timer, as far as 3. */
  const ticking = createMachine({
    id: 'ticking',
    context: { ticks: 0 },
    initial: 'on',
    states: {
      on: {
        after: {
          10: [
            {
              guard: ({ context }) => context.ticks < 2,
              target: 'on',
              reenter: true,
              actions: assign({ ticks: ({ context }) => context.ticks + 1 }),
            },
            { target: 'off' },
          ],
        },
      },
      off: {},
    },
  });
  const ticks = (more: Partial<Configuration>): Configuration => ({
    name: 'ticks',
    actors: [{ address: 'a/clock', machine: ticking, input: () => undefined }],
    properties: [eventually('off', (view) => view.state('a/clock') === 'off')],
    ...more,
  });

  test('timers fire as often as they may', () => {
    expect(explore(ticks({ faults: { timeouts: Number.POSITIVE_INFINITY } }))).toMatchObject({
      states: 4,
      complete: true,
      violations: [],
    });
    const explored = explore(ticks({ faults: { timeouts: 2 } }));
    expect(explored.violations).toMatchObject([{ property: 'off', why: 'it has not held when nothing more happens' }]);
    // Where no more timers need fire, a way may end.
    expect(actions(explored)).toEqual([]);
    expect(explore(ticks({})).violations).toHaveLength(1);
  });

  test('a goal that no state reaches is a violation; one that is reached has its way', () => {
    const explored = explore(
      ticks({
        faults: { timeouts: Number.POSITIVE_INFINITY },
        properties: [
          sometimes('twice', (view) => view.context<{ ticks: number }>('a/clock').ticks === 2),
          sometimes('thrice', (view) => view.context<{ ticks: number }>('a/clock').ticks === 3),
        ],
      }),
    );
    expect(verdicts(explored)).toEqual({ twice: 'holds', thrice: 'violated' });
    expect(explored.properties[0]?.way?.map(({ action }) => action)).toEqual(
      Array(2).fill('a timer of a fires: 10.ticking.on'),
    );
    expect(explored.violations).toEqual([{ property: 'thrice', why: 'it holds in no state', way: [] }]);
  });

  test('each violated property has its own sentence when the search goes on', () => {
    const properties = [
      always('never b', (view) => !heard(view).includes('b') || `it heard ${heard(view)}`),
      always('never a', (view) => !heard(view).includes('a')),
    ];
    const configuration: Configuration = {
      name: 'two words',
      actors: [
        { address: 'a/speaker', machine: speaker('fifo', 'a', 'b'), input: () => undefined },
        { address: 'b/listener', machine: listener, input: () => undefined },
      ],
      properties,
    };
    const explored = explore(configuration, { stopAtViolation: false });
    expect(explored).toMatchObject({ complete: true, states: 3 });
    expect(explored.violations.map(({ property, why, way }) => [property, why, way.length])).toEqual([
      ['never a', 'it does not hold', 1],
      ['never b', 'it heard a b', 2],
    ]);
    expect(explored.coverage).toContainEqual({ machine: 'listener', states: [''], unreached: [], steps: [' word'] });
  });

  test('states outside of the boundary are not there, and a way that leads out has no end', () => {
    const explored = explore(
      ticks({
        faults: { timeouts: Number.POSITIVE_INFINITY },
        boundary: (view) => view.context<{ ticks: number }>('a/clock').ticks < 2,
      }),
    );
    expect(explored).toMatchObject({ states: 2, complete: true });
  });

  test('observers see calls, answers, deliveries and phases, and what leaves', () => {
    const seen: Observer<readonly string[]> = {
      name: 'seen',
      initial: [],
      observe: (before, { type }: Observation) => [...before, type],
    };
    const send: Effect[] = [
      { type: 'reply', answers: [] },
      { type: 'deliver', group: 'g' as never, deliveries: [] },
      { type: 'phase', phase: 'EX', requests: [] },
      { type: 'send', to: 'nobody/here', channel: 'fifo', message: { type: 'word', items: [] } },
    ];
    const machine = setup({ types: { context: {} as Effectful, events: {} as { type: 'go' } } }).createMachine({
      context: { effects: send },
      on: { go: { actions: emitEffects } },
    });
    const explored = explore({
      name: 'seen',
      actors: [{ address: 'a/one', machine, input: () => undefined }],
      environment: [{ to: 'a/one', event: { type: 'go' } }],
      observers: [seen],
      properties: [
        sometimes(
          'all',
          (view) => view.observed<readonly string[]>('seen').join() === 'event,reply,deliver,phase,left',
        ),
      ],
    });
    expect(verdicts(explored)).toEqual({ all: 'holds' });
  });
});

describe('equal states are one', () => {
  test('whatever way a persistent map, or an object, was built', () => {
    interface Bag {
      readonly map: PersistentMap<number>;
      readonly object: Readonly<Record<string, number>>;
    }
    const machine = setup({ types: { context: {} as Bag, events: {} as { type: 'put'; key: string } } }).createMachine({
      context: { map: emptyMap(), object: {} },
      on: {
        put: {
          actions: assign(({ context: { map, object }, event: { key } }) => ({
            map: mapSet(map, key, 1),
            object: { ...object, [key]: 1 },
          })),
        },
      },
    });
    const keys = ['a', 'b', 'c', 'd'];
    const explored = explore({
      name: 'bag',
      actors: [{ address: 'a/bag', machine, input: () => undefined }],
      environment: keys.map((key) => ({ to: 'a/bag' as Address, event: { type: 'put', key } })),
      properties: [],
    });
    expect(explored).toMatchObject({ states: 2 ** keys.length, transitions: 32, complete: true });
  });
});

describe('what is refused', () => {
  const exploring =
    (machine: AnyStateMachine, type = 'go') =>
    () =>
      explore({
        name: 'refused',
        actors: [{ address: 'a/one', machine, input: () => undefined }],
        environment: [{ to: 'a/one', event: { type } }],
        properties: [],
      });
  const going = (actions: unknown): AnyStateMachine =>
    createMachine({ id: 'm', context: { n: 0, list: [] }, on: { go: { actions: actions as never } } }); // of any kind: that is the test

  test.each([
    [
      'invokes',
      createMachine({ id: 'm', initial: 's', states: { s: { invoke: { src: fromPromise(async () => 1) } } } }),
    ],
    ['no assign and no emit: a function', going(() => {})],
    ['no assign and no emit: xstate.spawnChild', going(spawnChild(fromPromise(async () => 1)))],
    ['no assign and no emit: xstate.log', going(log('x'))],
    ['no assign and no emit: "unknown"', going('unknown')],
    ['raises an event with a delay', going(raise({ type: 'x' }, { delay: 5 }))],
    ['asks Math.random', going(assign({ n: () => Math.random() }))],
    ['asks Date.now', going(assign({ n: () => Date.now() }))],
    ['asks new Date()', going(assign({ n: () => new Date().getDay() }))],
    ['no plain data: .n is a function', going(assign({ n: () => () => 1 }))],
    ['no plain data: .n is an instance of Date', going(assign({ n: () => new Date(0) }))],
    [
      'alters the context',
      going(
        assign(({ context }) => {
          context.list.push(1 as never);
          return {};
        }),
      ),
    ],
    [
      'comes to something else',
      going(
        assign({
          n: (() => {
            let calls = 0;
            return () => (calls += 1);
          })(),
        }),
      ),
    ],
  ])('MACHINE_IMPURE: %s', (why, machine) => {
    expect(exploring(machine)).toThrow(codes('MACHINE_IMPURE'));
    expect(exploring(machine)).toThrow(why);
    expect(Math.random.name).toBe('random');
  });

  test('other events may be emitted: nobody listens', () => {
    expect(exploring(going(emit({ type: 'other' })))()).toMatchObject({ states: 2, complete: true });
  });

  test('an actor that throws is a violation, with the way there', () => {
    const machine = going(
      assign({
        n: ({ context }) => {
          if (context.n === 1) throw new Error('no more');
          return context.n + 1;
        },
      }),
    );
    const explored = explore({
      name: 'throws',
      actors: [{ address: 'a/one', machine, input: () => undefined }],
      environment: [{ to: 'a/one', event: { type: 'go' }, times: 3 }],
      properties: [],
    });
    expect(explored.violations).toMatchObject([{ property: 'no actor throws', why: 'The actor a/one threw: no more' }]);
    expect(actions(explored)).toEqual(['a/one is given go', 'a/one is given go']);
  });

  test.each<[string, Partial<Configuration>]>([
    ['no actors', { actors: [] }],
    ['which is no actor', { environment: [{ to: 'b/one', event: { type: 'go' } }] }],
    ['no node "b" to crash', { faults: { crashes: { nodes: ['b'], times: 1 } } }],
    ['no number of faults', { faults: { losses: -1 } }],
    ['the same name', { properties: [always('x', () => true), sometimes('x', () => true)] }],
    ['other actors', { symmetry: [{ nodes: ['a', 'c'] }] }],
    ['not there', { symmetry: [{ nodes: ['a', 'b'] }] }],
    [
      'events from outside that tell',
      { symmetry: [{ nodes: ['a', 'd'] }], environment: [{ to: 'a/one', event: { type: 'go' } }] },
    ],
    ['nodes that may crash', { symmetry: [{ nodes: ['a', 'd'] }], faults: { crashes: { nodes: ['a'], times: 1 } } }],
    [
      'observers that tell',
      {
        symmetry: [{ nodes: ['a', 'd'] }],
        observers: [{ name: 'of a', initial: 0, observe: (value: number) => value }],
      },
    ],
  ])('SETTINGS_INVALID: %s', (why, more) => {
    const machine = going([]);
    const actors = [
      { address: 'a/one' as Address, machine, input: () => undefined },
      { address: 'c/two' as Address, machine, input: () => undefined },
      { address: 'd/one' as Address, machine, input: () => undefined },
    ];
    const run = () => explore({ name: 'wrong', actors, properties: [], ...more });
    expect(run).toThrow(codes('SETTINGS_INVALID'));
    expect(run).toThrow(why);
  });

  test('SETTINGS_INVALID: a symmetry of more nodes than can be renamed, or of a network that tells them apart', () => {
    expect(() => explore(twoPhaseCommit({ rms: 13 }))).toThrow(/6227020800 ways to rename its nodes/);
    const network = ({ from }: { from: string }) => ({ loses: from === 'rm-1/rm' });
    expect(() => explore({ ...twoPhaseCommit({ rms: 2 }), network })).toThrow(/a network that tells its nodes apart/);
  });

  test('SETTINGS_INVALID: a symmetry that a machine does not keep', () => {
    const machine = createMachine({
      types: {} as { context: { self: string; n: number }; input: { self: string } },
      context: ({ input }) => ({ ...input, n: 0 }),
      on: { go: { actions: assign({ n: ({ context }) => (context.self === 'a' ? 1 : 2) }) } },
    });
    const run = () =>
      explore({
        name: 'unequal',
        actors: ['a', 'b'].map((self) => ({ address: `${self}/one`, machine, input: () => ({ self }) })),
        environment: ['a', 'b'].map((self) => ({ to: `${self}/one` as Address, event: { type: 'go' } })),
        properties: [],
        symmetry: [{ nodes: ['a', 'b'] }],
      });
    expect(run).toThrow(codes('SETTINGS_INVALID'));
    expect(run).toThrow(/a step of [ab] that is another when a is called b and b is called a: what it makes of go/);
  });
});

describe('limits', () => {
  test('of states, of time and of memory: it ends, says why, and what it has not decided is unknown', () => {
    const limited = (limit: object): Explored => explore(twoPhaseCommit({ rms: 6 }), { symmetry: false, limit });
    const few = limited({ states: 1000 });
    expect(few).toMatchObject({ complete: false, why: 'the limit of 1000 states was reached', violations: [] });
    expect(few.states).toBeLessThan(1100);
    expect(verdicts(few)).toEqual({ consistent: 'unknown', 'all commit': 'unknown', 'all abort': 'unknown' });
    expect(limited({ milliseconds: 1 }).why).toBe('the limit of 1 ms was reached');
    const small = limited({ bytes: 2 ** 20 });
    expect(small.why).toBe('the limit of 1048576 bytes was reached');
    expect(small.states).toBeGreaterThan(500);
  });

  test('whoever runs it in slices may stop at any time', () => {
    const exploration = new Exploration(twoPhaseCommit({ rms: 6 }), { symmetry: false });
    expect(exploration.slice()).toBe(true);
    const { states, waiting, bytes } = exploration.progress;
    expect([states > 256, waiting > 0, bytes > 0]).toEqual([true, true, true]);
    expect(exploration.result()).toMatchObject({ complete: false, why: 'it was interrupted', states });
    while (exploration.slice());
    expect(exploration.result()).toMatchObject({ complete: true, why: null, states: 50816 });
  });
});
