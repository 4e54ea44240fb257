/**
 * A run as it stood at one place: which nodes were up, what state their actors were in, what was on its way, which faults were
 * in force. Made by going through the events one by one.
 */
import { kindNumber, NONE } from './chunk.js';
import type { Integers } from './columns.js';

interface ActorAt {
  /** Id of its chart; null where nobody said. */
  readonly chart: string | null;
  readonly state: string;
  /** Index of the event that brought it to this state. */
  readonly since: number;
}

export interface NodeAt {
  readonly up: boolean;
  readonly incarnation: number;
  /** Why it is down. */
  readonly reason: string | null;
  readonly actors: ReadonlyMap<string, ActorAt>;
  /** Index of the last view that it came to; NONE before. */
  readonly view: number;
}

type Column = Pick<Integers, 'at'>;

/** What a cut reads of a timeline. */
interface Events extends Record<'kind' | 'node' | 'actor' | 'peer' | 'word' | 'after' | 'amount' | 'sent', Column> {
  text(word: number): string;
}

/** A node as its own cut writes it; nobody else does. */
interface OwnNode {
  up: boolean;
  incarnation: number;
  reason: string | null;
  actors: Map<string, ActorAt>;
  view: number;
}

/** What ends a fault: its words, and one of these after them. */
export const endings: readonly string[] = [' heals', ' ends'];
/** No fault is in force from then on. */
export const ALL_END = 'faults end';
/** What is over as soon as it has struck. */
const strokes = /^(crash|recover|suspect|join|leave|lose):/;

export class Cut {
  place = 0;
  readonly nodes = new Map<string, NodeAt>();
  /** Indexes of messages sent and not yet arrived, without those that cannot any more: what they were bound for has crashed. */
  readonly flying = new Set<number>();
  /** Faults that last, in words. */
  readonly faults = new Set<string>();
  /** Those of `nodes` that no other cut has: a copy shares all until one of both is changed. */
  readonly #own = new Map<string, OwnNode>();

  copy(): Cut {
    const copy = new Cut();
    copy.place = this.place;
    for (const [name, node] of this.nodes) copy.nodes.set(name, node);
    for (const index of this.flying) copy.flying.add(index);
    for (const fault of this.faults) copy.faults.add(fault);
    this.#own.clear();
    return copy;
  }

  /** Takes the event at this index, which is the next. */
  apply(timeline: Events, index: number): void {
    this.place = index + 1;
    const name = timeline.text(timeline.node.at(index));
    const kind = timeline.kind.at(index);
    if (kind === kindNumber.fault) {
      this.#fault(timeline.text(timeline.word.at(index)));
      return;
    }
    if (kind === kindNumber.missed) {
      this.#miss();
      return;
    }
    if (!this.nodes.has(name)) this.#node(name);
    switch (kind) {
      case kindNumber.sent:
        this.#send(timeline.text(timeline.peer.at(index)), index);
        break;
      case kindNumber.received:
        this.flying.delete(timeline.sent.at(index));
        break;
      case kindNumber.lost:
        // The link sends it again, unless that is what has crashed.
        if (this.nodes.get(name)?.up === false) this.flying.delete(timeline.sent.at(index));
        break;
      case kindNumber.started:
      case kindNumber.transition: {
        const { actors } = this.#node(name);
        const actor = timeline.text(timeline.actor.at(index));
        const chart =
          kind === kindNumber.started ? timeline.text(timeline.word.at(index)) : (actors.get(actor)?.chart ?? null);
        actors.set(actor, { chart, state: timeline.text(timeline.after.at(index)), since: index });
        break;
      }
      case kindNumber.view:
        this.#node(name).view = index;
        break;
      case kindNumber.crashed:
        this.#crash(name, timeline, index);
        break;
      case kindNumber.recovered: {
        // Its actors have started already: the line comes last.
        const node = this.#node(name);
        node.up = true;
        node.reason = null;
        node.incarnation = timeline.amount.at(index);
        break;
      }
    }
  }

  /** The node, to be written. */
  #node(name: string): OwnNode {
    const own = this.#own.get(name);
    if (own !== undefined) return own;
    const { up = true, incarnation = 1, reason = null, actors, view = NONE } = this.nodes.get(name) ?? {};
    const node: OwnNode = { up, incarnation, reason, actors: new Map(actors), view };
    this.#own.set(name, node);
    this.nodes.set(name, node);
    return node;
  }

  #send(to: string, index: number): void {
    const peer = this.nodes.get(to);
    if (peer === undefined) this.#node(to);
    // Nothing that is bound for an incarnation that has ended arrives.
    if (peer?.up !== false) this.flying.add(index);
  }

  #crash(name: string, timeline: Events, index: number): void {
    const node = this.#node(name);
    node.up = false;
    node.reason = timeline.text(timeline.word.at(index));
    node.actors.clear();
    node.view = NONE;
    const word = timeline.node.at(index);
    for (const message of this.flying) if (timeline.peer.at(message) === word) this.flying.delete(message);
  }

  /** Nobody knows what has become of anything: all that stands is told anew. */
  #miss(): void {
    this.flying.clear();
    for (const name of this.nodes.keys()) {
      const node = this.#node(name);
      node.actors.clear();
      node.view = NONE;
    }
  }

  #fault(text: string): void {
    if (strokes.test(text)) return;
    if (text === ALL_END) {
      this.faults.clear();
      return;
    }
    const ending = endings.find((each) => text.endsWith(each));
    if (ending === undefined) this.faults.add(text);
    else this.faults.delete(text.slice(0, -ending.length));
  }
}
