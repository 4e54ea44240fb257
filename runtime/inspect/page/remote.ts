/**
 * A source behind a WebSocket of the server that handed out this page: a live cluster, a trace, or a simulation that needs the user's
 * own module. What comes is taken apart in a worker.
 */
import type { Command, Report } from '../protocol.js';
import type { Source } from './model.js';

/** To the worker. */
export type ToRemote =
  | { readonly is: 'begin'; readonly address: string; readonly token: string }
  | { readonly is: 'command'; readonly command: Command };

const KEPT = 'chorale.token';

/** Whether the server of this page has something to look at. Any other server only hands out its files. */
export async function isRemote(): Promise<boolean> {
  try {
    const answer = await fetch('source.json');
    const told: { readonly remote?: boolean } = await answer.json();
    return told.remote === true;
  } catch {
    return false; // there is no such file, or no server at all
  }
}

/**
 * The token of the page's address, `#token=…`, which is taken out of it, so that an address that is copied or shown does not let
 * others in. It lasts as long as the tab.
 */
export function takeToken(): string {
  const words = new URLSearchParams(location.hash.slice(1));
  const given = words.get('token');
  if (given === null) return sessionStorage.getItem(KEPT) ?? '';
  sessionStorage.setItem(KEPT, given);
  words.delete('token');
  const rest = words.size === 0 ? '' : `#${words}`;
  history.replaceState(history.state, '', `${location.pathname}${location.search}${rest}`);
  return given;
}

/** Connects, and connects again when the connection is lost: then everything is told anew. */
export function remote(token: string, report: (report: Report) => void): Source {
  const worker = new Worker(new URL('./remote-worker.ts', import.meta.url), { type: 'module' });
  const tell = (message: ToRemote): void => worker.postMessage(message);
  worker.onmessage = ({ data }: MessageEvent<Report>) => report(data);
  const address = new URL('look', location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  address.hash = '';
  address.search = '';
  tell({ is: 'begin', address: address.href, token });
  return {
    send: (command) => tell({ is: 'command', command }),
    close: () => worker.terminate(),
  };
}
