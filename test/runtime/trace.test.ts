import { describe, expect, test } from '@jest/globals';
import { simulate } from '../../runtime/simulate/simulation.js';
import { type PlannedRequest, play } from '../../runtime/simulate/workload.js';
import { CausalIndex, chainLines, concerning, unseenText } from '../../runtime/trace/causes.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import { sequencePicture } from '../../runtime/trace/sequence.js';
import { ledger } from './runs.js';

/** What a short run with faults leaves. */
function traceOf(settings: Parameters<typeof simulate>[1], requests: readonly PlannedRequest[]): TraceEvent[] {
  const events: TraceEvent[] = [];
  const simulation = simulate(ledger, { delay: [1, 1], ...settings, trace: (event) => events.push(event) });
  play(simulation, requests, { timeout: 1000 });
  return events;
}

const add = (client: string, at: number, amount: number): PlannedRequest => ({ at, client, op: 'add', args: [amount] });
const total = (client: string, at: number): PlannedRequest => ({ at, client, op: 'total', args: [] });

const picture = (events: readonly TraceEvent[], settings: Partial<Parameters<typeof sequencePicture>[1]> = {}) =>
  sequencePicture(events, { all: false, width: 100, request: (id) => id, paint: (_, text) => text, ...settings });

/** Two clients, of which the second asks where the first one's update comes late. */
const anomaly = () =>
  traceOf({ replication: 'local', replicas: 2, faults: ['partition:rm-1|rm-2@0ms..30ms'] }, [
    add('alice', 0, 5),
    total('bob', 10),
  ]);

