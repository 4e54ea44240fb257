/**
 * What the replica managers and front ends of passive replication say to each other.
 */
import type { Address, SenderId } from '../shared/identifiers.js';
import { batchShape, outcomeShape, queryShape } from '../shared/request-shapes.js';
import type { Batch, Reply, Request } from '../shared/requests.js';
import type { Serializable } from '../shared/serializable.js';
import { anything, fields, listOf, natural, oneOf, type Shape, text } from '../shared/shapes.js';

/** The reply to one executed update, and whom it is for. */
export interface Result extends Reply {
  readonly frontEnd: Address;
}

/**
 * The multicast of AC: what one batch came to (PB-5). `reign` is the view in which its sender became primary, and `number`
 * counts its batches since: a batch of an earlier reign that is delivered late has no effect.
 */
export type Update = StateUpdate | RequestUpdate;

/** PB-17, the first way: what changed, so that nothing is executed twice and operations need not be deterministic. */
interface StateUpdate {
  readonly form: 'state';
  readonly reign: number;
  readonly number: number;
  readonly change: Serializable;
  /** Number of updates executed, those of this batch among them. */
  readonly version: number;
  /** In order of execution. */
  readonly results: readonly Result[];
}

/** PB-17, the second way: the requests, in order; each backup executes them itself. */
interface RequestUpdate {
  readonly form: 'requests';
  readonly reign: number;
  readonly number: number;
  readonly batches: readonly Batch[];
}

/** From a backup to the primary: it has taken the batch of this reign and number, in this view. */
export interface Taken {
  readonly view: number;
  readonly reign: number;
  readonly number: number;
  readonly member: SenderId;
}

/** From the primary to all other members, and back from each: it is still in this view. `number` is the primary's own count. */
export interface Confirm {
  readonly view: number;
  readonly number: number;
}
export interface Confirmed extends Confirm {
  readonly member: SenderId;
}

/** From the primary to all other members: they all have the state of this version. Said where backups answer queries. */
export interface Acknowledged {
  readonly view: number;
  readonly version: number;
}

/** A query for one replica manager. */
export interface Read {
  readonly request: Request;
  /** The answer must know at least as many updates as the front end has seen. */
  readonly seen: number;
}

const place: Shape = (value) => typeof value === 'string' && value.indexOf('/') > 0;
const resultShape: Shape = fields({
  session: text,
  seq: natural,
  outcome: outcomeShape,
  version: natural,
  frontEnd: place,
});
const head = { reign: natural, number: natural };
const stateUpdate = fields({
  ...head,
  form: oneOf('state'),
  change: anything,
  version: natural,
  results: listOf(resultShape),
});
const requestUpdate = fields({ ...head, form: oneOf('requests'), batches: listOf(batchShape) });
const updateShape: Shape = (value) => stateUpdate(value) || requestUpdate(value);

/** The update that a payload is; null for anything else. */
export const updateIn = (payload: Serializable): Update | null =>
  updateShape(payload) ? (payload as unknown as Update) : null; // its shape was looked at just now

export const readShape: Shape = fields({ request: queryShape, seen: natural });
export const takenShape: Shape = fields({ view: natural, reign: natural, number: natural, member: text });
export const confirmShape: Shape = fields({ view: natural, number: natural });
export const confirmedShape: Shape = fields({ view: natural, number: natural, member: text });
export const acknowledgedShape: Shape = fields({ view: natural, version: natural });
