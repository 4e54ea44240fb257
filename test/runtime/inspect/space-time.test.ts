import { describe, expect, test } from '@jest/globals';
import bank, { workload } from '../../../examples/bank/service.js';
import { inOrder } from '../../../runtime/inspect/page/order.js';
import { isFor, requestsOf } from '../../../runtime/inspect/page/views/space-time/about.js';
import { Clocks } from '../../../runtime/inspect/page/views/space-time/clocks.js';
import { Density, shadingOfEvents } from '../../../runtime/inspect/page/views/space-time/density.js';
import { hitAt } from '../../../runtime/inspect/page/views/space-time/hit.js';
import { Landmarks } from '../../../runtime/inspect/page/views/space-time/landmarks.js';
import { overlap, Room } from '../../../runtime/inspect/page/views/space-time/room.js';
import {
  earliest,
  latest,
  panned,
  showing,
  ticks,
  whole,
  within,
  zoomed,
} from '../../../runtime/inspect/page/views/space-time/scale.js';
import { sceneOf } from '../../../runtime/inspect/page/views/space-time/scene.js';
import {
  heightOf,
  laneIn,
  rowsAt,
  type SceneOptions,
  type Stage,
} from '../../../runtime/inspect/page/views/space-time/stage.js';
import { rowsOf, type SvgOptions, spaceTimeSvg } from '../../../runtime/inspect/page/views/space-time/svg.js';
import { eventText, placeText } from '../../../runtime/inspect/page/views/space-time/words.js';
import { kindNumber, NONE } from '../../../runtime/inspect/timeline/chunk.js';
import { Encoder } from '../../../runtime/inspect/timeline/encode.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import { random } from '../../../runtime/simulate/random.js';
import { type SimulateSettings, simulate } from '../../../runtime/simulate/simulation.js';
import { play } from '../../../runtime/simulate/workload.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

function timelineOf(events: readonly TraceEvent[]): Timeline {
  const timeline = new Timeline();
  timeline.append(new Encoder().encode(events, 0), null);
  return timeline;
}

function run(settings: SimulateSettings, each: number): Timeline {
  const events: TraceEvent[] = [];
  const simulation = simulate(bank, { ...settings, trace: (event) => events.push(event) });
  const chance = random(3, 'requests');
  const requests = [];
  for (let turn = 0; turn < each; turn++) {
    for (const client of ['alice', 'bob', 'carol']) {
      const [op, ...args] = workload(chance);
      requests.push({ at: turn * 20, client, op, args });
    }
  }
  play(simulation, requests, { timeout: 3000 });
  return timelineOf(events);
}

function stageOf(timeline: Timeline): Stage {
  const names = [...timeline.nodes].map((node) => timeline.text(node)).filter((name) => name !== 'network');
  const rowOf = rowsOf(timeline, names.sort());
  const landmarks = new Landmarks();
  landmarks.follow(timeline);
  const density = new Density(rowOf, timeline.branch);
  density.follow(timeline);
  return { timeline, landmarks, rowOf, density, clocks: null };
}

const options: SceneOptions = { width: 1000, height: 600, colouring: 'phase', control: 'faint', focus: null };

const rough: SimulateSettings = {
  replication: 'active',
  faults: ['loss:0.15', 'crash:rm-2@60ms', 'recover:rm-2@150ms', 'partition:rm-1|fe-1,rm-3@80ms..120ms'],
};

