/**
 * Runs members of one view-synchronous group and senders outside it, with a membership service that is scripted from the contract
 * (machines/membership/messages.ts): a virtual clock, links that keep order and take as long as the seed says, crashes
 * between two sends, failure detectors that suspect whoever the test says. What happens follows from the seed.
 */
import { type AnyActorRef, createActor } from 'xstate';
import type { ViewGroupInput } from '../../machines/membership/group-input.js';
import type { Decree, Holdings, Report } from '../../machines/membership/messages.js';
import { viewSynchronousMember } from '../../machines/membership/view-synchronous-member.js';
import { viewSynchronousSender } from '../../machines/membership/view-synchronous-sender.js';
import type { Order } from '../../machines/multicast/index.js';
import type { Delivery, Effect, EffectsEmitted, Incoming, Message } from '../../machines/shared/effects.js';
import {
  type Address,
  address,
  groupActor,
  groupName,
  nodeId,
  nodeOf,
  type SenderId,
  senderId,
  senderNode,
} from '../../machines/shared/identifiers.js';
import { chosen, firstView, type Member, memberNodes, type View } from '../../machines/shared/view.js';
import type { Delivered, DeliveryLog, Sent } from '../../runtime/check/deliveries.js';
import { Agenda, type Due } from './agenda.js';
import type { Random } from './schedule.js';

export const GROUP = groupName('g');
const ACTOR = groupActor(GROUP);
const SERVICE = ['s1', 's2', 's3'].map(nodeId);

export interface WorldOptions {
  readonly order: Order;
  readonly provider?: ViewGroupInput['provider'];
  readonly uniform?: boolean;
  readonly members: number;
  readonly outsiders?: number;
  readonly random: Random;
  /** ms that a message takes. */
  readonly delay?: () => number;
  readonly stabilityInterval?: number;
  readonly retryAfter?: number;
  readonly flushAfter?: number;
  /** ms after which a joiner has the state. */
  readonly transfer?: () => number;
}

export interface Host {
  readonly name: string;
  readonly id: SenderId;
  readonly isMember: boolean;
  readonly actor: AnyActorRef;
  /** What its application was handed, in order. */
  readonly handed: (View | Delivery)[];
  /** All that it has sent, handled or heard of. */
  readonly history: { readonly sender: string; readonly seq: number }[];
  told: number;
  sent: number;
  sends: number;
  crashAt: number;
  crashed: boolean;
  ended: 'evicted' | 'left' | null;
}

export const isView = (item: View | Delivery): item is View => 'members' in item;

export class World extends Agenda {
  /** By sender id. */
  readonly hosts = new Map<string, Host>();
  /** Of each node, its last incarnation. */
  readonly latest = new Map<string, Host>();
  /** Messages that left a node: `data`, `report control`, … */
  readonly counts: Record<string, number> = {};
  readonly discards: Record<string, number> = {};
  readonly service: ScriptedService;
  private readonly lastArrival = new Map<string, number>();
  private readonly underWay = new Map<Due, string>();
  private readonly sentMessages: (Omit<Sent, 'correct'> & { readonly host: Host })[] = [];
  readonly first: View;

  constructor(readonly options: WorldOptions) {
    super();
    const names = Array.from({ length: options.members }, (_, i) => `m${i + 1}`);
    this.first = firstView(
      GROUP,
      names.map((name) => senderId(nodeId(name), 1)),
    );
    this.service = new ScriptedService(this, this.first, options.flushAfter ?? 5_000);
    for (const name of names) this.host(name, 1, true, this.first);
    for (let i = 1; i <= (options.outsiders ?? 0); i++) this.host(`o${i}`, 1, false, null);
  }

  // --- what a test does --------------------------------------------------------------------------------------------

  multicast(name: string, n = 1): void {
    const host = this.hostOf(name);
    if (!isUp(host)) return;
    const payloads = Array.from({ length: n }, (_, i) => `${host.id}#${host.sent + i + 1}`);
    for (let i = 0; i < n; i++) {
      host.sent += 1;
      this.sentMessages.push({ host, sender: host.id, seq: host.sent, past: host.history.slice(host.told) });
      host.history.push({ sender: host.id, seq: host.sent });
      host.told = host.history.length;
    }
    this.tell(host, 'multicast', payloads);
  }

