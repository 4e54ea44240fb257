/**
 * One node's end of its link to one peer: every message exactly once between two incarnations, though the network loses,
 * doubles, delays and reorders frames (CH-1). `fifo` messages wait for the gap before them to close, `unordered` ones do not.
 *
 * An incarnation that is over is never spoken to again (CH-2), and nothing is kept without limit (CH-3): a link that is too far
 * behind, or silent for too long while something is unacknowledged, breaks for that incarnation of the peer, in both
 * directions. A newer incarnation revives it.
 */
import type { NodeId } from '../../machines/shared/identifiers.js';
import type { Clock } from '../clock/clock.js';
import type { Codec } from './codec.js';
import type { CounterName } from './counters.js';
import { encodeFrame, type Frame, type WireMessage } from './frame.js';
import type { LinkSettings } from './link-settings.js';
import { ReceiveWindow, SendWindow } from './windows.js';

export type Breakage = 'behind' | 'silent' | 'refused';

/** The node, as its links see it. */
export interface LinkOwner {
  readonly id: NodeId;
  readonly incarnation: number;
  readonly clock: Clock;
  readonly codec: Codec;
  transmit(to: NodeId, bytes: Uint8Array): void;
  count(name: CounterName, by?: number): void;
  /** Whether the node can take these now. */
  accepts(messages: readonly WireMessage[]): boolean;
  deliver(from: NodeId, incarnation: number, message: WireMessage): void;
  /** A message that came outside the order, and may have come before. */
  signal(from: NodeId, message: WireMessage): void;
  malformed(peer: NodeId, why: string): void;
  broken(peer: NodeId, incarnation: number, why: Breakage, messages: number): void;
  /** An incarnation is over: certain, not suspected. */
  gone(peer: NodeId, incarnation: number): void;
  congestion(link: Link): void;
}

/** Frames received before an acknowledgement goes out without waiting for its time. */
const ACKNOWLEDGE_EVERY = 32;

/** ms from one question to the next whether a peer is back. */
const PROBE_EVERY = 20;

