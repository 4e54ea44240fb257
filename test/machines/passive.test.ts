import { describe, expect, test } from '@jest/globals';
import { nameServiceShapes } from '../../machines/membership/name-messages.js';
import { applied, LOG_BOUND, logged } from '../../machines/passive/backup.js';
import { frontEnd } from '../../machines/passive/front-end.js';
import { passive } from '../../machines/passive/index.js';
import { updateIn } from '../../machines/passive/messages.js';
import { WAITING_READS } from '../../machines/passive/reads.js';
import { replicaManager } from '../../machines/passive/replica-manager.js';
import type { Effect } from '../../machines/shared/effects.js';
import { address, groupName, type NodeId, nodeId, senderId } from '../../machines/shared/identifiers.js';
import type { Phase } from '../../machines/shared/phases.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { StyleSettings } from '../../machines/shared/style.js';
import { linearizable, models, sequential } from '../../runtime/check/index.js';
import { collection, service } from '../../runtime/service/index.js';
import { same } from '../same.js';
import { PassiveGroup, type Plan } from './passive-group.js';
import {
  addresses,
  answers,
  Coverage,
  call,
  defaults,
  discards,
  type Line,
  line,
  members,
  multicasts,
  Player,
  phased,
  reply,
  request,
  seeds,
  sends,
  sent,
} from './stage.js';

const FILE = 'test/machines/passive.test.ts';
const coverage = new Coverage();
const group = groupName('g');
const settings = (more: Partial<StyleSettings> = {}): StyleSettings => ({ ...defaults, ...more });

const [rm1, rm2, rm3] = members(3) as [NodeId, NodeId, NodeId]; // three of them
const plan: Plan = { n: 3, frontEnds: 2, sessions: 3, requests: 4 };
const mishaps = { crashes: 1, suspicions: 1, joiners: 1, doubled: 0.1 };

function run(of: Plan, seed: number): PassiveGroup {
  // What a chart's account is told costs as much again: some runs take all that runs take.
  const stage = new PassiveGroup(of, seed, seed % 8 === 0 ? coverage : null);
  stage.run();
  return stage;
}

/** A stage on which nothing has happened but that the first view is everywhere. */
function quiet(of: Partial<Plan> = {}, seed = 1): PassiveGroup {
  const stage = new PassiveGroup({ ...plan, ...of }, seed, coverage);
  stage.settle();
  return stage;
}

/** What these sessions call, and all that follows. */
function play(stage: PassiveGroup, ...calls: Record<string, string>[]): void {
  for (const calling of calls) {
    stage.call(calling);
    stage.settle();
  }
}

function expectLinearizable(stage: PassiveGroup): void {
  const history = stage.history();
  const verdict = linearizable(history, models.kv);
  if (verdict.verdict !== 'holds') throw new Error(JSON.stringify([verdict, history], null, 1));
}

/** The text at this node, with what a cold backup has in its log. */
function textAt(stage: PassiveGroup, node: NodeId): string {
  const { current, log } = stage.contextOf(node);
  return applied<Line>(current, logged(log), line()).current.value.text;
}

/** All that live are equal; what was answered has taken effect, and nothing has twice. */
function expectOnce(stage: PassiveGroup): void {
  const texts = stage.live.map((node) => textAt(stage, node));
  for (const text of texts) same(text, texts[0]);
  const words = (texts[0] ?? '').split(' ').filter((word) => word !== '');
  same(new Set(words).size, words.length);
  for (const { issued } of stage.clients) {
    for (const { call: made } of issued) {
      const word = String(made.args[0]).trim();
      if (made.op === 'append') same([word, words.includes(word)], [word, true]);
    }
  }
}

/** Messages sent in what `act` does. */
function costOf(stage: PassiveGroup, act: () => void): Record<string, number> {
  const before = { ...stage.counts };
  act();
  const cost: Record<string, number> = {};
  for (const [type, count] of Object.entries(stage.counts)) {
    const more = count - (before[type] ?? 0);
    if (more > 0) cost[type] = more;
  }
  return cost;
}

const total = (cost: Record<string, number>): number =>
  Object.entries(cost).reduce((sum, [type, count]) => (type.startsWith('control') ? sum : sum + count), 0);

// --- one replica manager alone -------------------------------------------------------------------------------------

const id = (i: number, incarnation = 1) => senderId(nodeId(`rm-${i}`), incarnation);
const view = (number: number, ...full: number[]) => ({
  group,
  id: number,
  members: full.map((i) => ({ id: id(i), since: 1, full: true })),
});
const withJoiner = (number: number, full: number[], joiner: number) => ({
  ...view(number, ...full),
  members: [...view(number, ...full).members, { id: id(joiner), since: number, full: false }],
});

function playReplica(i: number, more: Partial<StyleSettings> = {}) {
  const object = line();
  const node = nodeId(`rm-${i}`);
  const machine = replicaManager(object, settings(more));
  const player = new Player(machine, { node, incarnation: 1, group, members: members(3) }, coverage);
  const own = address(node, 'group:g');
  return {
    player,
    object,
    view: (...views: unknown[]) => player.tell('view', views, own),
    asks: (...requests: ReturnType<typeof request>[]) =>
      player.tell('requests', [{ frontEnd: 'fe-1/fe', requests }], 'fe-1/fe'),
    delivered: (payload: unknown, from: number, number: number) =>
      player.tell('delivered', [{ sender: id(from), seq: 1, payload: payload as Serializable, view: number }], own),
    taken: (from: number, number: number, place: number, reign = 1) =>
      player.tell('taken', [{ view: place, reign, number, member: id(from) }], `rm-${from}/rm`),
    confirmed: (from: number, number: number, place: number) =>
      player.tell('confirmed', [{ view: place, number, member: id(from) }], `rm-${from}/rm`),
  };
}

const payloadOf = (effects: readonly Effect[]): Serializable => multicasts(effects)[0]?.payloads[0];
const repliesIn = (effects: readonly Effect[]) =>
  sends(effects).flatMap(({ message }) => (message.type === 'replies' ? message.items : []));

/** A primary that has multicast one batch, and what it was. */
function primaryInAgreement(more: Partial<StyleSettings> = {}) {
  const replica = playReplica(1, more);
  replica.view(view(1, 1, 2, 3));
  const update = payloadOf(replica.asks(request('a', 1)));
  return { ...replica, update };
}

