import { describe, expect, test } from '@jest/globals';
import type { ViewGroupInput } from '../../machines/membership/group-input.js';
import type { MemberContext } from '../../machines/membership/view-member.js';
import { viewSynchronousMember } from '../../machines/membership/view-synchronous-member.js';
import type { ViewSenderContext } from '../../machines/membership/view-synchronous-sender.js';
import { address, groupActor, nodeId, type SenderId, senderId, senderNode } from '../../machines/shared/identifiers.js';
import { mapEntries } from '../../machines/shared/persistent-map.js';
import { firstView } from '../../machines/shared/view.js';
import { same } from '../same.js';
import { randomFrom } from './schedule.js';
import { Coverage, Player, seeds, sends } from './stage.js';
import { chaos, expectNothingLeft, expectRules, expectSynchrony, expectViews, rulesOf } from './view-chaos.js';
import { deliveriesOf, GROUP, type Host, isView, World, type WorldOptions } from './view-world.js';

const FILE = 'test/machines/agreed-order.test.ts';
const seedsEach = Number(process.env.SEEDS ?? 60);
const totalOrders = ['total', 'fifo-total', 'causal-total'] as const;

/** The numbers that a member has seen have no gap, and nobody has seen one twice. */
function expectPlaces(world: World): void {
  for (const host of world.hosts.values()) {
    const numbers = deliveriesOf(host).map(({ number }) => number);
    same([host.id, numbers], [host.id, numbers.map((_, i) => (numbers[0] ?? 0) + i)]);
  }
  same(deliveriesOf(world.anchor())[0]?.number ?? 1, 1);
}

describe.each(totalOrders)('%s', (order) => {
  test.each([false, true])(
    'MC-7, VS-1, VS-2, VS-4, GM-4, MC-1, MC-2, MC-3, MC-4, MC-9, MC-10: agreed, in every schedule, uniform: %s',
    (uniform) => {
      seeds(FILE, seedsEach, (seed) => {
        const world = chaos(seed, { order, uniform, provider: 'agreed' });
        world.run();
        expectViews(world);
        expectSynchrony(world, order);
        expectRules(world, rulesOf(order, uniform));
        expectPlaces(world);
        expectNothingLeft(world);
      });
    },
  );
});

const quiet = (rest: Partial<WorldOptions> = {}): World =>
  new World({ order: 'total', provider: 'agreed', members: 3, random: randomFrom(1), stabilityInterval: 100, ...rest });

const dataOf = (world: World): number =>
  ['data', 'proposal', 'submit', 'offer', 'relay'].reduce((n, type) => n + (world.counts[type] ?? 0), 0);

const textOf = (host: Host): string[] =>
  deliveriesOf(host).map(({ sender, seq, number }) => `${number} ${sender}#${seq}`);

