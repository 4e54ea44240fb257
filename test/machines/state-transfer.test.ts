/**
 * State transfer, by its rules: replicas that a model of a view-synchronous group brings along, each at its own pace, and
 * links that keep their order. The group is one log of batches and views, so what the members agree on is given here.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chunksTaken, type Donor, donorIn, offer } from '../../machines/membership/donor.js';
import type { InstallPoint } from '../../machines/membership/install-point.js';
import {
  enterView,
  hold,
  type Joined,
  type Joining,
  joiningFrom,
  takeChunks,
} from '../../machines/membership/joiner.js';
import {
  CHUNK_BYTES,
  type Chunk,
  type ChunkTaken,
  type Party,
  transferShapes,
  WINDOW,
} from '../../machines/membership/state-transfer.js';
import type { Effect, Incoming } from '../../machines/shared/effects.js';
import { absorbExecuted, cutExecuted, type ExecutedCursor } from '../../machines/shared/executed-chunks.js';
import { type ExecutedTable, executedTable, recordExecuted } from '../../machines/shared/executed-table.js';
import { executeBatches, type Replica } from '../../machines/shared/execution.js';
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
import type { Batch } from '../../machines/shared/requests.js';
import { firstView, isMember, type View } from '../../machines/shared/view.js';
import { codec } from '../../runtime/actors/codec.js';
import { collection, service } from '../../runtime/service/index.js';
import { same } from '../same.js';
import { type Random, randomFrom } from './schedule.js';
import { discards, expectPure, type Line, line, request, seeds, sends } from './stage.js';

const file = 'test/machines/state-transfer.test.ts';
const group = groupName('g');
const party = (self: SenderId): Party => ({ self, actor: 'rm', group });
const rmOf = (member: SenderId): Address => address(senderNode(member), 'rm');
const member = (node: string, incarnation = 1): SenderId => senderId(nodeId(node), incarnation);

/** A line of text, of which a chunk is a few letters: a small state takes many chunks. */
function inLetters(letters: number): ReplicatedObject<Line> {
  const whole = line();
  return { ...whole, chunk: (value, cursor) => ({ ...whole.chunk(value, cursor, letters), size: CHUNK_BYTES }) };
}

/** Few, so that sessions are forgotten, and joiners must forget the same. */
const SESSIONS = 3;
const empty = (object: ReplicatedObject<Line>): Replica<Line> => ({
  value: object.initial(),
  version: 0,
  executed: executedTable(SESSIONS),
});

type Entry = { readonly view: View } | { readonly batch: Batch };
type Event = Incoming<'chunk', Chunk> | Incoming<'chunk-taken', ChunkTaken>;

/** A replica manager as every style builds it in: it keeps a donor, and a joiner until it has the state. */
class Host {
  replica: Replica<Line>;
  donor: Donor<Line> = donorIn(null);
  joining: Joining<Batch> | null;
  joined: Joined<Line, Batch> | null = null;
  ended = false;
  /** The next entry of the log. */
  position: number;

  constructor(
    readonly id: SenderId,
    position: number,
    joins: boolean,
    readonly object: ReplicatedObject<Line>,
  ) {
    this.position = position;
    this.joining = joins ? joiningFrom(object) : null;
    this.replica = empty(object);
  }

  enter(entry: Entry): readonly Effect[] {
    this.position += 1;
    if ('batch' in entry) {
      if (this.joining !== null) this.joining = hold(this.joining, [entry.batch]);
      else this.execute([entry.batch]);
      return [];
    }
    const { view } = entry;
    if (this.joining !== null) return this.#joins(enterView(this.joining, party(this.id), view, this.object));
    const point: InstallPoint<Line> = { ...this.replica, rest: { view: view.id } };
    const { donor, effects } = offer(this.donor, party(this.id), view, point, this.object);
    this.donor = donor;
    this.ended = !isMember(view, this.id);
    return effects;
  }

  take(event: Event): readonly Effect[] {
    if (event.type === 'chunk')
      return this.joining === null ? [] : this.#joins(takeChunks(this.joining, party(this.id), event, this.object));
    const { donor, effects } = chunksTaken(this.donor, event, this.object);
    this.donor = donor;
    return effects;
  }

  execute(batches: readonly Batch[]): void {
    const { value, version, executed } = executeBatches(this.replica, this.object, batches, 'refuse');
    this.replica = { value, version, executed };
  }

