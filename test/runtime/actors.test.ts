import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { assign, createActor, createMachine, type InspectionEvent, setup } from 'xstate';
import type { Effect, EffectsEmitted, Incoming } from '../../machines/shared/effects.js';
import { address, groupName, nodeId, requestId, senderId, sessionId } from '../../machines/shared/identifiers.js';
import { emitEffects } from '../../machines/shared/machine.js';
import { anything } from '../../machines/shared/shapes.js';
import { codec } from '../../runtime/actors/codec.js';
import { Node } from '../../runtime/actors/node.js';
import type { NodeHooks } from '../../runtime/actors/node-settings.js';
import { VirtualClock } from '../../runtime/clock/virtual.js';
import type { ChoraleError } from '../../runtime/errors.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import { memoryNetwork } from '../../runtime/transport/memory.js';
import { heardBy, peer } from './peer-machine.js';
import { RoughNetwork, randomFrom, say, to } from './rough-network.js';

const here = nodeId('here');
const accounts = groupName('accounts');
const alice = sessionId('alice');

interface Script extends Incoming<'do', Effect> {}
interface Context {
  readonly log: readonly (readonly [type: string, items: readonly unknown[], from: string])[];
  readonly effects: readonly Effect[];
}

const heard = ({ context, event }: { context: Context; event: Incoming }): Partial<Context> => ({
  log: [...context.log, [event.type, event.items, event.from]],
  effects: [],
});
const fail = () => {
  throw new Error('told to fail');
};

/** Does as it is told, logs the rest, has two states and a timer. */
const puppet = setup({
  types: {
    context: {} as Context,
    input: {} as { effects?: readonly Effect[] },
    events: {} as
      | Script
      | Incoming<'hear' | 'multicast' | 'delivered' | 'gone' | 'fail' | 'failAfter' | 'flip' | 'wait' | 'finish'>,
    emitted: {} as EffectsEmitted,
  },
}).createMachine({
  context: ({ input }) => ({ log: [], effects: input?.effects ?? [] }),
  initial: 'up',
  entry: emitEffects,
  on: {
    do: { actions: [assign(({ event }) => ({ effects: event.items })), emitEffects] },
    hear: { actions: assign(heard) },
    multicast: { actions: assign(heard) },
    delivered: { actions: assign(heard) },
    gone: { actions: assign(heard) },
    fail: { actions: assign(fail) },
    failAfter: {
      actions: [assign({ effects: [{ type: 'reply', answers: [] }] }), emitEffects, assign(fail)],
    },
  },
  states: {
    up: { on: { flip: 'down', wait: 'waiting', finish: 'finished' } },
    down: { initial: 'deep', on: { flip: 'up' }, states: { deep: {} } },
    waiting: {
      after: {
        10: {
          target: 'up',
          actions: [assign({ effects: [{ type: 'phase', phase: 'EX', requests: [] }] }), emitEffects],
        },
      },
    },
    finished: { type: 'final' },
  },
});

const event = (type: string, items: readonly unknown[] = []): Incoming => ({ type, from: 'here/test', items });
const doing = (...effects: readonly Effect[]): Incoming => event('do', effects);
const sending = (to: `${string}/${string}`, item: unknown, type = 'hear'): Effect => ({
  type: 'send',
  to,
  channel: 'fifo',
  message: { type, items: [item] },
});

function stage(
  settings: Partial<ConstructorParameters<typeof Node>[0]> = {},
  names: readonly string[] = ['one', 'two'],
) {
  const clock = new VirtualClock();
  const node = new Node({ id: here, incarnation: 1, clock, transport: memoryNetwork({ clock }), ...settings });
  for (const name of names) node.host(name, puppet, () => ({}), { shapes: { hear: anything } });
  const log = (name: string) => (node.snapshotOf(name).context as Context).log;
  return { clock, node, log };
}

