/** The view of a chart by itself, with what test/e2e/charts.test.ts asks of it. */
import { render } from 'preact';
import type { ChartDescription } from '../../../runtime/inspect/charts/describe.js';
import { allBoxes, flaws } from '../../../runtime/inspect/charts/geometry.js';
import { measure } from '../../../runtime/inspect/page/layouts.js';
import { chosen, cursor, lookAt, take } from '../../../runtime/inspect/page/model.js';
import { ChartView } from '../../../runtime/inspect/page/views/chart.js';
import { chartSvg } from '../../../runtime/inspect/page/views/chart-export.js';
import { laid } from '../../../runtime/inspect/page/views/chart-state.js';
import { Encoder, type Step } from '../../../runtime/inspect/timeline/encode.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';
import '../../../runtime/inspect/page/style.css';
import './charts.css';

const page = {
  open(json: string): void {
    // The test has written it so.
    const [charts, events, steps] = JSON.parse(json) as [ChartDescription[], TraceEvent[], Step[]];
    const encoder = new Encoder();
    take({
      is: 'opened',
      source: 'simulation',
      service: 'bank',
      run: null,
      operations: [],
      charts,
      abilities: { control: true, request: true, context: 'past' },
    });
    const encoded = encoder.encodeSteps(steps, 0);
    take({ is: 'events', chunk: encoder.encode(events, 0), steps: encoded });
  },

  choose(node: string, actor: string): void {
    chosen.value = { kind: 'actor', node, actor };
  },

  lookAt,
  cursor: (): number => cursor.value,
  svg: (): string | null => chartSvg(),
  isLaidOut: (chart: string): boolean => laid.value?.chart.chart === chart,

  /** What is wrong with the chart that is shown: by the layout, and by what the browser made of it. */
  flaws(): string[] {
    const now = laid.value;
    if (now === null) return ['there is no chart'];
    const found = flaws(now.layout, measure);
    for (const box of allBoxes(now.layout.root)) {
      const state = document.querySelector(`[data-state="${CSS.escape(box.name)}"]`);
      for (const text of state?.querySelectorAll<SVGTextElement>(':scope > text, :scope > g > text') ?? [])
        if (!isWithin(text.getBBox(), box)) found.push(`${text.textContent} is cut by ${box.name}`);
    }
    for (const part of document.querySelectorAll<SVGGElement>('[data-transition]')) {
      const ground = part.querySelector<SVGRectElement>('.ground');
      for (const text of part.querySelectorAll<SVGTextElement>('text'))
        if (ground !== null && !isWithin(text.getBBox(), ground.getBBox()))
          found.push(`${text.textContent} is wider than its place`);
    }
    return found;
  },
};

const isWithin = (inner: DOMRect, outer: { x: number; y: number; width: number; height: number }): boolean =>
  inner.x >= outer.x - 1 &&
  inner.y >= outer.y - 1 &&
  inner.x + inner.width <= outer.x + outer.width + 1 &&
  inner.y + inner.height <= outer.y + outer.height + 1;

declare global {
  interface Window {
    page: typeof page;
  }
}
window.page = page;
render(<ChartView />, document.getElementById('app') as HTMLElement); // charts.html has it
