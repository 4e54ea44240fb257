import { describe, expect, test } from '@jest/globals';
import { service, simulate } from 'chorale';
import { columnsFrame, frameOf, linesFrame } from '../../../runtime/inspect/frame.js';
import { Encoder } from '../../../runtime/inspect/timeline/encode.js';
import { TraceLines } from '../../../runtime/inspect/timeline/lines.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

const counter = service('counter', {
  state: () => ({ value: 0 }),
  updates: {
    add(draft, by: number) {
      draft.value += by;
      return draft.value;
    },
  },
  queries: { get: ({ value }) => value },
});

async function traced(): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  const simulation = simulate(counter, {
    replication: 'passive',
    faults: ['crash:rm-1@20ms', 'recover:rm-1@900ms', 'loss:0.1'],
    trace: (event) => void events.push(event),
  });
  const client = simulation.client({ name: 'ä☃' });
  for (let i = 0; i < 20; i++) await client.add(i);
  await simulation.close();
  return events;
}

const textOf = (lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

describe('what goes to the page as bytes', () => {
  test('columns come back as they went, wherever the columns end', async () => {
    const events = await traced();
    for (const count of [0, 1, 2, 3, 5, events.length]) {
      const encoder = new Encoder();
      const steps =
        count % 2 === 0 ? null : encoder.encodeSteps([{ place: 1, node: 'a', actor: 'b', transition: 'c' }], 0);
      const chunk = encoder.encode(events.slice(0, count), 0);
      const bytes = columnsFrame(chunk, steps);
      expect(frameOf(bytes.buffer)).toEqual({ is: 'columns', chunk, steps });
    }
    expect(() => frameOf(Uint8Array.of(7, 7).buffer)).toThrow(RangeError);
  });

  test('lines come back as text; read in parts they are the same trace, and each event can be had whole', async () => {
    const events = await traced();
    const expected = new Timeline();
    expected.append(new Encoder().encode(events, 0), null);
    const lines = new TraceLines();
    const timeline = new Timeline();
    for (let i = 0; i < events.length; i += 7) {
      const frame = frameOf(linesFrame(new TextEncoder().encode(textOf(events.slice(i, i + 7)))).buffer);
      if (frame.is !== 'lines') throw new Error('no lines');
      const { chunk, steps } = lines.take(frame.text);
      timeline.append(chunk, steps);
    }
    expect(timeline.length).toBe(events.length);
    for (const column of [
      't',
      'kind',
      'node',
      'actor',
      'peer',
      'amount',
      'cause',
      'sent',
      'request',
      'arrival',
    ] as const)
      for (let i = 0; i < events.length; i++)
        expect([column, i, timeline[column].at(i)]).toEqual([column, i, expected[column].at(i)]);
    const whole = JSON.parse(JSON.stringify(events));
    for (let i = 0; i < events.length; i += 3) expect(await lines.eventAt(i)).toEqual(whole[i]);
    expect([await lines.eventAt(-1), await lines.eventAt(events.length)]).toEqual([null, null]);
  });

  test('steps among the lines have their place, and words that come with the events', async () => {
    const [one, two]: TraceEvent[] = [
      { t: 1, node: 'rm-1', kind: 'persisted', count: 1 },
      { t: 2, node: 'rm-1', kind: 'persisted', count: 1 },
    ];
    const step = (transition: string) => ({ step: transition, node: 'rm-1', actor: 'rm' });
    const lines = new TraceLines();
    const timeline = new Timeline();
    for (const text of [
      textOf([one as object, step('a'), two as object]),
      textOf([step('b')]),
      textOf([one as object, step('a')]),
    ]) {
      const { chunk, steps } = lines.take(text);
      timeline.append(chunk, steps);
    }
    const told = Array.from({ length: timeline.steps.place.length }, (_, i) => [
      timeline.steps.place.at(i),
      timeline.text(timeline.steps.node.at(i)),
      timeline.text(timeline.steps.transition.at(i)),
    ]);
    expect(told).toEqual([
      [1, 'rm-1', 'a'],
      [2, 'rm-1', 'b'],
      [3, 'rm-1', 'a'],
    ]);
    expect(await lines.eventAt(2)).toEqual(one);
  });
});
