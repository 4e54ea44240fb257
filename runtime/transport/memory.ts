/**
 * A network for nodes in one process. It passes bytes, never objects, so that what works here works between machines. It is
 * the host of all its nodes: it knows which incarnations are over, and says so.
 */
import type { NodeId } from '../../machines/shared/identifiers.js';
import type { Clock } from '../clock/clock.js';
import { ChoraleError } from '../errors.js';
import type { Transport, TransportHandlers } from './transport.js';

export interface MemoryNetworkSettings {
  readonly clock: Clock;
  /** ms that every frame takes. Default 0: it arrives when the tick in which it was sent has ended. */
  readonly delay?: number;
  /** Most bytes of a frame: a larger one is lost. Default: no limit. */
  readonly limit?: number;
}

interface Open {
  readonly incarnation: number;
  readonly handlers: TransportHandlers;
}

/** Errors, of `open`: SETTINGS_INVALID when the node is open already. */
export function memoryNetwork({
  clock,
  delay = 0,
  limit = Number.POSITIVE_INFINITY,
}: MemoryNetworkSettings): Transport {
  const nodes = new Map<NodeId, Open>();
  const ended = new Map<NodeId, number>();
  /** What was sent in this tick: it arrives together. */
  let tick: (() => void)[] | null = null;

  function travel(arrive: () => void): void {
    if (tick === null) {
      const sent: (() => void)[] = [];
      tick = sent;
      const handOver = () => {
        for (const each of sent) each();
      };
      clock.defer(() => {
        tick = null;
        if (delay <= 0) handOver();
      });
      if (delay > 0) clock.setTimeout(handOver, delay);
    }
    tick.push(arrive);
  }

  function arrive(from: NodeId, sender: Open, to: NodeId, bytes: Uint8Array): void {
    const receiver = nodes.get(to);
    const incarnation = ended.get(to);
    if (receiver !== undefined) receiver.handlers.frame(from, bytes);
    else if (incarnation !== undefined) {
      travel(() => {
        if (nodes.get(from) === sender) sender.handlers.refused(to, incarnation);
      });
    }
  }

  return {
    open(node, incarnation, handlers) {
      if (nodes.has(node)) throw new ChoraleError('SETTINGS_INVALID', `The node ${node} is open already.`);
      const open: Open = { incarnation, handlers };
      nodes.set(node, open);
      return {
        send(to, bytes) {
          if (nodes.get(node) !== open || bytes.length > limit) return;
          const copy = bytes.slice();
          travel(() => arrive(node, open, to, copy));
        },
        close() {
          if (nodes.get(node) !== open) return;
          nodes.delete(node);
          ended.set(node, incarnation);
        },
      };
    },
  };
}
