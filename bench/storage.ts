/**
 * Records made safe: batches of 64, one sync at a time, in memory and on disk. What is measured is the time on the wall, for
 * a sync is a wait.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../runtime/clock/real.js';
import { journalBytes } from '../runtime/storage/journal.js';
import { levelStorage } from '../runtime/storage/level.js';
import { memoryStorage, type Storage } from '../runtime/storage/storage.js';
import { table } from './toggle.js';

const BATCH = 64;
const record = new Uint8Array(100).fill(7);

export async function storage(syncs: number): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'chorale-bench-'));
  const provider = await levelStorage(path);
  const [inMemory, onDisk] = [memoryStorage(realClock()), provider.storageOf('rm-1')];
  const perSecond = { memory: await rate(inMemory, syncs), disk: await rate(onDisk, syncs) };
  await provider.close?.();
  rmSync(path, { recursive: true, force: true });
  table(`storage: ${syncs} batches of ${BATCH} records of ${record.length} bytes, one sync each`, [
    {
      'records/s on disk': Math.round(perSecond.disk * BATCH).toLocaleString('en'),
      'syncs/s on disk': Math.round(perSecond.disk).toLocaleString('en'),
      'disk to memory': (perSecond.disk / perSecond.memory).toFixed(3),
    },
  ]);
}

/** Syncs a second; the journal begins anew every thousand, as one with snapshots does. */
async function rate(storage: Storage, syncs: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < syncs; i++) {
    if (i % 1_000 === 0) storage.replace('journal', new Uint8Array());
    for (let k = 0; k < BATCH; k++) storage.append('journal', journalBytes([record]));
    await new Promise<void>((resolve, reject) => {
      storage.sync((error) => (error === null ? resolve() : reject(error)));
    });
  }
  return (syncs / (performance.now() - start)) * 1_000;
}
