/** Events as columns, in the plainest way. */
import { type Chunk, kindNumber, NONE } from '../../../runtime/inspect/timeline/chunk.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

const rare: readonly string[] = ['view', 'fault', 'crashed', 'answered', 'called'];

export class Encoder {
  readonly #words = new Map<string, number>();
  readonly #indexes = new Map<string, number>();
  #ids: (string | null)[] = [];

  encode(events: readonly TraceEvent[], from: number): Chunk {
    const before = this.#words.size;
    const count = events.length;
    const numbers = (): Int32Array<ArrayBuffer> => new Int32Array(count).fill(NONE);
    const columns = {
      t: new Float64Array(count),
      kind: new Uint8Array(count),
      node: numbers(),
      actor: numbers(),
      peer: numbers(),
      peerActor: numbers(),
      word: numbers(),
      before: numbers(),
      after: numbers(),
      amount: numbers(),
      cause: numbers(),
      sent: numbers(),
      control: new Uint8Array(count),
    };
    const requests: number[] = [];
    const requestsAt = new Uint32Array(count + 1);
    const whole: [number, TraceEvent][] = [];
    events.forEach((event, i) => {
      columns.t[i] = event.t;
      columns.kind[i] = kindNumber[event.kind];
      columns.node[i] = this.#word(event.node);
      if (event.actor !== undefined) columns.actor[i] = this.#word(event.actor);
      if (event.cause !== undefined) columns.cause[i] = this.#indexes.get(event.cause) ?? NONE;
      this.#particular(event, i, columns, requests);
      requestsAt[i + 1] = requests.length;
      if (rare.includes(event.kind)) whole.push([from + i, event]);
      const id = event.kind === 'sent' || event.kind === 'called' ? event.id : null;
      if (id !== null) this.#indexes.set(id, from + i);
      this.#ids[from + i] = id;
    });
    const words = [...this.#words.keys()].slice(before);
    return { from, count, words, ...columns, requests: Int32Array.from(requests), requestsAt, whole };
  }

  truncate(length: number): void {
    for (const id of this.#ids.slice(length)) if (id !== null) this.#indexes.delete(id);
    this.#ids = this.#ids.slice(0, length);
  }

  #word(text: string): number {
    const known = this.#words.get(text) ?? this.#words.size;
    this.#words.set(text, known);
    return known;
  }

  #particular(
    event: TraceEvent,
    i: number,
    columns: Record<'peer' | 'peerActor' | 'word' | 'before' | 'after' | 'amount' | 'sent', Int32Array> & {
      control: Uint8Array;
    },
    requests: number[],
  ): void {
    const end = (address: string): void => {
      const slash = address.indexOf('/');
      columns.peer[i] = this.#word(address.slice(0, slash));
      columns.peerActor[i] = this.#word(address.slice(slash + 1));
    };
    const word = (text: string): void => {
      columns.word[i] = this.#word(text);
    };
    const amount = (value: number): void => {
      columns.amount[i] = value;
    };
    switch (event.kind) {
      case 'called':
        requests.push(...event.requests.map((request) => this.#word(request)));
        break;
      case 'sent':
        end(event.to);
        word(event.type);
        amount(event.items);
        columns.control[i] = event.control === true ? 1 : 0;
        break;
      case 'received':
        end(event.from);
        word(event.type);
        amount(event.items);
        columns.sent[i] = this.#indexes.get(event.id) ?? NONE;
        break;
      case 'lost':
        end(event.to);
        word(event.why);
        columns.sent[i] = this.#indexes.get(event.id) ?? NONE;
        break;
      case 'dropped':
        word(event.reason);
        amount(event.count);
        break;
      case 'delivered':
        word(event.group);
        columns.peer[i] = this.#word(event.sender.slice(0, event.sender.lastIndexOf(':')));
        amount(event.number ?? event.seq);
        break;
      case 'started':
        word(event.chart);
        columns.after[i] = this.#word(event.state);
        break;
      case 'transition':
        word(event.event);
        columns.before[i] = this.#word(event.from);
        columns.after[i] = this.#word(event.to);
        break;
      case 'phase':
        word(event.phase);
        requests.push(...event.requests.map((request) => this.#word(request)));
        break;
      case 'answered':
        requests.push(this.#word(event.request));
        break;
      case 'persisted':
        amount(event.count);
        break;
      case 'view':
        word(event.group);
        amount(event.id);
        break;
      case 'crashed':
        word(event.reason);
        break;
      case 'recovered':
        amount(event.incarnation);
        break;
      case 'fault':
        word(event.fault);
        break;
    }
  }
}
