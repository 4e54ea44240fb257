/**
 * How long nobody answers when the primary of passive replication crashes or is cut off, in virtual time, by the kind of backup
 * (PB-13): a client updates without a break, and the gap in its answers is what counts. A crash is noticed when the node's host
 * refuses what is sent there; silence is noticed after `suspectAfter`.
 */
import { simulate } from 'chorale';
import { type PlannedRequest, play } from 'chorale/testing';
import { bank } from './bank.js';
import { table } from './toggle.js';

const STRUCK_AT = 1_000;
const SUSPECT_AFTER = 500;
/** ms until a node that crashed is there again, or one that was cut off. */
const BACK_AFTER = 3_000;
const OTHERS = 'rm-2,rm-3,fe-1,ms-1,ms-2,ms-3';

const kinds = [
  ['hot', { backups: 'hot' }],
  ['hot, lease of 1 s', { backups: 'hot', lease: 1_000 }],
  ['cold', { backups: 'cold' }],
  ['rollback', { backups: 'rollback' }],
] as const;

/** `before`: updates made before the primary is struck. */
export function takeOver(before: number): void {
  const object = bank(4);
  const requests = Array.from(
    { length: 2 * before },
    (_, i): PlannedRequest => ({
      at: (i * STRUCK_AT) / before,
      client: 'client-1',
      op: 'deposit',
      args: ['account-1', 1],
    }),
  );
  const back = STRUCK_AT + BACK_AFTER;
  const rows = kinds.map(([name, settings]) => {
    const others = settings.backups === 'rollback' ? 'rm-2,rm-3,fe-1' : OTHERS;
    const outage = (faults: readonly string[]): number => {
      const simulation = simulate(object, {
        replication: 'passive',
        suspectAfter: SUSPECT_AFTER,
        retryAfter: 50,
        faults,
        ...settings,
      });
      const ends = play(simulation, requests, { timeout: 60_000 }).map(({ endedAt }) => endedAt);
      return Math.round(Math.max(...ends.map((end, i) => end - Math.max(STRUCK_AT, ends[i - 1] ?? end))));
    };
    return {
      backups: name,
      'crash, ms': outage([`crash:rm-1@${STRUCK_AT}ms`, `recover:rm-1@${back}ms`]),
      'cut off, ms': outage([`partition:rm-1|${others}@${STRUCK_AT}ms..${back}ms`]),
    };
  });
  table(
    `passive replication: virtual ms without an answer, ${before} updates before; back after ${BACK_AFTER} ms`,
    rows,
  );
}
