import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { formatHistory } from '../../runtime/check/history-file.js';
import { linearizable } from '../../runtime/check/linearizable.js';
import { models } from '../../runtime/check/models.js';
import type { CheckReport } from '../../runtime/cli/check-report.js';
import { run } from '../../runtime/cli/cli.js';
import { plotOf } from '../../runtime/cli/plot.js';
import { history, kv } from './check/small-histories.js';
import { type Ended, runCommand } from './command.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-check-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function chorale(
  line: string,
  input = '',
  interrupted = new AbortController().signal,
  command = run,
): Promise<Ended> {
  const stdin = (async function* () {
    yield input;
    // Nobody has closed it.
    if (input === '') await new Promise(() => {});
  })();
  return runCommand(line.split(' '), { cwd: folder, stdin, interrupted }, command);
}

const named = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

const stale = formatHistory(history(kv('A: put x 1 @0..1', 'B: get x - @2..3', 'C: put y 1 @0..9; get y 1 @10..12')));

describe('chorale check', () => {
  test('CC-9: a verdict that it is violated shows the smallest part, and which operation is impossible', async () => {
    const { code, stdout, stderr } = await chorale(`check ${named('stale.jsonl', stale)}`);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^kv · 4 operations of 3 processes\n\nlinearizable: violated\n/);
    expect(stdout).toMatch(/ +A +put\("x", "1"\) +0 +1\n✗ +B +get\("x"\) → "" +2 +3\n/);
    expect(stdout).not.toContain('"y"');
    expect(stdout).toMatch(/It took [\d,]+ ms\.\n$/);
  });

  test('CC-2, CC-3: the same history for the other properties, from standard input', async () => {
    for (const property of ['sequential', 'causal', 'sessions']) {
      const { code, stdout, stderr } = await chorale(`check - --for ${property} --json`, stale);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const report = JSON.parse(stdout) as CheckReport;
      expect(report).toMatchObject({ object: 'kv', operations: 4, processes: 3, for: property, verdict: 'holds' });
      expect(report.verdicts.map(({ verdict }) => verdict)).toEqual(
        property === 'sessions' ? Array(4).fill('holds') : ['holds'],
      );
    }
  });

  test('CC-9: one JSON object has all of it', async () => {
    const { code, stdout } = await chorale(`check ${named('stale.jsonl', stale)} --json`);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'violated',
      verdicts: [
        {
          property: 'linearizable',
          part: [{ process: 'A', op: 'put' }, { process: 'B' }],
          impossible: { process: 'B', op: 'get', output: '' },
          why: expect.stringContaining('get("x")'),
        },
      ],
      took: expect.any(Number),
    });
  });

  test('CC-9: what is not found out is unknown, with an exit code of its own', async () => {
    const told = kv('A: put x 1; put x 1; get x 1');
    const { code, stdout } = await chorale(`check - --for causal`, formatHistory(history(told)));
    expect(code).toBe(3);
    expect(stdout).toMatch(/causal: unknown\n {2}Who wrote the "1"/);
    // Nine concurrent increments, and a sum that none of their orders gives.
    const adds = Array.from({ length: 24 }, (_, i) => ({ process: i, op: 'add', input: 2 ** i, call: 0, return: 9 }));
    const read = { process: 'r', op: 'read', output: 2 ** 24, call: 1, return: 8 };
    const lines = [{ object: 'counter' }, ...adds, read].map((line) => JSON.stringify(line)).join('\n');
    const late = await chorale('check - --for sequential --limit 50ms', lines);
    expect(late).toMatchObject({ code: 3, stdout: expect.stringMatching(/unknown[\s\S]*ms/) });
    const small = await chorale('check - --for sequential --memory 1MiB', lines);
    expect(small).toMatchObject({ code: 3, stdout: expect.stringMatching(/unknown[\s\S]*bytes/) });
  });

  test('wrong input is no verdict: the file, the line and the field are named', async () => {
    const put = '{"process":1,"op":"put","key":"x","input":"1","call":0,"return":5}';
    const wrong: [string, string, RegExp][] = [
      ['check nowhere.jsonl', '', /INPUT_INVALID: nowhere\.jsonl cannot be read: ENOENT/],
      ['check -', `{"object":"kv"}\n${put}\n{"process":1,`, /INPUT_INVALID: standard input:3: .*JSON/],
      ['check -', `{"object":"kv"}\n{"op":"put"}`, /standard input:2: field "process": /],
      ['check -', `{"object":"kv"}\n${put.replace('put', 'putt')}`, /standard input:2: field "op": .*putt/],
      ['check -', `{"object":"kw"}\n${put}`, /standard input:1: field "object": .*kw/],
      ['check -', `{"object":"kv"}\n${put.replace('"return":5', '"return":-1')}`, /standard input:2: field "return": /],
      ['check -', put, /does not say what object.*--object.*register, kv, counter, bank/s],
      ['check - --object queue', `{"object":"kv"}\n${put}`, /standard input:1: field "object": /],
      ['check - --object tree', put, /INPUT_INVALID: .*'tree'/],
      ['check - --for serializable', put, /INPUT_INVALID: .*'serializable'/],
      ['check - --limit never', put, /INPUT_INVALID: .*--limit/],
      ['check - --memory 5', put, /INPUT_INVALID: .*--memory.*512MiB/],
      ['check - --object kv --plot no/where.html', put, /INPUT_INVALID: --plot no\/where\.html cannot be written/],
      ['check', '', /INPUT_INVALID: missing required argument 'file'/],
    ];
    for (const [line, input, message] of wrong) {
      const ended = await chorale(line, input);
      expect([line, ended]).toEqual([line, { code: 2, stdout: '', stderr: expect.stringMatching(message) }]);
      expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });

  test('--object says it for a file that does not', async () => {
    const bare = formatHistory(history(kv('A: put x 1; get x 1'), null));
    expect(await chorale('check - --object kv', bare)).toMatchObject({ code: 0, stderr: '' });
  });

  test('Ctrl-C while it waits for standard input ends it', async () => {
    const interruption = new AbortController();
    const ended = chorale('check -', '', interruption.signal);
    interruption.abort();
    expect(await ended).toMatchObject({ code: 130, stdout: '', stderr: expect.stringMatching(/interrupted/) });
  });

  // The thread of its own is a compiled file: `npm test` builds it first.
  const compiled = resolve(import.meta.dirname, '../../dist/runtime/cli/cli.js');
  (existsSync(compiled) ? test : test.skip)('Ctrl-C in a search of any length ends it, and says so', async () => {
    const adds = Array.from({ length: 40 }, (_, i) => ({ process: i, op: 'add', input: 2 ** i, call: 0, return: 9 }));
    const read = { process: 'r', op: 'read', output: 2 ** 41, call: 1, return: 8 };
    const lines = [{ object: 'counter' }, ...adds, read].map((line) => JSON.stringify(line)).join('\n');
    const command = (await import(compiled)) as { run: typeof run }; // the same, compiled
    const interruption = new AbortController();
    const line = `check ${named('hard.jsonl', lines)} --for sequential --limit 500s`;
    const ended = chorale(line, '', interruption.signal, command.run);
    setImmediate(() => interruption.abort());
    expect(await ended).toEqual({ code: 130, stdout: '', stderr: 'chorale: interrupted before there was a verdict\n' });
    expect(await chorale(`check ${named('stale.jsonl', stale)} --json`, '', undefined, command.run)).toMatchObject({
      code: 1,
    });
    expect(await chorale('check -', '{', undefined, command.run)).toMatchObject({
      code: 2,
      stderr: 'chorale: INPUT_INVALID: standard input:1: this is not JSON.\n',
    });
  });

  test('its help shows the form of the lines, the objects and the exit codes', async () => {
    const { code, stdout } = await chorale('check --help');
    expect(code).toBe(0);
    for (const name of Object.keys(models)) expect(stdout).toContain(`  ${name} `);
    expect(stdout).toMatch(/"call": 0, "return": 5[\s\S]*Exit codes: 0 holds/);
  });
});

