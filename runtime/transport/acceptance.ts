/**
 * What every transport must pass, one's own ones too: a list of named cases for whatever test runner there is.
 *
 *     for (const { name, run } of transportAcceptance(makeMine)) test(name, run);
 */
import { assign, setup } from 'xstate';
import type { Effectful, EffectsEmitted, Incoming } from '../../machines/shared/effects.js';
import { address, type NodeId, nodeId } from '../../machines/shared/identifiers.js';
import { emitEffects } from '../../machines/shared/machine.js';
import { natural } from '../../machines/shared/shapes.js';
import { Node } from '../actors/node.js';
import type { Clock } from '../clock/clock.js';
import type { Port, Transport } from './transport.js';

export interface TransportUnderTest {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Waits until what was sent before has arrived, or never will: at least 100 ms on `clock`. */
  settle(): Promise<void>;
  close?(): Promise<void>;
}

export interface AcceptanceCase {
  readonly name: string;
  run(): Promise<void>;
}

/** Times to wait, at most, for something that has to come in the end. */
const PATIENCE = 100;

export function transportAcceptance(
  make: () => TransportUnderTest | Promise<TransportUnderTest>,
): readonly AcceptanceCase[] {
  return Object.entries(cases).map(([name, check]) => ({
    name,
    async run() {
      const made = await make();
      try {
        await check(made);
      } finally {
        await made.close?.();
      }
    },
  }));
}

const left = nodeId('left');
const right = nodeId('right');

const cases: Readonly<Record<string, (under: TransportUnderTest) => Promise<void>>> = {
  async 'a frame arrives as it was sent, and says whom it is from'(under) {
    const a = listen(under.transport, left, 1);
    const b = listen(under.transport, right, 1);
    const frames = [bytesOf(1), bytesOf(256), bytesOf(100_000)];
    await repeat(under, () => {
      for (const frame of frames) a.port.send(right, frame);
      return frames.every((frame) => b.frames.some((got) => same(got.bytes, frame)));
    });
    must(
      b.frames.every(({ from }) => from === left),
      'a frame names another sender',
    );
    must(
      b.frames.every(({ bytes }) => frames.some((frame) => same(bytes, frame))),
      'a frame arrived that was not sent',
    );
    must(a.frames.length === 0, 'a frame came to a node that it was not sent to');
  },

  async 'the sender may write over its bytes as soon as they are sent'(under) {
    const a = listen(under.transport, left, 1);
    const b = listen(under.transport, right, 1);
    await repeat(under, () => {
      const bytes = bytesOf(64);
      a.port.send(right, bytes);
      bytes.fill(0);
      return b.frames.length > 0;
    });
    must(
      b.frames.every(({ bytes }) => same(bytes, bytesOf(64))),
      'a frame changed after it was sent',
    );
  },

  async 'nothing arrives while send runs'(under) {
    const a = listen(under.transport, left, 1);
    const b = listen(under.transport, right, 1);
    await repeat(under, () => {
      const before = b.frames.length;
      a.port.send(right, bytesOf(8));
      must(b.frames.length === before, 'a frame arrived while send ran');
      return b.frames.length > 0;
    });
  },

  async 'to send to a node that was never there does no harm'(under) {
    const a = listen(under.transport, left, 1);
    a.port.send(nodeId('nowhere'), bytesOf(8));
    await under.settle();
    must(a.refused.length === 0, 'a node that may yet come was reported as ended');
  },

  async 'a closed port neither sends nor receives'(under) {
    const a = listen(under.transport, left, 1);
    const b = listen(under.transport, right, 1);
    b.port.close();
    await under.settle();
    const before = b.frames.length;
    a.port.send(right, bytesOf(8));
    b.port.send(left, bytesOf(8));
    await under.settle();
    must(b.frames.length === before, 'a closed port received a frame');
    must(a.frames.length === 0, 'a closed port sent a frame');
  },

  async 'only an incarnation that has ended is refused, and the next one is reached'(under) {
    const a = listen(under.transport, left, 1);
    listen(under.transport, right, 1).port.close();
    await under.settle();
    a.port.send(right, bytesOf(8));
    await under.settle();
    const b = listen(under.transport, right, 2);
    await repeat(under, () => {
      a.port.send(right, bytesOf(8));
      return b.frames.length > 0;
    });
    must(
      a.refused.every(({ peer, incarnation }) => peer === right && incarnation === 1),
      'a live incarnation was refused',
    );
  },

  async 'links over it deliver every message once and in order'(under) {
    const total = 500;
    const nodes = [left, right].map(
      (id) => new Node({ id, incarnation: 1, clock: under.clock, transport: under.transport }),
    );
    for (const node of nodes) node.host('peer', peer, () => ({}), { shapes: { number: natural } });
    for (let i = 0; i < total; i++) {
      for (const node of nodes) {
        const to = address(node.id === left ? right : left, 'peer');
        node.tell('peer', { type: 'tell', from: address(node.id, 'test'), items: [{ to, number: i }] });
      }
      if (i % 50 === 0) await under.settle();
    }
    const heard = (node: Node) => (node.snapshotOf('peer').context as Heard).heard; // the machine below
    await repeat(under, () => nodes.every((node) => node.idle && heard(node).length >= total));
    for (const node of nodes) {
      must(
        heard(node).length === total && heard(node).every((number, i) => number === i),
        'messages are lost, doubled or out of order',
      );
      node.close();
    }
  },
};

interface Heard extends Effectful {
  readonly heard: readonly number[];
}

const peer = setup({
  types: {
    context: {} as Heard,
    events: {} as Incoming<'tell', { to: `${string}/${string}`; number: number }> | Incoming<'number', number>,
    emitted: {} as EffectsEmitted,
  },
}).createMachine({
  context: { heard: [], effects: [] },
  on: {
    tell: {
      actions: [
        assign(({ event }) => ({
          effects: event.items.map(({ to, number }) => ({
            type: 'send' as const,
            to,
            channel: 'fifo' as const,
            message: { type: 'number', items: [number] },
          })),
        })),
        emitEffects,
      ],
    },
    number: { actions: assign(({ context, event }) => ({ heard: [...context.heard, ...event.items] })) },
  },
});

interface Listener {
  readonly port: Port;
  readonly frames: { readonly from: NodeId; readonly bytes: Uint8Array }[];
  readonly refused: { readonly peer: NodeId; readonly incarnation: number }[];
}

function listen(transport: Transport, node: NodeId, incarnation: number): Listener {
  const frames: Listener['frames'] = [];
  const refused: Listener['refused'] = [];
  const port = transport.open(node, incarnation, {
    frame: (from, bytes) => frames.push({ from, bytes: bytes.slice() }),
    refused: (peer, ended) => refused.push({ peer, incarnation: ended }),
  });
  return { port, frames, refused };
}

/** A transport may lose frames: so again and again, but not for ever. */
async function repeat(under: TransportUnderTest, attempt: () => boolean): Promise<void> {
  for (let i = 0; i < PATIENCE; i++) {
    if (attempt()) return;
    await under.settle();
  }
  throw new Error(`nothing came of it in ${PATIENCE} attempts`);
}

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256);
const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
