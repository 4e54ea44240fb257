import { describe, expect, test } from '@jest/globals';
import {
  askNext,
  countVotes,
  type FrontEndContext,
  frontEnd,
  giveUp,
  passOver,
  request as requested,
} from '../../machines/active/front-end.js';
import { active } from '../../machines/active/index.js';
import {
  execute,
  type ReplicaManagerContext,
  type ReplicaManagerEvent,
  replicaManager,
  takeOrder,
  takeReads,
  WAITING_READS,
} from '../../machines/active/replica-manager.js';
import { elected, type Party, vote, votesNeeded } from '../../machines/active/votes.js';
import type { Delivery } from '../../machines/shared/effects.js';
import { equal } from '../../machines/shared/equality.js';
import { type Address, groupName, type NodeId, nodeId, senderId } from '../../machines/shared/identifiers.js';
import * as proxy from '../../machines/shared/proxy-client.js';
import { proxyClient } from '../../machines/shared/proxy-client.js';
import type { Answer, Call, Reply } from '../../machines/shared/requests.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { StyleSettings } from '../../machines/shared/style.js';
import { type Random, random } from '../../runtime/simulate/random.js';
import { same } from '../same.js';
import { ActiveGroup, type Plan, requestsIn } from './active-group.js';
import {
  addresses,
  answers,
  Coverage,
  call,
  defaults,
  discards,
  expectPure,
  type Line,
  line,
  members,
  multicasts,
  Player,
  phased,
  reply,
  request,
  rm,
  seeds,
  sends,
  sent,
} from './stage.js';

const FILE = 'test/machines/active.test.ts';
const coverage = new Coverage();
const group = groupName('g');
const settings = (more: Partial<StyleSettings> = {}): StyleSettings => ({ ...defaults, ...more });

const playFrontEnd = (n = 3, more: Partial<StyleSettings> = {}, first = 0): Player =>
  new Player(
    frontEnd(settings(more)),
    { node: nodeId('fe-1'), incarnation: 1, group, members: addresses(n), first },
    coverage,
  );

const playReplica = (more: Partial<StyleSettings> = {}, incarnation = 1) => {
  const object = line();
  const machine = replicaManager(object, settings(more));
  const player = new Player(machine, { node: nodeId('rm-1'), incarnation, group, members: members(3) }, coverage);
  return { player, object };
};

const playProxyClient = (n = 3, first = 0): Player => {
  const fronts = members(n).map((member): Address => `${member}/fe`);
  return new Player(
    proxyClient(settings()),
    { node: nodeId('c-1'), incarnation: 1, group, members: fronts, first },
    coverage,
  );
};

let count = 0;
const delivery = (...requests: ReturnType<typeof request>[]): Delivery => deliveryOf({ frontEnd: 'fe-1/fe', requests });
const deliveryOf = (payload: unknown): Delivery => {
  count += 1;
  return { sender: senderId(nodeId('fe-1'), 1), seq: count, payload: payload as Serializable, number: count };
};
const gone = (...nodes: string[]) => nodes.map((node) => ({ node, incarnation: 1 }));

const run = (plan: Plan, seed: number): ActiveGroup => {
  const stage = new ActiveGroup(plan, seed);
  stage.run();
  return stage;
};

/** AR-2, AR-3 and AR-14 at the end of a run: equal states, those of the order, and no id executed twice. */
function expectReplicated(stage: ActiveGroup): void {
  const { texts } = stage.model();
  for (const member of stage.live) {
    same(stage.contextOf(member).value.text, texts.at(-1));
    same(stage.contextOf(member).version, texts.length - 1);
  }
}

function expectExecutedOnce(stage: ActiveGroup): void {
  for (const object of stage.objects.values()) same(new Set(object.log).size, object.log.length);
}

/** Answers that are not the ones that the order gives. */
function wrongAnswers(stage: ActiveGroup): Answer[] {
  const { outcomes } = stage.model();
  return stage.clients
    .flatMap(({ answers: given }) => given)
    .filter(({ session, seq, outcome }) => !equal(outcome, outcomes.get(`${session}#${seq}`)));
}
const expectRight = (stage: ActiveGroup): void => same(wrongAnswers(stage), []);

