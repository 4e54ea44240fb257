/**
 * Which transitions were taken, and how often, up to any place: an index of a timeline's steps that grows with it, so that moving
 * the cursor costs a few searches in sorted lists, however long the run is.
 */
import { kindNumber, NONE } from './chunk.js';
import { Integers } from './columns.js';
import type { Timeline } from './timeline.js';

/** An actor that a timeline has heard of. */
export interface Known {
  readonly node: string;
  readonly actor: string;
  /** Id of its chart; null where nobody said. */
  readonly chart: string | null;
}

interface Kept extends Known {
  chart: string | null;
  /** Numbers of the steps that it took. */
  readonly steps: Integers;
  /** By the transition's word. */
  readonly of: Map<number, Integers>;
}

export class Taken {
  #timeline: Timeline;
  #branch: number;
  #events = 0;
  #steps = 0;
  #actors = new Map<string, Kept>();

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.#branch = timeline.branch;
  }

  /** Takes in what is new, of this timeline or another. */
  update(timeline: Timeline): void {
    if (timeline !== this.#timeline || timeline.branch !== this.#branch) {
      this.#timeline = timeline;
      this.#branch = timeline.branch;
      this.#events = 0;
      this.#steps = 0;
      this.#actors = new Map();
    }
    for (; this.#events < timeline.length; this.#events++) this.#hear(this.#events);
    for (; this.#steps < timeline.steps.place.length; this.#steps++) this.#take(this.#steps);
  }

  /** Whether the source tells of steps at all: a trace from a file does not. */
  get isTold(): boolean {
    return this.#steps > 0;
  }

  /** In the order in which they were heard of. */
  actors(): readonly Known[] {
    return [...this.#actors.values()];
  }

  /** By the actor, or by all that have its chart. */
  group(node: string, actor: string, all: boolean): readonly Known[] {
    const own = this.#actors.get(keyOf(node, actor));
    if (own === undefined) return [];
    return all && own.chart !== null ? [...this.#actors.values()].filter(({ chart }) => chart === own.chart) : [own];
  }

  /** How often these took it among the first steps of the run. */
  count(by: readonly Known[], transition: string, steps: number): number {
    let count = 0;
    for (const list of this.#lists(by, transition)) count += countBelow(list, steps);
    return count;
  }

  /** Number of the last step among the first that is this transition of theirs, or any; NONE where there is none. */
  last(by: readonly Known[], transition: string | null, steps: number): number {
    let last = NONE;
    for (const list of this.#lists(by, transition)) {
      const count = countBelow(list, steps);
      if (count > 0) last = Math.max(last, list.at(count - 1));
    }
    return last;
  }

  /** Number of the first step from there on; NONE where there is none. */
  next(by: readonly Known[], transition: string | null, steps: number): number {
    let next = NONE;
    for (const list of this.#lists(by, transition)) {
      const count = countBelow(list, steps);
      if (count < list.length && (next === NONE || list.at(count) < next)) next = list.at(count);
    }
    return next;
  }

  *#lists(by: readonly Known[], transition: string | null): Iterable<Integers> {
    const word = transition === null ? NONE : this.#timeline.wordOf(transition);
    for (const { node, actor } of by) {
      const kept = this.#actors.get(keyOf(node, actor));
      const list = transition === null ? kept?.steps : kept?.of.get(word);
      if (list !== undefined) yield list;
    }
  }

  #hear(index: number): void {
    const timeline = this.#timeline;
    const kind = timeline.kind.at(index);
    if (kind !== kindNumber.started && kind !== kindNumber.transition) return;
    const kept = this.#kept(timeline.node.at(index), timeline.actor.at(index));
    if (kind === kindNumber.started) kept.chart = timeline.text(timeline.word.at(index));
  }

  #take(step: number): void {
    const { steps } = this.#timeline;
    const kept = this.#kept(steps.node.at(step), steps.actor.at(step));
    kept.steps.push(step);
    const transition = steps.transition.at(step);
    const list = kept.of.get(transition);
    if (list === undefined) kept.of.set(transition, new Integers([step]));
    else list.push(step);
  }

  #kept(nodeWord: number, actorWord: number): Kept {
    const node = this.#timeline.text(nodeWord);
    const actor = this.#timeline.text(actorWord);
    const key = keyOf(node, actor);
    const known = this.#actors.get(key);
    if (known !== undefined) return known;
    const kept: Kept = { node, actor, chart: null, steps: new Integers(), of: new Map() };
    this.#actors.set(key, kept);
    return kept;
  }
}

const keyOf = (node: string, actor: string): string => `${node}/${actor}`;

/** How many of a rising list are below a bound. */
function countBelow(list: Integers, bound: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list.at(middle) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
