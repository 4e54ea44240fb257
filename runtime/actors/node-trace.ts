/** What one node writes into the trace. Made only where somebody keeps one. */
import type { Delivery, Effect } from '../../machines/shared/effects.js';
import { address, type NodeId, requestId } from '../../machines/shared/identifiers.js';
import type { Answer } from '../../machines/shared/requests.js';
import type { Clock } from '../clock/clock.js';
import type { ChoraleError } from '../errors.js';
import type { CauseId, Recorder } from '../trace/format.js';
import type { WireMessage } from './frame.js';
import type { Outgoing } from './router.js';

export class NodeTrace {
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #node: NodeId;
  readonly #incarnation: number;
  #messages = 0;

  constructor(recorder: Recorder, clock: Clock, node: NodeId, incarnation: number) {
    this.#recorder = recorder;
    this.#clock = clock;
    this.#node = node;
    this.#incarnation = incarnation;
  }

  /** The count of the next message: with node and incarnation, its id. */
  next(): number {
    this.#messages += 1;
    return this.#messages;
  }

  sent(to: NodeId, message: Outgoing, count: number): void {
    this.#recorder.record({
      ...this.#at(message.cause, message.from),
      kind: 'sent',
      id: idOf(this.#node, this.#incarnation, count),
      to: address(to, message.to),
      type: message.type,
      items: message.items.length,
      ...(message.control ? { control: true } : {}),
    });
  }

  /** Gives the message's id. */
  received(from: NodeId, incarnation: number, message: WireMessage): CauseId {
    const id = idOf(from, incarnation, message.count);
    this.#recorder.record({
      ...this.#at(undefined, message.to),
      kind: 'received',
      id,
      from: address(from, message.from),
      type: message.type,
      items: message.items.length,
    });
    return id;
  }

  dropped(cause: CauseId | undefined, actor: string | undefined, reason: string, count: number, detail: string): void {
    this.#recorder.record({ ...this.#at(cause, actor), kind: 'dropped', reason, count, detail });
  }

  delivered(cause: CauseId | undefined, actor: string, group: string, deliveries: readonly Delivery[]): void {
    for (const { sender, seq, number, stamp } of deliveries) {
      this.#recorder.record({
        ...this.#at(cause, actor),
        kind: 'delivered',
        group,
        sender,
        seq,
        ...(number === undefined ? {} : { number }),
        ...(stamp === undefined ? {} : { stamp }),
      });
    }
  }

  transition(cause: CauseId | undefined, actor: string, event: string, from: string, to: string): void {
    this.#recorder.record({ ...this.#at(cause, actor), kind: 'transition', event, from, to });
  }

  phase(cause: CauseId | undefined, actor: string, { phase, requests }: Extract<Effect, { type: 'phase' }>): void {
    this.#recorder.record({ ...this.#at(cause, actor), kind: 'phase', phase, requests });
  }

  persisted(cause: CauseId | undefined, actor: string, count: number): void {
    this.#recorder.record({ ...this.#at(cause, actor), kind: 'persisted', count });
  }

  answered(cause: CauseId | undefined, actor: string, answers: readonly Answer[]): void {
    for (const { session, seq, by, outcome } of answers) {
      this.#recorder.record({
        ...this.#at(cause, actor),
        kind: 'answered',
        request: requestId(session, seq),
        by,
        // spread, because the compiler does not take an interface for plain data
        outcome: outcome.ok ? { ...outcome } : { ok: false, error: { ...outcome.error } },
      });
    }
  }

  crashed(cause: CauseId | undefined, reason: ChoraleError | string): void {
    const text = typeof reason === 'string' ? reason : `${reason.code}: ${reason.message}`;
    this.#recorder.record({ ...this.#at(cause, undefined), kind: 'crashed', reason: text });
  }

  #at(cause: CauseId | undefined, actor: string | undefined) {
    return {
      t: this.#clock.now(),
      node: this.#node,
      ...(actor === undefined ? {} : { actor }),
      ...(cause === undefined ? {} : { cause }),
    };
  }
}

const idOf = (node: NodeId, incarnation: number, count: number): CauseId => `${node}:${incarnation}:${count}`;
