/**
 * A global state as a list of whole numbers, and the network at its end: the messages that wait in no queue, in
 * ascending order, and then for each queue that is not empty a marker (-1 less the queue's number) and its messages in
 * order. So one network is one list, whatever order the messages were sent in where that makes no difference.
 */
import type { KeptMessage } from './messages.js';

export class Vector {
  ints = new Int32Array(256);
  length = 0;

  copy(from: Int32Array, length: number): void {
    this.#room(length);
    const { ints } = this;
    for (let i = 0; i < length; i++) ints[i] = from[i] as number;
    this.length = length;
  }

  equals(other: Int32Array, length: number): boolean {
    if (this.length !== length) return false;
    const { ints } = this;
    for (let i = 0; i < length; i++) if (ints[i] !== other[i]) return false;
    return true;
  }

  get(place: number): number {
    return this.ints[place] as number; // places come from the layout
  }

  set(place: number, value: number): void {
    this.ints[place] = value;
  }

  push(value: number): void {
    this.#room(this.length + 1);
    this.ints[this.length] = value;
    this.length += 1;
  }

  insert(place: number, value: number): void {
    this.#room(this.length + 1);
    const { ints } = this;
    for (let i = this.length; i > place; i--) ints[i] = ints[i - 1] as number;
    ints[place] = value;
    this.length += 1;
  }

  remove(place: number, count = 1): void {
    const { ints } = this;
    for (let i = place + count; i < this.length; i++) ints[i - count] = ints[i] as number;
    this.length -= count;
  }

  #room(length: number): void {
    if (length <= this.ints.length) return;
    const larger = new Int32Array(2 * length);
    larger.set(this.ints);
    this.ints = larger;
  }
}

/** Puts a message on its way. `network` is where the network begins. */
export function addMessage(state: Vector, network: number, id: number, message: KeptMessage): void {
  let place = network;
  let copies = 0;
  if (message.queue < 0) {
    for (; place < state.length; place++) {
      const other = state.get(place);
      if (other < 0 || other > id) break;
      if (other === id) copies += 1;
    }
    if (copies < message.copies) state.insert(place, id);
    return;
  }
  const marker = -1 - message.queue;
  for (; place < state.length; place++) {
    const other = state.get(place);
    if (other < marker) break;
    if (other === marker) {
      for (place += 1; place < state.length && state.get(place) >= 0; place++) if (state.get(place) === id) copies += 1;
      if (copies < message.copies) state.insert(place, id);
      return;
    }
  }
  state.insert(place, id);
  state.insert(place, marker);
}

/** Takes the message at this place away, and the marker of its queue with the last of it. */
export function removeMessage(state: Vector, network: number, place: number): void {
  const isFirst = place > network && state.get(place - 1) < 0;
  const isLast = place + 1 >= state.length || state.get(place + 1) < 0;
  if (isFirst && isLast) state.remove(place - 1, 2);
  else state.remove(place);
}

/** Takes away every message that `drops` says. */
export function dropMessages(state: Vector, network: number, drops: (id: number) => boolean): void {
  for (let place = state.length - 1; place >= network; place--) {
    const id = state.get(place);
    if (id >= 0 && drops(id)) removeMessage(state, network, place);
  }
}
