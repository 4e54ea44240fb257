import { createRequire } from 'node:module';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Cluster, collection, service, start } from 'chorale';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { and, initialTransition, not, setup, transition } from 'xstate';
import { inspectInWindow, inspectWithXState4 } from '../../../runtime/inspect/xstate4/index.js';
import { machine4 } from '../../../runtime/inspect/xstate4/machine.js';

/** The package's own receivers and XState 4, as they are where the adapter is. */
const require4 = createRequire(new URL('../../../runtime/inspect/xstate4/package.json', import.meta.url));
const { createWebSocketReceiver, createWindowReceiver } = require4('@xstate/inspect') as Receivers;
const { createMachine } = require4('xstate') as { createMachine(config: object, options: object): Machine4 };

interface Machine4 {
  readonly id: string;
  readonly definition: Definition;
  readonly initialState: { readonly value: unknown };
  transition(state: unknown, event: unknown, context?: unknown): { readonly value: unknown };
}
interface Definition {
  readonly id: string;
  readonly states: Readonly<Record<string, Definition>>;
  readonly on: Readonly<Record<string, readonly { readonly cond?: unknown }[]>>;
  readonly transitions: readonly { readonly eventType: string; readonly cond?: unknown }[];
}
interface State4 {
  readonly value: unknown;
  readonly context: Readonly<Record<string, unknown>>;
  readonly tags: ReadonlySet<string>;
}
/** What a receiver of @xstate/inspect hands on. */
type Heard =
  | {
      readonly type: 'service.register';
      readonly sessionId: string;
      readonly id?: string;
      readonly machine: Machine4;
      readonly state: State4;
    }
  | {
      readonly type: 'service.event';
      readonly sessionId: string;
      readonly event: { readonly name: string; readonly data: { readonly from?: string } };
    }
  | { readonly type: 'service.state'; readonly sessionId: string; readonly state: State4 }
  | { readonly type: 'service.stop'; readonly sessionId: string };
interface Receiver {
  send(command: object): void;
  subscribe(next: (event: Heard) => void): { unsubscribe(): void };
}
interface Receivers {
  createWebSocketReceiver(options: { server: string }): Receiver;
  createWindowReceiver(options: { window: object; targetWindow: object }): Receiver & { stop(): void };
}

const bank = service('bank', {
  state: () => ({ accounts: collection<number>() }),
  updates: {
    deposit({ accounts }, account: string, amount: number) {
      accounts.set(account, (accounts.get(account) ?? 0) + amount);
      return accounts.get(account) ?? 0;
    },
  },
  queries: { balance: ({ accounts }, account: string) => accounts.get(account) ?? 0 },
});

