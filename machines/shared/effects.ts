/**
 * Everything that a protocol machine can ask of the world: a closed list. A machine emits one event,
 * `{ type: 'effects', effects }`, for each transition that has any; the runtime carries them out in order, and what
 * comes back comes as events. So the same machine runs in production, under the simulator and in the explorer.
 */
import type { Address, GroupName, NodeId, RequestId, SenderId } from './identifiers.js';
import type { Phase } from './phases.js';
import type { Answer } from './requests.js';
import type { Serializable } from './serializable.js';
import type { VectorTimestamp } from './vector-timestamp.js';
import type { View } from './view.js';

/** A message is a list: what is bound for one actor and of one type in one tick travels, and arrives, as one. */
export interface Message<Type extends string = string, Item = unknown> {
  readonly type: Type;
  readonly items: readonly Item[];
}

/** A message as its addressee sees it: one event, whoever's tick it came from. */
export interface Incoming<Type extends string = string, Item = unknown> extends Message<Type, Item> {
  readonly from: Address;
}

/** One multicast message handed to the member's application, in the order of the group. */
export interface Delivery {
  readonly sender: SenderId;
  /** The sender's own count of its multicasts to the group, from 1. */
  readonly seq: number;
  readonly payload: Serializable;
  /** Place in the total order, from 1, in groups that have one. */
  readonly number?: number;
  /** What the sender had seen when it sent, in groups that keep it. */
  readonly stamp?: VectorTimestamp;
  /** The view in which it is delivered, the same at every member, in groups that have views. */
  readonly view?: number;
}

export type Effect =
  /**
   * To one actor, by the node's link. `fifo` messages between two nodes keep their order; `unordered` ones need not wait.
   * `lossy` ones arrive once, twice or never, as the network will, and are not recorded: signs of life.
   */
  | {
      readonly type: 'send';
      readonly to: Address;
      readonly message: Message;
      readonly channel: 'fifo' | 'unordered' | 'lossy';
      /** Acknowledgement and stability traffic: counted apart from the protocol's data messages (MC-12). */
      readonly control?: true;
    }
  /** To a group by its name: the node's actor for that group takes it as a `multicast` event. */
  | { readonly type: 'multicast'; readonly group: GroupName; readonly payloads: readonly Serializable[] }
  /** From the group's actor to the application on its node, which takes it as a `delivered` event. */
  | { readonly type: 'deliver'; readonly group: GroupName; readonly deliveries: readonly Delivery[] }
  /**
   * From the group's actor to all others on its node that take `view`: what it handed over before was delivered in the view
   * before.
   */
  | { readonly type: 'view'; readonly view: View }
  /** From a front end to the clients on its node. */
  | { readonly type: 'reply'; readonly answers: readonly Answer[] }
  /** These requests enter this phase here and now. Recorded, and the place where a fault can strike. */
  | { readonly type: 'phase'; readonly phase: Phase; readonly requests: readonly RequestId[] }
  /**
   * To the node's storage: these records after all that this actor persisted before, or with `replace` in place of it.
   * `persisted` with this number follows when no crash can undo it; only then may anybody be told what it says.
   */
  | {
      readonly type: 'persist';
      readonly number: number;
      readonly records: readonly Serializable[];
      readonly replace?: true;
    }
  /**
   * This incarnation of the node has no part in anything any more: the others have gone on without it, or it has left. It can
   * come back only as a new one (GM-3).
   */
  | { readonly type: 'end'; readonly reason: 'evicted' | 'left' }
  /** An event that does not fit the state: counted by name, never thrown. */
  | { readonly type: 'discard'; readonly event: string; readonly reason: string; readonly count: number };

/** What a machine emits. */
export interface EffectsEmitted {
  readonly type: 'effects';
  readonly effects: readonly Effect[];
}

/** What every machine's context has: the effects of the transition just taken, which the runtime has carried out since. */
export interface Effectful {
  readonly effects: readonly Effect[];
}

/** Events that the runtime itself gives to machines. */
export type Told =
  /** From the application on the same node to the group's actor. */
  | Incoming<'multicast', Serializable>
  /** From the group's actor to the application on the same node. */
  | Incoming<'delivered', Delivery>
  /** A view that the group's actor on this node has come to. */
  | Incoming<'view', View>
  /** What the actor persisted by these numbers is safe, in the order in which it did. */
  | Incoming<'persisted', number>
  /**
   * The first event of an actor that has it among its events: the records that it persisted in earlier incarnations of its
   * node. All that it was told were safe are there; of those that follow, the first some, as they were written.
   */
  | Incoming<'recovered', Serializable>
  /** These incarnations have ended for good: a certain fact (their host said so), never a suspicion. */
  | Incoming<'gone', Gone>;

export interface Gone {
  readonly node: NodeId;
  readonly incarnation: number;
}
