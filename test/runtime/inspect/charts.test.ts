import { expect, describe as group, test } from '@jest/globals';
import elkjs from 'elkjs/lib/elk.bundled.js';
import { type AnyStateMachine, assign, emit, raise, setup } from 'xstate';
import { statesOf, transitionsOf } from '../../../runtime/coverage/chart.js';
import { ChartCoverage } from '../../../runtime/coverage/coverage.js';
import { activeStates } from '../../../runtime/inspect/charts/active.js';
import { describe, type StateDescription } from '../../../runtime/inspect/charts/describe.js';
import { allBoxes, flaws } from '../../../runtime/inspect/charts/geometry.js';
import { type ChartLayout, layout } from '../../../runtime/inspect/charts/layout.js';
import type { Measure } from '../../../runtime/inspect/charts/text.js';
import { everyMachine } from '../../machines/every.js';

/** One of each chart. */
const machines: readonly AnyStateMachine[] = [
  ...new Map(everyMachine().map((machine) => [machine.id, machine])).values(),
];
const chartOf = (id: string) => {
  const machine = machines.find((each) => each.id === id);
  if (machine === undefined) throw new Error(`there is no machine ${id}`);
  return describe(machine);
};
const statesBelow = (state: StateDescription): StateDescription[] => [state, ...state.states.flatMap(statesBelow)];