describe('the primary', () => {
  test('PB-2: executes what has arrived in the order of arrival, and what comes meanwhile is the next batch', () => {
    const { asks, delivered, taken, object, update, player } = primaryInAgreement();
    expect(asks(request('b', 1), request('c', 1))).toEqual([]);
    expect(player.tell('requests', [{ frontEnd: 'fe-2/fe', requests: [request('d', 1)] }], 'fe-2/fe')).toEqual([]);
    delivered(update, 1, 1);
    taken(2, 1, 1);
    const effects = taken(3, 1, 1);
    expect(object.log).toEqual(['a#1', 'b#1', 'c#1', 'd#1']);
    expect(phased(effects)).toEqual([
      ['END', 'a#1'],
      ['SC', 'b#1', 'c#1', 'd#1'],
      ['EX', 'b#1', 'c#1', 'd#1'],
      ['AC', 'b#1', 'c#1', 'd#1'],
    ]);
    expect(updateIn(payloadOf(effects))).toMatchObject({ number: 2, version: 4 });
  });

  test('PB-3, PB-4: a request id already executed gets the stored response, and is not executed again', () => {
    const { asks, delivered, taken, object, update } = primaryInAgreement();
    expect(asks(request('a', 1))).toEqual([]);
    delivered(update, 1, 1);
    taken(2, 1, 1);
    const effects = taken(3, 1, 1);
    const stored = { session: 'a', seq: 1, outcome: { ok: true, value: 'a1 ' }, version: 1 };
    expect(repliesIn(effects)).toEqual([stored, stored]);
    const again = asks(request('a', 1));
    expect(repliesIn(again)).toEqual([stored]);
    expect(phased(again)).toEqual([
      ['SC', 'a#1'],
      ['END', 'a#1'],
    ]);
    expect(multicasts(again)).toEqual([]);
    expect(object.log).toEqual(['a#1']);
  });

  test('PB-3: requests that are sent again while a batch is under way do not make the queue grow', () => {
    const { asks, player } = primaryInAgreement();
    for (let i = 0; i < 100; i++) asks(request('b', 1), request('a', 1));
    asks(request('b', 2));
    asks(request('b', 1));
    expect(player.context.queue.requests.size).toBe(2);
  });

  test('PB-5: the multicast has what changed, with each request id and its response', () => {
    const { update } = primaryInAgreement();
    expect(update).toEqual({
      form: 'state',
      reign: 1,
      number: 1,
      change: 'a1 ',
      version: 1,
      results: [{ frontEnd: 'fe-1/fe', session: 'a', seq: 1, outcome: { ok: true, value: 'a1 ' }, version: 1 }],
    });
  });

  test('PB-6: a reply leaves when all others of the view have the batch, and the primary itself', () => {
    const { delivered, taken, update } = primaryInAgreement();
    expect(sent(taken(2, 1, 1))).toEqual([]);
    expect(sent(taken(3, 1, 1))).toEqual([]);
    expect(sent(delivered(update, 1, 1))).toEqual(['fe-1/fe replies 1']);
  });

  test('PB-6: acknowledgements of another batch, view or reign do not count', () => {
    const { delivered, taken, update } = primaryInAgreement();
    delivered(update, 1, 1);
    taken(2, 1, 1);
    expect(discards(taken(3, 2, 1))).toEqual(['taken late 1']);
    expect(discards(taken(3, 1, 2))).toEqual(['taken late 1']);
    expect(discards(taken(3, 1, 1, 7))).toEqual(['taken late 1']);
    expect(sent(taken(3, 1, 1))).toEqual(['fe-1/fe replies 1']);
  });

  test('PB-6: a batch that the last view has needs no more acknowledgement; one that it has not is agreed on in the next', () => {
    const had = primaryInAgreement();
    had.delivered(had.update, 1, 1);
    expect(sent(had.view(view(2, 1, 3)))).toEqual(['fe-1/fe replies 1']);

    const not = primaryInAgreement();
    expect(sent(not.view(view(2, 1, 3)))).toEqual([]);
    expect(sent(not.delivered(not.update, 1, 2))).toEqual([]);
    expect(sent(not.taken(3, 1, 2))).toEqual(['fe-1/fe replies 1']);
  });

  test('PB-6: alone in its view it still waits until its own batch is part of the view', () => {
    const { view: install, asks, delivered } = playReplica(1);
    install(view(1, 1));
    const effects = asks(request('a', 1));
    expect(sent(effects)).toEqual([]);
    expect(sent(delivered(payloadOf(effects), 1, 1))).toEqual(['fe-1/fe replies 1']);
  });

  test('PB-7: a query waits until all others confirm the view, and for no update that is under way', () => {
    const { asks, confirmed } = primaryInAgreement();
    expect(sent(asks(request('q', 1, 'read')))).toEqual(['rm-2/rm confirm 1', 'rm-3/rm confirm 1']);
    expect(sent(confirmed(2, 1, 1))).toEqual([]);
    const effects = confirmed(3, 1, 1);
    expect(repliesIn(effects)).toMatchObject([{ session: 'q', outcome: { ok: true, value: '' }, version: 0 }]);
  });

  test('PB-7: one round serves what came before it; what comes during a round needs the next', () => {
    const { view: install, asks, confirmed } = playReplica(1);
    install(view(1, 1, 2, 3));
    asks(request('q', 1, 'read'), request('r', 1, 'read'));
    expect(asks(request('s', 1, 'read'))).toEqual([]);
    confirmed(2, 1, 1);
    const effects = confirmed(3, 1, 1);
    expect(sent(effects)).toEqual(['fe-1/fe replies 2', 'rm-2/rm confirm 1', 'rm-3/rm confirm 1']);
    expect(discards(confirmed(2, 1, 1))).toEqual(['confirmed late 1']);
    expect(discards(confirmed(2, 2, 2))).toEqual(['confirmed late 1']);
    confirmed(3, 2, 1);
    expect(sent(confirmed(2, 2, 1))).toEqual(['fe-1/fe replies 1']);
  });

  test('PB-7: in a new view it asks again; alone in it, it answers at once', () => {
    const { view: install, asks, confirmed } = playReplica(1);
    install(view(1, 1, 2, 3));
    asks(request('q', 1, 'read'));
    confirmed(2, 1, 1);
    expect(sent(install(view(2, 1, 2)))).toEqual(['rm-2/rm confirm 1']);
    expect(sent(confirmed(2, 1, 1))).toEqual([]);
    expect(sent(install(view(3, 1)))).toEqual(['fe-1/fe replies 1']);
    expect(sent(asks(request('q', 2, 'read')))).toEqual(['fe-1/fe replies 1']);
  });

  test('PB-7: under a lease of its view it answers at once, and asks again when that is over, or is of another view', () => {
    const { view: install, asks, player } = playReplica(1);
    const lease = (place: number, held: boolean) => player.tell('lease', [{ view: place, held }], 'rm-1/lease');
    install(view(1, 1, 2, 3));
    lease(1, true);
    const effects = asks(request('q', 1, 'read'));
    expect(sent(effects)).toEqual(['fe-1/fe replies 1']);
    expect(phased(effects).map(([phase]) => phase)).toEqual(['SC', 'EX', 'END']);
    lease(1, false);
    expect(sent(asks(request('q', 2, 'read')))).toEqual(['rm-2/rm confirm 1', 'rm-3/rm confirm 1']);
    lease(1, true);
    expect(sent(asks(request('r', 1, 'read')))).toEqual(['fe-1/fe replies 1']);
    install(view(2, 1, 2));
    expect(sent(asks(request('s', 1, 'read')))).toEqual([]);
  });

  test('PB-8: PB-10: a session that has expired gets SESSION_EXPIRED, and from nobody who has been left behind', () => {
    const { asks, view: install, delivered, taken, player } = playReplica(1);
    install(view(1, 1, 2, 3));
    const effects = asks(request('a', 5));
    expect(sent(effects)).toEqual([]);
    delivered(payloadOf(effects), 1, 1);
    taken(2, 1, 1);
    expect(repliesIn(taken(3, 1, 1))).toMatchObject([{ outcome: { error: { code: 'SESSION_EXPIRED' } } }]);
    expect(player.context.current.version).toBe(0);
  });

  test('PB-10: deposed, it answers nobody any more', () => {
    const { view: install, asks, taken, player } = primaryInAgreement();
    expect(install(view(2, 2, 3))).toEqual([]);
    expect(player.state).toBe('deposed');
    expect(discards(asks(request('b', 1)))).toEqual(['requests unfit 1']);
    expect(discards(taken(2, 1, 1))).toEqual(['taken unfit 1']);
  });

  test('PB-8: when a more senior member gets the state, the primary goes back to what is acknowledged', () => {
    const { view: install, asks, player, delivered, update } = primaryInAgreement();
    asks(request('b', 1), request('q', 1, 'read'));
    const effects = install(view(2, 3, 1, 2));
    expect(player.state).toEqual({ backup: 'following' });
    expect(player.context.current.value.text).toBe('');
    expect(sent(effects)).toEqual(['rm-3/rm requests 2']);
    expect(discards(delivered(update, 1, 2))).toEqual(['delivered former 1']);
  });

  test('PB-8: a batch that the last view has is kept and answered by a primary that is one no more', () => {
    const { view: install, player, delivered, update } = primaryInAgreement();
    delivered(update, 1, 1);
    expect(sent(install(view(2, 3, 1, 2)))).toEqual(['fe-1/fe replies 1']);
    expect(player.context.acknowledged.value.text).toBe('a1 ');
  });

  test('PB-8: a batch of an earlier reign has no effect, even if its sender is primary again', () => {
    const { view: install, player, delivered, update, asks } = primaryInAgreement();
    expect(sent(install(view(2, 3, 1, 2), view(3, 1, 2)))).toEqual([]);
    expect(player.state).toEqual({ primary: 'idle' });
    asks(request('b', 1));
    expect(discards(delivered(update, 1, 3))).toEqual(['delivered former 1']);
    const backup = playReplica(2);
    backup.view(view(1, 1, 2, 3), view(2, 3, 1, 2), view(3, 1, 2));
    expect(discards(backup.delivered(update, 1, 3))).toEqual(['delivered former 1']);
    expect(backup.player.context.current.version).toBe(0);
  });
});