describe('what it costs', () => {
  /** ms until each member has delivered one more, in their order. */
  function delays(world: World, name: string): (number | undefined)[] {
    const start = world.now;
    const members = [...world.latest.values()].filter(({ isMember }) => isMember);
    const before = members.map((host) => deliveriesOf(host).length);
    const taken: (number | undefined)[] = members.map(() => undefined);
    world.multicast(name);
    for (let ms = 0; ms <= 60; ms += 10) {
      world.run(start + ms);
      members.forEach((host, i) => {
        if (deliveriesOf(host).length > (before[i] ?? 0)) taken[i] ??= ms;
      });
    }
    return taken;
  }

  test.each([1, 2, 3, 5])(
    'MC-12: agreed among %i members: 3n messages and 3 delays from outside, 3 (n - 1) from inside',
    (n) => {
      const world = quiet({ members: n, outsiders: 1, stabilityInterval: 10_000 });
      world.run(200);
      const before = dataOf(world);
      expect(delays(world, 'o1')).toEqual(Array.from({ length: n }, () => 30));
      expect(dataOf(world) - before).toBe(3 * n);
      const own = n === 1 ? 0 : 20;
      expect(delays(world, 'm1')).toEqual([own, ...Array.from({ length: n - 1 }, () => 30)]);
      expect(dataOf(world) - before).toBe(3 * n + 3 * (n - 1));
    },
  );

  test('MC-12: a batch costs what one message does', () => {
    const world = quiet({ outsiders: 1, stabilityInterval: 10_000 });
    world.run(200);
    const before = dataOf(world);
    world.multicast('o1', 50);
    world.run(300);
    expect(dataOf(world) - before).toBe(9);
    for (const host of world.correct()) expect(deliveriesOf(host)).toHaveLength(50);
  });

  test('MC-10: over a long run nothing grows', () => {
    for (const order of totalOrders) {
      for (const uniform of [false, true]) {
        const world = quiet({ order, uniform, outsiders: 1, stabilityInterval: 50 });
        let most = 0;
        for (let i = 1; i <= 80; i++) {
          world.multicast(['m1', 'm2', 'm3', 'o1'][i % 4] as string, 1);
          world.run(world.now + 10);
          for (const name of ['m1', 'm2', 'm3']) {
            const { kept, pending, agreeing } = world.contextOf<MemberContext>(name);
            const held = [...mapEntries(kept)].reduce((n, [, stream]) => n + stream.size, 0);
            most = Math.max(most, held + pending.size + agreeing.candidates.size + agreeing.tallies.size);
          }
          const { untaken, coordinating } = world.contextOf<ViewSenderContext>('o1');
          most = Math.max(most, untaken.size + coordinating.tallies.size);
        }
        // 3 rounds of 50 ms at one message, of two entries, every 10 ms.
        expect(most).toBeLessThan(60);
        world.run();
        expectNothingLeft(world);
      }
    }
  });
});

