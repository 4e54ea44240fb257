/**
 * A report as a person reads it: the requests, what the faults did, the replicas, what it cost, and the verdict last.
 */
import Table from 'cli-table3';
import { operationTable } from './operation-table.js';
import type { Report, ReportedRequest } from './report.js';
import { type Row, shortened } from './rows.js';
import { unusual } from './style-options.js';
import { borderless, drawn } from './table.js';
import { courseLines } from './view-changes.js';
import { count, cut, type Paint, paintFor, plural, shown } from './wording.js';

export interface Look {
  /** Every request, however many. */
  readonly all: boolean;
  readonly color: boolean;
}

export function readable(report: Report, look: Look): string {
  const paint = paintFor(look.color);
  const { rows, left } = shortened(report, look.all);
  return `${[
    heading(report, paint),
    requestTable(rows, report, paint) +
      (left === 0 ? '' : `\n${paint('dim', `… ${count(left)} more like these (--all shows every one)`)}`),
    faultLines(report).join('\n'),
    replicaTable(report, paint),
    costLines(report).join('\n'),
    verdictLines(report, paint).join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

function heading({ service, settings, seed }: Report, paint: Paint): string {
  const { replication, replicas, order, tolerate, delay } = settings;
  const more = unusual(settings);
  const link = delay[0] === delay[1] ? `${delay[0]} ms` : `${delay[0]} to ${delay[1]} ms`;
  return `${paint('bold', service)} · ${replication} replication on ${plural(replicas, 'replica')} · order ${order} · tolerates ${tolerate} faults${more} · ${link} a message · seed ${seed}`;
}

function requestTable(rows: readonly Row[], report: Report, paint: Paint): string {
  const expected = new Map(report.verdict.wrong.map((wrong) => [wrong.request, wrong.expected]));
  const head = ['request', 'operation', 'reply', 'phases', 'called', 'answered', 'delays', 'answered by'].map((title) =>
    paint('dim', title),
  );
  const colAligns: Table.HorizontalAlignment[] = ['left', 'left', 'left', 'left', 'right', 'right', 'right', 'left'];
  const table = new Table({ ...borderless, head, colAligns });
  for (const row of rows) {
    if ('struck' in row) {
      const { t, node, what } = row.struck;
      const who = node === 'network' ? what : `${node} ${what}`;
      table.push([{ colSpan: head.length, content: paint('yellow', `──── ${ms(t)}  ${who} ────`) }]);
    } else if ('left' in row) {
      table.push([{ colSpan: head.length, content: paint('dim', `⋮    ${count(row.left)} more`) }]);
    } else {
      const { request, client, phases, calledAt, endedAt, delays, by, answered } = row.request;
      const times = [ms(calledAt), answered ? ms(endedAt) : '–', delays === null ? '–' : String(delays)];
      table.push([
        request ?? client,
        operation(row.request),
        replyCell(row.request, expected, paint),
        phases.join(' '),
        ...times,
        by.join(' '),
      ]);
    }
  }
  return drawn(table);
}

const operation = ({ op, args }: ReportedRequest): string => `${op}(${cut(args.map(shown).join(', '), 36)})`;

function replyCell(
  request: ReportedRequest,
  expected: ReadonlyMap<string, Report['verdict']['wrong'][number]['expected']>,
  paint: Paint,
): string {
  const { request: id, error, reply, answered, right } = request;
  if (!answered) return paint('red', `✗ no answer: ${error?.code ?? ''}`);
  // An update that returns nothing is done when it is answered.
  const got = error === undefined ? (reply === null ? 'done' : cut(shown(reply), 32)) : error.code;
  if (right) return error === undefined ? got : paint('yellow', got);
  const should = id === null ? undefined : expected.get(id);
  if (should === undefined) return paint('red', `✗ ${got}`);
  return paint('red', `✗ ${got}, should be ${should.ok ? cut(shown(should.value), 24) : should.error.code}`);
}

function faultLines({ faults, network, settings, endedAt }: Report): string[] {
  const { lost, duplicated, blocked, omitted, refused } = network;
  const frames = [
    [lost, 'lost'],
    [duplicated, 'duplicated'],
    [blocked, 'stopped by a partition'],
    [omitted, 'omitted by a node'],
    [refused, 'sent to a crashed node'],
  ] as const;
  const counted = frames.filter(([number]) => number > 0).map(([number, what]) => `${count(number)} ${what}`);
  const held = settings.faults.filter((fault) => /^(loss|duplicate|delay|omit)/.test(fault));
  const lines = [
    ...courseLines(faults.courses),
    ...(held.length === 0 ? [] : [`throughout: ${held.join(', ')}`]),
    ...Object.entries(faults.lies).map(([node, number]) => lieLine(node, number, settings.faults)),
    ...(counted.length === 0 ? [] : [`of ${count(network.frames)} frames ${counted.join(', ')}`]),
    ...faults.neverCame.map((fault) => `never came: ${fault} (the run ended at ${ms(endedAt)})`),
  ];
  return lines.length === 0 ? [] : ['Faults', ...lines.map((line) => `  ${line}`)];
}

function lieLine(node: string, number: number, faults: readonly string[]): string {
  if (faults.includes(`silent:${node}`)) return `${node} kept ${plural(number, 'reply', 'replies')} back`;
  return `${node} lied in ${plural(number, 'reply', 'replies')}`;
}

function replicaTable({ replicas }: Report, paint: Paint): string {
  const table = new Table({
    ...borderless,
    head: ['replica', 'state', 'version', 'digest'].map((title) => paint('dim', title)),
  });
  for (const { node, state, version, digest } of replicas) {
    const live = state === 'live';
    table.push([node, live ? state : paint('yellow', state), live ? count(version) : '–', digest?.slice(0, 12) ?? '–']);
  }
  return drawn(table);
}

function costLines({ costs, network }: Report): string[] {
  const { messagesPerUpdate, delaysPerUpdate, messagesPerQuery, delaysPerQuery, control } = costs;
  const line = (kind: string, messages: number | null, delays: number | null): string[] =>
    messages === null || delays === null
      ? []
      : [`  ${kind}  ${messages.toFixed(1)} messages, ${delays.toFixed(1)} delays in the mean`];
  return [
    'Cost',
    ...line('an update', messagesPerUpdate, delaysPerUpdate),
    ...line('a query  ', messagesPerQuery, delaysPerQuery),
    `  apart from these ${plural(control, 'control message')}; all in ${plural(network.frames, 'frame')}, ${count(network.bytes)} bytes`,
  ];
}

function verdictLines(report: Report, paint: Paint): string[] {
  const { verdict, requests, replicas } = report;
  if (!verdict.right)
    return [
      paint('red', 'Not right.'),
      ...verdict.reasons.map((reason) => `  ${reason}`),
      ...consistencyLines(report, paint).map((line) => `  ${line}`),
    ];
  const live = replicas.filter(({ state }) => state === 'live').length;
  const agree = live === 1 ? 'one replica is live.' : `the ${live} live replicas agree.`;
  return [
    `${paint('green', 'Right.')} ${plural(requests.length, 'request')} answered, each as one correct copy would have; ${agree}`,
    ...consistencyLines(report, paint),
  ];
}

function consistencyLines({ consistency }: Report, paint: Paint): string[] {
  const called = consistency.property === 'sequential' ? 'sequentially consistent' : consistency.property;
  if (consistency.verdict === 'holds') return [`The history is ${called}.`];
  if (consistency.verdict === 'unknown')
    return [paint('yellow', `Whether the history is ${called} is not known: ${consistency.why}`)];
  return [
    `${paint('red', `The history is not ${called}.`)} ${consistency.why}`,
    ...operationTable(consistency.part, consistency.impossible)
      .split('\n')
      .map((line) => `  ${line}`),
  ];
}

const ms = (time: number): string => `${time.toFixed(1)} ms`;