describe('the scale', () => {
  test('never leaves the run, and keeps what the pointer is at', () => {
    const all = whole(1000);
    expect(all.from).toBeLessThan(0);
    expect(all.to).toBeGreaterThan(1000);
    const near = zoomed(all, 250, 4, 1000);
    const share = (window: typeof all): number => (250 - window.from) / (window.to - window.from);
    expect(share(near)).toBeCloseTo(share(all));
    expect(near.to - near.from).toBeCloseTo((all.to - all.from) / 4);
    expect(zoomed(near, 250, 1 / 100, 1000)).toEqual(all);
    expect(panned(near, 1e9, 1000).to).toBeCloseTo(all.to);
    expect(panned(near, -1e9, 1000).from).toBeCloseTo(all.from);
    const nearest = zoomed(all, 10, 1e9, 1000);
    expect(nearest.to - nearest.from).toBeGreaterThan(0.1);
    expect(within({ from: 5, to: 6 }, 0).to).toBeGreaterThan(5);
  });

  test('shows what is asked for, and moves only for what it does not show', () => {
    const window = { from: 100, to: 200 };
    expect(showing(window, 150, 1000)).toBe(window);
    const later = showing(window, 700, 1000);
    expect([later.from < 700, later.to > 700, later.to - later.from]).toEqual([true, true, 100]);
    const timeline = run({}, 2);
    expect(latest(timeline, 10).from).toBeGreaterThan(latest(timeline, 100).from);
    expect(earliest(timeline, 50).to).toBeLessThan(latest(timeline, 50).from);
    for (const some of [earliest, latest]) {
      expect(some(new Timeline(), 10).to).toBeGreaterThan(0);
      expect(some(timeline, 1e6)).toEqual(whole(timeline.end));
    }
  });

  test('ticks are round, apart, and as exact as they need to be', () => {
    expect(
      ticks({ from: 0, to: 100 }, 1000)
        .map(({ label }) => label)
        .slice(0, 3),
    ).toEqual(['0 ms', '10 ms', '20 ms']);
    expect(ticks({ from: 3, to: 3.01 }, 400).map(({ label }) => label)).toContain('3.005 ms');
    expect(ticks({ from: 0, to: 60_000 }, 600).map(({ label }) => label)).toContain('10 s');
  });
});

