/**
 * The network of a simulation: it delays, loses, doubles and reorders frames, and cuts the ways between nodes, as its
 * seed and the faults say. It never alters a frame.
 *
 * A frame that reaches the host of a node which is down is refused, as a host answers for a process that is gone; the
 * refusal travels back through the same bad network.
 */
import type { NodeId } from '../../machines/shared/identifiers.js';
import type { Clock } from '../clock/clock.js';
import type { Port, Transport, TransportHandlers } from '../transport/transport.js';
import type { Random } from './random.js';

export interface NetworkConditions {
  /** Least and most time of a frame on its way, ms. Frames overtake each other within it. */
  readonly delay: readonly [number, number];
  /** Probability that a frame is lost. */
  readonly loss: number;
  /** Probability that a frame arrives twice. */
  readonly duplicate: number;
}

interface Open {
  readonly incarnation: number;
  readonly handlers: TransportHandlers;
}

export interface NetworkCounts {
  frames: number;
  bytes: number;
  lost: number;
  duplicated: number;
  blocked: number;
  omitted: number;
  refused: number;
}

export class SimulatedNetwork implements Transport {
  readonly counts: NetworkCounts = { frames: 0, bytes: 0, lost: 0, duplicated: 0, blocked: 0, omitted: 0, refused: 0 };
  readonly #clock: Clock;
  readonly #random: Random;
  #conditions: NetworkConditions;
  readonly #open = new Map<NodeId, Open>();
  readonly #ended = new Map<NodeId, number>();
  /** How many partitions cut the way from one node to another now: `from>to` → count. */
  readonly #cuts = new Map<string, number>();
  readonly #omitSend = new Map<NodeId, number>();
  readonly #omitReceive = new Map<NodeId, number>();

  constructor(clock: Clock, random: Random, conditions: NetworkConditions) {
    this.#clock = clock;
    this.#random = random;
    this.#conditions = conditions;
  }

  change(conditions: Partial<NetworkConditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions };
  }

  /** Cuts one direction until the function returned is called. */
  cut(from: NodeId, to: NodeId): () => void {
    const way = `${from}>${to}`;
    this.#cuts.set(way, (this.#cuts.get(way) ?? 0) + 1);
    let healed = false;
    return () => {
      if (healed) return;
      healed = true;
      const left = (this.#cuts.get(way) ?? 1) - 1;
      if (left === 0) this.#cuts.delete(way);
      else this.#cuts.set(way, left);
    };
  }

  /** From now on the node fails to send, or to receive, each frame with this probability. */
  omit(direction: 'send' | 'receive', node: NodeId, probability: number): void {
    (direction === 'send' ? this.#omitSend : this.#omitReceive).set(node, probability);
  }

  open(node: NodeId, incarnation: number, handlers: TransportHandlers): Port {
    const open: Open = { incarnation, handlers };
    this.#open.set(node, open);
    return {
      send: (to, bytes) => this.#send(node, to, bytes, incarnation),
      close: () => {
        if (this.#open.get(node) !== open) return;
        this.#open.delete(node);
        this.#ended.set(node, incarnation);
      },
    };
  }

  #send(from: NodeId, to: NodeId, bytes: Uint8Array, incarnation: number): void {
    this.counts.frames += 1;
    this.counts.bytes += bytes.length;
    if (this.#random.chance(this.#omitSend.get(from) ?? 0)) {
      this.counts.omitted += 1;
      return;
    }
    this.#travel(from, to, () => this.#arrive(from, to, bytes, incarnation));
    if (this.#random.chance(this.#conditions.duplicate)) {
      this.counts.duplicated += 1;
      this.#travel(from, to, () => this.#arrive(from, to, bytes, incarnation));
    }
  }

  #travel(from: NodeId, to: NodeId, arrive: () => void): void {
    if (this.#random.chance(this.#conditions.loss)) {
      this.counts.lost += 1;
      return;
    }
    const [least, most] = this.#conditions.delay;
    const delay = most > least ? least + this.#random.float() * (most - least) : least;
    this.#clock.setTimeout(() => {
      // A partition takes what is on its way as well as what is sent later.
      if (this.#cuts.has(`${from}>${to}`)) this.counts.blocked += 1;
      else arrive();
    }, delay);
  }

  #arrive(from: NodeId, to: NodeId, bytes: Uint8Array, incarnation: number): void {
    if (this.#random.chance(this.#omitReceive.get(to) ?? 0)) {
      this.counts.omitted += 1;
      return;
    }
    const open = this.#open.get(to);
    if (open !== undefined) {
      open.handlers.frame(from, bytes);
      return;
    }
    const ended = this.#ended.get(to);
    if (ended === undefined) return;
    this.counts.refused += 1;
    this.#travel(to, from, () => {
      const sender = this.#open.get(from);
      if (sender?.incarnation === incarnation) sender.handlers.refused(to, ended);
    });
  }
}
