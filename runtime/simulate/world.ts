/**
 * What a simulated cluster runs in: virtual time, the bad network, a clock for each node, and what faults need to reach
 * into them. Made before the cluster.
 */
import type { AnyStateMachine } from 'xstate';
import type { Message } from '../../machines/shared/effects.js';
import { type Address, type NodeId, sessionId } from '../../machines/shared/identifiers.js';
import { codec } from '../actors/codec.js';
import { decodeFrame } from '../actors/frame.js';
import { VirtualClock } from '../clock/virtual.js';
import type { Environment } from '../cluster/environment.js';
import type { ChartCoverage } from '../coverage/coverage.js';
import type { Recorder } from '../trace/format.js';
import { SimulatedDisk } from './disk.js';
import { rootOf } from './fate.js';
import { InForce } from './in-force.js';
import { type Byzantine, corrupted } from './lies.js';
import { type NetworkSettings, type Reader, SimulatedNetwork } from './network.js';
import { NodeClock } from './node-clock.js';
import { random } from './random.js';
import { Traps } from './traps.js';

/** Who looks at what the actors do. */
export interface Watchers {
  readonly coverage: Pick<ChartCoverage, 'watch'> | undefined;
  readonly handled: Environment['handled'];
}

export class World implements Environment {
  readonly clock = new VirtualClock();
  readonly transport: SimulatedNetwork;
  readonly recorder: Recorder | null;
  readonly traps = new Traps();
  readonly liars = new InForce<NodeId, Byzantine>();
  /** Replies that each liar altered or kept back, for all that ever lied. */
  readonly lies = new Map<NodeId, number>();
  readonly #disks = new Map<NodeId, SimulatedDisk>();
  readonly #seed: number;
  readonly #clocks = new Map<NodeId, NodeClock>();
  readonly #seeds;
  readonly #sessions = new Map<string, number>();
  #lies = 0;
  called: () => void = () => {};
  readonly watch?: (machine: AnyStateMachine) => void;
  readonly handled?: Environment['handled'];

  constructor(settings: NetworkSettings, recorder: Recorder | null, { coverage, handled }: Watchers) {
    this.recorder = recorder;
    if (coverage !== undefined) this.watch = (machine) => coverage.watch(machine);
    if (handled !== undefined) this.handled = handled;
    this.#seed = settings.seed;
    this.transport = new SimulatedNetwork(this.clock, settings, recorder === null ? null : this.#reader());
    this.#seeds = random(settings.seed, 'requests');
  }

  readonly seed = (): number => this.#seeds.int(0, 2 ** 32 - 1);

  readonly newSession = (client: string) => {
    const count = (this.#sessions.get(client) ?? 0) + 1;
    this.#sessions.set(client, count);
    return sessionId(count === 1 ? client : `${client}~${count}`);
  };

  /** The node's own, through all its incarnations. */
  readonly clockOf = (node: NodeId): NodeClock => {
    let clock = this.#clocks.get(node);
    if (clock === undefined) {
      clock = new NodeClock(this.clock);
      this.#clocks.set(node, clock);
    }
    return clock;
  };

  /** The node's own, through all its incarnations. */
  readonly storage = (node: NodeId): SimulatedDisk => {
    let disk = this.#disks.get(node);
    if (disk === undefined) {
      disk = new SimulatedDisk(this.clock, rootOf(this.#seed, `disk ${node}`));
      this.#disks.set(node, disk);
    }
    return disk;
  };

  readonly crashed = (node: NodeId): void => this.#disks.get(node)?.crash();

  readonly happened = (node: NodeId, event: string): void => this.traps.happened(node, event);

  readonly watched = (node: NodeId): boolean => this.traps.watches(node);

  readonly moved = (node: NodeId, actor: string, before: string, after: string): void =>
    this.traps.moved(node, actor, before, after);

  readonly outgoing = (node: NodeId, to: Address, message: Message): Message | null => {
    const behaviour = this.liars.get(node);
    if (behaviour === undefined) return message;
    this.#lies += 1;
    if (message.type === 'replies') this.lies.set(node, (this.lies.get(node) ?? 0) + message.items.length);
    return corrupted(behaviour, to, message, this.#lies);
  };

  /** Ends what faults did to the network, to clocks and to disks. */
  mend(): void {
    this.transport.calm();
    this.traps.clear();
    for (const clock of this.#clocks.values()) clock.mend();
    for (const disk of this.#disks.values()) disk.mend();
  }

  /** What is in the frames: of those that do not arrive the trace tells. */
  #reader(): Reader {
    const wire = codec({ limit: Number.POSITIVE_INFINITY });
    return {
      carries: (bytes, { node, incarnation, count }) => {
        const frame = decodeFrame(wire, bytes);
        if (frame?.source !== node || frame.sourceIncarnation !== incarnation) return false;
        return frame.messages.some((message) => message.count === count);
      },
      lost: (bytes, why) => {
        const frame = decodeFrame(wire, bytes);
        if (frame === null) return; // nobody would have understood it
        const { source, sourceIncarnation, destination, messages } = frame;
        const t = this.clock.now();
        for (const { count, from, to, type } of messages) {
          if (count === 0) continue; // a signal: the trace does not have it
          const id = `${source}:${sourceIncarnation}:${count}`;
          const address = `${destination}/${to}`;
          this.recorder?.record({ t, node: source, actor: from, kind: 'lost', id, to: address, type, why });
        }
      },
    };
  }

  recordFault(fault: string): void {
    this.recorder?.record({ t: this.clock.now(), node: 'network', kind: 'fault', fault });
  }
}
