/**
 * Runs the machines of one group under a schedule: a virtual clock, a delay for each message, crashes between two
 * sends. It is the network and the crash model only; what happens in which order follows from its seed.
 */
import { type AnyActorRef, createActor } from 'xstate';
import type { GroupInput } from '../../machines/multicast/group.js';
import { type GroupRole, groupMachine, isTotal, type Order } from '../../machines/multicast/index.js';
import type { Effect, EffectsEmitted, Gone, Incoming, Message } from '../../machines/shared/effects.js';
import { address, groupActor, groupName, nodeId, nodeOf, senderId } from '../../machines/shared/identifiers.js';
import { mapEntries, type PersistentMap } from '../../machines/shared/persistent-map.js';
import type { VectorTimestamp } from '../../machines/shared/vector-timestamp.js';
import type { Delivered, DeliveryLog, Sent } from '../../runtime/check/deliveries.js';
import { Agenda, type Due } from './agenda.js';

export type Random = () => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Travelling {
  readonly from: string;
  readonly to: string;
  readonly message: Message;
}

export interface ScheduleOptions {
  readonly order: Order;
  readonly members: number;
  readonly outsiders?: number;
  readonly uniform?: boolean;
  readonly tolerates?: number;
  readonly stabilityInterval?: number;
  /** ms that a message takes; null when it never arrives (its sender crashed). */
  readonly delay?: (travelling: Travelling) => number | null;
  /** How often one message arrives a second time. */
  readonly duplicates?: number;
  readonly random?: Random;
}

interface Host {
  readonly name: string;
  readonly role: GroupRole;
  readonly actor: AnyActorRef;
  readonly delivered: (Delivered & { readonly t: number; readonly payload: unknown })[];
  /** All that it has sent, handled or heard of. */
  readonly history: { sender: string; seq: number }[];
  /** How much of `history` was there when it last sent. */
  told: number;
  sent: number;
  sends: number;
  crashAt: number;
  crashed: boolean;
}

const GROUP = groupName('g');

export class Schedule extends Agenda {
  readonly hosts = new Map<string, Host>();
  /** Messages sent: by type, those of control apart. */
  readonly counts: Record<'data' | 'control', number> = { data: 0, control: 0 };
  readonly discards: Record<string, number> = {};
  private readonly sentMessages: (Omit<Sent, 'correct'> & { readonly from: string })[] = [];
  private readonly underWay = new Map<Due, string>();
  readonly members: readonly string[];
  readonly outsiders: readonly string[];

  constructor(private readonly options: ScheduleOptions) {
    super();
    this.members = Array.from({ length: options.members }, (_, i) => `m${i + 1}`);
    this.outsiders = Array.from({ length: options.outsiders ?? 0 }, (_, i) => `o${i + 1}`);
    for (const name of this.members) this.host(name, 'member');
    for (const name of this.outsiders) this.host(name, 'outsider');
    if (isTotal(options.order)) this.host('seq', 'sequencer');
  }

  // --- what a test does --------------------------------------------------------------------------------------------

  multicast(name: string, count = 1): void {
    const host = this.hostOf(name);
    if (host.crashed) return;
    const sender = senderId(nodeId(name), 1);
    const payloads = Array.from({ length: count }, (_, i) => `${sender}#${host.sent + i + 1}`);
    for (let i = 0; i < count; i++) {
      host.sent += 1;
      this.sentMessages.push({ from: name, sender, seq: host.sent, past: host.history.slice(host.told) });
      host.history.push({ sender, seq: host.sent });
      host.told = host.history.length;
    }
    this.tell(name, 'multicast', payloads);
  }

  /** An outside sender hears what a member has handled, or what another outside sender has seen. */
  hear(outsider: string, from: string): void {
    const teller = this.hostOf(from);
    const hearer = this.hostOf(outsider);
    if (teller.crashed || hearer.crashed) return;
    const past = teller.role === 'member' ? teller.delivered : teller.history;
    hearer.history.push(...past.map(({ sender, seq }) => ({ sender, seq })));
    this.tell(outsider, 'heard', [timestampOf(teller)]);
  }

  crash(name: string, loses: (travelling: string) => boolean = () => false): void {
    const host = this.hostOf(name);
    if (host.crashed) return;
    host.crashed = true;
    host.actor.stop();
    for (const [due, from] of this.underWay) if (from === name && loses(from)) due.cancelled = true;
  }

