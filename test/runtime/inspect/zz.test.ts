import { test } from '@jest/globals';
import { describe } from '../../../runtime/inspect/charts/describe.js';
import { layout } from '../../../runtime/inspect/charts/layout.js';
import { flaws } from '../../../runtime/inspect/charts/geometry.js';
import ELK from 'elkjs/lib/elk.bundled.js';
import { everyMachine } from '../../machines/every.js';
test('dump', async () => {
  const all = new Map(everyMachine().map((m) => [m.id, describe(m)]));
  const elk = new ELK();
  const measure = (t: string, f: string) => t.length * (f === 'title' ? 8.4 : f === 'text' ? 7 : 6.2);
  for (const c of all.values()) {
    const t0 = performance.now();
    const l = await layout(c, measure, elk);
    console.log(c.chart, Math.round(l.width), Math.round(l.height), Math.round(performance.now()-t0), 'ms\n', flaws(l, measure).join('\n'));
  }
});
