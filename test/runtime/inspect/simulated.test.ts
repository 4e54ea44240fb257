import { describe, expect, test } from '@jest/globals';
import type { Run } from '../../../runtime/inspect/protocol.js';
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
  const views = [`suspect:${b}`, 'join:rm-4', `leave:${c}`];
  const dynamic = name === 'active, dynamic';
  const span = `@${Math.ceil(now) + 3}ms..${Math.ceil(now) + 40}ms`;
  const all = [
    ...strokes,
    ...lasting.map((fault) => fault + span),
    // where a partition never heals, or a group with views is never left in peace, it never comes to rest
    ...(dynamic ? views : lasting.slice(2)),
  ];
  return all[chance.int(0, all.length - 1)] ?? 'loss:0.1';
}

function interfere(viewer: Viewer, chance: Random, name: keyof typeof kinds): void {
  const place = chance.chance(0.7) ? viewer.length : chance.int(0, viewer.length);
  const now = place === 0 ? 0 : viewer.timeline.t.at(place - 1);
  switch (chance.int(1, 5)) {
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
  const RUNS = 44;

  test.each(names)('is at every moment what its scenario says (%s)', (name) => {
    let changed = 0;
    everySeed(RUNS, 'is at every moment what its scenario says', (seed) => {
      const chance = random(seed, name);
      const interactive = chance.chance(0.7);
      const drawn = scenarioOf(name, seed, { profile: chance.chance(0.5) ? 'calm' : 'mixed' });
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
      process.stderr.write(
        `${name} ${seed}: ${mid - began} + ${Date.now() - mid} ms, ${viewer.length} events, ${viewer.run.scenario.faults.join(' ')}\n`,
    });
    expect(changed).toBeGreaterThan(RUNS);
  });
});
