import { describe, expect, test } from '@jest/globals';
import type { Run } from '../../../runtime/inspect/protocol.js';
import { drawScenario, type Exercise, type Scenario, type Workload } from '../../../runtime/simulate/scenario.js';
import { tryScenario } from '../../../runtime/simulate/trial.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';
import { ledger } from '../runs.js';
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
