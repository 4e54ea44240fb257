import { describe, expect, test } from '@jest/globals';
import bank, { workload } from '../../../examples/bank/service.js';
import { kindNumber, NONE } from '../../../runtime/inspect/timeline/chunk.js';
import { Encoder } from '../../../runtime/inspect/timeline/encode.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import { random } from '../../../runtime/simulate/random.js';
import { type SimulateSettings, simulate } from '../../../runtime/simulate/simulation.js';
import { play } from '../../../runtime/simulate/workload.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

/** What a run of the bank leaves, with so many requests of each of three clients. */
function traceOf(settings: SimulateSettings, each = 12): TraceEvent[] {
  const events: TraceEvent[] = [];
  const simulation = simulate(bank, { ...settings, trace: (event) => events.push(event) });
  const chance = random(settings.seed ?? 1, 'requests');
  const requests = [];
  for (let turn = 0; turn < each; turn++) {
    for (const client of ['alice', 'bob', 'carol']) {
      const [op, ...args] = workload(chance);
      requests.push({ at: turn * 15, client, op, args });
    }
  }
  play(simulation, requests, { timeout: 3000 });
  return events;
}

const runs: Readonly<Record<string, SimulateSettings>> = {
  'active, a crash, a recovery and loss': {
    replication: 'active',
    faults: ['crash:rm-2@40ms', 'recover:rm-2@120ms', 'loss:0.2@0ms..150ms'],
  },
  'active in a group with views, a crash and a joiner': {
    replication: 'active',
    membership: 'dynamic',
    faults: ['crash:rm-2@40ms', 'join:rm-4@80ms'],
  },
  'passive, its primary crashes, a front end is cut off and one crashes': {
    replication: 'passive',
    faults: ['crash:rm-1@40ms', 'partition:rm-2|fe-1@80ms..160ms', 'crash:fe-3@100ms', 'recover:fe-3@150ms'],
  },
  'lazy, its master is cut off': { replication: 'lazy', faults: ['partition:rm-1|rm-2,rm-3@20ms..100ms'] },
  'local in causal order, one is cut off from another': {
    replication: 'local',
    order: 'causal',
    faults: ['partition:rm-1|rm-2@20ms..100ms', 'slow:rm-3:4@30ms..90ms'],
  },
};

/** Chunks of uneven sizes, as they come from a source. */
function timelineOf(events: readonly TraceEvent[], sizes = [1, 7, 300, 64]): { timeline: Timeline; encoder: Encoder } {
  const timeline = new Timeline();
  const encoder = new Encoder();
  let turn = 0;
  for (let from = 0; from < events.length; turn++) {
    const part = events.slice(from, from + (sizes[turn % sizes.length] as number)); // of a place in it
    timeline.append(encoder.encode(part, from), null);
    from += part.length;
  }
  return { timeline, encoder };
}

/** A cut as the trace's own lines tell it, from the first on, with nothing of the timeline. */
function replay(events: readonly TraceEvent[], place: number) {
  const states = new Map<string, string>();
  const down = new Map<string, string>();
  const incarnations = new Map<string, number>();
  const views = new Map<string, number>();
  const names = new Set<string>();
  const faults = new Set<string>();
  let flying: { id: string; index: number; from: string; to: string }[] = [];
  events.slice(0, place).forEach((event, index) => {
    if (event.node !== 'network') names.add(event.node);
    if (event.kind === 'sent') {
      const to = event.to.slice(0, event.to.indexOf('/'));
      names.add(to);
      if (!down.has(to)) flying.push({ id: event.id, index, from: event.node, to });
    }
    if (event.kind === 'received') flying = flying.filter(({ id }) => id !== event.id);
    if (event.kind === 'lost' && down.has(event.node)) flying = flying.filter(({ id }) => id !== event.id);
    if (event.kind === 'started') states.set(`${event.node}/${event.actor}`, event.state);
    if (event.kind === 'transition') states.set(`${event.node}/${event.actor}`, event.to);
    if (event.kind === 'view') views.set(event.node, index);
    if (event.kind === 'crashed') {
      down.set(event.node, event.reason);
      views.delete(event.node);
      for (const key of states.keys()) if (key.startsWith(`${event.node}/`)) states.delete(key);
      flying = flying.filter(({ to }) => to !== event.node);
    }
    if (event.kind === 'recovered') {
      down.delete(event.node);
      incarnations.set(event.node, event.incarnation);
    }
    if (event.kind !== 'fault' || /^(crash|recover|join|leave|suspect):/.test(event.fault)) return;
    if (event.fault === 'faults end') faults.clear();
    else if (/ (heals|ends)$/.test(event.fault)) faults.delete(event.fault.replace(/ (heals|ends)$/, ''));
    else faults.add(event.fault);
  });
  return { states, down, incarnations, views, names, faults, flying: new Set(flying.map(({ index }) => index)) };
}

