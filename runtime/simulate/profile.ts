/**
 * Fault profiles, drawn from a seed. Swarm testing (Groce and others 2012): each run leaves most kinds of trouble out and
 * has much of the others, because a run with a little of everything hides what only one kind of trouble shows.
 */

import { isTotal } from '../../machines/multicast/order.js';
import type { Backups, FaultModel, Membership, Style } from '../../machines/shared/style.js';
import { CLOCK_DRIFT } from '../cluster/settings.js';
import { ChoraleError } from '../errors.js';
import type { NetworkConditions } from './network.js';
import { type Random, random } from './random.js';

export const profileNames = ['mixed', 'calm', 'network', 'crash', 'partition', 'byzantine', 'beyond'] as const;
/**
 * `mixed`: everything that the style goes on under: as a rule what it claims to outlive; lazy replication goes on under crashes, and
 * loses updates. `calm`: nothing. `network`: loss, duplication and reordering only. `crash`, `partition`, `byzantine`: a calm
 * network and that. `beyond`: more crashes or liars than the claim covers.
 */
export type ProfileName = (typeof profileNames)[number];

export interface ProfileSubject {
  readonly style: Pick<Style, 'promises' | 'phases' | 'needs'>;
  readonly settings: { readonly tolerate: FaultModel; readonly backups?: Backups; readonly lease?: number };
  /** Whether members come and go. */
  readonly membership: Membership;
  readonly replicas: number;
  /** Each with a front end of its own: `fe-1` to `fe-N`. */
  readonly clients: number;
  /** ms in which the work is done: every fault strikes within them, and every partition and lateness ends. */
  readonly horizon: number;
}

/** Conditions and settings are to be spread into the settings of a simulation. */
export interface Profile {
  readonly conditions: NetworkConditions;
  readonly settings: { readonly retryAfter: number };
  /** How soon a silent node is suspected, where nodes are. */
  readonly more: { readonly heartbeat?: number; readonly suspectAfter?: number };
  /** In the words of docs/faults.md. */
  readonly faults: readonly string[];
}

/** Replicas of the membership service where nobody sets their number. */
const SERVICE = 3;

/** Most ms that a partition lasts: links give a peer up after thirty seconds of silence. */
const LONGEST = 10_000;

/** Errors: INPUT_INVALID. */
export function profileFor(name: string): ProfileName {
  const found = profileNames.find((each) => each === name);
  if (found === undefined) {
    throw new ChoraleError(
      'INPUT_INVALID',
      `There is no fault profile "${name}": there are ${profileNames.join(', ')}.`,
    );
  }
  return found;
}

/** The same arguments give the same profile. */
export function drawProfile(seed: number, subject: ProfileSubject, name: ProfileName = 'mixed'): Profile {
  const draw = new Draw(random(seed, `profile ${name}`), subject);
  const settings = { retryAfter: draw.chance.int(20, 500) };
  const conditions =
    name === 'network' || name === 'mixed' ? draw.network() : ({ delay: [1, 3], loss: 0, duplicate: 0 } as const);
  return { conditions, settings, more: draw.patience(), faults: draw.faults(name) };
}

class Draw {
  readonly chance: Random;
  readonly #subject: ProfileSubject;
  /** Replica managers in an order drawn from the seed: the first of them are the faulty ones. */
  readonly #replicas: readonly string[];

  constructor(chance: Random, subject: ProfileSubject) {
    this.chance = chance;
    this.#subject = subject;
    this.#replicas = this.#shuffled(Array.from({ length: subject.replicas }, (_, i) => `rm-${i + 1}`));
  }

  faults(name: ProfileName): string[] {
    switch (name) {
      case 'calm':
      case 'network':
        return [];
      case 'crash':
        return [...this.#crashes(this.chance.int(0, this.#failing())), ...this.#frontEndCrashes(), ...this.#disks()];
      case 'partition':
        return this.#partitions();
      case 'byzantine':
        return this.#liars(this.#lying() ? this.#tolerated() : 0);
      case 'beyond':
        return this.#tooMany();
      case 'mixed':
        return this.#mixture();
    }
  }

  network(): NetworkConditions {
    const most = this.#often() ? this.chance.int(5, 100) : 3;
    return {
      delay: [this.chance.int(0, 2), most],
      loss: this.#often() ? this.#rounded(0.4) : 0,
      duplicate: this.#often() ? this.#rounded(0.4) : 0,
    };
  }

  /** Impatient detectors suspect nodes that are well, so that the group goes on without them. */
  patience(): Profile['more'] {
    if (this.#subject.membership === 'static') return {};
    const suspectAfter = random(this.chance.int(0, 2 ** 31), 'patience').int(80, 500);
    return { heartbeat: Math.ceil(suspectAfter / 5), suspectAfter };
  }

  #tolerated(): number {
    const { style, settings, replicas } = this.#subject;
    return Math.min(replicas, style.promises.tolerates(replicas, settings.tolerate, settings.backups));
  }

  /** Replica managers that may fail at most, so that the service goes on, or does so when they are back. */
  #failing(): number {
    const { style, settings, replicas } = this.#subject;
    if (style.promises.returns?.(settings) === true) return replicas;
    return style.promises.goesOnWithout?.(replicas) ?? this.#tolerated();
  }