  #joins(change: ReturnType<typeof takeChunks<Line, Batch>>): readonly Effect[] {
    const { joining, joined, effects } = change;
    this.joining = joining;
    if (joined !== null) {
      same(joined.point.rest, { view: joining.from });
      const { value, version, executed } = joined.point;
      this.replica = { value, version, executed };
      this.joined = joined;
      this.donor = joined.donor;
      this.joining = null;
      this.execute(joined.held);
    }
    return effects;
  }
}

/** What a schedule has come to, to see that the schedules reach what they are for. */
const reached = { transfers: 0, anew: 0, early: 0, stale: 0, crashes: 0, heldMost: 0, together: 0 };

class World {
  readonly log: Entry[] = [];
  readonly hosts = new Map<NodeId, Host>();
  /** From one incarnation to another: in order. */
  readonly links = new Map<string, { readonly to: Host; readonly from: Host; readonly event: Event }[]>();
  readonly readies: SenderId[] = [];
  readonly object: ReplicatedObject<Line>;
  view: View;
  #seq: Record<string, number> = {};
  #joined = 0;

  constructor(readonly random: Random) {
    this.object = inLetters(1 + this.below(12));
    this.view = firstView(group, [member('m1'), member('m2'), member('m3')]);
    for (const { id } of this.view.members) this.hosts.set(senderNode(id), new Host(id, 0, false, this.object));
    this.log.push({ view: this.view });
  }

  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  pick<T>(all: readonly T[]): T | undefined {
    return all[this.below(all.length)];
  }

  update(): void {
    const requests = Array.from({ length: 1 + this.below(2) }, () => {
      const session = `s${this.below(7)}`;
      const last = this.#seq[session] ?? 0;
      const seq = last > 0 && this.random() < 0.3 ? last : last + 1;
      this.#seq[session] = seq;
      return request(session, seq);
    });
    this.log.push({ batch: { frontEnd: 'fe-1/fe', requests } });
  }

  next(members: View['members']): void {
    this.view = { group, id: this.view.id + 1, members };
    this.log.push({ view: this.view });
  }

  join(): void {
    const node = nodeId(`m${4 + this.below(3)}`);
    const before = this.hosts.get(node);
    if (before !== undefined && isMember(this.view, before.id)) return;
    this.#joined += 1;
    const id = senderId(node, this.#joined);
    this.hosts.set(node, new Host(id, this.log.length, true, this.object));
    this.next([...this.view.members, { id, since: this.view.id + 1, full: false }]);
  }

  /** Leaves one member that has the state. */
  remove(crash: boolean): void {
    const gone = this.pick(this.view.members);
    const rest = this.view.members.filter((one) => one !== gone);
    const survives = rest.some(({ id, full }) => full && this.hosts.get(senderNode(id))?.id === id);
    if (gone === undefined || !survives) return;
    const host = this.hosts.get(senderNode(gone.id)) as Host; // every member of the latest view has one
    if (crash) {
      host.ended = true;
      reached.crashes += 1;
      for (const queue of this.links.values()) if (queue[0]?.from === host) queue.splice(this.below(queue.length + 1));
    }
    this.next(rest);
  }

  ready(): void {
    const id = this.readies.shift();
    if (id === undefined || !isMember(this.view, id)) return;
    this.next(this.view.members.map((one) => (one.id === id ? { ...one, full: true } : one)));
  }

  advance(host: Host): boolean {
    const entry = this.log[host.position];
    if (host.ended || entry === undefined) return false;
    const { joining } = host;
    this.#carryOut(host, host.enter(entry));
    if (joining !== null && joining.from > 0 && host.joining?.from !== joining.from) reached.anew += 1;
    return true;
  }

  receive(): boolean {
    const queue = this.pick([...this.links.values()].filter(({ length }) => length > 0));
    const first = queue?.shift();
    if (first === undefined) return false;
    const { to, event } = first;
    if (to.ended) return true;
    const effects = to.take(event);
    if ((to.joining?.early ?? null) !== null) reached.early += 1;
    this.#carryOut(to, effects);
    return true;
  }

  step(): void {
    const turn = this.random();
    if (turn < 0.12) this.update();
    else if (turn < 0.14) this.join();
    else if (turn < 0.155) this.remove(this.random() < 0.7);
    else if (turn < 0.18) this.ready();
    else if (turn < 0.5) this.#advanceOne();
    else this.receive();
    this.#bounded();
  }

  /** A joiner is slow to hear of its first view, so that the donor is often there before it. */
  #advanceOne(): void {
    const host = this.pick([...this.hosts.values()]) as Host; // there are hosts always
    if (host.joining?.view === null && this.random() < 0.8) return;
    for (let entries = 1 + this.below(4); entries > 0; entries--) this.advance(host);
  }

