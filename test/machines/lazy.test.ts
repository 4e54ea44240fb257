import { describe, expect, test } from '@jest/globals';
import type { LazyContext } from '../../machines/lazy/context.js';
import { lazy } from '../../machines/lazy/index.js';
import { CATCH_UP_AFTER, replicaManager } from '../../machines/lazy/replica-manager.js';
import type { Message } from '../../machines/shared/effects.js';
import { lastExecuted } from '../../machines/shared/executed-table.js';
import {
  type Address,
  address,
  groupName,
  type NodeId,
  nodeId,
  nodeOf,
  type SenderId,
  senderId,
  senderNode,
} from '../../machines/shared/identifiers.js';
import { chosen, firstView, isMember, type View } from '../../machines/shared/view.js';
import { sequential } from '../../runtime/check/index.js';
import { collection, service } from '../../runtime/service/index.js';
import { type Random, random } from '../../runtime/simulate/random.js';
import { historyOf, serviceModel } from '../../runtime/simulate/service-history.js';
import { type SimulateSettings, simulate } from '../../runtime/simulate/simulation.js';
import { type PlannedRequest, type PlayedRequest, play } from '../../runtime/simulate/workload.js';
import { CostCounter } from '../../runtime/trace/costs.js';
import {
  Coverage,
  defaults,
  discards,
  type Line,
  line,
  members,
  Player,
  phased,
  request,
  rm,
  seeds,
  sends,
  sent,
} from './stage.js';

const FILE = 'test/machines/lazy.test.ts';
const coverage = new Coverage();
const group = groupName('g');
const machine = replicaManager(line(), defaults);
const fe: Address = 'fe-1/fe';
const id = (i: number, incarnation = 1): SenderId => senderId(nodeId(`rm-${i}`), incarnation);
const first: View = firstView(group, [id(1), id(2), id(3)]);
/** The next view, without some and with others, of whom those after `!` have no state yet. */
const nextView = (view: View, ids: readonly SenderId[], full: readonly SenderId[] = ids): View => ({
  group,
  id: view.id + 1,
  members: ids.map((one) => ({
    id: one,
    since: view.members.find((member) => member.id === one)?.since ?? view.id + 1,
    full: full.includes(one),
  })),
});
const batch = (...requests: ReturnType<typeof request>[]) => [{ frontEnd: fe, requests }];

function player(i: number, view: View | null = first, incarnation = 1): Player {
  const node = nodeId(`rm-${i}`);
  const one = new Player(machine, { node, incarnation, group, members: members(3) }, coverage);
  if (view !== null) one.tell('view', [view], address(node, 'group:g'));
  return one;
}
const textOf = (one: Player): string => (one.context as LazyContext<Line>).current.value.text;

