/**
 * From events of a trace to columns. One encoder goes with one page: it knows which words the page has, and at which place
 * each message left, so that what comes of it can point there.
 */
import type { TraceEvent } from '../../trace/format.js';
import { type Chunk, kindNumber, NONE, type StepChunk } from './chunk.js';
import { Integers } from './columns.js';
import { Origins } from './origins.js';

/** A transition that was taken, once `place` events had been recorded. */
export interface Step {
  readonly place: number;
  readonly node: string;
  readonly actor: string;
  readonly transition: string;
}

type Of<Kind extends TraceEvent['kind']> = Extract<TraceEvent, { kind: Kind }>;

export class Encoder {
  readonly #numbers = new Map<string, number>();
  #newWords: string[] = [];
  /** Node and actor of an address, as words. */
  readonly #ends = new Map<string, readonly [node: number, actor: number]>();
  readonly #origins = new Origins();
  /** Places of the `sent` of control messages. */
  #control = new Set<number>();
  #length = 0;

  /** Events encoded so far. */
  get length(): number {
    return this.#length;
  }

  /** These events in place of what there was from `from` on, which is at most the length. */
  encode(events: readonly TraceEvent[], from: number): Chunk {
    if (from > this.#length) throw new RangeError(`After ${this.#length} events the next cannot be number ${from}.`);
    this.truncate(from);
    const chunk = emptyChunk(events.length, from);
    const requests = new Integers();
    for (const [row, event] of events.entries()) {
      chunk.t[row] = event.t;
      chunk.kind[row] = kindNumber[event.kind];
      chunk.node[row] = this.#word(event.node);
      if (event.actor !== undefined) chunk.actor[row] = this.#word(event.actor);
      if (event.cause !== undefined) chunk.cause[row] = this.#origins.at(event.cause);
      if (whole.has(event.kind)) chunk.whole.push([this.#length, event]);
      this.#fill(chunk, row, event);
      if ('requests' in event) for (const request of event.requests) requests.push(this.#word(request));
      else if (event.kind === 'answered') requests.push(this.#word(event.request));
      chunk.requestsAt[row + 1] = requests.length;
      this.#length += 1;
    }
    const words = this.#newWords;
    this.#newWords = [];
    return { ...chunk, words, requests: requests.numbers.slice(0, requests.length) };
  }

  /** In place of what there was from `from` on; to be sent with the chunk that is made next, which has the words. */
  encodeSteps(steps: readonly Step[], from: number): StepChunk {
    return {
      from,
      place: Int32Array.from(steps, ({ place }) => place),
      node: Int32Array.from(steps, ({ node }) => this.#word(node)),
      actor: Int32Array.from(steps, ({ actor }) => this.#word(actor)),
      transition: Int32Array.from(steps, ({ transition }) => this.#word(transition)),
    };
  }

  /** Forgets the events from there on: others come in their place. */
  truncate(length: number): void {
    if (length >= this.#length) return;
    this.#length = length;
    this.#origins.truncate(length);
    this.#control = new Set([...this.#control].filter((place) => place < length));
  }

  #fill(chunk: Rows, row: number, event: TraceEvent): void {
    switch (event.kind) {
      case 'called':
        this.#origins.set(event.id, this.#length);
        break;
      case 'sent':
      case 'received':
      case 'lost':
        this.#message(chunk, row, event);
        break;
      case 'phase':
        chunk.word[row] = this.#word(event.phase);
        break;
      case 'dropped':
        chunk.word[row] = this.#word(event.reason);
        chunk.amount[row] = event.count;
        break;
      case 'delivered':
        chunk.word[row] = this.#word(event.group);
        chunk.amount[row] = event.number ?? event.seq;
        break;
      case 'transition':
        chunk.word[row] = this.#word(event.event);
        chunk.before[row] = this.#word(event.from);
        chunk.after[row] = this.#word(event.to);
        break;
      case 'started':
        chunk.word[row] = this.#word(event.chart);
        chunk.after[row] = this.#word(event.state);
        break;
      case 'persisted':
        chunk.amount[row] = event.count;
        break;
      case 'view':
        chunk.word[row] = this.#word(event.group);
        chunk.amount[row] = event.id;
        break;
      case 'recovered':
        chunk.amount[row] = event.incarnation;
        break;
      case 'crashed':
        chunk.word[row] = this.#word(event.reason);
        break;
      case 'fault':
        chunk.word[row] = this.#word(event.fault);
        break;
    }
  }

  #message(chunk: Rows, row: number, event: Of<'sent'> | Of<'received'> | Of<'lost'>): void {
    const [peer, peerActor] = this.#end(event.kind === 'received' ? event.from : event.to);
    chunk.peer[row] = peer;
    chunk.peerActor[row] = peerActor;
    chunk.word[row] = this.#word(event.kind === 'lost' ? event.why : event.type);
    if (event.kind !== 'lost') chunk.amount[row] = event.items;
    if (event.kind === 'sent') {
      this.#origins.set(event.id, this.#length);
      if (event.control === true) this.#control.add(this.#length);
      chunk.control[row] = event.control === true ? 1 : 0;
    } else {
      const sent = this.#origins.at(event.id);
      chunk.sent[row] = sent;
      chunk.control[row] = this.#control.has(sent) ? 1 : 0;
    }
  }

  #word(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(text, number);
    this.#newWords.push(text);
    return number;
  }

  #end(address: string): readonly [node: number, actor: number] {
    const known = this.#ends.get(address);
    if (known !== undefined) return known;
    const slash = address.indexOf('/');
    const end = [this.#word(address.slice(0, slash)), this.#word(address.slice(slash + 1))] as const;
    this.#ends.set(address, end);
    return end;
  }
}

/** Kinds that are sent whole as well: they are rare, or have more to tell than a row holds. */
const whole: ReadonlySet<TraceEvent['kind']> = new Set(['called', 'answered', 'view', 'crashed', 'fault']);

type Rows = ReturnType<typeof emptyChunk>;

/** So many rows that say nothing yet. */
function emptyChunk(count: number, from: number) {
  const none = () => new Int32Array(count).fill(NONE);
  return {
    from,
    count,
    t: new Float64Array(count),
    kind: new Uint8Array(count),
    node: none(),
    actor: none(),
    peer: none(),
    peerActor: none(),
    word: none(),
    before: none(),
    after: none(),
    amount: new Int32Array(count),
    cause: none(),
    sent: none(),
    control: new Uint8Array(count),
    requestsAt: new Uint32Array(count + 1),
    whole: [] as [index: number, event: TraceEvent][],
  };
}

/** The memory of a chunk that can change hands with it, for `postMessage`. */
export function transferables(chunk: Chunk, steps: StepChunk | null): ArrayBuffer[] {
  const parts = [...Object.values(chunk), ...(steps === null ? [] : Object.values(steps))];
  return parts.flatMap((part) => (ArrayBuffer.isView(part) ? (part.buffer as ArrayBuffer) : [])); // none of them is shared
}
