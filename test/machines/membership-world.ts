/**
 * The replicas of a membership service among scripted members, observers and failure detectors, under one virtual clock. What a
 * test says, or draws from its seed, happens: delays, crashes of replicas with recovery from their records, crashes and
 * wrong suspicions of members. What must never happen is looked for after every step.
 */
import { type Actor, createActor } from 'xstate';
import { copyOf, entries } from '../../machines/membership/directory.js';
import { membershipService, membershipShapes } from '../../machines/membership/membership-service.js';
import {
  type Accepted,
  type Decree,
  type Flush,
  membershipAt,
  type Report,
  type Suspicion,
  type Watch,
} from '../../machines/membership/messages.js';
import type { Effect, Message } from '../../machines/shared/effects.js';
import {
  type Address,
  actorOf,
  address,
  type GroupName,
  groupActor,
  groupName,
  type NodeId,
  nodeId,
  nodeOf,
  type SenderId,
  senderId,
  senderNode,
} from '../../machines/shared/identifiers.js';
import { firstView, isMember, type View } from '../../machines/shared/view.js';
import { Agenda, type Due } from './agenda.js';
import type { Random } from './schedule.js';

export const GROUP = groupName('g');
export const STATIC = groupName('s');
const FLUSH = 60;
const RETRY = 100;

export interface WorldOptions {
  readonly replicas: number;
  readonly members: number;
  readonly delay?: () => number;
  /** ms from `persist` to `persisted`. */
  readonly disk?: () => number;
  readonly random?: Random;
  /** Messages between two nodes keep their order. */
  readonly fifo?: boolean;
}

interface Replica {
  readonly node: NodeId;
  incarnation: number;
  alive: boolean;
  actor: Actor<typeof membershipService>;
  records: readonly unknown[];
  watched: readonly NodeId[];
  /** What its detector has told it. */
  readonly opinion: Map<NodeId, boolean>;
}

export interface Member {
  readonly id: SenderId;
  alive: boolean;
  /** Evicted, or has left. */
  over: boolean;
  full: boolean;
  view: View | null;
  stopped: boolean;
  holds: Record<SenderId, number>;
  suspects: SenderId[];
  /** Asks for a report of a view that it has not installed yet. */
  early: Flush | null;
  readonly votes: Map<string, Set<string>>;
  wish: 'join' | 'leave' | null;
  timer: boolean;
}

export class World extends Agenda {
  readonly service: NodeId[];
  readonly replicas = new Map<NodeId, Replica>();
  readonly members = new Map<SenderId, Member>();
  /** `group view` → the decree, as the first who knew of it had it. */
  readonly decrees = new Map<string, Decree>();
  readonly #texts = new Map<string, string>();
  /** Observers and askers: what each was told. */
  readonly told = new Map<Address, { readonly type: string; readonly item: unknown; readonly at: number }[]>();
  /** Messages sent: `from-kind type`. */
  readonly counts: Record<string, number> = {};
  /** ms at which a member installed a view. */
  readonly installs: { readonly id: SenderId; readonly view: number; readonly at: number }[] = [];
  readonly discards: Record<string, number> = {};
  readonly #lastReports = new Map<string, Report>();
  readonly #fifo = new Map<string, number>();
  readonly #cut = new Set<NodeId>();
  readonly options: WorldOptions;

  constructor(options: WorldOptions) {
    super();
    this.options = options;
    this.service = Array.from({ length: options.replicas }, (_, i) => nodeId(`ms-${i + 1}`));
    const ids = Array.from({ length: options.members }, (_, i) => senderId(nodeId(`m${i + 1}`), 1));
    const view = firstView(GROUP, ids);
    this.know({ view, cut: {}, unsettled: {} });
    for (const id of ids) this.#addMember(id, view);
    for (const node of this.service) this.#start(node, 1, []);
  }

  // --- time --------------------------------------------------------------------------------------------------------

  after(ms: number, run: () => void): Due {
    return this.at(this.now + ms, run);
  }

  chance(p: number): boolean {
    return (this.options.random?.() ?? 1) < p;
  }

  // --- messages ----------------------------------------------------------------------------------------------------

  /** Nodes that reach nobody but each other. */
  partition(nodes: readonly NodeId[]): void {
    for (const node of nodes) this.#cut.add(node);
  }

  heal(): void {
    this.#cut.clear();
  }