describe('the master', () => {
  test('PB-14: answers at once, before any slave has heard of the update', () => {
    const master = player(1);
    expect(master.state).toEqual({ master: { level: 'awaiting' } });
    const effects = master.tell('requests', batch(request('a', 1)), fe);
    expect(phased(effects)).toEqual([
      ['EX', 'a#1'],
      ['END', 'a#1'],
    ]);
    expect(sent(effects)).toEqual(['fe-1/fe replies 1']);
    expect(master.state).toEqual({ master: { lagging: 'awaiting' } });
    const later = master.wait(CATCH_UP_AFTER);
    expect(phased(later)).toEqual([['AC', 'a#1']]);
    expect(sent(later)).toEqual(['rm-2/rm catch-up 1', 'rm-3/rm catch-up 1']);
  });

  test('GM-8: registers when it becomes master, and again where it is forgotten', () => {
    const names = [nodeId('ms-1'), nodeId('ms-2')];
    const node = nodeId('rm-2');
    const own = address(node, 'group:g');
    const one = new Player(machine, { node, incarnation: 1, group, members: members(3), names }, coverage);
    expect(sent(one.tell('view', [first], own))).toEqual([]);
    const second = nextView(first, [id(2), id(3)]);
    const registered = sends(one.tell('view', [second], own)).filter(({ message }) => message.type === 'register');
    expect(registered.map(({ to }) => to)).toEqual(['ms-1/names', 'ms-2/names']);
    expect(registered[0]?.message.items).toEqual([{ name: group, address: 'rm-2/rm', view: 2 }]);
    expect(sent(one.tell('view', [nextView(second, [id(2)])], own))).toEqual([]);
    expect(sent(one.tell('wanted', [{ name: group }], 'ms-2/names'))).toEqual(['ms-2/names register 1']);
    expect(one.tell('wanted', [{ name: group }], 'rm-3/names')).toEqual([]);
  });

  test('PB-14: what comes in the meantime does not put the next round off', () => {
    const master = player(1);
    for (let i = 1; i < CATCH_UP_AFTER; i++) {
      master.tell('requests', batch(request('a', i)), fe);
      expect(sent(master.wait(1))).toEqual([]);
    }
    master.tell('requests', batch(request('a', CATCH_UP_AFTER)), fe);
    expect(sent(master.wait(1))).toEqual(['rm-2/rm catch-up 1', 'rm-3/rm catch-up 1']);
  });

  test('PB-14: each slave is brought up to date by itself, with one message at a time, whatever the others do', () => {
    const master = player(1);
    master.tell('requests', batch(request('a', 1)), fe);
    master.wait(CATCH_UP_AFTER);
    for (const seq of [2, 3]) master.tell('requests', batch(request('a', seq)), fe);
    expect(sent(master.wait(CATCH_UP_AFTER))).toEqual([]);
    const taken = { reign: 1, version: 1, member: id(2) };
    expect(discards(master.tell('caught-up', [{ ...taken, version: 9 }], rm(2)))).toEqual(['caught-up late 1']);
    expect(discards(master.tell('caught-up', [{ ...taken, reign: 9 }], rm(2)))).toEqual(['caught-up late 1']);
    expect(discards(master.tell('caught-up', [taken], rm(3)))).toEqual(['caught-up late 1']);
    expect(sent(master.wait(CATCH_UP_AFTER))).toEqual([]);
    master.tell('caught-up', [taken], rm(2));
    const [only, ...others] = sends(master.wait(CATCH_UP_AFTER));
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      to: rm(2),
      message: { items: [{ after: 1, version: 3, change: 'a2 a3 ', done: [{ session: 'a', seq: 3 }] }] },
    });
  });

  test('PB-14: with all slaves level nothing is sent', () => {
    const master = player(1);
    master.tell('requests', batch(request('a', 1)), fe);
    master.wait(CATCH_UP_AFTER);
    for (const i of [2, 3]) master.tell('caught-up', [{ reign: 1, version: 1, member: id(i) }], rm(i));
    master.wait(CATCH_UP_AFTER);
    expect(master.state).toEqual({ master: { level: 'awaiting' } });
    const query = master.tell('requests', batch(request('a', 2, 'read')), fe);
    expect(sent(query)).toEqual(['fe-1/fe replies 1']);
    expect(master.state).toEqual({ master: { level: 'awaiting' } });
  });

  test('AR-14: a request that comes again is answered again and not executed', () => {
    const master = player(1);
    master.tell('requests', batch(request('a', 1)), fe);
    const again = master.tell('requests', batch(request('a', 1)), fe);
    expect(phased(again)).toEqual([['END', 'a#1']]);
    master.tell('requests', batch(request('a', 2)), fe);
    expect(discards(master.tell('requests', batch(request('a', 1)), fe))).toEqual(['requests stale 1']);
    expect(textOf(master)).toBe('a1 a2 ');
  });

  test('PB-14, AR-14: an executed table that forgets is passed on with what it has', () => {
    const small = replicaManager(line(), { ...defaults, sessions: 2 });
    const input = (node: NodeId) => ({ node, incarnation: 1, group, members: members(3) });
    const [master, slave] = [1, 2].map((i) => {
      const one = new Player(small, input(nodeId(`rm-${i}`)), coverage);
      one.tell('view', [nextView(first, [id(1), id(2)])], `rm-${i}/group:g`);
      return one;
    }) as [Player, Player]; // of two
    for (const session of ['a', 'b', 'c', 'd', 'e']) {
      master.tell('requests', batch(request(session, 1)), fe);
      for (const { message } of sends(master.wait(CATCH_UP_AFTER))) {
        const [back] = sends(slave.tell(message.type, message.items, rm(1)));
        master.tell('caught-up', back?.message.items ?? [], rm(2));
      }
    }
    const remembered = (one: Player) =>
      ['a', 'b', 'c', 'd', 'e'].filter((session) => lastExecuted(one.context.current.executed, session) !== undefined);
    expect(remembered(slave)).toEqual(remembered(master));
    expect(textOf(slave)).toBe(textOf(master));
  });
});

