import { describe, expect, test } from '@jest/globals';
import type { Accepted, Decree } from '../../machines/membership/messages.js';
import { endRound, lookUp } from '../../machines/membership/name-answers.js';
import { type Found, foundShape, nameServiceShapes, namesAt } from '../../machines/membership/name-messages.js';
import { FOLLOWERS, LOOK_UPS, NAMES, type NameServiceContext } from '../../machines/membership/name-replica.js';
import {
  begin,
  enlist,
  follow,
  register,
  takeAccepted,
  takeDecided,
  takeGone,
} from '../../machines/membership/name-reports.js';
import { nameService } from '../../machines/membership/name-service.js';
import { ENLISTED } from '../../machines/membership/name-table.js';
import type { Message } from '../../machines/shared/effects.js';
import {
  type Address,
  address,
  groupName,
  nodeId,
  nodeOf,
  type SenderId,
  senderNode,
} from '../../machines/shared/identifiers.js';
import { mapGet } from '../../machines/shared/persistent-map.js';
import type { Member, View } from '../../machines/shared/view.js';
import { random } from '../../runtime/simulate/random.js';
import { same } from '../same.js';
import { Hosts } from './hosts.js';
import { Coverage, discards, expectPure, Player, seeds, sends, sent } from './stage.js';

const FILE = 'test/machines/name-service.test.ts';
const coverage = new Coverage();
const bank = groupName('bank');
const service = ['ms-1', 'ms-2', 'ms-3'].map((name) => nodeId(name));
const inputOf = (i = 1, names = [bank]) => ({
  node: nodeId(`ms-${i}`),
  incarnation: 1,
  service,
  names,
  replica: 'rm',
  waitFor: 50,
});
const play = (names = [bank]): Player => {
  const player = new Player(nameService, inputOf(1, names), coverage);
  player.taken();
  return player;
};

/** `a:1` entered in view 1, `b:2@4` in view 4; `c:1-` has not the state. */
const member = (text: string): Member => {
  const full = !text.endsWith('-');
  const [id = '', since = '1'] = (full ? text : text.slice(0, -1)).split('@');
  return { id: id as SenderId, since: Number(since), full };
};
const view = (id: number, ...members: string[]): View => ({ group: bank, id, members: members.map(member) });
const decree = (next: View): Decree => ({ view: next, cut: {}, unsettled: {} });
const accepted = (next: View, ballot = 0, slot = next.id): Accepted => ({ slot, ballot, decree: decree(next) });

const decided = (player: Player, next: View, from = 1) =>
  player.tell('decided', [decree(next)], `ms-${from}/membership`);
const accepts = (player: Player, from: number, ...items: Accepted[]) =>
  player.tell('accepted', items, `ms-${from}/membership`);
const registers = (player: Player, at: string, id: number, name = bank) =>
  player.tell('register', [{ name, address: `${at}/rm`, view: id }], `${at}/rm`);
const looksUp = (player: Player, mode = 'primary', from: Address = 'c-1/client', name = bank) =>
  player.tell('look-up', [{ name, mode }], from);
/** Who is told what: `c-1/client primary a/rm 3`. */
const found = (effects: Parameters<typeof sends>[0]): string[] =>
  sends(effects)
    .filter(({ message }) => message.type === 'found')
    .flatMap(({ to, message }) =>
      (message.items as Found[]).map((item) => {
        same(foundShape(item), true);
        return `${to} ${item.mode} ${item.address} ${item.view}`;
      }),
    );
const entryOf = (player: Player, name = bank) => mapGet((player.context as NameServiceContext).names, name);

