/**
 * What passes between a node and its peers: what arrives goes to the actor that it is for, if that one takes it; what
 * leaves is counted and recorded.
 */
import type { Incoming } from '../../machines/shared/effects.js';
import { address, type NodeId } from '../../machines/shared/identifiers.js';
import type { Shape } from '../../machines/shared/shapes.js';
import type { ChoraleError } from '../errors.js';
import type { CounterName } from './counters.js';
import type { WireMessage } from './frame.js';
import type { Hosted } from './hosted.js';
import { type NodeParts, reject } from './node-parts.js';
import type { Outgoing } from './outbox.js';
import type { RouterOwner } from './router.js';

export class Traffic implements RouterOwner {
  readonly #node: NodeParts;

  constructor(node: NodeParts) {
    this.#node = node;
  }

  count(name: CounterName, by?: number): void {
    this.#node.counters.add(name, by);
  }

  bringsWork(messages: readonly WireMessage[]): boolean {
    const { actors } = this.#node;
    return messages.some(({ to, type }) => actors.get(to)?.intake.has(type) === true);
  }

  received(source: NodeId, incarnation: number, message: WireMessage): void {
    const actor = this.#addressee(source, message);
    if (actor === null) return;
    const { agenda, counters, trace, hooks } = this.#node;
    const cause = trace?.received(source, incarnation, message);
    agenda.add({ actor, event: eventOf(source, message), cause });
    counters.add('messages.received');
    hooks.received?.(message.type);
  }

  signalled(source: NodeId, message: WireMessage): void {
    const actor = this.#addressee(source, message);
    if (actor === null) return;
    const { agenda, counters } = this.#node;
    agenda.add({ actor, event: eventOf(source, message), cause: undefined });
    counters.add('signals.received');
  }

  arrived(): void {
    this.#node.agenda.run();
  }

  numbered(): number {
    return this.#node.trace?.next() ?? 0;
  }

  sent(to: NodeId, message: Outgoing, count: number): void {
    const { counters, trace } = this.#node;
    counters.add('messages.sent');
    if (message.control) counters.add('messages.control');
    trace?.sent(to, message, count);
  }

  left(messages: readonly Outgoing[]): void {
    const { hooks } = this.#node;
    for (const { type } of messages) hooks.sent?.(type);
  }

  gone(node: NodeId, incarnation: number): void {
    const { id, actors, agenda } = this.#node;
    const event: Incoming = { type: 'gone', from: address(id, 'link'), items: [{ node, incarnation }] };
    for (const actor of actors.values()) {
      if (actor.asksFor('gone')) agenda.add({ actor, event, cause: undefined });
    }
  }

  dropped(reason: string, count: number, error: ChoraleError): void {
    const { trace, hooks } = this.#node;
    trace?.dropped(undefined, undefined, reason, count, error.message);
    hooks.error?.(error);
  }

  congestion(congested: boolean): void {
    this.#node.hooks.congestion?.(congested);
  }

  /** The message is what its actor takes, or the actor never sees it (CH-5). */
  #addressee(source: NodeId, message: WireMessage): Hosted | null {
    const { id, actors, agenda } = this.#node;
    if (agenda.closed) return null; // an earlier message of the same frame was the occasion of a crash
    const { to, type, items } = message;
    const from = address(source, message.from);
    const actor = actors.get(to);
    const shape = actor?.shapes.get(type);
    if (actor === undefined) {
      reject(this.#node, 'rejected.actor', from, `there is no ${address(id, to)}`);
    } else if (shape === undefined) {
      reject(this.#node, 'rejected.type', from, `${actor.address} takes no "${type}" from other nodes`);
    } else if (!fits(shape, items)) {
      reject(this.#node, 'rejected.shape', from, `an item of "${type}" for ${actor.address} is not as it must be`);
    } else return actor;
    return null;
  }
}

const eventOf = (source: NodeId, { from, type, items }: WireMessage): Incoming => ({
  type,
  from: address(source, from),
  items,
});

/** A shape that throws has not been made for this item. */
export function fits(shape: Shape, items: readonly unknown[]): boolean {
  try {
    return items.every((item) => shape(item));
  } catch {
    return false;
  }
}
