/**
 * Active replication's machines in a group whose members come and go. The group itself is an ideal one: in each view the most
 * senior full member puts messages into one order, members hear of it piece by piece, and whoever goes on to the next view has delivered
 * what any of those who go on has heard. Who is left behind - crashed, or wrongly suspected - may have delivered more, or go
 * on for a while on its own. Chance decides what happens next.
 */
import type { AnyStateMachine } from 'xstate';
import { active } from '../../machines/active/index.js';
import type { MemberReplicaManagerContext } from '../../machines/active/member-context.js';
import type { Effect, Message } from '../../machines/shared/effects.js';
import {
  type Address,
  actorOf,
  address,
  groupName,
  incarnationOf,
  type NodeId,
  nodeId,
  nodeOf,
  type SenderId,
  senderId,
  senderNode,
} from '../../machines/shared/identifiers.js';
import type { Answer, Call } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { StyleSettings } from '../../machines/shared/style.js';
import { firstView, isMember, type Member, type View } from '../../machines/shared/view.js';
import type { Model, Operation } from '../../runtime/check/index.js';
import { type Random, random } from '../../runtime/simulate/random.js';
import { type Coverage, call, defaults, type Line, type LineObject, line, members, Player } from './stage.js';

export interface MemberPlan {
  readonly n: number;
  readonly frontEnds: number;
  readonly sessions: number;
  readonly requests: number;
  readonly settings?: Partial<StyleSettings>;
  /** Most of each that happen. */
  readonly crashes?: number;
  readonly joins?: number;
  readonly leaves?: number;
  readonly suspicions?: number;
  /** Nodes at which `append` does not give the same result as elsewhere, from the start on or by chance. */
  readonly faulty?: readonly NodeId[];
  readonly coverage?: Coverage;
}

/** One view of the group, and what is ordered in it. */
interface Epoch {
  readonly view: View;
  readonly log: { readonly sender: NodeId; readonly payload: Serializable }[];
  /** How much of the log each member has heard. */
  readonly heard: Map<SenderId, number>;
  /** Those who go on to the next view, and how much of the log they deliver before it. */
  end: { readonly goers: ReadonlySet<SenderId>; readonly cut: number } | null;
}

interface Host {
  readonly id: SenderId;
  readonly player: Player;
  readonly object: LineObject;
  /** Which epoch it is in, and how much of its log has been delivered. */
  epoch: number;
  delivered: number;
  alive: boolean;
}

interface Flying {
  readonly from: Address;
  readonly to: Address;
  /** Its addressee's incarnation. */
  readonly incarnation: number;
  readonly message: Message;
  readonly channel: 'fifo' | 'unordered' | 'lossy';
}

interface Client {
  readonly session: string;
  readonly node: NodeId;
  readonly issued: { readonly call: Call; readonly at: number }[];
  readonly answers: { readonly answer: Answer; readonly at: number }[];
}

/** The line as one correct copy would be. */
export const lineModel: Model<string> = {
  name: 'line',
  operations: { append: 'the text after it', read: 'the text' },
  initial: () => '',
  apply: (text, { op, input }) => {
    const after = op === 'append' ? text + String(input) : text;
    return { state: after, output: after };
  },
  reads: ({ op }) => op === 'read',
  text: (text) => text,
};

/** A line that is sent in pieces of a few letters, however large a chunk may be. */
function lineAt(node: NodeId, faulty: boolean): LineObject {
  const object = line();
  const spoilt = (value: Line): Line => (faulty && value.text.length > 0 ? { text: `${value.text}${node} ` } : value);
  return {
    ...object,
    execute(value, requests) {
      const done = object.execute(value, requests);
      return done.value.text === value.text ? done : { ...done, value: spoilt(done.value) };
    },
    chunk({ text }, cursor, bytes) {
      const from = Number(cursor ?? 0);
      const end = from + 6;
      return { data: text.slice(from, end), size: bytes, next: end < text.length ? end : null };
    },
  };
}

const made = new Map<string, { readonly machine: AnyStateMachine; readonly object: LineObject }>();
/** One machine for all runs with the same settings: making one costs more than a run of it. */
function machineFor(key: string, object: () => LineObject, make: (object: LineObject) => AnyStateMachine) {
  const known = made.get(key);
  if (known !== undefined) {
    known.object.log.length = 0;
    return known;
  }
  const its = object();
  const entry = { machine: make(its), object: its };
  made.set(key, entry);
  return entry;
}