describe('a slave', () => {
  test('PB-14: answers queries from what it has, whatever the client has seen elsewhere', () => {
    const slave = player(2);
    const effects = slave.tell('read', [{ request: request('a', 2, 'read'), seen: 7 }], fe);
    expect(phased(effects)).toEqual([
      ['EX', 'a#2'],
      ['END', 'a#2'],
    ]);
    expect(sends(effects)).toMatchObject([{ to: fe, message: { items: [{ outcome: { value: '' }, version: 0 }] } }]);
  });

  test('PB-16: passes requests on to the master, and drops them where it knows none', () => {
    const slave = player(2);
    expect(sent(slave.tell('requests', batch(request('a', 1)), fe))).toEqual(['rm-1/rm requests 1']);
    slave.tell('view', [nextView(first, [id(2)], [])], 'rm-2/group:g');
    expect(discards(slave.tell('requests', batch(request('a', 1)), fe))).toEqual(['requests no master 1']);
  });

  test('PB-14: takes a catch-up that follows on what it has, from its master, and no other', () => {
    const slave = player(2);
    const item = { reign: 1, after: 0, version: 2, change: 'x y ', done: [] };
    expect(discards(slave.tell('catch-up', [item], rm(3)))).toEqual(['catch-up of no use 1']);
    expect(discards(slave.tell('catch-up', [{ ...item, reign: 2 }], rm(1)))).toEqual(['catch-up of no use 1']);
    expect(discards(slave.tell('catch-up', [{ ...item, after: 1 }], rm(1)))).toEqual(['catch-up of no use 1']);
    expect(textOf(slave)).toBe('');
    expect(sends(slave.tell('catch-up', [item], rm(1)))).toMatchObject([
      { to: rm(1), message: { type: 'caught-up', items: [{ reign: 1, version: 2, member: id(2) }] } },
    ]);
    expect(discards(slave.tell('catch-up', [item], rm(1)))).toEqual(['catch-up of no use 1']);
    expect(textOf(slave)).toBe('x y ');
  });
});

describe('another master', () => {
  test('PB-14: starts from what it has, and what a slave has of its own is lost', () => {
    const [second, third] = [player(2), player(3)];
    third.tell('catch-up', [{ reign: 1, after: 0, version: 1, change: 'lost ', done: [] }], rm(1));
    const view = nextView(first, [id(2), id(3)]);
    third.tell('view', [view], 'rm-3/group:g');
    expect(third.state).toEqual({ slave: 'receiving' });
    expect(textOf(third)).toBe('lost ');
    const chunks = sends(second.tell('view', [view], 'rm-2/group:g'));
    expect(second.state).toEqual({ master: { lagging: 'awaiting' } });
    const replies = chunks.flatMap(({ message }) => sends(third.tell(message.type, message.items, rm(2))));
    expect(third.state).toEqual({ slave: 'following' });
    expect(textOf(third)).toBe('');
    for (const { to, message } of replies) if (to === rm(2)) second.tell(message.type, message.items, rm(3));
    second.wait(CATCH_UP_AFTER);
    expect(second.state).toEqual({ master: { level: 'awaiting' } });
  });

  test('no request of a session that it has never heard of is refused', () => {
    const second = player(2);
    second.tell('view', [nextView(first, [id(2)])], 'rm-2/group:g');
    expect(phased(second.tell('requests', batch(request('a', 5)), fe))).toEqual([
      ['EX', 'a#5'],
      ['END', 'a#5'],
    ]);
  });
});

