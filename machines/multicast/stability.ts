/**
 * What a member of a reliable group knows of one sender's messages: which it holds itself, and which the other members
 * are known to hold. A message that every living member holds is stable: nobody can need it from here any more, so
 * it is dropped (Birman, Schiper & Stephenson 1991). Until then it is kept, for a member to whom its
 * sender could not send it. Pure; the rules that use it are in sender-ordered-member.ts.
 */
import type { NodeId, SenderId } from '../shared/identifiers.js';
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import { fields, listOf, oneOf, type Shape, text } from '../shared/shapes.js';
import { type Stamped, senderShape } from './group.js';
import { add, contains, equal, highest, nothing, type Receipt, receiptShape, union } from './receipt.js';

/**
 * What its author says of a sender. `open`: messages of it may still come. `closed`: the sender has ended, and the
 * author takes nothing from it any more, nor from the members named in `without`. `settled`: it has ended and every
 * member holds the same of it; the author has forgotten the rest.
 */
type Fate = 'open' | 'closed' | 'settled';

/** An item of a `stability` message: one component of its author's received vector. */
export interface Holding {
  readonly sender: SenderId;
  readonly receipt: Receipt;
  readonly fate: Fate;
  /** Members that the author knows to have ended. */
  readonly without: readonly NodeId[];
  /** The author needs to know what the reader holds. */
  readonly asks: boolean;
}

export const holdingShape: Shape = fields({
  sender: senderShape,
  receipt: receiptShape,
  fate: oneOf('open', 'closed', 'settled'),
  without: listOf(text),
  asks: oneOf(true, false),
});

/** What another member is known to hold of a sender. All of it only ever grows. */
type Report = Pick<Holding, 'receipt' | 'fate' | 'without'>;

interface Kept {
  readonly message: Stamped;
  /** Stability round in which it came. */
  readonly round: number;
  /** Members that this one has passed it on to. Links lose nothing, so once is enough. */
  readonly relayed: readonly NodeId[];
}

export interface SenderRecord {
  readonly received: Receipt;
  /** Messages 1 to this one are delivered, where the order keeps the sender's own order. */
  readonly delivered: number;
  /** Messages 1 to this one are stable, and no longer kept. */
  readonly stable: number;
  readonly kept: PersistentMap<Kept>;
  /** What was last told to all other members. */
  readonly told: Receipt;
  /** By the member's place in the group. */
  readonly reports: readonly (Report | null)[];
  /** The sender has ended: what it sent and no living member holds is lost. */
  readonly gone: boolean;
}

const noReport: Report = { receipt: nothing, fate: 'open', without: [] };

export const newRecord = (members: number): SenderRecord => ({
  received: nothing,
  delivered: 0,
  stable: 0,
  kept: emptyMap(),
  told: nothing,
  reports: Array.from({ length: members }, () => null),
  gone: false,
});

/** The record with one more message, which it does not hold yet. */
export const received = (record: SenderRecord, message: Stamped, round: number): SenderRecord => ({
  ...record,
  received: add(record.received, message.seq),
  kept: mapSet(record.kept, String(message.seq), { message, round, relayed: [] }),
});

/** The record with what a member said, or showed by sending a message itself. */
export function reported(
  record: SenderRecord,
  member: number,
  news: Pick<Report, 'receipt'> & Partial<Report>,
): SenderRecord {
  const before = record.reports[member] ?? noReport;
  const report: Report = {
    receipt: union(before.receipt, news.receipt),
    fate: news.fate === undefined || news.fate === 'open' ? before.fate : news.fate,
    without: [...before.without, ...(news.without ?? []).filter((node) => !before.without.includes(node))],
  };
  return { ...record, reports: record.reports.with(member, report) };
}

/** The record without the messages that have become stable. `others`: places of the living members but this one. */
export function stabilised(record: SenderRecord, others: readonly number[]): SenderRecord {
  let stable = record.received.upTo;
  for (const member of others) stable = Math.min(stable, record.reports[member]?.receipt.upTo ?? 0);
  if (stable <= record.stable) return record;
  let kept = record.kept;
  for (let seq = record.stable + 1; seq <= stable; seq++) kept = mapDelete(kept, String(seq));
  return { ...record, stable, kept };
}

/** Whether there is something that a living member may lack. An ended sender's record is unsettled until it goes. */
export const isUnsettled = (record: SenderRecord): boolean => record.gone || highest(record.received) > record.stable;

/**
 * Whether so many members hold the message that its delivery is certain (MC-1, uniform): f + 1, of whom one survives,
 * or all that live. A holder that crashed counts among the f + 1, as it counts among the f.
 */
export function isSafe(record: SenderRecord, seq: number, others: readonly number[], tolerates: number): boolean {
  const holds = (report: Report | null | undefined): boolean =>
    report !== null && report !== undefined && (report.fate === 'settled' || contains(report.receipt, seq));
  const holders = 1 + record.reports.filter(holds).length;
  return holders > tolerates || others.every((member) => holds(record.reports[member]));
}

/**
 * Whether a member that asks what is held here can learn anything: what it was not told, or that something is lacking.
 */
export const isNews = ({ told, received: held }: SenderRecord, asker: Receipt): boolean =>
  !equal(told, held) || !equal(union(held, asker), held);

/**
 * What to pass on to a member, by its report: messages that it lacks and the sender will not bring it, because it has
 * ended or because a whole round has gone by.
 */
export function lacking(record: SenderRecord, member: number, node: NodeId, round: number): Stamped[] {
  const receipt = record.reports[member]?.receipt ?? nothing;
  if (receipt.upTo >= highest(record.received)) return [];
  return [...mapEntries(record.kept)]
    .map(([, kept]) => kept)
    .filter(
      (kept) =>
        (record.gone || round >= kept.round + 2) &&
        !contains(receipt, kept.message.seq) &&
        !kept.relayed.includes(node),
    )
    .map((kept) => kept.message)
    .sort((a, b) => a.seq - b.seq);
}

/** The record with a note that these messages have been passed on to that member. */
export function relayedTo(record: SenderRecord, messages: readonly Stamped[], node: NodeId): SenderRecord {
  let kept = record.kept;
  for (const { seq } of messages) {
    const one = mapGet(kept, String(seq));
    if (one !== undefined) kept = mapSet(kept, String(seq), { ...one, relayed: [...one.relayed, node] });
  }
  return { ...record, kept };
}

/**
 * Whether every living member holds the same of an ended sender, and nothing more can come to anyone. Each has said
 * what it holds while it took nothing more from the sender, nor from any member that this one knows to have ended. So
 * who gets more of it later gets it from a member that held it when it said so, and then it is held here.
 */
export function isSettled(record: SenderRecord, others: readonly number[], goneMembers: readonly NodeId[]): boolean {
  if (record.reports.some((report) => report?.fate === 'settled')) return true;
  return others.every((member) => {
    const report = record.reports[member];
    return (
      report?.fate === 'closed' &&
      goneMembers.every((node) => report.without.includes(node)) &&
      equal(report.receipt, record.received)
    );
  });
}