export class MemberGroup {
  readonly epochs: Epoch[];
  readonly hosts = new Map<SenderId, Host>();
  readonly frontEnds = new Map<NodeId, { readonly player: Player; epoch: number }>();
  readonly clients: Client[] = [];
  /** Messages by type, those of control apart. */
  readonly counts: Record<string, number> = {};
  readonly divergences: string[] = [];
  now = 0;
  readonly #plan: MemberPlan;
  readonly #chance: Random;
  readonly #settings: StyleSettings;
  readonly #incarnations = new Map<NodeId, number>();
  readonly #ready = new Set<SenderId>();
  readonly #leaving = new Set<SenderId>();
  readonly #left: Record<'crashes' | 'joins' | 'leaves' | 'suspicions', number>;
  #submitted: { sender: NodeId; payload: Serializable }[] = [];
  #flying: Flying[] = [];
  #seq = 0;

  constructor(plan: MemberPlan, seed: number) {
    this.#plan = plan;
    this.#chance = random(seed, 'schedule');
    this.#settings = { ...defaults, compareEvery: 3, ...plan.settings };
    const { crashes = 0, joins = 0, leaves = 0, suspicions = 0 } = plan;
    this.#left = { crashes, joins, leaves, suspicions };
    const first = members(plan.n).map((node) => senderId(node, 1));
    this.epochs = [epochOf(firstView(groupName('g'), first))];
    for (const id of first) this.#host(id, 0);
    for (let k = 0; k < plan.frontEnds; k++) {
      const node = nodeId(`fe-${k + 1}`);
      const key = `fe ${JSON.stringify(this.#settings)}`;
      const { machine } = machineFor(key, line, () => active.roles.dynamic.frontEnd(this.#settings));
      const input = { node, incarnation: 1, group: groupName('g'), members: [], first: k };
      this.frontEnds.set(node, { player: new Player(machine, input, plan.coverage ?? null), epoch: -1 });
    }
    for (let c = 0; c < plan.sessions; c++) {
      const node = nodeId(`fe-${(c % plan.frontEnds) + 1}`);
      this.clients.push({ session: `s${c}`, node, issued: [], answers: [] });
    }
  }

  /** Until every client has all its answers, or for so many steps where nobody may answer any more. */
  run(steps = 30_000, mustEnd = true): void {
    for (let step = 0; step < steps; step++) {
      if (this.clients.every(({ answers }) => answers.length === this.#plan.requests)) break;
      if (step === steps - 1 && mustEnd)
        throw new Error(`No end: ${this.clients.map(({ answers }) => answers.length)} answers`);
      this.#step();
    }
    this.#settle();
  }

  get latest(): Epoch {
    return this.epochs.at(-1) as Epoch; // there is one from the start
  }

  /** The members of the latest view that live. */
  get live(): Host[] {
    return this.latest.view.members.flatMap(({ id }) => this.hosts.get(id) ?? []).filter(({ alive }) => alive);
  }

  contextOf(host: Host): MemberReplicaManagerContext<Line> {
    return host.player.context as MemberReplicaManagerContext<Line>;
  }

  history(): Operation[] {
    return this.clients.flatMap(({ session, issued, answers }) =>
      issued.map(({ call: { op, args }, at }, i): Operation => {
        const answered = answers[i];
        const outcome = answered?.answer.outcome;
        const output = outcome?.ok === true ? String(outcome.value) : null;
        return {
          process: session,
          op,
          key: null,
          input: op === 'append' ? String(args[0]) : null,
          output,
          call: at,
          return: answered?.at ?? null,
        };
      }),
    );
  }

  #step(): void {
    this.now += 1;
    const actions = [
      () => this.#call(),
      () => this.#place(),
      () => this.#hear(),
      () => this.#deliver(),
      () => this.#deliver(),
      () => this.#arrive(),
      () => this.#arrive(),
      () => this.#observe(),
      () => this.#chance.chance(0.3) && this.#change(),
    ];
    this.#strike();
    const start = this.#chance.int(0, actions.length - 1);
    let done = false;
    for (let i = 0; i < actions.length && !done; i++) done = actions[(start + i) % actions.length]?.() ?? false;
    if (!done || this.#chance.chance(0.01)) this.#wait();
  }

  /** Everything that is under way arrives, and all members are in the latest view. */
  #settle(): void {
    this.#submitted = [];
    for (let quiet = false; !quiet; ) {
      quiet = !(this.#deliver() || this.#arrive() || this.#observe() || this.#hear() || this.#change());
    }
  }

  // --- faults --------------------------------------------------------------------------------------------------------

  #strike(): void {
    const left = this.#left;
    const victim = this.live[this.#chance.int(0, Math.max(0, this.live.length - 1))];
    if (victim === undefined) return;
    if (left.crashes > 0 && this.#chance.chance(0.02) && this.#canSpare(victim.id)) {
      left.crashes -= 1;
      this.#kill(victim);
    } else if (left.leaves > 0 && this.#chance.chance(0.01) && this.#canSpare(victim.id)) {
      left.leaves -= 1;
      this.#leaving.add(victim.id);
    } else if (left.suspicions > 0 && this.#chance.chance(0.01) && this.#canSpare(victim.id)) {
      left.suspicions -= 1;
      this.#leaving.add(victim.id);
    }
  }

  /** A full member that goes on is left without this one. */
  #canSpare(id: SenderId): boolean {
    const others = this.live.filter((host) => host.id !== id && !this.#leaving.has(host.id));
    return others.some((host) => this.latest.view.members.some((member) => member.id === host.id && member.full));
  }

  #kill(host: Host): void {
    host.alive = false;
    // What it had sent may still arrive, or not.
    const node = senderNode(host.id);
    this.#flying = this.#flying.filter(({ from }) => nodeOf(from) !== node || this.#chance.chance(0.5));
    this.#submitted = this.#submitted.filter(() => this.#chance.chance(0.5));
  }

  // --- the group -----------------------------------------------------------------------------------------------------

  #host(id: SenderId, epoch: number): void {
    const node = senderNode(id);
    this.#incarnations.set(node, incarnationOf(id));
    const faulty = this.#plan.faulty?.includes(node) ?? false;
    const key = `${node} ${faulty} ${JSON.stringify(this.#settings)}`;
    const { machine, object } = machineFor(
      key,
      () => lineAt(node, faulty),
      // The style's machines take objects of any value; this test's is a line.
      (its) => active.roles.dynamic.replicaManager(its as never, this.#settings),
    );
    const input = { node, incarnation: incarnationOf(id), group: groupName('g'), members: [] };
    const player = new Player(machine, input, this.#plan.coverage ?? null);
    this.hosts.set(id, { id, player, object, epoch: epoch - 1, delivered: 0, alive: true });
  }

  /** The one who makes the order of an epoch puts a message into it: also one that the others have gone on without. */
  #place(): boolean {
    if (this.#submitted.length === 0) return false;
    const open = this.epochs.filter(({ view, end }) => {
      const id = view.members.find(({ full }) => full)?.id;
      const host = id === undefined ? undefined : this.hosts.get(id);
      return host?.alive === true && this.epochs[host.epoch]?.view.id === view.id && !end?.goers.has(host.id);
    });
    const epoch = open[this.#chance.int(0, Math.max(0, open.length - 1))];
    if (epoch === undefined) return false;
    const [next] = this.#submitted.splice(this.#chance.int(0, this.#submitted.length - 1), 1);
    if (next !== undefined) epoch.log.push(next);
    return next !== undefined;
  }

  /** A member hears of some more of the order of its epoch. */
  #hear(): boolean {
    const behind = [...this.hosts.values()].flatMap((host) => {
      const epoch = this.epochs[host.epoch];
      if (!host.alive || epoch === undefined || !isMember(epoch.view, host.id) || epoch.end?.goers.has(host.id))
        return [];
      return (epoch.heard.get(host.id) ?? 0) < epoch.log.length ? [{ host, epoch }] : [];
    });
    const some = behind[this.#chance.int(0, Math.max(0, behind.length - 1))];
    if (some === undefined) return false;
    const { host, epoch } = some;
    epoch.heard.set(host.id, this.#chance.int((epoch.heard.get(host.id) ?? 0) + 1, epoch.log.length));
    return true;
  }

  /** A member is delivered what it may be, or installs the next view. */
  #deliver(): boolean {
    const able = [...this.hosts.values()].filter(
      (host) => host.alive && (this.#due(host) > 0 || this.#mayInstall(host)),
    );
    const host = able[this.#chance.int(0, Math.max(0, able.length - 1))];
    if (host === undefined) return false;
    const due = this.#due(host);
    if (due === 0) {
      host.epoch += 1;
      host.delivered = 0;
      this.#tellManager(host, 'view', [this.epochs[host.epoch]?.view]);
      return true;
    }
    const epoch = this.epochs[host.epoch] as Epoch; // it has something to deliver there
    const count = this.#chance.int(1, due);
    const items = epoch.log.slice(host.delivered, host.delivered + count).map(({ sender, payload }, i) => {
      this.#seq += 1;
      const number = host.delivered + i + 1;
      return { sender: senderId(sender, 1), seq: this.#seq, payload, number, view: epoch.view.id };
    });
    host.delivered += count;
    this.#count('ordered', items.length);
    this.#tellManager(host, 'delivered', items);
    return true;
  }

  /** How many messages it may be delivered now. */
  #due(host: Host): number {
    const epoch = this.epochs[host.epoch];
    if (epoch === undefined) return 0;
    const { end, heard, view } = epoch;
    if (end?.goers.has(host.id)) return end.cut - host.delivered;
    const own = heard.get(host.id) ?? 0;
    const all = Math.min(...view.members.map(({ id }) => heard.get(id) ?? 0));
    return (active.roles.dynamic.uniform(this.#settings) ? Math.min(own, all) : own) - host.delivered;
  }

  #mayInstall(host: Host): boolean {
    const epoch = this.epochs[host.epoch];
    if (epoch === undefined || !isMember(epoch.view, host.id)) return true; // it has been in none yet
    return epoch.end?.goers.has(host.id) === true && host.delivered === epoch.end.cut;
  }

  /** The next view, where there is a reason for one and those who go on are all in the last. */
  #change(): boolean {
    const { latest } = this;
    const { view } = latest;
    const goers = this.live.filter(({ id }) => !this.#leaving.has(id));
    const joins = this.#left.joins > 0 && this.#chance.chance(0.1);
    const reason =
      joins || goers.length < view.members.length || view.members.some(({ id, full }) => !full && this.#ready.has(id));
    if (!reason || goers.some(({ epoch }) => epoch !== this.epochs.length - 1)) return false;
    const goes = new Set(goers.map(({ id }) => id));
    const staying = view.members.filter(({ id }) => goes.has(id));
    if (!staying.some(({ full }) => full)) return false;
    latest.end = { goers: goes, cut: Math.max(...goers.map(({ id }) => latest.heard.get(id) ?? 0)) };
    const next = staying.map((member): Member => ({ ...member, full: member.full || this.#ready.has(member.id) }));
    if (joins) {
      this.#left.joins -= 1;
      next.push({ id: this.#newcomer(), since: view.id + 1, full: false });
    }
    this.epochs.push(epochOf({ group: view.group, id: view.id + 1, members: next }));
    const newest = next.at(-1);
    if (joins && newest !== undefined) this.#host(newest.id, this.epochs.length - 1);
    // Who is left behind hears of it some time, and ends.
    for (const { id } of view.members) {
      const host = this.hosts.get(id);
      if (host !== undefined && !goes.has(id) && this.#chance.chance(0.5)) this.#evict(host);
    }
    return true;
  }

  #evict(host: Host): void {
    if (host.alive) this.#tellManager(host, 'view', [this.latest.view]);
    host.alive = false;
  }

  /** A node that was here before, or a new one. */
  #newcomer(): SenderId {
    const back = [...this.#incarnations.keys()].filter((node) => {
      const hosts = [...this.hosts.values()].filter(({ id }) => senderNode(id) === node);
      return hosts.every(({ alive, id }) => !alive && !this.latest.view.members.some((member) => member.id === id));
    });
    const node = back[0] ?? nodeId(`rm-${this.#incarnations.size + 1}`);
    return senderId(node, (this.#incarnations.get(node) ?? 0) + 1);
  }

  /** A front end is told the next view. */
  #observe(): boolean {
    const behind = [...this.frontEnds].filter(([, { epoch }]) => epoch < this.epochs.length - 1);
    const [node, frontEnd] = behind[this.#chance.int(0, Math.max(0, behind.length - 1))] ?? [];
    if (node === undefined || frontEnd === undefined) return false;
    frontEnd.epoch += 1;
    const view = this.epochs[frontEnd.epoch]?.view;
    const at = address(node, 'fe');
    this.#carryOut(at, frontEnd.player.tell('view', [view], address(node, 'group:g')));
    return true;
  }

  // --- clients and messages --------------------------------------------------------------------------------------------

  #call(): boolean {
    const ready = this.clients.filter(
      ({ issued, answers }) => issued.length === answers.length && issued.length < this.#plan.requests,
    );
    const client = ready[this.#chance.int(0, Math.max(0, ready.length - 1))];
    if (client === undefined) return false;
    const op = this.#chance.chance(0.6) ? 'append' : 'read';
    // What was answered of a query at one replica manager is in nobody's table.
    const executed = client.issued.filter((issued) => issued.call.kind === 'update').at(-1)?.call.seq ?? 0;
    const next = call(client.session, client.issued.length + 1, op, { after: executed });
    client.issued.push({ call: next, at: this.now });
    const player = this.frontEnds.get(client.node)?.player;
    const at = address(client.node, 'fe');
    this.#carryOut(at, player?.tell('call', [next], address(client.node, 'client')) ?? []);
    return true;
  }

  #arrive(): boolean {
    const first = this.#flying[this.#chance.int(0, Math.max(0, this.#flying.length - 1))];
    if (first === undefined) return false;
    const sameWay = (other: Flying): boolean =>
      other.channel === 'fifo' && nodeOf(other.from) === nodeOf(first.from) && nodeOf(other.to) === nodeOf(first.to);
    const next = first.channel === 'fifo' ? (this.#flying.find(sameWay) ?? first) : first;
    this.#flying = this.#flying.filter((other) => other !== next);
    const player = this.#playerAt(next.to, next.incarnation);
    if (player !== null) this.#carryOut(next.to, player.tell(next.message.type, next.message.items, next.from));
    return true;
  }

  #playerAt(to: Address, incarnation: number): Player | null {
    const node = nodeOf(to);
    const frontEnd = this.frontEnds.get(node);
    if (frontEnd !== undefined) return frontEnd.player;
    const host = this.hosts.get(senderId(node, incarnation));
    return host?.alive === true && actorOf(to) === 'rm' ? host.player : null;
  }

  #wait(): void {
    for (const [node, { player }] of this.frontEnds) {
      this.#carryOut(address(node, 'fe'), player.wait(this.#settings.retryAfter));
    }
  }

  #tellManager(host: Host, type: string, items: readonly unknown[]): void {
    const node = senderNode(host.id);
    this.#carryOut(address(node, 'rm'), host.player.tell(type, items, address(node, 'group:g')), host);
  }

  #carryOut(at: Address, effects: readonly Effect[], by?: Host): void {
    for (const effect of effects) {
      if (effect.type === 'multicast') {
        for (const payload of effect.payloads) this.#submitted.push({ sender: nodeOf(at), payload });
        this.#count('submit', effect.payloads.length);
      } else if (effect.type === 'send' && actorOf(effect.to) === 'group:g') this.#wish(at, effect.message.type, by);
      else if (effect.type === 'send') {
        const { to, message, channel } = effect;
        this.#count(effect.control ? 'control' : message.type, 1);
        const incarnation = this.#incarnations.get(nodeOf(to)) ?? 1;
        this.#flying.push({ from: at, to, incarnation, message, channel });
      } else if (effect.type === 'reply') for (const answer of effect.answers) this.#answer(nodeOf(at), answer);
      else if (effect.type === 'discard' && effect.event === 'digest' && effect.reason.startsWith('STATES_DIFFER'))
        this.divergences.push(`${nodeOf(at)} ${effect.reason}`);
    }
  }

  /** What a member wants of its group. */
  #wish(at: Address, type: string, by: Host | undefined): void {
    const node = nodeOf(at);
    const id = by?.id ?? senderId(node, this.#incarnations.get(node) ?? 1);
    if (type === 'ready') this.#ready.add(id);
    else this.#leaving.add(id);
  }

  #answer(node: NodeId, answer: Answer): void {
    const client = this.clients.find(({ session }) => session === answer.session);
    if (client?.node !== node) throw new Error(`${node} answers ${answer.session}, which is not there`);
    if (answer.seq !== client.answers.length + 1) throw new Error(`${answer.session}#${answer.seq} is answered twice`);
    client.answers.push({ answer, at: this.now });
  }

  #count(type: string, by: number): void {
    this.counts[type] = (this.counts[type] ?? 0) + by;
  }
}

const epochOf = (view: View): Epoch => ({ view, log: [], heard: new Map(), end: null });
