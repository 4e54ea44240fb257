/**
 * What members of a group, its observers and the membership service say to each other. A view change, from view v:
 *
 *   1. A member that suspects another, or is told to, stops delivering in v, and reports what it holds to the service and to the
 *      other members: `report`. The service makes those report that have not noticed anything: `flush`.
 *   2. Members that hold what another lacks pass it on; who has received something so reports again.
 *   3. When all that are not suspected have reported in v, and each holds all that any of them holds, the service agrees on the
 *      next view and on the cut, that is, what is delivered in v: a `Decree`. Each of its replicas that accepts it says so to
 *      the members and observers at once: `accepted`.
 *   4. Who has heard a majority of the service's replicas, or has heard from one that it is decided (`decided`), delivers the rest
 *      of the cut, and then the view.
 */
import { type Address, address, type GroupName, type NodeId, type SenderId } from '../shared/identifiers.js';
import type { Serializable } from '../shared/serializable.js';
import { anything, fields, flag, listOf, natural, recordOf, type Shape, text } from '../shared/shapes.js';
import { type View, viewShape } from '../shared/view.js';

/** The actors of a replica of the service, and of the failure detector on any node. */
export const membershipActor = 'membership';
export const detectorActor = 'detector';
export const membershipAt = (node: NodeId): Address => address(node, membershipActor);

/** Sender → its messages in this view, 1 to this number: what somebody holds is always a prefix. */
export type Holdings = Readonly<Record<SenderId, number>>;

/** From a member that has stopped delivering in its view: to all replicas of the service, and to the other members. */
export interface Report {
  readonly group: GroupName;
  /** The view that it is in. */
  readonly view: number;
  readonly member: SenderId;
  /** It has the group's state. */
  readonly full: boolean;
  readonly holds: Holdings;
  /** Members, and senders from outside with messages that are not settled, that it suspects. */
  readonly suspects: readonly SenderId[];
  /** What the order of the group needs to know to settle what is under way; handed on in the decree as it is. */
  readonly unsettled: Serializable;
}

/**
 * To members that have not reported yet, or must know more suspects to pass messages on. It can overtake the view that it is
 * about: then it waits at the member until that view is installed.
 */
export interface Flush {
  readonly group: GroupName;
  readonly view: number;
  readonly suspects: readonly SenderId[];
}

/** What the service agrees on: how view `view.id - 1` ends, and who is in the next. */
export interface Decree {
  readonly view: View;
  /** What every member that goes on delivers in the view before. */
  readonly cut: Holdings;
  /** Member → `unsettled` of its report, of those that take part in the change: the same input for everybody. */
  readonly unsettled: Readonly<Record<SenderId, Serializable>>;
}

/** A replica of the service has accepted the decree, under this ballot: it is decided when a majority has, under the same. */
export interface Accepted {
  readonly slot: number;
  readonly ballot: number;
  readonly decree: Decree;
}

/**
 * From an incarnation of a node that wants to be in the group (`join`); and from a member that wants to leave it (`leave`). As an
 * answer (`evicted`): this incarnation is not in the group any more, and never will be (GM-3).
 */
export interface Wish {
  readonly group: GroupName;
  readonly member: SenderId;
}

/**
 * From somebody who wants a group to be made, with these members, and unmade. All wishes go to every replica of the service, and
 * are repeated until they are answered: the replica that leads answers.
 */
export interface Creation {
  readonly group: GroupName;
  readonly members: readonly SenderId[];
  readonly static: boolean;
  /** The asker's own name for this wish, never used twice: by it a repeated wish is known. */
  readonly id: string;
}
export interface Destruction {
  readonly group: GroupName;
  /** A view of the group that the asker has heard of: a later group of the same name is not meant. */
  readonly view: number;
}
/** The answer to `create`: the first view. The number is higher than that of any view of an earlier group of that name. */
export interface Created {
  readonly id: string;
  readonly view: View;
}
/** The answer to `destroy`, and to members and observers: there is no such group any more. */
export interface Destroyed {
  readonly group: GroupName;
}

/** From somebody who wants to be told of every view, the one that stands first. */
export interface Observe {
  readonly group: GroupName;
}

/** Why a wish is not granted, now or ever. `NO_MAJORITY`: this replica of the service cannot decide anything now. */
export interface Refusal {
  readonly group: GroupName;
  readonly code: 'STATIC_GROUP' | 'NO_GROUP' | 'GROUP_EXISTS' | 'NO_MAJORITY';
  readonly why: string;
}

/** From the failure detector to the actors on its node that asked it to watch: its opinion of a node has changed. */
export interface Suspicion {
  readonly node: NodeId;
  /** The incarnation that was last heard, 1 if none was. */
  readonly incarnation: number;
  readonly suspected: boolean;
}

/** To the failure detector from an actor on its node: the nodes that it wants watched from now on, and no others. */
export interface Watch {
  readonly nodes: readonly NodeId[];
  /**
   * Incarnations known to have started, from a view for instance: as good as heard, so that one that has just entered is not
   * taken for the one before it, and one that was never heard is suspected by its own number.
   */
  readonly incarnations?: Readonly<Record<NodeId, number>>;
}

const suspects = listOf(text);
export const holdingsShape: Shape = recordOf(natural);
export const reportShape: Shape = fields({
  group: text,
  view: natural,
  member: text,
  full: flag,
  holds: holdingsShape,
  suspects,
  unsettled: anything,
});
export const flushShape: Shape = fields({ group: text, view: natural, suspects });
export const decreeShape: Shape = fields({ view: viewShape, cut: holdingsShape, unsettled: recordOf(anything) });
export const acceptedShape: Shape = fields({ slot: natural, ballot: natural, decree: decreeShape });
export const wishShape: Shape = fields({ group: text, member: text });
export const creationShape: Shape = fields({ group: text, members: listOf(text), static: flag, id: text });
export const destructionShape: Shape = fields({ group: text, view: natural });
export const createdShape: Shape = fields({ id: text, view: viewShape });
export const destroyedShape: Shape = fields({ group: text });
export const observeShape: Shape = fields({ group: text });
export const refusalShape: Shape = fields({ group: text, code: text, why: text });
