/**
 * A comparison as a person reads it: what each style promises and shows, and what it costs.
 */
import Table from 'cli-table3';
import type { Compared, Comparison } from './compare-report.js';
import type { CheckedConsistency, KindCosts } from './comparison.js';
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
      faults === null ? NOTHING : historyCell(faults.consistency, faults.broken !== null, paint),
      faults === null ? NOTHING : faults.agree ? 'agree' : paint('yellow', 'differ'),
      phasesCell(peace.update),
      phasesCell(peace.query),
    ]);
  }
  return table.length === 0 ? '' : drawn(table);
}

const NOTHING = '–';

function historyCell(consistency: CheckedConsistency, broken: boolean, paint: Paint): string {
  const text = consistencyText(consistency);
  if (broken) return paint('red', `✗ ${text}`);
  return consistency.unknown.length > 0 ? paint('yellow', text) : text;
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
    'update: messages',
    'delays',
    'query: messages',
    'delays',
    'silence',
    'with faults',
    'longest wait',
    'lost',
    'unanswered',
  );
  const right = head.slice(1).map((): Table.HorizontalAlignment => 'right');
  const table = new Table({ ...borderless, head, colAligns: ['left', ...right] });
  for (const row of variants) {
    if (row.peace !== null) table.push([row.name, ...costCells(row.peace), ...faultCells(row, paint)]);
  }
  return table.length === 0 ? '' : drawn(table);
}

function costCells({ update, query, silence }: NonNullable<Compared['peace']>): string[] {
  const of = (costs: KindCosts | null): string[] =>
    costs === null ? [NOTHING, NOTHING] : [costs.messages.toFixed(1), costs.delays.toFixed(1)];
  return [...of(update), ...of(query), ms(silence)];
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
    ...(faults?.broken == null ? [] : [`${paint('red', `✗ ${name}`)}: ${faults.broken}.`]),
  ]);
}

const legend = `Phases, messages, delays and the first silence are of a run without faults; the rest is of one with them.
silence: the longest time in which somebody waited and nobody was answered, with faults: from the first fault on.
longest wait: of one request, from the first fault on.  lost: answered updates that no live replica has.`;
