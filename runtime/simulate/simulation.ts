/**
 * simulate(): a cluster in virtual time, on a seeded network, with faults. The same seed and the same calls give the same
 * trace, byte for byte.
 */
import * as v from 'valibot';
import type { AnyStateMachine } from 'xstate';
import type { Message } from '../../machines/shared/effects.js';
import { type Address, type NodeId, sessionId } from '../../machines/shared/identifiers.js';
import type { Phase } from '../../machines/shared/phases.js';
import { realClock } from '../clock/real.js';
import { VirtualClock } from '../clock/virtual.js';
import { Cluster, sequencerNode } from '../cluster/cluster.js';
import { type ClusterSettings, parseSettings, type ResolvedSettings, resolveSettings } from '../cluster/settings.js';
import type { StyleName } from '../cluster/styles.js';
import type { Suits } from '../cluster/suits.js';
import type { ChartCoverage } from '../coverage/coverage.js';
import { ChoraleError } from '../errors.js';
import type { AnyService } from '../service/index.js';
import type { Recorder } from '../trace/format.js';
import { type Fault, parseFault } from './faults.js';
import { type Byzantine, corrupted } from './lies.js';
import { type NetworkCounts, SimulatedNetwork } from './network.js';
import { random } from './random.js';

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
});

/** A fault that waits for a node to enter a phase for the count-th time. */
interface Trap {
  readonly node: NodeId;
  readonly phase: Phase;
  left: number;
  readonly strike: () => void;
}

/** What a simulated cluster runs in. Made before the cluster, which it then needs to know to strike it. */
class World {
  readonly clock = new VirtualClock();
  readonly transport: SimulatedNetwork;
  readonly recorder: Recorder | null;
  readonly liars = new Map<NodeId, Byzantine>();
  /** Replies that each liar altered or kept back. */
  readonly lies = new Map<NodeId, number>();
  readonly traps: Trap[] = [];
  readonly #seeds;
  readonly #sessions = new Map<string, number>();
  #lies = 0;
  called: () => void = () => {};
  readonly watch?: (machine: AnyStateMachine) => void;

  constructor(
    settings: v.InferOutput<typeof schema>,
    recorder: Recorder | null,
    coverage: SimulateSettings['coverage'] | undefined,
  ) {
    this.recorder = recorder;
    if (coverage !== undefined) this.watch = (machine) => coverage.watch(machine);
    this.transport = new SimulatedNetwork(this.clock, random(settings.seed, 'network'), settings);
    this.#seeds = random(settings.seed, 'requests');
  }

  readonly seed = (): number => this.#seeds.int(0, 2 ** 32 - 1);

