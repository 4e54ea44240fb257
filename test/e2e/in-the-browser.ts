/** The inspector's page in Chromium. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Serving, serveInspector } from '../../runtime/inspect/server/serve.js';

export let folder = '';
let serving: Serving;
export let browser: Browser;
export let page: Page;
/** Errors of the page. */
export const complaints: string[] = [];

/** A new page for each test of the file, or one for all of them, as somebody goes from one to the next. */
export function openInspector(pages: 'each' | 'one'): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorale-inspector-'));
    serving = await serveInspector({ source: null, page: join(process.cwd(), 'dist/inspector') });
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
    if (pages === 'one') await openPage();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await serving?.close();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    complaints.length = 0;
    if (pages === 'each') await openPage();
  });
}

async function openPage(): Promise<void> {
  await page?.close();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(serving.url);
  await begun();
}

/** From now on it is this page that is looked at. */
export async function goOnWith(other: Page): Promise<void> {
  await page.close();
  page = other;
}

/** The first scene is there, and its run whole. */
const begun = () => page.waitForSelector('[data-do=next]:enabled');
export const press = (what: string) => page.click(`[data-do="${what}"]`);
export const events = async (): Promise<number> => Number(await page.getAttribute('.scrub', 'max'));
export const place = async (): Promise<number> => Number(await page.inputValue('.scrub'));
export const goTo = (to: number) => page.fill('.scrub', String(to));
/** All that the cluster's picture says in words. */
export const picture = () =>
  page.locator('.cluster svg').evaluate((svg) =>
    // in the page: there is a DOM
    [
      ...(
        svg as unknown as { querySelectorAll(of: string): Iterable<{ getAttribute(of: string): string | null }> }
      ).querySelectorAll('[aria-label]'),
    ]
      .map((each) => `${each.getAttribute('aria-label')}`)
      .sort(),
  );

export async function openScene(id: string): Promise<void> {
  if ((await page.locator('.scene .back').count()) > 0) await page.click('.scene .back');
  await page.click(`[data-scene="${id}"]`);
  await page.waitForSelector('[data-do=next]:enabled');
}