/** What a front end takes from a client: made by hand here. */
const call = { session: 'by-hand', seq: 1, after: 0, kind: 'update', op: 'deposit', args: ['x', 7], at: 0, seed: 1 };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`still not so after 10 s: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

beforeAll(() => {
  // the receiver is made for browsers; Node 20 has no WebSocket of its own
  Object.assign(globalThis, { WebSocket });
});

async function running(settings: Parameters<typeof start>[1] = {}) {
  const cluster = await start(bank, settings as object);
  const warnings: string[] = [];
  const inspection = await inspectWithXState4(cluster, { warn: ({ message }) => warnings.push(message) });
  cleanups.push(
    () => cluster.close(),
    () => inspection.close(),
  );
  return { cluster, inspection, warnings };
}

/** A receiver that watches, all that it hears, and its connection. */
function watching(address: string) {
  const heard: Heard[] = [];
  let socket: WebSocket | undefined;
  Object.assign(globalThis, {
    WebSocket: class extends WebSocket {
      constructor(url: string) {
        super(url);
        socket = this;
      }
    },
  });
  const receiver = createWebSocketReceiver({ server: address });
  Object.assign(globalThis, { WebSocket });
  receiver.subscribe((event) => heard.push(event));
  const leave = async () => {
    socket?.close();
    await until(() => socket?.readyState === WebSocket.CLOSED);
  };
  cleanups.push(leave);
  return { receiver, heard, leave };
}

const of = <Type extends Heard['type']>(heard: readonly Heard[], type: Type) =>
  heard.filter((each): each is Extract<Heard, { type: Type }> => each.type === type);

describe('actors of XState 5 in @xstate/inspect', () => {
  test('its WebSocket receiver is told of every actor, its events, its states and its end', async () => {
    const { cluster, inspection } = await running();
    const client = cluster.client({ name: 'alice' });
    await client.deposit('x', 1);
    expect(inspection.watching).toBe(false);
    const { heard } = watching(inspection.address);
    const expected = ['rm-1/rm', 'rm-2/rm', 'rm-3/rm', 'fe-1/fe', 'rm-1/group:bank', 'sequencer/group:bank'];
    const ids = () => of(heard, 'service.register').map(({ id }) => id);
    await until(() => expected.every((each) => ids().includes(each)));
    const registered = of(heard, 'service.register');
    expect(ids()).toEqual(expect.arrayContaining(expected));
    const replica = registered.find(({ id }) => id === 'rm-1/rm');
    expect(replica?.machine.id).toBe('active replica manager');
    expect(replica?.state.value).toBe('awaiting');
    expect(replica?.state.context).toMatchObject({ version: 1, value: { accounts: { x: 1 } } });
    await client.deposit('x', 2);
    const mine = () => heard.filter(({ sessionId }) => sessionId === 'rm-1/rm').map((each) => each.type);
    await until(() =>
      of(heard, 'service.state').some(({ sessionId, state }) => sessionId === 'rm-1/rm' && state.context.version === 2),
    );
    expect(mine().slice(-2)).toEqual(['service.event', 'service.state']);
    const events = of(heard, 'service.event').filter(({ sessionId }) => sessionId === 'rm-1/rm');
    expect(events.at(-1)?.event).toMatchObject({ name: 'delivered', data: { from: 'rm-1/group:bank' } });
    expect(of(heard, 'service.state').at(-1)?.state.tags).toBeInstanceOf(Set);
    await cluster.close();
    await until(() => of(heard, 'service.stop').length === registered.length);
  });

  test.each([
    { replication: 'active' },
    { replication: 'active', membership: 'dynamic' },
    { replication: 'passive' },
    { replication: 'lazy', order: 'fifo' },
    { replication: 'local', order: 'fifo' },
  ] as const)('XState 4 reads the machines of $replication, and goes where XState 5 went', async (settings) => {
    // XState 4 says that it has no implementations of named delays: nobody gave it any
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
    cleanups.push(() => warn.mockRestore());
    const { cluster, inspection } = await running(settings);
    const { heard } = watching(inspection.address);
    await until(() => of(heard, 'service.register').some(({ sessionId }) => sessionId === 'rm-3/rm'));
    const client = cluster.client();
    for (let i = 0; i < 5; i++) await client.deposit('x', 1);
    await client.balance('x');
    await until(() => of(heard, 'service.state').length > 20);
    const compared = new Set<string>();
    const machines = new Map(of(heard, 'service.register').map((each) => [each.sessionId, each.machine]));
    const states = new Map<string, unknown>(
      of(heard, 'service.register').map((each) => [each.sessionId, each.state.value]),
    );
    const event = new Map<string, string>();
    for (const each of heard) {
      const machine = machines.get(each.sessionId);
      if (machine === undefined) continue;
      if (each.type === 'service.event') event.set(each.sessionId, each.event.name);
      if (each.type !== 'service.state') continue;
      const [from, type] = [states.get(each.sessionId), event.get(each.sessionId)];
      states.set(each.sessionId, each.state.value);
      event.delete(each.sessionId);
      if (type === undefined || type.startsWith('xstate.')) continue;
      const next = unguarded(machine, from, type);
      if (next === null) continue;
      expect([machine.id, from, type, next]).toEqual([machine.id, from, type, each.state.value]);
      compared.add(`${machine.id} ${JSON.stringify(from)} ${type}`);
    }
    expect(compared.size).toBeGreaterThanOrEqual(3);
  });

  test('an event sent back drives the actor, and one that it cannot take is refused with a warning', async () => {
    const { cluster, inspection, warnings } = await running();
    const { receiver, heard } = watching(inspection.address);
    await until(() => of(heard, 'service.register').length >= 8);
    const send = (data: object, origin = 'fe-1/fe') =>
      receiver.send({
        type: 'xstate.event',
        event: JSON.stringify({ name: 'call', data, $$type: 'scxml', type: 'external', origin }),
        service: origin,
      });
    send({ type: 'call', items: [call] });
    await until(() => cluster.replicas().every(({ version }) => version === 1));
    expect(await cluster.client().balance('x')).toBe(7);
    const byHand = of(heard, 'service.event').filter(({ event }) => JSON.stringify(event.data).includes('"by-hand"'));
    expect(byHand.filter(({ event, sessionId }) => event.name === 'call' && sessionId === 'fe-1/fe')).toHaveLength(1);
    send({ type: 'call', items: ['rubbish'] });
    send({ type: 'nonsense' });
    receiver.send({ type: 'disconnect' });
    receiver.send({ type: 'xstate.event', event: 'no JSON' });
    await until(() => warnings.length === 4);
    expect(warnings.join('\n')).toMatch(/An item of "call".*\n.*takes "nonsense".*\n.*disconnect.*\n.*no JSON/);
    expect(await cluster.client().deposit('x', 1)).toBe(8);
  });

  test('the cluster is inspected only while somebody watches', async () => {
    const { cluster, inspection } = await running();
    const [one, two] = [watching(inspection.address), watching(inspection.address)];
    await until(() => [one, two].every(({ heard }) => of(heard, 'service.register').length >= 8));
    await one.leave();
    await cluster.client().deposit('x', 1);
    expect(inspection.watching).toBe(true);
    await two.leave();
    await until(() => !inspection.watching);
    const three = watching(inspection.address);
    await until(() => of(three.heard, 'service.register').some(({ id }) => id === 'rm-2/rm'));
    const again = of(three.heard, 'service.register').find(({ id }) => id === 'rm-2/rm');
    expect(again?.state.context).toMatchObject({ version: 1 });
  });

  test.each([
    ['a page from elsewhere', { origin: 'https://example.org' }],
    ['a name that leads here', { headers: { host: 'rebound.example.org' } }],
  ])('%s is refused', async (_, options) => {
    const { inspection } = await running();
    const refused = new WebSocket(`ws://${inspection.address}`, options);
    expect(await new Promise((resolve) => refused.once('error', ({ message }) => resolve(message)))).toMatch('401');
    const local = new WebSocket(`ws://${inspection.address}`, { origin: 'http://localhost:5173' });
    await new Promise((resolve) => local.once('open', resolve));
    local.terminate();
  });

  test('its window receiver is told the same, and drives an actor', async () => {
    const cluster = await start(bank);
    const [page, frame] = [new Window4(), new Window4()];
    page.other = frame;
    frame.other = page;
    Object.assign(globalThis, { window: page });
    const end = inspectInWindow(cluster as Cluster<never>, { targetWindow: frame.facing as never, iframe: false });
    cleanups.push(
      () => cluster.close(),
      () => Reflect.deleteProperty(globalThis, 'window'),
      () => end(),
    );
    const heard: Heard[] = [];
    const receiver = createWindowReceiver({ window: frame, targetWindow: page.facing });
    receiver.subscribe((event) => heard.push(event));
    await until(() => of(heard, 'service.register').length >= 8);
    const event = {
      name: 'call',
      data: { type: 'call', items: [call] },
      $$type: 'scxml',
      type: 'external',
      origin: 'fe-1/fe',
    };
    receiver.send({ type: 'xstate.event', event: JSON.stringify(event), service: 'fe-1/fe' });
    await until(() =>
      of(heard, 'service.state').some(({ sessionId, state }) => sessionId === 'rm-1/rm' && state.context.version === 1),
    );
    end();
    await until(() => of(heard, 'service.stop').length >= 8);
  });
});

