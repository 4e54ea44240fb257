/**
 * The options that say what random runs have in common, for `chorale sim`, which makes many of them, and `chorale replay`,
 * which makes one of them again.
 */
import { type Command, Option } from 'commander';
import { resolveSettings } from '../cluster/settings.js';
import { ChoraleError } from '../errors.js';
import type { AnyService } from '../service/index.js';
import { type ProfileName, profileNames } from '../simulate/profile.js';
import type { Exercise, Workload } from '../simulate/scenario.js';
import { type HistoryProperty, promised } from '../simulate/trial.js';
import type { PlannedRequest } from '../simulate/workload.js';
import type { FoundService } from './catalogue.js';
import type { Input } from './io.js';
import { whole } from './numbers.js';
import { readRequests } from './requests.js';
import { addStyleOptions, ofSomeStyles, type StyleOptions, styleDefaults } from './style-options.js';

export interface ExerciseOptions extends StyleOptions {
  readonly clients: number;
  /** Requests of each client. */
  readonly each: number;
  /** Absent: drawn from the service's workload. */
  readonly requests?: string;
  readonly profile: ProfileName;
  /** Absent: what the style promises. */
  readonly for?: HistoryProperty;
}

const defaults = {
  ...styleDefaults,
  clients: 3,
  each: 8,
  profile: 'mixed',
} as const satisfies Partial<ExerciseOptions>;

export function addExerciseOptions(command: Command): void {
  const option = (flags: string, about: string): Option => new Option(flags, about);
  addStyleOptions(command);
  command
    .addOption(option('--clients <n>', 'number of clients').argParser(whole(1, 1000)).default(defaults.clients))
    .addOption(option('--each <n>', 'requests of each client').argParser(whole(1, 100_000)).default(defaults.each))
    .addOption(
      option('--requests <file>', "these very requests, as JSON lines (default: drawn from the service's workload)"),
    )
    .addOption(
      option('--profile <name>', 'which faults are drawn, and how bad a network')
        .choices(profileNames)
        .default(defaults.profile),
    )
    .addOption(
      option('--for <property>', 'what the histories are checked for (default: what the style promises)').choices([
        'linearizable',
        'sequential',
      ]),
    );
}

/** The options as words of a command line; those that say the default are left out. */
export function exerciseWords(options: ExerciseOptions): string[] {
  const { replication, tolerate, replicas, order, reads, clients, each, requests, profile, for: property } = options;
  const style = { replication, tolerate, replicas, order, reads, ...ofSomeStyles(options) };
  const given = { ...style, clients, each, requests, profile, for: property };
  const usual: Readonly<Record<string, unknown>> = defaults;
  return Object.entries(given).flatMap(([name, value]) =>
    value === undefined || value === usual[name] ? [] : [`--${name}`, String(value)],
  );
}

export interface FoundExercise {
  readonly service: AnyService;
  readonly exercise: Exercise;
  /** What the histories are checked for. */
  readonly property: HistoryProperty;
}

/** Errors: INPUT_INVALID (the requests, or nothing to draw them from), SETTINGS_INVALID, STYLE_UNSUITED. */
export async function exerciseOf(options: ExerciseOptions, found: FoundService, io: Input): Promise<FoundExercise> {
  const { service } = found;
  const { replication, replicas, tolerate, reads, profile, order: asked } = options;
  const more = ofSomeStyles(options);
  const { order, style } = resolveSettings(
    { replication, replicas, tolerate, reads, ...more, ...(asked === undefined ? {} : { order: asked }) },
    service,
  );
  const calls = await callsFor(options, found, io);
  return {
    service,
    exercise: { replication, replicas, tolerate, order, reads, more, profile, calls },
    property: options.for ?? promised(style.promises.consistency({ tolerate, reads })),
  };
}

async function callsFor(options: ExerciseOptions, found: FoundService, io: Input): Promise<Exercise['calls']> {
  const { clients, each, requests } = options;
  const { service } = found;
  if (requests !== undefined) return { programs: await readRequests(requests, service, io) };
  if (found.workload !== null) return { clients, each, workload: found.workload };
  if (found.requests !== null)
    return { clients, each, workload: oneOf(await readRequests(found.requests, service, io)) };
  throw new ChoraleError(
    'INPUT_INVALID',
    `There is nothing to draw the calls of "${service.name}" from: name a file by --requests, or let its module export a function workload(chance) that returns [operation, …arguments].`,
  );
}

/** Calls that somebody wrote down, in any order. */
function oneOf(requests: readonly PlannedRequest[]): Workload {
  return (chance) => {
    const { op, args } = requests[chance.int(0, requests.length - 1)] as PlannedRequest; // within the list
    return [op, ...args];
  };
}
