/**
 * What a replica manager of passive replication knows, whatever its role is just now.
 */
import { type Donor, donorIn } from '../membership/donor.js';
import type { Joining } from '../membership/joiner.js';
import type { Party } from '../membership/state-transfer.js';
import type { Delivery, Effect, Effectful } from '../shared/effects.js';
import { executedTable } from '../shared/executed-table.js';
import type { Replica } from '../shared/execution.js';
import {
  type Address,
  address,
  type GroupName,
  type NodeId,
  type SenderId,
  senderId,
  senderNode,
} from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import type { ReplicatedObject } from '../shared/object.js';
import { emptyMap, type PersistentMap } from '../shared/persistent-map.js';
import type { Batch, Reply } from '../shared/requests.js';
import type { ReplicaManagerInput, StyleSettings } from '../shared/style.js';
import { chosen, isMember, type View } from '../shared/view.js';
import { type Arrivals, noArrivals } from './arrivals.js';
import type { Confirm, Read, Result, Update } from './messages.js';

/** From the view in which a member became primary, until another does. */
export interface Reign {
  readonly primary: SenderId | null;
  /** The view in which it began. */
  readonly since: number;
}

/** A batch that has been multicast, until all have it. */
interface UnderWay {
  readonly number: number;
  /** The group has delivered it here, in the present view: so it is part of that view, and of no later one. */
  readonly delivered: boolean;
  /** The other members of the view that have not said that they have it. */
  readonly awaited: readonly SenderId[];
}

/** One round of asking all other members whether they are still in the view. */
interface Round {
  readonly number: number;
  /** The queries that came before it began. */
  readonly batches: readonly Batch[];
  readonly awaited: readonly SenderId[];
}

/** A query that waits for updates that its front end has seen, and that are not known here to be acknowledged. */
export interface WaitingRead extends Read {
  readonly frontEnd: Address;
}

/** What one front end is told. */
type Answers = readonly [to: Address, replies: readonly Reply[]];

export interface ReplicaManagerContext<Value> extends Effectful {
  readonly self: SenderId;
  readonly group: GroupName;
  /** The nodes of the name service, if there is one. */
  readonly names: readonly NodeId[];
  /** The latest; null before the first. */
  readonly view: View | null;
  readonly reign: Reign;
  /** With all that is executed or applied here. */
  readonly current: Replica<Value>;
  /** With what all members of the view have, and no more: all that anybody outside may see. */
  readonly acknowledged: Replica<Value>;

  // The primary's.
  /** Updates that wait for their batch. */
  readonly queue: Arrivals;
  /** The batch that is about to be executed: empty but in `executing`. */
  readonly batches: readonly Batch[];
  /** What the batch came to and its backups must hear: empty but in `multicasting`. */
  readonly fresh: readonly Batch[];
  readonly results: readonly Result[];
  /** The replies need the agreement of all: not so where each of them had it before. False but in `multicasting`. */
  readonly agrees: boolean;
  /** Replies that are held back until all have the batch. */
  readonly answers: readonly Answers[];
  readonly underWay: UnderWay | null;
  /** Batches multicast in this reign. */
  readonly number: number;
  /** Queries that came after the round had begun. */
  readonly queries: Arrivals;
  readonly round: Round | null;
  /** Rounds begun, ever. */
  readonly rounds: number;
  /** The view in which a lease holds (PB-7); null where none does. */
  readonly leased: number | null;

  // A backup's.
  /** What the last batch came to: answered again at take-over, for the primary may not have. */
  readonly last: readonly Result[];
  /** Taken and not applied, by place from 1: of a cold backup, LOG_BOUND batches at most. */
  readonly log: PersistentMap<Update>;
  /** The primary asks for a view that has not come here yet. */
  readonly early: Confirm | null;
  /** By session. */
  readonly reading: PersistentMap<WaitingRead>;

  // What a member that has no state is sent, and by whom.
  readonly donor: Donor<Value>;
  /** Null once this member has the state. */
  readonly joining: Joining<Delivery> | null;
}

export type Change<Value> = Partial<ReplicaManagerContext<Value>>;

export function initialContext<Value>(
  input: ReplicaManagerInput,
  object: ReplicatedObject<Value>,
  settings: StyleSettings,
): ReplicaManagerContext<Value> {
  const replica: Replica<Value> = { value: object.initial(), version: 0, executed: executedTable(settings.sessions) };
  return {
    self: senderId(input.node, input.incarnation),
    group: input.group,
    names: input.names ?? [],
    view: null,
    reign: { primary: null, since: 0 },
    current: replica,
    acknowledged: replica,
    queue: noArrivals,
    batches: [],
    fresh: [],
    results: [],
    agrees: false,
    answers: [],
    underWay: null,
    number: 0,
    queries: noArrivals,
    round: null,
    rounds: 0,
    leased: null,
    last: [],
    log: emptyMap(),
    early: null,
    reading: emptyMap(),
    donor: donorIn<Value>(null),
    joining: null,
    effects: noEffects,
  };
}

type Placed = Pick<ReplicaManagerContext<unknown>, 'self' | 'view' | 'reign'>;

/** The name of the replica managers' actors. */
const actor = 'rm';

/** The replica manager on a member's node. */
export const managerOf = (member: SenderId): Address => address(senderNode(member), actor);

/** This member in a transfer of the state. */
export const partyOf = ({ self, group }: Pick<ReplicaManagerContext<unknown>, 'self' | 'group'>): Party => ({
  self,
  group,
  actor,
});

/** All members of the view but this one, also those that have no state yet: they hold what they will need. */
export const others = ({ self, view }: Pick<Placed, 'self' | 'view'>): SenderId[] =>
  view === null ? [] : view.members.map(({ id }) => id).filter((id) => id !== self);

/** The view and the reign after these views, of which each follows the one before. */
export function installed({ view, reign }: Placed, views: readonly View[]): Pick<Placed, 'view' | 'reign'> {
  for (const next of views) {
    view = next;
    const primary = chosen(next)?.id ?? null;
    if (primary !== reign.primary) reign = { primary, since: next.id };
  }
  return { view, reign };
}

/** What a member is in the last of these views. */
export type Standing = 'primary' | 'backup' | 'joiner' | 'none';

export function standingIn({ self }: Pick<Placed, 'self'>, views: readonly View[]): Standing {
  const view = views.at(-1);
  if (view === undefined || !isMember(view, self)) return 'none';
  if (chosen(view)?.id === self) return 'primary';
  return view.members.some(({ id, full }) => id === self && full) ? 'backup' : 'joiner';
}

/** One message to each of these members' replica managers. */
export const toEach = (members: readonly SenderId[], type: string, item: unknown, control?: true): Effect[] =>
  members.map((member) => ({
    type: 'send',
    to: managerOf(member),
    message: { type, items: [item] },
    channel: 'fifo',
    ...(control === undefined ? {} : { control }),
  }));

/** A member is off the list of those that are waited for. */
export const without = (awaited: readonly SenderId[], members: readonly SenderId[]): readonly SenderId[] =>
  awaited.filter((member) => !members.includes(member));
