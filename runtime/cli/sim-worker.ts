/**
 * One of the threads that make the runs of `chorale sim`: it finds the service for itself, for functions do not cross from
 * thread to thread, and makes each run that it is told of.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ChartCoverage } from '../coverage/coverage.js';
import { ChoraleError } from '../errors.js';
import { outcomeInSlices, type Trials } from '../simulate/outcome.js';
import { findService } from './catalogue.js';
import { cannotBeMade, type ThreadFailure, type ThreadOrder, type ThreadReport, type ThreadTask } from './crew.js';
import { exerciseOf } from './exercise-options.js';
import type { Input } from './io.js';

async function trialsOf(task: ThreadTask): Promise<Trials> {
  const { cwd, options, exercise, programs, property, limits } = task;
  const found = await findService(task.service, cwd);
  // the main thread has read what the user names; an example's own requests are read here again
  const input: Input = { cwd, stdin: (async function* () {})(), interrupted: new AbortController().signal };
  const calls = programs === null ? (await exerciseOf(options, found, input)).exercise.calls : { programs };
  return { service: found.service, exercise: { ...exercise, calls }, property, limits };
}

function make(trials: Trials, { place, run }: ThreadOrder): ThreadReport | ThreadFailure {
  try {
    const slices = outcomeInSlices(trials, run, coverage);
    let slice = slices.next();
    while (!slice.done) slice = slices.next();
    return { place, outcome: slice.value };
  } catch (error) {
    const { message } = cannotBeMade(run, error);
    return { code: error instanceof ChoraleError ? error.code : null, message };
  }
}

const coverage = new ChartCoverage();
const trials = await trialsOf(workerData as ThreadTask); // what crew.ts starts a thread with
parentPort?.on('message', (order: ThreadOrder) => parentPort?.postMessage(make(trials, order)));
