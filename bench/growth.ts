/**
 * Whether a request costs the same however many came before it, and however many keys there are.
 */
import { start } from 'chorale';
import { bank } from './bank.js';
import { cpu, table } from './toggle.js';

const CLIENTS = 128;
/** Requests in each window that is measured. */
const WINDOW = 20_000;

export async function growth(reference: number, requests: number): Promise<void> {
  const rows: Record<string, string | number>[] = [];
  let first = 0;
  await run(100, 5_000, () => {}); // the code is warm before the first window
  for (const keys of [100, 100_000]) {
    await run(keys, requests, (place, micros, heap) => {
      first ||= micros;
      rows.push({
        keys,
        'at request': place,
        'CPU µs/update': micros.toFixed(1),
        'in toggles': (micros / reference).toFixed(1),
        'times the first': (micros / first).toFixed(2),
        'heap MiB': (heap / 2 ** 20).toFixed(1),
      });
    });
  }
  table(`growth: active, 3 replica managers, ${CLIENTS} clients, updates only, no delay`, rows);
}

async function run(
  keys: number,
  requests: number,
  window: (place: number, micros: number, heap: number) => void,
): Promise<void> {
  const cluster = await start(bank(keys), { replicas: 3 });
  const clients = Array.from({ length: CLIENTS }, () => cluster.client());
  let made = 0;
  const until = (target: number): Promise<unknown> =>
    Promise.all(
      clients.map(async (client) => {
        while (made < target) {
          made += 1;
          await client.deposit(`account-${(made * 104_729) % keys}`, 1);
        }
      }),
    );
  for (const place of [1_000, 100_000, 1_000_000].filter((place) => place <= requests)) {
    await until(place);
    const before = made;
    const { micros } = await cpu(() => until(place + WINDOW));
    globalThis.gc?.();
    window(place, micros / (made - before), process.memoryUsage().heapUsed);
  }
  await cluster.close();
}
