/**
 * A node's way to its peers: collects what is bound for each of them during a tick, gives each link one frame of it at the
 * end of the tick, and hands in what arrives. A link to a peer comes to be when it is first needed.
 */
import type { NodeId } from '../../machines/shared/identifiers.js';
import type { Clock } from '../clock/clock.js';
import { ChoraleError } from '../errors.js';
import type { Port, Transport } from '../transport/transport.js';
import type { Codec } from './codec.js';
import type { CounterName } from './counters.js';
import { decodeFrame, type Frame, type WireMessage } from './frame.js';
import { type Breakage, Link, type LinkOwner } from './link.js';
import type { LinkSettings } from './link-settings.js';
import { halves, Outbox, type Outgoing } from './outbox.js';

/** The node, as its router sees it. */
export interface RouterOwner {
  count(name: CounterName, by?: number): void;
  /** Whether one of these brings an actor new work. */
  bringsWork(messages: readonly WireMessage[]): boolean;
  received(from: NodeId, incarnation: number, message: WireMessage): void;
  /** The same of a message that the network may lose. */
  signalled(from: NodeId, message: WireMessage): void;
  /** Gives the message its count in the trace. */
  numbered(): number;
  sent(to: NodeId, message: Outgoing, count: number): void;
  /** One frame with these messages has left. */
  left(messages: readonly Outgoing[]): void;
  gone(node: NodeId, incarnation: number): void;
  /** Something was dropped, and why; `peer` is the other end. */
  dropped(reason: string, count: number, error: ChoraleError): void;
  congestion(congested: boolean): void;
  /** All that a call from outside brought has been handed in. */
  arrived(): void;
}

export interface RouterSettings {
  readonly id: NodeId;
  readonly incarnation: number;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly codec: Codec;
  readonly link: LinkSettings;
}

/** Items for one peer that do not wait for the end of the tick: a tick may be long, and its frame must not be (CH-3). */
const EARLY_FLUSH = 4096;

export class Router implements LinkOwner {
  readonly id: NodeId;
  readonly incarnation: number;
  readonly clock: Clock;
  readonly codec: Codec;
  readonly #owner: RouterOwner;
  readonly #settings: LinkSettings;
  readonly #links = new Map<NodeId, Link>();
  readonly #outboxes = new Map<NodeId, Outbox>();
  readonly #congested = new Set<Link>();
  #port: Port | null;
  #flushing = false;

