import { describe, expect, test } from '@jest/globals';
import { compared, MOST_POINTS, nothingCompared, reached, told } from '../../machines/active/comparison.js';
import { active } from '../../machines/active/index.js';
import { hearDigests } from '../../machines/active/member-digests.js';
import { execute, memberReplicaManager } from '../../machines/active/member-replica-manager.js';
import { install } from '../../machines/active/member-views.js';
import {
  observe,
  observerFrontEnd,
  request as requested,
  takeReplies,
} from '../../machines/active/observer-front-end.js';
import { surviving, type Word } from '../../machines/active/surviving.js';
import { CHUNK_BYTES } from '../../machines/membership/state-transfer.js';
import {
  type Address,
  groupName,
  nodeId,
  type SenderId,
  senderId,
  senderNode,
} from '../../machines/shared/identifiers.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { StyleSettings } from '../../machines/shared/style.js';
import type { Member, View } from '../../machines/shared/view.js';
import { linearizable, sequential } from '../../runtime/check/index.js';
import { same } from '../same.js';
import { lineModel, MemberGroup, type MemberPlan } from './active-members.js';
import {
  answers,
  Coverage,
  call,
  defaults,
  discards,
  expectPure,
  type Line,
  line,
  multicasts,
  Player,
  reply,
  request,
  seeds,
  sends,
  sent,
} from './stage.js';

const file = 'test/machines/active-dynamic.test.ts';
const coverage = new Coverage();

const rough: MemberPlan = {
  n: 3,
  frontEnds: 2,
  sessions: 3,
  requests: 3,
  crashes: 2,
  joins: 3,
  leaves: 1,
  suspicions: 1,
  coverage,
};

/** The members that the group ends with have one state, in which each update is once, and each that was answered. */
function expectReplicated(group: MemberGroup): void {
  const full = group.live.filter((host) => group.latest.view.members.some(({ id, full }) => full && id === host.id));
  expect(full.length).toBeGreaterThan(0);
  const states = full.map((host) => {
    const { value, version } = group.contextOf(host);
    return { value, version };
  });
  for (const state of states) same(state, states[0]);
  const tokens = (states[0]?.value.text ?? '').split(' ').slice(0, -1);
  same(new Set(tokens).size, tokens.length);
  for (const { session, issued, answers } of group.clients) {
    answers.forEach((_, i) => {
      const { op, seq } = issued[i]?.call ?? { op: '', seq: 0 };
      if (op === 'append') same([session, seq, tokens.includes(`${session}${seq}`)], [session, seq, true]);
    });
  }
}

const calm = { sessions: 3, requests: 6, crashes: 0, joins: 0, leaves: 0, suspicions: 0 } as const;

describe('every schedule', () => {
  test('AR-6, AR-14, VS-5, VS-6: members crash, leave, join and are wrongly suspected; linearizable, once each, one state', () => {
    let joined = 0;
    seeds(file, 2_000, (seed) => {
      const group = new MemberGroup({ ...rough, n: 2 + (seed % 3) }, seed);
      group.run();
      expectReplicated(group);
      const verdict = linearizable(group.history(), lineModel);
      same(verdict, { property: 'linearizable', verdict: 'holds' });
      joined += group.latest.view.members.filter(({ full, since }) => full && since > 1).length;
    });
    if (process.env.SEED === undefined) expect(joined).toBeGreaterThan(1_000);
  });

  test('AR-8: reads at one replica manager of a uniform group are sequentially consistent', () => {
    seeds(file, 300, (seed) => {
      const group = new MemberGroup({ ...rough, settings: { reads: 'one' } }, seed);
      group.run();
      expectReplicated(group);
      same(sequential(group.history(), lineModel), { property: 'sequential', verdict: 'holds' });
    });
  });
});

