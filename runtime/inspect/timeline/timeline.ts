/**
 * All that a source has told of a run, kept so that any moment of it can be looked at at once: columns that grow, and now and
 * then a whole picture of the run as it stood (a keyframe), from which it is a thousand events at most to any place.
 */
import type { TraceEvent } from '../../trace/format.js';
import { type Chunk, type Kind, kindNumber, kinds, NONE, type StepChunk } from './chunk.js';
import { Floats, Integers } from './columns.js';
import { Cut } from './cut.js';

/** Events from one keyframe to the next. */
const KEYFRAME = 1024;
/** Events between a phase and what is done in the same handling, at most. */
const NEAR = 64;

export class Timeline {
  readonly words: string[] = [];
  readonly t = new Floats();
  readonly kind = new Integers();
  readonly node = new Integers();
  readonly actor = new Integers();
  readonly peer = new Integers();
  readonly peerActor = new Integers();
  readonly word = new Integers();
  readonly before = new Integers();
  readonly after = new Integers();
  readonly amount = new Integers();
  readonly cause = new Integers();
  readonly sent = new Integers();
  readonly control = new Integers();
  /** Of each `sent`: index of its `received`; NONE while it is on its way, and for ever if it never arrives. */
  readonly arrival = new Integers();
  /** Of each `sent`: index of the last `lost` of it; of a `lost`, that of the one before. NONE where there is none. */
  readonly loss = new Integers();
  /** Word: the request that the event is about, or that its cause was; NONE where there is none. */
  readonly request = new Integers();
  /** Goes up whenever what was there is replaced. */
  branch = 0;
  readonly steps = { place: new Integers(), node: new Integers(), actor: new Integers(), transition: new Integers() };
  /** Words: the nodes that anything happened at. */
  readonly nodes = new Set<number>();
  /** Of each of them: index of the first thing that did. */
  readonly #nodeSince = new Map<number, number>();
  readonly #numbers = new Map<string, number>();
  readonly #whole = new Map<number, TraceEvent>();
  readonly #requests = new Integers();
  readonly #requestsAt = new Integers([0]);
  /** Of each request (a word): the events that are about it. */
  readonly #eventsOf = new Map<number, number[]>();
  /** Messages that were found to be for a request only when they led to a phase of it: by index of their `sent`, that of the phase. */
  readonly #explained = new Map<number, number>();
  #keyframes: Cut[] = [new Cut()];
  #cut = new Cut();

  get length(): number {
    return this.kind.length;
  }

  /** ms of the last event; 0 where there is none. */
  get end(): number {
    return this.length === 0 ? 0 : this.t.at(this.length - 1);
  }

  /** Takes a chunk, in place of what was there from its first event on. */
  append(chunk: Chunk, steps: StepChunk | null): void {
    if (chunk.from < this.length) this.#truncate(chunk.from);
    for (const word of chunk.words) {
      this.#numbers.set(word, this.words.length);
      this.words.push(word);
    }
    this.t.append(chunk.t);
    for (const column of ['kind', 'node', 'actor', 'peer', 'peerActor', 'word', 'before', 'after'] as const)
      this[column].append(chunk[column]);
    for (const column of ['amount', 'cause', 'sent', 'control'] as const) this[column].append(chunk[column]);
    const shift = this.#requests.length;
    this.#requests.append(chunk.requests);
    for (let i = 1; i <= chunk.count; i++) this.#requestsAt.push(shift + (chunk.requestsAt[i] as number));
    for (const [index, event] of chunk.whole) this.#whole.set(index, event);
    for (let index = chunk.from; index < chunk.from + chunk.count; index++) this.#link(index);
    if (steps !== null) this.#step(steps);
  }

  kindAt(index: number): Kind {
    return kinds[this.kind.at(index)] as Kind; // only such numbers are in the column
  }

  /** Empty for NONE. */
  text(word: number): string {
    return this.words[word] ?? '';
  }

  /** The number of a word; NONE for one that never came. */
  wordOf(text: string): number {
    return this.#numbers.get(text) ?? NONE;
  }

  /** The whole event, for the kinds that are kept so. */
  whole(index: number): TraceEvent | undefined {
    return this.#whole.get(index);
  }

