import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import bank from '../../examples/bank/service.js';
import type { Io } from '../../runtime/cli/io.js';
import type { ReplayReport } from '../../runtime/cli/replay-report.js';
import { savedText } from '../../runtime/simulate/saved-run.js';
import type { Scenario } from '../../runtime/simulate/scenario.js';
import { tryScenario } from '../../runtime/simulate/trial.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import { lineRecorder } from '../../runtime/trace/recorder.js';
import { type Ended, runCommand } from './command.js';

const root = resolve(import.meta.dirname, '../..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-replay-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One command line, as a shell would cut it at its spaces. */
const chorale = (line: string, world: Partial<Io> = {}): Promise<Ended> =>
  runCommand(line.split(' '), { cwd: folder, ...world });

async function reported(line: string): Promise<ReplayReport & { readonly code: number }> {
  const { code, stdout, stderr } = await chorale(`${line} --json`);
  if (stdout === '') throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as ReplayReport), code }; // what --json prints
}

const named = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

/** Two deposits at two replicas that do not know of each other. */
const twoDeposits: Scenario = {
  seed: 3,
  replication: 'local',
  replicas: 2,
  tolerate: 'crash',
  order: 'unordered',
  reads: 'order',
  retryAfter: 500,
  delay: [1, 1],
  loss: 0,
  duplicate: 0,
  faults: [],
  requests: [
    { at: 0, client: 'alice', op: 'deposit', args: ['x', 1] },
    { at: 0, client: 'bob', op: 'deposit', args: ['x', 1] },
  ],
  via: {},
  faultsEndAt: null,
  timeout: 1000,
};

describe('a run of chorale sim, by its seed', () => {
  test('it is made small, and shown as a picture with the causes of the wrong answer', async () => {
    const { code, stdout, stderr } = await chorale('replay 3 bank --replication local');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    for (const piece of [
      /^bank · local replication on 2 replicas · order unordered · .* · checked to be sequential$/m,
      /made small from seed 3 in \d+ runs: 2 of 24 requests, 0 of \d+ faults/,
      /^ +ms +fe-1 +fe-2 +rm-1 +rm-2$/m,
      /● client-1#1 deposit\("\w+", 1\)/,
      /├─requests─+▶│/,
      /■ EX END AC client-2#1/,
      /^Violated: sequential\. /m,
      /^✗ +client-[12] +deposit\("\w+", 1\) +1 /m,
      /^client-2#1 answered 1 at fe-2, \d+\.\d ms\n {2}← replies from rm-2, .*\n {2}← requests from fe-2, .*\n {2}← call of client-2#1 at fe-2/m,
      /^ {2}! rm-2 had not executed client-1#1 at .*: executed by then: rm-1 at .*; its data from rm-1 had been on the way since/m,
      /^Not right: sequential/m,
    ]) {
      expect(stdout).toMatch(piece);
    }
    for (const line of stdout.split('\n').slice(4, 20)) expect([...line].length).toBeLessThanOrEqual(100);
    expect(await chorale('replay 3 bank --replication local')).toEqual({ code, stdout, stderr });
  });

  test('as it was drawn, whole', async () => {
    const { code, scenario, shrunk, events } = await reported('replay 3 bank --replication local --no-shrink');
    expect(code).toBe(1);
    expect(shrunk).toBeNull();
    expect(scenario).toMatchObject({ seed: 3, replicas: 3 });
    expect(scenario.requests).toHaveLength(24);
    expect(events.filter(({ kind }) => kind === 'answered').length).toBeGreaterThan(12);
  });

  test('a run that is right stays as it is', async () => {
    const { code, stdout } = await chorale('replay 3 bank --profile calm --each 2');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Right\. 6 requests, linearizable; nothing is violated\.$/m);
    expect(stdout).not.toMatch(/made small/);
  });
});

