/** What a live cluster loses by being inspected, beside one like it that is not. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Cluster, start } from 'chorale';
import { inspect } from 'chorale/inspect';
import { type Bank, bank } from './bank.js';
import { cpu } from './toggle.js';

/** Shares of throughput: of the requests that a second of this process's CPU is enough for. */
export interface Costs {
  readonly alone: number;
  readonly watched: number;
}

const CLIENTS = 64;
/** Requests of each in a round. */
const EACH = 40;

/** The medians of so many rounds, each compared with the reference of its own round: three clusters, in turn, that are the same but for who looks. */
export async function costs(rounds: number, say: (what: string) => void): Promise<Costs> {
  await using reference = await start(bank(100), { replicas: 3, delay: 1 });
  await using alone = await start(bank(100), { replicas: 3, delay: 1 });
  await using watched = await start(bank(100), { replicas: 3, delay: 1 });
  await using _ = await inspect(alone);
  await using inspection = await inspect(watched);
  const underView = loadOf(watched);
  const loads = [loadOf(reference), loadOf(alone), () => whileWatched(inspection.url, underView)];
  for (const load of loads) await load(); // warm
  const seen: number[][] = [[], []];
  for (let round = 1; round <= rounds; round++) {
    const micros = [0, 0, 0];
    for (let i = 0; i < loads.length; i++) {
      const turn = (round + i) % loads.length; // none is always the first
      micros[turn] = (await loads[turn]?.()) ?? 0;
    }
    const [least = 0, ...others] = micros;
    others.forEach((each, i) => {
      seen[i]?.push(1 - least / each);
    });
    if (round % 3 === 0) say(`what it costs: round ${round} of ${rounds}`);
  }
  return { alone: median(seen[0]), watched: median(seen[1]) };
}

const median = (all: number[] = []): number => all.sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN;

/** A round of requests: µs of CPU for each. */
function loadOf(cluster: Cluster<Bank>): () => Promise<number> {
  const clients = Array.from({ length: CLIENTS }, () => cluster.client());
  return async () => {
    const spent = await cpu(() =>
      Promise.all(
        clients.map(async (client, c) => {
          for (let i = 0; i < EACH; i++) {
            const key = `account-${(c * 7919 + i * 104_729) % 100}`;
            if (i % 2 === 0) await client.deposit(key, 1);
            else await client.getBalance(key);
          }
        }),
      ),
    );
    return spent.micros / (CLIENTS * EACH);
  };
}

/** Somebody in another process reads all that comes. */
async function whileWatched<Result>(url: string, act: () => Promise<Result>): Promise<Result> {
  const viewer = fork(fileURLToPath(new URL('./inspector-viewer.js', import.meta.url)), [url]);
  try {
    await once(viewer, 'message');
    return await act();
  } finally {
    viewer.kill();
    await once(viewer, 'exit');
  }
}
