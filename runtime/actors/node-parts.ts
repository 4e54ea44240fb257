/**
 * What the parts of a node share: who is here, what is due, and whom to tell.
 */
import type { AnyStateMachine } from 'xstate';
import type { Address, NodeId } from '../../machines/shared/identifiers.js';
import { ChoraleError } from '../errors.js';
import type { Agenda } from './agenda.js';
import type { Counters } from './counters.js';
import type { Hosted } from './hosted.js';
import type { NodeHooks } from './node-settings.js';
import type { NodeTrace } from './node-trace.js';

/** An actor as it stands. */
export interface ActorStanding {
  readonly name: string;
  readonly machine: AnyStateMachine;
  /** As in the trace. */
  readonly state: string;
  readonly context: unknown;
}

export interface NodeParts {
  readonly id: NodeId;
  /** By name. */
  readonly actors: ReadonlyMap<string, Hosted>;
  readonly agenda: Agenda;
  readonly counters: Counters;
  /** Null while nobody keeps one. */
  readonly trace: NodeTrace | null;
  readonly hooks: NodeHooks;
}

/** A message that no actor gets. */
export function reject(
  { agenda, counters, trace, hooks }: NodeParts,
  name: 'rejected.actor' | 'rejected.type' | 'rejected.shape',
  from: Address,
  why: string,
): void {
  counters.add(name);
  const sentence = `A message from ${from} was rejected: ${why}.`;
  trace?.dropped(agenda.cause, undefined, name, 1, sentence);
  if (hooks.error === undefined) return;
  const code = name === 'rejected.shape' ? 'MESSAGE_MALFORMED' : 'MESSAGE_UNKNOWN';
  hooks.error(new ChoraleError(code, sentence, { details: { from } }));
}