const member = (i: number, incarnation = 1): SenderId => senderId(nodeId(`rm-${i}`), incarnation);
/** Members by number: full since view 1; `joining` ones since this view. */
const viewOf = (id: number, full: readonly number[], joining: readonly number[] = []): View => ({
  group: groupName('g'),
  id,
  members: [
    ...full.map((i): Member => ({ id: member(i), since: 1, full: true })),
    ...joining.map((i): Member => ({ id: member(i), since: id, full: false })),
  ],
});
const from = (i: number): Address => `rm-${i}/rm`;
const here: Address = 'rm-1/group:g';
const word = (i: number, view: number, held = false): Word => ({
  member: member(i),
  view,
  reply: held ? null : reply('a', 1, 'x'),
});
const replyOf = (i: number, view: number, value = 'x') => ({ ...reply('a', 1, value), member: member(i), view });
const heldBy = (i: number, view: number) => ({ session: 'a', seq: 1, member: member(i), view });

function playFrontEnd(view: View | null, settings: Partial<StyleSettings> = {}): Player {
  const input = { node: nodeId('fe-1'), incarnation: 1, group: groupName('g'), members: [], first: 0 };
  const player = new Player(observerFrontEnd({ ...defaults, ...settings }), input, coverage);
  if (view !== null) player.tell('view', [view], 'fe-1/group:g');
  return player;
}

function playReplica(i: number, views: readonly View[], every = 2, object = line()): Player {
  const input = { node: nodeId(`rm-${i}`), incarnation: 1, group: groupName('g'), members: [] };
  const player = new Player(memberReplicaManager(object, { ...defaults, compareEvery: every }), input, coverage);
  for (const view of views) player.tell('view', [view], here);
  return player;
}

const deliveryOf = (view: number, number: number, ...requests: readonly unknown[]) => ({
  sender: senderId(nodeId('fe-1'), 1),
  seq: number,
  payload: { frontEnd: 'fe-1/fe', requests } as unknown as Serializable,
  number,
  view,
});
const digestOf = (i: number, view: number, number: number, digest: string, version = 0) => ({
  view,
  number,
  member: member(i),
  version,
  digest,
});