  /** It crashes in place of its `sends`-th message from now. */
  crashAfterSends(name: string, sends: number): void {
    const host = this.hostOf(name);
    host.crashAt = host.sends + sends;
  }

  tellGone(name: string, gone: string): void {
    const item: Gone = { node: nodeId(gone), incarnation: 1 };
    this.tell(name, 'gone', [item]);
  }

  tell(name: string, type: string, items: readonly unknown[], from = `${name}/test`): void {
    const host = this.hostOf(name);
    if (!host.crashed) host.actor.send({ type, from, items } as Incoming);
  }

  // --- what a test reads -------------------------------------------------------------------------------------------

  hostOf(name: string): Host {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`No node ${name}.`);
    return host;
  }

  contextOf<Context>(name: string): Context {
    return (this.hostOf(name).actor.getSnapshot() as { context: Context }).context;
  }

  stateOf(name: string): unknown {
    return (this.hostOf(name).actor.getSnapshot() as { value: unknown }).value;
  }

  payloads(name: string): unknown[] {
    return this.hostOf(name).delivered.map(({ payload }) => payload);
  }

  log(): DeliveryLog {
    return {
      sent: this.sentMessages.map(({ from, ...sent }) => ({ ...sent, correct: !this.hostOf(from).crashed })),
      processes: this.members.map((name) => {
        const { delivered, crashed } = this.hostOf(name);
        return { process: name, correct: !crashed, delivered };
      }),
    };
  }

  // --- the machinery -----------------------------------------------------------------------------------------------

  private host(name: string, role: GroupRole): void {
    const { order, members: _, uniform = false, tolerates = 1, stabilityInterval = 100 } = this.options;
    const input: GroupInput = {
      node: nodeId(name),
      incarnation: 1,
      group: GROUP,
      order,
      members: this.members.map(nodeId),
      sequencer: isTotal(order) ? nodeId('seq') : null,
      uniform,
      tolerates,
      stabilityInterval,
    };
    const { machine } = groupMachine(role, order);
    const actor = createActor(machine, { input, clock: this.clock });
    const fresh = { delivered: [], history: [], told: 0, sent: 0, sends: 0, crashAt: Number.POSITIVE_INFINITY };
    const host: Host = { name, role, actor, crashed: false, ...fresh };
    this.hosts.set(name, host);
    actor.on('effects', (event: unknown) => {
      for (const effect of (event as EffectsEmitted).effects) this.carryOut(host, effect);
    });
    actor.start();
  }

  private carryOut(host: Host, effect: Effect): void {
    if (host.crashed) return;
    if (effect.type === 'discard') {
      const key = `${effect.event}: ${effect.reason}`;
      this.discards[key] = (this.discards[key] ?? 0) + effect.count;
    } else if (effect.type === 'deliver') {
      for (const { sender, seq, number, payload } of effect.deliveries) {
        host.delivered.push({ sender, seq, payload, t: this.now, ...(number === undefined ? {} : { number }) });
        host.history.push({ sender, seq });
      }
    } else if (effect.type === 'send') {
      host.sends += 1;
      if (host.sends >= host.crashAt) this.crash(host.name);
      else this.send(host, nodeOf(effect.to), effect.message, effect.control === true);
    }
  }

  private send(host: Host, to: string, message: Message, control: boolean): void {
    this.counts[control ? 'control' : 'data'] += 1;
    const { delay, duplicates = 0, random = () => 1 } = this.options;
    for (let copies = random() < duplicates ? 2 : 1; copies > 0; copies--) {
      const ms = delay === undefined ? 10 : delay({ from: host.name, to, message });
      if (ms === null) continue;
      const from = address(nodeId(host.name), groupActor(GROUP));
      const due = this.at(this.now + ms, () => {
        this.underWay.delete(due);
        this.tell(to, message.type, message.items, from);
      });
      this.underWay.set(due, host.name);
    }
  }
}

function timestampOf({ role, actor }: Host): VectorTimestamp {
  const { context } = actor.getSnapshot() as {
    context: {
      timestamp?: VectorTimestamp;
      seen?: PersistentMap<number>;
      senders?: PersistentMap<{ delivered: number }>;
    };
  };
  if (role === 'outsider') return context.timestamp ?? {};
  if (context.seen !== undefined) return Object.fromEntries(mapEntries(context.seen));
  const senders = context.senders === undefined ? [] : [...mapEntries(context.senders)];
  return Object.fromEntries(senders.map(([sender, { delivered }]) => [sender, delivered]));
}