function expectCut(timeline: Timeline, events: readonly TraceEvent[], place: number): void {
  const cut = timeline.cutAt(place);
  const expected = replay(events, place);
  expect(cut.place).toBe(place);
  expect(new Set(cut.nodes.keys())).toEqual(expected.names);
  expect(cut.flying).toEqual(expected.flying);
  expect(cut.faults).toEqual(expected.faults);
  const states = new Map<string, string>();
  for (const [name, node] of cut.nodes) {
    for (const [actor, { state }] of node.actors) states.set(`${name}/${actor}`, state);
    expect([name, node.up, node.reason]).toEqual([name, !expected.down.has(name), expected.down.get(name) ?? null]);
    expect([name, node.incarnation]).toEqual([name, expected.incarnations.get(name) ?? 1]);
    expect([name, node.view]).toEqual([name, expected.views.get(name) ?? NONE]);
  }
  expect(states).toEqual(expected.states);
}

/** Several runs one after another, so that there are several keyframes. */
function long(events: readonly TraceEvent[], times: number): TraceEvent[] {
  const span = (events.at(-1)?.t ?? 0) + 10;
  const again = (text: string, turn: number): string => (turn === 0 ? text : `${text}~${turn}`);
  return Array.from({ length: times }, (_, turn) =>
    events.map((event): TraceEvent => {
      const t = event.t + turn * span;
      const cause = event.cause === undefined ? undefined : again(event.cause, turn);
      return 'id' in event && event.kind !== 'view'
        ? { ...event, t, cause, id: again(event.id, turn) }
        : { ...event, t, cause };
    }),
  ).flat();
}