  /** Until nothing is under way. */
  settle(): void {
    for (let busy = true; busy; ) {
      busy = this.receive();
      for (const host of this.hosts.values()) busy = this.advance(host) || busy;
      if (this.readies.length > 0) busy = true;
      this.ready();
      this.#bounded();
    }
  }

  #bounded(): void {
    for (const { donor, joining } of this.hosts.values()) {
      const donations = Object.values(donor.donations);
      if (donations.filter(({ left }) => left !== null).length > 1) reached.together += 1;
      for (const { sent, taken } of donations) if (sent - taken > WINDOW) throw new Error('too many are under way');
      if ((joining?.early?.items.length ?? 0) > WINDOW) throw new Error('too many came early');
      reached.heldMost = Math.max(reached.heldMost, joining?.heldItems ?? 0);
    }
  }

  #carryOut(host: Host, effects: readonly Effect[]): void {
    for (const text of discards(effects)) if (text.includes('stale')) reached.stale += 1;
    for (const { to, message } of sends(effects)) {
      if (actorOf(to) !== 'rm') {
        if (to !== address(senderNode(host.id), 'group:g') || message.type !== 'ready')
          throw new Error(`${to} is told ${message.type}`);
        reached.transfers += 1;
        this.readies.push(host.id);
        continue;
      }
      const target = this.hosts.get(nodeOf(to));
      if (target === undefined) continue;
      const shape = transferShapes[message.type as Event['type']]; // there are no others
      if (!message.items.every(shape)) throw new Error(`a ${message.type} has not its shape`);
      const key = `${host.id} ${target.id}`;
      const queue = this.links.get(key) ?? [];
      this.links.set(key, queue);
      queue.push({ from: host, to: target, event: { ...message, from: rmOf(host.id) } as Event }); // its shape was looked at
    }
  }
}

describe('schedules', () => {
  test('VS-5: VS-6: a joiner comes to the state of everybody, whoever crashes and joins meanwhile', () => {
    seeds(file, 1500, (seed) => {
      const world = new World(randomFrom(seed));
      for (let i = 0; i < 10; i++) world.update();
      const steps = 100 + world.below(300);
      for (let i = 0; i < steps; i++) world.step();
      world.settle();
      const reference = new Host(member('reference'), 0, false, world.object);
      for (const entry of world.log) if ('batch' in entry) reference.execute([entry.batch]);
      for (const { id } of world.view.members) {
        const host = world.hosts.get(senderNode(id)) as Host; // every member of the latest view has one
        if (host.ended) continue;
        same({ id, joining: host.joining }, { id, joining: null });
        same(host.replica.value, reference.replica.value);
        same(host.replica, reference.replica);
      }
      same(
        world.view.members.every(({ full }) => full),
        true,
      );
      for (const { donor, ended } of world.hosts.values()) if (!ended) same(donor.donations, {});
    });
    if (process.env.SEED !== undefined) return;
    for (const [what, times] of Object.entries(reached)) if (times < 25) throw new Error(`${what}: only ${times}`);
  });
});

// --- one donor, one joiner, step by step -------------------------------------------------------------------------------

const [a, b, c, j, k] = [member('a'), member('b'), member('c'), member('j'), member('k')];
const viewOf = (id: number, ...members: readonly (readonly [SenderId, boolean])[]): View => ({
  group,
  id,
  members: members.map(([who, full]) => ({ id: who, since: 1, full })),
});
const letters = inLetters(1);
const pointOf = (text: string): InstallPoint<Line> => ({
  ...empty(letters),
  value: { text },
  version: text.length,
  rest: null,
});

const chunksIn = (effects: readonly Effect[], to = rmOf(j)): Chunk[] =>
  sends(effects)
    .filter((effect) => effect.to === to && effect.message.type === 'chunk')
    .flatMap(({ message }) => message.items as Chunk[]);
const numbers = (effects: readonly Effect[], to?: Address): number[] =>
  chunksIn(effects, to).map(({ number }) => number);