describe('--plot', () => {
  test('one page without anything to load: bars by process, the part, and the impossible one with the reason', async () => {
    const { code } = await chorale(`check ${named('stale.jsonl', stale)} --plot out.html`);
    expect(code).toBe(1);
    const page = readFileSync(join(folder, 'out.html'), 'utf8');
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<script|src=|href=|@import/);
    // The part by itself, and the whole.
    expect(page.match(/<svg/g)).toHaveLength(2);
    expect(page.match(/<rect/g)).toHaveLength(2 + 4);
    expect(page.match(/<rect class="part"/g)).toHaveLength(2);
    expect(page.match(/<rect class="wrong"/g)).toHaveLength(2);
    expect(page).toMatch(/<p class="violated">linearizable: <b>violated\.<\/b> .*get\(&quot;x&quot;\)/);
  });

  test('what is in the history cannot be more than text, and what never returned fades out', () => {
    const told = kv('<b>: put <i>&x 1 @0..', 'B: get <i>&x 1 @3..4');
    const page = plotOf(told, [linearizable(told, models.kv)], '<title>');
    expect(page).not.toMatch(/<b>:|<i>|&x/);
    expect(page).toContain('&lt;i&gt;&amp;x');
    expect(page).toContain('url(#fade)');
    expect(page.match(/<rect/g)).toHaveLength(2);
  });

  test('of a large history the neighbourhood of what fails is drawn, and the page says so', () => {
    const told = kv(...Array.from({ length: 3000 }, (_, i) => `p${i % 5}: put x ${i}`), 'p9: get x 7');
    const verdict = linearizable(told, models.kv);
    expect(verdict.verdict).toBe('violated');
    const page = plotOf(told, [verdict], 'large');
    const bars = page.match(/<rect/g)?.length ?? 0;
    expect(bars).toBeGreaterThan(100);
    expect(bars).toBeLessThan(500);
    expect(page).toContain('of 3001 operations are drawn');
    expect(page.match(/<rect class="wrong"/g)).toHaveLength(2);
    expect(page.length).toBeLessThan(200_000);
  });

  test('a history of nothing', () => {
    expect(plotOf([], [{ property: 'causal', verdict: 'holds' }], 'nothing')).toContain('<svg');
  });
});