describe('the front end', () => {
  test('AR-1: what is called in one event goes as one multicast of one batch, each request with its id', () => {
    const player = playFrontEnd();
    expect(player.state).toBe('idle');
    const effects = player.tell('call', [call('a', 1), call('b', 1, 'read', { origin: 'c-1/fe', seen: 4 })]);
    expect(phased(effects)).toEqual([['RE', 'a#1', 'b#1']]);
    expect(multicasts(effects)).toEqual([
      {
        type: 'multicast',
        group,
        payloads: [{ frontEnd: 'fe-1/fe', requests: [request('a', 1), request('b', 1, 'read')] }],
      },
    ]);
    expect(sends(effects)).toEqual([]);
    expect(player.state).toBe('waiting');
    expect(player.tags).toEqual(['RE']);
  });

  test('AR-1: a session has one request out at a time; the same one again is not sent again; others go on', () => {
    const player = playFrontEnd();
    player.tell('call', [call('a', 1)]);
    const more = player.tell('call', [call('a', 2), call('a', 1), call('b', 1)]);
    expect(multicasts(more).flatMap(({ payloads }) => payloads.flatMap(requestsIn))).toEqual([request('b', 1)]);
    expect(discards(more)).toEqual(['call busy 1']);
    player.tell('replies', [reply('a', 1, 'x')], rm(1));
    expect(multicasts(player.tell('call', [call('a', 2)]))).toHaveLength(1);
  });

  test('AR-1: over every schedule the requests of a session enter the order one at a time', () => {
    seeds(FILE, 300, (seed) => {
      const stage = run({ n: 3, frontEnds: 2, sessions: 3, requests: 3, doubled: 0.1 }, seed);
      const last = new Map<string, number>();
      for (const { payload } of stage.order) {
        for (const { session, seq } of requestsIn(payload)) {
          const before = last.get(session) ?? 0;
          same(seq === before + 1 || seq <= before, true);
          last.set(session, Math.max(before, seq));
        }
      }
    });
  });

  test('AR-6: the first reply is the answer, and the later ones are dropped and counted', () => {
    const player = playFrontEnd();
    player.tell('call', [call('a', 1), call('b', 1)]);
    const first = player.tell('replies', [reply('a', 1, 'x', 7)], rm(2));
    expect(answers(first)).toEqual([
      { session: 'a', seq: 1, outcome: { ok: true, value: 'x' }, by: ['rm-2'], version: 7 },
    ]);
    expect(phased(first)).toEqual([['END', 'a#1']]);
    expect(player.state).toBe('waiting');
    const second = player.tell('replies', [reply('a', 1, 'y', 9), reply('b', 1, 'z')], rm(1));
    expect(answers(second).map(({ session }) => session)).toEqual(['b']);
    expect(discards(second)).toEqual(['replies late 1']);
    expect(player.state).toBe('idle');
    const third = player.tell('replies', [reply('a', 1, 'y'), reply('b', 1, 'y')], rm(3));
    expect(answers(third)).toEqual([]);
    expect(discards(third)).toEqual(['replies late 2']);
  });

  test('AR-5: a reply to another request of the session, and one from no replica manager, answer nothing', () => {
    const player = playFrontEnd();
    player.tell('call', [call('a', 3)]);
    expect(discards(player.tell('replies', [reply('a', 2, 'old'), reply('c', 1, 'who')], rm(1)))).toEqual([
      'replies late 2',
    ]);
    expect(discards(player.tell('replies', [reply('a', 3, 'lie')], 'rm-9/rm'))).toEqual(['replies stranger 1']);
    expect(answers(player.tell('replies', [reply('a', 3, 'new')], rm(3)))).toHaveLength(1);
  });

  test('an answer goes to the client that wants it: to this node, or to the node that uses it as a proxy', () => {
    const player = playFrontEnd();
    player.tell('call', [call('a', 1), call('b', 1, 'append', { origin: 'c-1/fe' })]);
    const effects = player.tell('replies', [reply('a', 1, 'x'), reply('b', 1, 'y')], rm(1));
    expect(answers(effects).map(({ session }) => session)).toEqual(['a']);
    expect(sent(effects)).toEqual(['c-1/fe answers 1']);
  });

  test('a cancelled call is forgotten, and its session may issue the next', () => {
    const player = playFrontEnd();
    player.tell('call', [call('a', 1), call('b', 1)]);
    expect(
      discards(
        player.tell('cancel', [
          { session: 'a', seq: 1 },
          { session: 'b', seq: 9 },
        ]),
      ),
    ).toEqual(['cancel late 1']);
    expect(player.state).toBe('waiting');
    expect(player.tell('cancel', [{ session: 'b', seq: 1 }])).toEqual([]);
    expect(player.state).toBe('idle');
    expect(discards(player.tell('replies', [reply('a', 1, 'x')], rm(1)))).toEqual(['replies late 1']);
    expect(discards(player.tell('cancel', [{ session: 'a', seq: 1 }]))).toEqual(['cancel late 1']);
    expect(multicasts(player.tell('call', [call('a', 2)]))).toHaveLength(1);
  });

  test('when replica managers are gone what is out waits on: a reply may be under way, or the deadline ends it', () => {
    const player = playFrontEnd();
    player.tell('call', [call('a', 1)]);
    expect(player.tell('gone', gone('rm-1', 'rm-2', 'rm-3', 'fe-7'))).toEqual([]);
    expect(player.state).toBe('waiting');
    expect(answers(player.tell('replies', [reply('a', 1, 'x')], rm(2)))).toHaveLength(1);
    expect(player.wait(1000)).toEqual([]);
  });

  test('an event that is no message of a front end is counted and dropped', () => {
    const player = playFrontEnd();
    expect(discards(player.tell('delivered', [1, 2]))).toEqual(['delivered unfit 2']);
    expect(player.tell('call', [])).toEqual([]);
    expect(player.state).toBe('idle');
  });
});

