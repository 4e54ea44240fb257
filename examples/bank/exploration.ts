/**
 * The bank under active replication, explored: two clients who write the same account, one replica manager that may
 * crash at any point, one message that may come twice.
 */
import { type Configuration, replication } from 'chorale/explore';
import bank from './service.js';

export const about = 'active replication of the bank: every order of messages, a crash, a duplicate';

/** `clients` deposit and set the balance of one account in turn, one call each. */
export function exploration({
  replicas = 3,
  clients = 2,
  crashes = 1,
  duplicates = 1,
}: {
  readonly replicas?: number;
  readonly clients?: number;
  readonly crashes?: number;
  readonly duplicates?: number;
} = {}): Configuration {
  const calls = Array.from({ length: clients }, (_, k) => [
    { op: k % 2 === 0 ? 'deposit' : 'setBalance', args: ['x', k + 1] },
  ]);
  return replication(bank, { clients: calls, replicas, crashes, duplicates });
}
