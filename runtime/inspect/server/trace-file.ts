/**
 * A trace in a file, as it was recorded: handed to each page as fast as that reads it, and never held whole here.
 */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { ChoraleError } from '../../errors.js';
import type { HistoryProperty } from '../../simulate/trial.js';
import type { ChartDescription } from '../charts/describe.js';
import { linesFrame } from '../frame.js';
import type { Command, Report, Run } from '../protocol.js';
import type { Offered } from '../sources/operations.js';
import { notOfTraces, traceOpened, traceStanding } from '../sources/trace.js';
import { historyOfFile, type TraceHistory } from '../sources/trace-history.js';
import { PART, wholeLines } from '../timeline/blocks.js';
import { HostedSimulation } from './hosted-simulation.js';
import type { Looking, Served, Viewer } from './viewer.js';

export interface TraceFileSettings {
  readonly path: string;
  /** The service that the trace is of, so that it can be judged, and run again; null where nobody knows. */
  readonly offered: Offered | null;
  /** Null where nobody knows: the trace is of something else than a simulation. */
  readonly run: Run | null;
  readonly charts: readonly ChartDescription[];
}

export class TraceFileSource implements Served {
  /** A run that is opened has all its requests. */
  readonly commandLimit = 64 * 1024 * 1024;
  readonly #settings: TraceFileSettings;

  constructor(settings: TraceFileSettings) {
    this.#settings = settings;
  }

  join(viewer: Viewer): Looking {
    const { run, charts } = this.#settings;
    const enough = new AbortController();
    const gone = new AbortController();
    viewer.report(traceOpened(run, charts));
    const sending = this.#send(viewer, enough.signal, gone.signal);
    let history: Promise<TraceHistory> | null = null;
    /** In place of the trace, once somebody has it run again. */
    let again: Looking | null = null;
    const check = async (property: HistoryProperty): Promise<void> => {
      const bytes = await sending;
      history ??= this.#historyOf(bytes, gone.signal);
      const known = await history;
      if (!gone.signal.aborted) viewer.report({ is: 'verdict', verdict: known.verdict(property) });
    };
    const leave = (): void => {
      gone.abort();
      enough.abort();
    };
    return {
      take: (command: Command) => {
        if (again !== null) again.take(command);
        else if (command.do === 'open') {
          again = this.#again(command.run).join(viewer);
          leave();
        } else if (command.do === 'stop') enough.abort();
        else if (command.do !== 'check') throw notOfTraces(command);
        else
          check(command.property).catch((error: unknown) => {
            if (!gone.signal.aborted) viewer.report(unreadable(error));
          });
      },
      leave() {
        leave();
        again?.leave();
      },
    };
  }

  #again(run: Run): HostedSimulation {
    const { offered } = this.#settings;
    if (offered !== null) return new HostedSimulation(offered, run, false);
    throw new ChoraleError(
      'NOT_ALLOWED',
      'The service of this trace is not known here, so it cannot be run again: name its module after the file.',
    );
  }

  /** Of so many bytes of the file, from its begin. */
  #historyOf(bytes: number, signal: AbortSignal): Promise<TraceHistory> {
    const { path, offered } = this.#settings;
    // a stream has at least one byte
    const parts = bytes === 0 ? nothing() : createReadStream(path, { highWaterMark: PART, end: bytes - 1, signal });
    return historyOfFile(parts, offered?.service ?? null);
  }

  /** The bytes that the viewer has then. `gone`: it does not look at the trace any more. */
  async #send(viewer: Viewer, signal: AbortSignal, gone: AbortSignal): Promise<number> {
    const { path, run } = this.#settings;
    let loaded = 0;
    let sent = 0;
    try {
      const { size } = await stat(path);
      for await (const lines of wholeLines(createReadStream(path, { highWaterMark: PART, signal }))) {
        viewer.lines(linesFrame(lines));
        sent += lines.length;
        loaded = sent / size;
        viewer.report(traceStanding(run, loaded, false));
        await readyOf(viewer, signal);
      }
      loaded = 1;
    } catch (error) {
      if (!signal.aborted) viewer.report(unreadable(error));
    }
    if (!gone.aborted) viewer.report(traceStanding(run, loaded, true));
    return sent;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function unreadable(error: unknown): Extract<Report, { is: 'failed' }> {
  const message = `The trace cannot be read any further: ${error instanceof Error ? error.message : String(error)}`;
  return { is: 'failed', code: 'INPUT_INVALID', message };
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
