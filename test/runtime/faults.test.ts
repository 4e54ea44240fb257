import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { active } from '../../machines/active/index.js';
import { local } from '../../machines/local/index.js';
import { nodeId } from '../../machines/shared/identifiers.js';
import type { FaultModel, Style } from '../../machines/shared/style.js';
import { VirtualClock } from '../../runtime/clock/virtual.js';
import { styles } from '../../runtime/cluster/styles.js';
import { type Fault, faultText, parseFault } from '../../runtime/simulate/faults.js';
import { livenessViolations } from '../../runtime/simulate/liveness.js';
import type { Span } from '../../runtime/simulate/moments.js';
import { SimulatedNetwork } from '../../runtime/simulate/network.js';
import { NodeClock } from '../../runtime/simulate/node-clock.js';
import { drawProfile, type ProfileName, profileFor, profileNames } from '../../runtime/simulate/profile.js';
import { type SimulateSettings, type Simulation, simulate } from '../../runtime/simulate/simulation.js';
import { type PlayedRequest, play } from '../../runtime/simulate/workload.js';
import type { TraceEvent } from '../../runtime/trace/format.js';
import { digestRecorder } from '../../runtime/trace/recorder.js';
import { everySeed, type Ledger, ledger, requestsFor, run } from './runs.js';

const bad: SimulateSettings = { loss: 0.2, duplicate: 0.1, delay: [1, 20] };

describe('the fate of a frame', () => {
  const omitting = ['omit-send:rm-1:0.2', 'omit-receive:rm-2:0.2'];
  function traced(settings: SimulateSettings) {
    const recorder = digestRecorder();
    const { simulation, verdict } = run({ ...bad, faults: omitting, ...settings }, requestsFor(4, 2, 6), { recorder });
    expect(verdict.reasons).toEqual([]);
    return { digest: recorder.digest(), rough: simulation.roughFrames, network: simulation.network };
  }

  test('CH-4: reordering, loss, duplication and omission strike the frames that the seed names, and those names make the same run', () => {
    everySeed(20, 'CH-4: reordering', (seed) => {
      const whole = traced({ seed, recordFates: true });
      expect(whole.network.lost * whole.network.duplicated * whole.network.omitted).toBeGreaterThan(0);
      expect(traced({ seed, rough: whole.rough }).digest).toBe(whole.digest);
    });
  });

  test('CH-4: frames that are left out of the names take the least delay, and move no other frame', () => {
    const names = traced({ seed: 7, recordFates: true }).rough;
    const none = traced({ seed: 7, rough: [], recordFates: true });
    expect(none.rough).toEqual([]);
    expect(none.network).toMatchObject({ lost: 0, duplicated: 0, omitted: 0 });
    const half = names.filter((_, place) => place % 2 === 0);
    const { rough, network } = traced({ seed: 7, rough: half, recordFates: true });
    expect(half).toEqual(expect.arrayContaining(rough));
    expect(network.lost).toBeGreaterThan(0);
  });

  test('nothing is kept of fates that nobody asked for', () => {
    expect(traced({ seed: 1 }).rough).toEqual([]);
  });
});

describe('a network that reorders', () => {
  test('CH-4: frames overtake each other while the delay varies, and neither before nor after', () => {
    const clock = new VirtualClock();
    const network = new SimulatedNetwork(clock, { seed: 1, delay: [2, 2], loss: 0, duplicate: 0 });
    const [a, b] = [nodeId('a'), nodeId('b')];
    const arrived: number[] = [];
    const handlers = { frame: (_: string, [number = 0]: Uint8Array) => void arrived.push(number), refused: () => {} };
    const port = network.open(a, 1, handlers);
    network.open(b, 1, handlers);
    const orders: boolean[] = [];
    const send = (): void => {
      arrived.length = 0;
      for (let i = 0; i < 50; i++) port.send(b, Uint8Array.of(i));
      clock.advance(100);
      expect([...arrived].sort((x, y) => x - y)).toEqual(Array.from({ length: 50 }, (_, i) => i));
      orders.push(arrived.every((number, i) => number === i));
    };
    send();
    const undo = network.change({ delay: [1, 20] });
    send();
    undo();
    send();
    expect(orders).toEqual([true, false, true]);
  });
});

