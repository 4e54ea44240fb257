/**
 * A service as a protocol sees it: a deterministic object. Pure: the same value and requests give the same execution
 * at every replica, and nothing here throws for what a client or an operation did wrong.
 */
import type { Outcome, Request } from './requests.js';
import type { Serializable } from './serializable.js';

export interface Execution<Value> {
  readonly value: Value;
  /** One for each request, in order. */
  readonly outcomes: readonly Outcome[];
}

export interface ReplicatedObject<Value = unknown> {
  readonly name: string;
  initial(): Value;
  /** Executes requests one after another. An operation that throws leaves no effect: its error is its outcome (CH-6). */
  execute(value: Value, requests: readonly Request[]): Execution<Value>;
  /** What changed from one value to the other, as plain data. Cost follows what changed, not what there is. */
  change(before: Value, after: Value): Serializable;
  /** The value after that change. Throws where the change is not of this value: then the replica is no replica any more. */
  apply(value: Value, change: Serializable): Value;
  /** A digest of the value: equal values have equal digests on every machine. Cost follows what changed, not what there is. */
  digest(value: Value): string;
  /** The value as plain data, and back. */
  snapshot(value: Value): Serializable;
  restore(snapshot: Serializable): Value;
}