describe('when an answer survives', () => {
  test('AR-6: all members of the latest view that were in the view of the delivery have spoken', () => {
    const [one, two] = [viewOf(1, [1, 2, 3]), viewOf(2, [2, 3], [4])];
    expect(surviving(null, [word(1, 1)])).toBeNull();
    expect(surviving(one, [word(1, 1), word(2, 1)])).toBeNull();
    expect(surviving(one, [word(1, 1), word(2, 1), word(3, 1)])).toMatchObject({ member: member(1) });
    // Who is gone no more counts, and who came after the delivery need not speak.
    expect(surviving(two, [word(1, 1)])).toBeNull();
    expect(surviving(two, [word(1, 1), word(2, 1), word(3, 1)])).toMatchObject({ member: member(2) });
    // One who came before it must.
    expect(surviving(two, [word(2, 1), word(3, 2)])).toBeNull();
    expect(surviving(two, [word(2, 1), word(3, 2), word(4, 2, true)])).toMatchObject({ member: member(2) });
    // A view that is not known yet may have more members.
    expect(surviving(one, [word(1, 1), word(2, 2), word(3, 2)])).toBeNull();
    // Somebody must have told the result.
    expect(surviving(two, [word(2, 2, true), word(3, 2, true), word(4, 2, true)])).toBeNull();
  });

  test('AR-6: the front end answers with the last reply that is needed, or with the view that needs no more', () => {
    const player = playFrontEnd(viewOf(1, [1, 2, 3]));
    player.tell('call', [call('a', 1)]);
    expect(answers(player.tell('replies', [replyOf(1, 1)], from(1)))).toEqual([]);
    expect(discards(player.tell('replies', [replyOf(1, 1)], from(1)))).toEqual(['replies repeated 1']);
    expect(discards(player.tell('replies', [replyOf(2, 1)], from(3)))).toEqual(['replies stranger 1']);
    expect(answers(player.tell('replies', [replyOf(2, 1)], from(2)))).toEqual([]);
    expect(answers(player.tell('view', [viewOf(2, [1, 2])], here))).toMatchObject([{ session: 'a', by: ['rm-1'] }]);
    expect(player.state).toBe('idle');
    expect(discards(player.tell('replies', [replyOf(3, 1)], from(3)))).toEqual(['replies late 1']);
    expect(discards(player.tell('view', [viewOf(2, [1, 2])], here))).toEqual(['view late 1']);
    expect(player.tell('gone', [{ node: 'rm-3', incarnation: 1 }])).toEqual([]);
    expect(discards(player.tell('surprise', [1]))).toEqual(['surprise unfit 1']);
  });

  test('AR-6: a member that holds the request has spoken; its result tells more', () => {
    const player = playFrontEnd(viewOf(2, [1], [2]));
    player.tell('call', [call('a', 1)]);
    expect(answers(player.tell('held', [heldBy(2, 2)], from(2)))).toEqual([]);
    expect(answers(player.tell('view', [viewOf(3, [2])], here))).toEqual([]);
    expect(answers(player.tell('replies', [replyOf(2, 3)], from(2)))).toMatchObject([{ by: ['rm-2'] }]);
    player.tell('call', [{ ...call('a', 1) }, call('b', 1)]);
    player.tell('replies', [replyOf(2, 3)], from(2));
    expect(player.state).toBe('waiting');
    player.tell('cancel', [{ session: 'b', seq: 1 }]);
    expect(player.state).toBe('idle');
    const last = playFrontEnd(viewOf(2, [1], [2]));
    last.tell('call', [call('a', 1)]);
    last.tell('replies', [replyOf(1, 2)], from(1));
    expect(answers(last.tell('held', [heldBy(2, 2)], from(2)))).toHaveLength(1);
    expect(last.state).toBe('idle');
    expect(discards(last.tell('held', [heldBy(2, 2)], from(2)))).toEqual(['held late 1']);
    expect(discards(last.tell('cancel', [{ session: 'a', seq: 1 }]))).toEqual(['cancel late 1']);
  });

  test('AR-14: what has no answer for a round is multicast again with the same id, and only that', () => {
    const player = playFrontEnd(viewOf(1, [1, 2]));
    const [first] = multicasts(player.tell('call', [call('a', 1)]));
    player.wait(5);
    player.tell('call', [call('b', 1)]);
    expect(multicasts(player.wait(5))).toEqual([first]);
    expect(multicasts(player.wait(10))[0]?.payloads).toMatchObject([
      { requests: [{ session: 'b' }, { session: 'a' }] },
    ]);
  });

  test('AR-8: a read at one replica manager goes to a full member, and to another when that one leaves or is silent', () => {
    const player = playFrontEnd(null, { reads: 'one' });
    expect(multicasts(player.tell('call', [call('z', 1, 'read')]))).toHaveLength(1);
    player.tell('view', [viewOf(2, [1, 2], [3])], here);
    expect(sent(player.tell('call', [call('a', 1, 'read')]))).toEqual(['rm-1/rm read 1']);
    expect(sent(player.tell('view', [viewOf(3, [2], [3])], here))).toEqual(['rm-2/rm read 1']);
    expect(sent(player.tell('view', [viewOf(4, [2, 4])], here))).toEqual([]);
    player.wait(10);
    expect(sent(player.wait(10))).toContain('rm-4/rm read 1');
    expect(answers(player.tell('replies', [replyOf(4, 4)], from(4)))).toMatchObject([{ by: ['rm-4'], version: 1 }]);
  });

  test('FN-2: an update is 2n + 1 messages and three delays', () => {
    for (const n of [2, 3, 5]) {
      const view = viewOf(
        1,
        Array.from({ length: n }, (_, i) => i + 1),
      );
      const player = playFrontEnd(view);
      const [submit] = multicasts(player.tell('call', [call('a', 1)]));
      let messages = 1;
      let given = 0;
      for (const { id } of view.members) {
        const manager = playReplica(Number(senderNode(id).slice(3)), [view], 64);
        const delivery = { ...deliveryOf(1, 1), payload: submit?.payloads[0] };
        const replies = sends(manager.tell('delivered', [delivery], here));
        messages += 1 + replies.length;
        for (const { message } of replies)
          given += answers(player.tell('replies', message.items, `${senderNode(id)}/rm`)).length;
      }
      expect([messages, given]).toEqual([2 * n + 1, 1]);
    }
  });
});

