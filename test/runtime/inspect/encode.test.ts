import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NONE } from '../../../runtime/inspect/timeline/chunk.js';
import { Encoder, type Step, transferables } from '../../../runtime/inspect/timeline/encode.js';
import { Origins } from '../../../runtime/inspect/timeline/origins.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';
import { requestsFor, run } from '../runs.js';

/** Every kind of event is in it. */
const events = run(
  {
    replicas: 4,
    replication: 'active',
    membership: 'dynamic',
    seed: 3,
    loss: 0.05,
    faults: ['crash:rm-2@100ms', 'recover:rm-2@300ms', 'partition:rm-1|rm-3@20ms..40ms', 'duplicate:0.1'],
  },
  requestsFor(3, 3, 8, 40),
  { keep: () => true },
).events;

/** What the columns have of an event, read back from a timeline, as far as the trace says it. */
function readBack(timeline: Timeline, index: number): unknown {
  const text = (column: 'node' | 'actor' | 'peer' | 'peerActor' | 'word' | 'before' | 'after'): string =>
    timeline.text(timeline[column].at(index));
  return {
    t: timeline.t.at(index),
    kind: timeline.kindAt(index),
    node: text('node'),
    actor: text('actor'),
    peer: text('peer') === '' ? '' : `${text('peer')}/${text('peerActor')}`,
    word: text('word'),
    before: text('before'),
    after: text('after'),
    amount: timeline.amount.at(index),
    control: timeline.control.at(index) === 1,
    requests: timeline.requestsAt(index).map((word) => timeline.text(word)),
    cause: timeline.cause.at(index),
    sent: timeline.sent.at(index),
  };
}

/** The same, from the events themselves, by the plainest way. */
function expectedOf(all: readonly TraceEvent[]): unknown[] {
  const at = new Map<string, number>();
  const control = new Set<string>();
  return all.map((event, index) => {
    const { t, node, kind, actor = '', cause } = event;
    if (kind === 'called' || kind === 'sent') at.set(event.id, index);
    // in a trace that is put together of two, an id can come twice
    if (kind === 'sent') control[event.control ? 'add' : 'delete'](event.id);
    const message = kind === 'sent' || kind === 'received' || kind === 'lost' ? event : null;
    const about: Partial<Record<string, unknown>> = { ...event };
    const words: Partial<Record<TraceEvent['kind'], string>> = {
      sent: 'type',
      received: 'type',
      lost: 'why',
      dropped: 'reason',
      delivered: 'group',
      transition: 'event',
      phase: 'phase',
      view: 'group',
      crashed: 'reason',
      fault: 'fault',
      started: 'chart',
    };
    const amounts: Partial<Record<TraceEvent['kind'], unknown>> = {
      sent: about.items,
      received: about.items,
      dropped: about.count,
      delivered: about.number ?? about.seq,
      persisted: about.count,
      view: about.id,
      recovered: about.incarnation,
    };
    return {
      t,
      kind,
      node,
      actor,
      peer: message === null ? '' : message.kind === 'received' ? message.from : message.to,
      word: about[words[kind] ?? ''] ?? '',
      before: kind === 'transition' ? event.from : '',
      after: kind === 'transition' ? event.to : kind === 'started' ? event.state : '',
      amount: amounts[kind] ?? 0,
      control: message !== null && control.has(message.id),
      requests: 'requests' in event ? event.requests : kind === 'answered' ? [event.request] : [],
      cause: cause === undefined ? NONE : (at.get(cause) ?? NONE),
      sent: message === null || message.kind === 'sent' ? NONE : (at.get(message.id) ?? NONE),
    };
  });
}

const read = (timeline: Timeline): unknown[] =>
  Array.from({ length: timeline.length }, (_, index) => readBack(timeline, index));

test('events become columns, and are read back as they were, in whatever pieces they came', () => {
  const kinds = new Set(events.map(({ kind }) => kind));
  for (const kind of ['started', 'lost', 'dropped', 'view', 'crashed', 'recovered', 'fault'])
    expect(kinds).toContain(kind);
  const expected = expectedOf(events);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 12 }), (sizes) => {
      const encoder = new Encoder();
      const timeline = new Timeline();
      for (const size of [...sizes, events.length]) {
        const { length } = encoder;
        timeline.append(encoder.encode(events.slice(length, length + size), length), null);
      }
      expect(timeline.length).toBe(events.length);
      expect(read(timeline)).toEqual(expected);
    }),
    { numRuns: 10 },
  );
});

