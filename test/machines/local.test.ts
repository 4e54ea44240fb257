import { describe, expect, test } from '@jest/globals';
import {
  askNext,
  believe,
  type FrontEndContext,
  frontEnd,
  giveUp,
  passOver,
  request as requested,
} from '../../machines/local/front-end.js';
import { local } from '../../machines/local/index.js';
import {
  apply,
  execute,
  passOn,
  type ReplicaManagerContext,
  type ReplicaManagerEvent,
  replicaManager,
  takeRequests,
} from '../../machines/local/replica-manager.js';
import type { Delivery, Effect } from '../../machines/shared/effects.js';
import { groupName, type NodeId, nodeId, senderId } from '../../machines/shared/identifiers.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { StyleSettings } from '../../machines/shared/style.js';
import { random } from '../../runtime/simulate/random.js';
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

const FILE = 'test/machines/local.test.ts';
const coverage = new Coverage();
const group = groupName('g');

const playFrontEnd = (first = 0): Player =>
  new Player(
    frontEnd(defaults),
    { node: nodeId('fe-1'), incarnation: 1, group, members: addresses(3), first },
    coverage,
  );

const playReplica = (node = 'rm-1', incarnation = 1, settings: StyleSettings = defaults) => {
  const object = line();
  const input = { node: nodeId(node), incarnation, group, members: members(3) };
  return { player: new Player(replicaManager(object, settings), input, coverage), object };
};

const delivery = (sender: string, payload: unknown): Delivery => ({
  sender: senderId(nodeId(sender), 1),
  seq: 1,
  payload: payload as Serializable,
});
const payloads = (effects: readonly Effect[]): readonly Serializable[] =>
  multicasts(effects).flatMap((effect) => effect.payloads);
const gone = (...nodes: string[]) => nodes.map((node) => ({ node, incarnation: 1 }));

describe('the front end', () => {
  test('it sends what is called to one replica manager, and believes its answer', () => {
    const player = playFrontEnd(1);
    expect(player.state).toBe('idle');
    const effects = player.tell('call', [call('a', 1), call('b', 1, 'read', { origin: 'c-1/fe', seen: 3 })]);
    expect(phased(effects)).toEqual([['RE', 'a#1', 'b#1']]);
    expect(multicasts(effects)).toEqual([]);
    expect(sends(effects)).toMatchObject([
      { to: rm(2), message: { type: 'requests', items: [request('a', 1), request('b', 1, 'read')] } },
    ]);
    expect(player.state).toBe('waiting');
    expect(player.tags).toEqual(['RE']);
    const ended = player.tell('replies', [reply('a', 1, 'x'), reply('b', 1, 'y'), reply('c', 1, 'z')], rm(2));
    expect(answers(ended)).toEqual([
      { session: 'a', seq: 1, outcome: { ok: true, value: 'x' }, by: ['rm-2'], version: 1 },
    ]);
    expect(sent(ended)).toEqual(['c-1/fe answers 1']);
    expect(phased(ended)).toEqual([['END', 'a#1', 'b#1']]);
    expect(discards(ended)).toEqual(['replies late 1']);
    expect(player.state).toBe('idle');
    expect(discards(player.tell('replies', [reply('a', 1, 'x')], rm(1)))).toEqual(['replies late 1']);
  });

  test('a session has one request out at a time', () => {
    const player = playFrontEnd();
    player.tell('call', [call('a', 1)]);
    const more = player.tell('call', [call('a', 1), call('a', 2), call('b', 1)]);
    expect(sent(more)).toEqual(['rm-1/rm requests 1']);
    expect(discards(more)).toEqual(['call busy 1']);
    expect(discards(player.tell('replies', [reply('a', 1, 'x')], 'rm-7/rm'))).toEqual(['replies stranger 1']);
    player.tell('replies', [reply('a', 1, 'x')], rm(1));
    expect(player.state).toBe('waiting');
    player.tell('cancel', [{ session: 'b', seq: 1 }]);
    expect(player.state).toBe('idle');
    expect(discards(player.tell('cancel', [{ session: 'b', seq: 1 }]))).toEqual(['cancel late 1']);
    expect(player.tell('call', [])).toEqual([]);
    expect(discards(player.tell('delivered', [1]))).toEqual(['delivered unfit 1']);
  });

  test('it asks the next replica manager when the first is gone or silent', () => {
    const player = playFrontEnd();
    player.tell('gone', gone('rm-2'));
    player.tell('call', [call('a', 1)]);
    expect(sent(player.wait(10))).toEqual(['rm-3/rm requests 1']);
    expect(sent(player.tell('gone', gone('rm-3')))).toEqual(['rm-1/rm requests 1']);
    expect(sent(player.tell('call', [call('b', 1)]))).toEqual(['rm-1/rm requests 1']);
    player.tell('cancel', [{ session: 'b', seq: 1 }]);
    expect(player.state).toBe('waiting');
    expect(sent(player.wait(20))).toEqual(['rm-1/rm requests 1']);
  });
});