describe('the vote', () => {
  const parties = (...votes: [string, unknown, number?][]): readonly Party[] =>
    votes.reduce<readonly Party[]>(
      (all, [by, value, version]) => vote(all, nodeId(by), reply('a', 1, value, version)),
      [],
    );

  test('AR-7: f + 1 of 2f + 1; with crash faults only, 1', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((n) => votesNeeded(n, 'byzantine'))).toEqual([1, 1, 2, 2, 3, 3, 4]);
    expect([1, 3, 5].map((n) => votesNeeded(n, 'crash'))).toEqual([1, 1, 1]);
  });

  test('AR-7: it is open until one outcome has enough votes or none can have any more', () => {
    expect(elected([], 2, 3)).toBeNull();
    expect(elected(parties(['rm-1', 'x']), 2, 3)).toBeNull();
    expect(elected(parties(['rm-1', 'x'], ['rm-2', 'y']), 2, 3)).toBeNull();
    expect(elected(parties(['rm-1', 'x'], ['rm-2', 'y'], ['rm-3', 'x']), 2, 3)).toMatchObject({ by: ['rm-1', 'rm-3'] });
    expect(elected(parties(['rm-1', 'x'], ['rm-2', 'y'], ['rm-3', 'z']), 2, 3)).toBe('split');
    expect(elected(parties(['rm-1', 'x'], ['rm-2', 'x'], ['rm-3', 'y'], ['rm-4', 'y']), 3, 5)).toBeNull();
    expect(elected(parties(['rm-1', 'v'], ['rm-2', 'w'], ['rm-3', 'x'], ['rm-4', 'y']), 3, 5)).toBe('split');
  });

  test('AR-7: the version is no part of the vote, and no liar raises it', () => {
    const party = elected(parties(['rm-1', { a: 1, b: 2 }, 900], ['rm-2', { b: 2, a: 1 }, 4]), 2, 3);
    expect(party).toMatchObject({ by: ['rm-1', 'rm-2'], version: 4 });
  });

  test('AR-7: over every sequence of votes an outcome wins exactly when f + 1 gave it, and is split only when none can win', () => {
    seeds(FILE, 5000, (seed) => {
      const chance = random(seed, 'votes');
      const n = chance.int(1, 7);
      const needed = votesNeeded(n, 'byzantine');
      let all: readonly Party[] = [];
      const tally = new Map<number, number>();
      for (let i = 1; i <= n; i++) {
        const value = chance.int(1, 4);
        all = vote(all, nodeId(`rm-${i}`), reply('a', 1, value));
        tally.set(value, (tally.get(value) ?? 0) + 1);
        const result = elected(all, needed, n);
        const most = Math.max(...tally.values());
        if (most >= needed) {
          if (result === null || result === 'split') throw new Error('nobody has won');
          same(tally.get(result.outcome.ok ? (result.outcome.value as number) : 0), most);
          return;
        }
        same(result, most + n - i < needed ? 'split' : null);
      }
    });
  });

  test('AR-7: each replica manager has one vote, however often it replies', () => {
    const player = playFrontEnd(3, { tolerate: 'byzantine' });
    player.tell('call', [call('a', 1)]);
    const stuffed = player.tell('replies', [reply('a', 1, 'lie'), reply('a', 1, 'lie')], rm(2));
    expect(answers(stuffed)).toEqual([]);
    expect(discards(stuffed)).toEqual(['replies repeated 1']);
    expect(discards(player.tell('replies', [reply('a', 1, 'lie')], rm(2)))).toEqual(['replies repeated 1']);
    expect(answers(player.tell('replies', [reply('a', 1, 'x', 5)], rm(3)))).toEqual([]);
    expect(answers(player.tell('replies', [reply('a', 1, 'x', 5)], rm(1)))).toEqual([
      { session: 'a', seq: 1, outcome: { ok: true, value: 'x' }, by: ['rm-3', 'rm-1'], version: 5 },
    ]);
    expect(player.state).toBe('idle');
  });

  test('AR-7: when no outcome can have f + 1 votes any more the answer is NO_AGREEMENT', () => {
    const player = playFrontEnd(3, { tolerate: 'byzantine' });
    player.tell('call', [call('a', 1)]);
    player.tell('replies', [reply('a', 1, 'x')], rm(1));
    player.tell('replies', [reply('a', 1, 'y')], rm(2));
    const [answer] = answers(player.tell('replies', [reply('a', 1, 'z', 99)], rm(3)));
    expect(answer).toMatchObject({ outcome: { ok: false, error: { code: 'NO_AGREEMENT' } }, by: [], version: 0 });
    expect(player.state).toBe('idle');
  });
});

describe('the replica manager', () => {
  test('AR-3: what is delivered together is executed at once: SC, then EX and END, then one message to each front end', () => {
    const { player, object } = playReplica();
    expect(player.state).toBe('awaiting');
    const other = deliveryOf({ frontEnd: 'fe-2/fe', requests: [request('c', 1, 'read')] });
    const effects = player.tell('delivered', [
      delivery(request('a', 1), request('b', 1)),
      other,
      delivery(request('d', 1, 'fail')),
    ]);
    expect(phased(effects)).toEqual([
      ['SC', 'a#1', 'b#1', 'c#1', 'd#1'],
      ['EX', 'a#1', 'b#1', 'c#1', 'd#1'],
      ['END', 'a#1', 'b#1', 'd#1', 'c#1'],
    ]);
    expect(effects.map(({ type }) => type)).toEqual(['phase', 'phase', 'phase', 'send', 'send']);
    expect(sent(effects)).toEqual(['fe-1/fe replies 3', 'fe-2/fe replies 1']);
    expect(sends(effects)[0]?.message.items).toEqual([
      reply('a', 1, 'a1 '),
      reply('b', 1, 'a1 b1 ', 2),
      {
        session: 'd',
        seq: 1,
        outcome: { ok: false, error: { code: 'REFUSED', message: 'It never works.' } },
        version: 3,
      },
    ]);
    expect(object.log).toEqual(['a#1', 'b#1', 'c#1', 'd#1']);
    expect(player.state).toBe('awaiting');
    expect(player.context).toMatchObject({ value: { text: 'a1 b1 ' }, version: 3, batches: [] });
  });

  test('AR-4: there is no agreement: a replica manager sends nothing but replies to front ends', () => {
    seeds(FILE, 200, (seed) => {
      const chance = random(seed, 'deliveries');
      const { player } = playReplica();
      for (let i = 1; i <= 10; i++) {
        const effects = player.tell('delivered', [
          delivery(request(`s${chance.int(1, 3)}`, chance.int(1, 4), 'append', { after: 0 })),
        ]);
        same(
          effects.filter(({ type }) => type !== 'phase' && type !== 'send' && type !== 'discard'),
          [],
        );
        expect(phased(effects).map(([phase]) => phase)).not.toContain('AC');
        for (const { to, message } of sends(effects)) same([to, message.type], ['fe-1/fe', 'replies']);
      }
    });
  });

  test('AR-14: a repeated id gets the stored reply, also in the same delivery; an older one gets none', () => {
    const { player, object } = playReplica();
    const twice = player.tell('delivered', [delivery(request('a', 1)), delivery(request('a', 1))]);
    expect(phased(twice)).toContainEqual(['EX', 'a#1']);
    expect(sends(twice)[0]?.message.items).toEqual([reply('a', 1, 'a1 '), reply('a', 1, 'a1 ')]);
    player.tell('delivered', [delivery(request('b', 1))]);
    const again = player.tell('delivered', [deliveryOf({ frontEnd: 'fe-2/fe', requests: [request('a', 1)] })]);
    expect(phased(again).map(([phase]) => phase)).toEqual(['SC', 'END']);
    expect(sends(again)).toMatchObject([{ to: 'fe-2/fe', message: { items: [reply('a', 1, 'a1 ')] } }]);
    player.tell('delivered', [delivery(request('a', 2))]);
    const old = player.tell('delivered', [delivery(request('a', 1))]);
    expect(sends(old)).toEqual([]);
    expect(discards(old)).toEqual(['delivered stale 1']);
    expect(object.log).toEqual(['a#1', 'b#1', 'a#2']);
  });

  test('AR-14: a request of a session that has been forgotten is refused by every replica manager alike, and not executed', () => {
    const { player, object } = playReplica({ sessions: 2 });
    for (const session of ['a', 'b', 'c', 'd', 'e', 'f']) player.tell('delivered', [delivery(request(session, 1))]);
    const executed = object.log.length;
    const [effect] = sends(player.tell('delivered', [delivery(request('a', 2))]));
    expect(effect?.message.items).toMatchObject([
      { session: 'a', seq: 2, outcome: { ok: false, error: { code: 'SESSION_EXPIRED' } } },
    ]);
    expect(object.log).toHaveLength(executed);
    expect(sends(player.tell('delivered', [delivery(request('f', 2))]))[0]?.message.items).toMatchObject([
      { outcome: { ok: true } },
    ]);
  });

  test('a payload that is no batch of requests is dropped, and what is delivered with it is executed', () => {
    const good = request('a', 1);
    const bad = [
      null,
      7,
      'batch',
      [],
      {},
      { frontEnd: 'fe-1/fe' },
      { frontEnd: 'nowhere', requests: [] },
      { frontEnd: 'fe-1/fe', requests: [{ ...good, seq: 0 }] },
      { frontEnd: 'fe-1/fe', requests: [{ ...good, seq: 1.5 }] },
      { frontEnd: 'fe-1/fe', requests: [{ ...good, session: 3 }] },
      { frontEnd: 'fe-1/fe', requests: [{ ...good, kind: 'both' }] },
      { frontEnd: 'fe-1/fe', requests: [{ ...good, after: -1 }] },
      { frontEnd: 'fe-1/fe', requests: [{ ...good, args: 'x' }] },
      { frontEnd: 'fe-1/fe', requests: [good, null] },
    ];
    const { player, object } = playReplica();
    const effects = player.tell('delivered', [...bad.map(deliveryOf), delivery(good)]);
    expect(discards(effects)).toEqual([`delivered malformed ${bad.length}`]);
    expect(object.log).toEqual(['a#1']);
    expect(phased(player.tell('delivered', [deliveryOf({ frontEnd: 'fe-1/fe', requests: [] })]))).toEqual([]);
  });

  test('a replica manager that has come back keeps silent', () => {
    const { player, object } = playReplica({}, 2);
    expect(player.state).toBe('silent');
    expect(discards(player.tell('delivered', [delivery(request('a', 1))]))).toEqual(['delivered unfit 1']);
    expect(discards(player.tell('read', [{ request: request('a', 1, 'read'), seen: 0 }], 'fe-1/fe'))).toEqual([
      'read unfit 1',
    ]);
    expect(player.tell('gone', gone('rm-2'))).toEqual([]);
    expect(object.log).toEqual([]);
    expect(player.state).toBe('silent');
  });

  test('an event that is no message of a replica manager is counted and dropped; of the end of others it takes no notice', () => {
    const { player } = playReplica();
    expect(discards(player.tell('replies', [reply('a', 1, 'x')]))).toEqual(['replies unfit 1']);
    expect(player.tell('gone', gone('fe-1'))).toEqual([]);
  });
});