// What XState cannot give to an observer it throws from a timer: nothing of the kind may happen.
const thrown: unknown[] = [];
const onThrown = (error: unknown) => thrown.push(error);
beforeEach(() => {
  thrown.length = 0;
  process.on('uncaughtException', onThrown);
});
afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  process.off('uncaughtException', onThrown);
  expect(thrown).toEqual([]);
});

describe('one node', () => {
  test('one event is handled after another, each to its end, in the order in which they were sent', () => {
    const order: string[] = [];
    const { node, log } = stage({
      hooks: {
        transition: (actor, type) => order.push(`${actor} ${type}`),
        reply: () => {
          node.tell('one', event('hear', ['told in a hook']));
          order.push('reply');
        },
      },
    });
    node.tell(
      'one',
      doing(sending('here/two', 1), { type: 'reply', answers: [] }, sending('here/one', 2), sending('here/two', 3)),
    );
    expect(order).toEqual(['one do', 'reply', 'two hear', 'one hear', 'one hear', 'two hear']);
    expect(log('two')).toEqual([
      ['hear', [1], 'here/one'],
      ['hear', [3], 'here/one'],
    ]);
    expect(log('one')).toEqual([
      ['hear', ['told in a hook'], 'here/test'],
      ['hear', [2], 'here/one'],
    ]);
  });

  test('items between siblings are handed over as they are, without a copy', () => {
    const { node, log } = stage();
    const item = { a: () => 1 };
    node.tell('one', doing(sending('here/two', item)));
    expect(log('two')[0]?.[1][0]).toBe(item);
  });

  test('every effect goes where it should', () => {
    const calls: unknown[] = [];
    const note =
      (name: string) =>
      (...args: unknown[]) =>
        void calls.push([name, ...args]);
    const hooks: NodeHooks = { reply: note('reply'), phase: note('phase'), delivered: note('delivered') };
    const { node, log } = stage({ hooks }, ['one', 'rm']);
    node.host('group:accounts', puppet, () => ({}), { shapes: {}, deliverTo: 'rm' });
    const deliveries = [{ sender: senderId(here, 1), seq: 1, payload: 'x' }];
    const answers = [{ session: alice, seq: 1, outcome: { ok: true, value: 1 }, by: ['here'], version: 1 }] as const;
    node.tell('one', doing({ type: 'multicast', group: accounts, payloads: ['p', 'q'] }));
    node.tell('group:accounts', doing({ type: 'deliver', group: accounts, deliveries }));
    node.tell('one', doing({ type: 'reply', answers }));
    node.tell('one', doing({ type: 'phase', phase: 'SC', requests: [requestId(alice, 1)] }));
    node.tell('one', doing({ type: 'discard', event: 'odd', reason: 'does not fit', count: 3 }));
    expect(log('group:accounts')).toEqual([['multicast', ['p', 'q'], 'here/one']]);
    expect(log('rm')).toEqual([['delivered', deliveries, 'here/group:accounts']]);
    expect(calls).toEqual([
      ['delivered', accounts, 'rm', deliveries],
      ['reply', answers],
      ['phase', 'SC', ['alice#1']],
    ]);
    expect(node.counters).toEqual({ 'discarded.odd': 3 });
  });

  test('what an actor emits when it starts, and when its timer rings, is carried out too; time is the clock of the node', () => {
    const phases: number[] = [];
    const { clock, node, log } = stage({ hooks: { phase: () => phases.push(clock.now()) } });
    node.host('three', puppet, () => ({ effects: [sending('here/one', 'I am here')] }), { shapes: {} });
    expect(log('one')).toEqual([['hear', ['I am here'], 'here/three']]);
    node.tell('one', event('wait'));
    expect(node.snapshotOf('one').value).toBe('waiting');
    clock.advance(9);
    expect(phases).toEqual([]);
    clock.advance(1);
    expect([node.snapshotOf('one').value, phases]).toEqual(['up', [10]]);
  });

  test('what is for nobody, or of a type that its actor has not, is counted and never reaches XState', () => {
    const { node, log } = stage({}, ['one', 'two']);
    node.host('alone', puppet, () => ({}), { shapes: {}, deliverTo: 'nobody' });
    node.tell(
      'one',
      doing(sending('here/nobody', 1), sending('here/two', 1, 'unheard-of'), {
        type: 'multicast',
        group: groupName('unknown'),
        payloads: [1],
      }),
    );
    node.tell('alone', doing({ type: 'deliver', group: accounts, deliveries: [] }));
    expect(node.counters).toEqual({ 'rejected.actor': 3, 'rejected.type': 1 });
    expect(log('two')).toEqual([]);
    expect(() => node.tell('nobody', event('hear'))).toThrow(expect.objectContaining({ code: 'MESSAGE_UNKNOWN' }));
    expect(() => node.tell('one', event('unheard-of'))).toThrow(expect.objectContaining({ code: 'MESSAGE_UNKNOWN' }));
    expect(() => node.snapshotOf('nobody')).toThrow(expect.objectContaining({ code: 'MESSAGE_UNKNOWN' }));
    expect(() => node.host('one', puppet, () => ({}), { shapes: {} })).toThrow(
      expect.objectContaining({ code: 'SETTINGS_INVALID' }),
    );
    node.tell('one', event('finish'));
    node.tell('one', event('hear', [1, 2]));
    expect(node.counters['discarded.hear']).toBe(2);
  });

  test('a long rally of messages neither grows the queue nor the stack', () => {
    const rally = setup({
      types: {
        context: {} as { readonly other: `${string}/${string}`; readonly effects: readonly Effect[] },
        input: {} as { readonly other: `${string}/${string}` },
        events: {} as Incoming<'ball', number>,
        emitted: {} as EffectsEmitted,
      },
    }).createMachine({
      context: ({ input }) => ({ other: input.other, effects: [] }),
      on: {
        ball: {
          actions: [
            assign(({ context, event }) => {
              const [left = 0] = event.items;
              return { effects: left > 0 ? [sending(context.other, left - 1, 'ball')] : [] };
            }),
            emitEffects,
          ],
        },
      },
    });
    const { node } = stage({}, []);
    node.host('left', rally, () => ({ other: 'here/right' }), { shapes: {} });
    node.host('right', rally, () => ({ other: 'here/left' }), { shapes: {} });
    node.tell('left', event('ball', [20_000]));
    expect(node.idle).toBe(true);
    expect((node.snapshotOf('left').context as { effects: unknown[] }).effects).toEqual([]);
  });

  test("XState's own inspection is passed through", () => {
    const inspected: InspectionEvent[] = [];
    const { node } = stage({ inspect: (each) => inspected.push(each) }, ['one']);
    node.tell('one', event('flip'));
    const types = new Set(inspected.map(({ type }) => type));
    for (const type of ['@xstate.actor', '@xstate.event', '@xstate.snapshot', '@xstate.microstep'] as const) {
      expect(types).toContain(type);
    }
    expect(inspected.some((each) => each.type === '@xstate.event' && each.event.type === 'flip')).toBe(true);
    expect(inspected[0]?.actorRef).toMatchObject({ id: 'here/one' });
  });

  test('an observer sees the actors that it names, those that come later too, from now on and until it ends', () => {
    const seen: [id: unknown, type: string][] = [];
    const observer = (each: InspectionEvent) => {
      const type = each.type === '@xstate.event' ? each.event.type : each.type;
      if (/^(@xstate.actor|xstate|flip|hear)/.test(type)) seen.push(['id' in each.actorRef && each.actorRef.id, type]);
    };
    const { node } = stage({}, ['one', 'two']);
    node.tell('one', event('flip'));
    expect(seen).toEqual([]);
    const end = node.observe(['one', 'three'], observer);
    node.tell('one', event('flip'));
    node.tell('two', event('flip'));
    node.host('three', puppet, () => ({}), { shapes: {} });
    node.tell('three', event('hear'));
    const before = [
      ['here/one', '@xstate.actor'],
      ['here/one', 'flip'],
      ['here/three', '@xstate.actor'],
      ['here/three', 'xstate.init'],
      ['here/three', 'hear'],
    ];
    expect(seen).toEqual(before);
    end();
    node.host('four', puppet, () => ({}), { shapes: {} });
    for (const name of ['one', 'three', 'four']) node.tell(name, event('hear'));
    expect(seen).toEqual(before);
  });

  test('an observer of all sees every actor stop, and each new start of one that failed', () => {
    const seen: unknown[] = [];
    const { node } = stage({ onFailure: 'restart-actor' }, ['one', 'two']);
    node.observe('all', (each) => {
      if (each.type === '@xstate.actor') seen.push([each.type, 'id' in each.actorRef && each.actorRef.id]);
      if (each.type === '@xstate.snapshot' && 'status' in each.snapshot) seen.push(each.snapshot.status);
    });
    node.tell('one', event('fail'));
    expect(seen).toEqual([
      ['@xstate.actor', 'here/one'],
      ['@xstate.actor', 'here/two'],
      ['@xstate.actor', 'here/one'],
      'active',
    ]);
    seen.length = 0;
    node.close();
    expect(seen).toEqual(['stopped', 'stopped']);
  });
});