describe('the replica manager', () => {
  test('FN-2: it executes and answers first, and passes the updates on afterwards: EX END AC', () => {
    const { player } = playReplica();
    expect(player.state).toBe('awaiting');
    const effects = player.tell(
      'requests',
      [request('a', 1), request('b', 1, 'read'), request('c', 1, 'fail')],
      'fe-1/fe',
    );
    expect(phased(effects)).toEqual([
      ['EX', 'a#1', 'b#1', 'c#1'],
      ['END', 'a#1', 'b#1', 'c#1'],
      ['AC', 'a#1', 'c#1'],
    ]);
    expect(effects.map(({ type }) => type)).toEqual(['phase', 'phase', 'send', 'phase', 'multicast']);
    expect(payloads(effects)).toEqual([{ frontEnd: 'rm-1/rm', requests: [request('a', 1), request('c', 1, 'fail')] }]);
    expect(player.state).toBe('awaiting');
    expect(player.context).toMatchObject({ version: 2, untold: [], batches: [] });
    const query = player.tell('requests', [request('b', 2, 'read')], 'fe-1/fe');
    expect(phased(query).map(([phase]) => phase)).toEqual(['EX', 'END']);
    expect(multicasts(query)).toEqual([]);
  });

  test('the others execute what they hear of and answer nobody; it takes no notice of its own', () => {
    const first = playReplica('rm-1');
    const second = playReplica('rm-2');
    const passed = payloads(first.player.tell('requests', [request('a', 1)], 'fe-1/fe'));
    const [batch] = passed;
    const heard = second.player.tell('delivered', [delivery('rm-1', batch)]);
    expect(heard).toEqual([{ type: 'phase', phase: 'AC', requests: ['a#1'] }]);
    expect(second.player.context).toMatchObject({ value: { text: 'a1 ' }, version: 1 });
    expect(first.player.tell('delivered', [delivery('rm-1', batch)])).toEqual([]);
    expect(first.object.log).toEqual(['a#1']);
  });

  test('AR-14: a request repeated at the same replica is executed once; at another it is executed again', () => {
    const first = playReplica('rm-1');
    const second = playReplica('rm-2');
    const passed = payloads(first.player.tell('requests', [request('a', 1)], 'fe-1/fe'));
    const again = first.player.tell('requests', [request('a', 1)], 'fe-1/fe');
    expect(sends(again)[0]?.message.items).toEqual([reply('a', 1, 'a1 ')]);
    expect(multicasts(again)).toEqual([]);
    expect(first.object.log).toEqual(['a#1']);
    first.player.tell('requests', [request('a', 2)], 'fe-1/fe');
    expect(discards(first.player.tell('requests', [request('a', 1)], 'fe-1/fe'))).toEqual(['requests stale 1']);
    // The naive part: the second replica manager serves the same request, and then hears of it from the first.
    second.player.tell('requests', [request('a', 1)], 'fe-1/fe');
    second.player.tell(
      'delivered',
      passed.map((payload) => delivery('rm-1', payload)),
    );
    expect(second.player.context.value.text).toBe('a1 a1 ');
  });

  test('a session that it does not know is served: another replica manager may know it', () => {
    const { player } = playReplica();
    expect(sends(player.tell('requests', [request('a', 9)], 'fe-1/fe'))[0]?.message.items).toMatchObject([
      { outcome: { ok: true } },
    ]);
  });

  test('what is no batch is dropped and counted', () => {
    const { player, object } = playReplica();
    const bad = [null, 3, { frontEnd: 'rm-2/rm', requests: [{}] }].map((payload) => delivery('rm-2', payload));
    expect(discards(player.tell('delivered', bad))).toEqual(['delivered malformed 3']);
    expect(object.log).toEqual([]);
    expect(discards(player.tell('read', [1]))).toEqual(['read unfit 1']);
    expect(player.tell('gone', gone('fe-1'))).toEqual([]);
  });

  test('one that has come back keeps silent', () => {
    const { player, object } = playReplica('rm-1', 2);
    expect(player.state).toBe('silent');
    expect(discards(player.tell('requests', [request('a', 1)], 'fe-1/fe'))).toEqual(['requests unfit 1']);
    expect(discards(player.tell('delivered', [delivery('rm-2', null)]))).toEqual(['delivered unfit 1']);
    expect(player.tell('gone', gone('rm-2'))).toEqual([]);
    expect(object.log).toEqual([]);
  });
});

