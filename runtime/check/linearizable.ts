/**
 * Linearizability (Herlihy and Wing, 1990): whether operations can be put in one order, each between its call and its
 * return, in which a single copy of the object would have returned what they did. An operation that never returned may
 * stand anywhere after its call, or nowhere.
 *
 * The parts of the object are judged one by one; those in which every written value is unique in near-linear time, the
 * others by search.
 */
import { Budget } from './budget.js';
import type { Operation } from './history.js';
import type { Model } from './model.js';
import { partsOf } from './parts.js';
import { inProgramOrder } from './program-order.js';
import type { Question } from './question.js';
import { search } from './search.js';
import { predecessors, strongOrder, type Timing, timingOf, weakOrder } from './timing.js';
import { uniqueValues } from './unique.js';
import { unorderedInQueue } from './unique-queue.js';
import { unorderedInRegister } from './unique-register.js';
import type { CheckLimits, CheckVerdict } from './verdict.js';
import { type Algorithm, violationOfSearch, violationOfValues } from './violation.js';

/**
 * The part of a verdict `violated` contradicts itself whatever the other operations did: each of them may have happened
 * in its time or not, and what it returned does not count. Without any one of the part that would no longer be so; where
 * that takes too long to find out, the part is larger than it need be. In a queue of unique values, a value is left out
 * whole: with the operation that put it in and that which took it. Where the history says what the object began with,
 * `model` is to be `begunWith` that. Errors: RangeError for what is no operation of the model's object.
 */
export function linearizable(operations: readonly Operation[], model: Model, limits?: CheckLimits): CheckVerdict {
  const budget = new Budget(limits);
  const counted = operations.filter((operation) => operation.return !== null || !model.reads(operation));
  const strong = strongOrder(counted);
  const parts = partsOf(counted, model);
  let unknown: string | undefined;
  let doubtful = false;
  for (const places of parts) {
    let found = judge(questionOf(counted, places, model, strong), budget);
    if (found.verdict === 'violated' && !strong.exact) {
      found = judge(questionOf(counted, places, model), budget);
      doubtful ||= found.verdict === 'holds';
    }
    if (found.verdict === 'violated') return found;
    if (found.verdict === 'unknown') unknown = found.why;
  }
  if (unknown !== undefined) return { property: 'linearizable', verdict: 'unknown', why: unknown };
  // Each part can be put in an order. That these fit together is sure only for orders that time alone gives.
  if (doubtful && parts.length > 1) return judge(questionOf(counted, [...inProgramOrder(counted)], model), budget);
  return { property: 'linearizable', verdict: 'holds' };
}

/** `places`: by call. Without `strong` in the true order, which does not come of times alone. */
function questionOf(all: readonly Operation[], places: readonly number[], model: Model, strong?: Timing): Question {
  const byCall =
    strong === undefined ? places : [...places].sort((a, b) => (strong.called[a] ?? 0) - (strong.called[b] ?? 0));
  const operations = byCall.map((i) => all[i] as Operation); // places in it
  return {
    model,
    initial: model.initial(),
    operations,
    timing: strong === undefined ? weakOrder(operations) : timingOf(strong, byCall),
    before: strong === undefined ? predecessors(operations) : new Int32Array(places.length).fill(-1),
    required: Uint8Array.from(operations, (operation) => (operation.return === null ? 0 : 1)),
    often: false,
  };
}

function judge(question: Question, budget: Budget): CheckVerdict {
  const byValues = algorithmFor(question);
  const unordered = byValues?.(question);
  if (byValues !== undefined && unordered !== undefined) {
    if (unordered.length > 0) return violationOfValues(question, unordered, byValues, budget);
    if (question.before.every((i) => i < 0)) return { property: 'linearizable', verdict: 'holds' };
  }
  const answer = search(question, budget);
  if (answer.outcome === 'placed') return { property: 'linearizable', verdict: 'holds' };
  if (answer.outcome === 'spent') return { property: 'linearizable', verdict: 'unknown', why: `${answer.what}.` };
  return violationOfSearch(question, answer.at[0] ?? 0, budget);
}

/**
 * A near-linear algorithm, where one applies. It knows times only, and returns the places of operations that cannot be,
 * if there are; undefined where it cannot tell.
 */
function algorithmFor(question: Question): Algorithm | undefined {
  const values = uniqueValues(question);
  if (values === undefined) return undefined;
  return question.model.shape === 'queue'
    ? (asked) => unorderedInQueue(asked, values)
    : (asked) => unorderedInRegister(asked, values);
}
