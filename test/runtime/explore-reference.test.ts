/**
 * The explorer against a second one, written as plainly as it can be: states are objects, a set of their texts says which
 * have been seen, and the rules of the network and of the faults are written out once more. Both must find as many states and
 * transitions in configurations drawn at random.
 */
import { describe, expect, test } from '@jest/globals';
import { always, type Channel, type Configuration, explore, type Travelling } from 'chorale/explore';
import fc from 'fast-check';
import { assign, setup } from 'xstate';
import type { Effect, Effectful, Incoming } from '../../machines/shared/effects.js';
import type { Address } from '../../machines/shared/identifiers.js';
import { emitEffects, noEffects } from '../../machines/shared/machine.js';

const RUNS = 60;
/** fast-check names the seed of a failure; `SEED=7 npm test -- explore-reference` draws from that one. */
const seed = Number(process.env.SEED ?? 1);

/** What the three nodes do: `a` says words to `b` and `c`, who pass on to each other what they have from `a`. */
const relay = setup({
  types: {
    context: {} as Effectful & { readonly self: string; readonly heard: readonly string[] },
    input: {} as { readonly self: string },
    events: {} as Incoming<'word', string> | { readonly type: 'say'; readonly to: string; readonly word: string },
  },
}).createMachine({
  id: 'relay',
  context: ({ input }) => ({ ...input, heard: [], effects: noEffects }),
  on: {
    say: { actions: [assign({ effects: ({ event: { to, word } }) => [wordTo(to, word)] }), emitEffects as never] }, // its events are other ones
    word: {
      actions: [
        assign({
          heard: ({ context, event }) => [...context.heard, ...event.items],
          effects: ({ context: { self }, event: { from, items } }) =>
            from === 'a/relay' ? [wordTo(self === 'b' ? 'c' : 'b', items[0] ?? '')] : [],
        }),
        emitEffects as never,
      ],
    },
  },
});

const wordTo = (to: string, word: string): Effect => ({
  type: 'send',
  to: `${to}/relay`,
  channel: 'unordered',
  message: { type: 'word', items: [word] },
});

interface Plan {
  /** What `a` says, each once, in any order. */
  readonly words: readonly { readonly to: 'b' | 'c'; readonly word: 'x' | 'y' }[];
  /** What the network may do with each of the two words. */
  readonly channels: Readonly<Record<'x' | 'y', Channel>>;
  readonly crashes: number;
  readonly losses: number;
  readonly duplicates: number;
}

const configurationOf = ({ words, channels, crashes, losses, duplicates }: Plan): Configuration => ({
  name: 'relays',
  actors: ['a', 'b', 'c'].map((self) => ({ address: `${self}/relay`, machine: relay, input: () => ({ self }) })),
  network: ({ message }: Travelling) => channels[message.items[0] as 'x' | 'y'],
  faults: { crashes: { nodes: ['a', 'b', 'c'], times: crashes }, losses, duplicates },
  environment: words.map((word) => ({ to: 'a/relay' as Address, event: { type: 'say', ...word } })),
  // Kept messages are passed on for ever.
  boundary: (view) => ['b', 'c'].every((node) => view.context<{ heard: string[] }>(`${node}/relay`).heard.length <= 3),
  properties: [always('true', () => true)],
});

const mirror = (node: string): string => (node === 'b' ? 'c' : node === 'c' ? 'b' : node);

interface Flying {
  readonly from: string;
  readonly to: string;
  readonly word: 'x' | 'y';
}

interface Plain {
  readonly heard: Readonly<Record<string, readonly string[]>>;
  readonly said: readonly boolean[];
  readonly crashed: readonly string[];
  readonly left: { readonly crashes: number; readonly losses: number; readonly duplicates: number };
  /** In the order in which they were sent. */
  readonly flying: readonly Flying[];
}

const same = (one: Flying) => (other: Flying) =>
  one.from === other.from && one.to === other.to && one.word === other.word;

