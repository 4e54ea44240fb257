/**
 * The other end of a server's WebSocket, in a worker: bytes become columns here, and the page's own thread only gets those.
 */
import { frameOf } from '../frame.js';
import type { Command, Report } from '../protocol.js';
import { transferables } from '../timeline/encode.js';
import { TraceLines } from '../timeline/lines.js';
import type { ToRemote } from './remote.js';

/** A live cluster goes on for ever, and a page does not: after so many events it begins anew. */
const MOST = 2_000_000;
/** ms until it tries again: more each time. */
const [LEAST_PAUSE, MOST_PAUSE] = [250, 10_000];
/** The server says that what it showed has come to its end. */
const ENDED = 4001;

/** What this worker needs of its surroundings. */
const page = self as unknown as {
  postMessage(report: Report, transfer: Transferable[]): void;
  onmessage: (event: MessageEvent<ToRemote>) => void;
};

let address = '';
let token = '';
let socket: WebSocket | null = null;
let lines = new TraceLines();
/** Whether events come as lines, and are known here; a simulation sends columns and knows them itself. */
let told: 'lines' | 'columns' = 'lines';
let isLive = false;
/** The trace has a line that is wrong: what comes after it is not looked at. */
let isBroken = false;
let tries = 0;
/** What somebody wants until he says otherwise: asked for again after a new beginning. */
const lasting = new Map<Command['do'], Command>();

const report = (what: Report, transfer: Transferable[] = []): void => page.postMessage(what, transfer);
const failed = (code: string, message: string): void => report({ is: 'failed', code, message });

function connect(): void {
  const opened = new WebSocket(address, ['chorale', token]);
  opened.binaryType = 'arraybuffer';
  socket = opened;
  let known = false;
  opened.onopen = () => {
    known = true;
    tries = 0;
    for (const command of lasting.values()) opened.send(JSON.stringify(command));
  };
  opened.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    try {
      if (typeof data === 'string') takeReport(data);
      else takeFrame(data);
    } catch (error) {
      failed('MESSAGE_MALFORMED', `What the server sent cannot be read: ${String(error)}`);
    }
  };
  opened.onclose = ({ code }) => {
    if (socket !== opened || code === ENDED) return;
    const pause = Math.min(MOST_PAUSE, LEAST_PAUSE * 2 ** tries);
    tries += 1;
    const why = known
      ? 'The connection to the inspector’s server is lost'
      : 'The inspector’s server does not answer, or does not know this page’s token: open the address that it printed';
    failed('INSPECTOR_FAILED', `${why}. Trying again …`);
    setTimeout(connect, pause);
  };
}

/** Begins anew: what is there is forgotten when the server says how everything stands. */
function again(): void {
  const before = socket;
  connect();
  before?.close();
}

function takeReport(text: string): void {
  const what = JSON.parse(text) as Report; // of the server that this page is from
  if (what.is === 'opened') {
    lines = new TraceLines();
    told = what.source === 'simulation' ? 'columns' : 'lines';
    isLive = what.source === 'live';
    isBroken = false;
  }
  report(what);
}

function takeFrame(bytes: ArrayBuffer): void {
  const frame = frameOf(bytes);
  if (frame.is === 'columns') {
    // They are views of one buffer, which goes over as a whole.
    report({ is: 'events', chunk: frame.chunk, steps: frame.steps }, [bytes]);
    return;
  }
  if (isBroken) return;
  const { chunk, steps, wrong } = lines.take(frame.text);
  report({ is: 'events', chunk, steps }, transferables(chunk, steps));
  if (wrong !== null) {
    isBroken = true;
    command({ do: 'stop' });
    failed(wrong.code, wrong.message);
  }
  if (isLive && lines.length > MOST) again();
}

function command(given: Command): void {
  if (given.do === 'event' && told === 'lines') {
    const { index } = given;
    void lines.eventAt(index).then((event) => report({ is: 'event', index, event })); // of text that is kept
    return;
  }
  if (given.do === 'watch' || given.do === 'check') lasting.set(given.do, given);
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(given));
  else if (!lasting.has(given.do)) failed('INSPECTOR_FAILED', 'There is no connection to the inspector’s server now.');
}

page.onmessage = ({ data }) => {
  if (data.is === 'command') {
    command(data.command);
    return;
  }
  ({ address, token } = data);
  connect();
};
