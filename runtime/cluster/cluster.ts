/**
 * A style put on nodes. Replica manager `rm-i`, front end `fe-k` and the sequencer each have a node of their own, with
 * their group's actor beside them; all this is the same in one process, in a simulation and across machines.
 */

import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { Message } from '../../machines/shared/effects.js';
import { type Address, type NodeId, nodeId, type SessionId, senderId } from '../../machines/shared/identifiers.js';
import { type Roles, rolesOf } from '../../machines/shared/style.js';
import { firstView, type View } from '../../machines/shared/view.js';
import { codec } from '../actors/codec.js';
import type { Observer } from '../actors/hosted.js';
import { Node } from '../actors/node.js';
import type { ActorStanding } from '../actors/node-parts.js';
import type { NodeHooks } from '../actors/node-settings.js';
import type { Clock } from '../clock/clock.js';
import { ChoraleError } from '../errors.js';
import type { AnyService, ClientOf } from '../service/index.js';
import type { Storage } from '../storage/storage.js';
import type { Recorder } from '../trace/format.js';
import type { Transport } from '../transport/transport.js';
import { clientOf } from './client.js';
import { ClientPort, type Session } from './client-port.js';
import { placementOf } from './dynamic-placement.js';
import { type ClusterEventName, type Listener, Listeners } from './events.js';
import { Observations, type Observed } from './observations.js';
import type { Placed, Placement } from './placement.js';
import type { ResolvedSettings } from './settings.js';
import { Taps } from './taps.js';

/** What a cluster runs in: the real world in one process, or a simulation. */
export interface Environment {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly recorder: Recorder | null;
  /** A 32-bit seed for each request. */
  readonly seed: () => number;
  /** A session id never used before. */
  readonly newSession: (client: string) => SessionId;
  /** Somebody made a call. Absent where time moves by itself. */
  readonly called?: () => void;
  /** The clock of one node, where it is not the one of all. */
  readonly clockOf?: (node: NodeId) => Clock;
  /** What each node keeps through a crash. Absent: nothing. */
  readonly storage?: (node: NodeId) => Storage;
  /** All nodes have stopped for good. */
  readonly closed?: () => Promise<void>;
  /** A node has crashed. Absent outside a simulation. */
  readonly crashed?: (node: NodeId) => void;
  /** A phase was entered (`EX`), or a message left or arrived (`sent:TYPE`, `received:TYPE`): a fault may strike. */
  readonly happened?: (node: NodeId, event: string) => void;
  /** Whether a fault waits for an actor of this node to come to a state. */
  readonly watched?: (node: NodeId) => boolean;
  /** It went from one state to another, be it in passing: a fault may strike. */
  readonly moved?: (node: NodeId, actor: string, before: string, after: string) => void;
  /** What a faulty node sends in place of what it should. Absent outside a simulation. */
  readonly outgoing?: (node: NodeId, to: Address, message: Message) => Message | null;
  /** Told of each machine before it runs. Absent where nobody measures what is taken of the charts. */
  readonly watch?: (machine: AnyStateMachine) => void;
  /** Told of each start, event (its type) and timer that an actor has handled. Absent where nobody looks. */
  readonly handled?: ((node: NodeId, actor: string, event: string, snapshot: AnyMachineSnapshot) => void) | undefined;
}

export interface ClientOptions {
  /** Names the client in traces and sessions. Default `client-1`, `client-2`, … */
  readonly name?: string;
  /** Uses this replica manager as its proxy (AR-10), in place of a front end on the client's own node. */
  readonly via?: string;
}

/** A replica manager as it stands. */
export interface ReplicaStatus {
  readonly node: string;
  /** `silent`: it came back and has no state to speak from. `joining`: it is being sent the state. */
  readonly state: 'live' | 'silent' | 'joining' | 'crashed';
  /** Updates executed. */
  readonly version: number;
  /** Digest of its state; equal states have equal digests. */
  readonly digest: string | null;
}

/** The same, with what it would go on from; null while it has no state to speak from. */
export interface Standing extends Pick<ReplicaStatus, 'state'> {
  readonly node: NodeId;
  readonly replica: ReturnType<Roles['replicaOf']>;
}

/** A node as it stands, for whoever comes to look while the cluster runs. */
export interface NodeStanding {
  readonly node: NodeId;
  /** The last that it had. */
  readonly incarnation: number;
  readonly up: boolean;
  readonly actors: readonly ActorStanding[];
  /** The views that its groups have come to last. */
  readonly views: readonly View[];
}

