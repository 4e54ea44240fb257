/** The guided scenes of the inspector in Chromium, and the diagram that they are told in. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { scenes } from '../../runtime/inspect/page/scenes/index.js';
import { complaints, openInspector, openScene, page, place, press } from './in-the-browser.js';

openInspector('one');

describe('guided scenes', () => {
  test.each(scenes.map((scene) => [scene.id, scene] as const))('%s is told to its end', async (id, scene) => {
    await openScene(id);
    let before = -1;
    for (const { say } of scene.steps) {
      await press('next');
      await page.waitForSelector(`.told .now:text-is(${JSON.stringify(say)})`);
      // it plays on to the moment, and stands still there
      await page.waitForSelector('[data-do=run]', { timeout: 20_000 });
      const now = await place();
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
    expect(await page.locator('[data-do=again]').count()).toBe(1);
    expect(await page.locator('.failure').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});

describe('the space-time diagram', () => {
  const diagram = (of: string) => page.locator('.space-time').locator(of);

  test.each(['flush', 'bank-anomaly'])('of %s shows the moment of every step, and all lines', async (id) => {
    await openScene(id);
    const { steps = [] } = scenes.find((scene) => scene.id === id) ?? {};
    for (let step = 0; step <= steps.length; step++) {
      if (step > 0) await press('next');
      await page.click('[data-view=space-time]');
      await page.waitForSelector('.space-time-cursor .handle:visible');
      expect(await diagram('.space-time-cursor').evaluate((line) => getComputedStyle(line).visibility)).toBe('visible');
    }
    const frame = await diagram('.space-time-scroll').boundingBox();
    const lines = await diagram('.space-time-names button').all();
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) {
      const { y = 0, height = 0 } = (await line.boundingBox()) ?? {};
      expect(y + height).toBeLessThanOrEqual((frame?.y ?? 0) + (frame?.height ?? 0));
    }
    expect(complaints).toEqual([]);
  });

  test('has its controls on one line, says what its signs mean, and shows vector clocks', async () => {
    await openScene('flush');
    expect((await diagram('.space-time-bar').boundingBox())?.height).toBeLessThan(44);
    const [bar, last] = [await diagram('.space-time-bar').boundingBox(), await diagram('text=Latest').boundingBox()];
    expect((last?.x ?? 0) + (last?.width ?? 0)).toBeLessThanOrEqual((bar?.x ?? 0) + (bar?.width ?? 0));
    await diagram('summary').click();
    await diagram('text=the network is cut here').waitFor();
    await diagram('text=Latest').click();
    await diagram('text=the network is cut here').waitFor({ state: 'hidden' });
    await diagram('label:has-text("clocks")').click();
    await page.click('.pane.below [aria-label="Let this view fill the page"]');
    const waiting = page.waitForEvent('download');
    await press('svg:space-time');
    const text = await readFile(await (await waiting).path(), 'utf8');
    expect(/>\[\d+(,\d+){7}\]<\/text>/.test(text)).toBe(true);
    expect(complaints).toEqual([]);
  });
});

declare const getComputedStyle: (of: unknown) => { readonly visibility: string };