describe('reads at one replica manager', () => {
  const one = { reads: 'one' } as const;
  const read = (session: string, seq: number, seen: number) => ({ request: request(session, seq, 'read'), seen });

  test('a query goes to one replica manager with the version last seen; updates go through the order', () => {
    const player = playFrontEnd(3, one, 1);
    const mixed = player.tell('call', [call('a', 1), call('b', 1, 'read')]);
    expect(multicasts(mixed).flatMap(({ payloads }) => payloads.flatMap(requestsIn))).toEqual([request('a', 1)]);
    expect(sends(mixed)).toMatchObject([{ to: rm(2), message: { type: 'read', items: [read('b', 1, 0)] } }]);
    expect(player.state).toBe('reading');
    expect(player.tags).toEqual(['RE']);
    player.tell('replies', [reply('b', 1, '', 0)], rm(2));
    expect(player.state).toBe('waiting');
    player.tell('replies', [reply('a', 1, 'a1 ', 6)], rm(1));
    expect(player.state).toBe('idle');
    const next = player.tell('call', [call('b', 2, 'read'), call('c', 1, 'read', { seen: 9 })]);
    expect(sends(next)[0]?.message.items).toEqual([read('b', 2, 6), read('c', 1, 9)]);
    expect(player.state).toBe('reading');
  });

  test('when the replica manager is gone the next is asked, and later reads go there at once', () => {
    const player = playFrontEnd(3, one);
    player.tell('call', [call('a', 1, 'read'), call('b', 1, 'read'), call('u', 1)]);
    expect(sent(player.tell('gone', gone('rm-1')))).toEqual(['rm-2/rm read 2']);
    expect(sent(player.tell('gone', gone('rm-3')))).toEqual([]);
    expect(sent(player.tell('call', [call('c', 1, 'read')]))).toEqual(['rm-2/rm read 1']);
    expect(sent(player.wait(10))).toEqual([`rm-2/rm read 2`].slice(1));
    expect(sent(player.wait(10))).toEqual(['rm-2/rm read 3']);
  });

  test('after retryAfter without an answer the next is asked, in turn, and either answer counts', () => {
    const player = playFrontEnd(3, one, 2);
    player.tell('call', [call('a', 1, 'read')]);
    expect(sent(player.wait(9))).toEqual([]);
    expect(sent(player.wait(1))).toEqual(['rm-1/rm read 1']);
    expect(sent(player.wait(10))).toEqual(['rm-2/rm read 1']);
    player.wait(5);
    expect(sent(player.tell('call', [call('b', 1, 'read')]))).toEqual(['rm-2/rm read 1']);
    expect(sent(player.wait(5))).toEqual(['rm-3/rm read 1']);
    // All three were asked for a in vain: the next one has twice as long.
    expect(sent(player.wait(10))).toEqual(['rm-3/rm read 1']);
    expect(answers(player.tell('replies', [reply('a', 1, 'x')], rm(3)))).toHaveLength(1);
    expect(answers(player.tell('replies', [reply('b', 1, 'x')], rm(2)))).toHaveLength(1);
    expect(player.state).toBe('idle');
    expect(player.wait(100)).toEqual([]);
  });

  test('with updates out and reads answered or given up the timer rests', () => {
    const player = playFrontEnd(3, one);
    player.tell('call', [call('u', 1)]);
    expect(player.state).toBe('waiting');
    player.tell('call', [call('a', 1, 'read')]);
    expect(player.state).toBe('reading');
    player.tell('cancel', [{ session: 'a', seq: 1 }]);
    expect(player.state).toBe('waiting');
    expect(player.wait(100)).toEqual([]);
    player.tell('call', [call('a', 2, 'read'), call('b', 1, 'read')]);
    player.tell('replies', [reply('u', 1, 'x')], rm(1));
    expect(player.state).toBe('reading');
    player.tell('replies', [reply('a', 2, 'x')], rm(1));
    expect(player.state).toBe('reading');
    player.tell('cancel', [{ session: 'b', seq: 1 }]);
    expect(player.state).toBe('idle');
  });

  test('a read is answered by a state that is not older than what its front end has seen, and waits for it', () => {
    const { player } = playReplica();
    const now = player.tell('read', [read('a', 1, 0), read('b', 1, 2)], 'fe-7/fe');
    expect(phased(now)).toEqual([
      ['EX', 'a#1'],
      ['END', 'a#1'],
    ]);
    expect(sends(now)).toMatchObject([{ to: 'fe-7/fe', message: { type: 'replies', items: [reply('a', 1, '', 0)] } }]);
    expect(sent(player.tell('delivered', [delivery(request('u', 1))]))).toEqual(['fe-1/fe replies 1']);
    const then = player.tell('delivered', [delivery(request('u', 2))]);
    expect(phased(then)).toEqual([
      ['SC', 'u#2'],
      ['EX', 'u#2', 'b#1'],
      ['END', 'u#2', 'b#1'],
    ]);
    expect(sends(then)[1]).toMatchObject({ to: 'fe-7/fe', message: { items: [reply('b', 1, 'u1 u2 ', 2)] } });
    expect(player.context.version).toBe(2);
    expect(player.context.waiting.size).toBe(0);
  });

  test('a bounded number of reads waits; the rest is dropped and counted, and asked elsewhere by its front end', () => {
    const { player } = playReplica();
    const many = Array.from({ length: WAITING_READS + 5 }, (_, i) => read(`s${i}`, 1, 1));
    expect(discards(player.tell('read', many, 'fe-7/fe'))).toEqual(['read full 5']);
    expect(discards(player.tell('read', [read('s0', 1, 1)], 'fe-7/fe'))).toEqual([]);
    expect(sent(player.tell('delivered', [delivery(request('u', 1))]))).toEqual([
      'fe-1/fe replies 1',
      `fe-7/fe replies ${WAITING_READS}`,
    ]);
  });

  test('sequentially consistent over every schedule: each answer is of one version, and no session goes back', () => {
    let stale = 0;
    seeds(FILE, 1000, (seed) => {
      const proxies = seed % 2 === 0;
      const stage = run(
        { n: 3, frontEnds: 2, sessions: 3, requests: 4, settings: one, crashes: seed % 3, doubled: 0.05, proxies },
        seed,
      );
      const { texts } = stage.model();
      for (const { issued, answers: given } of stage.clients) {
        let seen = 0;
        given.forEach(({ outcome, version }, i) => {
          const { kind, op } = issued[i] ?? { kind: 'none', op: 'none' };
          if (op === 'fail') return;
          same(outcome, { ok: true, value: texts[version] });
          same(version >= (kind === 'update' ? seen + 1 : seen), true);
          seen = version;
          if (kind === 'query' && version < texts.length - 1) stale += 1;
        });
      }
      expectReplicated(stage);
    });
    if (process.env.SEED === undefined) expect(stale).toBeGreaterThan(0);
  });

  test('not linearizable: a history in which a read misses an update that was answered before it began', () => {
    const writer = playFrontEnd(3, one);
    const reader = playFrontEnd(3, one, 1);
    const ahead = playReplica().player;
    const behind = playReplica().player;
    const [update] = multicasts(writer.tell('call', [call('w', 1)]));
    const [done] = sends(ahead.tell('delivered', [deliveryOf(update?.payloads[0])]));
    expect(answers(writer.tell('replies', done?.message.items ?? [], rm(1)))).toMatchObject([
      { outcome: { value: 'w1 ' } },
    ]);
    // Only now the read begins, at a replica manager that has not heard of the update.
    const [query] = sends(reader.tell('call', [call('r', 1, 'read')]));
    const [answer] = sends(behind.tell('read', query?.message.items ?? [], 'fe-2/fe'));
    expect(answers(reader.tell('replies', answer?.message.items ?? [], rm(2)))).toMatchObject([
      { outcome: { value: '' } },
    ]);
  });
});

