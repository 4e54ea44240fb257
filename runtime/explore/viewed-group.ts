/**
 * The actors of a group whose members come and go in agreed views, as they are put on nodes in production. Failure detectors are left
 * out: what they say comes from outside, at any moment, right or wrong.
 */
import type { AnyStateMachine } from 'xstate';
import type { ViewGroupInput } from '../../machines/membership/group-input.js';
import { membershipService } from '../../machines/membership/membership-service.js';
import { detectorActor, membershipAt, type Suspicion } from '../../machines/membership/messages.js';
import { viewSynchronousMember } from '../../machines/membership/view-synchronous-member.js';
import { viewSynchronousSender } from '../../machines/membership/view-synchronous-sender.js';
import type { Order } from '../../machines/multicast/index.js';
import type { Incoming } from '../../machines/shared/effects.js';
import {
  type Address,
  address,
  type GroupName,
  groupActor,
  type NodeId,
  nodeId,
  senderId,
} from '../../machines/shared/identifiers.js';
import { firstView, type View } from '../../machines/shared/view.js';
import type { ExploredActor } from './configuration.js';

export interface ViewedGroup {
  readonly group: GroupName;
  readonly members: readonly NodeId[];
  /** The nodes of the membership service. */
  readonly service: readonly NodeId[];
  readonly order: Order;
  readonly uniform: boolean;
  /** The machine of a member. Default: Chorale's own. */
  readonly member?: AnyStateMachine | undefined;
}

/** No time passes here: only that timers are armed counts. */
const ms = 100;

export const serviceNodes = (replicas: number): NodeId[] =>
  Array.from({ length: replicas }, (_, i) => nodeId(`ms-${i + 1}`));

const viewOne = ({ group, members }: ViewedGroup): View =>
  firstView(
    group,
    members.map((node) => senderId(node, 1)),
  );

const inputOf =
  (group: ViewedGroup, node: NodeId, application: string) =>
  (incarnation: number): ViewGroupInput => ({
    node,
    incarnation,
    group: group.group,
    order: group.order,
    provider: 'sequencer',
    uniform: group.uniform,
    service: group.service,
    view: incarnation === 1 ? viewOne(group) : null,
    application,
    stabilityInterval: ms,
    retryAfter: ms,
  });

export const memberAt = ({ group }: Pick<ViewedGroup, 'group'>, node: NodeId): Address =>
  address(node, groupActor(group));

export const viewedMember = (group: ViewedGroup, node: NodeId): ExploredActor => ({
  address: memberAt(group, node),
  machine: group.member ?? viewSynchronousMember,
  input: inputOf(group, node, 'rm'),
  deaf: ['ended'],
});

/** On a front end's node: it hears of views, and hands them on. */
export const viewedSender = (group: ViewedGroup, node: NodeId): ExploredActor => ({
  address: memberAt(group, node),
  machine: viewSynchronousSender,
  input: inputOf(group, node, 'fe'),
});

export const viewedService = (group: ViewedGroup): ExploredActor[] =>
  group.service.map((node) => ({
    address: membershipAt(node),
    machine: membershipService,
    input: (incarnation) => ({
      node,
      incarnation,
      service: group.service,
      groups: [{ view: viewOne(group), static: false }],
      flushAfter: ms,
      retryAfter: ms,
    }),
  }));

/** The detector on the node of this actor says that it has not heard of that node for long. */
export function suspicion(at: NodeId, node: NodeId): Incoming<'suspicion', Suspicion> {
  return { type: 'suspicion', from: address(at, detectorActor), items: [{ node, incarnation: 1, suspected: true }] };
}