group('descriptions', () => {
  test.each(machines.map((machine) => [machine.id, machine] as const))(
    '%s: by the names of the coverage report',
    (_, machine) => {
      const { chart, root, transitions } = describe(machine);
      expect(chart).toBe(machine.id);
      expect(transitions.map(({ name }) => name)).toEqual(transitionsOf(machine).map(({ name }) => name));
      const states = statesBelow(root).filter(({ kind, name }) => kind !== 'history' && name !== '');
      expect(states.map(({ name }) => name)).toEqual(statesOf(machine).map(({ name }) => name));
      const names = new Set(statesBelow(root).map(({ name }) => name));
      for (const { from, to } of transitions) for (const name of [from, ...to]) expect(names).toContain(name);
      for (const { initial } of states) if (initial !== null) expect(names).toContain(initial);
      const words = [
        ...states.flatMap(({ entry, exit }) => [...entry, ...exit]),
        ...transitions.flatMap(({ actions }) => actions),
      ];
      for (const word of words) expect(word).toMatch(/^[a-z][A-Za-z]+$/);
    },
  );

  // What a chart says where there is no name.
  const anonymous = new Set(['assign', 'raise', 'action', 'guard', 'guarded']);

  test.each(machines.map((machine) => [machine.id, machine] as const))('%s: its rules have names', (_, machine) => {
    const { root, transitions } = describe(machine);
    const words = [
      ...statesBelow(root).flatMap(({ entry, exit }) => [...entry, ...exit]),
      ...transitions.flatMap(({ guard, actions }) => (guard === null ? actions : [guard, ...actions])),
    ];
    expect(words.filter((word) => anonymous.has(word))).toEqual([]);
  });

  test('actions have the names of their rules, delays those of the setup', () => {
    const { root, transitions } = chartOf('passive replica manager');
    expect(transitions.find(({ name }) => name === 'primary --requests--> (same state)')).toEqual({
      name: 'primary --requests--> (same state)',
      from: 'primary',
      to: [],
      trigger: 'requests',
      guard: null,
      actions: ['arrive', 'emit'],
    });
    expect(transitions.filter(({ from }) => from === 'primary.responding')).toMatchObject([
      { guard: 'moreHasArrived', to: ['primary.ordering'], actions: ['respond', 'emit'] },
      { guard: null, to: ['primary.idle'], actions: ['respond', 'emit'] },
    ]);
    const agreeing = statesBelow(root).find(({ name }) => name === 'primary.agreeing');
    expect(agreeing).toMatchObject({
      kind: 'compound',
      label: 'agreeing',
      tags: ['AC'],
      initial: 'primary.agreeing.multicasting',
    });
    expect(chartOf('passive front end').root.entry).toEqual(['lookUp', 'emitEffects']);
    expect(chartOf('local front end').transitions.map(({ trigger }) => trigger)).toContain('after retryAfter');
  });

  const everything = () =>
    setup({
      types: {} as { context: { n: number }; events: { type: 'go' | 'back' }; emitted: { type: 'gone' } },
      actions: { named: () => {} },
      delays: { aWhile: 5 },
    }).createMachine({
      id: 'everything',
      context: { n: 0 },
      type: 'parallel',
      entry: ['named', assign(({ context }) => twice(context))],
      exit: emit({ type: 'gone' }),
      states: {
        left: {
          initial: 'a',
          states: {
            a: {
              after: { aWhile: 'b', 100: { actions: raise({ type: 'go' }) } },
              on: { go: [{ guard: () => true, target: 'end' }] },
            },
            b: { tags: 'late', on: { back: 'past', go: { actions: assign({ n: 1 }) } } },
            end: { type: 'final' },
            past: { type: 'history' },
          },
          onDone: { target: '#everything.right' },
        },
        right: {},
      },
    });
  const twice = ({ n }: { n: number }) => ({ n: 2 * n });

  test('of a chart with everything that there can be', () => {
    const machine = everything();
    const { root, transitions } = describe(machine);
    expect(root).toMatchObject({
      name: '',
      label: 'everything',
      kind: 'parallel',
      initial: null,
      entry: ['named', 'twice'],
      exit: ['emit gone'],
    });
    expect(statesBelow(root).map(({ name, kind }) => [name, kind])).toEqual([
      ['', 'parallel'],
      ['left', 'compound'],
      ['left.a', 'atomic'],
      ['left.b', 'atomic'],
      ['left.end', 'final'],
      ['left.past', 'history'],
      ['right', 'atomic'],
    ]);
    const words = transitions.map(({ from, trigger, guard, actions, to }) => [
      from,
      trigger,
      guard,
      actions.join(),
      to.join(),
    ]);
    expect(words.sort()).toEqual([
      ['left', 'done', null, '', 'right'],
      ['left.a', 'after 100', null, 'raise go', ''],
      ['left.a', 'after aWhile', null, '', 'left.b'],
      ['left.a', 'go', 'guard', '', 'left.end'],
      ['left.b', 'back', null, '', 'left.past'],
      ['left.b', 'go', null, 'assign', ''],
    ]);
  });

  test('what counts for the coverage report is no part of the chart', () => {
    const [before, machine] = [describe(everything()), everything()];
    new ChartCoverage().watch(machine);
    expect(describe(machine)).toEqual(before);
  });
});

/** Wide letters, so that nothing fits by luck. */
const measure: Measure = (text, font) => text.length * { title: 8.8, text: 7.1, small: 6.3 }[font];
const elk = new elkjs.default();

