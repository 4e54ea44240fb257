/**
 * Voting on replies (AR-6, AR-7; Schneider 1990, section 2): an answer is what `needed` replica managers agree on.
 * When replicas may crash and do nothing worse, needed is 1: the first reply. When up to f of 2f + 1 may lie it is f + 1,
 * for then one of those who agree is honest, and the honest ones alone are enough.
 *
 * Replies agree when their outcomes are identical. The version is no part of the vote, or a liar with the right outcome
 * and a wrong version would be as good as silent; the answer carries the lowest version named by those who agree, which
 * no liar among them can raise above an honest one's.
 */
import { equal } from '../shared/equality.js';
import type { NodeId } from '../shared/identifiers.js';
import type { Outcome, Reply } from '../shared/requests.js';
import type { FaultModel } from '../shared/style.js';

/** Replica managers that gave the same outcome. */
export interface Party {
  readonly outcome: Outcome;
  readonly version: number;
  readonly by: readonly NodeId[];
}

/** Faulty replica managers among n that the vote outlives. */
export const faultsTolerated = (n: number, model: FaultModel): number =>
  model === 'crash' ? n - 1 : Math.floor((n - 1) / 2);

/** Identical replies that make an answer. */
export const votesNeeded = (n: number, model: FaultModel): number =>
  model === 'crash' ? 1 : faultsTolerated(n, model) + 1;

export const hasVoted = (parties: readonly Party[], voter: NodeId): boolean =>
  parties.some((party) => party.by.includes(voter));

/** The parties after one more vote. Each replica manager has one vote: the first counts. */
export function vote(
  parties: readonly Party[],
  voter: NodeId,
  reply: Pick<Reply, 'outcome' | 'version'>,
): readonly Party[] {
  const place = parties.findIndex((party) => equal(party.outcome, reply.outcome));
  const party = parties[place];
  if (party === undefined) return [...parties, { outcome: reply.outcome, version: reply.version, by: [voter] }];
  const joined: Party = { ...party, version: Math.min(party.version, reply.version), by: [...party.by, voter] };
  return parties.map((other) => (other === party ? joined : other));
}

/** The party that has won; `split` when the votes that are still out can make none win; null while it is open. */
export function elected(parties: readonly Party[], needed: number, n: number): Party | 'split' | null {
  let voted = 0;
  let most = 0;
  for (const party of parties) {
    if (party.by.length >= needed) return party;
    voted += party.by.length;
    most = Math.max(most, party.by.length);
  }
  return most + (n - voted) < needed ? 'split' : null;
}