describe('the words for faults', () => {
  const node = fc.constantFrom('rm-1', 'rm-12', 'fe-3', 'sequencer').map(nodeId);
  const ms = fc.double({ min: 0, max: 1e6, noNaN: true });
  const occurrence = fc.record({
    node,
    event: fc.constantFrom('EX', 'END', 'sent:ordered', 'received:replies', 'rm:executing', 'group:bank:a.b'),
    count: fc.integer({ min: 1, max: 99 }),
  });
  const moment = fc.oneof(fc.record({ at: ms }), occurrence);
  const timed = fc.tuple(ms, fc.option(ms)).map(([at, more]) => ({ at, until: more === null ? null : at + more }));
  const lasting = fc.tuple(occurrence, fc.option(ms)).map(([event, lasts]) => ({ ...event, lasts }));
  const during: fc.Arbitrary<Span> = fc.oneof(timed, lasting);
  const probability = fc.double({ min: 0, max: 1, noNaN: true });
  const kind = <const Kind extends string>(...kinds: Kind[]) => fc.constantFrom<Kind>(...kinds);
  const faults: fc.Arbitrary<Fault> = fc.oneof(
    fc.record({ kind: kind('crash', 'recover'), node, when: moment }),
    fc.record({
      kind: kind('partition'),
      from: fc.constantFrom([nodeId('rm-1')], [nodeId('rm-1'), nodeId('fe-1')]),
      to: fc.constantFrom([nodeId('rm-2')], [nodeId('rm-2'), nodeId('fe-2')]),
      oneWay: fc.boolean(),
      during,
    }),
    fc.record({ kind: kind('lie'), node, letter: fc.constantFrom('A', 'B'), during }),
    fc.record({ kind: kind('silent', 'equivocate', 'disk-lose', 'disk-tear', 'disk-fail'), node, during }),
    fc.record({ kind: kind('omit-send', 'omit-receive'), node, probability, during }),
    fc.record({ kind: kind('loss', 'duplicate'), probability, during }),
    fc.tuple(ms, ms, during).map(([least, more, span]) => ({
      kind: 'delay' as const,
      least,
      most: least + more,
      during: span,
    })),
    fc.record({ kind: kind('slow'), node, factor: fc.double({ min: 1, max: 1000, noNaN: true }), during }),
    fc.record({
      kind: kind('skew'),
      node,
      rate: fc.double({ min: 0.01, max: 100, noNaN: true }),
      offset: fc.constant(0),
      during,
    }),
    fc.record({ kind: kind('skew'), node, rate: fc.constant(1), offset: fc.integer({ min: 1, max: 999 }), during }),
    fc.record({ kind: kind('disk-slow'), node, delay: ms, during }),
  );

  test('CH-4: every fault has a text that means it', () => {
    const seed = Number(process.env.SEED ?? 20_261);
    fc.assert(
      fc.property(faults, (fault) => {
        expect(parseFault(faultText(fault))).toEqual(fault);
      }),
      { seed, numRuns: 2000 },
    );
  });

  test.each([
    'crash:rm-1',
    'crash:rm-1@120ms',
    'recover:rm-1@rm-2/EX#3',
    'crash:rm-1@sent:ordered#2',
    'crash:rm-1@group:bank:stable#1',
    'partition:rm-1|rm-2,rm-3@100ms..400ms',
    'partition:rm-1>rm-2@rm-1/EX#3+200ms',
    'lie:rm-3',
    'lie:rm-3=A@5ms',
    'equivocate:rm-3@received:ordered#2',
    'omit-send:rm-1:0.2@rm:executing#4+10ms',
    'loss:0.1@100ms..200ms',
    'delay:1ms..20ms',
    'delay:5ms@fe-1/RE#1+5ms',
    'slow:rm-1:3@100ms..400ms',
    'skew:rm-1:1.1',
    'skew:rm-1:+20ms',
    'skew:rm-1:-20ms@5ms',
    'disk-tear:rm-1',
    'disk-slow:rm-1:20ms@1ms..2ms',
    'lose:rm-1:1:17@120ms',
    'lose:fe-1:2:3@rm-1/EX#2',
    'hold:rm-1:1:17',
    'hold:rm-1:1:17@5ms..9ms',
    'hold:rm-1:1:17@rm-2/EX#1+5ms',
  ])('%s is its own text', (text) => {
    expect(faultText(parseFault(text))).toBe(text);
  });

  test.each([
    ['loss:0.1@EX#1', /does not say at which node/],
    ['crash:rm-1@5ms..9ms', /no time/],
    ['crash:rm-1@EX#1+5ms', /has a length/],
    ['crash:rm-1@rm-9/EX#1', /names rm-9/],
    ['crash:rm-1@EX#x', /"x" is no count/],
    ['partition:rm-1|rm-2@rm-1/EX#1+soon', /"soon" is no time/],
    ['slow:rm-1:0.5', /"0.5" is no factor/],
    ['slow:rm-1', /"" is no factor/],
    ['skew:rm-1:0', /"0" is no factor/],
    ['skew:rm-1:+fast', /"fast" is no time/],
    ['silent:rm-1:A', /"rm-1:A" is no name/],
    ['disk-slow:rm-1', /"" is no time/],
    ['delay:9..1ms', /before it begins/],
    ['lose:rm-1', /"rm-1" is no message/],
    ['lose:rm-1:0:1', /"rm-1:0:1" is no message/],
    ['hold:rm-1:1:c1', /"rm-1:1:c1" is no message/],
    ['lose:rm-9:1:1', /names rm-9/],
    ['lose:rm-1:1:17@5ms..9ms', /no time/],
    ['hold:rm-1:1:17', /nobody keeps a trace/],
  ])('the fault %s is refused', (fault, message) => {
    expect(() => simulate(ledger, { faults: [fault] })).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringMatching(message) }),
    );
  });
});

