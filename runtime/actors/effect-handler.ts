/**
 * Carries out what the actors of a node emit, effect by effect: within the node at once, to other nodes at the end of the tick.
 */
import type { Effect } from '../../machines/shared/effects.js';
import {
  actorOf,
  address,
  groupActor,
  incarnationOf,
  nodeOf,
  type SenderId,
  senderNode,
} from '../../machines/shared/identifiers.js';
import type { View } from '../../machines/shared/view.js';
import type { Hosted } from './hosted.js';
import { type NodeParts, reject } from './node-parts.js';
import type { Persistence } from './persistence.js';
import type { Router } from './router.js';

export class EffectHandler {
  readonly #node: NodeParts;
  readonly #router: Router;
  readonly #persistence: Persistence;

  constructor(node: NodeParts, router: Router, persistence: Persistence) {
    this.#node = node;
    this.#router = router;
    this.#persistence = persistence;
  }

  carryOut(actor: Hosted, effect: Effect): void {
    const { agenda, counters, trace, hooks } = this.#node;
    switch (effect.type) {
      case 'send':
        this.#send(actor, effect);
        return;
      case 'multicast':
        this.#toSibling(actor, groupActor(effect.group), 'multicast', effect.payloads);
        return;
      case 'deliver':
        this.#deliver(actor, effect);
        return;
      case 'view':
        this.#view(actor, effect.view);
        return;
      case 'reply':
        trace?.answered(agenda.cause, actor.name, effect.answers);
        hooks.reply?.(effect.answers);
        return;
      case 'phase':
        trace?.phase(agenda.cause, actor.name, effect);
        hooks.phase?.(effect.phase, effect.requests);
        return;
      case 'persist':
        this.#persistence.persist(actor.name, effect, agenda.cause);
        return;
      case 'end':
        hooks.ended?.(effect.reason, actor.name);
        return;
      case 'discard':
        counters.add(`discarded.${effect.event}`, effect.count);
        trace?.dropped(agenda.cause, actor.name, effect.reason, effect.count, effect.event);
        return;
    }
  }

  #send(actor: Hosted, { to, message, channel, control }: Extract<Effect, { type: 'send' }>): void {
    const node = nodeOf(to);
    if (node === this.#node.id) {
      this.#toSibling(actor, actorOf(to), message.type, message.items);
      return;
    }
    if (channel === 'lossy') {
      const { type, items } = message;
      this.#router.cast(node, { to: actorOf(to), from: actor.name, type, unordered: true, count: 0, items });
      return;
    }
    const { agenda, hooks } = this.#node;
    const outgoing = hooks.outgoing === undefined ? message : hooks.outgoing(to, message);
    if (outgoing === null) return;
    this.#router.post(node, {
      to: actorOf(to),
      from: actor.name,
      type: outgoing.type,
      unordered: channel === 'unordered',
      control: control === true,
      cause: agenda.cause,
      items: outgoing.items,
      merged: false,
    });
  }

  #deliver(actor: Hosted, { group, deliveries }: Extract<Effect, { type: 'deliver' }>): void {
    const { agenda, trace, hooks } = this.#node;
    trace?.delivered(agenda.cause, actor.name, group, deliveries);
    for (const { sender } of deliveries) this.#learn(sender);
    hooks.delivered?.(group, actor.deliverTo ?? actor.name, deliveries);
    if (actor.deliverTo !== null) this.#toSibling(actor, actor.deliverTo, 'delivered', deliveries);
  }

  #view(actor: Hosted, view: View): void {
    const { actors, agenda, trace, hooks } = this.#node;
    trace?.view(agenda.cause, actor.name, view);
    for (const { id } of view.members) this.#learn(id);
    hooks.view?.(view);
    for (const other of actors.values()) {
      if (other !== actor && other.asksFor('view')) this.#toActor(actor, other, 'view', [view]);
    }
  }

  /**
   * A message that came by way of others names its sender's incarnation, and a view those of its members. What is sent
   * there must find that one, also where it was never heard here.
   */
  #learn(sender: SenderId): void {
    const incarnation = incarnationOf(sender);
    if (incarnation > 1) this.#router.learn(senderNode(sender), incarnation);
  }

  #toSibling(actor: Hosted, name: string, type: string, items: readonly unknown[]): void {
    const { id, actors } = this.#node;
    const sibling = actors.get(name);
    if (sibling !== undefined) this.#toActor(actor, sibling, type, items);
    else reject(this.#node, 'rejected.actor', actor.address, `there is no ${address(id, name)}`);
  }

  #toActor(from: Hosted, to: Hosted, type: string, items: readonly unknown[]): void {
    const { agenda } = this.#node;
    if (to.takes(type)) agenda.add({ actor: to, event: { type, from: from.address, items }, cause: agenda.cause });
    else reject(this.#node, 'rejected.type', from.address, `${to.address} takes no "${type}"`);
  }
}
