/**
 * Events as columns: what a source sends to the page. A million events are a few arrays that change hands without a copy,
 * where as objects they would be a gigabyte. Words (nodes, actors, types, states, requests) are numbers into one table.
 */
import type { TraceEvent } from '../../trace/format.js';

/** The kinds by number: the place in this list is what stands in the column, so new ones go to the end. */
export const kinds = [
  'called',
  'sent',
  'received',
  'dropped',
  'delivered',
  'transition',
  'phase',
  'answered',
  'persisted',
  'view',
  'crashed',
  'recovered',
  'fault',
  'started',
  'lost',
  'missed',
] as const satisfies readonly TraceEvent['kind'][];

export type Kind = TraceEvent['kind'];
export const kindNumber = Object.fromEntries(kinds.map((kind, number) => [kind, number])) as Record<Kind, number>;

/** No word, no event. */
export const NONE = -1;

export interface Chunk {
  /** Index of its first event. What the page has from there on is replaced: the run went another way. */
  readonly from: number;
  readonly count: number;
  /** Words that are new; they follow those that the page has. */
  readonly words: readonly string[];
  /** ms. */
  readonly t: Float64Array<ArrayBuffer>;
  readonly kind: Uint8Array<ArrayBuffer>;
  /** Words: where it happened. `actor` is NONE where it concerns the node. */
  readonly node: Int32Array<ArrayBuffer>;
  readonly actor: Int32Array<ArrayBuffer>;
  /** Words: of a message, the other end's node and actor; of a delivery, `peer` alone, the node of its sender. */
  readonly peer: Int32Array<ArrayBuffer>;
  readonly peerActor: Int32Array<ArrayBuffer>;
  /**
   * Word: type of a message or of a transition's event, phase, reason of a drop, a crash or a loss, group of a delivery or view, text
   * of a fault, chart of an actor that started.
   */
  readonly word: Int32Array<ArrayBuffer>;
  /** Words: states before and after a transition; `after` alone where an actor started. */
  readonly before: Int32Array<ArrayBuffer>;
  readonly after: Int32Array<ArrayBuffer>;
  /** Items of a message, things dropped or persisted, events missed, number of a view, incarnation, place in the total order (else the sender's count). */
  readonly amount: Int32Array<ArrayBuffer>;
  /** Index of the event that this is part of the handling of: the message's `sent`, or the call. NONE where there is none, or it is unknown. */
  readonly cause: Int32Array<ArrayBuffer>;
  /** Of `received`, and of `lost`: index of the message's `sent`. Of all others NONE. */
  readonly sent: Int32Array<ArrayBuffer>;
  /** 1 for control messages, which carry acknowledgements or stability only. */
  readonly control: Uint8Array<ArrayBuffer>;
  /** Words: the requests that it is about, one after another; event i of the chunk has those from `requestsAt[i]` to before `requestsAt[i + 1]`. */
  readonly requests: Int32Array<ArrayBuffer>;
  readonly requestsAt: Uint32Array<ArrayBuffer>;
  /** The rare kinds, whole, by index: views, faults, crashes, answers, calls. */
  readonly whole: readonly (readonly [index: number, event: TraceEvent])[];
}

/** Transitions of charts that were taken, those included that leave the actor where it stood. */
export interface StepChunk {
  /** Index of the first of them; what the page has from there on is replaced. */
  readonly from: number;
  /** Places: how many events had been recorded by then. Never falls. */
  readonly place: Int32Array<ArrayBuffer>;
  /** Words, of the same table. */
  readonly node: Int32Array<ArrayBuffer>;
  readonly actor: Int32Array<ArrayBuffer>;
  /** Word: name of the transition in its chart (ChartDescription). */
  readonly transition: Int32Array<ArrayBuffer>;
}
