/**
 * A run as it stood at one place: which nodes were up, what state their actors were in, what was on its way, which faults were
 * in force. Made by going through the events one by one.
 */
import { kindNumber, NONE } from './chunk.js';
import type { Timeline } from './timeline.js';

export interface ActorAt {
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

const fresh: NodeAt = { up: true, incarnation: 1, reason: null, actors: new Map(), view: NONE };

/** What ends a fault: its words, and one of these after them. */
const endings = [' heals', ' ends'];
/** What is over as soon as it has struck. */
const strokes = /^(crash|recover|suspect|join|leave|lose):/;

export class Cut {
  place = 0;
  readonly nodes = new Map<string, NodeAt>();
  /** Indexes of messages sent and not yet arrived. */
  readonly flying = new Set<number>();
  /** Faults that last, in words. */
  readonly faults = new Set<string>();

  copy(): Cut {
    const copy = new Cut();
    copy.place = this.place;
    for (const [name, node] of this.nodes) copy.nodes.set(name, node);
    for (const index of this.flying) copy.flying.add(index);
    for (const fault of this.faults) copy.faults.add(fault);
    return copy;
  }

  /** Takes the event at this index, which is the next. */
  apply(timeline: Timeline, index: number): void {
    this.place = index + 1;
    const name = timeline.text(timeline.node.at(index));
    const kind = timeline.kind.at(index);
    if (kind === kindNumber.fault) {
      this.#fault(timeline.text(timeline.word.at(index)));
      return;
    }
    const node = this.nodes.get(name) ?? fresh;
    if (!this.nodes.has(name)) this.nodes.set(name, node);
    switch (kind) {
      case kindNumber.sent:
        this.flying.add(index);
        this.#meet(timeline.text(timeline.peer.at(index)));
        break;
      case kindNumber.received:
        this.flying.delete(timeline.sent.at(index));
        break;
      case kindNumber.started:
      case kindNumber.transition: {
        const actors = new Map(node.actors);
        const actor = timeline.text(timeline.actor.at(index));
        const chart =
          kind === kindNumber.started ? timeline.text(timeline.word.at(index)) : (actors.get(actor)?.chart ?? null);
        actors.set(actor, { chart, state: timeline.text(timeline.after.at(index)), since: index });
        this.nodes.set(name, { ...node, actors });
        break;
      }
      case kindNumber.view:
        this.nodes.set(name, { ...node, view: index });
        break;
      case kindNumber.crashed:
        this.nodes.set(name, {
          ...node,
          up: false,
          reason: timeline.text(timeline.word.at(index)),
          actors: new Map(),
          view: NONE,
        });
        break;
      case kindNumber.recovered:
        // Its actors have started already: the line comes last.
        this.nodes.set(name, { ...node, up: true, reason: null, incarnation: timeline.amount.at(index) });
        break;
    }
  }

  #meet(name: string): void {
    if (!this.nodes.has(name)) this.nodes.set(name, fresh);
  }

  #fault(text: string): void {
    if (strokes.test(text)) return;
    if (text === 'faults end') {
      this.faults.clear();
      return;
    }
    const ending = endings.find((each) => text.endsWith(each));
    if (ending === undefined) this.faults.add(text);
    else this.faults.delete(text.slice(0, -ending.length));
  }
}
