/**
 * A style put on nodes. Replica manager `rm-i`, front end `fe-k` and the sequencer each have a node of their own, with
 * their group's actor beside them; all this is the same in one process, in a simulation and across machines.
 */
import type { Incoming } from '../../machines/shared/effects.js';
import { type Address, actorOf, type NodeId, nodeOf, senderId } from '../../machines/shared/identifiers.js';
import { rolesOf } from '../../machines/shared/style.js';
import { firstView, type View } from '../../machines/shared/view.js';
import { codec } from '../actors/codec.js';
import type { Observer } from '../actors/hosted.js';
import { Node } from '../actors/node.js';
import type { NodeHooks } from '../actors/node-settings.js';
import { ChoraleError } from '../errors.js';
import type { AnyService, ClientOf } from '../service/index.js';
import type { Recorder } from '../trace/format.js';
import { clientOf } from './client.js';
import { placementOf } from './dynamic-placement.js';
import type { Environment } from './environment.js';
import { type ClusterEventName, type Listener, Listeners } from './events.js';
import { type ClientOptions, FrontEnds } from './front-ends.js';
import { Observations, type Observed } from './observations.js';
import type { Placed, Placement } from './placement.js';
import type { Session } from './session.js';
import type { ResolvedSettings } from './settings.js';
import type { NodeStanding, ReplicaStatus, Standing } from './standing.js';
import { Taps } from './taps.js';

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
  readonly #frontEnds: FrontEnds;
  readonly #listeners = new Listeners();
  readonly #taps: Taps;
  readonly #observations = new Observations();
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
    for (const [node, actors] of this.#placement.services) this.#startNode(node, 1, {}, actors);
    for (const member of this.#members) this.#startReplica(member, 1);
    this.#frontEnds = new FrontEnds({
      settings,
      environment,
      placement: this.#placement,
      members: this.#members,
      recorder: () => this.#taps.recorder,
      startNode: (id, incarnation, hooks, actors) => this.#startNode(id, incarnation, hooks, actors),
    });
    this.#frontEnds.begin();
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

  /**
   * Gives a message to one of its actors (`rm-1/rm`), as if `from` had sent it: for tools in which somebody makes events by hand. It goes
   * beside the protocol, and can break what the style promises. Errors: MESSAGE_UNKNOWN, MESSAGE_MALFORMED.
   */
  offer(to: Address, message: Incoming): void {
    const node = this.nodes.get(nodeOf(to));
    if (node === undefined) throw new ChoraleError('MESSAGE_UNKNOWN', `There is no node of the actor ${to} now.`);
    node.offer(actorOf(to), message);
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
    this.#frontEnds.close(error);
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
    return this.#frontEnds.used;
  }

  /** Calls that have no answer yet. */
  protected get unsettled(): number {
    return this.#frontEnds.unsettled;
  }

  session(options: ClientOptions): Session {
    if (this.#closing) throw new ChoraleError('CLOSED', 'The cluster is closing: it takes no more clients.');
    return this.#frontEnds.session(options);
  }

  #startReplica(id: NodeId, incarnation: number): void {
    this.#startNode(id, incarnation, {}, this.#placement.replicaManager(id));
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
    if (service !== undefined) this.#startNode(id, incarnation, {}, service);
    else if (this.#members.includes(id)) this.#startReplica(id, incarnation);
    else this.#frontEnds.restart(id, incarnation);
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
    this.#frontEnds.crashed(id, error);
  }

  #startNode(id: NodeId, incarnation: number, hooks: NodeHooks, actors: readonly Placed[]): Node {
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
    for (const { name, machine, input, options } of actors) node.host(name, machine, () => input(incarnation), options);
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
}
