/**
 * The verdict that a history is not linearizable: the smallest part that fails, and why (CC-9).
 *
 * What is left out of a part may have happened in its time or not at all, and what it returned does not count. So a part
 * that fails contradicts itself whatever the other operations did.
 */
import type { Budget } from './budget.js';
import type { Operation } from './history.js';
import { type Outputs, outputsOf } from './outputs.js';
import type { Question } from './question.js';
import { search } from './search.js';
import { smallestPart } from './smallest.js';
import { timingOf } from './timing.js';
import type { CheckVerdict } from './verdict.js';
import { reasonInWords } from './wording.js';

/** Places of operations that cannot be; none where all can; undefined where it cannot tell. */
export type Algorithm = (question: Question) => readonly number[] | undefined;

/** For making a part smaller, and for one try of it, of the time that the check may take: ms at least, and the share of a long one. */
const SHRINKING = [3_000, 1 / 20] as const;
const SHRINKING_TRY = [200, 1 / 300] as const;
/** Operations. */
const LONG = 64;

/** `unordered`: places of operations that cannot be, as `algorithm` found. */
export function violationOfValues(
  question: Question,
  unordered: readonly number[],
  algorithm: Algorithm,
  budget: Budget,
): CheckVerdict {
  const { model, operations, before } = question;
  const isQueue = model.shape === 'queue';
  const shrinking = new Shrinking(question, budget);
  // The algorithm does not know of the order within a process at one instant.
  const tied = before.some((i) => i >= 0);
  // A queue's operations that take are told apart by their outputs, so of its values all or nothing is left out.
  const fails = (part: readonly number[]): boolean =>
    !isQueue &&
    ((algorithm({ ...question, required: flags(question, part) }) ?? []).length > 0 || (tied && shrinking.fails(part)));
  const part = smallestPart(byReturn(question, unordered), fails, () => shrinking.isOver);
  if (!isQueue) return violated(shrinking.withPart(part), true, budget);
  const values = new Set(part.map((i) => JSON.stringify(operations[i]?.output)));
  const written = operations.flatMap(({ op, input }, i) =>
    op === model.shapedBy?.put && values.has(JSON.stringify(input)) ? [i] : [],
  );
  const few = reduced(question, new Set([...part, ...written]), part);
  return violated(few, few.operations.length === operations.length, budget);
}

/** `at`: the place of the operation that no order gets past. */
export function violationOfSearch(question: Question, at: number, budget: Budget): CheckVerdict {
  const { operations, timing, required } = question;
  const { called, returned } = timing;
  const end = returned[at] ?? 0;
  const shrinking = new Shrinking(question, budget);
  const must = operations.flatMap((_, i) => (required[i] === 1 && (called[i] ?? 0) <= end ? [i] : []));
  const early = byReturn(
    question,
    must.filter((i) => (returned[i] ?? 0) <= end),
  );
  const late = must.filter((i) => (returned[i] ?? 0) > end);
  const part = smallestPart(
    [...late, ...early],
    (fewer) => shrinking.fails(fewer),
    () => shrinking.isOver,
  );
  return violated(shrinking.withPart(part), true, budget);
}

/** Whether parts fail, by search, as long as there is time. */
class Shrinking {
  readonly #question: Question;
  readonly #budget: Budget;
  /** ms. */
  readonly #try: number;

  constructor(question: Question, budget: Budget) {
    this.#question = question;
    this.#budget = budget.share(...SHRINKING);
    this.#try = budget.share(...SHRINKING_TRY).milliseconds;
  }

  /** The part is required, and everything is there that can have helped: that changes something, and was called in time. */
  withPart(part: readonly number[]): Question {
    const { operations, timing, model } = this.#question;
    const kept = new Set(part);
    const over = part.reduce((latest, i) => Math.max(latest, timing.returned[i] ?? 0), Number.NEGATIVE_INFINITY);
    for (const [i, operation] of operations.entries()) {
      if ((timing.called[i] ?? 0) <= over && !model.reads(operation)) kept.add(i);
    }
    return reduced(this.#question, kept, part);
  }

  fails(part: readonly number[]): boolean {
    const asked = this.withPart(part);
    // In a short history nothing is gained by it, and where states are many it takes all the time that it may.
    return (asked.operations.length > LONG && this.#isStuck({ ...asked, often: true })) || this.#isStuck(asked);
  }

  #isStuck(asked: Question): boolean {
    return search(asked, this.#budget.part(this.#try)).outcome === 'stuck';
  }

  get isOver(): boolean {
    return this.#budget.left === 0;
  }
}

const byReturn = ({ timing: { returned } }: Question, places: readonly number[]): readonly number[] =>
  [...places].sort((a, b) => (returned[a] ?? 0) - (returned[b] ?? 0));

function flags({ operations }: Question, part: readonly number[]): Uint8Array {
  const required = new Uint8Array(operations.length);
  for (const i of part) required[i] = 1;
  return required;
}

/** The question without the operations of other places, in which those of `part` alone are required. */
function reduced(question: Question, kept: ReadonlySet<number>, part: readonly number[]): Question {
  const places = [...kept].sort((a, b) => a - b);
  const numbers = new Map(places.map((i, place) => [i, place]));
  const required = flags(question, part);
  // The order within a process goes through what is gone.
  const placeBefore = (i: number): number => {
    let j = question.before[i] ?? -1;
    while (j >= 0 && !numbers.has(j)) j = question.before[j] ?? -1;
    return numbers.get(j) ?? -1;
  };
  return {
    ...question,
    operations: places.map((i) => question.operations[i] as Operation), // places in it
    timing: timingOf(question.timing, places),
    before: Int32Array.from(places, placeBefore),
    required: Uint8Array.from(places, (i) => required[i] ?? 0),
  };
}

/**
 * The verdict on a question that nothing satisfies, its required operations being the part; `whole`: nothing that may
 * have happened is gone.
 */
function violated(question: Question, whole: boolean, budget: Budget): CheckVerdict {
  const { operations, required, timing, before } = question;
  const part = operations.flatMap((_, i) => (required[i] === 1 ? [i] : []));
  const { at, outputs, all } = impossibleOf(question, part, budget);
  const isBefore = (i: number): boolean => (timing.returned[i] ?? 0) < (timing.called[at] ?? 0) || before[at] === i;
  const others = part.filter((i) => i !== at);
  const among = (places: readonly number[]): Operation[] => places.map((i) => operations[i] as Operation); // its places
  const impossible = operations[at] as Operation;
  return {
    property: 'linearizable',
    verdict: 'violated',
    part: among(part),
    impossible,
    why: reasonInWords({
      impossible,
      before: among(others.filter(isBefore)),
      beside: among(others.filter((i) => !isBefore(i))),
      outputs,
      all: all && whole,
    }),
  };
}

/**
 * Of the operations that no order gets past the first that would have returned something else, else the first. Where it
 * takes long to find them, that of the part which returned last will do.
 */
function impossibleOf(question: Question, part: readonly number[], budget: Budget): Outputs & { readonly at: number } {
  const answer = search(question, budget.share(...SHRINKING_TRY));
  const places = answer.outcome === 'stuck' ? answer.at : byReturn(question, part).slice(-1);
  for (const at of places) {
    const found = outputsOf(question, at, budget);
    if (found.outputs.length > 0) return { at, ...found };
  }
  return { at: places[0] ?? 0, outputs: [], all: false };
}