describe('a scene', () => {
  test('has each message of its window, where it was sent and where it arrived', () => {
    const timeline = run(rough, 6);
    const stage = stageOf(timeline);
    const window = { from: 40, to: 110 };
    const scene = sceneOf(stage, window, options);
    const sent: number[] = [];
    for (let index = 0; index < timeline.length; index++) {
      if (timeline.kind.at(index) !== kindNumber.sent) continue;
      const arrival = timeline.arrival.at(index);
      const end = arrival === NONE ? timeline.t.at(index) : timeline.t.at(arrival);
      if (timeline.t.at(index) < window.to && end >= window.from) sent.push(index);
    }
    const drawn = scene.arrows.map(({ index }) => index);
    expect(sent.length).toBeGreaterThan(10);
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(drawn).toEqual(expect.arrayContaining(sent));
    const x = (t: number): number => ((t - window.from) / 70) * 1000;
    for (const arrow of scene.arrows) {
      expect(arrow.x1).toBeCloseTo(x(timeline.t.at(arrow.index)));
      const arrival = timeline.arrival.at(arrow.index);
      expect(arrow.fate === 'arrived').toBe(arrival !== NONE);
      if (arrival !== NONE) expect(arrow.x2).toBeCloseTo(x(timeline.t.at(arrival)));
    }
    expect(scene.arrows.map(({ fate }) => fate)).toContain('doomed');
    // a crashed node's line is not drawn as if it were up
    const down = scene.lives.filter(({ up }) => !up);
    expect(down).toEqual([expect.objectContaining({ x1: x(60), x2: 1000 })]);
    expect(scene.severed.length).toBeGreaterThan(0);
    expect(scene.severed.every(({ y }) => !scene.rows.includes(y))).toBe(true);
    expect(scene.faults.map(({ text }) => text)).toEqual(['loss:0.15', 'partition:rm-1|fe-1,rm-3']);
    const hidden = sceneOf(stage, window, { ...options, control: 'hidden' });
    expect(hidden.arrows.some(({ control }) => control)).toBe(false);
  });

  test('leaves out no loss, crash, recovery or fault, however much there is', () => {
    const timeline = run({ ...rough, faults: [...(rough.faults ?? []), 'crash:rm-3@2000ms'] }, 200);
    const stage = stageOf(timeline);
    const chance = random(5, 'windows');
    expect(timeline.length).toBeGreaterThan(5000);
    for (let turn = 0; turn < 40; turn++) {
      const from = turn === 0 ? -10 : chance.int(0, Math.floor(timeline.end));
      const window = { from, to: from + (turn === 0 ? timeline.end + 20 : chance.int(1, 4000)) };
      const scene = sceneOf(stage, window, options);
      const [first, last] = [timeline.placeAt(window.from), timeline.placeAt(window.to)];
      const count = (kind: number): number => {
        let found = 0;
        for (let index = first; index < last; index++) if (timeline.kind.at(index) === kind) found++;
        return found;
      };
      const marked = (kind: string): number =>
        scene.crosses.filter((cross) => cross.kind === kind).reduce((sum, cross) => sum + cross.count, 0);
      const both = [marked('lost'), marked('crashed'), marked('recovered')];
      expect(both).toEqual([count(kindNumber.lost), count(kindNumber.crashed), count(kindNumber.recovered)]);
      expect(scene.shading === null).toBe(last - first <= 3000);
    }
    expect(sceneOf(stage, whole(timeline.end), options).shading).not.toBeNull();
  });

  test('shades by what there is: every event, and every line that a message crosses', () => {
    const timeline = run(rough, 60);
    const { rowOf, density } = stageOf(timeline);
    const sum = (counts: Float32Array): number => counts.reduce((a, b) => a + b, 0);
    let [events, crossings, control] = [0, 0, 0];
    for (let index = 0; index < timeline.length; index++) {
      const row = rowOf.get(timeline.node.at(index));
      if (row === undefined) continue;
      events += 1;
      if (timeline.kind.at(index) !== kindNumber.sent) continue;
      const lines = Math.abs(row - (rowOf.get(timeline.peer.at(index)) ?? row));
      crossings += lines;
      control += timeline.control.at(index) * lines;
    }
    const window = whole(timeline.end);
    for (const shading of [density.shading(window, 300, true), shadingOfEvents(timeline, rowOf, window, 300, true)]) {
      expect(Math.round(sum(shading.activity))).toBe(events);
      expect(Math.round(sum(shading.crossings))).toBe(crossings);
    }
    expect(Math.round(sum(density.shading(window, 20, false).crossings))).toBe(crossings - control);
    const [half, other] = [
      { from: window.from, to: 300 },
      { from: 300, to: window.to },
    ];
    const parts = [half, other].map((part) => sum(density.shading(part, 77, true).activity));
    expect(Math.round((parts[0] ?? 0) + (parts[1] ?? 0))).toBe(events);
  });

  test('deliveries that were held back show since when', () => {
    const timeline = run({ ...rough, faults: ['loss:0.3@0ms..100ms'] }, 8);
    const { landmarks } = stageOf(timeline);
    let held = 0;
    for (let index = 0; index < timeline.length; index++) {
      const delivered = landmarks.until.at(index);
      if (timeline.kind.at(index) !== kindNumber.received || delivered === NONE) continue;
      held += 1;
      expect(timeline.kind.at(delivered)).toBe(kindNumber.delivered);
      expect(timeline.node.at(delivered)).toBe(timeline.node.at(index));
      expect(timeline.t.at(delivered)).toBeGreaterThan(timeline.t.at(index));
      // something else had to come first, and it came when this was delivered
      expect(timeline.cause.at(delivered)).not.toBe(timeline.sent.at(index));
    }
    expect(held).toBeGreaterThan(3);
  });

  test('what was held back is told from what released it', () => {
    const at = { node: 'rm-1', actor: 'group:bank' } as const;
    const ordered = { type: 'ordered', items: 1 } as const;
    const sent = (id: string): TraceEvent => ({
      t: 0,
      node: 'sequencer',
      kind: 'sent',
      id,
      to: 'rm-1/group:bank',
      ...ordered,
    });
    const received = (t: number, id: string): TraceEvent => ({
      t,
      ...at,
      kind: 'received',
      id,
      from: 'sequencer/group:bank',
      ...ordered,
    });
    const delivered = (number: number, sender: string): TraceEvent => ({
      ...{ t: 9, ...at, cause: 'm1', kind: 'delivered', group: 'bank', seq: 1 },
      ...{ number, sender },
    });
    const events = [
      sent('m1'),
      sent('m2'),
      received(5, 'm2'),
      received(9, 'm1'),
      delivered(1, 'fe-1:1'),
      delivered(2, 'fe-2:1'),
    ];
    const { landmarks } = stageOf(timelineOf(events));
    expect(Array.from({ length: 6 }, (_, index) => landmarks.until.at(index))).toEqual([
      NONE,
      NONE,
      5,
      NONE,
      NONE,
      NONE,
    ]);
  });

  test('a message that was long on its way is there however much came between', () => {
    const message = { id: 'm1', type: 'data', items: 1 } as const;
    const events: TraceEvent[] = [
      { t: 0, node: 'rm-1', actor: 'rm', kind: 'sent', to: 'rm-2/rm', ...message },
      ...Array.from(
        { length: 2000 },
        (_, i): TraceEvent => ({ t: 1 + i / 100, node: 'rm-2', kind: 'persisted', count: 1 }),
      ),
      { t: 100, node: 'rm-2', actor: 'rm', kind: 'received', from: 'rm-1/rm', ...message },
    ];
    const stage = stageOf(timelineOf(events));
    expect(sceneOf(stage, { from: 40, to: 60 }, options).arrows.map(({ index }) => index)).toEqual([0]);
    expect(sceneOf(stage, { from: 101, to: 110 }, options).arrows).toEqual([]);
  });

  test('what is highlighted is bright, all else is dim; a point finds what is there', () => {
    const timeline = run({ replication: 'passive' }, 2);
    const stage = stageOf(timeline);
    const request = timeline.wordOf('alice#1');
    const scene = sceneOf(stage, whole(timeline.end), { ...options, focus: { kind: 'request', request } });
    const bright = scene.arrows.filter(({ dim }) => !dim);
    expect(bright.length).toBeGreaterThan(3);
    expect(bright.length).toBeLessThan(scene.arrows.length);
    expect(bright.every(({ index }) => timeline.request.at(index) === request)).toBe(true);
    const phases = new Set(bright.map(({ tone }) => tone));
    for (const tone of ['phase-re', 'phase-end'] as const) expect(phases).toContain(tone);
    const plain = sceneOf(stage, { from: 0, to: 30 }, options);
    const arrow = plain.arrows.find(({ control }) => !control);
    if (arrow === undefined) throw new Error('there are messages');
    const middle = hitAt(plain, arrow.x1 + (arrow.x2 - arrow.x1) * 0.37, arrow.y1 + (arrow.y2 - arrow.y1) * 0.37);
    expect(middle).not.toBeNull();
    const dot = plain.dots[0];
    expect(hitAt(plain, dot?.x ?? 0, (dot?.y ?? 0) + 2)).toMatchObject({ kind: 'event' });
    expect(hitAt(plain, 999, 5)).toBeNull();
  });

  test('a run that goes another way is drawn as it went', () => {
    const timeline = run(rough, 4);
    const landmarks = new Landmarks();
    landmarks.follow(timeline);
    const encoder = new Encoder();
    const events = [
      { t: 0, node: 'rm-9', kind: 'crashed', reason: 'fault' },
      { t: 4, node: 'rm-9', kind: 'recovered', incarnation: 2 },
    ] as const;
    const cut = timeline.words.length;
    timeline.append({ ...encoder.encode(events, 0), words: [] }, null);
    landmarks.follow(timeline);
    expect([landmarks.until.length, landmarks.losses.length, landmarks.recoveries]).toEqual([2, 0, [1]]);
    expect([...landmarks.downs.values()]).toEqual([[{ from: 0, to: 1 }]]);
    expect(timeline.words.length).toBe(cut);
  });
});

