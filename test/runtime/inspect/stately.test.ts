import { afterEach, describe, expect, test } from '@jest/globals';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { collection, service, simulate, start } from 'chorale';
import { WebSocket } from 'ws';
import { readable } from '../../../runtime/inspect/bridge/readable.js';
import { inspectWithStately, type StatelySettings } from '../../../runtime/inspect/stately/index.js';

const counter = service('counter', {
  state: () => ({ count: 0, secret: 'hidden' }),
  updates: {
    add(state, amount: number) {
      state.count += amount;
      return state.count;
    },
  },
  queries: { count: ({ count }) => count },
});

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

/** The package's own receiver, and all that it hears. It cannot be closed: it ends with the server. */
function watching(server: string): StatelyInspectionEvent[] {
  const heard: StatelyInspectionEvent[] = [];
  createWebSocketReceiver({ server }).subscribe((event) => heard.push(event));
  return heard;
}

const of = <Type extends StatelyInspectionEvent['type']>(heard: readonly StatelyInspectionEvent[], type: Type) =>
  heard.filter((each): each is Extract<StatelyInspectionEvent, { type: Type }> => each.type === type);

async function running(settings: StatelySettings = {}) {
  const cluster = await start(counter);
  const inspection = await inspectWithStately(cluster, settings);
  cleanups.push(
    () => cluster.close(),
    () => inspection.close(),
  );
  return { cluster, inspection };
}

describe('actors in @statelyai/inspect', () => {
  test('its receiver is told of every actor, its events with their senders, its states and its end', async () => {
    const { cluster, inspection } = await running();
    const client = cluster.client();
    await client.add(1);
    expect(inspection.watching).toBe(false);
    const heard = watching(inspection.address);
    await until(() => of(heard, '@xstate.actor').length >= 8);
    const replica = of(heard, '@xstate.actor').find(({ sessionId }) => sessionId === 'rm-2/rm');
    expect(replica).toMatchObject({
      name: 'rm-2/rm',
      snapshot: { status: 'active', value: 'awaiting', context: { value: { count: 1 } } },
    });
    expect(JSON.parse(replica?.definition ?? '')).toMatchObject({
      id: 'active replica manager',
      states: { awaiting: { on: { delivered: { target: 'executing' } } } },
    });
    await client.add(2);
    const states = () => of(heard, '@xstate.snapshot').filter(({ sessionId }) => sessionId === 'rm-2/rm');
    await until(() => states().length > 0);
    expect(states()[0]).toMatchObject({
      event: { type: 'delivered' },
      snapshot: { value: 'awaiting', context: { value: { count: 3 } } },
    });
    const events = of(heard, '@xstate.event').filter(({ event }) => event.type === 'delivered');
    expect(events.find(({ sessionId }) => sessionId === 'rm-2/rm')?.sourceId).toBe('rm-2/group:counter');
    const later = watching(inspection.address);
    const before = heard.length;
    await until(() => of(later, '@xstate.actor').some(({ sessionId }) => sessionId === 'rm-2/rm'));
    expect(of(later, '@xstate.actor').find(({ sessionId }) => sessionId === 'rm-2/rm')?.snapshot).toMatchObject({
      context: { value: { count: 3 } },
    });
    expect(of(heard.slice(before), '@xstate.actor')).toEqual([]);
    await cluster.close();
    await until(() => states().at(-1)?.snapshot.status === 'stopped');
  });

  test('what nobody is to see is left out, as the package has it', async () => {
    const { inspection } = await running({
      inspector: {
        sanitizeContext: () => ({ nothing: true }),
        filter: ({ sessionId }) => sessionId.startsWith('rm-1/'),
      },
    });
    const heard = watching(inspection.address);
    await until(() => heard.length >= 2);
    expect(JSON.stringify(heard)).not.toContain('hidden');
    expect(new Set(heard.map(({ sessionId }) => sessionId.split('/')[0]))).toEqual(new Set(['rm-1']));
  });

  test('the cluster is inspected only while somebody watches, and a page from elsewhere may not unless it is named', async () => {
    const { inspection } = await running({ origins: ['https://stately.ai'] });
    const foreign = new WebSocket(inspection.address, { origin: 'https://example.org' });
    expect(await new Promise((resolve) => foreign.once('error', ({ message }) => resolve(message)))).toMatch('401');
    const viewer = new WebSocket(inspection.address, { origin: 'https://stately.ai' });
    await new Promise((resolve) => viewer.once('message', resolve));
    expect(inspection.watching).toBe(true);
    viewer.close();
    await until(() => !inspection.watching);
  });

  test('an actor that starts anew is another one', async () => {
    const simulation = simulate(counter, { membership: 'dynamic' });
    const inspection = await inspectWithStately(simulation);
    cleanups.push(() => inspection.close());
    const heard = watching(inspection.address);
    await until(() => of(heard, '@xstate.actor').some(({ sessionId }) => sessionId === 'rm-3/rm'));
    simulation.inject('crash:rm-3');
    simulation.inject('recover:rm-3');
    await simulation.advance(10);
    await until(() => of(heard, '@xstate.actor').some(({ sessionId }) => sessionId === 'rm-3/rm:2'));
    const ends = of(heard, '@xstate.snapshot').filter(({ snapshot }) => snapshot.status === 'stopped');
    expect(ends.map(({ sessionId }) => sessionId)).toContain('rm-3/rm');
  });

  test('a viewer that does not read is let go, and the cluster serves on', async () => {
    const warnings: Error[] = [];
    const { cluster, inspection } = await running({ warn: (error) => warnings.push(error) });
    const viewer = new WebSocket(inspection.address);
    await new Promise((resolve) => viewer.once('message', resolve));
    viewer.pause();
    const client = cluster.client();
    let calls = 0;
    // what waits for it has to fill the kernel's buffers first
    while (warnings.length === 0 && calls < 20_000) {
      await Promise.all(Array.from({ length: 64 }, () => cluster.client().add(1)));
      calls += 64;
    }
    expect(warnings[0]).toMatchObject({ code: 'LINK_BROKEN' });
    expect(await client.count()).toBe(calls);
    await until(() => !inspection.watching);
    viewer.terminate();
  });
});

describe('what another inspector is shown', () => {
  test('is plain, readable JSON, whatever a context is made of', () => {
    const loop: Record<string, unknown> = { name: 'loop' };
    loop.self = loop;
    const value = {
      map: new Map([['a', 1]]),
      set: new Set([1, 2]),
      collection: collection([['x', 1]]),
      bytes: new Uint8Array(3),
      big: 10n,
      nothing: undefined,
      notANumber: Number.NaN,
      fn: until,
      long: Array.from({ length: 1000 }, (_, i) => i),
      loop,
      ['__proto__']: { polluted: true },
    };
    const shown = JSON.parse(JSON.stringify(readable(value)));
    expect(shown).toMatchObject({
      map: { a: 1 },
      set: [1, 2],
      collection: { x: 1 },
      bytes: '3 bytes',
      big: '10',
      notANumber: 'NaN',
      fn: 'function until',
    });
    expect(shown.long).toHaveLength(101);
    expect(shown.long[100]).toBe('… 900 more');
    expect('polluted' in shown).toBe(false);
    expect(JSON.stringify(readable(wide(5))).length).toBeLessThan(100_000);
  });
});

/** A tree of ten branches a level. */
const wide = (depth: number): unknown => (depth === 0 ? 'leaf' : Array.from({ length: 10 }, () => wide(depth - 1)));
