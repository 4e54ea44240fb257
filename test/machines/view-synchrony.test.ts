import { describe, expect, test } from '@jest/globals';
import type { ViewGroupInput } from '../../machines/membership/group-input.js';
import type { Holdings } from '../../machines/membership/messages.js';
import { MOST_EARLY } from '../../machines/membership/view-events.js';
import type { MemberContext } from '../../machines/membership/view-member.js';
import { viewSynchronousMember } from '../../machines/membership/view-synchronous-member.js';
import { type ViewSenderContext, viewSynchronousSender } from '../../machines/membership/view-synchronous-sender.js';
import { type Order, orders } from '../../machines/multicast/index.js';
import type { Effect } from '../../machines/shared/effects.js';
import { type Address, type SenderId, senderId } from '../../machines/shared/identifiers.js';
import { mapEntries } from '../../machines/shared/persistent-map.js';
import { firstView, type View } from '../../machines/shared/view.js';
import { randomFrom } from './schedule.js';
import { Coverage, discards, node, Player, seeds, sends, sent } from './stage.js';
import { chaos, expectNothingLeft, expectRules, expectSynchrony, expectViews, rulesOf } from './view-chaos.js';
import { deliveriesOf, GROUP, isView, World, type WorldOptions } from './view-world.js';

const FILE = 'test/machines/view-synchrony.test.ts';
const seedsEach = Number(process.env.SEEDS ?? 90);

describe.each(orders)('%s', (order) => {
  test.each([false, true])(
    'VS-1, VS-2, VS-4, GM-4, MC-1, MC-2, MC-3, MC-4, MC-6, MC-9, MC-10: in every schedule, uniform: %s',
    (uniform) => {
      seeds(FILE, seedsEach, (seed) => {
        const world = chaos(seed, { order, uniform });
        world.run();
        expectViews(world);
        expectSynchrony(world, order);
        expectRules(world, rulesOf(order, uniform));
        expectNothingLeft(world);
      });
    },
  );
});

/** Members with views and nothing that happens by chance. */
const quiet = (rest: Pick<WorldOptions, 'order'> & Partial<WorldOptions>): World =>
  new World({ members: 3, random: randomFrom(1), ...rest });

/** Messages between the nodes but those of the service and of control. */
function dataOf(world: World): number {
  return ['data', 'submit', 'offer', 'relay'].reduce((n, type) => n + (world.counts[type] ?? 0), 0);
}