describe('lines', () => {
  test('who asks stands over who answers, and both over what serves them; rm-2 before rm-10', () => {
    const names = ['rm-10', 'names', 'ms-2', 'fe-2', 'rm-2', 'sequencer', 'fe-10', 'ms-1', 'rm-1'];
    expect(names.sort(inOrder)).toEqual([
      ...['fe-2', 'fe-10', 'rm-1', 'rm-2', 'rm-10'],
      ...['ms-1', 'ms-2', 'names', 'sequencer'],
    ]);
  });

  test('all of them fit a pane as low as they can be read in, and take what a high one has', () => {
    for (const [count, faults] of [
      [1, 0],
      [8, 1],
      [20, 4],
    ] as const) {
      for (const height of [heightOf(count, faults), 900]) {
        const { rows, apart, axis } = rowsAt(count, height, faults);
        expect(apart).toBeGreaterThanOrEqual(16);
        expect(rows[0]).toBeGreaterThan(axis + faults * 20);
        expect(rows.at(-1)).toBeLessThan(height);
      }
    }
  });

  test('phases of requests end before the next line, however many are under one', () => {
    for (const apart of [25, 30, 60]) {
      for (const lanes of [1, 2, 3]) {
        const { under, height } = laneIn(apart, lanes);
        expect(under + lanes * (height + 1)).toBeLessThan(apart);
      }
    }
    expect(laneIn(16, 1).under + laneIn(16, 1).height).toBeLessThan(14);
    expect(laneIn(60, 1).height).toBe(12);
  });
});

