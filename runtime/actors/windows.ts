/**
 * The two ends of a numbered stream of frames: a sliding window with selective repeat (Tanenbaum & Wetherall, ch. 3), its
 * waiting times after RFC 6298.
 */
import type { Frame, WireMessage } from './frame.js';
import type { LinkSettings } from './link-settings.js';

/** A frame that is not acknowledged yet. It is encoded once, and travels each time as it is. */
interface Sent {
  readonly bytes: Uint8Array;
  readonly messages: number;
  readonly at: number;
  due: number;
  retries: number;
}

/** Oldest frames that are sent again to a peer from which nothing has come since the last time: enough to be heard. */
const PROBES = 8;

/** What was sent and is not acknowledged. */
export class SendWindow {
  readonly #settings: LinkSettings;
  readonly #frames = new Map<number, Sent>();
  /** The number of the last frame. */
  seq = 0;
  /** Of the frames that are not acknowledged. */
  bytes = 0;
  /** Since when something is unacknowledged with nothing heard, ms. */
  waitingSince = 0;
  /** No frame is due to be sent again before this, ms. */
  due = Number.POSITIVE_INFINITY;
  #heardAt = -1;
  #resentAt = -1;
  /** Frames that were due are not sent again until the peer is heard. */
  #withheld = false;
  /** Smoothed, as is its mean deviation, ms. */
  #roundTrip = 0;
  #deviation = 0;
  /** Doublings of the waiting time, carried over to new frames until a round trip could be measured (Karn). */
  #backoff = 0;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#frames.size;
  }

  /** Beyond this a frame is neither lost nor late: the peer does not keep up. */
  get overflows(): boolean {
    return this.#frames.size > this.#settings.limit || this.bytes > this.#settings.limitBytes;
  }

  /** Messages in the frames that are not acknowledged. */
  get messages(): number {
    let count = 0;
    for (const sent of this.#frames.values()) count += sent.messages;
    return count;
  }

  add(bytes: Uint8Array, messages: number, now: number): void {
    if (this.#frames.size === 0) this.waitingSince = now;
    const due = now + this.#patience(0);
    this.seq += 1;
    this.#frames.set(this.seq, { bytes, messages, at: now, due, retries: 0 });
    this.bytes += bytes.length;
    this.due = Math.min(this.due, due);
  }

  /** Whether the peer can have received what it says. */
  covers({ acknowledged, selective }: Frame): boolean {
    return acknowledged <= this.seq && selective.every((seq) => seq <= this.seq);
  }

  /** The peer was heard: what it acknowledges is done with. */
  settle({ acknowledged, selective }: Frame, now: number): void {
    this.#heardAt = now;
    this.waitingSince = now;
    for (const [seq, sent] of this.#frames) {
      if (seq > acknowledged) break;
      this.#done(seq, sent, now);
    }
    for (const seq of selective) {
      const sent = this.#frames.get(seq);
      if (sent !== undefined) this.#done(seq, sent, now);
    }
    if (this.#withheld) {
      this.#withheld = false;
      for (const sent of this.#frames.values()) sent.due = now;
      this.due = now;
    }
    if (this.#frames.size === 0) this.due = Number.POSITIVE_INFINITY;
  }

  /** Sends again what is due. */
  resend(now: number, transmit: (bytes: Uint8Array) => void): void {
    let left = this.#heardAt < this.#resentAt ? PROBES : this.#frames.size;
    this.due = Number.POSITIVE_INFINITY;
    for (const sent of this.#frames.values()) {
      if (sent.due <= now) {
        if (left > 0) {
          sent.retries += 1;
          sent.due = now + this.#patience(sent.retries);
          this.#resentAt = now;
          transmit(sent.bytes);
        } else {
          this.#withheld = true;
          sent.due = Number.POSITIVE_INFINITY;
        }
      }
      left -= 1;
      this.due = Math.min(this.due, sent.due);
    }
  }

  #done(seq: number, sent: Sent, now: number): void {
    this.#frames.delete(seq);
    this.bytes -= sent.bytes.length;
    // The round trip of a frame sent twice is unknown: which of the two was acknowledged? (Karn)
    if (sent.retries > 0) {
      this.#backoff = Math.max(this.#backoff, sent.retries);
      return;
    }
    this.#backoff = 0;
    const sample = now - sent.at;
    const first = this.#roundTrip === 0;
    this.#deviation = first ? sample / 2 : this.#deviation * 0.75 + Math.abs(sample - this.#roundTrip) * 0.25;
    this.#roundTrip = first ? sample : this.#roundTrip * 0.875 + sample * 0.125;
  }

  /** ms to wait for the acknowledgement of a frame that was sent again so many times. */
  #patience(retries: number): number {
    const { retransmitAfter, retransmitMax } = this.#settings;
    const expected = Math.max(retransmitAfter, this.#roundTrip + 4 * this.#deviation);
    return Math.min(expected * 2 ** Math.max(retries, this.#backoff), Math.max(retransmitAfter, retransmitMax));
  }
}

/** Frames past a gap that one acknowledgement names at most. */
const SELECTIVE = 64;

export type Arrival = 'next' | 'early' | 'duplicate' | 'ahead';

/** What was received, and what of it waits for a gap to close. */
export class ReceiveWindow {
  readonly #settings: LinkSettings;
  readonly #early = new Map<number, { readonly messages: readonly WireMessage[]; readonly size: number }>();
  #bytes = 0;
  /** Everything up to this number has been received. */
  received = 0;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  get selective(): readonly number[] {
    return this.#early.size === 0 ? [] : [...this.#early.keys()].slice(0, SELECTIVE);
  }

  arrival(seq: number, size: number): Arrival {
    if (seq <= this.received || this.#early.has(seq)) return 'duplicate';
    if (seq === this.received + 1) return 'next';
    const { limit, limitBytes } = this.#settings;
    return seq > this.received + limit || this.#bytes + size > limitBytes ? 'ahead' : 'early';
  }

  /** Takes a frame that is early: its unordered messages go on at once, the others wait. */
  takeEarly({ seq, messages }: Frame, size: number, deliver: (message: WireMessage) => void): void {
    this.#early.set(seq, { messages: messages.filter((message) => !message.unordered), size });
    this.#bytes += size;
    for (const message of messages) if (message.unordered) deliver(message);
  }

  /** Takes the frame that is next, and what has waited for it. */
  takeNext({ seq, messages }: Frame, deliver: (message: WireMessage) => void): void {
    this.received = seq;
    for (const message of messages) deliver(message);
    for (let early = this.#early.get(seq + 1); early !== undefined; early = this.#early.get(this.received + 1)) {
      this.received += 1;
      this.#early.delete(this.received);
      this.#bytes -= early.size;
      for (const message of early.messages) deliver(message);
    }
  }
}
