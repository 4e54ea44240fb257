/**
 * The verdict that a history is not linearizable: the smallest part that fails, and why (CC-9).
 *
 * What is left out of a part may have happened in its time or not at all, and what it returned does not count. So a part
 * that fails contradicts itself whatever the other operations did.
 */
import type { Budget } from './budget.js';
import type { Operation } from './history.js';
import { type Question, search } from './search.js';
import { smallestPart } from './smallest.js';
import { timingOf } from './timing.js';
import type { CheckVerdict } from './verdict.js';
import { reasonInWords } from './wording.js';

/** Places of operations that cannot be; none where all can; undefined where it cannot tell. */
export type Algorithm = (question: Question) => readonly number[] | undefined;

/** Milliseconds that making a part smaller may take, and one try of it. */
const SHRINKING = 3_000;
const SHRINKING_TRY = 200;
/** Operations. */
const LONG = 64;

/** `unordered`: places of operations that cannot be, as `algorithm` found. */
export function violationOfValues(
  question: Question,
  unordered: readonly number[],
  algorithm: Algorithm,
  budget: Budget,
): CheckVerdict {
  // A queue's operations that take are told apart by their outputs, so of its values all or nothing is left out.
  const fails = (part: readonly number[]): boolean =>
    question.model.shape !== 'queue' && (algorithm({ ...question, required: flags(question, part) }) ?? []).length > 0;
  const part = smallestPart(byReturn(question, unordered), fails);
  const values = new Set(part.map((i) => JSON.stringify(question.operations[i]?.output)));
  const written = question.operations.flatMap(({ op, input }, i) =>
    op === question.model.shapedBy?.put && values.has(JSON.stringify(input)) ? [i] : [],
  );
  return violated(reduced(question, new Set([...part, ...written]), part), budget);
}

/** `at`: the place of the operation that no order gets past. */
export function violationOfSearch(question: Question, at: number, budget: Budget): CheckVerdict {
  const { operations, timing, model, required } = question;
  const { called, returned } = timing;
  const end = returned[at] ?? 0;
  const reached = operations.flatMap((_, i) => ((called[i] ?? 0) <= end ? [i] : []));
  const shrinking = budget.part(SHRINKING);
  const withPart = (part: readonly number[]): Question => {
    const kept = new Set(part);
    // What was called when all of the part had returned cannot have helped; nor can what changes nothing.
    const over = part.reduce((latest, i) => Math.max(latest, returned[i] ?? 0), end);
    const helps = (operation: Operation, i: number): boolean => (called[i] ?? 0) <= over && !model.reads(operation);
    return reduced(question, new Set(operations.flatMap((one, i) => (kept.has(i) || helps(one, i) ? [i] : []))), part);
  };
  const isStuck = (asked: Question): boolean =>
    shrinking.left > 0 && search(asked, shrinking.part(SHRINKING_TRY)).outcome === 'stuck';
  const fails = (part: readonly number[]): boolean => {
    const asked = withPart(part);
    // In a short history nothing is gained by it, and where states are many it takes all the time that it may.
    return (reached.length > LONG && isStuck({ ...asked, often: true })) || isStuck(asked);
  };
  const must = reached.filter((i) => required[i] === 1);
  const early = byReturn(
    question,
    must.filter((i) => (returned[i] ?? 0) <= end),
  );
  const late = must.filter((i) => (returned[i] ?? 0) > end);
  return violated(withPart(smallestPart([...late, ...early], fails)), budget);
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

/** The verdict on a question that has no answer, its required operations being the part. */
function violated(question: Question, budget: Budget): CheckVerdict {
  const { operations, required, timing, before } = question;
  // Where this takes long, the operation that returned last will do, and what it would have returned is not said.
  const answer = search(question, budget.part(SHRINKING_TRY));
  const part = operations.flatMap((_, i) => (required[i] === 1 ? [i] : []));
  const at = answer.outcome === 'stuck' ? answer.at : (byReturn(question, part).at(-1) ?? 0);
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
      outputs: answer.outcome === 'stuck' ? answer.outputs : [],
      all: answer.outcome === 'stuck' && answer.all,
    }),
  };
}
