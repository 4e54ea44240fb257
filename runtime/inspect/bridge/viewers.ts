/**
 * A WebSocket server for the viewers of another inspector. It listens on loopback unless told otherwise; pages from elsewhere, and names that
 * lead here by a trick (DNS rebinding), are refused. A viewer that does not read is let go: it never holds anybody up.
 */
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { ChoraleError } from '../../errors.js';

export interface ViewerSettings {
  /** Where it listens. Default `127.0.0.1`. Whoever reaches it sees everything: these inspectors have no token. */
  readonly host?: string;
  /** Default 0: any that is free. */
  readonly port?: number;
  /** Pages from other machines that may watch, as a browser names them: `https://stately.ai`. Default: none. */
  readonly origins?: readonly string[];
  /** Told what a viewer asked for and could not have, and who was let go. Default: `process.emitWarning`. */
  readonly warn?: (error: Error) => void;
}

export interface ViewerEvents {
  /** A viewer has come, and nothing has been said to it. */
  came(viewer: WebSocket): void;
  /** Text only. */
  said(viewer: WebSocket, text: string): void;
  left(viewer: WebSocket): void;
}

/** Bytes that wait for a viewer before it is let go. */
const BEHIND = 8 * 1024 ** 2;
/** Bytes of one message from a viewer. */
const MESSAGE = 1024 ** 2;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

export class Viewers {
  readonly #server: WebSocketServer;
  readonly #host: string;
  readonly #warn: (error: Error) => void;

  private constructor(server: WebSocketServer, host: string, warn: (error: Error) => void) {
    this.#server = server;
    this.#host = host;
    this.#warn = warn;
  }

  /** Errors: SETTINGS_INVALID, where it cannot listen there. */
  static async open(settings: ViewerSettings, events: ViewerEvents): Promise<Viewers> {
    const { host = '127.0.0.1', port = 0, origins = [], warn = (error) => process.emitWarning(error) } = settings;
    const server = new WebSocketServer({
      host,
      port,
      maxPayload: MESSAGE,
      verifyClient: ({ req, origin }: { readonly req: IncomingMessage; readonly origin?: string }) =>
        (!isLoopback(host) || isLoopback(hostIn(`http://${req.headers.host}`))) &&
        (origin === undefined || origins.includes(origin) || isLoopback(hostIn(origin))),
    });
    await new Promise<void>((resolve, reject) => {
      server.once('listening', resolve);
      server.once('error', (cause) =>
        reject(
          new ChoraleError('SETTINGS_INVALID', `The inspector cannot listen on ${host}:${port}: ${cause.message}`, {
            cause,
          }),
        ),
      );
    });
    const viewers = new Viewers(server, host, warn);
    server.on('connection', (viewer) => {
      viewer.on('message', (data, binary) => {
        if (!binary) events.said(viewer, String(data));
      });
      viewer.on('close', () => events.left(viewer));
      // A broken connection ends, and `close` follows.
      viewer.on('error', () => viewer.terminate());
      events.came(viewer);
    });
    return viewers;
  }

  /** `127.0.0.1:41234` */
  get address(): string {
    const { port } = this.#server.address() as AddressInfo; // it listens on a port
    return `${this.#host.includes(':') ? `[${this.#host}]` : this.#host}:${port}`;
  }

  get count(): number {
    return this.#server.clients.size;
  }

  tell(viewer: WebSocket, text: string): void {
    if (viewer.readyState !== viewer.OPEN) return;
    if (viewer.bufferedAmount <= BEHIND) {
      viewer.send(text);
      return;
    }
    viewer.terminate();
    this.#warn(new ChoraleError('LINK_BROKEN', 'A viewer of the inspector did not keep up, and was let go.'));
  }

  tellAll(text: string): void {
    for (const viewer of this.#server.clients) this.tell(viewer, text);
  }

  warn(error: unknown): void {
    this.#warn(error instanceof Error ? error : new Error(String(error)));
  }

  async close(): Promise<void> {
    for (const viewer of this.#server.clients) viewer.terminate();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function hostIn(url: string): string | null {
  return URL.canParse(url) ? new URL(url).hostname : null;
}

const isLoopback = (host: string | null): boolean => host !== null && LOOPBACK.test(host === '::1' ? '[::1]' : host);