describe('a proxy', () => {
  test('AR-10: calls go to the front end on the proxy, and the answers come back', () => {
    const player = playProxyClient(3, 1);
    expect(player.state).toBe('idle');
    const effects = player.tell('call', [call('a', 1), call('b', 1, 'read')]);
    expect(sends(effects)).toMatchObject([
      {
        to: 'rm-2/fe',
        channel: 'fifo',
        message: { type: 'call', items: [{ ...request('a', 1), origin: 'c-1/fe', seen: 0 }, {}] },
      },
    ]);
    expect(phased(effects)).toEqual([]);
    expect(player.state).toBe('waiting');
    const answer = { session: 'a', seq: 1, outcome: { ok: true, value: 1 }, by: ['rm-3'], version: 8 };
    expect(discards(player.tell('answers', [answer], 'rm-9/fe'))).toEqual(['answers stranger 1']);
    expect(answers(player.tell('answers', [answer], 'rm-2/fe'))).toEqual([answer]);
    expect(discards(player.tell('answers', [answer], 'rm-2/fe'))).toEqual(['answers late 1']);
    expect(sends(player.tell('call', [call('a', 2)]))[0]?.message.items).toMatchObject([{ seq: 2, seen: 8 }]);
    player.tell(
      'answers',
      [
        { ...answer, session: 'b' },
        { ...answer, seq: 2 },
      ],
      'rm-2/fe',
    );
    expect(player.state).toBe('idle');
  });

  test('AR-10: when the proxy is gone or gives no answer the next one gets what is out, with the same ids', () => {
    const player = playProxyClient(3);
    player.tell('call', [call('a', 1), call('b', 1)]);
    expect(sent(player.wait(10))).toEqual(['rm-1/fe cancel 2', 'rm-2/fe call 2']);
    const moved = player.tell('gone', gone('rm-2'));
    expect(sent(moved)).toEqual(['rm-3/fe call 2']);
    expect(
      sends(moved)[0]
        ?.message.items.map((item) => (item as Call).session)
        .sort(),
    ).toEqual(['a', 'b']);
    expect(sends(moved)[0]?.message.items).toMatchObject([{ seq: 1 }, { seq: 1 }]);
    expect(sent(player.tell('call', [call('c', 1)]))).toEqual(['rm-3/fe call 1']);
    // The last that is there is asked again before those that have ended.
    player.tell('gone', gone('rm-1'));
    player.wait(10);
    expect(sent(player.wait(10))).toEqual(['rm-3/fe call 3']);
  });

  test('AR-10: when every proxy has been gone, those that went first are asked again: they may be back', () => {
    const player = playProxyClient(3);
    player.tell('call', [call('a', 1)]);
    player.tell('gone', gone('rm-1'));
    player.tell('gone', gone('rm-2'));
    expect(sent(player.tell('gone', gone('rm-3')))).toEqual(['rm-1/fe call 1']);
    player.wait(10);
    expect(sent(player.wait(10))).toEqual(['rm-1/fe cancel 1', 'rm-2/fe call 1']);
  });

  test('AR-10: when those that are left give no answer, those that are gone are asked again: an end is told once, and they may be back', () => {
    const player = playProxyClient(3);
    player.tell('call', [call('a', 1)]);
    player.tell('gone', gone('rm-3'));
    player.tell('gone', gone('rm-2'));
    expect(sent(player.tell('gone', gone('rm-1')))).toEqual(['rm-2/fe call 1']);
    player.wait(10);
    // rm-2 and rm-3 are away for good, of which nothing is heard any more; rm-1 is back.
    expect(sent(player.wait(10))).toEqual(['rm-2/fe cancel 1', 'rm-3/fe call 1']);
    expect(sent(player.wait(10))).toEqual(['rm-3/fe cancel 1', 'rm-2/fe call 1']);
    expect(sent(player.wait(10))).toEqual(['rm-2/fe cancel 1', 'rm-3/fe call 1']);
    // Three were asked in vain, as many as there are: from now on each has twice as long.
    player.wait(10);
    expect(sent(player.wait(10))).toEqual(['rm-3/fe cancel 1', 'rm-1/fe call 1']);
    const answer = { session: 'a', seq: 1, outcome: { ok: true, value: 1 }, by: ['rm-1'], version: 8 };
    player.tell('answers', [answer], 'rm-1/fe');
    expect(sent(player.tell('call', [call('a', 2)]))).toEqual(['rm-1/fe call 1']);
  });

  test('AR-10: each time that all proxies were asked in vain they are given twice as long, up to eight rounds, and for each request anew', () => {
    const player = playProxyClient(2);
    /** Rounds until the call is handed on. */
    const rounds = () => {
      for (let count = 1; ; count++) if (sent(player.wait(10)).length > 0) return count;
    };
    player.tell('call', [call('a', 1)]);
    expect(Array.from({ length: 10 }, rounds)).toEqual([1, 1, 2, 2, 4, 4, 8, 8, 8, 8]);
    const answer = { session: 'a', seq: 1, outcome: { ok: true, value: 1 }, by: ['rm-1'], version: 8 };
    player.tell('answers', [answer], 'rm-1/fe');
    player.tell('call', [call('a', 2)]);
    expect([rounds(), rounds()]).toEqual([1, 1]);
  });

  test('AR-10: a proxy that is the only one is asked again, though it has been gone', () => {
    const player = playProxyClient(1);
    player.tell('call', [call('a', 1)]);
    player.tell('gone', gone('rm-1'));
    player.wait(10);
    expect(sent(player.wait(10))).toEqual(['rm-1/fe call 1']);
  });

  test('AR-10: the answer of a former proxy is as good, and the present one is told to forget the call', () => {
    const player = playProxyClient(3);
    player.tell('call', [call('a', 1)]);
    player.wait(10);
    const answer = { session: 'a', seq: 1, outcome: { ok: true, value: 1 }, by: ['rm-3'], version: 8 };
    const effects = player.tell('answers', [answer], 'rm-1/fe');
    expect(answers(effects)).toEqual([answer]);
    expect(sent(effects)).toEqual(['rm-2/fe cancel 1']);
  });

  test('AR-10: a client that gives up tells its proxy, so that the session may go on there', () => {
    const player = playProxyClient(3);
    player.tell('call', [call('a', 1), call('b', 1)]);
    expect(sent(player.tell('cancel', [{ session: 'a', seq: 1 }]))).toEqual(['rm-1/fe cancel 1']);
    expect(player.state).toBe('waiting');
    expect(sent(player.tell('cancel', [{ session: 'b', seq: 1 }]))).toEqual(['rm-1/fe cancel 1']);
    expect(player.state).toBe('idle');
    expect(discards(player.tell('cancel', [{ session: 'b', seq: 1 }]))).toEqual(['cancel late 1']);
    expect(discards(player.tell('delivered', [1]))).toEqual(['delivered unfit 1']);
    expect(player.tell('gone', gone('rm-1'))).toEqual([]);
    expect(sent(player.tell('call', [call('a', 2)]))).toEqual(['rm-2/fe call 1']);
  });

  test('AR-10: over every schedule clients of proxies get the right answers, though proxies crash, and each request is executed once', () => {
    seeds(FILE, 1000, (seed) => {
      const stage = run(
        { n: 3, frontEnds: 3, sessions: 3, requests: 3, crashes: 2, proxies: true, doubled: 0.05 },
        seed,
      );
      expectRight(stage);
      expectReplicated(stage);
      expectExecutedOnce(stage);
      // Whoever crashed has executed what the others have, as far as it came.
      const [longest] = [...stage.objects.values()].map(({ log }) => log).sort((a, b) => b.length - a.length);
      for (const { log } of stage.objects.values()) same(log, longest?.slice(0, log.length));
    });
  });
});