describe('the primary of a name', () => {
  test('GM-8: a registered primary is found at once; who asked before it registered is answered as it does', () => {
    const player = play();
    expect(player.state).toBe('answering');
    expect(looksUp(player)).toEqual([]);
    expect(player.state).toBe('holding');
    player.wait(20);
    expect(found(registers(player, 'a', 1))).toEqual(['c-1/client primary a/rm 1']);
    expect(player.state).toBe('answering');
    expect(found(looksUp(player))).toEqual(['c-1/client primary a/rm 1']);
    expect(player.wait(500)).toEqual([]);
  });

  test('GM-8: a look-up that finds nothing waits for one round at least and two at most, and is told so', () => {
    const player = play();
    looksUp(player);
    player.wait(49);
    looksUp(player, 'read', 'c-2/client');
    expect(discards(looksUp(player))).toEqual(['look-up repeated 1']);
    expect(player.wait(50)).toEqual([]);
    expect(found(player.wait(1)).sort()).toEqual(['c-1/client primary null 0', 'c-2/client read null 0']);
    expect(player.state).toBe('answering');
    looksUp(player);
    player.wait(60);
    looksUp(player, 'primary', 'c-3/client');
    expect(found(player.wait(40))).toEqual(['c-1/client primary null 0']);
    expect(found(player.wait(49))).toEqual([]);
    expect(found(player.wait(1))).toEqual(['c-3/client primary null 0']);
  });

  test('GM-8: the highest view wins, whatever comes when', () => {
    const player = play();
    registers(player, 'b', 4);
    expect(discards(registers(player, 'a', 3))).toEqual(['register outdated 1']);
    expect(discards(registers(player, 'b', 4))).toEqual(['register repeated 1']);
    expect(discards(registers(player, 'c', 4))).toEqual(['register conflicting 1']);
    expect(found(looksUp(player))).toEqual(['c-1/client primary b/rm 4']);
    registers(player, 'c', 6);
    expect(found(looksUp(player))).toEqual(['c-1/client primary c/rm 6']);
  });

  test('GM-8: a primary that a later view evicts is dropped, and no older one comes back', () => {
    const player = play();
    registers(player, 'a', 1);
    expect(found(player.tell('follow', [{ name: bank }], 'fe-1/fe'))).toEqual(['fe-1/fe primary a/rm 1']);
    decided(player, view(1, 'a:1', 'b:1', 'c:1'));
    expect(found(looksUp(player))).toEqual(['c-1/client primary a/rm 1']);
    expect(found(decided(player, view(2, 'b:1', 'c:1')))).toEqual(['fe-1/fe primary null 2']);
    looksUp(player);
    expect(discards(registers(player, 'a', 1))).toEqual(['register outdated 1']);
    expect(found(registers(player, 'b', 2)).sort()).toEqual(['c-1/client primary b/rm 2', 'fe-1/fe primary b/rm 2']);
    decided(player, view(4, 'c:1'));
    expect(discards(registers(player, 'b', 3))).toEqual(['register evicted 1']);
    expect(found(registers(player, 'c', 4))).toEqual(['fe-1/fe primary c/rm 4']);
  });

  test('GM-8: a primary whose node is back as a new incarnation is dropped, one that survived is not', () => {
    const player = play();
    registers(player, 'a', 1);
    decided(player, view(2, 'a:1', 'c:1', 'b:2@2'));
    expect(found(looksUp(player))).toEqual(['c-1/client primary a/rm 1']);
    decided(player, view(3, 'c:1', 'b:2@2', 'a:2@3'));
    expect(looksUp(player)).toEqual([]);
    expect(discards(registers(player, 'a', 2))).toEqual(['register evicted 1']);
  });

  test('GM-8: one that has come back asks whoever should be primary, as it hears of a view and while somebody waits', () => {
    const player = new Player(nameService, { ...inputOf(), incarnation: 2 }, coverage);
    player.taken();
    expect(sent(decided(player, view(3, 'a:1-', 'b:1', 'c:1')))).toEqual(['b/rm wanted 1']);
    looksUp(player);
    player.wait(50);
    expect(sent(player.wait(50))).toEqual(['c-1/client found 1', 'b/rm wanted 1']);
    registers(player, 'b', 2);
    expect(sent(decided(player, view(4, 'b:1')))).toEqual([]);
    expect(sent(decided(player, view(5, 'c:1@5')))).toEqual(['c/rm wanted 1']);
    const first = play();
    expect(sent(decided(first, view(1, 'a:1')))).toEqual([]);
  });

  test('GM-8: a registration may come before the view that it is of', () => {
    const player = play();
    decided(player, view(1, 'a:1', 'b:1'));
    registers(player, 'a', 1);
    registers(player, 'b', 2);
    expect(found(looksUp(player))).toEqual(['c-1/client primary b/rm 2']);
    decided(player, view(2, 'b:1'));
    expect(found(looksUp(player))).toEqual(['c-1/client primary b/rm 2']);
  });
});