describe('MC-7: a crash half way is settled by the next view', () => {
  /** All who are left have delivered the same, all of these, and are quiet. */
  function expectSettled(world: World, last: number, delivered: readonly string[] | number): void {
    const texts = world.correct().map(textOf);
    for (const text of texts) same(text, texts[0]);
    if (typeof delivered === 'number') expect(texts[0]).toHaveLength(delivered);
    else same(texts[0], delivered);
    same(world.service.view.id, last);
    expectViews(world);
    expectPlaces(world);
    expectNothingLeft(world);
  }

  test.each([false, true])('a member that has sent its message and no number; uniform: %s', (uniform) => {
    const world = quiet({ members: 4, uniform });
    world.run(100);
    world.multicast('m4');
    world.run(105);
    world.crash('m4');
    world.multicast('m1');
    world.run(200);
    expect(world.correct().flatMap(textOf)).toEqual([]); // m4's message is before it, or may be
    for (const name of ['m1', 'm2', 'm3']) world.suspect(name, 'm4');
    world.run();
    expectSettled(world, 2, 2);
  });

  test.each([false, true])('MC-1: a member whose number has come to one member alone; uniform: %s', (uniform) => {
    const world = quiet({ members: 4, uniform });
    world.run(100);
    world.multicast('m4');
    world.run(110);
    world.crashAfterSends('m4', 2); // the first copy of the number leaves
    world.run(200);
    // MC-1: a uniform group waits until all members are known to have it.
    expect(world.correct().map((host) => textOf(host).length)).toEqual([uniform ? 0 : 1, 0, 0]);
    for (const name of ['m1', 'm2', 'm3']) world.suspect(name, 'm4');
    world.run();
    expectSettled(world, 2, ['1 m4:1#1']);
  });

  test('a proposer that crashes: nobody has a number, and the next view gives it', () => {
    const world = quiet({ members: 4, outsiders: 1 });
    world.run(100);
    world.crash('m4');
    world.multicast('o1', 2);
    world.multicast('m1');
    world.run(200);
    expect(world.correct().flatMap(textOf)).toEqual([]);
    for (const name of ['m1', 'm2', 'm3']) world.suspect(name, 'm4');
    world.run();
    expectSettled(world, 2, 3);
  });

  test('a sender from outside that crashes: its end is a reason for another view of the same members', () => {
    const world = quiet({ outsiders: 1 });
    world.run(100);
    const sender = world.hostOf('o1');
    world.multicast('o1');
    world.run(105);
    world.crash('o1');
    world.multicast('m2');
    world.run(150);
    world.gone('m2', sender);
    expect(world.stateOf('m2')).toEqual({ flushing: 'reporting' });
    world.run();
    for (const name of ['m1', 'm3']) world.gone(name, sender);
    world.run();
    expectSettled(world, 2, ['1 m2:1#1', '2 o1:1#1']);
    expect(world.service.view.members).toHaveLength(3);
  });

  test('a sender from outside that is silent for long: the same, with no word of its end', () => {
    const world = quiet({ outsiders: 1, retryAfter: 500 });
    world.run(100);
    world.crashAfterSends('o1', 3); // m1 and m2 have the message, m3 has not
    world.multicast('o1');
    world.run(110);
    world.multicast('m1');
    world.run(500);
    expect(world.correct().map(textOf)).toEqual([[], [], ['1 m1:1#1']]); // for m3 there is nothing to wait for
    world.run();
    expectSettled(world, 2, ['1 m1:1#1', '2 o1:1#1']);
  });

  test('VS-4: a sender from outside sends again what the view settled without it, and nothing is delivered twice', () => {
    const world = quiet({ outsiders: 1 });
    world.run(100);
    world.crashAfterSends('m3', 1); // it has the messages, and proposes nothing
    world.multicast('o1', 2);
    world.run(200);
    for (const name of ['m1', 'm2']) world.suspect(name, 'm3');
    const before = world.counts.data ?? 0;
    world.run();
    expect((world.counts.data ?? 0) - before).toBe(4); // again to both, and that they are known
    expectSettled(world, 2, ['1 o1:1#1', '2 o1:1#2']);
    world.multicast('o1');
    world.run();
    expectSettled(world, 2, ['1 o1:1#1', '2 o1:1#2', '3 o1:1#3']);
  });

  test('VS-5: a joiner, which knows nothing of what came before, gives the same places', () => {
    const world = quiet({ outsiders: 1 });
    world.run(100);
    world.multicast('o1', 3);
    world.multicast('m1', 2);
    world.run(300);
    world.join('j1');
    world.at(305, () => world.multicast('o1', 2));
    world.run();
    world.multicast('j1');
    world.run();
    const joiner = world.hostOf('j1');
    expect(joiner.handed.filter(isView)[0]?.id).toBe(2);
    const all = textOf(world.hostOf('m1'));
    expect(all.map((text) => Number(text.split(' ')[0]))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const own = textOf(joiner);
    expect(own).toEqual(all.slice(all.length - own.length));
    expectNothingLeft(world);
  });
});

test('MC-3: a member proposes for a message only when its past is here, with the agreed numbers in it', () => {
  const [m1, m2, m3] = ['m1', 'm2', 'm3'].map((name) => senderId(nodeId(name), 1)) as [SenderId, SenderId, SenderId];
  const group = { order: 'causal-total', provider: 'agreed', uniform: false, group: GROUP } as const;
  const input: ViewGroupInput = {
    ...group,
    node: nodeId('m1'),
    incarnation: 1,
    service: [],
    view: firstView(GROUP, [m1, m2, m3]),
    application: 'app',
    stabilityInterval: 10,
    retryAfter: 100,
  };
  const player = new Player(viewSynchronousMember, input, new Coverage());
  const proposals = (author: SenderId, item: object): unknown[] =>
    sends(
      player.tell(
        'data',
        [{ view: 1, author, sender: author, seq: 1, ...item }],
        address(senderNode(author), groupActor(GROUP)),
      ),
    )
      .filter(({ message }) => message.type === 'proposal')
      .map(({ to, message }) => [to, message.items]);
  const proposal = (place: number, number: number) => [{ view: 1, place, number, known: false }];
  expect(proposals(m3, { place: 1, payload: 'first', past: {} })).toEqual([['m3/group:g', proposal(1, 1)]]);
  expect(proposals(m2, { place: 1, payload: 'second', past: { [m3]: 2 } })).toEqual([]);
  expect(proposals(m3, { place: 2, payload: null, verdict: { place: 1, number: 7 } })).toEqual([
    ['m2/group:g', proposal(1, 8)],
  ]);
});