  send(from: Address, to: Address, message: Message): void {
    const kind = this.replicas.has(nodeOf(from)) ? 'service' : 'member';
    const name = `${kind} ${message.type}`;
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    if (actorOf(to) === 'detector') {
      this.#watch(nodeOf(to), message.items as readonly Watch[]); // its only message
      return;
    }
    const incarnation = this.replicas.get(nodeOf(to))?.incarnation;
    let due = this.now + (nodeOf(from) === nodeOf(to) ? 0 : (this.options.delay?.() ?? 1));
    if (this.options.fifo !== false) {
      const pair = `${from} ${to}`;
      due = Math.max(due, this.#fifo.get(pair) ?? 0);
      this.#fifo.set(pair, due);
    }
    const arrive = (): void => {
      if (this.#cut.has(nodeOf(from)) !== this.#cut.has(nodeOf(to))) {
        this.after(50, arrive); // links lose nothing: it waits until the network is whole
        return;
      }
      if (this.replicas.get(nodeOf(to))?.incarnation === incarnation) this.#arrive(from, to, message);
    };
    this.at(due, arrive);
  }

  #arrive(from: Address, to: Address, message: Message): void {
    const node = nodeOf(to);
    if (this.replicas.has(node)) {
      this.tell(node, message.type, message.items, from);
      return;
    }
    const member = this.living(node);
    if (actorOf(to) === groupActor(GROUP) && member !== undefined) {
      for (const item of message.items) this.#memberTakes(member, from, message.type, item);
    } else {
      const list = this.told.get(to) ?? [];
      for (const item of message.items) list.push({ type: message.type, item, at: this.now });
      this.told.set(to, list);
    }
    if (message.type === 'decided') for (const decree of message.items as readonly Decree[]) this.know(decree); // its items
  }

  tell(node: NodeId, type: string, items: readonly unknown[], from: Address): void {
    const replica = this.replicas.get(node);
    if (replica?.alive !== true) return;
    const shape = membershipShapes[type];
    if (shape !== undefined && !items.every(shape))
      throw new Error(`a ${type} of another shape: ${JSON.stringify(items)}`);
    replica.actor.send({ type, items, from } as never); // the machine takes any event
    this.#look(replica);
  }

  toService(from: Address, type: string, item: unknown): void {
    for (const node of this.service) this.send(from, membershipAt(node), { type, items: [item] });
  }

  // --- replicas ----------------------------------------------------------------------------------------------------

