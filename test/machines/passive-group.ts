/**
 * A whole group of passive replication's machines on a stage of its own. The group is an ideal view-synchronous one: each view
 * has a stream for each sender, of which each member delivers a prefix as chance has it; when a view ends, a cut is drawn that
 * holds all that anybody who goes on has delivered, and each of these delivers the cut before the next view. The network
 * delays and reorders; nodes crash, are suspected wrongly, and join, and chance decides what happens next.
 */

import { passive } from '../../machines/passive/index.js';
import type { Effect, Message } from '../../machines/shared/effects.js';
import {
  type Address,
  actorOf,
  address,
  groupName,
  type NodeId,
  nodeId,
  nodeOf,
  type SenderId,
  senderId,
  senderNode,
} from '../../machines/shared/identifiers.js';
import type { ReplicatedObject } from '../../machines/shared/object.js';
import type { Phase } from '../../machines/shared/phases.js';
import type { Answer, Call } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { StyleSettings } from '../../machines/shared/style.js';
import { chosen, isMember, type Member, type View } from '../../machines/shared/view.js';
import type { Operation } from '../../runtime/check/history.js';
import { type Random, random } from '../../runtime/simulate/random.js';
import { addresses, type Coverage, call, defaults, type Line, line, members, Player } from './stage.js';

export interface Plan {
  readonly n: number;
  readonly frontEnds: number;
  readonly sessions: number;
  readonly requests: number;
  readonly settings?: Partial<StyleSettings>;
  readonly object?: ReplicatedObject<Line>;
  /** Most nodes that crash at any time. */
  readonly crashes?: number;
  /** The primary crashes in this phase, once for each name in the list, in their order. */
  readonly strikes?: readonly (Phase | 'take-over')[];
  /** Most members that are left out of a view although they live. */
  readonly suspicions?: number;
  /** Most nodes that join. */
  readonly joiners?: number;
  /** Share of messages that come twice. */
  readonly doubled?: number;
  /** Front ends hear of no view: they find the primary by asking. */
  readonly deaf?: boolean;
}

export interface Flying {
  readonly from: Address;
  readonly to: Address;
  readonly message: Message;
  readonly channel: 'fifo' | 'unordered' | 'lossy' | 'lossy';
  readonly hops: number;
  readonly incarnation: number;
}

interface Client {
  readonly session: string;
  readonly node: NodeId;
  readonly issued: { readonly call: Call; readonly at: number }[];
  /** `hops`: message delays since the call. */
  readonly answers: { readonly answer: Answer; readonly at: number; readonly hops: number }[];
}

/** One sender's multicasts in one view. */
interface Stream {
  readonly payloads: { readonly seq: number; readonly payload: Serializable; readonly hops: number }[];
}

/** The group's actor on one member's node. */
interface Seat {
  readonly id: SenderId;
  view: number;
  /** Delivered in its view, by sender. */
  delivered: Map<SenderId, number>;
  /** Own multicasts ever. */
  sent: number;
  ready: boolean;
  /** Multicasts that no view of its own has taken yet: sent in the next, when it is installed here. */
  pending: Stream['payloads'];
  /** It was left out, and its own view goes on without end. */
  deposed: boolean;
}

interface Ended {
  readonly cut: ReadonlyMap<SenderId, number>;
}

const GROUP = groupName('g');
const MOST_STEPS = 30_000;
const made = new Map<string, ReturnType<typeof makeMachines>>();

function makeMachines(settings: StyleSettings, object: ReplicatedObject<Line>) {
  return {
    replicaManager: passive.roles.dynamic.replicaManager(object as never, settings), // a style's machines take objects of any value
    frontEnd: passive.roles.dynamic.frontEnd(settings),
  };
}

/** Making a machine costs more than a run of it. */
function machinesFor(settings: StyleSettings, object?: ReplicatedObject<Line>) {
  if (object !== undefined) return makeMachines(settings, object);
  const key = JSON.stringify(settings);
  const known = made.get(key) ?? makeMachines(settings, line());
  made.set(key, known);
  return known;
}

