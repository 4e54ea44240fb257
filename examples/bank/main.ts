/**
 * The bank inside an application: three replicas in this process, and two clients who do not notice.
 */
import { ChoraleError, start } from 'chorale';
import bank from './service.js';

await using cluster = await start(bank, { replicas: 3, replication: 'active' });
const alice = cluster.client({ name: 'alice' });
const bob = cluster.client({ name: 'bob' });

await alice.deposit('alice', 100);
await alice.transfer('alice', 'bob', 30);
try {
  await bob.with({ timeout: 2_000 }).withdraw('bob', 1_000);
} catch (error) {
  if (!(error instanceof ChoraleError)) throw error;
  console.log(`refused: ${error.code}: ${error.message}`);
}
console.log(
  `alice has ${await alice.getBalance('alice')}, bob has ${await bob.getBalance('bob')}, together ${await bob.total()}`,
);
for (const { node, version, digest } of cluster.replicas()) console.log(`${node}: ${version} updates, state ${digest}`);
