/**
 * Nodes that can stand in for each other: of all states that differ only in which of them is which, one is explored. It
 * is the least of those that renaming the nodes leads to, so any state of such a class leads to the same one.
 */
import { ChoraleError } from '../errors.js';
import type { Actor } from './actors.js';
import { canonicalText } from './canonical.js';
import type { EnvironmentEvent } from './configuration.js';
import { describe, factorial, inverse, joined, matched, orders } from './permutations.js';
import type { Outcome } from './processes.js';
import { type Renaming, renamed, renamedText, renaming } from './renaming.js';
import type { Space } from './space.js';
import { Vector } from './vector.js';

/** Renamings that are tried on every state. */
const MOST = 720;

interface Permutation extends Renaming {
  /** Node → what it becomes; and the other way. */
  readonly to: readonly number[];
  readonly from: readonly number[];
  /** Event from outside → what it becomes; and observers. */
  readonly eventFrom: readonly number[];
  readonly observerFrom: readonly number[];
  readonly processes: number[];
  readonly messages: number[];
  readonly values: number[];
}

export class Symmetries {
  readonly #space: Space;
  readonly #permutations: readonly Permutation[];
  readonly #best = new Vector();
  readonly #other = new Vector();

  /** `space.successors` is at the initial state. Errors: SETTINGS_INVALID when that is not symmetric. */
  constructor(space: Space) {
    this.#space = space;
    const groups = space.configuration.symmetry ?? [];
    const ways = groups.reduce((product, { nodes }) => product * factorial(nodes.length), 1);
    if (ways > MOST)
      throw new ChoraleError(
        'SETTINGS_INVALID',
        `The symmetry of "${space.configuration.name}" has ${ways} ways to rename its nodes, and ${MOST} are the most: explore it without.`,
      );
    const sets = new Set(groups.flatMap((group) => group.sets ?? []));
    const maps = groups.reduce<ReadonlyMap<string, string>[]>(
      (all, { nodes }) => all.flatMap((names) => orders(nodes).map((order) => joined(names, nodes, order))),
      [new Map()],
    );
    this.#permutations = maps.map((names) => this.#permutation(renaming(names, sets)));
    this.#sortInitial();
    const initial = space.successors.next;
    for (const permutation of this.#permutations) {
      this.#rename(permutation, initial);
      if (!this.#other.equals(initial.ints, initial.length))
        throw this.#wrong(`a first state that is another when ${describe(permutation)}`);
    }
    const swaps = this.#permutations.filter(({ to }) => to.filter((target, node) => target !== node).length === 2);
    space.processes.met = (process, stimulus, outcome) => {
      for (const swap of swaps) this.#checkStep(swap, process, stimulus, outcome);
    };
  }

  /** A step of renamed nodes is the renamed step. What holds for swaps holds for all renamings. Errors: SETTINGS_INVALID. */
  #checkStep(swap: Permutation, process: number, stimulus: number, outcome: Outcome): void {
    const { processes } = this.#space;
    const [identity] = this.#permutations;
    if (identity === undefined) return;
    const { node, kind, events } = processes.stimuli.at(stimulus);
    const target = swap.to[node] as number; // a permutation of the nodes
    const others = events.map(({ actor, event }) => ({ actor, event: renamed(swap, event) }));
    const mirrored = processes.outcome(
      this.#process(swap, process),
      processes.stimulus({ node: target, kind, events: others }),
    );
    const texts = (how: Permutation, { next, sends, observations, failure }: Outcome): string =>
      [
        this.#process(how, next),
        sends.map((id) => this.#message(how, id)).sort((a, b) => a - b),
        observations.map((id) => canonicalText(renamed(how, processes.observations.at(id)))),
        failure === null,
      ].join(' ');
    if (texts(swap, outcome) === texts(identity, mirrored)) return;
    const types = events.map(({ event }) => event.type).join();
    throw this.#wrong(
      `a step of ${processes.nodes[node]} that is another when ${describe(swap)}: what it makes of ${types}`,
    );
  }

  /** Replaces the state by the one that stands for all that are like it. */
  canonicalise(state: Vector): void {
    const best = this.#best;
    this.#permutations.forEach((permutation, i) => {
      if (i > 0 && this.#isLarger(permutation, state)) return;
      this.#rename(permutation, state);
      if (i === 0 || isLess(this.#other, best)) best.copy(this.#other.ints, this.#other.length);
    });
    state.copy(best.ints, best.length);
  }

  /** Contexts as renaming leaves them, lists that are sets in their order. */
  #sortInitial(): void {
    const [identity] = this.#permutations;
    const { next } = this.#space.successors;
    if (identity === undefined) return;
    this.#rename(identity, next);
    next.copy(this.#other.ints, this.#other.length);
  }

  /** Most renamings are out of the question after a process or two. */
  #isLarger(permutation: Permutation, state: Vector): boolean {
    for (let node = 0; node < this.#space.layout.nodes; node++) {
      const renamed = this.#process(permutation, state.get(permutation.from[node] as number));
      const best = this.#best.get(node);
      if (renamed !== best) return renamed > best;
    }
    return false;
  }

