/**
 * What a node counts. Names that end in a dot are completed by the name of an event that a machine discarded; nothing
 * that a peer sends becomes a name here, or the counts could grow without limit.
 */
export type CounterName =
  /** Frames handed to the transport for the first time, pure acknowledgements left out. */
  | 'frames.sent'
  | 'frames.retransmitted'
  | 'frames.received'
  /** Received once more, and dropped. */
  | 'frames.duplicate'
  /** From or to an incarnation that is over (CH-2). */
  | 'frames.stale'
  /** Too far ahead of a gap to be kept (CH-3); they come again. */
  | 'frames.ahead'
  /** Not accepted because a peer of this node is slow (CH-3); they come again. */
  | 'frames.congested'
  /** From a peer whose link is broken. */
  | 'frames.broken'
  /** Not a frame, or not one that this link can have got (CH-5). */
  | 'frames.malformed'
  | 'frames.tooLarge'
  | 'acknowledgements.sent'
  /** Messages between nodes: all, and those that carry acknowledgements and stability only (MC-12). */
  | 'messages.sent'
  | 'messages.control'
  | 'messages.received'
  /** Messages that the network may lose, and nobody sends again. */
  | 'signals.sent'
  | 'signals.received'
  /** Bound for an incarnation that is over. */
  | 'messages.outdated'
  /** Bound for a peer whose link is broken. */
  | 'messages.broken'
  /** Of the node's own making, and not plain data or too large. */
  | 'messages.unencodable'
  /** For an actor, of a type or with an item that is not as it must be (CH-5). */
  | 'rejected.actor'
  | 'rejected.type'
  | 'rejected.shape'
  | 'actors.failed'
  | 'actors.restarted'
  | `discarded.${string}`;

export class Counters {
  readonly counts: Record<string, number> = {};

  add(name: CounterName, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }
}
