/**
 * A group whose members come and go: each replica manager's node has a failure detector and a member of the group
 * beside it, each front end's node a sender from outside that observes the group, and the membership service has nodes of its
 * own (PB-9), or is on those of the first replica managers. Where the style asks for it, the name service stands beside it.
 */
import { detectorShapes, failureDetector } from '../../machines/membership/failure-detector.js';
import type { ViewGroupInput } from '../../machines/membership/group-input.js';
import { leaseActor, leaseKeeper, leaseShapes, waitedOut } from '../../machines/membership/lease.js';
import { membershipService, membershipShapes } from '../../machines/membership/membership-service.js';
import { detectorActor, membershipActor } from '../../machines/membership/messages.js';
import { nameServiceShapes, namesActor } from '../../machines/membership/name-messages.js';
import { nameService } from '../../machines/membership/name-service.js';
import { viewSynchronousSenderShapes, viewSynchronousShapes } from '../../machines/membership/view-messages.js';
import { viewSynchronousMember } from '../../machines/membership/view-synchronous-member.js';
import { viewSynchronousSender } from '../../machines/membership/view-synchronous-sender.js';
import { address, groupActor, groupName, type NodeId, nodeId, senderId } from '../../machines/shared/identifiers.js';
import type { ReplicatedObject } from '../../machines/shared/object.js';
import { rolesOf } from '../../machines/shared/style.js';
import { firstView } from '../../machines/shared/view.js';
import {
  type Placed,
  type Placement,
  proxyOf,
  STABILITY_INTERVAL,
  staticPlacement,
  styleSettingsOf,
} from './placement.js';
import type { ResolvedSettings } from './settings.js';

/** Ticks of a detector's time from one heartbeat to the next. */
const TICKS = 4;

export const placementOf = (service: ReplicatedObject, settings: ResolvedSettings): Placement =>
  settings.membership === 'dynamic' ? dynamicPlacement(service, settings) : staticPlacement(service, settings);

function dynamicPlacement(service: ReplicatedObject, settings: ResolvedSettings): Placement {
  const { style, order, provider, replicas, retryAfter } = settings;
  const group = groupName(service.name);
  const members = Array.from({ length: replicas }, (_, i) => nodeId(`rm-${i + 1}`));
  const inside = settings.membershipReplicas === 0;
  const serviceNodes = inside
    ? members
    : Array.from({ length: settings.membershipReplicas }, (_, i) => nodeId(`ms-${i + 1}`));
  const view = firstView(
    group,
    members.map((node) => senderId(node, 1)),
  );
  const terms = { duration: settings.lease, drift: settings.clockDrift };
  const styleSettings = styleSettingsOf(settings);
  const roles = rolesOf(style, 'dynamic');
  const replicaManager = roles.replicaManager(service, styleSettings);
  const frontEnd = roles.frontEnd(styleSettings);
  const byProxy = style.refuses({ ...settings, proxy: true }) === null;

  const detector = (node: NodeId): Placed => ({
    name: detectorActor,
    machine: failureDetector,
    input: (incarnation) => ({
      node,
      incarnation,
      interval: settings.heartbeat,
      tick: settings.heartbeat / TICKS,
      estimator: { kind: 'timeout', timeout: settings.suspectAfter },
    }),
    options: { shapes: detectorShapes },
  });
  const serving = (node: NodeId): Placed => ({
    name: membershipActor,
    machine: membershipService,
    input: (incarnation) => ({
      node,
      incarnation,
      service: serviceNodes,
      groups: [{ view, static: false }],
      // Who waits for a lease to end is not silent.
      flushAfter: settings.suspectAfter + waitedOut(terms),
      retryAfter,
    }),
    options: { shapes: membershipShapes },
  });
  const names = roles.names === true ? { names: serviceNodes } : {};
  /** On each node of the membership service, where somebody asks for names. */
  const naming = (node: NodeId): Placed[] =>
    roles.names !== true
      ? []
      : [
          {
            name: namesActor,
            machine: nameService,
            input: (incarnation) => ({
              node,
              incarnation,
              service: serviceNodes,
              names: [group],
              replica: 'rm',
              waitFor: retryAfter,
            }),
            options: { shapes: nameServiceShapes },
          },
        ];
  const groupInput = (node: NodeId, incarnation: number, application: string, known: boolean): ViewGroupInput => ({
    node,
    incarnation,
    group,
    order,
    provider,
    uniform: roles.uniform(styleSettings),
    service: serviceNodes,
    view: known ? view : null,
    application,
    stabilityInterval: STABILITY_INTERVAL,
    retryAfter,
    lease: waitedOut(terms),
  });
  const keeper = (node: NodeId): Placed => ({
    name: leaseActor,
    machine: leaseKeeper,
    input: (incarnation) => ({ node, incarnation, group, application: 'rm', terms }),
    options: { shapes: leaseShapes },
  });
  const member = (node: NodeId): Placed => ({
    name: groupActor(group),
    machine: viewSynchronousMember,
    input: (incarnation) => groupInput(node, incarnation, 'rm', incarnation === 1 && members.includes(node)),
    options: { shapes: viewSynchronousShapes(order), deliverTo: 'rm' },
  });
  const outsider = (node: NodeId): Placed => ({
    name: groupActor(group),
    machine: viewSynchronousSender,
    // Who starts again knows no view: by then the first may be long past.
    input: (incarnation) => groupInput(node, incarnation, 'fe', roles.names !== true || incarnation === 1),
    options: { shapes: viewSynchronousSenderShapes, deliverTo: 'fe' },
  });
  const front = (node: NodeId, first: number, known: { readonly names?: readonly NodeId[] }): Placed => ({
    name: 'fe',
    machine: frontEnd,
    input: (incarnation) => ({
      node,
      incarnation,
      group,
      members: members.map((each) => address(each, 'rm')),
      first,
      ...known,
    }),
    options: { shapes: roles.shapes.frontEnd, intake: roles.intake.frontEnd },
  });
  return {
    membership: 'dynamic',
    group,
    replicas: members,
    services: new Map(
      inside ? [] : serviceNodes.map((node) => [node, [detector(node), serving(node), ...naming(node)]]),
    ),
    // The group's actor comes last: the first view that it hands over finds everybody there.
    replicaManager: (node) => [
      detector(node),
      ...(inside && members.includes(node) ? [serving(node), ...naming(node)] : []),
      {
        name: 'rm',
        machine: replicaManager,
        input: (incarnation) => ({ node, incarnation, group, members, ...names }),
        options: { shapes: roles.shapes.replicaManager, intake: roles.intake.replicaManager },
      },
      ...(settings.lease > 0 ? [keeper(node)] : []),
      // It hears of views from the member beside it, and reads there.
      ...(byProxy ? [front(node, Math.max(0, members.indexOf(node)), {})] : []),
      member(node),
    ],
    frontEnd: (node, first) => [front(node, first, names), outsider(node)],
    proxyClient: (node, via) => [proxyOf(settings, group, members, node, via)],
  };
}