describe('a backup', () => {
  test('PB-5: takes the batch, and says so to the primary', () => {
    const { update } = primaryInAgreement();
    const { view: install, delivered, player, object } = playReplica(2);
    install(view(1, 1, 2, 3));
    const effects = delivered(update, 1, 1);
    expect(sends(effects)).toMatchObject([
      { to: 'rm-1/rm', message: { type: 'taken', items: [{ view: 1, reign: 1, number: 1, member: 'rm-2:1' }] } },
    ]);
    expect(player.context.current).toMatchObject({ value: { text: 'a1 ' }, version: 1 });
    expect(player.context.acknowledged.version).toBe(0);
    expect(object.log).toEqual([]);
  });

  test('PB-5: takes nothing of anybody but the primary, and nothing that is no batch', () => {
    const { update } = primaryInAgreement();
    const { view: install, delivered, player } = playReplica(2);
    install(view(1, 1, 2, 3));
    expect(discards(delivered(update, 3, 1))).toEqual(['delivered former 1']);
    expect(discards(delivered({ form: 'state', number: 1 }, 1, 1))).toEqual(['delivered former 1']);
    expect(player.context.current.version).toBe(0);
  });

  test('PB-7: confirms the view that it is in, that of a later view when it comes, and no earlier one', () => {
    const { view: install, player } = playReplica(2);
    install(view(1, 1, 2, 3));
    const ask = (place: number, number: number) => player.tell('confirm', [{ view: place, number }], 'rm-1/rm');
    expect(sends(ask(1, 1))).toMatchObject([
      { to: 'rm-1/rm', message: { type: 'confirmed', items: [{ view: 1, number: 1, member: 'rm-2:1' }] } },
    ]);
    expect(ask(2, 2)).toEqual([]);
    expect(sent(install(view(2, 1, 2)))).toEqual(['rm-1/rm confirmed 1']);
    expect(discards(ask(1, 1))).toEqual(['confirm late 1']);
    ask(3, 3);
    expect(sent(install(view(3, 1, 2), view(4, 1, 2)))).toEqual([]);
  });

  test('PB-8: takes over where the primary left off, and answers the last batch again', () => {
    const { update } = primaryInAgreement();
    const { view: install, delivered, player, asks, object } = playReplica(2);
    install(view(1, 1, 2, 3));
    delivered(update, 1, 1);
    const effects = install(view(2, 2, 3));
    expect(player.state).toEqual({ primary: 'idle' });
    expect(repliesIn(effects)).toMatchObject([{ session: 'a', seq: 1, outcome: { value: 'a1 ' } }]);
    expect(repliesIn(asks(request('a', 1)))).toMatchObject([{ session: 'a', seq: 1, outcome: { value: 'a1 ' } }]);
    expect(object.log).toEqual([]);
    expect(updateIn(payloadOf(asks(request('b', 1))))).toMatchObject({
      reign: 2,
      number: 1,
      change: 'b1 ',
      version: 2,
    });
  });

  test('PB-13: cold, it logs and applies nothing until it takes over', () => {
    const { update } = primaryInAgreement();
    const { view: install, delivered, player } = playReplica(2, { backups: 'cold' });
    install(view(1, 1, 2, 3));
    expect(sent(delivered(update, 1, 1))).toEqual(['rm-1/rm taken 1']);
    expect(discards(delivered(update, 3, 1))).toEqual(['delivered former 1']);
    expect(player.context.current.version).toBe(0);
    const effects = install(view(2, 2, 3));
    expect(player.context.current.value.text).toBe('a1 ');
    expect(player.context.log.size).toBe(0);
    expect(repliesIn(effects)).toMatchObject([{ session: 'a', seq: 1 }]);
  });

  test('PB-13: cold, its log has a bound: then it is applied', () => {
    const { view: install, delivered, player } = playReplica(2, { backups: 'cold' });
    install(view(1, 1, 2, 3));
    const head = { form: 'state', reign: 1, results: [] };
    for (let i = 1; i < LOG_BOUND; i++) delivered({ ...head, number: i, change: 'x', version: i }, 1, 1);
    expect(player.context.log.size).toBe(LOG_BOUND - 1);
    delivered({ ...head, number: LOG_BOUND, change: 'x', version: LOG_BOUND }, 1, 1);
    expect(player.context.log.size).toBe(0);
    expect(player.context.current.version).toBe(LOG_BOUND);
  });

  test('PB-16: passes requests on to the primary; where there is none it counts them', () => {
    const { view: install, asks } = playReplica(2);
    expect(discards(asks(request('a', 1)))).toEqual(['requests unfit 1']);
    install(view(1, 1, 2, 3));
    expect(sent(asks(request('a', 1)))).toEqual(['rm-1/rm requests 1']);
    const joiner = playReplica(3);
    joiner.view({ ...withJoiner(4, [], 3) });
    expect(discards(joiner.asks(request('a', 1)))).toEqual(['requests no primary 1']);
  });

  test('PB-17: with requests in place of state the backups execute them', () => {
    const { update } = primaryInAgreement({ transfer: 'requests' });
    const { view: install, delivered, player, object } = playReplica(2, { transfer: 'requests' });
    install(view(1, 1, 2, 3));
    delivered(update, 1, 1);
    expect(object.log).toEqual(['a#1']);
    expect(player.context.current).toMatchObject({ value: { text: 'a1 ' }, version: 1 });
    expect(repliesIn(install(view(2, 2, 3)))).toMatchObject([{ session: 'a', seq: 1, outcome: { value: 'a1 ' } }]);
  });

  test('PB-12: a read waits for the version that its front end has seen, and for its acknowledgement', () => {
    const { update } = primaryInAgreement({ reads: 'backups' });
    const { view: install, delivered, player } = playReplica(2, { reads: 'backups' });
    const read = (session: string, seen: number) =>
      player.tell('read', [{ request: request(session, 1, 'read'), seen }], 'fe-1/fe');
    install(view(1, 1, 2, 3));
    expect(repliesIn(read('q', 0))).toMatchObject([{ session: 'q', outcome: { value: '' }, version: 0 }]);
    expect(read('r', 1)).toEqual([]);
    expect(repliesIn(delivered(update, 1, 1))).toEqual([]);
    const learn = (place: number, version: number) =>
      player.tell('acknowledged', [{ view: place, version }], 'rm-1/rm');
    expect(discards(learn(1, 7))).toEqual(['acknowledged late 1']);
    expect(discards(learn(2, 1))).toEqual(['acknowledged late 1']);
    expect(repliesIn(learn(1, 1))).toMatchObject([{ session: 'r', outcome: { value: 'a1 ' }, version: 1 }]);
  });

  test('PB-12: a new view says as much, and the next batch does', () => {
    const { update } = primaryInAgreement({ reads: 'backups' });
    const next = { form: 'state', reign: 1, number: 2, change: 'z ', version: 2, results: [] };
    const { view: install, delivered, player } = playReplica(2, { reads: 'backups' });
    const read = (session: string, seen: number) =>
      player.tell('read', [{ request: request(session, 1, 'read'), seen }], 'fe-1/fe');
    install(view(1, 1, 2, 3));
    read('r', 1);
    read('s', 2);
    delivered(update, 1, 1);
    expect(repliesIn(delivered(next, 1, 1))).toMatchObject([{ session: 'r', outcome: { value: 'a1 ' } }]);
    expect(repliesIn(install(view(2, 1, 2)))).toMatchObject([{ session: 's', outcome: { value: 'a1 z ' } }]);
  });

  test('PB-12: reads that wait have a bound; the primary answers them too', () => {
    const { player, view: install } = playReplica(1, { reads: 'backups' });
    install(view(1, 1, 2, 3));
    const reads = Array.from({ length: WAITING_READS + 2 }, (_, i) => ({
      request: request(`s${i}`, 1, 'read'),
      seen: 1,
    }));
    expect(discards(player.tell('read', reads, 'fe-1/fe'))).toEqual(['read full 2']);
    expect(repliesIn(player.tell('read', [{ request: request('s1', 2, 'read'), seen: 0 }], 'fe-1/fe'))).toHaveLength(1);
  });
});

