/**
 * What a simulated run costs: active replication of the bank, three replica managers and four clients, with the codec and
 * a recorder, in virtual time. In events a second of all actors, as a ratio to the raw toggle measured in turn.
 */
import { simulate } from 'chorale';
import { ExecutionLog, type PlannedRequest, play } from 'chorale/testing';
import { bank } from './bank.js';
import { medians, table, toggling } from './toggle.js';

const CLIENTS = 4;

export function simulator(each: number): void {
  const object = bank(4);
  const requests = requestsFor(each);
  let events = 0;
  let seed = 0;
  const round = (): number => {
    const log = new ExecutionLog();
    seed += 1;
    const simulation = simulate(object, { seed, replicas: 3, trace: (event) => log.record(event) });
    play(simulation, requests, { timeout: 60_000 });
    events = simulation.events;
    return simulation.events;
  };
  const [reference = 0, micros = 0] = medians(toggling(), round);
  table(`simulator: active, 3 replica managers, ${CLIENTS} clients of ${each} requests, codec and recorder on`, [
    {
      'events/request': (events / requests.length).toFixed(1),
      'CPU µs/event': micros.toFixed(2),
      'CPU µs/request': ((micros * events) / requests.length).toFixed(1),
      'events/s': Math.round(1e6 / micros).toLocaleString('en'),
      'events/s to toggles/s': (reference / micros).toFixed(2),
    },
  ]);
}

/** Half updates and half queries, on so few accounts that clients collide. */
function requestsFor(each: number): PlannedRequest[] {
  const requests: PlannedRequest[] = [];
  for (let turn = 0; turn < each; turn++) {
    for (let c = 1; c <= CLIENTS; c++) {
      const account = `account-${(turn + c) % 4}`;
      const call = turn % 2 === 0 ? { op: 'deposit', args: [account, 1] } : { op: 'getBalance', args: [account] };
      requests.push({ at: 0, client: `client-${c}`, ...call });
    }
  }
  return requests;
}