describe('a change of roles', () => {
  const senior = firstView(group, [id(1), id(2), id(3)]);
  const [second, third] = [senior.members[1], senior.members[2]] as const;
  /** rm-1 has left, and rm-2, its senior, has no state while rm-3 is master. */
  const junior: View = { group, id: 2, members: [{ ...second, full: false }, third] as View['members'] };

  test('a master gives way to a more senior member that has become full, and is sent its state', () => {
    const former = player(3);
    former.tell('view', [junior], 'rm-3/group:g');
    former.tell('requests', batch(request('a', 1)), fe);
    former.tell('view', [{ ...junior, id: 3, members: [second, third] }], 'rm-3/group:g');
    expect(former.state).toEqual({ slave: 'receiving' });
    expect(sent(former.tell('requests', batch(request('b', 1)), fe))).toEqual(['rm-2/rm requests 1']);
    former.tell('view', [{ ...junior, id: 4, members: [third] }], 'rm-3/group:g');
    expect(former.state).toEqual({ master: { level: 'awaiting' } });
    expect(textOf(former)).toBe('a1 ');
  });

  test('one that was master, was not, and is again, sends its state anew', () => {
    const one = player(3, junior);
    expect(one.state).toMatchObject({ master: {} });
    const between: View = { ...junior, id: 3, members: [second, third] as View['members'] };
    const again = sent(one.tell('view', [between, { ...junior, id: 4 }], 'rm-3/group:g'));
    expect(one.state).toEqual({ master: { lagging: 'awaiting' } });
    expect(again).toEqual(['rm-2/rm chunk 1']);
  });

  test('a joiner whose donor leaves begins anew, takes catch-ups once it has the state, and may become master', () => {
    const without = nextView(first, [id(1), id(2), id(4)], [id(1), id(2)]);
    const joiner = player(4, without);
    joiner.tell('view', [nextView(without, [id(2), id(4)], [id(2)])], 'rm-4/group:g');
    expect(joiner.state).toEqual({ joining: 'receiving' });
    const donor = player(2);
    donor.tell('view', [without], 'rm-2/group:g');
    const chunks = sends(donor.tell('view', [nextView(without, [id(2), id(4)], [id(2)])], 'rm-2/group:g'));
    for (const { message } of chunks) joiner.tell(message.type, message.items, rm(2));
    expect(joiner.state).toEqual({ joining: 'caughtUp' });
    joiner.tell('catch-up', [{ reign: 3, after: 0, version: 1, change: 'x ', done: [] }], rm(2));
    expect(textOf(joiner)).toBe('x ');
    joiner.tell('view', [{ ...nextView(without, [id(4)]), id: 4 }], 'rm-4/group:g');
    expect(joiner.state).toEqual({ master: { level: 'awaiting' } });
  });

  test('GM-4: who is in the view no more has no part in anything', () => {
    const without = nextView(first, [id(4)]);
    for (const i of [1, 2]) {
      const one = player(i);
      one.tell('view', [without], `rm-${i}/group:g`);
      expect(one.state).toBe('deposed');
    }
    const joiner = player(4, nextView(first, [id(1), id(4)], [id(1)]));
    expect(joiner.tags).toEqual(['joining']);
    joiner.tell('view', [first], 'rm-4/group:g');
    expect(joiner.state).toBe('deposed');
  });
});

