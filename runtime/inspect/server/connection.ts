/**
 * One page's WebSocket: the viewer that a source sees. It holds what the page has not read yet, up to a limit, and says when that is
 * reached: the source then leaves something out, or waits. Nobody else waits for it.
 */
import type { RawData, WebSocket } from 'ws';
import { ChoraleError } from '../../errors.js';
import { columnsFrame } from '../frame.js';
import type { Report } from '../protocol.js';
import type { Chunk, StepChunk } from '../timeline/chunk.js';
import { parseCommand } from './commands.js';
import type { Looking, Served, Viewer } from './viewer.js';

/** Bytes that a page may have before it, unread. */
export const UNREAD = 8 * 1024 * 1024;
/** Of commands' answers too: a page that asks and asks, and reads none of it. */
const TOO_MUCH = 4 * UNREAD;
/** ms that a page has to say good-bye. */
const PATIENCE = 1000;
/** ms between two signs of life; who gave none since the last is gone. */
const PULSE = 60_000;

/** Code of a close, for the page: what it looked at has come to its end, and to ask again is no use. */
const ENDED = 4001;

export class Connection implements Viewer {
  readonly #socket: WebSocket;
  readonly #looking: Looking;
  readonly #waiting: (() => void)[] = [];
  readonly #pulse: NodeJS.Timeout;
  #unread = 0;
  #alive = true;

  constructor(socket: WebSocket, served: Served) {
    this.#socket = socket;
    // Without it, a socket that fails would end the process. Its `close` comes in any case.
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => this.#take(data, isBinary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    this.#pulse = setInterval(() => this.#beat(), PULSE).unref();
    this.#looking = served.join(this);
    socket.on('close', () => {
      clearInterval(this.#pulse);
      this.#waiting.length = 0;
      this.#looking.leave();
    });
  }

  get ready(): boolean {
    return this.#unread < UNREAD;
  }

  /** Bytes that wait for the page to read them. */
  get unread(): number {
    return this.#unread;
  }

  whenReady(callback: () => void): void {
    this.#waiting.push(callback);
    this.#wake();
  }

  report(report: Exclude<Report, { is: 'events' }>): void {
    const text = JSON.stringify(report);
    this.#send(text, text.length);
  }

  lines(frame: Uint8Array): void {
    this.#send(frame, frame.length);
  }

  events(chunk: Chunk, steps: StepChunk | null): void {
    this.lines(columnsFrame(chunk, steps));
  }

  /** Says that it is over. Who does not answer is cut off: nothing must wait for a page that has gone to sleep. */
  async end(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.close(ENDED, 'ended');
    const late = setTimeout(() => this.#socket.terminate(), PATIENCE);
    await closed;
    clearTimeout(late);
  }

  #send(data: string | Uint8Array, size: number): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#unread > TOO_MUCH) {
      this.#socket.terminate();
      return;
    }
    this.#unread += size;
    this.#socket.send(data, () => {
      this.#unread -= size;
      this.#wake();
    });
  }

  #wake(): void {
    if (!this.ready || this.#socket.readyState !== this.#socket.OPEN) return;
    for (const callback of this.#waiting.splice(0)) callback();
  }

  #take(data: RawData, isBinary: boolean): void {
    try {
      if (isBinary) throw new ChoraleError('MESSAGE_MALFORMED', 'The page sent bytes; commands are text.');
      this.#looking.take(parseCommand(String(data)));
    } catch (error) {
      const { code, message } =
        error instanceof ChoraleError ? error : new ChoraleError('INSPECTION_FAILED', why(error));
      this.report({ is: 'failed', code, message });
    }
  }

  #beat(): void {
    // A page that has not read everything yet cannot answer: it is slow, and not gone.
    if (!this.#alive && this.#unread === 0) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
  }
}

const why = (error: unknown): string => (error instanceof Error ? error.message : String(error));
