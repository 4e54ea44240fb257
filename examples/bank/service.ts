/**
 * A bank: accounts by name, each with a whole number of coins. Nobody can owe the bank anything.
 */
import { ChoraleError, collection, service } from 'chorale';

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