describe('views of the groups', () => {
  test('GM-5: it observes the groups of its names from the start, of new names then, and again who has restarted', () => {
    const player = new Player(nameService, inputOf(), coverage);
    const observed = ['ms-1/membership observe 1', 'ms-2/membership observe 1', 'ms-3/membership observe 1'];
    const begun = player.taken();
    expect(sent(begun)).toEqual(observed);
    expect(sends(begun)[0]?.message.items).toEqual([{ group: bank }]);
    const other = groupName('shop');
    const effects = player.tell(
      'register',
      [
        { name: other, address: 'x/rm', view: 1 },
        { name: other, address: 'x/rm', view: 1 },
      ],
      'x/rm',
    );
    expect(sent(effects)).toEqual(observed);
    expect(sends(effects)[0]?.message.items).toEqual([{ group: other }]);
    decided(player, view(1, 'a:1'));
    expect(sent(registers(player, 'a', 1))).toEqual([]);
    expect(sent(player.tell('follow', [{ name: other }], 'c-1/c'))).toEqual(['c-1/c found 1', ...observed]);
    expect(sent(player.tell('unfollow', [{ name: other }], 'c-1/c'))).toEqual([]);
    expect(sent(player.tell('enlist', [{ name: other, address: 'y/rm' }], 'y/rm'))).toEqual(observed);
    expect(sent(player.tell('gone', [{ node: 'ms-2', incarnation: 1 }]))).toEqual(['ms-2/membership observe 2']);
  });

  test('GM-5: a view counts when a majority has accepted it under one ballot, or when it is decided', () => {
    const player = play();
    const next = view(1, 'a:1');
    accepts(player, 1, accepted(next));
    accepts(player, 1, accepted(next));
    accepts(player, 2, accepted(next, 1));
    expect(entryOf(player)?.view).toBeNull();
    accepts(player, 3, accepted(next, 0));
    expect(entryOf(player)?.view).toBeNull();
    accepts(player, 3, accepted(next, 1));
    expect(entryOf(player)).toMatchObject({ view: { id: 1 }, coming: null });
    expect(discards(accepts(player, 1, accepted(next, 1)))).toEqual(['accepted late 1']);
    decided(player, view(3, 'b:1'));
    expect(entryOf(player)?.view).toMatchObject({ id: 3 });
    expect(discards(decided(player, view(2, 'a:1')))).toEqual(['decided late 1']);
    expect(discards(accepts(player, 2, accepted(view(2, 'a:1')), accepted(view(3, 'a:1'))))).toEqual([
      'accepted late 2',
    ]);
  });

  test('GM-5: what is accepted of a later view stays counted when an earlier one is decided', () => {
    const player = play();
    accepts(player, 1, accepted(view(3, 'b:1')));
    decided(player, view(2, 'a:1', 'b:1'));
    accepts(player, 2, accepted(view(3, 'b:1')));
    expect(entryOf(player)?.view).toMatchObject({ id: 3 });
  });

  test('only the membership service says what is decided, and only of names that are known', () => {
    const player = play();
    expect(discards(decided(player, view(1, 'a:1'), 9))).toEqual(['decided stranger 1']);
    expect(discards(accepts(player, 9, accepted(view(1, 'a:1'))))).toEqual(['accepted stranger 1']);
    const other = { ...view(1, 'a:1'), group: groupName('other') };
    expect(discards(decided(player, other))).toEqual(['decided unobserved 1']);
    expect(discards(accepts(player, 1, accepted(other)))).toEqual(['accepted unobserved 1']);
    expect(player.tell('refused', [{ group: bank, code: 'NO_GROUP', why: '' }], 'ms-1/membership')).toEqual([]);
    expect(discards(player.tell('nonsense', [1, 2]))).toEqual(['nonsense unfit 2']);
  });
});

