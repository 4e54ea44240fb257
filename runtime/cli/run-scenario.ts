/**
 * The run that the options of a command line describe, as plain data.
 */
import type { ResolvedSettings } from '../cluster/settings.js';
import type { PlannedRequest } from '../simulate/plan.js';
import type { Scenario } from '../simulate/scenario.js';
import type { ScenarioOptions } from './options.js';
import { ofSomeStyles } from './style-options.js';

/** All that decides the run, for whoever wants to make it again. */
export function scenarioOf(
  { replication, replicas, tolerate, reads, delay, timeout, fault, seed, ...options }: ScenarioOptions,
  { order, retryAfter }: Pick<ResolvedSettings, 'order' | 'retryAfter'>,
  requests: readonly PlannedRequest[],
): Scenario {
  const cluster = { replication, replicas, tolerate, order, reads, more: ofSomeStyles(options), retryAfter };
  const conditions = { delay, loss: 0, duplicate: 0, faults: fault };
  return { seed, ...cluster, ...conditions, requests, via: {}, faultsEndAt: null, timeout };
}
