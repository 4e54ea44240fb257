import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { service } from 'chorale';
import WebSocket from 'ws';
import { browserCommand } from '../../../runtime/cli/browser.js';
import { run } from '../../../runtime/cli/cli.js';
import { frameOf } from '../../../runtime/inspect/frame.js';
import { runOf } from '../../../runtime/inspect/page/scenes/scene.js';
import type { Command, Report } from '../../../runtime/inspect/protocol.js';
import { HostedSimulation } from '../../../runtime/inspect/server/hosted-simulation.js';
import type { Viewer } from '../../../runtime/inspect/server/viewer.js';
import { TraceLines } from '../../../runtime/inspect/timeline/lines.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import { parseSaved, savedText } from '../../../runtime/simulate/saved-run.js';
import { runCommand } from '../command.js';

const cwd = mkdtempSync(join(tmpdir(), 'chorale-inspect-'));
afterAll(() => rmSync(cwd, { recursive: true }));

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`still not so after 20 s: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A page of the command's server. */
class Page {
  readonly reports: Report[] = [];
  readonly timeline = new Timeline();
  readonly #lines = new TraceLines();
  readonly #socket: WebSocket;

  constructor(url: URL) {
    this.#socket = new WebSocket(`ws://${url.host}/look`, ['chorale', url.hash.slice('#token='.length)]);
    this.#socket.on('error', () => undefined); // then nothing is told, and the test says what it waited for
    this.#socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#take(data);
      else this.reports.push(JSON.parse(String(data)));
    });
  }

  send(command: Command): void {
    this.#socket.send(JSON.stringify(command));
  }

  async last<Is extends Report['is']>(is: Is, so: (report: Extract<Report, { is: Is }>) => boolean = () => true) {
    const found = () => this.reports.findLast((report) => report.is === is) as Extract<Report, { is: Is }> | undefined;
    await until(() => {
      const report = found();
      return report !== undefined && so(report);
    });
    return found() as Extract<Report, { is: Is }>;
  }

  #take(data: Buffer): void {
    const frame = frameOf(new Uint8Array(data).buffer);
    const { chunk, steps } = frame.is === 'columns' ? frame : this.#lines.take(frame.text);
    this.timeline.append(chunk, steps);
  }
}

/** The command, while it serves. */
async function inspecting(words: readonly string[], look: (page: Page, url: URL) => Promise<void>): Promise<string> {
  const interruption = new AbortController();
  let stdout = '';
  const ended = runCommand(['inspect', ...words, '--no-open'], { cwd, interrupted: interruption.signal }, (argv, io) =>
    run(argv, {
      ...io,
      stdout: (text) => {
        stdout += text;
        io.stdout(text);
      },
    }),
  );
  const early = ended.then(({ code, stderr }) => {
    throw new Error(`ended with ${code}: ${stderr}`);
  });
  await Promise.race([until(() => stdout.includes('Ctrl-C')), early]);
  const url = new URL(stdout.slice(stdout.indexOf('http'), stdout.indexOf('\n')));
  try {
    await look(new Page(url), url);
  } finally {
    interruption.abort();
    early.catch(() => undefined);
  }
  expect((await ended).code).toBe(0);
  return stdout;
}

