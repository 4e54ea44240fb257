/**
 * Who plays in a run, whatever moment of it is looked at: the actors of each node, and who has ever written to whom. It grows with the
 * timeline, so that a picture drawn from it stays as it is while time goes back and forth.
 */
import { kindNumber, NONE } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';

/** An actor of a node, with the longest name of a state that it has been in. */
export interface Part {
  readonly actor: string;
  readonly longest: string;
}

/** Two nodes, in the order of their names, and the indexes of what they sent first; infinite where there is nothing. */
export interface Pair {
  readonly a: string;
  readonly b: string;
  readonly first: number;
  /** Of what was for a request. */
  readonly served: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export class Cast {
  #timeline: Timeline;
  #branch: number;
  #events = 0;
  #parts = new Map<string, Map<string, string>>();
  #pairs = new Map<string, Pair>();
  /** Words of actors and states that are in already. */
  #known = new Set<string>();

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
      this.#parts = new Map();
      this.#pairs = new Map();
      this.#known = new Set();
    }
    for (; this.#events < timeline.length; this.#events++) this.#hear(this.#events);
  }

  /** In the order in which they were heard of. */
  partsOf(node: string): readonly Part[] {
    return [...(this.#parts.get(node) ?? [])].map(([actor, longest]) => ({ actor, longest }));
  }

  /** Those that had written to one another before this place. */
  pairsAt(place: number): readonly Pair[] {
    return [...this.#pairs.values()].filter(({ first }) => first < place);
  }

  #hear(index: number): void {
    const timeline = this.#timeline;
    const kind = timeline.kind.at(index);
    if (kind === kindNumber.sent) this.#meet(index);
    else if (kind === kindNumber.started || kind === kindNumber.transition) this.#play(index);
  }

  #play(index: number): void {
    const timeline = this.#timeline;
    const [node, actor, after] = [timeline.node.at(index), timeline.actor.at(index), timeline.after.at(index)];
    const key = `${node} ${actor} ${after}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    const name = timeline.text(node);
    const parts = this.#parts.get(name) ?? new Map<string, string>();
    this.#parts.set(name, parts);
    const state = timeline.text(after);
    const longest = parts.get(timeline.text(actor)) ?? '';
    parts.set(timeline.text(actor), state.length > longest.length ? state : longest);
  }

  #meet(index: number): void {
    const timeline = this.#timeline;
    const [from, to] = [timeline.text(timeline.node.at(index)), timeline.text(timeline.peer.at(index))];
    const [a, b] = from < to ? [from, to] : [to, from];
    const key = pairKey(a, b);
    const pair = this.#pairs.get(key);
    const isServing = timeline.request.at(index) !== NONE;
    if (pair !== undefined && (!isServing || pair.served !== NEVER)) return;
    this.#pairs.set(key, { a, b, first: pair?.first ?? index, served: isServing ? index : NEVER });
  }
}

/** The same for both ways. */
export const pairKey = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