describe('a fault of one message', () => {
  const settings: SimulateSettings = { replicas: 3, replication: 'active', delay: [1, 5], seed: 11 };
  const requests = requestsFor(11, 2, 4, 10);
  const traceOf = (...faults: string[]) => run({ ...settings, faults }, requests, { keep: () => true });
  const calm = traceOf().events;
  const messages = calm.filter((event) => event.kind === 'sent');
  const arrivalOf = (events: readonly TraceEvent[], id: string): number =>
    events.find((event) => event.kind === 'received' && event.id === id)?.t ?? Number.NaN;

  test('CH-4: lost while it is under way, it is sent again, and comes late', () => {
    for (const { id, t, to } of messages.filter((_, place) => place % 7 === 0)) {
      const arrival = arrivalOf(calm, id);
      const { events, verdict } = traceOf(`lose:${id}@${(t + arrival) / 2}ms`);
      expect(verdict.reasons).toEqual([]);
      expect(events).toContainEqual(
        expect.objectContaining({ kind: 'lost', id, to, why: 'fault', t: (t + arrival) / 2 }),
      );
      expect(arrivalOf(events, id)).toBeGreaterThan(arrival + 5);
      expect(events.filter((event) => event.kind === 'received' && event.id === id)).toHaveLength(1);
    }
  });

  test('CH-4: nothing happens to it where it is not under way', () => {
    const [first] = messages;
    const arrival = arrivalOf(calm, first?.id ?? '');
    const lines = (events: readonly TraceEvent[]) => events.filter(({ kind }) => kind !== 'fault');
    expect(lines(traceOf(`lose:${first?.id}@${arrival + 0.5}ms`).events)).toEqual(lines(calm));
  });

  test('CH-4: held, it comes when the span is over, by the least delay', () => {
    for (const { id, t } of messages.filter((_, place) => place % 7 === 3)) {
      const { events, verdict } = traceOf(`hold:${id}@${Math.max(0, t - 1)}ms..${t + 200}ms`);
      expect(verdict.reasons).toEqual([]);
      expect(arrivalOf(events, id)).toBe(t + 201);
      expect(events.filter((event) => event.kind === 'received' && event.id === id)).toHaveLength(1);
    }
  });

  test('CH-4: one that is under way already is held as well, and so it is until the faults end', () => {
    const { id = '', t = 0 } = messages[0] ?? {};
    const settled = run({ ...settings, faults: [`hold:${id}@${t + 0.5}ms`] }, requests, {
      keep: () => true,
      liveness: { faultsEndAt: 300, within: 10_000 },
    });
    expect(settled.verdict.reasons).toEqual([]);
    expect(arrivalOf(settled.events, id)).toBe(301);
  });
});

