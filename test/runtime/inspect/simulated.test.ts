import { describe, expect, test } from '@jest/globals';
import type { Run } from '../../../runtime/inspect/protocol.js';
import { Contexts } from '../../../runtime/inspect/sources/contexts.js';
import { type Random, random } from '../../../runtime/simulate/random.js';
import { drawScenario, type Exercise, type Scenario, type Workload } from '../../../runtime/simulate/scenario.js';
import { tryScenario } from '../../../runtime/simulate/trial.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';
import { everySeed, ledger } from '../runs.js';
import { Viewer } from './viewer.js';

const workload: Workload = (chance) => {
  const key = `k${chance.int(1, 3)}`;
  const calls: ReturnType<Workload>[] = [['append', key, 'x'], ['add', chance.int(1, 95)], ['read', key], ['total']];
  return calls[chance.int(0, 3)] ?? ['total'];
};
const services = new Map([['ledger', { service: ledger, workload }]]);

const kinds = {
  active: { replication: 'active', replicas: 3, order: 'total', reads: 'order' },
  'active, dynamic': {
    replication: 'active',
    replicas: 3,
    order: 'total',
    reads: 'order',
    more: { membership: 'dynamic' },
  },
  passive: { replication: 'passive', replicas: 3, order: 'fifo', reads: 'primary' },
  lazy: { replication: 'lazy', replicas: 3, order: 'fifo', reads: 'one' },
  local: { replication: 'local', replicas: 3, order: 'fifo', reads: 'one' },
} as const satisfies Record<string, Partial<Exercise>>;

function scenarioOf(name: keyof typeof kinds, seed: number, more: Partial<Exercise> = {}): Scenario {
  return drawScenario(seed, {
    tolerate: 'crash',
    profile: 'mixed',
    calls: { clients: 2, each: 4, workload },
    ...kinds[name],
    ...more,
  });
}

/** The trace of a scenario that is run by itself, as `chorale replay` does. */
function linesOf(scenario: Scenario): string[] {
  const events: TraceEvent[] = [];
  tryScenario(ledger, scenario, { property: 'sequential', quick: true, recorder: { record: (e) => events.push(e) } });
  return events.map((event) => JSON.stringify(event));
}

const runOf = (scenario: Scenario): Run => ({ service: 'ledger', scenario });

describe('a run that is opened', () => {
  test.each(Object.keys(kinds) as (keyof typeof kinds)[])('leaves the very trace of its scenario (%s)', (name) => {
    for (const profile of ['mixed', 'beyond'] as const) {
      for (let seed = 1; seed <= 4; seed++) {
        const scenario = scenarioOf(name, seed, { profile });
        const viewer = new Viewer(services).open(runOf(scenario)).toEnd();
        expect(viewer.lines).toEqual(linesOf(scenario));
        expect(viewer.standing).toMatchObject({ running: false, ended: true, run: { scenario } });
      }
    }
  });
});

/** Some faults that can be wished for at a moment. */
function someFault(chance: Random, name: keyof typeof kinds, now: number): string {
  const [a, b, c] = chance.chance(0.5) ? ['rm-1', 'rm-2', 'rm-3'] : ['rm-3', 'rm-1', 'rm-2'];
  const strokes = [`crash:${a}`, `recover:${a}`, 'crash:fe-1', 'recover:fe-1', `crash:${b}@EX#${chance.int(1, 3)}`];
  const lasting = [
    `partition:${a}|${b},${c}`,
    `partition:${b}>${c}`,
    `slow:${b}:3`,
    'loss:0.2',
    'duplicate:0.3',
    'delay:1..9ms',
    `omit-send:${c}:0.5`,
    `skew:${a}:1.05`,
  ];
  const atEvents = [`omit-receive:${c}:0.5@EX#2`, `slow:${b}:3@EX#1+9ms`];
  const views = [`suspect:${b}`, 'join:rm-4', `leave:${c}`];
  const dynamic = name === 'active, dynamic';
  const span = `@${Math.ceil(now) + 3}ms..${Math.ceil(now) + 40}ms`;
  const all = [
    ...strokes,
    ...lasting.map((fault) => fault + span),
    ...atEvents,
    // where a partition never heals, or a group with views is never left in peace, it never comes to rest
    ...(dynamic ? views : lasting.slice(2)),
  ];
  return all[chance.int(0, all.length - 1)] ?? 'loss:0.1';
}

