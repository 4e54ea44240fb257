/**
 * A service as a protocol sees it: a deterministic object. Pure: the same value and requests give the same execution
 * at every replica, and nothing here throws for what a client or an operation did wrong.
 */
import type { OperationError, Outcome, Request } from './requests.js';
import type { Serializable } from './serializable.js';

export interface Execution<Value> {
  readonly value: Value;
  /** One for each request, in order. */
  readonly outcomes: readonly Outcome[];
}

/** A part of a value. */
export interface Cut {
  readonly data: Serializable;
  /** Estimated bytes of it on the wire. */
  readonly size: number;
  /** Where the next part begins, as plain data; null after the last one. */
  readonly next: Serializable;
}

/** A value that is being put together from its parts: immutable, and nobody's to look into but the object's that began it. */
export type Assembly = object;

/** What the parts came to. `SNAPSHOT_INVALID`: they are of another service, or of a version that does not lead to this one. */
export type Assembled<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: OperationError };

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
  /**
   * The part of the value from `cursor` on (null: from the beginning), of about `bytes` at most: only what cannot be cut is
   * larger. It costs what the part is large, however large the value is, so a value can be sent part by part while
   * requests are executed on later ones.
   */
  chunk(value: Value, cursor: Serializable, bytes: number): Cut;
  /** The parts come back in order: `begin`, `absorb` each (which costs what it is large), `complete`. None of these throws. */
  begin(): Assembly;
  absorb(assembly: Assembly, data: Serializable): Assembly;
  complete(assembly: Assembly): Assembled<Value>;
  /**
   * A digest of what has been absorbed so far. Asked after each part it costs what the part is large, and so does then the
   * first digest of the whole, which would otherwise take as long as the whole is large.
   */
  digestSoFar(assembly: Assembly): string;
}