describe('a joiner', () => {
  test('FN-3: is sent the state, holds what comes meanwhile, and is one of the backups then', () => {
    const stage = quiet();
    play(stage, { s0: 'append', s1: 'append' }, { s0: 'append' });
    const joiner = stage.startJoiner(nodeId('rm-4'));
    stage.held = ({ message }) => message.type === 'chunk';
    stage.changeTo([rm1, rm2, rm3], [joiner]);
    play(stage, { s2: 'append' });
    expect(stage.told('s2')).toHaveLength(1);
    expect(stage.players.get('rm-4/rm')?.state).toEqual({ joining: 'receiving' });
    stage.held = () => false;
    stage.settle();
    expect(stage.players.get('rm-4/rm')?.state).toEqual({ backup: 'following' });
    expect(textAt(stage, nodeId('rm-4'))).toBe(textAt(stage, rm1));
    stage.crash(rm1);
    stage.crash(rm2);
    stage.crash(rm3);
    stage.changeTo([nodeId('rm-4')]);
    stage.settle();
    play(stage, { s2: 'read' });
    expect(stage.told('s2')[1]).toBe(textAt(stage, rm1));
  });

  test('PB-8: the last of the others dies as soon as it has the state: it takes over', () => {
    const stage = quiet();
    play(stage, { s0: 'append' });
    stage.frozen = true;
    const joiner = stage.startJoiner(nodeId('rm-4'));
    stage.changeTo([rm1], [joiner]);
    stage.settle();
    expect(stage.players.get('rm-4/rm')?.state).toEqual({ joining: 'caughtUp' });
    stage.crash(rm1);
    stage.changeTo([nodeId('rm-4')]);
    play(stage, { s1: 'append' });
    expect(stage.told('s1')).toEqual(['s01 s11 ']);
  });

  test('PB-6: an update waits for joiners too', () => {
    const stage = quiet();
    const joiner = stage.startJoiner(nodeId('rm-4'));
    stage.held = ({ message, from }) => message.type === 'chunk' || (message.type === 'taken' && from === 'rm-4/rm');
    stage.changeTo([rm1, rm2, rm3], [joiner]);
    play(stage, { s0: 'append' });
    expect(stage.told('s0')).toEqual([]);
    stage.held = () => false;
    stage.settle();
    expect(stage.told('s0')).toHaveLength(1);
  });

  test('PB-8: its donor dies: another one sends the state anew', () => {
    const stage = quiet();
    play(stage, { s0: 'append' });
    const joiner = stage.startJoiner(nodeId('rm-4'));
    stage.held = ({ message, from }) => message.type === 'chunk' && from === 'rm-1/rm';
    stage.changeTo([rm1, rm2, rm3], [joiner]);
    play(stage, { s0: 'append' });
    stage.crash(rm1);
    stage.changeTo([rm2, rm3, nodeId('rm-4')]);
    stage.settle();
    play(stage, { s1: 'append' });
    expect(textAt(stage, nodeId('rm-4'))).toBe(textAt(stage, rm2));
    expect(stage.live).toContain('rm-4');
  });

  test('PB-10: a joiner that is left out has no part in the group', () => {
    const { view: install, player } = playReplica(4);
    expect(discards(install(view(1, 1, 2)))).toEqual(['view unfit 1']);
    install(withJoiner(2, [1, 2], 4));
    install(view(3, 1, 2));
    expect(player.state).toBe('deposed');
  });

  test('events that do not fit are counted', () => {
    const { view: install, player, delivered } = playReplica(4);
    install(withJoiner(2, [1, 2], 4));
    expect(delivered('nonsense', 1, 2)).toEqual([]);
    expect(discards(delivered('nonsense', 2, 2))).toEqual(['delivered stranger 1']);
    expect(discards(player.tell('taken', [{}]))).toEqual(['taken unfit 1']);
    expect(player.tell('gone', [{ node: 'rm-1', incarnation: 1 }])).toEqual([]);
  });
});