interface Observed {
  readonly simulation: Simulation<Ledger>;
  readonly played: readonly PlayedRequest[];
  readonly events: readonly TraceEvent[];
  /** When the fault struck and ended, and what `measure` said then and when all was over. */
  readonly times: readonly number[];
  readonly measured: readonly number[];
}

/** Plays requests with one fault, and measures when it strikes, when it ends and when all is over. */
function observe(
  fault: string,
  settings: SimulateSettings = {},
  measure: (simulation: Simulation<Ledger>) => number = () => 0,
): Observed {
  const events: TraceEvent[] = [];
  const times: number[] = [];
  const measured: number[] = [];
  const simulation = simulate(ledger, {
    seed: 5,
    faults: [fault],
    ...settings,
    trace: (event) => {
      events.push(event);
      if (event.kind !== 'fault') return;
      times.push(event.t);
      measured.push(measure(simulation));
    },
  });
  const played = play(simulation, requestsFor(5, 2, 30), { timeout: 60_000 });
  return { simulation, played, events, times, measured: [...measured, measure(simulation)] };
}

/** The time of the count-th event that fits. */
function timeOf(events: readonly TraceEvent[], count: number, fits: (event: TraceEvent) => boolean): number {
  return events.filter(fits)[count - 1]?.t ?? Number.NaN;
}

const enters = (node: string, phase: string) => (event: TraceEvent) =>
  event.kind === 'phase' && event.node === node && event.phase === phase;