  /** Words: the requests that the event is about by itself. */
  requestsAt(index: number): readonly number[] {
    const requests: number[] = [];
    for (let i = this.#requestsAt.at(index); i < this.#requestsAt.at(index + 1); i++)
      requests.push(this.#requests.at(i));
    return requests;
  }

  /** Requests (words) in the order in which they were first heard of. */
  requests(): IterableIterator<number> {
    return this.#eventsOf.keys();
  }

  /** Indexes of the events that are about this request by themselves: its call, phases and answer. */
  eventsOf(request: number): readonly number[] {
    return this.#eventsOf.get(request) ?? [];
  }

  /** The first place at which this time has come: all events before it are earlier. */
  placeAt(t: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.t.at(middle) < t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The last place of this time: all events before it are not later. */
  placeAfter(t: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.t.at(middle) <= t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Steps taken up to a place: their number. */
  stepsAt(place: number): number {
    const { place: places } = this.steps;
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (places.at(middle) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Of a message's losses the last before this place, and the first after it; NONE where there is none. */
  lossesOf(message: number, place: number): { readonly before: number; readonly next: number } {
    let before = this.loss.at(message);
    let next: number = NONE;
    while (before !== NONE && before >= place) {
      next = before;
      before = this.loss.at(before);
    }
    return { before, next };
  }

  /** The run as it stood at a place. Good until the next call: it is the same object, moved. */
  cutAt(place: number): Cut {
    const to = Math.max(0, Math.min(place, this.length));
    const keyframe = this.#keyframes[Math.min(Math.floor(to / KEYFRAME), this.#keyframes.length - 1)] as Cut; // the first is always there
    if (this.#cut.place > to || this.#cut.place < keyframe.place) this.#cut = keyframe.copy();
    while (this.#cut.place < to) {
      this.#cut.apply(this, this.#cut.place);
      const { place: now } = this.#cut;
      if (now % KEYFRAME === 0 && this.#keyframes.length === now / KEYFRAME) this.#keyframes.push(this.#cut.copy());
    }
    return this.#cut;
  }

  #link(index: number): void {
    this.arrival.push(NONE);
    this.loss.push(NONE);
    const node = this.node.at(index);
    if (!this.nodes.has(node)) {
      this.nodes.add(node);
      this.#nodeSince.set(node, index);
    }
    const kind = this.kind.at(index);
    const sent = this.sent.at(index);
    if (sent !== NONE && kind === kindNumber.received) this.arrival.set(sent, index);
    if (sent !== NONE && kind === kindNumber.lost) {
      this.loss.set(index, this.loss.at(sent));
      this.loss.set(sent, index);
    }
    const first = this.#requestsAt.at(index);
    const last = this.#requestsAt.at(index + 1);
    for (let i = first; i < last; i++) {
      const request = this.#requests.at(i);
      const events = this.#eventsOf.get(request);
      if (events === undefined) this.#eventsOf.set(request, [index]);
      else events.push(index);
    }
    const from = this.cause.at(index) === NONE ? sent : this.cause.at(index);
    const about = first < last ? this.#requests.at(first) : from === NONE ? NONE : this.request.at(from);
    this.request.push(about === NONE ? this.#justServed(index) : about);
    if (kind === kindNumber.phase) this.#explain(index);
  }

  /** A message that nothing says was for a request, and that brought one into a phase: a front end that asks somebody else. */
  #explain(index: number): void {
    const message = this.cause.at(index);
    if (message === NONE || this.request.at(message) !== NONE) return;
    this.#explained.set(message, index);
    this.#giveRequest(message, this.request.at(index));
  }

  #giveRequest(message: number, request: number): void {
    this.request.set(message, request);
    const arrival = this.arrival.at(message);
    if (arrival !== NONE) this.request.set(arrival, request);
  }

  /** What is done right after a phase, in the same handling, is for the request of that phase: of what was held back no cause tells. */
  #justServed(index: number): number {
    const node = this.node.at(index);
    for (let before = index - 1; before >= Math.max(0, index - NEAR); before--) {
      if (this.t.at(before) !== this.t.at(index)) return NONE;
      if (this.node.at(before) !== node || this.kind.at(before) !== kindNumber.phase) continue;
      return this.cause.at(before) === this.cause.at(index) ? this.request.at(before) : NONE;
    }
    return NONE;
  }

  #step(chunk: StepChunk): void {
    const { steps } = this;
    if (chunk.from < steps.place.length) this.branch += 1;
    for (const column of ['place', 'node', 'actor', 'transition'] as const) {
      steps[column].truncate(chunk.from);
      steps[column].append(chunk[column]);
    }
  }

  #truncate(length: number): void {
    this.branch += 1;
    // From the end, so that each thing is undone in the order in which it was done.
    for (let index = this.length - 1; index >= length; index--) this.#unlink(index);
    this.#requests.truncate(this.#requestsAt.at(length));
    this.#requestsAt.truncate(length + 1);
    this.t.truncate(length);
    for (const column of ['kind', 'node', 'actor', 'peer', 'peerActor', 'word', 'before', 'after'] as const)
      this[column].truncate(length);
    for (const column of ['amount', 'cause', 'sent', 'control', 'arrival', 'loss', 'request'] as const)
      this[column].truncate(length);
    const steps = this.stepsAt(length);
    for (const column of Object.values(this.steps)) column.truncate(steps);
    this.#keyframes = this.#keyframes.slice(0, Math.floor(length / KEYFRAME) + 1);
    if (this.#cut.place > length) this.#cut = (this.#keyframes.at(-1) as Cut).copy(); // the first is always there
  }

  #unlink(index: number): void {
    const kind = this.kind.at(index);
    const sent = this.sent.at(index);
    if (sent !== NONE && kind === kindNumber.received) this.arrival.set(sent, NONE);
    if (sent !== NONE && kind === kindNumber.lost) this.loss.set(sent, this.loss.at(index));
    this.#whole.delete(index);
    const message = this.cause.at(index);
    if (message !== NONE && this.#explained.get(message) === index) {
      this.#explained.delete(message);
      this.#giveRequest(message, NONE);
    }
    for (const request of this.requestsAt(index)) {
      const events = this.#eventsOf.get(request) ?? [];
      if (events.at(-1) === index) events.pop();
      if (events.length === 0) this.#eventsOf.delete(request);
    }
    const node = this.node.at(index);
    if (this.#nodeSince.get(node) !== index) return;
    this.#nodeSince.delete(node);
    this.nodes.delete(node);
  }
}
