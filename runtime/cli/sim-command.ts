/**
 * `chorale sim`: many random runs of a service, each judged by every check, and what came of them together.
 */
import { ChoraleError } from '../errors.js';
import type { RunOutcome, Trials } from '../simulate/outcome.js';
import type { RunName } from '../simulate/scenario.js';
import { RunTotals } from '../simulate/totals.js';
import { findService } from './catalogue.js';
import { alone, type Crew, threads, threadsAreThere } from './crew.js';
import { exerciseOf } from './exercise-options.js';
import { exitCodes, type Io } from './io.js';
import type { SimOptions } from './sim-options.js';
import { readableSim } from './sim-readable.js';
import { type SimReport, simReport } from './sim-report.js';
import { explained, smallest } from './sim-smallest.js';
import { count, plural } from './wording.js';

/** Goes to the beginning of a terminal's line and clears it. */
const CLEAR_LINE = '\r\u001b[K';
/** Real ms between two progress lines. */
const PROGRESS_INTERVAL = 200;
/** One run near a seed for so many seeds. */
const SEEDS_FOR_ONE_NEAR = 10;

/** Errors: INPUT_INVALID, SETTINGS_INVALID, STYLE_UNSUITED, SERVICE_INVALID, and those of a run that cannot be made. */
export async function simCommand(name: string, options: SimOptions, io: Io): Promise<number> {
  const found = await findService(name, io.cwd);
  const trials: Trials = { ...(await exerciseOf(options, found, io)), limits: { milliseconds: options.limit } };
  const totals = new RunTotals();
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const crew = crewFor(name, options, trials, io);
  try {
    await makeAll(crew, options, totals, io);
  } finally {
    await crew.close();
  }
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const violations = await explained(trials, totals, io);
  const small = await smallest(trials, options, violations, io);
  const measured = { seconds, cpuMicros: user + system, jobs: crew.size, interrupted: io.interrupted.aborted };
  const report = simReport(name, options, trials, totals, violations, small, measured);
  io.stdout(options.json ? `${JSON.stringify(report)}\n` : readableSim(report, { color: io.color }));
  return exitCode(report);
}

function exitCode({ interrupted, verdicts }: SimReport): number {
  if (interrupted) return exitCodes.interrupted;
  if (verdicts.violated > 0) return exitCodes.wrong;
  return verdicts.unknown > 0 ? exitCodes.unknown : exitCodes.right;
}

function crewFor(service: string, options: SimOptions, trials: Trials, { cwd }: Io): Crew {
  const [first, last] = options.seeds;
  const size = Math.min(options.jobs, last - first + 1);
  if (size === 1 || !threadsAreThere) return alone(trials);
  const { calls, ...exercise } = trials.exercise;
  const programs = 'programs' in calls ? calls.programs : null;
  return threads(size, {
    service,
    cwd,
    options,
    exercise,
    programs,
    property: trials.property,
    limits: trials.limits,
  });
}

/** The seeds first, then what is near those that took what is rarely taken. */
async function makeAll(crew: Crew, options: SimOptions, totals: RunTotals, io: Io): Promise<void> {
  const [first, last] = options.seeds;
  const seeds = last - first + 1;
  const near = Math.floor(seeds / SEEDS_FOR_ONE_NEAR);
  const progress = progressLine(seeds + near, totals, io);
  const told = (outcome: RunOutcome): boolean => {
    totals.add(outcome);
    progress.tell();
    return totals.verdicts.violated < (options.violations ?? Number.POSITIVE_INFINITY);
  };
  try {
    await crew.make(range(first, last), io.interrupted, told);
    if (io.interrupted.aborted || totals.runs.all < seeds) return;
    await crew.make(totals.nearby(near), io.interrupted, told);
  } catch (error) {
    // where the user ended it, what broke off is of no interest
    if (!(io.interrupted.aborted && error instanceof ChoraleError)) throw error;
  } finally {
    progress.clear();
  }
}

function* range(first: number, last: number): Generator<RunName> {
  for (let seed = first; seed <= last; seed++) yield { seed, near: 0 };
}

function progressLine(all: number, { runs, verdicts }: RunTotals, { progressAfter, stderr }: Io) {
  const begin = performance.now();
  let told = begin;
  let shown = false;
  return {
    tell(): void {
      const now = performance.now();
      if (progressAfter === null || now - begin < progressAfter || now - told < PROGRESS_INTERVAL) return;
      told = now;
      shown = true;
      const rate = (runs.all * 1000) / (now - begin);
      const left = Math.ceil((all - runs.all) / rate);
      stderr(
        `${CLEAR_LINE}${count(runs.all)} of ${count(all)} runs, ${plural(verdicts.violated, 'violation')}, ${Math.round(rate)} runs/s, ${count(left)} s left …`,
      );
    },
    clear(): void {
      if (shown) stderr(CLEAR_LINE);
    },
  };
}