describe('words', () => {
  test('rectangles overlap unless there is a line between them', () => {
    const patch = { x: 0, y: 0, halfWidth: 20, halfHeight: 5, turn: 0 };
    expect(overlap(patch, { ...patch, y: 9 })).toBe(true);
    expect(overlap(patch, { ...patch, y: 11 })).toBe(false);
    expect(overlap(patch, { ...patch, x: 24, y: 0, turn: 90 })).toBe(true);
    expect(overlap(patch, { ...patch, x: 26, y: 0, turn: 90 })).toBe(false);
    // their boxes overlap, they do not
    expect(overlap({ ...patch, turn: 45 }, { ...patch, x: 16, turn: 45 })).toBe(false);
    const room = new Room();
    room.block(60, -5, 10, 10);
    expect([room.take({ ...patch, x: 45 }), room.take({ ...patch, x: 39 })]).toEqual([false, true]);
  });

  test('none lies on another, nor on a phase, nor beyond the edge; clocks are there when they are wanted', () => {
    const timeline = run(rough, 20);
    const stage = stageOf(timeline);
    const clocks = new Clocks(stage.rowOf, timeline.branch);
    clocks.follow(timeline, timeline.length);
    let [named, clocked] = [0, 0];
    for (const window of [whole(timeline.end), { from: 20, to: 90 }, { from: 100, to: 110 }]) {
      const { labels, blocks, chips } = sceneOf({ ...stage, clocks }, window, options);
      const patches = labels.map(({ x, y, text, size, turn }) => ({
        ...{ x, y, turn },
        ...{ halfWidth: text.length * size * 0.28, halfHeight: size / 2 },
      }));
      const bars = [...blocks, ...chips].map(({ x, y, width, height }) => ({
        ...{ x: x + width / 2, y: y + height / 2, turn: 0 },
        ...{ halfWidth: width / 2, halfHeight: height / 2 },
      }));
      patches.forEach((patch, place) => {
        expect(patch.x).toBeGreaterThan(0);
        expect(patch.x).toBeLessThan(options.width);
        expect([...patches.slice(place + 1), ...bars].filter((other) => overlap(patch, other))).toEqual([]);
      });
      named += labels.filter(({ text }) => /^[a-z]/.test(text)).length;
      clocked += labels.filter(({ text }) => /^\[\d+(,\d+)+\]$/.test(text)).length;
      expect(sceneOf(stage, window, options).labels.some(({ text }) => text.startsWith('['))).toBe(false);
    }
    expect(named).toBeGreaterThan(5);
    expect(clocked).toBeGreaterThan(5);
  });
});

