/**
 * What the compiler must accept and refuse of a service. `tsc` is the test: an `@ts-expect-error` that meets no error
 * is one itself.
 */

import { ChoraleError, type ClientOf, collection, type Surroundings, service, surroundings } from 'chorale';
import * as v from 'valibot';

interface Account {
  owner: string;
  balance: number;
  tags?: string[];
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const equal = <A, B>(_same: Equal<A, B>): void => undefined;

const bank = service('bank', {
  state: () => ({ balances: {} as Record<string, number>, accounts: collection<Account>(), history: [] as string[] }),
  updates: {
    deposit(draft, account: string, amount: number) {
      draft.balances[account] = (draft.balances[account] ?? 0) + amount;
      draft.history.push(account);
      return draft.balances[account] ?? 0;
    },
    open(draft, owner: string, balance?: number, env = surroundings()) {
      const id = env.id();
      draft.accounts.set(id, { owner, balance: balance ?? 0 });
      return { id, at: env.now };
    },
    touch({ accounts }, id: string) {
      accounts.update(id, (account) => {
        if (account === undefined) throw new ChoraleError('NO_ACCOUNT', `There is no account ${id}.`);
        account.balance += 1;
      });
      // @ts-expect-error what `get` returns is read-only
      (accounts.get(id) ?? { balance: 0 }).balance = 1;
    },
    forget: (draft) => {
      draft.history = [];
    },
  },
  queries: {
    balance: (state, account: string) => state.balances[account] ?? 0,
    account: (state, id: string) => state.accounts.get(id) ?? null,
    all: (state, ...ids: string[]) => ids.map((id) => state.accounts.get(id)?.balance ?? 0),
    age: (_state, since: number, env = surroundings()) => env.now - since,
  },
  arguments: {
    deposit: v.tuple([v.string(), v.pipe(v.number(), v.integer())]),
  },
});

declare const alice: ClientOf<typeof bank>;
equal<typeof bank.deterministic, true>(true);
equal<ReturnType<typeof alice.deposit>, Promise<number>>(true);
equal<Parameters<typeof alice.deposit>, [account: string, amount: number]>(true);
equal<Parameters<typeof alice.open>, [owner: string, balance?: number | undefined]>(true);
equal<ReturnType<typeof alice.open>, Promise<{ id: string; at: number }>>(true);
equal<ReturnType<typeof alice.touch>, Promise<void>>(true);
equal<Parameters<typeof alice.all>, string[]>(true);
equal<Parameters<typeof alice.age>, [since: number]>(true);
equal<ReturnType<typeof alice.balance>, Promise<number>>(true);
equal<
  Awaited<ReturnType<typeof alice.account>>,
  { readonly owner: string; readonly balance: number; readonly tags?: readonly string[] } | null
>(true);

export const calls = [
  alice.with({ timeout: 100, signal: new AbortController().signal }).deposit('x', 1),
  // @ts-expect-error an argument of the wrong type
  alice.deposit('x', '1'),
  // @ts-expect-error an argument too few
  alice.deposit('x'),
  // @ts-expect-error no such operation
  alice.withdraw('x', 1),
  // @ts-expect-error the surroundings are not the caller's to give
  alice.open('x', 1, {} as Surroundings),
  // @ts-expect-error no such option
  alice.with({ retries: 1 }),
];

service('queries-read', {
  state: () => ({ n: 0, list: [1], table: collection<{ n: number }>() }),
  updates: {},
  queries: {
    write(state) {
      // @ts-expect-error a query cannot write
      state.n = 1;
    },
    push(state) {
      // @ts-expect-error not into a list
      state.list.push(2);
    },
    set(state) {
      // @ts-expect-error not into a collection
      state.table.set('x', { n: 1 });
    },
    deep(state) {
      for (const [, value] of state.table) {
        // @ts-expect-error not into a value
        value.n = 1;
      }
    },
  },
});

service('replies', {
  state: () => ({ n: 0 }),
  updates: {
    // @ts-expect-error a date is not plain data
    date: () => new Date(0),
    // @ts-expect-error neither is a function
    closure: (draft) => () => draft.n,
    // @ts-expect-error nor what holds one
    inside: () => ({ list: [{ map: new Map<string, string>() }] }),
    // @ts-expect-error an operation is synchronous
    later: async () => 1,
    // @ts-expect-error nor is an argument like that
    given: (_draft, when: Date) => when.getTime(),
    // @ts-expect-error the surroundings need their default value: the runtime does not pass them
    bare: (_draft, name: string, env: Surroundings) => `${name}${env.now}`,
    nothing: () => undefined,
    bytes: () => new Uint8Array(1),
    account: (): Account => ({ owner: 'x', balance: 0 }),
  },
  queries: {},
});

service('replies', {
  state: () => ({ n: 0 }),
  updates: {},
  queries: {
    // @ts-expect-error a collection is not plain data: answer with its entries
    table: () => collection<number>(),
  },
});

service('schemas', {
  state: () => ({ n: 0 }),
  updates: {
    // @ts-expect-error the schema returns other arguments than the operation takes
    add: (draft, by: number) => draft.n + by,
  },
  queries: {},
  arguments: { add: v.tuple([v.string()]) },
});

const dice = service('dice', {
  deterministic: false,
  state: () => ({ last: 0 }),
  updates: { roll: (draft) => draft.last },
  queries: {},
});
equal<typeof dice.deterministic, false>(true);

service('migrated', {
  version: 2,
  state: () => ({ n: 0 }),
  migrate: (old: { count: number }, from) => ({ n: old.count + from }),
  updates: {},
  queries: {},
});
