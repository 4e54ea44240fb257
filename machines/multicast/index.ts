/**
 * Reliable multicast to a group, in the order that is the group's setting (MC-5): which machine serves a node, by its
 * part in the group.
 */
import type { AnyStateMachine } from 'xstate';
import type { MessageShapes } from '../shared/shapes.js';
import { isTotal, type Order } from './order.js';
import { outsideSender } from './outside-sender.js';
import { senderOrderedMember, senderOrderedShapes } from './sender-ordered-member.js';
import { sequencedMember, sequencedShapes } from './sequenced-member.js';
import { sequencer, sequencerShapes } from './sequencer.js';

export type { GroupInput } from './group.js';
export { isTotal, keepsCausal, keepsFifo, type Order, orders } from './order.js';

/** A node's part in a group. Only totally ordered groups have a sequencer. */
export type GroupRole = 'member' | 'outsider' | 'sequencer';

export interface GroupMachine {
  /** Its input is a GroupInput. */
  readonly machine: AnyStateMachine;
  /** The messages that it takes from other nodes. */
  readonly shapes: MessageShapes;
  /** Those which bring new work: a congested node may leave them to wait. */
  readonly intake: readonly string[];
}

export function groupMachine(role: GroupRole, order: Order): GroupMachine {
  if (role === 'outsider') return { machine: outsideSender, shapes: {}, intake: [] };
  if (role === 'sequencer') return { machine: sequencer, shapes: sequencerShapes(order), intake: ['submit'] };
  if (isTotal(order)) return { machine: sequencedMember, shapes: sequencedShapes(order), intake: [] };
  return { machine: senderOrderedMember, shapes: senderOrderedShapes(order), intake: [] };
}
