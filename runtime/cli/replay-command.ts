/**
 * `chorale replay`: makes one run again, and shows why it came out as it did: a run of `chorale sim` by its seed, which is made
 * small first, a scenario that was saved, or a trace, which must come out the same to the byte.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { styles } from '../cluster/styles.js';
import { ChoraleError } from '../errors.js';
import type { AnyService } from '../service/index.js';
import { parseSaved, type SavedRun } from '../simulate/saved-run.js';
import { drawScenario, parseRun, type RunName } from '../simulate/scenario.js';
import { type ShrinkProgress, shrinkInSlices } from '../simulate/shrink.js';
import { promised, type Trial, type TrialSettings, tryInSlices } from '../simulate/trial.js';
import type { TraceEvent } from '../trace/format.js';
import { recordToAll } from '../trace/recorder.js';
import { findService } from './catalogue.js';
import { addExerciseOptions, type ExerciseOptions, exerciseOf } from './exercise-options.js';
import { exitCodes, type Io } from './io.js';
import { readableReplay } from './replay-readable.js';
import { type ReplayReport, replayReport } from './replay-report.js';
import { TraceComparison } from './trace-comparison.js';
import { TraceFile } from './trace-file.js';
import { watched } from './watched.js';
import { plural } from './wording.js';

export interface ReplayOptions extends ExerciseOptions {
  /** False: the run of a seed is shown as it was drawn. */
  readonly shrink: boolean;
  readonly trace?: string;
  readonly all?: true;
  readonly json?: true;
}

export function addReplayOptions(command: Command): void {
  addExerciseOptions(command);
  command
    .addOption(new Option('--no-shrink', 'show the run of a seed whole, and do not make it small first'))
    .addOption(new Option('--trace <file>', 'write every event of the run there, as JSON lines'))
    .addOption(new Option('--all', 'show control messages and deliveries, however long the picture gets'))
    .addOption(new Option('--json', 'one JSON object on standard output in place of the text'))
    .addHelpText('after', `\n${help}`);
}

const help = `A seed needs the service and the options of the "chorale sim" that named it. A file says all that itself; the service
is named only where it is no example.

Examples:
  chorale replay 17 bank --replication local
  chorale replay smallest.json
  chorale replay out.jsonl ./my-service.js`;

/** What is run again. */
interface Asked extends SavedRun {
  readonly object: AnyService;
  readonly property: NonNullable<SavedRun['property']>;
  /** Null: it came from a file. */
  readonly run: RunName | null;
}

/** `given` are the names of the options that the user gave. Errors: INPUT_INVALID, SETTINGS_INVALID, STYLE_UNSUITED, SERVICE_INVALID. */
export async function replayCommand(
  what: string,
  service: string | undefined,
  options: ReplayOptions,
  given: readonly string[],
  io: Io,
): Promise<number> {
  const run = parseRun(what);
  const asked =
    run === null ? await fromFile(what, service, options, given, io) : await drawn(run, service, options, io);
  const made = await makeAgain(asked, options, io);
  if (made === null) return exitCodes.interrupted;
  io.stdout(
    options.json ? `${JSON.stringify(made)}\n` : readableReplay(made, { all: options.all === true, color: io.color }),
  );
  if (made.violations.length > 0 || made.trace?.difference != null) return exitCodes.wrong;
  return made.verdict === 'unknown' ? exitCodes.unknown : exitCodes.right;
}

async function drawn(run: RunName, name: string | undefined, options: ReplayOptions, io: Io): Promise<Asked> {
  if (name === undefined) {
    throw new ChoraleError(
      'INPUT_INVALID',
      'A seed alone is no run: name the service too, and the options of the "chorale sim" that it is of, as in chorale replay 17 bank.',
    );
  }
  const { service, exercise, property } = await exerciseOf(options, await findService(name, io.cwd), io);
  const scenario = drawScenario(run.seed, exercise, run.near);
  return { service: service.name, object: service, property, scenario, run };
}

async function fromFile(
  path: string,
  name: string | undefined,
  options: ReplayOptions,
  given: readonly string[],
  io: Io,
): Promise<Asked> {
  const idle = given.filter((option) => !['for', 'trace', 'all', 'json', 'shrink'].includes(option));
  if (idle.length > 0) {
    const words = idle.map((option) => `--${option}`).join(' ');
    throw new ChoraleError('INPUT_INVALID', `${path} says all that decides the run, so ${words} would mean nothing.`);
  }
  const saved = parseSaved(await textOf(path, io), path);
  const { service } = await findService(name ?? saved.service, io.cwd);
  if (service.name !== saved.service) {
    throw new ChoraleError(
      'INPUT_INVALID',
      `${path} is a run of the service "${saved.service}", and not of "${service.name}".`,
    );
  }
  const { replication, tolerate, reads } = saved.scenario;
  const usual = promised(styles[replication].promises.consistency({ tolerate, reads }));
  return { ...saved, object: service, property: options.for ?? saved.property ?? usual, run: null };
}

async function textOf(path: string, io: Io): Promise<string> {
  try {
    return await readFile(resolve(io.cwd, path), 'utf8');
  } catch (error) {
    const why = (error as Error).message; // all that readFile throws
    throw new ChoraleError('INPUT_INVALID', `${path} is no seed such as 17, and no file that can be read: ${why}`, {
      cause: error,
    });
  }
}

/** Null when it was interrupted. */
async function makeAgain(asked: Asked, options: ReplayOptions, io: Io): Promise<ReplayReport | null> {
  const { object, property, scenario } = asked;
  const small = asked.run !== null && options.shrink ? await madeSmall(asked, io) : { scenario, tries: null };
  if (small === null) return null;
  const events: TraceEvent[] = [];
  const comparison = asked.lines === undefined ? null : new TraceComparison(asked.lines);
  const file = options.trace === undefined ? null : new TraceFile(resolve(io.cwd, options.trace));
  const keeper = { record: (event: TraceEvent) => void events.push(event) };
  const recorders = [keeper, comparison, file?.recorder].filter((recorder) => recorder != null);
  const settings: TrialSettings = { property, recorder: recordToAll(recorders) ?? keeper };
  file?.open({ service: asked.service, property, scenario: small.scenario });
  let trial: Trial | null;
  try {
    const slices = tryInSlices(object, small.scenario, settings);
    trial = await watched(slices, () => plural(events.length, 'event'), io);
  } finally {
    file?.close();
  }
  if (trial === null) return null;
  return replayReport({ ...asked, tries: small.tries }, trial, events, comparison);
}

/** A run that is right stays as it is. Null when it was interrupted. */
async function madeSmall(
  { object, property, scenario }: Asked,
  io: Io,
): Promise<(Pick<Trial, 'scenario'> & { readonly tries: number | null }) | null> {
  const trial = await watched(tryInSlices(object, scenario, { property, quick: true }), () => 'no run', io);
  if (trial === null) return null;
  const [first] = trial.violations;
  if (first === undefined) return { scenario, tries: null };
  let state: ShrinkProgress = { tries: 0, requests: scenario.requests.length, faults: scenario.faults.length };
  const progress = (next: ShrinkProgress): void => {
    state = next;
  };
  const far = (): string =>
    `${plural(state.tries, 'run')}, made as small as ${plural(state.requests, 'request')} and ${plural(state.faults, 'fault')}`;
  return watched(shrinkInSlices(object, scenario, first.property, { property, progress }), far, io);
}
