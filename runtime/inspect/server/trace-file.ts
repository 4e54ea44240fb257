/**
 * A trace in a file, as it was recorded: handed to each page as fast as that reads it, and never held whole here.
 */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { ChartDescription } from '../charts/describe.js';
import { linesFrame } from '../frame.js';
import type { Command, Run } from '../protocol.js';
import { notOfTraces, traceOpened, traceStanding } from '../sources/trace.js';
import { PART, wholeLines } from '../timeline/blocks.js';
import type { Looking, Served, Viewer } from './viewer.js';

export interface TraceFileSettings {
  readonly path: string;
  /** Null where nobody knows: the trace is of something else than a simulation. */
  readonly run: Run | null;
  readonly charts: readonly ChartDescription[];
}

export class TraceFileSource implements Served {
  readonly commandLimit = 1024 * 1024;
  readonly #settings: TraceFileSettings;

  constructor(settings: TraceFileSettings) {
    this.#settings = settings;
  }

  join(viewer: Viewer): Looking {
    const { run, charts } = this.#settings;
    const enough = new AbortController();
    viewer.report(traceOpened(run, charts));
    void this.#send(viewer, enough.signal);
    return {
      take(command: Command) {
        if (command.do !== 'stop') throw notOfTraces(command);
        enough.abort();
      },
      leave: () => enough.abort(),
    };
  }

  async #send(viewer: Viewer, signal: AbortSignal): Promise<void> {
    const { path, run } = this.#settings;
    let loaded = 0;
    try {
      const { size } = await stat(path);
      let sent = 0;
      for await (const lines of wholeLines(createReadStream(path, { highWaterMark: PART, signal }))) {
        viewer.lines(linesFrame(lines));
        sent += lines.length;
        loaded = sent / size;
        viewer.report(traceStanding(run, loaded, false));
        await readyOf(viewer, signal);
      }
      loaded = 1;
    } catch (error) {
      if (!signal.aborted) {
        const message = `The trace cannot be read any further: ${error instanceof Error ? error.message : String(error)}`;
        viewer.report({ is: 'failed', code: 'INPUT_INVALID', message });
      }
    }
    viewer.report(traceStanding(run, loaded, true));
  }
}

/** Rejects when the viewer is gone, or has enough. */
function readyOf(viewer: Viewer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(signal.reason);
    signal.addEventListener('abort', gone, { once: true });
    viewer.whenReady(() => {
      signal.removeEventListener('abort', gone);
      resolve();
    });
  });
}

/** The first line of a file, without its end. Errors: INPUT_INVALID. */
export async function firstLine(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const parts: Buffer[] = [];
    for (let at = 0; ; ) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(PART), 0, PART, at);
      const part = buffer.subarray(0, bytesRead);
      const end = part.indexOf('\n');
      parts.push(end < 0 ? part : part.subarray(0, end));
      if (end >= 0 || bytesRead === 0) return Buffer.concat(parts);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}