  #start(node: NodeId, incarnation: number, records: readonly unknown[]): void {
    const clock = {
      setTimeout: (run: (...args: unknown[]) => void, ms: number): Due =>
        this.after(ms, () => {
          run();
          const replica = this.replicas.get(node);
          if (replica !== undefined) this.#look(replica);
        }),
      clearTimeout: this.clock.clearTimeout,
    };
    const input = {
      node,
      incarnation,
      service: this.service,
      groups: [
        { view: (this.decrees.get(`${GROUP} 1`) as Decree).view, static: false }, // known from the constructor on
        { view: firstView(STATIC, [senderId(nodeId('s1'), 1), senderId(nodeId('s2'), 1)]), static: true },
      ],
      flushAfter: FLUSH,
      retryAfter: RETRY,
    };
    const actor = createActor(membershipService, { input, clock: clock as never }); // its timeouts are ours
    const replica: Replica = { node, incarnation, alive: true, actor, records, watched: [], opinion: new Map() };
    this.replicas.set(node, replica);
    actor.on('effects', ({ effects }) => {
      for (const effect of effects) this.#carryOut(replica, effect);
    });
    actor.start();
    actor.send({ type: 'recovered', items: records as never, from: address(node, 'storage') });
    this.#look(replica);
  }

  #carryOut(replica: Replica, effect: Effect): void {
    if (!replica.alive) return;
    if (effect.type === 'send') this.send(membershipAt(replica.node), effect.to, effect.message);
    if (effect.type === 'discard') {
      const name = `${effect.event} ${effect.reason}`;
      this.discards[name] = (this.discards[name] ?? 0) + effect.count;
    }
    if (effect.type !== 'persist') return;
    const { number, records } = effect;
    this.after(this.options.disk?.() ?? 0, () => {
      if (!replica.alive) return;
      replica.records = records;
      this.tell(replica.node, 'persisted', [number], address(replica.node, 'storage'));
    });
  }

  crashReplica(node: NodeId): void {
    const replica = this.replicas.get(node);
    if (replica === undefined) return;
    replica.alive = false;
    replica.actor.stop();
    this.opine(node, true);
  }

  recoverReplica(node: NodeId, records?: readonly unknown[]): void {
    const replica = this.replicas.get(node);
    if (replica === undefined || replica.alive) return;
    this.#start(node, replica.incarnation + 1, records ?? replica.records);
    this.opine(node, false);
  }

  /** All detectors that watch the node say so, sooner or later. */
  opine(node: NodeId, suspected: boolean): void {
    for (const watcher of this.service)
      this.after(this.options.delay?.() ?? 1, () => this.opineAt(watcher, node, suspected));
  }

  opineAt(watcher: NodeId, node: NodeId, suspected: boolean): void {
    const replica = this.replicas.get(watcher);
    if (replica?.alive !== true || !replica.watched.includes(node)) return;
    if ((replica.opinion.get(node) ?? false) === suspected) return;
    replica.opinion.set(node, suspected);
    const incarnation = this.replicas.get(node)?.incarnation ?? this.latest(node);
    const item: Suspicion = { node, incarnation, suspected };
    this.tell(watcher, 'suspicion', [item], address(watcher, 'detector'));
  }

  isUp(node: NodeId): boolean {
    const replica = this.replicas.get(node);
    return replica === undefined ? this.living(node) !== undefined : replica.alive;
  }

  #watch(node: NodeId, items: readonly Watch[]): void {
    const replica = this.replicas.get(node);
    const watch = items[items.length - 1];
    if (replica === undefined || watch === undefined) return;
    replica.watched = watch.nodes;
    for (const known of [...replica.opinion.keys()]) if (!watch.nodes.includes(known)) replica.opinion.delete(known);
    for (const other of watch.nodes) {
      if (!this.isUp(other))
        this.after(this.options.delay?.() ?? 1, () => this.opineAt(node, other, !this.isUp(other)));
    }
  }

  leader(): Replica | undefined {
    return [...this.replicas.values()].find(
      ({ alive, actor }) => alive && actor.getSnapshot().matches({ serving: 'leading' }),
    );
  }

  stateOf(node: NodeId): unknown {
    return this.replicas.get(node)?.actor.getSnapshot().value;
  }

  view(group: GroupName = GROUP): View | undefined {
    const views = [...this.decrees.values()].map(({ view }) => view).filter((view) => view.group === group);
    return views.sort((a, b) => b.id - a.id)[0];
  }

  /** GM-4: all replicas that know a slot know the same directory as of it. */
  #look(replica: Replica): void {
    const { directory } = replica.actor.getSnapshot().context;
    const key = `slot ${directory.slot}`;
    if (this.#looked.get(replica) === directory) return;
    this.#looked.set(replica, directory);
    const text = JSON.stringify(copyOf(directory));
    const before = this.#texts.get(key);
    if (before === undefined) this.#texts.set(key, text);
    else if (before !== text) throw new Error(`two directories of ${key}:\n${before}\n${text}`);
    for (const { decree } of entries(directory)) this.know(decree);
  }
  readonly #looked = new Map<Replica, unknown>();
  readonly #seen = new WeakSet<Decree>();

  /** Somebody says that this is decided: nobody may ever say otherwise, and it must be right. */
  know(decree: Decree): void {
    if (this.#seen.has(decree)) return;
    this.#seen.add(decree);
    const { view } = decree;
    const key = `${view.group} ${view.id}`;
    const text = JSON.stringify(decree);
    const before = this.#texts.get(key);
    if (before !== undefined) {
      if (before !== text) throw new Error(`two decrees of ${key}:\n${before}\n${text}`);
      return;
    }
    this.#texts.set(key, text);
    this.decrees.set(key, decree);
    if (view.group === GROUP && view.id > 1) this.#check(decree);
  }

  #check({ view, cut, unsettled }: Decree): void {
    const must = (holds: boolean, what: string): void => {
      if (!holds) throw new Error(`view ${view.id}: ${what}`);
    };
    const before = this.decrees.get(`${GROUP} ${view.id - 1}`)?.view;
    if (before === undefined) throw new Error(`view ${view.id} without ${view.id - 1}`);
    must(
      view.members.some(({ full }) => full),
      'no full member',
    );
    const survivors = before.members.filter(({ id }) => isMember(view, id));
    must(new Set(view.members.map(({ id }) => senderNode(id))).size === view.members.length, 'a node twice');
    view.members.forEach(({ id, since, full }, i) => {
      const old = survivors[i];
      if (old === undefined) must(since === view.id && !full, `${id} enters wrongly`);
      else must(old.id === id && old.since === since && (full || !old.full), `${id} is not what it was`);
    });
    for (const [id, gone] of this.#gone) must(!isMember(view, id), `${id}, out since ${gone}, is back`);
    for (const { id } of before.members) if (!isMember(view, id)) this.#gone.set(id, view.id);
    this.#checkCut(before, cut, unsettled, must);
    must(
      survivors.every(({ id }) => id in unsettled),
      'somebody goes on without a report',
    );
  }

  /** What those who take part have reported last is in the cut, and nothing that nobody of them holds. */
  #checkCut(
    before: View,
    cut: Decree['cut'],
    unsettled: Decree['unsettled'],
    must: (holds: boolean, what: string) => void,
  ): void {
    const all: Record<string, number> = {};
    for (const id of Object.keys(unsettled)) {
      const last = this.#lastReports.get(`${id} ${before.id}`);
      const first = this.#firstReports.get(`${id} ${before.id}`);
      must(last !== undefined && unsettled[id as SenderId] === last.unsettled, `${id} has not said this`);
      for (const [sender, n] of Object.entries(last?.holds ?? {})) all[sender] = Math.max(all[sender] ?? 0, n);
      for (const [sender, n] of Object.entries(first?.holds ?? {}))
        must((cut[sender as SenderId] ?? 0) >= n, `the cut lacks what ${id} holds of ${sender}`);
    }
    for (const sender of Object.keys({ ...all, ...cut })) {
      const id = sender as SenderId; // a key of holdings
      const own = this.#lastReports.get(`${sender} ${before.id}`)?.holds[id] ?? 0;
      // Of a suspect more can come to somebody after he has reported; of who takes part the cut has all.
      if (sender in unsettled) must((cut[id] ?? 0) === own, `the cut has not all of ${sender}`);
      else must((cut[id] ?? 0) <= (all[sender] ?? 0), `the cut has more of ${sender} than anybody`);
    }
  }
  readonly #gone = new Map<SenderId, number>();
  readonly #firstReports = new Map<string, Report>();

  // --- members -----------------------------------------------------------------------------------------------------

  #addMember(id: SenderId, view: View | null): Member {
    const member: Member = {
      id,
      alive: true,
      over: false,
      full: view !== null,
      view,
      stopped: false,
      holds: {},
      suspects: [],
      early: null,
      votes: new Map(),
      wish: null,
      timer: false,
    };
    this.members.set(id, member);
    return member;
  }

  addressOf(id: SenderId): Address {
    return address(senderNode(id), groupActor(GROUP));
  }

  living(node: NodeId): Member | undefined {
    return [...this.members.values()].reverse().find(({ id, alive }) => alive && senderNode(id) === node);
  }

  latest(node: NodeId): number {
    return [...this.members.keys()].filter((id) => senderNode(id) === node).length;
  }

  /** A new incarnation of the node, the first or a later one; the earlier one is over. */
  joinAs(node: NodeId): Member {
    for (const member of this.members.values()) if (senderNode(member.id) === node) member.alive = false;
    const member = this.#addMember(senderId(node, this.latest(node) + 1), null);
    this.wish(member, 'join');
    this.opine(node, false);
    return member;
  }

  wish(member: Member, wish: 'join' | 'leave'): void {
    member.wish = wish;
    this.#repeat(member, true);
  }

  crashMember(member: Member): void {
    member.alive = false;
    this.opine(senderNode(member.id), true);
    for (const other of this.active()) {
      if (other.view !== null && isMember(other.view, member.id))
        this.after(this.options.delay?.() ?? 1, () => this.suspect(other, member.id));
    }
  }

  active(): Member[] {
    return [...this.members.values()].filter(({ alive, over }) => alive && !over);
  }

  suspect(member: Member, suspect: SenderId): void {
    if (!member.alive || member.over || member.view === null || member.suspects.includes(suspect)) return;
    member.suspects.push(suspect);
    this.report(member);
  }

  multicast(member: Member): void {
    if (!member.alive || member.over || member.view === null || member.stopped) return;
    const upTo = (member.holds[member.id] ?? 0) + 1;
    member.holds[member.id] = upTo;
    this.#toOthers(member, 'data', { view: member.view.id, holds: { [member.id]: upTo } });
  }

  report(member: Member): void {
    if (member.view === null) return;
    member.stopped = true;
    const report: Report = {
      group: GROUP,
      view: member.view.id,
      member: member.id,
      full: member.full,
      holds: { ...member.holds },
      suspects: [...member.suspects],
      unsettled: `${member.id}@${member.view.id}`,
    };
    const key = `${member.id} ${report.view}`;
    this.#lastReports.set(key, report);
    if (!this.#firstReports.has(key)) this.#firstReports.set(key, report);
    this.toService(this.addressOf(member.id), 'report', report);
    this.#toOthers(member, 'report', report);
    this.#repeat(member, false);
  }

  #toOthers(member: Member, type: string, item: unknown): void {
    for (const { id } of member.view?.members ?? []) {
      if (id !== member.id) this.send(this.addressOf(member.id), this.addressOf(id), { type, items: [item] });
    }
  }

  /** Wishes and reports again and again, until they have come to something. */
  #repeat(member: Member, first: boolean): void {
    const { wish } = member;
    if (!member.alive || member.over) return;
    if (wish === 'join' && member.view !== null) member.wish = null;
    else if (wish !== null && first)
      this.toService(this.addressOf(member.id), wish, { group: GROUP, member: member.id });
    if (member.timer || (member.wish === null && !member.stopped)) return;
    member.timer = true;
    this.after(RETRY, () => {
      member.timer = false;
      if (!member.alive || member.over) return;
      if (member.stopped) this.report(member);
      this.#repeat(member, true);
    });
  }

  #memberTakes(member: Member, from: Address, type: string, item: unknown): void {
    if (member.over) return;
    if (type === 'accepted') this.#hears(member, from, item as Accepted); // the type says what it is, here and below
    if (type === 'decided') this.#install(member, item as Decree);
    if (type === 'evicted' && (item as { member: SenderId }).member === member.id) member.over = true;
    if (type === 'flush' && (item as Flush).view > (member.view?.id ?? 0)) member.early = item as Flush;
    const at = (item as { view: unknown }).view;
    if (member.view === null || at !== member.view.id) return;
    if (type === 'flush') this.#learn(member, (item as Flush).suspects, true);
    if (type === 'data' || type === 'pass') {
      const before = JSON.stringify(member.holds);
      for (const [sender, n] of Object.entries((item as Report).holds)) {
        const id = sender as SenderId; // a key of holdings
        // Once stopped it takes what is passed on, and of others what they sent before they stopped.
        member.holds[id] = Math.max(member.holds[id] ?? 0, n);
      }
      if (member.stopped && JSON.stringify(member.holds) !== before) this.report(member);
    }
    if (type === 'report') {
      const { holds, suspects, member: other } = item as Report;
      this.#learn(member, suspects, false);
      if (Object.entries(member.holds).some(([sender, n]) => (holds[sender as SenderId] ?? 0) < n))
        this.send(this.addressOf(member.id), this.addressOf(other), {
          type: 'pass',
          items: [{ view: member.view.id, holds: { ...member.holds } }],
        });
    }
  }

  #learn(member: Member, suspects: readonly SenderId[], asked: boolean): void {
    const fresh = suspects.filter((id) => !member.suspects.includes(id) && id !== member.id);
    member.suspects.push(...fresh);
    if (!member.stopped || (asked && fresh.length > 0)) this.report(member);
  }

  #hears(member: Member, from: Address, { slot, ballot, decree }: Accepted): void {
    const key = `${slot} ${ballot} ${decree.view.id}`;
    const votes = member.votes.get(key) ?? new Set();
    votes.add(from);
    member.votes.set(key, votes);
    if (2 * votes.size > this.service.length) this.#install(member, decree);
  }

  #install(member: Member, decree: Decree): void {
    this.know(decree);
    const { view, cut } = decree;
    const inIt = isMember(view, member.id);
    if (member.view === null ? !inIt : view.id <= member.view.id) return;
    if (!inIt) {
      member.over = true;
      return;
    }
    if (member.view !== null) {
      if (view.id !== member.view.id + 1)
        throw new Error(`${member.id} goes from view ${member.view.id} to ${view.id}`);
      for (const [sender, n] of Object.entries(cut)) {
        if ((member.holds[sender as SenderId] ?? 0) < n) throw new Error(`${member.id} goes on without ${sender} ${n}`);
      }
    }
    this.installs.push({ id: member.id, view: view.id, at: this.now });
    const joined = member.view === null;
    member.view = view;
    member.stopped = false;
    member.holds = {};
    member.votes.clear();
    member.suspects = member.suspects.filter((id) => isMember(view, id) && this.members.get(id)?.alive === false);
    if (member.suspects.length > 0) this.report(member);
    if (member.early?.view === view.id) this.#learn(member, member.early.suspects, true);
    if (joined) this.after(30, () => (member.full = true));
  }
}
