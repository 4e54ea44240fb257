import { describe, expect, test } from '@jest/globals';
import { ChoraleError, simulate } from 'chorale';
import fc from 'fast-check';
import bank from '../../examples/bank/service.js';
import counter from '../../examples/counter/service.js';
import kv from '../../examples/kv/service.js';
import locks from '../../examples/lock-service/service.js';

const code = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'no error';
  } catch (error) {
    return error instanceof ChoraleError ? error.code : String(error);
  }
};

describe('bank', () => {
  test('keeps accounts', async () => {
    await using cluster = simulate(bank);
    const alice = cluster.client({ name: 'alice' });
    expect(await alice.getBalance('x')).toBe(0);
    expect(await alice.setBalance('x', 10)).toBeUndefined();
    expect(await alice.deposit('x', 5)).toBe(15);
    expect(await alice.withdraw('x', 15)).toBe(0);
    expect(await alice.deposit('y', 7)).toBe(7);
    expect(await alice.transfer('y', 'x', 3)).toBe(4);
    expect(await alice.getBalance('x')).toBe(3);
    expect(await alice.total()).toBe(7);
  });

  test('CH-6: refuses what it must, with no effect', async () => {
    await using cluster = simulate(bank);
    const alice = cluster.client();
    await alice.deposit('x', 10);
    expect(await code(alice.withdraw('x', 11))).toBe('INSUFFICIENT_FUNDS');
    // The balance is written before the check: that must be undone.
    expect(await code(alice.transfer('x', 'y', 11))).toBe('INSUFFICIENT_FUNDS');
    expect(await code(alice.transfer('x', 'x', 11))).toBe('INSUFFICIENT_FUNDS');
    expect(await alice.transfer('x', 'x', 4)).toBe(10);
    for (const amount of [0, -1, 0.5, 2 ** 60]) {
      expect(await code(alice.deposit('x', amount))).toBe('AMOUNT_INVALID');
      expect(await code(alice.transfer('x', 'y', amount))).toBe('AMOUNT_INVALID');
    }
    expect([await alice.getBalance('x'), await alice.getBalance('y'), await alice.total()]).toEqual([10, 0, 10]);
    expect(new Set(cluster.replicas().map(({ digest }) => digest)).size).toBe(1);
  });

  test('transfers neither make nor lose money, and nobody falls below nothing', async () => {
    const account = fc.constantFrom('a', 'b', 'c');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(account, account, fc.integer({ min: 1, max: 60 })), { maxLength: 30 }),
        async (transfers) => {
          await using cluster = simulate(bank);
          const client = cluster.client();
          for (const name of ['a', 'b', 'c']) await client.deposit(name, 50);
          for (const [from, to, amount] of transfers) await code(client.transfer(from, to, amount));
          expect(await client.total()).toBe(150);
          for (const name of ['a', 'b', 'c']) expect(await client.getBalance(name)).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('counter', () => {
  test('counts the increments of many clients, each once', async () => {
    await using cluster = simulate(counter, { loss: 0.1, duplicate: 0.1, seed: 3 });
    const clients = Array.from({ length: 5 }, () => cluster.client());
    const counts = await Promise.all(
      clients.flatMap((client) => [client.increment(), client.increment(), client.increment()]),
    );
    expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    expect(await cluster.client().add(-5)).toBe(10);
    expect(await cluster.client().value()).toBe(10);
  });
});

describe('kv', () => {
  test('gets, puts and appends; a missing key reads as the empty string', async () => {
    await using cluster = simulate(kv);
    const client = cluster.client();
    expect(await client.get('k')).toBe('');
    await client.put('k', 'one');
    expect(await client.append('k', ', two')).toBe('one, two');
    expect(await client.append('new', 'x')).toBe('x');
    expect([await client.get('k'), await client.get('new')]).toEqual(['one, two', 'x']);
  });

  test('cas makes a lock: of all who try at once one gets it, in every schedule', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      await using cluster = simulate(kv, { seed, faults: [`crash:rm-${(seed % 3) + 1}@${seed % 10}ms`] });
      const names = ['a', 'b', 'c', 'd'];
      const got = await Promise.all(names.map((name) => cluster.client({ name }).cas('lock', '', name)));
      expect({ seed, winners: got.filter(Boolean).length }).toEqual({ seed, winners: 1 });
      expect(await cluster.client().get('lock')).toBe(names[got.indexOf(true)]);
    }
  });
});

describe('lock-service', () => {
  test('one session holds a lock; another takes it when the lease is over, with a higher token', async () => {
    await using cluster = simulate(locks, { replication: 'passive', delay: [1, 1] });
    const [ann, bob] = [cluster.client({ name: 'ann' }), cluster.client({ name: 'bob' })];
    expect(await ann.acquire('door', 'ann', 100)).toMatchObject({ granted: true, holder: 'ann', token: 1 });
    expect(await bob.acquire('door', 'bob', 100)).toMatchObject({ granted: false, holder: 'ann', token: 1 });
    expect(await ann.acquire('door', 'ann', 100)).toMatchObject({ granted: true, token: 1 });
    expect(await ann.renew('door', 'ann', 300)).toBe(true);
    await cluster.advance(150);
    expect(await bob.holder('door')).toBe('ann');
    expect(await bob.renew('door', 'bob', 100)).toBe(false);
    await cluster.advance(300);
    expect(await bob.holder('door')).toBeNull();
    expect(await bob.acquire('door', 'bob', 100)).toMatchObject({ granted: true, holder: 'bob', token: 2 });
    expect(await ann.renew('door', 'ann', 100)).toBe(false);
    expect(await ann.release('door', 'ann')).toBe(false);
    expect(await bob.release('door', 'bob')).toBe(true);
    expect(await bob.holder('door')).toBeNull();
    expect(await ann.acquire('door', 'ann', 100)).toMatchObject({ granted: true, token: 3 });
    for (const lease of [0, -1, 0.5]) expect(await code(ann.acquire('door', 'ann', lease))).toBe('LEASE_INVALID');
  });

  test('of all who ask at once one gets the lock, also when the primary crashes', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      await using cluster = simulate(locks, { replication: 'passive', seed, faults: [`crash:rm-1@${seed * 2}ms`] });
      const names = ['a', 'b', 'c'];
      const grants = await Promise.all(names.map((name) => cluster.client({ name }).acquire('door', name, 60_000)));
      const winners = names.filter((_, i) => grants[i]?.granted);
      expect({ seed, winners: winners.length }).toEqual({ seed, winners: 1 });
      expect(await cluster.client().holder('door')).toBe(winners[0]);
    }
  });
});
