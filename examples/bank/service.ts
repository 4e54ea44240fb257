/**
 * A bank: accounts by name, each with a whole number of coins. Nobody can owe the bank anything.
 */
import { ChoraleError, collection, service } from 'chorale';
import type { Workload } from 'chorale/testing';

export const about = 'accounts, transfers that happen whole or not at all, and refusals that every replica agrees on';

const whole = (amount: number): number => {
  if (Number.isSafeInteger(amount) && amount > 0) return amount;
  throw new ChoraleError('AMOUNT_INVALID', `${amount} is no amount: it must be a whole number of coins, 1 or more.`);
};

export default service('bank', {
  state: () => ({ accounts: collection<number>() }),
  updates: {
    setBalance({ accounts }, account: string, balance: number) {
      accounts.set(account, balance);
    },
    deposit({ accounts }, account: string, amount: number) {
      const balance = (accounts.get(account) ?? 0) + whole(amount);
      accounts.set(account, balance);
      return balance;
    },
    withdraw({ accounts }, account: string, amount: number) {
      const balance = (accounts.get(account) ?? 0) - whole(amount);
      if (balance < 0) throw new ChoraleError('INSUFFICIENT_FUNDS', `${account} lacks ${-balance}.`);
      accounts.set(account, balance);
      return balance;
    },
    /** Returns what is left where the money came from. */
    transfer({ accounts }, from: string, to: string, amount: number) {
      const balance = (accounts.get(from) ?? 0) - whole(amount);
      accounts.set(from, balance);
      // An update that throws has no effect: what was just written is undone.
      if (balance < 0) throw new ChoraleError('INSUFFICIENT_FUNDS', `${from} lacks ${-balance}.`);
      accounts.set(to, (accounts.get(to) ?? 0) + amount);
      return accounts.get(from) ?? 0;
    },
  },
  queries: {
    getBalance: ({ accounts }, account: string) => accounts.get(account) ?? 0,
    total({ accounts }) {
      let sum = 0;
      for (const balance of accounts.values()) sum += balance;
      return sum;
    },
  },
});

/** Random calls, for `chorale sim`: two accounts and small amounts, so that clients get in each other's way. */
export const workload: Workload = (chance) => {
  const account = (): string => (chance.chance(0.5) ? 'x' : 'y');
  switch (chance.int(1, 6)) {
    case 1:
      return ['setBalance', account(), chance.int(0, 9)];
    case 2:
      return ['deposit', account(), chance.int(1, 9)];
    case 3:
      return ['withdraw', account(), chance.int(1, 9)];
    case 4:
      return ['transfer', ...(chance.chance(0.5) ? ['x', 'y'] : ['y', 'x']), chance.int(1, 9)];
    case 5:
      return ['getBalance', account()];
    default:
      return ['total'];
  }
};