export class PassiveGroup {
  readonly players = new Map<Address, Player>();
  readonly clients: Client[] = [];
  readonly crashed = new Set<NodeId>();
  readonly seats = new Map<SenderId, Seat>();
  /** From view 1, at place 0. */
  readonly views: View[] = [];
  /** Messages sent so far, by type; a multicast as one to each other member. */
  readonly counts: Record<string, number> = {};
  readonly phases: { readonly node: NodeId; readonly phase: Phase; readonly requests: readonly string[] }[] = [];
  /** Messages for which this holds do not arrive, as long as it does. */
  held: (flying: Flying) => boolean = () => false;
  /** No view follows but those that the test asks for. */
  frozen = false;
  /** Nodes to which the group hands nothing, as long as they are in here. */
  readonly cutOff = new Set<NodeId>();
  readonly #plan: Plan;
  readonly #chance: Random;
  readonly #settings: StyleSettings;
  readonly #machines: ReturnType<typeof makeMachines>;
  readonly #coverage: Coverage | null;
  readonly #streams: Map<SenderId, Stream>[] = [];
  readonly #ends: Ended[] = [];
  readonly #told = new Map<NodeId, number>();
  readonly #strikes: (Phase | 'take-over')[];
  #flying: Flying[] = [];
  #joiners: SenderId[] = [];
  #joined = 0;
  #crashes = 0;
  #suspicions = 0;
  #time = 0;
  #hops = 0;

