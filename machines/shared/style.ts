/**
 * A replication style, as a value (FN-4): the two machines, what they need of the group and of the service, and what
 * they promise in return. Everything that puts a style on nodes reads this and nothing else, so that an application
 * changes its style by one word.
 */
import type { AnyStateMachine } from 'xstate';
import type { Order } from '../multicast/order.js';
import type { ExecutedTable } from './executed-table.js';
import type { Replica } from './execution.js';
import type { Address, GroupName, NodeId } from './identifiers.js';
import type { ReplicatedObject } from './object.js';
import type { Phase } from './phases.js';
import type { MessageShapes } from './shapes.js';

export type Consistency = 'linearizable' | 'sequential' | 'causal' | 'none';
/** What faulty replicas may do: stop, or answer anything. */
export type FaultModel = 'crash' | 'byzantine';
/**
 * Where a query goes: through the group's order, or to one replica manager; where there is a primary, to it (`order` is the
 * same there) or to one of its backups.
 */
export type ReadPath = 'order' | 'one' | 'primary' | 'backups';
/**
 * When a backup applies what the primary sends it: at once, or when it takes over; or there is none, and one is made from the
 * primary's log after a crash.
 */
export type Backups = 'hot' | 'cold' | 'rollback';
/** What a primary sends its backups: what changed, or the requests, which they execute again. */
export type Transfer = 'state' | 'requests';

/** Whether the members of the replica managers' group are the same for good, or come and go in agreed views. */
export type Membership = 'static' | 'dynamic';
/** Who makes the total order of a group with views: its most senior full member, or all members in two rounds (AR-13). */
export type OrderProvider = 'sequencer' | 'agreed';

/** The settings of a cluster that its machines see. */
export interface StyleSettings {
  readonly tolerate: FaultModel;
  readonly reads: ReadPath;
  /** ms without an answer after which a front end asks another replica manager, where it asked only one. */
  readonly retryAfter: number;
  /** Most sessions that a replica remembers at least; the longest unused go first, at most twice as many are kept. */
  readonly sessions: number;
  /** Of styles with a primary. Default: hot. */
  readonly backups?: Backups;
  /** Of styles with a primary. Default: state. */
  readonly transfer?: Transfer;
  /** Of lazy replication: ms between two rounds in which the master passes on what has changed. Default: 20. */
  readonly catchUpAfter?: number;
  /** Messages of the total order between two comparisons of the replicas' states, where members come and go. Default: 64. */
  readonly compareEvery?: number;
}

export interface ReplicaManagerInput {
  readonly node: NodeId;
  readonly incarnation: number;
  readonly group: GroupName;
  /** The replica managers' nodes, this one among them. */
  readonly members: readonly NodeId[];
  /** The nodes of the name service (GM-8), for styles that ask for it. Default: there is none. */
  readonly names?: readonly NodeId[];
}

export interface FrontEndInput {
  readonly node: NodeId;
  readonly incarnation: number;
  readonly group: GroupName;
  /** The addresses of the replica managers, or for a proxy client those of their front ends. */
  readonly members: readonly Address[];
  /** Which replica manager it turns to first where it needs one only: an index into `members`. */
  readonly first: number;
  /** The nodes of the name service (GM-8), for styles that ask for it. Default: there is none. */
  readonly names?: readonly NodeId[];
}