  /** An outside sender hears what a member has handled, or what another outside sender has seen. */
  hear(outsider: string, from: string): void {
    const [hearer, teller] = [this.hostOf(outsider), this.hostOf(from)];
    if (!isUp(hearer) || !isUp(teller)) return;
    const handled = deliveriesOf(teller);
    hearer.history.push(...(teller.isMember ? handled : teller.history).map(({ sender, seq }) => ({ sender, seq })));
    const stamp: Record<string, number> = {};
    for (const { sender, seq } of handled) stamp[sender] = Math.max(stamp[sender] ?? 0, seq);
    this.tell(hearer, 'heard', [teller.isMember ? stamp : this.contextOf<{ timestamp: unknown }>(from).timestamp]);
  }

  crash(name: string, loses: () => boolean = () => false): void {
    const host = this.hostOf(name);
    if (host.crashed) return;
    host.crashed = true;
    host.actor.stop();
    for (const [due, from] of this.underWay) if (from === host.id && loses()) due.cancelled = true;
  }

  /** It crashes in place of its `sends`-th message from now. */
  crashAfterSends(name: string, sends: number): void {
    const host = this.hostOf(name);
    host.crashAt = host.sends + sends;
  }

  /** The detector of one node changes its opinion of another. */
  suspect(name: string, about: string, suspected = true): void {
    const incarnation = Number(this.hostOf(about).id.split(':')[1]);
    this.tell(this.hostOf(name), 'suspicion', [{ node: nodeId(about), incarnation, suspected }]);
  }

  gone(name: string, host: Host): void {
    this.tell(this.hostOf(name), 'gone', [{ node: nodeId(host.name), incarnation: Number(host.id.split(':')[1]) }]);
  }

  /** A new node, or a new incarnation of one that has ended, that joins. */
  join(name: string): Host {
    const before = this.latest.get(name);
    return this.host(name, before === undefined ? 1 : Number(before.id.split(':')[1]) + 1, true, null);
  }

  tell(host: Host, type: string, items: readonly unknown[], from: Address = address(nodeId(host.name), 'test')): void {
    if (!host.crashed) host.actor.send({ type, from, items } as Incoming);
  }

  // --- what a test reads -------------------------------------------------------------------------------------------

  hostOf(name: string): Host {
    const host = this.latest.get(name);
    if (host === undefined) throw new Error(`No node ${name}.`);
    return host;
  }

  contextOf<Context>(name: string): Context {
    return (this.hostOf(name).actor.getSnapshot() as { context: Context }).context;
  }

  stateOf(name: string): unknown {
    return (this.hostOf(name).actor.getSnapshot() as { value: unknown }).value;
  }

  /** Members of the last view that are up. */
  correct(): Host[] {
    return [...this.hosts.values()].filter(
      (host) => host.isMember && isUp(host) && this.service.view.members.some(({ id }) => id === host.id),
    );
  }

  /** One that was there from the start to the end: what a joiner's state holds, it was handed. */
  anchor(): Host {
    const found = this.correct().find(({ id }) => this.first.members.some((member) => member.id === id));
    if (found === undefined) throw new Error('Nobody was there all the time.');
    return found;
  }

  log(): DeliveryLog {
    const correct = this.correct();
    const all = deliveriesOf(this.anchor());
    return {
      sent: this.sentMessages.map(({ host, ...sent }) => ({
        ...sent,
        correct: host.isMember ? correct.includes(host) : isUp(host),
      })),
      processes: [...this.hosts.values()]
        .filter(({ isMember, handed }) => isMember && handed.length > 0)
        .map((host) => {
          const start = host.handed.find(isView)?.id ?? 0;
          const before = all.filter(({ view }) => (view ?? 0) < start);
          const delivered: Delivered[] = [...before, ...deliveriesOf(host)];
          return { process: host.id, correct: correct.includes(host), delivered };
        }),
    };
  }

  override picture(): string {
    return JSON.stringify({
      now: this.now,
      states: [...this.hosts.values()].map((host) => [host.id, isUp(host) ? this.stateOf(host.name) : host.ended]),
      service: this.service.picture(),
    });
  }

  // --- the machinery -----------------------------------------------------------------------------------------------

  private host(name: string, incarnation: number, isMember: boolean, view: View | null): Host {
    const { order, provider = 'sequencer', uniform = false, stabilityInterval = 50, retryAfter = 1_000 } = this.options;
    const node = nodeId(name);
    const input: ViewGroupInput = {
      node,
      incarnation,
      group: GROUP,
      order,
      provider,
      uniform,
      service: SERVICE,
      view,
      application: 'app',
      stabilityInterval,
      retryAfter,
    };
    const actor = createActor(isMember ? viewSynchronousMember : viewSynchronousSender, { input, clock: this.clock });
    const fresh = { handed: [], history: [], told: 0, sent: 0, sends: 0, crashAt: Number.POSITIVE_INFINITY };
    const id = senderId(node, incarnation);
    const host: Host = { name, id, isMember, actor, crashed: false, ended: null, ...fresh };
    this.hosts.set(id, host);
    this.latest.set(name, host);
    actor.on('effects', (event: unknown) => {
      for (const effect of (event as EffectsEmitted).effects) this.carryOut(host, effect);
    });
    actor.start();
    return host;
  }

