/** All requests: what was asked, through which phases it went, what came of it. Only the rows in view are there. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { chosen, cursor, lookAt, timeline, told } from '../model.js';
import { isAnswered, type RequestRow, requestsBy, rowOf } from './requests/rows.js';
import { msText } from './space-time/words.js';
import './requests.css';

/** px. */
const ROW = 30;
/** Rows beyond what is seen, so that scrolling shows no gap. */
const SPARE = 6;

type Scale = (t: number) => number;

export function Requests() {
  const list = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(600);
  const requests = useComputed(() => {
    told.value;
    return requestsBy(timeline.value, cursor.value);
  });
  const unanswered = useSignal(false);
  const listed = useComputed(() => {
    const all = requests.value;
    if (!unanswered.value) return all;
    return all.filter((request) => !isAnswered(timeline.value, request, cursor.value));
  });
  useEffect(() => {
    const { current: element } = list;
    if (element === null) return;
    const watch = new ResizeObserver(() => {
      height.value = element.clientHeight;
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [height]);
  const first = Math.max(0, Math.floor(top.value / ROW) - SPARE);
  const seen = listed.value.slice(first, Math.ceil((top.value + height.value) / ROW) + SPARE);
  const rows = seen.map((request) => rowOf(timeline.value, request, cursor.value));
  const scale = scaleOf(rows);
  const move = (by: number): void => {
    const words = listed.value;
    const now = chosen.value?.kind === 'request' ? words.indexOf(timeline.value.wordOf(chosen.value.request)) : -1;
    const next = Math.max(0, Math.min(words.length - 1, now + by));
    const word = words[next];
    if (word === undefined) return;
    chosen.value = { kind: 'request', request: timeline.value.text(word) };
    bringIntoView(list.current, next);
  };
  return (
    <section class="requests" aria-label="Requests">
      <Bar all={requests.value.length} listed={listed.value.length} unanswered={unanswered} />
      <div class="requests-head" aria-hidden="true">
        <span>Request</span>
        <span>Call</span>
        <span>Phases</span>
        <span>Answer</span>
        <span>By</span>
        <span>Latency</span>
      </div>
      {listed.value.length === 0 ? (
        <p class="requests-empty">
          {requests.value.length === 0
            ? 'Nobody has asked for anything yet. Requests appear here as clients send them.'
            : 'Every request so far has its answer.'}
        </p>
      ) : null}
      <div
        class="requests-list"
        ref={list}
        role="listbox"
        aria-label="Requests"
        tabIndex={0}
        onScroll={(event) => {
          top.value = event.currentTarget.scrollTop;
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') move(1);
          else if (event.key === 'ArrowUp') move(-1);
          else if (event.key === 'PageDown') move(10);
          else if (event.key === 'PageUp') move(-10);
          else if (event.key === 'Escape') chosen.value = null;
          else return;
          event.preventDefault();
        }}
      >
        <div
          class="requests-all"
          ref={(element) => {
            if (element !== null) element.style.height = `${listed.value.length * ROW}px`;
          }}
        >
          {rows.map((row, place) => (
            <Row key={row.request} row={row} top={(first + place) * ROW} scale={scale} />
          ))}
        </div>
      </div>
    </section>
  );
}

function bringIntoView(element: HTMLElement | null, place: number): void {
  if (element === null) return;
  if (place * ROW < element.scrollTop) element.scrollTop = place * ROW;
  const bottom = (place + 1) * ROW - element.clientHeight;
  if (element.scrollTop < bottom) element.scrollTop = bottom;
}

/** From the first call to the last thing of the rows in view, in parts of the whole width. */
function scaleOf(rows: readonly RequestRow[]): Scale {
  const moments = rows.flatMap(({ calledAt, answeredAt, phases }) => [
    ...(calledAt === null ? [] : [calledAt]),
    ...(answeredAt === null ? [] : [answeredAt]),
    ...phases.flatMap(({ from, to }) => [from, to]),
  ]);
  const from = moments.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const to = moments.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const span = Math.max(to - from, 1e-6);
  return (t) => (t - from) / span;
}

function Bar({
  all,
  listed,
  unanswered,
}: {
  readonly all: number;
  readonly listed: number;
  readonly unanswered: { value: boolean };
}) {
  return (
    <div class="requests-bar">
      <strong>{all === 1 ? '1 request' : `${all.toLocaleString('en')} requests`}</strong>
      <label>
        <input
          type="checkbox"
          checked={unanswered.value}
          onChange={(event) => {
            unanswered.value = event.currentTarget.checked;
          }}
        />
        only those without an answer{unanswered.value ? ` (${listed})` : ''}
      </label>
      <ul aria-label="Phases">
        {(['RE', 'SC', 'EX', 'AC', 'END'] as const).map((phase) => (
          <li key={phase}>
            <i class={`phase-${phase.toLowerCase()}`} />
            {phase}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Row({ row, top, scale }: { readonly row: RequestRow; readonly top: number; readonly scale: Scale }) {
  const { request, call, phases, answeredAt, calledAt, result, failed, by, answer } = row;
  const isChosen = chosen.value?.kind === 'request' && chosen.value.request === request;
  const choose = (): void => {
    chosen.value = isChosen ? null : { kind: 'request', request };
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys
    <div
      class={`requests-row${isChosen ? ' chosen' : ''}`}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      aria-label={`${request}, ${call ?? 'unknown call'}, ${answeredAt === null ? 'no answer yet' : `answer ${result ?? ''}`}`}
      ref={(element) => {
        if (element !== null) element.style.transform = `translateY(${top}px)`;
      }}
      onClick={choose}
    >
      <span class="name">{request}</span>
      <code title={call ?? ''}>{call ?? '—'}</code>
      <Phases row={row} phases={phases} scale={scale} />
      <span class={answeredAt === null ? 'open' : failed ? 'failed' : 'answer'} title={result ?? ''}>
        {answeredAt === null ? 'no answer yet' : result}
      </span>
      <span class="by" title={by.join(', ')}>
        {by.join(', ')}
      </span>
      {answeredAt === null || calledAt === null ? (
        <span class="latency">…</span>
      ) : (
        <button
          type="button"
          class="latency"
          title="Go to the answer"
          onClick={(event) => {
            event.stopPropagation();
            lookAt(answer + 1);
          }}
        >
          {msText(answeredAt - calledAt)}
        </button>
      )}
    </div>
  );
}

function Phases({
  row,
  phases,
  scale,
}: {
  readonly row: RequestRow;
  readonly phases: RequestRow['phases'];
  readonly scale: Scale;
}) {
  return (
    <div class="requests-time">
      {row.calledAt !== null && row.answeredAt === null ? (
        <i
          class="waiting"
          ref={(element) => {
            if (element !== null) element.style.left = `${scale(row.calledAt ?? 0) * 100}%`;
          }}
        />
      ) : null}
      {phases.map(({ phase, index, from, to }, place) => (
        <button
          type="button"
          key={phase}
          tabIndex={-1}
          class={`phase-${phase.toLowerCase()}`}
          title={`${phase} at ${msText(from)}`}
          aria-label={`Go to ${phase}`}
          ref={(element) => {
            if (element === null) return;
            element.style.left = `${scale(from) * 100}%`;

            // What took no time is seen beside what began at the same moment.
            const before = phases.slice(0, place).filter((other) => other.from === from).length;
            element.style.marginLeft = `${before * 5}px`;
            element.style.width = `calc(${(scale(to) - scale(from)) * 100}% - ${before * 5}px)`;
            element.style.zIndex = to === from ? '1' : '0';
          }}
          onClick={(event) => {
            event.stopPropagation();
            chosen.value = { kind: 'request', request: row.request };
            lookAt(index + 1);
          }}
        />
      ))}
    </div>
  );
}