/** The two machines of a style, and what whoever hosts them must know. */
export interface Roles {
  readonly replicaManager: (object: ReplicatedObject, settings: StyleSettings) => AnyStateMachine;
  readonly frontEnd: (settings: StyleSettings) => AnyStateMachine;
  /** A message is delivered only once its delivery everywhere is certain (MC-1). */
  readonly uniform: (settings: Pick<StyleSettings, 'reads'>) => boolean;
  /**
   * What a replica manager would go on from: its snapshot is asked. Null while it has no state to speak from. For whoever
   * compares replicas. `executed` is null where the table does not say which updates are in the state.
   */
  readonly replicaOf: (
    snapshot: { readonly value: unknown; readonly context: unknown },
    object: ReplicatedObject,
  ) => (Pick<Replica<unknown>, 'value' | 'version'> & { readonly executed: ExecutedTable | null }) | null;
  /** What the two machines take from other nodes (CH-5). */
  readonly shapes: { readonly frontEnd: MessageShapes; readonly replicaManager: MessageShapes };
  /** Those of them that bring new work: a congested node may leave them to wait (CH-3). */
  readonly intake: { readonly frontEnd: readonly string[]; readonly replicaManager: readonly string[] };
  /** Its primary can answer queries under a lease: then it is told of one (`lease`, machines/membership/lease.ts). */
  readonly leases?: true;
  /** Its primary registers with a name service, which its front ends ask for it (machines/membership/name-service.ts). */
  readonly names?: true;
}

export interface Style {
  readonly name: string;
  readonly title: string;
  readonly needs: {
    /** The order of the replica managers' group. */
    readonly order: readonly Order[];
    /** Operations must give the same result at every replica. */
    readonly deterministic: boolean;
    /** Where members come and go: who may make the total order. Default: the sequencer only. */
    readonly provider?: readonly OrderProvider[];
  };
  readonly promises: {
    readonly consistency: (settings: Pick<StyleSettings, 'tolerate' | 'reads'>) => Consistency;
    /** Faulty replica managers that n of them outlive without a wrong or missing answer. */
    readonly tolerates: (n: number, model: FaultModel, backups?: Backups) => number;
    /**
     * Crashed replica managers without which n of them go on answering, though what was answered before may be lost. Default: as
     * many as it tolerates.
     */
    readonly goesOnWithout?: (n: number) => number;
    /** It answers again when those that crashed are back, however many they were, and has lost nothing. Default: no. */
    readonly returns?: (settings: Pick<StyleSettings, 'backups'>) => boolean;
  };
  /** What a request goes through, in the order in which it is first seen to (FN-2). */
  readonly phases: {
    readonly update: readonly Phase[];
    readonly query: readonly Phase[];
    /** A query sent to one replica manager, where that is another way than `query`. */
    readonly queryAtOne?: readonly Phase[];
  };
  /** Settings that this style refuses, as a sentence; null when it takes them. */
  readonly refuses: (
    settings: Pick<StyleSettings, 'tolerate' | 'reads' | 'backups' | 'transfer'> & {
      readonly proxy: boolean;
      /** Default: the first that the style takes. */
      readonly membership?: Membership;
      /** What the service says of its operations. Default: true. */
      readonly deterministic?: boolean;
    },
  ) => string | null;
  /** The machines for each membership that the style takes: one of them at least. The first is the default. */
  readonly roles: Partial<Readonly<Record<Membership, Roles>>>;
  /** Which of them where nobody asks for one. Default: the first. */
  readonly membershipFor?: (settings: Pick<StyleSettings, 'backups'>) => Membership;
  /** In place of a front end, on the node of a client that uses a replica manager as its proxy (AR-10). */
  readonly proxyClient: (settings: StyleSettings) => {
    readonly machine: AnyStateMachine;
    readonly shapes: MessageShapes;
  };
}

/** The membership that is asked for, or else the one that the style takes with these settings. */
export function membershipOf(
  { roles, membershipFor }: Pick<Style, 'roles' | 'membershipFor'>,
  settings: Pick<StyleSettings, 'backups'> & { readonly membership?: Membership },
): Membership {
  const [first] = Object.keys(roles) as Membership[]; // by its type
  return settings.membership ?? membershipFor?.(settings) ?? first ?? 'static';
}

/** Errors: a style is asked for a membership only where it takes it, so this throws for nobody else. */
export function rolesOf({ name, roles }: Pick<Style, 'name' | 'roles'>, membership: Membership): Roles {
  const found = roles[membership];
  if (found === undefined) throw new Error(`Replication "${name}" has no roles in a ${membership} group.`);
  return found;
}