  constructor(owner: RouterOwner, settings: RouterSettings) {
    this.#owner = owner;
    this.id = settings.id;
    this.incarnation = settings.incarnation;
    this.clock = settings.clock;
    this.codec = settings.codec;
    this.#settings = settings.link;
    this.#port = settings.transport.open(settings.id, settings.incarnation, {
      frame: (from, bytes) => this.#frame(from, bytes),
      refused: (peer, incarnation) => {
        if (this.#port === null) return;
        this.#link(peer).refused(incarnation);
        owner.arrived();
      },
    });
  }

  /** A peer does not keep up: no more work should be taken on. */
  get congested(): boolean {
    return this.#congested.size > 0;
  }

  /** Nothing waits to be sent or acknowledged. */
  get idle(): boolean {
    if (this.#outboxes.size > 0) return false;
    for (const link of this.#links.values()) if (!link.idle) return false;
    return true;
  }

  /** This incarnation of the peer is known to have been there. */
  learn(peer: NodeId, incarnation: number): void {
    if (this.#port !== null && peer !== this.id) this.#link(peer).learn(incarnation);
  }

  /** Sends at the end of this tick. */
  post(to: NodeId, message: Outgoing): void {
    if (this.#port === null) return;
    let outbox = this.#outboxes.get(to);
    if (outbox === undefined) {
      outbox = new Outbox();
      this.#outboxes.set(to, outbox);
    }
    outbox.add(message);
    if (outbox.items >= EARLY_FLUSH) {
      this.#outboxes.delete(to);
      this.#flush(to, outbox);
    } else if (!this.#flushing) {
      this.#flushing = true;
      this.clock.defer(this.#endOfTick);
    }
  }

  /** Sends at once, and once: what becomes of it nobody learns. */
  cast(to: NodeId, message: WireMessage): void {
    if (this.#port !== null) this.#link(to).cast(message);
  }

  close(): void {
    this.#port?.close();
    this.#port = null;
    this.#outboxes.clear();
    for (const link of this.#links.values()) link.close();
  }

  transmit(to: NodeId, bytes: Uint8Array): void {
    this.#port?.send(to, bytes);
  }

  count(name: CounterName, by?: number): void {
    this.#owner.count(name, by);
  }

  accepts(messages: readonly WireMessage[]): boolean {
    return !this.congested || !this.#owner.bringsWork(messages);
  }

  deliver(from: NodeId, incarnation: number, message: WireMessage): void {
    this.#owner.received(from, incarnation, message);
  }

  signal(from: NodeId, message: WireMessage): void {
    this.#owner.signalled(from, message);
  }

  gone(peer: NodeId, incarnation: number): void {
    this.#owner.gone(peer, incarnation);
  }

  congestion(link: Link): void {
    const before = this.congested;
    if (link.congested) this.#congested.add(link);
    else this.#congested.delete(link);
    if (this.congested !== before) this.#owner.congestion(this.congested);
  }

  malformed(peer: NodeId, why: string): void {
    this.#reject('frames.malformed', peer, new ChoraleError('MESSAGE_MALFORMED', why));
  }

  broken(peer: NodeId, incarnation: number, why: Breakage, messages: number): void {
    const reasons = { behind: 'is too far behind', silent: 'has been silent for too long', refused: 'has ended' };
    const error = new ChoraleError(
      'LINK_BROKEN',
      `The link from ${this.id} to ${peer} is broken: incarnation ${incarnation} ${reasons[why]}. ` +
        `${messages} messages are discarded, and so are later ones until ${peer} starts again.`,
      { details: { peer, incarnation, why, messages } },
    );
    this.#owner.dropped('link broken', messages, error);
  }

  #link(peer: NodeId): Link {
    let link = this.#links.get(peer);
    if (link === undefined) {
      link = new Link(peer, this, this.#settings);
      this.#links.set(peer, link);
    }
    return link;
  }

  readonly #endOfTick = (): void => {
    this.#flushing = false;
    const outboxes = [...this.#outboxes];
    this.#outboxes.clear();
    for (const [to, outbox] of outboxes) this.#flush(to, outbox);
    this.#owner.arrived();
  };

  #flush(to: NodeId, outbox: Outbox): void {
    const link = this.#link(to);
    for (const frame of outbox.frames) this.#send(link, frame);
  }

  /** In one frame if it can be: one that is too large, or holds what cannot be encoded, is sent in halves. */
  #send(link: Link, messages: readonly Outgoing[]): void {
    if (this.#port === null) return; // the frame before was the occasion of a crash
    const wire = messages.map((message) => ({ ...message, count: this.#owner.numbered() }));
    try {
      const sent = link.send(wire, () => {
        for (const [i, message] of messages.entries()) this.#owner.sent(link.peer, message, wire[i]?.count ?? 0);
      });
      if (sent) this.#owner.left(messages);
      else this.#owner.count('messages.broken', messages.length);
    } catch (error) {
      if (!(error instanceof ChoraleError)) throw error;
      for (const half of halves(messages)) this.#send(link, half);
      if (halves(messages).length === 0) this.#unencodable(link.peer, messages, error);
    }
  }

  #unencodable(peer: NodeId, messages: readonly Outgoing[], error: ChoraleError): void {
    const type = messages[0]?.type ?? '';
    this.#owner.count('messages.unencodable');
    this.#owner.dropped(
      'unencodable',
      1,
      new ChoraleError(
        error.code,
        `An item of a ${type} message from ${this.id} to ${peer} was not sent: ${error.message}`,
        {
          cause: error,
          details: { peer, type },
        },
      ),
    );
  }

  #frame(from: NodeId, bytes: Uint8Array): void {
    if (this.#port === null) return;
    this.#owner.count('frames.received');
    let frame: Frame | null;
    try {
      frame = decodeFrame(this.codec, bytes);
    } catch (error) {
      if (!(error instanceof ChoraleError)) throw error;
      const large = error.code === 'MESSAGE_TOO_LARGE';
      this.#reject(large ? 'frames.tooLarge' : 'frames.malformed', from, error);
      return;
    }
    if (frame === null || frame.source !== from || from === this.id || frame.destination !== this.id) {
      this.malformed(from, 'it is no frame from there to here');
      return;
    }
    this.#link(from).receive(frame, bytes.length);
    this.#owner.arrived();
  }

  #reject(name: CounterName, peer: NodeId, error: ChoraleError): void {
    this.#owner.count(name);
    const sentence = `A frame from ${peer} to ${this.id} was rejected: ${error.message}`;
    this.#owner.dropped(name, 1, new ChoraleError(error.code, sentence, { cause: error.cause, details: { peer } }));
  }
}