function interfere(viewer: Viewer, chance: Random, name: keyof typeof kinds): void {
  const place = chance.chance(0.7) ? viewer.length : chance.int(0, viewer.length);
  const now = place === 0 ? 0 : viewer.timeline.t.at(place - 1);
  switch (chance.int(1, 6)) {
    case 1:
    case 2:
      viewer.do({ do: 'inject', fault: someFault(chance, name, now), place });
      break;
    case 3: {
      const [op, ...args] = workload(chance);
      viewer.do({ do: 'request', client: chance.chance(0.7) ? 'client-1' : 'dora', op, args, place });
      break;
    }
    case 4:
      viewer.do({ do: 'load', clients: 2, each: 2, place });
      break;
    case 5:
      for (const fault of viewer.timeline.cutAt(place).faults) viewer.do({ do: 'end', fault, place: viewer.length });
      break;
    default:
      viewer.do({ do: 'step', to: (['event', 'delivery', 'phase', 'answer'] as const)[chance.int(0, 3)] ?? 'event' });
  }
}

function goOn(viewer: Viewer, chance: Random): void {
  const { now } = viewer.standing ?? { now: 0 };
  if (chance.chance(0.5)) viewer.do({ do: 'advance', until: now + chance.int(1, 40) }).wait(50);
  else
    viewer
      .do({ do: 'run', speed: chance.int(10, 400) })
      .wait(chance.int(10, 200))
      .do({ do: 'pause' });
}

describe('a run that is interfered with', () => {
  const names = Object.keys(kinds) as (keyof typeof kinds)[];

  /** So many runs of each kind. */
  const RUNS = 15;

  test.each(names)('is at every moment what its scenario says (%s)', (name) => {
    let changed = 0;
    everySeed(RUNS, 'is at every moment what its scenario says', (seed) => {
      const chance = random(seed, name);
      const interactive = chance.chance(0.7);
      // groups with views can be at odds for a minute of virtual time: there what is added has to do
      const fixed = name === 'active' || name === 'local';
      const drawn = scenarioOf(name, seed, { profile: fixed && chance.chance(0.5) ? 'mixed' : 'calm' });
      const scenario: Scenario = interactive ? { ...drawn, faultsEndAt: null, timeout: 2_000 } : drawn;
      const viewer = new Viewer(services).open(runOf(scenario));
      const times = chance.int(1, 5);
      for (let i = 0; i < times; i++) {
        goOn(viewer, chance);
        interfere(viewer, chance, name);
        if (viewer.failed === null) changed += 1;
        else expect(viewer.failed).toMatchObject({ code: 'INPUT_INVALID' });
        if (!chance.chance(0.2)) continue;
        const whole = linesOf(viewer.run.scenario);
        expect(viewer.lines).toEqual(whole.slice(0, viewer.length));
      }
      viewer.toEnd();
      expect(viewer.lines).toEqual(linesOf(viewer.run.scenario));
    });
    expect(changed).toBeGreaterThan(RUNS);
  });
});

/** Alice adds, bob reads, one after the other. */
const calm: Scenario = {
  ...scenarioOf('active', 1, { profile: 'calm' }),
  delay: [1, 1],
  faultsEndAt: null,
  requests: [
    { at: 0, client: 'alice', op: 'add', args: [5] },
    { at: 30, client: 'bob', op: 'total', args: [] },
    { at: 60, client: 'alice', op: 'append', args: ['k1', 'x'] },
  ],
};

