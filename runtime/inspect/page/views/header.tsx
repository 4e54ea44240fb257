/** The bar at the top: what is looked at, opening another run, and taking this one away. */
import { type Signal, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { type Theme, theme } from '../layout.js';
import { cursor, failure, opened, standing } from '../model.js';
import { openFile } from '../opening.js';
import { addressOf, download, fileOf } from '../saved.js';
import './header.css';

export function Header(): JSX.Element {
  const copied = useSignal(false);
  const about = opened.value;
  const run = standing.value.run ?? about?.run ?? null;
  return (
    <header class="header">
      <h1>
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <circle cx="12" cy="4.5" r="3" />
          <circle cx="4.5" cy="18" r="3" />
          <circle cx="19.5" cy="18" r="3" />
          <path d="M10.6 7.2L6 15.4M13.4 7.2L18 15.4M7.5 18h9" />
        </svg>
        Chorale
      </h1>
      <p class="subject">{about === null ? '' : subjectOf(about.source, about.service, run)}</p>
      <label class="button">
        Open…
        <input
          type="file"
          class="visually-hidden"
          accept=".json,.jsonl"
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file !== undefined) void openFile(file);
            currentTarget.value = '';
          }}
        />
      </label>
      {run !== null && (
        <>
          <button
            type="button"
            data-do="link"
            title="Copy an address that brings back exactly this run, at this moment"
            onClick={() => copyLink(copied)}
          >
            {copied.value ? 'Copied' : 'Copy link'}
          </button>
          <button
            type="button"
            data-do="save"
            title="A file that brings back exactly this run, here or by chorale replay"
            onClick={() => download(`${run.service}.json`, new Blob([fileOf(run)], { type: 'application/json' }))}
          >
            Save run
          </button>
        </>
      )}
      <select
        aria-label="Colours"
        value={theme.value}
        onChange={({ currentTarget }) => {
          theme.value = currentTarget.value as Theme; // one of the options
        }}
      >
        <option value="system">As the system</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </header>
  );
}

function subjectOf(source: string, service: string, run: NonNullable<typeof standing.value.run> | null): string {
  if (run === null) return source === 'live' ? `${service}, live` : service;
  const { replication, replicas, order, seed } = run.scenario;
  return `${service} · ${replication} replication on ${replicas} ${replicas === 1 ? 'replica' : 'replicas'} · order ${order} · seed ${seed}`;
}

/** ms for which it is said. */
const SAID = 1_500;

async function copyLink(copied: Signal<boolean>): Promise<void> {
  const run = standing.value.run ?? opened.value?.run;
  if (run == null) return;
  const address = await addressOf(run, cursor.value);
  history.replaceState(null, '', address);
  try {
    await navigator.clipboard.writeText(address);
    copied.value = true;
    setTimeout(() => {
      copied.value = false;
    }, SAID);
  } catch {
    failure.value = {
      code: 'CLIPBOARD',
      message: 'The browser did not let the page copy: the address bar has the link now.',
    };
  }
}
