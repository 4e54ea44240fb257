/**
 * What the actor of a group with views is told when it starts, on a member's node or on that of an outside sender. To the
 * application beside it (`application`) it hands, in one order: `delivered` (effect `deliver`), and by `send` to the sibling
 * `view` (each item a View: what was delivered before it was delivered in the view before). From the application it takes
 * `multicast`, and of a member `ready` (the state has come: this member is full now) and `leave`.
 */
import { isTotal, type Order } from '../multicast/order.js';
import type { GroupName, NodeId } from '../shared/identifiers.js';
import type { View } from '../shared/view.js';

/** The total orders can be agreed on by all members in two rounds, with no sequencer. */
export const isAgreed = ({ order, provider }: Pick<ViewGroupInput, 'order' | 'provider'>): boolean =>
  provider === 'agreed' && isTotal(order);

export interface ViewGroupInput {
  readonly node: NodeId;
  readonly incarnation: number;
  readonly group: GroupName;
  readonly order: Order;
  /** What makes a total order: the most senior full member, or all members in two rounds. */
  readonly provider: 'sequencer' | 'agreed';
  /** Deliver a message only once all members of the view hold it (MC-1). */
  readonly uniform: boolean;
  /** The nodes of the membership service. */
  readonly service: readonly NodeId[];
  /** The view to begin with; null for a node that has to join, or, outside, to ask first. */
  readonly view: View | null;
  /** The actor on this node that is handed messages and views. */
  readonly application: string;
  /** ms between two rounds of telling each other what one holds, while something is unstable. */
  readonly stabilityInterval: number;
  /** ms after which a wish or a report is repeated that nothing came of. */
  readonly retryAfter: number;
  /** ms that a lease of a view's primary can go on when the view ends here (lease.ts). Default 0: nobody has one. */
  readonly lease?: number;
}
