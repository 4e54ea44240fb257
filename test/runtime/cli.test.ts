import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import counter from '../../examples/counter/service.js';
import type { Io } from '../../runtime/cli/io.js';
import type { Report, ReportedRequest } from '../../runtime/cli/report.js';
import { simulate } from '../../runtime/simulate/simulation.js';
import { playInSlices } from '../../runtime/simulate/workload.js';
import { type Ended, runCommand } from './command.js';

/** What begins a terminal's commands. */
const ESCAPE = '\u001b';
const root = resolve(import.meta.dirname, '../..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One command line, as a shell would cut it at its spaces. */
async function chorale(line: string, world: Partial<Io> & { input?: string } = {}): Promise<Ended> {
  const { input, ...io } = world;
  const stdin = (async function* () {
    // In pieces that cut a character of two bytes in half.
    const bytes = new TextEncoder().encode(input ?? '');
    for (let place = 0; place < bytes.length; place += 7) yield bytes.subarray(place, place + 7);
  })();
  return runCommand(line === '' ? [] : line.split(' '), { cwd: folder, stdin, ...io });
}

async function reported(
  line: string,
  world: Partial<Io> & { input?: string } = {},
): Promise<Report & { code: number }> {
  const { code, stdout, stderr } = await chorale(`${line} --json`, world);
  if (stdout === '') throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as Report), code };
}

const replies = (report: Report): unknown[] => report.requests.map(({ reply, error }) => reply ?? error?.code);
const named = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const lines = (...requests: object[]): string => requests.map((request) => `${JSON.stringify(request)}\n`).join('');

