/** A trace in a file, by both ways to open it: dropped onto the page, and handed out by a server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { service, surroundings } from 'chorale';
import { frameOf } from '../../../runtime/inspect/frame.js';
import { runOf } from '../../../runtime/inspect/page/scenes/scene.js';
import type { Command, Report } from '../../../runtime/inspect/protocol.js';
import { TraceFileSource } from '../../../runtime/inspect/server/trace-file.js';
import type { Looking } from '../../../runtime/inspect/server/viewer.js';
import type { Offered } from '../../../runtime/inspect/sources/operations.js';
import { TraceHistory } from '../../../runtime/inspect/sources/trace-history.js';
import { TracedSource } from '../../../runtime/inspect/sources/traced.js';
import { wholeLines } from '../../../runtime/inspect/timeline/blocks.js';
import { TraceLines } from '../../../runtime/inspect/timeline/lines.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import type { HistoryProperty } from '../../../runtime/simulate/trial.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';
import { ledger, requestsFor, run } from '../runs.js';

type Of<Is extends Report['is']> = Extract<Report, { is: Is }>;

const folder = mkdtempSync(join(tmpdir(), 'chorale-traced-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { scenario } = runOf('ledger', 'sequential', { delay: [1, 3] });
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
  timeline = new Timeline();
  /** Called with each report. */
  onReport: (report: Report) => void = () => undefined;

  abstract send(command: Command): void;
  abstract eventAt(index: number): Promise<TraceEvent | null>;

  async ended(): Promise<Of<'standing'>> {
    await until(() => this.all('standing').some(({ ended }) => ended));
    return this.all('standing').at(-1) as Of<'standing'>; // there is one
  }

  all<Is extends Report['is']>(is: Is): Of<Is>[] {
    return this.reports.filter((report) => report.is === is) as Of<Is>[]; // of that kind
  }

  async verdict(property: HistoryProperty): Promise<Of<'verdict'>['verdict']> {
    const before = this.all('verdict').length;
    this.send({ do: 'check', property });
    await until(() => this.all('verdict').length > before);
    return (this.all('verdict').at(-1) as Of<'verdict'>).verdict; // there is one
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

  send(command: Command): void {
    this.#source.send(command);
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
  readonly #looking: Looking;

  constructor(text: string, offered: Offered | null = { service: ledger }) {
    super();
    const path = join(folder, 'trace.jsonl');
    writeFileSync(path, text);
    this.#looking = new TraceFileSource({ path, offered, run: null, charts: [] }).join({
      ready: true,
      report: (report) => this.take(report),
      lines: (bytes) => this.#take(bytes),
      events: (chunk, steps) => this.take({ is: 'events', chunk, steps }),
      whenReady: (callback) => void setImmediate(callback),
    });
  }

  send(command: Command): void {
    this.#looking.take(command);
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
      if (report.is === 'events') reader.send({ do: 'stop' });
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

  test('its history is checked, and what is wrong in it is marked', async () => {
    const requests = requestsFor(3, 3, 6);
    const { events } = run({ seed: 3 }, requests, { keep: () => true });
    const text = (all: readonly TraceEvent[]): string =>
      [header, ...all.map((event) => JSON.stringify(event))].join('\n');
    const reader = new Way(text(events));
    const right = await reader.verdict('linearizable'); // asked at once, and answered when all is read
    expect(reader.all('standing').at(-1)?.ended).toBe(true);
    expect(right).toMatchObject({ property: 'linearizable', verdict: 'holds', why: [], part: [], culprit: null });
    expect(right.operations.length).toBe(requests.length);
    expect((await reader.verdict('sequential')).property).toBe('sequential');

    const queries = right.operations.filter(({ op }) => op === 'total').map(({ request }) => request);
    const untrue = events.map((event) =>
      event.kind === 'answered' && event.request === queries.at(-1)
        ? { ...event, outcome: { ok: true, value: 123_456 } }
        : event,
    );
    const wrong = await new Way(text(untrue)).verdict('linearizable');
    expect(wrong).toMatchObject({ verdict: 'violated', why: [expect.stringMatching(/123456/)] });
    expect(wrong.part.map((place) => wrong.operations[place]?.request)).toContain(queries.at(-1));

    const begun = events.findIndex(({ kind }) => kind === 'called');
    const late = await new Way(text(events.slice(begun))).verdict('linearizable');
    expect(late).toMatchObject({ verdict: 'unknown', why: [expect.stringMatching(/begins later/)] });
    expect(late.operations.length).toBe(requests.length);
  });

  test('of what is read of it alone there is a history', async () => {
    const { events } = run({ seed: 3 }, requestsFor(3, 1, 3), { keep: () => true });
    const reader = new Way([...linesOf(80_000), ...events.map((event) => JSON.stringify(event))].join('\n'));
    reader.onReport = (report) => {
      if (report.is === 'events') reader.send({ do: 'stop' });
    };
    expect((await reader.verdict('sequential')).operations).toEqual([]);
    expect(reader.all('failed')).toEqual([]);
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

describe('a trace that is handed out by a server', () => {
  const run = { service: 'ledger', scenario: { ...scenario, requests: requestsFor(3, 1, 2) } };
  test('is run again where its service is known, and shown no more', async () => {
    const reader = new Served([header, ...linesOf(80_000)].join('\n'));
    await until(() => reader.all('events').length > 0);
    reader.send({ do: 'open', run });
    await until(() => reader.all('opened').length === 2);
    expect(reader.all('opened').at(-1)).toMatchObject({ source: 'simulation', service: 'ledger' });
    reader.timeline = new Timeline();
    reader.send({ do: 'advance', until: null });
    await until(() => reader.all('standing').at(-1)?.run?.scenario.requests.length === 2);
    await until(() => reader.all('standing').at(-1)?.ended === true);
    expect([...reader.timeline.requests()].length).toBe(2);
    expect(reader.all('failed')).toEqual([]);
  });

  test('is not where it is not known', () => {
    const reader = new Served(linesOf(10).join('\n'), null);
    expect(() => reader.send({ do: 'open', run })).toThrow(expect.objectContaining({ code: 'NOT_ALLOWED' }));
  });
});

describe('the history that a trace tells', () => {
  const clocks = service('clocks', {
    state: () => ({ n: 0 }),
    updates: { open: (_, at = surroundings()) => at.now },
    queries: {},
  });
  const limits = { most: 100, milliseconds: 1_000 };
  let t = 0;
  const called = (request: string, op: string, args: (string | number)[] = [], incarnation = 1): TraceEvent => {
    t += 1;
    return {
      t,
      node: 'fe-1',
      kind: 'called',
      id: `fe-1:${incarnation}:c${t}`,
      requests: [request],
      calls: [{ op, args }],
    };
  };
  const answered = (request: string, outcome: object): TraceEvent => {
    t += 1;
    return { t, node: 'fe-1', kind: 'answered', request, by: ['rm-1'], outcome: outcome as { ok: boolean } };
  };
  const told = (value: string | number) => ({ ok: true, value });
  const refused = (code: string) => ({ ok: false, error: { code, message: code } });
  const historyOf = (events: readonly TraceEvent[], more: object = {}): TraceHistory => {
    const history = new TraceHistory({ service: ledger, ...limits, ...more });
    for (const event of events) history.take(event);
    return history;
  };

  test('a wrong answer is found, and which', () => {
    const history = historyOf([
      called('a#1', 'add', [1]),
      answered('a#1', told(1)),
      called('a#2', 'append', ['k', 'x']),
      answered('a#2', told('x')),
      called('b#1', 'total'),
      answered('b#1', told(0)),
    ]);
    const wrong = { verdict: 'violated', part: [0, 2], culprit: 2, why: [expect.stringMatching(/\w/)] };
    expect(history.verdict('linearizable')).toMatchObject(wrong);
    expect(history.verdict('sequential').verdict).toBe('holds');
  });

  test.each([
    ['was never answered', []],
    ['was answered by the front end, not by the service', [refused('NO_AGREEMENT')]],
    ['was refused, its session having been forgotten', [refused('SESSION_EXPIRED')]],
  ])('a request that %s may take effect later than what its client asked next', (_, outcomes) => {
    const history = historyOf([
      called('a#1', 'add', [5]),
      ...outcomes.map((outcome) => answered('a#1', outcome)),
      called('a#2', 'total'),
      answered('a#2', told(0)),
      called('a#3', 'total'),
      answered('a#3', told(5)),
    ]);
    expect(history.verdict('linearizable').verdict).toBe('holds');
    expect(history.verdict('sequential').verdict).toBe('holds');
    expect(history.verdict('sequential').operations.map(({ client }) => client)).toEqual(['a', 'a', 'a']);
  });

  test('who comes back from a crash knows nothing of what it was told', () => {
    const events = (incarnation: number) => [
      called('b#1', 'add', [5]),
      called('a#1', 'total'),
      answered('a#1', told(5)),
      called('a#2', 'total', [], incarnation),
      answered('a#2', told(0)),
      answered('b#1', told(5)),
    ];
    expect(historyOf(events(1)).verdict('sequential').verdict).toBe('violated');
    expect(historyOf(events(2)).verdict('sequential').verdict).toBe('holds');
  });

  test.each<[string, RegExp, () => TraceHistory]>([
    ['the service is not known', /Which service/, () => historyOf([called('a#1', 'add', [1])], { service: null })],
    ['it is of another service', /no operation "open"/, () => historyOf([called('a#1', 'open')])],
    ['events are missing', /more than could/, () => historyOf([{ t: 1, node: 'rm-1', kind: 'missed', events: 2 }])],
    [
      'an operation takes time from its request',
      /time or chance/,
      () => historyOf([called('a#1', 'open'), answered('a#1', told(1))], { service: clocks }),
    ],
    [
      'there are too many operations',
      /more than 2 operations/,
      () => historyOf([called('a#1', 'total'), called('b#1', 'total'), called('c#1', 'total')], { most: 2 }),
    ],
    [
      'the trace does not say what was asked',
      /what a request asks/,
      () => historyOf([{ t: 1, node: 'fe-1', kind: 'called', id: 'fe-1:1:c1', requests: ['a#1'] }]),
    ],
  ])('nothing can be said where %s', (_, why, history) => {
    expect(history().verdict('sequential')).toMatchObject({ verdict: 'unknown', why: [expect.stringMatching(why)] });
  });

  test('what is let go of is the oldest', () => {
    const many = ['a', 'b', 'c'].map((client) => called(`${client}#1`, 'total'));
    const { operations } = historyOf(many, { most: 2 }).verdict('sequential');
    expect(operations.map(({ request }) => request)).toEqual(['b#1', 'c#1']);
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
