import type { Effectful, Gone, Incoming } from '../shared/effects.js';
import type { Address, GroupName, NodeId } from '../shared/identifiers.js';
import { noEffects } from '../shared/machine.js';
import { emptyMap, mapOf, type PersistentMap } from '../shared/persistent-map.js';
import type { Accepted, Decree, Refusal } from './messages.js';
import type { Enlisting, Follow, LookUp, Registration } from './name-messages.js';
import { type NameEntry, newEntry } from './name-table.js';

export interface NameServiceInput {
  readonly node: NodeId;
  readonly incarnation: number;
  /** The nodes of the membership service, which are also those of the name service. */
  readonly service: readonly NodeId[];
  /** Names whose groups it observes from the start; others when somebody registers for them, enlists or follows. */
  readonly names: readonly GroupName[];
  /** The actor that answers reads on the nodes of a group's members. */
  readonly replica: string;
  /** ms that a look-up without an answer waits at least, and half of what it waits at most. */
  readonly waitFor: number;
}

export type Registering = Incoming<'register', Registration>;
export type EnlistingCome = Incoming<'enlist' | 'withdraw', Enlisting>;
export type LookingUp = Incoming<'look-up', LookUp>;
export type Following = Incoming<'follow' | 'unfollow', Follow>;
export type AcceptedCome = Incoming<'accepted', Accepted>;
export type DecidedCome = Incoming<'decided', Decree>;
export type Ended = Incoming<'gone', Gone>;
export type NameServiceEvent =
  | Registering
  | EnlistingCome
  | LookingUp
  | Following
  /** From the replicas of the membership service. */
  | AcceptedCome
  | DecidedCome
  | Incoming<'refused', Refusal>
  | Ended;

interface WaitingLookUp extends LookUp {
  readonly from: Address;
  /** The round in which it came; a whole one is granted to it. */
  readonly round: number;
}

export interface NameServiceContext extends Effectful {
  readonly input: NameServiceInput;
  readonly names: PersistentMap<NameEntry>;
  /** Look-ups that have no answer yet; the same from the same actor is one. */
  readonly waiting: PersistentMap<WaitingLookUp>;
  /** Rounds of waiting that have ended so far. */
  readonly round: number;
}

/** Names known at most. One that means nothing any more makes room for a new one, which is refused if there is none. */
export const NAMES = 1024;
/** Look-ups that wait at most; more are answered with null. */
export const LOOK_UPS = 1024;
/** Followers of one name at most. */
export const FOLLOWERS = 1024;

export type Change = Partial<NameServiceContext>;
export type Rule<E> = (args: { readonly context: NameServiceContext; readonly event: E }) => Change;
export type Names = NameServiceContext['names'];
export type Counts = Record<string, number>;

export const initialContext = (input: NameServiceInput): NameServiceContext => ({
  input,
  names: mapOf(input.names.map((name) => [name, newEntry])),
  waiting: emptyMap(),
  round: 0,
  effects: noEffects,
});
