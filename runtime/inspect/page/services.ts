/** The services that come with the page, and with each the requests that show it. Only the worker needs them. */
import bankRequests from '../../../examples/bank/requests.jsonl?raw';
import bank, { workload as ofBank } from '../../../examples/bank/service.js';
import counterRequests from '../../../examples/counter/requests.jsonl?raw';
import counter, { workload as ofCounter } from '../../../examples/counter/service.js';
import kvRequests from '../../../examples/kv/requests.jsonl?raw';
import kv, { workload as ofKv } from '../../../examples/kv/service.js';
import locksRequests from '../../../examples/lock-service/requests.jsonl?raw';
import locks, { workload as ofLocks } from '../../../examples/lock-service/service.js';
import type { PlannedRequest } from '../../simulate/workload.js';

/** As in the files of requests of the command: one that takes no arguments need not say so. */
const requestsIn = (text: string): Pick<PlannedRequest, 'op' | 'args'>[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ args: [], ...(JSON.parse(line) as Pick<PlannedRequest, 'op'>) })); // our own files

export const services = {
  [bank.name]: { service: bank, workload: ofBank, requests: requestsIn(bankRequests) },
  [counter.name]: { service: counter, workload: ofCounter, requests: requestsIn(counterRequests) },
  [kv.name]: { service: kv, workload: ofKv, requests: requestsIn(kvRequests) },
  [locks.name]: { service: locks, workload: ofLocks, requests: requestsIn(locksRequests) },
};