describe('the bank, run as the README runs it', () => {
  test('AR-6: one of three replicas crashes half way, and no reply is another for it', async () => {
    const whole = await reported('run bank');
    const crashed = await reported('run bank --replicas 3 --fault crash:rm-1@320ms');
    expect(whole.code).toBe(0);
    expect(crashed.code).toBe(0);
    expect(crashed.requests.length).toBeGreaterThanOrEqual(200);
    expect(new Set(crashed.requests.map(({ client }) => client))).toEqual(new Set(['alice', 'bob', 'carol', 'dave']));
    expect(crashed.replicas.map(({ state }) => state)).toEqual(['crashed', 'live', 'live']);
    expect(crashed.faults.struck).toEqual([{ t: 320, node: 'rm-1', what: 'crashed' }]);
    // Half way: many requests on either side of it, and rm-1 answers none of the later ones.
    const before = crashed.requests.filter(({ endedAt }) => endedAt < 320);
    expect(before.length).toBeGreaterThan(80);
    expect(before.length).toBeLessThan(160);
    expect(before.some(({ by }) => by.includes('rm-1'))).toBe(true);
    expect(crashed.requests.filter(({ calledAt, by }) => calledAt > 320 && by.includes('rm-1'))).toEqual([]);
    expect(crashed.verdict).toMatchObject({ right: true, agree: true, wrong: [], unanswered: [], reasons: [] });
    // Some are refused, by every replica alike.
    expect(crashed.requests.filter(({ error }) => error?.code === 'INSUFFICIENT_FUNDS').length).toBeGreaterThan(3);
  });

  test('AR-7: one of three replicas lies, and the votes find it out', async () => {
    const report = await reported('run bank --replication active --tolerate byzantine --replicas 3 --fault lie:rm-2');
    expect(report.code).toBe(0);
    expect(report.verdict.right).toBe(true);
    expect(report.requests.filter(({ right }) => !right)).toEqual([]);
    expect(report.faults.lies).toEqual({ 'rm-2': report.requests.length });
    for (const { by } of report.requests) {
      expect(by).toHaveLength(2);
      expect(by).not.toContain('rm-2');
    }
  });

  test('AR-7: with two of three that tell the same lie there are wrong replies, and the votes are said to allow it', async () => {
    const line =
      'run bank --replication active --tolerate byzantine --replicas 3 --fault lie:rm-2=A --fault lie:rm-3=A';
    const report = await reported(line);
    expect(report.code).toBe(1);
    expect(report.verdict.wrong.length).toBeGreaterThan(0);
    expect(report.verdict.wrong.every(({ by }) => by.includes('rm-2') && by.includes('rm-3'))).toBe(true);
    expect(report.verdict.reasons.join(' ')).toMatch(/the votes allowed it/);
    expect(report.requests.filter(({ right }) => !right)).toHaveLength(report.verdict.wrong.length);
    const { stdout, code } = await chorale(line);
    expect(code).toBe(1);
    expect(stdout).toMatch(/the votes allowed it/);
    expect(stdout).toMatch(/✗ \d+, should be \d+/);
  });

  test('AR-7: five replicas outvote two different lies', async () => {
    const some = readFileSync(`${root}/examples/bank/requests.jsonl`, 'utf8').split('\n').slice(0, 48).join('\n');
    named('some.jsonl', some);
    for (let seed = 1; seed <= 20; seed++) {
      const line = `run bank --requests some.jsonl --tolerate byzantine --replicas 5 --fault lie:rm-2 --fault lie:rm-3 --seed ${seed}`;
      const { code, verdict } = await reported(line);
      expect({ line, code, wrong: verdict.wrong }).toEqual({ line, code: 0, wrong: [] });
    }
  });

  test('says whether the history is what the style promises, and ends with 1 where it is not', async () => {
    const right = await reported('run bank');
    expect(right.consistency).toEqual({ property: 'linearizable', verdict: 'holds' });
    const atOne = await reported('run counter --reads one');
    expect(atOne.consistency).toEqual({ property: 'sequential', verdict: 'holds' });
    const lied = await reported('run bank --tolerate crash --fault lie:rm-2');
    expect(lied.code).toBe(1);
    expect(lied.consistency).toMatchObject({ property: 'linearizable', verdict: 'violated' });
    const { stdout } = await chorale('run bank --tolerate crash --fault lie:rm-2');
    expect(stdout).toMatch(/^ {2}The history is not linearizable\. .* cannot be/m);
    expect((await chorale('run bank')).stdout).toMatch(/^The history is linearizable\.$/m);
  });

  test('AR-7: where only crashes are tolerated a liar is believed', async () => {
    const report = await reported('run bank --tolerate crash --fault lie:rm-2');
    expect(report.code).toBe(1);
    expect(report.verdict.wrong.length).toBeGreaterThan(0);
    expect(report.verdict.wrong.every(({ by }) => by.join() === 'rm-2')).toBe(true);
    expect(report.verdict.reasons.join(' ')).toMatch(/first reply is taken/);
  });

  test('CC-7: replicas that pass updates on in the background give y = 2 and then x = 0', async () => {
    const report = await reported(
      `run bank --replication local --requests ${root}/examples/bank/anomaly.jsonl --delay 10ms --fault partition:rm-1>rm-2,rm-3@0ms..60ms --fault crash:rm-1@50ms`,
    );
    expect(report.code).toBe(1);
    const [x, y, readY, readX] = report.requests as [
      ReportedRequest,
      ReportedRequest,
      ReportedRequest,
      ReportedRequest,
    ];
    // x is set at B, y at A by the same client, for B has failed; the reader is at A.
    expect([x.by, y.by, readY.by, readX.by]).toEqual([['rm-1'], ['rm-2'], ['rm-2'], ['rm-2']]);
    expect(x.endedAt).toBeLessThan(y.calledAt);
    expect(y.endedAt).toBeLessThan(readY.calledAt);
    expect([readY.reply, readX.reply]).toEqual([2, 0]);
    expect(report.verdict.wrong).toMatchObject([
      { request: readX.request, got: { value: 0 }, expected: { value: 1 }, missed: [x.request] },
    ]);
    expect(report.verdict.reasons.join(' ')).toMatch(/promises no consistency/);
  });

  test('CC-7: under active replication the same requests and faults give the right answers', async () => {
    const report = await reported(
      `run bank --requests ${root}/examples/bank/anomaly.jsonl --delay 10ms --fault crash:rm-1@50ms`,
    );
    expect(report.code).toBe(0);
    expect(replies(report).slice(2)).toEqual([2, 1]);
  });
});

