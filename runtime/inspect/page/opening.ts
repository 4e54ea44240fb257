/** Where the page's source comes from: a worker of its own, or a server that the page was handed out by. */
import type { Command, Report, Run } from '../protocol.js';
import { attach, expect, failure, lookOnce, send, take } from './model.js';
import { pause } from './playback.js';
import { isRemote, remote, takeToken } from './remote.js';

/** What the worker takes besides commands. */
export type FileKind = 'scenario' | 'trace';
export type ToWorker = Command | { readonly do: 'read'; readonly file: File; readonly what: FileKind };

let worker: Worker | null = null;

/** The source of the page itself, which takes the place of any other. */
function own(): Worker {
  if (worker !== null) return worker;
  const made = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'simulation' });
  worker = made;
  made.onmessage = ({ data }: MessageEvent<Report>) => {
    if (worker === made) take(data);
  };
  made.onerror = (event) => {
    failure.value = {
      code: 'INSPECTION_FAILED',
      message: `The page's simulation has stopped: ${event.message}. Reload the page.`,
    };
  };
  attach({
    send: (command) => made.postMessage(command),
    close: () => {
      made.terminate();
      worker = null;
    },
  });
  return made;
}

/** What the server of this page has to show. False where it has nothing, and the page is on its own. */
export async function attachServer(): Promise<boolean> {
  const token = takeToken();
  if (!(await isRemote())) return false;
  attach(remote(token, take));
  return true;
}

/** A run of a service that the page has, as a simulation in the page. */
export function openHere(run: Run): void {
  pause();
  expect();
  own();
  send({ do: 'open', run });
}

/** A trace, or a run that was saved; looked at from this place, once it is there. What is neither leaves all as it is. */
export async function openFile(file: File, place = 0): Promise<void> {
  const what = await kindOf(file);
  if (what === null) {
    const message = `${file.name} is neither a trace nor a run that was saved: ${file.size === 0 ? 'it is empty' : 'it does not begin as one'}.`;
    failure.value = { code: 'INPUT_INVALID', message };
    return;
  }
  pause();
  expect();
  const message: ToWorker = { do: 'read', file, what };
  own().postMessage(message);
  if (place > 0) lookOnce(place);
}

/** Bytes within which it is seen what a file is: of a trace the first line, of a scenario its begin. */
const HEAD = 64 * 1024;
const BEGIN = 64;

/** By how it begins; null where neither begins so. */
async function kindOf(file: File): Promise<FileKind | null> {
  const head = (await file.slice(0, HEAD).text()).trimStart();
  if (/"kind"\s*:\s*"scenario"/.test(head.slice(0, BEGIN))) return 'scenario';
  if (/^\{\s*"kind"\s*:/.test(head)) return 'trace'; // its header can be longer than what is read here
  try {
    const [line = ''] = head.split('\n', 1);
    return 'kind' in Object(JSON.parse(line)) ? 'trace' : null;
  } catch {
    return null;
  }
}