describe('faults that last, by time and by event', () => {
  const byzantine = { tolerate: 'byzantine' } as const;
  const lies = ({ lies: told }: Simulation<Ledger>) => told['rm-1'] ?? 0;
  const blocked = ({ network }: Simulation<Ledger>) => network.blocked;
  const omitted = ({ network }: Simulation<Ledger>) => network.omitted;

  test.each<[string, SimulateSettings, (simulation: Simulation<Ledger>) => number]>([
    ['omit-send:rm-1:0.5', {}, omitted],
    ['omit-receive:rm-1:0.5', {}, omitted],
    ['loss:0.3', {}, ({ network }) => network.lost],
    ['duplicate:0.5', {}, ({ network }) => network.duplicated],
    ['partition:rm-1|rm-2,fe-1,sequencer', {}, blocked],
    ['partition:sequencer>rm-1', {}, blocked],
    ['lie:rm-1', byzantine, lies],
    ['equivocate:rm-1', byzantine, lies],
    ['silent:rm-1', byzantine, lies],
  ])('CH-4: %s strikes within its span, and neither before nor after', (fault, settings, measure) => {
    const byTime = observe(`${fault}@60ms..140ms`, settings, measure);
    expect(byTime.times).toEqual([60, 140]);
    const byEvent = observe(`${fault}@rm-2/EX#9+80ms`, settings, measure);
    const struck = timeOf(byEvent.events, 9, enters('rm-2', 'EX'));
    expect(byEvent.times).toEqual([struck, struck + 80]);
    for (const { measured, played } of [byTime, byEvent]) {
      const [before, within, after] = measured;
      expect(before).toBe(0);
      expect(within).toBeGreaterThan(0);
      expect(after).toBe(within);
      for (const { answer } of played) expect(answer).not.toBeNull();
    }
  });

  /** ms on the way of each message, with the time at which it was sent. */
  function ways({ events }: Observed, between: (from: string, to: string) => boolean): [sent: number, took: number][] {
    const sent = new Map(events.flatMap((event) => (event.kind === 'sent' ? [[event.id, event]] : [])));
    return events.flatMap((event): [number, number][] => {
      if (event.kind !== 'received') return [];
      const start = sent.get(event.id);
      return start !== undefined && between(start.node, event.node) ? [[start.t, event.t - start.t]] : [];
    });
  }

  test.each(['60ms..140ms', 'fe-1/RE#6+80ms'])('CH-4: delay:40ms@%s makes what is sent in that time late', (when) => {
    const observed = observe(`delay:40ms@${when}`, { delay: [2, 2] });
    const [start = 0, end = 0] = observed.times;
    const late = ways(observed, () => true).filter(([, took]) => took >= 40);
    expect(late.length).toBeGreaterThan(3);
    expect(late.filter(([sent]) => sent < start || sent > end)).toEqual([]);
    expect(ways(observed, () => true).filter(([sent, took]) => sent >= start && sent < end && took < 40)).toEqual([]);
  });

  test.each(['60ms..140ms', 'received:ordered#6+80ms'])(
    'CH-4: slow:rm-1:20@%s makes that node late, and no other',
    (when) => {
      const observed = observe(`slow:rm-1:20@${when}`, { delay: [2, 2] });
      const [start = 0, end = 0] = observed.times;
      const late = ways(observed, (from, to) => [from, to].includes('rm-1')).filter(([, took]) => took >= 40);
      expect(late.length).toBeGreaterThan(2);
      expect(late.filter(([sent]) => sent < start || sent > end)).toEqual([]);
      expect(ways(observed, (from, to) => ![from, to].includes('rm-1')).filter(([, took]) => took !== 2)).toEqual([]);
    },
  );

  test.each(['60ms..140ms', 'fe:waiting#6+80ms'])(
    'CH-4: skew of the clock of a front end, %s: what it says of the time is wrong',
    (when) => {
      const offsets = (fault: string): { at: number; off: number; times: readonly number[] }[] => {
        const { played, times } = observe(`${fault}@${when}`);
        return played.flatMap(({ client, call, calledAt }) =>
          call === null || client !== 'client-1' ? [] : [{ at: calledAt, off: call.at - calledAt, times }],
        );
      };
      for (const {
        at,
        off,
        times: [start = 0, end = 0],
      } of offsets('skew:fe-1:+20ms')) {
        expect(off).toBeCloseTo(at > start && at < end ? 20 : 0);
      }
      for (const {
        at,
        off,
        times: [start = 0, end = 0],
      } of offsets('skew:fe-1:1.5')) {
        expect(off).toBeCloseTo(Math.min(80, Math.max(0, at - start)) / 2);
        expect(end - start).toBe(80);
      }
    },
  );

  test('CH-4: timers of a skewed clock ring by that clock, and never early; those of a slow node ring late', () => {
    const time = new VirtualClock();
    const clock = new NodeClock(time);
    const rung: [string, number, number][] = [];
    const set = (name: string, ms: number): void => {
      clock.setTimeout(() => rung.push([name, time.now(), clock.now()]), ms);
    };
    set('true', 10);
    time.advance(10);
    const slower = clock.run(0.5);
    const ahead = clock.set(100);
    set('half', 10);
    time.advance(30);
    slower();
    ahead();
    clock.slow(3);
    set('slow', 10);
    clock.mend();
    set('mended', 10);
    time.advance(100);
    expect(rung.map(([name, at]) => [name, Math.round(at)])).toEqual([
      ['true', 10],
      ['half', 30],
      ['mended', 50],
      ['slow', 70],
    ]);
    expect(rung[1]?.[2]).toBeGreaterThanOrEqual(120);
  });

  test('CH-4: clocks that race, crawl and jump, and nodes that are very late, make no answer wrong', () => {
    everySeed(10, 'CH-4: clocks that race', (seed) => {
      const faults = [
        'skew:rm-1:100',
        'skew:fe-1:0.01@20ms..400ms',
        'skew:rm-2:-5s@30ms',
        'skew:sequencer:3@rm-1/EX#2',
        'slow:rm-3:200@50ms..500ms',
        'skew:sequencer:+3600s',
      ];
      const { verdict } = run({ ...bad, seed, faults }, requestsFor(seed, 3, 5));
      expect(verdict.reasons).toEqual([]);
    });
  });

  test('faults of one kind that overlap: the last one counts, and the earlier one again when it ends', () => {
    const clock = new VirtualClock();
    const network = new SimulatedNetwork(clock, { seed: 1, delay: [1, 1], loss: 0, duplicate: 0 });
    const [a, b] = [nodeId('a'), nodeId('b')];
    const arrived: Uint8Array[] = [];
    network.open(b, 1, { frame: (_, bytes) => void arrived.push(bytes), refused: () => {} });
    const port = network.open(a, 1, { frame: () => {}, refused: () => {} });
    const passes = (): boolean => {
      arrived.length = 0;
      port.send(b, Uint8Array.of(1));
      clock.advance(1);
      return arrived.length > 0;
    };
    for (const begin of [
      (probability: number) => network.change({ loss: probability }),
      (probability: number) => network.omit('send', a, probability),
      (probability: number) => network.omit('receive', b, probability),
    ]) {
      const first = begin(1);
      expect(passes()).toBe(false);
      const second = begin(0);
      expect(passes()).toBe(true);
      second();
      second(); // it ends once only
      expect(passes()).toBe(false);
      const third = begin(0);
      first();
      expect(passes()).toBe(true);
      third();
      expect(passes()).toBe(true);
    }
    const cuts = [network.cut(a, b), network.cut(a, b)];
    cuts[0]?.();
    expect(passes()).toBe(false);
    network.calm();
    cuts[1]?.();
    expect(passes()).toBe(true);
  });
});

