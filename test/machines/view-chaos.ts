/**
 * Random schedules for a group with views, and what must hold of every one: the rules of views (VS, GM-4) and of
 * delivery (MC), and that whatever grows has shrunk.
 */
import type { MemberContext } from '../../machines/membership/view-member.js';
import type { ViewSenderContext } from '../../machines/membership/view-synchronous-sender.js';
import { isTotal, keepsCausal, keepsFifo, type Order } from '../../machines/multicast/index.js';
import type { View } from '../../machines/shared/view.js';
import { type DeliveryRule, violations } from '../../runtime/check/deliveries.js';
import { same } from '../same.js';
import { randomFrom } from './schedule.js';
import { type Host, isUp, isView, World, type WorldOptions } from './view-world.js';

export function rulesOf(order: Order, uniform: boolean): DeliveryRule[] {
  const rules: DeliveryRule[] = ['integrity', 'validity', 'agreement'];
  if (uniform) rules.push('uniform agreement');
  if (keepsFifo(order)) rules.push('fifo');
  if (keepsCausal(order)) rules.push('causal');
  if (isTotal(order)) rules.push('total');
  if (isTotal(order) && uniform) rules.push('uniform total');
  return rules;
}

export function expectRules(world: World, rules: readonly DeliveryRule[]): void {
  const log = world.log();
  same(
    rules.flatMap((rule) => violations(log, rule)),
    [],
  );
}

/** View → what was delivered in it, as one text each. */
export function byView(host: Host): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const item of host.handed) {
    if (isView(item)) found.set(item.id, []);
    else
      found
        .get(item.view ?? 0)
        ?.push(`${item.sender}#${item.seq}${item.number === undefined ? '' : ` ${item.number}`}`);
  }
  return found;
}

export function expectViews(world: World): void {
  const views = new Map<number, View>();
  for (const host of world.hosts.values()) {
    const handed = host.handed.filter(isView);
    handed.forEach((view, i) => {
      same(views.get(view.id) ?? view, view);
      views.set(view.id, view);
      if (host.isMember) same([host.id, view.members.some(({ id }) => id === host.id)], [host.id, true]);
      if (i > 0) same(view.id, (handed[i - 1] as View).id + 1);
    });
  }
  for (const host of world.correct()) same(host.handed.filter(isView).at(-1)?.id, world.service.view.id);
}

/** VS-2: each delivery is in the view that stands. VS-1: who goes from one to the next together has delivered the same in it. */
export function expectSynchrony(world: World, order: Order): void {
  const hosts = [...world.hosts.values()].filter(({ isMember }) => isMember);
  const agreed = new Map<number, readonly string[]>();
  for (const host of hosts) {
    let now = 0;
    for (const item of host.handed) {
      if (isView(item)) now = item.id;
      else if (item.view !== now) same([host.id, item], [host.id, now]);
    }
    const sets = byView(host);
    for (const [view, delivered] of sets) {
      if (!sets.has(view + 1)) continue;
      const sequence = isTotal(order) ? delivered : [...delivered].sort();
      const other = agreed.get(view);
      if (other !== undefined) same([host.id, view, sequence], [host.id, view, other]);
      agreed.set(view, sequence);
    }
  }
}

/** Whatever grows has shrunk. */
export function expectNothingLeft(world: World): void {
  for (const { name } of world.correct()) {
    const { kept, pending, waiting, early, votes } = world.contextOf<MemberContext>(name);
    same([name, kept.size === 0 || kept.size, pending.size, waiting.size, early.size], [name, true, 0, 0, 0]);
    same(votes, []);
    same([name, world.stateOf(name)], [name, { following: 'stable' }]);
  }
  for (const host of world.latest.values()) {
    if (!host.isMember && isUp(host)) same(world.contextOf<ViewSenderContext>(host.name).untaken.size, 0);
  }
}

/** Random multicasts, delays, joins, leaves, crashes also between two sends, suspicions right and wrong. */
export function chaos(seed: number, rest: Pick<WorldOptions, 'order' | 'uniform'> & Partial<WorldOptions>): World {
  const random = randomFrom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T; // never empty here
  const members = 2 + below(4);
  const slow = 1 + below(80);
  const world = new World({
    members,
    outsiders: below(3),
    random,
    delay: () => 1 + below(random() < 0.2 ? slow * 4 : slow),
    stabilityInterval: 20 + below(80),
    transfer: () => below(400),
    ...rest,
  });
  const names = [...world.latest.keys()];
  const anchor = `m${1 + below(members)}`;
  const mortal = names.filter((name) => name !== anchor);
  const outsiders = names.filter((name) => name.startsWith('o'));
  const joiners = Array.from({ length: below(3) }, (_, i) => `j${i + 1}`);
  for (const name of joiners) world.at(below(500), () => world.join(name));
  const all = [...names, ...joiners];
  for (let i = 3 + below(12); i > 0; i--) {
    world.at(below(600), () => {
      const name = pick(all);
      if (world.latest.has(name)) world.multicast(name, 1 + below(3));
    });
  }
  for (let i = outsiders.length === 0 ? 0 : below(8); i > 0; i--)
    world.at(below(500), () => world.hear(pick(outsiders), pick(names)));
  const tellAll = (name: string): void => {
    const host = world.hostOf(name);
    for (const other of [...world.latest.keys()]) {
      if (other === name) continue;
      world.at(world.now + 50 + below(400), () => {
        if (random() < 0.3 || !host.isMember) world.gone(other, host);
        else world.suspect(other, name);
      });
    }
    world.at(world.now + 500 + below(400), () => world.service.suspect(host.id));
  };
  for (const name of mortal.filter(() => random() < 0.4)) {
    const lost = random();
    const when = below(600);
    world.at(when, () => {
      if (random() < 0.6) world.crashAfterSends(name, 1 + below(6));
      else world.crash(name, () => random() < lost);
    });
    world.at(when + below(300), () => {
      world.crash(name, () => random() < lost);
      tellAll(name);
      if (name.startsWith('m') && random() < 0.3) world.at(world.now + 400 + below(800), () => world.join(name));
    });
  }
  const watchers = names.filter((name) => name.startsWith('m'));
  for (let i = random() < 0.5 ? 0 : 1 + below(2); i > 0; i--) {
    world.at(below(700), () => {
      const [watcher, about] = [pick(watchers), pick([...world.latest.keys()])];
      if (about === anchor || about === watcher || outsiders.includes(about)) return;
      world.suspect(watcher, about);
      world.at(world.now + below(300), () => world.suspect(watcher, about, false));
    });
  }
  for (const name of mortal.filter((other) => !outsiders.includes(other) && random() < 0.15))
    world.at(below(700), () => world.tell(world.hostOf(name), 'leave', [{}]));
  return world;
}
