/**
 * What every one order of a history of reads and writes has to have: the causal order; every other write of the key
 * that is before a read is before the write that it read; and every one that is after that write is after the read.
 * Added until nothing new follows, it is a partial order, or there is no one order (as in "On the Complexity of Checking
 * Transactional Consistency", Biswas and Enea, 2019, where it is a first step).
 */
import { type Accesses, INITIAL, named, THIN_AIR } from './accesses.js';
import type { Budget } from './budget.js';
import { causalOrder, type Order, timestampBytes, Writes } from './causal-order.js';
import { GrowingOrder } from './growing-order.js';

/** A circle: `at` is a read on it. */
interface Circle {
  readonly at: number;
  readonly why: string;
}

/** A text says what has run out. */
export function forcedOrder(accesses: Accesses, budget: Budget): Order | Circle | string {
  const { operations, source } = accesses;
  const thin = source.indexOf(THIN_AIR);
  if (thin >= 0) return { at: thin, why: `Nobody wrote what ${named(accesses, thin)} read.` };
  const causal = causalOrder(accesses);
  if ('circle' in causal) return circle(accesses, causal.circle);
  const writes = new Writes(accesses);
  const forced = new GrowingOrder(causal);
  const reads = operations.flatMap((_, id) => ((source[id] ?? -1) >= 0 || source[id] === INITIAL ? [id] : []));
  const bytes = timestampBytes(accesses);
  let spent: string | undefined;
  for (let news = true; news; ) {
    news = false;
    const put = (one: number, other: number): boolean => {
      if (forced.order.before(one, other)) return true;
      news = true;
      const grown = (): void => {
        spent ??= budget.spent(bytes);
      };
      // One addition may have a long tail: it is cut off when the time is over.
      return forced.put(one, other, grown, () => spent === undefined);
    };
    for (const read of reads) {
      spent ??= budget.spent(bytes);
      if (spent !== undefined) return spent;
      if (!around(read, forced.order, writes, put)) return circle(accesses, read);
    }
  }
  return forced.order;
}

const circle = (accesses: Accesses, at: number): Circle => ({
  at,
  why: `There is no one order of the operations that keeps each process's own and in which ${named(accesses, at)} reads the latest write: by what else was read, it would come before itself.`,
});

/** Puts the other writes of the key before what was read, or after the read. Says whether that makes no circle. */
function around(read: number, order: Order, writes: Writes, put: (one: number, other: number) => boolean): boolean {
  const { source, key } = order.accesses;
  const ofKey = key[read] ?? 0;
  const from = source[read] ?? INITIAL;
  for (const writer of writes.writers(ofKey)) {
    const last = writes.last(ofKey, writer, order.count(read, writer));
    if (last !== undefined && last !== from && (from === INITIAL || !put(last, from))) return false;
    // One that reads and writes is not after itself; those that its process wrote later are so anyway.
    const next = writes.first(ofKey, writer, (write) => from === INITIAL || order.before(from, write));
    if (next !== undefined && next !== read && !put(read, next)) return false;
  }
  return true;
}