describe('a picture of a run', () => {
  test('calls, answers, messages where they arrive, and one that is late where it leaves as well', () => {
    const [head, ...lines] = picture(anomaly()).split('\n');
    expect(head?.trim().split(/ +/)).toEqual(['ms', 'fe-1', 'fe-2', 'rm-1', 'rm-2']);
    const shown = lines.map((line) => line.replaceAll('│', ' ').replace(/\s+/g, ' ').trim());
    expect(shown.slice(0, -2)).toEqual([
      '0.0 ──── partition:rm-1|rm-2@0ms..30ms ────',
      '0.0 ● alice#1',
      expect.stringMatching(/^1\.0 ├─requests─+▶$/),
      '1.0 ■ EX END AC alice#1',
      expect.stringMatching(/^1\.0 ├─+▷ data until \d+\.\d$/),
      expect.stringMatching(/^2\.0 ◀─replies─+┤$/),
      '2.0 ○ alice#1 = 5',
      '10.0 ● bob#1',
      expect.stringMatching(/^11\.0 ├─requests─+▶$/),
      '11.0 ■ EX END bob#1',
      expect.stringMatching(/^12\.0 ◀─replies─+┤$/),
      '12.0 ○ bob#1 = 0',
      expect.stringMatching(/^30\.0 ──── partition:rm-1\|rm-2@0ms\.\.30ms heals ────/),
    ]);
    expect(shown.at(-2)).toMatch(/├┄+data of 1\.0┄+▶$/);
    expect(shown.at(-1)).toMatch(/■ AC alice#1$/);
  });

  test('what never arrives, and a node that is down', () => {
    const events = traceOf({ replicas: 2, faults: ['crash:rm-2@3ms', 'recover:rm-2@40ms'] }, [
      add('alice', 0, 5),
      add('alice', 20, 5),
      add('alice', 60, 5),
    ]);
    const lines = picture(events).split('\n');
    const place = (pattern: RegExp): number => lines.findIndex((line) => pattern.test(line));
    const [crashed, back] = [place(/✕ crashed/), place(/recovered as incarnation 2 ✚/)];
    expect(crashed).toBeGreaterThan(0);
    expect(back).toBeGreaterThan(crashed);
    const column = lines[crashed]?.indexOf('✕') ?? -1;
    // its lifeline ends at the crash, and begins again
    for (const line of lines.slice(crashed + 1, back)) expect(line[column] ?? ' ').not.toBe('│');
    expect(lines[back + 1]?.[column]).toMatch(/[│◀▶├┤]/);
    expect(lines.some((line) => /✕.* never arrives|never arrives .*✕/.test(line))).toBe(true);
  });

  test('many nodes share columns, and no line is too long', () => {
    const clients = Array.from({ length: 9 }, (_, place) => `client-${place + 1}`);
    const events = traceOf(
      { replicas: 7 },
      clients.map((client) => add(client, 0, 1)),
    );
    for (const width of [60, 100]) {
      const lines = picture(events, { width, request: (id) => `${id} ${'a long call '.repeat(9)}` }).split('\n');
      expect(lines[0]).toMatch(/fe-1 … fe-9/);
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
      expect(lines.some((line) => /fe-9 → sequencer/.test(line))).toBe(true);
    }
  });

  test('control messages and deliveries where all are asked for; tones are handed to whoever paints', () => {
    const events = anomaly();
    expect(picture(events)).not.toMatch(/stability|delivers/);
    const all = picture(events, { all: true });
    expect(all).toMatch(/stability/);
    expect(all).toMatch(/· delivers rm-1:1 #1/);
    const painted = picture(events, { paint: (tone, text) => (tone === 'warning' ? `<${text}>` : text) });
    expect(painted).toMatch(/<──── partition:/);
    expect(painted.replace(/[<>]/g, '').split('\n')).toEqual(picture(events).replace(/[<>]/g, '').split('\n'));
  });

  test('nothing of nothing', () => expect(picture([])).toBe(''));
});

describe('the causes of an answer', () => {
  test('lead back to its call, newest first', () => {
    const index = new CausalIndex(anomaly());
    expect(chainLines(index.chain('bob#1'))).toEqual([
      'bob#1 answered 0 at fe-2, 12.0 ms',
      '← replies from rm-2, 11.0 to 12.0 ms (EX END bob#1)',
      '← requests from fe-2, 10.0 to 11.0 ms (RE bob#1)',
      '← call of bob#1 at fe-2, 10.0 ms',
    ]);
    expect(index.chain('nobody#1')).toEqual([]);
  });

  test('FN-2: through the order too, one message delay after another', () => {
    const steps = new CausalIndex(traceOf({ replicas: 3 }, [add('alice', 0, 5)])).chain('alice#1');
    expect(steps.map(({ event }) => (event.kind === 'sent' ? event.type : event.kind))).toEqual([
      'answered',
      'replies',
      'ordered',
      'submit',
      'called',
    ]);
  });

  test('what whoever answered had not executed, and where that was', () => {
    const index = new CausalIndex(anomaly());
    const [unseen, ...others] = index.unseen('bob#1', ['alice#1', 'bob#1']);
    expect(others).toEqual([]);
    expect(unseen).toMatchObject({
      request: 'alice#1',
      by: 'rm-2',
      answeredAt: 11,
      elsewhere: [{ node: 'rm-1', t: 1 }],
      message: { kind: 'sent', type: 'data', node: 'rm-1', t: 1 },
    });
    expect(unseen?.executedAt).toBeGreaterThan(30);
    expect(unseen === undefined ? '' : unseenText(unseen)).toMatch(
      /^rm-2 had not executed alice#1 at 11\.0 ms: executed by then: rm-1 at 1\.0 ms; its data from rm-1 had been on the way since 1\.0 ms; rm-2 executed it at /,
    );
  });

  test('of requests in one batch the later one has seen the earlier one', () => {
    const events = traceOf({ replicas: 3, frontEnds: 1 }, [add('alice', 0, 5), add('bob', 0, 6)]);
    const index = new CausalIndex(events);
    const executed = events.find((event) => event.kind === 'phase' && event.phase === 'EX');
    const [first, second] = executed?.kind === 'phase' ? executed.requests : [];
    expect([first, second].sort()).toEqual(['alice#1', 'bob#1']);
    expect(index.unseen(second ?? '', [first ?? ''])).toEqual([]);
    expect(index.unseen(first ?? '', [second ?? ''])).toHaveLength(1);
  });

  test('what concerns a request is its own way, and the faults', () => {
    const events = anomaly();
    const some = concerning(events, ['bob#1']);
    expect(some.length).toBeLessThan(events.length / 2);
    expect(some.filter(({ kind }) => kind === 'answered')).toHaveLength(1);
    expect(some.filter(({ kind }) => kind === 'received')).toHaveLength(2);
    expect(some.some(({ kind }) => kind === 'fault')).toBe(true);
    expect(some.some((event) => event.kind === 'sent' && event.node === 'rm-1')).toBe(false);
  });
});