describe('a scenario that was saved', () => {
  test('it is run as it is', async () => {
    const name = named('small.json', savedText({ service: 'bank', property: 'sequential', scenario: twoDeposits }));
    const report = await reported(`replay ${name}`);
    expect(report).toMatchObject({ code: 1, verdict: 'violated', shrunk: null, trace: null, scenario: twoDeposits });
    expect(report.part.map(({ output }) => output)).toEqual([1, 1]);
    expect(report.explained.flatMap(({ unseen }) => unseen.map(({ by, request }) => [by, request]))).toEqual([
      ['rm-2', 'alice#1'],
      ['rm-1', 'bob#1'],
    ]);
  });

  test('what its history is checked for may be another thing', async () => {
    const name = named('other.json', savedText({ service: 'bank', scenario: twoDeposits }));
    expect((await reported(`replay ${name}`)).property).toBe('sequential');
    expect((await reported(`replay ${name} --for linearizable`)).property).toBe('linearizable');
  });
});

describe('a trace', () => {
  /** The trace of a run, and its lines. */
  async function recorded(): Promise<{ readonly name: string; readonly lines: readonly string[] }> {
    const name = 'anomaly.jsonl';
    const requests = `${root}/examples/bank/anomaly.jsonl`;
    const faults =
      '--fault partition:rm-1>rm-2,rm-3@0ms..60ms --fault crash:rm-1@50ms --fault duplicate:0.3 --delay 10ms';
    await chorale(`run bank --replication local --requests ${requests} ${faults} --trace ${name}`);
    return { name, lines: readFileSync(join(folder, name), 'utf8').trim().split('\n') };
  }

  test('that chorale run wrote comes out the same, to the byte', async () => {
    const { name, lines } = await recorded();
    const { code, trace, scenario } = await reported(`replay ${name}`);
    expect(code).toBe(1); // the anomaly of CC-7
    expect(trace).toEqual({ events: lines.length - 1, difference: null });
    expect(scenario.requests).toHaveLength(4);
    const { stdout } = await chorale(`replay ${name}`);
    expect(stdout).toMatch(new RegExp(`^The same trace: all ${lines.length - 1} events, to the byte\\.$`, 'm'));
  });

  test('that replay wrote comes out the same as well', async () => {
    await chorale('replay 3 bank --replication local --trace again.jsonl');
    const { trace, property, code } = await reported('replay again.jsonl');
    expect({ property, code }).toEqual({ property: 'sequential', code: 1 });
    expect(trace?.difference).toBeNull();
    expect(trace?.events).toBeGreaterThan(10);
  });

  test('the events recorded in a trial are its lines', async () => {
    await chorale(
      `replay ${named('two.json', savedText({ service: 'bank', scenario: twoDeposits }))} --trace two.jsonl`,
    );
    let lines = '';
    const recorder = lineRecorder((line) => {
      lines += line;
    });
    tryScenario(bank, twoDeposits, { property: 'sequential', recorder });
    const [, ...events] = readFileSync(join(folder, 'two.jsonl'), 'utf8').split('\n');
    expect(events.join('\n')).toBe(lines);
  });

  test('that somebody altered, cut or went on with is told from the run, by its first other line', async () => {
    const { lines } = await recorded();
    const { length } = lines;
    const altered = lines.with(9, (lines[9] ?? '').replace('"t":', '"t":1'));
    const cut = lines.slice(0, 12);
    const longer = [...lines, lines[length - 1] ?? ''];
    const cases = [
      [altered, { line: 10, recorded: altered[9], now: lines[9] }],
      [cut, { line: 13, recorded: null, now: lines[12] }],
      [longer, { line: length + 1, recorded: lines[length - 1], now: null }],
    ] as const;
    for (const [doctored, difference] of cases) {
      const name = named('doctored.jsonl', `${doctored.join('\n')}\n`);
      const report = await reported(`replay ${name}`);
      expect(report.code).toBe(1);
      expect(report.trace?.difference).toEqual(difference);
    }
    const { stdout } = await chorale(`replay ${named('cut.jsonl', cut.join('\n'))}`);
    expect(stdout).toMatch(
      /^Another trace: line 13 differs\.\n {2}recorded +nothing: the file ends before it\n {2}now +\{/m,
    );
  });

  test('of a right run that is another is not right', async () => {
    const requests = named('one.jsonl', '{"op": "deposit", "args": ["x", 1]}');
    await chorale(`run bank --requests ${requests} --trace right.jsonl`);
    expect((await chorale('replay right.jsonl')).code).toBe(0);
    const text = readFileSync(join(folder, 'right.jsonl'), 'utf8');
    named('wrong.jsonl', text.replace('"kind":"called"', '"kind":"caled"'));
    const { code, stdout } = await chorale('replay wrong.jsonl');
    expect(code).toBe(1);
    expect(stdout).toMatch(/Another trace/);
  });
});

describe('wrong input', () => {
  test('each says what is wrong, and nothing is run', async () => {
    const scenario = { ...twoDeposits, replicas: 0 };
    const good = savedText({ service: 'bank', scenario: twoDeposits });
    named('good.json', good);
    named('replicas.json', savedText({ service: 'bank', scenario }));
    named('more.json', good.replace('"seed"', '"sead"'));
    named('nothing.json', '{}');
    named('no.json', 'no JSON at all');
    named('old.jsonl', '{"kind":"header","v":1,"service":"bank","settings":{},"seed":1}\n');
    named('future.jsonl', '{"kind":"header","v":2,"service":"bank"}\n');
    named('whose.json', savedText({ service: 'nobody', scenario: twoDeposits }));
    named('fault.json', savedText({ service: 'bank', scenario: { ...twoDeposits, faults: ['crash:rm-9'] } }));
    named('call.json', good.replace('"deposit"', '"withdrew"'));
    const cases: [string, RegExp][] = [
      ['replay', /missing required argument 'run'/],
      ['replay 3', /name the service too/],
      ['replay 3 nobody', /no example "nobody"/],
      ['replay 4294967296', /no seed such as 17, and no file/],
      ['replay missing.json', /missing\.json is no seed such as 17, and no file that can be read/],
      ['replay good.json --replicas 4', /good\.json says all that decides the run, so --replicas would mean nothing/],
      ['replay good.json kv', /a run of the service "bank", and not of "kv"/],
      ['replay good.json --for causal', /causal/],
      ['replay replicas.json', /field "scenario\.replicas"/],
      ['replay more.json', /field "scenario\.se?a?d?/],
      ['replay nothing.json', /neither a scenario .* nor a trace/],
      ['replay no.json', /neither a scenario .* nor a trace/],
      ['replay old.jsonl', /the trace is older than replay/],
      ['replay future.jsonl', /field "v"/],
      ['replay whose.json', /no example "nobody"/],
      ['replay fault.json', /crash:rm-9/],
      ['replay call.json', /withdrew/],
      ['replay good.json --trace /nowhere/at/all.jsonl', /--trace .* cannot be written/],
    ];
    for (const [line, message] of cases) {
      const { code, stdout, stderr } = await chorale(line);
      expect({ line, code, stdout }).toEqual({ line, code: 2, stdout: '' });
      expect(stderr).toMatch(/^chorale: (INPUT|ARGUMENTS)_INVALID: /);
      expect(stderr).toMatch(message);
    }
  });

  test('Ctrl-C ends it', async () => {
    const interrupted = AbortSignal.abort();
    const { code, stdout, stderr } = await chorale('replay 3 bank --replication local --each 40', { interrupted });
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/interrupted/);
  });
});

test('a long picture is cut to what matters, and --all shows the rest with control messages', async () => {
  const line = 'replay 3 bank --replication local --no-shrink --each 5';
  const short = await chorale(line);
  const long = await chorale(`${line} --all`);
  expect(short.stdout).toMatch(/^… [\d,]+ more lines \(--all shows every one\)$/m);
  expect(long.stdout).not.toMatch(/more lines/);
  expect(short.stdout).not.toMatch(/stability/);
  expect(long.stdout).toMatch(/stability/);
  expect(long.stdout.length).toBeGreaterThan(short.stdout.length);
  const { events } = JSON.parse((await chorale(`${line} --json`)).stdout) as { events: TraceEvent[] }; // the report's
  const messages = events.filter(({ kind }) => kind === 'received').length;
  expect(long.stdout.match(/[▶◀]/g)?.length).toBeGreaterThanOrEqual(messages);
});