  /** The renamed state, in `#other`. */
  #rename(permutation: Permutation, state: Vector): void {
    const { layout, configuration } = this.#space;
    const { from, eventFrom, observerFrom } = permutation;
    const other = this.#other;
    other.copy(state.ints, layout.network);
    for (let node = 0; node < layout.nodes; node++) {
      const source = from[node] as number; // a permutation of the nodes
      other.set(node, this.#process(permutation, state.get(source)));
      if (layout.fates >= 0) other.set(layout.fates + node, state.get(layout.fates + source));
      if (layout.untold >= 0)
        other.set(layout.untold + node, this.#bits(permutation, state.get(layout.untold + source)));
    }
    configuration.observers?.forEach((_, i) => {
      const value = state.get(layout.observers + (observerFrom[i] as number)); // a permutation of the observers
      other.set(layout.observers + i, this.#value(permutation, value));
    });
    layout.events.forEach((place, i) => {
      if (place >= 0) other.set(place, state.get(layout.events[eventFrom[i] as number] as number)); // of the events
    });
    this.#network(permutation, state);
  }

  #network(permutation: Permutation, state: Vector): void {
    const { layout, processes } = this.#space;
    const waiting: number[] = [];
    const queues: number[][] = [];
    for (let place = layout.network; place < state.length; place++) {
      const id = state.get(place);
      if (id < 0) queues.push([]);
      else (queues.at(-1) ?? waiting).push(this.#message(permutation, id));
    }
    for (const id of waiting.sort((a, b) => a - b)) this.#other.push(id);
    const marked = queues.map((ids) => ({ marker: -1 - processes.messages.at(ids[0] as number).queue, ids })); // none is empty
    for (const { marker, ids } of marked.sort((a, b) => b.marker - a.marker))
      for (const int of [marker, ...ids]) this.#other.push(int);
  }

  #bits({ to }: Permutation, bits: number): number {
    let renamed = 0;
    for (let node = 0; node < to.length; node++) if ((bits & (1 << node)) !== 0) renamed |= 1 << (to[node] as number);
    return renamed;
  }

  #process(permutation: Permutation, id: number): number {
    const known = permutation.processes[id];
    if (known !== undefined) return known;
    const { processes } = this.#space;
    const { actors } = processes;
    const { node, snapshots } = processes.states.at(id);
    const target = permutation.to[node] as number;
    const others = snapshots.map((snapshot) => {
      const kept = actors.snapshots.at(snapshot);
      const actor = processes.actorsOf(target).find(({ name }) => name === kept.actor.name) as Actor; // checked at the start
      const context = renamed(permutation, kept.snapshot.context, kept.actor.digests);
      const { value, historyValue, status } = kept.snapshot;
      return actors.keep(actor, actor.machine.resolveState({ value, context, historyValue, status }));
    });
    const process = processes.process(target, others);
    permutation.processes[id] = process;
    return process;
  }

  #message(permutation: Permutation, id: number): number {
    const { messages } = this.#space.processes;
    const known = permutation.messages[id];
    if (known !== undefined) return known;
    const before = messages.at(id);
    const message = messages.idOf(renamed(permutation, before.travelling));
    const { queue, loses, duplicates, kept, copies } = messages.at(message);
    const alike =
      [loses, duplicates, kept, copies].join() === [before.loses, before.duplicates, before.kept, before.copies].join();
    if (!alike || queue >= 0 !== before.queue >= 0) throw this.#wrong('a network that tells its nodes apart');
    permutation.messages[id] = message;
    return message;
  }

  #value(permutation: Permutation, id: number): number {
    const { observers } = this.#space;
    const known = permutation.values[id];
    if (known !== undefined) return known;
    const value = observers.idOf(renamed(permutation, observers.values.at(id)));
    permutation.values[id] = value;
    return value;
  }

  /** Errors: SETTINGS_INVALID. */
  #permutation(how: Renaming): Permutation {
    const { processes, configuration } = this.#space;
    const { nodes } = processes;
    const to = nodes.map((node) => nodes.indexOf(renamedText(how, node) as never)); // names of the same nodes
    to.forEach((target, node) => {
      const names = (place: number): string =>
        processes
          .actorsOf(place)
          .map(({ name, machine }) => `${name} ${processes.actors.all.findIndex((one) => one.machine === machine)}`)
          .join();
      if (target < 0) throw this.#wrong(`a node ${[...how.names.values()].join(', ')} that is not there`);
      if (names(node) !== names(target)) throw this.#wrong(`other actors on ${nodes[node]} than on ${nodes[target]}`);
    });
    const { environment = [], observers = [], faults = {} } = configuration;
    const mayCrash = faults.crashes?.nodes ?? [];
    if (mayCrash.some((node) => !mayCrash.includes(renamedText(how, node))))
      throw this.#wrong('nodes that may crash and others that may not');
    const textOf = (event: unknown, { times = 1, when }: EnvironmentEvent): string =>
      `${canonicalText(event)} ${times} ${when === undefined}`;
    const eventFrom = matched(
      environment.map((one) => textOf([one.to, one.event], one)),
      environment.map((one) => textOf(renamed(how, [one.to, one.event]), one)),
    );
    if (eventFrom === null) throw this.#wrong('events from outside that tell its nodes apart');
    const names = observers.map(({ name }) => name);
    const observerFrom = matched(
      names,
      names.map((name) => renamedText(how, name)),
    );
    if (observerFrom === null) throw this.#wrong('observers that tell its nodes apart');
    return {
      ...how,
      to,
      from: inverse(to),
      eventFrom,
      observerFrom,
      processes: [],
      messages: [],
      values: [],
    };
  }

  #wrong(why: string): ChoraleError {
    const { name } = this.#space.configuration;
    return new ChoraleError('SETTINGS_INVALID', `The symmetry that "${name}" declares is none: it has ${why}.`);
  }
}

function isLess(one: Vector, other: Vector): boolean {
  for (let i = 0; i < one.length && i < other.length; i++) {
    const difference = one.get(i) - other.get(i);
    if (difference !== 0) return difference < 0;
  }
  return one.length < other.length;
}
