/** The page's own sources, in a worker of theirs: simulations, and traces from files. */
import { parseSaved } from '../../simulate/saved-run.js';
import type { Report } from '../protocol.js';
import { SimulatedSource } from '../sources/simulated.js';
import { TracedSource } from '../sources/traced.js';
import type { ToWorker } from './opening.js';
import { services } from './services.js';

// a worker's own postMessage: the DOM's types have the window's
const post = self.postMessage as (report: Report, transfer: readonly Transferable[]) => void;
const report = (what: Report, transfer: readonly ArrayBuffer[] = []): void => post.call(self, what, transfer);

const clock = {
  now: () => performance.now(),
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
  clearTimeout: (handle: unknown) => clearTimeout(handle as number), // its own
};

const simulated = new SimulatedSource(new Map(Object.entries(services)), clock, report);
let traced: TracedSource | null = null;

/** Bytes within which the kind of a file is seen: that of a trace is in its first line. */
const HEAD = 64;

async function read(file: File): Promise<void> {
  traced?.close();
  traced = null;
  try {
    const head = await file.slice(0, HEAD).text();
    if (/"kind"\s*:\s*"scenario"/.test(head)) {
      const { service, property, scenario } = parseSaved(await file.text(), file.name);
      simulated.send({ do: 'open', run: { service, scenario, ...(property === undefined ? {} : { property }) } });
      simulated.send({ do: 'advance', until: null });
      if (property !== undefined) simulated.send({ do: 'check', property });
      return;
    }
    traced = new TracedSource(file, services, report);
    await traced.read();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    report({ is: 'failed', code: 'INPUT_INVALID', message });
  }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.do === 'read') {
    void read(data.file);
    return;
  }
  if (data.do === 'open') {
    traced?.close();
    traced = null;
  }
  (traced ?? simulated).send(data);
};
