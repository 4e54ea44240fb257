/**
 * A whole group of active replication's machines on a stage of its own: the order is an ideal one (what is multicast
 * takes its place in one sequence at some time; each replica manager hears of it at some time, in pieces of any size), the
 * network delays and reorders, replica managers lie or crash, and chance decides what happens next.
 */

import type { AnyStateMachine } from 'xstate';
import { active } from '../../machines/active/index.js';
import type { Effect, Message } from '../../machines/shared/effects.js';
import {
  type Address,
  address,
  groupName,
  type NodeId,
  nodeId,
  nodeOf,
  senderId,
} from '../../machines/shared/identifiers.js';
import type { Answer, Batch, Call, Outcome, Reply, Request } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { StyleSettings } from '../../machines/shared/style.js';
import { type Random, random } from '../../runtime/simulate/random.js';
import { addresses, call, defaults, type LineObject, line, members, Player } from './stage.js';

export interface Plan {
  readonly n: number;
  readonly frontEnds: number;
  readonly sessions: number;
  readonly requests: number;
  readonly settings?: Partial<StyleSettings>;
  /** Replica managers that lie in each way. */
  readonly liars?: ReadonlyMap<NodeId, (reply: Reply, to: Address, chance: Random) => Reply | null>;
  /** Most replica managers that crash. */
  readonly crashes?: number;
  /** Share of events in which something is doubled: a call, a batch in the order, a reply. */
  readonly doubled?: number;
  /** Clients use replica managers as their proxies. */
  readonly proxies?: boolean;
  /** A front end that crashes at some time. */
  readonly frontEndCrash?: boolean;
}

interface Flying {
  readonly from: Address;
  readonly to: Address;
  readonly message: Message;
  readonly channel: 'fifo' | 'unordered' | 'lossy';
}

interface Client {
  readonly session: string;
  readonly node: NodeId;
  readonly issued: Call[];
  readonly answers: Answer[];
}

/** One machine for all the runs with the same settings: making one costs more than a run of it. */
const made = new Map<string, { readonly machine: AnyStateMachine; readonly object: LineObject }>();
function machineFor(actor: string, settings: StyleSettings, make: (object: LineObject) => AnyStateMachine) {
  const key = `${actor} ${JSON.stringify(settings)}`;
  const object = line();
  const entry = made.get(key) ?? { machine: make(object), object };
  made.set(key, entry);
  entry.object.log.length = 0;
  return entry;
}

export class ActiveGroup {
  readonly players = new Map<Address, Player>();
  readonly objects = new Map<NodeId, LineObject>();
  readonly clients: Client[] = [];
  readonly crashed = new Set<NodeId>();
  /** What was ordered, in order. */
  readonly order: { readonly sender: NodeId; readonly payload: Serializable }[] = [];
  readonly #plan: Plan;
  readonly #chance: Random;
  readonly #settings: StyleSettings;
  readonly #submitted: { sender: NodeId; payload: Serializable }[] = [];
  readonly #heard = new Map<NodeId, number>();
  #flying: Flying[] = [];
  #untold: { to: Address; node: NodeId }[] = [];
  #seq = 0;

  constructor(plan: Plan, seed: number) {
    this.#plan = plan;
    this.#chance = random(seed, 'schedule');
    this.#settings = { ...defaults, ...plan.settings };
    const group = groupName('g');
    const settings = this.#settings;
    const host = (node: NodeId, actor: string, machine: AnyStateMachine, more: object): void => {
      this.players.set(address(node, actor), new Player(machine, { node, incarnation: 1, group, ...more }, null));
    };
    const frontEnd = machineFor('fe', settings, () => active.roles.static.frontEnd(settings)).machine;
    const proxyClient = machineFor('proxy client', settings, () => active.proxyClient(settings).machine).machine;
    for (const [i, node] of members(plan.n).entries()) {
      // The style's machines take objects of any value; this test's is a line.
      const { machine, object } = machineFor(node, settings, (made) =>
        active.roles.static.replicaManager(made as never, settings),
      );
      this.objects.set(node, object);
      this.#heard.set(node, 0);
      host(node, 'rm', machine, { members: members(plan.n) });
      if (plan.proxies) host(node, 'fe', frontEnd, { members: addresses(plan.n), first: i });
    }
    const proxies = members(plan.n).map((member) => address(member, 'fe'));
    for (let k = 0; k < plan.frontEnds; k++) {
      const first = k % plan.n;
      const node = nodeId(`fe-${k + 1}`);
      if (plan.proxies) host(node, 'fe', proxyClient, { members: proxies, first });
      else host(node, 'fe', frontEnd, { members: addresses(plan.n), first });
    }
    for (let c = 0; c < plan.sessions; c++) {
      const node = nodeId(`fe-${(c % plan.frontEnds) + 1}`);
      this.clients.push({ session: `s${c}`, node, issued: [], answers: [] });
    }
  }

