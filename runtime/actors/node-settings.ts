/**
 * What a node is made with, and what it tells whoever made it.
 */
import type { AnyMachineSnapshot, AnyStateMachine, InspectionEvent } from 'xstate';
import type { Delivery, Message } from '../../machines/shared/effects.js';
import type { Address, GroupName, NodeId, RequestId } from '../../machines/shared/identifiers.js';
import type { Phase } from '../../machines/shared/phases.js';
import type { Answer } from '../../machines/shared/requests.js';
import type { View } from '../../machines/shared/view.js';
import type { Clock } from '../clock/clock.js';
import type { ChoraleError } from '../errors.js';
import type { Storage } from '../storage/storage.js';
import type { Recorder } from '../trace/format.js';
import type { Transport } from '../transport/transport.js';
import type { Codec } from './codec.js';
import type { LinkSettings } from './link-settings.js';

export interface NodeHooks {
  /** Answers for the clients on this node. */
  reply?(answers: readonly Answer[]): void;
  /** Requests enter a phase. May crash the node: what the transition had still to do is then not done. */
  phase?(phase: Phase, requests: readonly RequestId[]): void;
  /** A message of this type has left for another node, or has come from one. Either may crash the node. */
  sent?(type: string): void;
  received?(type: string): void;
  /** What leaves the node in place of `message`, null for nothing: a Byzantine node's lies. For faults only. */
  outgoing?(to: Address, message: Message): Message | null;
  /** An actor has handled an event. The states are as in the trace. */
  transition?(actor: string, event: string, before: string, after: string): void;
  /** An actor has handled an event of this type, or a `timer`, or its own `start`. What it emitted is not carried out yet. */
  handled?(actor: string, event: string, snapshot: AnyMachineSnapshot): void;
  /** An actor of a node that is asked to watch states went from one to another, be it in passing. May crash the node. */
  moved?(actor: string, before: string, after: string): void;
  /** The group has delivered to `actor`. */
  delivered?(group: GroupName, actor: string, deliveries: readonly Delivery[]): void;
  /** The group's actor here has come to a view. */
  view?(view: View): void;
  crashed?(reason: ChoraleError | string): void;
  /** An actor says that this incarnation has no part in anything any more. */
  ended?(reason: 'evicted' | 'left', actor: string): void;
  congestion?(congested: boolean): void;
  /** Something was rejected, discarded or broken, for a log: ACTOR_FAILED, LINK_BROKEN, MESSAGE_…, NOT_SERIALIZABLE. */
  error?(error: ChoraleError): void;
}

export interface NodeSettings {
  readonly id: NodeId;
  /** From 1, one more at each restart. */
  readonly incarnation: number;
  readonly clock: Clock;
  /** Whose time is the trace's. Default: `clock`. */
  readonly traceClock?: Clock;
  readonly transport: Transport;
  /** What it keeps through a crash. Default: a memory of its own, hence nothing. */
  readonly storage?: Storage;
  readonly link?: Partial<LinkSettings>;
  readonly codec?: Codec;
  readonly recorder?: Recorder | null;
  /** XState's own inspection, for any tool that reads it. */
  readonly inspect?: (event: InspectionEvent) => void;
  /** Told of each machine that an actor here is to run, before any does. */
  readonly watch?: (machine: AnyStateMachine) => void;
  /**
   * What a throw in an actor leads to. Default `crash-node`: the others may rely on what it had in mind. An actor that
   * persists anything takes its node with it always, for what it goes on with is read when the node starts.
   */
  readonly onFailure?: 'crash-node' | 'restart-actor';
  readonly hooks?: NodeHooks;
}
