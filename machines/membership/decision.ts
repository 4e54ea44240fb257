/**
 * How somebody outside the membership service learns what it has decided: from a majority of its replicas that have accepted
 * the same decree under the same ballot, or from one that says so (Lamport 1998: who hears a majority needs no leader).
 */
import type { NodeId } from '../shared/identifiers.js';
import type { Accepted, Decree } from './messages.js';

/** What one replica of the service has accepted. */
interface Vote extends Accepted {
  readonly by: NodeId;
}

/** One vote for each replica and slot: bounded by the replicas and the few slots under way. */
export type Votes = readonly Vote[];

const majority = (service: readonly NodeId[]): number => Math.floor(service.length / 2) + 1;

/** The votes with these of one replica: in a slot, that of the highest ballot stands. */
export function withVotes(votes: Votes, by: NodeId, accepted: readonly Accepted[]): Votes {
  let now = votes;
  for (const vote of accepted) {
    const before = now.find((other) => other.by === by && other.slot === vote.slot);
    if (before !== undefined && before.ballot >= vote.ballot) continue;
    now = [...now.filter((other) => other !== before), { ...vote, by }];
  }
  return now;
}

/** The votes that still matter to somebody who is in this view. */
export const votesAfter = (votes: Votes, view: number): Votes => votes.filter(({ decree }) => decree.view.id > view);

/** What the votes decide, by the views' numbers. */
export function decidedBy(votes: Votes, service: readonly NodeId[]): Decree[] {
  const decided = new Map<number, Decree>();
  for (const { slot, ballot, decree } of votes) {
    const same = votes.filter((other) => other.slot === slot && other.ballot === ballot);
    if (same.length >= majority(service)) decided.set(decree.view.id, decree);
  }
  return [...decided.values()].sort((a, b) => a.view.id - b.view.id);
}