describe('replicas for reading', () => {
  const reads = (player: Player, times: number) =>
    Array.from({ length: times }, (_, i) => found(looksUp(player, 'read', `c-${i}/client`))[0]?.split(' ')[2]);

  test('GM-8: the members that have the state are handed out in turn, and those that enlisted', () => {
    const player = play();
    decided(player, view(3, 'a:1', 'b:1', 'c:1@3-'));
    expect(reads(player, 4)).toEqual(['a/rm', 'b/rm', 'a/rm', 'b/rm']);
    player.tell(
      'enlist',
      [
        { name: bank, address: 'cache-1/rm' },
        { name: bank, address: 'a/rm' },
      ],
      'cache-1/rm',
    );
    const six = reads(player, 6);
    for (const one of ['a/rm', 'b/rm', 'cache-1/rm']) expect(six.filter((other) => other === one)).toHaveLength(2);
    player.tell('withdraw', [{ name: bank, address: 'cache-1/rm' }], 'cache-1/rm');
    expect(new Set(reads(player, 4))).toEqual(new Set(['a/rm', 'b/rm']));
    decided(player, view(4, 'b:1'));
    // a/rm has enlisted itself: no view takes that away, only its end does.
    expect(new Set(reads(player, 4))).toEqual(new Set(['a/rm', 'b/rm']));
    player.tell('gone', [{ node: 'a', incarnation: 1 }]);
    expect(reads(player, 2)).toEqual(['b/rm', 'b/rm']);
  });

  test('GM-8: a look-up for reading waits for the first replica', () => {
    const player = play();
    looksUp(player, 'read');
    expect(found(decided(player, view(1, 'a:1')))).toEqual(['c-1/client read a/rm 1']);
    looksUp(player, 'read', 'c-1/client', groupName('catalogue'));
    const item = { name: groupName('catalogue'), address: 'k/rm' };
    expect(found(player.tell('enlist', [item], 'k/rm'))).toEqual(['c-1/client read k/rm 0']);
    expect(discards(player.tell('enlist', [item], 'k/rm'))).toEqual(['enlist repeated 1']);
    player.tell('withdraw', [item], 'k/rm');
    expect(discards(player.tell('withdraw', [item], 'k/rm'))).toEqual(['withdraw repeated 1']);
    expect(discards(player.tell('withdraw', [{ ...item, name: 'nothing' }], 'k/rm'))).toEqual(['withdraw unknown 1']);
  });
});

describe('what is kept', () => {
  test('GM-8: who is gone waits and follows no more, and a service without a group loses its primary', () => {
    const player = play();
    const plain = groupName('plain');
    registers(player, 'a', 1);
    decided(player, view(1, 'a:1'));
    registers(player, 'a', 1, plain);
    player.tell('follow', [{ name: plain }], 'c-1/c');
    player.tell('follow', [{ name: plain }], 'c-2/c');
    looksUp(player, 'primary', 'c-1/c', groupName('other'));
    player.tell('gone', [{ node: 'c-1', incarnation: 1 }]);
    expect(player.state).toBe('answering');
    expect(found(player.tell('gone', [{ node: 'a', incarnation: 1 }]))).toEqual(['c-2/c primary null 0']);
    // Where there are views, they say what follows.
    expect(found(looksUp(player))).toEqual(['c-1/client primary a/rm 1']);
    expect(discards(player.tell('unfollow', [{ name: 'nothing' }], 'c-1/c'))).toEqual(['unfollow unknown 1']);
  });

  test('every table is bounded, and a name that means nothing any more makes room', () => {
    const player = play([]);
    const many = (n: number, make: (i: number) => unknown) => Array.from({ length: n }, (_, i) => make(i));
    const followed = player.tell(
      'follow',
      many(NAMES, (i) => ({ name: `n-${i}` })),
      'c-1/c',
    );
    expect(discards(followed)).toEqual([]);
    for (const type of ['register', 'enlist', 'follow'])
      expect(discards(player.tell(type, [{ name: bank, address: 'a/rm', view: 1 }], 'a/rm'))).toEqual([
        `${type} full 1`,
      ]);
    player.tell('unfollow', [{ name: 'n-7' }], 'c-1/c');
    expect(discards(registers(player, 'a', 1))).toEqual([]);
    expect(entryOf(player, groupName('n-7'))).toBeUndefined();
    expect(player.context.names.size).toBe(NAMES);

    const enlisted = player.tell(
      'enlist',
      many(ENLISTED + 2, (i) => ({ name: bank, address: `k-${i}/rm` })),
      'k/rm',
    );
    expect(discards(enlisted)).toEqual(['enlist full 2']);
    for (let i = 0; i < FOLLOWERS; i++) player.tell('follow', [{ name: bank }], `c-${i}/c`);
    expect(discards(player.tell('follow', [{ name: bank }], 'more/c'))).toEqual(['follow full 1']);
    expect(discards(player.tell('follow', [{ name: bank }], 'c-0/c'))).toEqual([]);
    const asked = player.tell(
      'look-up',
      many(LOOK_UPS + 1, (i) => ({ name: `x-${i}`, mode: 'primary' })),
      'c-1/c',
    );
    expect(discards(asked)).toEqual(['look-up full 1']);
    expect(found(asked)).toEqual(['c-1/c primary null 0']);
  });

  test('rules leave what they are given alone', () => {
    const player = play();
    registers(player, 'a', 1);
    decided(player, view(1, 'a:1', 'b:1'));
    player.tell('follow', [{ name: bank }], 'c-1/c');
    looksUp(player, 'primary', 'c-1/c', groupName('other'));
    const context: NameServiceContext = player.context;
    const event = <Type extends string, Item>(type: Type, item: Item, from: Address = 'ms-1/membership') => ({
      type,
      from,
      items: [item],
    });
    const item = { name: bank, address: 'b/rm' as Address, view: 2 };
    expectPure((c) => begin({ context: c }), context, null);
    expectPure((c) => endRound({ context: c }), { ...context, round: 1 }, null);
    expectPure((c, e) => register({ context: c, event: e }), context, event('register', item));
    expectPure((c, e) => enlist({ context: c, event: e }), context, event('enlist', item));
    expectPure((c, e) => follow({ context: c, event: e }), context, event('follow', item));
    expectPure(
      (c, e) => lookUp({ context: c, event: e }),
      context,
      event('look-up', { name: bank, mode: 'read' as const }),
    );
    expectPure((c, e) => takeAccepted({ context: c, event: e }), context, event('accepted', accepted(view(2, 'b:1'))));
    expectPure((c, e) => takeDecided({ context: c, event: e }), context, event('decided', decree(view(2, 'b:1'))));
    expectPure(
      (c, e) => takeGone({ context: c, event: e }),
      context,
      event('gone', { node: nodeId('c-1'), incarnation: 1 }),
    );
  });

  test('messages that are not as they must be do not get there', () => {
    expect(nameServiceShapes.register({ name: 'a', address: 'a/rm', view: 1 })).toBe(true);
    expect(nameServiceShapes.register({ name: 'a', address: 'a/rm', view: -1 })).toBe(false);
    expect(nameServiceShapes['look-up']({ name: 'a', mode: 'read' })).toBe(true);
    expect(nameServiceShapes['look-up']({ name: 'a', mode: 'write' })).toBe(false);
    expect(foundShape({ name: 'a', mode: 'read', address: 7, view: 1 })).toBe(false);
  });
});