describe('the whole', () => {
  test('AR-3, AR-5: over every schedule all states are equal, and every answer is the one that the order gives', () => {
    seeds(FILE, 1000, (seed) => {
      const stage = run({ n: 1 + (seed % 4), frontEnds: 2, sessions: 3, requests: 3 }, seed);
      expectRight(stage);
      expectReplicated(stage);
    });
  });

  test('AR-6: over every schedule with up to n - 1 crashes every request is answered, and rightly', () => {
    let crashes = 0;
    seeds(FILE, 1000, (seed) => {
      const n = 2 + (seed % 3);
      const stage = run({ n, frontEnds: 2, sessions: 3, requests: 3, crashes: n - 1 }, seed);
      crashes += stage.crashed.size;
      expectRight(stage);
      expectReplicated(stage);
    });
    if (process.env.SEED === undefined) expect(crashes).toBeGreaterThan(500);
  });

  test('AR-14: over every schedule with calls, batches and replies doubled each id is executed once', () => {
    seeds(FILE, 1000, (seed) => {
      const stage = run({ n: 3, frontEnds: 2, sessions: 3, requests: 3, doubled: 0.3 }, seed);
      expectRight(stage);
      expectReplicated(stage);
      expectExecutedOnce(stage);
    });
  });

  test('AR-9, AR-11: a front end that crashes takes its own clients with it and no others; its requests are executed by all or none', () => {
    let cut = 0;
    seeds(FILE, 1000, (seed) => {
      const stage = run({ n: 3, frontEnds: 3, sessions: 4, requests: 3, frontEndCrash: true }, seed);
      if (stage.crashed.size > 0) cut += 1;
      for (const { node, answers: given } of stage.clients) if (node !== 'fe-1') expect(given).toHaveLength(3);
      expectRight(stage);
      expectReplicated(stage);
      const logs = [...stage.objects.values()].map(({ log }) => log);
      for (const log of logs) same(log, logs[0]);
    });
    if (process.env.SEED === undefined) expect(cut).toBeGreaterThan(300);
  });

  type Lie = (reply: Reply, to: Address, chance: Random) => Reply | null;
  const told = (value: unknown): Reply['outcome'] => ({ ok: true, value: value as string });
  /** Together (the same lie), each its own, another each time, none at all, or the truth with a false version. */
  const lies: readonly ((node: NodeId) => Lie)[] = [
    () => (item) => ({ ...item, outcome: told('the lie') }),
    (node) => (item) => ({ ...item, outcome: told(`the lie of ${node}`) }),
    () => (item, _, chance) => ({ ...item, outcome: told(chance.int(1, 1000)), version: chance.int(0, 1000) }),
    () => () => null,
    () => (item, to) => (to === 'fe-1/fe' ? { ...item, outcome: told('the lie') } : item),
    () => (item) => ({ ...item, version: item.version + 1000 }),
  ];
  const liars = (seed: number, f: number, n: number): Plan['liars'] & object => {
    const chance = random(seed, 'liars');
    const nodes = members(n).sort(() => chance.float() - 0.5);
    return new Map(
      nodes.slice(0, f).map((node) => [node, (lies[chance.int(0, lies.length - 1)] ?? lies[0])?.(node) as Lie]),
    );
  };

  test('AR-7: over every schedule up to f liars of 2f + 1, silent and equivocating ones among them, change no answer', () => {
    seeds(FILE, 2000, (seed) => {
      const f = seed % 3;
      const n = 2 * f + 1;
      const byzantine = { tolerate: 'byzantine' } as const;
      const stage = run(
        { n, frontEnds: 2, sessions: 2, requests: 3, settings: byzantine, liars: liars(seed, f, n), doubled: 0.05 },
        seed,
      );
      expectRight(stage);
      expectReplicated(stage);
      for (const { answers: given } of stage.clients) {
        for (const { by, version } of given) {
          if (new Set(by).size !== f + 1) throw new Error(`${by} are not f + 1`);
          if (version > stage.contextOf(nodeId('rm-1')).version) throw new Error(`no version ${version} yet`);
        }
      }
    });
  });

  test('AR-7: with f + 1 liars that agree there is a history with a wrong answer', () => {
    const same = lies[0]?.(nodeId('any')) as Lie;
    const together = new Map([nodeId('rm-2'), nodeId('rm-3')].map((node) => [node, same]));
    const byzantine = { tolerate: 'byzantine' } as const;
    const stage = run({ n: 3, frontEnds: 1, sessions: 2, requests: 4, settings: byzantine, liars: together }, 1);
    expect(wrongAnswers(stage)).not.toEqual([]);
  });

  test('AR-7: with f + 1 liars that do not agree an answer is right, or it is NO_AGREEMENT', () => {
    let disagreed = 0;
    seeds(FILE, 300, (seed) => {
      const apart = new Map([nodeId('rm-2'), nodeId('rm-3')].map((node) => [node, lies[1]?.(node) as Lie]));
      const byzantine = { tolerate: 'byzantine' } as const;
      const stage = run({ n: 3, frontEnds: 1, sessions: 2, requests: 3, settings: byzantine, liars: apart }, seed);
      for (const { outcome } of wrongAnswers(stage)) {
        expect(outcome).toMatchObject({ ok: false, error: { code: 'NO_AGREEMENT' } });
        disagreed += 1;
      }
    });
    if (process.env.SEED === undefined) expect(disagreed).toBeGreaterThan(0);
  });

  test('AR-7: it is the vote that protects: where only crashes are tolerated one liar is believed', () => {
    const one = new Map([[nodeId('rm-2'), lies[0]?.(nodeId('rm-2')) as Lie]]);
    const wrong = [1, 2, 3, 4, 5].flatMap((seed) =>
      wrongAnswers(run({ n: 3, frontEnds: 1, sessions: 3, requests: 5, liars: one }, seed)),
    );
    expect(wrong).not.toEqual([]);
  });
});

