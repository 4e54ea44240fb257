import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type Cluster, collection, service, start, surroundings } from 'chorale';
import { inspect } from 'chorale/inspect';
import WebSocket from 'ws';
import type { Cluster as AnyCluster } from '../../../runtime/cluster/cluster.js';
import { frameOf } from '../../../runtime/inspect/frame.js';
import { LiveSource } from '../../../runtime/inspect/live/live-source.js';
import type { Report } from '../../../runtime/inspect/protocol.js';
import { UNREAD } from '../../../runtime/inspect/server/connection.js';
import type { Looking, Viewer } from '../../../runtime/inspect/server/viewer.js';
import { Encoder } from '../../../runtime/inspect/timeline/encode.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import type { AnyService } from '../../../runtime/service/index.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

const bank = service('bank', {
  state: () => ({ accounts: collection<number>() }),
  updates: {
    deposit({ accounts }, account: string, amount: number) {
      const balance = (accounts.get(account) ?? 0) + amount;
      accounts.set(account, balance);
      return balance;
    },
    open: (_, at = surroundings()) => at.now,
  },
  queries: { balance: ({ accounts }, account: string) => accounts.get(account) ?? 0 },
});

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`still not so after 10 s: ${String(holds)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface StepLine {
  readonly step: string;
  readonly node: string;
  readonly actor: string;
}

/** A page that reads when it likes. */
class Page implements Viewer {
  ready = true;
  readonly reports: Exclude<Report, { is: 'events' }>[] = [];
  readonly events: never;
  readonly seen: TraceEvent[] = [];
  readonly steps: StepLine[] = [];
  #waiting: (() => void)[] = [];

  constructor() {
    this.events = undefined as never; // a live cluster sends lines only
  }

  report(report: Exclude<Report, { is: 'events' }>): void {
    this.reports.push(report);
  }

  lines(bytes: Uint8Array): void {
    const frame = frameOf(bytes.slice().buffer as ArrayBuffer);
    if (frame.is !== 'lines') throw new Error('no lines');
    for (const line of frame.text.split('\n').slice(0, -1)) {
      const told: TraceEvent | StepLine = JSON.parse(line);
      if ('step' in told) this.steps.push(told);
      else this.seen.push(told);
    }
  }

  whenReady(callback: () => void): void {
    if (this.ready) callback();
    else this.#waiting.push(callback);
  }

  wake(): void {
    this.ready = true;
    for (const callback of this.#waiting.splice(0)) callback();
  }

  /** The last report of a kind. */
  last<Is extends Report['is']>(is: Is): Extract<Report, { is: Is }> | undefined {
    return this.reports.findLast((report) => report.is === is) as Extract<Report, { is: Is }> | undefined;
  }

  get timeline(): Timeline {
    const timeline = new Timeline();
    timeline.append(new Encoder().encode(this.seen, 0), null);
    return timeline;
  }
}

const sourceOf = (cluster: object, requests = false): LiveSource =>
  new LiveSource(cluster as unknown as AnyCluster<AnyService>, { requests });

function look(source: LiveSource, page = new Page()): { page: Page; looking: Looking } {
  return { page, looking: source.join(page) };
}

/** So many deposits of each of so many clients; gives the seconds that it took. */
async function load(cluster: Cluster<typeof bank>, clients: number, each: number, name = 'account'): Promise<number> {
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, i) => {
      const client = cluster.client();
      for (let turn = 0; turn < each; turn++) await client.deposit(`${name}-${i}`, 1);
    }),
  );
  return (performance.now() - begin) / 1000;
}

/** The cluster's actors as they stand, and as a page sees them. */
function statesOf(cluster: object): Record<string, string> {
  const nodes = (cluster as AnyCluster<AnyService>).overview();
  return Object.fromEntries(
    nodes.flatMap(({ node, actors }) => actors.map(({ name, state }) => [`${node}/${name}`, state])),
  );
}
function seenStates(page: Page): Record<string, string> {
  const timeline = page.timeline;
  const { nodes } = timeline.cutAt(timeline.length);
  return Object.fromEntries(
    [...nodes].flatMap(([node, { actors }]) => [...actors].map(([actor, { state }]) => [`${node}/${actor}`, state])),
  );
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('a live cluster, looked at', () => {
  test.each(['active', 'passive', 'lazy'] as const)(
    '%s: a newcomer sees how everything stands, and then what happens',
    async (replication) => {
      await using cluster = await start(bank, { replication });
      await load(cluster, 2, 5);
      const source = sourceOf(cluster);
      const { page } = look(source);
      expect(seenStates(page)).toEqual(statesOf(cluster));
      expect(page.last('opened')).toMatchObject({
        source: 'live',
        service: 'bank',
        abilities: { control: false, request: false },
      });
      const charts = new Set(page.last('opened')?.charts.map(({ chart }) => chart));
      for (const event of page.seen) if (event.kind === 'started') expect(charts).toContain(event.chart);
      const before = page.timeline;
      const views = [...before.cutAt(before.length).nodes.values()].filter(({ view }) => view >= 0);
      expect(views.length).toBeGreaterThan(0);
      const told = page.seen.length;
      await load(cluster, 2, 5);
      await until(() => page.seen.filter(({ kind }) => kind === 'answered').length === 10);
      await until(() => JSON.stringify(seenStates(page)) === JSON.stringify(statesOf(cluster)));
      const sent = page.seen.flatMap((event) => (event.kind === 'sent' ? [event.id] : []));
      expect(new Set(sent).size).toBe(sent.length);
      const late = page.seen.slice(told).find(({ kind }) => kind === 'called');
      expect(late).toMatchObject({ calls: expect.arrayContaining([{ op: 'deposit', args: ['account-0', 1] }]) });
    },
  );

  test('who is down, who is back and who joined is in the picture; charts that come later are told', async () => {
    await using cluster = await start(bank, { replication: 'passive' });
    const host = cluster as unknown as {
      nodes: Map<string, { crash(reason: string): void }>;
      restart(node: string): void;
    };
    host.nodes.get('rm-2')?.crash('fault');
    host.nodes.get('rm-3')?.crash('fault');
    host.restart('rm-3');
    const { page } = look(sourceOf(cluster));
    const cut = page.timeline.cutAt(page.seen.length);
    expect(cut.nodes.get('rm-2')).toMatchObject({ up: false });
    expect(cut.nodes.get('rm-3')).toMatchObject({ up: true, incarnation: 2 });
    host.restart('rm-2');
    await until(() => page.timeline.cutAt(page.seen.length).nodes.get('rm-2')?.up === true);
  });

  test('while nobody looks nothing is recorded, and ids stay unique over the pause', async () => {
    await using cluster = await start(bank);
    const source = sourceOf(cluster);
    const record = jest.spyOn(source, 'record');
    await load(cluster, 2, 5);
    expect(record).not.toHaveBeenCalled();
    const first = look(source);
    await load(cluster, 2, 5);
    expect(record).toHaveBeenCalled();
    first.looking.leave();
    record.mockClear();
    await load(cluster, 2, 5);
    expect(record).not.toHaveBeenCalled();
    const second = look(source);
    await load(cluster, 1, 1);
    await until(() => second.page.seen.some(({ kind }) => kind === 'answered'));
    const ids = (page: Page) => page.seen.flatMap((event) => (event.kind === 'sent' ? [event.id] : []));
    expect(ids(first.page).filter((id) => ids(second.page).includes(id))).toEqual([]);
    expect(first.page.seen.every(({ t }) => t < (second.page.seen[0]?.t ?? 0))).toBe(true);
  });

  test('who does not keep up is told how much it missed and how everything stands; others miss nothing', async () => {
    await using cluster = await start(bank, { replication: 'active' });
    const source = sourceOf(cluster);
    const [slow, quick] = [look(source).page, look(source).page];
    await load(cluster, 2, 2);
    await until(() => slow.seen.filter(({ kind }) => kind === 'answered').length === 4);
    slow.ready = false;
    await load(cluster, 4, 10);
    await until(() => quick.seen.filter(({ kind }) => kind === 'answered').length === 44);
    await until(() => cluster.replicas().every(({ version }) => version === 44));
    expect(slow.last('missed')).toBeUndefined();
    slow.wake();
    await until(() => slow.last('missed') !== undefined);
    const at = slow.seen.findIndex(({ kind }) => kind === 'missed');
    expect(slow.seen[at]).toMatchObject({ node: 'network', events: slow.last('missed')?.events });
    await load(cluster, 1, 1);
    await until(
      () => slow.seen.at(-1)?.t === quick.seen.at(-1)?.t && slow.seen.some(({ kind }) => kind === 'answered'),
    );
    await until(() => JSON.stringify(seenStates(slow)) === JSON.stringify(statesOf(cluster)));
    const { flying } = slow.timeline.cutAt(slow.seen.length);
    expect([...flying].every((index) => index > at)).toBe(true);
    // all that happened is either seen or counted
    const happened = (page: Page): number => page.seen.filter(({ kind }) => kind !== 'missed').length;
    const picture = slow.seen.slice(at + 1).findIndex(({ kind }) => kind !== 'started' && kind !== 'view');
    expect(happened(slow) - picture + (slow.last('missed')?.events ?? 0)).toBe(happened(quick));
    expect(quick.last('missed')).toBeUndefined();
  });

  test('what comes faster than any page can take is left out for a while, for all', async () => {
    await using cluster = await start(bank);
    const source = sourceOf(cluster);
    const { page } = look(source);
    const event: TraceEvent = { t: 1, node: 'rm-1', kind: 'persisted', count: 1 };
    for (let i = 0; i < 200_000; i++) source.record(event);
    expect(page.seen.length).toBeLessThan(20_000);
    await until(() => page.last('missed') !== undefined);
    const persisted = page.seen.filter(({ kind }) => kind === 'persisted').length;
    expect(persisted + (page.last('missed')?.events ?? 0)).toBe(200_000);
  });

  test('contexts as they are now; transitions of the actors in view and of no others', async () => {
    await using cluster = await start(bank, { replication: 'active' });
    const { page, looking } = look(sourceOf(cluster));
    await load(cluster, 1, 3);
    looking.take({ do: 'context', node: 'rm-1', actor: 'rm', place: 0 });
    expect(page.last('context')).toMatchObject({ node: 'rm-1', actor: 'rm', before: null });
    expect(JSON.stringify(page.last('context')?.context)).toContain('"account-0":3');
    looking.take({ do: 'context', node: 'rm-9', actor: 'rm', place: 0 });
    expect(page.last('context')).toMatchObject({ context: null });
    expect(page.steps).toEqual([]);
    looking.take({ do: 'watch', actors: ['rm-2/rm', 'nobody', 'rm-9/rm'] });
    await load(cluster, 1, 2);
    await until(() => page.steps.length >= 2);
    expect(new Set(page.steps.map(({ node, actor }) => `${node}/${actor}`))).toEqual(new Set(['rm-2/rm']));
    const names = page.last('opened')?.charts.flatMap(({ transitions }) => transitions.map(({ name }) => name));
    for (const { step } of page.steps) expect(names).toContain(step);
    looking.take({ do: 'watch', actors: [] });
    await load(cluster, 1, 2);
    await until(() => page.seen.filter(({ kind }) => kind === 'answered').length === 7);
    const { length } = page.steps;
    await load(cluster, 1, 2);
    await until(() => page.seen.filter(({ kind }) => kind === 'answered').length === 9);
    expect(page.steps.length).toBe(length);
  });

  test('nothing can be done to it; requests are sent only where the application allows it', async () => {
    await using cluster = await start(bank);
    const shut = look(sourceOf(cluster));
    expect(() => shut.looking.take({ do: 'inject', fault: 'crash:rm-1', place: 0 })).toThrow(
      expect.objectContaining({ code: 'NOT_ALLOWED' }),
    );
    shut.looking.take({ do: 'call', op: 'deposit', args: ['x', 1] });
    await until(() => shut.page.last('failed')?.code === 'NOT_ALLOWED');
    const open = look(sourceOf(cluster, true));
    expect(open.page.last('opened')?.operations).toEqual([
      {
        op: 'deposit',
        kind: 'update',
        parameters: [
          { name: 'account', example: null },
          { name: 'amount', example: null },
        ],
      },
      { op: 'open', kind: 'update', parameters: [] },
      { op: 'balance', kind: 'query', parameters: [{ name: 'account', example: null }] },
    ]);
    open.looking.take({ do: 'call', op: 'deposit', args: ['x', 1] });
    await until(() => open.page.seen.some(({ kind }) => kind === 'answered'));
    expect(await cluster.client().balance('x')).toBe(1);
    for (const op of ['toString', 'with', 'nothing']) {
      open.looking.take({ do: 'call', op, args: [] });
      await until(() => open.page.last('failed')?.message.includes(`"${op}"`) === true);
    }
  });

  test('the history is judged from its first operation on, and not where that was not seen', async () => {
    await using cluster = await start(bank);
    const source = sourceOf(cluster);
    const { page, looking } = look(source);
    await load(cluster, 3, 4);
    await until(() => page.seen.filter(({ kind }) => kind === 'answered').length === 12);
    looking.take({ do: 'check', property: 'linearizable' });
    expect(page.last('verdict')?.verdict).toMatchObject({ verdict: 'holds', part: [], culprit: null });
    expect(page.last('verdict')?.verdict.operations.length).toBe(12);
    looking.leave();
    const late = look(source);
    late.looking.take({ do: 'check', property: 'linearizable' });
    expect(late.page.last('verdict')?.verdict).toMatchObject({
      verdict: 'unknown',
      why: [expect.stringMatching(/before/)],
    });
  });
});

describe('start(…, { inspect })', () => {
  const addressIn = (text: string): URL => new URL(text.slice(text.indexOf('http')));

  /** A page by a real WebSocket. */
  async function connected(url: string): Promise<{ socket: WebSocket; reports: Report[]; bytes: () => number }> {
    const { host, hash } = new URL(url);
    const socket = new WebSocket(`ws://${host}/look`, ['chorale', hash.slice('#token='.length)]);
    const reports: Report[] = [];
    let bytes = 0;
    socket.on('message', (data, isBinary) => {
      if (isBinary) bytes += (data as Buffer).length;
      else reports.push(JSON.parse(String(data)));
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return { socket, reports, bytes: () => bytes };
  }

  test('says where it is, once, and ends with the cluster', async () => {
    const said = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const cluster = await start(bank, { inspect: true });
    expect(said).toHaveBeenCalledTimes(1);
    const url = addressIn(String(said.mock.calls[0]?.[0]));
    expect(url.hostname).toBe('127.0.0.1');
    expect((await fetch(url)).status).toBe(200);
    const { socket, reports } = await connected(url.href);
    await until(() => reports.some(({ is }) => is === 'opened'));
    const over = new Promise((resolve) => socket.once('close', resolve));
    await cluster.close();
    expect(await over).toBe(4001);
    expect(reports.at(-1)).toMatchObject({ is: 'standing', ended: true });
  });

  test('a function is XState’s own inspection, and wrong settings are refused', async () => {
    const said = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const events: string[] = [];
    const cluster = await start(bank, { inspect: ({ type }) => events.push(type) });
    await cluster.close();
    expect([events.includes('@xstate.snapshot'), said.mock.calls.length]).toEqual([true, 0]);
    await expect(start(bank, { inspect: { port: -1 } })).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
    await expect(start(bank, { inspect: { token: 'x' } })).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
  });

  test('a viewer that stops reading changes nothing for the cluster', async () => {
    await using cluster = await start(bank);
    await using inspection = await inspect(cluster);
    // Five kilobytes a call, which the trace has too: more than the buffers of both ends hold, and than the server keeps.
    const turn = (): Promise<number> => load(cluster, 32, 40, 'x'.repeat(5_000));
    await turn();
    const alone = await turn();
    const { socket, reports, bytes } = await connected(inspection.url);
    await until(() => reports.some(({ is }) => is === 'opened'));
    socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    const watched: number[] = [];
    for (let round = 0; round < 5; round++) watched.push(await turn());
    const more = process.memoryUsage().arrayBuffers - before;
    expect(more).toBeLessThan(2 * UNREAD);
    expect(Math.min(...watched)).toBeLessThan(2 * alone);
    expect(bytes()).toBeLessThan(UNREAD);
    socket.resume();
    // It was left behind, hears so, and sees again what happens.
    await until(() => reports.some(({ is }) => is === 'missed'));
    const caughtUp = bytes();
    await load(cluster, 1, 1);
    await until(() => bytes() > caughtUp);
    socket.close();
  });
});
