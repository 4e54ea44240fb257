/**
 * A history as a page: a row for each process, a bar for each operation from its call to its return, and what fails in
 * colour. The page is whole in itself: no script, nothing to load.
 */
import type { Operation } from '../check/history.js';
import { inProgramOrder } from '../check/program-order.js';
import type { CheckVerdict } from '../check/verdict.js';
import { inWords } from '../check/wording.js';

/** Of a larger history only what is near to the part that fails is drawn. */
const MOST = 400;
/** In a row, in pixels. */
const ROW = 46;
const BAR = 16;
const LEFT = 110;
const RIGHT = 60;
const TOP = 34;
/** Of a letter of the labels, about. */
const LETTER = 6.4;
/** Letters of the longest label. */
const LABEL = 28;
/** Between two marks on the axis of time, at least. */
const TICK = 90;

type Violated = Extract<CheckVerdict, { verdict: 'violated' }>;

export function plotOf(operations: readonly Operation[], verdicts: readonly CheckVerdict[], title: string): string {
  const violated = verdicts.flatMap((verdict) => (verdict.verdict === 'violated' ? [verdict] : []));
  const near = neighbourhood(operations, violated);
  const left = operations.length - near.length;
  const note =
    left === 0
      ? ''
      : `<p class="note">${near.length} of ${operations.length} operations are drawn: ${violated.length === 0 ? 'the first' : 'those around the part that fails'}.</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
${verdicts.map((verdict) => sentence(verdict) + partOf(verdict)).join('\n')}
<h2>The history</h2>
${note}
<div class="chart">${drawing(near, violated)}</div>
<p class="note">A bar is an operation, from its call to its return; one that fades out never returned. Grey: the rest of the history. Orange: the smallest part that fails. Red: the operation that cannot be as it says. Point at a bar for all of it.</p>
</body>
</html>
`;
}

const style = `
:root{color-scheme:light dark;--ink:#1c2128;--soft:#667080;--line:#d9dee5;--page:#fff;--bar:#c3ccd8;--part:#e8912d;--wrong:#d32f3a;--right:#2c8a4b}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa5b4;--line:#353c47;--page:#15181d;--bar:#4a5565;--part:#e09a3e;--wrong:#f0606a;--right:#5fc283}}
body{margin:24px;background:var(--page);color:var(--ink);font:14px/1.5 system-ui,sans-serif}
h1{font-size:18px;margin:0 0 8px}h2{font-size:15px;margin:20px 0 4px}p{margin:4px 0;max-width:100ch;overflow-wrap:anywhere}.note{color:var(--soft)}
.violated b{color:var(--wrong)}.holds b{color:var(--right)}
.chart{overflow-x:auto;margin:12px 0}svg{display:block}
text{fill:var(--ink);font:11px ui-monospace,monospace}.soft{fill:var(--soft)}.grid{stroke:var(--line)}
.bar{fill:var(--bar)}.part{fill:var(--part)}.wrong{fill:var(--wrong)}.label-wrong{fill:var(--wrong);font-weight:bold}
.fade stop{stop-color:var(--bar)}.fade-part stop{stop-color:var(--part)}.fade-wrong stop{stop-color:var(--wrong)}
`;

function sentence(verdict: CheckVerdict): string {
  const why = verdict.verdict === 'holds' ? '' : ` ${escaped(verdict.why)}`;
  return `<p class="${verdict.verdict}">${verdict.property}: <b>${verdict.verdict}.</b>${why}</p>`;
}

/** What fails by itself, drawn by itself: in the whole it may be far to the right. */
function partOf(verdict: CheckVerdict): string {
  if (verdict.verdict !== 'violated' || verdict.part.length > MOST) return '';
  return `\n<div class="chart">${drawing(verdict.part, [verdict])}</div>`;
}

/** All of a small history; else the parts that fail, and what was called nearest to them. */
function neighbourhood(operations: readonly Operation[], violated: readonly Violated[]): readonly Operation[] {
  const ordered = Array.from(inProgramOrder(operations), (i) => operations[i] as Operation); // places in it
  if (ordered.length <= MOST) return ordered;
  const part = new Set(violated.flatMap(({ part }) => part));
  const places = ordered.flatMap((operation, place) => (part.has(operation) ? [place] : []));
  if (places.length === 0) return ordered.slice(0, MOST);
  const distance = new Int32Array(ordered.length).fill(ordered.length);
  for (const place of places) distance[place] = 0;
  for (let i = 1; i < distance.length; i++) distance[i] = Math.min(distance[i] ?? 0, (distance[i - 1] ?? 0) + 1);
  for (let i = distance.length - 2; i >= 0; i--) distance[i] = Math.min(distance[i] ?? 0, (distance[i + 1] ?? 0) + 1);
  const nearest = Array.from(distance, (_, place) => place).sort((a, b) => (distance[a] ?? 0) - (distance[b] ?? 0));
  const kept = new Set(nearest.slice(0, Math.max(MOST, places.length)));
  return ordered.filter((_, place) => kept.has(place));
}

