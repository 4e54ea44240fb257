/**
 * Runs in files, to be made again: a scenario by itself, as `chorale sim --save` writes it, and a trace, whose header holds
 * the scenario of its run.
 */
import * as v from 'valibot';
import { orders } from '../../machines/multicast/order.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import { type StyleName, styles } from '../cluster/styles.js';
import { ChoraleError } from '../errors.js';
import { TRACE_VERSION } from '../trace/format.js';
import type { Scenario } from './scenario.js';
import type { HistoryProperty } from './trial.js';

/** The version of a scenario file. */
const SCENARIO_VERSION = 1;

export interface SavedRun {
  /** The service's own name: an example's, or that of a service in some module. */
  readonly service: string;
  /** What its history is checked for; absent where the file does not say. */
  readonly property?: HistoryProperty;
  readonly scenario: Scenario;
  /** The lines of the trace that this run made, header left out; absent where the file is no trace. */
  readonly lines?: readonly string[];
}

const count = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const ms = v.pipe(v.number(), v.minValue(0), v.maxValue(1e9));
const probability = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

export const scenarioSchema = v.strictObject({
  seed: count(0, 2 ** 32 - 1),
  replication: v.picklist(Object.keys(styles) as StyleName[]), // these are its keys
  replicas: count(1, 64),
  tolerate: v.picklist(['crash', 'byzantine']),
  order: v.picklist(orders),
  reads: v.picklist(['order', 'one', 'primary', 'backups']),
  more: v.exactOptional(
    v.strictObject({
      membership: v.exactOptional(v.picklist(['static', 'dynamic'])),
      provider: v.exactOptional(v.picklist(['sequencer', 'agreed'])),
      backups: v.exactOptional(v.picklist(['hot', 'cold', 'rollback'])),
      transfer: v.exactOptional(v.picklist(['state', 'requests'])),
      lease: v.exactOptional(ms),
      heartbeat: v.exactOptional(ms),
      suspectAfter: v.exactOptional(ms),
    }),
  ),
  retryAfter: ms,
  delay: v.tuple([ms, ms]),
  loss: probability,
  duplicate: probability,
  faults: v.array(v.string()),
  requests: v.array(
    v.strictObject({ at: ms, client: v.string(), op: v.string(), args: v.array(v.custom<Serializable>(() => true)) }),
  ),
  via: v.record(v.string(), v.string()),
  faultsEndAt: v.nullable(ms),
  timeout: v.exactOptional(ms),
  until: v.exactOptional(ms),
  rough: v.exactOptional(v.array(v.string())),
} satisfies Record<keyof Scenario, v.GenericSchema>);

const property = v.exactOptional(v.picklist(['linearizable', 'sequential']));
const fileSchema = v.strictObject({
  kind: v.literal('scenario'),
  v: v.literal(SCENARIO_VERSION),
  service: v.string(),
  property,
  scenario: scenarioSchema,
});
const headerSchema = v.object({
  kind: v.literal('header'),
  v: v.literal(TRACE_VERSION),
  service: v.string(),
  property,
  scenario: scenarioSchema,
});

/** What a scenario file holds. */
export function savedText({ service, property: of, scenario }: Omit<SavedRun, 'lines'>): string {
  const file = {
    kind: 'scenario',
    v: SCENARIO_VERSION,
    service,
    ...(of === undefined ? {} : { property: of }),
    scenario,
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** The first line of a trace: all that decides its run, and the settings among it once more, for a reader's eye. */
export function headerText({ service, property: of, scenario }: Omit<SavedRun, 'lines'>): string {
  const { seed, replication, replicas, tolerate, order, reads, more, delay, timeout, faults } = scenario;
  const settings = { replication, replicas, tolerate, order, reads, ...more, delay, timeout, faults };
  return JSON.stringify({ kind: 'header', v: TRACE_VERSION, service, settings, seed, property: of, scenario });
}

/** Errors: INPUT_INVALID, which names the file and what is wrong in it. */
export function parseSaved(text: string, name: string): SavedRun {
  const end = text.indexOf('\n');
  const header = jsonOf(end < 0 ? text : text.slice(0, end));
  if (kindOf(header) === 'header') {
    const { service, property: of, scenario } = checked(headerSchema, header, name);
    const lines = end < 0 ? [] : text.slice(end + 1).split('\n');
    if (lines.at(-1) === '') lines.pop();
    return { service, scenario, lines, ...(of === undefined ? {} : { property: of }) };
  }
  const file = jsonOf(text);
  if (kindOf(file) !== 'scenario') {
    throw new ChoraleError(
      'INPUT_INVALID',
      `${name} is neither a scenario that "chorale sim --save" wrote nor a trace: its "kind" is not "scenario", and its first line is no header.`,
    );
  }
  const { service, property: of, scenario } = checked(fileSchema, file, name);
  return { service, scenario, ...(of === undefined ? {} : { property: of }) };
}

function checked<Schema extends v.GenericSchema>(schema: Schema, data: unknown, name: string): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, data);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue) ?? 'its JSON';
  const old = path === 'scenario' && issue.received === 'undefined';
  const why = old ? 'there is none: the trace is older than replay' : issue.message;
  throw new ChoraleError('INPUT_INVALID', `${name}: field "${path}": ${why}`);
}

/** Undefined for what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const kindOf = (data: unknown): unknown =>
  typeof data === 'object' && data !== null && 'kind' in data ? data.kind : undefined;
