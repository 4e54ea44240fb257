/**
 * A run that was made again, as a person reads it: what it is, a picture of its messages, why it came out so, the verdict last.
 */
import { chainLines, concerning, unseenText } from '../trace/causes.js';
import { sequencePicture } from '../trace/sequence.js';
import { operationTable } from './operation-table.js';
import type { ReplayReport } from './replay-report.js';
import { unusual } from './style-options.js';
import { count, cut, type Paint, paintFor, plural } from './wording.js';

interface Look {
  readonly all: boolean;
  readonly color: boolean;
}

/** Characters in a line of the picture. */
const WIDTH = 100;
/** Lines of a picture that are shown unless all are asked for. */
const MOST_LINES = 80;

export function readableReplay(report: ReplayReport, look: Look): string {
  const paint = paintFor(look.color);
  const sections = [heading(report, paint), picture(report, look, paint), reasons(report), verdict(report, paint)];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function heading({ service, scenario, shrunk, property }: ReplayReport, paint: Paint): string[] {
  const { replication, replicas, order, tolerate, reads, seed, requests, faults, rough, loss, duplicate, delay } =
    scenario;
  const more = unusual({ reads, ...scenario.more });
  const small =
    shrunk === null
      ? ''
      : ` · made small from seed ${shrunk.seed} in ${plural(shrunk.tries, 'run')}: ${count(requests.length)} of ${plural(shrunk.requests, 'request')}, ${count(faults.length)} of ${plural(shrunk.faults, 'fault')}`;
  const link = delay[0] === delay[1] ? `${delay[0]} ms` : `${delay[0]} to ${delay[1]} ms`;
  const bad = [...(loss > 0 ? [`loss ${loss}`] : []), ...(duplicate > 0 ? [`duplication ${duplicate}`] : [])];
  const frames = rough === undefined ? '' : `, of ${plural(rough.length, 'frame')} only`;
  return [
    `${paint('bold', service)} · ${replication} replication on ${plural(replicas, 'replica')} · order ${order} · tolerates ${tolerate} faults${more} · checked to be ${property}`,
    `seed ${seed}${small}`,
    `network: ${[`${link} a message`, ...bad].join(', ')}${rough?.length === 0 ? '; nothing late, lost or doubled' : frames}`,
    ...(faults.length === 0 ? [] : [`faults: ${faults.join('  ')}`]),
  ];
}

/** All of it, or what concerns the violation where that is too much. */
function picture({ events, requests, about }: ReplayReport, { all }: Look, paint: Paint): string[] {
  const request = (id: string): string => `${id} ${cut(requests[id] ?? '', 48)}`;
  const colours = { plain: null, dim: 'dim', strong: 'bold', warning: 'yellow', bad: 'red' } as const;
  const drawn = (of: ReplayReport['events']): string[] =>
    sequencePicture(of, {
      all,
      request,
      width: WIDTH,
      paint: (tone, text) => {
        const colour = colours[tone];
        return colour === null ? text : paint(colour, text);
      },
    }).split('\n');
  const whole = drawn(events);
  if (all || whole.length <= MOST_LINES) return whole;
  const lines = about.length === 0 ? whole : drawn(concerning(events, about));
  const left = whole.length - Math.min(lines.length, MOST_LINES);
  return [...lines.slice(0, MOST_LINES), paint('dim', `… ${plural(left, 'more line')} (--all shows every one)`)];
}

function reasons({ violations, part, impossible, explained }: ReplayReport): string[] {
  const [first, ...others] = violations;
  if (first === undefined) return [];
  return [
    `Violated: ${first.property}. ${first.why}`,
    ...others.map(({ property, why }) => `Also violated: ${property}. ${why}`),
    '',
    operationTable(part, impossible),
    ...explained.flatMap(({ steps, unseen }) => [
      '',
      ...chainLines(steps).map((line, place) => (place === 0 ? line : `  ${line}`)),
      ...unseen.map((one) => `  ! ${unseenText(one)}`),
    ]),
  ];
}

function verdict({ violations, verdict: checked, property, part, trace }: ReplayReport, paint: Paint): string[] {
  const lines: string[] = [];
  if (trace !== null) {
    const { difference, events } = trace;
    if (difference === null)
      lines.push(`${paint('green', 'The same trace')}: all ${plural(events, 'event')}, to the byte.`);
    else {
      lines.push(paint('red', `Another trace: line ${difference.line} differs.`));
      lines.push(`  recorded  ${difference.recorded ?? 'nothing: the file ends before it'}`);
      lines.push(`  now       ${difference.now ?? 'nothing: the run ends before it'}`);
    }
  }
  if (violations.length > 0)
    lines.push(paint('red', `Not right: ${violations.map((one) => one.property).join(', ')}.`));
  else if (checked === 'unknown') lines.push(paint('yellow', `Nobody knows whether it is ${property}.`));
  else lines.push(`${paint('green', 'Right.')} ${plural(part.length, 'request')}, ${property}; nothing is violated.`);
  return lines;
}
