/** The statechart of one actor: where it stands, the transition that it took last, and how often each was taken up to the cursor. */
import { useEffect } from 'preact/hooks';
import { NONE } from '../../timeline/chunk.js';
import { chosen, cursor, opened, told } from '../model.js';
import { sentence } from './chart-drawing.js';
import { Pane } from './chart-pane.js';
import {
  countsOf,
  description,
  goTo,
  isTold,
  keepChart,
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

/** Whose chart it is, and how it stands. */
function Bar() {
  const now = shown.value;
  const all = roster.value;
  const nodes = [...new Set(all.map(({ node }) => node))];
  const own = all.filter(({ node }) => node === now?.node);
  const groups = own.filter(({ actor }) => actor.startsWith('group:')).length;
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
            {actor.startsWith('group:') && groups === 1 ? 'group' : actor}
          </button>
        ))}
      </fieldset>
      <State />
    </header>
  );
}

function State() {
  const { up, reason, state } = standingAt.value;
  if (!up) return <output class="now down">down{reason === null || reason === 'fault' ? '' : `: ${reason}`}</output>;
  return (
    <output class={state === null ? 'now' : 'now lit'} title={state ?? undefined}>
      {state ?? 'not started'}
    </output>
  );
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
        <button
          type="button"
          aria-label="earlier"
          title="Where it was taken before"
          disabled={earlier === NONE}
          onClick={() => goTo(earlier)}
        >
          ◀
        </button>
        <button
          type="button"
          aria-label="later"
          title="Where it is taken next"
          disabled={later === NONE}
          onClick={() => goTo(later)}
        >
          ▶
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
      <Scope />
    </footer>
  );
}

/** Whose transitions are counted. */
function Scope() {
  const names = { own: 'this actor', all: 'all with this chart' } as const;
  return (
    <fieldset class="tabs scope">
      <legend class="hidden">Whose transitions are counted</legend>
      {(['own', 'all'] as const).map((each) => (
        <button
          key={each}
          type="button"
          aria-label={names[each]}
          title={`Count what ${each === 'own' ? 'this actor has' : 'all actors with this chart have'} taken`}
          aria-pressed={scope.value === each}
          onClick={() => {
            scope.value = each;
          }}
        >
          {each === 'own' ? 'this' : 'all'}
        </button>
      ))}
    </fieldset>
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
