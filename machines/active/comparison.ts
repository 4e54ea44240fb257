/**
 * Members compare their states (AR-12). Active replication needs operations that give the same result everywhere; one that
 * does not makes the states drift apart, and nobody would notice. So at agreed points of the order - the beginning of each view,
 * and every so many messages - each full member tells the others the digest of its state, which is kept up as the state changes,
 * so that the cost of a request stays what it is. Where digests of one point differ, those that agree go on if they are more than half of the
 * full members of the view; each of the others has diverged and stops. Where there is no such majority, all stop.
 *
 * A point is settled by the digests of one view only. When the view ends, what is open is given up: the next view begins with a
 * point of its own. Both lists here are bounded, so a member that is far behind, or far ahead, misses comparisons and holds nothing
 * up: what the point would have found, the next one finds, for a state that differs stays different.
 */

import type { SenderId } from '../shared/identifiers.js';
import { fields, natural, type Shape, text } from '../shared/shapes.js';
import type { View } from '../shared/view.js';

/** A place in the order: after this message of this view; 0 is the beginning of the view. */
export interface Point {
  readonly view: number;
  readonly number: number;
}

/** From one full member to the others. */
export interface Digest extends Point {
  readonly member: SenderId;
  /** Number of updates executed. */
  readonly version: number;
  readonly digest: string;
}

export const digestShape: Shape = fields({
  view: natural,
  number: natural,
  member: text,
  version: natural,
  digest: text,
});

interface Comparison extends Point {
  readonly said: readonly Digest[];
  /** Executed here since the point before; null until this member has reached the point. */
  readonly operations: readonly string[] | null;
}

export interface Comparing {
  /** Open points in order, at most MOST_POINTS. */
  readonly open: readonly Comparison[];
  /** The last point that was settled: nothing before it is looked at any more. */
  readonly settled: Point;
  /** Names of operations executed here since the last point that was reached. */
  readonly operations: readonly string[];
}

/** Why this member has stopped. */
export interface Divergence extends Point {
  /** Others are a majority and go on. Where there is none, all stop, and nobody leaves: a view without it could find one. */
  readonly majority: boolean;
  readonly code: 'STATES_DIFFER';
  readonly message: string;
  /** Executed since the last point at which the states were the same: one of these is at fault. */
  readonly operations: readonly string[];
}

export const MOST_POINTS = 16;
/** A client can ask for operations that there are not, so their names have a bound. */
const MOST_NAMES = 64;

export const nothingCompared: Comparing = { open: [], settled: { view: 0, number: 0 }, operations: [] };

const isAfter = (one: Point, other: Point): boolean =>
  one.view > other.view || (one.view === other.view && one.number > other.number);
const isSame = (one: Point, other: Point): boolean => one.view === other.view && one.number === other.number;

/** The names of what has been executed, each once. */
export function named(before: readonly string[], executed: readonly { readonly op: string }[]): readonly string[] {
  let names = before;
  for (const { op } of executed) {
    if (names.length < MOST_NAMES && !names.includes(op)) names = [...names, op];
  }
  return names;
}

const merged = (lists: readonly (readonly string[])[]): readonly string[] =>
  named(
    [],
    lists.flat().map((op) => ({ op })),
  );

/** A view begins: the open points of those before are given up, and what was executed since is still in question. */
export function enterComparing({ open, settled, operations }: Comparing, view: number): Comparing {
  const past = open.filter((point) => point.view < view).map((point) => point.operations ?? []);
  const begun = { view, number: -1 }; // before the beginning of the view, which is a point
  return {
    open: open.filter((point) => point.view >= view),
    settled: isAfter(begun, settled) ? begun : settled,
    operations: merged([...past, operations]),
  };
}

/** This member has reached a point. */
export function reached(comparing: Comparing, digest: Digest): Comparing {
  const change = (point: Comparison): Comparison => ({
    ...point,
    said: [...point.said, digest],
    operations: comparing.operations,
  });
  return { ...withPoint(comparing, digest, change), operations: [] };
}

