/** The drawing of a chart, and its marks as the cursor moves: pressed, moved about, and kept in sight. */
import { useSignal, useSignalEffect } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Box } from '../../charts/layout.js';
import { Drawing } from './chart-drawing.js';
import { Marker, type Marks } from './chart-marks.js';
import { active, counts, goToLast, isTold, type Laid, laid, lastTaken, picked, shown } from './chart-state.js';
import { PanZoom } from './pan-zoom.js';

export function Pane({ laid: drawn }: { readonly laid: Laid | null }) {
  const svg = useRef<SVGSVGElement>(null);
  const group = useRef<SVGGElement>(null);
  const view = useRef<PanZoom | null>(null);
  const marker = useRef<Marker | null>(null);
  const inSight = useRef<string | null>(null);
  const scale = useSignal(1);
  useLayoutEffect(() => {
    if (svg.current === null || group.current === null) return;
    const made = new PanZoom(svg.current, group.current, (next) => {
      scale.value = next;
    });
    view.current = made;
    return () => made.end();
  }, []);
  useLayoutEffect(() => {
    if (drawn === null || group.current === null) return;
    marker.current = new Marker(group.current, drawn.chart);
    view.current?.show(drawn.layout, innermost(drawn.layout.root, active.peek()));
    marker.current.show(marksNow());
  }, [drawn]);
  useSignalEffect(() => {
    const now = laid.value;
    const marks = marksNow();
    if (now === null || marker.current?.chart !== now.chart) return;
    marker.current.show(marks);
    // Only as it changes: whoever looks elsewhere meanwhile may.
    const box = innermost(now.layout.root, marks.active);
    if (box !== null && box.name !== inSight.current) view.current?.reveal(box);
    inSight.current = box?.name ?? null;
  });
  const name = shown.value === null ? '' : `${shown.value.node}/${shown.value.actor}`;
  return (
    <div class="pane">
      {/* biome-ignore-start lint/a11y/noNoninteractiveTabindex: it is moved about with keys */}
      {/* biome-ignore-start lint/a11y/useSemanticElements: a drawing is no set of fields */}
      <svg
        ref={svg}
        class="canvas"
        tabindex={0}
        role="group"
        aria-label={`Statechart of ${name}: ${drawn?.chart.chart ?? ''}. Arrow keys move it, plus and minus zoom, 0 fits it.`}
        onClick={press}
        onKeyDown={pressKey}
      >
        <g ref={group} class={isTold.value ? 'drawing' : 'drawing untold'}>
          {drawn !== null && <Drawing key={drawn.chart.chart} layout={drawn.layout} chart={drawn.chart} />}
        </g>
      </svg>
      {/* biome-ignore-end lint/a11y/useSemanticElements: a drawing is no set of fields */}
      {/* biome-ignore-end lint/a11y/noNoninteractiveTabindex: it is moved about with keys */}
      {drawn === null && <p class="waiting">Laying out the chart …</p>}
      <Zoom
        scale={scale.value}
        by={(factor) => view.current?.zoom(factor)}
        fit={() => view.current?.fit()}
        full={() =>
          drawn !== null && view.current?.full(innermost(drawn.layout.root, active.value) ?? drawn.layout.root)
        }
      />
    </div>
  );
}

interface ZoomProps {
  readonly scale: number;
  readonly by: (factor: number) => void;
  readonly fit: () => void;
  readonly full: () => void;
}

const Zoom = ({ scale, by, fit, full }: ZoomProps) => (
  <div class="zoom" role="toolbar" aria-label="Zoom">
    <button type="button" aria-label="Zoom out" onClick={() => by(0.8)}>
      −
    </button>
    <button type="button" class="scale" title="Show it as large as it is, around the active state" onClick={full}>
      {Math.round(scale * 100)} %
    </button>
    <button type="button" aria-label="Zoom in" onClick={() => by(1.25)}>
      +
    </button>
    <button type="button" onClick={fit}>
      Fit
    </button>
  </div>
);

const marksNow = (): Marks => ({
  active: active.value,
  counts: isTold.value ? counts.value.of : null,
  last: lastTaken.value,
  step: counts.value.last,
  picked: picked.value,
});

/** The active state that has no active one within. */
function innermost(box: Box, lit: ReadonlySet<string>): Box | null {
  const child = box.children.find(({ name }) => lit.has(name));
  if (child === undefined) return box.name === '' ? null : box;
  return innermost(child, lit);
}

const transitionAt = (target: EventTarget | null): string | null =>
  target instanceof Element ? (target.closest<SVGElement>('[data-transition]')?.dataset.transition ?? null) : null;

function press({ target }: MouseEvent): void {
  if (getSelection()?.isCollapsed === false) return;
  pick(transitionAt(target));
}

function pressKey(event: KeyboardEvent): void {
  const transition = transitionAt(event.target);
  if (transition === null || (event.key !== 'Enter' && event.key !== ' ')) return;
  event.preventDefault();
  pick(transition);
}

function pick(transition: string | null): void {
  picked.value = transition;
  if (transition !== null) goToLast(transition);
}
