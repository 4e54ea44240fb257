/**
 * Causal memory (Ahamad, Neiger, Burns, Kohli and Hutto, 1995), which is CM in "On Verifying Causal Consistency"
 * (Bouajjani, Enea, Guerraoui and Hamza, POPL 2017): for each process there is an order of all writes and its own reads
 * that keeps the causal order, and in which each of its reads reads the latest write of its key.
 *
 * Where the values tell who read from whom, it is so exactly when none of that paper's six patterns is there. They are
 * looked for with vector timestamps, in about operations × processes² steps for each process.
 */
import { type Accesses, accessesOf, INITIAL, NO_READ, named, THIN_AIR } from './accesses.js';
import { Budget } from './budget.js';
import { causalOrder, type Order, readersOf, timestampBytes, Writes } from './causal-order.js';
import { GrowingOrder } from './growing-order.js';
import type { Operation } from './history.js';
import type { Model } from './model.js';
import { shrunk } from './shrink.js';
import type { CheckLimits, CheckVerdict } from './verdict.js';

/** A pattern, the operation that is impossible by it, and why. */
interface Pattern {
  readonly name: 'CyclicCO' | 'ThinAirRead' | 'WriteCOInitRead' | 'WriteCORead' | 'WriteHBInitRead' | 'CyclicHB';
  readonly at: number;
  readonly why: string;
}

export function causal(operations: readonly Operation[], model: Model, limits: CheckLimits = {}): CheckVerdict {
  const property = 'causal';
  const accesses = accessesOf(operations, model);
  if ('no' in accesses) return { property, verdict: 'unknown', why: accesses.no };
  const budget = new Budget(limits);
  const find = (part: Accesses): Pattern | string | null => patternIn(part, budget);
  const found = find(accesses);
  if (typeof found === 'string') return { property, verdict: 'unknown', why: `${found}.` };
  if (found !== null) {
    const { part, why, at } = shrunk(accesses, found, find);
    return { property, verdict: 'violated', part: part.operations, impossible: part.operations[at] as Operation, why }; // `at` is one of them
  }
  if (accesses.undecided !== null) return { property, verdict: 'unknown', why: accesses.undecided };
  return { property, verdict: 'holds' };
}

/** The first of the patterns that is there; a text says what has run out. */
function patternIn(accesses: Accesses, budget: Budget): Pattern | string | null {
  const spent = budget.spent(timestampBytes(accesses));
  if (spent !== undefined) return spent;
  const thin = accesses.source.indexOf(THIN_AIR);
  if (thin >= 0) return { name: 'ThinAirRead', at: thin, why: `Nobody wrote what ${named(accesses, thin)} read.` };
  const order = causalOrder(accesses);
  if ('circle' in order) {
    const why = `${named(accesses, order.circle)} comes before itself: by what was read from whom, and each process's own order.`;
    return { name: 'CyclicCO', at: order.circle, why };
  }
  const writes = new Writes(accesses);
  return overwritten(order, writes) ?? againstOneOrder(order, writes, budget);
}

/** A read of what, in its own past, had been written over. The next step would find it too, in longer words. */
function overwritten(order: Order, writes: Writes): Pattern | null {
  const { operations, source, key } = order.accesses;
  const name = (id: number): string => named(order.accesses, id);
  for (let id = 0; id < operations.length; id++) {
    const from = source[id] ?? -1;
    if (from < 0 && from !== INITIAL) continue;
    for (const session of writes.writers(key[id] ?? 0)) {
      const last = writes.last(key[id] ?? 0, session, order.count(id, session));
      if (last === undefined || last === from) continue;
      if (from === INITIAL) {
        const why = `${name(id)} read the initial value, though ${name(last)} is before it in causal order.`;
        return { name: 'WriteCOInitRead', at: id, why };
      }
      if (!order.before(from, last)) continue;
      const why = `${name(id)} read what ${name(from)} wrote, though ${name(last)} is between them in causal order.`;
      return { name: 'WriteCORead', at: id, why };
    }
  }
  return null;
}

/** Whether all that a process read fits one order of the writes, for each process. */
function againstOneOrder(order: Order, writes: Writes, budget: Budget): Pattern | string | null {
  const readers = readersOf(order.accesses);
  for (let session = 0; session < order.accesses.sessions.length; session++) {
    const found = new HappenedBefore(order, writes, readers, session).saturated(budget);
    if (found !== null) return found;
  }
  return null;
}

/**
 * What has happened before what, as one process must have seen it: the causal order of what it knows of, and for each
 * of its reads, every write of the key that happened before the read happened before the write that it read.
 */
class HappenedBefore {
  readonly #growing: GrowingOrder;
  readonly #order: Order;
  readonly #writes: Writes;
  readonly #last: number;
  readonly #causal: Order;
  /** Reads of the process that must be looked at again. */
  readonly #due: number[];

  constructor(causal: Order, writes: Writes, readers: readonly (readonly number[])[], session: number) {
    const own = causal.accesses.sessions[session] ?? [];
    this.#causal = causal;
    this.#growing = new GrowingOrder(causal, readers);
    this.#order = this.#growing.order;
    this.#writes = writes;
    this.#last = own.at(-1) ?? 0;
    this.#due = [...own].reverse();
  }

  saturated(budget: Budget): Pattern | string | null {
    for (let read = this.#due.pop(); read !== undefined; read = this.#due.pop()) {
      const spent = budget.spent(0);
      if (spent !== undefined) return spent;
      const found = this.#look(read);
      if (found !== null) return found;
    }
    return null;
  }

  #look(read: number): Pattern | null {
    const { source, key, operations } = this.#order.accesses;
    const from = source[read] ?? -1;
    if (from < 0 && from !== INITIAL) return null;
    const ofKey = key[read] ?? 0;
    const who = `process ${operations[read]?.process}`;
    const name = (id: number): string => named(this.#order.accesses, id);
    for (const writer of this.#writes.writers(ofKey)) {
      const last = this.#writes.last(ofKey, writer, this.#order.count(read, writer));
      if (last === undefined || last === from) continue;
      if (from === INITIAL) {
        const why = `${name(read)} read the initial value, though by what ${who} had read before, ${name(last)} had happened.`;
        return { name: 'WriteHBInitRead', at: read, why };
      }
      if (this.#order.before(last, from)) continue;
      if (this.#order.before(from, last) || !this.#put(last, from)) {
        const why = `There is no one order of the writes in which all that ${who} read is the latest: ${name(read)} has ${name(last)} before ${name(from)}, and by what else it read it is the other way round.`;
        return { name: 'CyclicHB', at: read, why };
      }
    }
    return null;
  }

  /** Says whether all is still without circles. */
  #put(one: number, other: number): boolean {
    const { session, source } = this.#order.accesses;
    const own = session[this.#last];
    const grown = (id: number): void => {
      if (session[id] === own && source[id] !== NO_READ) this.#due.push(id);
    };
    return this.#growing.put(one, other, grown, (id) => this.#known(id));
  }

  /** The process has, or has heard of, it. */
  #known(id: number): boolean {
    return id === this.#last || this.#causal.before(id, this.#last);
  }
}