function plainly(plan: Plan): { states: number; transitions: number; classes: number } {
  const { crashes, losses, duplicates } = plan;
  const ordered = ({ word }: Flying): boolean =>
    plan.channels[word].ordered === true && plan.channels[word].kept !== true;
  const way = ({ from, to }: Flying): string => `${from} ${to}`;
  const text = ({ flying, ...rest }: Plain): string => {
    const free = flying.filter((one) => !ordered(one)).map((one) => `${way(one)} ${one.word}`);
    const waiting = flying.filter(ordered);
    const queues = [...new Set(waiting.map(way))].map((pair) => {
      const words = waiting.filter((one) => way(one) === pair).map(({ word }) => word);
      return `${pair}: ${words.join()}`;
    });
    return JSON.stringify([rest, free.sort(), queues.sort()]);
  };
  /** The lesser of the two texts of a state and of its mirror image, in which `b` and `c` have changed places. */
  const classOf = (state: Plain): string => {
    const mirrored: Plain = {
      heard: { b: state.heard.c ?? [], c: state.heard.b ?? [] },
      said: state.said.map((_, i) => state.said[i ^ 1] ?? false),
      crashed: state.crashed.map(mirror).sort(),
      left: state.left,
      flying: state.flying.map(({ from, to, word }) => ({ from: mirror(from), to: mirror(to), word })),
    };
    const [least = ''] = [text(state), text(mirrored)].sort();
    return least;
  };
  const send = (state: Plain, message: Flying): Plain => {
    const { kept, copies = Number.POSITIVE_INFINITY } = plan.channels[message.word];
    const equal = state.flying.filter(same(message)).length;
    if (state.crashed.includes(message.to) || equal >= (kept ? 1 : copies)) return state;
    return { ...state, flying: [...state.flying, message] };
  };
  const take = (state: Plain, { from, to, word }: Flying): Plain => {
    const heard = { ...state.heard, [to]: [...(state.heard[to] ?? []), word] };
    return from === 'a'
      ? send({ ...state, heard }, { from: to, to: to === 'b' ? 'c' : 'b', word })
      : { ...state, heard };
  };
  const without = (state: Plain, message: Flying): Plain => ({
    ...state,
    flying: state.flying.filter((one) => one !== message),
  });
  const successors = (state: Plain): Plain[] => {
    const all: Plain[] = [];
    state.flying.forEach((message, i) => {
      const before = state.flying.slice(0, i);
      const blocked = ordered(message)
        ? before.some((one) => ordered(one) && way(one) === way(message))
        : before.some((one) => !ordered(one) && same(message)(one));
      if (blocked) return;
      const { kept, loses, duplicates: repeats } = plan.channels[message.word];
      all.push(take(kept ? state : without(state, message), message));
      const { left } = state;
      if (repeats && !kept && left.duplicates > 0)
        all.push(take({ ...state, left: { ...left, duplicates: left.duplicates - 1 } }, message));
      if (state.crashed.includes(message.from)) all.push(without(state, message));
      else if (loses && left.losses > 0)
        all.push({ ...without(state, message), left: { ...left, losses: left.losses - 1 } });
    });
    plan.words.forEach(({ to, word }, i) => {
      if (!state.said[i] && !state.crashed.includes('a'))
        all.push(send({ ...state, said: state.said.with(i, true) }, { from: 'a', to, word }));
    });
    for (const node of ['a', 'b', 'c'])
      if (!state.crashed.includes(node) && state.left.crashes > 0)
        all.push({
          ...state,
          crashed: [...state.crashed, node].sort(),
          left: { ...state.left, crashes: state.left.crashes - 1 },
          flying: state.flying.filter(({ to }) => to !== node),
        });
    return all.filter(({ heard }) => Object.values(heard).every((list) => list.length <= 3));
  };
  const first: Plain = {
    heard: { b: [], c: [] },
    said: plan.words.map(() => false),
    crashed: [],
    left: { crashes, losses, duplicates },
    flying: [],
  };
  const seen = new Set([text(first)]);
  const classes = new Set([classOf(first)]);
  const waiting = [first];
  let transitions = 0;
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    for (const next of successors(state)) {
      const name = text(next);
      if (name === text(state)) continue;
      transitions += 1;
      if (seen.has(name)) continue;
      seen.add(name);
      classes.add(classOf(next));
      waiting.push(next);
    }
  }
  return { states: seen.size, transitions, classes: classes.size };
}

const flag = fc.boolean();
const channel = fc.record(
  { ordered: flag, loses: flag, duplicates: flag, kept: flag, copies: fc.integer({ min: 1, max: 2 }) },
  { requiredKeys: [] },
);
const word = fc.constantFrom('x' as const, 'y' as const);
const rest = {
  channels: fc.record({ x: channel, y: channel }),
  crashes: fc.integer({ min: 0, max: 2 }),
  losses: fc.integer({ min: 0, max: 2 }),
  duplicates: fc.integer({ min: 0, max: 1 }),
};

describe('the explorer and a plain one', () => {
  test('find the same states and transitions in every configuration', () => {
    const words = fc.array(fc.record({ to: fc.constantFrom('b' as const, 'c' as const), word }), {
      minLength: 1,
      maxLength: 3,
    });
    let largest = 0;
    fc.assert(
      fc.property(fc.record({ words, ...rest }), (drawn) => {
        const { states, transitions, complete } = explore(configurationOf(drawn));
        const plain = plainly(drawn);
        largest = Math.max(largest, states);
        expect({ states, transitions, complete }).toEqual({
          states: plain.states,
          transitions: plain.transitions,
          complete: true,
        });
      }),
      { seed, numRuns: RUNS },
    );
    expect(largest).toBeGreaterThan(1000);
  });

  test('find the same classes of states where two nodes can stand in for each other', () => {
    const words = fc
      .array(word, { minLength: 1, maxLength: 2 })
      .map((all) => all.flatMap((one) => (['b', 'c'] as const).map((to) => ({ to, word: one }))));
    fc.assert(
      fc.property(fc.record({ words, ...rest }), (drawn) => {
        const symmetry = [{ nodes: ['b', 'c'] }];
        const { states, complete } = explore({ ...configurationOf(drawn), symmetry });
        expect({ states, complete }).toEqual({ states: plainly(drawn).classes, complete: true });
      }),
      { seed, numRuns: RUNS / 4 },
    );
  });
});
