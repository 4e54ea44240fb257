/**
 * The lock service inside an application, in virtual time: ann takes the only lock and is silent for longer than her lease
 * runs, while the primary crashes. Bob gets the lock from the next primary, with a higher token, and ann's renewal is refused.
 */
import { simulate } from 'chorale';
import locks from './service.js';

await using cluster = simulate(locks, { replicas: 3, replication: 'passive', faults: ['crash:rm-1@50ms'] });
const [ann, bob] = [cluster.client({ name: 'ann' }), cluster.client({ name: 'bob' })];
const say = (who: string, what: string): void =>
  console.log(`${String(Math.round(cluster.now)).padStart(5)} ms  ${who}: ${what}`);

const first = await ann.acquire('door', 'ann', 1_000);
say('ann', `has the door, token ${first.token}`);
const refused = await bob.acquire('door', 'bob', 1_000);
say('bob', `must wait: ${refused.holder} has it until ${Math.round(refused.until)} ms`);
await cluster.advance(1_500);
const second = await bob.acquire('door', 'bob', 1_000);
say('bob', `has the door, token ${second.token}: the lease of ann is over`);
say('ann', (await ann.renew('door', 'ann', 1_000)) ? 'has it still' : 'is told that her lease is over');
say('bob', (await bob.release('door', 'bob')) ? 'gives it back' : 'has it no more');
say('ann', `sees that ${(await ann.holder('door')) ?? 'nobody'} has the door`);