/** Three replicas, a client at each, and updates that pass between them at some time or other. */
function independent(seed: number) {
  const chance = random(seed, 'local');
  const replicas = members(3).map((node) => ({ node, ...playReplica(node) }));
  const flying: { to: NodeId; from: NodeId; payload: Serializable }[] = [];
  const history: { at: NodeId; session: string; op: string; value: unknown }[] = [];
  const seqs = new Map<string, number>();
  const arrive = (): void => {
    const [next] = flying.splice(chance.int(0, Math.max(0, flying.length - 1)), 1);
    const replica = replicas.find(({ node }) => node === next?.to);
    if (next !== undefined) replica?.player.tell('delivered', [delivery(next.from, next.payload)]);
  };
  for (let step = 0; step < 30; step++) {
    if (chance.chance(0.5)) arrive();
    else {
      const replica = replicas[chance.int(0, 2)];
      const session = `s${chance.int(0, 2)}`;
      const seq = (seqs.get(session) ?? 0) + 1;
      seqs.set(session, seq);
      const op = chance.chance(0.5) ? 'append' : 'read';
      if (replica === undefined) continue;
      const effects = replica.player.tell('requests', [request(session, seq, op)], 'fe-1/fe');
      const [answer] = sends(effects).flatMap(({ message }) => message.items) as { outcome: { value: unknown } }[];
      history.push({ at: replica.node, session, op, value: answer?.outcome.value });
      for (const payload of payloads(effects)) {
        for (const { node } of replicas)
          if (node !== replica.node) flying.push({ from: replica.node, to: node, payload });
      }
    }
  }
  while (flying.length > 0) arrive();
  return { replicas, history };
}

