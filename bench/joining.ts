/**
 * What a replica manager that joins costs those who go on (VS-5): a whole cluster in this process, in real time, with clients that
 * update without a break and a large state to send. Donor, joiner and everybody else share one thread, so the rate while it joins
 * is the lowest that it can be. The heap is that of the whole process: what is left of its growth once the joiner's own state is
 * taken off is the donor's, and what is under way and held.
 */
import { collection, service } from 'chorale';
import { nodeId, sessionId } from '../machines/shared/identifiers.js';
import { realClock } from '../runtime/clock/real.js';
import { Cluster } from '../runtime/cluster/cluster.js';
import { type ClusterSettings, resolveSettings } from '../runtime/cluster/settings.js';
import { memoryNetwork } from '../runtime/transport/memory.js';
import { table } from './toggle.js';

const MIB = 2 ** 20;
const ENTRY_BYTES = 1000;
const CLIENTS = 16;
const SECONDS_BEFORE = 2;

type Store = ReturnType<typeof stored>;

/** A cluster to which replica managers can be added. */
class Growing extends Cluster<Store> {
  join(name: string): void {
    this.joinReplica(nodeId(name));
  }

  /** Asked often: `replicas()` would make a digest of every state each time. */
  isLive(name: string): boolean {
    const view = this.nodes.get(nodeId(name))?.snapshotOf('rm').context.view;
    return view?.members.every(({ full }: { full: boolean }) => full) ?? false;
  }
}

export async function joining(mebibytes: number): Promise<void> {
  const rows: Record<string, string | number>[] = [];
  for (const settings of [{ replication: 'passive' }, { replication: 'active', membership: 'dynamic' }] as const)
    rows.push(await measure(settings, mebibytes));
  table(`a replica manager joins: ${mebibytes} MiB, ${CLIENTS} clients that update, one process, 1 ms a frame`, rows);
}

async function measure(settings: ClusterSettings, mebibytes: number) {
  const keys = Math.round((mebibytes * MIB) / ENTRY_BYTES);
  const cluster = started(stored(keys), settings);
  let [answers, going] = [0, true];
  const load = Array.from({ length: CLIENTS }, async (_, c) => {
    const client = cluster.client();
    for (let i = 0; going; i++) {
      await client.put(`key-${(c * 7919 + i * 104_729) % keys}`, String(i).padEnd(ENTRY_BYTES - 20, '-'));
      answers += 1;
    }
  });
  await sleep(2000); // warm
  const usual = await rateWhile(() => answers, sleep(SECONDS_BEFORE * 1000));
  cluster.join('rm-4');
  const during = await rateWhile(() => answers, live(cluster, 'rm-4'));
  // Another one, for the heap: to measure that takes longer than what is measured above.
  const heap = heapUsed();
  let most = 0;
  const watching = setInterval(() => {
    most = Math.max(most, heapUsed());
  }, 500);
  cluster.join('rm-5');
  await live(cluster, 'rm-5');
  clearInterval(watching);
  going = false;
  await Promise.all(load);
  const after = heapUsed();
  await cluster.close();
  return {
    style: settings.replication ?? 'active',
    'updates/s': Math.round(usual.rate),
    'while it joins': Math.round(during.rate),
    ratio: (during.rate / usual.rate).toFixed(2),
    'joined after': `${during.seconds.toFixed(1)} s`,
    'heap growth, joined': `${((after - heap) / MIB).toFixed(0)} MiB`,
    'at most above that': `${(Math.max(0, most - after) / MIB).toFixed(1)} MiB`,
  };
}

async function rateWhile(count: () => number, work: Promise<unknown>) {
  const [from, started] = [count(), performance.now()];
  await work;
  const seconds = (performance.now() - started) / 1000;
  return { rate: (count() - from) / seconds, seconds };
}

async function live(cluster: Growing, name: string): Promise<void> {
  while (!cluster.isLive(name)) await sleep(20);
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function started(store: Store, settings: ClusterSettings): Growing {
  const resolved = resolveSettings({ ...settings, timeout: 60_000, suspectAfter: 10_000 }, store);
  const clock = realClock();
  let sessions = 0;
  return new Growing(store, resolved, {
    clock,
    transport: memoryNetwork({ clock, delay: 1, limit: resolved.messageLimit }),
    recorder: null,
    seed: () => 1,
    newSession: (client) => {
      sessions += 1;
      return sessionId(`${client}-${sessions}`);
    },
  });
}

function stored(keys: number) {
  const entries = collection<string>();
  for (let i = 0; i < keys; i++) entries.set(`key-${i}`, String(i).padEnd(ENTRY_BYTES - 20, '.'));
  return service('store', {
    state: () => ({ entries }),
    updates: {
      put(draft, key: string, value: string) {
        draft.entries.set(key, value);
      },
    },
    queries: {},
  });
}

function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