const chunkEvent = (from: SenderId, items: readonly Chunk[]): Incoming<'chunk', Chunk> => ({
  type: 'chunk',
  from: rmOf(from),
  items,
});
const taken = (from: SenderId, view: number, ...all: readonly number[]): Incoming<'chunk-taken', ChunkTaken> => ({
  type: 'chunk-taken',
  from: rmOf(from),
  items: all.map((number) => ({ view, number })),
});
/** What the joiner tells its donor: view and number. */
const told = (effects: readonly Effect[]): unknown[] =>
  sends(effects).map(({ to, message }) => [
    to,
    message.type,
    ...message.items.map((item) => Object.values(item as object)),
  ]);

const three = viewOf(1, [a, true], [b, true]);
const joins = viewOf(2, [a, true], [b, true], [j, false]);

/** All chunks of a point, each by itself. */
function allChunks(text: string, view: View, from = a): Chunk[] {
  const all: Chunk[] = [];
  let { donor, effects } = offer(donorIn<Line>(null), party(from), view, pointOf(text), letters);
  for (let cut = chunksIn(effects); cut.length > 0; cut = chunksIn(effects)) {
    all.push(...cut);
    ({ donor, effects } = chunksTaken(donor, taken(j, view.id, all.length), letters));
  }
  return all;
}

describe('the donor', () => {
  test('VS-5: has a window of chunks under way, and lets go of the state with the last', () => {
    const started = offer(donorIn<Line>(three), party(a), joins, pointOf('0123456'), letters);
    expect(numbers(started.effects)).toEqual([1, 2]);
    let { donor } = started;
    const sent: number[] = [];
    for (const number of [1, 3, 5]) {
      const next = chunksTaken(donor, taken(j, 2, number), letters);
      ({ donor } = next);
      sent.push(...numbers(next.effects));
    }
    expect(sent).toEqual([3, 4, 5, 6, 7]);
    expect(donor.donations[j]).toMatchObject({ sent: 7, taken: 5, left: null });
    expect(chunksTaken(donor, taken(j, 2, 7), letters).effects).toEqual([]);
  });

  test('VS-5: chunks are cut of the state at the install point, whatever has been executed since', () => {
    const chunks = allChunks('old', joins);
    const { donor } = offer(donorIn<Line>(three), party(a), joins, pointOf('old and more'), letters);
    expect(chunks.at(-1)).toMatchObject({ number: 3, last: true });
    // The next view finds the same donor: the transfer goes on from the same point.
    const later = offer(donor, party(a), { ...joins, id: 3 }, pointOf('quite another'), letters);
    expect(later.effects).toEqual([]);
    expect(later.donor.donations).toEqual(donor.donations);
  });

  test('VS-5: only the chosen member sends; one more joiner is sent the state of its own view', () => {
    expect(offer(donorIn<Line>(three), party(b), joins, pointOf('x'), letters).effects).toEqual([]);
    const { donor } = offer(donorIn<Line>(three), party(a), joins, pointOf('xxxxxxx'), letters);
    const both = { ...joins, id: 3, members: [...joins.members, { id: k, since: 3, full: false }] };
    const { effects } = offer(donor, party(a), both, pointOf('y'), letters);
    expect(numbers(effects)).toEqual([]);
    expect(chunksIn(effects, rmOf(k))).toMatchObject([{ view: 3, number: 1, last: true }]);
  });

  test('VS-6: the next chosen member begins anew from its own install point', () => {
    const { donor } = offer(donorIn<Line>(three), party(b), joins, pointOf('x'), letters);
    const { effects } = offer(donor, party(b), viewOf(3, [b, true], [j, false]), pointOf('y'), letters);
    expect(chunksIn(effects)).toMatchObject([
      { view: 3, number: 1, data: [{ part: 'rest', version: 1 }, {}, { data: 'y' }] },
    ]);
  });

  test('VS-6: one that is evicted, or no longer the chosen one, stops; joiners that went are forgotten', () => {
    const { donor } = offer(donorIn<Line>(three), party(a), joins, pointOf('0123456789'), letters);
    for (const view of [
      viewOf(3, [b, true], [j, false]),
      viewOf(3, [c, true], [a, true], [j, false]),
      viewOf(3, [a, true], [b, true]),
      viewOf(3, [a, true], [b, true], [j, true]),
    ]) {
      const stopped = offer(donor, party(a), view, pointOf('y'), letters);
      expect([stopped.donor.donations, stopped.effects]).toEqual([{}, []]);
      expect(discards(chunksTaken(stopped.donor, taken(j, 2, 1), letters).effects)).toEqual([
        'chunk-taken no donation 1',
      ]);
    }
  });

  test('what is taken of another view, twice or before it was sent, is discarded', () => {
    const { donor } = offer(donorIn<Line>(three), party(a), joins, pointOf('0123456789'), letters);
    const after = chunksTaken(donor, taken(j, 2, 2), letters).donor;
    for (const [event, count] of [
      [taken(j, 1, 3), 1],
      [taken(j, 2, 2, 1), 2],
      [taken(j, 2, 99), 1],
    ] as const) {
      const change = chunksTaken(after, event, letters);
      expect([change.donor, discards(change.effects), numbers(change.effects)]).toEqual([
        after,
        [`chunk-taken stale ${count}`],
        [],
      ]);
    }
    expect(discards(chunksTaken(after, taken(k, 2, 3), letters).effects)).toEqual(['chunk-taken no donation 1']);
  });

  test('a restarted joiner is another one', () => {
    const { donor } = offer(donorIn<Line>(three), party(a), joins, pointOf('0123456789'), letters);
    const again = viewOf(3, [a, true], [b, true], [member('j', 2), false]);
    expect(numbers(offer(donor, party(a), again, pointOf('y'), letters).effects)).toEqual([1]);
  });
});