describe('what it costs', () => {
  const delayed = (world: World, name: string): number[] => {
    const start = world.now;
    const before = new Map([...world.latest.values()].map((host) => [host, deliveriesOf(host).length] as const));
    const at: number[] = [];
    world.multicast(name);
    for (let ms = 0; ms <= 40; ms += 10) {
      world.run(start + ms);
      for (const [host, n] of before)
        if (host.isMember && deliveriesOf(host).length > n && at[[...before.keys()].indexOf(host)] === undefined)
          at[[...before.keys()].indexOf(host)] = ms;
    }
    return at.filter((ms) => ms !== undefined);
  };

  test.each([2, 3, 5])(
    'MC-12: a sequencer among %i members: 1 + (n - 1) messages and 2 delays, from inside one less',
    (n) => {
      const world = quiet({ order: 'total', members: n, outsiders: 1, stabilityInterval: 10_000 });
      world.run(200);
      const before = dataOf(world);
      expect(delayed(world, 'o1')).toEqual([10, ...Array.from({ length: n - 1 }, () => 20)]);
      expect(dataOf(world) - before).toBe(1 + (n - 1));
      expect(delayed(world, 'm2')).toEqual([10, ...Array.from({ length: n - 1 }, () => 20)]);
      expect(dataOf(world) - before).toBe(1 + (n - 1) + 1 + (n - 2));
      expect(delayed(world, 'm1')).toEqual([0, ...Array.from({ length: n - 1 }, () => 10)]);
      expect(dataOf(world) - before).toBe(1 + (n - 1) + 1 + (n - 2) + (n - 1));
    },
  );

  test.each(['unordered', 'fifo', 'causal'] as const)(
    'MC-12: %s: n - 1 messages and 1 delay, from outside one more of each',
    (order) => {
      const world = quiet({ order, members: 4, outsiders: 1, stabilityInterval: 10_000 });
      world.run(200);
      const before = dataOf(world);
      expect(delayed(world, 'm3').sort((a, b) => a - b)).toEqual([0, 10, 10, 10]);
      expect(dataOf(world) - before).toBe(3);
      expect(delayed(world, 'o1').sort((a, b) => a - b)).toEqual([10, 20, 20, 20]);
      expect(dataOf(world) - before).toBe(3 + 4);
    },
  );

  test.each([3, 5])(
    'VS-7: a crash among %i members: one report of each that is left to each, and to the service',
    (n) => {
      const world = quiet({ order: 'fifo', members: n, stabilityInterval: 10_000 });
      world.run(100);
      world.multicast(`m${n}`, 4);
      world.run(150);
      world.crash(`m${n}`);
      const before = { ...world.counts };
      for (let i = 1; i < n; i++) world.suspect(`m${i}`, `m${n}`);
      world.run(200);
      const cost = (type: string): number => (world.counts[type] ?? 0) - (before[type] ?? 0);
      expect([cost('report'), cost('relay')]).toEqual([(n - 1) * (3 + (n - 2)), 0]);
      for (const host of world.correct()) expect(host.handed.filter(isView).at(-1)?.id).toBe(2);
    },
  );

  test.each([1, 6])(
    'VS-7: %i messages that one member lacks: a relay of all of them, and one report more',
    (unstable) => {
      const world = quiet({ order: 'fifo', members: 3, stabilityInterval: 10_000 });
      world.run(100);
      world.crashAfterSends('m3', 2); // m1 has it, m2 has not
      world.multicast('m3', unstable);
      world.run(150);
      const before = { ...world.counts };
      for (const name of ['m1', 'm2']) world.suspect(name, 'm3');
      world.run();
      const cost = (type: string): number => (world.counts[type] ?? 0) - (before[type] ?? 0);
      expect([cost('relay'), cost('report')]).toEqual([1, 2 * (3 + 1) + (3 + 1)]);
      for (const host of world.correct()) expect(deliveriesOf(host)).toHaveLength(unstable);
    },
  );

  test('MC-10: over a long run nothing grows that has become stable', () => {
    for (const order of ['fifo', 'causal', 'total', 'causal-total'] as const) {
      for (const uniform of [false, true]) {
        const world = quiet({ order, uniform, outsiders: 1 });
        let most = 0;
        for (let i = 1; i <= 300; i++) {
          world.multicast(['m1', 'm2', 'm3', 'o1'][i % 4] as string, 1);
          world.run(world.now + 10);
          for (const name of ['m1', 'm2', 'm3']) {
            const { kept, pending, waiting, early } = world.contextOf<MemberContext>(name);
            const held = [...mapEntries(kept)].reduce((n, [, stream]) => n + stream.size, 0);
            most = Math.max(most, held + pending.size + waiting.size + early.size);
          }
          most = Math.max(most, world.contextOf<ViewSenderContext>('o1').untaken.size);
        }
        // 3 rounds of 50 ms at one message every 10 ms.
        expect(most).toBeLessThan(30);
        world.run();
        expectNothingLeft(world);
      }
    }
  });
});

const viewsIn = (effects: readonly Effect[]): number[] =>
  effects.flatMap((effect) => (effect.type === 'view' ? [effect.view.id] : []));

