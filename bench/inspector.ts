/**
 * The inspector's space-time diagram in Chromium: how long its script takes for a frame while somebody pans, zooms and scrubs over a
 * long trace. `node dist/bench/inspector.js [events]…`, from the repository's root; CHROMIUM names the browser.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import bank, { workload } from '../examples/bank/service.js';
import { random } from '../runtime/simulate/random.js';
import { simulate } from '../runtime/simulate/simulation.js';
import { type PlannedRequest, play } from '../runtime/simulate/workload.js';
import type { TraceEvent } from '../runtime/trace/format.js';

/** ms of script for a frame. */
export interface FrameTimes {
  readonly frames: number;
  readonly median: number;
  readonly p95: number;
  readonly most: number;
}

/** What the page of the benchmark does: repeats a run until there are enough events, and shows the diagram. */
const entry = `
import { render } from 'preact';
import { jsx } from 'preact/jsx-runtime';
import '/runtime/inspect/page/style.css';
import * as model from '/runtime/inspect/page/model.ts';
import * as state from '/runtime/inspect/page/views/space-time/state.ts';
import { SpaceTime } from '/runtime/inspect/page/views/space-time.tsx';
import { Encoder } from '/runtime/inspect/timeline/encode.ts';
const again = (event, turn, span) => JSON.parse(JSON.stringify({ ...event, t: event.t + turn * span }, (key, value) =>
  typeof value !== 'string' || turn === 0 ? value
  : key === 'id' || key === 'cause' ? value.replace(/:(?=c?\\d+$)/, ':' + turn + '0')
  : value.replace(/#(\\d+)$/, (_, n) => '#' + (Number(n) + turn * 1000))));
window.fill = (events, count) => {
  const encoder = new Encoder();
  const span = events.at(-1).t + 10;
  const begun = performance.now();
  let taking = 0;
  for (let turn = 0, from = 0; from < count; turn++, from += events.length) {
    const chunk = encoder.encode(events.map((event) => again(event, turn, span)), from);
    const before = performance.now();
    model.take({ is: 'events', chunk, steps: null });
    taking += performance.now() - before;
  }
  render(jsx(SpaceTime, {}), document.getElementById('app'));
  return { events: model.timeline.value.length, taking, all: performance.now() - begun };
};
const frame = requestAnimationFrame.bind(window);
let spent = 0;
window.requestAnimationFrame = (callback) => frame((t) => {
  const before = performance.now();
  callback(t);
  spent += performance.now() - before;
});
const acts = {
  pan: (n, frames) => state.pan(Math.sin((n / frames) * 2 * Math.PI) * 60),
  zoom: (n, frames) => state.zoom(n < frames / 2 ? 1.05 : 1 / 1.05),
  scrub: (n, frames) => model.lookAt((n / frames) * model.timeline.value.length),
};
window.act = async (name, frames) => {
  const times = [];
  for (let n = 0; n < frames; n++) {
    spent = 0;
    const before = performance.now();
    acts[name](n, frames);
    const handled = performance.now() - before;
    await new Promise((done) => frame(() => setTimeout(done)));
    times.push(handled + spent);
  }
  return times;
};
window.inspector = { model, state };
`;

const page = '<!doctype html><html lang="en"><body><div id="app" style="height:100vh"></div></body></html>';
const host = 'http://inspector.bench/';
const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css' };

/** A run of the bank with some of everything. */
function events(): TraceEvent[] {
  const all: TraceEvent[] = [];
  const faults = ['loss:0.01', 'crash:rm-2@400ms', 'recover:rm-2@700ms', 'partition:rm-1|fe-2@200ms..250ms'];
  const simulation = simulate(bank, { replication: 'active', replicas: 5, faults, trace: (event) => all.push(event) });
  const chance = random(1, 'requests');
  const requests: PlannedRequest[] = [];
  for (let turn = 0; turn < 30; turn++) {
    for (let client = 1; client <= 8; client++) {
      const [op, ...args] = workload(chance);
      requests.push({ at: turn * 25, client: `client-${client}`, op, args });
    }
  }
  play(simulation, requests, { timeout: 2000 });
  return all;
}

async function built(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chorale-inspector-'));
  await build({
    root: process.cwd(),
    configFile: false,
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true, target: 'es2022', rollupOptions: { input: 'bench-entry' } },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    plugins: [
      {
        name: 'bench-entry',
        resolveId: (id) => (id === 'bench-entry' ? join(process.cwd(), 'bench-entry.js') : null),
        load: (id) => (id.endsWith('/bench-entry.js') ? entry : null),
      },
    ],
  });
  return folder;
}

async function open(browserPage: Page, folder: string): Promise<void> {
  const { readdir } = await import('node:fs/promises');
  const files = (await readdir(join(folder, 'assets'))).map((name) => `assets/${name}`);
  const script = files.find((name) => name.endsWith('.js'));
  const styles = files.filter((name) => name.endsWith('.css')).map((name) => `<link rel="stylesheet" href="/${name}">`);
  await browserPage.route(`${host}**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/')
      return route.fulfill({
        contentType: 'text/html',
        body: page.replace('</body>', `${styles.join('')}<script type="module" src="/${script}"></script></body>`),
      });
    if (!files.includes(pathname.slice(1))) return route.fulfill({ status: 404 });
    return route.fulfill({ contentType: types[extname(pathname)] ?? '', body: await readFile(join(folder, pathname)) });
  });
  await browserPage.goto(host);
  await browserPage.waitForFunction('window.fill !== undefined');
}

function timesOf(times: readonly number[]): FrameTimes {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { frames: times.length, median: at(0.5), p95: at(0.95), most: at(1) };
}

/** ms to open a trace of so many events, and of script for each frame while it is looked at, by what is done. */
export async function measure(counts: readonly number[]): Promise<void> {
  const folder = await built();
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  try {
    const few = events();
    for (const count of counts) {
      const browserPage = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      await open(browserPage, folder);
      const filled = await browserPage.evaluate(`window.fill(${JSON.stringify(few)}, ${count})`);
      console.log(`${count} events: ${JSON.stringify(filled)}`);
      for (const [view, prepare] of views) {
        for (const act of ['pan', 'zoom', 'scrub']) {
          await browserPage.evaluate(prepare);
          await browserPage.evaluate('window.act("pan", 5)');
          const times = await browserPage.evaluate<number[]>(`window.act(${JSON.stringify(act)}, 180)`);
          const { median, p95, most } = timesOf(times);
          const text = [median, p95, most].map((ms) => ms.toFixed(2)).join(' / ');
          console.log(`  ${view}, ${act}: median / 95th / most ${text} ms of script a frame`);
        }
      }
      await browserPage.close();
    }
  } finally {
    await browser.close();
    await rm(folder, { recursive: true });
  }
}

/** Near enough to see each message, as many as are drawn one by one, shading of some, and all of it. */
const views = [
  ['near', 'inspector.state.showLatest()'],
  ['3,000 events', 'inspector.state.showLatest(); inspector.state.zoom(1 / 11)'],
  ['shaded', 'inspector.state.showLatest(); inspector.state.zoom(1 / 60)'],
  ['all', 'inspector.state.showAll()'],
] as const;

if (process.argv[1]?.endsWith('inspector.js')) {
  const counts = process.argv.slice(2).map(Number);
  await measure(counts.length > 0 ? counts : [100_000, 1_000_000]);
}