describe('the replica manager', () => {
  test('AR-5: a reply names its giver and the view of the delivery; given again, that of then', () => {
    const player = playReplica(1, [viewOf(1, [1, 2])]);
    const [first] = sends(player.tell('delivered', [deliveryOf(1, 1, request('a', 1))], here));
    expect(first?.message.items).toMatchObject([{ member: 'rm-1:1', view: 1, version: 1 }]);
    player.tell('view', [viewOf(2, [1, 2])], here);
    const [again] = sends(player.tell('delivered', [deliveryOf(2, 1, request('a', 1))], here));
    expect(again?.message.items).toMatchObject([{ member: 'rm-1:1', view: 2, version: 1 }]);
    expect(player.context.value.text).toBe('a1 ');
  });

  test('AR-8: reads wait for what their front end has seen, and only a member that has the state takes them', () => {
    const read = { request: request('r', 1, 'read'), seen: 1 };
    const player = playReplica(1, [viewOf(1, [1, 2])]);
    expect(sends(player.tell('read', [read], 'fe-2/fe'))).toEqual([]);
    const replies = sends(player.tell('delivered', [deliveryOf(1, 1, request('a', 1))], here));
    expect(replies.map(({ to }) => to)).toEqual(['fe-1/fe', 'fe-2/fe']);
    expect(replies[1]?.message.items).toMatchObject([{ member: 'rm-1:1', view: 1, outcome: { value: 'a1 ' } }]);
    expect(sends(player.tell('read', [{ ...read, seen: 0 }], 'fe-2/fe'))).toHaveLength(1);
    const joining = playReplica(3, [viewOf(2, [1, 2], [3])]);
    expect(discards(joining.tell('read', [read], 'fe-2/fe'))).toEqual(['read unfit 1']);
  });

  test('VS-5, FN-3: one that joins holds what is delivered, says so, and executes it on the state', () => {
    const view = viewOf(2, [1], [3]);
    const donor = playReplica(1, [viewOf(1, [1])]);
    donor.tell('delivered', [deliveryOf(1, 1, request('a', 1))], here);
    const [offered] = sends(donor.tell('view', [view], here));
    const joiner = playReplica(3, []);
    // The donor may be in the view first, and others too.
    joiner.tell('digest', [digestOf(1, 1, 0, '')], from(1));
    const [held] = (() => {
      joiner.tell('view', [view], 'rm-3/group:g');
      return sends(
        joiner.tell('delivered', [deliveryOf(2, 1, request('b', 1)), { ...deliveryOf(2, 2), payload: 7 }], here),
      );
    })();
    expect(held).toMatchObject({
      to: 'fe-1/fe',
      message: { type: 'held', items: [{ session: 'b', member: 'rm-3:1', view: 2 }] },
    });
    expect(joiner.state).toBe('joining');
    const effects = joiner.tell('chunk', offered?.message.items ?? [], from(1));
    expect(sent(effects)).toEqual(['rm-1/rm chunk-taken 1', 'rm-3/group:g ready 1']);
    expect(joiner.state).toBe('awaiting');
    expect(joiner.context.value.text).toBe('a1 b1 ');
    expect(discards(joiner.tell('chunk', [1, 2], from(1)))).toEqual(['chunk unfit 2']);
    donor.tell('chunk-taken', [{ view: 2, number: 1 }], 'rm-3/rm');
    // The chunks that come before the first view count as well.
    const early = playReplica(3, []);
    early.tell('chunk', offered?.message.items ?? [], from(1));
    early.tell('view', [view], 'rm-3/group:g');
    expect(early.state).toBe('awaiting');
  });

  test('VS-5: one that is sent the state digests each part when it comes', () => {
    const donor = playReplica(1, [viewOf(1, [1])]);
    const long = request('a', 1, 'append', { args: ['x'.repeat(3 * CHUNK_BYTES)] });
    donor.tell('delivered', [deliveryOf(1, 1, long)], here);
    const digested: number[] = [];
    const joiner = playReplica(3, [viewOf(2, [1], [3])], 2, {
      ...line(),
      digestSoFar: (assembly) => {
        digested.push(JSON.stringify(assembly).length);
        return '';
      },
    });
    let effects = donor.tell('view', [viewOf(2, [1], [3])], here);
    while (joiner.state === 'joining') {
      const chunks = sends(effects).filter(({ message }) => message.type === 'chunk');
      const taken = chunks.flatMap(({ message }) => joiner.tell('chunk', message.items, from(1)));
      effects = sends(taken)
        .filter(({ message }) => message.type === 'chunk-taken')
        .flatMap(({ message }) => donor.tell('chunk-taken', message.items, from(3)));
    }
    expect(digested.length).toBeGreaterThan(0);
    expect(digested).toEqual([...digested].sort((a, b) => a - b));
  });

  test('VS-6: chunks of another donor that come before its view complete the state when the view does', () => {
    const next = viewOf(3, [2], [3]);
    const joiner = playReplica(3, [viewOf(2, [1, 2], [3])]);
    const second = playReplica(2, [viewOf(1, [1, 2])]);
    const [offered] = sends(second.tell('view', [next], here)).filter(({ message }) => message.type === 'chunk');
    joiner.tell('chunk', offered?.message.items ?? [], from(2));
    joiner.tell('view', [next], here);
    expect(joiner.state).toBe('awaiting');
    const waiting = playReplica(3, [viewOf(2, [1, 2], [3]), viewOf(3, [1, 2], [3])]);
    expect(waiting.state).toBe('joining');
  });

  test('GM-3: a member without which the group has gone on answers nothing more', () => {
    const without = viewOf(2, [2]);
    const player = playReplica(1, [viewOf(1, [1, 2]), without]);
    expect(player.state).toBe('outside');
    expect(sends(player.tell('delivered', [deliveryOf(2, 1, request('a', 1))], here))).toEqual([]);
    expect(playReplica(3, [viewOf(2, [2], [3]), viewOf(3, [2])]).state).toBe('outside');
    expect(playReplica(4, [without]).state).toBe('outside');
    expect(player.tell('gone', [{ node: 'rm-2', incarnation: 1 }])).toEqual([]);
  });
});

