/** How long the page's script takes for a frame, as Chromium itself traces it. */
import { start } from 'chorale';
import { inspect } from 'chorale/inspect';
import type { Browser, Page } from 'playwright-core';
import { bank } from './bank.js';
import { openTrace } from './inspector-page.js';

/** ms of script. */
export interface FrameTimes {
  readonly median: number;
  readonly p95: number;
}

const size = { width: 1280, height: 800 };

/** While a live cluster makes so many events a second. `rate`: how many it really made. */
export async function whileLive(
  browser: Browser,
  wanted: number,
  seconds: number,
): Promise<FrameTimes & { readonly rate: number }> {
  await using cluster = await start(bank(100), { replicas: 3, delay: 1 });
  await using inspection = await inspect(cluster);
  let events = 0;
  const untap = cluster.tap({
    record: () => {
      events += 1;
    },
  });
  const clients = Array.from({ length: 16 }, () => cluster.client());
  const begun = performance.now();
  const elapsed = (): number => (performance.now() - begun) / 1000;
  let over = false;
  const load = Promise.all(
    clients.map(async (client, c) => {
      while (!over) {
        if (events < wanted * elapsed()) await client.deposit(`account-${c}`, 1);
        else await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }),
  );
  const page = await browser.newPage({ viewport: size });
  await page.goto(inspection.url);
  await page.waitForSelector('.cluster svg [aria-label^="Node "]');
  await pause(page, 1);
  const [before, at] = [events, elapsed()];
  const times = await traced(browser, page, () => pause(page, seconds));
  const rate = (events - before) / (elapsed() - at);
  over = true;
  await load;
  untap();
  await page.close();
  return { ...times, rate };
}

/** While somebody draws the place through a trace of 100,000 events, from its beginning to its end. */
export async function whileScrubbing(browser: Browser, url: string, path: string, frames: number): Promise<FrameTimes> {
  const page = await browser.newPage({ viewport: size });
  await openTrace(page, url, path, 100_000);
  const times = await traced(browser, page, () =>
    page.evaluate(`new Promise((done) => {
      const scrub = document.querySelector('.scrub');
      let frame = 0;
      const move = () => {
        scrub.value = String(Math.round((scrub.max * frame) / ${frames}));
        scrub.dispatchEvent(new Event('input', { bubbles: true }));
        frame += 1;
        if (frame > ${frames}) done();
        else requestAnimationFrame(move);
      };
      requestAnimationFrame(move);
    })`),
  );
  await page.close();
  return times;
}

const pause = (page: Page, seconds: number): Promise<unknown> =>
  page.evaluate(`new Promise((done) => setTimeout(done, ${seconds * 1000}))`);

/** One event of a trace of Chromium's; times in µs. */
interface Traced {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
}

/** What runs script. They lie within each other. */
const scripts = new Set([
  'FunctionCall',
  'EvaluateScript',
  'RunMicrotasks',
  'EventDispatch',
  'FireAnimationFrame',
  'TimerFire',
  'HandlePostMessage',
]);

async function traced(browser: Browser, page: Page, act: () => Promise<unknown>): Promise<FrameTimes> {
  await browser.startTracing(page, { categories: ['devtools.timeline', 'v8.execute'] });
  await act();
  const { traceEvents }: { readonly traceEvents: readonly Traced[] } = JSON.parse(String(await browser.stopTracing()));
  const thread = pageThread(traceEvents);
  const own = traceEvents.filter(({ pid, tid }) => `${pid} ${tid}` === thread);
  const ends = own.flatMap(({ name, ph, ts }) => (name === 'AnimationFrame' && ph === 'e' ? [ts] : []));
  ends.sort((a, b) => a - b);
  const spent = ends.map(() => 0);
  let until = 0;
  let frame = 0;
  for (const { ts, dur = 0 } of own.filter(({ name }) => scripts.has(name)).sort((a, b) => a.ts - b.ts)) {
    while (frame < ends.length && (ends[frame] ?? 0) < ts) frame += 1;
    if (frame < ends.length) spent[frame] = (spent[frame] ?? 0) + Math.max(0, ts + dur - Math.max(ts, until)) / 1000;
    until = Math.max(until, ts + dur);
  }
  const sorted = spent.slice(1).sort((a, b) => a - b); // the first had begun before
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95) };
}

/** The one that draws: other pages' threads may be traced as well. */
function pageThread(events: readonly Traced[]): string {
  const frames = new Map<string, number>();
  for (const { name, pid, tid } of events)
    if (name === 'FireAnimationFrame') frames.set(`${pid} ${tid}`, (frames.get(`${pid} ${tid}`) ?? 0) + 1);
  return [...frames].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
}
