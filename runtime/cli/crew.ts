/**
 * Who makes the runs of `chorale sim`: this thread in slices, or several threads. Each run is the same whoever makes it.
 */
import { extname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { CheckLimits } from '../check/verdict.js';
import { ChartCoverage } from '../coverage/coverage.js';
import { ChoraleError } from '../errors.js';
import { outcomeInSlices, type RunOutcome, type Trials } from '../simulate/outcome.js';
import { type Exercise, type RunName, runText } from '../simulate/scenario.js';
import type { HistoryProperty } from '../simulate/trial.js';
import type { PlannedRequest } from '../simulate/workload.js';
import type { ExerciseOptions } from './exercise-options.js';

/** Says whether to go on. */
type Told = (outcome: RunOutcome) => boolean;

export interface Crew {
  /** How many make runs at a time. */
  readonly size: number;
  /**
   * Makes these runs, and tells of each in their order, until `told` says that it has heard enough or `interrupted` is aborted.
   * Errors: those of the first run that cannot be made, with its name.
   */
  make(runs: Iterable<RunName>, interrupted: AbortSignal, told: Told): Promise<void>;
  close(): Promise<void>;
}

/** Real ms between two looks at what else happens. */
const LOOK_INTERVAL = 50;
/** Runs that a thread has been given and not yet made: one under way, and one so that it need not wait. */
const AHEAD = 2;

const extension = extname(import.meta.url);
/** From source there is no file that a thread could load. */
export const threadsAreThere = extension === '.js';

export function alone(trials: Trials): Crew {
  const coverage = new ChartCoverage();
  return {
    size: 1,
    async make(runs, interrupted, told) {
      let looked = performance.now();
      for (const run of runs) {
        const slices = outcomeInSlices(trials, run, coverage);
        for (let slice = next(slices, run); ; slice = next(slices, run)) {
          if (performance.now() - looked > LOOK_INTERVAL) {
            await setImmediate();
            looked = performance.now();
          }
          if (interrupted.aborted) return;
          if (!slice.done) continue;
          if (!told(slice.value)) return;
          break;
        }
      }
    },
    close: () => Promise.resolve(),
  };
}

function next(slices: Generator<void, RunOutcome>, run: RunName): IteratorResult<void, RunOutcome> {
  try {
    return slices.next();
  } catch (error) {
    throw cannotBeMade(run, error);
  }
}

/** An error of the service or its workload is the user's to mend; any other is a mistake in Chorale, and keeps its stack. */
export function cannotBeMade(run: RunName, error: unknown): Error {
  const where = `The run ${runText(run)} cannot be made`;
  if (error instanceof ChoraleError) return new ChoraleError(error.code, `${where}: ${error.message}`);
  return new Error(`${where}: ${error instanceof Error ? error.stack : String(error)}`);
}

/** All that a thread is told at first. */
export interface ThreadTask {
  readonly service: string;
  readonly cwd: string;
  readonly options: ExerciseOptions;
  readonly exercise: Omit<Exercise, 'calls'>;
  /** null: drawn from the service's workload. */
  readonly programs: readonly PlannedRequest[] | null;
  readonly property: HistoryProperty;
  readonly limits: CheckLimits;
}

export interface ThreadOrder {
  /** Among all runs, from 0. */
  readonly place: number;
  readonly run: RunName;
}

/** What a thread says of a run: what it came to, or why it cannot be made. */
export interface ThreadReport {
  readonly place: number;
  readonly outcome: RunOutcome;
}

export interface ThreadFailure {
  /** null where it is no ChoraleError. */
  readonly code: string | null;
  readonly message: string;
}

export function threads(size: number, task: ThreadTask): Crew {
  const workers = Array.from(
    { length: size },
    () => new Worker(new URL('./sim-worker.js', import.meta.url), { workerData: task }),
  );
  return {
    size,
    make: (runs, interrupted, told) => share(workers, runs, interrupted, told),
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function share(
  workers: readonly Worker[],
  runs: Iterable<RunName>,
  interrupted: AbortSignal,
  told: Told,
): Promise<void> {
  const left = runs[Symbol.iterator]();
  /** What has ended before its turn, by its place among the runs. */
  const early = new Map<number, RunOutcome>();
  let given = 0;
  let heard = 0;
  let over = false;
  return new Promise<void>((resolve, reject) => {
    const end = (): void => {
      over = true;
      resolve();
    };
    const hand = (worker: Worker): void => {
      const run = left.next();
      if (run.done) return;
      worker.postMessage({ place: given, run: run.value } satisfies ThreadOrder);
      given += 1;
    };
    const hear = ({ place, outcome }: ThreadReport): void => {
      early.set(place, outcome);
      for (let next = early.get(heard); next !== undefined && !over; next = early.get(heard)) {
        early.delete(heard);
        heard += 1;
        if (!told(next)) end();
      }
      if (heard === given) end();
    };
    for (const worker of workers) {
      worker.removeAllListeners();
      worker.on('error', reject);
      worker.on('message', (report: ThreadReport | ThreadFailure) => {
        if (over) return;
        if ('message' in report) {
          reject(report.code === null ? new Error(report.message) : new ChoraleError(report.code, report.message));
        } else {
          hand(worker);
          hear(report);
        }
      });
    }
    interrupted.addEventListener('abort', end, { once: true });
    if (interrupted.aborted) end();
    for (let turn = 0; turn < AHEAD; turn++) for (const worker of workers) hand(worker);
    if (given === 0) end();
  });
}