  readonly newSession = (client: string) => {
    const count = (this.#sessions.get(client) ?? 0) + 1;
    this.#sessions.set(client, count);
    return sessionId(count === 1 ? client : `${client}~${count}`);
  };

  readonly phase = (node: NodeId, phase: Phase): void => {
    for (const trap of [...this.traps]) {
      if (trap.node !== node || trap.phase !== phase) continue;
      trap.left -= 1;
      if (trap.left > 0) continue;
      this.traps.splice(this.traps.indexOf(trap), 1);
      trap.strike();
    }
  };

  readonly outgoing = (node: NodeId, to: Address, message: Message): Message | null => {
    const behaviour = this.liars.get(node);
    if (behaviour === undefined) return message;
    this.#lies += 1;
    if (message.type === 'replies') this.lies.set(node, (this.lies.get(node) ?? 0) + message.items.length);
    return corrupted(behaviour, to, message, this.#lies);
  };
}

export class Simulation<S extends AnyService> extends Cluster<S> {
  readonly seed: number;
  readonly #world: World;
  readonly #incarnations = new Map<NodeId, number>();
  #pumping = false;
  #sleepers = 0;

  constructor(
    service: S,
    resolved: ResolvedSettings,
    settings: v.InferOutput<typeof schema>,
    coverage?: SimulateSettings['coverage'],
  ) {
    const { trace } = resolved;
    const world = new World(settings, trace === null ? null : { record: trace }, coverage);
    super(service, resolved, world);
    this.seed = settings.seed;
    this.#world = world;
    world.called = () => this.#pump();
    for (const fault of settings.faults) this.inject(fault);
  }

  /** Virtual time, ms. */
  get now(): number {
    return this.#world.clock.now();
  }

  /** What the network did to frames so far. */
  get network(): Readonly<NetworkCounts> {
    return this.#world.transport.counts;
  }

  /** Replica managers that lie, equivocate or keep silent. */
  get byzantine(): readonly string[] {
    return [...this.#world.liars.keys()];
  }

  /** How many replies each of them altered or kept back so far. */
  get lies(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#world.liars.keys()].map((node) => [node, this.#world.lies.get(node) ?? 0]));
  }

  /**
   * Adds a fault, in the words of docs/faults.md. One whose time has come, or that has none, strikes at once.
   * Errors: INPUT_INVALID.
   */
  inject(text: string): void {
    const fault = parseFault(text);
    for (const node of nodesOf(fault)) this.#known(text, fault, node);
    switch (fault.kind) {
      case 'crash':
      case 'recover': {
        const strike = (): void => this.#strikeNode(fault.kind, fault.node);
        const { when } = fault;
        if ('phase' in when) this.#world.traps.push({ node: fault.node, phase: when.phase, left: when.count, strike });
        else this.#strikeAt(when.at, strike);
        return;
      }
      case 'partition':
        this.#strikeAt(fault.start, () => this.#part(text, fault));
        return;
      default:
        this.#change(fault);
        this.#record(text);
    }
  }

  /** Lets virtual time pass. */
  async advance(ms: number): Promise<void> {
    this.#sleepers += 1;
    await new Promise<void>((resolve) => {
      this.#world.clock.setTimeout(resolve, ms);
      this.#pump();
    });
    this.#sleepers -= 1;
  }

  /** Calls back at a time, or in the next step when that has gone by. */
  at(time: number, callback: () => void): void {
    this.#world.clock.setTimeout(callback, Math.max(0, time - this.now));
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
   * Runs on until every live node has sent, and seen acknowledged, all that it has to, or for `limit` ms of virtual
   * time at most. Says whether it came to rest.
   */
  settle(limit = 60_000): boolean {
    const { clock } = this.#world;
    const deadline = clock.now() + limit;
    while (!this.#resting()) {
      const due = clock.nextDue();
      if (due === undefined || due > deadline) break;
      clock.step();
    }
    return this.#resting();
  }

  protected override async drained(): Promise<void> {
    while (this.unsettled > 0) await this.advance(1);
  }

  #resting(): boolean {
    for (const node of this.nodes.values()) if (!node.idle) return false;
    return true;
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

  #strikeAt(time: number, strike: () => void): void {
    if (time <= this.now) strike();
    else this.at(time, strike);
  }

  #record(fault: string): void {
    const { clock, recorder } = this.#world;
    recorder?.record({ t: clock.now(), node: 'network', kind: 'fault', fault });
  }

  #strikeNode(kind: 'crash' | 'recover', node: NodeId): void {
    if (kind === 'crash') this.nodes.get(node)?.crash('fault');
    else this.#recover(node);
  }

  #change(fault: Exclude<Fault, { kind: 'partition' | 'crash' | 'recover' }>): void {
    const { transport: network, liars } = this.#world;
    switch (fault.kind) {
      case 'lie':
      case 'equivocate':
      case 'silent':
        liars.set(fault.node, fault);
        return;
      case 'omit-send':
      case 'omit-receive':
        network.omit(fault.kind === 'omit-send' ? 'send' : 'receive', fault.node, fault.probability);
        return;
      case 'loss':
        network.change({ loss: fault.probability });
        return;
      case 'duplicate':
        network.change({ duplicate: fault.probability });
        return;
      case 'delay':
        network.change({ delay: [fault.least, fault.most] });
    }
  }

  #part(text: string, fault: Fault & { kind: 'partition' }): void {
    const { transport: network } = this.#world;
    const heals = fault.from.flatMap((a) =>
      fault.to.flatMap((b) => (fault.oneWay ? [network.cut(a, b)] : [network.cut(a, b), network.cut(b, a)])),
    );
    this.#record(text);
    if (fault.end === null) return;
    this.at(fault.end, () => {
      for (const heal of heals) heal();
      this.#record(`${text} heals`);
    });
  }

  #recover(id: NodeId): void {
    if (this.nodes.has(id)) return;
    const incarnation = (this.#incarnations.get(id) ?? 1) + 1;
    this.#incarnations.set(id, incarnation);
    if (id.startsWith('fe-')) this.restartFrontEnd(id, incarnation);
    else this.startReplica(id, incarnation);
    const { clock, recorder } = this.#world;
    recorder?.record({ t: clock.now(), node: id, kind: 'recovered', incarnation });
    this.recovered(id, incarnation);
  }

  #known(text: string, fault: Fault, node: NodeId): void {
    if (node === sequencerNode && fault.kind !== 'crash' && fault.kind !== 'recover') return;
    const replica = /^rm-([1-9]\d*)$/.exec(node);
    if (replica !== null && Number(replica[1]) <= this.settings.replicas) return;
    if (/^fe-[1-9]\d*$/.test(node)) return; // a front end may come with a later client
    const hint =
      node === sequencerNode
        ? 'the sequencer cannot fail yet: its crash comes with dynamic groups'
        : `there are rm-1 to rm-${this.settings.replicas}, and fe-1, fe-2, … for the clients`;
    throw new ChoraleError('INPUT_INVALID', `The fault "${text}" names ${node}: ${hint}.`);
  }
}

function nodesOf(fault: Fault): readonly NodeId[] {
  if (fault.kind === 'partition') return [...fault.from, ...fault.to];
  return 'node' in fault ? [fault.node] : [];
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
  const { seed, delay, loss, duplicate, faults, coverage, ...others } = settings;
  const own = parseSettings(schema, { seed, delay, loss, duplicate, faults });
  const resolved = resolveSettings({ frontEnds: 0, ...others }, service);
  return new Simulation<S>(service, resolved, own, coverage);
}
