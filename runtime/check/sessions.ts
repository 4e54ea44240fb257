/**
 * The four session guarantees (Terry, Demers, Petersen, Spreitzer, Theimer and Welch, 1994), as far as what clients were
 * told shows them. A session is a process.
 *
 * Each is a promise that a read does not return too old a version, so it has to be known which of two versions of a key is
 * the older. Here a version is *older* than another of its key where it is the initial value, or where its write is
 * before the other's in causal order. Of versions whose writes are concurrent neither is older.
 *
 * - read your writes: after a session wrote a version, it reads none older.
 * - monotonic reads: after a session read a version, it reads none older, and none from which it had gone over to another.
 * - monotonic writes: after a session read what another one wrote, it reads no version older than one which that other
 *   session had written before that; nor that one, where what it read is a later version of the same key.
 * - writes follow reads: after a session read what another one wrote, it reads no version older than one which that other
 *   session had read before that write; nor that one, where what it read is a later version of the same key.
 *
 * Causal memory has all four.
 */
import { type Accesses, accessesOf, named, THIN_AIR } from './accesses.js';
import { Budget } from './budget.js';
import { causalOrder, Order, timestampBytes } from './causal-order.js';
import type { Operation } from './history.js';
import type { Model } from './model.js';
import { type Broken, sessionRules } from './session-rules.js';
import { shrunk } from './shrink.js';
import type { CheckLimits, CheckVerdict } from './verdict.js';

export const sessionGuarantees = [
  'read your writes',
  'monotonic reads',
  'monotonic writes',
  'writes follow reads',
] as const;
export type SessionGuarantee = (typeof sessionGuarantees)[number];

/** One verdict a guarantee. A value that nobody wrote breaks none of them, but leaves them unknown. */
export function sessions(
  operations: readonly Operation[],
  model: Model,
  limits: CheckLimits = {},
): (CheckVerdict & { readonly property: SessionGuarantee })[] {
  return sessionGuarantees.map((property) => ({ ...session(operations, model, property, limits), property }));
}

/** The verdict on one of the guarantees. */
export function session(
  operations: readonly Operation[],
  model: Model,
  property: SessionGuarantee,
  limits: CheckLimits = {},
): CheckVerdict {
  const accesses = accessesOf(operations, model);
  if ('no' in accesses) return { property, verdict: 'unknown', why: accesses.no };
  const budget = new Budget(limits);
  const find = (part: Accesses): Broken | string | null => broken(part, property, budget);
  const found = find(accesses);
  if (typeof found === 'string') return { property, verdict: 'unknown', why: `${found}.` };
  if (found !== null) {
    const { part, why, at } = shrunk(accesses, found, find);
    return { property, verdict: 'violated', part: part.operations, impossible: part.operations[at] as Operation, why }; // `at` is one of them
  }
  const why = undecided(accesses);
  return why === null ? { property, verdict: 'holds' } : { property, verdict: 'unknown', why };
}

function undecided(accesses: Accesses): string | null {
  const thin = accesses.source.indexOf(THIN_AIR);
  if (thin >= 0) return `Nobody wrote what ${named(accesses, thin)} read.`;
  if (!(causalOrder(accesses) instanceof Order)) return 'Some operation comes before itself in causal order.';
  return accesses.undecided;
}

/** A text says what has run out. */
function broken(accesses: Accesses, property: SessionGuarantee, budget: Budget): Broken | string | null {
  const spent = budget.spent(timestampBytes(accesses));
  if (spent !== undefined) return spent;
  const order = causalOrder(accesses);
  // What is before itself is before nothing that could be told.
  if (!(order instanceof Order)) return null;
  const rule = sessionRules[property](order);
  for (const ids of accesses.sessions) {
    const look = rule();
    for (const id of ids) {
      const spent = budget.spent(0);
      if (spent !== undefined) return spent;
      const found = look(id);
      if (found !== null) return found;
    }
  }
  return null;
}
