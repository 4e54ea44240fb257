/**
 * A frame: what one link hands the transport at a time. A list without field names, in this order:
 *
 *     version, source, its incarnation, destination, its incarnation,
 *     seq (from 1; 0 for one that nobody acknowledges), highest seq received without a gap, further seqs received, messages
 *
 * and each message a list of: actor it is for, actor it is from, type, 1 if it need not wait for earlier ones (or 0), its
 * count in the trace (or 0), items.
 */
import type { Codec } from './codec.js';

const VERSION = 1;

export interface WireMessage {
  /** Actors by their names on the destination and on the source. */
  readonly to: string;
  readonly from: string;
  readonly type: string;
  readonly unordered: boolean;
  /** `source:incarnation:count` is the message's id in the trace; 0 where the source keeps none. */
  readonly count: number;
  readonly items: readonly unknown[];
}

export interface Frame {
  readonly source: string;
  readonly sourceIncarnation: number;
  readonly destination: string;
  readonly destinationIncarnation: number;
  readonly seq: number;
  readonly acknowledged: number;
  readonly selective: readonly number[];
  readonly messages: readonly WireMessage[];
}

/** Errors: as the codec's. */
export function encodeFrame(codec: Codec, frame: Frame): Uint8Array {
  return codec.encode([
    VERSION,
    frame.source,
    frame.sourceIncarnation,
    frame.destination,
    frame.destinationIncarnation,
    frame.seq,
    frame.acknowledged,
    frame.selective,
    frame.messages.map((message) => [
      message.to,
      message.from,
      message.type,
      message.unordered ? 1 : 0,
      message.count,
      message.items,
    ]),
  ]);
}

/** Null when it decodes to something else than a frame. Errors: as the codec's. */
export function decodeFrame(codec: Codec, bytes: Uint8Array): Frame | null {
  const parts = codec.decode(bytes);
  if (!Array.isArray(parts) || parts.length !== 9) return null;
  const [
    version,
    source,
    sourceIncarnation,
    destination,
    destinationIncarnation,
    seq,
    acknowledged,
    selective,
    list,
  ]: unknown[] = parts;
  if (version !== VERSION || typeof source !== 'string' || typeof destination !== 'string') return null;
  if (!isCount(sourceIncarnation) || !isCount(destinationIncarnation) || !isCount(seq) || !isCount(acknowledged))
    return null;
  if (sourceIncarnation === 0 || !Array.isArray(selective) || !selective.every(isCount) || !Array.isArray(list))
    return null;
  const messages: WireMessage[] = [];
  for (const item of list) {
    const message = messageOf(item);
    if (message === null) return null;
    messages.push(message);
  }
  return { source, sourceIncarnation, destination, destinationIncarnation, seq, acknowledged, selective, messages };
}

function messageOf(parts: unknown): WireMessage | null {
  if (!Array.isArray(parts) || parts.length !== 6) return null;
  const [to, from, type, unordered, count, items]: unknown[] = parts;
  if (typeof to !== 'string' || typeof from !== 'string' || typeof type !== 'string') return null;
  if ((unordered !== 0 && unordered !== 1) || !isCount(count) || !Array.isArray(items)) return null;
  return { to, from, type, unordered: unordered === 1, count, items };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
