import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import WebSocket from 'ws';
import type { Command } from '../../../runtime/inspect/protocol.js';
import { refusal, sameToken } from '../../../runtime/inspect/server/guard.js';
import { type ServeSettings, type Serving, serveInspector } from '../../../runtime/inspect/server/serve.js';
import type { Served, Viewer } from '../../../runtime/inspect/server/viewer.js';

const folder = mkdtempSync(join(tmpdir(), 'chorale-page-'));
const page = join(folder, 'page');
mkdirSync(join(page, 'assets'), { recursive: true });
writeFileSync(join(page, 'index.html'), '<!doctype html><title>page</title>');
writeFileSync(join(page, 'assets/main-1a2b.js'), `// ${'x'.repeat(10_000)}`);
writeFileSync(join(folder, 'secret.html'), 'secret');
afterAll(() => rmSync(folder, { recursive: true }));

/** A source that keeps what it is told. */
class Told implements Served {
  readonly commandLimit = 1000;
  readonly commands: Command[] = [];
  viewers: Viewer[] = [];

  join(viewer: Viewer) {
    this.viewers.push(viewer);
    viewer.report({ is: 'missed', events: 0 });
    return {
      take: (command: Command) => void this.commands.push(command),
      leave: () => {
        this.viewers = this.viewers.filter((each) => each !== viewer);
      },
    };
  }
}

const running: Serving[] = [];
afterEach(async () => {
  for (const serving of running.splice(0)) await serving.close();
});

async function serve(settings: Partial<ServeSettings> = {}): Promise<Serving & { readonly told: Told }> {
  const told = new Told();
  const serving = await serveInspector({ source: told, page, ...settings });
  running.push(serving);
  return Object.assign(serving, { told });
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** The path goes out as it is, which `fetch` would mend. */
function get(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, headers, method, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    asking.on('error', reject).end();
  });
}

interface Asked {
  readonly token?: string;
  readonly path?: string;
  readonly protocols?: readonly string[];
  readonly host?: string;
  readonly origin?: string;
}

/** What comes of a WebSocket: `open`, or the status that refuses it. */
function knock(
  port: number,
  { token = '', path = '/look', protocols = ['chorale', token], ...headers }: Asked,
): Promise<{ outcome: 'open' | number; socket: WebSocket }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols.filter(Boolean), { headers });
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve({ outcome: 'open', socket }));
    socket.on('unexpected-response', (_, response) => {
      resolve({ outcome: response.statusCode ?? 0, socket });
      response.resume();
    });
    socket.on('error', reject);
  });
}

const next = (socket: WebSocket): Promise<unknown> =>
  new Promise((resolve) => socket.once('message', (data) => resolve(JSON.parse(String(data)))));
const closed = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.once('close', resolve));

describe('the inspector’s server: its files', () => {
  test('hands out the page with headers that let nothing else in, compressed where that is taken', async () => {
    const { port } = await serve();
    const plain = await get(port, '/');
    expect([plain.status, plain.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(String(plain.body)).toContain('<title>page</title>');
    expect(plain.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-cache',
    });
    const policy = String(plain.headers['content-security-policy']).split('; ');
    expect(policy).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]),
    );
    expect(policy.join()).not.toContain('unsafe');
    const zipped = await get(port, '/assets/main-1a2b.js', { 'accept-encoding': 'br, gzip' });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(zipped.headers['cache-control']).toContain('immutable');
    expect(zipped.body.length).toBeLessThan(1000);
    expect(gunzipSync(zipped.body).length).toBe(10_003);
    expect(JSON.parse(String((await get(port, '/source.json')).body))).toEqual({ remote: true });
  });

  test('no path leads out of the page’s folder, and nothing can be written', async () => {
    const { port } = await serve();
    const paths = ['/../secret.html', '/assets/../../secret.html', '/%2e%2e/secret.html', '/..%2fsecret.html'];
    expect((await get(port, '/..\\secret.html')).status).toBe(400);
    for (const path of [...paths, '//secret.html', '/assets', '/nothing']) {
      const { status, body, headers } = await get(port, path);
      expect([path, status]).toEqual([path, 404]);
      expect(String(body)).not.toBe('secret');
      expect(headers['content-security-policy']).toBeDefined();
    }
    for (const method of ['POST', 'PUT', 'DELETE']) expect((await get(port, '/', {}, method)).status).toBe(405);
  });

  test('a foreign Host (DNS rebinding) or a foreign Origin gets nothing', async () => {
    const { port } = await serve();
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.evil.example'])
      expect([host, (await get(port, '/', { host })).status]).toEqual([host, 403]);
    for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${port + 1}`, `http://localhost:${port}`])
      expect([origin, (await get(port, '/', { origin })).status]).toEqual([origin, 403]);
    expect((await get(port, '/', { host: `localhost:${port}`, origin: `http://localhost:${port}` })).status).toBe(200);
  });

  test('names: numbers and this machine’s own', () => {
    const asked = (host: string, name = '127.0.0.1') => refusal({ host }, name);
    for (const host of ['127.0.0.1:1', '[::1]:80', '[::1]', 'localhost', 'LOCALHOST:8080', '10.1.2.3:4'])
      expect([host, asked(host)]).toEqual([host, null]);
    for (const host of ['a', 'localhost.', '::1', '[evil]', '127.0.0.1@evil', '127.1', 'x:127.0.0.1'])
      expect([host, asked(host)]).not.toEqual([host, null]);
    expect(asked('lab.example:7', 'lab.example')).toBeNull();
    expect(refusal({}, '127.0.0.1')).not.toBeNull();
    expect([sameToken('abc', 'abc'), sameToken('abd', 'abc'), sameToken('', 'abc'), sameToken('abcd', 'abc')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test('says why it cannot open', async () => {
    const { port } = await serve();
    await expect(serveInspector({ source: null, page, port })).rejects.toMatchObject({ code: 'INSPECTOR_FAILED' });
    const nowhere = serveInspector({ source: null, page: join(folder, 'nowhere') });
    await expect(nowhere).rejects.toMatchObject({ code: 'INSPECTOR_FAILED', message: /npm run build/ });
    await expect(serveInspector({ source: null, page, token: 'short' })).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
    });
  });
});

