/**
 * What the inspector costs, beside the bars that it was built for: how soon its page is there and how large it is, its script for a
 * frame, how long a large trace takes to open, and what a live cluster loses by it. It prints; it asserts nothing, for a time is a
 * fact of one machine. `npm run bench:inspector`; CHROMIUM names the browser. About three minutes.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { serveInspector } from '../runtime/inspect/server/serve.js';
import { costs } from './inspector-cost.js';
import { whileLive, whileScrubbing } from './inspector-frames.js';
import { firstView, opening } from './inspector-page.js';
import { traceFile } from './inspector-trace.js';
import { medians, table, toggling } from './toggle.js';

const rows: Record<string, string>[] = [];
const begun = performance.now();
const say = (what: string): void =>
  console.log(`${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${what}`);
const row = (what: string, bar: string, seen: string): void => {
  rows.push({ what, bar, seen });
  say(`${what}: ${seen}`);
};
const ms = (time: number): string => `${time.toFixed(time < 100 ? 1 : 0)} ms`;

const [reference = 0] = medians(toggling());
say(`one toggle of XState takes ${reference.toFixed(2)} µs here and now`);

const folder = await mkdtemp(join(tmpdir(), 'chorale-bench-'));
const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
let browser = await launch();
const serving = await serveInspector({ source: null });
try {
  const first = await firstView(browser, serving.url, 7);
  row('first view, cold cache, median of 7', '< 1500 ms', ms(first.time));
  row('JavaScript before the layout worker, compressed', '≤ 250 kB', `${(first.bytes / 1000).toFixed(1)} kB`);

  const live = await whileLive(browser, 2_000, 5);
  row(`script of a frame, ${Math.round(live.rate)} events/s live`, 'median < 8 ms', ms(live.median));
  row('', '95th < 16 ms', ms(live.p95));

  const short = join(folder, 'short.jsonl');
  await traceFile(short, 100_000);
  const scrubbing = await whileScrubbing(browser, serving.url, short, 240);
  row('script of a frame, scrubbing 100,000 events', 'median < 8 ms', ms(scrubbing.median));
  row('', '95th < 16 ms', ms(scrubbing.p95));

  const long = join(folder, 'long.jsonl');
  const bytes = await traceFile(long, 1_000_000);
  say(`a trace of 1,000,000 events has ${(bytes / 1e6).toFixed(0)} MB`);
  await browser.close();
  browser = await launch(); // for the memory of this alone
  const opened = await opening(browser, serving.url, long, 1_000_000);
  row('a trace of 1,000,000 events opens', '< 10 s', `${(opened.time / 1000).toFixed(1)} s`);
  row('', '', `${(opened.cpu / 1000).toFixed(1)} s of CPU, all threads`);
  row('memory of the whole browser meanwhile, at most', '< 1.5 GiB', `${(opened.memory / 2 ** 30).toFixed(2)} GiB`);
} finally {
  await browser.close();
  await serving.close();
  await rm(folder, { recursive: true });
}

const cost = await costs(12, say);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
row('throughput lost, nobody watching', '< 2 %', percent(cost.alone));
row('throughput lost, one viewer', '≤ 30 %', percent(cost.watched));

table('the inspector', rows);
