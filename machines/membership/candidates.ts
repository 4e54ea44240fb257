/**
 * The messages of the agreed order that a member holds and has not delivered: what its streams have brought of them so far, the
 * messages themselves and the numbers that they got.
 */
import { heldAt } from '../multicast/hold-back-queue.js';
import type { SenderId } from '../shared/identifiers.js';
import { mapDelete, mapEntries, mapGet, mapSet } from '../shared/persistent-map.js';
import { at, type Candidate, count, type MemberContext, type Step, streamsOf } from './view-member.js';
import type { Entry } from './view-messages.js';

export const keyOf = (author: SenderId, place: number): string => `${place} ${author}`;

export const candidatesOf = ({ agreeing }: Pick<MemberContext, 'agreeing'>): Candidate[] =>
  [...mapEntries(agreeing.candidates)].map(([, candidate]) => candidate);

/** By agreed number. Along a stream numbers only rise, so two messages of one author never have the same. */
export const byNumber = (a: Candidate, b: Candidate): number => a.number - b.number || byAuthor(a, b);
export const byAuthor = (a: Candidate, b: Candidate): number =>
  a.author === b.author ? a.place - b.place : a.author < b.author ? -1 : 1;

export function setCandidate(step: Step, candidate: Candidate): void {
  const { agreeing } = step;
  const candidates = mapSet(agreeing.candidates, keyOf(candidate.author, candidate.place), candidate);
  step.agreeing = { ...agreeing, candidates };
}

export function dropCandidate(step: Step, { author, place }: Pick<Candidate, 'author' | 'place'>): void {
  step.agreeing = { ...step.agreeing, candidates: mapDelete(step.agreeing.candidates, keyOf(author, place)) };
}

/** Looks at what has come since the last time: messages, and numbers. */
export function note(step: Step): void {
  for (const stream of streamsOf(step)) {
    const from = at(step.agreeing.noted, stream);
    const upTo = at(step.holds, stream);
    if (from === upTo) continue;
    for (let place = from + 1; place <= upTo; place++) {
      const entry = heldAt(step.kept, stream, place);
      if (entry === undefined) continue;
      if (entry.verdict === undefined)
        setCandidate(step, { author: stream, place, number: 0, agreedAt: 0, known: false });
      else noteVerdict(step, entry, entry.verdict);
    }
    step.agreeing = { ...step.agreeing, noted: { ...step.agreeing.noted, [stream]: upTo } };
  }
}

function noteVerdict(
  step: Step,
  { author, place: agreedAt }: Entry,
  { place, number }: { place: number; number: number },
): void {
  const candidate = mapGet(step.agreeing.candidates, keyOf(author, place));
  if (candidate === undefined) {
    count(step, 'a number for nothing');
    return;
  }
  step.agreeing = { ...step.agreeing, clock: Math.max(step.agreeing.clock, number) };
  if (number === 0) dropCandidate(step, candidate);
  else setCandidate(step, { ...candidate, number, agreedAt, known: false });
}
