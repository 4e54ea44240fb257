/**
 * What is around a cluster, and told by it: the same cluster runs in the real world and in a simulation.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { Message } from '../../machines/shared/effects.js';
import type { Address, NodeId, SessionId } from '../../machines/shared/identifiers.js';
import type { Clock } from '../clock/clock.js';
import type { Storage } from '../storage/storage.js';
import type { Recorder } from '../trace/format.js';
import type { Transport } from '../transport/transport.js';

/** What a cluster runs in: the real world in one process, or a simulation. */
export interface Environment {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly recorder: Recorder | null;
  /** A 32-bit seed for each request. */
  readonly seed: () => number;
  /** A session id never used before. */
  readonly newSession: (client: string) => SessionId;
  /** Somebody made a call. Absent where time moves by itself. */
  readonly called?: () => void;
  /** The clock of one node, where it is not the one of all. */
  readonly clockOf?: (node: NodeId) => Clock;
  /** What each node keeps through a crash. Absent: nothing. */
  readonly storage?: (node: NodeId) => Storage;
  /** All nodes have stopped for good. */
  readonly closed?: () => Promise<void>;
  /** A node has crashed. Absent outside a simulation. */
  readonly crashed?: (node: NodeId) => void;
  /** A phase was entered (`EX`), or a message left or arrived (`sent:TYPE`, `received:TYPE`): a fault may strike. */
  readonly happened?: (node: NodeId, event: string) => void;
  /** Whether a fault waits for an actor of this node to come to a state. */
  readonly watched?: (node: NodeId) => boolean;
  /** It went from one state to another, be it in passing: a fault may strike. */
  readonly moved?: (node: NodeId, actor: string, before: string, after: string) => void;
  /** What a faulty node sends in place of what it should. Absent outside a simulation. */
  readonly outgoing?: (node: NodeId, to: Address, message: Message) => Message | null;
  /** Told of each machine before it runs. Absent where nobody measures what is taken of the charts. */
  readonly watch?: (machine: AnyStateMachine) => void;
  /** Told of each start, event (its type) and timer that an actor has handled. Absent where nobody looks. */
  readonly handled?: ((node: NodeId, actor: string, event: string, snapshot: AnyMachineSnapshot) => void) | undefined;
}
