/**
 * Which message a delivery was in, where the trace does not say: it names the message that released it. Multicasts of one sender are
 * delivered in the order in which they were sent, whatever the order of the group, and links keep that order: the oldest
 * message of that sender that has something left is the one.
 */
import { NONE } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';

/** Types of messages that carry multicasts (machines/multicast). */
const carrying = new Set(['data', 'ordered', 'offer']);

interface Waiting {
  /** Index of its `received`. */
  readonly index: number;
  readonly sent: number;
  /** Word: the node that it came from. */
  readonly from: number;
  left: number;
}

export class HoldBack {
  /** By node, then by actor (words): received and not wholly delivered, oldest first. */
  readonly #waiting = new Map<number, Map<number, Waiting[]>>();

  receive(timeline: Timeline, index: number): void {
    if (!carrying.has(timeline.text(timeline.word.at(index)))) return;
    const waiting = {
      index,
      sent: timeline.sent.at(index),
      from: timeline.peer.at(index),
      left: timeline.amount.at(index),
    };
    const node = timeline.node.at(index);
    const actor = timeline.actor.at(index);
    const actors = this.#waiting.get(node) ?? new Map<number, Waiting[]>();
    this.#waiting.set(node, actors);
    const list = actors.get(actor);
    if (list === undefined) actors.set(actor, [waiting]);
    else list.push(waiting);
    // Some are never delivered (duplicates of a view change): the oldest are given up, so that the list stays short.
    if (list !== undefined && list.length > 256) list.shift();
  }

  /** Index of the `received` of what is now delivered; NONE for a node's own, and where it cannot be told. */
  deliver(timeline: Timeline, index: number): number {
    const node = timeline.node.at(index);
    const sender = timeline.peer.at(index);
    const list = this.#waiting.get(node)?.get(timeline.actor.at(index));
    if (list === undefined || sender === node) return NONE;
    const cause = timeline.cause.at(index);
    const by = (right: (waiting: Waiting) => boolean): number => list.findIndex(right);
    let place = by(({ from }) => from === sender);
    if (place < 0) place = by(({ sent }) => sent === cause);
    if (place < 0) place = 0;
    const found = list[place];
    if (found === undefined) return NONE;
    found.left -= 1;
    if (found.left <= 0) list.splice(place, 1);
    return found.index;
  }

  crash(node: number): void {
    this.#waiting.delete(node);
  }
}
