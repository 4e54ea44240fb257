/** The statecharts of all machines in Chromium, as it lays them out, measures and draws them; and the view around them. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { describe as describeChart } from '../../runtime/inspect/charts/describe.js';
import type { Step } from '../../runtime/inspect/timeline/encode.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import { everyMachine } from '../machines/every.js';

/** What test/e2e/page/charts.tsx gives its window; the page is compiled apart from the tests. */
interface ChartsPage {
  /** Charts, events and steps. */
  open(json: string): void;
  choose(node: string, actor: string): void;
  lookAt(place: number): void;
  cursor(): number;
  svg(): string | null;
  isLaidOut(chart: string): boolean;
  flaws(): string[];
}
declare const window: { page: ChartsPage };
declare const requestAnimationFrame: (done: (time: number) => void) => void;
declare const getComputedStyle: (element: unknown) => { readonly fontWeight: string };

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};
/** What the inspector's server allows its page. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self' data: blob:";

let folder = '';
let server: Server;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorale-charts-'));
  const vite = join(process.cwd(), 'node_modules/vite/bin/vite.js');
  const args = [vite, 'build', '-c', 'test/e2e/page/vite.config.ts', '--outDir', folder, '--logLevel', 'error'];
  await promisify(execFile)(process.execPath, args);
  server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    readFile(join(folder, path)).then(
      (content) => {
        const type = types[extname(path)] ?? 'application/octet-stream';
        response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(content);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  await page.goto(`http://127.0.0.1:${port}/charts.html`);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

const laidOut = (chart: string) => page.waitForFunction((id) => window.page.isLaidOut(id), chart);

const charts = [...new Map(everyMachine().map((machine) => [machine.id, describeChart(machine)])).values()];

const open = (events: readonly TraceEvent[], steps: readonly Step[]) =>
  page.evaluate((json) => window.page.open(json), JSON.stringify([charts, events, steps]));

describe('charts', () => {
  beforeAll(async () => {
    const started = charts.map(
      ({ chart, root }): TraceEvent => ({
        t: 0,
        node: 'rm-1',
        actor: chart,
        kind: 'started',
        chart,
        state: root.initial ?? '',
      }),
    );
    // All of them taken, so often that the counts are as wide as they get.
    const steps = charts.flatMap(({ chart, transitions }) =>
      transitions.flatMap(({ name }) =>
        Array.from({ length: 1111 }, (): Step => ({ place: 0, node: 'rm-1', actor: chart, transition: name })),
      ),
    );
    await open(started, steps);
  });

  test.each(charts.map(({ chart }) => chart))('%s: nothing overlaps, and no text is cut', async (chart) => {
    await page.evaluate((actor) => window.page.choose('rm-1', actor), chart);
    await laidOut(chart);
    expect(await page.evaluate(() => window.page.flaws())).toEqual([]);
  });
});

describe('the view', () => {
  const [waiting, idle, again] = [
    'idle --call [aRequestIsOut]--> waiting',
    'waiting --replies [nothingIsOut]--> idle',
    'waiting --after retryAfter--> waiting',
  ] as const;
  const frontEnd = 'local front end';
  const run: TraceEvent[] = [
    { t: 0, node: 'fe-1', actor: 'fe', kind: 'started', chart: frontEnd, state: 'idle' },
    { t: 0, node: 'fe-2', actor: 'fe', kind: 'started', chart: frontEnd, state: 'idle' },
    { t: 1, node: 'fe-1', actor: 'fe', kind: 'transition', event: 'call', from: 'idle', to: 'waiting' },
    { t: 2, node: 'fe-2', actor: 'fe', kind: 'transition', event: 'call', from: 'idle', to: 'waiting' },
    { t: 9, node: 'fe-1', actor: 'fe', kind: 'transition', event: 'replies', from: 'waiting', to: 'idle' },
    { t: 10, node: 'fe-1', actor: 'fe', kind: 'transition', event: 'call', from: 'idle', to: 'waiting' },
    { t: 12, node: 'fe-1', kind: 'crashed', reason: 'fault' },
  ];
  const steps: Step[] = [
    { place: 2, node: 'fe-1', actor: 'fe', transition: waiting },
    { place: 3, node: 'fe-2', actor: 'fe', transition: waiting },
    { place: 4, node: 'fe-1', actor: 'fe', transition: again },
    { place: 4, node: 'fe-1', actor: 'fe', transition: idle },
    { place: 5, node: 'fe-1', actor: 'fe', transition: waiting },
  ];

  beforeEach(async () => {
    await open(run, steps);
    await page.evaluate(() => window.page.choose('fe-1', 'fe'));
    await laidOut(frontEnd);
    await page.getByRole('button', { name: 'this actor', exact: true }).click();
    await lookAt(6);
  });

  /** What changes is drawn with the next frame. */
  const drawn = () =>
    page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const lookAt = async (place: number) => {
    await page.evaluate((to) => window.page.lookAt(to), place);
    await drawn();
  };
  const cursor = () => page.evaluate(() => window.page.cursor());
  const part = (transition: string) => page.locator(`[data-transition="${transition}"]`);
  const count = (transition: string) => part(transition).locator('.count').textContent();
  const lit = () =>
    page.locator('.state.active').evaluateAll((all) => all.map((state) => state.getAttribute('data-state')));

  test('the active state is lit, the last transition shown, and what was taken is counted up to the cursor', async () => {
    expect(await lit()).toEqual(['waiting']);
    expect([await count(waiting), await count(idle), await count(again)]).toEqual(['×2', '×1', '×1']);
    expect(await page.locator('.transition.last').getAttribute('data-transition')).toBe(waiting);
    await lookAt(4);
    expect(await lit()).toEqual(['waiting']);
    await lookAt(1);
    expect(await lit()).toEqual(['idle']);
    expect([await count(waiting), await count(idle)]).toEqual(['', '']);
    expect(await part(waiting).getAttribute('class')).toContain('never');
    expect(await page.locator('.transition.last').count()).toBe(0);
    await lookAt(7);
    expect(await lit()).toEqual([]);
    await page.getByText('down', { exact: true }).waitFor();
  });

  test('this actor, or all that have its chart', async () => {
    await page.getByRole('button', { name: 'all with this chart' }).click();
    await drawn();
    expect(await count(waiting)).toBe('×3');
    await page.getByText('by all 2 with this chart').waitFor();
  });

  test('a press on a transition goes to where it was taken last, and the buttons to where else it was', async () => {
    await part(waiting).locator('.ground').click({ force: true });
    expect(await cursor()).toBe(6);
    await page.getByRole('button', { name: 'earlier' }).click();
    expect(await cursor()).toBe(3);
    expect(await page.getByRole('button', { name: 'earlier' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'later' }).click();
    expect(await cursor()).toBe(6);
    await part(idle).focus();
    await page.keyboard.press('Enter');
    expect(await cursor()).toBe(5);
    await drawn();
    expect(await lit()).toEqual(['idle']);
  });

  test('wheel, drag and keys move it about, and it can be had whole again', async () => {
    const drawing = page.locator('.drawing');
    const transform = () => drawing.getAttribute('transform');
    const whole = await transform();
    await page.mouse.move(640, 600);
    await page.mouse.wheel(0, -200);
    const larger = await transform();
    expect(larger).not.toBe(whole);
    await page.mouse.move(60, 600);
    await page.mouse.down();
    await page.mouse.move(90, 640);
    await page.mouse.up();
    expect(await transform()).not.toBe(larger);
    await page.locator('.canvas').focus();
    await page.keyboard.press('0');
    expect(await transform()).toBe(whole);
  });

  test('the exported drawing stands by itself', async () => {
    const svg = (await page.evaluate(() => window.page.svg())) ?? '';
    const alone = await browser.newPage();
    await alone.setContent(svg.replace(/^<\?xml.*\?>/, ''));
    expect(
      await alone.getByText('waiting', { exact: true }).evaluate((text) => getComputedStyle(text).fontWeight),
    ).toBe('600');
    expect(svg).not.toMatch(/var\(|class=|<script/);
    await alone.close();
  });

  test('nothing went wrong in the page', () => {
    expect(complaints).toEqual([]);
  });
});
