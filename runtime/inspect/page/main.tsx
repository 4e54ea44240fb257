/** The page. */

import type { JSX } from 'preact';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { documentOf, drawings, exportView } from './export.js';
import { filling, keepTheme, type Pane, panes, show, shown, side, sides, titles, type ViewName } from './layout.js';
import { failure, keepContext, keepWatch, send, standing, verdict } from './model.js';
import { attachServer, openFile } from './opening.js';
import { keepTime } from './playback.js';
import { linkIn } from './saved.js';
import { scenes } from './scenes/index.js';
import './style.css';
import './main.css';
import { keepTelling, tell } from './telling.js';
import { Act } from './views/act.js';
import { ChartView } from './views/chart.js';
import { chartSvg } from './views/chart-export.js';
import { ClusterView } from './views/cluster.js';
import { Header } from './views/header.js';
import { History } from './views/history.js';
import { Requests } from './views/requests.js';
import { Scenes } from './views/scenes.js';
import { Setup } from './views/setup.js';
import { SpaceTime, spaceTimeFile } from './views/space-time.js';
import { StateView } from './views/state.js';
import { onKey, Transport } from './views/transport.js';

const views: Readonly<Record<ViewName, () => JSX.Element | null>> = {
  cluster: ClusterView,
  chart: ChartView,
  state: StateView,
  'space-time': SpaceTime,
  requests: Requests,
  history: History,
};

drawings.set('cluster', () => {
  const svg = document.querySelector<SVGSVGElement>('[data-export=cluster]');
  return svg === null ? null : documentOf(svg);
});
drawings.set('chart', chartSvg);
drawings.set('space-time', spaceTimeFile);

/** The arrow keys go from tab to tab, as readers of screens expect. */
function alongTabs(event: KeyboardEvent): void {
  const by = { ArrowRight: 'nextElementSibling', ArrowLeft: 'previousElementSibling' } as const;
  const way = event.key === 'ArrowRight' || event.key === 'ArrowLeft' ? by[event.key] : null;
  const next = way === null ? null : (event.target as Element)[way]; // keys are pressed on elements
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  next.focus();
  next.click();
}

function PaneBox({ pane }: { readonly pane: Pane }): JSX.Element | null {
  if (filling.value !== null && filling.value !== pane) return null;
  const name = shown.value[pane];
  const View = views[name];
  return (
    <section class={`pane ${pane}`} aria-label={titles[name]}>
      <div class="pane-bar">
        <div role="tablist" onKeyDown={alongTabs}>
          {panes[pane].map((each) => (
            <button
              key={each}
              type="button"
              role="tab"
              aria-selected={each === name}
              data-view={each}
              onClick={() => show(each)}
            >
              {titles[each]}
              {each === 'history' && verdict.value?.verdict === 'violated' && <span class="bad"> ✕</span>}
            </button>
          ))}
        </div>
        {drawings.has(name) && (
          <>
            <button
              type="button"
              data-do={`svg:${name}`}
              title="Save as a drawing"
              onClick={() => exportView(name, 'svg')}
            >
              SVG
            </button>
            <button
              type="button"
              data-do={`png:${name}`}
              title="Save as a picture"
              onClick={() => exportView(name, 'png')}
            >
              PNG
            </button>
          </>
        )}
        <button
          type="button"
          aria-pressed={filling.value === pane}
          aria-label={filling.value === pane ? 'Show all views' : 'Let this view fill the page'}
          title={filling.value === pane ? 'Show all views' : 'Let this view fill the page'}
          onClick={() => {
            filling.value = filling.value === pane ? null : pane;
          }}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path
              d={
                filling.value === pane
                  ? 'M6 2v4H2M10 2v4h4M6 14v-4H2M10 14v-4h4'
                  : 'M2 6V2h4M14 6V2h-4M2 10v4h4M14 10v4h-4'
              }
            />
          </svg>
        </button>
      </div>
      <div class="pane-body">
        <View />
      </div>
    </section>
  );
}

function Side(): JSX.Element {
  const Body = { scenes: Scenes, act: Act, setup: Setup }[side.value];
  return (
    <aside class="side">
      <div class="pane-bar">
        <div role="tablist" onKeyDown={alongTabs}>
          {sides.map(([name, title]) => (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={side.value === name}
              data-side={name}
              onClick={() => {
                side.value = name;
              }}
            >
              {title}
            </button>
          ))}
        </div>
      </div>
      <div class="side-body">
        <Body />
      </div>
    </aside>
  );
}

function Failure(): JSX.Element | null {
  const { value } = failure;
  if (value === null) return null;
  return (
    <div class="failure" role="alert">
      <p>
        <code>{value.code}</code> {value.message}
      </p>
      <button
        type="button"
        onClick={() => {
          failure.value = null;
        }}
      >
        Put away
      </button>
    </div>
  );
}

/** How far a trace has been read. A large one takes a while, and what has been read can be looked at meanwhile. */
function Loading(): JSX.Element | null {
  const { loaded, ended } = standing.value;
  if (loaded === 1) return null;
  const share = `${Math.floor(loaded * 100)} %`;
  return (
    <div class="loading">
      {ended ? (
        <p>{`The first ${share} of the trace is here.`}</p>
      ) : (
        <>
          <label>
            Reading the trace
            <progress max={1} value={loaded} />
          </label>
          <p>{share}</p>
          <button
            type="button"
            data-do="stop"
            title="Read no more of it, and look at what is here"
            onClick={() => send({ do: 'stop' })}
          >
            Stop
          </button>
        </>
      )}
    </div>
  );
}

function onDrop(event: DragEvent): void {
  event.preventDefault();
  const [file] = event.dataTransfer?.files ?? [];
  if (file !== undefined) void openFile(file);
}

function Page(): JSX.Element {
  useEffect(() => {
    const stops = [keepTime(), keepContext(), keepWatch(), keepTelling()];
    const unless = new AbortController();
    const { signal } = unless;
    document.addEventListener('keydown', onKey, { signal });
    document.addEventListener('dragover', (event) => event.preventDefault(), { signal });
    document.addEventListener('drop', onDrop, { signal });
    return () => {
      unless.abort();
      for (const stop of stops) stop();
    };
  }, []);
  return (
    <div class={`page ${filling.value === null ? '' : 'filled'}`}>
      <Header />
      <div class="notices">
        <Loading />
        <Failure />
      </div>
      <main>
        <Side />
        <PaneBox pane="first" />
        <PaneBox pane="second" />
        <PaneBox pane="below" />
      </main>
      <Transport />
    </div>
  );
}

/** What the address asks for, or what the server has to show, or the first scene. */
async function begin(): Promise<void> {
  keepTheme();
  render(<Page />, document.getElementById('app') as HTMLElement); // index.html has it
  try {
    const link = await linkIn(location.hash);
    if (link !== null) await openFile(link.file, link.place);
    else if (!(await attachServer()) && scenes[0] !== undefined) tell(scenes[0]);
  } catch (error) {
    failure.value = { code: 'INPUT_INVALID', message: error instanceof Error ? error.message : String(error) };
  }
}

void begin();