describe('the whole', () => {
  test('CC-7: set at B, set and get at A: A answers y = 2 and then x = 0, for it has not heard of B', () => {
    const a = playReplica('rm-1').player;
    const b = playReplica('rm-2').player;
    b.tell('requests', [request('client', 1)], 'fe-1/fe');
    a.tell('requests', [request('client', 2)], 'fe-1/fe');
    const [read] = sends(a.tell('requests', [request('client', 3, 'read')], 'fe-1/fe'));
    expect(read?.message.items).toMatchObject([{ outcome: { value: 'client2 ' } }]);
  });

  test('every update reaches every replica once, in orders that may differ for ever; a client can miss its own writes', () => {
    let apart = 0;
    let missed = 0;
    seeds(FILE, 500, (seed) => {
      const { replicas, history } = independent(seed);
      const words = replicas.map(({ player }) => player.context.value.text.split(' ').sort());
      expect(words[1]).toEqual(words[0]);
      expect(words[2]).toEqual(words[0]);
      expect(new Set(words[0]).size).toBe(words[0]?.length);
      const texts = new Set(replicas.map(({ player }) => player.context.value.text));
      if (texts.size > 1) apart += 1;
      const written = new Map<string, number>();
      for (const { session, op, value } of history) {
        if (op === 'append') written.set(session, (written.get(session) ?? 0) + 1);
        else if (String(value).split(`${session}`).length - 1 < (written.get(session) ?? 0)) missed += 1;
      }
    });
    if (process.env.SEED !== undefined) return;
    expect(apart).toBeGreaterThan(100);
    expect(missed).toBeGreaterThan(100);
  });

  test('an answered update dies with the only replica manager that has it', () => {
    const front = playFrontEnd();
    const first = playReplica('rm-1').player;
    const second = playReplica('rm-2').player;
    const [asked] = sends(front.tell('call', [call('a', 1)]));
    const done = first.tell('requests', asked?.message.items ?? [], 'fe-1/fe');
    expect(answers(front.tell('replies', sends(done)[0]?.message.items ?? [], rm(1)))).toMatchObject([
      { outcome: { ok: true } },
    ]);
    // It crashes before its multicast reaches anybody.
    front.tell('gone', gone('rm-1'));
    const [next] = sends(front.tell('call', [call('a', 2, 'read')]));
    expect(next?.to).toBe(rm(2));
    expect(sends(second.tell('requests', next?.message.items ?? [], 'fe-1/fe'))[0]?.message.items).toEqual([
      reply('a', 2, '', 0),
    ]);
  });
});

test('the rules are pure', () => {
  const front = playFrontEnd();
  front.tell('call', [call('a', 1), call('b', 1)]);
  const context: FrontEndContext = front.context;
  const of = <Type extends string, Item>(type: Type, items: Item[]) => ({ type, from: rm(1), items });
  expectPure(requested, context, of('call', [call('c', 1)]));
  expectPure(believe, context, of('replies', [reply('a', 1, 'x')]));
  expectPure(giveUp, context, of('cancel', [{ session: request('a', 1).session, seq: 1 }]));
  expectPure(passOver, context, of('gone', [{ node: nodeId('rm-1'), incarnation: 1 }]));
  expectPure(askNext, context, {});
  const { player, object } = playReplica();
  const idle: ReplicaManagerContext<Line> = player.context;
  const events: ReplicaManagerEvent[] = [
    of('requests', [request('a', 1)]),
    of('delivered', [delivery('rm-2', { frontEnd: 'rm-2/rm', requests: [request('b', 1)] })]),
  ];
  for (const event of events) {
    if (event.type === 'requests') {
      expectPure((_, next) => takeRequests<Line>(next), idle, event);
      expectPure((before, _) => execute(before, object), { ...idle, ...takeRequests<Line>(event) }, {});
      expectPure((before, _) => passOn(before), { ...idle, untold: event.items }, {});
    } else if (event.type === 'delivered') expectPure((before, next) => apply(before, next, object), idle, event);
  }
});

test('FN-4: the style promises nothing, needs no total order, and refuses to tolerate lies', () => {
  expect(local.name).toBe('local');
  expect(local.needs).toEqual({ order: ['unordered', 'fifo', 'causal'], deterministic: false });
  expect(local.promises.consistency()).toBe('none');
  expect(local.promises.tolerates()).toBe(0);
  expect(local.refuses({ tolerate: 'byzantine', reads: 'order', proxy: false })).toMatch(/votes/);
  expect(local.refuses({ tolerate: 'crash', reads: 'one', proxy: true })).toBeNull();
  expect(local.roles.static.shapes.replicaManager.requests(request('a', 1))).toBe(true);
  expect(local.roles.static.shapes.replicaManager.requests({ ...request('a', 1), seq: 'x' })).toBe(false);
  expect(local.roles.static.replicaManager(line() as never, defaults).id).toBe('local replica manager');
  expect(local.proxyClient(defaults).machine.id).toBe('proxy client');
});

test('every transition of the charts is taken by one of the tests above', () => {
  for (const machine of [frontEnd(defaults), replicaManager(line(), defaults)])
    expect(coverage.missing(machine)).toEqual([]);
});