describe('crashes and recoveries, by time and by event', () => {
  const isSent = (type: string) => (event: TraceEvent) =>
    event.kind === 'sent' && event.node === 'rm-1' && event.type === type;
  const isReceived = (event: TraceEvent) =>
    event.kind === 'received' && event.node === 'rm-1' && event.type === 'ordered';

  test.each<[string, (event: TraceEvent) => boolean, number]>([
    ['EX#4', enters('rm-1', 'EX'), 4],
    ['sent:replies#4', isSent('replies'), 4],
    ['received:ordered#4', isReceived, 4],
    ['rm:executing#4', isReceived, 4], // in handling the fourth batch
    ['rm-2/EX#4', enters('rm-2', 'EX'), 4],
    ['fe-1/fe:waiting#4', enters('fe-1', 'RE'), 4],
  ])('CH-4: crash:rm-1@%s strikes at that moment, for good', (when, fits, count) => {
    const { events, simulation, played } = observe(`crash:rm-1@${when}`);
    const crash = events.findIndex(({ kind }) => kind === 'crashed');
    expect(events[crash]?.t).toBe(timeOf(events, count, fits));
    expect(events.slice(crash + 1).filter(({ node }) => node === 'rm-1')).toEqual([]);
    expect(simulation.replicas()[0]?.state).toBe('crashed');
    for (const { answer } of played) expect(answer).not.toBeNull();
  });

  test('CH-4: at a message that has left, what comes before it has left too, and what comes after it never does', () => {
    const { events } = observe('crash:rm-1@sent:data#2', { replication: 'local', replicas: 4 });
    const sent = events.filter(isSent('data'));
    expect(sent).toHaveLength(2); // of the three members that it had to send to
    expect(
      events
        .filter(({ kind }) => kind === 'received')
        .some((event) => 'id' in event && event.id === (sent[1] as { id: string }).id),
    ).toBe(true);
  });

  test('CH-4: at a state that an actor is in only in passing, nothing of that transition is carried out', () => {
    const { events } = observe('crash:rm-1@rm:executing#3');
    expect(events.filter(enters('rm-1', 'EX'))).toHaveLength(2);
    expect(events.filter(enters('rm-1', 'SC'))).toHaveLength(2);
  });

  test.each(['100ms', 'rm-2/EX#30', 'fe-1/received:replies#60'])(
    'CH-4: crash and recovery: recover:rm-1@%s',
    (when) => {
      const { events, simulation } = observe(`recover:rm-1@${when}`, {
        faults: ['crash:rm-1@50ms', `recover:rm-1@${when}`],
      });
      const back = events.find(({ kind }) => kind === 'recovered');
      expect(back).toMatchObject({ node: 'rm-1', incarnation: 2 });
      if (when === '100ms') expect(back?.t).toBe(100);
      if (when === 'rm-2/EX#30') expect(back?.t).toBe(timeOf(events, 30, enters('rm-2', 'EX')));
      expect(simulation.replicas()[0]?.state).toBe('silent');
    },
  );
});

