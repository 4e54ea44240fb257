/** The bar at the bottom: run and pause, single steps, speed, and the whole run as a slider. */

import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import type { StepTo } from '../../protocol.js';
import { cursor, following, lookAt, missed, opened, standing, timeline, told } from '../model.js';
import { pause, play, playing, speed, speeds, stepBack, stepForward, time, toEnd } from '../playback.js';
import './transport.css';

const steps: readonly (readonly [StepTo, string])[] = [
  ['event', 'event'],
  ['delivery', 'message'],
  ['phase', 'phase'],
  ['answer', 'answer'],
];
const stepTo = signal<StepTo>('delivery');

export function Transport(): JSX.Element {
  told.value;
  const { length } = timeline.value;
  const live = opened.value?.source === 'live';
  return (
    <div class="transport" role="toolbar" aria-label="Time">
      <button
        type="button"
        title="Back to the beginning (Home)"
        aria-label="Back to the beginning"
        onClick={() => lookAt(0)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M3 3v10M13 3L5 8l8 5z" />
        </svg>
      </button>
      <button
        type="button"
        title="One step back (←)"
        aria-label={`Back by one ${word()}`}
        data-do="back"
        onClick={() => stepBack(stepTo.value)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M11 3L4 8l7 5z" />
        </svg>
      </button>
      {playing.value ? (
        <button type="button" class="main" data-do="pause" title="Pause (space)" onClick={pause}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M4 3h3v10H4zM9 3h3v10H9z" />
          </svg>
          Pause
        </button>
      ) : (
        <button type="button" class="main" data-do="run" title="Run (space)" onClick={play}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M4 2.5L13 8l-9 5.5z" />
          </svg>
          Run
        </button>
      )}
      <button
        type="button"
        title="One step on (→)"
        aria-label={`On by one ${word()}`}
        data-do="step"
        onClick={() => stepForward(stepTo.value)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M5 3l7 5-7 5z" />
        </svg>
      </button>
      <button
        type="button"
        title="To the end of what has happened (End)"
        aria-label="To the end"
        data-do="end"
        onClick={toEnd}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M13 3v10M3 3l8 5-8 5z" />
        </svg>
      </button>
      <label>
        step by
        <select
          value={stepTo.value}
          onChange={(event) => {
            stepTo.value = event.currentTarget.value as StepTo; // one of the options
          }}
        >
          {steps.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label title="Virtual time for each second of yours">
        speed
        <select
          value={speed.value}
          onChange={(event) => {
            speed.value = Number(event.currentTarget.value);
          }}
        >
          {speeds.map((each) => (
            <option key={each} value={each}>{`${each} ms/s`}</option>
          ))}
        </select>
      </label>
      <input
        type="range"
        class="scrub"
        aria-label="Place in the run"
        aria-valuetext={`${cursor.value} of ${length} events, ${time.value.toFixed(2)} ms`}
        min={0}
        max={Math.max(1, length)}
        value={cursor.value}
        onInput={(event) => {
          if (playing.value) pause();
          lookAt(Number(event.currentTarget.value));
        }}
      />
      <output class="clock">
        <strong>{time.value.toFixed(2)}</strong> ms
        <span>{`event ${grouped.format(cursor.value)} of ${grouped.format(length)}`}</span>
      </output>
      <span class="standing" role="status">
        {missed.value > 0 && <em>{`${grouped.format(missed.value)} events missed`}</em>}
        {live ? (following.value ? 'live' : 'looking back') : standing.value.ended ? 'at rest' : ''}
      </span>
    </div>
  );
}

/** Made once, for it is needed with every frame. */
const grouped = new Intl.NumberFormat('en');

const word = (): string => steps.find(([value]) => value === stepTo.value)?.[1] ?? '';

/** Keys that work wherever nothing is being typed. */
export function onKey(event: KeyboardEvent): void {
  const target = event.target as Element | null; // keys are pressed on elements
  if (target?.closest('input, select, textarea, [role=button], [role=tab], [data-keys]') != null) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const deeds: Readonly<Record<string, () => void>> = {
    ' ': () => (playing.value ? pause() : play()),
    ArrowRight: () => stepForward(stepTo.value),
    ArrowLeft: () => stepBack(stepTo.value),
    Home: () => lookAt(0),
    End: toEnd,
  };
  const deed = deeds[event.key];
  if (deed === undefined || (event.key === ' ' && target?.closest('button') != null)) return;
  event.preventDefault();
  deed();
}