describe('the name service', () => {
  const names = [nodeId('ms-1'), nodeId('ms-2'), nodeId('ms-3')];
  const found = (at: string | null, number: number, mode = 'primary', name: string = group) => ({
    name,
    mode,
    address: at,
    view: number,
  });
  const playFrontEnd = (reads: StyleSettings['reads'] = 'primary', first = 0): Player =>
    new Player(
      frontEnd(settings({ reads })),
      { node: nodeId('fe-1'), incarnation: 1, group, members: addresses(3), first, names },
      coverage,
    );
  const find = (player: Player, from: number, ...items: unknown[]) => player.tell('found', items, `ms-${from}/names`);
  const asked = ['ms-1/names look-up', 'ms-2/names look-up', 'ms-3/names look-up'];

  test('GM-8: a replica manager registers when it becomes primary, and again where it is forgotten, and otherwise never', () => {
    const machine = replicaManager(line(), settings());
    const own = address(nodeId('rm-2'), 'group:g');
    const player = new Player(
      machine,
      { node: nodeId('rm-2'), incarnation: 1, group, members: members(3), names },
      coverage,
    );
    expect(player.tell('view', [view(1, 1, 2, 3)], own)).toEqual([]);
    const effects = player.tell('view', [view(2, 2, 3)], own);
    expect(sent(effects)).toEqual(['ms-1/names register 1', 'ms-2/names register 1', 'ms-3/names register 1']);
    for (const { message, control } of sends(effects)) {
      expect(message.items).toEqual([{ name: group, address: 'rm-2/rm', view: 2 }]);
      expect(nameServiceShapes.register(message.items[0])).toBe(true);
      expect(control).toBe(true);
    }
    expect(sent(player.tell('view', [view(3, 2)], own))).toEqual([]);
    expect(player.tell('wanted', [{ name: group }], 'rm-3/names')).toEqual([]);
    const again = player.tell('wanted', [{ name: group }], 'ms-3/names');
    expect(sends(again).map(({ to, message }) => [to, message.items])).toEqual([
      ['ms-3/names', [{ name: group, address: 'rm-2/rm', view: 2 }]],
    ]);
  });

  test('GM-8: a front end looks up the primary as it starts; the highest view wins, and what is out goes there', () => {
    const player = playFrontEnd();
    const begun = player.taken();
    expect(sent(begun)).toEqual(asked.map((one) => `${one} 1`));
    for (const { message } of sends(begun)) expect(nameServiceShapes['look-up'](message.items[0])).toBe(true);
    player.tell('view', [view(1, 1, 2, 3)]);
    expect(sent(player.tell('call', [call('a', 1)]))).toEqual(['rm-1/rm requests 1']);
    expect(discards(find(player, 1, found('rm-1/rm', 1)))).toEqual(['found of no use 1']);
    expect(sent(find(player, 2, found('rm-2/rm', 2)))).toEqual(['rm-2/rm requests 1']);
    expect(discards(find(player, 3, found('rm-1/rm', 1)))).toEqual(['found of no use 1']);
    expect(sent(find(player, 3, found('rm-4/rm', 5)))).toEqual(['rm-4/rm requests 1']);
    // An older view is no news, and the one in which it registered changes nothing.
    expect(discards(player.tell('view', [view(4, 2, 3, 4)]))).toEqual(['view old 1']);
    expect(player.tell('view', [view(5, 4, 3)])).toEqual([]);
    expect(sent(player.tell('view', [view(6, 3)]))).toEqual(['rm-3/rm requests 1']);
    expect(discards(find(player, 1, found('rm-4/rm', 5)))).toEqual(['found of no use 1']);
  });

  test('GM-8: no request waits for a look-up, and what names nobody or comes from elsewhere is of no use', () => {
    const player = playFrontEnd('primary', 1);
    player.taken();
    expect(sent(player.tell('call', [call('a', 1)]))).toEqual(['rm-2/rm requests 1']);
    const useless = [found(null, 7), found('rm-3/rm', 7, 'primary', 'other')];
    expect(discards(find(player, 1, ...useless))).toEqual(['found of no use 2']);
    expect(discards(find(player, 9, found('rm-3/rm', 7)))).toEqual(['found of no use 1']);
    // ms-1 has been heard. The others are asked again, with what has no answer.
    const again = ['ms-2/names look-up 1', 'ms-3/names look-up 1'];
    expect(sent(player.wait(settings().retryAfter))).toEqual(['rm-3/rm requests 1', ...again]);
    expect(sent(player.tell('call', [call('b', 1)]))).toEqual(['rm-3/rm requests 1']);
  });

  test('GM-8: with reads at backups it reads where the first of the name service says, and asks for another when that one is out', () => {
    const player = playFrontEnd('backups', 1);
    expect(sent(player.taken())).toEqual(asked.map((one) => `${one} 2`));
    player.tell('view', [view(1, 1, 2, 3)]);
    const readsAt = (session: string) => {
      const [to] = sent(player.tell('call', [call(session, 1, 'read')]));
      player.tell('cancel', [{ session, seq: 1 }]);
      return to;
    };
    expect(readsAt('a')).toBe('rm-2/rm read 1');
    find(player, 2, found('rm-3/rm', 1, 'read'));
    expect(readsAt('b')).toBe('rm-3/rm read 1');
    expect(discards(find(player, 3, found('rm-2/rm', 1, 'read')))).toEqual(['found of no use 1']);
    find(player, 1, found('rm-1/rm', 1, 'read'));
    expect(readsAt('c')).toBe('rm-1/rm read 1');
    expect(sent(player.tell('view', [view(2, 1, 3)]))).toEqual([]);
    expect(sent(player.tell('view', [view(3, 3)]))).toEqual(asked.map((one) => `${one} 1`));
    expect(readsAt('d')).toBe('rm-3/rm read 1');
    // One that has joined meanwhile, and one that is in no view any more.
    find(player, 3, found('rm-5/rm', 4, 'read'));
    expect(readsAt('e')).toBe('rm-5/rm read 1');
    expect(discards(find(player, 1, found('rm-2/rm', 3, 'read')))).toEqual(['found of no use 1']);
    expect(readsAt('f')).toBe('rm-5/rm read 1');
  });
});

