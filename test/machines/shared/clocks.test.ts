import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type LamportClock, receive, tick } from '../../../machines/shared/lamport-clock.js';
import {
  advance,
  compare,
  concurrent,
  covers,
  emptyTimestamp,
  happenedBefore,
  merge,
  type VectorTimestamp,
} from '../../../machines/shared/vector-timestamp.js';

/** One step of an execution: at this process an internal event, a send, or the receipt of a message under way. */
interface StepPlan {
  readonly process: number;
  readonly kind: 'internal' | 'send' | 'receive';
  /** Which of the messages under way, to any process, is received. */
  readonly which: number;
}

interface Happened {
  readonly process: string;
  readonly lamport: LamportClock;
  readonly vector: VectorTimestamp;
  /** The true relation, from its definition: indices of all events that happened before this one. */
  readonly past: ReadonlySet<number>;
}

const plans = fc.array(
  fc.record({
    process: fc.nat(3),
    kind: fc.constantFrom('internal' as const, 'send' as const, 'receive' as const),
    which: fc.nat(20),
  }),
  { maxLength: 40 },
);

/**
 * Executes a plan. A message carries its sender's clocks; the past of a receipt is that of the process and of the send.
 */
function execute(plan: readonly StepPlan[]): Happened[] {
  const events: Happened[] = [];
  const last = new Map<string, number>();
  const underWay: number[] = [];
  for (const { process: p, kind, which } of plan) {
    const process = `p${p}:1`;
    const before = last.get(process);
    const own = before === undefined ? undefined : events[before];
    const place = kind === 'receive' && underWay.length > 0 ? which % underWay.length : -1;
    const sentBy = place < 0 ? undefined : underWay.splice(place, 1)[0];
    const sent = sentBy === undefined ? undefined : events[sentBy];
    const seen = merge(own?.vector ?? emptyTimestamp, sent?.vector ?? emptyTimestamp);
    const past = new Set([...(own?.past ?? []), ...(sent?.past ?? [])]);
    for (const direct of [before, sentBy]) if (direct !== undefined) past.add(direct);
    events.push({
      process,
      lamport: sent === undefined ? tick(own?.lamport ?? 0) : receive(own?.lamport ?? 0, sent.lamport),
      vector: advance(seen, process),
      past,
    });
    last.set(process, events.length - 1);
    if (kind === 'send') underWay.push(events.length - 1);
  }
  return events;
}

function forPairs(check: (a: Happened, b: Happened, aBeforeB: boolean, bBeforeA: boolean) => void): void {
  fc.assert(
    fc.property(plans, (plan) => {
      const events = execute(plan);
      events.forEach((a, i) => {
        events.forEach((b, j) => {
          if (i !== j) check(a, b, b.past.has(i), a.past.has(j));
        });
      });
    }),
    { numRuns: 2000 },
  );
}

describe('in every execution', () => {
  test('CH-7: a → b implies L(a) < L(b)', () => {
    forPairs((a, b, aBeforeB) => {
      if (aBeforeB) expect(a.lamport).toBeLessThan(b.lamport);
    });
  });

  test('CH-7: L(a) < L(b) does not imply a → b', () => {
    const [a, , b] = execute([
      { process: 0, kind: 'internal', which: 0 },
      { process: 1, kind: 'internal', which: 0 },
      { process: 1, kind: 'internal', which: 0 },
    ]);
    expect(a?.lamport).toBeLessThan(b?.lamport ?? 0);
    expect(b?.past.has(0)).toBe(false);
  });

  test('CH-7: a → b exactly when V(a) < V(b), and neither exactly when they are concurrent', () => {
    forPairs((a, b, aBeforeB, bBeforeA) => {
      if (happenedBefore(a.vector, b.vector) !== aBeforeB) throw new Error('V(a) < V(b) differs from a → b');
      if (concurrent(a.vector, b.vector) !== (!aBeforeB && !bBeforeA)) throw new Error('concurrent differs');
    });
  });
});

const processes = ['a:1', 'b:1', 'c:1', 'c:2'];
const stamps = fc
  .dictionary(fc.constantFrom(...processes), fc.nat(4))
  .map((entries): VectorTimestamp => ({ ...entries }));
const holds = (property: fc.IProperty<[VectorTimestamp, VectorTimestamp, VectorTimestamp]>): void =>
  fc.assert(property, { numRuns: 3000 });
const same = (a: VectorTimestamp, b: VectorTimestamp): boolean => compare(a, b) === 'equal';

describe('the laws of vector timestamps', () => {
  test('CH-7: V(a) < V(b) is a strict partial order, and what is not named counts 0', () => {
    holds(
      fc.property(stamps, stamps, stamps, (a, b, c) => {
        expect(happenedBefore(a, a)).toBe(false);
        expect(same(a, { ...a, 'unheard:1': 0 })).toBe(true);
        if (happenedBefore(a, b)) expect(happenedBefore(b, a)).toBe(false);
        if (happenedBefore(a, b) && happenedBefore(b, c)) expect(happenedBefore(a, c)).toBe(true);
      }),
    );
  });

  test('CH-7: compare says exactly one thing, and the same from the other side', () => {
    const mirrored = { before: 'after', after: 'before', equal: 'equal', concurrent: 'concurrent' } as const;
    fc.assert(
      fc.property(stamps, stamps, (a, b) => {
        expect(compare(b, a)).toBe(mirrored[compare(a, b)]);
        expect(compare(a, b) === 'equal').toBe(processes.every((p) => (a[p] ?? 0) === (b[p] ?? 0)));
        expect(compare(a, b) === 'concurrent').toBe(!covers(a, b) && !covers(b, a));
      }),
      { numRuns: 3000 },
    );
  });

  test('CH-7: merge is the least that covers both: commutative, associative, idempotent, with the empty one neutral', () => {
    holds(
      fc.property(stamps, stamps, stamps, (a, b, c) => {
        const merged = merge(a, b);
        expect(covers(merged, a) && covers(merged, b)).toBe(true);
        if (covers(c, a) && covers(c, b)) expect(covers(c, merged)).toBe(true);
        expect(same(merged, merge(b, a))).toBe(true);
        expect(same(merge(merged, c), merge(a, merge(b, c)))).toBe(true);
        expect(same(merge(a, a), a) && same(merge(a, emptyTimestamp), a) && same(merge(emptyTimestamp, a), a)).toBe(
          true,
        );
      }),
    );
  });

  test('CH-7: advance is the next event of one process', () => {
    fc.assert(
      fc.property(stamps, fc.constantFrom(...processes), (a, process) => {
        const next = advance(a, process);
        expect(happenedBefore(a, next)).toBe(true);
        expect(next[process]).toBe((a[process] ?? 0) + 1);
        expect(processes.filter((p) => (next[p] ?? 0) !== (a[p] ?? 0))).toEqual([process]);
      }),
    );
  });
});
