/** How soon the inspector's page is there, and how it takes a large trace. */
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';

const size = { width: 1280, height: 800 };

/** Runs in the page before its own scripts: notes when the first picture of a cluster is there. */
const noteFirst = `
const look = () => {
  if (document.querySelector('.cluster svg [aria-label^="Node "]') === null) requestAnimationFrame(look);
  else document.documentElement.dataset.first = performance.now();
};
requestAnimationFrame(look);
`;

/** Of workers too. */
const scriptBytes = `performance.getEntriesByType('resource')
  .filter(({ name }) => name.endsWith('.js') && !name.includes('layout-worker'))
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`;

/** ms until a cluster is seen, the median; and bytes of script that had come over the wire by then. */
export async function firstView(
  browser: Browser,
  url: string,
  times: number,
): Promise<{ time: number; bytes: number }> {
  const seen: number[] = [];
  let bytes = 0;
  for (let i = 0; i < times; i++) {
    const context = await browser.newContext({ viewport: size }); // a cache of its own
    const page = await context.newPage();
    await page.addInitScript(noteFirst);
    await page.goto(url);
    await page.waitForSelector('html[data-first]');
    seen.push(Number(await page.getAttribute('html', 'data-first')));
    bytes = await page.evaluate<number>(scriptBytes);
    await context.close();
  }
  return { time: seen.sort((a, b) => a - b)[seen.length >> 1] ?? 0, bytes };
}

/** Hands a trace to the page, and waits until all of it is there. */
export async function openTrace(page: Page, url: string, path: string, events: number): Promise<void> {
  await page.goto(url);
  await page.waitForSelector('[data-do=next]:enabled');
  await page.setInputFiles('.header input[type=file]', path);
  await page.waitForSelector(`.scrub[max="${events}"]`, { timeout: 120_000 });
  await page.waitForSelector('.loading', { state: 'detached' });
}

/** ms that it takes, on the clock and of CPU, and the most memory, in bytes; both of all of the browser's processes. */
export async function opening(browser: Browser, url: string, path: string, events: number) {
  const page = await browser.newPage({ viewport: size });
  let memory = 0;
  let done = false;
  const watching = (async () => {
    while (!done) {
      memory = Math.max(memory, await memoryOf(browser));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  const before = performance.now();
  const { cpu } = await processesOf(browser);
  try {
    await openTrace(page, url, path, events);
  } finally {
    done = true;
    await watching;
  }
  const time = performance.now() - before;
  const spent = (await processesOf(browser)).cpu - cpu;
  await page.close();
  return { time, cpu: spent, memory };
}

/** Bytes, what processes share counted once. Linux only. */
async function memoryOf(browser: Browser): Promise<number> {
  const { ids } = await processesOf(browser);
  const sizes = await Promise.all(
    ids.map(async (id) => {
      const text = await readFile(`/proc/${id}/smaps_rollup`, 'utf8').catch(() => ''); // it has ended
      return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
    }),
  );
  return sizes.reduce((sum, each) => sum + each, 0);
}

/** `cpu` in ms, of all together. */
async function processesOf(browser: Browser): Promise<{ readonly ids: readonly number[]; readonly cpu: number }> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const cpu = processInfo.reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
  return { ids: processInfo.map(({ id }) => id), cpu };
}
