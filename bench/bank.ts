import { collection, service } from 'chorale';

export type Bank = ReturnType<typeof bank>;

/** A bank whose accounts `account-0` … exist from the start. */
export function bank(accounts: number) {
  return service('bank', {
    state: () => {
      const balances = collection<number>();
      for (let i = 0; i < accounts; i++) balances.set(`account-${i}`, 0);
      return { balances };
    },
    updates: {
      deposit(draft, account: string, amount: number) {
        const balance = (draft.balances.get(account) ?? 0) + amount;
        draft.balances.set(account, balance);
        return balance;
      },
    },
    queries: { getBalance: (state, account: string) => state.balances.get(account) ?? 0 },
  });
}
