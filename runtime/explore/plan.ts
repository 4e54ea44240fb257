/**
 * What is to be explored of a replicated service: its clients, what they call and at which front ends, and what may fail.
 */
import type { AnyStateMachine } from 'xstate';
import type { GroupRole, Order } from '../../machines/multicast/index.js';
import { type NodeId, nodeId, requestId, sessionId } from '../../machines/shared/identifiers.js';
import type { ReplicatedObject } from '../../machines/shared/object.js';
import type { Call } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { Style, StyleSettings } from '../../machines/shared/style.js';
import { ChoraleError } from '../errors.js';

/** A service that `service()` made, or an object that knows as much. */
export interface ReplicatedService extends ReplicatedObject {
  kindOf(operation: string): Call['kind'] | undefined;
}

export interface PlannedCall {
  readonly op: string;
  readonly args?: readonly Serializable[];
}

export interface ReplicationSettings {
  /** What each client calls, one after another. */
  readonly clients: readonly (readonly PlannedCall[])[];
  /** Front ends, which clients share in turn. Default: one for each client. */
  readonly frontEnds?: number;
  /** Default 3. */
  readonly replicas?: number;
  /** Default: active replication. */
  readonly style?: Style;
  /** Default: the first that the style takes. */
  readonly order?: Order;
  readonly tolerate?: StyleSettings['tolerate'];
  readonly reads?: StyleSettings['reads'];
  /** Nodes that may crash: default all replica managers; and how many of them, default 1. */
  readonly mayCrash?: readonly string[];
  readonly crashes?: number;
  /** Messages that may arrive once more, in all. Default 1. */
  readonly duplicates?: number;
  readonly timeouts?: number;
  /** Nodes hear of crashes. Default true. */
  readonly told?: boolean;
  /** The machine for a part in the group. Default: Chorale's own. */
  readonly group?: (role: GroupRole, order: Order) => AnyStateMachine;
  /** Of a style whose group has views: the machine of a member. Default: Chorale's own. */
  readonly member?: AnyStateMachine;
  /** The same: who may be suspected although he lives, by whom. Once each. Default: nobody. */
  readonly suspected?: readonly (readonly [by: string, of: string])[];
  /** The same: replicas of the membership service. Default 1. */
  readonly membershipReplicas?: number;
  readonly backups?: StyleSettings['backups'];
  readonly transfer?: StyleSettings['transfer'];
}

export interface Plan {
  readonly service: ReplicatedService;
  readonly settings: ReplicationSettings;
  readonly members: readonly NodeId[];
  readonly calls: readonly (readonly Call[])[];
  /** Ids of the requests that go through the group's order. */
  readonly ordered: ReadonlySet<string>;
}

/** The node of the front end that a client uses. */
export const frontEndOf = (client: number, { clients, frontEnds = clients.length }: ReplicationSettings): NodeId =>
  nodeId(`fe-${(client % frontEnds) + 1}`);
/** All of these. */
export const frontEndNodes = (settings: ReplicationSettings): NodeId[] => [
  ...new Set(settings.clients.map((_, client) => frontEndOf(client, settings))),
];

export const idOf = ({ session, seq }: Call): string => requestId(session, seq);

/** Errors: ARGUMENTS_INVALID for an operation that the service has not. */
export function callsOf(service: ReplicatedService, client: number, planned: readonly PlannedCall[]): Call[] {
  return planned.map(({ op, args = [] }, i): Call => {
    const kind = service.kindOf(op);
    if (kind === undefined)
      throw new ChoraleError('ARGUMENTS_INVALID', `"${service.name}" has no operation "${op}" to explore.`);
    const session = sessionId(`client-${client + 1}`);
    return { session, seq: i + 1, after: i, kind, op, args, at: 0, seed: 1 };
  });
}
