/**
 * The network of a simulation: it delays, loses, doubles and reorders frames, and cuts the ways between nodes, as its
 * seed and the faults say. It never alters a frame.
 *
 * A frame that reaches the host of a node which is down is refused, as a host answers for a process that is gone; the
 * refusal travels back through the same bad network.
 *
 * The fate of a frame hangs on its name, `from>to#count`, and the seed alone. It is calm when the frame takes the least
 * time, and is neither lost, doubled nor omitted; a frame with any other fate is a rough one.
 */
import type { NodeId } from '../../machines/shared/identifiers.js';
import type { Clock } from '../clock/clock.js';
import type { Port, Transport, TransportHandlers } from '../transport/transport.js';
import { drawn, mixed, rootOf } from './fate.js';
import type { MessageName } from './faults.js';
import { type Flight, Flights } from './flights.js';
import { InForce } from './in-force.js';

export interface NetworkConditions {
  /** Least and most time of a frame on its way, ms. Frames overtake each other within it. */
  readonly delay: readonly [number, number];
  /** Probability that a frame is lost. */
  readonly loss: number;
  /** Probability that a frame arrives twice. */
  readonly duplicate: number;
}

export interface NetworkSettings extends NetworkConditions {
  readonly seed: number;
  /** The only frames that take their seeded fate, by name; all others are calm. Absent: every frame takes it. */
  readonly rough?: readonly string[] | undefined;
  /** Whether the names of rough frames are kept. */
  readonly recordFates?: boolean;
}

/** Somebody who can read frames, for the trace and for faults of one message. */
export interface Reader {
  /** Told of each copy of a frame that does not arrive. */
  lost(bytes: Uint8Array, why: 'loss' | 'partition' | 'omission' | 'fault'): void;
  carries(bytes: Uint8Array, message: MessageName): boolean;
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

/** One direction between two nodes. */
interface Way {
  readonly name: string;
  readonly root: number;
  frames: number;
}

/** A frame under way. */
interface Sent {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly bytes: Uint8Array;
  /** Of the sender. */
  readonly incarnation: number;
  /** Of all that is drawn for this frame. */
  readonly root: number;
  readonly calm: boolean;
  readonly way: Way;
  readonly count: number;
}

/** Places below a frame's root. A leg is a copy of the frame on its way (0 and 2), or the refusal of that copy (1 and 3). */
const OMIT_SEND = 0;
const DUPLICATE = 1;
const OMIT_RECEIVE = 2;
const LOSS = 3;
const DELAY = 4;
const placeOn = (leg: number, what: number): number => what + leg * 3;
const isRefusal = (leg: number): boolean => leg % 2 === 1;

export class SimulatedNetwork implements Transport {
  readonly counts: NetworkCounts = { frames: 0, bytes: 0, lost: 0, duplicated: 0, blocked: 0, omitted: 0, refused: 0 };
  readonly #clock: Clock;
  readonly #reader: Reader | null;
  readonly #seed: number;
  readonly #rough: ReadonlySet<string> | null;
  readonly #recorded: Set<string> | null;
  /** The conditions without those that faults put in force. */
  #base: NetworkConditions;
  #conditions: NetworkConditions;
  readonly #changes = new Set<Partial<NetworkConditions>>();
  readonly #open = new Map<NodeId, Open>();
  readonly #ended = new Map<NodeId, number>();
  readonly #ways = new Map<string, Way>();
  readonly #cuts = new InForce<string, true>();
  readonly #omitSend = new InForce<NodeId, number>();
  readonly #omitReceive = new InForce<NodeId, number>();
  readonly #slow = new InForce<NodeId, number>();
  /** Copies of frames, not of refusals. */
  readonly #flights: Flights;

