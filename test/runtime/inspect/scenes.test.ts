import { describe, expect, test } from '@jest/globals';
import bank from '../../../examples/bank/service.js';
import counter from '../../../examples/counter/service.js';
import kv from '../../../examples/kv/service.js';
import {
  eventfulSpan,
  findMoment,
  type Happening,
  type Scene,
  scenes,
  spanAt,
} from '../../../runtime/inspect/page/scenes/index.js';
import { Encoder } from '../../../runtime/inspect/timeline/encode.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import type { AnyService } from '../../../runtime/service/index.js';
import { type Trial, tryScenario } from '../../../runtime/simulate/trial.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

const services: Readonly<Record<string, AnyService>> = { bank, counter, kv };

interface Played {
  readonly trial: Trial;
  readonly events: readonly TraceEvent[];
  readonly timeline: Timeline;
  /** Of each step. */
  readonly places: readonly (number | null)[];
}

function playScene(scene: Scene): Played {
  const { service, property = 'sequential', scenario } = scene.run;
  const events: TraceEvent[] = [];
  const trial = tryScenario(services[service] as AnyService, scenario, {
    property,
    recorder: { record: (event) => events.push(event) },
  });
  const timeline = timelineOf(events);
  let from = 0;
  const places = scene.steps.map(({ until }) => {
    const place = findMoment(timeline, until, from);
    from = place ?? from;
    return place;
  });
  return { trial, events, timeline, places };
}

function timelineOf(events: readonly TraceEvent[]): Timeline {
  const timeline = new Timeline();
  timeline.append(new Encoder().encode(events, 0), null);
  return timeline;
}

const played = new Map<string, Played>();
const playedOnce = (scene: Scene): Played => {
  const known = played.get(scene.id) ?? playScene(scene);
  played.set(scene.id, known);
  return known;
};

/** `alice#1` → what it was told, and how many ms after it had asked. */
function answersOf({ trial }: Played): Record<string, string> {
  const turns = new Map<string, number>();
  return Object.fromEntries(
    trial.played.map(({ client, answer, calledAt, endedAt }) => {
      const turn = (turns.get(client) ?? 0) + 1;
      turns.set(client, turn);
      const outcome = answer?.outcome;
      const value = outcome?.ok === true ? JSON.stringify(outcome.value ?? null) : 'none';
      return [`${client}#${turn}`, `${value} after ${endedAt - calledAt} by ${answer?.by.join('+') ?? 'nobody'}`];
    }),
  );
}

/** Indexes of all events that are so, up to a place. */
function all({ timeline }: Played, happening: Happening, until = timeline.length): number[] {
  const found: number[] = [];
  for (let place = findMoment(timeline, happening, 0); place !== null && place <= until; ) {
    found.push(place - 1);
    place = findMoment(timeline, happening, place);
  }
  return found;
}

