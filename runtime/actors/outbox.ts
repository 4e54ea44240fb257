/**
 * Messages on their way to one peer: what is bound for it in one tick is put together, into as few messages and frames as keep the
 * order.
 */

/** A message on its way to a link. */
export interface Outgoing {
  readonly to: string;
  readonly from: string;
  readonly type: string;
  readonly unordered: boolean;
  readonly control: boolean;
  /** The event in whose handling it was first sent. */
  readonly cause: string | undefined;
  items: readonly unknown[];
  /** Whether `items` is this message's own list, and not the one that the machine gave. */
  merged: boolean;
}

/** What waits for the end of the tick, for one peer: frames, the last of which still grows. */
export class Outbox {
  frames: Outgoing[][] = [[]];
  items = 0;

  /**
   * Messages of one kind become one, as long as no `fifo` message has come between: then a new frame begins, so that a
   * frame gives an actor one event of each type at most.
   */
  add(message: Outgoing): void {
    this.items += message.items.length;
    const frame = this.frames[this.frames.length - 1] as Outgoing[]; // there is always one
    let passed = false;
    for (let i = frame.length - 1; i >= 0; i--) {
      const earlier = frame[i] as Outgoing; // i is within the frame
      if (sameKind(earlier, message)) {
        if (passed) this.frames.push([message]);
        else merge(earlier, message.items);
        return;
      }
      if (!message.unordered && !earlier.unordered) passed = true;
    }
    frame.push(message);
  }
}

const sameKind = (a: Outgoing, b: Outgoing): boolean =>
  a.type === b.type && a.to === b.to && a.from === b.from && a.unordered === b.unordered && a.control === b.control;

function merge(earlier: Outgoing, items: readonly unknown[]): void {
  if (!earlier.merged) earlier.items = [...earlier.items];
  earlier.merged = true;
  const list = earlier.items as unknown[]; // its own, by the line above
  for (const item of items) list.push(item);
}

/** What is too large, or cannot be encoded, in two; nothing when there is no more than one item. */
export function halves(messages: readonly Outgoing[]): readonly Outgoing[][] {
  if (messages.length > 1) {
    const middle = messages.length >> 1;
    return [messages.slice(0, middle), messages.slice(middle)];
  }
  const only = messages[0];
  if (only === undefined || only.items.length < 2) return [];
  const middle = only.items.length >> 1;
  return [[{ ...only, items: only.items.slice(0, middle) }], [{ ...only, items: only.items.slice(middle) }]];
}
