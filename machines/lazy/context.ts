/**
 * What a replica manager of lazy master-slave replication knows, and what a master says to its slaves.
 */
import { type Donor, donorIn } from '../membership/donor.js';
import { type Joining, joiningFrom } from '../membership/joiner.js';
import type { Reign } from '../passive/context.js';
import type { Effectful } from '../shared/effects.js';
import { executedTable } from '../shared/executed-table.js';
import type { Replica } from '../shared/execution.js';
import { type GroupName, type NodeId, type RequestId, type SenderId, senderId } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { emptyMap, type PersistentMap } from '../shared/persistent-map.js';
import { outcomeShape } from '../shared/request-shapes.js';
import type { Batch, Outcome } from '../shared/requests.js';
import type { Serializable } from '../shared/serializable.js';
import { anything, fields, listOf, natural, type Shape, text } from '../shared/shapes.js';
import type { ReplicaManagerInput, StyleSettings } from '../shared/style.js';
import type { View } from '../shared/view.js';

/** What became of the last request of a session. */
export interface Done {
  readonly session: string;
  readonly seq: number;
  readonly outcome: Outcome;
  readonly version: number;
}

/** From the master to one slave: all that has changed since the version that the slave has, however many updates that were. */
export interface CatchUp {
  /** The view in which the sender became master: to a slave that has another master by now, it is of no use. */
  readonly reign: number;
  readonly after: number;
  readonly version: number;
  readonly change: Serializable;
  readonly done: readonly Done[];
}

/** Back from the slave: it has this version. */
export interface CaughtUp {
  readonly reign: number;
  readonly version: number;
  readonly member: SenderId;
}

const doneShape: Shape = fields({ session: text, seq: natural, outcome: outcomeShape, version: natural });
export const catchUpShape: Shape = fields({
  reign: natural,
  after: natural,
  version: natural,
  change: anything,
  done: listOf(doneShape),
});
export const caughtUpShape: Shape = fields({ reign: natural, version: natural, member: text });

/** A slave, as its master sees it. */
export interface Slave<Value> {
  /** What it is known to have; while the whole state is under way to it, what it will have then. */
  readonly has: Replica<Value>;
  /** What it will have once it has taken the catch-up that is under way. */
  readonly sent: Replica<Value> | null;
  /** The whole state is under way to it. */
  readonly receiving: boolean;
}

export interface LazyContext<Value> extends Effectful {
  readonly self: SenderId;
  readonly group: GroupName;
  /** The nodes of the name service, if there is one. */
  readonly names: readonly NodeId[];
  /** The latest; null before the first. */
  readonly view: View | null;
  readonly reign: Reign;
  readonly current: Replica<Value>;

  // The master's.
  /** What is about to be executed: empty but in `executing`. */
  readonly batches: readonly Batch[];
  /**
   * By member. It keeps two states of the past for each slave and no list of what the slave lacks: states share what they have
   * in common, so a slave that lags for long costs no more than what has changed since.
   */
  readonly slaves: Readonly<Record<SenderId, Slave<Value>>>;
  /** Updates executed since the slaves were last sent something, by place from 1. */
  readonly untold: PersistentMap<RequestId>;
  readonly donor: Donor<Value>;

  // A slave's, and of whoever joins: the state that is on its way, from view `from`; 0 while none is.
  readonly joining: Joining<never>;
}

export type Change<Value> = Partial<LazyContext<Value>>;

export const noState = <Value>(object: ReplicatedObject<Value>): Joining<never> => joiningFrom<Value, never>(object);

export function initialContext<Value>(
  input: ReplicaManagerInput,
  object: ReplicatedObject<Value>,
  settings: StyleSettings,
): LazyContext<Value> {
  return {
    self: senderId(input.node, input.incarnation),
    group: input.group,
    names: input.names ?? [],
    view: null,
    reign: { primary: null, since: 0 },
    current: { value: object.initial(), version: 0, executed: executedTable(settings.sessions) },
    batches: [],
    slaves: {},
    untold: emptyMap(),
    donor: donorIn<Value>(null),
    joining: noState(object),
    effects: noEffects,
  };
}
