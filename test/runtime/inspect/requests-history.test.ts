import { describe, expect, test } from '@jest/globals';
import bank from '../../../examples/bank/service.js';
import { layoutOf } from '../../../runtime/inspect/page/views/history/layout.js';
import { numbersOf, rulesOf, shownOf } from '../../../runtime/inspect/page/views/history/reasons.js';
import { isAnswered, requestsBy, rowOf } from '../../../runtime/inspect/page/views/requests/rows.js';
import type { Operation, Verdict } from '../../../runtime/inspect/protocol.js';
import { kindNumber } from '../../../runtime/inspect/timeline/chunk.js';
import { Encoder } from '../../../runtime/inspect/timeline/encode.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import { random } from '../../../runtime/simulate/random.js';
import { simulate } from '../../../runtime/simulate/simulation.js';
import { play } from '../../../runtime/simulate/workload.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

const operation = (
  client: string,
  calledAt: number,
  answeredAt: number | null,
  more: Partial<Operation> = {},
): Operation => ({
  request: `${client}#${calledAt}`,
  client,
  kind: 'update',
  op: 'deposit',
  args: ['x', 1],
  calledAt,
  answeredAt,
  result: answeredAt === null ? null : '1',
  ...more,
});

describe('requests', () => {
  const events: TraceEvent[] = [];
  const simulation = simulate(bank, {
    replication: 'passive',
    delay: [2, 2],
    faults: ['crash:fe-2@101ms'],
    trace: (event) => events.push(event),
  });
  play(
    simulation,
    [
      { at: 0, client: 'alice', op: 'deposit', args: ['x', 5] },
      { at: 50, client: 'alice', op: 'withdraw', args: ['x', 9] },
      { at: 100, client: 'bob', op: 'deposit', args: ['x', 1] },
    ],
    { timeout: 300 },
  );
  const timeline = new Timeline();
  timeline.append(new Encoder().encode(events, 0), null);
  const row = (request: string, place = timeline.length) => rowOf(timeline, timeline.wordOf(request), place);

  test('say what was asked, through which phases it went, and what came of it', () => {
    const first = row('alice#1');
    expect([first.client, first.call, first.result, first.failed]).toEqual(['alice', 'deposit("x", 5)', '5', false]);
    expect(first.by).toEqual(['rm-1']);
    expect(first.phases.map(({ phase }) => phase)).toEqual(['RE', 'SC', 'EX', 'AC', 'END']);
    for (const [place, bar] of first.phases.entries()) {
      expect(bar.to).toBe(first.phases[place + 1]?.from ?? first.answeredAt);
      expect(timeline.t.at(bar.index)).toBe(bar.from);
    }
    expect([row('alice#2').result, row('alice#2').failed]).toEqual(['INSUFFICIENT_FUNDS', true]);
    const open = row('bob#1');
    expect([open.calledAt, open.answeredAt, open.result, open.phases[0]?.phase]).toEqual([100, null, null, 'RE']);
  });

  test('are as they were at any place', () => {
    expect(requestsBy(timeline, 0)).toEqual([]);
    const names = (place: number) => requestsBy(timeline, place).map((request) => timeline.text(request));
    expect(names(timeline.placeAt(40))).toEqual(['alice#1']);
    expect(names(timeline.length)).toEqual(['alice#1', 'alice#2', 'bob#1']);
    const early = timeline.placeAt(3);
    expect(row('alice#1', early).answeredAt).toBeNull();
    expect(row('alice#1', early).phases.length).toBeLessThan(5);
    const request = timeline.wordOf('alice#1');
    const { answer } = row('alice#1');
    expect(timeline.kind.at(answer)).toBe(kindNumber.answered);
    expect([isAnswered(timeline, request, answer), isAnswered(timeline, request, answer + 1)]).toEqual([false, true]);
  });
});

