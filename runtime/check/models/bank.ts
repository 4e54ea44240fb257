/**
 * A bank: accounts by name, each with a whole number of coins and never less than none. A transfer ties two accounts
 * together.
 */
import type { Json, Operation } from '../history.js';
import { isList, isRecord } from '../json.js';
import { type Model, OperationError } from '../model.js';
import { unknownOperation } from './keyed.js';

/** Balances that are not 0. */
type Balances = ReadonlyMap<string, number>;

interface Outcome {
  readonly state: Balances;
  readonly output: Json;
}

const operations: Readonly<Record<string, string>> = {
  getBalance: 'Returns the balance of the account that is the key.',
  total: 'Returns the sum of all balances. No key.',
  setBalance: 'The input is the new balance. Returns null.',
  deposit: 'The input is the amount. Returns the new balance; null does not tell.',
  withdraw: 'The input is the amount. Returns the new balance, or the error INSUFFICIENT_FUNDS; null does not tell.',
  transfer:
    'The input is [to, amount]. Returns what is left of the account that is the key, or the error INSUFFICIENT_FUNDS; null does not tell.',
};

/** Begins with the balances given by account. Amounts that are not whole or under 1 are the error AMOUNT_INVALID. */
export const bank: Model<Balances> = {
  name: 'bank',
  operations,
  untold: new Set(['deposit', 'withdraw', 'transfer']),
  initial(given = {}) {
    if (!isRecord(given)) throw new RangeError('A bank begins with an object of balances by account.');
    const balances = new Map<string, number>();
    for (const [account, balance] of Object.entries(given)) {
      if (typeof balance !== 'number') throw new RangeError(`The balance of ${account} must be a number.`);
      if (balance !== 0) balances.set(account, balance);
    }
    return balances;
  },
  apply(state, operation) {
    if (operation.op === 'total') return { state, output: [...state.values()].reduce((sum, more) => sum + more, 0) };
    const rule = Object.hasOwn(rules, operation.op) ? rules[operation.op] : undefined;
    if (rule === undefined) throw unknownOperation(bank, operation);
    if (operation.key === null) throw new OperationError('key', `${operation.op} needs an account as its key.`);
    return rule(state, operation.key, operation);
  },
  reads: ({ op }) => op === 'getBalance' || op === 'total',
  text: (state) =>
    [...state]
      .map(([account, balance]) => `${JSON.stringify(account)}:${balance}`)
      .sort()
      .join(),
  part(operation) {
    const { op, key } = operation;
    return op === 'transfer' && key !== null ? [key, transferred(operation).to] : key;
  },
};

const rules: Readonly<Record<string, (state: Balances, account: string, operation: Operation) => Outcome>> = {
  getBalance: (state, account) => ({ state, output: state.get(account) ?? 0 }),
  setBalance(state, account, operation) {
    const balance = numberOf(operation, operation.input);
    return { state: balance === (state.get(account) ?? 0) ? state : set(state, account, balance), output: null };
  },
  deposit: (state, account, operation) => added(state, account, numberOf(operation, operation.input), 1),
  withdraw: (state, account, operation) => added(state, account, numberOf(operation, operation.input), -1),
  transfer(state, from, operation) {
    const { to, amount } = transferred(operation);
    const taken = added(state, from, amount, -1);
    if (typeof taken.output !== 'number') return taken;
    const given = added(taken.state, to, amount, 1);
    return { state: given.state, output: given.state.get(from) ?? 0 };
  },
};

function added(state: Balances, account: string, amount: number, sign: 1 | -1): Outcome {
  if (!Number.isSafeInteger(amount) || amount <= 0) return { state, output: { error: 'AMOUNT_INVALID' } };
  const balance = (state.get(account) ?? 0) + sign * amount;
  if (sign < 0 && balance < 0) return { state, output: { error: 'INSUFFICIENT_FUNDS' } };
  return { state: set(state, account, balance), output: balance };
}

function set(state: Balances, account: string, balance: number): Balances {
  const after = new Map(state);
  if (balance === 0) after.delete(account);
  else after.set(account, balance);
  return after;
}

function transferred(operation: Operation): { readonly to: string; readonly amount: number } {
  const [to, amount] = isList(operation.input) ? operation.input : [];
  if (typeof to === 'string' && amount !== undefined) return { to, amount: numberOf(operation, amount) };
  throw new OperationError('input', 'The input of transfer must be [to, amount].');
}

function numberOf({ op }: Operation, value: Json): number {
  if (typeof value === 'number') return value;
  throw new OperationError('input', `${op} must be given a number.`);
}