interface FrontEnd {
  readonly node: NodeId;
  readonly port: ClientPort;
  readonly via: NodeId | null;
}

/** ms after which who was evicted wrongly starts anew, and joins again. */
const REJOIN_AFTER = 10;

export class Cluster<S extends AnyService> {
  readonly service: S;
  readonly settings: ResolvedSettings;
  protected readonly environment: Environment;
  protected readonly nodes = new Map<NodeId, Node>();
  /** All that ever were, in the order in which they came. */
  readonly #members: NodeId[];
  readonly #placement: Placement;
  readonly #frontEnds: FrontEnd[] = [];
  readonly #listeners = new Listeners();
  readonly #taps: Taps;
  readonly #observations = new Observations();
  #clients = 0;
  readonly #incarnations = new Map<NodeId, number>();
  /** Events that nodes handled which are no more. */
  #handledBefore = 0;
  #closing = false;

  constructor(service: S, settings: ResolvedSettings, environment: Environment) {
    this.service = service;
    this.settings = settings;
    this.environment = environment;
    this.#taps = new Taps(environment.recorder);
    this.#placement = placementOf(service, settings);
    this.#members = [...this.#placement.replicas];
    for (const [node, actors] of this.#placement.services) this.#host(this.#startNode(node, 1, {}), actors);
    for (const member of this.#members) this.#startReplica(member, 1);
    for (let k = 0; k < settings.frontEnds; k++) this.#startFrontEnd(null);
    // The only view of a static group. Told at the end of the tick, so that whoever started the cluster can listen.
    const view = { id: 1, members: [...this.#members] };
    environment.clock.defer(() => this.#listeners.tell('view', view));
    environment.recorder?.record({
      t: environment.clock.now(),
      node: this.#members[0] as string, // there is at least one replica
      kind: 'view',
      group: this.#placement.group,
      ...view,
    });
  }

  /** ms, on the cluster's clock. */
  get now(): number {
    return this.environment.clock.now();
  }

  /** Hands every event of the trace to `recorder`, from now on and until the function returned is called. */
  tap(recorder: Recorder): () => void {
    const record = (): void => {
      for (const node of this.nodes.values()) node.record(this.#taps.recorder);
    };
    this.#taps.add(recorder);
    record();
    return () => {
      this.#taps.remove(recorder);
      record();
    };
  }

  /** Every node that ever was, with its actors as they stand now. */
  overview(): readonly NodeStanding[] {
    return [...this.#incarnations].map(([node, incarnation]) => {
      const host = this.nodes.get(node);
      const { actors, views } = host ?? { actors: [], views: [] };
      const only = this.membership === 'static' && node === this.#members[0] ? [this.#onlyView()] : [];
      return { node, incarnation, up: host !== undefined, actors, views: [...only, ...views] };
    });
  }

  /** Of a static group. */
  #onlyView(): View {
    const members = this.#members.map((member) => senderId(member, 1));
    return firstView(this.#placement.group, members);
  }

  /** A client: an object with the service's operations as async methods. */
  client(options: ClientOptions = {}): ClientOf<S> {
    const session = this.session(options);
    return clientOf(this.service, session, this.settings.timeout) as ClientOf<S>; // built from the same service's operations
  }

  on<Name extends ClusterEventName>(name: Name, listener: Listener<Name>): () => void {
    return this.#listeners.on(name, listener);
  }

  /**
   * Passes XState's inspection of these actors on (`rm-1/rm`), from now on, for tools that are made for XState: of those that run, each
   * of which is reported by an `@xstate.actor` first, and of those that start later. It costs something with every event that they
   * handle, and an observer that throws fails the actor. Returns what ends it.
   */
  observe(actors: Observed, observer: Observer): () => void {
    return this.#observations.add(actors, observer, this.nodes.values());
  }

  /** Whether it is one of the nodes that serve the replica managers. */
  protected serves(node: NodeId): boolean {
    return this.#placement.services.has(node);
  }

  get membership(): Placement['membership'] {
    return this.#placement.membership;
  }

  /** The replica managers as they stand now. */
  replicas(): readonly ReplicaStatus[] {
    return this.standing().map(({ node, state, replica }) => ({
      node,
      state,
      version: replica?.version ?? 0,
      digest: replica === null ? null : this.service.digest(replica.value),
    }));
  }

  /** The same with their states, which nobody has looked into: it costs little to ask. */
  standing(): readonly Standing[] {
    const { replicaOf } = rolesOf(this.settings.style, this.membership);
    return this.#members.map((node): Standing => {
      const host = this.nodes.get(node);
      if (host === undefined) return { node, state: 'crashed', replica: null };
      if (host.recovers('rm')) return { node, state: 'silent', replica: null };
      const snapshot = host.snapshotOf('rm');
      const replica = replicaOf(snapshot, this.service);
      if (replica !== null) return { node, state: 'live', replica };
      return { node, state: snapshot.hasTag('joining') ? 'joining' : 'silent', replica };
    });
  }

  /** What the nodes have counted: frames dropped, messages rejected, events discarded …, by node. */
  counters(): Readonly<Record<string, Readonly<Record<string, number>>>> {
    return Object.fromEntries([...this.nodes].map(([id, node]) => [id, node.counters]));
  }

  /** Events and timers that all actors have handled so far, those of crashed nodes among them. */
  get events(): number {
    let events = this.#handledBefore;
    for (const node of this.nodes.values()) events += node.handled;
    return events;
  }

  /**
   * Lets every call under way end, each within its own deadline, then stops all nodes. Calls made meanwhile are
   * refused (CLOSED). A storage that was given to the cluster is closed with it.
   */
  async close(): Promise<void> {
    this.#closing = true;
    await this.drained();
    const error = new ChoraleError('CLOSED', 'The cluster is closed.');
    for (const { port } of this.#frontEnds) port.close(error);
    for (const node of this.nodes.values()) node.close();
    this.#handledBefore = this.events;
    this.nodes.clear();
    this.#listeners.tell('close', {});
    await this.environment.closed?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Waits until no call is under way. */
  protected async drained(): Promise<void> {
    while (this.unsettled > 0) await new Promise<void>((resolve) => this.environment.clock.setTimeout(resolve, 1));
  }

  /** Whether any client has made a request. */
  get used(): boolean {
    return this.#frontEnds.some(({ port }) => port.used);
  }

  /** Calls that have no answer yet. */
  protected get unsettled(): number {
    return this.#frontEnds.reduce((sum, { port }) => sum + port.unsettled, 0);
  }

  session(options: ClientOptions): Session {
    if (this.#closing) throw new ChoraleError('CLOSED', 'The cluster is closing: it takes no more clients.');
    this.#clients += 1;
    return this.#frontEndFor(options.via).port.client(options.name ?? `client-${this.#clients}`);
  }

  #startReplica(id: NodeId, incarnation: number): void {
    this.#host(this.#startNode(id, incarnation, {}), this.#placement.replicaManager(id));
  }

  /** Starts a replica manager that joins the group; nothing where its node is there. */
  protected joinReplica(id: NodeId): void {
    if (this.nodes.has(id)) return;
    if (!this.#members.includes(id)) this.#members.push(id);
    this.restart(id);
  }

  /** Starts a node that is not there (any more), as its next incarnation. */
  protected restart(id: NodeId): void {
    const incarnation = (this.#incarnations.get(id) ?? 0) + 1;
    const service = this.#placement.services.get(id);
    if (service !== undefined) this.#host(this.#startNode(id, incarnation, {}), service);
    else if (this.#members.includes(id)) this.#startReplica(id, incarnation);
    else this.#restartFrontEnd(id, incarnation);
    this.#taps.recorder?.record({ t: this.now, node: id, kind: 'recovered', incarnation });
    this.#listeners.tell('recover', { node: id, incarnation });
  }

  /** The others have gone on without it, or it has left: this incarnation is over. */
  #ended(id: NodeId, reason: 'evicted' | 'left'): void {
    this.nodes.get(id)?.crash(reason);
    if (reason === 'left') return;
    this.environment.clock.setTimeout(() => {
      if (!this.#closing && !this.nodes.has(id)) this.restart(id);
    }, REJOIN_AFTER);
  }

  protected crashed(id: NodeId, error: ChoraleError | null): void {
    this.#handledBefore += this.nodes.get(id)?.handled ?? 0;
    this.nodes.delete(id);
    this.environment.crashed?.(id);
    this.#listeners.tell('crash', { node: id, error });
    for (const { node, port } of this.#frontEnds) {
      if (node !== id) continue;
      port.close(
        new ChoraleError(
          'FRONT_END_CRASHED',
          `The front end ${id} crashed; whether the request took effect is unknown.`,
          {
            cause: error ?? undefined,
          },
        ),
      );
    }
  }

  #startNode(id: NodeId, incarnation: number, hooks: NodeHooks): Node {
    const { clock, clockOf, storage, transport, outgoing, watch } = this.environment;
    const node: Node = new Node({
      id,
      incarnation,
      clock: clockOf?.(id) ?? clock,
      traceClock: clock,
      ...(storage === undefined ? {} : { storage: storage(id) }),
      transport,
      recorder: this.#taps.recorder,
      codec: codec({ limit: this.settings.messageLimit }),
      onFailure: this.settings.onFailure,
      ...(this.settings.inspect === null ? {} : { inspect: this.settings.inspect }),
      ...(watch === undefined ? {} : { watch }),
      hooks: {
        ...hooks,
        ...this.#faultHooks(id),
        ...(outgoing === undefined ? {} : { outgoing: (to, message) => outgoing(id, to, message) }),
        ended: (reason) => this.#ended(id, reason),
        crashed: (reason) => this.crashed(id, reason instanceof ChoraleError ? reason : null),
      },
    });
    if (this.environment.watched?.(id) === true) node.watchStates();
    this.#observations.attend(node);
    this.nodes.set(id, node);
    this.#incarnations.set(id, incarnation);
    return node;
  }

  /** What tells the environment where a fault may strike. */
  #faultHooks(id: NodeId): NodeHooks {
    const { happened, moved, handled } = this.environment;
    return {
      ...(happened === undefined
        ? {}
        : {
            phase: (phase) => happened(id, phase),
            sent: (type) => happened(id, `sent:${type}`),
            received: (type) => happened(id, `received:${type}`),
          }),
      ...(moved === undefined ? {} : { moved: (actor, before, after) => moved(id, actor, before, after) }),
      ...(handled === undefined ? {} : { handled: (actor, event, snapshot) => handled(id, actor, event, snapshot) }),
    };
  }

  #host(node: Node, actors: readonly Placed[]): void {
    for (const { name, machine, input, options } of actors)
      node.host(name, machine, () => input(node.incarnation), options);
  }

  /** A front end on a node of its own, or, for clients that use a proxy, their way to it. */
  #startFrontEnd(via: NodeId | null): FrontEnd {
    const { clock, seed, newSession } = this.environment;
    const taps = this.#taps;
    const place = this.#frontEnds.length;
    const node = this.#startFrontEndNode(place, nodeId(`fe-${place + 1}`), 1, via);
    const port = new ClientPort(node, {
      clock,
      get recorder() {
        return taps.recorder;
      },
      seed,
      newSession,
      called: () => this.environment.called?.(),
      waiting: this.settings.waiting,
    });
    const frontEnd: FrontEnd = { node: node.id, port, via };
    this.#frontEnds.push(frontEnd);
    return frontEnd;
  }

  #restartFrontEnd(id: NodeId, incarnation: number): void {
    const place = this.#frontEnds.findIndex(({ node }) => node === id);
    const frontEnd = this.#frontEnds[place];
    frontEnd?.port.reopen(this.#startFrontEndNode(place, id, incarnation, frontEnd.via));
  }

  #startFrontEndNode(place: number, id: NodeId, incarnation: number, via: NodeId | null): Node {
    const node = this.#startNode(id, incarnation, {
      reply: (answers) => this.#frontEnds[place]?.port.answers(answers),
      congestion: (congested) => {
        if (!congested) this.#frontEnds[place]?.port.flush();
      },
    });
    const { frontEnd, proxyClient } = this.#placement;
    this.#host(node, via === null ? frontEnd(id, place % this.#members.length) : proxyClient(id, via));
    return node;
  }

  #frontEndFor(via: string | undefined): FrontEnd {
    if (via !== undefined) {
      const proxy = this.#members.find((member) => member === via);
      if (proxy === undefined) {
        throw new ChoraleError(
          'SETTINGS_INVALID',
          `"${via}" is no replica manager: there are ${this.#members.join(', ')}.`,
        );
      }
      const refused = this.settings.style.refuses({ ...this.settings, proxy: true });
      if (refused !== null) throw new ChoraleError('STYLE_UNSUITED', refused);
      return this.#startFrontEnd(proxy);
    }
    if (this.settings.frontEnds === 0) return this.#startFrontEnd(null);
    const own = this.#frontEnds.filter((frontEnd) => frontEnd.via === null);
    return own[(this.#clients - 1) % own.length] as FrontEnd; // settings say that there is at least one
  }
}
