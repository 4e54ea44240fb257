import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { consistencyText } from '../../runtime/cli/compare-readable.js';
import type { Compared, Comparison } from '../../runtime/cli/compare-report.js';
import type { Io } from '../../runtime/cli/io.js';
import { longestSilence } from '../../runtime/cli/silence.js';
import { variants } from '../../runtime/cli/variants.js';
import { styles } from '../../runtime/cluster/styles.js';
import { type Ended, runCommand } from './command.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-compare-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function chorale(line: string, world: Partial<Io> = {}): Promise<Ended> {
  const stdin = (async function* () {
    yield '';
  })();
  const words = line.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [];
  return runCommand(words, { cwd: folder, stdin, ...world });
}

async function compared(line: string): Promise<Comparison & { code: number }> {
  const { code, stdout, stderr } = await chorale(`compare ${line} --json`);
  if (stdout === '') throw new Error(`no comparison: ${stderr}`);
  return { ...(JSON.parse(stdout) as Comparison), code };
}

const row = ({ variants: rows }: Comparison, name: string): Compared => {
  const found = rows.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no line "${name}"`);
  return found;
};

describe('chorale compare', () => {
  test('sets all styles side by side: one crash half way, by default, and nothing is lost by who promises so', async () => {
    const comparison = await compared('bank');
    expect(comparison.code).toBe(0);
    expect(comparison.requests).toEqual({ updates: 182, queries: 58, clients: 4 });
    expect(comparison.faults).toEqual([expect.stringMatching(/^crash:rm-1@\d+ms$/)]);
    expect(comparison.variants.map(({ name }) => name)).toEqual(variants.map(({ name }) => name));
    for (const { name, refused, promised, faults, settings } of comparison.variants) {
      expect({ name, refused }).toEqual({ name, refused: null });
      const style = styles[settings.replication];
      const outlives = style.promises.tolerates(3, settings.tolerate ?? 'crash', settings.backups) >= 1;
      if (outlives) expect({ name, ...faults }).toMatchObject({ name, lost: 0, unanswered: 0, broken: null });
      if (promised !== 'none') expect(faults?.consistency.refuted).not.toContain(promised);
    }
  });

  test('FN-2: the phases of every style are seen to be those that it declares', async () => {
    const { variants: rows } = await compared('kv --no-fault');
    for (const { name, peace, settings } of rows) {
      const {
        update,
        query,
        queryAtOne = query,
      } = styles[settings.replication].phases as {
        readonly update: readonly string[];
        readonly query: readonly string[];
        readonly queryAtOne?: readonly string[];
      };
      const way = settings.reads === undefined || settings.reads === 'order' ? query : queryAtOne;
      expect({ name, update: peace?.update?.phases, query: peace?.query?.phases }).toEqual({
        name,
        update,
        query: way,
      });
    }
  });

  test('MC-12: messages and delays are those of a run without faults: 1 + n to order, n replies; 3 delays', async () => {
    const { variants: rows } = await compared('kv --replicas 5 --styles active --fault loss:0.3');
    const [active] = rows;
    expect(active?.peace?.update).toMatchObject({ delays: 3, otherPhases: 0 });
    // A little less where requests of two clients travel together.
    expect(active?.peace?.update?.messages).toBeCloseTo(11, 0);
    expect(rows.find(({ settings }) => settings.reads === 'one')?.peace?.query).toMatchObject({
      messages: 2,
      delays: 2,
    });
  });

  test('an update that dies with the only replica that has it is lost, and the history shows it', async () => {
    const requests = resolve(import.meta.dirname, '../../examples/bank/anomaly.jsonl');
    const faults = '--delay 10ms --fault partition:rm-1>rm-2,rm-3@0ms..60ms --fault crash:rm-1@50ms';
    const comparison = await compared(`bank --styles active,local --requests ${requests} ${faults}`);
    const { faults: local } = row(comparison, 'local');
    expect(local).toMatchObject({ lost: 1, lostRequests: [expect.any(String)], broken: null });
    expect(local?.consistency.refuted).toContain('linearizable');
    expect(row(comparison, 'active').faults).toMatchObject({ lost: 0, consistency: { holds: 'linearizable' } });
    expect(comparison.code).toBe(0); // `local` has promised nothing
  });

  test('more liars than are tolerated break no promise, and the history is shown for what it is', async () => {
    const comparison = await compared('counter --styles active --fault lie:rm-2');
    expect(row(comparison, 'active').faults?.consistency).toMatchObject({
      holds: null,
      refuted: ['linearizable', 'sequential'],
    });
    expect(row(comparison, 'active').faults?.broken).toBeNull();
    expect(row(comparison, 'active tolerate=byzantine').faults?.consistency.holds).toBe('linearizable');
    expect(comparison.code).toBe(0);
  });

  test('a broken promise is said, and the exit code is 1', async () => {
    const { code, stdout } = await chorale('compare counter --styles local,active --timeout 1ms --no-fault');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ active: it promises to outlive 2 of 3 replicas, and requests were not answered\.$/m);
  });

  test('the tables', async () => {
    const { code, stdout, stderr } = await chorale('compare counter --fault crash:rm-1@AC#2');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^counter · 7 updates and 4 queries of 2 clients · 3 replicas · 1 to 3 ms a message · seed 1$/m,
    );
    expect(stdout).toMatch(/^Faults: crash:rm-1@AC#2$/m);
    expect(stdout).toMatch(/^active +linearizable +linearizable +agree +RE SC EX END +RE SC EX END$/m);
    expect(stdout).toMatch(/^active +7\.\d +[67]\.\d +3\.0 +3\.0 +\d\.\d ms +\d\.\d ms +\d\.\d ms +0 of 7 +0$/m);
    expect(stdout).toMatch(/^local +none +/m);
    // Active replication has no such phase.
    expect(stdout).toMatch(/^active: crash:rm-1@AC#2 never came\.$/m);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(130);
  });

  test('the same seed gives the same comparison', async () => {
    expect(await compared('kv --seed 9')).toEqual(await compared('kv --seed 9'));
  });

  test('FN-4: a style that does not suit the service says why in its line', async () => {
    const path = join(folder, 'dice.mjs');
    writeFileSync(
      path,
      `import { service } from 'chorale';\nexport default service('dice', { deterministic: false, state: () => ({ n: 0 }), updates: { roll(s) { s.n += 1; } }, queries: {} });`,
    );
    const requests = join(folder, 'rolls.jsonl');
    writeFileSync(requests, '{"op":"roll"}\n{"op":"roll"}\n');
    const { code, stdout } = await chorale(`compare ${path} --requests ${requests}`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^active: Replication "active" cannot serve "dice" so: every replica executes/m);
    expect(stdout).toMatch(/^local +none +/m);
    expect(await chorale(`compare ${path} --requests ${requests} --styles active`)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^chorale: STYLE_UNSUITED: /),
    });
  });

  test('Ctrl-C prints what there is', async () => {
    const interruption = new AbortController();
    let seen = '';
    const { code, stdout } = await chorale('compare bank', {
      progressAfter: 0,
      interrupted: interruption.signal,
      stderr: (text) => {
        seen += text;
        if (/^\D*[1-9] of \d+ runs/.test(text)) interruption.abort();
      },
    });
    expect(code).toBe(130);
    expect(seen).toMatch(/chorale: interrupted after \d of \d+ runs/);
    expect(stdout).toMatch(/^active +linearizable/m);
    expect(stdout).toMatch(/^active +7\.0 .*–/m);
  });

  test.each([
    ['compare', /missing required argument 'service'/],
    ['compare bank --styles magic', /there is no "magic"\. Styles: active, local/],
    ['compare bank --fault crash:rm-9@1ms', /names rm-9: there are rm-1 to rm-3/],
    ['compare bank --fault crash', /The fault "crash" is not understood/],
    ['compare bank --replicas 0', /--replicas/],
    ['compare nothing', /There is no example "nothing"/],
    ['compare bank --requests none.jsonl', /none\.jsonl/],
  ])('INPUT_INVALID: %s', async (line, why) => {
    const { code, stdout, stderr } = await chorale(line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^chorale: INPUT_INVALID: [^\n]*\n$/);
    expect(stderr).toMatch(why);
  });

  test('help says what it does', async () => {
    expect((await chorale('--help')).stdout).toMatch(/compare/);
    expect((await chorale('compare --help')).stdout).toMatch(/--styles.*--no-fault.*runs twice.*chorale compare bank/s);
  });
});

describe('what the lines are made of', () => {
  test('every style has a line, and its name says what is not as usual', () => {
    expect(new Set(variants.map(({ settings }) => settings.replication))).toEqual(new Set(Object.keys(styles)));
    expect(new Set(variants.map(({ name }) => name)).size).toBe(variants.length);
    expect(variants).toContainEqual({
      name: 'active reads=one',
      settings: { replication: 'active', reads: 'one' },
    });
  });

  test('silence is while somebody waits and nobody is answered: pauses and answers of others do not count', () => {
    const request = (calledAt: number, endedAt: number, answered = true) => ({ calledAt, endedAt, answered });
    expect(longestSilence([])).toEqual({ silence: 0, wait: 0 });
    expect(longestSilence([request(0, 5), request(100, 103)])).toEqual({ silence: 5, wait: 5 });
    // One waits for 40 ms, and others are answered meanwhile.
    expect(longestSilence([request(0, 40), request(5, 15), request(15, 22)])).toEqual({ silence: 18, wait: 40 });
    // Given up: nobody is answered until then.
    expect(longestSilence([request(0, 5), request(5, 105, false)])).toEqual({ silence: 100, wait: 100 });
    // Two are answered at once, one was given up before.
    expect(longestSilence([request(0, 30), request(0, 30), request(10, 20, false)])).toEqual({ silence: 30, wait: 30 });
    expect(longestSilence([request(0, 50), request(60, 70)], 55)).toEqual({ silence: 10, wait: 10 });
    expect(longestSilence([request(0, 50), request(60, 70)], 50)).toEqual({ silence: 50, wait: 50 });
  });

  test('the strongest that holds, or what is known in its place', () => {
    expect(consistencyText({ holds: 'linearizable', refuted: [], unknown: [] })).toBe('linearizable');
    expect(consistencyText({ holds: 'sequential', refuted: [], unknown: ['linearizable'] })).toBe(
      'sequential (linearizable?)',
    );
    expect(consistencyText({ holds: null, refuted: ['linearizable', 'sequential'], unknown: ['causal'] })).toBe(
      'not sequential',
    );
    expect(consistencyText({ holds: null, refuted: ['linearizable'], unknown: ['sequential', 'causal'] })).toBe(
      'not linearizable',
    );
    expect(consistencyText({ holds: null, refuted: ['linearizable', 'sequential', 'causal'], unknown: [] })).toBe(
      'none',
    );
    expect(consistencyText({ holds: null, refuted: [], unknown: ['linearizable', 'sequential', 'causal'] })).toBe(
      'unknown',
    );
  });
});
