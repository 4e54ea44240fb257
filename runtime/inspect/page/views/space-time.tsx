/** The space-time diagram: a line a node, an arrow a message, time from left to right. */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { chosen, nodes, timeline, told } from '../model.js';
import { Picture, Summary } from './space-time/canvas.js';
import { paletteOf, watchTheme } from './space-time/palette.js';
import { heightOf } from './space-time/stage.js';
import {
  clocked,
  colouring,
  control,
  focus,
  keepInSight,
  moving,
  showAll,
  showLatest,
  shown,
  size,
  stageNow,
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
    const least = heightOf(nodes.value.length, stageNow().landmarks.faultLanes);
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
    clocked: clocked.value,
    nodes: nodes.value,
    palette: paletteOf(element),
    title: 'Space-time diagram',
  });
}

function Bar() {
  return (
    <div class="space-time-bar">
      <fieldset class="space-time-switch" aria-label="Colour by">
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
            <span>by {by}</span>
          </label>
        ))}
      </fieldset>
      <Phases />
      <label class="space-time-check" title="Messages that carry acknowledgements only">
        <input
          type="checkbox"
          checked={control.value === 'faint'}
          onChange={(event) => {
            control.value = event.currentTarget.checked ? 'faint' : 'hidden';
          }}
        />
        control
      </label>
      <label
        class="space-time-check"
        title="Vector clocks: how many messages of each node, sent, received and delivered, happened before; in the order of the lines"
      >
        <input
          type="checkbox"
          checked={clocked.value}
          onChange={(event) => {
            clocked.value = event.currentTarget.checked;
          }}
        />
        clocks
      </label>
      <div class="space-time-zoom">
        <Signs />
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

function Phases() {
  if (colouring.value === 'request') return null;
  return (
    <ul class="space-time-legend" aria-label="Colours of phases">
      {phases.map(([phase, name]) => (
        <li key={phase} title={name}>
          <i class={`tone-${phase.toLowerCase()}`} />
          {phase}
        </li>
      ))}
    </ul>
  );
}

/** Each sign of the picture, as it is drawn there, in a box of 26 × 16. */
const signs: readonly (readonly [drawing: JSX.Element, meaning: string])[] = [
  [<path class="message" d="M2 2L20 13M20 13l-6-1.6 2.4-4z" />, 'a message, in the colour of its phase or request'],
  [<path class="message control" d="M2 2L20 13M20 13l-6-1.6 2.4-4z" />, 'one that is for no request'],
  [<path class="message flying" d="M2 2L20 13" />, 'a message that has not arrived'],
  [<path class="lost" d="M9 4l8 8M9 12l8-8" />, 'lost by the network'],
  [<path class="crashed" d="M7 2l12 12M7 14L19 2" />, 'a node crashes'],
  [<circle class="recovered" cx="13" cy="8" r="5" />, 'it is back'],
  [<circle class="called" cx="13" cy="8" r="4.5" />, 'a client asks'],
  [<circle class="answered" cx="13" cy="8" r="4.5" />, 'the client is answered'],
  [<circle class="delivered" cx="13" cy="8" r="3.5" />, 'delivered, in the order of the group'],
  [<path class="held" d="M2 8h22" />, 'held back until what comes before is there'],
  [<path class="dropped" d="M11 6l4 4M11 10l4-4" />, 'dropped: late, twice, or out of date'],
  [<path class="view" d="M13 2v12" />, 'a new view: who is in the group'],
  [<path class="cut" d="M1 8h24" />, 'the network is cut here'],
  [<path class="missing" d="M4 14L12 2M10 14l8-12M16 14l8-12" />, 'events that were not recorded'],
];

function Signs() {
  return (
    <details
      class="space-time-signs"
      onFocusOut={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) currentTarget.open = false;
      }}
      onKeyDown={({ key, currentTarget }) => {
        if (key === 'Escape') currentTarget.open = false;
      }}
    >
      <summary>Signs</summary>
      <dl>
        {signs.map(([drawing, meaning]) => (
          <div key={meaning}>
            <dt>
              <svg viewBox="0 0 26 16" width="26" height="16" aria-hidden="true">
                {drawing}
              </svg>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
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