describe('supervision', () => {
  const watched = () => {
    const errors: ChoraleError[] = [];
    const crashes: unknown[] = [];
    const replies: unknown[] = [];
    const hooks: NodeHooks = {
      error: (error) => errors.push(error),
      crashed: (reason) => crashes.push(reason),
      reply: (answers) => replies.push(answers),
    };
    return { errors, crashes, replies, hooks };
  };

  test.each(['fail', 'failAfter'])(
    'a throw crashes the node, and nothing of its transition is carried out: %s',
    (how) => {
      const { crashes, replies, hooks } = watched();
      const { clock, node } = stage({ hooks });
      node.tell('two', event('wait'));
      node.tell('one', doing(sending('here/one', 0, how), sending('here/two', 1)));
      expect(crashes).toEqual([
        expect.objectContaining({
          code: 'ACTOR_FAILED',
          cause: new Error('told to fail'),
          details: { actor: 'here/one' },
        }),
      ]);
      expect(replies).toEqual([]);
      expect(() => node.snapshotOf('two')).toThrow();
      node.tell('two', event('hear'));
      while (clock.step());
      expect(crashes).toHaveLength(1);
      expect(node.idle).toBe(true);
    },
  );

  test('or restarts the actor with fresh input, and the others never notice', () => {
    const { errors, crashes, replies, hooks } = watched();
    const { clock, node, log } = stage({ hooks, onFailure: 'restart-actor' }, ['two']);
    let starts = 0;
    const input = () => ({ effects: [sending('here/two', `start ${++starts}`)] });
    node.host('one', puppet, input, { shapes: {} });
    node.tell('one', event('hear', ['before']));
    node.tell('one', event('wait'));
    node.tell(
      'one',
      doing(sending('here/one', 0, 'failAfter'), sending('here/one', 'after'), sending('here/two', 'too')),
    );
    expect(log('one')).toEqual([['hear', ['after'], 'here/one']]);
    expect(log('two').map(([, items]) => items[0])).toEqual(['start 1', 'too', 'start 2']);
    expect([replies, crashes]).toEqual([[], []]);
    expect(errors).toMatchObject([{ code: 'ACTOR_FAILED', details: { actor: 'here/one' } }]);
    expect(node.counters).toMatchObject({ 'actors.failed': 1, 'actors.restarted': 1 });
    // the timer of the one that failed rings no more
    while (clock.step());
    expect(node.snapshotOf('one').value).toBe('up');
  });

  test('a throw on a timer is seen as well', () => {
    const { crashes, hooks } = watched();
    const late = createMachine({ initial: 'a', states: { a: { after: { 5: { actions: assign(fail) } } } } });
    const { clock, node } = stage({ hooks }, []);
    node.host('late', late, () => ({}), { shapes: {} });
    clock.advance(5);
    expect(crashes).toMatchObject([{ code: 'ACTOR_FAILED' }]);
  });

  test.each(['crash-node', 'restart-actor'] as const)(
    'an actor that cannot start crashes the node (%s)',
    (onFailure) => {
      const { crashes, hooks } = watched();
      const { node } = stage({ hooks, onFailure }, []);
      node.host('one', puppet, fail, { shapes: {} });
      expect(crashes).toMatchObject([{ code: 'ACTOR_FAILED' }]);
      const broken = createMachine({ context: fail });
      const again = stage({ hooks, onFailure }, []).node;
      again.host('broken', broken, () => ({}), { shapes: {} });
      expect(crashes).toHaveLength(2);
    },
  );

  test('a crash in a phase drops the effects that come after it', () => {
    const { replies, crashes, hooks } = watched();
    const { node } = stage({ hooks: { ...hooks, phase: () => node.crash('fault') } });
    node.tell('one', doing({ type: 'phase', phase: 'EX', requests: [] }, { type: 'reply', answers: [] }));
    expect([replies, crashes]).toEqual([[], ['fault']]);
  });

  test('a hook that throws does its harm to its caller only', () => {
    let broken = true;
    const { node, log } = stage({
      hooks: {
        reply: () => {
          if (broken) throw new Error('hook');
        },
      },
    });
    expect(() => node.tell('one', doing(sending('here/two', 1), { type: 'reply', answers: [] }))).toThrow('hook');
    broken = false;
    node.tell('two', event('hear', [2]));
    expect(log('two').map(([, items]) => items[0])).toEqual([1, 2]);
  });
});

