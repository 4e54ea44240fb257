// npm run screenshots: pictures of every view, light and dark, in two sizes, into docs/inspector. Needs a build, and chromium.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serveInspector } from '../../dist/runtime/inspect/server/serve.js';

const folder = fileURLToPath(new URL('../../docs/inspector/', import.meta.url));
mkdirSync(folder, { recursive: true });

/** Each view: the scene that shows it, at which step, and what fills the page; null where all views are seen. */
const views = [
  { name: 'cluster', scene: 'primary-crash', step: 5, view: 'space-time', fill: null },
  { name: 'chart', scene: 'primary-crash', step: 5, view: 'chart', actor: 'rm-2: rm', fill: 'second' },
  { name: 'state', scene: 'phases-passive', step: 4, view: 'state', actor: 'rm-2: rm', fill: null },
  { name: 'space-time', scene: 'flush', step: 6, view: 'space-time', fill: 'below' },
  { name: 'requests', scene: 'asked-twice', step: 99, view: 'requests', fill: null },
  { name: 'history', scene: 'bank-anomaly', step: 99, view: 'history', fill: null },
];

const serving = await serveInspector({ source: null });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const [width, height] of [
  [1280, 800],
  [1920, 1080],
]) {
  for (const colorScheme of ['light', 'dark']) {
    for (const { name, scene, step, view, actor, fill } of views) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
      await page.goto(serving.url);
      await page.waitForSelector('[data-do=next]:enabled');
      await page.click('.scene .back');
      await page.click(`[data-scene="${scene}"]`);
      for (let i = 0; i < step; i++) {
        await page.waitForSelector('[data-do=next]:enabled, [data-do=again]');
        if ((await page.locator('[data-do=again]').count()) > 0) break;
        await page.click('[data-do=next]');
      }
      if (actor !== undefined) {
        const [node, what] = actor.split(': ');
        await page.locator(`[aria-label^="Actor ${what} of ${node}:"]`).dispatchEvent('click');
      }
      await page.click(`[data-view="${view}"]`);
      if (fill !== null) await page.click(`.pane.${fill} [aria-label="Let this view fill the page"]`);
      await page.waitForFunction(() => !document.body.textContent.includes('Laying out'));
      await page.evaluate('new Promise((done) => setTimeout(done, 700))'); // what fades has faded
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}-${width}x${height}.png`) });
      await page.close();
    }
  }
}
await browser.close();
await serving.close();
