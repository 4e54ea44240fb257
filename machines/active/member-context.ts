/**
 * What a replica manager knows in a group whose members come and go.
 */
import { type Donor, donorIn } from '../membership/donor.js';
import type { Joining } from '../membership/joiner.js';
import type { Party } from '../membership/state-transfer.js';
import type { Delivery, Effectful } from '../shared/effects.js';
import { executedTable } from '../shared/executed-table.js';
import type { Replica } from '../shared/execution.js';
import { type GroupName, type SenderId, senderId } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { emptyMap, type PersistentMap } from '../shared/persistent-map.js';
import { batchesIn } from '../shared/request-shapes.js';
import type { Batch } from '../shared/requests.js';
import type { ReplicaManagerInput, StyleSettings } from '../shared/style.js';
import type { View } from '../shared/view.js';
import { type Comparing, type Divergence, nothingCompared, type Point } from './comparison.js';
import type { WaitingRead } from './replica-manager.js';

/** A batch with its place in the order. */
export interface Ordered extends Point {
  readonly batch: Batch;
}

export interface MemberReplicaManagerContext<Value> extends Effectful {
  readonly self: SenderId;
  readonly group: GroupName;
  /** The latest; null before the first. */
  readonly view: View | null;
  readonly value: Value;
  /** Number of updates executed, failed ones among them. */
  readonly version: number;
  readonly executed: Replica<Value>['executed'];
  /** What the group has delivered and is not executed yet: empty but in `executing`. */
  readonly ordered: readonly Ordered[];
  /** By session: queries for this replica manager alone that wait for updates which their front end has seen. */
  readonly waiting: PersistentMap<WaitingRead>;
  /** How far the state is known to be that of the others. */
  readonly comparing: Comparing;
  /** Why this member has stopped; null while it has not. */
  readonly divergence: Divergence | null;
  /** Transfers of the state to others. */
  readonly donor: Donor<Value>;
  /** The transfer of the state to this member; null when it has the state. */
  readonly joining: Joining<Ordered> | null;
}

export type Context<Value> = MemberReplicaManagerContext<Value>;
export type Change<Value> = Partial<Context<Value>>;

/** The name of the replica managers' actors. */
export const actor = 'rm';

export const partyOf = ({ self, group }: Pick<Context<unknown>, 'self' | 'group'>): Party => ({ self, group, actor });

export const isFull = (view: View, self: SenderId): boolean => view.members.some(({ id, full }) => id === self && full);

export function initialContext<Value>(
  { node, incarnation, group }: ReplicaManagerInput,
  object: ReplicatedObject<Value>,
  { sessions }: StyleSettings,
): Context<Value> {
  return {
    self: senderId(node, incarnation),
    group,
    view: null,
    value: object.initial(),
    version: 0,
    executed: executedTable(sessions),
    ordered: [],
    waiting: emptyMap(),
    comparing: nothingCompared,
    divergence: null,
    donor: donorIn<Value>(null),
    joining: null,
    effects: noEffects,
  };
}

/** What is no batch of requests is dropped, by every replica manager alike. */
export function orderedIn(items: readonly Delivery[]): Ordered[] {
  return items.flatMap((delivery) =>
    batchesIn([delivery]).map((batch) => ({ view: delivery.view ?? 0, number: delivery.number ?? 0, batch })),
  );
}
