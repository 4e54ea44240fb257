/**
 * How the replicas of the membership service agree on the next change of the directory: Paxos (Lamport 1998, 2001), one slot
 * at a time. These are the rules of one replica, which is acceptor and learner always, and proposer while it campaigns or leads.
 *
 *   - A ballot belongs to one replica, and it uses each of its ballots in one campaign only.
 *   - A promise holds for all slots: the acceptor takes part in no lower ballot. It says what was accepted last in the slot that the
 *     acceptor is in; in slots after that one it has accepted nothing.
 *   - Who has promises of a majority leads under its ballot, in this slot and all that follow, and proposes one change a slot:
 *     in the first what was accepted there under the highest ballot, if anything was.
 *   - A change is decided when a majority has accepted it under one ballot.
 *
 * Nothing here is sent or kept: that is the chart's part, and it sends a promise or an acceptance only when it is safe.
 */
import type { NodeId } from '../shared/identifiers.js';
import type { Change, DirectoryCopy } from './directory.js';

interface Proposal {
  readonly ballot: number;
  readonly change: Change;
}

/** To the acceptors, and from each of them to all replicas. */
export interface SlotProposal extends Proposal {
  readonly slot: number;
}

/** To who campaigns. */
export interface Promised {
  readonly ballot: number;
  /** The slot that the acceptor is in. */
  readonly slot: number;
  /** What it accepted there last. */
  readonly accepted: Proposal | null;
  /** When it is in a later slot than who campaigns: what has been decided before. */
  readonly directory?: DirectoryCopy;
}

export interface Campaign {
  readonly ballot: number;
  /** By acceptor. */
  readonly promises: Readonly<Record<NodeId, Promised>>;
  /** It has begun to lead. */
  readonly won: boolean;
}

export interface Agreement {
  readonly self: NodeId;
  /** All replicas, in the order in which they come to lead. */
  readonly replicas: readonly NodeId[];
  /** The slot to be decided, from 1. */
  readonly slot: number;
  /** Durable: no part in ballots below this one; -1 before the first. */
  readonly promised: number;
  /** Durable: what it accepted last in this slot. */
  readonly accepted: Proposal | null;
  /** What each acceptor is known to have accepted last in this slot, durably. */
  readonly heard: Readonly<Record<NodeId, Proposal>>;
  /** Its own try to lead; null when it follows. */
  readonly campaign: Campaign | null;
}

export const agreementOf = (
  self: NodeId,
  replicas: readonly NodeId[],
  kept: Pick<Agreement, 'slot' | 'promised' | 'accepted'>,
): Agreement => ({ self, replicas, ...kept, heard: {}, campaign: null });

export const isMajority = (agreement: Pick<Agreement, 'replicas'>, count: number): boolean =>
  2 * count > agreement.replicas.length;

/** The least ballot of its own above all that it has promised. */
function nextBallot({ self, replicas, promised }: Agreement): number {
  const n = replicas.length;
  const ballot = Math.floor(promised / n) * n + replicas.indexOf(self);
  return ballot > promised ? ballot : ballot + n;
}

/** Its own promise is one like the others', and is sent to itself when it is safe. */
export function campaigning(agreement: Agreement): Agreement & { readonly campaign: Campaign } {
  const ballot = nextBallot(agreement);
  return { ...agreement, promised: ballot, campaign: { ballot, promises: {}, won: false } };
}

/** Gives up what it tries under a lower ballot than the one that it has heard of. */
const withoutLowerCampaign = (agreement: Agreement, ballot: number): Agreement =>
  agreement.campaign !== null && agreement.campaign.ballot < ballot ? { ...agreement, campaign: null } : agreement;

/** Phase 1 at an acceptor; null when it has promised a higher ballot. */
export const promising = (agreement: Agreement, ballot: number): Agreement | null =>
  ballot < agreement.promised ? null : { ...withoutLowerCampaign(agreement, ballot), promised: ballot };

/** Phase 2 at an acceptor: `outbid` by a higher ballot, `behind` the slot, or the slot is `past`. */
export function accepting(
  agreement: Agreement,
  { slot, ballot, change }: SlotProposal,
): Agreement | 'outbid' | 'behind' | 'past' {
  if (ballot < agreement.promised) return 'outbid';
  if (slot > agreement.slot) return 'behind';
  if (slot < agreement.slot) return 'past';
  return { ...withoutLowerCampaign(agreement, ballot), promised: ballot, accepted: { ballot, change } };
}

/** An acceptor has accepted; what it accepted later counts, whatever comes first. */
export function hearing(agreement: Agreement, acceptor: NodeId, { slot, ballot, change }: SlotProposal): Agreement {
  const before = agreement.heard[acceptor];
  if (slot !== agreement.slot || (before !== undefined && before.ballot >= ballot)) return agreement;
  return { ...agreement, heard: { ...agreement.heard, [acceptor]: { ballot, change } } };
}

/** The change that is decided in this slot, as far as is known here. */
export function decidedChange(agreement: Agreement): Change | null {
  const proposals = Object.values(agreement.heard);
  for (const { ballot, change } of proposals) {
    if (isMajority(agreement, proposals.filter((other) => other.ballot === ballot).length)) return change;
  }
  return null;
}

/** The slots before this one are decided. */
export const advanced = (agreement: Agreement, slot: number): Agreement =>
  slot <= agreement.slot ? agreement : { ...agreement, slot, accepted: null, heard: {} };

export function withPromise(agreement: Agreement, acceptor: NodeId, promise: Promised): Agreement {
  const { campaign } = agreement;
  if (campaign === null || campaign.ballot !== promise.ballot) return agreement;
  return { ...agreement, campaign: { ...campaign, promises: { ...campaign.promises, [acceptor]: promise } } };
}

export const hasMajorityOfPromises = (agreement: Agreement): boolean =>
  agreement.campaign !== null && isMajority(agreement, Object.keys(agreement.campaign.promises).length);

/**
 * What may have been decided in this slot under a lower ballot, so that nothing else may be proposed. An acceptor whose promise
 * is from an earlier slot has accepted nothing in this one.
 */
export function foundChange({ slot, campaign }: Agreement): Change | null {
  let found: Proposal | null = null;
  for (const promise of Object.values(campaign?.promises ?? {})) {
    if (promise.slot !== slot || promise.accepted === null) continue;
    if (found === null || promise.accepted.ballot > found.ballot) found = promise.accepted;
  }
  return found?.change ?? null;
}
