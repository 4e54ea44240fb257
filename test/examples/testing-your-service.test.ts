/** The example of docs/testing-your-service.md, as it stands there. */
import { expect, test } from '@jest/globals';
import { simulate } from 'chorale';
import { type HistoryMatchers, historyMatchers, historyOf, play, serviceModel } from 'chorale/testing';
import bank from '../../examples/bank/service.js';

declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends HistoryMatchers<R> {}
}
expect.extend(historyMatchers);

const requests = [
  { at: 0, client: 'alice', op: 'deposit', args: ['x', 1] },
  { at: 0, client: 'bob', op: 'getBalance', args: ['x'] },
  { at: 50, client: 'bob', op: 'getBalance', args: ['x'] },
];

test('the bank is linearizable though a replica crashes', () => {
  const cluster = simulate(bank, { seed: 7, loss: 0.1, faults: ['crash:rm-1@40ms'] });
  const played = play(cluster, requests, { timeout: 5_000 });
  expect(historyOf(played)).toHaveLength(3);
  expect(historyOf(played)).toBeLinearizable(serviceModel(bank));
});

test('a history with a wrong answer is not, and the failure says why', () => {
  const played = play(simulate(bank, { seed: 7 }), requests, { timeout: 5_000 });
  const wrong = historyOf(played).map((operation) => (operation.call < 50 ? operation : { ...operation, output: 7 }));
  expect(() => expect(wrong).toBeLinearizable(serviceModel(bank))).toThrow(/getBalance\("x"\) → 7 cannot be/);
});