  /** Whether lies are within the claim. */
  #lying(): boolean {
    return this.#subject.settings.tolerate === 'byzantine';
  }

  /** No more replica managers fail than the style goes on without; nothing else limits what comes together. */
  #mixture(): string[] {
    const faulty = this.chance.int(0, this.#failing());
    const lying = this.#lying() && this.#often() ? this.chance.int(0, faulty) : 0;
    return [
      ...this.#liars(lying),
      ...(this.#often() ? this.#departures(faulty - lying, lying) : []),
      ...(this.#often() ? this.#frontEndCrashes() : []),
      ...(this.#often() ? this.#partitions() : []),
      ...(this.#often() ? this.#omissions() : []),
      ...(this.#often() ? this.#lateness() : []),
      ...(this.#often() ? this.#skews() : []),
      ...(this.#often() ? this.#spells() : []),
      ...(this.#often() ? this.#disks() : []),
    ];
  }

  /** Who fails, or, where members come and go, leaves or is suspected though well: the group goes on without it alike. */
  #departures(count: number, spared: number): string[] {
    if (this.#subject.membership === 'static') return this.#crashes(count, spared);
    const left = this.chance.int(0, count);
    const others = this.#replicas.slice(spared + left, spared + count).map((node) => {
      return `${this.#often() ? 'suspect' : 'leave'}:${node}@${this.#time()}ms`;
    });
    return [...this.#crashes(left, spared), ...others, ...this.#joins(), ...this.#serviceFaults()];
  }

  #joins(): string[] {
    const { replicas } = this.#subject;
    return Array.from({ length: this.chance.int(0, 2) }, (_, i) => `join:rm-${replicas + 1 + i}@${this.#time()}ms`);
  }

  /** A minority of the membership service's replicas fails (GM-7), and those that lead are thought to, so that others lead. */
  #serviceFaults(): string[] {
    if (!this.#often()) return [];
    const suspicions = Array.from({ length: this.chance.int(0, 2) }, () => {
      return `suspect:${this.#one(this.#service())}@${this.#time()}ms`;
    });
    if (this.#often()) return suspicions;
    return [...suspicions, ...this.#timedCrash(this.#one(this.#service()))];
  }

  /** One over what is claimed at least, so that the claim is seen to have an edge. */
  #tooMany(): string[] {
    const { replicas, horizon } = this.#subject;
    const faulty = this.chance.int(Math.min(replicas, this.#tolerated() + 1), replicas);
    // They tell the same lie: liars that contradict each other are outvoted by fewer.
    return this.#lying()
      ? this.#replicas.slice(0, faulty).map((node) => `lie:${node}=A`)
      : this.#replicas.slice(0, faulty).map((node) => `crash:${node}@${this.chance.int(0, Math.ceil(horizon / 2))}ms`);
  }

  /** Crashes of `count` replica managers after the first `spared`, by time or by event; some come back. */
  #crashes(count: number, spared = 0): string[] {
    const { style, settings } = this.#subject;
    if (style.promises.returns?.(settings) === true)
      return this.#replicas.slice(0, count).flatMap((node) => this.#passingCrashes(node));
    return this.#replicas.slice(spared, spared + count).flatMap((node) => {
      return this.#often() ? [`crash:${node}@${this.#occurrence()}`] : this.#timedCrash(node);
    });
  }

  /** It may come back. */
  #timedCrash(node: string): string[] {
    const at = this.#time();
    return [`crash:${node}@${at}ms`, ...(this.#often() ? [`recover:${node}@${this.#after(at)}ms`] : [])];
  }

  /** Who is down when the faults end comes back then. */
  #passingCrashes(node: string): string[] {
    const crashes = Array.from({ length: this.chance.int(1, 2) }, () => {
      const at = this.#time();
      return [
        `crash:${node}@${this.#often() ? this.#occurrence() : `${at}ms`}`,
        `recover:${node}@${this.#after(at)}ms`,
      ];
    });
    return [...crashes.flat(), `recover:${node}@${this.#subject.horizon}ms`];
  }

  #frontEndCrashes(): string[] {
    const { clients } = this.#subject;
    return Array.from({ length: this.chance.int(0, Math.ceil(clients / 2)) }, () => {
      const node = `fe-${this.chance.int(1, clients)}`;
      return this.#often() ? [`crash:${node}@RE#${this.chance.int(1, 10)}`] : this.#timedCrash(node);
    }).flat();
  }

  #partitions(): string[] {
    return Array.from({ length: this.chance.int(1, 3) }, () => {
      const nodes = this.#shuffled(this.#everybody());
      const cut = this.chance.int(1, nodes.length - 1);
      const [from, to] = [nodes.slice(0, cut), nodes.slice(cut)];
      return `partition:${from.join()}${this.#often() ? '|' : '>'}${to.join()}${this.#span()}`;
    });
  }

  #liars(count: number): string[] {
    return this.#replicas.slice(0, count).map((node) => {
      const kinds = [`lie:${node}`, `lie:${node}=A`, `silent:${node}`, `equivocate:${node}`];
      return this.#one(kinds);
    });
  }

  #omissions(): string[] {
    return this.#some().map(
      (node) => `${this.#often() ? 'omit-send' : 'omit-receive'}:${node}:${this.#rounded(0.5)}${this.#span()}`,
    );
  }

  /** Whoever is late in all it does is late in what it waits for too: with a lease, that is a clock out of bounds. */
  #lateness(): string[] {
    if (this.#leased()) return [];
    return this.#some().map((node) => `slow:${node}:${this.chance.int(2, 20)}${this.#span()}`);
  }

  /** Leases are safe while no clock runs more wrong than is assumed. */
  #skews(): string[] {
    const [least, most] = this.#leased() ? [100 * (1 - CLOCK_DRIFT), 100 * (1 + CLOCK_DRIFT)] : [50, 200];
    return this.#some().map((node) =>
      this.#often()
        ? `skew:${node}:${this.chance.int(Math.ceil(least), Math.floor(most)) / 100}${this.#span()}`
        : `skew:${node}:${this.#one(['+', '-'])}${this.chance.int(1, 1000)}ms${this.#span()}`,
    );
  }

  #leased(): boolean {
    return (this.#subject.settings.lease ?? 0) > 0;
  }

  #disks(): string[] {
    const service = this.#service();
    const disks = service.length === 0 ? this.#replicas : this.#shuffled([...this.#replicas, ...service]);
    return disks
      .slice(0, this.chance.int(1, 3))
      .map((node) =>
        this.#one([
          `disk-lose:${node}`,
          `disk-tear:${node}`,
          `disk-slow:${node}:${this.chance.int(1, 50)}ms${this.#span()}`,
        ]),
      );
  }

  /** The whole network is bad for a while. */
  #spells(): string[] {
    return [
      ...(this.#often() ? [`loss:${this.#rounded(0.8)}${this.#span()}`] : []),
      ...(this.#often() ? [`delay:1..${this.chance.int(20, 200)}ms${this.#span()}`] : []),
    ];
  }

  /** Half of the time: each kind of trouble is there or is not. */
  #often(): boolean {
    return this.chance.chance(0.5);
  }

  /** From one per cent up. */
  #rounded(most: number): number {
    return this.chance.int(1, most * 100) / 100;
  }

  #occurrence(): string {
    const { update } = this.#subject.style.phases;
    const atReplicas = update.filter((phase) => phase !== 'RE');
    return `${this.#one([...atReplicas, 'sent:replies'])}#${this.chance.int(1, 20)}`;
  }

  #time(): number {
    return this.chance.int(0, this.#subject.horizon);
  }

  #after(time: number): number {
    return this.chance.int(time, this.#subject.horizon);
  }

  #span(): string {
    const { horizon } = this.#subject;
    const start = this.chance.int(0, Math.max(0, horizon - 1));
    const end = this.chance.int(Math.min(start + 1, horizon), horizon);
    return `@${start}ms..${Math.min(end, start + LONGEST)}ms`;
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[this.chance.int(0, items.length - 1)] as Item; // never called with none
  }

  /** One to three nodes. */
  #some(): string[] {
    return this.#shuffled(this.#everybody()).slice(0, this.chance.int(1, 3));
  }

  #everybody(): string[] {
    const { style, clients } = this.#subject;
    const sequenced = this.#subject.membership === 'static' && style.needs.order.some(isTotal);
    return [
      ...this.#replicas,
      ...Array.from({ length: clients }, (_, i) => `fe-${i + 1}`),
      ...(sequenced ? ['sequencer'] : []),
      ...this.#service(),
    ];
  }

  /** The membership service's replicas, where members come and go. */
  #service(): string[] {
    if (this.#subject.membership === 'static') return [];
    return Array.from({ length: SERVICE }, (_, i) => `ms-${i + 1}`);
  }

  #shuffled<Item>(items: readonly Item[]): Item[] {
    const left = [...items];
    const shuffled: Item[] = [];
    while (left.length > 0) shuffled.push(...left.splice(this.chance.int(0, left.length - 1), 1));
    return shuffled;
  }
}