describe('a history', () => {
  test('is laid out so that all can be read, and what came before what is kept', () => {
    const chance = random(4, 'operations');
    const operations: Operation[] = [];
    for (const client of ['a', 'b', 'c']) {
      let t = chance.int(0, 30);
      for (let turn = 0; turn < 40; turn++) {
        const end = t + chance.int(0, 50) / (turn % 7 === 0 ? 100 : 1);
        operations.push(operation(client, t, turn === 39 && client === 'b' ? null : end));
        t = end + chance.int(0, 900);
      }
    }
    operations.push(operation('a', 5, 2000)); // beside others of the same client
    const places = operations.map((_, place) => place);
    const { boxes, rows, width, moments } = layoutOf(operations, places, () => 120);
    expect(boxes).toHaveLength(operations.length);
    const start = new Map(boxes.map((box) => [box.place, box]));
    for (const one of boxes) {
      const of = operations[one.place];
      expect(of?.client).toBe(rows[one.row]?.client);
      if (of?.calledAt !== of?.answeredAt) expect(one.width).toBeGreaterThanOrEqual(119.9);
      expect(one.x + one.width).toBeLessThanOrEqual(width);
      for (const other of boxes) {
        const beside = operations[other.place];
        if (one === other || of === undefined || beside === undefined) continue;
        if (of.calledAt < beside.calledAt) expect(one.x).toBeLessThan(other.x);
        if (of.answeredAt !== null && of.answeredAt <= beside.calledAt)
          expect(one.x + Math.max(one.width - 2, 0)).toBeLessThanOrEqual(other.x + 1e-6);
        // two on one row never cover one another
        if (one.row === other.row && one.x < other.x) expect(one.x + one.width).toBeLessThanOrEqual(other.x + 2);
      }
    }
    expect(start.size).toBe(operations.length);
    expect(rows.map(({ client }) => client)).toEqual(['a', 'a', 'b', 'c']);
    expect(moments.every(({ x }, place) => place === 0 || x > (moments[place - 1]?.x ?? 0))).toBe(true);
    expect(layoutOf([], [], () => 100).boxes).toEqual([]);
  });

  const verdict = (
    property: Verdict['property'],
    operations: readonly Operation[],
    part: readonly number[],
  ): Verdict => ({
    property,
    verdict: 'violated',
    why: [],
    operations,
    part,
    culprit: part.at(-1) ?? null,
  });

  test('what an order would have to keep is said with the numbers that the picture has', () => {
    const operations = [
      operation('bob', 30, 40),
      operation('alice', 0, 10),
      operation('alice', 20, 50),
      operation('bob', 60, 70),
    ];
    const sequential = verdict('sequential', operations, [0, 1, 3]);
    // a short history is told whole
    expect([...numbersOf(sequential)]).toEqual([
      [1, 1],
      [2, 2],
      [0, 3],
      [3, 4],
    ]);
    expect(rulesOf(sequential).map(({ before }) => before)).toEqual([[[1, 2]], [[3, 4]]]);
    const [, , realTime] = rulesOf(verdict('linearizable', operations, [0, 1, 3]));
    expect(realTime?.before).toEqual([
      [1, 3],
      [2, 4],
    ]);
    // of a long one, the part that fails
    const many = [...operations, ...Array.from({ length: 20 }, (_, i) => operation('carol', 100 + i, 100.5 + i))];
    const long = verdict('sequential', many, [3, 0]);
    expect([...numbersOf(long)]).toEqual([
      [0, 1],
      [3, 2],
    ]);
    expect([shownOf(long, false).length, shownOf(long, true).length]).toEqual([2, 24]);
    expect(numbersOf({ ...long, part: [] }).size).toBe(0);
    // of very many, no pairs
    const large = many.map((_, place) => place);
    for (const [property, rules] of [
      ['sequential', 1],
      ['linearizable', 2],
    ] as const) {
      const told = rulesOf(verdict(property, many, large));
      expect(told.map(({ before }) => before)).toEqual(Array(rules).fill([]));
      expect(told[0]?.text).toMatch(/each client/);
    }
  });
});