test('CH-4: any event in any state is taken or counted', () => {
  const views = [first, nextView(first, [id(1)]), nextView(first, [id(4)])];
  const situations: (() => Player)[] = [
    () => player(1, null),
    () => player(1),
    () => player(2),
    () => player(4, nextView(first, [id(1), id(4)], [id(1)])),
    () => {
      const slave = player(2);
      slave.tell('view', [views[2]], 'rm-2/group:g');
      return slave;
    },
  ];
  const events: Record<string, readonly unknown[]> = {
    requests: batch(request('a', 1)),
    read: [{ request: request('a', 1, 'read'), seen: 0 }],
    'catch-up': [{ reign: 9, after: 9, version: 10, change: '', done: [] }],
    'caught-up': [{ reign: 9, version: 1, member: id(2) }],
    chunk: [{ view: 1, number: 1, data: [], last: false }],
    'chunk-taken': [{ view: 1, number: 1 }],
    view: [views[1]],
    gone: [{ node: 'rm-3', incarnation: 1 }],
    nonsense: [1, 2],
  };
  for (const situation of situations) {
    for (const [type, items] of Object.entries(events)) expect(() => situation().tell(type, items)).not.toThrow();
  }
  expect(discards(player(1).tell('nonsense', [1, 2]))).toEqual(['nonsense unfit 2']);
});

const pick = <T>(chance: Random, list: readonly T[]): T => list[chance.int(0, list.length - 1)] as T; // in range

interface Flying {
  readonly from: Address;
  readonly to: Address;
  readonly message: Message;
}

/** Replica managers in an ideal group: the same views at all, in the same order, each when chance has it; FIFO channels. */
class Group {
  readonly players = new Map<SenderId, Player>();
  readonly views: View[] = [first];
  readonly #chance: Random;
  readonly #seen = new Map<SenderId, number>();
  readonly #ready = new Set<SenderId>();
  #flying: Flying[] = [];
  readonly #covered: Coverage | null;

  constructor(seed: number) {
    this.#chance = random(seed, 'lazy group');
    this.#covered = seed % 8 === 0 ? coverage : null;
    for (const { id: member } of first.members) this.#start(member, 0);
  }

  get view(): View {
    return this.views.at(-1) as View; // there is one from the start
  }