describe('the inspector’s server: its WebSocket', () => {
  test('opens for the token in the address, which is on this machine only', async () => {
    const { port, url, token, told } = await serve();
    expect(url).toBe(`http://127.0.0.1:${port}/#token=${token}`);
    expect(token).toMatch(/^[\w-]{32}$/);
    const { outcome, socket } = await knock(port, { token, origin: `http://127.0.0.1:${port}` });
    expect(outcome).toBe('open');
    expect(socket.protocol).toBe('chorale');
    socket.send(JSON.stringify({ do: 'pause' }));
    socket.send(JSON.stringify({ do: 'nothing' }));
    expect(await next(socket)).toMatchObject({ is: 'failed' });
    expect(told.commands).toEqual([{ do: 'pause' }]);
  });

  test('refuses a wrong token, none, a foreign Origin, a foreign Host and another path, and the source never hears of it', async () => {
    const { port, token, told } = await serve();
    const refused = [
      [{}, 401],
      [{ token: 'x'.repeat(32) }, 401],
      [{ token: token.slice(0, -1) }, 401],
      [{ protocols: [token] }, 401],
      [{ protocols: [token, 'chorale'] }, 401],
      [{ token, origin: 'http://evil.example' }, 403],
      [{ token, origin: 'null' }, 403],
      [{ token, host: 'evil.example' }, 403],
      [{ token, host: 'evil.example', origin: 'http://evil.example' }, 403],
      [{ token, path: '/look?x' }, 404],
      [{ token, path: '/' }, 404],
    ] as const;
    for (const [asked, status] of refused) expect([asked, (await knock(port, asked)).outcome]).toEqual([asked, status]);
    expect(told.viewers).toEqual([]);
    const alone = await serve({ source: null });
    expect((await knock(alone.port, { token: alone.token })).outcome).toBe(404);
  });

  test('what is malformed is answered and forgotten; what is too large ends the connection, and no other', async () => {
    const { port, token, told } = await serve();
    const { socket } = await knock(port, { token });
    const { socket: other } = await knock(port, { token });
    const bad = [
      'no json',
      '[]',
      'null',
      '{"do":"inject","fault":7,"place":0}',
      '{"do":"inject","fault":"crash:rm-1","place":-1}',
      '{"do":"run","speed":1,"more":true}',
      '{"do":"constructor"}',
      '{"do":"open","run":{"service":"bank","scenario":{}}}',
      Buffer.from('{"do":"pause"}'),
    ];
    for (const text of bad) {
      socket.send(text);
      expect([text, await next(socket)]).toEqual([
        text,
        { is: 'failed', code: 'MESSAGE_MALFORMED', message: expect.stringMatching(/\w/) },
      ]);
    }
    socket.send(`{"do":"inject","fault":"${'x'.repeat(1000)}","place":0}`);
    expect(await closed(socket)).toBe(1009);
    expect(told.viewers.length).toBe(1);
    other.send('{"do":"pause"}');
    other.send('{"do":"pause","x":1}');
    await next(other);
    expect(told.commands).toEqual([{ do: 'pause' }]);
  });

  test('when it is closed every page is told that it is over, and the port is free again', async () => {
    const serving = await serve();
    const { port, token, told } = serving;
    const { socket } = await knock(port, { token });
    const over = closed(socket);
    running.splice(0);
    await serving.close();
    expect(await over).toBe(4001);
    expect(told.viewers).toEqual([]);
    await expect(get(port, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