const FOLLOWER: Address = 'f-1/fe';

/**
 * Three replicas of the name service, and views of one group that end with its primary or with another member. Of each view, each
 * replica of the membership service says late or early what it has accepted; the new primary registers, and clients look up.
 */
class Names {
  readonly views: View[] = [view(1, 'a:1', 'b:1', 'c:1', 'd:1')];
  readonly hosts: Hosts;
  /** What each replica has answered, in the order in which it did. */
  readonly answered: { replica: string; to: Address; item: Found; known: View | null }[] = [];
  asked = 0;
  /** The replica that may hear of views much later than of registrations. */
  private readonly slow: Address;

  constructor(seed: number) {
    const chance = random(seed, 'names');
    this.slow = namesAt(service[chance.int(0, 2)] as (typeof service)[0]);
    this.hosts = new Hosts((from, to, message) => {
      if (message.type === 'found') this.answer(from, to, message);
      const isView = message.type === 'accepted' || message.type === 'decided';
      return isView && to === this.slow ? chance.int(0, 1500) + chance.int(0, 1500) : chance.int(0, 60);
    }, coverage);
    service.forEach((_, i) => {
      this.hosts.host(namesAt(service[i] as (typeof service)[0]), nameService, inputOf(i + 1));
    });
    // It sees every change of each replica's mind.
    this.toAll(FOLLOWER, { type: 'follow', items: [{ name: bank }] });
    while (this.views.length < 5) this.change(chance.chance(0.4) ? 0 : chance.int(1, 3), chance.chance(0.3));
    const members = this.views.map(({ members: [first] }) => senderNode((first as Member).id));
    this.views.forEach((next, i) => {
      const at = i * 100 + chance.int(0, 90);
      this.hosts.clock.setTimeout(() => this.agree(next, chance.int(0, 1), chance.int(0, 1500)), at);
      const primary = members[i] as (typeof members)[0];
      if (primary === members[i - 1]) return;
      // It may take long over its registration, and a later one may overtake it.
      const registration = { name: bank, address: address(primary, 'rm'), view: next.id };
      const later = at + chance.int(0, 250);
      this.hosts.clock.setTimeout(
        () => this.toAll(address(primary, 'rm'), { type: 'register', items: [registration] }),
        later,
      );
    });
    for (let i = 0; i < 12; i++) {
      const [to, mode] = [chance.int(0, 2), chance.chance(0.7) ? 'primary' : 'read'];
      this.hosts.clock.setTimeout(() => this.ask(`c-${i}/client`, to, mode), chance.int(0, 700));
    }
  }