describe('chorale inspect', () => {
  test('alone, it hands out a page that shows simulations of its own', async () => {
    await inspecting([], async (_, url) => {
      expect(url.hostname).toBe('127.0.0.1');
      expect(await (await fetch(new URL('/source.json', url))).json()).toEqual({ remote: false });
      expect(await (await fetch(url)).text()).toContain('<div id="app">');
    });
  });

  test('of a service it shows a simulation with the options given, that the page can drive', async () => {
    const words = ['bank', '--replication', 'passive', '--replicas', '4', '--fault', 'crash:rm-2@50ms', '--seed', '9'];
    await inspecting(words, async (page) => {
      const { run: opened, abilities, operations, charts } = await page.last('opened');
      expect(opened).toMatchObject({
        service: 'bank',
        property: 'linearizable',
        scenario: { replication: 'passive', replicas: 4, seed: 9, faults: ['crash:rm-2@50ms'] },
      });
      expect(opened?.scenario.requests.length).toBeGreaterThan(0);
      expect([abilities.control, abilities.context]).toEqual([true, 'past']);
      expect(operations.find(({ op }) => op === 'deposit')?.parameters.length).toBe(2);
      expect(charts.length).toBeGreaterThan(3);
      page.send({ do: 'advance', until: null });
      await page.last('standing', ({ ended }) => ended);
      expect(page.timeline.requests().next().done).toBe(false);
      expect(page.timeline.cutAt(page.timeline.length).nodes.get('rm-2')?.up).toBe(false);
      page.send({ do: 'check', property: 'linearizable' });
      expect((await page.last('verdict')).verdict.verdict).toBe('holds');
      page.send({ do: 'inject', fault: 'nonsense', place: 0 });
      expect(await page.last('failed')).toMatchObject({ code: 'INPUT_INVALID' });
    });
  });

  test('a saved scenario is run again; a trace is shown as it was recorded, with what is known of its charts', async () => {
    const words = ['run', 'bank', '--replication', 'local', '--order', 'fifo', '--trace', 'out.jsonl'];
    await runCommand(words, { cwd });
    const text = readFileSync(join(cwd, 'out.jsonl'), 'utf8');
    const saved = parseSaved(text, 'out.jsonl');
    writeFileSync(join(cwd, 'smallest.json'), savedText({ ...saved, property: 'sequential' }));
    writeFileSync(join(cwd, 'bare.jsonl'), text.slice(text.indexOf('\n') + 1));
    await inspecting(['smallest.json'], async (page) => {
      const { run: opened, source } = await page.last('opened');
      expect([source, opened]).toEqual([
        'simulation',
        { service: 'bank', property: 'sequential', scenario: saved.scenario },
      ]);
      // it is there whole, and checked
      await page.last('standing', ({ ended }) => ended);
      expect((await page.last('verdict')).verdict.property).toBe('sequential');
      expect(page.timeline.length).toBe(saved.lines?.length);
    });
    for (const [file, known] of [
      ['out.jsonl', true],
      ['bare.jsonl', false],
    ] as const)
      await inspecting([file], async (page) => {
        const { source, run: opened, charts, abilities } = await page.last('opened');
        expect([source, opened?.scenario.replication, abilities.control]).toEqual([
          'trace',
          known ? 'local' : undefined,
          false,
        ]);
        expect(charts.length > 0).toBe(known);
        await page.last('standing', ({ ended }) => ended);
        expect(page.timeline.length).toBe(saved.lines?.length);
        page.send({ do: 'run', speed: 1 });
        expect(await page.last('failed')).toMatchObject({ code: 'NOT_ALLOWED' });
      });
  });

  test.each([
    [['--replicas', '5'], /--replicas: of which service/],
    [['nothing.jsonl'], /no file nothing.jsonl/],
    [['wrong.json'], /wrong.json is neither/],
    [['nowhere'], /no example "nowhere"/],
    [['bank', '--replication', 'passive', '--tolerate', 'byzantine'], /STYLE_UNSUITED/],
    [['bank', '--fault', 'crash:rm-9@1ms'], /rm-9/],
    [['right.json', '--seed', '3'], /right.json says all that decides the run, so --seed/],
    [['--port', '70000'], /--port/],
  ])('%j is refused in one line', async (words, why) => {
    writeFileSync(join(cwd, 'wrong.json'), '{"kind":"history"}');
    writeFileSync(join(cwd, 'right.json'), '{}');
    const world = { cwd, interrupted: AbortSignal.timeout(5_000) };
    const { code, stderr, stdout } = await runCommand(['inspect', ...words, '--no-open'], world);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(why);
    expect(stderr.trim().split('\n').length).toBe(1);
  });

  test('its help has examples, and an address is opened without a shell', async () => {
    const { code, stdout } = await runCommand(['inspect', '--help'], { cwd });
    expect(code).toBe(0);
    for (const word of ['chorale inspect bank', '--no-open', 'Ctrl-C', 'crash:']) expect(stdout).toContain(word);
    const url = 'http://127.0.0.1:1/#token=a&b';
    for (const system of ['linux', 'darwin', 'win32'] as const) expect(browserCommand(system, url).at(-1)).toBe(url);
  });
});

test('a simulation waits for a page that does not read, and goes on when it does', async () => {
  const counter = service('counter', {
    state: () => ({ value: 0 }),
    updates: {
      add(draft) {
        draft.value += 1;
        return draft.value;
      },
    },
    queries: {},
  });
  const requests = Array.from({ length: 300 }, (_, i) => ({ at: i, client: 'alice', op: 'add', args: [] }));
  const counting = runOf('counter', 'sequential', { delay: [1, 3], requests });
  const waiting: (() => void)[] = [];
  const page: Viewer & { ready: boolean; chunks: number; ended: boolean } = {
    ready: true,
    chunks: 0,
    ended: false,
    report: (report) => {
      if (report.is === 'standing') page.ended = report.ended;
    },
    lines: () => undefined,
    events: () => {
      page.chunks += 1;
      if (page.chunks === 2) page.ready = false;
    },
    whenReady: (callback) => void (page.ready ? callback() : waiting.push(callback)),
  };
  const looking = new HostedSimulation({ service: counter }, counting, false).join(page);
  looking.take({ do: 'advance', until: null });
  await until(() => waiting.length === 1);
  const { chunks } = page;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([page.chunks, page.ended, waiting.length]).toEqual([chunks, false, 1]);
  page.ready = true;
  for (const callback of waiting.splice(0)) callback();
  await until(() => page.ended);
  looking.leave();
});