describe('the front end', () => {
  const playFrontEnd = (more: Partial<StyleSettings> = {}, first = 0): Player =>
    new Player(
      frontEnd(settings(more)),
      { node: nodeId('fe-1'), incarnation: 1, group, members: addresses(3), first },
      coverage,
    );

  test('PB-1: what is called in one event goes to the primary as one batch, each request with its id', () => {
    const player = playFrontEnd();
    player.tell('view', [view(2, 2, 3)]);
    const effects = player.tell('call', [call('a', 1), call('b', 1, 'read')]);
    expect(phased(effects)).toEqual([['RE', 'a#1', 'b#1']]);
    expect(sends(effects)).toEqual([
      {
        type: 'send',
        to: 'rm-2/rm',
        channel: 'fifo',
        message: { type: 'requests', items: [{ frontEnd: 'fe-1/fe', requests: [call('a', 1), call('b', 1, 'read')] }] },
      },
    ]);
    expect(player.state).toBe('waiting');
    expect(answers(player.tell('replies', [reply('a', 1, 'x'), reply('b', 1, 'y')], 'rm-2/rm'))).toHaveLength(2);
    expect(player.state).toBe('idle');
    expect(discards(player.tell('replies', [reply('a', 1, 'x')], 'rm-2/rm'))).toEqual(['replies late 1']);
  });

  test('PB-8: in a new view what is out goes to its primary at once, and nothing goes twice to the same one', () => {
    const player = playFrontEnd();
    player.tell('view', [view(1, 1, 2, 3)]);
    player.tell('call', [call('a', 1)]);
    expect(player.tell('view', [view(2, 1, 3)])).toEqual([]);
    expect(sent(player.tell('view', [view(3, 3)]))).toEqual(['rm-3/rm requests 1']);
    expect(discards(player.tell('view', [view(2, 1, 3)]))).toEqual(['view old 1']);
  });

  test('PB-16: without an answer the next one in turn is asked, and whoever answers is the primary', () => {
    const player = playFrontEnd({}, 1);
    expect(sent(player.tell('call', [call('a', 1)]))).toEqual(['rm-2/rm requests 1']);
    expect(sent(player.wait(10))).toEqual(['rm-3/rm requests 1']);
    player.tell('replies', [reply('a', 1, 'x')], 'rm-1/rm');
    expect(sent(player.tell('call', [call('a', 2)]))).toEqual(['rm-1/rm requests 1']);
    expect(sent(player.tell('gone', [{ node: 'rm-1', incarnation: 1 }]))).toEqual(['rm-2/rm requests 1']);
  });

  test('PB-12: a query goes to one replica manager with the version last seen; without an answer to the next', () => {
    const player = playFrontEnd({ reads: 'backups' }, 2);
    player.tell('view', [view(1, 1, 2, 3)]);
    player.tell('call', [call('a', 1)]);
    player.tell('replies', [reply('a', 1, 'x', 9)], 'rm-1/rm');
    const effects = player.tell('call', [call('a', 2, 'read')]);
    expect(sends(effects)).toMatchObject([{ to: 'rm-3/rm', message: { type: 'read', items: [{ seen: 9 }] } }]);
    expect(sent(player.tell('view', [view(2, 1, 2)]))).toEqual(['rm-1/rm read 1']);
    expect(sent(player.wait(20))).toEqual(['rm-2/rm read 1']);
  });

  test('a call that its client gives up is forgotten', () => {
    const player = playFrontEnd();
    player.tell('call', [call('a', 1), call('b', 1)]);
    expect(discards(player.tell('call', [call('a', 2)]))).toEqual(['call busy 1']);
    player.tell('cancel', [{ session: 'a', seq: 1 }]);
    expect(player.state).toBe('waiting');
    player.tell('cancel', [{ session: 'b', seq: 1 }]);
    expect(player.state).toBe('idle');
    expect(discards(player.tell('cancel', [{ session: 'b', seq: 1 }]))).toEqual(['cancel late 1']);
    expect(discards(player.tell('gone', []))).toEqual([]);
    expect(discards(player.tell('nonsense', [1]))).toEqual(['nonsense unfit 1']);
  });
});