describe('the joiner', () => {
  const start = joiningFrom<Line, string>(letters);
  const inView = enterView(start, party(j), joins, letters).joining;

  test('VS-5: takes chunks in order, says so, and has the state and what it held with the last', () => {
    const [first, ...rest] = allChunks('abc', joins) as [Chunk, ...Chunk[]];
    let joining = hold(inView, ['u1', 'u2']);
    const begun = takeChunks(joining, party(j), chunkEvent(a, [first]), letters);
    expect([begun.joined, told(begun.effects)]).toEqual([null, [[rmOf(a), 'chunk-taken', [2, 1]]]]);
    joining = hold(hold(begun.joining, []), ['u3']);
    expect(joining.heldItems).toBe(3);
    const { joined, effects } = takeChunks(joining, party(j), chunkEvent(a, rest), letters);
    expect(joined).toEqual({ point: pointOf('abc'), held: ['u1', 'u2', 'u3'], donor: donorIn(joins) });
    expect(told(effects)).toEqual([
      [rmOf(a), 'chunk-taken', [2, 3]],
      ['j/group:g', 'ready', []],
    ]);
    expect(sends(effects).map(({ channel, control }) => [channel, control])).toEqual([
      ['fifo', true],
      ['fifo', undefined],
    ]);
  });

  test('VS-5: what comes before the view is kept until then, a window of the latest view at most', () => {
    const chunks = allChunks('abcdefgh', joins);
    const old = takeChunks(start, party(j), chunkEvent(b, [{ ...(chunks[0] as Chunk), view: 1 }]), letters);
    const early = takeChunks(old.joining, party(j), chunkEvent(a, chunks), letters);
    expect(early.effects).toEqual([]);
    expect(early.joining.early).toEqual(chunkEvent(a, chunks.slice(0, WINDOW)));
    const other = takeChunks(early.joining, party(j), chunkEvent(b, chunks), letters).joining;
    expect(other).toEqual(early.joining);
    const entered = enterView(other, party(j), joins, letters);
    expect(told(entered.effects)).toEqual([[rmOf(a), 'chunk-taken', [2, WINDOW]]]);
    expect(entered.joining.early).toBeNull();
    const last = takeChunks(entered.joining, party(j), chunkEvent(a, chunks.slice(WINDOW)), letters);
    expect(last.joined?.point).toEqual(pointOf('abcdefgh'));
  });

  test('VS-5: a view that leaves the donor as it is leaves the transfer as it is', () => {
    const chunks = allChunks('abc', joins);
    const begun = takeChunks(inView, party(j), chunkEvent(a, chunks.slice(0, 1)), letters).joining;
    const later = viewOf(3, [a, true], [j, false], [k, false]);
    const next = enterView(hold(begun, ['u1']), party(j), later, letters).joining;
    expect(next).toEqual({ ...hold(begun, ['u1']), view: later });
    const { joined } = takeChunks(next, party(j), chunkEvent(a, chunks.slice(1)), letters);
    expect(joined).toEqual({ point: pointOf('abc'), held: ['u1'], donor: donorIn(later) });
  });

  test('VS-6: with another donor it forgets what came and what it held, and takes no more of the old one', () => {
    const [old, view] = [allChunks('abc', joins), viewOf(3, [b, true], [j, false])];
    const begun = takeChunks(hold(inView, ['u1']), party(j), chunkEvent(a, old.slice(0, 2)), letters).joining;
    const anew = enterView(begun, party(j), view, letters).joining;
    expect(anew).toEqual({ ...start, view, from: 3 });
    const late = takeChunks(anew, party(j), chunkEvent(a, old), letters);
    expect([late.joining, discards(late.effects), told(late.effects)]).toEqual([anew, ['chunk stale 3'], []]);
    const { joined } = takeChunks(hold(anew, ['u2']), party(j), chunkEvent(b, allChunks('xy', view, b)), letters);
    expect([joined?.point, joined?.held]).toEqual([pointOf('xy'), ['u2']]);
  });

  test('VS-6: donor and joiners agree when a more senior member gets the state first', () => {
    const before = viewOf(3, [k, false], [b, true], [j, false]);
    const after = viewOf(4, [k, true], [b, true], [j, false]);
    const begun = enterView(start, party(j), before, letters).joining;
    expect(enterView(begun, party(j), after, letters).joining.from).toBe(4);
    expect(numbers(offer(donorIn<Line>(before), party(k), after, pointOf('x'), letters).effects)).toEqual([1]);
    const { donor } = offer(donorIn<Line>(null), party(b), before, pointOf('0123456'), letters);
    expect(offer(donor, party(b), after, pointOf('x'), letters).donor.donations).toEqual({});
  });

  test('chunks from somebody else, again, or after a gap are discarded', () => {
    const chunks = allChunks('abcd', joins);
    const begun = takeChunks(inView, party(j), chunkEvent(a, chunks.slice(0, 1)), letters).joining;
    for (const event of [
      chunkEvent(b, chunks.slice(1, 2)),
      chunkEvent(a, chunks.slice(0, 1)),
      chunkEvent(a, chunks.slice(2, 3)),
    ]) {
      const change = takeChunks(begun, party(j), event, letters);
      expect([change.joining, discards(change.effects), told(change.effects)]).toEqual([begun, ['chunk stale 1'], []]);
    }
  });

  test('a state that cannot be used here makes it leave', () => {
    const error = { code: 'SNAPSHOT_INVALID', message: 'It is of another version.' };
    const object: ReplicatedObject<Line> = { ...letters, complete: () => ({ ok: false, error }) };
    const chunks = allChunks('ab', joins);
    const { joining, joined, effects } = takeChunks(hold(inView, ['u1']), party(j), chunkEvent(a, chunks), object);
    expect(joined).toBeNull();
    expect(joining).toMatchObject({ refused: error, heldItems: 0 });
    expect(told(effects).at(-1)).toEqual(['j/group:g', 'leave', []]);
    expect(discards(effects)).toEqual(['chunk SNAPSHOT_INVALID 2']);
    expect(discards(takeChunks(joining, party(j), chunkEvent(a, chunks), object).effects)).toEqual(['chunk stale 2']);
  });

  test('the rules are pure', () => {
    const chunks = allChunks('abc', joins);
    expectPure(
      (joining, event) => takeChunks(joining, party(j), event, letters),
      hold(inView, ['u1']),
      chunkEvent(a, chunks),
    );
    expectPure(
      (joining, view) => enterView(joining, party(j), view, letters),
      hold(inView, ['u1']),
      viewOf(3, [b, true], [j, false]),
    );
    const { donor } = offer(donorIn<Line>(three), party(a), joins, pointOf('0123456'), letters);
    expectPure((from, event) => chunksTaken(from, event, letters), donor, taken(j, 2, 2));
    expectPure((from, view) => offer(from, party(a), view, pointOf('x'), letters), donor, joins);
  });
});

