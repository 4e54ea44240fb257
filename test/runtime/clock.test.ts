import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { realClock } from '../../runtime/clock/real.js';
import { VirtualClock } from '../../runtime/clock/virtual.js';

describe('virtual time', () => {
  test('timers run by due time, then in the order in which they were set; cancelled ones never', () => {
    const timers = fc.array(fc.record({ ms: fc.integer({ min: -1, max: 20 }), cancel: fc.boolean() }), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(timers, (list) => {
        const clock = new VirtualClock();
        const ran: number[] = [];
        const handles = list.map(({ ms }, i) =>
          clock.setTimeout(() => {
            expect(clock.now()).toBe(Math.max(0, ms));
            ran.push(i);
          }, ms),
        );
        list.forEach(({ cancel }, i) => {
          if (cancel) clock.clearTimeout(handles[i]);
        });
        while (clock.step());
        const due = (i: number) => Math.max(0, list[i]?.ms ?? 0);
        const expected = list.flatMap(({ cancel }, i) => (cancel ? [] : [i])).sort((a, b) => due(a) - due(b) || a - b);
        expect(ran).toEqual(expected);
        expect(clock.size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test('step moves from due time to due time and runs one callback', () => {
    const clock = new VirtualClock();
    const seen: [string, number][] = [];
    clock.setTimeout(() => {
      seen.push(['a', clock.now()]);
      clock.setTimeout(() => seen.push(['b', clock.now()]), 5);
    }, 10);
    clock.setTimeout(() => seen.push(['c', clock.now()]), 100);
    expect(clock.nextDue()).toBe(10);
    expect(clock.step()).toBe(true);
    expect(seen).toEqual([['a', 10]]);
    expect(clock.nextDue()).toBe(15);
    clock.step();
    clock.step();
    expect(seen).toEqual([
      ['a', 10],
      ['b', 15],
      ['c', 100],
    ]);
    expect(clock.step()).toBe(false);
    expect(clock.nextDue()).toBeUndefined();
    expect(clock.now()).toBe(100);
  });

  test('advance runs what falls due within, also what is set meanwhile, and stops at its end', () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    const again = () => {
      seen.push(clock.now());
      clock.setTimeout(again, 10);
    };
    again();
    clock.advance(35);
    expect(seen).toEqual([0, 10, 20, 30]);
    expect(clock.now()).toBe(35);
    clock.advance(5);
    expect(seen).toEqual([0, 10, 20, 30, 40]);
  });

  test('defer runs at the same time, after all that is due now', () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.setTimeout(() => {
      clock.defer(() => seen.push(`deferred ${clock.now()}`));
      seen.push('first');
    }, 5);
    clock.setTimeout(() => seen.push('second'), 5);
    clock.setTimeout(() => seen.push('later'), 6);
    while (clock.step());
    expect(seen).toEqual(['first', 'second', 'deferred 5', 'later']);
  });

  test('timers that are set and cancelled for ever take no memory, and cancelling twice or afterwards does no harm', () => {
    const clock = new VirtualClock();
    let ran = 0;
    const keep = clock.setTimeout(() => ran++, 1);
    for (let i = 0; i < 100_000; i++) {
      const handle = clock.setTimeout(() => ran++, 1_000_000);
      clock.clearTimeout(handle);
      clock.clearTimeout(handle);
    }
    expect(clock.size).toBeLessThan(200);
    clock.advance(1);
    clock.clearTimeout(keep);
    clock.clearTimeout('no handle');
    while (clock.step());
    expect(ran).toBe(1);
    expect(clock.size).toBe(0);
  });
});

describe('real time', () => {
  test('goes on, calls back once, and lets what is under way end before what is deferred', async () => {
    const clock = realClock();
    const seen: string[] = [];
    const begun = clock.now();
    clock.clearTimeout(clock.setTimeout(() => seen.push('cancelled'), 1));
    await new Promise<void>((resolve) => {
      clock.setTimeout(() => {
        seen.push('timer');
        resolve();
      }, 20);
      clock.defer(() => seen.push('deferred'));
      queueMicrotask(() => seen.push('microtask'));
      seen.push('now');
    });
    expect(seen).toEqual(['now', 'microtask', 'deferred', 'timer']);
    expect(clock.now() - begun).toBeGreaterThanOrEqual(18);
  });

  // A browser has no setImmediate: two ways are left.
  test.each(['MessageChannel', 'setTimeout'])('defers by %s where there is no setImmediate', async (way) => {
    const { setImmediate: immediate, MessageChannel: channel } = globalThis;
    const ports: { close(): void }[] = [];
    class Channel extends channel {
      constructor() {
        super();
        ports.push(this.port1);
      }
    }
    try {
      Object.assign(globalThis, {
        setImmediate: undefined,
        MessageChannel: way === 'MessageChannel' ? Channel : undefined,
      });
      const clock = realClock();
      const seen: number[] = [];
      await new Promise<void>((resolve) => {
        for (const i of [1, 2, 3]) clock.defer(() => seen.push(i));
        clock.defer(resolve);
        seen.push(0);
      });
      expect(seen).toEqual([0, 1, 2, 3]);
      expect(ports).toHaveLength(way === 'MessageChannel' ? 1 : 0);
    } finally {
      Object.assign(globalThis, { setImmediate: immediate, MessageChannel: channel });
      for (const port of ports) port.close();
    }
  });
});

test('what is asked for at a time happens at that very time, and at once when it has gone by', () => {
  for (let i = 1; i < 200; i++) {
    const clock = new VirtualClock();
    clock.advance(i / 7);
    const times: number[] = [];
    for (const time of [i / 7 + i / 3, 1000.1 + i / 10, 0]) clock.at(time, () => times.push(clock.now()));
    clock.advance(2000);
    expect(times).toEqual([i / 7, i / 7 + i / 3, 1000.1 + i / 10]);
  }
});
