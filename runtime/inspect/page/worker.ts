/** The page's own sources, in a worker of theirs: simulations, and traces from files. */
import { parseSaved } from '../../simulate/saved-run.js';
import type { Report } from '../protocol.js';
import { SimulatedSource } from '../sources/simulated.js';
import { TracedSource } from '../sources/traced.js';
import type { FileKind, ToWorker } from './opening.js';
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

async function read(file: File, what: FileKind): Promise<void> {
  traced?.close();
  traced = null;
  try {
    if (what === 'scenario') {
      const { service, property, scenario } = parseSaved(await file.text(), file.name);
      simulated.openWhole({ service, scenario, ...(property === undefined ? {} : { property }) });
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
    void read(data.file, data.what);
    return;
  }
  if (data.do === 'open') {
    traced?.close();
    traced = null;
  }
  (traced ?? simulated).send(data);
};
