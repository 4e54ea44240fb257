/**
 * The door: what an application imports.
 *
 * @packageDocumentation
 */
export type { Order } from '../machines/multicast/order.js';
export type { Phase } from '../machines/shared/phases.js';
export type { Serializable } from '../machines/shared/serializable.js';
export type { Consistency, FaultModel, ReadPath } from '../machines/shared/style.js';
export { Cluster } from './cluster/cluster.js';
export type { ClusterEventName, ClusterEvents, Listener } from './cluster/events.js';
export type { ClientOptions } from './cluster/front-ends.js';
export type { InspectorSettings } from './cluster/inspector.js';
export type { ClusterSettings } from './cluster/settings.js';
export type { ReplicaStatus } from './cluster/standing.js';
export { type StartSettings, start } from './cluster/start.js';
export type { StyleName } from './cluster/styles.js';
export type { Suits } from './cluster/suits.js';
export { ChoraleError, type ErrorCode, errorCodes } from './errors.js';
export type { JoinSettings, Process } from './groups/process.js';
export {
  type ProcessGroups,
  type ProcessGroupsSettings,
  processGroups,
  type SimulatedGroups,
  type SimulatedGroupsSettings,
  simulateGroups,
} from './groups/process-groups.js';
export * from './service/index.js';
export type { SimulatedDisk } from './simulate/disk.js';
export type { NetworkCounts } from './simulate/network.js';
export { type SimulateSettings, Simulation, simulate } from './simulate/simulation.js';
export type { Storage, StorageProvider } from './storage/storage.js';
export type { CauseId, TraceEvent } from './trace/format.js';