describe('what is shown', () => {
  const viewer = () => new Viewer(services).open(runOf(calm));

  test('an opened run stands still at its beginning, with its charts and the forms of its operations', () => {
    const opened = viewer().last('opened');
    expect(opened).toMatchObject({ source: 'simulation', service: 'ledger', run: { scenario: calm } });
    expect(opened?.operations).toEqual([
      {
        op: 'append',
        kind: 'update',
        parameters: [
          { name: 'key', example: expect.anything() },
          { name: 'text', example: 'x' },
        ],
      },
      { op: 'add', kind: 'update', parameters: [{ name: 'amount', example: expect.any(Number) }] },
      { op: 'read', kind: 'query', parameters: [{ name: 'key', example: expect.stringMatching(/^k/) }] },
      { op: 'total', kind: 'query', parameters: [] },
    ]);
    expect(opened?.charts.map(({ chart }) => chart)).toContain('active replica manager');
    expect(viewer().standing).toMatchObject({ now: 0, running: false, ended: false });
  });

  test('steps go on to the next event, delivery, phase or answer', () => {
    const at = viewer();
    for (const [to, kind] of [
      ['delivery', 'received'],
      ['phase', 'phase'],
      ['answer', 'answered'],
    ] as const) {
      const { length } = at;
      at.do({ do: 'step', to });
      expect(at.events.slice(length).filter((event) => event.kind === kind).length).toBeGreaterThan(0);
    }
    const { length } = at;
    at.do({ do: 'step', to: 'event' });
    expect(at.length).toBeGreaterThan(length);
    at.toEnd().do({ do: 'step', to: 'answer' });
    expect(at.standing).toMatchObject({ running: false, ended: true });
  });

  test('a run at a speed keeps to it, can be paused, and stops when it is over', () => {
    const at = viewer().do({ do: 'run', speed: 10 }).wait(2000);
    expect(at.standing?.now).toBeGreaterThan(17);
    expect(at.standing?.now).toBeLessThan(23);
    expect(at.standing?.running).toBe(true);
    at.do({ do: 'pause' });
    const { now } = at.standing ?? {};
    expect(at.wait(1000).standing).toMatchObject({ now, running: false });
    expect(at.events.filter(({ kind }) => kind === 'answered')).toHaveLength(1);
    at.do({ do: 'run', speed: 1000 }).wait(1000);
    expect(at.standing).toMatchObject({ running: false, ended: true });
    expect(at.lines).toEqual(linesOf(calm));
  });

  test('contexts are those of the place, whether they are kept or the run is made again for them', () => {
    const at = viewer().toEnd();
    const executed = at.events.findIndex(
      (event) => event.kind === 'phase' && event.phase === 'EX' && event.node === 'rm-1',
    );
    const valueAt = (place: number) => at.context('rm-1', 'rm', place);
    expect(JSON.stringify(valueAt(executed - 3).context)).toContain('"total":0');
    expect(JSON.stringify(valueAt(executed + 1).context)).toContain('"total":5');
    expect(JSON.stringify(valueAt(at.length).context)).toMatch(/"k1":"x"/);
    expect(JSON.stringify(valueAt(at.length).before)).not.toMatch(/"k1":"x"/);
    expect(valueAt(at.length).event).toBe('delivered');
    expect(valueAt(0)).toMatchObject({ context: null, before: null, event: null });
    expect(at.context('rm-9', 'rm', at.length)).toMatchObject({ context: null, before: null, event: null });

    const forgetful = new Contexts(20);
    const record = new Contexts(100_000);
    for (let place = 0; place < 1000; place++) {
      for (const contexts of [forgetful, record]) contexts.record(place, `n/${(place * 7) % 5}`, 'e', { place });
      if (place === 500) for (const contexts of [forgetful, record]) contexts.crashed(501, 'n');
    }
    for (let place = 0; place < 1000; place += 13) {
      const [few, all] = [forgetful.at(place, 'n/3'), record.at(place, 'n/3')];
      if (few === undefined) expect(place).toBeLessThan(985);
      else expect(few).toEqual(all);
    }
    expect(forgetful.at(999, 'n/3')).toEqual(record.at(999, 'n/3'));
    expect(record.at(502, 'n/9')).toBeNull();
  });

  test('of a node that crashed there is no context until it is back', () => {
    const crashing = { ...calm, faults: ['crash:rm-2@20ms', 'recover:rm-2@50ms'] };
    const at = new Viewer(services).open(runOf(crashing)).toEnd();
    const [down, up] = ['crashed', 'recovered'].map((kind) => at.events.findIndex((event) => event.kind === kind));
    expect(at.context('rm-2', 'rm', down ?? 0).context).not.toBeNull();
    expect(at.context('rm-2', 'rm', (down ?? 0) + 1).context).toBeNull();
    expect(at.context('rm-2', 'rm', (up ?? 0) + 1)).toMatchObject({
      context: expect.anything(),
      before: null,
      event: null,
    });
  });

  test('transitions are those that the charts have, of the actors that took them', () => {
    const at = viewer().toEnd();
    const names = new Set(at.last('opened')?.charts.flatMap(({ transitions }) => transitions.map(({ name }) => name)));
    const { steps } = at.timeline;
    expect(steps.place.length).toBeGreaterThan(20);
    const taken = Array.from({ length: steps.place.length }, (_, i) => ({
      place: steps.place.at(i),
      actor: `${at.timeline.text(steps.node.at(i))}/${at.timeline.text(steps.actor.at(i))}`,
      transition: at.timeline.text(steps.transition.at(i)),
    }));
    for (const { transition } of taken) expect(names).toContain(transition);
    // of the front end of alice: her call leaves idle, the answer comes back to it
    expect(taken.filter(({ actor }) => actor === 'fe-1/fe').map(({ transition }) => transition)).toEqual(
      expect.arrayContaining([expect.stringContaining('--call'), expect.stringContaining('--replies')]),
    );
    const moved = at.events.findIndex((event) => event.kind === 'transition' && event.node === 'fe-1');
    expect(taken.find(({ actor }) => actor === 'fe-1/fe')?.place).toBe(moved + 1);
  });

  test('the history so far has its verdict, with the part that fails', () => {
    const stale: Scenario = {
      ...calm,
      replication: 'local',
      order: 'fifo',
      reads: 'one',
      faults: ['partition:rm-1|rm-2,rm-3@0ms..100ms'],
      requests: [
        { at: 0, client: 'alice', op: 'add', args: [5] },
        { at: 20, client: 'bob', op: 'total', args: [] },
        { at: 90, client: 'carol', op: 'add', args: [1] },
      ],
    };
    const at = new Viewer(services).open(runOf(stale));
    at.do({ do: 'check', property: 'linearizable' });
    expect(at.verdict).toMatchObject({ property: 'linearizable', verdict: 'holds', why: [], operations: [] });
    at.do({ do: 'advance', until: 20.5 }).wait(100);
    expect(at.verdict?.operations).toMatchObject([
      {
        request: 'alice#1',
        client: 'alice',
        kind: 'update',
        op: 'add',
        args: [5],
        calledAt: 0,
        answeredAt: 2,
        result: '5',
      },
      { request: 'bob#1', answeredAt: null, result: null },
    ]);
    at.do({ do: 'advance', until: 80 }).wait(100);
    expect(at.verdict).toMatchObject({ verdict: 'violated', part: [0, 1], culprit: 1, why: [expect.any(String)] });
    at.toEnd();
    expect(at.verdict?.verdict).toBe('violated');
    expect(at.verdict?.why.join(' ')).toMatch(/Wrong replies: 2/);
  });

  test('a partition heals when it is given an end, and a held message comes when the hold is', () => {
    const at = viewer().do({ do: 'inject', fault: 'partition:rm-1|rm-2,rm-3,sequencer', place: 0 });
    at.do({ do: 'advance', until: 25 }).wait(100);
    const [fault = ''] = at.run.scenario.faults;
    expect(fault).toMatch(/^partition:.*@\S+ms$/);
    at.do({ do: 'end', fault, place: at.length });
    expect(at.failed).toBeNull();
    expect(at.run.scenario.faults).toEqual([`${fault}..26ms`]);
    at.do({ do: 'end', fault, place: at.length });
    expect(at.failed).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringMatching(/not in force/) });
    const { scenario } = at.run;
    at.toEnd();
    expect(at.events).toContainEqual(expect.objectContaining({ kind: 'fault', t: 26, fault: `${fault}..26ms heals` }));
    expect(at.lines).toEqual(linesOf(scenario));
    at.do({ do: 'end', fault: at.run.scenario.faults[0] ?? '', place: at.length }); // it is over by itself
    expect(at.failed).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringMatching(/not in force/) });
    // who goes back to where it was in force, and does something else, has not ended it
    const place = at.events.findIndex(({ kind }) => kind === 'fault') + 3;
    at.do({ do: 'inject', fault: 'crash:rm-1', place });
    expect(at.run.scenario.faults[0]).toBe(fault);
  });

  test('a fault that began at an event is ended like any other', () => {
    const at = new Viewer(services)
      .open(runOf({ ...calm, faults: ['slow:rm-2:5@EX#1'] }))
      .do({ do: 'advance', until: 40 })
      .wait(100);
    const [fault = ''] = at.timeline.cutAt(at.length).faults;
    expect(fault).toBe('slow:rm-2:5@EX#1');
    const began = at.events.find((event) => event.kind === 'fault')?.t ?? 0;
    at.do({ do: 'end', fault, place: at.length });
    expect(at.failed).toBeNull();
    const [ended = ''] = at.run.scenario.faults;
    expect(ended).toMatch(/^slow:rm-2:5@EX#1\+[\d.]+ms$/);
    const end = began + Number(ended.slice(ended.indexOf('+') + 1, -2));
    expect([end > 40, end <= 41]).toEqual([true, true]);
    expect([...at.timeline.cutAt(at.length).faults]).toEqual([]);
    at.toEnd();
    expect(at.lines).toEqual(linesOf(at.run.scenario));
  });

  test('a fault that comes after all is at rest is part of the run, which then goes on until it', () => {
    const at = viewer().toEnd();
    const { length } = at;
    at.do({ do: 'inject', fault: 'crash:rm-2', place: length }).toEnd();
    expect(at.events.slice(length)).toContainEqual(expect.objectContaining({ kind: 'crashed', node: 'rm-2' }));
    expect(at.lines).toEqual(linesOf(at.run.scenario));
  });

  test('what is added at an earlier place leaves what was there before it, and drops what was added later', () => {
    const at = viewer().do({ do: 'advance', until: 40 }).wait(100);
    at.do({ do: 'inject', fault: 'crash:rm-2', place: at.length });
    const before = at.lines;
    const place = at.events.findIndex(({ kind }) => kind === 'answered') + 1;
    at.do({ do: 'request', client: 'alice', op: 'add', args: [7], place });
    expect(at.lines.slice(0, place)).toEqual(before.slice(0, place));
    expect(at.run.scenario.faults).toEqual([]);
    expect(at.run.scenario.requests.map(({ client, args }) => [client, args])).toEqual([
      ['alice', [5]],
      ['bob', []],
      ['alice', [7]],
      ['alice', ['k1', 'x']],
    ]);
    const chunk = at.reports.findLast((report) => report.is === 'events')?.chunk;
    expect(chunk?.from).toBeGreaterThanOrEqual(place);
    expect(at.toEnd().lines).toEqual(linesOf(at.run.scenario));
  });

  test('what cannot be done is said, and changes nothing', () => {
    const at = viewer().do({ do: 'advance', until: 10 }).wait(100);
    const { lines, run } = at;
    const place = at.length;
    const refused: [Parameters<Viewer['do']>[0], string, RegExp][] = [
      [{ do: 'inject', fault: 'crush:rm-1', place }, 'INPUT_INVALID', /no kind of fault/],
      [{ do: 'inject', fault: 'crash:rm-9', place: 3 }, 'INPUT_INVALID', /names rm-9/],
      [{ do: 'inject', fault: 'crash:rm-1@2ms', place }, 'INPUT_INVALID', /it is .* ms already/],
      [{ do: 'request', client: 'alice', op: 'subtract', args: [], place }, 'ARGUMENTS_INVALID', /no operation/],
      [{ do: 'run', speed: Number.NaN }, 'INPUT_INVALID', /speed/],
      [{ do: 'call', op: 'add', args: [1] }, 'INPUT_INVALID', /simulation/],
      [{ do: 'open', run: { ...run, service: 'nothing' } }, 'INPUT_INVALID', /no service "nothing"/],
      [{ do: 'open', run: { ...run, scenario: { ...calm, replicas: -1 } } }, 'SETTINGS_INVALID', /replicas/],
    ];
    for (const [command, code, message] of refused) {
      at.do(command);
      expect([command, at.failed]).toEqual([
        command,
        expect.objectContaining({ code, message: expect.stringMatching(message) }),
      ]);
    }
    expect(at.lines).toEqual(lines);
    expect(at.run).toEqual(run);
    const none = new Viewer(services).do({ do: 'step', to: 'event' });
    expect(none.failed).toMatchObject({ code: 'INPUT_INVALID', message: 'No run is open.' });
    const failing = scenarioOf('active', 2);
    const ended = new Viewer(services).open(runOf(failing)).toEnd();
    ended.do({ do: 'inject', fault: 'crash:rm-1', place: ended.length });
    expect(ended.failed).toMatchObject({ message: expect.stringMatching(/all faults of this run end/) });
  });
});
