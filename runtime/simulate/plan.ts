/**
 * What is to be played on a simulation, how, and what became of it.
 */
import type { Answer, Call } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { ChoraleError } from '../errors.js';

export interface PlannedRequest {
  /** ms; not before the client's request before it is answered. */
  readonly at: number;
  readonly client: string;
  readonly op: string;
  readonly args: readonly Serializable[];
}

/** What became of one request. */
export interface PlayedRequest extends PlannedRequest {
  /** As it crossed the wire; null when it was never sent. */
  readonly call: Call | null;
  /** ms, virtual. */
  readonly calledAt: number;
  readonly endedAt: number;
  readonly answer: Answer | null;
  /** Why there is no answer of the service: a timeout, a crash of the front end. */
  readonly error: ChoraleError | null;
}

/** Safety first, then liveness: faults may do what they like until they end, and then everything must come right. */
export interface Liveness {
  /** ms: when all faults end that can (`Simulation.endFaults`). */
  readonly faultsEndAt: number;
  /** ms after that, or after a later call, in which a request must be answered, and in which replicas must agree at last. */
  readonly within: number;
}

export interface PlaySettings {
  /** ms that each request waits for its answer. With `liveness` it waits as long as that allows instead. */
  readonly timeout: number;
  /** ms, virtual: the run goes on until then at least. Default: until everything has come to rest. */
  readonly until?: number;
  /** Tests liveness: livenessViolations (liveness.ts) says how it went. */
  readonly liveness?: Liveness;
  /** Clients that use a replica manager as their proxy: client → node. */
  readonly via?: Readonly<Record<string, string>>;
  /** Told of each request as it ends. */
  readonly progress?: (played: PlayedRequest) => void;
}

/** ms: when a request that was called then must have its answer. */
export const deadlineOf = (calledAt: number, { faultsEndAt, within }: Liveness): number =>
  Math.max(calledAt, faultsEndAt) + within;
