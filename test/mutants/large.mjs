/**
 * A service with a state of some hundred KiB. A joiner is sent it in more chunks than may be under way at a time, so updates come
 * meanwhile; a small state is there before anything else.
 */
import { collection, service } from 'chorale';

const filling = Array.from({ length: 4000 }, (_, i) => [`${i}`.padStart(100, '0'), i]);

export default service('large', {
  state: () => ({ accounts: collection(filling) }),
  updates: {
    deposit({ accounts }, account, amount) {
      const balance = (accounts.get(account) ?? 0) + amount;
      accounts.set(account, balance);
      return balance;
    },
  },
  queries: { getBalance: ({ accounts }, account) => accounts.get(account) ?? 0 },
});

export const workload = (chance) =>
  chance.chance(0.7) ? ['deposit', chance.chance(0.5) ? 'x' : 'y', chance.int(1, 9)] : ['getBalance', 'x'];
