/**
 * A node: one actor system with one clock, one link to each peer, and one fate. It hosts named actors, hands events to them
 * one after another, each run to completion, and carries out the effects that they emit.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { Incoming } from '../../machines/shared/effects.js';
import { address, type GroupName, type NodeId } from '../../machines/shared/identifiers.js';
import type { View } from '../../machines/shared/view.js';
import type { Clock } from '../clock/clock.js';
import { ChoraleError } from '../errors.js';
import { memoryStorage } from '../storage/storage.js';
import type { CauseId, Recorder } from '../trace/format.js';
import { Agenda, type Due, type Task } from './agenda.js';
import { codec } from './codec.js';
import { Counters } from './counters.js';
import { EffectHandler } from './effect-handler.js';
import { Hosted, type HostOptions, type Observer } from './hosted.js';
import { linkDefaults } from './link-settings.js';
import type { ActorStanding, NodeParts } from './node-parts.js';
import type { NodeHooks, NodeSettings } from './node-settings.js';
import { NodeTrace } from './node-trace.js';
import { Persistence } from './persistence.js';
import { Router } from './router.js';
import { Traffic } from './traffic.js';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Whom somebody watches: by name, or everybody. */
export type Observed = 'all' | readonly string[];

/** An observer of some actors, those included that are not here yet. */
interface Observation {
  readonly actors: Observed;
  readonly observer: Observer;
  readonly ends: (() => void)[];
}

export class Node {
  readonly id: NodeId;
  readonly incarnation: number;
  readonly #clock: Clock;
  readonly #traceClock: Clock;
  readonly #parts: Mutable<NodeParts>;
  /** The views that its groups have come to last. */
  readonly #views = new Map<GroupName, View>();
  /** Null while nobody keeps one. */
  #trace: NodeTrace | null = null;
  /** The same, kept while nobody records, for its counts. */
  #counting: NodeTrace | null = null;
  readonly #inspect: Observer | null;
  readonly #measure: ((machine: AnyStateMachine) => void) | null;
  readonly #onFailure: 'crash-node' | 'restart-actor';
  readonly #hooks: NodeHooks;
  readonly #router: Router;
  readonly #persistence: Persistence;
  readonly #effects: EffectHandler;
  readonly #counters = new Counters();
  readonly #actors = new Map<string, Hosted>();
  readonly #agenda = new Agenda((due) => this.#handle(due));
  readonly #observations = new Set<Observation>();
  #watching = false;
  #handled = 0;

