import { describe, expect, test } from '@jest/globals';
import { type Process, processGroups, type SimulatedGroups, simulateGroups } from 'chorale';
import { enter, type Room, roomName } from '../../examples/chat/room.js';
import { random } from '../../runtime/simulate/random.js';

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error) => String(error.code),
  );
const noise = { order: 'causal', delivered: () => {} } as const;

describe('process groups', () => {
  test('GM-1: a group is made and unmade by name at run time', async () => {
    const groups = simulateGroups();
    const [ann, bob] = [groups.process('ann'), groups.process('bob')];
    expect(await code(groups.until(ann.join('room', noise)))).toBe('NO_GROUP');
    await groups.until(ann.create('room'));
    expect(await code(groups.until(bob.create('room')))).toBe('GROUP_EXISTS');
    const ended: string[] = [];
    await groups.until(ann.join('room', { ...noise, ended: (why) => ended.push(`ann ${why}`) }));
    await groups.until(bob.join('room', { ...noise, ended: (why) => ended.push(`bob ${why}`) }));
    expect(await code(bob.join('room', noise))).toBe('SETTINGS_INVALID');
    await groups.until(bob.destroy('room'));
    groups.advance(500);
    expect(ended.sort()).toEqual(['ann destroyed', 'bob destroyed']);
    expect(() => ann.multicast('room', 1)).toThrow(expect.objectContaining({ code: 'NO_GROUP' }));
    expect(await code(ann.destroy('room'))).toBe('NO_GROUP');
    await groups.until(ann.create('room'));
    await groups.until(ann.join('room', noise));
    groups.close();
  });

  test('GM-2: a process joins and leaves by request, and hears of both by views', async () => {
    const groups = simulateGroups();
    const [ann, bob] = [groups.process('ann'), groups.process('bob')];
    const views: string[] = [];
    await groups.until(ann.create('room'));
    const view = ({ members }: { members: readonly { id: string }[] }) =>
      void views.push(members.map(({ id }) => id).join());
    await groups.until(ann.join('room', { ...noise, view }));
    await groups.until(bob.join('room', noise));
    groups.advance(300);
    await groups.until(bob.leave('room'));
    groups.advance(300);
    expect([...new Set(views)]).toEqual(['ann:1', 'ann:1,bob:1']);
    expect(views.at(-1)).toBe('ann:1');
    expect(await code(bob.join('room', noise))).toBe('GROUP_LEFT');
    expect(await code(bob.leave('room'))).toBe('NO_GROUP');
    groups.crash('bob');
    await groups.until(groups.process('bob').join('room', noise));
    groups.close();
  });

  test('GM-2: a static group refuses both', async () => {
    const groups = simulateGroups();
    const [ann, bob, eve] = ['ann', 'bob', 'eve'].map((name) => groups.process(name)) as [Process, Process, Process]; // three
    await groups.until(ann.create('board', { members: ['ann', 'bob'], static: true }));
    const heard: unknown[] = [];
    await groups.until(ann.join('board', noise));
    await groups.until(bob.join('board', { order: 'causal', delivered: ({ payload }) => heard.push(payload) }));
    expect(await code(groups.until(eve.join('board', noise)))).toBe('STATIC_GROUP');
    expect(await code(groups.until(ann.leave('board')))).toBe('STATIC_GROUP');
    ann.multicast('board', 'still here');
    groups.advance(200);
    expect(heard).toEqual(['still here']);
    groups.close();
  });

  test('MC-11: one process is in several groups with different orders at once', async () => {
    const groups = simulateGroups({ seed: 3, delay: [1, 40] });
    const [ann, bob] = [groups.process('ann'), groups.process('bob')];
    const orders = ['fifo', 'causal', 'total'] as const;
    const heard = new Map<string, unknown[]>();
    for (const order of orders) {
      await groups.until(ann.create(order));
      for (const process of [ann, bob]) {
        const list: unknown[] = [];
        heard.set(`${process.name} ${order}`, list);
        await groups.until(process.join(order, { order, delivered: ({ payload }) => list.push(payload) }));
      }
    }
    groups.advance(1_000);
    for (let i = 1; i <= 10; i++) {
      for (const order of orders) for (const process of [ann, bob]) process.multicast(order, `${process.name} ${i}`);
      groups.advance(7);
    }
    groups.advance(2_000);
    for (const order of orders) expect(heard.get(`bob ${order}`)).toHaveLength(20);
    expect(heard.get('bob total')).toEqual(heard.get('ann total'));
    groups.close();
  });

  test('in real time as in virtual time', async () => {
    const groups = processGroups();
    try {
      const [ann, bob] = [groups.process('ann'), groups.process('bob')];
      await ann.create('room');
      const annsRoom = await enter(ann);
      const heard = new Promise((resolve) => {
        void enter(bob, resolve).then(() => annsRoom.say('hello'));
      });
      expect(await heard).toMatchObject({ text: 'hello' });
    } finally {
      groups.close();
    }
  });
});

