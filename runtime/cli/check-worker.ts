/**
 * A check in a thread of its own: it is one long computation, in which Ctrl-C would not be heard.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ChoraleError } from '../errors.js';
import { type Asked, type Checked, checked } from './check-report.js';

export type FromWorker = { readonly checked: Checked } | { readonly wrong: string };

function answer(): FromWorker {
  try {
    return { checked: checked(workerData as Asked) }; // what check-command starts the worker with
  } catch (error) {
    // Of an error, a thread passes on the message only; any other is no answer, and ends the worker.
    if (error instanceof ChoraleError && error.code === 'INPUT_INVALID') return { wrong: error.message };
    throw error;
  }
}

parentPort?.postMessage(answer());