describe('the group as a whole', () => {
  test('PB-7: an update is 2b + 2 messages and 4 delays, and so is a query', () => {
    for (const n of [1, 2, 3, 5]) {
      const b = n - 1;
      const stage = quiet({ n });
      const delays = () => stage.clients[0]?.answers.at(-1)?.hops;
      const update = costOf(stage, () => play(stage, { s0: 'append' }));
      expect(total(update)).toBe(2 * b + 2);
      expect(delays()).toBe(b === 0 ? 2 : 4);
      const query = costOf(stage, () => play(stage, { s0: 'read' }));
      expect(total(query)).toBe(2 * b + 2);
      expect(delays()).toBe(b === 0 ? 2 : 4);
    }
  });

  test('PB-2: under load messages per update go towards none', () => {
    const sessions = 200;
    const stage = quiet({ sessions, frontEnds: 2, requests: 10 });
    const all = Object.fromEntries(Array.from({ length: sessions }, (_, i) => [`s${i}`, 'append']));
    const cost = costOf(stage, () => play(stage, all));
    expect(total(cost) / sessions).toBeLessThan(0.1);
  });

  test('FN-2: an update is seen to go through RE SC EX AC END, a query through RE SC EX END', () => {
    const stage = quiet();
    const seen = (id: string): Phase[] => [
      ...new Set(stage.phases.filter(({ requests }) => requests.includes(id)).map(({ phase }) => phase)),
    ];
    play(stage, { s0: 'append' }, { s0: 'read' });
    expect(seen('s0#1')).toEqual(passive.phases.update);
    expect(seen('s0#2')).toEqual(passive.phases.query);
    const reading = quiet({ settings: { reads: 'backups' } });
    play(reading, { s0: 'read' });
    expect([...new Set(reading.phases.map(({ phase }) => phase))]).toEqual(passive.phases.queryAtOne);
  });

  test('PB-6: who has been told has been told by all: no answer before the last backup has the batch', () => {
    const stage = quiet();
    stage.held = ({ message, from }) => message.type === 'taken' && from === 'rm-3/rm';
    play(stage, { s0: 'append' });
    expect(stage.told('s0')).toEqual([]);
    play(stage, { s1: 'read' });
    expect(stage.told('s1')).toEqual(['']);
    stage.held = () => false;
    stage.settle();
    expect(stage.told('s0')).toEqual(['s01 ']);
  });

  test('PB-10: a primary that has been left behind and does not know it answers neither updates nor queries', () => {
    for (const oneWay of [false, true]) {
      const stage = quiet();
      stage.cutOff.add(rm1);
      stage.cutOff.add(nodeId('fe-1'));
      // Others hear it and it does not hear them, or nobody hears anybody.
      const cut = (to: string, from: string) => to.startsWith('rm-1/') && from.startsWith('rm-');
      stage.held = ({ to, from }) => cut(to, from) || (!oneWay && cut(from, to));
      stage.changeTo([rm2, rm3]);
      stage.settle();
      // s0 and s2 are clients of fe-1, which knows the first view only.
      play(stage, { s1: 'append' }, { s0: 'append', s2: 'read' });
      expect(stage.told('s1')).toEqual(['s11 ']);
      expect([...stage.told('s0'), ...stage.told('s2')]).toEqual([]);
      expect(stage.players.get('rm-1/rm')?.state).toEqual({ primary: { agreeing: 'awaiting' } });
      for (let round = 0; round < 3; round++) {
        stage.wait();
        stage.settle();
      }
      expect(stage.told('s0')).toEqual(['s11 s01 ']);
      expect(stage.told('s2')).toHaveLength(1);
      expect(stage.told('s2')[0]).toContain('s11 ');
      expectLinearizable(stage);
    }
  });

  test('PB-15: a primary that lies is believed, by backups and clients alike: the style refuses to tolerate lies', () => {
    const { update } = primaryInAgreement();
    const backup = playReplica(2);
    backup.view(view(1, 1, 2, 3));
    backup.delivered({ ...(update as object), change: 'a lie ' }, 1, 1);
    expect(backup.player.context.current.value.text).toBe('a lie ');
    const player = new Player(
      frontEnd(settings()),
      { node: nodeId('fe-1'), incarnation: 1, group, members: addresses(3), first: 0 },
      coverage,
    );
    player.tell('call', [call('a', 1)]);
    expect(answers(player.tell('replies', [reply('a', 1, 'a lie ')], 'rm-1/rm'))).toHaveLength(1);
    expect(passive.refuses({ tolerate: 'byzantine', reads: 'order', proxy: false })).toMatch(/believes the primary/);
  });

  test('PB-11: operations need not be deterministic where the state is sent; where requests are, replicas differ', () => {
    const dice = () => {
      let thrown = 0;
      const object = line();
      return {
        ...object,
        execute: (before: Line, requests: readonly ReturnType<typeof request>[]) => {
          thrown += 1;
          return object.execute(
            before,
            requests.map((one) => ({ ...one, args: [`${thrown} `] })),
          );
        },
      };
    };
    for (const transfer of ['state', 'requests'] as const) {
      const stage = quiet({ object: dice(), settings: { transfer } });
      play(stage, { s0: 'append' }, { s1: 'append' }, { s2: 'append' });
      const texts = new Set(members(3).map((node) => textAt(stage, node)));
      expect(texts.size === 1).toBe(transfer === 'state');
    }
  });

  test('PB-12: reads at backups are not linearizable: one misses an update that was answered before it began', () => {
    const stage = quiet({ settings: { reads: 'backups' } });
    stage.held = ({ message, to }) => message.type === 'acknowledged' && to === 'rm-2/rm';
    // s1 is a client of fe-2, which reads at rm-2.
    play(stage, { s0: 'append' }, { s1: 'read' });
    expect(stage.told('s1')).toEqual(['']);
    expect(linearizable(stage.history(), models.kv).verdict).toBe('violated');
    expect(sequential(stage.history(), models.kv).verdict).toBe('holds');
  });

  test('PB-5: what a service tells of a change follows what changed, not what there is', () => {
    const shop = service('shop', {
      state: () => ({ stock: collection<number>() }),
      updates: {
        add({ stock }, name: string, count: number) {
          stock.set(name, count);
        },
      },
      queries: { size: ({ stock }) => stock.size },
    });
    const add = (name: string, seq: number) => request('a', seq, 'add', { args: [name, seq] });
    const many = Array.from({ length: 10_000 }, (_, i) => add(`item ${i}`, i + 1));
    const { value: before } = shop.execute(shop.initial(), many);
    const { value: after } = shop.execute(before, [add('one more', 1)]);
    const change = shop.change(before, after);
    expect(JSON.stringify(change).length).toBeLessThan(200);
    expect(shop.digest(shop.apply(before, structuredClone(change)))).toBe(shop.digest(after));
  });

  test('FN-4: what the style promises, and what it refuses', () => {
    const asked = { tolerate: 'crash', reads: 'order', proxy: false } as const;
    expect(passive.refuses(asked)).toBeNull();
    expect(passive.refuses({ ...asked, reads: 'backups' })).toBeNull();
    expect(passive.refuses({ ...asked, transfer: 'requests' })).toBeNull();
    expect(passive.refuses({ ...asked, tolerate: 'byzantine' })).toMatch(/lies/);
    expect(passive.refuses({ ...asked, reads: 'one' })).toMatch(/backup/);
    expect(passive.refuses({ ...asked, reads: 'backups', backups: 'cold' })).toMatch(/cold/);
    expect(passive.refuses({ ...asked, transfer: 'requests', deterministic: false })).toMatch(/deterministic/);
    expect(passive.promises.consistency({ tolerate: 'crash', reads: 'primary' })).toBe('linearizable');
    expect(passive.promises.consistency({ tolerate: 'crash', reads: 'backups' })).toBe('sequential');
    expect([passive.promises.tolerates(3, 'crash'), passive.promises.tolerates(3, 'byzantine')]).toEqual([2, 0]);
    expect(passive.proxyClient(settings()).machine.id).toBe('proxy client');
  });
});

