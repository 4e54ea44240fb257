/** Where the page's source comes from: a worker of its own, or a server that the page was handed out by. */
import type { Command, Report, Run } from '../protocol.js';
import { attach, expect, failure, lookOnce, send, take } from './model.js';
import { pause } from './playback.js';
import { isRemote, remote, takeToken } from './remote.js';

/** What the worker takes besides commands. */
export type ToWorker = Command | { readonly do: 'read'; readonly file: File };

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
  if (!(await isReadable(file))) {
    const message = `${file.name} is neither a trace nor a run that was saved: ${file.size === 0 ? 'it is empty' : 'it does not begin as one'}.`;
    failure.value = { code: 'INPUT_INVALID', message };
    return;
  }
  pause();
  expect();
  const message: ToWorker = { do: 'read', file };
  own().postMessage(message);
  if (place > 0) lookOnce(place);
}

/** Bytes within which it is seen what a file is. */
const HEAD = 64 * 1024;

/** Whether it begins as a trace or a scenario does: the first line is an event, or the whole says first of which kind it is. */
async function isReadable(file: File): Promise<boolean> {
  const head = (await file.slice(0, HEAD).text()).trimStart();
  if (/^\{\s*"kind"\s*:/.test(head)) return true;
  try {
    return 'kind' in Object(JSON.parse(head.slice(0, head.indexOf('\n'))));
  } catch {
    return false;
  }
}