  run(): void {
    let [requests, changes, joiners] = [0, 0, 0];
    for (let step = 0; step < 250; step++) {
      const dice = this.#chance.int(1, 20);
      if (dice <= 4 && requests < 12) {
        requests += 1;
        const to = pick(this.#chance, [...this.players.keys()]);
        this.#flying.push({
          from: fe,
          to: address(senderNode(to), 'rm'),
          message: { type: 'requests', items: batch(request(`s${requests}`, 1)) },
        });
      } else if (dice === 5 && changes < 4) {
        changes += 1;
        const leaves = this.#chance.chance(0.6) && this.view.members.length > 1;
        joiners += 1;
        if (leaves)
          this.#change(
            pick(
              this.#chance,
              this.view.members.map(({ id: one }) => one),
            ),
            null,
          );
        else this.#change(null, id(3 + joiners));
      } else if (dice === 6) this.#admit();
      else this.#step();
    }
    for (let i = 0; i < 3_000 && !this.settled(); i++) {
      this.#admit();
      for (let j = 0; j < 20; j++) this.#step();
    }
  }

  get flying(): readonly Flying[] {
    return this.#flying;
  }

  /** Views that this member has come to. */
  seen(member: SenderId): number {
    return this.#seen.get(member) ?? 0;
  }

  settled(): boolean {
    const texts = new Set([...this.players.values()].map(textOf));
    const done = [...this.players.keys()].every((one) => this.#seen.get(one) === this.views.length);
    return this.#flying.length === 0 && done && texts.size === 1 && this.view.members.every(({ full }) => full);
  }

  #start(member: SenderId, from: number): void {
    const node = senderNode(member);
    const incarnation = Number(member.split(':')[1]);
    this.players.set(member, new Player(machine, { node, incarnation, group, members: members(3) }, this.#covered));
    this.#seen.set(member, from);
  }

  #change(leaver: SenderId | null, joiner: SenderId | null): void {
    const ids = this.view.members.map(({ id: one }) => one).filter((one) => one !== leaver);
    if (joiner !== null && ids.some((one) => senderNode(one) === senderNode(joiner))) return;
    const full = this.view.members.filter((member) => member.full && member.id !== leaver).map(({ id: one }) => one);
    if (full.length === 0) return; // the state would be lost
    if (leaver !== null) {
      this.players.delete(leaver);
      this.#flying = this.#flying.filter(({ to }) => nodeOf(to) !== senderNode(leaver));
    }
    this.views.push(nextView(this.view, joiner === null ? ids : [...ids, joiner], full));
    if (joiner !== null) this.#start(joiner, this.views.length - 1);
  }

  #admit(): void {
    const ids = this.view.members.map(({ id: one }) => one);
    const full = this.view.members.filter((one) => one.full || this.#ready.has(one.id)).map(({ id: one }) => one);
    if (full.length > this.view.members.filter((one) => one.full).length)
      this.views.push(nextView(this.view, ids, full));
  }

  #step(): void {
    const member = pick(this.#chance, [...this.players.keys()]);
    const one = this.players.get(member) as Player; // its key
    const seen = this.#seen.get(member) ?? 0;
    const next = this.views[seen];
    if (next !== undefined && this.#chance.chance(0.5)) {
      this.#seen.set(member, seen + 1);
      if (isMember(next, member)) this.#send(member, one.tell('view', [next], address(senderNode(member), 'group:g')));
      return;
    }
    if (this.#chance.chance(0.3)) {
      this.#send(member, one.wait(5));
      return;
    }
    const at = this.#flying.findIndex(({ from, to }, i) => {
      if (nodeOf(to) !== senderNode(member)) return false;
      return !this.#flying.slice(0, i).some((other) => other.from === from && other.to === to);
    });
    const [message] = at < 0 ? [] : this.#flying.splice(at, 1);
    if (message !== undefined) this.#send(member, one.tell(message.message.type, message.message.items, message.from));
  }

  #send(from: SenderId, effects: Parameters<typeof sends>[0]): void {
    for (const { to, message } of sends(effects)) {
      if (message.type === 'ready') this.#ready.add(from);
      else if ([...this.players.keys()].some((one) => address(senderNode(one), 'rm') === to))
        this.#flying.push({ from: address(senderNode(from), 'rm'), to, message });
    }
  }
}

test('PB-14: in every schedule with crashes and joiners, all that live come to the state of the master', () => {
  let changed = 0;
  seeds(FILE, 800, (seed) => {
    const stage = new Group(seed);
    stage.run();
    const states = [...stage.players].map(([one, { state }]) => [one, state, stage.seen(one)]);
    if (!stage.settled()) throw new Error(JSON.stringify([states, stage.flying, stage.views]));
    const master = chosen(stage.view)?.id;
    const texts = [...stage.players].map(([one, { context }]) => [one === master, context.current.version]);
    expect(new Set(texts.map(([, version]) => version)).size).toBe(1);
    if (stage.views.length > 1) changed += 1;
  });
  expect(changed).toBeGreaterThan(process.env.SEED === undefined ? 300 : -1);
}, 60_000);

const kv = service('kv', {
  state: () => ({ entries: collection<string>() }),
  updates: {
    put({ entries }, key: string, value: string) {
      entries.set(key, value);
      return value;
    },
  },
  queries: { get: ({ entries }, key: string) => entries.get(key) ?? '' },
});

const model = serviceModel(kv);

function run(settings: SimulateSettings<'lazy'>, requests: PlannedRequest[]) {
  const costs = new CostCounter();
  const simulation = simulate(kv, { ...settings, replication: 'lazy', trace: (event) => costs.record(event) });
  const played = play(simulation, requests, { timeout: 20_000 });
  return { simulation, played, costs };
}

const valuesOf = (played: readonly PlayedRequest[]) =>
  played.map(({ answer }) => (answer?.outcome.ok === true ? answer.outcome.value : null));