describe('faults of disks, by time and by event', () => {
  test.each(['10ms', 'rm-2/EX#1'])('CH-4: writes lost, torn, late or refused, from %s on', async (when) => {
    for (const fault of ['disk-lose:rm-1', 'disk-tear:rm-1', 'disk-slow:rm-1:20ms', 'disk-fail:rm-1']) {
      const cluster = simulate(ledger, { faults: [`${fault}@${when}`] });
      const disk = cluster.diskOf('rm-1');
      disk.append('a', new Uint8Array(4));
      disk.sync(() => {});
      await cluster.client().add(1);
      await cluster.advance(20);
      disk.append('a', new Uint8Array(4));
      const synced: [number, string | null][] = [];
      if (!/lose|tear/.test(fault)) disk.sync((error) => synced.push([cluster.now, error?.message ?? null]));
      const asked = cluster.now;
      await cluster.advance(30);
      if (fault.startsWith('disk-slow')) expect(synced).toEqual([[asked + 20, null]]);
      if (fault.startsWith('disk-fail')) expect(synced).toEqual([[asked, 'the disk failed to write']]);
      cluster.inject('crash:rm-1');
      const left = disk.read('a').length;
      if (fault.startsWith('disk-lose')) expect(left).toBe(4);
      else if (fault.startsWith('disk-tear')) expect(left).toBeLessThan(8);
      else expect(left).toBe(8);
      expect(left).toBeGreaterThanOrEqual(4);
      await cluster.close();
    }
  });
});

describe('profiles', () => {
  const subjectOf = (tolerate: FaultModel, style: Style = active) => ({
    style,
    membership: 'static' as const,
    settings: { tolerate },
    replicas: 5,
    clients: 3,
    horizon: 400,
  });
  const ill = (faults: readonly Fault[]): Set<string> =>
    new Set(
      faults.flatMap((fault) =>
        ['crash', 'lie', 'silent', 'equivocate'].includes(fault.kind) && 'node' in fault && fault.node.startsWith('rm-')
          ? [fault.node]
          : [],
      ),
    );
  const draws = (name: ProfileName, tolerate: FaultModel = 'crash', style: Style = active) =>
    Array.from({ length: 300 }, (_, i) => drawProfile(i + 1, subjectOf(tolerate, style), name));

  /** The sequencer stays up, nobody lies unasked, and what must end does. */
  function isFair(fault: Fault, tolerate: FaultModel): boolean {
    if ('when' in fault) return fault.kind !== 'lose' && fault.node !== 'sequencer';
    if (['lie', 'silent', 'equivocate'].includes(fault.kind)) return tolerate === 'byzantine';
    if (/disk-lose|disk-tear/.test(fault.kind)) return true;
    return 'until' in fault.during && fault.during.until !== null && fault.during.until <= 400;
  }

  test('CH-4: a profile stays within what the style claims, never touches the sequencer, and ends in time', () => {
    for (const style of [active, local]) {
      for (const tolerate of ['crash', 'byzantine'] as const) {
        for (const name of profileNames.filter((each) => each !== 'beyond')) {
          const outside = draws(name, tolerate, style).filter(({ faults }) => {
            const parsed = faults.map(parseFault);
            const most = style.promises.tolerates(5, tolerate);
            return ill(parsed).size > most || parsed.some((fault) => !isFair(fault, tolerate));
          });
          expect(outside).toEqual([]);
        }
      }
    }
  });

  test('CH-4: beyond goes past the claim, always', () => {
    for (const tolerate of ['crash', 'byzantine'] as const) {
      for (const { faults } of draws('beyond', tolerate))
        expect(ill(faults.map(parseFault)).size).toBeGreaterThan(active.promises.tolerates(5, tolerate));
    }
  });

  test('CH-4: swarm testing: in mixed runs each kind of trouble is often there and often not, and alone at times', () => {
    const all = draws('mixed', 'byzantine').map(({ conditions, faults }) => ({
      kinds: new Set(faults.map((text) => parseFault(text).kind)),
      conditions,
    }));
    const kinds = ['crash', 'partition', 'omit-send', 'omit-receive', 'slow', 'skew', 'loss', 'delay', 'lie', 'silent'];
    for (const kind of kinds) {
      const there = all.filter((each) => each.kinds.has(kind as Fault['kind'])).length;
      expect(there).toBeGreaterThan(10);
      expect(there).toBeLessThan(290);
    }
    expect(all.filter(({ kinds: { size } }) => size <= 2).length).toBeGreaterThan(10);
    const lossless = all.filter(({ conditions }) => conditions.loss === 0).length;
    expect(lossless).toBeGreaterThan(100);
    expect(lossless).toBeLessThan(200);
    for (const kind of ['recover', 'disk-lose', 'disk-tear', 'disk-slow', 'equivocate'])
      expect(all.some((each) => each.kinds.has(kind as Fault['kind']))).toBe(true);
  });

  test('a profile is its seed; a name that is none is refused', () => {
    expect(draws('mixed')).toEqual(draws('mixed'));
    expect(profileFor('crash')).toBe('crash');
    expect(() => profileFor('storm')).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });
});