describe('the rules', () => {
  const of = <Type extends string, Item>(type: Type, items: Item[], from: Address = rm(1)) => ({ type, from, items });
  const cancelled = of('cancel', [{ session: request('a', 1).session, seq: 1 }]);
  const ended = of('gone', [{ node: nodeId('rm-1'), incarnation: 1 }]);

  test('of the front end are pure', () => {
    const player = playFrontEnd(3, { reads: 'one', tolerate: 'crash' });
    player.tell('call', [call('a', 1), call('b', 1, 'read')]);
    const context: FrontEndContext = player.context;
    expectPure(
      (before, event) => requested(before, event, 'one'),
      context,
      of('call', [call('c', 1), call('d', 1, 'read')]),
    );
    expectPure(countVotes, context, of('replies', [reply('a', 1, 'x'), reply('b', 1, 'x')]));
    expectPure(giveUp, context, cancelled);
    expectPure(passOver, context, ended);
    expectPure(askNext, context, {});
  });

  test('of the replica manager are pure', () => {
    const { player, object } = playReplica();
    player.tell('read', [{ request: request('r', 1, 'read'), seen: 1 }], 'fe-1/fe');
    const events: ReplicaManagerEvent[] = [
      of('delivered', [delivery(request('a', 1))]),
      of('read', [
        { request: request('b', 1, 'read'), seen: 0 },
        { request: request('c', 1, 'read'), seen: 5 },
      ]),
    ];
    const waiting: ReplicaManagerContext<Line> = player.context;
    for (const event of events) {
      if (event.type === 'delivered') {
        expectPure((_, next) => takeOrder<Line>(next), waiting, event);
        expectPure((before, _) => execute(before, object), { ...waiting, ...takeOrder<Line>(event) }, {});
      } else if (event.type === 'read') expectPure((before, next) => takeReads(before, next, object), waiting, event);
    }
  });

  test('of the proxy client are pure', () => {
    const player = playProxyClient();
    player.tell('call', [call('a', 1), call('b', 1)]);
    const context: proxy.ProxyClientContext = player.context;
    const answer = {
      session: request('a', 1).session,
      seq: 1,
      outcome: { ok: true, value: 1 },
      by: ['rm-1'],
      version: 1,
    } as const;
    expectPure(proxy.handOver, context, of('call', [call('c', 1)]));
    expectPure(proxy.bringBack, context, of('answers', [answer], 'rm-1/fe'));
    expectPure(proxy.giveUp, context, cancelled);
    expectPure(proxy.passOver, context, ended);
    expectPure(proxy.turnToNext, context, {});
  });
});