  private carryOut(host: Host, effect: Effect): void {
    if (host.crashed) return;
    if (effect.type === 'discard') {
      const key = `${effect.event}: ${effect.reason}`;
      this.discards[key] = (this.discards[key] ?? 0) + effect.count;
    } else if (effect.type === 'deliver') {
      for (const delivery of effect.deliveries) {
        host.handed.push(delivery);
        host.history.push({ sender: delivery.sender, seq: delivery.seq });
      }
    } else if (effect.type === 'end') host.ended = effect.reason;
    else if (effect.type === 'view') this.handView(host, effect.view);
    else if (effect.type === 'send') {
      if (nodeOf(effect.to) !== host.name) {
        host.sends += 1;
        if (host.sends >= host.crashAt) this.crash(host.name);
        else this.send(host.id, effect.to, effect.message, effect.control === true, effect.channel === 'fifo');
      }
    }
  }

  private handView(host: Host, last: View): void {
    host.handed.push(last);
    if (!host.isMember || last.members.find(({ id }) => id === host.id)?.full !== false) return;
    const { transfer = () => 100 } = this.options;
    if (host.handed.filter(isView).length === 1)
      this.at(this.now + transfer(), () => this.tell(host, 'ready', [{ group: GROUP }]));
  }

  send(from: string, to: Address, message: Message, control = false, fifo = true): void {
    const key = control ? `${message.type} control` : message.type;
    this.counts[key] = (this.counts[key] ?? 0) + 1;
    const { delay = () => 10 } = this.options;
    const node = nodeOf(to);
    const target = this.latest.get(node);
    const pair = `${from} ${target?.id ?? node}`;
    let arrival = this.now + delay();
    if (fifo) {
      arrival = Math.max(arrival, this.lastArrival.get(pair) ?? 0);
      this.lastArrival.set(pair, arrival);
    }
    const sender = SERVICE.includes(nodeId(from)) ? `${from}/membership` : address(senderNode(from as SenderId), ACTOR);
    const due = this.at(arrival, () => {
      this.underWay.delete(due);
      if (SERVICE.includes(node)) this.service.take(node, message, sender as Address);
      else if (target !== undefined && this.latest.get(node) === target)
        this.tell(target, message.type, message.items, sender as Address);
    });
    this.underWay.set(due, from);
  }
}

export const isUp = (host: Host): boolean => !host.crashed && host.ended === null;

export const deliveriesOf = (host: Host): Delivery[] => host.handed.filter((item): item is Delivery => !isView(item));

/** All replicas of the service in one, as quick and as right as their detector. */
class ScriptedService {
  view: View;
  /** By the view that they make. */
  readonly decrees = new Map<number, Decree>();
  private readonly observers = new Set<string>();
  private joins: SenderId[] = [];
  private leaves: SenderId[] = [];
  private suspects: SenderId[] = [];
  private reports = new Map<SenderId, Report>();
  private changing = false;
  private flushed = '';

  constructor(
    private readonly world: World,
    first: View,
    private readonly flushAfter: number,
  ) {
    this.view = first;
    this.decrees.set(first.id, { view: first, cut: {}, unsettled: {} });
  }

  take(replica: string, { type, items }: Message, from: Address): void {
    if (replica !== 's1') return;
    if (type === 'observe') {
      this.observers.add(from);
      this.tell('s1', from, 'decided', [this.decrees.get(this.view.id)]);
    } else if (type === 'report') for (const report of items as Report[]) this.takeReport(report, from);
    else if (type === 'join') for (const { member } of items as { member: SenderId }[]) this.wish(member, from);
    else if (type === 'leave') for (const { member } of items as { member: SenderId }[]) this.leave(member, from);
    this.proceed();
  }

  /** The service's own reason. */
  suspect(id: SenderId): void {
    this.joins = this.joins.filter((joiner) => joiner !== id);
    if (!this.isMember(id) || this.suspects.includes(id)) return;
    const full = this.view.members.filter(
      (member) => member.full && member.id !== id && !this.suspects.includes(member.id),
    );
    if (full.length === 0) return;
    this.suspects.push(id);
    this.begin();
    this.proceed();
  }

  picture(): unknown {
    return [this.view, this.changing, this.suspects, this.joins, this.leaves, [...this.reports.values()]];
  }

