import { describe, expect, test } from '@jest/globals';
import { collection, service, simulate, start } from 'chorale';
import { ChoraleError } from '../../runtime/errors.js';
import type { TraceEvent } from '../../runtime/trace/format.js';

const bank = service('bank', {
  state: () => ({ accounts: collection<number>(), log: [] as string[] }),
  updates: {
    deposit({ accounts }, account: string, amount: number) {
      if (amount < 0) throw new ChoraleError('NEGATIVE', `${amount} is below 0`, { details: { amount } });
      const balance = (accounts.get(account) ?? 0) + amount;
      accounts.set(account, balance);
      return balance;
    },
  },
  queries: { balance: ({ accounts }, account: string) => accounts.get(account) ?? 0 },
});

/** Waits for what other replicas do in their own time, after the first has answered. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`still not so after 10 s: ${String(holds)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('start: a cluster in this process, in real time', () => {
  test('serves typed calls, and every replica comes to the same state', async () => {
    await using cluster = await start(bank, { replicas: 3, replication: 'active' });
    const [alice, bob] = [cluster.client(), cluster.client({ name: 'bob' })];
    const balance: number = await alice.deposit('x', 1);
    expect(balance).toBe(1);
    expect(await bob.deposit('x', 2)).toBe(3);
    expect(await alice.balance('x')).toBe(3);
    await until(() => cluster.replicas().every(({ version }) => version === 2));
    const replicas = cluster.replicas();
    expect(replicas.map(({ node, state, version }) => ({ node, state, version }))).toEqual(
      ['rm-1', 'rm-2', 'rm-3'].map((node) => ({ node, state: 'live', version: 2 })),
    );
    expect(new Set(replicas.map(({ digest }) => digest)).size).toBe(1);
  });

  test('many clients of one front end travel in few messages, and each gets its own answers', async () => {
    const events: TraceEvent[] = [];
    await using cluster = await start(bank, { delay: 1, trace: (event) => events.push(event) });
    const totals = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const client = cluster.client();
        let last = 0;
        for (let turn = 0; turn < 5; turn++) last = await client.deposit(`a${i}`, i);
        return last;
      }),
    );
    expect(totals).toEqual(Array.from({ length: 200 }, (_, i) => 5 * i));
    expect(events.filter(({ kind }) => kind === 'sent').length).toBeLessThan(1000 / 2);
  });

  test('an operation that throws rejects with its code and details; bad arguments are not sent', async () => {
    await using cluster = await start(bank);
    const client = cluster.client();
    await expect(client.deposit('x', -1)).rejects.toMatchObject({ code: 'NEGATIVE', details: { amount: -1 } });
    // @ts-expect-error a function is no argument
    await expect(client.deposit('x', () => 1)).rejects.toMatchObject({ code: 'NOT_SERIALIZABLE' });
    await expect(client.deposit('x'.repeat(5_000_000), 1)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    // @ts-expect-error there is no such operation
    expect(client.steal).toBeUndefined();
    expect(await client.balance('x')).toBe(0);
  });

  test('a client that uses a proxy, a deadline and a signal', async () => {
    await using cluster = await start(bank, { delay: 20 });
    const client = cluster.client({ via: 'rm-2' });
    expect(await client.deposit('x', 4)).toBe(4);
    await expect(client.with({ timeout: 5 }).deposit('x', 1)).rejects.toMatchObject({ code: 'TIMEOUT' });
    const controller = new AbortController();
    const call = client.with({ signal: controller.signal }).deposit('x', 1);
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(() => cluster.client({ via: 'rm-7' })).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }));
  });

  test('XState’s own inspection is passed through, for every actor', async () => {
    const actors = new Set<string>();
    await using cluster = await start(bank, {
      inspect: (event) => {
        if (event.type === '@xstate.snapshot' && 'id' in event.actorRef) actors.add(String(event.actorRef.id));
      },
    });
    await cluster.client().deposit('x', 1);
    for (const node of ['rm-1', 'rm-2', 'rm-3']) {
      for (const actor of ['rm', 'group:bank']) expect([...actors]).toContain(`${node}/${actor}`);
    }
    expect([...actors]).toContain('fe-1/fe');
    expect([...actors]).toContain('sequencer/group:bank');
  });

  test('XState’s own inspection of some actors is there while somebody asks, over a crash and in the next incarnation', async () => {
    const simulation = simulate(bank, { replication: 'active', membership: 'dynamic', faults: ['join:rm-4@1000ms'] });
    const seen: string[] = [];
    const end = simulation.observe(['rm-2/rm', 'rm-4/rm'], (event) => {
      const id = 'id' in event.actorRef ? String(event.actorRef.id) : '';
      if (event.type === '@xstate.actor') seen.push(`${id} starts`);
      else if (event.type !== '@xstate.snapshot') return;
      else if ('status' in event.snapshot && event.snapshot.status === 'stopped') seen.push(`${id} stops`);
      else if (event.event.type === 'delivered') seen.push(`${id} gets`);
    });
    const client = simulation.client();
    const wait = (ms: number): Promise<void> => simulation.advance(ms);
    await client.deposit('x', 1);
    await wait(100);
    simulation.inject('crash:rm-2');
    simulation.inject('recover:rm-2');
    await wait(2000);
    expect([...new Set(seen)]).toEqual(['rm-2/rm starts', 'rm-2/rm gets', 'rm-2/rm stops', 'rm-4/rm starts']);
    seen.length = 0;
    await client.deposit('x', 1);
    await wait(100);
    expect(new Set(seen)).toEqual(new Set(['rm-2/rm gets', 'rm-4/rm gets']));
    seen.length = 0;
    end();
    await client.deposit('x', 1);
    simulation.inject('crash:rm-4');
    simulation.inject('recover:rm-4');
    await wait(100);
    expect(seen).toEqual([]);
    await simulation.close();
  });

  test('a message that somebody makes by hand is taken as one from another node would be, and no other', async () => {
    await using cluster = await start(bank, { replication: 'active' });
    const events: string[] = [];
    cluster.observe(['fe-1/fe'], (event) => {
      if (event.type === '@xstate.event') events.push(event.event.type);
    });
    const replies = (items: readonly unknown[]) => ({ type: 'replies', from: 'rm-1/rm', items }) as const;
    cluster.offer('fe-1/fe', replies([]));
    const refusal = (code: string) => expect.objectContaining({ code });
    expect(() => cluster.offer('fe-1/fe', replies(['rubbish']))).toThrow(refusal('MESSAGE_MALFORMED'));
    expect(() => cluster.offer('fe-1/fe', { ...replies([]), type: 'gone' })).toThrow(refusal('MESSAGE_UNKNOWN'));
    expect(() => cluster.offer('fe-1/none', replies([]))).toThrow(refusal('MESSAGE_UNKNOWN'));
    expect(() => cluster.offer('fe-7/fe', replies([]))).toThrow(refusal('MESSAGE_UNKNOWN'));
    expect(events).toEqual(['replies']);
  });

  test('the heap does not grow with the requests served', async () => {
    await using cluster = await start(bank);
    const clients = Array.from({ length: 64 }, () => cluster.client());
    const serve = (each: number): Promise<unknown> =>
      Promise.all(
        clients.map(async (client, c) => {
          for (let i = 0; i < each; i++) await client.deposit(`a${(c + i) % 50}`, 1);
        }),
      );
    const { gc } = globalThis;
    const heap = (): number => {
      gc?.();
      return process.memoryUsage().heapUsed;
    };
    await serve(50);
    const before = heap();
    await serve(200); // 12,800 requests: at a kilobyte each it would show
    if (gc !== undefined) expect(heap() - before).toBeLessThan(6 * 2 ** 20);
    await until(() => cluster.replicas().every(({ version }) => version === 16_000));
  });

  test('closing lets calls under way end, twice is once, and later calls are refused', async () => {
    const cluster = await start(bank, { delay: 10 });
    const client = cluster.client();
    const under = client.deposit('x', 1);
    await Promise.all([cluster.close(), cluster.close()]);
    expect(await under).toBe(1);
    await expect(client.balance('x')).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