/** Another member has. Null when that is no news: the point is settled, or the member has spoken of it. */
export function told(comparing: Comparing, digest: Digest): Comparing | null {
  const point = comparing.open.find((other) => isSame(other, digest));
  const spoken = point?.said.some(({ member }) => member === digest.member) ?? false;
  if (spoken || !isAfter(digest, comparing.settled)) return null;
  return withPoint(comparing, digest, (open) => ({ ...open, said: [...open.said, digest] }));
}

function withPoint(
  comparing: Comparing,
  { view, number }: Point,
  change: (point: Comparison) => Comparison,
): Comparing {
  const known = comparing.open.find((other) => isSame(other, { view, number }));
  const point = change(known ?? { view, number, said: [], operations: null });
  const others = comparing.open.filter((other) => other !== known);
  const open = [...others, point].sort((a, b) => (isAfter(a, b) ? 1 : -1));
  if (open.length <= MOST_POINTS) return { ...comparing, open };
  // The oldest goes; what was executed before it is in question at the next one that this member has reached.
  const [dropped, ...rest] = open;
  const names = dropped?.operations ?? [];
  const next = rest.findIndex(({ operations }) => operations !== null);
  if (next === -1) return { ...comparing, open: rest, operations: merged([names, comparing.operations]) };
  const kept = rest.map((other, i) =>
    i === next ? { ...other, operations: merged([names, other.operations ?? []]) } : other,
  );
  return { ...comparing, open: kept };
}

/** What the digests of the view come to: the points that are settled go, and the first that finds this member apart says so. */
export function compared(
  comparing: Comparing,
  view: View,
  self: SenderId,
): { readonly comparing: Comparing; readonly divergence: Divergence | null } {
  const full = view.members.filter((member) => member.full).map(({ id }) => id);
  let now = comparing;
  for (const point of comparing.open) {
    if (point.view !== view.id || point.operations === null) continue;
    const verdict = verdictOf(point, full, self);
    if (verdict === 'minority' || verdict === 'split')
      return { comparing: now, divergence: divergenceAt(point, now, self, verdict === 'minority') };
    if (verdict === 'agrees')
      now = {
        ...now,
        open: now.open.filter((other) => isAfter(other, point)),
        settled: { view: point.view, number: point.number },
      };
  }
  return { comparing: now, divergence: null };
}

function verdictOf(
  { said }: Comparison,
  full: readonly SenderId[],
  self: SenderId,
): 'agrees' | 'minority' | 'split' | 'open' {
  const of = (member: SenderId): Digest | undefined => said.find((digest) => digest.member === member);
  const own = of(self);
  if (own === undefined) return 'open';
  const sizes = new Map<string, number>();
  let out = 0;
  for (const member of full) {
    const digest = of(member);
    if (digest === undefined) out += 1;
    else sizes.set(keyOf(digest), (sizes.get(keyOf(digest)) ?? 0) + 1);
  }
  if ((sizes.get(keyOf(own)) ?? 0) * 2 > full.length) return 'agrees';
  if ([...sizes.values()].some((size) => size * 2 > full.length)) return 'minority';
  return out === 0 ? 'split' : 'open';
}

const keyOf = ({ version, digest }: Digest): string => `${version} ${digest}`;

function divergenceAt(point: Comparison, { open }: Comparing, self: SenderId, majority: boolean): Divergence {
  const suspects = open.filter((other) => !isAfter(other, point));
  const operations = merged(suspects.map((other) => other.operations ?? []));
  const place =
    point.number === 0 ? `at the beginning of view ${point.view}` : `at place ${point.number} of view ${point.view}`;
  const message = `The state of ${self} differs ${place} from that of other replica managers, and no majority has the same as it. It has stopped. One of the operations since they were last the same is not deterministic: ${operations.join(', ')}.`;
  return { view: point.view, number: point.number, majority, code: 'STATES_DIFFER', message, operations };
}
