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
import { causal } from './causal.js';
import type { Operation } from './history.js';
import { type Interleaving, interleaving } from './interleaving.js';
import { clockFor, memoryFor } from './limits.js';
import type { Model } from './model.js';
import { shown } from './shown.js';
import { shrunk } from './shrink.js';
import type { CheckLimits, CheckVerdict } from './verdict.js';

/** Of the time that there is, what each quick answer may take. */
const SHARE = 0.25;
/** Up to so many operations an order is told in full. */
const TOLD = 8;
const property = 'sequential';

export function sequential(operations: readonly Operation[], model: Model, limits: CheckLimits = {}): CheckVerdict {
  const clock = clockFor(limits);
  const share = { ...limits, milliseconds: SHARE * clock.milliseconds };
  const accesses = accessesOf(operations, model);
  if (!('no' in accesses)) {
    const quick = causal(operations, model, share);
    if (quick.verdict === 'violated') return { ...quick, property };
  }
  if (linearizable(operations, model, share).verdict === 'holds') return { property, verdict: 'holds' };
  const bytes = memoryFor(limits);
  const found = interleaving(operations, model, clock, bytes);
  if (found.found === 'order') return { property, verdict: 'holds' };
  if (found.found === 'time') return { property, verdict: 'unknown', why: clock.why };
  if (found.found === 'memory')
    return { property, verdict: 'unknown', why: `The search would remember more than ${bytes} bytes.` };
  return violated(found, operations, model, accesses, clock);
}

type None = Extract<Interleaving, { found: 'none' }>;

function violated(
  found: None,
  operations: readonly Operation[],
  model: Model,
  accesses: Accesses | { readonly no: string },
  clock: Clock,
): CheckVerdict {
  const look = (part: readonly Operation[]): None | 'time' | null => {
    const again = interleaving(part, model, clock);
    if (again.found === 'none') return again;
    return again.found === 'time' ? 'time' : null;
  };
  if ('no' in accesses || accesses.undecided !== null) {
    const part = smallestPart(operations, (fewer) => look(fewer) !== null);
    const last = look(part);
    const none = last === 'time' || last === null ? found : last;
    return { property, verdict: 'violated', part, impossible: none.stuck, why: told(none) };
  }
  const find = (part: Accesses) => {
    const none = look(part.operations);
    return none === null || none === 'time' ? none : { at: part.operations.indexOf(none.stuck), why: told(none) };
  };
  const whole = { at: accesses.operations.indexOf(found.stuck), why: told(found) };
  const { part, at, why } = shrunk(accesses, whole, find);
  return { property, verdict: 'violated', part: part.operations, impossible: part.operations[at] ?? found.stuck, why };
}

function told({ stuck, output, placed }: None): string {
  const order = placed.length > TOLD ? `${placed.length} operations` : placed.map(shown).join(', ');
  const after = placed.length === 0 ? 'At the beginning' : `After ${order}`;
  const would = equal(output, stuck.output) ? 'fits nowhere' : `would return ${JSON.stringify(output)}`;
  return `No one order that keeps each process's own explains what was returned. ${after}, which is as far as any gets, ${shown(stuck)} ${would}.`;
}