describe('every schedule', () => {
  const settled = (of: Plan, count: number, first = 0): void =>
    seeds(FILE, count, (seed) => {
      const stage = run(of, first + seed);
      expectLinearizable(stage);
      expectOnce(stage);
    });

  test('PB-8: linearizable and exactly once, whoever crashes, is suspected wrongly or joins', () => {
    settled({ ...plan, ...mishaps }, 400);
  });

  test('PB-8: with more members, of whom more crash', () => {
    settled({ ...plan, n: 5, ...mishaps, crashes: 3, joiners: 2, suspicions: 2 }, 200);
  });

  test.each(['RE', 'SC', 'EX', 'AC', 'END'] as const)(
    'PB-8: the primary crashes in %s; the next one too, in taking over or when it answers',
    (phase) => {
      const strikes = [[phase], [phase, 'take-over'], [phase, 'END'], [phase, 'AC', 'take-over']] as const;
      seeds(FILE, 100, (seed) => {
        const stage = run({ ...plan, n: 4, strikes: strikes[seed % 4] as Plan['strikes'] & object }, seed);
        if (seed % 4 < 2) same(stage.pending, []);
        expectLinearizable(stage);
        expectOnce(stage);
      });
    },
  );

  test('PB-13: cold backups recover the same', () => {
    settled({ ...plan, ...mishaps, settings: { backups: 'cold' } }, 200);
  });

  test('PB-17: and so do those that are sent requests', () => {
    settled({ ...plan, ...mishaps, settings: { transfer: 'requests' } }, 150);
    settled({ ...plan, ...mishaps, settings: { transfer: 'requests', backups: 'cold' } }, 100);
  });

  test('PB-16: front ends that hear of no view find the primary all the same', () => {
    settled({ ...plan, ...mishaps, deaf: true }, 200);
  });

  test('PB-12: with reads at backups sequentially consistent', () => {
    let violated = 0;
    seeds(FILE, 300, (seed) => {
      const stage = run({ ...plan, ...mishaps, settings: { reads: 'backups' } }, seed);
      const verdict = sequential(stage.history(), models.kv);
      if (verdict.verdict !== 'holds') throw new Error(JSON.stringify([verdict, stage.history()], null, 1));
      expectOnce(stage);
      if (linearizable(stage.history(), models.kv).verdict === 'violated') violated += 1;
    });
    if (process.env.SEED === undefined) expect(violated).toBeGreaterThan(0);
  });
});

describe('the charts', () => {
  test('every state and transition has been taken', () => {
    // The settings choose which guards can hold, not what the chart is.
    expect(coverage.missing(frontEnd(defaults))).toEqual([]);
    expect(coverage.missing(replicaManager(line(), defaults))).toEqual([]);
  });
});