describe('the style', () => {
  test('FN-4: it says what it needs, promises and refuses', () => {
    expect(active.name).toBe('active');
    expect(active.needs).toEqual({
      order: ['total', 'fifo-total', 'causal-total'],
      deterministic: true,
      provider: ['sequencer', 'agreed'],
    });
    expect(active.promises.consistency({ tolerate: 'crash', reads: 'order' })).toBe('linearizable');
    expect(active.promises.consistency({ tolerate: 'crash', reads: 'one' })).toBe('sequential');
    expect([1, 3, 5].map((n) => active.promises.tolerates(n, 'crash'))).toEqual([0, 2, 4]);
    expect([1, 3, 4, 5].map((n) => active.promises.tolerates(n, 'byzantine'))).toEqual([0, 1, 1, 2]);
  });

  test('AR-7: proxies and reads at one replica manager are refused where replica managers may lie', () => {
    expect(active.refuses({ tolerate: 'byzantine', reads: 'order', proxy: false, membership: 'static' })).toBeNull();
    expect(active.refuses({ tolerate: 'byzantine', reads: 'order', proxy: true, membership: 'static' })).toMatch(
      /proxy/,
    );
    expect(active.refuses({ tolerate: 'byzantine', reads: 'one', proxy: false, membership: 'static' })).toMatch(
      /one replica manager/,
    );
    expect(active.refuses({ tolerate: 'crash', reads: 'one', proxy: true, membership: 'static' })).toBeNull();
  });

  test('messages have shapes', () => {
    const { call: calls, replies, cancel } = active.roles.static.shapes.frontEnd;
    expect([call('a', 1), call('a', 1, 'read', { origin: 'c/fe', seen: 3 })].every(calls)).toBe(true);
    const badCalls = [
      { ...call('a', 1), op: 1 },
      { ...call('a', 1), origin: 'c' },
      { ...call('a', 1), seen: -1 },
      null,
    ];
    expect(badCalls.some(calls)).toBe(false);
    expect(
      [
        reply('a', 1, undefined),
        { ...reply('a', 1, 0), outcome: { ok: false, error: { code: 'X', message: '' } } },
      ].every(replies),
    ).toBe(true);
    const badReplies = [
      { ...reply('a', 1, 0), outcome: { ok: 1 } },
      { ...reply('a', 1, 0), version: -1 },
      { ...reply('a', 1, 0), outcome: { ok: false } },
    ];
    expect(badReplies.some(replies)).toBe(false);
    expect(cancel({ session: 'a', seq: 1 })).toBe(true);
    expect(cancel({ session: 'a' })).toBe(false);
    const { read } = active.roles.static.shapes.replicaManager;
    expect(read({ request: request('a', 1, 'read'), seen: 0 })).toBe(true);
    expect(read({ request: request('a', 1), seen: 0 })).toBe(false);
    const { answers: back } = active.proxyClient(defaults).shapes;
    expect(back?.({ session: 'a', seq: 1, outcome: { ok: true }, by: ['rm-1'], version: 0 })).toBe(true);
    expect(back?.({ session: 'a', seq: 1, outcome: { ok: true }, version: 0 })).toBe(false);
  });
});

test('every transition of the charts is taken by one of the tests above', () => {
  for (const machine of [frontEnd(defaults), replicaManager(line(), defaults), proxyClient(defaults)]) {
    expect(coverage.missing(machine)).toEqual([]);
  }
});