/** One of everything that a chart can have. */
const everything = setup({
  types: { context: {} as { full: boolean }, events: {} as { type: string } },
  guards: { isFull: ({ context }) => context.full, isOpen: () => true },
  actions: { noted: () => {} },
  delays: { soon: 10 },
}).createMachine({
  id: 'everything in one',
  context: { full: false },
  initial: 'nested',
  on: { RESET: '.nested', '*': { actions: 'noted' } },
  states: {
    nested: {
      initial: 'first',
      tags: ['calm'],
      on: {
        BOTH: 'both',
        AGAIN: { target: 'nested', reenter: true },
        LEAP: '#deep',
        BACK: 'nested.second',
      },
      onDone: 'after all',
      states: {
        first: { on: { NEXT: [{ guard: 'isFull', target: 'last' }, { target: 'second' }] } },
        second: { on: { NEXT: { guard: and(['isOpen', not('isFull')]), target: 'passing' } } },
        passing: { always: [{ guard: 'isFull', target: 'last' }, { target: 'third' }] },
        third: { on: { NEXT: 'last', INNER: {} } },
        last: { type: 'final' },
      },
    },
    both: {
      type: 'parallel',
      on: { OUT: 'recalled' },
      states: {
        left: {
          initial: 'off',
          states: {
            off: { on: { LEFT: 'on' } },
            on: { on: { LEFT: 'off' } },
            memory: { type: 'history', target: 'on' },
          },
        },
        right: { initial: 'low', states: { low: { on: { NEXT: 'high' } }, high: { id: 'deep', on: { NEXT: 'low' } } } },
      },
    },
    recalled: { on: { RECALL: 'both.left.memory' } },
    'after all': { after: { soon: 'nested', 20: 'recalled' }, entry: 'noted', exit: 'noted' },
  },
});

