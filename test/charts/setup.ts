/**
 * In every test file, what the charts of machines/ do is counted, whoever runs them; the reporter beside this adds the
 * counts of all files up. Without the reporter nothing is counted.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll } from '@jest/globals';
import { type AnyStateMachine, StateMachine } from 'xstate';
import { ChartCoverage } from '../../runtime/coverage/coverage.js';

const machines = new URL('../../machines/', import.meta.url);

/** The ids of all machines of machines/, as their sources have them. */
export const chartIds: ReadonlySet<string> = new Set(
  readdirSync(machines, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [
      ...readFileSync(new URL(path, machines), 'utf8').matchAll(/createMachine\(\{\s*id: '([^']+)'/g),
    ])
    .flatMap(([, id]) => id ?? []),
);

/** What the tests of this file have taken. */
export const chartsTaken = new ChartCoverage();

function watch(machine: AnyStateMachine): void {
  if (chartIds.has(machine.id)) chartsTaken.watch(machine);
}

const folder = process.env.CHORALE_CHARTS;
if (folder !== undefined) {
  // Whoever runs a machine asks it for the state to begin with.
  const { getInitialSnapshot, restoreSnapshot } = StateMachine.prototype;
  StateMachine.prototype.getInitialSnapshot = function (...args) {
    watch(this);
    return getInitialSnapshot.apply(this, args);
  };
  StateMachine.prototype.restoreSnapshot = function (...args) {
    watch(this);
    return restoreSnapshot.apply(this, args);
  };
  afterAll(() => writeFileSync(`${folder}/${randomUUID()}.json`, JSON.stringify(chartsTaken)));
}