describe('safety first, then liveness', () => {
  const liveness = { faultsEndAt: 300, within: 4000 };

  function drawn(seed: number, name: ProfileName, settings: SimulateSettings = {}) {
    const style = styles[settings.replication ?? 'active'];
    const { tolerate = 'crash', replicas = 3 } = settings;
    const profile = drawProfile(
      seed,
      { style, settings: { tolerate }, membership: 'static', replicas, clients: 3, horizon: 300 },
      name,
    );
    const played = run(
      { ...settings, seed, ...profile.conditions, ...profile.settings, faults: profile.faults },
      requestsFor(seed, 3, 6, 20),
      { liveness },
    );
    return { ...played, violations: livenessViolations(played.simulation, played.played, liveness) };
  }

  test.each<[string, SimulateSettings]>([
    ['three that may crash', {}],
    ['five of which two may lie', { replicas: 5, tolerate: 'byzantine' }],
  ])(
    'CH-4: under the mixed profile %s answer nothing wrong, and once the faults end everything',
    (_, settings) => {
      everySeed(settings.replicas === 5 ? 30 : 50, 'CH-4: under the mixed profile', (seed) => {
        const { verdict, violations } = drawn(seed, 'mixed', settings);
        expect(violations).toEqual([]);
        expect(verdict.wrong).toEqual([]);
      });
    },
    120_000,
  );

  test('CH-4: beyond what is tolerated a run ends all the same, and says what was not answered or was wrong', () => {
    let unanswered = 0;
    let wrong = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const crashed = drawn(seed, 'beyond');
      for (const violation of crashed.violations) {
        expect(violation).toMatchObject({ kind: 'unanswered', code: 'TIMEOUT' });
        expect(crashed.simulation.now).toBeLessThan(60_000);
      }
      unanswered += crashed.violations.length;
      wrong += drawn(seed, 'beyond', { tolerate: 'byzantine' }).verdict.wrong.length;
    }
    expect(unanswered).toBeGreaterThan(20);
    expect(wrong).toBeGreaterThan(20);
  });

  test('CH-4: replicas that cannot come together are found out', () => {
    // two updates at once that do not commute, at replicas that keep no order
    const simulation = simulate(ledger, { replication: 'local', delay: [5, 5] });
    const requests = ['ann', 'bob'].map((client) => ({ at: 0, client, op: 'append', args: ['k', client] }));
    const short = { faultsEndAt: 10, within: 1000 };
    const played = play(simulation, requests, { timeout: 1, liveness: short });
    expect(livenessViolations(simulation, played, short)).toMatchObject([{ kind: 'diverged' }]);
  });

  test('CH-4: the end of the faults heals, mends and disarms; who crashed stays down and who lies goes on', () => {
    const faults = [
      'partition:fe-1|sequencer',
      'loss:1@50ms',
      'omit-send:rm-2:1',
      'slow:rm-1:50',
      'lie:rm-3',
      'crash:rm-1@500ms',
      'crash:rm-2@EX#1',
      'recover:rm-1@600ms',
      'partition:rm-1|sequencer@700ms..800ms',
      'crash:rm-2@1500ms',
    ];
    const { simulation, played, verdict } = run(
      { seed: 3, loss: 0.5, tolerate: 'byzantine', faults: faults.slice(0, 5) },
      requestsFor(3, 1, 10, 50),
      { liveness: { faultsEndAt: 400, within: 3000 } },
    );
    expect(livenessViolations(simulation, played, { faultsEndAt: 400, within: 3000 })).toEqual([]);
    expect(verdict.wrong).toEqual([]);
    expect(played[0]?.endedAt).toBeGreaterThan(400);
    expect(simulation.byzantine).toEqual(['rm-3']);
    const disarmed = run({ seed: 3, faults: faults.slice(5) }, requestsFor(3, 1, 10, 100), {
      liveness: { faultsEndAt: 0, within: 3000 },
    });
    expect(disarmed.verdict.replicas.map(({ state }) => state)).toEqual(['live', 'live', 'live']);
    expect(disarmed.simulation.network.blocked).toBe(0);
  });
});