test('every message that arrived, or was lost, points to where it left', () => {
  const encoder = new Encoder();
  const { kind, sent, cause } = encoder.encode(events, 0);
  events.forEach((event, index) => {
    if (event.kind !== 'received' && event.kind !== 'lost') return;
    expect(events[sent[index] ?? NONE]).toMatchObject({ kind: 'sent', id: event.id });
    expect(sent[index]).toBeLessThan(index);
  });
  expect(kind).toHaveLength(events.length);
  const known = events.filter((event, index) => event.cause !== undefined && cause[index] !== NONE);
  // a cancellation has an id and no line
  expect(known.length).toBeGreaterThan(events.filter((event) => event.cause !== undefined).length * 0.99);
});

test('the rare kinds come whole, by their index', () => {
  const timeline = new Timeline();
  const encoder = new Encoder();
  timeline.append(encoder.encode(events.slice(0, 100), 0), null);
  timeline.append(encoder.encode(events.slice(100), 100), null);
  events.forEach((event, index) => {
    const rare = ['called', 'answered', 'view', 'crashed', 'fault'].includes(event.kind);
    expect(timeline.whole(index)).toBe(rare ? event : undefined);
  });
});

test('what comes in place of events that are forgotten knows nothing of them', () => {
  const other = run({ replicas: 3, replication: 'passive', seed: 9 }, requestsFor(9, 2, 5, 10), {
    keep: () => true,
  }).events;
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: events.length }),
      fc.integer({ min: 1, max: other.length }),
      (keep, count) => {
        const encoder = new Encoder();
        const timeline = new Timeline();
        timeline.append(encoder.encode(events, 0), null);
        const replaced = other.slice(0, count);
        timeline.append(encoder.encode(replaced, keep), null);
        expect(encoder.length).toBe(keep + count);
        expect(read(timeline)).toEqual(expectedOf([...events.slice(0, keep), ...replaced]));
      },
    ),
    { numRuns: 20 },
  );
  expect(() => new Encoder().encode(other, 1)).toThrow(RangeError);
});

test('steps use the words of the same table, and can be replaced', () => {
  const encoder = new Encoder();
  const timeline = new Timeline();
  const step = (place: number, transition: string): Step => ({ place, node: 'rm-1', actor: 'rm', transition });
  const first = encoder.encodeSteps([step(0, 'a'), step(1, 'b'), step(2, 'c')], 0);
  const chunk = encoder.encode(events.slice(0, 3), 0);
  timeline.append(chunk, first);
  const second = encoder.encodeSteps([step(2, 'd'), step(3, 'a')], 2);
  timeline.append(encoder.encode([], 3), second);
  const { place, node, actor, transition } = timeline.steps;
  expect(Array.from({ length: 4 }, (_, i) => timeline.text(transition.at(i)))).toEqual(['a', 'b', 'd', 'a']);
  expect(Array.from({ length: 4 }, (_, i) => place.at(i))).toEqual([0, 1, 2, 3]);
  expect(timeline.text(node.at(3))).toBe('rm-1');
  expect(timeline.text(actor.at(3))).toBe('rm');
  const moved = structuredClone({ chunk, first }, { transfer: transferables(chunk, first) });
  expect(chunk.t).toHaveLength(0);
  expect(moved.chunk.t).toHaveLength(3);
  expect(moved.first.place).toEqual(Int32Array.of(0, 1, 2));
});

describe('places of messages by their ids', () => {
  const ids = fc.oneof(
    fc
      .tuple(fc.constantFrom('rm-1:1:', 'rm-1:2:', 'fe-1:1:c', ''), fc.integer({ min: 0, max: 300 }))
      .map(([a, b]) => a + b),
    fc.constantFrom('rm-1:1:007', 'rm-1:1:7', 'rm-1:1:', 'x', '', 'rm-1:1:999999999999', 'rm-1:1:1e3'),
  );

  test('are those of a map', () => {
    const command = fc.oneof(
      fc.record({ set: ids }),
      fc.record({ truncate: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), fc.array(ids), (commands, asked) => {
        const origins = new Origins();
        const map = new Map<string, number>();
        let length = 0;
        for (const each of commands) {
          if ('set' in each) {
            origins.set(each.set, length);
            map.set(each.set, length);
            length += 1;
          } else {
            length = Math.floor(length * each.truncate);
            origins.truncate(length);
            for (const [id, place] of map) if (place >= length) map.delete(id);
          }
        }
        for (const id of [...asked, ...map.keys()]) expect([id, origins.at(id)]).toEqual([id, map.get(id) ?? NONE]);
      }),
    );
  });

  test('are found as well where the ids are none of ours', () => {
    const origins = new Origins();
    for (let i = 0; i < 10_000; i++) origins.set(`${i}-message-${i % 10}`, i);
    for (let i = 0; i < 10_000; i += 7) expect(origins.at(`${i}-message-${i % 10}`)).toBe(i);
  });
});
