/** Where the page's source comes from: a worker of its own, or a server that the page was handed out by. */
import type { Command, Report, Run } from '../protocol.js';
import { attach, failure, send, take } from './model.js';
import { pause } from './playback.js';
import { stopTelling } from './telling.js';

/** What the worker takes besides commands. */
export type ToWorker = Command | { readonly do: 'read'; readonly file: File };

let worker: Worker | null = null;

/** Simulations and traces, in a worker of this page. */
export function attachWorker(): void {
  worker?.terminate();
  const own = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'simulation' });
  worker = own;
  own.onmessage = ({ data }: MessageEvent<Report>) => take(data);
  own.onerror = (event) => {
    failure.value = {
      code: 'WORKER_FAILED',
      message: `The page's simulation has stopped: ${event.message}. Reload the page.`,
    };
  };
  attach({ send: (command) => own.postMessage(command), close: () => own.terminate() });
}

export function openRun(run: Run): void {
  pause();
  stopTelling();
  send({ do: 'open', run });
}

/** A trace, or a run that was saved. */
export function openFile(file: File): void {
  pause();
  stopTelling();
  if (worker === null) attachWorker();
  const message: ToWorker = { do: 'read', file };
  worker?.postMessage(message);
}
