/** The services that come with the page, and with each the requests that show it. Only the worker needs them. */
import bankRequests from '../../../examples/bank/requests.jsonl?raw';
import bank, { workload as ofBank } from '../../../examples/bank/service.js';
import counterRequests from '../../../examples/counter/requests.jsonl?raw';
import counter, { workload as ofCounter } from '../../../examples/counter/service.js';
import kvRequests from '../../../examples/kv/requests.jsonl?raw';
import kv, { workload as ofKv } from '../../../examples/kv/service.js';
import locksRequests from '../../../examples/lock-service/requests.jsonl?raw';
import locks, { workload as ofLocks } from '../../../examples/lock-service/service.js';
import type { AnyService } from '../../service/index.js';
import type { PlannedRequest } from '../../simulate/workload.js';

/** By the names of the services: vite.config.ts puts it here. */
declare const OPERATIONS_OF_EXAMPLES: Readonly<Record<string, AnyService['operations']>>;

/** As in the files of requests of the command: one that takes no arguments need not say so. */
const requestsIn = (text: string): Pick<PlannedRequest, 'op' | 'args'>[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ args: [], ...(JSON.parse(line) as Pick<PlannedRequest, 'op'>) })); // our own files

/** With the names of parameters that the source has. */
const named = <Named extends AnyService>(service: Named): Named => ({
  ...service,
  operations: OPERATIONS_OF_EXAMPLES[service.name] ?? service.operations,
});

export const services = {
  [bank.name]: { service: named(bank), workload: ofBank, requests: requestsIn(bankRequests) },
  [counter.name]: { service: named(counter), workload: ofCounter, requests: requestsIn(counterRequests) },
  [kv.name]: { service: named(kv), workload: ofKv, requests: requestsIn(kvRequests) },
  [locks.name]: { service: named(locks), workload: ofLocks, requests: requestsIn(locksRequests) },
};