describe('a service', () => {
  const shop = service('shop', {
    state: () => ({ title: 'shop', stock: collection<{ n: number; note: string }>(), orders: collection<number>() }),
    updates: {
      fill(draft, from: number, to: number) {
        for (let i = from; i < to; i++) draft.stock.set(`item-${i}`, { n: i, note: 'x'.repeat(i % 150) });
      },
      order(draft, item: string) {
        draft.stock.update(item, (entry) => (entry === undefined ? { n: 1, note: '' } : { ...entry, n: entry.n - 1 }));
        draft.orders.set(item, (draft.orders.get(item) ?? 0) + 1);
        return draft.orders.size;
      },
    },
    queries: {},
  });
  type Shop = ReturnType<typeof shop.initial>;

  test('VS-5: goes over in chunks of the size that is set, encoded, while the donor executes updates', () => {
    const wire = codec();
    const fresh = { value: shop.initial(), version: 0, executed: executedTable(100) };
    const run = (replica: Replica<Shop>, ...batches: Batch[]): Replica<Shop> => {
      const { value, version, executed } = executeBatches(replica, shop, batches, 'refuse');
      return { value, version, executed };
    };
    const order = (i: number): Batch => {
      const requests = [request(`s${i % 150}`, 1 + i, 'order', { args: [`item-${(i * 37) % 6000}`], after: 0 })];
      return { frontEnd: 'fe-1/fe', requests };
    };
    let replica = run(fresh, { frontEnd: 'fe-1/fe', requests: [request('s', 1, 'fill', { args: [0, 5000] })] });
    let { donor, effects } = offer(donorIn<Shop>(null), party(a), joins, { ...replica, rest: 'more' }, shop);
    let { joining } = enterView(joiningFrom<Shop, Batch>(shop), party(j), joins, shop);
    let joined: Joined<Shop, Batch> | null = null;
    for (let turn = 0; joined === null; turn++) {
      replica = run(replica, order(turn));
      joining = hold(joining, [order(turn)]);
      const [chunk, ...more] = chunksIn(effects);
      const encoded = wire.encode(chunk);
      expect(encoded.length).toBeLessThan(CHUNK_BYTES);
      expect(more.length).toBeLessThan(WINDOW);
      const all = [chunk, ...more].map((one) => wire.decode(wire.encode(one)) as Chunk);
      expect(all.every(transferShapes.chunk)).toBe(true);
      const change = takeChunks(joining, party(j), chunkEvent(a, all), shop);
      ({ joining, joined } = change);
      ({ donor, effects } = chunksTaken(donor, taken(j, 2, joining.taken), shop));
    }
    expect(joining.taken).toBeGreaterThan(WINDOW);
    const { point, held } = joined;
    expect(point.rest).toBe('more');
    const caughtUp = run(point, ...held);
    expect(shop.digest(caughtUp.value)).toBe(shop.digest(replica.value));
    expect(caughtUp.version).toBe(replica.version);
    expect(caughtUp.executed).toEqual(replica.executed);
  });
});

