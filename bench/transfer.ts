/**
 * State transfer to a joiner: how fast a large state is cut into chunks, encoded, and put together again, what the donor's
 * heap grows by meanwhile, the longest step of either side, and what the donor's updates cost while it goes on
 * (VS-5). Donor and joiner are their rules alone, one after the other in this process.
 */
import { collection, service } from 'chorale';
import { chunksTaken, donorIn, offer } from '../machines/membership/donor.js';
import type { InstallPoint } from '../machines/membership/install-point.js';
import { enterView, joiningFrom, takeChunks } from '../machines/membership/joiner.js';
import { type Chunk, type Party, WINDOW } from '../machines/membership/state-transfer.js';
import type { Effect } from '../machines/shared/effects.js';
import { executedTable, recordExecuted } from '../machines/shared/executed-table.js';
import { address, groupName, nodeId, type SenderId, senderId, sessionId } from '../machines/shared/identifiers.js';
import type { Request } from '../machines/shared/requests.js';
import { firstView, type View } from '../machines/shared/view.js';
import { codec } from '../runtime/actors/codec.js';
import { table } from './toggle.js';

const group = groupName('store');
const [donorId, joinerId] = [senderId(nodeId('donor'), 1), senderId(nodeId('joiner'), 1)];
const party = (self: SenderId): Party => ({ self, actor: 'rm', group });
const [donorAt, joinerAt] = [address(nodeId('donor'), 'rm'), address(nodeId('joiner'), 'rm')];
const before = firstView(group, [donorId]);
const view: View = { ...before, id: 2, members: [...before.members, { id: joinerId, since: 2, full: false }] };

const wire = codec();
const MIB = 2 ** 20;
/** Updates that the donor executes together, between two of its turns with the joiner. */
const BATCH = 64;

export function transfer(mebibytes: number): void {
  measure(100, MIB); // the code is warm
  const rows = [100, 1000].flatMap((entryBytes) => measure(entryBytes, mebibytes * MIB));
  table(`state transfer: ${mebibytes} MiB in a collection, 10,000 sessions, a window of ${WINDOW} chunks`, rows);
}

function measure(entryBytes: number, bytes: number): Record<string, string | number>[] {
  const keys = Math.round(bytes / entryBytes);
  const store = stored(keys, entryBytes);
  const point = { value: store.initial(), version: 0, executed: sessions(10_000), rest: null };
  const batches = batchesOf(keys, entryBytes);
  const alone = new Stopwatch();
  for (let round = 0; round < 2; round++)
    for (const batch of batches) alone.of(() => store.execute(point.value, batch));
  donate(store, point, []); // strings that are still in pieces are made whole when they are first sent
  const quiet = donate(store, point, []);
  const busy = donate(store, point, batches);
  const joiner = join(store, point, keys);
  const rate = ({ seconds }: Stopwatch): number => Math.round(quiet.bytes / MIB / seconds);
  const perUpdate = ({ seconds, times }: Stopwatch): string => ((seconds * 1e6) / times / BATCH).toFixed(1);
  return [
    {
      'bytes/entry': entryBytes,
      chunks: quiet.chunks,
      'donor MiB/s': rate(quiet.donor),
      'joiner MiB/s': rate(joiner),
      'longest turn, donor': `${quiet.donor.longest.toFixed(1)} ms`,
      joiner: `${joiner.longest.toFixed(1)} ms`,
      'heap growth, donor': `${(quiet.growth / MIB).toFixed(1)} MiB`,
      'updates between': busy.updates.times * BATCH,
      'then heap': `${(busy.growth / MIB).toFixed(1)} MiB`,
      'µs/update': perUpdate(busy.updates),
      'without transfer': perUpdate(alone),
    },
  ];
}

