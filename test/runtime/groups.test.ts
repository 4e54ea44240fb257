import { describe, expect, test } from '@jest/globals';
import { setup } from 'xstate';
import { groupMachine, isTotal, keepsCausal, keepsFifo, type Order, orders } from '../../machines/multicast/index.js';
import type { Delivery } from '../../machines/shared/effects.js';
import { address, type GroupName, groupActor, groupName, nodeId, senderId } from '../../machines/shared/identifiers.js';
import { Node } from '../../runtime/actors/node.js';
import { type DeliveryRule, type ProcessLog, type Sent, violations } from '../../runtime/check/deliveries.js';
import { VirtualClock } from '../../runtime/clock/virtual.js';
import { type NetworkConditions, SimulatedNetwork } from '../../runtime/simulate/network.js';
import { random } from '../../runtime/simulate/random.js';
import { CostCounter } from '../../runtime/trace/costs.js';
import { same } from '../same.js';
import { everySeed } from './runs.js';

/** An application that only listens. */
const listener = setup({}).createMachine({ on: { delivered: {} } });

interface Group {
  readonly name: GroupName;
  readonly order: Order;
  readonly uniform: boolean;
}

/** Nodes m-1 … m-n, members of every group at once; out-1 and out-2, outside of all; a sequencer for each total order. */
class World {
  readonly clock = new VirtualClock();
  readonly network: SimulatedNetwork;
  readonly costs = new CostCounter();
  readonly nodes = new Map<string, Node>();
  readonly logs = new Map<string, Delivery[]>();
  readonly sent = new Map<GroupName, Sent[]>();
  readonly crashed = new Set<string>();
  readonly members;
  readonly groups;
  readonly #seqs = new Map<string, number>();
  #calls = 0;

  constructor(seed: number, n: number, groups: readonly Group[], conditions: NetworkConditions) {
    this.groups = groups;
    this.members = Array.from({ length: n }, (_, i) => nodeId(`m-${i + 1}`));
    this.network = new SimulatedNetwork(this.clock, { seed, ...conditions });
    for (const group of groups) {
      this.sent.set(group.name, []);
      if (isTotal(group.order)) this.#host(this.#node(`seq-${group.name}`), group, 'sequencer');
    }
    for (const member of this.members) {
      const node = this.#node(member);
      for (const group of groups) {
        node.host(`app-${group.name}`, listener, () => undefined, { shapes: {} });
        this.#host(node, group, 'member');
      }
    }
    for (const name of ['out-1', 'out-2']) {
      const node = this.#node(name);
      for (const group of groups) this.#host(node, group, 'outsider');
    }
  }

  log(node: string, group: GroupName): Delivery[] {
    const key = `${node} ${group}`;
    const log = this.logs.get(key) ?? [];
    this.logs.set(key, log);
    return log;
  }

  multicast(name: string, group: GroupName): void {
    const node = this.nodes.get(name);
    if (node === undefined || this.crashed.has(name)) return;
    const sender = senderId(node.id, 1);
    const seq = (this.#seqs.get(`${name} ${group}`) ?? 0) + 1;
    this.#seqs.set(`${name} ${group}`, seq);
    const past = this.log(name, group).map(({ sender, seq }) => ({ sender, seq }));
    this.sent.get(group)?.push({ sender, seq, past, correct: true });
    this.#calls += 1;
    const cause = `${name}:1:c${this.#calls}`;
    this.costs.record({ t: this.clock.now(), node: name, kind: 'called', id: cause, requests: [`${sender}#${seq}`] });
    node.tell(
      groupActor(group),
      { type: 'multicast', from: address(node.id, `app-${group}`), items: [`${group} ${sender}#${seq}`] },
      cause,
    );
  }

  crash(name: string): void {
    this.crashed.add(name);
    this.nodes.get(name)?.crash('fault');
  }

  run(ms: number): void {
    const end = this.clock.now() + ms;
    for (let due = this.clock.nextDue(); due !== undefined && due <= end; due = this.clock.nextDue()) this.clock.step();
  }

  found(group: Group, rule: DeliveryRule): unknown[] {
    const processes = this.members.map(
      (process): ProcessLog => ({
        process,
        correct: !this.crashed.has(process),
        delivered: this.log(process, group.name),
      }),
    );
    const sent = (this.sent.get(group.name) ?? []).map((message) => ({
      ...message,
      correct: !this.crashed.has(message.sender.slice(0, message.sender.indexOf(':'))),
    }));
    return violations({ sent, processes }, rule);
  }

  #node(name: string): Node {
    const id = nodeId(name);
    const node = new Node({
      id,
      incarnation: 1,
      clock: this.clock,
      transport: this.network,
      recorder: this.costs,
      hooks: { delivered: (group, _actor, deliveries) => void this.log(name, group).push(...deliveries) },
    });
    this.nodes.set(name, node);
    return node;
  }

