/**
 * Actors of XState 5 in the shape of services of XState 4, as @xstate/inspect takes them from `globalThis.__xstate__`: it learns of an event when
 * the service's `send` is called, which it puts its own in place of, and of a state when the service tells its subscribers.
 */
import type { AnyInterpreter, XStateDevInterface } from 'xstate';
import type { ActorListener, Picture, WatchedActor } from '../bridge/actors.js';
import type { Readable } from '../bridge/readable.js';
import { machine4, type State4 } from './machine.js';

type Event = Readable & { readonly type: string };

/** What `State.create` of XState 4 reads. */
interface State4Like {
  readonly value: Readable;
  readonly context: Readable;
  readonly event: Event;
  readonly _event: { readonly name: string; readonly data: Event; readonly $$type: 'scxml'; readonly type: 'external' };
  readonly _sessionid: string;
  readonly actions: readonly never[];
  readonly activities: object;
  readonly meta: object;
  readonly events: readonly never[];
  readonly configuration: readonly never[];
  readonly transitions: readonly never[];
  readonly children: object;
  readonly tags: readonly string[];
  readonly done: boolean;
  readonly changed: boolean;
}

type Definition = State4 & { readonly predictableActionArguments: true; readonly context: Readable };

class Service {
  readonly id: string;
  readonly sessionId: string;
  readonly machine: { readonly definition: Definition; toJSON(): Definition };
  readonly initialState: State4Like;
  state: State4Like;
  readonly #drive: (event: unknown) => void;
  readonly #subscribers = new Set<(state: State4Like) => void>();
  readonly #stops = new Set<() => void>();
  /** While what has happened is told: nothing is to be done then. */
  #telling = false;

  constructor(actor: WatchedActor, drive: (event: unknown) => void) {
    const { address, sessionId, machine, first } = actor;
    this.id = address;
    this.sessionId = sessionId;
    const definition: Definition = { ...machine4(machine), predictableActionArguments: true, context: first.context };
    this.machine = { definition, toJSON: () => definition };
    this.initialState = this.#stateOf(first, { type: 'xstate.init' });
    this.state = this.initialState;
    this.#drive = drive;
  }

  /** An event, or one as SCXML wraps it. Inspectors put a function of theirs here, which calls this. */
  send(event: unknown): void {
    if (!this.#telling) this.#drive(dataOf(event));
  }

  subscribe(subscriber: (state: State4Like) => void): { unsubscribe(): void } {
    this.#subscribers.add(subscriber);
    subscriber(this.state);
    return { unsubscribe: () => void this.#subscribers.delete(subscriber) };
  }

  onStop(listener: () => void): this {
    this.#stops.add(listener);
    return this;
  }

  /** Through whatever stands in `send`, so that whoever put it there learns of it. */
  sent(event: Event): void {
    this.#telling = true;
    try {
      this.send(event);
    } finally {
      this.#telling = false;
    }
  }

  changed(picture: Picture, event: Event): void {
    this.state = this.#stateOf(picture, event);
    for (const subscriber of this.#subscribers) subscriber(this.state);
  }

  stopped(): void {
    for (const listener of this.#stops) listener();
    this.#subscribers.clear();
  }

  #stateOf({ value, context, tags, status }: Picture, event: Event): State4Like {
    return {
      value,
      context,
      event,
      _event: { name: event.type, data: event, $$type: 'scxml', type: 'external' },
      _sessionid: this.sessionId,
      actions: [],
      activities: {},
      meta: {},
      events: [],
      configuration: [],
      transitions: [],
      children: {},
      tags,
      done: status === 'done',
      changed: true,
    };
  }
}

/** What XState 4 has as `globalThis.__xstate__`, for one cluster. */
export class Services implements ActorListener, XStateDevInterface {
  readonly services = new Set<AnyInterpreter>();
  readonly #services = new Map<WatchedActor, Service>();
  readonly #listeners = new Set<(service: AnyInterpreter) => void>();
  readonly #drive: (actor: WatchedActor, event: unknown) => void;

  constructor(drive: (actor: WatchedActor, event: unknown) => void) {
    this.#drive = drive;
  }

  register(service: AnyInterpreter): void {
    this.services.add(service);
    for (const listener of this.#listeners) listener(service);
  }

  unregister(service: AnyInterpreter): void {
    this.services.delete(service);
  }

  onRegister(listener: (service: AnyInterpreter) => void): { unsubscribe(): void } {
    this.#listeners.add(listener);
    for (const service of this.services) listener(service);
    return { unsubscribe: () => void this.#listeners.delete(listener) };
  }

  started(actor: WatchedActor): void {
    const service = new Service(actor, (event) => this.#drive(actor, event));
    this.#services.set(actor, service);
    // it has what @xstate/inspect 0.8 asks of a service, and nothing else of one
    this.register(service as unknown as AnyInterpreter);
  }

  sent(actor: WatchedActor, event: Event, made: boolean): void {
    // of what somebody made in the inspector it has heard already, when it was sent
    if (!made) this.#services.get(actor)?.sent(event);
  }

  changed(actor: WatchedActor, picture: Picture, event: Event): void {
    this.#services.get(actor)?.changed(picture, event);
  }

  stopped(actor: WatchedActor): void {
    const service = this.#services.get(actor);
    if (service === undefined) return;
    this.#services.delete(actor);
    service.stopped();
    this.unregister(service as unknown as AnyInterpreter); // as in `started`
  }
}

function dataOf(event: unknown): unknown {
  if (typeof event !== 'object' || event === null || !('$$type' in event)) return event;
  return 'data' in event ? event.data : event;
}
