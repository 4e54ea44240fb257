/**
 * A cluster's actors as another inspector sees them: who runs, what each was sent, what state that left it in, and who has stopped.
 * The cluster's own step only notes what happened; the inspector is told afterwards, so nothing of it can slow or fail an actor.
 */
import { type Readable, readable } from './readable.js';

export type Address = `${string}/${string}`;

interface MessageToActor {
  readonly type: string;
  readonly from: Address;
  readonly items: readonly unknown[];
}

/** What is read of XState 5's inspection events. */
export interface InspectedEvent {
  readonly type: string;
  readonly actorRef: object;
  readonly sourceRef?: object | undefined;
  readonly event?: { readonly type: string };
  readonly snapshot?: object;
}

/** What is asked of a cluster: a `Cluster` of Chorale has it. */
export interface Inspectable {
  observe(actors: 'all', observer: (event: InspectedEvent) => void): () => void;
  offer(to: Address, message: MessageToActor): void;
}

/** How an actor stands, as plain JSON. */
export interface Picture {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value: Readable;
  readonly context: Readable;
  readonly tags: readonly string[];
}

/** One instance of an actor: an actor that starts anew is another. */
export interface WatchedActor {
  /** `rm-1/rm` */
  readonly address: Address;
  /** No two instances have the same: `rm-1/rm`, `rm-1/rm:2`. */
  readonly sessionId: string;
  /** The XState 5 machine that it runs. */
  readonly machine: object;
  /** How it stood when it was first heard of. */
  readonly first: Picture;
}

/** Told in the order in which it happened. */
export interface ActorListener {
  started(actor: WatchedActor): void;
  /** It is about to handle this; `made` where somebody made it in the tool. */
  sent(actor: WatchedActor, event: Readable & { readonly type: string }, made: boolean): void;
  changed(actor: WatchedActor, picture: Picture, event: Readable & { readonly type: string }): void;
  stopped(actor: WatchedActor): void;
}

type Told = () => void;

/** Things noted and not told yet; of more, only starts and stops are kept. */
const BACKLOG = 10_000;

export class Actors {
  readonly #source: Inspectable;
  readonly #listener: ActorListener;
  /** By the actor's reference, which XState keeps as long as it runs. */
  readonly #running = new Map<object, WatchedActor>();
  readonly #instances = new Map<Address, number>();
  /** Events that somebody made in the tool, and which are under way. */
  readonly #made = new Set<object>();
  #told: Told[] = [];
  #missed = 0;
  #due = false;
  #end: (() => void) | null = null;

  constructor(source: Inspectable, listener: ActorListener) {
    this.#source = source;
    this.#listener = listener;
  }

  get watching(): boolean {
    return this.#end !== null;
  }

  /** Events and states that came faster than they could be told. */
  get missed(): number {
    return this.#missed;
  }

  /** From now on, until `leave`. */
  watch(): void {
    if (this.#end === null) this.#end = this.#source.observe('all', (event) => this.#note(event));
  }

  /** The cluster is left alone; for the tool, every actor stops. */
  leave(): void {
    this.#end?.();
    this.#end = null;
    this.#tell();
    for (const actor of this.#running.values()) this.#listener.stopped(actor);
    this.#running.clear();
  }

  /** Gives an actor what somebody made in the tool. Errors: MESSAGE_UNKNOWN, MESSAGE_MALFORMED. */
  send({ address }: WatchedActor, made: unknown): void {
    const event: MessageToActor = { ...madeMessage(made, address) };
    this.#made.add(event);
    try {
      this.#source.offer(address, event);
    } finally {
      this.#made.delete(event);
    }
  }

  #note({ type, actorRef, event, snapshot }: InspectedEvent): void {
    if (type === '@xstate.actor') this.#start(actorRef);
    const actor = this.#running.get(actorRef);
    if (actor === undefined || event === undefined) return;
    if (type === '@xstate.event') {
      const made = this.#made.has(event);
      this.#later(() => this.#listener.sent(actor, eventOf(event), made), false);
    } else if (type === '@xstate.snapshot' && snapshot !== undefined) {
      this.#later(() => this.#listener.changed(actor, pictureOf(snapshot), eventOf(event)), false);
      if (statusOf(snapshot) !== 'active') this.#stop(actorRef);
    }
  }

  #start(actorRef: object): void {
    const address = 'id' in actorRef ? (String(actorRef.id) as Address) : null; // a cluster names its actors so
    if (address === null || !('logic' in actorRef) || !isObject(actorRef.logic)) return;
    const instance = (this.#instances.get(address) ?? 0) + 1;
    this.#instances.set(address, instance);
    const snapshot =
      'getSnapshot' in actorRef && typeof actorRef.getSnapshot === 'function' ? actorRef.getSnapshot() : {};
    const actor: WatchedActor = {
      address,
      sessionId: instance === 1 ? address : `${address}:${instance}`,
      machine: actorRef.logic,
      first: pictureOf(snapshot),
    };
    this.#running.set(actorRef, actor);
    this.#later(() => this.#listener.started(actor), true);
    // XState inspects every end but that of an actor that throws
    if ('subscribe' in actorRef && typeof actorRef.subscribe === 'function')
      actorRef.subscribe({ error: () => this.#stop(actorRef) });
  }

  #stop(actorRef: object): void {
    const actor = this.#running.get(actorRef);
    if (actor === undefined) return;
    this.#running.delete(actorRef);
    this.#later(() => this.#listener.stopped(actor), true);
  }

  #later(tell: Told, always: boolean): void {
    if (!always && this.#told.length >= BACKLOG) {
      this.#missed += 1;
      return;
    }
    this.#told.push(tell);
    if (this.#due) return;
    this.#due = true;
    setTimeout(() => this.#tell(), 0);
  }

  #tell(): void {
    this.#due = false;
    const told = this.#told;
    this.#told = [];
    for (const tell of told) tell();
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isAddress = (value: unknown): value is Address => typeof value === 'string' && /^[^/]+\/./.test(value);

function eventOf(event: { readonly type: string }): Readable & { readonly type: string } {
  const shown = readable(event);
  return { ...(isObject(shown) && !Array.isArray(shown) ? shown : {}), type: event.type };
}

function statusOf(snapshot: object): Picture['status'] {
  const status = 'status' in snapshot ? snapshot.status : null;
  return status === 'done' || status === 'error' || status === 'stopped' ? status : 'active';
}

function pictureOf(snapshot: object): Picture {
  return {
    status: statusOf(snapshot),
    value: 'value' in snapshot ? readable(snapshot.value) : {},
    context: 'context' in snapshot ? readable(snapshot.context) : {},
    tags: 'tags' in snapshot && snapshot.tags instanceof Set ? [...snapshot.tags].map(String) : [],
  };
}

/** What Chorale's actors take has a sender and items; somebody who types an event may leave both out. */
function madeMessage(made: unknown, to: Address): MessageToActor {
  const { type, from, items } = { type: '', from: null, items: [], ...(isObject(made) ? made : {}) } as {
    readonly [field in keyof MessageToActor]: unknown; // whatever it is
  };
  return {
    type: String(type),
    from: isAddress(from) ? from : `${to.slice(0, to.indexOf('/'))}/inspector`,
    items: Array.isArray(items) ? items : [],
  };
}
