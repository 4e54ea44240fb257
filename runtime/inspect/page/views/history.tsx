/** Operations over time, a line a client, and what the checkers say of them: which ones cannot be put in order, and why. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Verdict } from '../../protocol.js';
import { check, checking, chosen, opened, verdict } from '../model.js';
import { type Layout, layoutOf } from './history/layout.js';
import { callText, isLarge, numbersOf, propertyText, rulesOf, shownOf } from './history/reasons.js';
import { msText } from './space-time/words.js';
import './history.css';

/** px. */
const ROW = 54;
const AXIS = 26;
const LETTER = 7.3;
/** px beyond what is seen that is there as well. */
const SPARE = 400;

const titles = { sequential: 'Sequential', linearizable: 'Linearizable' } as const;

export function History() {
  const all = useSignal(false);
  const { value: source } = opened;
  useEffect(() => {
    if (source !== null && verdict.value === null && checking.value === null)
      check(source.run?.property ?? 'sequential');
  }, [source]);
  const { value: now } = verdict;
  return (
    <section class="history" aria-label="History">
      <Bar now={now} all={all} />
      {now === null ? (
        <p class="history-empty">
          {checking.value === null ? 'Choose a property, and the history so far is checked for it.' : 'Checking …'}
        </p>
      ) : now.operations.length === 0 ? (
        <p class="history-empty">No operations yet. They appear here, a line a client, as requests are made.</p>
      ) : (
        <>
          <Chart now={now} all={all.value} />
          <Reasons now={now} />
        </>
      )}
    </section>
  );
}

function Bar({ now, all }: { readonly now: Verdict | null; readonly all: { value: boolean } }) {
  return (
    <div class="history-bar">
      <fieldset>
        <legend>Check for</legend>
        {(['sequential', 'linearizable'] as const).map((property) => (
          <button
            type="button"
            key={property}
            aria-pressed={(checking.value ?? now?.property) === property}
            title={propertyText[property]}
            onClick={() => check(property)}
          >
            {titles[property]}
          </button>
        ))}
      </fieldset>
      {now === null ? null : checking.value !== null ? (
        <output class="history-verdict">Checking …</output>
      ) : (
        <output class={`history-verdict ${now.verdict}`}>
          {now.verdict === 'holds' ? '✓ ' : now.verdict === 'violated' ? '✕ ' : '? '}
          {verdictText(now)}
        </output>
      )}
      {now !== null && shownOf(now, false).length < now.operations.length ? (
        <label>
          <input
            type="checkbox"
            checked={all.value}
            onChange={(event) => {
              all.value = event.currentTarget.checked;
            }}
          />
          show all {now.operations.length} operations
        </label>
      ) : null}
    </div>
  );
}

function verdictText({ verdict, property, part, operations }: Verdict): string {
  const count = operations.length === 1 ? 'the one operation' : `all ${operations.length} operations`;
  if (verdict === 'holds') return `${titles[property]}: ${count} can be put in order`;
  if (verdict === 'unknown') return `Not known whether it is ${property}`;
  if (part.length === 0) return 'Something else is wrong';
  return `Not ${property}: ${part.length === 1 ? 'one operation' : `${part.length} operations`} cannot be put in order`;
}