describe('states are compared', () => {
  test('AR-12: an operation that is not deterministic at one replica: that one stops, and names it; the others go on', () => {
    seeds(file, 100, (seed) => {
      const group = new MemberGroup({ ...rough, ...calm, faulty: [nodeId('rm-3')], coverage }, seed);
      group.run();
      expect(group.divergences).toHaveLength(1);
      expect(group.divergences[0]).toMatch(/^rm-3 STATES_DIFFER: .*append/);
      const others = group.live.filter(({ id }) => id !== member(3));
      same(
        others.map(({ player }) => player.state),
        ['awaiting', 'awaiting'],
      );
      expect(group.hosts.get(member(3))?.player.state).not.toBe('awaiting');
    });
  });

  test('AR-12: where there is no majority all stop', () => {
    seeds(file, 30, (seed) => {
      const faulty = [nodeId('rm-3'), nodeId('rm-4')];
      const group = new MemberGroup({ ...rough, ...calm, n: 4, faulty, coverage }, seed);
      group.run(1_500, false);
      same(
        [...group.hosts.values()].map(({ player }) => player.state),
        Array(4).fill('diverged'),
      );
    });
  });

  test('AR-12: found with a message, with a digest and with a view, alike', () => {
    const view = viewOf(1, [1, 2, 3]);
    const update = deliveryOf(1, 2, request('a', 1));
    const digests = (number: number, v = 1) => [2, 3].map((i) => digestOf(i, v, number, 'other', 1));
    const tellAll = (player: Player, items: ReturnType<typeof digests>) =>
      items.flatMap((item) => player.tell('digest', [item], from(Number(senderNode(item.member).slice(3)))));
    const first = playReplica(1, [view]);
    tellAll(first, digests(2));
    const stopping = first.tell('delivered', [update], here);
    expect(first.state).toBe('diverged');
    expect(sent(stopping)).toEqual(['rm-2/rm digest 1', 'rm-3/rm digest 1', 'rm-1/group:g leave 1']);
    expect(first.context.divergence).toMatchObject({
      code: 'STATES_DIFFER',
      majority: true,
      view: 1,
      number: 2,
      operations: ['append'],
    });
    expect(first.context.divergence.message).toContain('not deterministic: append.');
    expect(first.tell('view', [viewOf(2, [2, 3])], here)).toEqual([]);
    expect(sends(first.tell('delivered', [update], here))).toEqual([]);
    const second = playReplica(1, [view]);
    second.tell('delivered', [update], here);
    expect(discards(tellAll(second, digests(2)))).toEqual(['digest STATES_DIFFER: append 1']);
    expect(second.state).toBe('diverged');
    const third = playReplica(1, [view]);
    tellAll(third, digests(0, 2));
    third.tell('view', [viewOf(2, [1, 2, 3])], here);
    expect(third.state).toBe('diverged');
    const fourth = playReplica(1, [view]);
    expect(discards(fourth.tell('digest', [digestOf(2, 1, 2, ''), digestOf(2, 1, 2, '')], from(2)))).toEqual([
      'digest late 1',
    ]);
    expect(discards(fourth.tell('digest', [digestOf(2, 1, 4, '')], from(3)))).toEqual(['digest stranger 1']);
  });

  test('AR-12: what is kept for comparisons is bounded, and no operation in question is forgotten', () => {
    const view = viewOf(1, [1, 2, 3]);
    let comparing = nothingCompared;
    for (let i = 1; i <= MOST_POINTS + 4; i++) {
      comparing = reached({ ...comparing, operations: [`op${i}`] }, digestOf(1, 1, i, 'own'));
    }
    expect(comparing.open).toHaveLength(MOST_POINTS);
    const last = MOST_POINTS + 4;
    for (const i of [2, 3]) comparing = told(comparing, digestOf(i, 1, last, 'other')) ?? comparing;
    expect(compared(comparing, view, member(1)).divergence?.operations).toHaveLength(last);
  });
});