export class Link {
  readonly peer: NodeId;
  readonly #owner: LinkOwner;
  readonly #settings: LinkSettings;
  /** The peer's incarnation: the first one, until the peer, its host or somebody who heard it has spoken. */
  #incarnation = 1;
  #heard = false;
  /** The latest incarnation that was reported as gone. */
  #ended = 0;
  #broken = false;
  /** ms: when the peer was last asked whether it is back. */
  #probedAt = Number.NEGATIVE_INFINITY;
  #closed = false;
  #congested = false;
  #outgoing: SendWindow;
  #incoming: ReceiveWindow;
  /** Frames received since the last acknowledgement, and when the next is due. */
  #owed = 0;
  #acknowledgeDue = Number.POSITIVE_INFINITY;
  #timer: unknown = null;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(peer: NodeId, owner: LinkOwner, settings: LinkSettings) {
    this.peer = peer;
    this.#owner = owner;
    this.#settings = settings;
    this.#outgoing = new SendWindow(settings);
    this.#incoming = new ReceiveWindow(settings);
  }

  get congested(): boolean {
    return this.#congested;
  }

  get idle(): boolean {
    return this.#outgoing.size === 0;
  }

  /**
   * False when the link is broken, and the messages discarded. `leaving` is called once they are certain to leave, and before
   * anything becomes of them. Errors: as the codec's.
   */
  send(messages: readonly WireMessage[], leaving: () => void): boolean {
    if (this.#broken || this.#closed) {
      this.#probe();
      return false;
    }
    const bytes = encodeFrame(this.#owner.codec, this.#frame(this.#outgoing.seq + 1, messages));
    leaving();
    this.#outgoing.add(bytes, messages.length, this.#owner.clock.now());
    this.#acknowledged();
    this.#owner.count('frames.sent');
    this.#owner.transmit(this.peer, bytes);
    if (this.#outgoing.overflows) this.#break('behind');
    this.#weigh();
    this.#arm();
    return true;
  }

  /** Sends a message outside the order, once: nothing is kept of it, and nothing waits for it. Errors: as the codec's. */
  cast(message: WireMessage): void {
    if (this.#broken || this.#closed) return;
    this.#owner.count('signals.sent');
    this.#owner.transmit(this.peer, encodeFrame(this.#owner.codec, this.#frame(0, [message])));
  }

  /**
   * Somebody has something to say to a peer whose incarnation has ended. It may be back and have nothing to say itself; so it is
   * asked, by a frame for the one that has ended, which the next one answers.
   */
  #probe(): void {
    const now = this.#owner.clock.now();
    if (this.#closed || this.#incarnation !== this.#ended || now < this.#probedAt + PROBE_EVERY) return;
    this.#probedAt = now;
    const hello: WireMessage = { to: '', from: '', type: 'hello', unordered: true, count: 0, items: [] };
    this.#owner.count('signals.sent');
    this.#owner.transmit(this.peer, encodeFrame(this.#owner.codec, this.#frame(0, [hello])));
  }

  /** Takes a frame from this peer to this node; `size` is its bytes. */
  receive(frame: Frame, size: number): void {
    const owner = this.#owner;
    if (frame.sourceIncarnation < this.#incarnation || frame.sourceIncarnation <= this.#ended) {
      owner.count('frames.stale');
      return;
    }
    this.#meet(frame.sourceIncarnation);
    if (frame.destinationIncarnation !== owner.incarnation) {
      owner.count('frames.stale');
      // The answer tells the peer which incarnation it should speak to. To answer an answer could go on for ever.
      if (frame.seq > 0 || frame.messages.length > 0) this.#acknowledge();
      return;
    }
    if (this.#broken) {
      owner.count('frames.broken');
      return;
    }
    if (!this.#outgoing.covers(frame)) {
      owner.malformed(this.peer, 'it acknowledges what was never sent');
      return;
    }
    this.#outgoing.settle(frame, owner.clock.now());
    this.#weigh();
    if (frame.seq > 0) this.#take(frame, size);
    else for (const message of frame.messages) owner.signal(this.peer, message);
    this.#arm();
  }

  /** Somebody else has heard this incarnation of the peer, so what is sent from now on is for no earlier one. */
  learn(incarnation: number): void {
    if (!this.#closed && incarnation > this.#incarnation && incarnation > this.#ended) this.#meet(incarnation);
  }

  /** The peer's host says that this incarnation is over. */
  refused(incarnation: number): void {
    if (incarnation < this.#incarnation || incarnation <= this.#ended) return;
    this.#meet(incarnation);
    if (!this.#broken) this.#break('refused');
    this.#ended = incarnation;
    this.#owner.gone(this.peer, incarnation);
  }

  close(): void {
    this.#closed = true;
    this.#forget();
  }

  #frame(seq: number, messages: readonly WireMessage[]): Frame {
    return {
      source: this.#owner.id,
      sourceIncarnation: this.#owner.incarnation,
      destination: this.peer,
      destinationIncarnation: this.#incarnation,
      seq,
      acknowledged: this.#incoming.received,
      selective: this.#incoming.selective,
      messages,
    };
  }

  /** Learns the peer's incarnation. With a newer one everything starts anew, on both sides. */
  #meet(incarnation: number): void {
    const before = this.#incarnation;
    const known = this.#heard;
    this.#heard = true;
    if (incarnation === before) return;
    const lost = this.#forget();
    if (lost > 0) this.#owner.count('messages.outdated', lost);
    this.#incarnation = incarnation;
    this.#broken = false;
    this.#weigh();
    if (!known || before <= this.#ended) return;
    this.#ended = before;
    this.#owner.gone(this.peer, before);
  }

  #take(frame: Frame, size: number): void {
    this.#owe();
    const arrival = this.#incoming.arrival(frame.seq, size);
    if (arrival === 'duplicate' || arrival === 'ahead') {
      this.#owner.count(`frames.${arrival}`);
    } else if (!this.#owner.accepts(frame.messages)) {
      this.#owner.count('frames.congested');
    } else if (arrival === 'next') {
      this.#incoming.takeNext(frame, this.#deliver);
    } else {
      this.#incoming.takeEarly(frame, size, this.#deliver);
    }
  }

  readonly #deliver = (message: WireMessage): void => {
    this.#owner.deliver(this.peer, this.#incarnation, message);
  };

  #owe(): void {
    this.#owed += 1;
    const wait = this.#owed < ACKNOWLEDGE_EVERY ? this.#settings.acknowledgeAfter : 0;
    this.#acknowledgeDue = Math.min(this.#acknowledgeDue, this.#owner.clock.now() + wait);
  }

  #acknowledged(): void {
    this.#owed = 0;
    this.#acknowledgeDue = Number.POSITIVE_INFINITY;
  }

  #acknowledge(): void {
    this.#acknowledged();
    this.#owner.count('acknowledgements.sent');
    this.#owner.transmit(this.peer, encodeFrame(this.#owner.codec, this.#frame(0, [])));
  }

  #break(why: Breakage): void {
    const lost = this.#forget();
    this.#broken = true;
    if (lost > 0) this.#owner.count('messages.broken', lost);
    this.#weigh();
    this.#owner.broken(this.peer, this.#incarnation, why, lost);
  }

  /** Lets go of everything kept for, or from, this incarnation of the peer. Gives the number of messages lost. */
  #forget(): number {
    const lost = this.#outgoing.messages;
    this.#outgoing = new SendWindow(this.#settings);
    this.#incoming = new ReceiveWindow(this.#settings);
    this.#acknowledged();
    if (this.#timer !== null) this.#owner.clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerDue = Number.POSITIVE_INFINITY;
    return lost;
  }

  /** Congested beyond the high-water mark, and no longer at half of it. */
  #weigh(): void {
    const { highWater, limitBytes } = this.#settings;
    const factor = this.#congested ? 0.5 : 1;
    const { size, bytes } = this.#outgoing;
    const congested = size > highWater * factor || bytes > (limitBytes / 4) * factor;
    if (congested === this.#congested) return;
    this.#congested = congested;
    this.#owner.congestion(this);
  }

  /** One timer for all that has a time. It may ring too early, never too late. */
  #arm(): void {
    const { due: resendDue, size, waitingSince } = this.#outgoing;
    const giveUpDue = size === 0 ? Number.POSITIVE_INFINITY : waitingSince + this.#settings.giveUpAfter;
    const due = Math.min(this.#acknowledgeDue, resendDue, giveUpDue);
    if (this.#closed || due >= this.#timerDue) return;
    const { clock } = this.#owner;
    if (this.#timer !== null) clock.clearTimeout(this.#timer);
    this.#timerDue = due;
    this.#timer = clock.setTimeout(this.#ring, Math.max(0, due - clock.now()));
  }

  readonly #ring = (): void => {
    this.#timer = null;
    this.#timerDue = Number.POSITIVE_INFINITY;
    const now = this.#owner.clock.now();
    if (this.#acknowledgeDue <= now) this.#acknowledge();
    if (this.#outgoing.size > 0 && now - this.#outgoing.waitingSince >= this.#settings.giveUpAfter) {
      this.#break('silent');
      return;
    }
    if (this.#outgoing.due <= now) this.#outgoing.resend(now, this.#retransmit);
    this.#arm();
  };

  readonly #retransmit = (bytes: Uint8Array): void => {
    this.#owner.count('frames.retransmitted');
    this.#owner.transmit(this.peer, bytes);
  };
}