  constructor(settings: NodeSettings) {
    const { id, incarnation, clock, transport, recorder } = settings;
    this.id = id;
    this.incarnation = incarnation;
    this.#clock = clock;
    this.#traceClock = settings.traceClock ?? clock;
    this.#inspect = settings.inspect ?? null;
    this.#measure = settings.watch ?? null;
    this.#onFailure = settings.onFailure ?? 'crash-node';
    this.#hooks = { ...settings.hooks, view: (view) => this.#came(view, settings.hooks) };
    const wire = settings.codec ?? codec();
    const link = { ...linkDefaults, ...settings.link };
    const parts: Mutable<NodeParts> = {
      id,
      actors: this.#actors,
      agenda: this.#agenda,
      counters: this.#counters,
      trace: this.#trace,
      hooks: this.#hooks,
    };
    this.#parts = parts;
    this.record(recorder ?? null);
    this.#router = new Router(new Traffic(parts), { id, incarnation, clock, transport, codec: wire, link });
    this.#persistence = new Persistence(
      id,
      {
        persisted: (actor, numbers, cause) => this.#persisted(actor, numbers, cause),
        failed: (error) => {
          this.#hooks.error?.(error);
          this.crash(error);
        },
      },
      settings.storage ?? memoryStorage(clock),
      clock,
      wire,
    );
    this.#effects = new EffectHandler(parts, this.#router, this.#persistence);
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
    return this.#agenda.idle && this.#persistence.idle && this.#router.idle;
  }

  /** Events and timers that its actors have handled so far; a crash leaves it as it stands. */
  get handled(): number {
    return this.#handled;
  }

  /** Hands the trace to this recorder from now on; null: nobody keeps it, and nothing is built for it. */
  record(recorder: Recorder | null): void {
    if (recorder === null) this.#trace = null;
    else {
      this.#counting ??= new NodeTrace(recorder, this.#traceClock, this.id, this.incarnation);
      this.#counting.keptBy(recorder);
      this.#trace = this.#counting;
    }
    this.#parts.trace = this.#trace;
  }

  /** The actors that have started and not ended. */
  get actors(): readonly ActorStanding[] {
    return [...this.#actors.values()]
      .filter(({ running }) => running)
      .map(({ name, machine, state, snapshot }) => ({ name, machine, state, context: snapshot?.context }));
  }

  /** The views that its groups have come to. */
  get views(): readonly View[] {
    return [...this.#views.values()];
  }

  /** Starts an actor; `input` is asked again when it is restarted. Errors: SETTINGS_INVALID. */
  host(name: string, machine: AnyStateMachine, input: () => unknown, options: HostOptions): void {
    if (this.#agenda.closed) return;
    if (this.#actors.has(name)) {
      throw new ChoraleError('SETTINGS_INVALID', `The node ${this.id} has an actor "${name}" already.`);
    }
    this.#measure?.(machine);
    const actor = new Hosted(this.id, name, machine, input, options);
    if (this.#watching) actor.watch();
    for (const observation of this.#observations) attend(actor, observation);
    this.#actors.set(name, actor);
    if (actor.asksFor('recovered')) this.#recover(actor);
    else {
      this.#agenda.add({ actor, event: { type: 'start', run: () => this.#start(actor) }, cause: undefined });
      this.#agenda.run();
    }
  }

  /** Reports the states that actors go through from now on: it costs something, so only where a fault waits for one. */
  watchStates(): void {
    this.#watching = true;
    for (const actor of this.#actors.values()) actor.watch();
  }

  /**
   * Passes XState's inspection of these actors on, from now on: of those that are here, each of which is reported by an `@xstate.actor`
   * first, and of those that come. Costs something with every event that they handle. Returns what ends it.
   */
  observe(actors: Observed, observer: Observer): () => void {
    const observation: Observation = { actors, observer, ends: [] };
    this.#observations.add(observation);
    for (const actor of this.#actors.values()) attend(actor, observation);
    return () => {
      this.#observations.delete(observation);
      for (const end of observation.ends) end();
    };
  }

  /**
   * An event from the application on this node: handled at once, unless another is being handled now. What it makes the
   * actors send leaves at the end of the tick. Errors: MESSAGE_UNKNOWN.
   */
  tell(name: string, event: Incoming, cause?: CauseId): void {
    if (this.#agenda.closed) return;
    const actor = this.#actors.get(name);
    if (actor === undefined || !actor.takes(event.type)) {
      throw new ChoraleError(
        'MESSAGE_UNKNOWN',
        `The node ${this.id} has no actor "${name}" that takes "${event.type}".`,
      );
    }
    this.#agenda.add({ actor, event, cause });
    this.#agenda.run();
  }

  /** Stops an actor for good: what is for it from now on is rejected, as for one that never was. */
  dismiss(name: string): void {
    const actor = this.#actors.get(name);
    if (actor === undefined) return;
    actor.stop();
    this.#actors.delete(name);
  }

  hosts(name: string): boolean {
    return this.#actors.has(name);
  }

  /** Whether the actor has still to be told what it persisted, and does nothing before that. */
  recovers(name: string): boolean {
    const actor = this.#actors.get(name);
    return actor !== undefined && this.#agenda.holds(actor);
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
    if (this.#agenda.closed) return;
    this.#trace?.crashed(this.#agenda.cause, reason);
    this.close();
    this.#hooks.crashed?.(reason);
  }

  /** As `crash`, but on purpose: nobody is told. */
  close(): void {
    this.#agenda.close();
    this.#router.close();
    this.#persistence.close();
    for (const actor of this.#actors.values()) actor.stop();
  }

  #handle({ actor, event }: Due): void {
    this.#handled += 1;
    if ('run' in event) {
      if (event.type === 'timer' && this.#trace !== null) this.#watch(actor, event.type, event.run);
      else event.run();
    } else if (!actor.running) this.#counters.add(`discarded.${event.type}`, event.items.length);
    else if (this.#trace === null && this.#hooks.transition === undefined) actor.send(event);
    else {
      const [before, after] = this.#watch(actor, event.type, () => actor.send(event));
      this.#hooks.transition?.(actor.name, event.type, before, after);
    }
    if (this.#hooks.handled !== undefined && actor.snapshot !== undefined)
      this.#hooks.handled(actor.name, event.type, actor.snapshot);
    if (this.#watching) for (const [before, after] of actor.moves()) this.#hooks.moved?.(actor.name, before, after);
    this.#settle(actor);
  }

  #watch(actor: Hosted, event: string, handle: () => void): readonly [before: string, after: string] {
    const before = actor.state;
    handle();
    const after = actor.state;
    if (before !== after) this.#trace?.transition(this.#agenda.cause, actor.name, event, before, after);
    return [before, after];
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
        if (this.#agenda.closed) return;
        this.#effects.carryOut(actor, effect);
      }
    }
  }

  /** Starts the actor, and before anything else gives it what it persisted, once that is certain to stay. */
  #recover(actor: Hosted): void {
    const items = this.#persistence.read(actor.name);
    if (items === null) return;
    const recovered: Incoming = { type: 'recovered', from: address(this.id, 'storage'), items };
    const start = (): void => {
      const held = this.#agenda.release(actor);
      this.#agenda.add({ actor, event: { type: 'start', run: () => this.#start(actor) }, cause: undefined });
      this.#agenda.add({ actor, event: recovered, cause: undefined });
      for (const due of held) this.#agenda.add(due);
      this.#agenda.run();
    };
    if (items.length === 0) {
      start();
      return;
    }
    this.#agenda.hold(actor);
    this.#persistence.secure(start);
  }

  #came(view: View, hooks: NodeHooks | undefined): void {
    this.#views.set(view.group, view);
    hooks?.view?.(view);
  }

  #persisted(name: string, items: readonly number[], cause: CauseId | undefined): void {
    const actor = this.#actors.get(name);
    if (actor === undefined) return;
    this.#trace?.persisted(cause, name, items.length);
    this.#agenda.add({ actor, event: { type: 'persisted', from: address(this.id, 'storage'), items }, cause });
    this.#agenda.run();
  }

  #start(actor: Hosted): void {
    const clock = {
      setTimeout: (callback: () => void, ms: number) => {
        const { cause } = this.#agenda;
        const event: Task = { type: 'timer', run: callback };
        return this.#clock.setTimeout(() => {
          if (this.#agenda.closed) return;
          this.#agenda.add({ actor, event, cause });
          this.#agenda.run();
        }, ms);
      },
      clearTimeout: (handle: unknown) => this.#clock.clearTimeout(handle),
    };
    actor.start(clock, this.#inspect);
    if (actor.running) this.#trace?.started(this.#agenda.cause, actor.name, actor.machine.id, actor.state);
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
    if (this.#onFailure === 'restart-actor' && !this.#agenda.closed && !actor.asksFor('recovered')) {
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
}

function attend(actor: Hosted, { actors, observer, ends }: Observation): void {
  if (actors === 'all' || actors.includes(actor.name)) ends.push(actor.observe(observer));
}
