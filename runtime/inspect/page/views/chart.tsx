/** The statechart of one actor: where it stands, the transition that it took last, and how often each was taken up to the cursor. */
import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Box } from '../../charts/layout.js';
import { NONE } from '../../timeline/chunk.js';
import { chosen, cursor, opened, told } from '../model.js';
import { Drawing, sentence } from './chart-drawing.js';
import { Marker } from './chart-marks.js';
import {
  active,
  counts,
  countsOf,
  description,
  goTo,
  goToLast,
  isTold,
  keepChart,
  type Laid,
  laid,
  lastTaken,
  picked,
  roster,
  scope,
  shown,
  standingAt,
  stepBeside,
  trouble,
} from './chart-state.js';
import { PanZoom } from './pan-zoom.js';
import './chart.css';

export function ChartView() {
  useEffect(keepChart, []);
  const chart = laid.value;
  return (
    <section class="chart-view" aria-label="Statechart">
      {shown.value === null ? (
        <Nothing />
      ) : (
        <>
          <Bar />
          {trouble.value === null ? (
            <Pane laid={chart} />
          ) : (
            <p class="empty">This chart could not be laid out: {trouble.value}</p>
          )}
          <Foot />
        </>
      )}
    </section>
  );
}

const Nothing = () => (
  <p class="empty">
    {opened.value === null
      ? 'Open a run, and the statechart of each of its actors can be watched here.'
      : 'No actor has started yet. Take a step, or run, and choose one here.'}
  </p>
);

/** Whose chart it is, how it stands, and whose transitions are counted. */
function Bar() {
  const now = shown.value;
  const all = roster.value;
  const nodes = [...new Set(all.map(({ node }) => node))];
  const own = all.filter(({ node }) => node === now?.node);
  const choose = (node: string, actor: string): void => {
    chosen.value = { kind: 'actor', node, actor };
  };
  return (
    <header class="bar">
      <label class="node">
        <span class="hidden">Node</span>
        <select
          value={now?.node}
          onChange={(event) => {
            const node = event.currentTarget.value;
            const there = all.filter((each) => each.node === node);
            const actor = there.find((each) => each.actor === now?.actor) ?? there[0];
            if (actor !== undefined) choose(node, actor.actor);
          }}
        >
          {nodes.map((node) => (
            <option key={node} value={node}>
              {node}
            </option>
          ))}
        </select>
      </label>
      <fieldset class="tabs">
        <legend class="hidden">Actors of {now?.node}</legend>
        {own.map(({ node, actor }) => (
          <button key={actor} type="button" aria-pressed={actor === now?.actor} onClick={() => choose(node, actor)}>
            {actor}
          </button>
        ))}
      </fieldset>
      <State />
      <fieldset class="tabs scope">
        <legend class="hidden">Whose transitions are counted</legend>
        {(['own', 'all'] as const).map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={scope.value === each}
            onClick={() => {
              scope.value = each;
            }}
          >
            {each === 'own' ? 'this actor' : 'all with this chart'}
          </button>
        ))}
      </fieldset>
    </header>
  );
}

function State() {
  const { up, reason, state } = standingAt.value;
  if (!up) return <output class="now down">down{reason === null || reason === 'fault' ? '' : `: ${reason}`}</output>;
  return <output class={state === null ? 'now' : 'now lit'}>{state ?? 'not started'}</output>;
}

function Pane({ laid: drawn }: { readonly laid: Laid | null }) {
  const svg = useRef<SVGSVGElement>(null);
  const group = useRef<SVGGElement>(null);
  const view = useRef<PanZoom | null>(null);
  const marker = useRef<Marker | null>(null);
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
    mark(marker.current, drawn);
  }, [drawn]);
  useSignalEffect(() => {
    const now = laid.value;
    if (now === null || marker.current === null) return;
    mark(marker.current, now);
    const box = innermost(now.layout.root, active.value);
    if (box !== null) view.current?.reveal(box);
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
      <div class="zoom" role="toolbar" aria-label="Zoom">
        <button type="button" aria-label="Zoom out" onClick={() => view.current?.zoom(0.8)}>
          −
        </button>
        <button
          type="button"
          class="scale"
          title="Show it as large as it is, around the active state"
          onClick={() =>
            drawn !== null && view.current?.full(innermost(drawn.layout.root, active.value) ?? drawn.layout.root)
          }
        >
          {Math.round(scale.value * 100)} %
        </button>
        <button type="button" aria-label="Zoom in" onClick={() => view.current?.zoom(1.25)}>
          +
        </button>
        <button type="button" onClick={() => view.current?.fit()}>
          Fit
        </button>
      </div>
    </div>
  );
}

function mark(marker: Marker, { chart }: Laid): void {
  if (description.value !== chart) return;
  const { of, last } = counts.value;
  marker.show({
    active: active.value,
    counts: isTold.value ? of : null,
    last: lastTaken.value,
    step: last,
    picked: picked.value,
  });
}

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

/** The transition that was pointed at, else the last one, in words; and the way to where else it was taken. */
function Foot() {
  told.value;
  cursor.value;
  const name = picked.value ?? lastTaken.value;
  const about = description.value?.transitions.find((transition) => transition.name === name);
  const earlier = stepBeside(picked.value, 'earlier');
  const later = stepBeside(picked.value, 'later');
  return (
    <footer class="foot">
      <div class="beside">
        <button type="button" disabled={earlier === NONE} onClick={() => goTo(earlier)}>
          ◀ earlier
        </button>
        <button type="button" disabled={later === NONE} onClick={() => goTo(later)}>
          later ▶
        </button>
      </div>
      <p class="about" aria-live="polite">
        <About name={name} words={about === undefined ? null : sentence(about)} />
      </p>
      {picked.value !== null && (
        <button
          type="button"
          class="clear"
          onClick={() => {
            picked.value = null;
          }}
        >
          Clear
        </button>
      )}
    </footer>
  );
}

function About({ name, words }: { readonly name: string | null; readonly words: string | null }) {
  if (!isTold.value)
    return (
      <span class="faint">
        This source tells which states an actor was in, not which transitions it took: there is nothing to count.
      </span>
    );
  if (name === null)
    return <span class="faint">It has taken no transition yet. Press one to go to where it was taken.</span>;
  const { own, all, actors } = countsOf(name);
  return (
    <>
      <strong>{picked.value === null ? 'Last taken' : 'Chosen'}</strong> {words ?? name}.{' '}
      <span class="faint">
        Taken {own} × by this actor{actors > 1 && `, ${all} × by all ${actors} with this chart`}.
      </span>
    </>
  );
}
