/**
 * Linearizability of a queue into which no value is put twice, by the four ways in which it can fail (Henzinger, Sezgin
 * and Vafeiadis, Aspect-oriented linearizability proofs, 2013): a value is taken that nobody had put; a value is taken
 * twice; two values come out in the other order than they went in; or the queue is found empty though at no instant of
 * that operation it can have been.
 */
import { textOf } from './json.js';
import type { Question } from './question.js';
import type { Values } from './unique.js';

/** A value that was put in. Places of operations, -1 for none, and times. */
interface Stay {
  readonly put: number;
  readonly take: number;
  readonly putCalled: number;
  readonly putReturned: number;
  readonly takeCalled: number;
  readonly takeReturned: number;
}

/**
 * Operations that by themselves cannot be; none where it is linearizable. undefined: there are operations that may have
 * taken a value or not.
 */
export function unorderedInQueue(question: Question, { puts, takes, first }: Values): readonly number[] | undefined {
  const { operations, required, timing } = question;
  if (first !== 'null' || takes.some((i) => required[i] === 0)) return undefined;
  const taken = new Map<number, number>();
  const empty: number[] = [];
  for (const i of takes) {
    const value = textOf(operations[i]?.output ?? null);
    const put = puts.get(value);
    if (value === 'null') empty.push(i);
    else if (put === undefined) return [i];
    else if ((timing.returned[i] ?? 0) < (timing.called[put] ?? 0)) return [put, i];
    else if (taken.has(put)) return [put, taken.get(put) ?? 0, i];
    else taken.set(put, i);
  }
  const stays: Stay[] = [];
  for (const put of puts.values()) {
    const take = taken.get(put) ?? -1;
    if (take >= 0 || required[put] === 1) stays.push(stayOf(question, put, take));
  }
  stays.sort((a, b) => (a.putReturned < b.putReturned ? -1 : 1));
  return overtaking(stays) ?? neverEmpty(question, stays, empty) ?? [];
}

function stayOf({ timing: { called, returned } }: Question, put: number, take: number): Stay {
  return {
    put,
    take,
    putCalled: called[put] ?? 0,
    putReturned: returned[put] ?? 0,
    takeCalled: take < 0 ? Number.POSITIVE_INFINITY : (called[take] ?? 0),
    takeReturned: take < 0 ? Number.POSITIVE_INFINITY : (returned[take] ?? 0),
  };
}

/** Two values of which the second was put in after the first, and out before it was begun to be taken. */
function overtaking(stays: readonly Stay[]): readonly number[] | undefined {
  const byCall = [...stays].sort((a, b) => a.putCalled - b.putCalled);
  let next = 0;
  let longest: Stay | undefined;
  for (const second of byCall) {
    for (let first = stays[next]; first !== undefined && first.putReturned < second.putCalled; first = stays[next]) {
      if (longest === undefined || first.takeCalled > longest.takeCalled) longest = first;
      next += 1;
    }
    if (longest !== undefined && second.takeReturned < longest.takeCalled) return placesOf([longest, second]);
  }
  return undefined;
}

/** One that found the queue empty, and values of which at each instant of it one must have been in. */
function neverEmpty({ timing }: Question, stays: readonly Stay[], empty: readonly number[]): number[] | undefined {
  const sure = stays.filter(({ putReturned, takeCalled }) => putReturned < takeCalled);
  const byCall = [...empty].sort((a, b) => (timing.called[a] ?? 0) - (timing.called[b] ?? 0));
  let next = 0;
  let chain: Stay[] = [];
  let covered = Number.NEGATIVE_INFINITY;
  for (const i of byCall) {
    const [called = 0, returned = 0] = [timing.called[i], timing.returned[i]];
    // `chain` becomes the stays, each begun before the end of the one before it, that follow on the start of the first.
    for (let stay = sure[next]; stay !== undefined; stay = sure[next]) {
      const apart = stay.putReturned >= covered;
      if (apart && stay.putReturned >= called) break;
      if (apart) chain = [];
      if (apart || stay.takeCalled > covered) {
        chain.push(stay);
        covered = stay.takeCalled;
      }
      next += 1;
    }
    const begun = chain[0]?.putReturned ?? Number.POSITIVE_INFINITY;
    if (begun < called && returned < covered) return [...placesOf(shortest(chain, called, returned)), i];
  }
  return undefined;
}

/** Of a chain the links that are needed to cover an interval. */
function shortest(chain: readonly Stay[], from: number, to: number): Stay[] {
  const links: Stay[] = [];
  let covered = from;
  for (let last: Stay | undefined = chain[0]; last !== undefined && covered <= to; ) {
    let best: Stay | undefined;
    for (const stay of chain) {
      const reaches = links.length === 0 ? stay.putReturned < from : stay.putReturned < covered;
      if (reaches && stay.takeCalled > (best?.takeCalled ?? covered)) best = stay;
    }
    if (best !== undefined) links.push(best);
    covered = best?.takeCalled ?? covered;
    last = best;
  }
  return links;
}

const placesOf = (stays: readonly Stay[]): number[] =>
  stays.flatMap(({ put, take }) => (take < 0 ? [put] : [put, take]));