describe('what a person reads', () => {
  test('a short run whole: every request, the replicas, the cost and the verdict', async () => {
    const { code, stdout, stderr } = await chorale('run kv');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^kv · active replication on 3 replicas · order total/);
    for (const piece of [
      /^alice#1 +put\('motd', 'hello'\) +done +RE SC EX END +0\.0 ms +\d+\.\d ms +\d+ +rm-\d$/m,
      /^alice#3 +get\('motd'\) +'hello, world'/m,
      /^bob#1 +cas\('lock', '', 'bob'\) +false/m,
      /^bob#3 +get\('nobody-put-this'\) +'' /m,
      /^rm-3 +live +9 +[0-9a-f]{12}$/m,
      /an update +\d+\.\d messages, \d+\.\d delays/,
      /a query +\d+\.\d messages, \d+\.\d delays/,
      /\d+ control messages; all in \d+ frames/,
      /^Right\. 14 requests answered, .* the 3 live replicas agree\.$/m,
    ]) {
      expect(stdout).toMatch(piece);
    }
    expect(stdout).not.toMatch(/--all|⋮|[ \t]$/m);
    expect(stdout).not.toContain(ESCAPE);
  });

  test('a long run in short: the beginning, the fault and what was under way, the end; --all shows every request', async () => {
    const line = 'run bank --fault crash:rm-1@320ms';
    const short = (await chorale(line)).stdout;
    const all = (await chorale(`${line} --all`)).stdout;
    const rows = (text: string): string[] =>
      text
        .replace(/ +/g, ' ')
        .split('\n')
        .filter((row) => /^(alice|bob|carol|dave)#/.test(row));
    expect(rows(all)).toHaveLength(240);
    expect(rows(short).length).toBeLessThan(40);
    expect(rows(short).slice(0, 15)).toEqual(rows(all).slice(0, 15));
    expect(rows(short).slice(-5)).toEqual(rows(all).slice(-5));
    expect(short).toMatch(new RegExp(`… ${240 - rows(short).length} more like these \\(--all shows every one\\)`));
    const left = [...short.matchAll(/^⋮ +(\d+) more$/gm)].reduce((sum, [, number]) => sum + Number(number), 0);
    expect(left).toBe(240 - rows(short).length);
    // The crash stands between the requests made before and after it.
    for (const text of [short, all]) {
      const place = text.split('\n').findIndex((row) => /──── 320\.0 ms {2}rm-1 crashed ────/.test(row));
      const around = text
        .split('\n')
        .slice(place - 1, place + 2)
        .map((row) => Number(/([\d.]+) ms +[\d.]+ ms/.exec(row)?.[1]));
      expect(around[0]).toBeLessThanOrEqual(320);
      expect(around[2]).toBeGreaterThanOrEqual(320);
    }
  });

  test('of a long run every wrong reply is shown, up to a bound', async () => {
    const file = named(
      'many.jsonl',
      lines(...Array.from({ length: 100 }, (_, i) => ({ client: 'a', op: 'add', args: [i] }))),
    );
    const { stdout, code } = await chorale(
      `run counter --requests ${file} --tolerate byzantine --fault lie:rm-2=A --fault lie:rm-3=A`,
    );
    expect(code).toBe(1);
    expect(stdout.match(/✗/g)?.length).toBeGreaterThan(40);
    expect(stdout.match(/^a#/gm)?.length).toBeLessThanOrEqual(60);
  });

  test('what the faults did is told, and a fault that never came is not told as if it had', async () => {
    const faults = [
      'partition:rm-1|rm-2,rm-3,fe-1@20ms..60ms',
      'loss:0.1',
      'duplicate:0.1',
      'recover:rm-3@200ms',
      'crash:rm-3@100ms',
      'crash:rm-2@1h',
    ];
    const wrong = await chorale(`run bank ${faults.map((fault) => `--fault ${fault}`).join(' ')}`);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    faults[5] = 'crash:rm-2@3600s';
    const { stdout, code } = await chorale(`run bank ${faults.map((fault) => `--fault ${fault}`).join(' ')}`);
    expect(code).toBe(0);
    for (const piece of [
      /^ +20\.0 ms {2}partition:rm-1\|rm-2,rm-3,fe-1@20ms\.\.60ms$/m,
      /^ +60\.0 ms {2}partition:rm-1\|rm-2,rm-3,fe-1@20ms\.\.60ms heals$/m,
      /^ +100\.0 ms {2}rm-3 crashed$/m,
      /^ +200\.0 ms {2}rm-3 recovered as incarnation 2$/m,
      /^ {2}throughout: loss:0\.1, duplicate:0\.1$/m,
      /frames [\d,]+ lost, [\d,]+ duplicated, [\d,]+ stopped by a partition/,
      /^ {2}never came: crash:rm-2@3600s \(the run ended at [\d.]+ ms\)$/m,
      /^rm-3 +silent +– +–$/m,
      /the 2 live replicas agree/,
    ]) {
      expect(stdout).toMatch(piece);
    }
  });

  test('requests without an answer are shown as such, and the exit code is 1', async () => {
    const { code, stdout } = await chorale('run counter --fault partition:fe-1|rm-1,rm-2,rm-3 --timeout 50ms');
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ no answer: TIMEOUT/);
    expect(stdout).toMatch(/^Not right\.\n {2}6 of 11 requests have no answer\.$/m);
  });

  test('colour is for terminals', async () => {
    const { stdout } = await chorale('run counter', { color: true });
    expect(stdout).toContain(`${ESCAPE}[32mRight.${ESCAPE}[39m`);
  });
});

describe('--json', () => {
  test('gives one object with all that the tables show', async () => {
    const { code, stdout, stderr } = await chorale(
      'run bank --tolerate byzantine --fault lie:rm-2 --fault crash:rm-3@320ms --seed 9 --json',
    );
    expect(stderr).toBe('');
    expect(stdout.endsWith('}\n')).toBe(true);
    const report = JSON.parse(stdout) as Report;
    expect(Object.keys(report)).toEqual([
      'service',
      'settings',
      'seed',
      'endedAt',
      'requests',
      'faults',
      'network',
      'replicas',
      'verdict',
      'consistency',
      'costs',
    ]);
    expect(report).toMatchObject({
      service: 'bank',
      seed: 9,
      settings: {
        replication: 'active',
        replicas: 3,
        tolerate: 'byzantine',
        order: 'total',
        reads: 'order',
        delay: [1, 3],
        timeout: 10_000,
        faults: ['lie:rm-2', 'crash:rm-3@320ms'],
      },
    });
    // A liar and a crash are one fault too many for three: nobody is told anything wrong, and some are told nothing.
    expect(code).toBe(1);
    expect(report.faults).toMatchObject({ struck: [{ t: 320, node: 'rm-3', what: 'crashed' }], neverCame: [] });
    expect(report.verdict.wrong).toEqual([]);
    expect(report.verdict.unanswered.length).toBeGreaterThan(0);
    expect(Object.keys(report.costs)).toEqual([
      'messagesPerUpdate',
      'delaysPerUpdate',
      'messagesPerQuery',
      'delaysPerQuery',
      'control',
    ]);
    const answered = report.requests.filter((request) => request.answered);
    for (const request of answered) {
      expect(request).toMatchObject({ phases: ['RE', 'SC', 'EX', 'END'], right: true });
      expect(request.delays).toBeGreaterThan(1);
      expect(request.messages).toBeGreaterThan(3);
      expect(request.endedAt - request.calledAt).toBeGreaterThanOrEqual(request.delays ?? 0); // at least 1 ms a message
    }
    const lost = report.requests.find((request) => !request.answered);
    expect(lost).toMatchObject({
      by: [],
      right: false,
      error: { code: expect.stringMatching(/TIMEOUT|NO_AGREEMENT/) },
    });
  });

  test('the mean costs of one update and one query are their own', async () => {
    const input = lines({ op: 'increment' }, { op: 'value' });
    const { requests, costs } = await reported('run counter --requests -', { input });
    const [update, query] = requests as [ReportedRequest, ReportedRequest];
    expect(costs).toMatchObject({
      messagesPerUpdate: update.messages,
      delaysPerUpdate: update.delays,
      messagesPerQuery: query.messages,
      delaysPerQuery: query.delays,
    });
  });

  test('the same seed gives the same object, byte for byte, and another seed another', async () => {
    const line = 'run bank --fault loss:0.2 --fault duplicate:0.1 --json';
    const [first, again, other] = await Promise.all([chorale(line), chorale(line), chorale(`${line} --seed 2`)]);
    expect(again.stdout).toBe(first.stdout);
    expect(other.stdout).not.toBe(first.stdout);
  });
});

describe('requests', () => {
  const many = (count: number): string =>
    lines(...Array.from({ length: count }, (_, i) => ({ client: `c${i % 10}`, op: 'add', args: [1] })));

  test('come from standard input too, and may leave out what has a default', async () => {
    const input = `\n${lines({ op: 'put', args: ['straße', 'ß'] })}\r\n${lines({ at: 30, client: 'zoë', op: 'get', args: ['straße'] })}   \n`;
    const report = await reported('run kv --requests -', { input });
    expect(report.code).toBe(0);
    expect(report.requests).toMatchObject([
      { request: 'client-1#1', client: 'client-1', calledAt: 0, reply: null },
      { request: 'zoë#1', client: 'zoë', calledAt: 30, reply: 'ß' },
    ]);
  });

  test('are dealt out by --clients, whoever they name', async () => {
    const report = await reported('run bank --clients 3');
    expect(report.requests.slice(0, 4).map(({ request }) => request)).toEqual([
      'client-1#1',
      'client-2#1',
      'client-3#1',
      'client-1#2',
    ]);
    expect(report.code).toBe(0);
  });

  test('of one client are made one at a time, in their order', async () => {
    const { requests } = await reported('run bank --clients 1 --fault loss:0.1');
    for (let place = 1; place < requests.length; place++) {
      expect(requests[place]?.calledAt).toBeGreaterThanOrEqual(requests[place - 1]?.endedAt ?? Number.NaN);
    }
  });

  test('may be many, and then it is shown how far the run is', async () => {
    const shown: string[] = [];
    const { code, stdout } = await chorale(`run counter --requests ${named('large.jsonl', many(5_000))} --replicas 1`, {
      progressAfter: 0,
      stderr: (text) => shown.push(text),
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/Right\. 5,000 requests answered/);
    expect(shown[0]).toMatch(/K[\d,]+ of 5,000 requests, [\d,]+ ms of virtual time …$/);
    expect(shown.at(-1)).toBe(`\r${ESCAPE}[K`);
  });

  test('that do not come can be waited for no longer', async () => {
    const interruption = new AbortController();
    const never = (async function* () {
      yield '{"op"';
      await new Promise(() => {});
    })();
    setTimeout(() => interruption.abort(), 20);
    const { code, stdout, stderr } = await chorale('run counter --requests -', {
      stdin: never,
      interrupted: interruption.signal,
    });
    expect({ code, stdout, stderr }).toEqual({
      code: 130,
      stdout: '',
      stderr: 'chorale: CANCELLED: interrupted before the run began\n',
    });
  });

  test('a run can be interrupted', async () => {
    const interruption = new AbortController();
    const trace = join(folder, 'interrupted-trace.jsonl');
    setTimeout(() => interruption.abort(), 200);
    const { code, stdout, stderr } = await chorale(
      `run counter --requests ${named('large.jsonl', many(20_000))} --trace ${trace}`,
      {
        interrupted: interruption.signal,
      },
    );
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/^chorale: interrupted after [\d,]+ of 20,000 requests, [\d,]+ ms of virtual time\n$/);
    expect(() =>
      readFileSync(trace, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).not.toThrow();
  });
});

test('between two slices of a run nothing moves, so that who leaves it there has ended it', async () => {
  const simulation = simulate(counter);
  const requests = Array.from({ length: 200 }, () => ({ at: 0, client: 'a', op: 'increment', args: [] }));
  const slices = playInSlices(simulation, requests, { timeout: 1000 });
  slices.next();
  const { now } = simulation;
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  expect(simulation.now).toBe(now);
  while (!slices.next().done);
  expect(simulation.now).toBeGreaterThan(now);
  // Then it moves for its clients again.
  expect(await simulation.client().value()).toBe(200);
});

describe('--trace', () => {
  test('writes a header and then every event, the same for the same seed', async () => {
    const line = 'run bank --fault crash:rm-1@320ms --seed 4';
    await chorale(`${line} --trace a.jsonl`);
    await chorale(`${line} --trace b.jsonl`);
    const text = readFileSync(join(folder, 'a.jsonl'), 'utf8');
    expect(readFileSync(join(folder, 'b.jsonl'), 'utf8')).toBe(text);
    const [header, ...events] = text
      .trimEnd()
      .split('\n')
      .map((event) => JSON.parse(event));
    expect(header).toMatchObject({
      kind: 'header',
      v: 1,
      service: 'bank',
      seed: 4,
      settings: { replication: 'active', replicas: 3, faults: ['crash:rm-1@320ms'] },
    });
    const kinds = new Set(events.map(({ kind }) => kind));
    for (const kind of [
      'view',
      'called',
      'sent',
      'received',
      'delivered',
      'transition',
      'phase',
      'answered',
      'crashed',
    ]) {
      expect([...kinds]).toContain(kind);
    }
    expect(events.filter(({ kind }) => kind === 'header')).toEqual([]);
    expect(events.filter(({ kind }) => kind === 'answered')).toHaveLength(240);
    const times = events.map(({ t }) => t);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test('that cannot be written is an error before anything is run', async () => {
    const { code, stdout, stderr } = await chorale('run bank --trace no/such/folder/t.jsonl');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /^chorale: INPUT_INVALID: --trace \S*no\/such\/folder\/t\.jsonl cannot be written: ENOENT.*\n$/,
    );
  });

  test('is not touched when the run is refused', async () => {
    const path = named('kept.jsonl', 'mine\n');
    await chorale(`run bank --fault crash:rm-9@1ms --trace ${path}`);
    expect(readFileSync(path, 'utf8')).toBe('mine\n');
  });
});

describe('modules', () => {
  const counter = (name: string): string =>
    `service('${name}', { state: () => ({ n: 0 }), updates: { bump(s) { s.n += 1; return s.n; } }, queries: { n: (s) => s.n } })`;
  const input = lines({ op: 'bump' }, { op: 'n' });

  test('of the user are run by their path: the default export, or the only service', async () => {
    named(
      'one.mjs',
      `import { service } from 'chorale';\nexport default ${counter('one')};\nexport const spare = ${counter('spare')};`,
    );
    named(
      'two.mjs',
      `import { service } from 'chorale';\nexport const two = ${counter('two')};\nexport const other = 5;`,
    );
    const one = await reported('run ./one.mjs --requests -', { input });
    const two = await reported(`run ${folder}/two.mjs --requests -`, { input });
    expect([one.service, one.code, replies(one)]).toEqual(['one', 0, [1, 1]]);
    expect([two.service, two.code, replies(two)]).toEqual(['two', 0, [1, 1]]);
  });

  test.each([
    ['nobody', /INPUT_INVALID: There is no example "nobody": there are bank, counter, kv, lock-service\./],
    ['./nothing.mjs', /INPUT_INVALID: There is no module \.\/nothing\.mjs\./],
    ['./none.mjs', /INPUT_INVALID: The module none\.mjs exports no service/],
    [
      './several.mjs',
      /INPUT_INVALID: The module several\.mjs exports 2 services: make one of them the default export\./,
    ],
    ['./broken.mjs', /INPUT_INVALID: The module broken\.mjs cannot be loaded: /],
    ['./invalid.mjs', /SERVICE_INVALID: /],
    [
      './silent.mjs',
      /INPUT_INVALID: "silent" brings no requests: name a file by --requests, or - for standard input\./,
    ],
  ])('%s is refused', async (name, message) => {
    named('none.mjs', 'export default { name: "none" };');
    named(
      'several.mjs',
      `import { service } from 'chorale';\nexport const a = ${counter('a')};\nexport const b = ${counter('b')};`,
    );
    named('broken.mjs', 'throw new Error("not today");');
    named(
      'invalid.mjs',
      `import { service } from 'chorale';\nexport default service('x', { state: () => ({}), updates: { f() {} }, queries: { f: () => 1 } });`,
    );
    named('silent.mjs', `import { service } from 'chorale';\nexport default ${counter('silent')};`);
    const { code, stdout, stderr } = await chorale(`run ${name}`);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.split('\n')).toHaveLength(2);
  });
});

describe('wrong input ends with exit code 2 and one line that names what is wrong', () => {
  const asThird = (text: string): string => `{"op": "total"}\n\n${text}\n`;
  const refused: [string, RegExp][] = [
    ['{"op": "total"', /r\.jsonl:3: the line is no JSON: /],
    ['[]', /r\.jsonl:3: the line must be an object/],
    ['"total"', /r\.jsonl:3: the line must be an object/],
    ['null', /r\.jsonl:3: the line must be an object/],
    ['{}', /r\.jsonl:3: field "op" is missing/],
    ['{"op": 1}', /r\.jsonl:3: field "op" must be the name of an operation/],
    ['{"op": "steal"}', /r\.jsonl:3: field "op": "bank" has no operation "steal": there are /],
    ['{"op": "toString"}', /r\.jsonl:3: field "op": "bank" has no operation "toString"/],
    ['{"op": "total", "at": -1}', /r\.jsonl:3: field "at" must be 0 ms or more/],
    ['{"op": "total", "at": "soon"}', /r\.jsonl:3: field "at" must be a number of ms/],
    ['{"op": "total", "at": 1e300}', /r\.jsonl:3: field "at" is over/],
    ['{"op": "total", "at": null}', /r\.jsonl:3: field "at" must be a number of ms/],
    ['{"op": "total", "client": ""}', /r\.jsonl:3: field "client" must be a name/],
    ['{"op": "total", "client": "a#1"}', /r\.jsonl:3: field "client" must be a name/],
    ['{"op": "total", "client": 7}', /r\.jsonl:3: field "client" must be a name/],
    ['{"op": "total", "args": {}}', /r\.jsonl:3: field "args" must be a list of arguments/],
    ['{"op": "total", "arg": []}', /r\.jsonl:3: field "arg" is not known: there are at, client, op and args/],
    [`{"op": "getBalance", "args": [${'['.repeat(20000)}${']'.repeat(20000)}]}`, /r\.jsonl:3: field "args": /],
  ];
  test.each(refused.map(([text, message]) => ({ text, message, name: text.slice(0, 60) })))(
    'request $name',
    async ({ text, message }) => {
      named('r.jsonl', asThird(text));
      const { code, stdout, stderr } = await chorale('run bank --requests r.jsonl');
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(message);
      expect(stderr).toMatch(/^chorale: INPUT_INVALID: [^\n]*\n$/);
    },
  );

  test.each([
    ['run bank --requests nowhere.jsonl', /INPUT_INVALID: --requests nowhere\.jsonl cannot be read: ENOENT/],
    ['run bank --requests -', /INPUT_INVALID: There are no requests in standard input\./],
    ['run bank --fault crash:rm-9@1ms', /INPUT_INVALID: The fault "crash:rm-9@1ms" names rm-9: there are rm-1 to rm-3/],
    ['run bank --fault crash:sequencer@1ms', /INPUT_INVALID: The fault "crash:sequencer@1ms" names sequencer/],
    [
      'run bank --fault explode:rm-1',
      /INPUT_INVALID: The fault "explode:rm-1" is not understood: "explode" is no kind of fault/,
    ],
    ['run bank --fault crash:rm-1@soon', /"soon" is no time/],
    ['run bank --fault loss:2', /"2" is no probability/],
    ['run bank --replicas 0', /INPUT_INVALID: .*--replicas.*'0'.* whole number from 1 to 64/],
    ['run bank --replicas 3.5', /INPUT_INVALID: .*--replicas/],
    ['run bank --replicas 65', /INPUT_INVALID: .*--replicas/],
    ['run bank --clients none', /INPUT_INVALID: .*--clients/],
    ['run bank --seed -1', /INPUT_INVALID: .*--seed/],
    ['run bank --seed 4294967296', /INPUT_INVALID: .*--seed/],
    ['run bank --delay fast', /INPUT_INVALID: .*--delay.*a time such as 5ms, or a range such as 1\.\.20ms/],
    ['run bank --delay 9..1ms', /INPUT_INVALID: .*--delay/],
    ['run bank --timeout 0', /INPUT_INVALID: .*--timeout.*a time such as/],
    ['run bank --tolerate everything', /INPUT_INVALID: .*--tolerate.*crash, byzantine/],
    ['run bank --replication magic', /INPUT_INVALID: .*--replication.*active, local/],
    ['run bank --order alphabetic', /INPUT_INVALID: .*--order.*unordered, fifo, causal, total/],
    ['run bank --reads none', /INPUT_INVALID: .*--reads.*order, one/],
    ['run bank --colour', /INPUT_INVALID: unknown option '--colour'/],
    ['run', /INPUT_INVALID: missing required argument 'service'/],
    ['run bank counter', /INPUT_INVALID: too many arguments/],
    ['sing', /INPUT_INVALID: unknown command 'sing'/],
  ])('%s', async (argv, message) => {
    const { code, stdout, stderr } = await chorale(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^chorale: [^\n]*\n$/);
  });

  test.each([
    'run bank --tolerate byzantine --replication local',
    'run bank --tolerate byzantine --reads one',
    'run bank --order fifo',
    'run bank --order unordered',
    'run bank --replication local --order total',
  ])('FN-4: %s is refused, for the style cannot keep its promise', async (argv) => {
    const { code, stdout, stderr } = await chorale(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^chorale: STYLE_UNSUITED: [^\n]*\n$/);
  });

  test('FN-4: a service that says that it is not deterministic is refused by a style that executes at every replica', async () => {
    named(
      'dice.mjs',
      `import { service } from 'chorale';\nexport default service('dice', { deterministic: false, state: () => ({ n: 0 }), updates: { roll(s) { s.n = 4; } }, queries: {} });`,
    );
    const { code, stderr } = await chorale('run ./dice.mjs --requests -', { input: lines({ op: 'roll' }) });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^chorale: STYLE_UNSUITED: /);
  });
});

describe('explore', () => {
  test('reaches every state of an example, and says which properties hold', async () => {
    const { code, stdout, stderr } = await chorale('explore two-phase-commit --set rms=2 --no-symmetry');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^two-phase commit, 2 resource managers\n56 states, 105 transitions, depth 7, /);
    expect(stdout).toMatch(/^Every state was reached\.$/m);
    expect(stdout).toMatch(/^✓ always: consistent$/m);
    expect(stdout).toMatch(/^✓ sometimes: all commit \(after 7 steps\)$/m);
  });

  test('--json is one object', async () => {
    const { code, stdout } = await chorale('explore ping-pong --set rough=0 --set most=3 --json --search dfs');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'ping-pong up to 3',
      states: 7,
      transitions: 6,
      depth: 6,
      seconds: expect.any(Number),
      complete: true,
      violations: [],
    });
  });

  test('exit 1 with the way to a violation, told in steps', async () => {
    const path = named(
      'pushed-down.mjs',
      `import { createMachine } from '${resolve(root, 'node_modules/xstate/dist/xstate.esm.js')}';
       const machine = createMachine({ id: 'm', initial: 'up', states: { up: { on: { push: 'down' } }, down: {} } });
       export const exploration = () => ({
         name: 'broken',
         actors: [{ address: 'a/one', machine, input: () => undefined }],
         environment: [{ to: 'a/one', event: { type: 'push' } }],
         properties: [{ kind: 'always', name: 'up', holds: (view) => view.state('a/one') === 'up' }],
       });`,
    );
    const { code, stdout } = await chorale(`explore ${path}`);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ always: up$/m);
    expect(stdout).toContain('up: it does not hold, after\n  1. a/one is given push\n       a/one: up → down\n');
  });

  test('exit 3 when a limit ends it and nothing wrong was found', async () => {
    const { code, stdout } = await chorale('explore two-phase-commit --set rms=5 --no-symmetry --limit 500');
    expect(code).toBe(3);
    expect(stdout).toMatch(/^Not every state was reached: the limit of 500 states was reached\.$/m);
    expect(stdout).toMatch(/^\? always: consistent \(unknown\)$/m);
  });

  test('exit 130 when it is interrupted, with what it had; a terminal sees how far it is', async () => {
    const interruption = new AbortController();
    let seen = '';
    const { code, stdout } = await chorale('explore two-phase-commit --set rms=9 --no-symmetry', {
      progressAfter: 0,
      interrupted: interruption.signal,
      stderr: (text) => {
        seen += text;
        interruption.abort();
      },
    });
    expect(code).toBe(130);
    expect(seen).toMatch(/[\d,]+ states, [\d,]+ transitions, depth \d+, [\d,]+ waiting …/);
    expect(seen).toMatch(/chorale: interrupted after [\d,]+ states/);
    expect(stdout).toMatch(/^Not every state was reached: it was interrupted\.$/m);
  });

  test.each([
    ['explore nothing', 'There is no exploration "nothing": there are bank, membership, ping-pong, two-phase-commit'],
    ['explore ./nothing.mjs', 'There is no module'],
    ['explore two-phase-commit --set rm=3', 'has no setting rm: there are rms'],
    ['explore two-phase-commit --set rms', 'a name and a number'],
    ['explore two-phase-commit --limit soon', 'a time such as 60s'],
    ['explore bank --search wide', 'bfs, dfs'],
  ])('INPUT_INVALID: %s', async (line, why) => {
    const { code, stdout, stderr } = await chorale(line);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('INPUT_INVALID');
    expect(stderr).toContain(why);
  });

  test('INPUT_INVALID: a module that returns no configuration, or explores nothing', async () => {
    expect(await chorale(`explore ${named('empty.mjs', 'export const exploration = () => ({});')}`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is no configuration'),
    });
    expect(await chorale(`explore ${named('other.mjs', 'export const other = 1;')}`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('explores nothing'),
    });
  });
});