/** What every request is told in each scene, which is what its sentences speak of. */
const answers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'bank-anomaly': {
    'alice#1': 'null after 20 by rm-1',
    'alice#2': 'null after 40 by rm-2',
    'bob#1': '2 after 20 by rm-2',
    'bob#2': '0 after 20 by rm-2',
  },
  'lazy-loses-an-update': {
    'alice#1': '5 after 10 by rm-1',
    'alice#2': '12 after 10 by rm-1',
    'bob#1': '5 after 10 by rm-2',
  },
  'order-fifo': {
    'ann#1': 'null after 10 by rm-1',
    'bob#1': '"lunch?" after 10 by rm-2',
    'bob#2': 'null after 10 by rm-2',
    'carl#1': '"noon" after 10 by rm-3',
    'carl#2': '"" after 10 by rm-3',
    'carl#3': '"noon" after 10 by rm-3',
  },
  'order-causal': {
    'ann#1': 'null after 10 by rm-1',
    'bob#1': '"lunch?" after 10 by rm-2',
    'bob#2': 'null after 10 by rm-2',
    'carl#1': '"" after 10 by rm-3',
    'carl#2': '"" after 10 by rm-3',
    'carl#3': '"noon" after 10 by rm-3',
  },
  'order-total': {
    'ann#1': 'null after 15 by rm-1',
    'bob#1': '"lunch?" after 15 by rm-1',
    'bob#2': 'null after 15 by rm-1',
    'carl#1': '"" after 15 by rm-1',
    'carl#2': '"lunch?" after 15 by rm-1',
    'carl#3': '"noon" after 15 by rm-1',
  },
  'phases-active': { 'alice#1': '5 after 30 by rm-1', 'alice#2': '5 after 30 by rm-1' },
  'phases-passive': { 'alice#1': '5 after 40 by rm-1', 'alice#2': '5 after 40 by rm-1' },
  'primary-crash': {
    'alice#1': '5 after 40 by rm-1',
    'alice#2': '13 after 40 by rm-1',
    'alice#3': '18 after 110 by rm-2',
    'bob#1': '12 after 59 by rm-1',
    'bob#2': '15 after 40 by rm-1',
    'bob#3': '18 after 40 by rm-2',
  },
  'stale-read': { 'alice#1': '5 after 40 by rm-1', 'bob#1': '0 after 20 by rm-2', 'bob#2': '5 after 20 by rm-2' },
  'deposed-primary': {
    'alice#1': '5 after 20 by rm-1',
    'alice#2': '12 after 100 by rm-2',
    'bob#1': '12 after 20 by rm-2',
  },
  'asked-twice': { 'alice#1': '5 after 170 by rm-1', 'alice#2': '5 after 20 by rm-1' },
  'sequencer-bottleneck': Object.fromEntries(
    ['ann', 'bob', 'carl', 'dan'].flatMap((client, i) => [
      [`${client}#1`, `${i + 1} after 15 by rm-1`],
      [`${client}#2`, `${i + 5} after 65 by rm-1`],
    ]),
  ),
  'sequencer-crash': {
    'ann#1': '1 after 15 by rm-1',
    'ann#2': '11 after 15 by rm-2',
    'bob#1': '11 after 40 by rm-2',
  },
  flush: { 'ann#1': '1 after 60 by rm-2', 'bob#1': '11 after 50 by rm-2' },
  joiner: {
    'ann#1': 'null after 15 by rm-1',
    'ann#2': 'null after 15 by rm-1',
    'ann#3': 'null after 17 by rm-1',
    'ann#4': '"3" after 15 by rm-1',
  },
  'wrong-suspicion': {
    'ann#1': '1 after 15 by rm-1',
    'ann#2': '11 after 15 by rm-1',
    'bob#1': '111 after 15 by rm-1',
  },
  voting: { 'alice#1': '5 after 15 by rm-1+rm-3', 'alice#2': '5 after 15 by rm-1+rm-3' },
  'liars-win': { 'alice#1': '27 after 15 by rm-2+rm-3', 'alice#2': '63 after 15 by rm-2+rm-3' },
};