  private isMember(id: SenderId): boolean {
    return this.view.members.some((member) => member.id === id);
  }

  private takeReport(report: Report, from: Address): void {
    for (let id = report.view + 1; id <= this.view.id; id++) this.tell('s1', from, 'decided', [this.decrees.get(id)]);
    if (report.view !== this.view.id || this.suspects.includes(report.member)) return;
    this.begin();
    this.reports.set(report.member, report);
    for (const id of report.suspects) if (id !== report.member) this.suspect(id);
  }

  private wish(member: SenderId, from: Address): void {
    if (this.isMember(member)) this.tell('s1', from, 'decided', [this.decrees.get(this.view.id)]);
    if (this.isMember(member) || this.joins.includes(member)) return;
    this.joins.push(member);
    for (const { id } of this.view.members) if (senderNode(id) === senderNode(member)) this.suspect(id);
    this.begin();
  }

  private leave(member: SenderId, from: Address): void {
    if (!this.isMember(member)) this.tell('s1', from, 'decided', [this.decrees.get(this.view.id)]);
    const stay = this.view.members.filter(({ id, full }) => full && id !== member && !this.leaves.includes(id));
    if (!this.isMember(member) || stay.length === 0 || this.leaves.includes(member)) return;
    this.leaves.push(member);
    this.begin();
  }

  private begin(): void {
    if (this.changing) return;
    this.changing = true;
    const view = this.view.id;
    this.world.at(this.world.now + this.flushAfter, () => {
      if (this.view.id !== view) return;
      for (const { id } of this.view.members) if (!this.reports.has(id)) this.suspect(id);
    });
  }

  private proceed(): void {
    if (!this.changing) return;
    const taking = this.view.members.filter(({ id }) => !this.suspects.includes(id));
    this.flush(taking);
    const reports = taking.map(({ id }) => this.reports.get(id));
    if (!reports.every((report) => report !== undefined)) return;
    const cut: Record<SenderId, number> = {};
    for (const { holds } of reports)
      for (const key in holds) cut[key as SenderId] = Math.max(cut[key as SenderId] ?? 0, holds[key as SenderId] ?? 0);
    const lacks = (holds: Holdings): boolean => Object.entries(cut).some(([id, n]) => (holds[id as SenderId] ?? 0) < n);
    if (reports.some(({ holds }) => lacks(holds))) return;
    this.decide(taking, cut);
  }

  /** Those that have not reported are told, and everybody when there are new suspects. */
  private flush(taking: readonly Member[]): void {
    const items = [{ group: GROUP, view: this.view.id, suspects: this.suspects }];
    const key = `${this.view.id} ${this.suspects}`;
    if (this.flushed === key) return;
    const isNew = !this.flushed.startsWith(`${this.view.id} `);
    this.flushed = key;
    for (const { id } of taking)
      if (!isNew || !this.reports.has(id) || this.suspects.length > (this.reports.get(id)?.suspects.length ?? 0))
        this.tell('s1', address(senderNode(id), ACTOR), 'flush', items);
  }

  private decide(taking: readonly Member[], cut: Holdings): void {
    const id = this.view.id + 1;
    const going = taking.filter((member) => !this.leaves.includes(member.id));
    const members: Member[] = going.map((member) => ({
      ...member,
      full: member.full || this.reports.get(member.id)?.full === true,
    }));
    if (chosen({ ...this.view, members }) === undefined) return;
    const joiners = this.joins.map((joiner): Member => ({ id: joiner, since: id, full: false }));
    const view: View = { group: GROUP, id, members: [...members, ...joiners] };
    const unsettled = Object.fromEntries(taking.map((member) => [member.id, this.reports.get(member.id)?.unsettled]));
    const decree = { view, cut, unsettled } as Decree;
    const told = new Set([...memberNodes(this.view), ...memberNodes(view)].map((node) => address(node, ACTOR)));
    this.decrees.set(id, decree);
    this.view = view;
    this.reports = new Map();
    this.joins = [];
    this.leaves = [];
    this.suspects = [];
    this.changing = false;
    // One of the three may be down: its word never comes.
    const silent = this.world.options.random() < 0.3 ? SERVICE[Math.floor(this.world.options.random() * 3)] : null;
    for (const replica of SERVICE.filter((node) => node !== silent)) {
      for (const to of [...told, ...(this.observers as Set<Address>)])
        this.tell(replica, to, 'accepted', [{ slot: id, ballot: 3, decree }]);
    }
  }

  private tell(replica: string, to: Address, type: string, items: readonly unknown[]): void {
    this.world.send(replica, to, { type, items });
  }
}
