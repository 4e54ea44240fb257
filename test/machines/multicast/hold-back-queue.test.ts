import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  dropStream,
  emptyQueue,
  heldAt,
  heldIn,
  heldStreams,
  hold,
  isHolding,
  release,
} from '../../../machines/multicast/hold-back-queue.js';
import {
  add,
  contains,
  equal,
  highest,
  nothing,
  type Receipt,
  receiptShape,
  union,
} from '../../../machines/multicast/receipt.js';

describe('a hold-back queue', () => {
  const operations = fc.array(
    fc.record({
      kind: fc.constantFrom('hold' as const, 'hold' as const, 'release' as const, 'drop' as const),
      stream: fc.constantFrom('a:1', 'b:1', 'c:1'),
      number: fc.integer({ min: 1, max: 12 }),
    }),
    { maxLength: 60 },
  );

  test('does what a map of maps does, and old versions stay as they were', () => {
    fc.assert(
      fc.property(operations, (steps) => {
        const model = new Map<string, Map<number, string>>();
        let queue = emptyQueue<string>();
        for (const { kind, stream, number } of steps) {
          const before = queue;
          const seen = JSON.stringify(before);
          const held = model.get(stream) ?? new Map<number, string>();
          if (kind === 'hold') {
            queue = hold(queue, stream, number, `${stream}#${number}`);
            held.set(number, `${stream}#${number}`);
          } else if (kind === 'release') {
            queue = release(queue, stream, number);
            held.delete(number);
          } else {
            queue = dropStream(queue, stream);
            held.clear();
          }
          if (held.size > 0) model.set(stream, held);
          else model.delete(stream);
          expect(JSON.stringify(before)).toBe(seen);
          expect([...heldStreams(queue)].sort()).toEqual([...model.keys()].sort());
          expect(isHolding(queue, stream)).toBe(model.has(stream));
          expect(heldAt(queue, stream, number)).toBe(held.get(number));
          expect(heldIn(queue, stream)).toEqual([...held].sort(([a], [b]) => a - b).map(([, message]) => message));
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('a receipt', () => {
  const seqs = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 30 });
  const of = (list: readonly number[]): Receipt => list.reduce(add, nothing);

  test('is a set of numbers: adding, union, comparison and the greatest agree with one', () => {
    fc.assert(
      fc.property(seqs, seqs, (a, b) => {
        const receipt = of(a);
        const both = union(receipt, of(b));
        const all = Array.from({ length: 31 }, (_, i) => i + 1);
        expect(all.filter((seq) => contains(receipt, seq))).toEqual(all.filter((seq) => a.includes(seq)));
        expect(all.filter((seq) => contains(both, seq))).toEqual(
          all.filter((seq) => a.includes(seq) || b.includes(seq)),
        );
        expect(both).toEqual(of([...b, ...a]));
        expect(highest(receipt)).toBe(Math.max(0, ...a));
        expect(equal(receipt, of(b))).toBe([...new Set(a)].sort().join() === [...new Set(b)].sort().join());
        expect(receiptShape(both)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('has one form, as short as its gaps are few', () => {
    fc.assert(
      fc.property(seqs, (list) => {
        const { upTo, beyond } = of(list);
        let end = upTo;
        for (const [first, last] of beyond) {
          expect(first).toBeGreaterThan(end + 1);
          expect(last).toBeGreaterThanOrEqual(first);
          end = last;
        }
      }),
    );
    expect(of([1, 2, 3, 5, 6, 9])).toEqual({
      upTo: 3,
      beyond: [
        [5, 6],
        [9, 9],
      ],
    });
    expect(of([2, 3, 1])).toEqual({ upTo: 3, beyond: [] });
  });
});
