/**
 * What a network must do for the links above it: very little. It may lose, double, delay and reorder frames; it must not
 * invent or alter them (a frame that fails its check counts as lost).
 */
import type { NodeId } from '../../machines/shared/identifiers.js';

export interface TransportHandlers {
  /** A frame arrived. `from` is where it says that it comes from. */
  frame(from: NodeId, bytes: Uint8Array): void;
  /**
   * The peer's host is there and the incarnation is not: it has ended for good, and nothing sent to it will be read.
   * A certain fact, never a guess from silence. A transport that cannot know it never calls this.
   */
  refused(peer: NodeId, incarnation: number): void;
}

/** A node's own end of the network. */
export interface Port {
  send(to: NodeId, bytes: Uint8Array): void;
  /** After this nothing arrives and nothing is sent. */
  close(): void;
}

export interface Transport {
  open(node: NodeId, incarnation: number, handlers: TransportHandlers): Port;
}
