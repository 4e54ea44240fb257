import type { Address, SessionId } from './identifiers.js';
import type { Serializable } from './serializable.js';

/** A request as it crosses the wire. Its id is `requestId(session, seq)`, the same however often it is sent. */
export interface Request {
  readonly session: SessionId;
  /** Place in the session, from 1. A session has one request under way at a time. */
  readonly seq: number;
  /**
   * The last request of the session that is known to have been executed, 0 before the first. A replica that does not
   * know the session has forgotten it when this is not 0 (SESSION_EXPIRED), and meets it for the first time when it is.
   */
  readonly after: number;
  /** An update may change the state and may also read it; a query only reads. */
  readonly kind: 'update' | 'query';
  readonly op: string;
  readonly args: readonly Serializable[];
  /** Time handed in: ms on the clock of the node where the client made the call. */
  readonly at: number;
  /** Chance handed in: a 32-bit seed from which every replica draws the same numbers and ids. */
  readonly seed: number;
}

/** What an operation came to. An error is a result like another, the same at every replica (CH-6). */
export type Outcome =
  | { readonly ok: true; readonly value: Serializable }
  | { readonly ok: false; readonly error: OperationError };

/** The error that an operation threw, as data. */
export interface OperationError {
  /** The error's own `code` where it has one, or else OPERATION_FAILED. */
  readonly code: string;
  readonly message: string;
  readonly details?: Serializable;
}

/** A replica manager's answer to one request. */
export interface Reply {
  readonly session: SessionId;
  readonly seq: number;
  readonly outcome: Outcome;
  /** Number of updates executed when the answer was made: the version of the state that it speaks of. */
  readonly version: number;
}

/** Requests that one front end sends in one message: the unit of every phase. */
export interface Batch {
  readonly frontEnd: Address;
  readonly requests: readonly Request[];
}

/** A request from a client to its front end. */
export interface Call extends Request {
  /** Where the answer goes when the client is on another node (it uses a replica manager as its proxy). */
  readonly origin?: Address;
  /** The latest version that the client has seen, where it uses proxies and so not one front end that remembers it. */
  readonly seen?: number;
}

/** A front end's answer to its client: one for each call, however many replicas answered. */
export interface Answer {
  readonly session: SessionId;
  readonly seq: number;
  readonly outcome: Outcome;
  /** Who the answer was taken from: one node, or every node of the majority that voted for it. */
  readonly by: readonly string[];
  readonly version: number;
}