describe('a timeline', () => {
  test.each(Object.entries(runs))('of a run: %s: stands at any place as the trace says', (_, settings) => {
    const events = long(traceOf(settings), 3);
    expect(events.length).toBeGreaterThan(1500);
    const { timeline } = timelineOf(events);
    expect(timeline.length).toBe(events.length);
    const chance = random(7, 'places');
    for (let turn = 0; turn < 60; turn++) expectCut(timeline, events, chance.int(0, events.length));
    expectCut(timeline, events, 0);
    expectCut(timeline, events, events.length);
  });

  test('what went another way is forgotten, and nothing else', () => {
    const [first, second, third] = Object.values(runs).map((settings) => long(traceOf(settings), 3));
    if (first === undefined || second === undefined || third === undefined) throw new Error('there are three runs');
    const { timeline, encoder } = timelineOf(first);
    let events: TraceEvent[] = first;
    const chance = random(11, 'branches');
    for (let turn = 0; turn < 12; turn++) {
      for (let look = 0; look < 5; look++) expectCut(timeline, events, chance.int(0, events.length));
      const place = chance.int(0, events.length);
      const rest = (turn % 2 === 0 ? second : third).slice(0, chance.int(0, 2500)).map((event): TraceEvent => {
        const id = (text: string): string => `${text}!${turn}`;
        const cause = event.cause === undefined ? undefined : id(event.cause);
        return 'id' in event && event.kind !== 'view' ? { ...event, cause, id: id(event.id) } : { ...event, cause };
      });
      encoder.truncate(place);
      timeline.append(encoder.encode(rest, place), null);
      events = [...events.slice(0, place), ...rest];
      expect(timeline.length).toBe(events.length);
    }
    // the same as one that never was anything else
    const anew = timelineOf(events).timeline;
    for (let index = 0; index < events.length; index++) {
      expect(timeline.arrival.at(index)).toBe(anew.arrival.at(index));
      expect(timeline.text(timeline.request.at(index))).toBe(anew.text(anew.request.at(index)));
    }
    const names = (each: Timeline) => [...each.nodes].map((node) => each.text(node)).sort();
    expect(names(timeline)).toEqual(names(anew));
    const requests = (each: Timeline) =>
      new Map([...each.requests()].map((request) => [each.text(request), each.eventsOf(request)]));
    expect(requests(timeline)).toEqual(requests(anew));
  });

  test('messages: what arrived, what was lost on the way, whose request it was', () => {
    const at = { node: 'rm-1', actor: 'rm' } as const;
    const other = { node: 'rm-2', actor: 'rm' } as const;
    const loss = { ...at, kind: 'lost', id: 'm1', to: 'rm-2/rm', type: 'data', why: 'loss' } as const;
    const events: TraceEvent[] = [
      { t: 0, node: 'fe-1', actor: 'client', kind: 'called', id: 'c1', requests: ['alice#1', 'alice#2'] },
      { t: 0, ...at, cause: 'c1', kind: 'sent', id: 'm1', to: 'rm-2/rm', type: 'data', items: 2 },
      { t: 1, ...loss },
      { t: 5, ...loss },
      { t: 9, ...other, kind: 'received', id: 'm1', from: 'rm-1/rm', type: 'data', items: 2 },
      { t: 9, ...other, cause: 'm1', kind: 'transition', event: 'data', from: 'a', to: 'b' },
      { t: 9, ...other, cause: 'm1', kind: 'sent', id: 'm2', to: 'rm-1/rm', type: 'taken', items: 1, control: true },
    ];
    const { timeline, encoder } = timelineOf(events, [3]);
    expect([timeline.arrival.at(1), timeline.loss.at(1), timeline.loss.at(3)]).toEqual([4, 3, 2]);
    expect(events.map((_, index) => timeline.text(timeline.request.at(index)))).toEqual(Array(7).fill('alice#1'));
    expect(timeline.requestsAt(0).map((word) => timeline.text(word))).toEqual(['alice#1', 'alice#2']);
    expect([timeline.arrival.at(6), timeline.control.at(6), timeline.control.at(1)]).toEqual([NONE, 1, 0]);
    expect([timeline.placeAt(0), timeline.placeAt(5), timeline.placeAt(5.5), timeline.placeAt(99)]).toEqual([
      0, 3, 4, 7,
    ]);
    expect(timeline.cutAt(3).flying).toEqual(new Set([1])); // it is sent again
    // the last loss and the arrival are taken back, the first loss is not
    encoder.truncate(3);
    timeline.append(encoder.encode([], 3), null);
    expect([timeline.length, timeline.arrival.at(1), timeline.loss.at(1)]).toEqual([3, NONE, 2]);
    expect([timeline.nodes.size, timeline.end]).toEqual([2, 1]);
  });

  test('what no cause tells: a message that is sent again, and answers to what was held back', () => {
    const rm = { node: 'rm-1', actor: 'rm' } as const;
    const events: TraceEvent[] = [
      { t: 0, node: 'fe-1', actor: 'fe', kind: 'sent', id: 'm1', to: 'rm-1/rm', type: 'requests', items: 1 },
      { t: 1, ...rm, kind: 'received', id: 'm1', from: 'fe-1/fe', type: 'requests', items: 1 },
      { t: 1, ...rm, cause: 'm1', kind: 'phase', phase: 'EX', requests: ['alice#1'] },
      { t: 2, ...rm, kind: 'phase', phase: 'END', requests: ['bob#1'] },
      { t: 2, node: 'rm-2', actor: 'rm', kind: 'persisted', count: 1 },
      { t: 2, ...rm, kind: 'sent', id: 'm2', to: 'fe-1/fe', type: 'replies', items: 1 },
      { t: 3, ...rm, kind: 'sent', id: 'm3', to: 'rm-2/rm', type: 'digest', items: 1 },
    ];
    const { timeline, encoder } = timelineOf(events, [2]);
    const requests = () => Array.from({ length: timeline.length }, (_, i) => timeline.text(timeline.request.at(i)));
    expect(requests()).toEqual(['alice#1', 'alice#1', 'alice#1', 'bob#1', '', 'bob#1', '']);
    timeline.append(encoder.encode([], 2), null);
    expect(requests()).toEqual(['', '']);
  });

  test('nothing arrives that was not on its way', () => {
    for (let seed = 1; seed <= 3; seed++) {
      for (const settings of Object.values(runs)) {
        const { timeline } = timelineOf(traceOf({ ...settings, seed, loss: 0.1, duplicate: 0.1, delay: [1, 20] }, 6));
        const astray: number[] = [];
        for (let index = 0; index < timeline.length; index++) {
          if (timeline.kind.at(index) !== kindNumber.received) continue;
          if (!timeline.cutAt(index).flying.has(timeline.sent.at(index))) astray.push(index);
        }
        expect(astray).toEqual([]);
      }
    }
  });

  test('steps of charts, by place', () => {
    const timeline = new Timeline();
    const encoder = new Encoder();
    const events = traceOf({}, 1);
    const steps = (from: number, place: readonly number[]) => {
      const of = Int32Array.from(place);
      return { from, place: of, node: of, actor: of, transition: of };
    };
    timeline.append(encoder.encode(events.slice(0, 10), 0), steps(0, [0, 2, 2, 7]));
    expect([0, 1, 2, 6, 7, 10].map((place) => timeline.stepsAt(place))).toEqual([1, 1, 3, 3, 4, 4]);
    encoder.truncate(5);
    timeline.append(encoder.encode(events.slice(5, 12), 5), steps(3, [6, 11]));
    expect([2, 5, 6, 11].map((place) => timeline.stepsAt(place))).toEqual([3, 3, 4, 5]);
    expect(timeline.steps.transition.length).toBe(5);
  });

  test('two hundred thousand events: quick to take, and any place quick to look at', () => {
    const chunks: ReturnType<Encoder['encode']>[] = [];
    const encoder = new Encoder();
    const few = traceOf(runs['passive, its primary crashes, a front end is cut off and one crashes'] ?? {});
    const many = long(few, Math.ceil(200_000 / few.length));
    for (let from = 0; from < many.length; from += 5000)
      chunks.push(encoder.encode(many.slice(from, from + 5000), from));
    const timeline = new Timeline();
    const begun = performance.now();
    for (const chunk of chunks) timeline.append(chunk, null);
    const taken = performance.now();
    timeline.cutAt(timeline.length);
    const chance = random(5, 'places');
    const times = Array.from({ length: 300 }, () => {
      const before = performance.now();
      timeline.cutAt(chance.int(0, timeline.length));
      return performance.now() - before;
    }).sort((a, b) => a - b);
    // bars of 2 s for a million and 1 ms for a look, with room for a machine that does something else as well
    expect(taken - begun).toBeLessThan(1500);
    expect(times[150]).toBeLessThan(2);
  });
});
