/**
 * What one node writes into the trace. Made only where somebody keeps one. Every event of a kind has the same fields, the
 * undefined ones among them (a line of JSON leaves those out): objects of one form cost a fraction of what spread ones do.
 */
import type { Delivery, Effect } from '../../machines/shared/effects.js';
import { address, type NodeId, requestId, senderNode } from '../../machines/shared/identifiers.js';
import type { Answer } from '../../machines/shared/requests.js';
import type { View } from '../../machines/shared/view.js';
import type { Clock } from '../clock/clock.js';
import type { ChoraleError } from '../errors.js';
import type { CauseId, Recorder } from '../trace/format.js';
import type { WireMessage } from './frame.js';
import type { Outgoing } from './outbox.js';

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

  sent(to: NodeId, { cause, from, to: actor, type, items, control }: Outgoing, count: number): void {
    this.#recorder.record({
      t: this.#clock.now(),
      node: this.#node,
      actor: from,
      cause,
      kind: 'sent',
      id: idOf(this.#node, this.#incarnation, count),
      to: address(to, actor),
      type,
      items: items.length,
      control: control ? true : undefined,
    });
  }

  /** Gives the message's id. */
  received(source: NodeId, incarnation: number, { to, from, type, items, count }: WireMessage): CauseId {
    const id = idOf(source, incarnation, count);
    this.#recorder.record({
      t: this.#clock.now(),
      node: this.#node,
      actor: to,
      kind: 'received',
      id,
      from: address(source, from),
      type,
      items: items.length,
    });
    return id;
  }

  dropped(cause: CauseId | undefined, actor: string | undefined, reason: string, count: number, detail: string): void {
    this.#recorder.record({
      t: this.#clock.now(),
      node: this.#node,
      actor,
      cause,
      kind: 'dropped',
      reason,
      count,
      detail,
    });
  }

  delivered(cause: CauseId | undefined, actor: string, group: string, deliveries: readonly Delivery[]): void {
    const t = this.#clock.now();
    const node = this.#node;
    for (const { sender, seq, number, stamp, view } of deliveries) {
      this.#recorder.record({ t, node, actor, cause, kind: 'delivered', group, sender, seq, number, stamp, view });
    }
  }

  view(cause: CauseId | undefined, actor: string, { group, id, members }: View): void {
    const joining = members.filter(({ full }) => !full).map((member) => senderNode(member.id));
    this.#recorder.record({
      t: this.#clock.now(),
      node: this.#node,
      actor,
      cause,
      kind: 'view',
      group,
      id,
      members: members.map((member) => senderNode(member.id)),
      joining: joining.length === 0 ? undefined : joining,
    });
  }

  started(cause: CauseId | undefined, actor: string, chart: string, state: string): void {
    this.#recorder.record({ t: this.#clock.now(), node: this.#node, actor, cause, kind: 'started', chart, state });
  }

  transition(cause: CauseId | undefined, actor: string, event: string, from: string, to: string): void {
    this.#recorder.record({
      t: this.#clock.now(),
      node: this.#node,
      actor,
      cause,
      kind: 'transition',
      event,
      from,
      to,
    });
  }

  phase(cause: CauseId | undefined, actor: string, { phase, requests }: Extract<Effect, { type: 'phase' }>): void {
    this.#recorder.record({ t: this.#clock.now(), node: this.#node, actor, cause, kind: 'phase', phase, requests });
  }

  persisted(cause: CauseId | undefined, actor: string, count: number): void {
    this.#recorder.record({ t: this.#clock.now(), node: this.#node, actor, cause, kind: 'persisted', count });
  }

  answered(cause: CauseId | undefined, actor: string, answers: readonly Answer[]): void {
    for (const { session, seq, by, outcome } of answers) {
      this.#recorder.record({
        t: this.#clock.now(),
        node: this.#node,
        actor,
        cause,
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
    this.#recorder.record({ t: this.#clock.now(), node: this.#node, cause, kind: 'crashed', reason: text });
  }
}

const idOf = (node: NodeId, incarnation: number, count: number): CauseId => `${node}:${incarnation}:${count}`;
