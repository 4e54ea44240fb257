/** The inspector's page in Chromium, as somebody uses it: faults by hand, time back and forth, files. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import bank, { workload } from '../../examples/bank/service.js';
import { headerText, savedText } from '../../runtime/simulate/saved-run.js';
import { drawScenario } from '../../runtime/simulate/scenario.js';
import { tryScenario } from '../../runtime/simulate/trial.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import {
  browser,
  complaints,
  events,
  folder,
  goOnWith,
  goTo,
  openInspector,
  openScene,
  page,
  picture,
  place,
  press,
} from './in-the-browser.js';

openInspector('each');

describe('what a viewer does', () => {
  test('a click crashes a replica, and another brings it back', async () => {
    await openScene('phases-passive');
    await goTo(Math.floor((await events()) / 2));
    await page.click('[data-do="crash:rm-2"]');
    await page.waitForSelector('[aria-label="Node rm-2, down"]');
    await press('end');
    await page.click('[data-do="recover:rm-2"]');
    await page.waitForSelector('[aria-label="Node rm-2"]');
    expect(complaints).toEqual([]);
  });

  test('a line drawn between nodes cuts the network there', async () => {
    await openScene('phases-passive');
    await goTo(Math.floor((await events()) / 2));
    const ends = async (name: string) => page.locator(`[aria-label="Node ${name}"]`).boundingBox();
    const [front, replica] = [await ends('fe-1'), await ends('rm-1')];
    const pane = await page.locator('.cluster svg').boundingBox();
    if (front === null || replica === null || pane === null) throw new Error('there is no picture');
    const x = (front.x + front.width + replica.x) / 2;
    await page.mouse.move(x, pane.y + 4);
    await page.mouse.down();
    await page.mouse.move(x, pane.y + pane.height - 4, { steps: 4 });
    await page.mouse.up();
    await page.waitForSelector('.cluster .cut .mark');
    await page.click('[data-side=act]');
    await page.waitForSelector('.faults code:text("partition:fe-1|")');
    expect(complaints).toEqual([]);
  });

  test('the active state of a chart is in sight, and can be read, wherever the run is', async () => {
    await openScene('primary-crash');
    const most = await events();
    await goTo(Math.floor(most / 3));
    await page.locator('[aria-label^="Actor rm of rm-2:"]').dispatchEvent('click');
    await page.waitForSelector('.chart-view .leaf.active');
    expect((await page.locator('.chart-view .bar').boundingBox())?.height).toBeLessThan(44);
    const canvas = await page.locator('.chart-view .canvas').boundingBox();
    for (const share of [0.4, 0.6, 0.8, 0.9, 1]) {
      await goTo(Math.floor(most * share));
      await page.waitForTimeout(900); // it follows calmly
      const state = await page.locator('.chart-view .leaf.active > .box').first().boundingBox();
      if (canvas === null || state === null) throw new Error('there is no chart');
      expect(state.x).toBeGreaterThanOrEqual(canvas.x);
      expect(state.y).toBeGreaterThanOrEqual(canvas.y);
      expect(state.x + state.width).toBeLessThanOrEqual(canvas.x + canvas.width);
      expect(state.y + state.height).toBeLessThanOrEqual(canvas.y + canvas.height);
      expect(Number.parseInt((await page.textContent('.chart-view .scale')) ?? '', 10)).toBeGreaterThanOrEqual(70);
    }
  });

  test('steps back and forth land in the same states', async () => {
    await openScene('primary-crash');
    const most = await events();
    const seen = new Map<number, string[]>();
    for (const share of [0.2, 0.5, 0.8, 1]) {
      await goTo(Math.floor(most * share));
      for (let i = 0; i < 4; i++) {
        await press('step');
        seen.set(await place(), await picture());
      }
    }
    for (const [where] of [...seen].reverse()) {
      await goTo(where);
      expect(await picture()).toEqual(seen.get(where));
    }
    await goTo(Math.floor(most / 2));
    const start = await place();
    await press('step');
    const next = await place();
    await press('back');
    await press('step');
    expect(next).toBeGreaterThan(start);
    expect(await place()).toBe(next);
  });

  test('one message is held back, and the run goes another way', async () => {
    await openScene('phases-passive');
    const before = await events();
    // to a moment with a message of the request on its way
    await page.selectOption('.transport select >> nth=0', 'event');
    await goTo(Math.floor(before / 3));
    while ((await page.locator('.flight:not(.control)').count()) === 0) await press('step');
    await page.locator('.flight:not(.control)').first().dispatchEvent('click');
    await page.click('[data-side=act]');
    await page.locator('[data-do^="hold:"]').first().click();
    await page.waitForSelector('.faults code:text("hold:")');
    await press('end');
    expect(await events()).not.toBe(before);
    // and let go of again
    await page.locator('[data-do^="end:hold:"]').click();
    await page.waitForSelector('.faults', { state: 'detached' });
    expect(complaints).toEqual([]);
  });

  test('a request by the form is answered', async () => {
    await openScene('phases-active');
    await press('end');
    await page.click('[data-side=act]');
    await page.fill('.request input >> nth=0', 'eve');
    await page.selectOption('.request select', 'deposit');
    await press('request');
    await press('run');
    await page.click('[data-view=requests]');
    await page.waitForSelector('text=eve#1', { timeout: 20_000 });
  });

  test('a failing seed is opened, and its failing operations are marked', async () => {
    const { scenario, part } = failingSeed();
    const path = join(folder, 'failing.json');
    await writeFile(path, savedText({ service: 'bank', property: 'linearizable', scenario }));
    await page.setInputFiles('.header input[type=file]', path);
    await page.click('[data-view=history]');
    await page.waitForSelector('.history-verdict.violated', { timeout: 30_000 });
    expect(await page.locator('.history .operation.part').count()).toBe(part);
    expect(complaints).toEqual([]);
  });

  test('what is neither a run nor a trace leaves all as it is', async () => {
    await openScene('bank-anomaly');
    const most = await events();
    for (const [name, text] of [
      ['empty.jsonl', ''],
      ['text.json', 'no run'],
      ['other.json', '{"a":1}\n'],
    ] as const) {
      const path = join(folder, name);
      await writeFile(path, text);
      await page.setInputFiles('.header input[type=file]', path);
      await page.waitForSelector(`.failure:has-text("${name}")`);
    }
    expect(await events()).toBe(most);
    await openScene('phases-active'); // of which nothing is wrong
    expect(await page.locator('.failure').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('a trace tells its history', async () => {
    const { scenario } = failingSeed();
    const lines = [headerText({ service: 'bank', scenario })];
    const recorder = { record: (event: TraceEvent) => void lines.push(JSON.stringify(event)) };
    tryScenario(bank, scenario, { property: 'linearizable', recorder });
    const path = join(folder, 'trace.jsonl');
    await writeFile(path, lines.join('\n'));
    await page.click('[data-view=history]');
    await page.setInputFiles('.header input[type=file]', path);
    await page.waitForSelector('[data-side=scenes][aria-selected=true]');
    await page.waitForSelector('.scene-list'); // the scene is over
    await page.click('.history-bar button:text("Linearizable")');
    await page.waitForSelector('.history-verdict.violated:has-text("Not linearizable")', { timeout: 30_000 });
    expect(await page.locator('.history .operation.part').count()).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  });

  test('a large trace says how far it has been read, and can be given up', async () => {
    const path = join(folder, 'long.jsonl');
    const most = 600_000;
    const lines = Array.from({ length: most }, (_, t) =>
      JSON.stringify({ t, node: 'rm-1', kind: 'persisted', count: 1 }),
    );
    await writeFile(path, lines.join('\n'));
    await page.setInputFiles('.header input[type=file]', path);
    await page.waitForSelector('.loading progress');
    await press('stop');
    await page.waitForSelector('.loading:has-text("The first"):not(:has(progress))');
    expect(await events()).toBeGreaterThan(1);
    expect(await events()).toBeLessThan(most);
    await page.setInputFiles('.header input[type=file]', path);
    await page.waitForSelector(`.scrub[max="${most}"]`);
    await page.waitForSelector('.loading', { state: 'detached' });
    expect(complaints).toEqual([]);
  });

  test.each(['cluster', 'chart', 'space-time'])('%s is taken away as a drawing', async (view) => {
    await openScene('phases-active');
    await goTo(Math.floor((await events()) / 2));
    await page.click('g.actor >> nth=0');
    await page.waitForSelector('.chart-view svg text');
    const waiting = page.waitForEvent('download');
    await press(`svg:${view}`);
    const path = await (await waiting).path();
    const text = await readFile(path, 'utf8');
    // a whole document is no help in a failure's message
    expect(/^(<\?xml[^>]*>\s*)?<svg[^>]+xmlns="http:\/\/www.w3.org\/2000\/svg"/.test(text)).toBe(true);
    expect(text.includes('</text>')).toBe(true);
    expect(text.length).toBeGreaterThan(2_000);
    expect(complaints).toEqual([]);
  });

  test('an address brings back exactly this run, at this moment', async () => {
    await openScene('bank-anomaly');
    const most = await events();
    const middle = Math.floor(most / 2);
    await goTo(middle);
    const at = await picture();
    await press('link');
    await page.waitForURL(/#.{20,}/);
    const other = await browser.newPage();
    try {
      await other.goto(page.url());
      await other.waitForFunction(
        (count) => document.querySelector('.scrub')?.getAttribute('max') === String(count),
        most,
      );
      await other.waitForFunction(
        (at) => document.querySelector<{ value: string }>('.scrub')?.value === String(at),
        middle,
      );
      await goOnWith(other);
      expect(await picture()).toEqual(at);
    } finally {
      if (page !== other) await other.close();
    }
  });
});
declare const document: {
  querySelector<Found = { getAttribute(of: string): string | null }>(of: string): Found | null;
};

/** A run whose history is not linearizable, and how many of its operations are to blame. */
function failingSeed() {
  for (let seed = 1; seed < 200; seed++) {
    const scenario = drawScenario(seed, {
      replication: 'active',
      replicas: 3,
      tolerate: 'crash',
      order: 'total',
      reads: 'one',
      profile: 'mixed',
      calls: { clients: 3, each: 4, workload },
    });
    const { consistency } = tryScenario(bank, scenario, { property: 'linearizable' });
    if (consistency.verdict === 'violated') return { scenario, part: consistency.part.length };
  }
  throw new Error('no seed fails');
}