describe.each(scenes.map((scene) => [scene.id, scene] as const))('scene %s', (id, scene) => {
  test('comes to each of its moments, in their order, and shows what is there', () => {
    const { places, timeline, trial } = playedOnce(scene);
    expect(scene.steps.filter((_, i) => places[i] === null).map(({ until }) => until)).toEqual([]);
    expect(places).toEqual([...places].sort((a, b) => (a ?? 0) - (b ?? 0)));
    // the end may be what the step before it has shown
    expect(new Set(places.slice(0, -1)).size).toBe(places.length - 1);
    for (const [i, { show }] of scene.steps.entries()) {
      const choice = show?.choose;
      const cut = timeline.cutAt(places[i] ?? 0);
      if (choice?.kind === 'node') expect([...cut.nodes.keys()]).toContain(choice.node);
      if (choice?.kind === 'request')
        expect(timeline.eventsOf(timeline.wordOf(choice.request))[0]).toBeLessThan(places[i] ?? 0);
    }
    expect(trial.played.every(({ answer }) => answer !== null)).toBe(true);
  });

  test('is told in a few short sentences', () => {
    for (const text of [scene.about, ...scene.steps.map(({ say }) => say)]) {
      expect((text.match(/[.?!](?=\s|$)/g) ?? []).length).toBeLessThanOrEqual(text === scene.about ? 1 : 3);
      expect(text.length).toBeLessThan(330);
      expect(text).not.toMatch(/[`*_<>[\]]| {2}/);
    }
    expect(scene.steps.length).toBeGreaterThanOrEqual(4);
    expect(scene.steps.at(-1)).toMatchObject({ until: { end: true }, show: { view: 'history' } });
  });

  test('tells each client what its sentences say', () => {
    expect(answersOf(playedOnce(scene))).toEqual(answers[id]);
  });

  test('is judged by the checker as it says', () => {
    const last = scene.steps.at(-1);
    expect(last?.check).toBe(scene.run.property);
    expect(playedOnce(scene).trial.consistency.verdict).toBe(last?.finds);
  });
});

describe('the stretch of time that the diagram shows', () => {
  test.each(scenes.map((scene) => [scene.id, scene] as const))(
    '%s: each step and what it speaks of are in it',
    (_, scene) => {
      const { timeline, places } = playedOnce(scene);
      let chosen: string | null = null;
      for (const [step, { show }] of scene.steps.entries()) {
        const { from, to } = spanAt(scene, step, timeline);
        const now = timeline.t.at((places[step] as number) - 1);
        expect({ step, from: now >= from, to: now <= to }).toEqual({ step, from: true, to: true });
        if (show?.choose !== undefined) chosen = show.choose.kind === 'request' ? show.choose.request : null;
        const moments =
          chosen === null ? [] : timeline.eventsOf(timeline.wordOf(chosen)).map((index) => timeline.t.at(index));
        const inView = chosen === null || moments.some((t) => t >= from && t <= to);
        expect({ step, chosen, inView }).toEqual({ step, chosen, inView: true });
      }
      // not before the first request or fault, but for a little
      const span = spanAt(scene, -1, timeline);
      const begun = eventfulSpan(timeline).from;
      expect(span.from).toBeGreaterThanOrEqual(begun - 5);
      expect(span.to - span.from).toBeLessThan(500);
    },
  );

  test('it begins a little before the first request or fault that was not there from the start', () => {
    const fault = (t: number, text: string): TraceEvent => ({ t, node: 'network', kind: 'fault', fault: text });
    const rest: TraceEvent = { t: 400, node: 'a', kind: 'persisted', count: 1 };
    const called: TraceEvent = { t: 300, node: 'fe-1', actor: 'fe', kind: 'called', id: 'c1', requests: ['x#1'] };
    expect(eventfulSpan(timelineOf([fault(0, 'loss:0.1'), called, rest]))).toEqual({ from: 297, to: 400 });
    expect(eventfulSpan(timelineOf([fault(200, 'loss:0.1'), called, rest]))).toEqual({ from: 194, to: 400 });
    expect(eventfulSpan(timelineOf([rest]))).toEqual({ from: 0, to: 400 });
  });
});

test('there are at least twelve, each with a name of its own', () => {
  expect(scenes.length).toBeGreaterThanOrEqual(12);
  expect(new Set(scenes.map(({ id }) => id)).size).toBe(scenes.length);
  expect(scenes[0]?.id).toBe('bank-anomaly');
});

const sceneOf = (id: string): Scene => scenes.find((scene) => scene.id === id) as Scene; // named below as they are
const of = (id: string): Played => playedOnce(sceneOf(id));

describe('what the sentences claim besides', () => {
  test('bank anomaly: no copy but rm-1 ever had x; nothing of it was delivered anywhere else', () => {
    const run = of('bank-anomaly');
    expect(all(run, { kind: 'phase', request: 'alice#1', node: 'rm-2' })).toEqual([]);
    expect(all(run, { kind: 'phase', request: 'alice#1', node: 'rm-3' })).toEqual([]);
    expect(all(run, { kind: 'lost', node: 'rm-1', word: 'partition', request: 'alice#1' })).not.toEqual([]);
    expect(run.timeline.t.at(all(run, { kind: 'answered', request: 'alice#1' })[0] as number)).toBeLessThan(50);
  });

  test('causal: the answer was there for a while before the question, and was delivered right after it', () => {
    const run = of('order-causal');
    const [received] = all(run, { kind: 'received', node: 'rm-3', peer: 'rm-2', word: 'data', request: 'bob#2' });
    const [question, answer] = all(run, { kind: 'delivered', node: 'rm-3' });
    expect(received).toBeLessThan(all(run, { kind: 'answered', request: 'carl#1' })[0] as number);
    expect(question).toBeGreaterThan(received as number);
    expect(answer).toBe((question as number) + 1);
    const stamps = run.events.flatMap((event) =>
      event.kind === 'delivered' && event.node === 'rm-3' ? [event.stamp] : [],
    );
    expect(stamps).toEqual([{ 'rm-1:1': 1 }, { 'rm-1:1': 1, 'rm-2:1': 1 }]);
  });

  test('fifo: the answer was delivered before the question, at rm-3 only', () => {
    const run = of('order-fifo');
    const order = (node: string) =>
      all(run, { kind: 'delivered', node }).map((index) => run.timeline.text(run.timeline.request.at(index)));
    expect([order('rm-1'), order('rm-2'), order('rm-3')]).toEqual([
      ['ann#1', 'bob#2'],
      ['ann#1', 'bob#2'],
      ['bob#2', 'ann#1'],
    ]);
  });

  test('total: all copies execute the same six in the same order, and nothing crosses the cut line', () => {
    const run = of('order-total');
    const numbers = (node: string) =>
      all(run, { kind: 'delivered', node }).map((index) => run.timeline.amount.at(index));
    for (const node of ['rm-1', 'rm-2', 'rm-3']) expect(numbers(node)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(all(run, { kind: 'lost' })).toEqual([]);
  });

  test('active: no copy has the phase AC, and every copy executes; passive: the primary alone executes', () => {
    const [active, passive] = [of('phases-active'), of('phases-passive')];
    expect(all(active, { kind: 'phase', word: 'AC' })).toEqual([]);
    expect(all(active, { kind: 'phase', word: 'EX', request: 'alice#1' })).toHaveLength(3);
    expect(all(passive, { kind: 'phase', word: 'EX', request: 'alice#1' })).toHaveLength(1);
  });

  test('primary crash: nothing of the deposit had left the primary, and two executed it', () => {
    const run = of('primary-crash');
    expect(all(run, { kind: 'sent', node: 'rm-1', request: 'alice#3' })).toEqual([]);
    const executed = all(run, { kind: 'phase', word: 'EX', request: 'alice#3' });
    expect(executed.map((index) => run.timeline.text(run.timeline.node.at(index)))).toEqual(['rm-1', 'rm-2']);
  });

  test('stale read: a weaker promise is kept', () => {
    expect(tryScenario(bank, sceneOf('stale-read').run.scenario, { property: 'sequential' }).consistency.verdict).toBe(
      'holds',
    );
  });

  test('asked three times: the request came to the primary three times, and was executed once', () => {
    const run = of('asked-twice');
    expect(all(run, { kind: 'received', node: 'rm-1', word: 'requests', request: 'alice#1' })).toHaveLength(3);
    expect(all(run, { kind: 'phase', word: 'EX', request: 'alice#1' })).toHaveLength(1);
  });

  test('sequencer: for each request that comes in, three messages go out', () => {
    const run = of('sequencer-bottleneck');
    expect(all(run, { kind: 'received', node: 'sequencer', word: 'submit' })).toHaveLength(8);
    expect(all(run, { kind: 'sent', node: 'sequencer', word: 'ordered' })).toHaveLength(24);
  });

  test('sequencer crash: Bob’s request is number 2 for those who are left, once each', () => {
    const run = of('sequencer-crash');
    const delivered = all(run, { kind: 'delivered', amount: 2 });
    expect(delivered.map((index) => run.timeline.text(run.timeline.node.at(index)))).toEqual(['rm-2', 'rm-3']);
  });

  test('flush: the message to rm-3 never left, and rm-3 delivers it in the old view', () => {
    const run = of('flush');
    expect(all(run, { kind: 'sent', node: 'rm-1', peer: 'rm-3', word: 'data' })).toEqual([]);
    const late = run.events.find(({ kind, node }) => kind === 'delivered' && node === 'rm-3');
    expect(late).toMatchObject({ number: 1, view: 1 });
    const [view] = all(run, { kind: 'view', node: 'rm-3', amount: 2 });
    expect(run.events.indexOf(late as TraceEvent)).toBeLessThan(view as number);
  });

  test('joiner: it executes what came after the line, and what came before it is in the state that it was sent', () => {
    const run = of('joiner');
    for (const request of ['ann#1', 'ann#2']) expect(all(run, { kind: 'phase', node: 'rm-4', request })).toEqual([]);
    expect(all(run, { kind: 'phase', word: 'EX', node: 'rm-4', request: 'ann#3' })).toHaveLength(1);
    expect(all(run, { kind: 'phase', word: 'EX', request: 'ann#4' })).toHaveLength(4);
    expect(run.trial.verdict.reasons).toEqual([]); // the states of all four are equal
  });

  test('deposed primary: the old one answered nothing after the cut, and was well when it stopped', () => {
    const run = of('deposed-primary');
    expect(all(run, { kind: 'sent', node: 'rm-1', word: 'replies', request: 'alice#2' })).toEqual([]);
    expect(all(run, { kind: 'crashed' })).toHaveLength(1);
  });
});

describe('finding a moment', () => {
  const timeline = timelineOf([
    { t: 0, node: 'a', actor: 'rm', kind: 'phase', phase: 'EX', requests: ['x#1'] },
    { t: 5, node: 'b', actor: 'rm', kind: 'phase', phase: 'EX', requests: ['x#1', 'x#2'] },
    { t: 5, node: 'a', actor: 'rm', kind: 'phase', phase: 'END', requests: ['x#1'] },
    { t: 9, node: 'a', kind: 'crashed', reason: 'fault' },
  ]);

  test.each([
    [{ kind: 'phase' }, 0, 1],
    [{ kind: 'phase' }, 1, 2],
    [{ kind: 'phase', count: 3 }, 0, 3],
    [{ kind: 'phase', count: 3 }, 1, null],
    [{ kind: 'phase', node: 'a', word: 'END' }, 0, 3],
    [{ kind: 'phase', word: 'AC' }, 0, null],
    [{ kind: 'crashed', node: 'b' }, 0, null],
    [{ t: 5 }, 0, 1],
    [{ t: 5 }, 2, 2],
    [{ t: 9.5 }, 0, null],
    [{ end: true }, 1, 4],
  ] as const)('%j after place %i is place %p', (moment, from, place) => {
    expect(findMoment(timeline, moment, from)).toBe(place);
  });
});