describe('the executed table', () => {
  const inParts = (table: ExecutedTable, bytes: number): { table: ExecutedTable | null; sizes: number[] } => {
    let [made, cursor, more]: [ExecutedTable | null, ExecutedCursor | null, boolean] = [null, null, true];
    const sizes: number[] = [];
    while (more) {
      const { part, size, next } = cutExecuted(table, structuredClone(cursor), bytes);
      made = absorbExecuted(made, structuredClone(part));
      sizes.push(size);
      [cursor, more] = [next, next !== null];
    }
    return { table: made, sizes };
  };

  test('VS-5: comes in parts of any size to what it was, both generations apart', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.nat({ max: 30 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 500 }),
        (bound, sessions, bytes) => {
          const table = sessions.reduce(
            (before, session, seq) =>
              recordExecuted(before, `s${session}`, {
                seq,
                outcome: { ok: true, value: 'x'.repeat(seq) },
                version: seq,
              }),
            executedTable(bound),
          );
          expect(inParts(table, bytes).table).toEqual(table);
        },
      ),
    );
  });

  test('VS-5: 10,000 sessions come in parts of no more than they may have', () => {
    let table = executedTable(6000);
    for (let i = 0; i < 10_000; i++)
      table = recordExecuted(table, `session-${i}`, { seq: i, outcome: { ok: true, value: i }, version: i });
    const { table: made, sizes } = inParts(table, CHUNK_BYTES);
    expect(made).toEqual(table);
    expect(sizes.every((size) => size <= CHUNK_BYTES)).toBe(true);
    expect(sizes.length).toBeLessThan(20);
  });
});
