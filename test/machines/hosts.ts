/**
 * Machines at addresses, on one virtual clock: what one sends another takes as long as the test says, or never arrives;
 * what it sends to an actor of its own node arrives at once. Actors that the test plays itself are functions.
 */
import { type AnyActorRef, type AnyStateMachine, createActor } from 'xstate';
import type { EffectsEmitted, Incoming, Message } from '../../machines/shared/effects.js';
import { type Address, type NodeId, nodeOf } from '../../machines/shared/identifiers.js';
import { VirtualClock } from '../../runtime/clock/virtual.js';
import type { Coverage } from './stage.js';

/** ms that a message takes; null when it is lost. */
export type Delay = (from: Address, to: Address, message: Message) => number | null;

export class Hosts {
  readonly clock = new VirtualClock();
  readonly #actors = new Map<Address, AnyActorRef | ((event: Incoming) => void)>();

  constructor(
    private readonly delay: Delay,
    private readonly coverage: Coverage | null = null,
  ) {}

  host(at: Address, machine: AnyStateMachine, input: unknown): void {
    this.coverage?.watch(machine);
    const actor = createActor(machine, { input, clock: this.clock } as never); // whoever hosts it knows its input
    (actor as AnyActorRef).on('effects', (event) => {
      for (const effect of (event as EffectsEmitted).effects)
        if (effect.type === 'send') this.send(at, effect.to, effect.message);
    });
    this.#actors.set(at, actor);
    actor.start();
  }

  play(at: Address, take: (event: Incoming) => void): void {
    this.#actors.set(at, take);
  }

  send(from: Address, to: Address, message: Message): void {
    const ms = nodeOf(from) === nodeOf(to) ? 0 : this.delay(from, to, message);
    if (ms !== null) this.clock.setTimeout(() => this.tell(to, { ...message, from }), ms);
  }

  tell(to: Address, event: Incoming): void {
    const actor = this.#actors.get(to);
    if (typeof actor === 'function') actor(event);
    else actor?.send(event);
  }

  /** What it has sent is under way all the same. */
  crash(node: NodeId): void {
    for (const [at, actor] of this.#actors) {
      if (nodeOf(at) !== node) continue;
      if (typeof actor !== 'function') actor.stop();
      this.#actors.delete(at);
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: each test knows the machine that it hosts
  contextOf(at: Address): any {
    const actor = this.#actors.get(at);
    if (actor === undefined || typeof actor === 'function') throw new Error(`No machine at ${at}.`);
    return actor.getSnapshot().context;
  }
}