function drawing(operations: readonly Operation[], violated: readonly Violated[]): string {
  const x = scale(operations);
  const processes = [...new Set(operations.map(({ process }) => process))].sort((a, b) =>
    String(a).localeCompare(String(b), 'en', { numeric: true }),
  );
  const height = TOP + processes.length * ROW + 10;
  const wrong = new Set(violated.map(({ impossible }) => impossible));
  const part = new Set(violated.flatMap((one) => one.part));
  const rows = processes.map((process, row) => {
    const y = TOP + row * ROW;
    const own = operations.filter((operation) => operation.process === process);
    const bars = own.map((operation, i) => {
      const kind = wrong.has(operation) ? 'wrong' : part.has(operation) ? 'part' : 'bar';
      const next = own[i + 1];
      return bar(operation, kind, y, x, next === undefined ? x.width : x.at(next.call));
    });
    return `<line class="grid" x1="0" x2="${x.width}" y1="${y}" y2="${y}"/><text x="4" y="${y + 32}">${escaped(cut(String(process), 15))}</text>${bars.join('')}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${x.width}" height="${height}" viewBox="0 0 ${x.width} ${height}" role="img" aria-label="Operations of each process over time"><defs>${['', '-part', '-wrong'].map(fade).join('')}</defs>${axis(x, height)}${rows.join('')}</svg>`;
}

const fade = (kind: string): string =>
  `<linearGradient id="fade${kind}" class="fade${kind}"><stop offset="0"/><stop offset="1" stop-opacity="0.1"/></linearGradient>`;

function bar(operation: Operation, kind: 'bar' | 'part' | 'wrong', y: number, x: Scale, until: number): string {
  const from = x.at(operation.call);
  const open = operation.return === null;
  const to = open ? x.width : x.at(operation.return);
  const fill = open ? ` style="fill:url(#fade${kind === 'bar' ? '' : `-${kind}`})"` : '';
  const room = Math.floor((until - from) / LETTER) - 1;
  const label = cut(inWords(operation), Math.min(LABEL, kind === 'bar' ? room : LABEL));
  const times = `process ${operation.process}, ${operation.call} to ${operation.return ?? 'never'}`;
  const text =
    room < 3 && kind === 'bar'
      ? ''
      : `<text${kind === 'wrong' ? ' class="label-wrong"' : ''} x="${from}" y="${y + 16}">${escaped(label)}</text>`;
  return `<g><title>${escaped(`${inWords(operation)}\n${times}`)}</title><rect class="${kind}"${fill} x="${from}" y="${y + 20}" width="${Math.max(2, round(to - from))}" height="${BAR}" rx="2"/>${text}</g>`;
}

interface Scale {
  readonly width: number;
  readonly ticks: readonly number[];
  at(time: number): number;
}

/** Wide enough for most labels; time is linear. */
function scale(operations: readonly Operation[]): Scale {
  const times = operations.flatMap(({ call, return: returned }) => (returned === null ? [call] : [call, returned]));
  const begin = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const end = times.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY);
  const span = end > begin ? end - begin : 1;
  const crowded = Math.max(0, ...new Map([...counted(operations)]).values());
  const inner = Math.min(30_000, Math.max(760, crowded * LABEL * LETTER * 0.75));
  return {
    width: Math.round(LEFT + inner + RIGHT),
    ticks: Number.isFinite(begin) ? ticks(begin, end, (span * TICK) / inner) : [],
    at: (time) => round(LEFT + (inner * (time - begin)) / span),
  };
}

/** Round times: 1, 2 or 5 and noughts apart. */
function ticks(begin: number, end: number, least: number): readonly number[] {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5].map((digit) => digit * power).find((one) => one >= least) ?? 10 * power;
  const first = Math.ceil(begin / step);
  return Array.from({ length: Math.max(0, Math.floor(end / step) - first + 1) }, (_, i) => (first + i) * step);
}

function counted(operations: readonly Operation[]): ReadonlyMap<number | string, number> {
  const counts = new Map<number | string, number>();
  for (const { process } of operations) counts.set(process, (counts.get(process) ?? 0) + 1);
  return counts;
}

function axis(x: Scale, height: number): string {
  return x.ticks
    .map((time) => {
      const at = x.at(time);
      return `<line class="grid" x1="${at}" x2="${at}" y1="20" y2="${height}"/><text class="soft" x="${at}" y="14" text-anchor="middle">${Number(time.toPrecision(12))}</text>`;
    })
    .join('');
}

const round = (number: number): number => Math.round(number * 100) / 100;
const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, Math.max(0, most - 1))}…` : text;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (letter) => escapes[letter] ?? '');
