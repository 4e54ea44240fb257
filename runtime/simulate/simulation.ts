/**
 * simulate(): a cluster in virtual time, on a seeded network, with faults. The same seed and the same calls give the same
 * trace, byte for byte.
 */
import * as v from 'valibot';
import { detectorActor } from '../../machines/membership/messages.js';
import { address, groupActor, groupName, type NodeId, nodeId } from '../../machines/shared/identifiers.js';
import { realClock } from '../clock/real.js';
import { Cluster } from '../cluster/cluster.js';
import type { Environment } from '../cluster/environment.js';
import { sequencerNode } from '../cluster/placement.js';
import { type ClusterSettings, parseSettings, type ResolvedSettings, resolveSettings } from '../cluster/settings.js';
import type { StyleName } from '../cluster/styles.js';
import type { Suits } from '../cluster/suits.js';
import type { ChartCoverage } from '../coverage/coverage.js';
import { ChoraleError } from '../errors.js';
import type { AnyService } from '../service/index.js';
import type { SimulatedDisk } from './disk.js';
import { type Fault, nodesOf, parseFault } from './faults.js';
import { Injector } from './injector.js';
import type { NetworkCounts } from './network.js';
import { type Watchers, World } from './world.js';

export interface SimulateSettings<Replication extends StyleName = StyleName> extends ClusterSettings<Replication> {
  /** Where all chance in the run comes from: a whole number of 32 bits. Default 1. */
  readonly seed?: number;
  /** Least and most ms of a frame between two nodes. Default 1 to 3. */
  readonly delay?: readonly [number, number];
  /** Probability that a frame is lost. Default 0. */
  readonly loss?: number;
  /** Probability that a frame arrives twice. Default 0. */
  readonly duplicate?: number;
  /** Faults, such as `crash:rm-1@120ms` (docs/faults.md). */
  readonly faults?: readonly string[];
  /** Counts what is taken of the charts of all machines. */
  readonly coverage?: Pick<ChartCoverage, 'watch'>;
  /** Told of each start, event and timer that an actor has handled, before anything that it emitted is carried out. */
  readonly handled?: Environment['handled'];
  /**
   * The only frames that may be delayed, lost, doubled or omitted, by name (`rm-1>fe-1#7`: the seventh from there to
   * there); all others take the least delay. For whoever makes a failing run smaller. Default: every frame may.
   */
  readonly rough?: readonly string[];
  /** Keeps the names of those that were (`roughFrames`). Default false. */
  readonly recordFates?: boolean;
}

const probability = v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0);
const delay = v.pipe(v.number(), v.minValue(0), v.maxValue(3_600_000));
const schema = v.object({
  seed: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 1)), 1),
  delay: v.optional(
    v.pipe(
      v.tuple([delay, delay]),
      v.check(([least, most]) => least <= most, 'the least delay is over the most'),
    ),
    [1, 3],
  ),
  loss: probability,
  duplicate: probability,
  faults: v.optional(v.array(v.string()), []),
  rough: v.optional(v.array(v.string())),
  recordFates: v.optional(v.boolean(), false),
});

export class Simulation<S extends AnyService> extends Cluster<S> {
  readonly seed: number;
  readonly #world: World;
  readonly #injector: Injector;
  /** Replica managers that a fault lets join. */
  readonly #joiners = new Set<NodeId>();
  #pumping = false;
  #sleepers = 0;

