/**
 * The first runs of `chorale sim` that are not right: made small, and one written to a file.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ChoraleError } from '../errors.js';
import type { Trials } from '../simulate/outcome.js';
import { savedText } from '../simulate/saved-run.js';
import { drawScenario, runText, type Scenario } from '../simulate/scenario.js';
import { type ShrinkProgress, shrinkInSlices } from '../simulate/shrink.js';
import type { FoundViolation, RunTotals } from '../simulate/totals.js';
import { type Trial, tryInSlices } from '../simulate/trial.js';
import type { Io } from './io.js';
import type { SimOptions } from './sim-options.js';
import type { ReportedSmallest } from './sim-report.js';
import { watched } from './watched.js';
import { plural } from './wording.js';

/** The violations to be listed, each with its reason: the run is made again where nobody has looked for one yet. */
export async function explained(
  { service, exercise, property, limits }: Trials,
  { violations }: RunTotals,
  io: Io,
): Promise<readonly FoundViolation[]> {
  const all: FoundViolation[] = [];
  for (const found of violations) {
    const slices = tryInSlices(service, drawScenario(found.seed, exercise, found.near), { property, limits });
    const again = found.why !== '' || io.interrupted.aborted ? null : await watched(slices, () => runText(found), io);
    const why = again?.violations.find((other) => other.property === found.property)?.why;
    all.push(why === undefined ? found : { ...found, why });
  }
  return all;
}

/** Operations that are shown all, and not the failing part alone. */
const SHOWN_WHOLE = 8;

/**
 * The first of the violations, which is also saved, and the first update that was lost; fewer where every run is right, where it is
 * not wanted, and where the user does not wait for it. Errors: INPUT_INVALID.
 */
export async function smallest(
  trials: Trials,
  options: SimOptions,
  violations: readonly FoundViolation[],
  io: Io,
): Promise<readonly ReportedSmallest[]> {
  if (!(options.shrink || options.save !== undefined)) return [];
  const lost = violations.find(({ property }) => property === 'lost update');
  const all: ReportedSmallest[] = [];
  for (const found of new Set([violations[0], lost])) {
    const small = found === undefined ? null : await smallestOf(trials, options, found, all.length === 0, io);
    if (small !== null) all.push(small);
  }
  return all;
}

async function smallestOf(
  trials: Trials,
  options: SimOptions,
  found: FoundViolation,
  first: boolean,
  io: Io,
): Promise<ReportedSmallest | null> {
  if (io.interrupted.aborted) return null;
  const whole = drawScenario(found.seed, trials.exercise, found.near);
  const made = options.shrink ? await madeSmall(trials, whole, found, io) : await madeAgain(trials, whole, io);
  if (made === null) return null;
  const { trial, tries } = made;
  const violation = trial.violations.find(({ property }) => property === found.property);
  const part = violation?.part ?? [];
  const { seed, near, property } = found;
  const saved = first && options.save !== undefined ? options.save : null;
  if (saved !== null) await save(saved, trials, trial.scenario, io);
  return {
    seed,
    near,
    property,
    why: violation?.why ?? found.why,
    scenario: trial.scenario,
    tries,
    from: { requests: whole.requests.length, faults: whole.faults.length },
    part: part.length === 0 || trial.history.length <= SHOWN_WHOLE ? trial.history : part,
    impossible: part.length > 0 && trial.consistency.verdict === 'violated' ? trial.consistency.impossible : null,
    saved,
  };
}

interface Made {
  readonly trial: Trial;
  readonly tries: number | null;
}

function madeSmall(
  { service, exercise, property, limits }: Trials,
  whole: Scenario,
  found: FoundViolation,
  io: Io,
): Promise<Made | null> {
  let state: ShrinkProgress = { tries: 0, requests: whole.requests.length, faults: whole.faults.length };
  const progress = (next: ShrinkProgress): void => {
    state = next;
  };
  // programs that the user wrote stay as they are, but for whole requests
  const programs = 'programs' in exercise.calls ? ({ programs: 'fixed' } as const) : {};
  const slices = shrinkInSlices(service, whole, found.property, { property, limits, progress, ...programs });
  const far = (): string =>
    `${plural(state.tries, 'run')}, made as small as ${plural(state.requests, 'request')} and ${plural(state.faults, 'fault')}`;
  return watched(slices, far, io);
}

async function madeAgain({ service, property, limits }: Trials, whole: Scenario, io: Io): Promise<Made | null> {
  const trial = await watched(tryInSlices(service, whole, { property, limits }), () => 'no run', io);
  return trial === null ? null : { trial, tries: null };
}

async function save(path: string, { service, property }: Trials, scenario: Scenario, io: Io): Promise<void> {
  try {
    await writeFile(resolve(io.cwd, path), savedText({ service: service.name, property, scenario }));
  } catch (error) {
    throw new ChoraleError('INPUT_INVALID', `--save ${path} cannot be written: ${(error as Error).message}`, {
      cause: error,
    }); // all that writeFile throws
  }
}
