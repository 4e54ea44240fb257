/** The space-time diagram: a line a node, an arrow a message, time from left to right. */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { chosen, nodes, timeline, told } from '../model.js';
import { Picture, Summary } from './space-time/canvas.js';
import { paletteOf, watchTheme } from './space-time/palette.js';
import { heightOf } from './space-time/stage.js';
import {
  colouring,
  control,
  focus,
  keepInSight,
  moving,
  showAll,
  showLatest,
  shown,
  size,
  step,
  zoom,
} from './space-time/state.js';
import { spaceTimeSvg } from './space-time/svg.js';
import { eventText } from './space-time/words.js';
import './space-time.css';

const phases = [
  ['RE', 'request'],
  ['SC', 'coordination'],
  ['EX', 'execution'],
  ['AC', 'agreement'],
  ['END', 'response'],
] as const;

export function SpaceTime() {
  const rows = useSignal<readonly number[]>([]);
  const body = useRef<HTMLDivElement>(null);
  useEffect(watchTheme, []);
  useEffect(keepInSight, []);
  useSignalEffect(() => {
    told.value;
    const least = heightOf(nodes.value.length, 2);
    if (body.current !== null) body.current.style.minHeight = `${least}px`;
  });
  const empty = useComputed(() => {
    told.value;
    return timeline.value.length === 0;
  });
  return (
    <section class="space-time" aria-label="Space-time diagram">
      <Bar />
      <div class="space-time-scroll">
        <div class="space-time-body" ref={body}>
          <Names rows={rows.value} />
          <Picture
            onRows={(made) => {
              if (made.some((y, row) => y !== rows.value[row]) || made.length !== rows.value.length) rows.value = made;
            }}
          />
          {empty.value ? (
            <p class="space-time-empty">
              Nothing has happened yet. Run the cluster, or send it a request, and its messages appear here.
            </p>
          ) : null}
        </div>
      </div>
      <Chosen />
      <Summary />
    </section>
  );
}

/** The picture as it is now, as an SVG file; empty where there is none. */
export function spaceTimeFile(): string {
  const element = document.querySelector<HTMLElement>('.space-time-frame');
  if (element === null) return '';
  return spaceTimeSvg(timeline.value, shown.value, {
    ...size.value,
    colouring: colouring.value,
    control: control.value,
    focus: focus.value,
    nodes: nodes.value,
    palette: paletteOf(element),
    title: 'Space-time diagram',
  });
}

function Bar() {
  return (
    <div class="space-time-bar">
      <fieldset class="space-time-switch">
        <legend>Colour by</legend>
        {(['phase', 'request'] as const).map((by) => (
          <label key={by}>
            <input
              type="radio"
              name="space-time-colouring"
              checked={colouring.value === by}
              onChange={() => {
                colouring.value = by;
              }}
            />
            <span>{by}</span>
          </label>
        ))}
      </fieldset>
      <label class="space-time-check">
        <input
          type="checkbox"
          checked={control.value === 'faint'}
          onChange={(event) => {
            control.value = event.currentTarget.checked ? 'faint' : 'hidden';
          }}
        />
        control messages
      </label>
      <Legend />
      <div class="space-time-zoom">
        <button type="button" aria-label="Zoom out" title="Zoom out (−)" onClick={() => zoom(1 / 1.6)}>
          −
        </button>
        <button type="button" aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoom(1.6)}>
          +
        </button>
        <button type="button" title="Show the whole run (0)" onClick={showAll}>
          All
        </button>
        <button type="button" title="Move along with the run" aria-pressed={moving.value} onClick={showLatest}>
          Latest
        </button>
      </div>
    </div>
  );
}

function Legend() {
  return (
    <ul class="space-time-legend" aria-label="Legend">
      {colouring.value === 'phase'
        ? phases.map(([phase, name]) => (
            <li key={phase} title={name}>
              <i class={`tone-${phase.toLowerCase()}`} />
              {phase}
            </li>
          ))
        : null}
      <li title="delivered to the application">
        <i class="delivered" />
        delivered
      </li>
      <li title="received, and held back until what comes before it is there">
        <i class="held" />
        held back
      </li>
      <li title="lost by the network, or bound for a node that has crashed">
        <b aria-hidden="true">✕</b>
        lost, crashed
      </li>
      <li title="received and of no use: late, twice, out of date">
        <span aria-hidden="true">×</span>
        dropped
      </li>
    </ul>
  );
}

function Names({ rows }: { readonly rows: readonly number[] }) {
  return (
    <div class="space-time-names">
      {nodes.value.map((node, row) => (
        <button
          type="button"
          key={node}
          aria-pressed={chosen.value?.kind === 'node' && chosen.value.node === node}
          ref={(element) => {
            if (element !== null) element.style.top = `${rows[row] ?? 0}px`;
          }}
          onClick={() => {
            const same = chosen.value?.kind === 'node' && chosen.value.node === node;
            chosen.value = same ? null : { kind: 'node', node };
          }}
        >
          {node}
        </button>
      ))}
    </div>
  );
}

/** What is highlighted, in words, and the way from one event of it to the next. */
function Chosen() {
  const { value: choice } = chosen;
  told.value;
  if (choice === null)
    return (
      <p class="space-time-chosen">
        <span class="words hint">
          Click on an arrow, a mark or a name to follow it. Drag to move, scroll to zoom, double-click to move the
          cursor.
        </span>
      </p>
    );
  const { length } = timeline.value;
  const text =
    choice.kind === 'node' || choice.kind === 'actor'
      ? `All that ${choice.node} does`
      : choice.kind === 'request'
        ? `All that happens for ${choice.request}`
        : choice.index < length
          ? `${eventText(timeline.value, choice.index)}, and what led to it`
          : '';
  return (
    <p class="space-time-chosen">
      <span class="words">{text}</span>
      <button type="button" class="first" title="Step back (Shift ←)" onClick={() => step(-1)}>
        ‹ Previous
      </button>
      <button type="button" title="Step forth (Shift →)" onClick={() => step(1)}>
        Next ›
      </button>
      <button
        type="button"
        onClick={() => {
          chosen.value = null;
        }}
      >
        Show all
      </button>
    </p>
  );
}
