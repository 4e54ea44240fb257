/**
 * A comparison as a person reads it: what each style promises and shows, and what it costs.
 */
import Table from 'cli-table3';
import type { Compared, Comparison } from './compare-report.js';
import type { CheckedConsistency, KindCosts, UnderFaults } from './comparison.js';
import { borderless, drawn } from './table.js';
import { count, type Paint, paintFor, plural } from './wording.js';

export function readable(comparison: Comparison, color: boolean): string {
  const paint = paintFor(color);
  return `${[
    heading(comparison, paint),
    shownTable(comparison, paint),
    costTable(comparison, paint),
    notes(comparison, paint).join('\n'),
    legend,
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

function heading({ service, replicas, requests, faults, delay, seed }: Comparison, paint: Paint): string {
  const { updates, queries, clients } = requests;
  const link = delay[0] === delay[1] ? `${delay[0]} ms` : `${delay[0]} to ${delay[1]} ms`;
  const asked = `${plural(updates, 'update')} and ${plural(queries, 'query', 'queries')} of ${plural(clients, 'client')}`;
  return `${paint('bold', service)} · ${asked} · ${plural(replicas, 'replica')} · ${link} a message · seed ${seed}\nFaults: ${faults.join(' ') || 'none'}`;
}

const titles = (paint: Paint, ...all: string[]): string[] => all.map((title) => paint('dim', title));

function shownTable({ variants }: Comparison, paint: Paint): string {
  const head = titles(paint, 'style', 'promises', 'this history', 'replicas', 'an update', 'a query');
  const table = new Table({ ...borderless, head });
  for (const row of variants) {
    const { name, peace, faults, promised } = row;
    if (peace === null) continue;
    table.push([
      name,
      promised ?? NOTHING,
      faults === null ? NOTHING : historyCell(row, faults, paint),
      faults === null ? NOTHING : faults.agree ? 'agree' : paint('yellow', 'differ'),
      phasesCell(peace.update),
      phasesCell(peace.query),
    ]);
  }
  return table.length === 0 ? '' : drawn(table);
}

const NOTHING = '–';

function historyCell({ promised }: Compared, { consistency, broken }: UnderFaults, paint: Paint): string {
  const text = consistencyText(consistency);
  if (promised === null || promised === 'none' || !consistency.refuted.includes(promised))
    return consistency.unknown.length > 0 ? paint('yellow', text) : text;
  return broken === null ? paint('yellow', text) : paint('red', `✗ ${text}`);
}

/** The strongest that holds, or what is known in place of it. */
export function consistencyText({ holds, refuted, unknown }: CheckedConsistency): string {
  if (holds !== null) return unknown.length === 0 ? holds : `${holds} (${unknown.join(', ')}?)`;
  if (unknown.length === 0) return 'none';
  return refuted.length === 0 ? 'unknown' : `not ${refuted.at(-1)}`;
}

function phasesCell(costs: KindCosts | null): string {
  if (costs === null) return NOTHING;
  return `${costs.phases.join(' ')}${costs.otherPhases === 0 ? '' : ` (or ${plural(costs.otherPhases, 'other')})`}`;
}

function costTable({ variants }: Comparison, paint: Paint): string {
  const head = titles(
    paint,
    'style',
    'messages:\nan update',
    '\na query',
    'delays:\nan update',
    '\na query',
    'silence:\nno fault',
    '\nfaults',
    'longest\nwait',
    'updates\nlost',
    'requests\nunanswered',
  );
  const right = head.slice(1).map((): Table.HorizontalAlignment => 'right');
  const table = new Table({ ...borderless, head, colAligns: ['left', ...right] });
  for (const row of variants) {
    if (row.peace !== null) table.push([row.name, ...costCells(row.peace), ...faultCells(row, paint)]);
  }
  return table.length === 0 ? '' : drawn(table);
}

function costCells({ update, query, silence }: NonNullable<Compared['peace']>): string[] {
  const of = (figure: 'messages' | 'delays'): string[] =>
    [update, query].map((costs) => costs?.[figure].toFixed(1) ?? NOTHING);
  return [...of('messages'), ...of('delays'), ms(silence)];
}

function faultCells({ faults }: Compared, paint: Paint): string[] {
  if (faults === null) return [NOTHING, NOTHING, NOTHING, NOTHING];
  const { silence, wait, lost, answered, unanswered } = faults;
  const bad = (number: number, text: string): string => (number === 0 ? text : paint('red', text));
  return [ms(silence), ms(wait), bad(lost, `${count(lost)} of ${count(answered)}`), bad(unanswered, count(unanswered))];
}

const ms = (time: number): string => `${time.toFixed(1)} ms`;

function notes({ variants }: Comparison, paint: Paint): string[] {
  return variants.flatMap(({ name, refused, faults }) => [
    ...(refused === null ? [] : [`${paint('yellow', name)}: ${refused}`]),
    ...(faults?.neverCame ?? []).map((fault) => `${name}: ${fault} never came.`),
    ...(faults?.broken == null ? [] : [`${paint('red', `✗ ${name}`)}: ${faults.broken}.`]),
  ]);
}

const legend = `Phases, messages, delays and the first silence are of a run without faults; all else is of a run with them.
This history: the strongest that it is; another may be less, down to what the style promises.
Silence: the longest time in which somebody waited and nobody was answered; under faults, from the first one on, as is the
longest wait of one request. Lost: answered updates that no live replica has.`;
