/**
 * A node: one actor system with one clock, one link to each peer, and one fate. It hosts named actors, hands events to them
 * one after another, each run to completion, and carries out the effects that they emit.
 */
import type { AnyMachineSnapshot, AnyStateMachine, InspectionEvent } from 'xstate';
import type { Effect, Gone, Incoming } from '../../machines/shared/effects.js';
import {
  type Address,
  actorOf,
  address,
  groupActor,
  incarnationOf,
  type NodeId,
  nodeOf,
  type SenderId,
  senderNode,
} from '../../machines/shared/identifiers.js';
import type { Shape } from '../../machines/shared/shapes.js';
import type { Clock } from '../clock/clock.js';
import { ChoraleError } from '../errors.js';
import { memoryStorage } from '../storage/storage.js';
import type { CauseId } from '../trace/format.js';
import { codec } from './codec.js';
import { Counters } from './counters.js';
import type { WireMessage } from './frame.js';
import { Hosted, type HostOptions } from './hosted.js';
import { linkDefaults } from './link-settings.js';
import type { NodeHooks, NodeSettings } from './node-settings.js';
import { NodeTrace } from './node-trace.js';
import { Persistence } from './persistence.js';
import { Router, type RouterOwner } from './router.js';

/** Events handled before the queue is rid of them, in a long run. */
const SWEEP = 1024;

/** An event for an actor, or what its timer, or its start, has to do. */
interface Due {
  readonly actor: Hosted;
  readonly event: Incoming | (() => void);
  readonly cause: CauseId | undefined;
}

export class Node {
  readonly id: NodeId;
  readonly incarnation: number;
  readonly #clock: Clock;
  readonly #trace: NodeTrace | null;
  readonly #inspect: ((event: InspectionEvent) => void) | null;
  readonly #measure: ((machine: AnyStateMachine) => void) | null;
  readonly #onFailure: 'crash-node' | 'restart-actor';
  readonly #hooks: NodeHooks;
  readonly #router: Router;
  readonly #persistence: Persistence;
  readonly #counters = new Counters();
  readonly #actors = new Map<string, Hosted>();
  readonly #addresses = new Map<Address, Hosted>();
  /** Events that wait for their turn, from `next` on: a node handles one at a time. */
  readonly #due: Due[] = [];
  #next = 0;
  /** Events for actors whose records are still being read. */
  readonly #held = new Map<Hosted, Due[]>();
  #running = false;
  #watching = false;
  #down = false;
  #handled = 0;
  /** What led to the event that is being handled. */
  #cause: CauseId | undefined;

