/** A trace in a file, by both ways to open it: dropped onto the page, and handed out by a server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { service } from 'chorale';
import { frameOf } from '../../../runtime/inspect/frame.js';
import type { Report } from '../../../runtime/inspect/protocol.js';
import { TraceFileSource } from '../../../runtime/inspect/server/trace-file.js';
import { TracedSource } from '../../../runtime/inspect/sources/traced.js';
import { wholeLines } from '../../../runtime/inspect/timeline/blocks.js';
import { TraceLines } from '../../../runtime/inspect/timeline/lines.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

type Of<Is extends Report['is']> = Extract<Report, { is: Is }>;

const folder = mkdtempSync(join(tmpdir(), 'chorale-traced-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ledger = service('ledger', { state: () => ({}), updates: {}, queries: {} });
const scenario = {
  seed: 1,
  replication: 'active',
  replicas: 3,
  tolerate: 'crash',
  order: 'total',
  reads: 'order',
  retryAfter: 500,
  delay: [1, 3],
  loss: 0,
  duplicate: 0,
  faults: [],
  requests: [],
  via: {},
  faultsEndAt: null,
};
const header = JSON.stringify({ kind: 'header', v: 1, service: 'ledger', scenario });

/** Each a little longer than the one before, with letters of several bytes, so that parts end anywhere. */
const eventOf = (i: number): TraceEvent => ({
  t: i,
  node: `rm-${(i % 3) + 1}`,
  kind: 'fault',
  fault: `ä☃${'x'.repeat(i % 97)}`,
});
const linesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => JSON.stringify(eventOf(i)));

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`still not so after 20 s: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Somebody who looks at the trace. */
abstract class Reader {
  readonly reports: Report[] = [];
  readonly timeline = new Timeline();
  /** Called with each report. */
  onReport: (report: Report) => void = () => undefined;

  abstract stop(): void;
  abstract eventAt(index: number): Promise<TraceEvent | null>;

  async ended(): Promise<Of<'standing'>> {
    await until(() => this.all('standing').some(({ ended }) => ended));
    return this.all('standing').at(-1) as Of<'standing'>; // there is one
  }

  all<Is extends Report['is']>(is: Is): Of<Is>[] {
    return this.reports.filter((report) => report.is === is) as Of<Is>[]; // of that kind
  }

  protected take(report: Report): void {
    if (report.is === 'events') this.timeline.append(report.chunk, report.steps);
    this.reports.push(report);
    this.onReport(report);
  }
}

class Dropped extends Reader {
  readonly #source: TracedSource;

  constructor(text: string) {
    super();
    this.#source = new TracedSource(new Blob([text]), { ledger: { service: ledger } }, (report, transfer) =>
      this.take(structuredClone(report, { transfer: [...transfer] })),
    );
    void this.#source.read();
  }

  stop(): void {
    this.#source.send({ do: 'stop' });
  }

  async eventAt(index: number): Promise<TraceEvent | null> {
    const before = this.all('event').length;
    this.#source.send({ do: 'event', index });
    await until(() => this.all('event').length > before);
    return this.all('event').at(-1)?.event ?? null;
  }
}

/** What the page's worker does with what a server sends. */
class Served extends Reader {
  readonly #lines = new TraceLines();
  readonly #looking: { take(command: { readonly do: 'stop' }): void };

  constructor(text: string) {
    super();
    const path = join(folder, 'trace.jsonl');
    writeFileSync(path, text);
    this.#looking = new TraceFileSource({ path, run: null, charts: [] }).join({
      ready: true,
      report: (report) => this.take(report),
      lines: (bytes) => this.#take(bytes),
      events: () => undefined,
      whenReady: (callback) => void setImmediate(callback),
    });
  }

  stop(): void {
    this.#looking.take({ do: 'stop' });
  }

  eventAt(index: number): Promise<TraceEvent | null> {
    return this.#lines.eventAt(index);
  }

  #take(bytes: Uint8Array): void {
    const frame = frameOf(new Uint8Array(bytes).buffer);
    if (frame.is !== 'lines') throw new Error('no lines');
    const { chunk, steps, wrong } = this.#lines.take(frame.text);
    this.take({ is: 'events', chunk, steps });
    if (wrong !== null) this.take({ is: 'failed', code: wrong.code, message: wrong.message });
  }
}

describe.each([
  ['dropped onto the page', Dropped],
  ['handed out by a server', Served],
] as const)('a trace that is %s', (_, Way) => {
  test('is read part by part, each says how far it is, and the last that all is there', async () => {
    const count = 80_000;
    const reader = new Way([header, ...linesOf(count)].join('\n')); // the last line has no end
    const last = await reader.ended();
    const shares = reader.all('standing').map(({ loaded }) => loaded);
    expect(shares.length).toBeGreaterThan(3);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares[0]).toBeLessThan(0.6);
    expect(last).toMatchObject({ loaded: 1, ended: true });
    expect(
      reader
        .all('standing')
        .slice(0, -1)
        .some(({ ended }) => ended),
    ).toBe(false);
    expect(reader.timeline.length).toBe(count);
    for (const index of [0, 1, 39_999, count / 2, count - 1]) {
      expect(reader.timeline.t.at(index)).toBe(index);
      expect(await reader.eventAt(index)).toEqual(eventOf(index));
    }
    expect(await reader.eventAt(count)).toBeNull();
    expect(reader.all('failed')).toEqual([]);
  });

  test('is read no further when the viewer has enough, and what is there stays', async () => {
    const reader = new Way(linesOf(80_000).join('\n'));
    reader.onReport = (report) => {
      if (report.is === 'events') reader.stop();
    };
    const last = await reader.ended();
    expect(last.loaded).toBeGreaterThan(0);
    expect(last.loaded).toBeLessThan(1);
    const { length } = reader.timeline;
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(80_000);
    expect(await reader.eventAt(length - 1)).toEqual(eventOf(length - 1));
    expect(reader.all('failed')).toEqual([]);
  });

  test.each([
    ['no json', /Line 5 of the trace is no JSON/],
    ['{"t":1}', /Line 5 of the trace is no event/],
    ['null', /Line 5 of the trace is no event/],
  ])('%s in it: what comes before is shown, and the line is named', async (wrong, why) => {
    const lines = linesOf(10);
    const reader = new Way(`${[header, ...lines.slice(0, 3), wrong, ...lines.slice(3)].join('\n')}\n`);
    await reader.ended();
    expect(reader.all('failed')).toMatchObject([{ code: 'INPUT_INVALID', message: expect.stringMatching(why) }]);
    expect(reader.timeline.length).toBe(3);
    expect(await reader.eventAt(2)).toEqual(eventOf(2));
  });

  test('events of a kind that is not known are left out', async () => {
    const [first = '', ...others] = linesOf(3);
    const reader = new Way([first, '{"t":1,"node":"rm-1","kind":"of the future"}', '', ...others].join('\r\n'));
    await reader.ended();
    expect(reader.timeline.length).toBe(3);
    expect(await reader.eventAt(1)).toEqual(eventOf(1));
  });
});

describe('a trace that is dropped onto the page', () => {
  test('has the run of its header, and the charts of a service that the page has', async () => {
    const reader = new Dropped(`${header}\n`);
    await reader.ended();
    const [opened] = reader.all('opened');
    expect(opened?.run?.scenario).toEqual(scenario);
    expect(opened?.charts.map(({ chart }) => chart)).toContain('active replica manager');
  });

  test('and has nothing in it says so', async () => {
    const reader = new Dropped('');
    expect(await reader.ended()).toMatchObject({ loaded: 1 });
    expect(reader.all('failed')).toMatchObject([{ message: 'The file is empty.' }]);
  });

  test('says no more when another takes its place', async () => {
    const reports: Report[] = [];
    const source = new TracedSource(new Blob([linesOf(80_000).join('\n')]), {}, (report) => reports.push(report));
    const read = source.read();
    await until(() => reports.some(({ is }) => is === 'events'));
    const { length } = reports;
    source.close();
    await read;
    expect(reports.length).toBe(length);
  });
});

test('whole lines are the same bytes, wherever the parts end', async () => {
  const text = 'one\ntwo☃\n\nthree, which is long\nfour';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, 20, 100]) {
    const parts = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    const blocks: string[] = [];
    for await (const block of wholeLines(parts())) blocks.push(new TextDecoder().decode(block));
    expect(blocks.join('')).toBe(text);
    for (const block of blocks.slice(0, -1)) expect(block.endsWith('\n')).toBe(true);
  }
});