test('AR-13, FN-4: what the style says of groups whose members come and go', () => {
  expect(Object.keys(active.roles)).toEqual(['static', 'dynamic']);
  expect(active.needs.provider).toEqual(['sequencer', 'agreed']);
  expect(active.refuses({ tolerate: 'byzantine', reads: 'order', proxy: false, membership: 'dynamic' })).toMatch(
    /come and go/,
  );
  expect(active.refuses({ tolerate: 'crash', reads: 'one', proxy: true, membership: 'dynamic' })).toBeNull();
  expect(['order', 'one'].map((reads) => active.roles.dynamic.uniform({ reads } as StyleSettings))).toEqual([
    false,
    true,
  ]);
});

test('the rules are pure', () => {
  const view = { type: 'view', from: here, items: [viewOf(2, [1, 2], [3])] } as const;
  const frontEnd = playFrontEnd(viewOf(1, [1, 2]));
  frontEnd.tell('call', [call('a', 1)]);
  expectPure((context, event: never) => requested(context, event, 'one'), frontEnd.context, {
    type: 'call',
    from: here,
    items: [call('b', 1)],
  } as never);
  expectPure(takeReplies, frontEnd.context, { type: 'replies', from: from(1), items: [replyOf(1, 1)] });
  expectPure(observe, frontEnd.context, view);
  const manager = playReplica(1, [viewOf(1, [1, 2])]);
  const object = line();
  expectPure((context, event: typeof view) => install<Line>(context, event, object), manager.context, view);
  expectPure(hearDigests<Line>, manager.context, { type: 'digest', from: from(2), items: [digestOf(2, 1, 2, 'x')] });
  const batch = { frontEnd: 'fe-1/fe', requests: [request('a', 1)] } as const;
  const ordered = { ...manager.context, ordered: [{ view: 1, number: 2, batch }] };
  expectPure((context: typeof ordered, every: number) => execute<Line>(context, object, every), ordered, 2);
});

test('every state and transition of the charts has been taken', () => {
  if (process.env.SEED !== undefined) return;
  expect(coverage.missing(memberReplicaManager(line(), defaults))).toEqual([]);
  expect(coverage.missing(observerFrontEnd(defaults))).toEqual([]);
});