  constructor(settings: NodeSettings) {
    const { id, incarnation, clock, transport, recorder } = settings;
    this.id = id;
    this.incarnation = incarnation;
    this.#clock = clock;
    this.#trace = recorder == null ? null : new NodeTrace(recorder, settings.traceClock ?? clock, id, incarnation);
    this.#inspect = settings.inspect ?? null;
    this.#measure = settings.watch ?? null;
    this.#onFailure = settings.onFailure ?? 'crash-node';
    this.#hooks = settings.hooks ?? {};
    const wire = settings.codec ?? codec();
    this.#persistence = new Persistence(
      {
        persisted: (actor, numbers, cause) => this.#persisted(actor, numbers, cause),
        failed: (error) => this.#storageFailed(error),
      },
      settings.storage ?? memoryStorage(clock),
      clock,
      wire,
    );
    this.#router = new Router(this.#routed(), {
      id,
      incarnation,
      clock,
      transport,
      codec: wire,
      link: { ...linkDefaults, ...settings.link },
    });
  }

  /** All counts, by the names of counters.ts. */
  get counters(): Readonly<Record<string, number>> {
    return this.#counters.counts;
  }

  /** A peer does not keep up: whoever can wait with new work should. */
  get congested(): boolean {
    return this.#router.congested;
  }

  /** ms, on the node's own clock. */
  get now(): number {
    return this.#clock.now();
  }

  /** Nothing waits to be handled, persisted, sent or acknowledged. */
  get idle(): boolean {
    return this.#due.length === 0 && this.#held.size === 0 && this.#persistence.idle && this.#router.idle;
  }

  /** Events and timers that its actors have handled so far; a crash leaves it as it stands. */
  get handled(): number {
    return this.#handled;
  }

  /** Starts an actor; `input` is asked again when it is restarted. Errors: SETTINGS_INVALID. */
  host(name: string, machine: AnyStateMachine, input: () => unknown, options: HostOptions): void {
    if (this.#down) return;
    if (this.#actors.has(name)) {
      throw new ChoraleError('SETTINGS_INVALID', `The node ${this.id} has an actor "${name}" already.`);
    }
    this.#measure?.(machine);
    const actor = new Hosted(this.id, name, machine, input, options);
    if (this.#watching) actor.watch();
    this.#actors.set(name, actor);
    this.#addresses.set(actor.address, actor);
    if (actor.asksFor('recovered')) this.#recover(actor);
    else {
      this.#due.push({ actor, event: () => this.#start(actor), cause: undefined });
      this.#run();
    }
  }

  /** Reports the states that actors go through from now on: it costs something, so only where a fault waits for one. */
  watchStates(): void {
    this.#watching = true;
    for (const actor of this.#actors.values()) actor.watch();
  }

  /**
   * An event from the application on this node: handled at once, unless another is being handled now. What it makes the
   * actors send leaves at the end of the tick. Errors: MESSAGE_UNKNOWN.
   */
  tell(name: string, event: Incoming, cause?: CauseId): void {
    if (this.#down) return;
    const actor = this.#actors.get(name);
    if (actor === undefined || !actor.takes(event.type)) {
      throw new ChoraleError(
        'MESSAGE_UNKNOWN',
        `The node ${this.id} has no actor "${name}" that takes "${event.type}".`,
      );
    }
    this.#due.push({ actor, event, cause });
    this.#run();
  }

  /** Stops an actor for good: what is for it from now on is rejected, as for one that never was. */
  dismiss(name: string): void {
    const actor = this.#actors.get(name);
    if (actor === undefined) return;
    actor.stop();
    this.#actors.delete(name);
    this.#addresses.delete(actor.address);
  }

  hosts(name: string): boolean {
    return this.#actors.has(name);
  }

  /** Whether the actor has still to be told what it persisted, and does nothing before that. */
  recovers(name: string): boolean {
    const actor = this.#actors.get(name);
    return actor !== undefined && this.#held.has(actor);
  }

  /** Errors: MESSAGE_UNKNOWN. */
  snapshotOf(name: string): AnyMachineSnapshot {
    const snapshot = this.#actors.get(name)?.snapshot;
    if (snapshot === undefined)
      throw new ChoraleError('MESSAGE_UNKNOWN', `No actor "${name}" runs on the node ${this.id}.`);
    return snapshot;
  }

  /** Stops at once, in the middle of whatever is under way: nothing more is handled, sent or received (CH-2). */
  crash(reason: ChoraleError | string): void {
    if (this.#down) return;
    this.#trace?.crashed(this.#cause, reason);
    this.close();
    this.#hooks.crashed?.(reason);
  }

  /** As `crash`, but on purpose: nobody is told. */
  close(): void {
    this.#down = true;
    this.#router.close();
    this.#persistence.close();
    for (const actor of this.#actors.values()) actor.stop();
  }

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let due = this.#due[this.#next]; due !== undefined && !this.#down; due = this.#due[this.#next]) {
        this.#next += 1;
        if (this.#next === SWEEP) {
          this.#due.splice(0, SWEEP);
          this.#next = 0;
        }
        this.#handle(due);
      }
    } finally {
      // also when a hook of the application threw: what is left is handled with the next event
      this.#due.splice(0, this.#down ? this.#due.length : this.#next);
      this.#next = 0;
      this.#running = false;
      this.#cause = undefined;
    }
  }

  #handle(due: Due): void {
    const { actor, event, cause } = due;
    const held = this.#held.size === 0 ? undefined : this.#held.get(actor);
    if (held !== undefined) {
      held.push(due);
      return;
    }
    this.#cause = cause;
    this.#handled += 1;
    if (typeof event === 'function') event();
    else if (!actor.running) this.#counters.add(`discarded.${event.type}`, event.items.length);
    else if (this.#trace === null && this.#hooks.transition === undefined) actor.send(event);
    else this.#watch(actor, event);
    if (this.#watching) for (const [before, after] of actor.moves()) this.#hooks.moved?.(actor.name, before, after);
    this.#settle(actor);
  }

  #watch(actor: Hosted, event: Incoming): void {
    const before = actor.state;
    actor.send(event);
    const after = actor.state;
    if (before !== after) this.#trace?.transition(this.#cause, actor.name, event.type, before, after);
    this.#hooks.transition?.(actor.name, event.type, before, after);
  }

  /** Carries out what the actor emitted, or sees to its failure. */
  #settle(actor: Hosted): void {
    const failure = actor.failure();
    if (failure !== null) {
      this.#failed(actor, failure.error);
      return;
    }
    for (const effects of actor.emitted()) {
      for (const effect of effects) {
        if (this.#down) return;
        this.#carryOut(actor, effect);
      }
    }
  }

  /** Starts the actor, and before anything else gives it what it persisted, once that is certain to stay. */
  #recover(actor: Hosted): void {
    let items: readonly unknown[];
    try {
      items = this.#persistence.read(actor.name);
    } catch (error) {
      this.#storageFailed(error);
      return;
    }
    const recovered: Incoming = { type: 'recovered', from: address(this.id, 'storage'), items };
    const start = (held: readonly Due[]): void => {
      this.#due.push(
        { actor, event: () => this.#start(actor), cause: undefined },
        { actor, event: recovered, cause: undefined },
        ...held,
      );
      this.#run();
    };
    if (items.length === 0) {
      start([]);
      return;
    }
    const held: Due[] = [];
    this.#held.set(actor, held);
    this.#persistence.secure(() => {
      this.#held.delete(actor);
      start(held);
    });
  }

  #persisted(name: string, items: readonly number[], cause: CauseId | undefined): void {
    const actor = this.#actors.get(name);
    if (actor === undefined) return;
    this.#trace?.persisted(cause, name, items.length);
    this.#due.push({ actor, event: { type: 'persisted', from: address(this.id, 'storage'), items }, cause });
    this.#run();
  }

  #storageFailed(cause: unknown): void {
    const error =
      cause instanceof ChoraleError
        ? cause
        : new ChoraleError('STORAGE_FAILED', `The storage of ${this.id} failed: ${String(cause)}`, { cause });
    this.#hooks.error?.(error);
    this.crash(error);
  }

  #start(actor: Hosted): void {
    const clock = {
      setTimeout: (callback: () => void, ms: number) => {
        const cause = this.#cause;
        return this.#clock.setTimeout(() => {
          if (this.#down) return;
          this.#due.push({ actor, event: callback, cause });
          this.#run();
        }, ms);
      },
      clearTimeout: (handle: unknown) => this.#clock.clearTimeout(handle),
    };
    actor.start(clock, this.#inspect);
  }

  /** A throw in an actor: its state is in doubt, so it goes on with a new one, or the whole node does. */
  #failed(actor: Hosted, cause: unknown): void {
    const what = cause instanceof Error ? cause.message : String(cause);
    const error = new ChoraleError('ACTOR_FAILED', `The actor ${actor.address} threw: ${what}`, {
      cause,
      details: { actor: actor.address },
    });
    this.#counters.add('actors.failed');
    this.#hooks.error?.(error);
    if (this.#onFailure === 'restart-actor' && !this.#down && !actor.asksFor('recovered')) {
      this.#counters.add('actors.restarted');
      this.#start(actor);
      // One that cannot even start would be restarted for ever.
      if (actor.running) {
        this.#settle(actor);
        return;
      }
    }
    this.crash(error);
  }

  #carryOut(actor: Hosted, effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.#send(actor, effect);
        return;
      case 'multicast':
        this.#toSibling(actor, groupActor(effect.group), 'multicast', effect.payloads);
        return;
      case 'deliver':
        this.#trace?.delivered(this.#cause, actor.name, effect.group, effect.deliveries);
        for (const { sender } of effect.deliveries) this.#learn(sender);
        this.#hooks.delivered?.(effect.group, actor.deliverTo ?? actor.name, effect.deliveries);
        if (actor.deliverTo !== null) this.#toSibling(actor, actor.deliverTo, 'delivered', effect.deliveries);
        return;
      case 'view':
        this.#trace?.view(this.#cause, actor.name, effect.view);
        for (const { id } of effect.view.members) this.#learn(id);
        this.#hooks.view?.(effect.view);
        for (const other of this.#actors.values()) {
          if (other !== actor && other.asksFor('view')) this.#toActor(actor, other, 'view', [effect.view]);
        }
        return;
      case 'reply':
        this.#trace?.answered(this.#cause, actor.name, effect.answers);
        this.#hooks.reply?.(effect.answers);
        return;
      case 'phase':
        this.#trace?.phase(this.#cause, actor.name, effect);
        this.#hooks.phase?.(effect.phase, effect.requests);
        return;
      case 'persist':
        try {
          this.#persistence.persist(actor.name, effect, this.#cause);
        } catch (error) {
          this.#storageFailed(error);
        }
        return;
      case 'end':
        this.#hooks.ended?.(effect.reason, actor.name);
        return;
      case 'discard':
        this.#counters.add(`discarded.${effect.event}`, effect.count);
        this.#trace?.dropped(this.#cause, actor.name, effect.reason, effect.count, effect.event);
        return;
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

  #send(actor: Hosted, effect: Extract<Effect, { type: 'send' }>): void {
    const { to } = effect;
    const sibling = this.#addresses.get(to);
    if (sibling !== undefined) {
      this.#toActor(actor, sibling, effect.message.type, effect.message.items);
      return;
    }
    const node = nodeOf(to);
    if (node === this.id) {
      this.#reject('rejected.actor', actor.address, `there is no ${to}`);
      return;
    }
    if (effect.channel === 'lossy') {
      const { type, items } = effect.message;
      this.#router.cast(node, { to: actorOf(to), from: actor.name, type, unordered: true, count: 0, items });
      return;
    }
    const message = this.#hooks.outgoing === undefined ? effect.message : this.#hooks.outgoing(to, effect.message);
    if (message === null) return;
    this.#router.post(node, {
      to: actorOf(to),
      from: actor.name,
      type: message.type,
      unordered: effect.channel === 'unordered',
      control: effect.control === true,
      cause: this.#cause,
      items: message.items,
      merged: false,
    });
  }

  #toSibling(actor: Hosted, name: string, type: string, items: readonly unknown[]): void {
    const sibling = this.#actors.get(name);
    if (sibling === undefined) this.#reject('rejected.actor', actor.address, `there is no ${address(this.id, name)}`);
    else this.#toActor(actor, sibling, type, items);
  }

  #toActor(from: Hosted, to: Hosted, type: string, items: readonly unknown[]): void {
    if (to.takes(type)) this.#due.push({ actor: to, event: { type, from: from.address, items }, cause: this.#cause });
    else this.#reject('rejected.type', from.address, `${to.address} takes no "${type}"`);
  }

  #routed(): RouterOwner {
    return {
      count: (name, by) => this.#counters.add(name, by),
      accepts: (messages) =>
        !this.congested || !messages.some(({ to, type }) => this.#actors.get(to)?.intake.has(type) === true),
      received: (from, incarnation, message) => this.#received(from, incarnation, message, true),
      signalled: (from, incarnation, message) => this.#received(from, incarnation, message, false),
      numbered: () => this.#trace?.next() ?? 0,
      sent: (to, message, count) => {
        this.#counters.add('messages.sent');
        if (message.control) this.#counters.add('messages.control');
        this.#trace?.sent(to, message, count);
      },
      left: (messages) => {
        for (const { type } of messages) this.#hooks.sent?.(type);
      },
      gone: (node, incarnation) => this.#gone({ node, incarnation }),
      dropped: (reason, count, error) => {
        this.#trace?.dropped(undefined, undefined, reason, count, error.message);
        this.#hooks.error?.(error);
      },
      congestion: (congested) => this.#hooks.congestion?.(congested),
      arrived: () => this.#run(),
    };
  }

  /** The message is what its actor takes, or the actor never sees it (CH-5). */
  #received(node: NodeId, incarnation: number, message: WireMessage, recorded: boolean): void {
    if (this.#down) return; // an earlier message of the same frame was the occasion of a crash
    const { to, type, items } = message;
    const from = address(node, message.from);
    const actor = this.#actors.get(to);
    const shape = actor?.shapes.get(type);
    if (actor === undefined) {
      this.#reject('rejected.actor', from, `there is no ${address(this.id, to)}`);
    } else if (shape === undefined) {
      this.#reject('rejected.type', from, `${actor.address} takes no "${type}" from other nodes`);
    } else if (!fits(shape, items)) {
      this.#reject('rejected.shape', from, `an item of "${type}" for ${actor.address} is not as it must be`);
    } else {
      const cause = recorded ? this.#trace?.received(node, incarnation, message) : undefined;
      this.#due.push({ actor, event: { type, from, items }, cause });
      this.#counters.add(recorded ? 'messages.received' : 'signals.received');
      if (recorded) this.#hooks.received?.(type);
    }
  }

  #reject(name: 'rejected.actor' | 'rejected.type' | 'rejected.shape', from: Address, why: string): void {
    this.#counters.add(name);
    const sentence = `A message from ${from} was rejected: ${why}.`;
    this.#trace?.dropped(this.#cause, undefined, name, 1, sentence);
    if (this.#hooks.error === undefined) return;
    const code = name === 'rejected.shape' ? 'MESSAGE_MALFORMED' : 'MESSAGE_UNKNOWN';
    this.#hooks.error(new ChoraleError(code, sentence, { details: { from } }));
  }

  #gone(gone: Gone): void {
    const event: Incoming = { type: 'gone', from: address(this.id, 'link'), items: [gone] };
    for (const actor of this.#actors.values()) {
      if (actor.asksFor('gone')) this.#due.push({ actor, event, cause: undefined });
    }
  }
}

/** A shape that throws has not been made for this item. */
function fits(shape: Shape, items: readonly unknown[]): boolean {
  try {
    return items.every((item) => shape(item));
  } catch {
    return false;
  }
}