  /** Until every client that lives has all its answers. */
  run(): void {
    for (let step = 0; step < 20_000; step++) {
      if (this.#over()) {
        this.#settle();
        return;
      }
      const { crashes = 0 } = this.#plan;
      const kills = this.crashed.size < crashes && this.#chance.chance(0.03);
      if (kills) this.#crash(nodeId(`rm-${this.#chance.int(1, this.#plan.n)}`));
      if (this.#plan.frontEndCrash && this.#chance.chance(0.05)) this.#crash(nodeId('fe-1'));
      const actions = [
        () => this.#call(),
        () => this.#place(),
        () => this.#deliver(),
        () => this.#arrive(),
        () => this.#tellGone(),
      ];
      const start = this.#chance.int(0, actions.length - 1);
      let done = false;
      for (let i = 0; i < actions.length && !done; i++) done = actions[(start + i) % actions.length]?.() ?? false;
      if (!done || this.#chance.chance(0.005)) this.#wait();
    }
    throw new Error(
      `No end: ${this.clients.map(({ answers }) => answers.length)} answers of ${this.#plan.requests} each`,
    );
  }

  /** The order as it must be executed: once each, in a session only forwards. Text after each update, outcome of each id. */
  model(): { texts: string[]; outcomes: Map<string, Outcome> } {
    const last = new Map<string, number>();
    const texts = [''];
    const outcomes = new Map<string, Outcome>();
    for (const { payload } of this.order) {
      for (const request of (payload as unknown as Batch).requests) {
        if ((last.get(request.session) ?? 0) >= request.seq) continue;
        last.set(request.session, request.seq);
        const before = texts.at(-1) ?? '';
        const text = request.op === 'append' ? before + String(request.args[0]) : before;
        if (request.kind === 'update') texts.push(text);
        const failure = { ok: false, error: { code: 'REFUSED', message: 'It never works.' } } as const;
        outcomes.set(`${request.session}#${request.seq}`, request.op === 'fail' ? failure : { ok: true, value: text });
      }
    }
    return { texts, outcomes };
  }

  get live(): NodeId[] {
    return members(this.#plan.n).filter((node) => !this.crashed.has(node));
  }

  contextOf(member: NodeId): { value: { text: string }; version: number } {
    return this.players.get(address(member, 'rm'))?.context;
  }

  #over(): boolean {
    return this.clients.every(({ node, answers }) => this.crashed.has(node) || answers.length === this.#plan.requests);
  }

  /** Everything that is under way arrives. */
  #settle(): void {
    while (this.#place() || this.#deliver() || this.#arrive());
  }

  #call(): boolean {
    const { requests, doubled = 0 } = this.#plan;
    const ready = this.clients.filter(
      ({ node, issued, answers }) =>
        !this.crashed.has(node) && issued.length === answers.length && issued.length < requests,
    );
    if (ready.length === 0) return false;
    const some = ready.filter(() => this.#chance.chance(0.6));
    for (const at of new Set(some.map(({ node }) => node))) {
      const calls = some.filter(({ node }) => node === at).map((client) => this.#issue(client));
      this.#carryOut(address(at, 'fe'), this.#tell(address(at, 'fe'), 'call', calls, address(at, 'client')));
      if (this.#chance.chance(doubled)) {
        this.#carryOut(address(at, 'fe'), this.#tell(address(at, 'fe'), 'call', calls, address(at, 'client')));
      }
    }
    return some.length > 0;
  }

  #issue(client: Client): Call {
    const op = ['append', 'append', 'read', 'fail'][this.#chance.int(0, 3)] ?? 'append';
    const executed = client.issued.filter(({ kind }) => kind === 'update').at(-1)?.seq ?? 0;
    const next = call(client.session, client.issued.length + 1, op, { after: executed });
    client.issued.push(next);
    return next;
  }

  /** One of the messages under way to the group gets its place in the order. */
  #place(): boolean {
    if (this.#submitted.length === 0) return false;
    const [next] = this.#submitted.splice(this.#chance.int(0, this.#submitted.length - 1), 1);
    if (next === undefined) return false;
    this.order.push(next);
    if (this.#chance.chance(this.#plan.doubled ?? 0)) this.#submitted.push(next);
    return true;
  }

  /** A replica manager hears of some of the order that it has not heard of. */
  #deliver(): boolean {
    const behind = this.live.filter((node) => (this.#heard.get(node) ?? 0) < this.order.length);
    const node = behind[this.#chance.int(0, behind.length - 1)];
    if (node === undefined) return false;
    const from = this.#heard.get(node) ?? 0;
    const to = this.#chance.int(from + 1, this.order.length);
    this.#heard.set(node, to);
    const deliveries = this.order.slice(from, to).map(({ sender, payload }, i) => {
      this.#seq += 1;
      return { sender: senderId(sender, 1), seq: this.#seq, payload, number: from + i + 1 };
    });
    this.#carryOut(
      address(node, 'rm'),
      this.#tell(address(node, 'rm'), 'delivered', deliveries, address(node, 'group:g')),
    );
    return true;
  }

  /** A message arrives: any, but those of a fifo channel in their order. */
  #arrive(): boolean {
    if (this.#flying.length === 0) return false;
    const first = this.#flying[this.#chance.int(0, this.#flying.length - 1)];
    if (first === undefined) return false;
    const sameWay = (other: Flying): boolean =>
      other.channel === 'fifo' && nodeOf(other.from) === nodeOf(first.from) && nodeOf(other.to) === nodeOf(first.to);
    const next = first.channel === 'fifo' ? (this.#flying.find(sameWay) ?? first) : first;
    if (!this.#chance.chance(this.#plan.doubled ?? 0) || next.message.type !== 'replies') {
      this.#flying = this.#flying.filter((other) => other !== next);
    }
    if (this.crashed.has(nodeOf(next.to))) return true;
    this.#carryOut(next.to, this.#tell(next.to, next.message.type, next.message.items, next.from));
    return true;
  }

  #tellGone(): boolean {
    const [next] = this.#untold.splice(this.#chance.int(0, Math.max(0, this.#untold.length - 1)), 1);
    if (next === undefined) return false;
    if (this.crashed.has(nodeOf(next.to))) return true;
    const from = address(nodeOf(next.to), 'link');
    this.#carryOut(next.to, this.#tell(next.to, 'gone', [{ node: next.node, incarnation: 1 }], from));
    return true;
  }

  #wait(): void {
    for (const [at, player] of this.players) {
      if (!this.crashed.has(nodeOf(at))) this.#carryOut(at, player.wait(this.#settings.retryAfter));
    }
  }

  #crash(node: NodeId): void {
    if (this.crashed.has(node)) return;
    this.crashed.add(node);
    // What it had sent may still arrive, or not.
    this.#flying = this.#flying.filter(({ from }) => nodeOf(from) !== node || this.#chance.chance(0.5));
    for (let i = this.#submitted.length - 1; i >= 0; i--) {
      if (this.#submitted[i]?.sender === node && this.#chance.chance(0.5)) this.#submitted.splice(i, 1);
    }
    for (const to of this.players.keys()) this.#untold.push({ to, node });
  }

  #tell(to: Address, type: string, items: readonly unknown[], from: Address): Effect[] {
    return this.players.get(to)?.tell(type, items, from) ?? [];
  }

  #carryOut(at: Address, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === 'multicast') {
        for (const payload of effect.payloads) this.#submitted.push({ sender: nodeOf(at), payload });
      } else if (effect.type === 'send') this.#send(at, effect.to, effect.message, effect.channel);
      else if (effect.type === 'reply') for (const answer of effect.answers) this.#answer(nodeOf(at), answer);
    }
  }

  #send(from: Address, to: Address, message: Message, channel: Flying['channel']): void {
    const lie = this.#plan.liars?.get(nodeOf(from));
    if (lie === undefined || message.type !== 'replies') {
      this.#flying.push({ from, to, message, channel });
      return;
    }
    const items = (message.items as readonly Reply[])
      .map((item) => lie(item, to, this.#chance))
      .filter((item) => item !== null);
    if (items.length > 0) this.#flying.push({ from, to, message: { type: 'replies', items }, channel });
  }

  #answer(node: NodeId, answer: Answer): void {
    const client = this.clients.find(({ session }) => session === answer.session);
    if (client === undefined || client.node !== node)
      throw new Error(`${node} answers ${answer.session}, which is not there`);
    if (answer.seq !== client.answers.length + 1) throw new Error(`${answer.session}#${answer.seq} is answered twice`);
    client.answers.push(answer);
  }
}

/** Requests in a payload of the order. */
export const requestsIn = (payload: Serializable): readonly Request[] => (payload as unknown as Batch).requests;
