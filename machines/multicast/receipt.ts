/**
 * Which of one sender's messages somebody holds: all of 1..upTo, and some beyond a gap. Its size is the number of
 * gaps, not of messages, so it serves both for suppressing duplicates and as an acknowledgement on the wire.
 */
import { fields, listOf, natural, type Shape } from '../shared/shapes.js';

/** A run of sequence numbers, both ends included. */
type Run = readonly [first: number, last: number];

export interface Receipt {
  /** Every message from 1 to this one. */
  readonly upTo: number;
  /** Further ones, in runs: ascending, apart from each other and from `upTo`. */
  readonly beyond: readonly Run[];
}

const run: Shape = (value) =>
  Array.isArray(value) && value.length === 2 && value.every(natural) && value[0] >= 1 && value[0] <= value[1];
export const receiptShape: Shape = fields({ upTo: natural, beyond: listOf(run) });

export const nothing: Receipt = { upTo: 0, beyond: [] };

export function contains(receipt: Receipt, seq: number): boolean {
  return seq <= receipt.upTo || receipt.beyond.some(([first, last]) => first <= seq && seq <= last);
}

export function add(receipt: Receipt, seq: number): Receipt {
  if (contains(receipt, seq)) return receipt;
  if (seq === receipt.upTo + 1 && receipt.beyond.length === 0) return { upTo: seq, beyond: receipt.beyond };
  return joined(receipt.upTo, [...receipt.beyond, [seq, seq]]);
}

export function union(a: Receipt, b: Receipt): Receipt {
  const upTo = Math.max(a.upTo, b.upTo);
  if (a.beyond.length === 0 && b.beyond.length === 0) return a.upTo === upTo ? a : b;
  return joined(upTo, [...a.beyond, ...b.beyond]);
}

/** The greatest sequence number in it. */
export const highest = (receipt: Receipt): number => receipt.beyond.at(-1)?.[1] ?? receipt.upTo;

export function equal(a: Receipt, b: Receipt): boolean {
  return (
    a.upTo === b.upTo &&
    a.beyond.length === b.beyond.length &&
    a.beyond.every(([first, last], i) => first === b.beyond[i]?.[0] && last === b.beyond[i]?.[1])
  );
}

/** The receipt of 1..upTo and of these runs, whatever their order and overlap. */
function joined(upTo: number, runs: readonly Run[]): Receipt {
  let watermark = upTo;
  const beyond: [number, number][] = [];
  for (const [first, last] of [...runs].sort((a, b) => a[0] - b[0])) {
    const before = beyond.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else if (before === undefined && first <= watermark + 1) watermark = Math.max(watermark, last);
    else beyond.push([first, last]);
  }
  return { upTo: watermark, beyond };
}
