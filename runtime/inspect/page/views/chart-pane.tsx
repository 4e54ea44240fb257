/** The drawing of a chart, and its marks as the cursor moves: pressed, moved about, and kept in sight. */
import { useSignal, useSignalEffect } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { StateDescription } from '../../charts/describe.js';
import type { Box } from '../../charts/layout.js';
import { Drawing } from './chart-drawing.js';
import type { Area } from './chart-frame.js';
import { Marker, type Marks } from './chart-marks.js';
import { active, counts, goToLast, isTold, type Laid, laid, lastTaken, picked, shown } from './chart-state.js';
import { type Mode, PanZoom } from './pan-zoom.js';

export function Pane({ laid: drawn }: { readonly laid: Laid | null }) {
  const svg = useRef<SVGSVGElement>(null);
  const group = useRef<SVGGElement>(null);
  const view = useRef<PanZoom | null>(null);
  const marker = useRef<Marker | null>(null);
  const inSight = useRef<ReadonlySet<string> | null>(null);
  const scale = useSignal(1);
  const mode = useSignal<Mode>('follow');
  useLayoutEffect(() => {
    if (svg.current === null || group.current === null) return;
    const made = new PanZoom(svg.current, group.current, (nextScale, nextMode) => {
      scale.value = nextScale;
      mode.value = nextMode;
    });
    view.current = made;
    return () => made.end();
  }, []);
  useLayoutEffect(() => {
    if (drawn === null || group.current === null) return;
    marker.current = new Marker(group.current, drawn.chart);
    const lit = active.peek();
    view.current?.show(drawn.layout, around(drawn.layout.root, lit.size > 0 ? lit : beginning(drawn.chart.root)));
    marker.current.show(marksNow());
  }, [drawn]);
  useSignalEffect(() => {
    const now = laid.value;
    const marks = marksNow();
    if (now === null || marker.current?.chart !== now.chart) return;
    marker.current.show(marks);
    // Only as it changes: whoever looks elsewhere meanwhile may.
    if (marks.active === inSight.current) return;
    inSight.current = marks.active;
    view.current?.see(around(now.layout.root, marks.active));
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
          drawn !== null && view.current?.full(around(drawn.layout.root, active.value).at(-1) ?? drawn.layout.root)
        }
        follow={() => view.current?.follow()}
        mode={mode.value}
      />
    </div>
  );
}

interface ZoomProps {
  readonly scale: number;
  readonly by: (factor: number) => void;
  readonly fit: () => void;
  readonly full: () => void;
  readonly follow: () => void;
  readonly mode: Mode;
}

const Zoom = ({ scale, by, fit, full, follow, mode }: ZoomProps) => (
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
    <button type="button" title="Show all of it" aria-pressed={mode === 'whole'} onClick={fit}>
      Fit
    </button>
    <button type="button" title="Keep the active state in sight" aria-pressed={mode === 'follow'} onClick={follow}>
      Follow
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

/** The active states that are around all others, from the outermost; then all the innermost ones together, and one of them. */
function around(root: Box, lit: ReadonlySet<string>): readonly Area[] {
  const areas: Area[] = [];
  let box = root;
  for (;;) {
    const within = box.children.filter(({ name }) => lit.has(name));
    const [only] = within;
    if (only === undefined) return areas;
    if (within.length > 1) {
      const leaves = within.flatMap((child) => innermost(child, lit));
      return [...areas, bounds(leaves), leaves[0] as Area]; // each has one at least
    }
    areas.push(only);
    box = only;
  }
}

/** Active states that have no active one within. */
function innermost(box: Box, lit: ReadonlySet<string>): readonly Box[] {
  const within = box.children.filter(({ name }) => lit.has(name));
  return within.length === 0 ? [box] : within.flatMap((child) => innermost(child, lit));
}

function bounds(areas: readonly Area[]): Area {
  const x = Math.min(...areas.map((area) => area.x));
  const y = Math.min(...areas.map((area) => area.y));
  const right = Math.max(...areas.map((area) => area.x + area.width));
  const bottom = Math.max(...areas.map((area) => area.y + area.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** The states that it begins with. */
function beginning(state: StateDescription): ReadonlySet<string> {
  const within = state.states.filter(({ name }) => state.kind === 'parallel' || name === state.initial);
  return new Set(within.flatMap((child) => [child.name, ...beginning(child)]));
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