describe('messages from other nodes', () => {
  /** A node, and a way to hand it any bytes as if from `a`. */
  function target(hooks: NodeHooks = {}) {
    const network = new RoughNetwork(randomFrom(1));
    const real: Uint8Array[] = [];
    network.passes = (_, __, bytes) => real.push(bytes.slice()) > 0;
    const node = network.node('b', { hooks });
    const hand = (bytes: Uint8Array) => network.nodes.get(nodeId('b'))?.handlers.frame(nodeId('a'), bytes);
    const hear = (...messages: readonly unknown[]) => hand(frame({ messages }));
    const state = () => JSON.stringify([node.snapshotOf('peer').value, node.snapshotOf('peer').context]);
    return { network, node, hand, hear, state, real };
  }
  let seq = 0;
  beforeEach(() => {
    seq = 0;
  });
  const frame = (parts: { source?: unknown; destination?: unknown; incarnation?: unknown; messages?: unknown }) => {
    seq += 1;
    const { source = 'a', destination = 'b', incarnation = 1, messages = [] } = parts;
    return codec().encode([1, source, incarnation, destination, 1, seq, 0, [], messages]);
  };
  const good = ['peer', 'peer', 'hear', 0, 0, [1]];

  test.each<[string, unknown, string]>([
    ['an actor that is not there', ['nobody', 'peer', 'hear', 0, 0, [1]], 'rejected.actor'],
    ['a type that it has not', ['peer', 'peer', 'unheard-of', 0, 0, [1]], 'rejected.type'],
    [
      'a type that only its own node may send',
      ['peer', 'peer', 'gone', 0, 0, [{ node: 'c', incarnation: 1 }]],
      'rejected.type',
    ],
    ['a type that every object has', ['peer', 'peer', 'constructor', 0, 0, [1]], 'rejected.type'],
    ['an item of another shape', ['peer', 'peer', 'hear', 0, 0, [1, -1]], 'rejected.shape'],
    ['an item that its shape throws at', ['peer', 'peer', 'rumour', 0, 0, [null]], 'rejected.shape'],
  ])('CH-5: a message for %s is rejected, counted and logged; those beside it are not', (_, message, name) => {
    const errors: ChoraleError[] = [];
    const { node, hear } = target({ error: (error) => errors.push(error) });
    hear(message, good);
    expect(node.counters[name]).toBe(1);
    expect(errors).toMatchObject([{ code: name === 'rejected.shape' ? 'MESSAGE_MALFORMED' : 'MESSAGE_UNKNOWN' }]);
    expect(heardBy(node)).toEqual([{ from: 'a/peer', type: 'hear', item: 1 }]);
    expect(node.snapshotOf('peer').context).toMatchObject({ gone: [] });
  });

  test.each<[string, () => Uint8Array, string]>([
    ['of rubbish', () => Uint8Array.from([0xc1, 1, 2]), 'frames.malformed'],
    ['without bytes', () => new Uint8Array(0), 'frames.malformed'],
    ['that is no list', () => codec().encode({ version: 1 }), 'frames.malformed'],
    ['of another version', () => codec().encode([2, 'a', 1, 'b', 1, 1, 0, [], [good]]), 'frames.malformed'],
    ['with a number too few', () => codec().encode([1, 'a', 1, 'b', 1, 1, 0, []]), 'frames.malformed'],
    ['with a seq that is no count', () => codec().encode([1, 'a', 1, 'b', 1, 1.5, 0, [], [good]]), 'frames.malformed'],
    [
      'with a negative acknowledgement',
      () => codec().encode([1, 'a', 1, 'b', 1, 1, -1, [], [good]]),
      'frames.malformed',
    ],
    [
      'that acknowledges what was never sent',
      () => codec().encode([1, 'a', 1, 'b', 1, 1, 7, [], [good]]),
      'frames.malformed',
    ],
    [
      'that acknowledges it one by one',
      () => codec().encode([1, 'a', 1, 'b', 1, 1, 0, [5], [good]]),
      'frames.malformed',
    ],
    ['from another node than it says', () => frame({ source: 'c', messages: [good] }), 'frames.malformed'],
    ['for another node', () => frame({ destination: 'c', messages: [good] }), 'frames.malformed'],
    ['of an incarnation before the first', () => frame({ incarnation: 0, messages: [good] }), 'frames.malformed'],
    [
      'with messages that are none',
      () => frame({ messages: [good, ['peer', 'peer', 'hear', 0, 0, 'x']] }),
      'frames.malformed',
    ],
    [
      'with a channel that there is not',
      () => frame({ messages: [['peer', 'peer', 'hear', 2, 0, [1]]] }),
      'frames.malformed',
    ],
    ['over the size limit', () => codec({ limit: 1e9 }).encode(new Uint8Array(17_000_000)), 'frames.tooLarge'],
  ])('CH-5: a frame %s is rejected, counted and logged', (_, make, name) => {
    const errors: ChoraleError[] = [];
    const { node, hand, state } = target({ error: (error) => errors.push(error) });
    const before = state();
    hand(make());
    expect(node.counters[name]).toBe(1);
    expect(errors).toMatchObject([{ code: name === 'frames.tooLarge' ? 'MESSAGE_TOO_LARGE' : 'MESSAGE_MALFORMED' }]);
    expect(state()).toBe(before);
    // and the link is none the worse for it
    hand(codec().encode([1, 'a', 1, 'b', 1, 1, 0, [], [good]]));
    expect(heardBy(node)).toHaveLength(1);
  });

  test('CH-5: random bytes, and real frames with random changes, never throw, and no actor gets what its shapes forbid', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomFrom(seed);
      const { network, node, hand, state, real } = target();
      const one = network.node('a');
      for (let i = 0; i < 20; i++) {
        const text = 'x'.repeat(Math.floor(random() * 40));
        say(one, { to: to('b'), type: 'hear', items: [i, [i]] }, { to: to('b'), type: 'rumour', items: [{ text }] });
        network.run(3);
      }
      const honest = heardBy(node).length;
      expect(honest).toBe(60);
      const before = state();
      for (let i = 0; i < 100; i++) hand(Uint8Array.from({ length: Math.floor(random() * 60) }, () => random() * 256));
      expect(state()).toBe(before);
      for (let i = 0; i < 200; i++) {
        const bytes = (real[Math.floor(random() * real.length)] as Uint8Array).slice();
        for (let changes = 1 + random() * 3; changes > 0; changes--) {
          bytes[Math.floor(random() * bytes.length)] = random() * 256;
        }
        hand(random() < 0.2 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes);
        network.run(1);
      }
      for (const { type, item } of heardBy(node)) {
        const fits =
          type === 'rumour'
            ? typeof (item as { text: unknown }).text === 'string'
            : [item].flat().every((n) => Number.isSafeInteger(n));
        if (!fits) throw new Error(`seed ${seed}: the actor got ${type} ${JSON.stringify(item)}`);
      }
      expect(node.snapshotOf('peer').status).toBe('active');
    }
  });

  test('a lie, or silence, is told to other nodes in place of the message, and never to siblings', () => {
    const network = new RoughNetwork(randomFrom(1));
    const asked: string[] = [];
    const liar = network.node('a', {
      hooks: {
        outgoing: (to, message) => {
          asked.push(to);
          return message.items.includes(13) ? null : { ...message, items: message.items.map(() => 99) };
        },
      },
    });
    const two = network.node('b');
    say(liar, ...[1, 13].flatMap((item) => ['a', 'b'].map((name) => ({ to: to(name), type: 'hear', items: [item] }))));
    network.run(10);
    expect(heardBy(liar).map(({ item }) => item)).toEqual([1, 13]);
    expect(heardBy(two).map(({ item }) => item)).toEqual([99]);
    expect(asked).toEqual([to('b'), to('b')]);
  });
});

