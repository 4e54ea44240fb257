/**
 * The agreed order at the end of a view. Messages are left without a number when who coordinates them fails half way, or is too late. The
 * reports say what the members that go on have proposed for them, so all compute the same numbers: first what is agreed in the cut, by
 * its numbers, for it may be delivered somewhere; then what is not, by the largest proposal, for it is delivered nowhere that counts.
 */
import { senderShape, place as validPlace } from '../multicast/group.js';
import type { SenderId } from '../shared/identifiers.js';
import { emptyMap, mapEntries, mapGet, mapSet, type PersistentMap } from '../shared/persistent-map.js';
import type { Serializable } from '../shared/serializable.js';
import { fields, flag, listOf, natural, optional, type Shape } from '../shared/shapes.js';
import { byAuthor, byNumber, candidatesOf, keyOf, note, setCandidate } from './candidates.js';
import type { Decree } from './messages.js';
import { at, type Candidate, type Step } from './view-member.js';

/** A message that the member who reports it holds, and knows no agreed number for. */
type Open = { readonly author: SenderId; readonly place: number; readonly number: number; readonly known: boolean };

/** What a member's report says of the order. */
type Unsettled = {
  /** Messages with a number so far, over all views; none where the member does not know what came before it. */
  readonly numbered?: number;
  readonly open: readonly Open[];
};

const unsettledShape: Shape = fields({
  numbered: optional(natural),
  open: listOf(fields({ author: senderShape, place: validPlace, number: natural, known: flag })),
});

const wordsOf = ({ unsettled }: Decree): Unsettled[] =>
  (Object.values(unsettled) as unknown[]).filter((word): word is Unsettled => unsettledShape(word));

/** What this member reports, once it has proposed for all that it can. */
export function wordOf(step: Step): Serializable {
  const candidates = candidatesOf(step).sort(byAuthor);
  const agreed = candidates.filter(({ agreedAt }) => agreedAt > 0).length;
  const open = candidates
    .filter(({ agreedAt }) => agreedAt === 0)
    .map(({ author, place, number, known }): Open => ({ author, place, number, known }));
  const word: Unsettled = {
    ...(step.informed ? { numbered: step.numbered + step.agreeing.handed + agreed } : {}),
    open,
  };
  return word;
}

/** What the members that take part say together of each message that is not agreed: the largest number, and whether one knows it. */
function openIn(decree: Decree): PersistentMap<Open> {
  let all = emptyMap<Open>();
  for (const { open } of wordsOf(decree)) {
    for (const word of open) {
      const key = keyOf(word.author, word.place);
      const before = mapGet(all, key) ?? word;
      const number = Math.max(before.number, word.number);
      all = mapSet(all, key, { ...word, number, known: before.known || word.known });
    }
  }
  return all;
}

/** Numbers for all of the cut, after those that are agreed in it. */
export function settle(step: Step, decree: Decree): void {
  note(step);
  const words = openIn(decree);
  const inCut = candidatesOf(step).filter(({ author, place }) => place <= at(decree.cut, author));
  const agreed = inCut.filter(({ author, agreedAt }) => agreedAt > 0 && agreedAt <= at(decree.cut, author));
  const last = agreed.reduce((most, { number }) => Math.max(most, number), 0);
  const open = inCut
    .filter((candidate) => !agreed.includes(candidate))
    .map((candidate) => ({ ...candidate, ...mapGet(words, keyOf(candidate.author, candidate.place)) }))
    .filter(({ known }) => !known);
  const settled = rising(open).map((candidate, i) => ({
    ...candidate,
    number: last + i + 1,
    agreedAt: candidate.place,
  }));
  step.agreeing = { ...step.agreeing, candidates: emptyMap() };
  for (const candidate of [...agreed, ...settled]) setCandidate(step, candidate);
}

/**
 * By number, those for which nobody has proposed last. Some may have proposed for less of a stream than others, so its
 * numbers are made to rise along it.
 */
function rising(open: readonly Candidate[]): Candidate[] {
  let before: Candidate | null = null;
  const numbered: Candidate[] = [];
  for (const candidate of [...open].sort(byAuthor)) {
    const least: number = before?.author === candidate.author ? before.number + 1 : 1;
    const number: number = candidate.number === 0 ? Number.MAX_SAFE_INTEGER : Math.max(candidate.number, least);
    before = { ...candidate, number };
    numbered.push(before);
  }
  return numbered.sort(byNumber);
}

/** Those who know what came before the view that ends say it alike, for they hold the same of it. */
export function numberedBy(decree: Decree): number {
  const known = wordsOf(decree).find(({ numbered }) => numbered !== undefined)?.numbered ?? 0;
  return known + [...mapEntries(openIn(decree))].filter(([, word]) => !word.known).length;
}