  #host(node: Node, { name, order, uniform }: Group, role: 'member' | 'outsider' | 'sequencer'): void {
    const { machine, shapes, intake } = groupMachine(role, order);
    const input = () => ({
      node: node.id,
      incarnation: 1,
      group: name,
      order,
      members: this.members,
      sequencer: isTotal(order) ? nodeId(`seq-${name}`) : null,
      uniform,
      tolerates: 1,
      stabilityInterval: 20,
    });
    const deliverTo = role === 'member' ? { deliverTo: `app-${name}` } : {};
    node.host(groupActor(name), machine, input, { shapes, intake, ...deliverTo });
  }
}

const bad: NetworkConditions = { delay: [1, 20], loss: 0.2, duplicate: 0.1 };
const groups: Group[] = orders.map((order) => ({ name: groupName(order), order, uniform: false }));
groups.push({ name: groupName('fifo-uniform'), order: 'fifo', uniform: true });

function busy(seed: number, crashes: boolean): World {
  const world = new World(seed, 3, groups, bad);
  const chance = random(seed, 'workload');
  const senders = ['m-1', 'm-2', 'm-3', 'out-1', 'out-2'];
  for (let i = 0; i < 30; i++) {
    const group = groups[chance.int(0, groups.length - 1)] as Group; // in range
    const sender = senders[chance.int(0, 4)] as string;
    world.clock.setTimeout(() => world.multicast(sender, group.name), chance.int(0, 150));
  }
  if (crashes) {
    // a member or an outsider, often between the frames of one multicast
    const victim = senders[chance.int(0, 4)] as string;
    world.clock.setTimeout(() => world.crash(victim), chance.int(0, 150) + chance.float());
  }
  world.run(60_000);
  return world;
}

const everywhere: DeliveryRule[] = ['integrity', 'validity', 'agreement'];
const rulesOf = (order: Order): DeliveryRule[] => [
  ...everywhere,
  ...(keepsFifo(order) ? (['fifo'] as const) : []),
  ...(keepsCausal(order) ? (['causal'] as const) : []),
  ...(isTotal(order) ? (['total', 'uniform agreement'] as const) : []),
];

describe('groups on real nodes and links, over a bad network', () => {
  test('MC-11: one process is in seven groups with different orders at once, and each keeps its own rules', () => {
    everySeed(100, 'MC-11', (seed) => {
      const world = busy(seed, false);
      for (const group of groups) {
        for (const rule of rulesOf(group.order)) same(world.found(group, rule), []);
        for (const { payload } of world.log('m-1', group.name)) expect(payload).toMatch(new RegExp(`^${group.name} `));
      }
    });
  });

  test('MC-1: MC-2: MC-3: MC-4: with a crash of a member or an outsider half way, every group keeps its rules', () => {
    everySeed(150, 'MC-1', (seed) => {
      const world = busy(seed, true);
      for (const group of groups) {
        for (const rule of rulesOf(group.order)) same(world.found(group, rule), []);
        if (group.uniform) same(world.found(group, 'uniform agreement'), []);
      }
    });
  });

  test('MC-9: an outsider multicasts by the name of the group, and gets what members get', () => {
    everySeed(50, 'MC-9', (seed) => {
      const world = new World(seed, 3, groups, bad);
      for (const group of groups) for (let i = 0; i < 4; i++) world.multicast('out-1', group.name);
      world.run(60_000);
      for (const group of groups) {
        for (const rule of rulesOf(group.order)) same(world.found(group, rule), []);
        for (const member of world.members) expect(world.log(member, group.name)).toHaveLength(4);
      }
    });
  });
});

describe('MC-12: what a multicast costs, counted', () => {
  const calm: NetworkConditions = { delay: [1, 1], loss: 0, duplicate: 0 };

  test.each(orders)('MC-12: order %s', (order) => {
    for (const n of [2, 3, 5, 8]) {
      for (const [sender, inside] of [
        ['out-1', false],
        ['m-1', true],
      ] as const) {
        const group = { name: groupName('g'), order, uniform: false };
        const world = new World(1, n, [group], calm);
        world.multicast(sender, group.name);
        const started = world.clock.now();
        const delivered = (): number => world.members.filter((m) => world.log(m, group.name).length > 0).length;
        while (delivered() < n && world.clock.step());
        expect(delivered()).toBe(n);
        // each frame takes 1 ms, so the time is the number of delays
        expect(world.clock.now() - started).toBe(isTotal(order) ? 2 : 1);
        expect(world.costs.of(`${sender}:1#1`).messages).toBe((isTotal(order) ? n + 1 : n) - (inside ? 1 : 0));
      }
    }
  });

  test('MC-12: a quiet group sends nothing', () => {
    const world = new World(1, 3, groups, calm);
    for (const group of groups) world.multicast('m-2', group.name);
    world.run(10_000);
    const before = world.network.counts.frames;
    world.run(600_000);
    expect(world.network.counts.frames).toBe(before);
  });
});
