/**
 * What is explored, as a plain value: which machines run where, what the network and the faults may do, what comes from
 * outside, and what must hold. docs/exploring.md says what each setting makes of the space.
 */
import type { AnyStateMachine } from 'xstate';
import type { Delivery, Message } from '../../machines/shared/effects.js';
import type { Address, GroupName } from '../../machines/shared/identifiers.js';
import type { Phase } from '../../machines/shared/phases.js';
import type { Answer } from '../../machines/shared/requests.js';
import type { View as GroupView } from '../../machines/shared/view.js';

/** An actor on a node: `node/actor`. Actors of one node share its fate and hand each other events at once. */
export interface ExploredActor {
  readonly address: Address;
  /** Pure: it is refused with MACHINE_IMPURE otherwise. */
  readonly machine: AnyStateMachine;
  /** By the incarnation of its node, from 1. */
  readonly input: (incarnation: number) => unknown;
  /** For the actor of a group: the sibling that gets what the group delivers. */
  readonly deliverTo?: string;
  /** For fields of the context that are no plain data: a text that is equal exactly for equal values. */
  readonly digests?: Readonly<Record<string, (part: never) => string>>;
  /** Fields of the context that no rule reads here: states that differ in nothing else are one. */
  readonly ignores?: readonly string[];
  /**
   * States of its chart that it never leaves, and in which it discards whatever comes: what it knows there counts no more, and
   * what is bound for it is dropped.
   */
  readonly deaf?: readonly string[];
}

/** A message on its way from one node to another. */
export interface Travelling {
  readonly from: Address;
  readonly to: Address;
  readonly message: Message;
  /** As its sender asked for it. */
  readonly channel: 'fifo' | 'unordered' | 'lossy';
}

/** What the network may do with a message. By default it arrives once, at any time. */
export interface Channel {
  /** It arrives after the ordered ones sent before it between the same two nodes. Default: where its sender asked for `fifo`. */
  readonly ordered?: boolean;
  /** It may be lost, within `faults.losses`. */
  readonly loses?: boolean;
  /** It may arrive once more, within `faults.duplicates`. */
  readonly duplicates?: boolean;
  /** Messages are a set, and one that has arrived stays in it: it may arrive any number of times. */
  readonly kept?: boolean;
  /** Most equal messages on their way at once: one more changes nothing. Default: any number. */
  readonly copies?: number;
}

export interface Faults {
  /** Nodes of this list may crash, so many in all. What a crashed node had sent may arrive or not. */
  readonly crashes?: {
    readonly nodes: readonly string[];
    readonly times: number;
    /** What a crashed node knew counts no more: it is as it was when it started. Default false. */
    readonly forgets?: boolean;
  };
  /** So many crashed nodes may come back, as a new incarnation with fresh actors. Default 0. */
  readonly recoveries?: number;
  /** Messages that may be lost in all. Default: any number. */
  readonly losses?: number;
  /** Messages that may arrive once more, in all. Default 0. */
  readonly duplicates?: number;
  /** Timers (`after`) that may fire, in all, each at any time while it is armed. Default 0. */
  readonly timeouts?: number;
  /** Nodes hear, each at some time, that a node has crashed. Default true. */
  readonly told?: boolean;
}

/** What comes from outside: a client's call, a choice of an actor's own. */
export interface EnvironmentEvent {
  readonly to: Address;
  readonly event: { readonly type: string };
  /** Default 1. */
  readonly times?: number;
  /** Only in these states. */
  readonly when?: (view: View) => boolean;
}

/** What an observer sees. */
export type Observation =
  | { readonly type: 'event'; readonly to: Address; readonly event: { readonly type: string } }
  | { readonly type: 'reply'; readonly from: Address; readonly answers: readonly Answer[] }
  | {
      readonly type: 'deliver';
      readonly at: Address;
      readonly group: GroupName;
      readonly deliveries: readonly Delivery[];
    }
  | { readonly type: 'view'; readonly at: Address; readonly view: GroupView }
  | { readonly type: 'phase'; readonly at: Address; readonly phase: Phase; readonly requests: readonly string[] }
  /** The actor says that its node has no part in anything any more. */
  | { readonly type: 'end'; readonly at: Address }
  | { readonly type: 'crash'; readonly node: string }
  /** A message to an address that no actor has: it leaves what is explored. */
  | { readonly type: 'left'; readonly message: Travelling };

/**
 * What properties need to know of the past, as a part of the state: two ways to the same machines are two states
 * when an observer tells them apart. So it should keep no more than it must.
 */
export interface Observer<Value = unknown> {
  readonly name: string;
  /** Plain data. */
  readonly initial: Value;
  /** Pure. Returns `value` itself for what it does not care about. */
  readonly observe: (value: Value, observation: Observation) => Value;
}

/** A global state, as properties see it. It is only valid while the property is asked. */
export interface View {
  /** The state that the actor's chart is in, as a word: `normal.active`. */
  state(at: Address): string;
  /** The actor's context. What is known of its type is the caller's knowledge. */
  context<Context>(at: Address): Context;
  /** Of an observer, by its name; as for contexts. */
  observed<Value>(observer: string): Value;
  crashed(node: string): boolean;
  /** What is on its way. */
  network(): readonly Travelling[];
}

/** True, or why not: false and a sentence both say that it does not hold here. */
export type Judgement = boolean | string;

export interface Property {
  readonly kind: 'always' | 'sometimes' | 'eventually';
  readonly name: string;
  readonly holds: (view: View) => Judgement;
}

/** Nodes that can stand in for each other. */
export interface Symmetry {
  /** They have the same actors with the same machines, and no rule or property tells them apart by their names. */
  readonly nodes: readonly string[];
  /** Fields of contexts and messages with lists whose order means nothing, such as the members of a group. */
  readonly sets?: readonly string[];
}

export interface Configuration {
  readonly name: string;
  readonly actors: readonly ExploredActor[];
  readonly network?: Channel | ((message: Travelling) => Channel);
  readonly faults?: Faults;
  /** What the actors send when they start has arrived, in the order of sending, before anything else happens. */
  readonly settled?: boolean;
  readonly environment?: readonly EnvironmentEvent[];
  // biome-ignore lint/suspicious/noExplicitAny: each observer has a value of its own type, which only it reads
  readonly observers?: readonly Observer<any>[];
  /** States outside of it are not part of what is explored. */
  readonly boundary?: (view: View) => boolean;
  readonly properties: readonly Property[];
  /** Groups of nodes that can stand in for each other. */
  readonly symmetry?: readonly Symmetry[];
}
