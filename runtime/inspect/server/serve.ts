/**
 * Serves the inspector's page, and to those who have the token what it looks at, by a WebSocket.
 *
 * The token stands in the fragment of the address, which a browser sends to nobody: not to the server, where it would be in logs, nor
 * to another site. A cookie would go to every server on this machine, whatever its port. The page's own files are no secret: they are those
 * of the package.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { nanoid } from 'nanoid';
import { type WebSocket, WebSocketServer } from 'ws';
import { ChoraleError } from '../../errors.js';
import { Connection } from './connection.js';
import { refusal, sameToken } from './guard.js';
import { type PageFile, pageFiles, pageFolder } from './page-files.js';
import type { Served } from './viewer.js';

export interface ServeSettings {
  /** What is shown. Null: the page shows simulations of its own. */
  readonly source: Served | null;
  /** Default: any that is free. */
  readonly port?: number;
  /** Default `127.0.0.1`: only this machine can come in. */
  readonly host?: string;
  /** Default: a new one, of 32 characters. */
  readonly token?: string;
  /** The folder of the built page. Default: where the package has it. */
  readonly page?: string;
}

export interface Serving {
  /** With the token: whoever has it may look. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** Pages that look now. */
  readonly viewers: number;
  /** Every page is told that it is over. */
  close(): Promise<void>;
}

type App = Hono<{ Bindings: HttpBindings }>;

/** Pages at one time. */
const VIEWERS = 32;

/** Where the WebSocket is. The page takes the word after the first for its token (remote.ts). */
const SOCKET_PATH = '/look';
const PROTOCOL = 'chorale';

const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
} as const;

/** Errors: INSPECTOR_FAILED, SETTINGS_INVALID. */
export async function serveInspector(settings: ServeSettings): Promise<Serving> {
  const { source, port = 0, host = '127.0.0.1', token = nanoid(32), page = pageFolder() } = settings;
  if (!/^[\w-]{16,}$/.test(token))
    throw new ChoraleError('SETTINGS_INVALID', 'A token is 16 or more letters, digits, - and _.');
  const app = appOf(pageFiles(page), host, source !== null);
  const server = createServer(getRequestListener(app.fetch));
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: source?.commandLimit ?? 0,
    perMessageDeflate: false,
    handleProtocols: () => PROTOCOL,
  });
  const connections = new Map<WebSocket, Connection>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refused = refusedUpgrade(request, { host, token, source });
    if (refused !== null || connections.size >= VIEWERS) {
      socket.end(`HTTP/1.1 ${refused ?? '503 Service Unavailable'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      if (source === null) return; // refused above
      connections.set(opened, new Connection(opened, source));
      opened.on('close', () => connections.delete(opened));
    });
  });
  await listening(server, port, host);
  const { port: taken } = server.address() as AddressInfo; // it listens on a port, and not on a pipe
  return {
    url: `http://${shown(host)}:${taken}/#token=${token}`,
    port: taken,
    token,
    get viewers() {
      return connections.size;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...connections.values()].map((connection) => connection.end()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Why no WebSocket is made of it, as the status of an answer; null where one is. */
function refusedUpgrade(
  request: IncomingMessage,
  { host, token, source }: { readonly host: string; readonly token: string; readonly source: Served | null },
): string | null {
  const { 'sec-websocket-protocol': words = '' } = request.headers;
  if (refusal(request.headers, host) !== null) return '403 Forbidden';
  if (source === null || request.url !== SOCKET_PATH) return '404 Not Found';
  const [protocol, given = ''] = words.split(',').map((word) => word.trim());
  return protocol === PROTOCOL && sameToken(given, token) ? null : '401 Unauthorized';
}

function appOf(files: ReadonlyMap<string, PageFile>, name: string, remote: boolean): App {
  const app: App = new Hono();
  app.use(async (context, next) => {
    const refused = refusal(context.env.incoming.headers, name);
    if (refused !== null) context.res = new Response(refused, { status: 403 });
    else await next();
    for (const [header, value] of Object.entries(headers)) context.res.headers.set(header, value);
  });
  // Whether there is something to look at here: a page that is handed out by any other server finds no such file.
  app.get('/source.json', (context) => context.json({ remote }, 200, { 'Cache-Control': 'no-store' }));
  app.get('*', async (context) => {
    const file = files.get(context.req.path === '/' ? '/index.html' : context.req.path);
    if (file === undefined) return context.text('There is no such file.', 404);
    const zipped = /\bgzip\b/.test(context.req.header('accept-encoding') ?? '');
    return context.body(zipped ? await file.gzipped() : file.body, 200, {
      'Content-Type': file.type,
      // Vite names what it makes by its content.
      'Cache-Control': context.req.path.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-cache',
      Vary: 'Accept-Encoding',
      ...(zipped ? { 'Content-Encoding': 'gzip' } : {}),
    });
  });
  app.all('*', (context) => context.text('This is only to be read.', 405));
  return app;
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? `port ${port} is taken` : cause.message;
      reject(new ChoraleError('INSPECTOR_FAILED', `The inspector cannot listen on ${host}: ${why}.`, { cause }));
    });
    server.listen(port, host, () => {
      // Later ones are a single caller's (no descriptor is left for it): no reason to end the application.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

/** A host as an address has it. One that stands for all of this machine's is shown as the one that surely leads here. */
function shown(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
