/**
 * Active replication, three replica managers in one process, frames of 1 ms: closed-loop clients.
 */
import { type Cluster, start } from 'chorale';
import { build } from 'hdr-histogram-js';
import { type Bank, bank } from './bank.js';
import { cpu, table } from './toggle.js';

export async function throughput(reference: number, each: number): Promise<void> {
  const rows: Record<string, string | number>[] = [];
  let single = 0;
  for (const clients of [1, 16, 128]) {
    const { rate, micros, p50, p99 } = await measure(clients, each);
    single ||= rate;
    rows.push({
      clients,
      'ops/s': Math.round(rate),
      'times 1 client': (rate / single).toFixed(1),
      'p50 ms': p50.toFixed(2),
      'p99 ms': p99.toFixed(2),
      'CPU µs/op': micros.toFixed(1),
      'in toggles': (micros / reference).toFixed(1),
    });
  }
  table('active replication, 3 replica managers in one process, 1 ms a frame, half updates and half queries', rows);
}

async function measure(clients: number, each: number) {
  const cluster = await start(bank(100), { replicas: 3, delay: 1 });
  await load(cluster, clients, Math.ceil(each / 4)); // warm
  const latency = build({ numberOfSignificantValueDigits: 3 });
  const started = performance.now();
  const { micros } = await cpu(() => load(cluster, clients, each, (ms) => latency.recordValue(Math.round(ms * 1000))));
  const seconds = (performance.now() - started) / 1000;
  await cluster.close();
  const operations = clients * each;
  return {
    rate: operations / seconds,
    micros: micros / operations,
    p50: latency.getValueAtPercentile(50) / 1000,
    p99: latency.getValueAtPercentile(99) / 1000,
  };
}

/** Each client makes `each` requests, one after another. */
async function load(
  cluster: Cluster<Bank>,
  clients: number,
  each: number,
  answered: (ms: number) => void = () => {},
): Promise<void> {
  await Promise.all(
    Array.from({ length: clients }, async (_, c) => {
      const client = cluster.client();
      for (let i = 0; i < each; i++) {
        const called = performance.now();
        const key = `account-${(c * 7919 + i * 104_729) % 100}`;
        if (i % 2 === 0) await client.deposit(key, 1);
        else await client.getBalance(key);
        answered(performance.now() - called);
      }
    }),
  );
}
