/**
 * npm run bench: what Chorale costs, as ratios to a raw XState toggle measured in the same run: messages, explorations,
 * requests, syncs, whether the cost stays flat as requests and keys grow, and the transfer of a large state; and how long a take-over lasts. It prints; it
 * asserts nothing, for a time is a fact of one machine.
 *
 *     node --expose-gc dist/bench/main.js [--quick]
 */
import { checkers } from './checkers.js';
import { detectors } from './detectors.js';
import { exploration } from './exploration.js';
import { growth } from './growth.js';
import { joining } from './joining.js';
import { routing } from './routing.js';
import { simulator } from './simulator.js';
import { storage } from './storage.js';
import { takeOver } from './take-over.js';
import { throughput } from './throughput.js';
import { transfer } from './transfer.js';

const quick = process.argv.includes('--quick');
const reference = routing();
detectors(quick ? 10 : 60);
simulator(quick ? 250 : 1_000);
takeOver(quick ? 50 : 200);
await exploration(reference, quick);
await checkers(quick);
await throughput(reference, quick ? 1_000 : 4_000);
await storage(quick ? 500 : 5_000);
await growth(reference, quick ? 100_000 : 1_000_000);
transfer(quick ? 10 : 100);
await joining(quick ? 10 : 100);
