/**
 * One actor on its node: a real XState actor, watched, so that what it emits and how it fails is the node's to handle and
 * reaches nobody else.
 */
import {
  type Actor,
  type AnyActorRef,
  type AnyStateMachine,
  createActor,
  type InspectionEvent,
  type Subscription,
} from 'xstate';
import type { Effect, EffectsEmitted } from '../../machines/shared/effects.js';
import { type Address, address, type NodeId } from '../../machines/shared/identifiers.js';
import type { MessageShapes, Shape } from '../../machines/shared/shapes.js';
import type { Clock } from '../clock/clock.js';

export interface HostOptions {
  /** What it takes from other nodes: everything else is rejected (CH-5). */
  readonly shapes: MessageShapes;
  /** Types of messages that bring new work: not accepted while this node waits for a slow peer (CH-3). */
  readonly intake?: readonly string[];
  /** For the actor of a group: the sibling that gets what the group delivers. */
  readonly deliverTo?: string;
}

/** Gets XState's inspection events of an actor, at once, in the middle of its transition: it must be quick, and not throw. */
export type Observer = (event: InspectionEvent) => void;

/** An observer of this actor, whichever instance of it runs. */
interface Observation {
  readonly observer: Observer;
  /** With the actor that runs. */
  subscription: Subscription | null;
}

export class Hosted {
  readonly name: string;
  readonly address: Address;
  readonly machine: AnyStateMachine;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly intake: ReadonlySet<string>;
  readonly deliverTo: string | null;
  readonly #input: () => unknown;
  readonly #events: ReadonlySet<string>;
  #actor: Actor<AnyStateMachine> | null = null;
  /** Effects of the transition under way. */
  #emitted: (readonly Effect[])[] = [];
  #failure: { readonly error: unknown } | null = null;
  #running = false;
  /** States that it went through, from one microstep to the next; null while nobody asks. */
  #moves: [before: string, after: string][] | null = null;
  readonly #observations = new Set<Observation>();

  constructor(node: NodeId, name: string, machine: AnyStateMachine, input: () => unknown, options: HostOptions) {
    this.name = name;
    this.address = address(node, name);
    this.machine = machine;
    this.#input = input;
    this.shapes = new Map(Object.entries(options.shapes));
    this.intake = new Set(options.intake);
    this.deliverTo = options.deliverTo ?? null;
    // XState keeps a memo for each event type that it ever saw: only these may reach it
    this.#events = new Set(machine.events);
  }

  get running(): boolean {
    return this.#running;
  }

  get snapshot() {
    return this.#actor?.getSnapshot();
  }

  /** As a word, for the trace: `normal.active`, and parallel regions side by side. */
  get state(): string {
    return stateName(this.snapshot?.value);
  }

  takes(type: string): boolean {
    return this.#events.has(type) || this.shapes.has(type) || this.#events.has('*');
  }

  /** True when it says so itself, and not by taking everything. */
  asksFor(type: string): boolean {
    return this.#events.has(type);
  }

  /** Starts it, or starts it anew. */
  start(clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>, inspect: Observer | null): void {
    this.stop();
    try {
      const actor = createActor(this.machine, {
        // AnyStateMachine does not say what input it takes; whoever hosts it does
        input: this.#input() as never,
        clock,
        id: this.address,
        systemId: this.name,
        ...(inspect === null ? {} : { inspect }),
      });
      this.#actor = actor;
      if (this.#moves !== null) this.#follow(actor, '');
      for (const observation of this.#observations) attend(actor, observation);
      // all machines of Chorale emit only this event: machines/shared/machine.ts
      (actor as AnyActorRef).on('effects', (event) => {
        this.#emitted.push((event as EffectsEmitted).effects);
      });
      actor.subscribe({
        error: (error) => {
          if (this.#actor !== actor) return;
          this.#failure = { error };
          this.#running = false;
        },
        complete: () => {
          if (this.#actor === actor) this.#running = false;
        },
      });
      this.#running = true;
      actor.start();
    } catch (error) {
      this.#failure = { error };
      this.#running = false;
    }
  }

  send(event: { readonly type: string }): void {
    this.#actor?.send(event);
  }

  stop(): void {
    const actor = this.#actor;
    this.#running = false;
    this.#actor = null;
    actor?.stop();
    this.#emitted = [];
  }

  /**
   * Passes XState's inspection of the actor on, from now on, also when it starts anew; each time an `@xstate.actor` comes first.
   * Costs something with every event. Returns what ends it.
   */
  observe(observer: Observer): () => void {
    const observation: Observation = { observer, subscription: null };
    this.#observations.add(observation);
    if (this.#actor !== null) attend(this.#actor, observation);
    return () => {
      this.#observations.delete(observation);
      observation.subscription?.unsubscribe();
    };
  }

  /** Remembers from now on what states it goes through, those included that it leaves in the same transition. */
  watch(): void {
    if (this.#moves !== null) return;
    this.#moves = [];
    if (this.#actor !== null) this.#follow(this.#actor, this.state);
  }

  /** What it remembers since the last time. */
  moves(): readonly (readonly [before: string, after: string])[] {
    if (this.#moves === null || this.#moves.length === 0) return NOTHING;
    const moves = this.#moves;
    this.#moves = [];
    return moves;
  }

  #follow(actor: Actor<AnyStateMachine>, state: string): void {
    let before = state;
    actor.system.inspect((event) => {
      if (event.type !== '@xstate.microstep' || event.actorRef !== actor) return;
      const after = stateName((event.snapshot as { value?: unknown }).value); // a machine's snapshot: this actor's
      if (this.#actor === actor) this.#moves?.push([before, after]);
      before = after;
    });
  }

  /** What it emitted since the last time, in order. */
  emitted(): readonly (readonly Effect[])[] {
    if (this.#emitted.length === 0) return NOTHING;
    const emitted = this.#emitted;
    this.#emitted = [];
    return emitted;
  }

  /** What it threw since the last time. What it emitted before it did is dropped when it is stopped or started anew. */
  failure(): { readonly error: unknown } | null {
    const failure = this.#failure;
    this.#failure = null;
    return failure;
  }
}

/** XState reports an actor when it is made, which may be long ago, or was before anybody could look. */
function attend(actor: Actor<AnyStateMachine>, observation: Observation): void {
  observation.observer({ type: '@xstate.actor', rootId: actor.sessionId, actorRef: actor });
  observation.subscription = actor.system.inspect(observation.observer);
}

const NOTHING: readonly never[] = [];

function stateName(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([state, inner]) => {
      const name = stateName(inner);
      return name === '' ? state : `${state}.${name}`;
    })
    .join(',');
}