  constructor(service: S, resolved: ResolvedSettings, settings: v.InferOutput<typeof schema>, watchers: Watchers) {
    const { trace } = resolved;
    const world = new World(settings, trace === null ? null : { record: trace }, watchers);
    super(service, resolved, world);
    this.seed = settings.seed;
    this.#world = world;
    this.#injector = new Injector(world, {
      crash: (node) => this.nodes.get(node)?.crash('fault'),
      recover: (node) => this.#recover(node),
      join: (node) => this.joinReplica(node),
      leave: (node) => this.#told(node, groupActor(groupName(this.service.name)), 'leave', true),
      suspect: (node) => {
        for (const other of this.nodes.keys()) this.#told(other, detectorActor, 'mistake', { node });
      },
      watch: (node) => this.nodes.get(node)?.watchStates(),
    });
    world.called = () => this.#pump();
    for (const fault of settings.faults.map(parseFault)) if (fault.kind === 'join') this.#joiners.add(fault.node);
    for (const fault of settings.faults) this.inject(fault);
  }

  /** Virtual time, ms. */
  override get now(): number {
    return this.#world.clock.now();
  }

  /** What the network did to frames so far. */
  get network(): Readonly<NetworkCounts> {
    return this.#world.transport.counts;
  }

  /** Names of the frames that the network delayed, lost, doubled or omitted so far, where `recordFates` asks for them. */
  get roughFrames(): string[] {
    return this.#world.transport.roughFrames;
  }

  /** What a node keeps through its crashes. */
  diskOf(node: string): SimulatedDisk {
    return this.#world.storage(nodeId(node));
  }

  /** Replica managers that have begun to lie, equivocate or keep silent. */
  get byzantine(): readonly string[] {
    return [...this.#world.lies.keys()];
  }

  /** How many replies each of them altered or kept back so far. */
  get lies(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#world.lies);
  }

  /**
   * Adds a fault, in the words of docs/faults.md. One whose time has come, or that has none, strikes at once.
   * Errors: INPUT_INVALID.
   */
  inject(text: string): void {
    const fault = parseFault(text);
    for (const node of nodesOf(fault)) this.#known(text, fault, node);
    if ('message' in fault && this.#world.recorder === null) {
      throw new ChoraleError(
        'INPUT_INVALID',
        `The fault "${text}" is of a message as the trace names it, and nobody keeps a trace: give the setting "trace".`,
      );
    }
    this.#injector.inject(text, fault);
  }

  /**
   * Ends every fault that can end: partitions heal, nothing is lost, doubled, omitted or late any more, and what has not
   * struck yet never will. Who crashed stays down, and who lies goes on. Safety is tested under faults, liveness after them.
   */
  endFaults(): void {
    this.#injector.end();
  }

  /** Lets virtual time pass. */
  async advance(ms: number): Promise<void> {
    this.#sleepers += 1;
    await new Promise<void>((resolve) => {
      // Before whoever slept is awake: where nodes never rest, time would move on without end until then.
      const wake = (): void => {
        this.#sleepers -= 1;
        resolve();
      };
      this.#world.clock.setTimeout(wake, ms);
      this.#pump();
    });
  }

  /** Calls back at a time, or in the next step when that has gone by. */
  at(time: number, callback: () => void): void {
    this.#world.clock.at(time, callback);
  }

  /** ms, virtual: when something is due next; undefined where nothing is. */
  get nextDue(): number | undefined {
    return this.#world.clock.nextDue();
  }

  /** Leaves it to the caller to move time, by `step`, until the function returned is called. */
  drive(): () => void {
    this.#pumping = true;
    return () => {
      this.#pumping = false;
    };
  }

  /** Runs what is due next, and says whether there was anything. For those who drive the run themselves. */
  step(): boolean {
    return this.#world.clock.step();
  }

  /**
   * Runs on until every live node has sent, and seen acknowledged, all that it has to, also later, or for `limit` ms of virtual
   * time at most. Says whether it came to rest.
   */
  settle(limit = 60_000): boolean {
    const { clock } = this.#world;
    const deadline = clock.now() + limit;
    while (!this.resting) {
      const due = clock.nextDue();
      if (due === undefined || due > deadline) break;
      clock.step();
    }
    return this.resting;
  }

  protected override async drained(): Promise<void> {
    while (this.unsettled > 0) await this.advance(1);
  }

  /** Every live node has sent, and seen acknowledged, all that it has to. */
  get resting(): boolean {
    for (const node of this.nodes.values()) {
      // A master that has still to pass something on only waits for its time.
      if (!node.idle || (node.hosts('rm') && !node.recovers('rm') && node.snapshotOf('rm').hasTag('lagging')))
        return false;
    }
    return this.membership === 'static' || !this.#changing();
  }

  /** A view is about to end, or somebody is being sent the state: where nobody has it any more, nothing will come of that. */
  #changing(): boolean {
    const group = groupActor(groupName(this.service.name));
    const replicas = this.standing();
    if (!replicas.some(({ state }) => state === 'live')) return false;
    return replicas.some(({ node: id, state }) => {
      const node = this.nodes.get(id);
      return node !== undefined && (state !== 'live' || !node.snapshotOf(group).matches('following'));
    });
  }

  /** Moves virtual time while somebody waits for it. Whoever was answered gets its turn before time moves on. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const { defer } = realClock();
    const run = (): void => {
      while (this.unsettled > 0 || this.#sleepers > 0) {
        const before = this.unsettled + this.#sleepers;
        if (!this.#world.clock.step()) break;
        if (this.unsettled + this.#sleepers === before) continue;
        defer(run);
        return;
      }
      this.#pumping = false;
    };
    defer(run);
  }

  /** To an actor, if the node is there and has it. */
  #told(id: NodeId, actor: string, type: string, item: unknown): void {
    const node = this.nodes.get(id);
    if (node?.hosts(actor) === true) node.tell(actor, { type, from: address(id, 'fault'), items: [item] });
  }

  #recover(id: NodeId): void {
    if (!this.nodes.has(id)) this.restart(id);
  }

  #known(text: string, fault: Fault, node: NodeId): void {
    if (fault.kind === 'join') this.#joiners.add(fault.node);
    const refused = (hint: string): ChoraleError =>
      new ChoraleError('INPUT_INVALID', `The fault "${text}" names ${node}: ${hint}.`);
    const changes = this.membership === 'dynamic';
    if (!changes && (fault.kind === 'join' || fault.kind === 'leave' || fault.kind === 'suspect')) {
      throw refused(`its group is static, so nobody joins, leaves or is suspected`);
    }
    const struck = (fault.kind === 'crash' || fault.kind === 'recover') && fault.node === node;
    if (node === sequencerNode && struck) {
      throw refused('the sequencer of a static group cannot fail; that of a group with views is a member');
    }
    if (this.serves(node)) return;
    const replica = /^rm-([1-9]\d*)$/.exec(node);
    if (replica !== null && (Number(replica[1]) <= this.settings.replicas || this.#joiners.has(node))) return;
    if (/^fe-[1-9]\d*$/.test(node)) return; // a front end may come with a later client
    throw refused(`there are rm-1 to rm-${this.settings.replicas}, and fe-1, fe-2, … for the clients`);
  }
}

/**
 * Runs `service` in virtual time. The face is that of `start`: time moves while a call, `advance` or `close` waits.
 *
 * Errors: SETTINGS_INVALID, STYLE_UNSUITED, INPUT_INVALID (a fault).
 */
export function simulate<S extends AnyService, const Replication extends StyleName = 'active'>(
  service: S & Suits<S, Replication>,
  settings: SimulateSettings<Replication> = {},
): Simulation<S> {
  const { seed, delay, loss, duplicate, faults, rough, recordFates, coverage, handled, ...others } = settings;
  const own = parseSettings(schema, { seed, delay, loss, duplicate, faults, rough, recordFates });
  const resolved = resolveSettings({ frontEnds: 0, ...others }, service);
  return new Simulation<S>(service, resolved, own, { coverage, handled });
}
