/**
 * A report of `chorale sim` as a person reads it: what was run, under which faults, what was never taken, the verdict last.
 */
import { runText } from '../simulate/scenario.js';
import { operationTable } from './operation-table.js';
import type { ReportedSmallest, SimReport } from './sim-report.js';
import { unusual } from './style-options.js';
import { count, type Paint, paintFor, plural } from './wording.js';

/** Parts of charts that are listed by name. */
const LISTED = 12;

export function readableSim(report: SimReport, look: { readonly color: boolean }): string {
  const paint = paintFor(look.color);
  return `${[
    heading(report, paint),
    counts(report),
    neverTaken(report, paint),
    verdict(report, paint),
    ...report.smallest.map((one) => small(report, one, paint)),
  ]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function heading({ service, settings, property }: SimReport, paint: Paint): string[] {
  const { replication, replicas, order, tolerate, profile, clients, each, requests } = settings;
  const more = unusual(settings);
  const calls = requests === null ? `${plural(clients ?? 0, 'client')}, ${count(each ?? 0)} requests each` : requests;
  return [
    `${paint('bold', service)} · ${replication} replication on ${plural(replicas, 'replica')} · order ${order} · tolerates ${tolerate} faults${more}`,
    `profile ${profile} · ${calls} · checked to be ${property}`,
  ];
}

function counts(report: SimReport): string[] {
  const { seeds, runs, requests, answered, events, network, faults, time, charts } = report;
  const [first, last] = seeds;
  const asked = last - first + 1;
  const made = runs.all - runs.near;
  const which = first === last ? `seed ${first}` : `seeds ${first} to ${first + made - 1}`;
  const near = runs.near === 0 ? '' : `, and ${count(runs.near)} near those that took what is rarely taken`;
  const lost = runs.lost === 0 ? '' : `; in ${count(runs.lost)} of them nobody was left who had the state`;
  const frames = [
    [network.lost, 'lost'],
    [network.duplicated, 'duplicated'],
    [network.blocked, 'stopped by a partition'],
    [network.omitted, 'omitted by a node'],
    [network.refused, 'sent to a crashed node'],
  ] as const;
  const struck = Object.entries(faults).map(([kind, times]) => `${kind} ${count(times)}`);
  const rough = frames.filter(([number]) => number > 0).map(([number, what]) => `${count(number)} ${what}`);
  const cpu = time.cpuMicrosPerRequest === null ? '' : ` · ${Math.round(time.cpuMicrosPerRequest)} µs of CPU a request`;
  const share = (part: 'states' | 'transitions'): string =>
    `${count(charts.reduce((sum, chart) => sum + chart[part].taken, 0))} of ${count(charts.reduce((sum, chart) => sum + chart[part].all, 0))} ${part}`;
  return [
    `runs      ${made === 0 ? 'none' : `${count(made)}${made < asked ? ` of ${count(asked)}` : ''} (${which})`}${near}${lost}`,
    `requests  ${count(requests)}, ${count(answered)} answered`,
    `events    ${count(events)} of all actors; ${plural(network.frames, 'frame')}${rough.map((part) => `, ${part}`).join('')}`,
    ...(struck.length === 0 ? [] : [`faults    ${struck.join(' · ')}`]),
    `time      ${time.seconds.toFixed(1)} s on ${plural(time.jobs, 'thread')} · ${count(Math.round(time.eventsPerSecond))} events a second${cpu}`,
    ...(charts.length === 0 ? [] : [`charts    ${share('states')} and ${share('transitions')} taken`]),
  ];
}

function neverTaken({ charts }: SimReport, paint: Paint): string[] {
  const never = charts.flatMap(({ chart, never }) => never.map((part) => `  ${chart}: ${part}`));
  if (never.length === 0) return [];
  const left = never.length - LISTED;
  return [
    'Never taken',
    ...never.slice(0, LISTED),
    ...(left > 0 ? [paint('dim', `  … ${count(left)} more (--json lists them all)`)] : []),
  ];
}

function verdict(report: SimReport, paint: Paint): string[] {
  const { verdicts, violated, violations, interrupted, runs } = report;
  const stopped = interrupted ? [paint('yellow', `Interrupted after ${plural(runs.all, 'run')}.`)] : [];
  const doubt =
    verdicts.unknown === 0
      ? []
      : [
          paint(
            'yellow',
            `Of ${plural(verdicts.unknown, 'run')} the check does not know: --limit gives it more time, fewer clients or requests less to do.`,
          ),
        ];
  if (verdicts.violated === 0) {
    if (verdicts.holds === 0) return [...stopped, ...doubt];
    return [...stopped, `${paint('green', 'Right:')} ${plural(verdicts.holds, 'run')}, nothing violated.`, ...doubt];
  }
  const kinds = Object.entries(violated).map(([property, times]) => `${property} ${count(times)}`);
  return [
    ...stopped,
    `${paint('red', 'Not right:')} ${count(verdicts.violated)} of ${plural(runs.all, 'run')} (${kinds.join(' · ')}); ${count(verdicts.holds)} right.`,
    ...doubt,
    ...violations.flatMap(({ property, why, replay, ...run }) => [
      '',
      `  run ${runText(run)}, ${paint('red', property)}: ${why}`,
      paint('dim', `    ${replay}`),
    ]),
  ];
}

function small({ service }: SimReport, smallest: ReportedSmallest, paint: Paint): string[] {
  const { property, why, scenario, tries, from, part, impossible, saved, ...run } = smallest;
  const { replicas, requests, faults, loss, duplicate, delay, rough } = scenario;
  const kept = `${count(requests.length)} of ${plural(from.requests, 'request')}, ${count(faults.length)} of ${plural(from.faults, 'fault')}`;
  const bad = [...(loss > 0 ? [`loss ${loss}`] : []), ...(duplicate > 0 ? [`duplication ${duplicate}`] : [])];
  const link = `${delay[0] === delay[1] ? delay[0] : `${delay[0]} to ${delay[1]}`} ms a message`;
  const calm = rough === undefined ? '' : `; ${rough.length === 0 ? 'none' : rough.join(' ')} late, lost or doubled`;
  return [
    `${paint('bold', `Run ${runText(run)}`)}${tries === null ? '' : `, made small in ${plural(tries, 'run')}: ${kept}`}`,
    `${service} on ${plural(replicas, 'replica')} · ${[link, ...bad].join(', ')}${calm}`,
    ...(faults.length === 0 ? [] : [`faults: ${faults.join('  ')}`]),
    `${paint('red', property)}: ${why}`,
    '',
    operationTable(part, impossible),
    ...(saved === null ? [] : ['', paint('dim', `chorale replay ${saved}`)]),
  ];
}
