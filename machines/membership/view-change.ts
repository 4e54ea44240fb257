/**
 * What the service makes of what it hears about one group: who is suspected, whether the view has to change, whom it asks to
 * report, and what the next view and the cut are. Nothing of this is agreed on or kept: a new leader hears it anew.
 *
 * Suspicions count in the order in which they came, and what somebody says who is suspected counts nothing, so of two members that
 * suspect each other one goes on. Who would leave a view without a member that has the state is not counted as
 * suspected: as long as such a member may report, the service waits.
 */
import { type Address, incarnationOf, type NodeId, type SenderId, senderNode } from '../shared/identifiers.js';
import { isMember, type Member, type View } from '../shared/view.js';
import { type Entry, isOver } from './directory.js';
import type { Decree, Holdings, Report } from './messages.js';

/** Somebody says that somebody has failed; null: the service itself says so. */
export interface Claim {
  readonly suspect: SenderId;
  readonly by: SenderId | null;
}

/** A wish to join or to leave, and who is told what comes of it. */
export interface Asked {
  readonly member: SenderId;
  readonly from: Address;
}

/** What has been heard of one group since its view was decided. */
export interface Collection {
  /** Member → its last report. One for the next view can come early. */
  readonly reports: Readonly<Record<SenderId, Report>>;
  /** In order of arrival. */
  readonly claims: readonly Claim[];
  readonly joins: readonly Asked[];
  readonly leaves: readonly Asked[];
  /** Member → the suspects that it was last told in a flush. */
  readonly flushed: Readonly<Record<SenderId, readonly SenderId[]>>;
  /** Rounds that have begun since a change was wanted. After a whole one, who has not reported is suspected. */
  readonly rounds: number;
}

export const nothingHeard: Collection = {
  reports: {},
  claims: [],
  joins: [],
  leaves: [],
  flushed: {},
  rounds: 0,
};

/** Most claims and wishes of one group at a time; all are repeated by who still means them. */
const MOST_CLAIMS = 4096;
export const MOST_WISHES = 1024;

export const isEmpty = ({ reports, claims, joins, leaves }: Collection): boolean =>
  claims.length === 0 && joins.length === 0 && leaves.length === 0 && Object.keys(reports).length === 0;

/** The report of a member for the view that it is asked about. */
function reportOf({ decree: { view } }: Entry, { reports }: Collection, id: SenderId): Report | undefined {
  const report = reports[id];
  return report?.view === view.id ? report : undefined;
}

const hasState = (entry: Entry, collection: Collection, member: Member): boolean =>
  member.full || reportOf(entry, collection, member.id)?.full === true;

/** GM-3: one more claim. A static group evicts nobody. */
export function claimed(entry: Entry, collection: Collection, { suspect, by }: Claim): Collection {
  const { claims } = collection;
  if (suspect === by || (entry.static && isMember(entry.decree.view, suspect))) return collection;
  if (claims.length >= MOST_CLAIMS || claims.some((other) => other.suspect === suspect && other.by === by))
    return collection;
  return { ...collection, claims: [...claims, { suspect, by }] };
}

/** Whose suspicion counts: see above. */
export function suspectsOf(entry: Entry, collection: Collection): readonly SenderId[] {
  const { members } = entry.decree.view;
  const suspects: SenderId[] = [];
  for (const { suspect, by } of collection.claims) {
    if (suspects.includes(suspect) || (by !== null && suspects.includes(by))) continue;
    const left = members.filter(({ id }) => id !== suspect && !suspects.includes(id));
    if (!isMember(entry.decree.view, suspect) || left.some((member) => hasState(entry, collection, member)))
      suspects.push(suspect);
  }
  return suspects;
}

/** F: the members that take part in the change. */
function participants(entry: Entry, collection: Collection): readonly Member[] {
  const suspects = suspectsOf(entry, collection);
  return entry.decree.view.members.filter(({ id }) => !suspects.includes(id));
}

/** VS-1: what any of them holds, of each sender the most. */
function union(reports: readonly Report[]): Holdings {
  const all: Record<SenderId, number> = {};
  for (const { holds } of reports) {
    for (const [sender, upTo] of Object.entries(holds)) {
      const id = sender as SenderId; // the keys of holdings are sender ids
      if (upTo > (all[id] ?? 0)) all[id] = upTo;
    }
  }
  return all;
}

const holdsAll = ({ holds }: Report, all: Holdings): boolean =>
  Object.entries(all).every(([sender, upTo]) => (holds[sender as SenderId] ?? 0) >= upTo);

/** Those of the wishes to join that can be granted now, the latest incarnation of each node. */
function joiners(entry: Entry, collection: Collection, survivors: readonly Member[]): SenderId[] {
  const taken = new Set<NodeId>(survivors.map(({ id }) => senderNode(id)));
  const latest = new Map<NodeId, SenderId>();
  for (const { member } of collection.joins) {
    const node = senderNode(member);
    const other = latest.get(node);
    if (taken.has(node) || isOver(entry, member)) continue;
    if (other === undefined || incarnationOf(other) < incarnationOf(member)) latest.set(node, member);
  }
  return [...latest.values()];
}