describe('a machine of XState 5 in the words of XState 4', () => {
  const definition = JSON.parse(JSON.stringify(machine4(everything)));
  const guards = { isFull: () => false, isOpen: () => true, 'and(isOpen, not(isFull))': () => true };

  test('goes the same way, whatever happens', () => {
    const four = createMachine({ ...definition, predictableActionArguments: true }, { guards, delays: { soon: 10 } });
    const events = ['RESET', 'BOTH', 'AGAIN', 'LEAP', 'BACK', 'NEXT', 'INNER', 'OUT', 'LEFT', 'RECALL', 'unknown'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 30 }), (walk) => {
        let [snapshot] = initialTransition(everything);
        let state: { readonly value: unknown } = four.initialState;
        for (const type of walk) {
          [snapshot] = transition(everything, snapshot, { type });
          state = four.transition(state, { type });
          expect(state.value).toEqual(snapshot.value);
        }
      }),
    );
  });

  test('names its delays, and no event of XState’s own', () => {
    const { states } = definition;
    expect(states['after all'].after.map(({ delay }: { delay: unknown }) => delay)).toEqual([20, 'soon']);
    expect(JSON.stringify(definition)).not.toContain('xstate.');
    expect(states.nested).toMatchObject({ tags: ['calm'], onDone: [{ target: ['#everything in one.after all'] }] });
    // of a history without a past XState 4 makes something else when others have one: so this is read, and not walked
    const memory = { type: 'history', history: 'shallow', target: 'on' };
    expect(states.both.states.left.states.memory).toMatchObject(memory);
    expect(states['after all']).toMatchObject({ entry: ['noted'], exit: ['noted'], on: {} });
  });
});

/** A window of a browser, as far as messages go: what is posted to one that faces it arrives as a message. */
class Window4 extends EventTarget {
  other: Window4 | null = null;
  readonly self = this;
  readonly top = this;
  readonly facing = {
    postMessage: (data: unknown) =>
      setTimeout(() => this.dispatchEvent(Object.assign(new Event('message'), { data })), 0),
  };
}

/** Where XState 4 goes, unless a guard decides: guards are names to it. */
function unguarded(machine: Machine4, from: unknown, type: string): unknown {
  try {
    return machine.transition(from, { type }).value;
  } catch (error) {
    if (error instanceof Error && /guard/i.test(error.message)) return null;
    throw error;
  }
}
