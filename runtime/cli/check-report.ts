/**
 * What `chorale check` finds in a history, as one plain object, and as a person reads it.
 */
import { styleText } from 'node:util';
import Table from 'cli-table3';
import { check, type PropertyGroup, propertyGroups } from '../check/check.js';
import type { History, Operation } from '../check/history.js';
import { HistoryError, parseHistory } from '../check/history-file.js';
import { modelNamed, models } from '../check/models.js';
import type { CheckVerdict } from '../check/verdict.js';
import { inWords } from '../check/wording.js';
import { ChoraleError } from '../errors.js';
import { plotOf } from './plot.js';
import { borderless, drawn } from './table.js';

/** What is asked; plain data, since it goes to another thread. */
export interface Asked {
  /** The history, as JSON lines. */
  readonly text: string;
  /** Where it came from, for errors. */
  readonly name: string;
  /** null: as the history says. */
  readonly object: string | null;
  readonly property: PropertyGroup;
  /** ms, for all that is asked. */
  readonly milliseconds: number;
  readonly bytes: number;
  readonly plot: boolean;
}

export interface CheckReport {
  readonly object: string;
  readonly operations: number;
  readonly processes: number;
  readonly for: PropertyGroup;
  /** Violated where one of the verdicts is, else unknown where one is. */
  readonly verdict: CheckVerdict['verdict'];
  readonly verdicts: readonly CheckVerdict[];
  /** Real ms of the check. */
  readonly took: number;
}

export interface Checked {
  readonly report: CheckReport;
  /** A page of HTML; null where none was asked for. */
  readonly plot: string | null;
}

/** Errors: INPUT_INVALID. */
export function checked(asked: Asked): Checked {
  const history = historyOf(asked);
  const model = modelNamed(asked.object ?? history.object ?? '');
  if (model === undefined) {
    const objects = Object.keys(models).join(', ');
    throw new ChoraleError(
      'INPUT_INVALID',
      `${asked.name} does not say what object it is a history of. Say it by --object, or in the first line: {"object":"kv"}. There are ${objects}.`,
    );
  }
  const begin = performance.now();
  const verdicts = propertyGroups[asked.property].map((property) => {
    const left = Math.max(0, Math.ceil(asked.milliseconds - (performance.now() - begin)));
    return check(history, property, { model, limits: { milliseconds: left, bytes: asked.bytes } });
  });
  const took = Math.round(performance.now() - begin);
  const has = (verdict: CheckVerdict['verdict']): boolean => verdicts.some((one) => one.verdict === verdict);
  const report: CheckReport = {
    object: model.name,
    operations: history.operations.length,
    processes: new Set(history.operations.map(({ process }) => process)).size,
    for: asked.property,
    verdict: has('violated') ? 'violated' : has('unknown') ? 'unknown' : 'holds',
    verdicts,
    took,
  };
  return { report, plot: asked.plot ? plotOf(history.operations, verdicts, headline(report)) : null };
}

function historyOf({ text, name, object }: Asked): History {
  try {
    return parseHistory(text, object === null ? undefined : modelNamed(object));
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    const field = error.field === null ? '' : `field "${error.field}": `;
    const message = error.message.replace(/^Line \d+: /, '');
    throw new ChoraleError('INPUT_INVALID', `${name}:${error.line}: ${field}${message}`, { cause: error });
  }
}

const headline = ({ object, operations, processes }: CheckReport): string =>
  `${object} · ${plural(operations, 'operation')} of ${plural(processes, 'process', 'processes')}`;

export function readableCheck(report: CheckReport, color: boolean): string {
  const paint: Paint = (style, text) => (color ? styleText(style, text, { validateStream: false }) : text);
  const parts = report.verdicts.map((verdict) => verdictText(verdict, paint));
  const lines = parts.join(report.verdict === 'holds' ? '\n' : '\n\n');
  return `${[paint('bold', headline(report)), lines, paint('dim', `It took ${count(report.took)} ms.`)].join('\n\n')}\n`;
}

type Paint = (style: 'red' | 'green' | 'yellow' | 'dim' | 'bold', text: string) => string;

function verdictText(verdict: CheckVerdict, paint: Paint): string {
  const { property } = verdict;
  switch (verdict.verdict) {
    case 'holds':
      return `${property}: ${paint('green', 'holds')}`;
    case 'unknown':
      return `${property}: ${paint('yellow', 'unknown')}\n  ${verdict.why}`;
    default:
      return [
        `${property}: ${paint('red', 'violated')}`,
        `  ${verdict.why}`,
        '',
        partTable(verdict.part, verdict.impossible, paint),
      ].join('\n');
  }
}

/** The smallest part that fails, by call. */
function partTable(part: readonly Operation[], impossible: Operation, paint: Paint): string {
  const table = new Table({
    ...borderless,
    head: ['', 'process', 'operation', 'called', 'returned'].map((title) => paint('dim', title)),
    colAligns: ['left', 'left', 'left', 'right', 'right'],
  });
  for (const operation of [...part].sort((a, b) => a.call - b.call)) {
    const wrong = operation === impossible;
    const { process, call, return: returned } = operation;
    const line = [String(process), inWords(operation), String(call), returned === null ? 'never' : String(returned)];
    table.push([wrong ? '✗' : '', ...line].map((cell) => (wrong ? paint('red', cell) : cell)));
  }
  return drawn(table);
}

const count = (number: number): string => number.toLocaleString('en');
const plural = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;
