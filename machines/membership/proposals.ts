/**
 * What who coordinates a message of the agreed order does: it hears a number from each member of the view, and the largest
 * is the agreed one (Birman & Joseph 1987). A member does so for its own messages, a sender from outside for its own.
 */
import type { SenderId } from '../shared/identifiers.js';
import { mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { Proposal } from './view-messages.js';

/** What members have said of one message. */
export interface Tally {
  /** The message's place in its author's stream, and its author's number for it. */
  readonly place: number;
  readonly seq: number;
  readonly from: readonly SenderId[];
  /** The largest number proposed. */
  readonly number: number;
  /** A member knows the message from a view before: it is not to be delivered again. */
  readonly known: boolean;
}

/** By place. */
export type Tallies = PersistentMap<Tally>;

export const opened = (tallies: Tallies, place: number, seq: number): Tallies =>
  mapSet(tallies, String(place), { place, seq, from: [], number: 0, known: false });

/** Null if it is said of no message that is under way, or by who has said so. */
export function withProposal(tallies: Tallies, by: SenderId, { place, number, known }: Proposal): Tallies | null {
  const before = mapGet(tallies, String(place));
  if (before === undefined || before.from.includes(by)) return null;
  const from = [...before.from, by];
  return mapSet(tallies, String(place), {
    ...before,
    from,
    number: Math.max(before.number, number),
    known: before.known || known,
  });
}

/**
 * Takes out those of which all members have spoken, in their order in the stream. Each member proposes in that order, so no message is
 * ready before one that is before it.
 */
export function agreedOn(
  tallies: Tallies,
  members: readonly SenderId[],
): { readonly tallies: Tallies; readonly agreed: readonly Tally[] } {
  const isComplete = ({ from }: Tally): boolean => members.every((id) => from.includes(id));
  const agreed = [...mapEntries(tallies)].map(([, tally]) => tally).filter(isComplete);
  agreed.sort((a, b) => a.place - b.place);
  return { tallies: agreed.reduce((rest, { place }) => mapDelete(rest, String(place)), tallies), agreed };
}

/** What the author's stream says of it: the number, or 0 for a message that is known from a view before. */
export const verdictOf = ({ place, number, known }: Tally): { place: number; number: number } => ({
  place,
  number: known ? 0 : number,
});