function Chart({ now, all }: { readonly now: Verdict; readonly all: boolean }) {
  const scroller = useRef<HTMLDivElement>(null);
  const seen = useSignal({ left: 0, width: 1600 });
  const look = (): void => {
    const { current: element } = scroller;
    if (element !== null) seen.value = { left: element.scrollLeft, width: element.clientWidth };
  };
  useEffect(() => {
    const { current: element } = scroller;
    if (element === null) return;
    const watch = new ResizeObserver(look);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const layout = useComputed(() => {
    const of = verdict.value;
    if (of === null) return null;
    return layoutOf(of.operations, shownOf(of, all), (operation) => {
      const call = callText(operation).length;
      const result = (operation.result ?? 'no answer').length + 2;
      return Math.max(call, result) * LETTER + (of.part.length > 0 ? 44 : 20);
    });
  });
  const { value: made } = layout;
  if (made === null) return null;
  const height = AXIS + made.rows.length * ROW + 8;
  return (
    <div class="history-chart">
      <ul
        class="history-clients"
        ref={(element) => {
          if (element !== null) element.style.height = `${height}px`;
        }}
      >
        {made.rows.map(({ client, first }, row) =>
          first ? (
            <li
              key={client}
              ref={(element) => {
                if (element !== null) element.style.top = `${AXIS + row * ROW}px`;
              }}
            >
              {client}
            </li>
          ) : null,
        )}
      </ul>
      <div class="history-scroll" ref={scroller} onScroll={look}>
        <div
          class="history-time"
          ref={(element) => {
            if (element === null) return;
            element.style.width = `${made.width}px`;
            element.style.height = `${height}px`;
          }}
        >
          <Moments layout={made} from={seen.value.left - SPARE} to={seen.value.left + seen.value.width + SPARE} />
          <Boxes
            now={now}
            layout={made}
            from={seen.value.left - SPARE}
            to={seen.value.left + seen.value.width + SPARE}
          />
        </div>
      </div>
    </div>
  );
}

interface InView {
  readonly layout: Layout;
  /** px. */
  readonly from: number;
  readonly to: number;
}

function Moments({ layout, from, to }: InView) {
  let free = Number.NEGATIVE_INFINITY;
  return (
    <>
      {layout.moments.map(({ t, x }) => {
        if (x < from || x > to) return null;
        const label = x >= free ? msText(t) : '';
        if (label !== '') free = x + label.length * 6.5 + 14;
        return (
          <i
            key={t}
            class="moment"
            ref={(element) => {
              if (element !== null) element.style.left = `${x}px`;
            }}
          >
            {label}
          </i>
        );
      })}
    </>
  );
}

function Boxes({ now, layout, from, to }: InView & { readonly now: Verdict }) {
  const numbers = numbersOf(now);
  const part = new Set(now.part);
  return (
    <>
      {layout.boxes.map(({ place, row, x, width }) => {
        const operation = now.operations[place];
        if (operation === undefined || x > to || x + width < from) return null;
        const number = numbers.get(place);
        const isChosen = chosen.value?.kind === 'request' && chosen.value.request === operation.request;
        const classes = [
          'operation',
          operation.kind,
          ...(part.has(place) ? ['part'] : number === undefined && part.size > 0 ? ['other'] : []),
          ...(place === now.culprit ? ['culprit'] : []),
          ...(operation.answeredAt === null ? ['open'] : []),
          ...(isChosen ? ['chosen'] : []),
        ];
        return (
          <button
            type="button"
            key={place}
            class={classes.join(' ')}
            title={`${operation.client}: ${callText(operation)} from ${msText(operation.calledAt)} ${
              operation.answeredAt === null ? 'on, without an answer' : `to ${msText(operation.answeredAt)}`
            }`}
            ref={(element) => {
              if (element === null) return;
              element.style.left = `${x}px`;
              element.style.top = `${AXIS + row * ROW + 6}px`;
              element.style.width = `${width}px`;
            }}
            onClick={() => {
              const { request } = operation;
              chosen.value = isChosen || request === null ? null : { kind: 'request', request };
            }}
          >
            {number === undefined ? null : <b>{number}</b>}
            <span>
              <code>{callText(operation)}</code>
              <code>{operation.answeredAt === null ? 'no answer' : `→ ${operation.result ?? ''}`}</code>
            </span>
          </button>
        );
      })}
    </>
  );
}

function Reasons({ now }: { readonly now: Verdict }) {
  if (now.verdict === 'holds')
    return (
      <div class="history-why">
        <p>
          <strong>{titles[now.property]}.</strong> {propertyText[now.property]}
        </p>
      </div>
    );
  const numbers = numbersOf(now);
  const culprit = now.culprit === null ? undefined : now.operations[now.culprit];
  return (
    <div class="history-why">
      {now.part.length === 0 ? null : (
        <>
          <h3>What an order would have to keep</h3>
          <ol>
            {rulesOf(now).map(({ text, before }) => (
              <li key={text}>
                {text}
                {before.length === 0 ? '' : ': '}
                {before.map(([a, b], place) => (
                  <span key={`${a} ${b}`}>
                    {place === 0 ? '' : ', '}
                    <b>{a}</b> before <b>{b}</b>
                  </span>
                ))}
                .
              </li>
            ))}
            <li>Every answer is what the operations before it, and no others, lead to.</li>
          </ol>
          {culprit === undefined || now.culprit === null ? null : (
            <p class="history-culprit">
              <b>{numbers.get(now.culprit) ?? ''}</b> <code>{callText(culprit)}</code> answered{' '}
              <code>{culprit.result ?? 'nothing'}</code>, and has no place in any such order.
            </p>
          )}
        </>
      )}
      {now.why.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {now.part.length === 0 ? null : (
        <p class="history-note">
          {now.part.length === 1
            ? `That one answer is enough${now.operations.length > 1 ? ', whatever else took effect' : ''}.`
            : isLarge(now)
              ? 'It may not take all of the marked operations: of so many no smaller part was found in time.'
              : `It takes the answers of ${now.part.length === 2 ? 'both' : `all ${now.part.length}`} marked operations: without any one of them there would be such an order.${now.part.length < now.operations.length ? ' Which of the others took effect makes no difference.' : ''}`}
        </p>
      )}
    </div>
  );
}