describe('what is not as usual', () => {
  const at = { node: 'rm-1', actor: 'rm' } as const;

  test('events that were missed are a band from the last before to the first after, with their count', () => {
    const persisted = (t: number): TraceEvent => ({ t, node: 'rm-1', kind: 'persisted', count: 1 });
    const timeline = timelineOf([
      persisted(10),
      { t: 60, node: 'network', kind: 'missed', events: 1234 },
      persisted(61),
    ]);
    const stage = stageOf(timeline);
    const scene = sceneOf(stage, { from: 0, to: 100 }, options);
    expect(scene.gaps).toEqual([{ index: 1, x: 100, width: 500, count: 1234 }]);
    expect(hitAt(scene, 300, 550)).toMatchObject({ kind: 'event', index: 1 });
    expect(eventText(timeline, 1)).toMatch(/^1234 events are missing/);
    expect(sceneOf(stage, { from: 70, to: 100 }, options).gaps).toEqual([]);
    const half = sceneOf(stage, { from: 50, to: 100 }, options).gaps[0];
    expect((half?.x ?? 0) + (half?.width ?? 0)).toBe(200);
  });

  test('a message that carries several requests is of each of them', () => {
    const message = { id: 'm1', type: 'data', items: 2 } as const;
    const phase = (t: number, request: string): TraceEvent => ({
      ...{ t, node: 'rm-2', actor: 'rm', cause: 'm1', kind: 'phase', phase: 'EX' },
      requests: [request],
    });
    const timeline = timelineOf([
      { t: 0, ...at, kind: 'called', id: 'c1', requests: ['a#1', 'c#1'] },
      { t: 1, ...at, kind: 'called', id: 'c2', requests: ['b#1'] },
      { t: 2, ...at, kind: 'sent', cause: 'c1', to: 'rm-2/rm', ...message },
      { t: 4, node: 'rm-2', actor: 'rm', kind: 'received', from: 'rm-1/rm', ...message },
      phase(4, 'a#1'),
      phase(5, 'b#1'),
      { t: 6, node: 'rm-2', actor: 'rm', kind: 'sent', id: 'm2', to: 'rm-1/rm', type: 'taken', items: 1 },
    ]);
    const stage = stageOf(timeline);
    const of = (index: number): string[] =>
      requestsOf(timeline, stage.landmarks, index).map((word) => timeline.text(word));
    expect([of(2), of(3), of(6)]).toEqual([['a#1', 'c#1', 'b#1'], ['a#1', 'c#1', 'b#1'], []]);
    for (let index = 0; index < timeline.length; index++) {
      for (const request of ['a#1', 'b#1', 'c#1'])
        expect(isFor(timeline, stage.landmarks, index, timeline.wordOf(request))).toBe(of(index).includes(request));
    }
    const arrow = (request: string) =>
      sceneOf(stage, whole(6), {
        ...options,
        colouring: 'request',
        focus: { kind: 'request', request: timeline.wordOf(request) },
      }).arrows[0];
    expect(['a#1', 'b#1', 'c#1'].map((request) => arrow(request)?.dim)).toEqual([false, false, false]);
    expect(new Set(['a#1', 'b#1', 'c#1'].map((request) => arrow(request)?.tone)).size).toBe(3);
  });

  test('a fault that begins at an event ends where the trace says so', () => {
    const timeline = run({ replication: 'active', faults: ['partition:rm-1|rm-2@rm-1/EX#1+60ms'] }, 8);
    const marks = [];
    for (let index = 0; index < timeline.length; index++)
      if (timeline.kind.at(index) === kindNumber.fault) marks.push(index);
    const [from, to] = marks.map((index) => timeline.t.at(index));
    expect((to ?? 0) - (from ?? 0)).toBeCloseTo(60);
    const scene = sceneOf(stageOf(timeline), { from: 0, to: 100 }, options);
    expect(scene.faults).toHaveLength(1);
    expect(scene.faults[0]).toMatchObject({ text: 'partition:rm-1|rm-2', lasts: true });
    expect(scene.faults[0]?.width).toBeCloseTo(600);
    expect(scene.severed[0]?.x2).toBeCloseTo((to ?? 0) * 10);
  });
});

describe('as text', () => {
  const palette = new Proxy({} as SvgOptions['palette'], { get: (_, name) => `[${String(name)}]` }); // every colour is its name

  test('an SVG file is well formed, and has what the window shows', () => {
    const timeline = run(rough, 4);
    const nodes = ['fe-1', 'fe-2', 'fe-3', 'sequencer', 'rm-1', 'rm-2', 'rm-3'];
    const title = 'a < b & "c"';
    const svg = spaceTimeSvg(timeline, whole(timeline.end), { ...options, clocked: true, nodes, palette, title });
    const open = svg.match(/<(svg|text|title)[ >]/g)?.length;
    expect(open).toBe(svg.match(/<\/(svg|text|title)>/g)?.length);
    expect(svg).toContain('<title>a &lt; b &amp; &quot;c&quot;</title>');
    for (const node of nodes) expect(svg).toContain(`>${node}</text>`);
    expect(svg).toContain('stroke="[phase-re]"');
    expect(svg).toContain('>loss:0.15</text>');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(
      spaceTimeSvg(new Timeline(), whole(0), { ...options, clocked: true, nodes: [], palette, title }),
    ).not.toMatch(/NaN|Infinity/);
  });

  test('the page says what is at a place', () => {
    const timeline = run({ ...rough, faults: ['crash:rm-2@5ms'] }, 2);
    expect(placeText(timeline, 0)).toBe('Nothing has happened yet.');
    expect(placeText(timeline, timeline.length)).toMatch(/Down: rm-2\./);
    const sentences = Array.from({ length: timeline.length }, (_, index) => eventText(timeline, index));
    for (const sentence of sentences) expect(sentence).toMatch(/^\S.*\w.*[^ ]$/);
    expect(sentences).toContain('fe-1 is asked for alice#1');
    expect(sentences).toContain('rm-2 crashes (fault)');
  });
});