/** Wishes to leave are granted in their order, as long as somebody stays who has the state. */
function stayers(entry: Entry, collection: Collection): readonly Member[] {
  return collection.leaves.reduce<readonly Member[]>(
    (staying, { member: leaver }) => {
      const left = staying.filter(({ id }) => id !== leaver);
      return left.some((member) => hasState(entry, collection, member)) ? left : staying;
    },
    participants(entry, collection),
  );
}

/** The view that would follow now: survivors in their order, then who joins. */
function nextView(entry: Entry, collection: Collection): View {
  const { group, id: before } = entry.decree.view;
  const id = before + 1;
  const staying = stayers(entry, collection);
  const survivors = staying.map((member) => ({ ...member, full: hasState(entry, collection, member) }));
  const joined = joiners(entry, collection, staying).map((member) => ({ id: member, since: id, full: false }));
  return { group, id, members: [...survivors, ...joined] };
}

/** Something asks for another view. A member that has reported has stopped, so only another view lets it go on. */
export function isWanted(entry: Entry, collection: Collection | undefined): collection is Collection {
  if (collection === undefined || isEmpty(collection)) return false;
  const { members } = entry.decree.view;
  const takesPart = participants(entry, collection);
  return (
    members.some(({ id }) => reportOf(entry, collection, id) !== undefined) ||
    suspectsOf(entry, collection).length > 0 ||
    joiners(entry, collection, takesPart).length > 0 ||
    (collection.leaves.some(({ member: leaver }) => isMember(entry.decree.view, leaver)) &&
      takesPart.some(({ id }) => !collection.leaves.some(({ member }) => member === id)))
  );
}

/** The decree that ends the view, or null while it cannot end: not all that take part have reported that they hold all. */
export function decreeOf(entry: Entry, collection: Collection | undefined): Decree | null {
  if (!isWanted(entry, collection)) return null;
  const reports: Report[] = [];
  for (const { id } of participants(entry, collection)) {
    const report = reportOf(entry, collection, id);
    if (report === undefined) return null;
    reports.push(report);
  }
  const cut = union(reports);
  if (!reports.every((report) => holdsAll(report, cut))) return null;
  const view = nextView(entry, collection);
  if (!view.members.some(({ full }) => full)) return null;
  return { view, cut, unsettled: Object.fromEntries(reports.map(({ member, unsettled }) => [member, unsettled])) };
}

const covers = (known: readonly SenderId[] | undefined, suspects: readonly SenderId[]): boolean =>
  known !== undefined && suspects.every((id) => known.includes(id));

/**
 * Members to be told that they must report, or of more suspects: those that neither said so themselves nor were told. Once
 * a round has passed that left nobody to go on, suspects are asked too: they may live.
 */
export function toFlush(entry: Entry, collection: Collection): SenderId[] {
  const suspects = suspectsOf(entry, collection);
  const asked = collection.rounds > 1 ? entry.decree.view.members : participants(entry, collection);
  return asked
    .map(({ id }) => id)
    .filter(
      (id) => !covers(reportOf(entry, collection, id)?.suspects, suspects) && !covers(collection.flushed[id], suspects),
    );
}

/**
 * The end of a round: the flush is the failure detector of those that it asks. While nobody who has the state has reported,
 * nobody is suspected for his silence; then whoever was suspected and has reported all the same is believed to live.
 */
export function expired(entry: Entry, before: Collection): Collection {
  const collection: Collection = { ...before, rounds: before.rounds + 1, flushed: {} };
  if (before.rounds === 0) return collection;
  const silent = (id: SenderId): boolean => reportOf(entry, collection, id) === undefined;
  const takesPart = participants(entry, collection);
  if (takesPart.some((member) => !silent(member.id) && hasState(entry, collection, member)))
    return takesPart
      .filter(({ id }) => silent(id))
      .reduce((now, { id }) => claimed(entry, now, { suspect: id, by: null }), collection);
  const claims = collection.claims.filter(({ suspect }) => silent(suspect) || !isMember(entry.decree.view, suspect));
  return { ...collection, claims };
}

/** Somebody whom the service itself suspected is heard again. */
export const trusted = (collection: Collection, id: SenderId): Collection => ({
  ...collection,
  claims: collection.claims.filter(({ suspect, by }) => by !== null || suspect !== id),
});

/**
 * What is left of it when the next view is decided: early reports of that view, what the service itself knows of its members,
 * and who still has to be let in. Members say again whom they suspect, and that they want to leave: if a wish that could not be
 * granted stayed, view would follow view.
 */
export function afterDecision(after: Entry, { reports, claims, joins }: Collection): Collection {
  const { view } = after.decree;
  const early = Object.values(reports).filter((report) => report.view >= view.id);
  const kept: Collection = {
    ...nothingHeard,
    reports: Object.fromEntries(early.map((report) => [report.member, report])),
    claims: claims.filter(({ suspect, by }) => by === null && isMember(view, suspect)),
    joins: joins.filter(({ member }) => !isMember(view, member) && !isOver(after, member)),
  };
  return early.reduce((now, report) => withClaimsOf(after, now, report), kept);
}

export const withClaimsOf = (entry: Entry, collection: Collection, { member, suspects }: Report): Collection =>
  suspects.reduce((now, suspect) => claimed(entry, now, { suspect, by: member }), collection);
