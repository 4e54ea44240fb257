import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import bank, { workload } from '../../examples/bank/service.js';
import type { Io } from '../../runtime/cli/io.js';
import type { SimReport } from '../../runtime/cli/sim-report.js';
import type { RunOutcome } from '../../runtime/simulate/outcome.js';
import { drawScenario, type Exercise, parseRun, runText } from '../../runtime/simulate/scenario.js';
import { RunTotals } from '../../runtime/simulate/totals.js';
import { type Ended, runCommand } from './command.js';

const root = resolve(import.meta.dirname, '../..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-sim-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One command line, as a shell would cut it at its spaces. */
async function chorale(line: string, world: Partial<Io> & { input?: string } = {}): Promise<Ended> {
  const { input, ...io } = world;
  const stdin = (async function* () {
    yield input ?? '';
  })();
  return runCommand(line.split(' '), { cwd: folder, stdin, ...io });
}

async function reported(
  line: string,
  world: Partial<Io> & { input?: string } = {},
): Promise<SimReport & { code: number }> {
  const { code, stdout, stderr } = await chorale(`sim ${line} --json`, world);
  if (stdout === '') throw new Error(`no report: ${stderr}`);
  return { ...(JSON.parse(stdout) as SimReport), code };
}

const named = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const lines = (...requests: object[]): string => requests.map((request) => `${JSON.stringify(request)}\n`).join('');
const untimed = ({ time: _, ...report }: SimReport): Omit<SimReport, 'time'> => report;

/** Passive replication with leases of 100 ms. */
const leased = {
  replication: 'passive',
  replicas: 3,
  tolerate: 'crash',
  order: 'fifo',
  reads: 'order',
  more: { lease: 100 },
  calls: { clients: 2, each: 4, workload },
} as const;

describe('what the runs come to', () => {
  test('AR-8: active replication is linearizable in every run, within the faults that it claims to outlive', async () => {
    const report = await reported('bank --seeds 1..150 --each 4');
    expect(report.violations).toEqual([]);
    expect(report.code).toBe(0);
    expect(report.property).toBe('linearizable');
    expect(report.verdicts).toEqual({ holds: report.runs.all, violated: 0, unknown: 0 });
    expect(report.runs.all).toBeGreaterThanOrEqual(150);
    // the runs are worth something: faults struck, and frames were lost
    expect(report.faults).toMatchObject({ crash: expect.any(Number), partition: expect.any(Number) });
    expect(report.network.lost).toBeGreaterThan(100);
  });

  test('AR-8: with reads at one replica it is sequentially consistent in every run', async () => {
    const report = await reported('bank --reads one --seeds 1..80 --each 4');
    expect(report.property).toBe('sequential');
    expect(report.violations).toEqual([]);
    expect(report.code).toBe(0);
  });

  test('AR-8: with reads at one replica a history is found that is not linearizable, and made small', async () => {
    const report = await reported('bank --reads one --for linearizable --violations 1 --save small.json');
    expect(report.code).toBe(1);
    expect(report.violated).toEqual({ linearizable: 1 });
    const [violation] = report.violations;
    expect(violation).toMatchObject({ property: 'linearizable', near: 0 });
    expect(violation?.replay).toBe(`chorale replay ${violation?.seed} bank --reads one --for linearizable`);
    const [smallest] = report.smallest;
    expect(smallest?.part.length).toBe(2);
    expect(smallest?.scenario.requests.length).toBeLessThan(24);
    const replayed = await chorale('replay small.json --json');
    expect(replayed.code).toBe(1);
    expect(JSON.parse(replayed.stdout).violations[0].property).toBe('linearizable');
  });

  test('AR-8: replicas that answer for themselves are found not to be sequentially consistent', async () => {
    const report = await reported('bank --replication local --each 4 --violations 3 --no-shrink');
    expect(report.code).toBe(1);
    expect(report.property).toBe('sequential');
    expect(report.verdicts.violated).toBe(3);
    expect(report.violations[0]?.property).toBe('sequential');
    expect(report.smallest).toEqual([]);
  });

  test('PB-14: lazy replication is found to lose an update and to give a stale read, each made small', async () => {
    // Clients write, and read what they wrote, with time for the master's state to get through, or not.
    named(
      'few.jsonl',
      lines(
        { at: 0, client: 'alice', op: 'deposit', args: ['x', 1] },
        { at: 0, client: 'alice', op: 'getBalance', args: ['x'] },
        { at: 60, client: 'bob', op: 'deposit', args: ['y', 2] },
        { at: 120, client: 'bob', op: 'deposit', args: ['y', 3] },
      ),
    );
    const report = await reported('bank --replication lazy --requests few.jsonl --seeds 3..5');
    expect(report.code).toBe(1);
    // It goes on, and comes to one state again, whatever is lost.
    expect(Object.keys(report.violated)).toEqual(['lost update', 'sequential']);
    const stale = report.violations.find(({ why }) => why.startsWith('A stale read: '));
    expect(stale).toMatchObject({
      property: 'sequential',
      why: expect.stringMatching(
        /: alice had been answered by rm-1 from version 2 .*, and getBalance by rm-2 from version 1\./,
      ),
    });
    const [history, loss, ...others] = report.smallest;
    expect(others).toEqual([]);
    expect(history?.property).toBe('sequential');
    expect(loss).toMatchObject({
      property: 'lost update',
      why: expect.stringMatching(
        / was answered at .* and is lost: rm-\d, which answered it, .*, and it is not in the state/,
      ),
      scenario: { requests: [expect.anything()] },
      saved: null,
    });
    expect(loss?.scenario.faults.length).toBeLessThanOrEqual(2);
  });

  test('PB-13: rollback recovery is linearizable whoever crashes and comes back, and however its disk behaves', async () => {
    const report = await reported('bank --replication passive --backups rollback --seeds 1..60 --each 4');
    expect(report).toMatchObject({ code: 0, property: 'linearizable', violations: [], runs: { lost: 0 } });
    expect(report.faults).toMatchObject({ crash: expect.any(Number), recover: expect.any(Number) });
    expect(report.charts.find(({ chart }) => chart === 'rollback replica manager')).toBeDefined();
  });

  test('PB-7: under leases passive replication is linearizable, clocks running as wrong as is assumed', async () => {
    const line = 'bank --replication passive --lease 100ms --seeds 1..8 --each 4';
    const report = await reported(line);
    expect(report).toMatchObject({ code: 0, settings: { lease: 100 }, violations: [] });
    for (let seed = 1; seed <= 100; seed++) {
      const { faults } = drawScenario(seed, { ...leased, profile: 'mixed' });
      for (const fault of faults) {
        expect(fault).not.toMatch(/^slow:/);
        const rate = /^skew:[\w-]+:([\d.]+)@/.exec(fault)?.[1] ?? 1;
        expect(Math.abs(Number(rate) - 1)).toBeLessThanOrEqual(0.1 + 1e-9);
      }
    }
  });

  test('AR-7: more liars than are tolerated are found out', async () => {
    const report = await reported('counter --tolerate byzantine --profile beyond --violations 1 --no-shrink');
    expect(report.code).toBe(1);
    expect(report.violations.length).toBeGreaterThan(0);
  });
});

describe('the report', () => {
  test('says all that was run, as one object', async () => {
    const report = await reported('counter --seeds 5..24 --clients 2 --each 3 --profile network');
    expect(report).toMatchObject({
      code: 0,
      service: 'counter',
      settings: { replication: 'active', replicas: 3, profile: 'network', clients: 2, each: 3, requests: null },
      property: 'linearizable',
      seeds: [5, 24],
      interrupted: false,
      violated: {},
      violations: [],
      smallest: [],
      faults: {},
    });
    const { runs, requests, answered, events, network, time, charts } = report;
    expect(runs.all).toBe(20 + runs.near);
    expect(requests).toBe(runs.all * 6);
    expect(answered).toBe(requests);
    expect(events).toBeGreaterThan(requests * 5);
    expect(network.frames).toBeGreaterThan(requests);
    expect(time.jobs).toBe(1);
    expect(time.cpuMicrosPerRequest).toBeGreaterThan(0);
    expect(charts.map(({ chart }) => chart)).toContain('active replica manager');
    for (const { states, transitions, never } of charts)
      expect(never).toHaveLength(states.all - states.taken + transitions.all - transitions.taken);
  });

  test('is the same for the same seeds, but for the time; other seeds give another', async () => {
    const line = 'kv --seeds 1..12 --each 4';
    const first = await reported(line);
    expect(untimed(await reported(line))).toEqual(untimed(first));
    expect((await reported('kv --seeds 2..13 --each 4')).events).not.toBe(first.events);
  });

  test('is the same from the threads of the compiled command as from one thread', async () => {
    const line = 'bank --replication local --seeds 1..14 --each 3 --violations 4';
    const here = await reported(line);
    const main = join(root, 'dist/runtime/cli/main.js');
    const failed = await promisify(execFile)(process.execPath, [
      main,
      'sim',
      ...line.split(' '),
      '--jobs',
      '2',
      '--json',
    ])
      .then(({ stdout }) => ({ code: 0, stdout }))
      .catch((error: { code: number; stdout: string }) => error);
    expect(failed.code).toBe(1);
    const there = JSON.parse(failed.stdout) as SimReport;
    expect(there.time.jobs).toBe(2);
    expect({ ...untimed(there), code: 1 }).toEqual(untimed(here));
  });

  test('tells a person the same', async () => {
    const { code, stdout, stderr } = await chorale('sim bank --replication local --seeds 1..6 --each 4 --save s.json');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^bank · local replication on 3 replicas · order unordered · tolerates crash faults$/m);
    expect(stdout).toMatch(/^runs {6}6 \(seeds 1 to 6\)$/m);
    expect(stdout).toMatch(/^Never taken\n {2}local /m);
    expect(stdout).toMatch(/^Not right: \d of 6 runs \(.*sequential \d/m);
    expect(stdout).toMatch(/^ {4}chorale replay \d bank --replication local --each 4$/m);
    expect(stdout).toMatch(/^Run \d, made small in [\d,]+ runs: \d+ of 12 requests, 0 of \d+ faults$/m);
    expect(stdout).toMatch(/^chorale replay s\.json$/m);
    expect(JSON.parse(readFileSync(join(folder, 's.json'), 'utf8'))).toMatchObject({
      kind: 'scenario',
      service: 'bank',
      property: 'sequential',
    });
  });

  test('of a history that nobody could judge in time is "unknown", and ends with 3', async () => {
    const report = await reported('bank --seeds 1 --clients 40 --each 8 --limit 1ms --profile calm');
    expect(report.verdicts).toEqual({ holds: 0, violated: 0, unknown: 1 });
    expect(report.code).toBe(3);
    const { stdout } = await chorale('sim bank --seeds 1 --clients 40 --each 8 --limit 1ms --profile calm');
    expect(stdout).toMatch(/^Of 1 run the check does not know: --limit gives it more time/m);
  });
});

describe('what is called', () => {
  test('these very requests, from a file or from standard input', async () => {
    const input = lines(
      { client: 'a', op: 'add', args: [2] },
      { client: 'b', op: 'value' },
      { client: 'a', op: 'value' },
    );
    named('calls.jsonl', input);
    const report = await reported('counter --requests calls.jsonl --seeds 1..5');
    expect(report).toMatchObject({ code: 0, requests: 15 });
    expect(report.settings).toMatchObject({ clients: null, each: null, requests: 'calls.jsonl' });
    expect(untimed(await reported('counter --requests - --seeds 1..5', { input }))).toMatchObject({
      requests: 15,
      events: report.events,
    });
  });

  test('what the module of the service draws', async () => {
    named(
      'drawn.mjs',
      `import { service } from 'chorale';
       export default service('drawn', { state: () => ({ n: 0 }), updates: { put(s, n) { s.n = n; } }, queries: { get: (s) => s.n } });
       export const workload = (chance) => chance.chance(0.5) ? ['put', chance.int(1, 9)] : ['get'];`,
    );
    expect(await reported('./drawn.mjs --seeds 1..5')).toMatchObject({ code: 0, service: 'drawn', requests: 120 });
  });

  let odd = 0;
  const module = (workload: string): string =>
    `import { service } from 'chorale';
     export default service('odd', { state: () => ({ n: 0 }), updates: { put(s, n) { s.n = n; } }, queries: {} });
     ${workload}`;

  test.each([
    ['', /INPUT_INVALID: There is nothing to draw the calls of "odd" from: .*workload\(chance\)/],
    ["export const workload = () => ['steal'];", /The run 1 cannot be made: "odd" has no operation "steal"/],
    ["export const workload = () => 'put';", /INPUT_INVALID: The run 1 cannot be made: The workload returned "put"/],
    ['export const workload = () => [];', /INPUT_INVALID: The run 1 cannot be made: The workload returned \[\]/],
  ])('a module with the workload "%s" is wrong input', async (workload, message) => {
    odd += 1; // a module is loaded once for each path
    named(`odd-${odd}.mjs`, module(workload));
    const { code, stdout, stderr } = await chorale(`sim ./odd-${odd}.mjs --seeds 1..2`);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test.each([
    ['sim bank --seeds 9..3', /INPUT_INVALID: .*--seeds.* range of whole numbers such as 1\.\.2000/],
    ['sim bank --seeds all', /INPUT_INVALID: .*--seeds/],
    ['sim bank --seeds 1..4294967296', /INPUT_INVALID: .*--seeds.*4294967295/],
    ['sim bank --jobs 0', /INPUT_INVALID: .*--jobs.* whole number from 1/],
    ['sim bank --limit soon', /INPUT_INVALID: .*--limit.*a time such as/],
    ['sim bank --profile awful', /INPUT_INVALID: .*--profile.*mixed/],
    ['sim bank --for money', /INPUT_INVALID: .*--for.*linearizable, sequential/],
    ['sim bank --violations none', /INPUT_INVALID: .*--violations/],
    ['sim nothing', /INPUT_INVALID: There is no example "nothing"/],
    ['sim bank --order fifo', /STYLE_UNSUITED: /],
    ['sim bank --requests nowhere.jsonl', /INPUT_INVALID: --requests nowhere\.jsonl cannot be read/],
    [
      'sim bank --replication local --seeds 1..3 --each 2 --save no/where.json',
      /INPUT_INVALID: --save no\/where\.json/,
    ],
    ['sim', /INPUT_INVALID: missing required argument 'service'/],
  ])('%s is wrong input', async (argv, message) => {
    const { code, stdout, stderr } = await chorale(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('somebody waits for it', () => {
  test('at a terminal it says how far it is, and clears that away', async () => {
    const { stderr } = await chorale('sim counter --seeds 1..20 --each 2', { progressAfter: 0 });
    const said = stderr.split('\r').filter((line) => line !== '');
    expect(said.at(-1)).toBe('\u001b[K');
    for (const line of said.slice(0, -1))
      expect(line).toMatch(/\d+ of 22 runs, 0 violations, \d+ runs\/s, \d+ s left …$/);
  });

  test('Ctrl-C prints what there is so far, and ends with 130', async () => {
    const control = new AbortController();
    const stderr = (): void => control.abort();
    const report = await reported('bank --seeds 1..100000', { progressAfter: 0, stderr, interrupted: control.signal });
    expect(report).toMatchObject({ code: 130, interrupted: true });
    expect(report.runs.all).toBeGreaterThan(0);
    expect(report.runs.all).toBeLessThan(100_000);
    const early = await chorale('sim bank', { interrupted: AbortSignal.abort() });
    expect(early.code).toBe(130);
    expect(early.stdout).toMatch(/^runs {6}none$/m);
    expect(early.stdout).toMatch(/^Interrupted after 0 runs\.$/m);
  });
});

describe('runs near a seed', () => {
  const exercise: Exercise = {
    replication: 'active',
    replicas: 3,
    tolerate: 'crash',
    order: 'total',
    reads: 'order',
    profile: 'mixed',
    calls: { clients: 2, each: 3, workload },
  };

  test('have names, which are read again', () => {
    for (const run of [
      { seed: 0, near: 0 },
      { seed: 17, near: 3 },
      { seed: 2 ** 32 - 1, near: 0 },
    ])
      expect(parseRun(runText(run))).toEqual(run);
    for (const text of ['', '17+0', '17+', '-1', '4294967296', '1.5', 'a', '17+3+1']) expect(parseRun(text)).toBeNull();
  });

  test('have the same calls, and either the same faults on another network or other faults on the same network', () => {
    const base = drawScenario(4, exercise);
    const [odd, even] = [drawScenario(4, exercise, 1), drawScenario(4, exercise, 2)];
    expect([odd.requests, even.requests]).toEqual([base.requests, base.requests]);
    expect(odd.faults).toEqual(base.faults);
    expect(odd.seed).not.toBe(base.seed);
    expect({ ...even, faults: base.faults }).toEqual(base);
    expect(even.faults).not.toEqual(base.faults);
    expect(drawScenario(4, exercise, 1)).toEqual(odd);
  });

  const outcome = (seed: number, ...taken: string[]): RunOutcome => ({
    seed,
    near: 0,
    requests: 1,
    answered: 1,
    events: 1,
    network: { frames: 0, bytes: 0, lost: 0, duplicated: 0, blocked: 0, omitted: 0, refused: 0 },
    faults: {},
    lost: false,
    verdict: 'holds',
    violations: [],
    charts: [{ chart: bank.name, states: [], transitions: taken.map((name) => ({ name, taken: 1 })) }],
  });

  test('are near those that took what is rarely taken, the rarest first, in turn', () => {
    const totals = new RunTotals();
    for (let seed = 1; seed <= 100; seed++) {
      const taken = ['usual', ...(seed % 50 === 0 ? ['rare'] : []), ...(seed === 7 ? ['rarest'] : [])];
      totals.add(outcome(seed, ...taken));
    }
    expect(totals.nearby(5).map(runText)).toEqual(['7+1', '50+1', '7+2', '100+1', '7+3']);
  });

  test('are not made where nothing is rarely taken', () => {
    const totals = new RunTotals();
    for (let seed = 1; seed <= 20; seed++) totals.add(outcome(seed, 'usual'));
    expect(totals.nearby(2)).toEqual([]);
  });
});