  /** The next view: without one of the members, and, perhaps, with its next incarnation. */
  private change(leaves: number, returns: boolean): void {
    const { id, members } = this.views.at(-1) as View; // there is a first
    const gone = members[leaves % members.length] as Member;
    const rest = members.filter((one) => one !== gone).map((one) => ({ ...one, full: true }));
    const back: Member = { id: `${senderNode(gone.id)}:${id + 1}` as SenderId, since: id + 1, full: false };
    if (rest.length > 0)
      this.views.push({ group: bank, id: id + 1, members: returns || rest.length < 2 ? [...rest, back] : rest });
  }

  private agree(next: View, ballot: number, lag: number): void {
    for (const replica of service) {
      const at = address(replica, 'membership');
      const tell = () => {
        this.toAll(at, { type: 'accepted', items: [accepted(next, ballot)] });
        this.toAll(at, { type: 'decided', items: [decree(next)] });
      };
      // What the replica beside it says takes no time to the name service, but may come to be known late.
      this.hosts.clock.setTimeout(tell, namesAt(replica) === this.slow ? lag : 0);
    }
  }

  private toAll(from: Address, message: Message): void {
    for (const replica of service) this.hosts.send(from, namesAt(replica), message);
  }

  ask(from: Address, replica: number, mode = 'primary'): void {
    this.asked += 1;
    this.hosts.send(from, namesAt(service[replica] as (typeof service)[0]), {
      type: 'look-up',
      items: [{ name: bank, mode }],
    });
  }

  private answer(from: Address, to: Address, message: Message): void {
    const context: NameServiceContext = this.hosts.contextOf(from);
    const entry = mapGet(context.names, bank);
    for (const item of message.items as Found[])
      this.answered.push({ replica: nodeOf(from), to, item, known: entry?.view ?? null });
  }
}

describe('whatever comes when', () => {
  test('GM-8: no replica goes back to the primary of an older view, and in the end all look-ups find the current one', () => {
    seeds(FILE, 500, (seed) => {
      const run = new Names(seed);
      run.hosts.clock.advance(4000);
      const before = run.answered.length;
      expect(run.answered.filter(({ to }) => to !== FOLLOWER)).toHaveLength(run.asked);
      for (const replica of service) {
        const answers = run.answered.filter((one) => one.replica === replica && one.item.mode === 'primary');
        const ids = answers.filter(({ item }) => item.address !== null).map(({ item }) => item.view);
        same(
          ids,
          [...ids].sort((a, b) => a - b),
        );
      }
      for (const { item, known } of run.answered) {
        if (known === null || item.address === null) continue;
        // Nobody is handed out that the replica knew to be no member any more.
        const nodes = known.members.map(({ id }) => senderNode(id));
        if (item.mode === 'read' || known.id >= item.view)
          same([item, nodes.includes(nodeOf(item.address))], [item, true]);
      }
      for (let i = 0; i < 3; i++) run.ask(`last-${i}/client`, i);
      run.hosts.clock.advance(300);
      const { members } = run.views.at(-1) as View; // there is a first
      const current = address(senderNode((members[0] as Member).id), 'rm');
      const last = run.answered.slice(before);
      same(
        last.map(({ item }) => item.address),
        [current, current, current],
      );
    });
  });

  test('GM-8: however look-ups for reading are spread over clients and time, no replica gets two more than another', () => {
    seeds(FILE, 200, (seed) => {
      const chance = random(seed, 'turns');
      const player = play();
      const n = chance.int(1, 5);
      decided(player, view(1, ...Array.from({ length: n }, (_, i) => `m-${i}:1`)));
      let counts = new Map<string, number>();
      for (let i = 0; i < 40; i++) {
        if (chance.chance(0.2)) looksUp(player, 'primary', `c-${i}/c`);
        const items = Array.from({ length: chance.int(1, 3) }, () => ({ name: bank, mode: 'read' }));
        for (const line of found(player.tell('look-up', items, `c-${i}/c`))) {
          const place = line.split(' ')[2] as string; // as `found` writes it
          counts = new Map(counts).set(place, (counts.get(place) ?? 0) + 1);
        }
      }
      same(counts.size, n);
      expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
    });
  });
});

test('every state and transition of the chart has been taken', () => {
  expect(coverage.missing(nameService)).toEqual([]);
});