describe('a member by itself', () => {
  const coverage = new Coverage();
  const service = ['s1', 's2', 's3'].map(node);
  const input = (name: string, view: View | null, rest: Partial<ViewGroupInput> = {}): ViewGroupInput => ({
    node: node(name),
    incarnation: 1,
    group: GROUP,
    order: 'fifo',
    provider: 'sequencer',
    uniform: false,
    service,
    view,
    application: 'app',
    stabilityInterval: 10,
    retryAfter: 100,
    ...rest,
  });
  const ids = (...names: string[]): SenderId[] => names.map((name) => senderId(node(name), 1));
  const view = (id: number, ...names: string[]): View => ({ ...firstView(GROUP, ids(...names)), id });
  const decree = (next: View, cut = {}) => ({ view: next, cut, unsettled: {} });
  const accepted = (next: View, ballot = 1) => [{ slot: next.id, ballot, decree: decree(next) }];
  const data = (name: string, place: number, id = 1) => {
    const [author] = ids(name);
    return { view: id, author, place, sender: author, seq: place, payload: place };
  };
  const of = (name: string): Address => `${name}/group:g` as Address;
  const delivered = (effects: readonly Effect[]): unknown[] =>
    effects.flatMap((effect) => (effect.type === 'deliver' ? effect.deliveries.map(({ payload }) => payload) : []));
  const [ms1, ms2, ms3] = ['s1/membership', 's2/membership', 's3/membership'] as const;

  test('GM-4: a view counts when a majority of the service has accepted it under one ballot, and not before', () => {
    const player = new Player(viewSynchronousMember, input('m1', view(1, 'm1', 'm2')), coverage);
    player.taken();
    player.tell('flush', [{ group: GROUP, view: 1, suspects: ids('m2') }], ms1);
    expect(player.state).toEqual({ flushing: 'reporting' });
    player.tell('accepted', accepted(view(2, 'm1'), 1), ms1);
    player.tell('accepted', accepted(view(2, 'm1'), 2), ms2);
    player.tell('accepted', accepted(view(2, 'm1'), 2), ms2);
    player.tell('accepted', accepted(view(2, 'm1'), 2), 'm9/membership');
    expect(player.state).toEqual({ flushing: 'reporting' });
    const effects = player.tell('accepted', accepted(view(2, 'm1'), 2), ms3);
    expect(viewsIn(effects)).toEqual([2]);
    expect(sent(effects)).toEqual(['m1/detector watch 1']);
    expect(player.state).toEqual({ following: 'stable' });
  });

  test('VS-4: what is multicast while the view changes is sent in the next view, once', () => {
    const player = new Player(viewSynchronousMember, input('m1', view(1, 'm1', 'm2', 'm3')), coverage);
    player.tell('multicast', ['a']);
    player.tell('suspicion', [{ node: node('m3'), incarnation: 1, suspected: true }]);
    expect(player.tell('multicast', ['b', 'c'])).toEqual([]);
    const effects = player.tell('decided', [decree(view(2, 'm1', 'm2'), { 'm1:1': 1 })], ms1);
    const [message] = sends(effects).filter(({ to }) => to === 'm2/group:g');
    expect(message?.message.items).toEqual([
      { view: 2, author: 'm1:1', place: 1, sender: 'm1:1', seq: 2, payload: 'b' },
      { view: 2, author: 'm1:1', place: 2, sender: 'm1:1', seq: 3, payload: 'c' },
    ]);
  });

  test('VS-1: of a view that has ended nothing beyond the cut is delivered, and nothing late', () => {
    const player = new Player(
      viewSynchronousMember,
      input('m1', view(1, 'm1', 'm2', 'm3'), { uniform: true }),
      coverage,
    );
    expect(delivered(player.tell('data', [data('m3', 1), data('m3', 2)], of('m3')))).toEqual([]);
    player.tell('suspicion', [{ node: node('m3'), incarnation: 1, suspected: true }]);
    const effects = player.tell('decided', [decree(view(2, 'm1', 'm2'), { 'm3:1': 1 })], ms1);
    expect(delivered(effects)).toEqual([1]);
    expect(discards(effects)).toEqual(['view beyond the cut 1']);
    expect(discards(player.tell('data', [data('m3', 3)], of('m3')))).toEqual(['data of an earlier view 1']);
  });

  test('VS-1: a decree that overtakes the rest of its cut waits for it', () => {
    const player = new Player(viewSynchronousMember, input('m1', view(1, 'm1', 'm2', 'm3')), coverage);
    player.tell('suspicion', [{ node: node('m3'), incarnation: 1, suspected: true }]);
    player.tell('decided', [decree(view(2, 'm1', 'm2'), { 'm3:1': 1 })], ms1);
    expect(player.state).toEqual({ flushing: 'reporting' });
    expect(discards(player.tell('data', [data('m3', 1)], of('m3')))).toEqual(['data suspected 1']);
    expect(delivered(player.tell('relay', [data('m3', 1)], of('m2')))).toEqual([1]);
    expect(player.state).toEqual({ following: 'stable' });
  });

  test('VS-3: who does not report is left out by the service, and then by the member', () => {
    const player = new Player(viewSynchronousMember, input('m1', view(1, 'm1', 'm2', 'm3')), coverage);
    player.tell('data', [data('m3', 1)], of('m3'));
    player.tell('report', [report('m2', {})], of('m2'));
    expect(sends(player.taken())).toEqual([]);
    const effects = player.tell('flush', [{ group: GROUP, view: 1, suspects: ids('m3') }], ms1);
    expect(sent(effects)).toEqual(['m2/group:g relay 1']);
    expect(sent(player.wait(100)).filter((text) => text.includes('report'))).toEqual(
      ['s1/membership', 's2/membership', 's3/membership', 'm2/group:g'].map((to) => `${to} report 1`),
    );
  });

  const report = (name: string, holds: Holdings, id = 1) => ({
    group: GROUP,
    view: id,
    member: ids(name)[0],
    full: true,
    holds,
    suspects: [],
    unsettled: null,
  });

  test('GM-2, GM-3: a member that is evicted, or has left, has no part in anything any more', () => {
    for (const [wish, reason] of [
      [false, 'evicted'],
      [true, 'left'],
    ] as const) {
      for (const type of ['decided', 'accepted'] as const) {
        for (const flushing of [false, true]) {
          const player = new Player(viewSynchronousMember, input('m1', view(1, 'm1', 'm2')), coverage);
          if (wish)
            expect(sent(player.tell('leave', [{}])).slice(-3)).toEqual([ms1, ms2, ms3].map((to) => `${to} leave 1`));
          if (wish) expect(sent(player.wait(100)).length).toBe(3);
          if (flushing) player.tell('report', [report('m2', {})], of('m2'));
          const items = type === 'decided' ? [decree(view(2, 'm2'))] : accepted(view(2, 'm2'));
          player.tell(type, items, ms1);
          if (type === 'accepted') player.tell(type, items, ms2);
          expect(player.state).toBe('ended');
          expect(discards(player.tell('multicast', ['x']))).toEqual(['multicast ended 1']);
          expect(reason).toBe(wish ? 'left' : 'evicted');
        }
      }
    }
  });

  test('MC-10: what comes too early for a view is bounded, and the view ends at once to bring what found no room', () => {
    const player = new Player(viewSynchronousMember, input('m3', null), coverage);
    const many = Array.from({ length: MOST_EARLY + 5 }, (_, i) => data('m1', i + 1, 2));
    expect(discards(player.tell('data', many, of('m1')))).toEqual(['data too early 5']);
    player.tell('decided', [decree(view(2, 'm1', 'm3'))], ms1);
    expect(player.state).toEqual({ flushing: 'reporting' });
  });

  test('MC-10: what a member had no room for its author passes on, when nothing comes of the change', () => {
    const player = new Player(viewSynchronousMember, input('m1', view(1, 'm1', 'm2')), coverage);
    player.tell('multicast', ['a']);
    expect(sent(player.tell('report', [report('m2', {})], of('m2'))).filter((text) => text.includes('relay'))).toEqual(
      [],
    );
    expect(sent(player.wait(100)).filter((text) => text.includes('relay'))).toEqual(['m2/group:g relay 1']);
    expect(sent(player.wait(100)).filter((text) => text.includes('relay'))).toEqual([]);
  });

  test('GM-6: a message to the group goes to the members of the current view, and no others', () => {
    const player = new Player(viewSynchronousMember, input('m1', view(1, 'm1', 'm2')), coverage);
    player.taken();
    expect(sent(player.tell('multicast', ['a']))).toEqual(['m2/group:g data 1']);
    player.tell('flush', [{ group: GROUP, view: 1, suspects: ids('m2') }], ms1);
    player.tell('decided', [decree(view(2, 'm1', 'm3', 'm4'), { 'm1:1': 1 })], ms1);
    expect(sent(player.tell('multicast', ['b']))).toEqual(['m3/group:g data 1', 'm4/group:g data 1']);
  });

  describe('PB-7: under leases', () => {
    const LEASE = 40;
    const leased = (name: string, lease = LEASE) => {
      const player = new Player(viewSynchronousMember, input(name, view(1, 'm1', 'm2', 'm3'), { lease }), coverage);
      player.taken();
      return player;
    };
    const reportsIn = (effects: readonly Effect[]): string[] =>
      sends(effects)
        .filter(({ message }) => message.type === 'report')
        .map(({ to }) => to);
    const everybody = ['s1/membership', 's2/membership', 's3/membership', 'm1/group:g', 'm3/group:g'];

    test('PB-7: a member that goes on in the view grants a lease to a member, and to nobody when its view has ended', () => {
      const player = leased('m2');
      const asked = [{ view: 1, number: 7 }];
      const [grant] = sends(player.tell('lease-asked', asked, 'm1/lease'));
      expect(grant).toMatchObject({
        to: 'm1/lease',
        channel: 'lossy',
        message: { type: 'lease-granted', items: [{ view: 1, number: 7, member: 'm2:1' }] },
      });
      expect(discards(player.tell('lease-asked', asked, 'm9/lease'))).toEqual(['lease-asked not of a member 1']);
      expect(discards(player.tell('lease-asked', [{ view: 2, number: 1 }], 'm1/lease'))).toEqual([
        'lease-asked of another view 1',
      ]);
      player.tell('flush', [{ group: GROUP, view: 1, suspects: [] }], ms1);
      const late = player.tell('lease-asked', asked, 'm1/lease');
      expect([sends(late), discards(late)]).toEqual([[], ['lease-asked not for a member 1']]);
    });

    test('PB-7: a member tells nobody but the primary of the end of its view until every lease in it is over', () => {
      const player = leased('m2');
      expect(reportsIn(player.tell('suspicion', [{ node: node('m1'), incarnation: 1, suspected: true }]))).toEqual([
        'm1/group:g',
      ]);
      expect(player.state).toEqual({ flushing: 'waitingOutLease' });
      expect(reportsIn(player.tell('data', [data('m3', 1)], of('m3')))).toEqual([]);
      expect(reportsIn(player.tell('report', [report('m3', {})], of('m3')))).toEqual([]);
      expect(reportsIn(player.wait(LEASE - 1))).toEqual([]);
      expect(reportsIn(player.wait(1))).toEqual(everybody.filter((to) => to !== 'm1/group:g'));
      expect(player.state).toEqual({ flushing: 'reporting' });
    });

    test('PB-7: it need not wait where the primary takes part: that relies on none any more', () => {
      const player = leased('m2');
      player.tell('flush', [{ group: GROUP, view: 1, suspects: ids('m3') }], ms1);
      expect(player.state).toEqual({ flushing: 'waitingOutLease' });
      expect(reportsIn(player.tell('report', [report('m1', {})], of('m1')))).toEqual(
        everybody.filter((to) => to !== 'm3/group:g'),
      );
    });

    test('PB-7: the primary tells its keeper that it stops, before it tells anybody else', () => {
      const effects = leased('m1').tell('flush', [{ group: GROUP, view: 1, suspects: ids('m3') }], ms1);
      expect(sent(effects)[0]).toBe('m1/lease stopped 1');
      expect(reportsIn(effects)).toContain('m2/group:g');
    });

    test('PB-7: nor where the primary has ended for certain', () => {
      const player = leased('m2');
      player.tell('suspicion', [{ node: node('m1'), incarnation: 1, suspected: true }]);
      expect(reportsIn(player.tell('gone', [{ node: node('m3'), incarnation: 1 }], 'm2/test'))).toEqual(['m1/group:g']);
      expect(reportsIn(player.tell('gone', [{ node: node('m1'), incarnation: 1 }], 'm2/test'))).toEqual(
        everybody.slice(0, 3),
      );
    });

    test('PB-7: in the next view it waits anew', () => {
      const player = leased('m2');
      player.tell('suspicion', [{ node: node('m3'), incarnation: 1, suspected: true }]);
      player.wait(LEASE);
      player.tell('decided', [decree(view(2, 'm1', 'm2'))], ms1);
      player.tell('suspicion', [{ node: node('m1'), incarnation: 1, suspected: true }]);
      expect(player.state).toEqual({ flushing: 'waitingOutLease' });
    });
  });

  test('every event in every state', () => {
    const events: [string, unknown[], Address][] = [
      ['multicast', ['x'], 'm1/app'],
      ['data', [data('m2', 1)], of('m2')],
      ['relay', [data('m2', 1)], of('m2')],
      ['ticket', [data('m2', 1)], of('m2')],
      ['submit', [data('m2', 1)], of('m2')],
      ['offer', [{ ...data('o1', 1), sender: 'o1:1' }], of('o1')],
      ['proposal', [{ view: 1, place: 1, number: 1, known: false }], of('m2')],
      ['stability', [{ view: 1, holds: {} }], of('m2')],
      ['stability', [{ view: 1, holds: {} }], of('o9')],
      ['history', [{ view: 1, receipts: {}, ended: { o7: 1 }, numbered: 0 }], of('m2')],
      ['flush', [{ group: GROUP, view: 9, suspects: [] }], ms1],
      ['report', [report('m2', {}, 9)], of('m2')],
      ['suspicion', [{ node: node('m2'), incarnation: 1, suspected: false }], 'm1/detector'],
      ['gone', [{ node: node('o1'), incarnation: 1 }], 'm1/test'],
      ['accepted', accepted(view(1, 'm1')), ms1],
      ['decided', [decree(view(1, 'm2'))], ms1],
      ['refused', [{ group: GROUP, code: 'STATIC_GROUP', why: 'It is.' }], ms1],
      ['refused', [{ group: GROUP, code: 'STATIC_GROUP', why: 'It is.' }], of('m2')],
      ['evicted', [{ group: GROUP, member: 'm1:1' }], ms1],
      ['evicted', [{ group: GROUP, member: 'm1:1' }], of('m2')],
      ['taken', [{ seqs: [1] }], of('m2')],
      ['leave', [{}], 'm1/app'],
      ['ready', [{}], 'm1/app'],
    ];
    const prepare: ((player: Player) => void)[] = [
      () => undefined,
      (player) => player.tell('data', [data('m2', 1)], of('m2')),
      (player) => player.tell('flush', [{ group: GROUP, view: 1, suspects: [] }], ms1),
      (player) => player.tell('leave', [{}]),
    ];
    for (const [order, provider] of [
      ['fifo', 'sequencer'],
      ['causal-total', 'sequencer'],
      ['causal-total', 'agreed'],
    ] as const) {
      for (const [type, items, from] of events) {
        for (const first of prepare) {
          for (const start of [view(1, 'm1', 'm2'), null]) {
            const player = new Player(viewSynchronousMember, input('m1', start, { order, provider }), coverage);
            first(player);
            player.tell(type, items, from);
            player.wait(250);
            expect(player.state).toBeDefined();
          }
        }
      }
    }
  });

  test('GM-5: an observer hands on every view in order, and takes what a majority has accepted', () => {
    const player = new Player(viewSynchronousSender, input('o1', null), coverage);
    player.tell('multicast', ['a']);
    expect(sent(player.wait(100)).slice(-3)).toEqual([ms1, ms2, ms3].map((to) => `${to} observe 1`));
    player.tell('accepted', accepted(view(1, 'm1', 'm2')), ms1);
    expect(player.state).toBe('asking');
    const effects = player.tell('accepted', accepted(view(1, 'm1', 'm2')), ms2);
    expect(viewsIn(effects)).toEqual([1]);
    expect(sent(effects)).toEqual(['m1/group:g offer 1']);
    player.tell('accepted', accepted(view(3, 'm2')), ms1);
    // The view between is on its way, or lost with who told of it: the service is asked.
    const asks = ['s1/membership observe 1', 's2/membership observe 1', 's3/membership observe 1'];
    expect(sent(player.tell('accepted', accepted(view(3, 'm2')), ms2))).toEqual(asks);
    expect(sent(player.tell('behind', [GROUP]))).toEqual(asks);
    player.tell('accepted', accepted(view(2, 'm1', 'm2')), ms1);
    const both = player.tell('accepted', accepted(view(2, 'm1', 'm2')), ms2);
    expect(viewsIn(both)).toEqual([2, 3]);
    expect(sent(both)).toEqual(['m2/group:g offer 1']);
    expect(sent(player.wait(100)).slice(-1)).toEqual(['m2/group:g offer 1']);
    expect(player.tell('taken', [{ seqs: [1] }], of('m2'))).toEqual([]);
    expect(discards(player.tell('taken', [{ seqs: [1] }], of('m2')))).toEqual(['taken duplicate 1']);
    expect(sent(player.tell('multicast', ['b', 'c']))).toEqual(['m2/group:g offer 2']);
    player.tell('taken', [{ seqs: [2] }], of('m2'));
    expect(player.context.untaken.size).toBe(1);
    player.tell('decided', [decree(view(4, 'm2'))], 'm2/group:g');
    expect(player.context.view.id).toBe(3);
    player.tell('decided', [decree(view(7, 'm3'))], ms1);
    expect(player.context.view.id).toBe(7);
    expect(sent(player.tell('refused', [{ group: GROUP, code: 'NO_GROUP', why: 'x' }], ms1))).toEqual([
      'o1/app refused 1',
    ]);
    expect(discards(player.tell('data', [1]))).toEqual(['data not for an outside sender 1']);
    const late = new Player(viewSynchronousSender, input('o2', view(1, 'm1'), { order: 'causal' }), coverage);
    late.tell('heard', [{ 'm1:1': 2 }]);
    const [offer] = sends(late.tell('multicast', ['d'])).map(({ message }) => message.items[0]);
    expect(offer).toEqual({ view: 1, sender: 'o2:1', seq: 1, payload: 'd', stamp: { 'm1:1': 2 } });
    late.tell('decided', [decree(view(1, 'm1'))], ms1);
    const asking = new Player(viewSynchronousSender, input('o3', null), coverage);
    asking.tell('decided', [decree(view(1, 'm1'))], of('m1'));
    asking.tell('decided', [decree(view(1, 'm1'))], ms1);
    expect(asking.state).toEqual({ sending: 'idle' });
  });

  test('every state and transition of both charts is taken', () => {
    const missing = (machine: Parameters<Coverage['watch']>[0]) => coverage.missing(machine);
    for (let seed = 1; seed <= 60; seed++) {
      const provider = seed % 4 === 3 ? 'agreed' : 'sequencer';
      const order = provider === 'agreed' ? 'fifo-total' : (orders[seed % 6] as Order);
      const world = chaos(seed, { order, provider, uniform: seed % 2 === 0 });
      world.run();
    }
    const world = quiet({ order: 'total', provider: 'agreed', outsiders: 1 });
    world.run(100);
    world.crashAfterSends('o1', 2); // a message without a number, from a sender that is silent from then on
    world.multicast('o1');
    world.run();
    const idle = new Player(viewSynchronousSender, input('o1', view(1, 'm1'), { provider: 'agreed' }), coverage);
    idle.tell('proposal', [{ view: 1, place: 1, number: 1, known: false }], of('m1'));
    expect([missing(viewSynchronousMember), missing(viewSynchronousSender)]).toEqual([[], []]);
  });
});
