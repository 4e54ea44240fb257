/**
 * A trace in a file, as it was recorded: handed to each page as fast as that reads it, and never held whole here.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { ChoraleError } from '../../errors.js';
import type { ChartDescription } from '../charts/describe.js';
import { linesFrame } from '../frame.js';
import type { Command, Report, Run } from '../protocol.js';
import type { Looking, Served, Viewer } from './viewer.js';

export interface TraceFileSettings {
  readonly path: string;
  /** Bytes of the header, which is no event; 0 where there is none. */
  readonly begin: number;
  /** Null where nobody knows: the trace is of something else than a simulation. */
  readonly run: Run | null;
  readonly charts: readonly ChartDescription[];
}

/** Bytes that are read, and sent, at once. */
const BLOCK = 512 * 1024;

export class TraceFileSource implements Served {
  readonly commandLimit = 1024 * 1024;
  readonly #settings: TraceFileSettings;

  constructor(settings: TraceFileSettings) {
    this.#settings = settings;
  }

  join(viewer: Viewer): Looking {
    const { run, charts } = this.#settings;
    const gone = new AbortController();
    viewer.report({
      is: 'opened',
      source: 'trace',
      service: run?.service ?? '',
      run,
      operations: [],
      charts,
      abilities: { control: false, request: false, context: 'none' },
      loaded: 0,
    });
    viewer.report(standing(run, false));
    this.#send(viewer, gone.signal).then(
      () => viewer.report(standing(run, true)),
      (error) => {
        if (gone.signal.aborted) return;
        const message = `The trace cannot be read any further: ${error instanceof Error ? error.message : String(error)}`;
        viewer.report({ is: 'failed', code: 'INPUT_INVALID', message });
      },
    );
    return {
      take({ do: what }: Command) {
        throw new ChoraleError('NOT_ALLOWED', `A trace has happened already: "${what}" is for simulations.`);
      },
      leave: () => gone.abort(),
    };
  }

  async #send(viewer: Viewer, signal: AbortSignal): Promise<void> {
    const { path, begin } = this.#settings;
    let rest = '';
    const stream = createReadStream(path, { start: begin, highWaterMark: BLOCK, encoding: 'utf8', signal });
    for await (const part of stream) {
      const text = rest + String(part);
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      if (end > 0) viewer.lines(linesFrame(text.slice(0, end)));
      await readyOf(viewer, signal);
    }
    if (rest !== '') viewer.lines(linesFrame(`${rest}\n`));
  }
}

const standing = (run: Run | null, ended: boolean): Extract<Report, { is: 'standing' }> => ({
  is: 'standing',
  now: 0,
  running: !ended,
  ended,
  run,
});

/** Rejects when the viewer is gone. */
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
      const { buffer, bytesRead } = await file.read(Buffer.alloc(BLOCK), 0, BLOCK, at);
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