group('layouts', () => {
  test.each(machines.map((machine) => [machine.id, machine] as const))(
    '%s: without overlap or cut text',
    async (_, machine) => {
      const chart = describe(machine);
      const laid = await layout(chart, measure, elk);
      expect(flaws(laid, measure)).toEqual([]);
      const boxes = allBoxes(laid.root);
      expect(boxes.map(({ name }) => name).sort()).toEqual(
        statesBelow(chart.root)
          .map(({ name }) => name)
          .sort(),
      );
      const shown = [...boxes.flatMap(({ rows }) => rows), ...laid.arrows.flatMap(({ transitions }) => transitions)];
      expect(shown.map(({ transition }) => transition).sort()).toEqual(
        chart.transitions.map(({ name }) => name).sort(),
      );
      expect(laid.beginnings.map(({ of }) => of).sort()).toEqual(
        statesBelow(chart.root)
          .flatMap(({ name, initial }) => (initial === null ? [] : [name]))
          .sort(),
      );
    },
  );

  test('the same description gives the same layout', async () => {
    const chart = chartOf('lease keeper');
    expect(await layout(chart, measure, elk)).toEqual(
      await layout(structuredClone(chart), measure, new elkjs.default()),
    );
  });

  test('the state that a chart begins with stands above the others', async () => {
    for (const id of ['active front end', 'failure detector', 'active member replica manager']) {
      const { root } = await layout(chartOf(id), measure, elk);
      const initial = chartOf(id).root.initial;
      const top = Math.min(...root.children.map(({ y }) => y));
      expect(root.children.find(({ name }) => name === initial)?.y).toBe(top);
    }
  });

  test('what is wrong with a layout is found', async () => {
    const good = await layout(chartOf('lease keeper'), measure, elk);
    const spoiled = (spoil: (copy: Spoilt) => void): string[] => {
      const copy = structuredClone(good) as Spoilt;
      spoil(copy);
      return flaws(copy, measure);
    };
    const box = (copy: Spoilt, name: string) => {
      const found = allBoxes(copy.root).find((each) => each.name === name);
      if (found === undefined) throw new Error(`there is no box of ${name}`);
      return found as Spoilt['root'];
    };
    expect(spoiled(() => {})).toEqual([]);
    expect(
      spoiled((copy) => Object.assign(box(copy, 'reigning.asking'), { x: box(copy, 'reigning.renewing').x })),
    ).toContain('reigning.asking lies on reigning.renewing');
    expect(spoiled((copy) => Object.assign(box(copy, 'reigning.asking'), { y: 0 }))).toContain(
      'reigning.asking sticks out of reigning',
    );
    expect(spoiled((copy) => Object.assign(box(copy, 'relying'), { width: 20 })).join()).toContain(
      'its name is cut by relying',
    );
    expect(spoiled(({ root }) => Object.assign(root.rows[0] ?? {}, { y: root.rows[1]?.y })).join()).toMatch(
      /lies on .* in the chart/,
    );
    expect(spoiled(({ arrows }) => Object.assign(arrows[0]?.label ?? {}, arrows[1]?.label)).join()).toMatch(
      /the words of .* lie on those of/,
    );
    expect(
      spoiled(({ arrows, root }) =>
        Object.assign(arrows[0]?.label ?? {}, { x: root.children[1]?.x, y: root.children[1]?.y }),
      ).join(),
    ).toMatch(/the words of .* lie on reigning/);
    expect(spoiled(({ arrows }) => Object.assign(arrows[0]?.points[0] ?? {}, { x: -50 })).join()).toMatch(
      /does not touch/,
    );
    expect(spoiled(({ arrows }) => Object.assign(arrows[0]?.transitions[0] ?? {}, { width: 9000 })).join()).toMatch(
      /cut by its label/,
    );
    expect(flaws(good, (text, font) => measure(text, font) * 2)).not.toEqual([]);
  });
});

/** A layout that can be spoilt. */
type Spoilt = { -readonly [Field in keyof ChartLayout]: ChartLayout[Field] };

group('active states', () => {
  const leaf = (name: string, ...states: StateDescription[]): StateDescription => ({
    name,
    label: name,
    kind: 'atomic',
    initial: null,
    tags: [],
    entry: [],
    exit: [],
    states,
  });
  const root = leaf(
    '',
    leaf('a'),
    leaf('p', leaf('p.x', leaf('p.x.1')), leaf('p.y', leaf('p.y.1'), leaf('p.y.2'))),
    leaf('y'),
  );

  test.each([
    ['a', ['a']],
    ['p.x.1,y.2', ['p', 'p.x', 'p.x.1', 'p.y', 'p.y.2']],
    ['a,y', ['a', 'y']],
    ['', []],
    ['elsewhere', []],
  ])('%s', (word, states) => {
    expect([...activeStates(root, word)].sort()).toEqual(states);
  });
});
