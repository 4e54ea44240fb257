/**
 * The bank, explored: two clients who write the same account, one replica manager that may crash at any point. Under active
 * replication any of them may, and one message may come twice; under passive replication it is the primary.
 */
import { type Configuration, replication } from 'chorale/explore';
import { passive } from 'chorale/machines';
import bank from './service.js';

export const about = 'replication of the bank, active or passive: every order of messages, a crash, a duplicate';

/**
 * `clients` deposit and set the balance of one account in turn, one call each. `passive=1`: passive replication, in a group with
 * views; `frontEnds=1`: they share one;
 * `suspicions=1` adds that the first backup suspects the primary, at any moment.
 */
export function exploration({
  passive: isPassive = 0,
  replicas = 3,
  clients = 2,
  crashes = 1,
  duplicates = isPassive === 0 ? 1 : 0,
  suspicions = 0,
  frontEnds = clients,
}: {
  readonly passive?: number;
  readonly replicas?: number;
  readonly clients?: number;
  readonly crashes?: number;
  readonly duplicates?: number;
  readonly suspicions?: number;
  readonly frontEnds?: number;
} = {}): Configuration {
  const calls = Array.from({ length: clients }, (_, k) => [
    { op: k % 2 === 0 ? 'deposit' : 'setBalance', args: ['x', k + 1] },
  ]);
  const settings = { clients: calls, frontEnds, replicas, crashes, duplicates };
  if (isPassive === 0) return replication(bank, settings);
  return replication(bank, {
    ...settings,
    style: passive,
    mayCrash: ['rm-1'],
    suspected: suspicions === 0 ? [] : [['rm-2', 'rm-1']],
  });
}
