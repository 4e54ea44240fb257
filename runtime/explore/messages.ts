/**
 * Messages by number, each with what the network may do with it.
 */
import { type NodeId, nodeOf } from '../../machines/shared/identifiers.js';
import { canonicalText } from './canonical.js';
import type { Channel, Configuration, Travelling } from './configuration.js';
import { Interned } from './interned.js';

export interface KeptMessage {
  readonly travelling: Travelling;
  readonly from: number;
  readonly to: number;
  /** Its addressee's place among the actors of that node. */
  readonly actor: number;
  /** What it is to its addressee. */
  readonly stimulus: number;
  /** The queue that it waits in, where it is ordered; -1 where it is not. */
  readonly queue: number;
  readonly loses: boolean;
  readonly duplicates: boolean;
  readonly kept: boolean;
  readonly copies: number;
}

export class Messages {
  readonly all = new Interned<KeptMessage>();
  readonly #channel: (message: Travelling) => Channel;

  constructor(
    network: Configuration['network'],
    private readonly stimulusOf: (message: Travelling) => number,
    private readonly actorOf: (message: Travelling) => number,
    private readonly nodes: readonly NodeId[],
  ) {
    this.#channel = typeof network === 'function' ? network : () => network ?? {};
  }

  idOf(travelling: Travelling): number {
    return this.all.idOf(canonicalText(travelling), () => this.#kept(travelling));
  }

  at(id: number): KeptMessage {
    return this.all.at(id);
  }

  #kept(travelling: Travelling): KeptMessage {
    const channel = this.#channel(travelling);
    const from = this.nodes.indexOf(nodeOf(travelling.from));
    const to = this.nodes.indexOf(nodeOf(travelling.to));
    const kept = channel.kept === true;
    // A set has no order.
    const ordered = !kept && (channel.ordered ?? travelling.channel === 'fifo');
    return {
      travelling,
      from,
      to,
      actor: this.actorOf(travelling),
      stimulus: this.stimulusOf(travelling),
      queue: ordered ? from * this.nodes.length + to : -1,
      loses: channel.loses === true,
      duplicates: channel.duplicates === true && !kept,
      kept,
      copies: kept ? 1 : (channel.copies ?? Number.POSITIVE_INFINITY),
    };
  }
}
