import { expect, test } from '@jest/globals';
import { chartIds, chartsTaken } from '../charts/setup.js';
import { everyMachine } from './every.js';

test('every chart is in the account that ends the tests, though no test ran it', () => {
  for (const machine of everyMachine()) chartsTaken.watch(machine);
  const charts = chartsTaken.report();
  expect(charts.map(({ chart }) => chart).sort()).toEqual([...chartIds].sort());
  for (const { totals } of charts) {
    expect(totals.states.all).toBeGreaterThan(0);
    expect(totals.transitions.all).toBeGreaterThan(0);
  }
});
