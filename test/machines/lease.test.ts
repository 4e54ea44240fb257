import { describe, expect, test } from '@jest/globals';
import { leaseKeeper, reliedOn, waitedOut } from '../../machines/membership/lease.js';
import { groupName, nodeId, senderId } from '../../machines/shared/identifiers.js';
import { Coverage, discards, Player, sends, sent } from './stage.js';

const coverage = new Coverage();
const group = groupName('g');
const terms = { duration: 100, drift: 0.2 };
const ROUND = 40;
const id = (i: number) => senderId(nodeId(`rm-${i}`), 1);
const view = (number: number, ...full: number[]) => ({
  group,
  id: number,
  members: full.map((i) => ({ id: id(i), since: 1, full: true })),
});

function keeper(i = 1) {
  const player = new Player(
    leaseKeeper,
    { node: nodeId(`rm-${i}`), incarnation: 1, group, application: 'rm', terms },
    coverage,
  );
  return {
    player,
    view: (...views: unknown[]) => player.tell('view', views, 'rm-1/group:g'),
    granted: (from: number, number: number, place = 1) =>
      player.tell('lease-granted', [{ view: place, number, member: id(from) }], `rm-${from}/group:g`),
    stopped: (place = 1) => player.tell('stopped', [{ view: place }], 'rm-1/group:g'),
  };
}

const leases = (effects: Parameters<typeof sends>[0]) =>
  sends(effects).flatMap(({ to, message }) => (to === 'rm-1/rm' ? message.items : []));

describe('the keeper of a lease', () => {
  test('PB-7: the primary relies on a lease for less than it is, and the others wait for more', () => {
    expect([reliedOn(terms), waitedOut(terms)]).toEqual([80, 120]);
  });

  test('PB-7: it holds when all others have granted the round, and not before', () => {
    const { view: install, granted } = keeper();
    const asked = install(view(1, 1, 2, 3));
    expect(sent(asked)).toEqual(['rm-2/group:g lease-asked 1', 'rm-3/group:g lease-asked 1']);
    expect(leases(granted(2, 1))).toEqual([]);
    expect(leases(granted(2, 1))).toEqual([]);
    expect(leases(granted(3, 1))).toEqual([{ view: 1, held: true }]);
  });

  test('PB-7: it holds from the sending of the request: through that round and the next', () => {
    const { player, view: install, granted } = keeper();
    install(view(1, 1, 2));
    player.wait(ROUND - 1);
    expect(leases(granted(2, 1))).toEqual([{ view: 1, held: true }]);
    expect(sent(player.wait(1))).toEqual(['rm-2/group:g lease-asked 1']);
    expect(discards(granted(2, 1))).toEqual(['lease-granted late 1']);
    expect(leases(player.wait(ROUND - 1))).toEqual([]);
    expect(leases(player.wait(1))).toEqual([{ view: 1, held: false }]);
    expect(leases(granted(2, 3))).toEqual([{ view: 1, held: true }]);
  });

  test('PB-7: renewed in time, it goes on without a break', () => {
    const { player, view: install, granted } = keeper();
    install(view(1, 1, 2));
    for (let round = 1; round <= 5; round++) {
      expect(leases(granted(2, round))).toEqual(round === 1 ? [{ view: 1, held: true }] : []);
      expect(leases(player.wait(ROUND))).toEqual([]);
    }
  });

  test('PB-7: a round that nobody grants is followed by another', () => {
    const { player, view: install } = keeper();
    install(view(1, 1, 2));
    expect(sent(player.wait(ROUND))).toEqual(['rm-1/rm lease 1', 'rm-2/group:g lease-asked 1']);
  });

  test('PB-7: when its view ends here it is over, whatever is granted, until the next view', () => {
    const { player, view: install, granted, stopped } = keeper();
    install(view(1, 1, 2, 3));
    granted(2, 1);
    granted(3, 1);
    expect(stopped(0)).toEqual([]);
    expect(leases(stopped(1))).toEqual([{ view: 1, held: false }]);
    expect(discards(granted(2, 1))).toEqual(['lease-granted unfit 1']);
    expect(player.wait(3 * ROUND)).toEqual([]);
    install(view(2, 1, 3));
    expect(discards(granted(3, 2, 1))).toEqual(['lease-granted late 1']);
    expect(leases(granted(3, 2, 2))).toEqual([{ view: 2, held: true }]);
  });

  test('PB-7: alone in its view the primary needs no grant; who is not the primary asks for none', () => {
    expect(leases(keeper().view(view(1, 1)))).toEqual([{ view: 1, held: true }]);
    const backup = keeper(2);
    expect(backup.view(view(1, 1, 2))).toEqual([]);
    expect(backup.stopped()).toEqual([]);
    expect(sent(backup.view(view(2, 2, 3)))).toEqual(['rm-3/group:g lease-asked 1']);
    expect(backup.view(view(3, 1, 2))).toEqual([]);
  });

  test('every state and transition has been taken', () => {
    expect(coverage.missing(leaseKeeper)).toEqual([]);
  });
});