  constructor(plan: Plan, seed: number, coverage: Coverage | null = null) {
    this.#plan = plan;
    this.#chance = random(seed, 'schedule');
    this.#settings = { ...defaults, ...plan.settings };
    this.#coverage = coverage;
    this.#strikes = [...(plan.strikes ?? [])];
    this.#machines = machinesFor(this.#settings, plan.object);
    for (const node of members(plan.n)) this.#seat(senderId(node, 1), 0);
    for (let k = 0; k < plan.frontEnds; k++) {
      const node = nodeId(`fe-${k + 1}`);
      const input = { node, incarnation: 1, group: GROUP, members: addresses(plan.n), first: k % plan.n };
      this.players.set(address(node, 'fe'), new Player(this.#machines.frontEnd, input, coverage));
      this.#told.set(node, 0);
    }
    for (let c = 0; c < plan.sessions; c++) {
      const node = nodeId(`fe-${(c % plan.frontEnds) + 1}`);
      this.clients.push({ session: `s${c}`, node, issued: [], answers: [] });
    }
    const first = members(plan.n).map((node): Member => ({ id: senderId(node, 1), since: 1, full: true }));
    this.#decide(first);
  }

  // --- what a run is ------------------------------------------------------------------------------------------------

  /** Until every client has all its answers. */
  run(): void {
    for (let step = 0; step < MOST_STEPS; step++) {
      if (this.clients.every(({ answers }) => answers.length === this.#plan.requests)) {
        this.settle();
        return;
      }
      this.#mishap();
      const actions = [
        () => this.call(),
        () => this.#deliver(),
        () => this.#install(),
        () => this.#arrive(),
        () => this.#arrive(),
        () => this.#tellFrontEnds(),
        () => this.#chance.chance(0.2) && this.#change(),
      ];
      const start = this.#chance.int(0, actions.length - 1);
      let done = false;
      for (let i = 0; i < actions.length && !done; i++) done = actions[(start + i) % actions.length]?.() ?? false;
      if (!done) done = this.#chance.chance(0.5) && this.#needsChange() && this.#change();
      if (!done || this.#chance.chance(0.005)) this.#wait();
    }
    const left = this.clients.map(({ answers }) => answers.length);
    throw new Error(`No end: ${left} answers of ${this.#plan.requests} each; ${JSON.stringify(this.views.at(-1))}`);
  }

  /** Everything that is under way arrives. */
  settle(): void {
    for (let quiet = false; !quiet; ) {
      quiet = true;
      while (this.#install() || this.#deliver() || this.#arrive() || this.#tellFrontEnds()) quiet = false;
      if (!this.frozen && this.#needsChange() && this.#change()) quiet = false;
    }
  }

  /** What clients did and were told: `fail` has no effect and is left out. */
  history(): Operation[] {
    const operations: Operation[] = [];
    for (const { session, issued, answers } of this.clients) {
      issued.forEach(({ call: { op, args }, at }, i) => {
        if (op === 'fail') return;
        const answer = answers[i];
        const outcome = answer?.answer.outcome;
        if (outcome?.ok === false) throw new Error(`${session}#${i + 1} is told ${outcome.error.code}`);
        operations.push({
          process: session,
          op: op === 'append' ? 'append' : 'get',
          key: 'line',
          input: op === 'append' ? String(args[0]) : null,
          output: outcome?.ok === true ? String(outcome.value) : null,
          call: at,
          return: answer?.at ?? null,
        });
      });
    }
    return operations;
  }

  get view(): View {
    return this.views.at(-1) as View; // the first is there from the start
  }

  get primary(): NodeId {
    return senderNode((chosen(this.view) as Member).id); // the stage keeps a full member alive
  }

  /** Members of the last view that live and have the state. */
  get live(): NodeId[] {
    return this.view.members.filter(({ id, full }) => full && !this.#isDead(id)).map(({ id }) => senderNode(id));
  }

  contextOf(node: NodeId) {
    return this.#player(address(node, 'rm')).context;
  }

  // --- what a scripted test does ------------------------------------------------------------------------------------

  /** Calls of some of the clients that wait for nothing; of these sessions, where they are named. */
  call(sessions?: Readonly<Record<string, string>>): boolean {
    const ready = this.clients.filter(
      ({ issued, answers, session }) =>
        issued.length === answers.length &&
        (sessions === undefined ? issued.length < this.#plan.requests : session in sessions),
    );
    const some = ready.filter(() => sessions !== undefined || this.#chance.chance(0.6));
    for (const at of new Set(some.map(({ node }) => node))) {
      const calls = some
        .filter(({ node }) => node === at)
        .map((client) => this.#issue(client, sessions?.[client.session]));
      this.#hops = 0;
      this.tell(address(at, 'fe'), 'call', calls, address(at, 'client'));
      if (this.#chance.chance(this.#plan.doubled ?? 0))
        this.tell(address(at, 'fe'), 'call', calls, address(at, 'client'));
    }
    return some.length > 0;
  }

  tell(to: Address, type: string, items: readonly unknown[], from: Address): void {
    if (this.crashed.has(nodeOf(to))) return;
    const player = this.players.get(to);
    if (player !== undefined) this.#carryOut(to, player.tell(type, items, from));
  }

  crash(node: NodeId): void {
    if (this.crashed.has(node)) return;
    this.crashed.add(node);
    // What it had sent may still arrive, or not.
    this.#flying = this.#flying.filter(({ from }) => nodeOf(from) !== node || this.#chance.chance(0.5));
  }

  /** The next view has these of the present members, and these new ones. */
  changeTo(survivors: readonly NodeId[], joiners: readonly SenderId[] = []): void {
    const stay = this.view.members.filter(({ id }) => survivors.includes(senderNode(id)));
    this.#end(stay, joiners);
  }

  /** A node of which nobody has heard, which will be a member of some view. */
  startJoiner(node: NodeId, incarnation = 1): SenderId {
    const id = senderId(node, incarnation);
    this.crashed.delete(node);
    this.#seat(id, incarnation);
    return id;
  }

  /** Time passes: all timers run out once. */
  wait(): void {
    this.#wait();
  }

  /** All answers that the client has got, as text; of the errors, their codes. */
  told(session: string): string[] {
    const { answers } = this.clients.find((client) => client.session === session) as Client; // of the plan
    return answers.map(({ answer: { outcome } }) => (outcome.ok ? String(outcome.value) : outcome.error.code));
  }

  // --- chance -------------------------------------------------------------------------------------------------------

  #mishap(): void {
    const { crashes = 0 } = this.#plan;
    if (this.#crashes < crashes && this.#chance.chance(0.02)) {
      const { members: now } = this.view;
      const victim = now[this.#chance.int(0, now.length - 1)];
      if (victim !== undefined && this.#maySpare(victim.id)) {
        this.#crashes += 1;
        this.crash(senderNode(victim.id));
      }
    }
    const { joiners = 0 } = this.#plan;
    if (this.#joined < joiners && this.#chance.chance(0.02)) {
      this.#joined += 1;
      const back = [...this.crashed][0];
      if (back === undefined || this.#chance.chance(0.5))
        this.#joiners.push(this.startJoiner(nodeId(`rm-${this.#plan.n + this.#joined}`)));
      else if (!this.view.members.some(({ id }) => senderNode(id) === back))
        this.#joiners.push(this.startJoiner(back, this.#joined + 1));
    }
  }

  /** Another full member lives and goes on: else the state would be lost. */
  #maySpare(victim: SenderId): boolean {
    return this.view.members.some(({ id, full }) => full && id !== victim && !this.#isDead(id));
  }

  #isDead(id: SenderId): boolean {
    const seat = this.seats.get(id);
    return seat === undefined || this.crashed.has(senderNode(id)) || seat.deposed;
  }

  #needsChange(): boolean {
    return (
      this.#joiners.length > 0 ||
      this.view.members.some(({ id, full }) => this.#isDead(id) || (!full && this.seats.get(id)?.ready === true))
    );
  }

  #change(): boolean {
    const { suspicions = 0 } = this.#plan;
    const live = this.view.members.filter(({ id }) => !this.#isDead(id));
    const suspect = live[this.#chance.int(0, live.length - 1)];
    const suspects = this.#suspicions < suspicions && suspect !== undefined && this.#maySpare(suspect.id);
    if (!this.#needsChange() && !(suspects && this.#chance.chance(0.3))) return false;
    let stay = live;
    if (suspects && this.#chance.chance(0.3)) {
      this.#suspicions += 1;
      stay = live.filter((member) => member !== suspect);
    }
    const joiners = this.#joiners.filter((id) => !this.crashed.has(senderNode(id)));
    this.#joiners = [];
    this.#end(stay, joiners);
    return true;
  }

  #wait(): void {
    for (const [at, player] of this.players) {
      if (!this.crashed.has(nodeOf(at))) this.#carryOut(at, player.wait(this.#settings.retryAfter));
    }
  }

  // --- the group ----------------------------------------------------------------------------------------------------

  #seat(id: SenderId, incarnation: number): void {
    const node = senderNode(id);
    const input = { node, incarnation: Math.max(1, incarnation), group: GROUP, members: members(this.#plan.n) };
    this.players.set(address(node, 'rm'), new Player(this.#machines.replicaManager, input, this.#coverage));
    for (const seat of this.seats.values()) if (senderNode(seat.id) === node) seat.deposed = true;
    this.seats.set(id, { id, view: 0, delivered: new Map(), sent: 0, ready: false, pending: [], deposed: false });
  }

  #decide(next: readonly Member[]): void {
    this.views.push({ group: GROUP, id: this.views.length + 1, members: next });
    this.#streams.push(new Map(next.map(({ id }) => [id, { payloads: [] }])));
  }

  #streamsOf(view: number): Map<SenderId, Stream> {
    return this.#streams[view - 1] ?? new Map();
  }

  /** The present view ends: the cut, the next view, and what is sent again in it. */
  #end(stay: readonly Member[], joiners: readonly SenderId[]): void {
    const seats = stay.map(({ id }) => this.seats.get(id) as Seat); // each member has one
    for (const seat of seats) while (seat.view < this.view.id && this.#installAt(seat));
    const cut = new Map<SenderId, number>();
    for (const [sender, { payloads }] of this.#streamsOf(this.view.id)) {
      const least = Math.max(0, ...seats.map(({ delivered }) => delivered.get(sender) ?? 0));
      cut.set(sender, this.#chance.int(least, payloads.length));
    }
    this.#ends.push({ cut });
    const before = this.#streamsOf(this.view.id);
    for (const { id } of this.view.members) {
      const seat = this.seats.get(id);
      if (seat !== undefined && !stay.some((member) => member.id === id)) seat.deposed = true;
    }
    const since = this.view.id + 1;
    this.#decide([
      ...stay.map((member) => ({ ...member, full: member.full || this.seats.get(member.id)?.ready === true })),
      ...joiners.map((id) => ({ id, since, full: false })),
    ]);
    for (const { id } of stay) this.seats.get(id)?.pending.push(...(before.get(id)?.payloads.slice(cut.get(id)) ?? []));
  }

  /** Somebody delivers some of a stream, as far as its view goes. */
  #deliver(): boolean {
    const able = [...this.seats.values()].filter(
      ({ id, view }) => !this.crashed.has(senderNode(id)) && !this.cutOff.has(senderNode(id)) && view > 0,
    );
    const first = this.#chance.int(0, Math.max(0, able.length - 1));
    for (let i = 0; i < able.length; i++) {
      const seat = able[(first + i) % able.length];
      if (seat === undefined || this.#current(seat.id) !== seat) continue;
      for (const [sender, { payloads }] of this.#streamsOf(seat.view)) {
        const from = seat.delivered.get(sender) ?? 0;
        // Once the view has ended, those who go on deliver the cut and no more; others may deliver what nobody else does.
        const next = this.views[seat.view];
        const goesOn = next !== undefined && isMember(next, seat.id);
        const cut = goesOn ? this.#ends[seat.view - 1]?.cut.get(sender) : undefined;
        const most = cut ?? payloads.length;
        if (from >= most) continue;
        this.#deliverTo(seat, sender, this.#chance.int(from + 1, most));
        return true;
      }
    }
    return false;
  }

  #deliverTo(seat: Seat, sender: SenderId, to: number): void {
    const from = seat.delivered.get(sender) ?? 0;
    if (to <= from) return;
    const payloads = this.#streamsOf(seat.view).get(sender)?.payloads.slice(from, to) ?? [];
    seat.delivered.set(sender, to);
    const deliveries = payloads.map(({ seq, payload }) => ({ sender, seq, payload, view: seat.view }));
    this.#hops = Math.max(...payloads.map(({ hops }) => hops)) + (sender === seat.id ? 0 : 1);
    const node = senderNode(seat.id);
    this.tell(address(node, 'rm'), 'delivered', deliveries, address(node, 'group:g'));
  }

  /** The seat whose node runs now: an earlier incarnation is no more. */
  #current(id: SenderId): Seat | undefined {
    return [...this.seats.values()].filter((seat) => senderNode(seat.id) === senderNode(id)).at(-1);
  }

  #install(): boolean {
    const able = [...this.seats.values()].filter(
      (seat) =>
        !this.crashed.has(senderNode(seat.id)) &&
        !this.cutOff.has(senderNode(seat.id)) &&
        this.#current(seat.id) === seat,
    );
    const first = this.#chance.int(0, Math.max(0, able.length - 1));
    for (let i = 0; i < able.length; i++) {
      const seat = able[(first + i) % able.length];
      if (seat !== undefined && this.#installAt(seat)) return true;
    }
    return false;
  }

  /** Delivers the rest of the cut, and then the next view that has this member in it. */
  #installAt(seat: Seat): boolean {
    const next =
      seat.view === 0
        ? this.views.find((view) => isMember(view, seat.id))
        : this.views.find(({ id }) => id === seat.view + 1);
    if (next === undefined) return false;
    const node = senderNode(seat.id);
    if (!isMember(next, seat.id)) {
      if (this.#chance.chance(0.7)) return false;
      // It may hear of it, or be cut off for good.
      seat.view = Number.MAX_SAFE_INTEGER;
      this.tell(address(node, 'rm'), 'view', [next], address(node, 'group:g'));
      return true;
    }
    for (const [sender, most] of this.#ends[seat.view - 1]?.cut ?? []) {
      this.#deliverTo(seat, sender, most);
      if (this.crashed.has(node)) return true;
    }
    const before = seat.view === 0 ? undefined : this.views[seat.view - 1];
    seat.view = next.id;
    seat.delivered = new Map();
    this.#streamsOf(next.id)
      .get(seat.id)
      ?.payloads.push(...seat.pending);
    seat.pending = [];
    this.#hops = 0;
    const takesOver = chosen(next)?.id === seat.id && (before === undefined || chosen(before)?.id !== seat.id);
    if (takesOver && next.id > 1 && this.#strikes[0] === 'take-over' && this.#maySpare(seat.id)) {
      this.#strikes.shift();
      this.crash(node);
      return true;
    }
    this.tell(address(node, 'rm'), 'view', [next], address(node, 'group:g'));
    return true;
  }

  #tellFrontEnds(): boolean {
    if (this.#plan.deaf) return false;
    for (const [node, told] of this.#told) {
      const next = this.views[told];
      if (next === undefined || this.cutOff.has(node)) continue;
      this.#told.set(node, told + 1);
      this.#hops = 0;
      this.tell(address(node, 'fe'), 'view', [next], address(node, 'group:g'));
      return true;
    }
    return false;
  }

  // --- the nodes ----------------------------------------------------------------------------------------------------

  #player(at: Address): Player {
    const player = this.players.get(at);
    if (player === undefined) throw new Error(`There is no ${at}`);
    return player;
  }

  #issue(client: Client, named?: string): Call {
    const op = named ?? ['append', 'append', 'read', 'fail'][this.#chance.int(0, 3)] ?? 'append';
    const executed = client.issued.filter(({ call: { kind } }) => kind === 'update').at(-1)?.call.seq ?? 0;
    const next = call(client.session, client.issued.length + 1, op, { after: executed });
    this.#time += 1;
    client.issued.push({ call: next, at: this.#time });
    return next;
  }

  #arrive(): boolean {
    const free = this.#flying.filter((flying) => !this.held(flying));
    const first = free[this.#chance.int(0, Math.max(0, free.length - 1))];
    if (first === undefined) return false;
    const sameWay = (other: Flying): boolean =>
      other.channel === 'fifo' && nodeOf(other.from) === nodeOf(first.from) && nodeOf(other.to) === nodeOf(first.to);
    const next = first.channel === 'fifo' ? (free.find(sameWay) ?? first) : first;
    const again = next.channel === 'unordered' && this.#chance.chance(this.#plan.doubled ?? 0);
    if (!again) this.#flying = this.#flying.filter((other) => other !== next);
    if (this.#incarnation(next.to) !== next.incarnation) return true;
    this.#hops = next.hops;
    this.tell(next.to, next.message.type, next.message.items, next.from);
    return true;
  }

  #incarnation(to: Address): number {
    return [...this.seats.keys()].filter((id) => senderNode(id) === nodeOf(to)).length;
  }

  #carryOut(at: Address, effects: readonly Effect[]): void {
    const node = nodeOf(at);
    const hops = this.#hops;
    for (const effect of effects) {
      if (this.crashed.has(node)) return;
      if (effect.type === 'phase') this.#phase(node, effect.phase, effect.requests);
      else if (effect.type === 'multicast') this.#multicast(node, effect.payloads, hops);
      else if (effect.type === 'send') this.#send(at, effect, hops);
      else if (effect.type === 'reply') for (const answer of effect.answers) this.#answer(node, answer, hops);
    }
  }

  #phase(node: NodeId, phase: Phase, requests: readonly string[]): void {
    this.phases.push({ node, phase, requests });
    if (this.#strikes[0] !== phase) return;
    const victim = (chosen(this.view) as Member).id; // there is one that is full
    const here = node === senderNode(victim) || (phase === 'RE' && this.view.id > 0);
    if (!here || !this.#maySpare(victim) || this.crashed.has(senderNode(victim))) return;
    this.#strikes.shift();
    this.crash(senderNode(victim));
  }

  #multicast(node: NodeId, payloads: readonly Serializable[], hops: number): void {
    const seat = [...this.seats.values()].filter(({ id }) => senderNode(id) === node).at(-1);
    if (seat === undefined) return;
    // A view that has ended takes nothing more of those who go on.
    const next = this.views[seat.view];
    const ended = next !== undefined && isMember(next, seat.id);
    const stream = ended ? seat.pending : this.#streamsOf(seat.view).get(seat.id)?.payloads;
    for (const payload of payloads) {
      seat.sent += 1;
      const others = (this.views[seat.view - 1]?.members.length ?? 1) - 1;
      this.counts.multicast = (this.counts.multicast ?? 0) + others;
      stream?.push({ seq: seat.sent, payload, hops });
    }
  }

  #send(at: Address, { to, message, channel, control }: Extract<Effect, { type: 'send' }>, hops: number): void {
    if (nodeOf(to) === nodeOf(at) && actorOf(to) === 'group:g') {
      const seat = [...this.seats.values()].filter(({ id }) => senderNode(id) === nodeOf(at)).at(-1);
      if (message.type === 'ready' && seat !== undefined) seat.ready = true;
      return;
    }
    const type = control ? `control ${message.type}` : message.type;
    this.counts[type] = (this.counts[type] ?? 0) + 1;
    this.#flying.push({ from: at, to, message, channel, hops: hops + 1, incarnation: this.#incarnation(to) });
  }

  #answer(node: NodeId, answer: Answer, hops: number): void {
    const client = this.clients.find(({ session }) => session === answer.session);
    if (client === undefined || client.node !== node) throw new Error(`${node} answers ${answer.session}`);
    if (answer.seq !== client.answers.length + 1) throw new Error(`${answer.session}#${answer.seq} is answered twice`);
    this.#time += 1;
    client.answers.push({ answer, at: this.#time, hops });
  }

  /** The strikes that have not been made. */
  get pending(): readonly string[] {
    return this.#strikes;
  }
}
