/**
 * Sequential consistency (Lamport, 1979): some one order of all operations, which keeps the order within each process,
 * explains all that was returned. Times between processes say nothing, and so a key cannot be judged by itself: two keys
 * may each have such an order and both together none.
 *
 * To decide it is NP-complete (Gibbons and Korach, 1997). Two quick answers come first: a linearizable history is
 * sequentially consistent (CC-8), and one that is not causally consistent is not. Then a search goes through the orders,
 * and remembers the configurations (how far each process is, and the state) that it came to in vain.
 */
import { type Accesses, accessesOf } from './accesses.js';
import { Budget } from './budget.js';
import { causal } from './causal.js';
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
  if (!('no' in accesses)) {
    const quick = causal(operations, model, share);
    if (quick.verdict === 'violated') return { ...quick, property };
  }
  const found = interleaving(operations, model, budget);
  if (found.found === 'order') return { property, verdict: 'holds' };
  if (found.found === 'spent') return { property, verdict: 'unknown', why: `${found.what}.` };
  const told = 'no' in accesses || accesses.undecided !== null;
  const { part, none } = told
    ? smallestOfAny(operations, model, found, budget.part(SHRINKING))
    : smallestOfReads(accesses, model, found, budget.part(SHRINKING));
  return { property, verdict: 'violated', part, impossible: none.stuck, why: reasonOf(none) };
}

interface Smallest {
  readonly part: readonly Operation[];
  readonly none: None;
}

function smallestOfReads(accesses: Accesses, model: Model, found: None, budget: Budget): Smallest {
  let none = found;
  const find = (part: Accesses) => {
    const spent = budget.spent(0);
    if (spent !== undefined) return spent;
    const again = interleaving(part.operations, model, budget.part(SHRINKING_TRY));
    if (again.found !== 'none') return null;
    none = again;
    return { at: part.operations.indexOf(again.stuck), why: '' };
  };
  const { part } = shrunk(accesses, { at: 0, why: '' }, find);
  return { part: part.operations, none };
}

function smallestOfAny(operations: readonly Operation[], model: Model, found: None, budget: Budget): Smallest {
  let none = found;
  const part = smallestPart(operations, (fewer) => {
    const again = interleaving(operations, model, budget.part(SHRINKING_TRY), new Set(fewer));
    if (again.found === 'none') none = again;
    return again.found === 'none';
  });
  return { part, none };
}

function reasonOf({ stuck, output, placed }: None): string {
  const order = placed.length > TOLD ? `${placed.length} operations` : placed.map(inWords).join(', ');
  const after = placed.length === 0 ? 'At the beginning' : `After ${order}`;
  const would = equal(output, stuck.output) ? 'fits nowhere' : `would return ${JSON.stringify(output)}`;
  return `No one order that keeps each process's own explains what was returned. ${after}, which is as far as any gets, ${inWords(stuck)} ${would}.`;
}