  /** `reader`: only where a trace is kept, for it alone gives messages their ids. */
  constructor(clock: Clock, settings: NetworkSettings, reader: Reader | null = null) {
    const { seed, rough, recordFates, delay, loss, duplicate } = settings;
    this.#clock = clock;
    this.#reader = reader;
    this.#seed = seed;
    this.#rough = rough === undefined ? null : new Set(rough);
    this.#recorded = recordFates === true ? new Set() : null;
    this.#base = { delay, loss, duplicate };
    this.#conditions = this.#base;
    this.#flights = new Flights({
      clock,
      carries: (bytes, message) => reader?.carries(bytes, message) === true,
      least: (flight) => this.#slownessOf(flight) * this.#conditions.delay[0],
    });
  }

  /** Names of the frames that had a rough fate so far, in the order in which it showed. */
  get roughFrames(): string[] {
    return [...(this.#recorded ?? [])];
  }

  /** Until the function returned is called. What was changed last counts. */
  change(conditions: Partial<NetworkConditions>): () => void {
    const change = { ...conditions };
    this.#changes.add(change);
    this.#weigh();
    return () => {
      if (this.#changes.delete(change)) this.#weigh();
    };
  }

  /** Cuts one direction until the function returned is called. */
  cut(from: NodeId, to: NodeId): () => void {
    return this.#cuts.set(`${from}>${to}`, true);
  }

  /** The node fails to send, or to receive, each frame with this probability, until the function returned is called. */
  omit(direction: 'send' | 'receive', node: NodeId, probability: number): () => void {
    return (direction === 'send' ? this.#omitSend : this.#omitReceive).set(node, probability);
  }

  /** Frames from and to the node take this many times as long, until the function returned is called. */
  slow(node: NodeId, factor: number): () => void {
    return this.#slow.set(node, factor);
  }

  /** Loses each copy of the message that is under way. */
  lose(message: MessageName): void {
    for (const { bytes } of this.#flights.takeOut(message)) {
      this.counts.lost += 1;
      this.#reader?.lost(bytes, 'fault');
    }
  }

  /** Keeps each copy of the message, those under way among them, until the function returned is called. */
  hold(message: MessageName): () => void {
    return this.#flights.hold(message);
  }

  /** From now on nothing is lost, doubled, omitted, held, cut or slowed, unless it is asked for anew. */
  calm(): void {
    this.#base = { ...this.#base, loss: 0, duplicate: 0 };
    this.#changes.clear();
    this.#weigh();
    for (const faults of [this.#cuts, this.#omitSend, this.#omitReceive, this.#slow]) faults.clear();
    this.#flights.releaseAll();
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

  #weigh(): void {
    this.#conditions = Object.assign({}, this.#base, ...this.#changes);
  }

  #wayFrom(from: NodeId, to: NodeId): Way {
    const name = `${from}>${to}`;
    let way = this.#ways.get(name);
    if (way === undefined) {
      way = { name, root: rootOf(this.#seed, name), frames: 0 };
      this.#ways.set(name, way);
    }
    return way;
  }

  #send(from: NodeId, to: NodeId, bytes: Uint8Array, incarnation: number): void {
    this.counts.frames += 1;
    this.counts.bytes += bytes.length;
    const way = this.#wayFrom(from, to);
    way.frames += 1;
    const count = way.frames;
    const calm = this.#rough !== null && !this.#rough.has(`${way.name}#${count}`);
    const frame: Sent = { from, to, bytes, incarnation, root: mixed(way.root, count), calm, way, count };
    if (this.#happens(frame, OMIT_SEND, this.#omitSend.get(from) ?? 0)) {
      this.counts.omitted += 1;
      this.#reader?.lost(bytes, 'omission');
      return;
    }
    this.#travel(frame, 0, way.name, () => this.#arrive(frame, 0));
    if (this.#happens(frame, DUPLICATE, this.#conditions.duplicate)) {
      this.counts.duplicated += 1;
      this.#travel(frame, 2, way.name, () => this.#arrive(frame, 2));
    }
  }

  #travel(frame: Sent, leg: number, way: string, arrive: () => void): void {
    if (this.#happens(frame, placeOn(leg, LOSS), this.#conditions.loss)) {
      this.counts.lost += 1;
      if (!isRefusal(leg)) this.#reader?.lost(frame.bytes, 'loss');
      return;
    }
    const land = (): void => {
      // A partition takes what is on its way as well as what is sent later.
      if (this.#cuts.get(way) === true) {
        this.counts.blocked += 1;
        if (!isRefusal(leg)) this.#reader?.lost(frame.bytes, 'partition');
      } else arrive();
    };
    const delay = this.#slownessOf(frame) * this.#delay(frame, placeOn(leg, DELAY));
    if (isRefusal(leg)) this.#clock.setTimeout(land, delay);
    else this.#flights.fly({ from: frame.from, to: frame.to, bytes: frame.bytes, land, timer: null }, delay);
  }

  #slownessOf({ from, to }: Pick<Flight, 'from' | 'to'>): number {
    return (this.#slow.get(from) ?? 1) * (this.#slow.get(to) ?? 1);
  }

  #arrive(frame: Sent, leg: number): void {
    const { from, to, bytes, incarnation } = frame;
    if (this.#happens(frame, placeOn(leg, OMIT_RECEIVE), this.#omitReceive.get(to) ?? 0)) {
      this.counts.omitted += 1;
      this.#reader?.lost(bytes, 'omission');
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
    this.#travel(frame, leg + 1, `${to}>${from}`, () => {
      const sender = this.#open.get(from);
      if (sender?.incarnation === incarnation) sender.handlers.refused(to, ended);
    });
  }

  #happens(frame: Sent, place: number, probability: number): boolean {
    if (frame.calm || probability <= 0 || (probability < 1 && drawn(frame.root, place) >= probability)) return false;
    this.#note(frame);
    return true;
  }

  #delay(frame: Sent, place: number): number {
    const [least, most] = this.#conditions.delay;
    if (frame.calm || most <= least) return least;
    this.#note(frame);
    return least + drawn(frame.root, place) * (most - least);
  }

  #note({ way, count }: Sent): void {
    this.#recorded?.add(`${way.name}#${count}`);
  }
}
