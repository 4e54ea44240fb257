/**
 * Services: what an application defines, and what replication styles execute.
 */
export { type Collection, collection, type ReadonlyCollection, type View } from './collection.js';
export type { Patch } from './patches.js';
export { checkSerializable } from './serializable.js';
export { service } from './service.js';
export { type Surroundings, surroundings } from './surroundings.js';
export type {
  AnyService,
  ArgumentsOf,
  CallOptions,
  ClientOf,
  Definition,
  ExecutionWithPatches,
  OperationKind,
  ReplyOf,
  Service,
} from './types.js';