/** What anybody has seen before what it answers, or twice. */
function wrongIn(room: Room): string[] {
  const seen = new Set<string>();
  const said = new Set(room.seen.map(({ id }) => id));
  const wrong: string[] = [];
  for (const { id, answers } of room.seen) {
    if (answers !== null && said.has(answers) && !seen.has(answers)) wrong.push(`${id} before ${answers}`);
    if (seen.has(id)) wrong.push(`${id} twice`);
    seen.add(id);
  }
  return wrong;
}

async function converse(seed: number, groups: SimulatedGroups): Promise<{ rooms: Room[]; replies: number }> {
  const chance = random(seed, 'chat');
  const rooms = new Map<string, Room>();
  const all: Room[] = [];
  let replies = 0;
  const come = async (name: string): Promise<void> => {
    const process = groups.process(name);
    if (name === 'p1') await groups.until(process.create(roomName));
    const room = await groups.until(enter(process));
    rooms.set(name, room);
    all.push(room);
  };
  for (const name of ['p1', 'p2', 'p3']) await come(name);
  for (let turn = 0; turn < 40; turn++) {
    const names = [...rooms.keys()];
    const name = names[chance.int(0, names.length - 1)] as string; // in range
    const room = rooms.get(name) as Room; // its key
    const last = room.seen.at(-1)?.id ?? null;
    room.say(`turn ${turn}`, last);
    if (last !== null) replies += 1;
    groups.advance(chance.int(0, 15));
    if (turn === 10) await come('p4');
    if (turn === 20 && rooms.size > 2) {
      rooms.delete('p2');
      groups.crash('p2');
    }
    if (turn === 30) {
      const leaver = rooms.get('p3');
      rooms.delete('p3');
      if (leaver !== undefined) void leaver.leave();
    }
  }
  groups.advance(2_000);
  return { rooms: all, replies };
}

test('MC-3: nobody sees a reply before what it answers, while members join, leave and crash', async () => {
  let replies = 0;
  for (let seed = 1; seed <= 8; seed++) {
    const groups = simulateGroups({ seed, delay: [1, 60], loss: 0.1, duplicate: 0.1, suspectAfter: 800 });
    const found = await converse(seed, groups);
    groups.close();
    replies += found.replies;
    expect({ seed, wrong: found.rooms.flatMap(wrongIn) }).toEqual({ seed, wrong: [] });
    const [first, , , fourth] = found.rooms;
    const known = new Set(first?.seen.map(({ id }) => id));
    expect({ seed, missed: fourth?.seen.filter(({ id }) => !known.has(id)) }).toEqual({ seed, missed: [] });
    expect(fourth?.seen.length).toBeGreaterThan(0);
  }
  expect(replies).toBeGreaterThan(100);
}, 60_000);