describe('the other words', () => {
  test('list shows the examples with their operations, and the styles', async () => {
    const { code, stdout } = await chorale('list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^bank +setBalance deposit withdraw transfer +getBalance total +accounts, /m);
    expect(stdout).toMatch(/^counter /m);
    expect(stdout).toMatch(/^kv +put append cas +get /m);
    expect(stdout).toMatch(/^active +RE SC EX END /m);
    expect(stdout).toMatch(/^local +RE EX END AC /m);
    expect(stdout).toMatch(/^To explore: bank membership ping-pong two-phase-commit$/m);
  });

  test('list --json is the same as one object', async () => {
    const { stdout } = await chorale('list --json');
    expect(JSON.parse(stdout)).toMatchObject({
      examples: [
        { name: 'bank', updates: ['setBalance', 'deposit', 'withdraw', 'transfer'] },
        { name: 'counter' },
        { name: 'kv' },
        { name: 'lock-service' },
      ],
      explorations: ['bank', 'membership', 'ping-pong', 'two-phase-commit'],
      replication: [{ name: 'active' }, { name: 'local' }, { name: 'passive' }, { name: 'lazy' }],
    });
  });

  test('help and version are no errors; nothing at all is', async () => {
    expect(await chorale('--help')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/list.*run.*explore.*Exit codes/s),
    });
    expect(await chorale('run --help')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/--replication.*partition:NODE.*chorale run bank/s),
    });
    expect(await chorale('--version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(await chorale('')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/Usage: chorale/) });
  });
});
