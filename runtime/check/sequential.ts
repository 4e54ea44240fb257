/**
 * Sequential consistency (Lamport, 1979): some one order of all operations, which keeps the order within each process,
 * explains all that was returned. Times between processes say nothing, and so a key cannot be judged by itself: two keys
 * may each have such an order and both together none.
 *
 * To decide it is NP-complete (Gibbons and Korach, 1997). A quick answer comes first: a linearizable history is
 * sequentially consistent (CC-8). Of registers, much of the order is forced, or no order is possible. What is left is a
 * search, which remembers the configurations (how far each process is, and the state) that it came to in vain.
 */
import { type Accesses, accessesOf } from './accesses.js';
import { Budget } from './budget.js';
import { Order } from './causal-order.js';
import { forcedOrder } from './forced-order.js';
import type { Operation } from './history.js';
import { type Interleaving, interleaving } from './interleaving.js';
import { equal } from './json.js';
import { linearizable } from './linearizable.js';
import type { Model } from './model.js';
import { shrunk } from './shrink.js';
import { smallestPart } from './smallest.js';
import type { CheckLimits, CheckVerdict } from './verdict.js';
import { inWords } from './wording.js';

/** Of the time that there is, what each quick answer may take. */
const SHARE = 0.25;
/** What making the failing part smaller may take, and one try of it. */
const SHRINKING = 3_000;
const SHRINKING_TRY = 300;
/** Up to so many operations an order is told in full. */
const TOLD = 8;
const property = 'sequential';

type None = Extract<Interleaving, { found: 'none' }>;

/**
 * The part of a verdict `violated` is, where the values tell who read what from whom, one that fails by itself: without
 * any one operation, and those that read from it, the rest would not. Of other objects it contradicts itself whatever
 * the other operations did: each of them may have happened or not. Where it takes too long to find out, the part is
 * larger than it need be. Errors: RangeError for what is no operation of the model's object.
 */
export function sequential(operations: readonly Operation[], model: Model, limits: CheckLimits = {}): CheckVerdict {
  const budget = new Budget(limits);
  const share = { milliseconds: SHARE * budget.milliseconds, bytes: budget.bytes };
  if (linearizable(operations, model, share).verdict === 'holds') return { property, verdict: 'holds' };
  const accesses = accessesOf(operations, model);
  if (!('no' in accesses)) return ofReads(accesses, model, budget);
  const found = interleaving(operations, model, budget);
  if (found.found === 'order') return { property, verdict: 'holds' };
  if (found.found === 'spent') return { property, verdict: 'unknown', why: `${found.what}.` };
  return { property, verdict: 'violated', ...smallestOfAny(operations, model, found, budget.part(SHRINKING)) };
}

/** Where the values tell who read from whom: most of the order, or a circle in it, follows without a search. */
function ofReads(accesses: Accesses, model: Model, budget: Budget): CheckVerdict {
  const found = failureOfReads(accesses, model, budget);
  if (found === null) return { property, verdict: 'holds' };
  if (typeof found === 'string') return { property, verdict: 'unknown', why: `${found}.` };
  const { operations } = accesses;
  // Leaving out writes of one value would leave a read of it that nothing explains, where nobody knows whose it was.
  const decided = accesses.undecided === null;
  if (!decided && found.none !== undefined)
    return { property, verdict: 'violated', ...smallestOfAny(operations, model, found.none, budget.part(SHRINKING)) };
  const { part, at, why } = shrunk(accesses, found, (fewer) => {
    const once = budget.part(SHRINKING_TRY);
    return decided ? failureOfReads(fewer, model, once) : circleIn(fewer, once);
  });
  return { property, verdict: 'violated', part: part.operations, impossible: part.operations[at] as Operation, why }; // `at` is one of them
}

interface Failure {
  readonly at: number;
  readonly why: string;
  /** Where a search came to it. */
  readonly none?: None;
}

/** A text says what has run out. */
function failureOfReads(accesses: Accesses, model: Model, budget: Budget): Failure | string | null {
  const forced = forcedOrder(accesses, budget);
  if (!(forced instanceof Order)) return forced;
  const found = interleaving(accesses.operations, model, budget, { forced });
  if (found.found === 'order') return null;
  if (found.found === 'spent') return found.what;
  return { at: accesses.operations.indexOf(found.stuck), why: reasonOf(found), none: found };
}

interface Smallest {
  readonly part: readonly Operation[];
  readonly impossible: Operation;
  readonly why: string;
}

function circleIn(accesses: Accesses, budget: Budget): Failure | string | null {
  const forced = forcedOrder(accesses, budget);
  return forced instanceof Order ? null : forced;
}

function smallestOfAny(operations: readonly Operation[], model: Model, found: None, budget: Budget): Smallest {
  let none = found;
  const fails = (fewer: readonly Operation[]): boolean => {
    const again = interleaving(operations, model, budget.part(SHRINKING_TRY), { required: new Set(fewer) });
    if (again.found === 'none') none = again;
    return again.found === 'none';
  };
  const part = smallestPart(operations, fails, () => budget.left === 0);
  return { part, impossible: none.stuck, why: reasonOf(none) };
}

function reasonOf({ stuck, output, placed }: None): string {
  const order = placed.length > TOLD ? `${placed.length} operations` : placed.map(inWords).join(', ');
  const after = placed.length === 0 ? 'At the beginning' : `After ${order}`;
  const would = equal(output, stuck.output) ? 'fits nowhere' : `would return ${JSON.stringify(output)}`;
  return `No one order that keeps each process's own explains what was returned. ${after}, which is as far as any gets, ${inWords(stuck)} ${would}.`;
}