describe('in a simulation', () => {
  test('PB-14: a read is stale, and the history shows it', () => {
    const { played, costs, simulation } = run({ seed: 1, delay: [1, 1] }, [
      { at: 0, client: 'ann', op: 'get', args: ['k'] },
      { at: 20, client: 'bob', op: 'put', args: ['k', 'new'] },
      { at: 20, client: 'bob', op: 'get', args: ['k'] },
      { at: 200, client: 'bob', op: 'get', args: ['k'] },
    ]);
    expect(valuesOf(played)).toEqual(['', 'new', '', 'new']);
    expect(sequential(historyOf(played), model).verdict).toBe('violated');
    expect(costs.of('bob#1').phases).toEqual(['RE', 'EX', 'END', 'AC']);
    expect(costs.of('bob#2').phases).toEqual(['RE', 'EX', 'END']);
    expect(new Set(simulation.replicas().map(({ digest }) => digest)).size).toBe(1);
  });

  test('PB-14: an answered update dies with its master, and the history shows it', () => {
    const { played, simulation } = run({ seed: 1, delay: [1, 1], faults: ['crash:rm-1@26ms', 'recover:rm-1@40ms'] }, [
      { at: 20, client: 'bob', op: 'put', args: ['k', 'lost'] },
      { at: 1_500, client: 'bob', op: 'get', args: ['k'] },
      { at: 2_000, client: 'ann', op: 'put', args: ['k', 'kept'] },
      { at: 2_500, client: 'ann', op: 'get', args: ['k'] },
    ]);
    expect(valuesOf(played)).toEqual(['lost', '', 'kept', 'kept']);
    expect(sequential(historyOf(played), model).verdict).toBe('violated');
    const replicas = simulation.replicas();
    expect(replicas.map(({ state }) => state)).toEqual(['live', 'live', 'live']);
    expect(new Set(replicas.map(({ digest }) => digest)).size).toBe(1);
  });

  test('PB-14: where queries go to the master too, it still promises nothing', () => {
    const { played } = run({ seed: 1, delay: [1, 1], reads: 'primary' }, [
      { at: 20, client: 'bob', op: 'put', args: ['k', 'new'] },
      { at: 20, client: 'bob', op: 'get', args: ['k'] },
    ]);
    expect(valuesOf(played)).toEqual(['new', 'new']);
    expect(lazy.promises.consistency()).toBe('none');
    expect(lazy.promises.tolerates()).toBe(0);
    expect(lazy.refuses({ tolerate: 'byzantine', reads: 'order', proxy: false })).toMatch(/nobody votes/);
  });

  test('PB-14: after crashes, partitions and joins all live replicas agree', () => {
    const kinds = ['crash:rm-1@30ms', 'crash:rm-2@45ms', 'partition:rm-1|rm-2,rm-3@20ms..900ms', 'join:rm-4@35ms'];
    seeds(FILE, 12, (seed) => {
      const faults = kinds.filter((_, i) => (seed >> i) % 2 === 1);
      const requests: PlannedRequest[] = Array.from({ length: 12 }, (_, i) => ({
        at: i * 9,
        client: i % 2 === 0 ? 'ann' : 'bob',
        op: 'put',
        args: [`k${i % 3}`, String(i)],
      }));
      const { simulation, played } = run({ seed, faults, loss: 0.1 }, [
        ...requests,
        { at: 3_000, client: 'eve', op: 'get', args: ['k0'] },
      ]);
      const live = simulation.replicas().filter(({ state }) => state !== 'crashed');
      expect({ faults, live }).toMatchObject({ live: live.map(() => ({ state: 'live' })) });
      expect(new Set(live.map(({ digest }) => digest)).size).toBe(1);
      expect(played.every(({ answer }) => answer !== null)).toBe(true);
    });
  }, 60_000);
});

test('every state and transition of the chart is taken by some test', () => {
  expect(coverage.missing(machine)).toEqual([]);
});