describe('the trace of a node', () => {
  test('names every message, its cause, every drop, every change of state, and what ends it', () => {
    const trace: TraceEvent[] = [];
    const clock = new VirtualClock();
    const transport = memoryNetwork({ clock, delay: 2 });
    const nodes = ['a', 'b'].map((name) => {
      const node = new Node({
        id: nodeId(name),
        incarnation: 1,
        clock,
        transport,
        recorder: { record: (e) => trace.push(e) },
      });
      node.host('one', puppet, () => ({}), { shapes: { do: anything, hear: anything, flip: anything } });
      return node;
    });
    const [a, b] = nodes as [Node, Node];
    const reply: Effect = {
      type: 'reply',
      answers: [{ session: alice, seq: 1, outcome: { ok: true, value: 7 }, by: ['b'], version: 1 }],
    };
    const back = sending('a/one', reply, 'do');
    const flip = sending('b/one', null, 'flip');
    a.tell('one', { ...doing(sending('b/one', back, 'do'), flip), from: address(nodeId('a'), 'client') }, 'a:1:c1');
    a.tell('one', doing({ type: 'discard', event: 'odd', reason: 'no', count: 2 }), 'a:1:c2');
    const deliveries = [{ sender: senderId(nodeId('a'), 1), seq: 4, payload: 1, number: 9, stamp: { a: 1 } }];
    a.tell(
      'one',
      doing({ type: 'deliver', group: accounts, deliveries }, { type: 'phase', phase: 'AC', requests: [] }),
    );
    a.tell('one', doing(sending('b/nobody', 1)), 'a:1:c3');
    a.tell('one', event('wait'), 'a:1:c4');
    clock.advance(30);
    b.crash('fault');
    expect(trace).toEqual([
      { t: 0, node: 'a', actor: 'one', kind: 'started', chart: '(machine)', state: 'up' },
      { t: 0, node: 'b', actor: 'one', kind: 'started', chart: '(machine)', state: 'up' },
      { t: 0, node: 'a', actor: 'one', cause: 'a:1:c2', kind: 'dropped', reason: 'no', count: 2, detail: 'odd' },
      {
        t: 0,
        node: 'a',
        actor: 'one',
        kind: 'delivered',
        group: 'accounts',
        sender: 'a:1',
        seq: 4,
        number: 9,
        stamp: { a: 1 },
      },
      { t: 0, node: 'a', actor: 'one', kind: 'phase', phase: 'AC', requests: [] },
      { t: 0, node: 'a', actor: 'one', cause: 'a:1:c4', kind: 'transition', event: 'wait', from: 'up', to: 'waiting' },
      { t: 0, node: 'a', actor: 'one', cause: 'a:1:c1', kind: 'sent', id: 'a:1:1', to: 'b/one', type: 'do', items: 1 },
      {
        t: 0,
        node: 'a',
        actor: 'one',
        cause: 'a:1:c1',
        kind: 'sent',
        id: 'a:1:2',
        to: 'b/one',
        type: 'flip',
        items: 1,
      },
      {
        t: 0,
        node: 'a',
        actor: 'one',
        cause: 'a:1:c3',
        kind: 'sent',
        id: 'a:1:3',
        to: 'b/nobody',
        type: 'hear',
        items: 1,
      },
      { t: 2, node: 'b', actor: 'one', kind: 'received', id: 'a:1:1', from: 'a/one', type: 'do', items: 1 },
      { t: 2, node: 'b', actor: 'one', kind: 'received', id: 'a:1:2', from: 'a/one', type: 'flip', items: 1 },
      {
        t: 2,
        node: 'b',
        kind: 'dropped',
        reason: 'rejected.actor',
        count: 1,
        detail: 'A message from a/one was rejected: there is no b/nobody.',
      },
      { t: 2, node: 'b', actor: 'one', cause: 'a:1:2', kind: 'transition', event: 'flip', from: 'up', to: 'down.deep' },
      { t: 2, node: 'b', actor: 'one', cause: 'a:1:1', kind: 'sent', id: 'b:1:1', to: 'a/one', type: 'do', items: 1 },
      { t: 4, node: 'a', actor: 'one', kind: 'received', id: 'b:1:1', from: 'b/one', type: 'do', items: 1 },
      {
        t: 4,
        node: 'a',
        actor: 'one',
        cause: 'b:1:1',
        kind: 'answered',
        request: 'alice#1',
        by: ['b'],
        outcome: { ok: true, value: 7 },
      },
      // what a timer leads to has the cause of the event that set it
      {
        t: 10,
        node: 'a',
        actor: 'one',
        cause: 'a:1:c4',
        kind: 'transition',
        event: 'timer',
        from: 'waiting',
        to: 'up',
      },
      { t: 10, node: 'a', actor: 'one', cause: 'a:1:c4', kind: 'phase', phase: 'EX', requests: [] },
      { t: 30, node: 'b', kind: 'crashed', reason: 'fault' },
    ]);
  });

  test('with nobody to keep it no message has a count', () => {
    const network = new RoughNetwork(randomFrom(1));
    const counts: unknown[] = [];
    network.passes = (_, __, bytes) => {
      for (const message of (codec().decode(bytes) as unknown[][])[8] as unknown[][]) counts.push(message[4]);
      return true;
    };
    say(network.node('a'), { to: to('b'), type: 'hear', items: [1] });
    network.run(1);
    expect(counts).toEqual([0]);
  });
});

test('a message between siblings costs less than two raw sends of XState', () => {
  // 1.5 is the bar, measured by the bench; here only a gross loss is found out, for this machine may be busy.
  const toggle = createMachine({ initial: 'a', states: { a: { on: { t: 'b' } }, b: { on: { t: 'a' } } } });
  const raw = createActor(toggle).start();
  const { node } = stage({}, []);
  node.host('left', peer, () => ({}), { shapes: {} });
  node.host('right', peer, () => ({}), { shapes: {} });
  const total = 4000;
  const batch = { to: address(here, 'right'), type: 'hear', items: [1] };
  const many = { type: 'say', from: address(here, 'test'), items: Array.from({ length: total }, () => batch) };
  const ratios: number[] = [];
  for (let round = 0; round < 9; round++) {
    const begin = performance.now();
    for (let i = 0; i < total; i++) raw.send({ type: 't' });
    const middle = performance.now();
    node.tell('left', many);
    ratios.push((performance.now() - middle) / (middle - begin));
  }
  expect(Math.min(...ratios)).toBeLessThan(2);
});
