/**
 * Which actors make up each kind of node: a replica manager's, a front end's, one of a client that uses a proxy, and those
 * that serve them all. A style on nodes is this and nothing else; clocks, transports and faults are for others to add.
 */
import type { AnyStateMachine } from 'xstate';
import type { GroupRole } from '../../machines/multicast/index.js';
import { groupMachine, isTotal } from '../../machines/multicast/index.js';
import {
  type Address,
  address,
  type GroupName,
  groupActor,
  groupName,
  type NodeId,
  nodeId,
} from '../../machines/shared/identifiers.js';
import type { ReplicatedObject } from '../../machines/shared/object.js';
import { rolesOf, type StyleSettings } from '../../machines/shared/style.js';
import type { HostOptions } from '../actors/hosted.js';
import type { ResolvedSettings } from './settings.js';

/** An actor on a node. */
export interface Placed {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly input: (incarnation: number) => unknown;
  readonly options: HostOptions;
}

export interface Placement {
  /** `static`: the replica managers of the start are all that there ever are. */
  readonly membership: 'static' | 'dynamic';
  readonly group: GroupName;
  /** The replica managers that are there from the start. */
  readonly replicas: readonly NodeId[];
  /** The nodes that serve them, and what is on them. */
  readonly services: ReadonlyMap<NodeId, readonly Placed[]>;
  readonly replicaManager: (node: NodeId) => readonly Placed[];
  /** `first`: which replica manager it turns to first where it needs one only. */
  readonly frontEnd: (node: NodeId, first: number) => readonly Placed[];
  readonly proxyClient: (node: NodeId, via: NodeId) => readonly Placed[];
}

export const sequencerNode = nodeId('sequencer');

/** ms between two rounds of telling each other what one holds, while something is unstable. */
export const STABILITY_INTERVAL = 20;

/** A group whose members are the same for ever; a total order comes from a node of its own. */
export function staticPlacement(service: ReplicatedObject, settings: ResolvedSettings): Placement {
  const { style, order, replicas, tolerate } = settings;
  const group = groupName(service.name);
  const members = Array.from({ length: replicas }, (_, i) => nodeId(`rm-${i + 1}`));
  const styleSettings = styleSettingsOf(settings);
  const roles = rolesOf(style, 'static');
  const replicaManager = roles.replicaManager(service, styleSettings);
  const frontEnd = roles.frontEnd(styleSettings);
  const byProxy = style.refuses({ ...settings, proxy: true }) === null;

  const inGroup = (node: NodeId, role: GroupRole): Placed => {
    const { machine, shapes, intake } = groupMachine(role, order);
    return {
      name: groupActor(group),
      machine,
      input: (incarnation) => ({
        node,
        incarnation,
        group,
        order,
        members,
        sequencer: isTotal(order) ? sequencerNode : null,
        uniform: roles.uniform(styleSettings),
        tolerates: style.promises.tolerates(replicas, tolerate),
        stabilityInterval: STABILITY_INTERVAL,
      }),
      options: { shapes, intake, ...(role === 'member' ? { deliverTo: 'rm' } : {}) },
    };
  };
  const front = (node: NodeId, first: number): Placed => ({
    name: 'fe',
    machine: frontEnd,
    input: (incarnation) => ({ node, incarnation, group, members: addressesOf(members, 'rm'), first }),
    options: { shapes: roles.shapes.frontEnd, intake: roles.intake.frontEnd },
  });
  return {
    membership: 'static',
    group,
    replicas: members,
    services: new Map(isTotal(order) ? [[sequencerNode, [inGroup(sequencerNode, 'sequencer')]]] : []),
    replicaManager: (node) => [
      inGroup(node, 'member'),
      {
        name: 'rm',
        machine: replicaManager,
        input: (incarnation) => ({ node, incarnation, group, members }),
        options: { shapes: roles.shapes.replicaManager, intake: roles.intake.replicaManager },
      },
      // A replica manager serves as a proxy by a front end of its own (AR-10).
      ...(byProxy ? [front(node, members.indexOf(node))] : []),
    ],
    frontEnd: (node, first) => [inGroup(node, 'outsider'), front(node, first)],
    proxyClient: (node, via) => [proxyOf(settings, group, members, node, via)],
  };
}

const addressesOf = (nodes: readonly NodeId[], actor: string): Address[] => nodes.map((node) => address(node, actor));

export function styleSettingsOf(settings: ResolvedSettings): StyleSettings {
  const { tolerate, reads, retryAfter, sessions, backups, transfer, catchUpAfter } = settings;
  return { tolerate, reads, retryAfter, sessions, backups, transfer, catchUpAfter };
}

export function proxyOf(
  settings: ResolvedSettings,
  group: GroupName,
  members: readonly NodeId[],
  node: NodeId,
  via: NodeId,
): Placed {
  const { machine, shapes } = settings.style.proxyClient(styleSettingsOf(settings));
  return {
    name: 'fe',
    machine,
    input: (incarnation) => ({
      node,
      incarnation,
      group,
      members: addressesOf(members, 'fe'),
      first: members.indexOf(via),
    }),
    options: { shapes },
  };
}
