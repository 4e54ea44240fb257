/**
 * Storage on disk under the one crash that a test can cause in earnest: a process is killed in the middle of its writes.
 * Of `npm run build`: the process runs what is compiled.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from '@jest/globals';
import { random } from '../../runtime/simulate/random.js';
import { readJournal } from '../../runtime/storage/journal.js';
import { levelStorage } from '../../runtime/storage/level.js';
import { summaryOf } from './storage-records.mjs';

const seed = Number(process.env.SEED ?? 20_261);
const writer = resolve(import.meta.dirname, 'storage-writer.mjs');
const folder = mkdtempSync(join(tmpdir(), 'chorale-storage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the journal of this database has now, read in this process. */
async function found(path: string): Promise<{ last: number; wrong: string | null }> {
  const provider = await levelStorage(path);
  const bytes = provider.storageOf('rm-1').read('journal');
  const { records, sound } = readJournal(bytes);
  await provider.close?.();
  const summary = summaryOf(records);
  return sound === bytes.length ? summary : { ...summary, wrong: 'a record is torn' };
}

/** Lets a process write until `acknowledgements` are printed, kills it, and gives the last record that it called safe. */
async function killedWriter(path: string, drawn: number, acknowledgements: number): Promise<number> {
  const child = spawn(process.execPath, [writer, path, String(drawn)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let seen = 0;
  let safe = 0;
  for await (const line of linesOf(child)) {
    const [word, number] = line.split(' ');
    if (word !== 'open') seen += 1;
    safe = Number(number);
    if (seen >= acknowledgements) child.kill('SIGKILL'); // what it printed meanwhile still comes
  }
  const [code, signal] = await ended;
  if (signal !== 'SIGKILL') throw new Error(`the process ended by itself: ${code}`);
  return safe;
}

const linesOf = (child: ChildProcess) => {
  if (child.stdout === null) throw new Error('its output is not piped');
  return createInterface({ input: child.stdout });
};

test('CH-4: 200 processes killed in the middle of writes: no acknowledged record is lost, none torn, none out of order', async () => {
  const chance = random(seed, 'kills');
  let between = 0;
  async function lives(lane: number): Promise<void> {
    for (let database = 0; database < 10; database++) {
      const path = join(folder, `killed-${lane}-${database}`);
      let before = 0;
      for (let life = 0; life < 10; life++) {
        const safe = await killedWriter(path, chance.int(0, 2 ** 31), chance.int(0, 60));
        expect(safe).toBeGreaterThanOrEqual(before); // it began with what the one before left
        const { last, wrong } = await found(path);
        expect({ path, wrong }).toEqual({ path, wrong: null });
        expect(last).toBeGreaterThanOrEqual(safe);
        if (last > safe) between += 1;
        before = last;
      }
      rmSync(path, { recursive: true });
    }
  }
  await Promise.all([lives(1), lives(2)]);
  // Many had written what nobody had told them was safe: so the kills did come in the middle.
  expect(between).toBeGreaterThan(20);
}, 600_000);

test('CH-4: a disk that is full fails every sync from then on, and what was acknowledged before is there', async () => {
  const path = join(folder, 'full');
  // A limit on the size of files is a full disk that needs no disk: 100 blocks of 512 or 1,024 bytes, as the shell has it.
  const limited = ['-c', 'ulimit -f 100 && exec "$0" "$@"', process.execPath, writer, path, String(seed), 'once'];
  const child = spawn('/bin/sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] });
  let safe = 0;
  let failed = '';
  for await (const line of linesOf(child)) {
    if (line.startsWith('safe ')) safe = Number(line.slice(5));
    if (line.startsWith('failed ')) failed = line.slice(7);
  }
  expect(failed).toBe(Array.from({ length: 5 }, () => 'STORAGE_FAILED').join(' '));
  expect(safe).toBeGreaterThan(0);
  const { last, wrong } = await found(path);
  expect(wrong).toBeNull();
  expect(last).toBeGreaterThanOrEqual(safe);
});
