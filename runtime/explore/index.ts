/**
 * For those who explore protocols: every state that machines, a network and faults can come to, and what holds in all
 * of them.
 *
 * @packageDocumentation
 */
export type * from './configuration.js';
export type { Step } from './counterexample.js';
export type { MachineCoverage } from './coverage.js';
export {
  Exploration,
  type Explored,
  type ExploreSettings,
  explore,
  type Progress,
  type PropertyVerdict,
  type Violation,
} from './engine.js';
export { type MembershipSettings, membership } from './membership.js';
export type { PlannedCall, ReplicatedService, ReplicationSettings } from './plan.js';
export { always, eventually, sometimes } from './properties.js';
export { replication } from './replication.js';