/** The donor's whole part, as encoded; a batch of updates between two turns where there are any. */
function donate(store: Store, point: InstallPoint<State>, batches: readonly Request[][]) {
  const [timed, updates] = [new Stopwatch(), new Stopwatch()];
  const heap = heapUsed();
  let { value } = point;
  let [growth, bytes, chunks] = [0, 0, 0];
  let { donor, effects } = timed.of(() => encoded(offer(donorIn<State>(before), party(donorId), view, point, store)));
  while (effects.length > 0) {
    for (const frame of effects) {
      bytes += frame.length;
      chunks += (wire.decode(frame) as unknown[]).length;
    }
    const batch = batches[updates.times % batches.length];
    if (batch !== undefined) value = updates.of(() => store.execute(value, batch)).value;
    if (timed.times % 300 === 0) growth = Math.max(growth, heapUsed() - heap);
    const taken = { type: 'chunk-taken', from: joinerAt, items: [{ view: 2, number: chunks }] } as const;
    ({ donor, effects } = timed.of(() => encoded(chunksTaken(donor, taken, store))));
  }
  return { donor: timed, updates, growth, bytes, chunks };
}

function encoded<Change extends { readonly effects: readonly Effect[] }>(change: Change) {
  const frames = chunksIn(change.effects).map((items) => wire.encode(items));
  return { ...change, effects: frames };
}

const chunksIn = (effects: readonly Effect[]): (readonly Chunk[])[] =>
  effects.flatMap((effect) => (effect.type === 'send' ? [effect.message.items as readonly Chunk[]] : [])); // a donor sends nothing else

/** The joiner's whole part: chunks as they were decoded. */
function join(store: Store, point: InstallPoint<State>, keys: number): Stopwatch {
  const timed = new Stopwatch();
  let { joining } = enterView(joiningFrom<State, never>(store), party(joinerId), view, store);
  let { donor, effects } = offer(donorIn<State>(before), party(donorId), view, point, store);
  for (;;) {
    const items = chunksIn(effects).flatMap((chunks) => wire.decode(wire.encode(chunks)) as Chunk[]);
    const change = timed.of(() => takeChunks(joining, party(joinerId), { type: 'chunk', from: donorAt, items }, store));
    ({ joining } = change);
    if (change.joined !== null) {
      if (change.joined.point.value.entries.size !== keys) throw new Error('Entries are missing.');
      return timed;
    }
    const taken = { type: 'chunk-taken', from: joinerAt, items: [{ view: 2, number: joining.taken }] } as const;
    ({ donor, effects } = chunksTaken(donor, taken, store));
  }
}

type Store = ReturnType<typeof stored>;
type State = ReturnType<Store['initial']>;

function stored(keys: number, entryBytes: number) {
  const text = (i: number): string => String(i).padEnd(entryBytes - 20, '.');
  const entries = collection<string>();
  for (let i = 0; i < keys; i++) entries.set(`key-${i}`, text(i));
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

/** Each a batch of updates of keys all over the collection. */
function batchesOf(keys: number, entryBytes: number): Request[][] {
  let seq = 0;
  return Array.from({ length: 50 }, () =>
    Array.from({ length: BATCH }, (): Request => {
      seq += 1;
      const args = [`key-${(seq * 104_729) % keys}`, String(seq).padEnd(entryBytes - 20, '-')];
      return { session: sessionId('s'), seq, after: seq - 1, kind: 'update', op: 'put', args, at: 0, seed: seq };
    }),
  );
}

function sessions(count: number) {
  let executed = executedTable(count);
  for (let i = 0; i < count; i++)
    executed = recordExecuted(executed, `session-${i}`, { seq: i, outcome: { ok: true, value: i }, version: i });
  return executed;
}

function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** CPU time. */
class Stopwatch {
  seconds = 0;
  /** ms */
  longest = 0;
  times = 0;

  of<Result>(work: () => Result): Result {
    const start = process.cpuUsage();
    const result = work();
    const { user, system } = process.cpuUsage(start);
    this.seconds += (user + system) / 1e6;
    this.longest = Math.max(this.longest, (user + system) / 1000);
    this.times += 1;
    return result;
  }
}
