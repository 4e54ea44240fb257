import { describe, expect, test } from '@jest/globals';
import { Clocks, clockText } from '../../../runtime/inspect/page/views/space-time/clocks.js';
import { rowsOf } from '../../../runtime/inspect/page/views/space-time/svg.js';
import { Encoder } from '../../../runtime/inspect/timeline/encode.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import { random } from '../../../runtime/simulate/random.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

function timelineOf(events: readonly TraceEvent[]): Timeline {
  const timeline = new Timeline();
  timeline.append(new Encoder().encode(events, 0), null);
  return timeline;
}

const nodes = ['fe-1', 'rm-1', 'rm-2', 'rm-3'];

/** Messages that overtake each other, are lost, or come late, and what else a trace has between them. */
function randomTrace(seed: number, length: number): TraceEvent[] {
  const chance = random(seed, 'trace');
  const node = (): string => nodes[chance.int(0, nodes.length - 1)] as string; // one of them
  const flying: { id: string; from: string; to: string }[] = [];
  return Array.from({ length }, (_, t): TraceEvent => {
    const turn = chance.int(0, 9);
    if (turn < 4) {
      const message = { id: `m${t}`, from: node(), to: node() };
      flying.push(message);
      return {
        t,
        node: message.from,
        actor: 'rm',
        kind: 'sent',
        to: `${message.to}/rm`,
        id: message.id,
        type: 'data',
        items: 1,
      };
    }
    const [message] = turn < 8 ? flying.splice(chance.int(0, Math.max(0, flying.length - 1)), 1) : [];
    if (message !== undefined) {
      const { id, from, to } = message;
      if (turn === 7)
        return { t, node: from, actor: 'rm', kind: 'lost', to: `${to}/rm`, id, type: 'data', why: 'loss' };
      return { t, node: to, actor: 'rm', kind: 'received', from: `${from}/rm`, id, type: 'data', items: 1 };
    }
    if (turn === 8)
      return { t, node: node(), actor: 'group:g', kind: 'delivered', group: 'g', sender: 'rm-1:1', seq: 1 };
    return { t, node: node(), kind: 'persisted', count: 1 };
  });
}

const counted = ['sent', 'received', 'delivered'];

/** By the definition: an event happens before another if it is earlier at its node, or sends what the other receives, or by way of a third. */
function directly(events: readonly TraceEvent[]): (number[] | null)[] {
  const before = events.map((event, index): Set<number> => {
    const own = events.findLastIndex(
      (other, at) => at < index && other.node === event.node && counted.includes(other.kind),
    );
    const sent =
      event.kind === 'received' ? events.findIndex((other) => other.kind === 'sent' && other.id === event.id) : -1;
    return new Set([own, sent].filter((at) => at >= 0));
  });
  return events.map((event, index) => {
    if (!counted.includes(event.kind)) return null;
    const past = new Set([index]);
    for (const at of past) for (const earlier of before[at] ?? []) past.add(earlier);
    return nodes.map((node) => [...past].filter((at) => events[at]?.node === node).length);
  });
}

describe('vector clocks', () => {
  test.each([1, 2, 3])('are what happens-before says, event by event (seed %i)', (seed) => {
    const events = randomTrace(seed, 400);
    const timeline = timelineOf(events);
    const rowOf = rowsOf(timeline, nodes);
    const clocks = new Clocks(rowOf, timeline.branch);
    while (!clocks.follow(timeline, 37)); // a part at a time, as a page does it
    const found = events.map((_, index) => clocks.at(timeline, index));
    expect(found.map((clock) => (clock === null ? null : [...clock]))).toEqual(directly(events));
  });

  test('grow with the trace, and say nothing of what they have not come to', () => {
    const events = randomTrace(4, 200);
    const timeline = timelineOf(events);
    const clocks = new Clocks(rowsOf(timeline, nodes), timeline.branch);
    const first = events.findIndex(({ kind }) => kind === 'sent');
    expect(clocks.at(timeline, first)).toBeNull();
    expect(clocks.follow(timeline, 100)).toBe(false);
    expect(clockText(clocks.at(timeline, first) as Int32Array<ArrayBuffer>)).toMatch(/^\[[01](,[01]){3}\]$/);
    expect(clocks.at(timeline, 199)).toBeNull();
    expect(clocks.follow(timeline, 100)).toBe(true);
  });

  test('are computed in parts of the size that was asked for, and hold for their rows only', () => {
    const events = randomTrace(5, 20_000);
    const timeline = timelineOf(events);
    const rowOf = rowsOf(timeline, nodes);
    const clocks = new Clocks(rowOf, timeline.branch);
    let parts = 0;
    do parts += 1;
    while (!clocks.follow(timeline, 1000));
    expect(parts).toBe(20);
    expect(clocks.fits(rowOf, timeline.branch)).toBe(true);
    expect(clocks.fits(new Map(rowOf), timeline.branch)).toBe(false);
  });
});
