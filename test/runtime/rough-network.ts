/**
 * For tests of links: a network that treats frames as a seed says, and that a test can take apart. It counts what
 * a closed port still tries to send.
 */
import { address, type NodeId, nodeId } from '../../machines/shared/identifiers.js';
import type { LinkSettings } from '../../runtime/actors/link-settings.js';
import { Node } from '../../runtime/actors/node.js';
import type { NodeHooks, NodeSettings } from '../../runtime/actors/node-settings.js';
import { VirtualClock } from '../../runtime/clock/virtual.js';
import type { Transport, TransportHandlers } from '../../runtime/transport/transport.js';
import { peer, type Said, shapes } from './peer-machine.js';

/** mulberry32: numbers in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Roughness {
  readonly loss: number;
  readonly duplicate: number;
  readonly delay: readonly [number, number];
}

interface Open {
  readonly incarnation: number;
  readonly handlers: TransportHandlers;
}

export class RoughNetwork implements Transport {
  readonly clock = new VirtualClock();
  readonly nodes = new Map<NodeId, Open>();
  /** Frames sent, and their bytes, by `from>to`. */
  readonly sent = new Map<string, number>();
  bytes = 0;
  sentAfterClose = 0;
  roughness: Roughness;
  /** False for a frame that is lost. */
  passes: (from: NodeId, to: NodeId, bytes: Uint8Array) => boolean = () => true;
  readonly random: () => number;

  constructor(random: () => number, roughness: Roughness = { loss: 0, duplicate: 0, delay: [1, 1] }) {
    this.random = random;
    this.roughness = roughness;
  }

  open(node: NodeId, incarnation: number, handlers: TransportHandlers) {
    const open = { incarnation, handlers };
    this.nodes.set(node, open);
    return {
      send: (to: NodeId, bytes: Uint8Array) => {
        if (this.nodes.get(node) !== open) {
          this.sentAfterClose += 1;
          return;
        }
        this.sent.set(`${node}>${to}`, (this.sent.get(`${node}>${to}`) ?? 0) + 1);
        this.bytes += bytes.length;
        if (!this.passes(node, to, bytes)) return;
        const { loss, duplicate } = this.roughness;
        const copy = bytes.slice();
        if (this.random() >= loss) this.#travel(node, to, copy);
        if (this.random() < duplicate) this.#travel(node, to, copy);
      },
      close: () => {
        if (this.nodes.get(node) === open) this.nodes.delete(node);
      },
    };
  }

  #travel(from: NodeId, to: NodeId, bytes: Uint8Array): void {
    const [least, most] = this.roughness.delay;
    this.clock.setTimeout(
      () => this.nodes.get(to)?.handlers.frame(from, bytes),
      least + this.random() * (most - least),
    );
  }

  framesFrom(from: NodeId, to: NodeId): number {
    return this.sent.get(`${from}>${to}`) ?? 0;
  }

  /** A node with one actor, `peer`, that says what it is told to say and remembers what it hears. */
  node(name: string, settings: Partial<NodeSettings> & { link?: Partial<LinkSettings>; hooks?: NodeHooks } = {}): Node {
    const node = new Node({ id: nodeId(name), incarnation: 1, clock: this.clock, transport: this, ...settings });
    node.host('peer', peer, () => ({}), { shapes, intake: ['work'] });
    return node;
  }

  /** Runs until nothing is due before `ms` from now. */
  run(ms: number): void {
    this.clock.advance(ms);
  }
}

/** Lets the node's actor say these, in one event. */
export function say(node: Node, ...said: readonly Said[]): void {
  node.tell('peer', { type: 'say', from: address(node.id, 'test'), items: said });
}

export const to = (name: string): `${string}/${string}` => address(nodeId(name), 'peer');
