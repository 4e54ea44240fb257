/**
 * What every storage must pass, for those that there are; and what is LevelDB's own: a log that is torn anywhere, a chunk that
 * is gone, bytes on disk, errors, and a cluster that keeps things there.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { service, start } from 'chorale';
import { levelStorage } from 'chorale/storage';
import { ClassicLevel } from 'classic-level';
import { address, nodeId } from '../../machines/shared/identifiers.js';
import { Node } from '../../runtime/actors/node.js';
import { realClock } from '../../runtime/clock/real.js';
import { VirtualClock } from '../../runtime/clock/virtual.js';
import { SimulatedDisk } from '../../runtime/simulate/disk.js';
import { rootOf } from '../../runtime/simulate/fate.js';
import { random } from '../../runtime/simulate/random.js';
import { type StorageUnderTest, storageAcceptance } from '../../runtime/storage/acceptance.js';
import { journalBytes, readJournal } from '../../runtime/storage/journal.js';
import { memoryStorage, type Storage, type StorageProvider } from '../../runtime/storage/storage.js';
import { memoryNetwork } from '../../runtime/transport/memory.js';
import { durableCounter } from './durable-counter.js';

const seed = Number(process.env.SEED ?? 20_261);
const folder = mkdtempSync(join(tmpdir(), 'chorale-level-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let folders = 0;
const newPath = (): string => {
  folders += 1;
  return join(folder, String(folders));
};

/**
 * The folder of an open database as it is at one moment. LevelDB's own threads go on meanwhile: a copy counts when they did no
 * more than add to the log.
 */
function copyOf(path: string): string {
  const parts = (): string =>
    readdirSync(path)
      .filter((name) => name !== 'LOG')
      .map((name) => (name.endsWith('.log') ? name : `${name} ${statSync(join(path, name)).size}`))
      .join();
  for (let attempt = 0; attempt < 100; attempt++) {
    const copy = newPath();
    try {
      const before = parts();
      cpSync(path, copy, { recursive: true });
      if (before === parts()) return copy;
    } catch (error) {
      // a file went meanwhile; Node's errors are of another realm than the test's
      if (Reflect.get(Object(error), 'code') !== 'ENOENT') throw error;
    }
  }
  throw new Error(`${path} does not come to rest`);
}

/** One storage a node, for as long as the test. */
function each<S extends Storage>(make: (node: string) => S): { all: Map<string, S>; provider: StorageProvider } {
  const all = new Map<string, S>();
  const storageOf = (node: string): S => {
    const made = all.get(node) ?? make(node);
    all.set(node, made);
    return made;
  };
  return { all, provider: { storageOf } };
}

const synced = (storage: Storage): Promise<Error | null> => new Promise((done) => storage.sync(done));
const bytesOf = (...numbers: number[]): Uint8Array => Uint8Array.from(numbers);
const opened = async (path: string) => {
  const provider = await levelStorage(path);
  return { provider, storage: provider.storageOf('rm-1'), close: async () => provider.close?.() };
};

describe('memory passes what every storage must', () => {
  const make = (): StorageUnderTest => {
    const { provider } = each(() => memoryStorage(realClock()));
    return { open: () => provider };
  };
  for (const { name, run } of storageAcceptance(make)) test(`CH-4: ${name}`, run);
});

describe('the disk of a simulation, which loses and tears, passes what every storage must', () => {
  let root = seed;
  const make = (): StorageUnderTest => {
    const clock = new VirtualClock();
    root += 1;
    const chance = random(root, 'strikes');
    const { all, provider } = each((node) => new SimulatedDisk(clock, rootOf(root, node)));
    return {
      open: () => provider,
      settle: () => clock.advance(1),
      strike() {
        for (const disk of all.values()) {
          const undo = [
            ...(chance.chance(0.6) ? [disk.fault('lose')] : []),
            ...(chance.chance(0.6) ? [disk.fault('tear')] : []),
          ];
          disk.crash();
          for (const end of undo) end();
        }
      },
    };
  };
  for (const { name, run } of storageAcceptance(make)) test(`CH-4: ${name}`, run);
});

describe('LevelDB passes what every storage must', () => {
  const make = (): StorageUnderTest => {
    let path = newPath();
    let provider: StorageProvider | null = null;
    return {
      async open() {
        provider = await levelStorage(path);
        return provider;
      },
      // What is on the disk at this moment, as the end of the process would leave it: nothing can be done before it ends.
      async strike() {
        path = copyOf(path);
        await provider?.close?.();
      },
    };
  };
  for (const { name, run } of storageAcceptance(make)) test(`CH-4: ${name}`, run);
});

describe('storage in LevelDB', () => {
  const chunks = { gt: 'chunk/', lt: 'chunk0' };
  /** The folder as a crash of the machine could leave it: the log of the database ends after so many bytes. */
  function torn(path: string, length: number): string {
    const copy = copyOf(path);
    truncateSync(logOf(copy), length);
    return copy;
  }
  const logOf = (path: string): string => {
    const logs = readdirSync(path).filter((name) => name.endsWith('.log'));
    if (logs.length !== 1) throw new Error(`not one log: ${logs}`);
    return join(path, String(logs[0]));
  };

  test('CH-4: wherever its log is torn, what was synced by then is there, and nothing is there in part', async () => {
    const path = newPath();
    const { storage, provider, close } = await opened(path);
    const chance = random(seed, 'torn');
    const written: number[] = [];
    /** By bytes of the log: how many records were acknowledged when it had that many. */
    const acknowledged: { log: number; records: number }[] = [];
    for (let batch = 0; batch < 60; batch++) {
      const count = chance.int(1, 5);
      for (let i = 0; i < count; i++) {
        written.push(written.length);
        storage.append('journal', journalBytes([new Uint8Array(chance.int(0, 900)).fill(written.length - 1)]));
      }
      provider.storageOf('rm-2').append('other', bytesOf(batch));
      expect(await synced(storage)).toBeNull();
      acknowledged.push({ log: statSync(logOf(path)).size, records: written.length });
    }
    const full = acknowledged.at(-1)?.log ?? 0;
    const first = acknowledged[0]?.log ?? 0;
    const counts = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const length = chance.int(first, full);
      const again = await opened(torn(path, length));
      const bytes = again.storage.read('journal');
      const { records, sound } = readJournal(bytes);
      const batches = acknowledged.filter(({ log }) => log <= length);
      expect(sound).toBe(bytes.length);
      expect(records.length).toBe(batches.at(-1)?.records); // a batch is there as a whole or not at all
      expect(records.every((record, at) => record.every((byte) => byte === at % 256))).toBe(true);
      expect([...again.provider.storageOf('rm-2').read('other')]).toEqual(batches.map((_, at) => at));
      // and it goes on from there
      again.storage.append('journal', journalBytes([bytesOf(7)]));
      expect(await synced(again.storage)).toBeNull();
      expect(readJournal(again.storage.read('journal')).records.length).toBe(records.length + 1);
      await again.close();
      counts.add(records.length);
    }
    await close();
    expect(counts.size).toBeGreaterThan(20);
  });

  test('CH-4: where something that was synced is missing, it is not read at all', async () => {
    const path = newPath();
    const { storage, close } = await opened(path);
    for (let i = 0; i < 4; i++) {
      storage.append('journal', bytesOf(i));
      storage.append('other', bytesOf(i));
      await synced(storage);
    }
    storage.replace('other', bytesOf(9));
    await synced(storage);
    await close();
    const database = new ClassicLevel(path);
    const keys = await database.keys(chunks).all();
    expect(keys).toEqual([
      ...[0, 1, 2, 3].map((number) => `chunk/rm-1/journal/0000000000000${number}`),
      'chunk/rm-1/other/00000000000004', // those before it are deleted
    ]);
    for (const key of ['chunk/rm-1/journal/00000000000001', 'chunk/rm-1/other/00000000000004']) await database.del(key);
    await database.close();
    const again = await opened(path);
    const damaged = (number: number, file: string) =>
      expect.objectContaining({
        code: 'STORAGE_FAILED',
        message: `The database ${path} is damaged: chunk ${number} of rm-1/${file} is missing.`,
        details: { path },
      });
    expect(() => again.storage.read('journal')).toThrow(damaged(1, 'journal'));
    expect(() => again.storage.read('other')).toThrow(damaged(4, 'other'));
    await again.close();
  });

  test('what a crash kept from being deleted means nothing, and is deleted at the next start', async () => {
    const path = newPath();
    const { storage, close } = await opened(path);
    for (let i = 0; i < 4; i++) {
      storage.replace('file', bytesOf(i));
      await synced(storage);
    }
    await close();
    const database = new ClassicLevel<string, Uint8Array>(path, { valueEncoding: 'view' });
    await database.put('chunk/rm-1/file/00000000000001', bytesOf(1));
    await database.close();
    const again = await opened(path);
    expect(again.storage.read('file')).toEqual(bytesOf(3));
    await again.close();
    await database.open();
    expect(await database.keys(chunks).all()).toEqual(['chunk/rm-1/file/00000000000003']);
    await database.close();
  });

  test('all that the nodes write in one tick is one write, whoever syncs', async () => {
    const path = newPath();
    const { provider, storage, close } = await opened(path);
    for (let i = 0; i < 100; i++) {
      storage.append('journal', bytesOf(i));
      provider.storageOf(`rm-${1 + (i % 3)}`).append('other', bytesOf(i));
      storage.sync(() => {});
    }
    expect(await synced(storage)).toBeNull();
    await close();
    const database = new ClassicLevel(path);
    expect(await database.keys(chunks).all()).toHaveLength(4); // of one journal, and three others
    await database.close();
  });

  test('bytes on disk stay bounded, however much is written, where files are replaced', async () => {
    const path = newPath();
    const { storage, close } = await opened(path);
    const random64 = new Uint8Array(64 * 1024).map((_, i) => (Math.imul(i, 2_654_435_761) >>> 13) & 255);
    const sizes: number[] = [];
    for (let round = 0; round < 1_600; round++) {
      if (round % 4 === 0) storage.replace('file', random64);
      else storage.append('file', random64);
      await synced(storage);
      if (round % 50 === 49) sizes.push(sizeOf(path));
    }
    await close();
    // 100 MiB went through it; at any time 256 KiB of them count
    expect(Math.max(...sizes)).toBeLessThan(48 * 1024 ** 2);
  });

  const sizeOf = (path: string): number =>
    readdirSync(path).reduce(
      (sum, name) => sum + (statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );

  test('one at a time has it open; a folder that holds something else, or a later format, is refused and left as it is', async () => {
    const path = newPath();
    const { close } = await opened(path);
    const refusal = (message: unknown, of: string) =>
      expect.objectContaining({ name: 'ChoraleError', code: 'STORAGE_FAILED', message, details: { path: of } });
    await expect(levelStorage(path)).rejects.toEqual(
      refusal(expect.stringContaining(`The database ${path} is open already, here or in another process`), path),
    );
    await close();
    const later = new ClassicLevel(path);
    await later.put('format', '2');
    await later.close();
    await expect(levelStorage(path)).rejects.toEqual(
      refusal(`The database ${path} is of format 2; this version of Chorale reads format 1.`, path),
    );
    const other = newPath();
    const foreign = new ClassicLevel(other);
    await foreign.put('theirs', '1');
    await foreign.close();
    for (let i = 0; i < 2; i++) {
      await expect(levelStorage(other)).rejects.toEqual(refusal(`The database ${other} is not one of Chorale.`, other));
    }
    const under = join(newPath(), 'CURRENT');
    mkdirSync(under, { recursive: true });
    await expect(levelStorage(join(under, '..'))).rejects.toEqual(
      refusal(expect.stringContaining('does not open: '), join(under, '..')),
    );
  });

  test('CH-4: a node goes on from what it kept, in the same process or after it', async () => {
    const path = newPath();
    const clock = realClock();
    const me = nodeId('rm-1');
    let expected = 0;
    for (let opening = 0; opening < 3; opening++) {
      const { provider, close } = await opened(path);
      for (let life = 0; life < 2; life++) {
        const counts: number[] = [];
        let tell: (() => void) | null = null;
        const node = new Node({
          id: me,
          incarnation: opening * 2 + life + 1,
          clock,
          transport: memoryNetwork({ clock }),
          storage: provider.storageOf('rm-1'),
          hooks: {
            reply: (answers) => {
              counts.push(...answers.map(({ seq }) => seq));
              tell?.();
            },
          },
        });
        node.host('counter', durableCounter(), () => ({}), { shapes: {} });
        await new Promise<void>((resolve) => {
          tell = () => (counts.length === 7 ? resolve() : undefined);
          for (let i = 0; i < 7; i++) node.tell('counter', { type: 'add', from: address(me, 'test'), items: [null] });
        });
        expect(counts).toEqual(Array.from({ length: 7 }, (_, i) => expected + i + 1));
        expected += 7;
        node.crash('test');
      }
      await close();
    }
  });
});

describe('start() with a storage', () => {
  const tally = service('tally', {
    state: () => ({ sum: 0 }),
    updates: { add: (draft, by: number) => (draft.sum += by) },
    queries: {},
  });

  test('each node gets its own, and the cluster closes it at its end', async () => {
    const path = newPath();
    const asked: string[] = [];
    for (let round = 0; round < 2; round++) {
      const provider = await levelStorage(path);
      const storageOf = (node: string): Storage => {
        asked.push(node);
        return provider.storageOf(node);
      };
      await using cluster = await start(tally, {
        storage: { ...provider, storageOf, close: () => provider.close?.() ?? Promise.resolve() },
      });
      expect(await cluster.client().add(2)).toBe(2); // nothing of active replication outlives the process yet
    }
    expect(asked).toEqual(Array.from({ length: 2 }, () => ['sequencer', 'rm-1', 'rm-2', 'rm-3', 'fe-1']).flat());
  });

  test('settings that cannot be used close it all the same; what is no storage is refused', async () => {
    let closed = 0;
    const storage = {
      ...each(() => memoryStorage(realClock())).provider,
      async close() {
        closed += 1;
      },
    };
    await expect(start(tally, { storage, replicas: 0 })).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
    expect(closed).toBe(1);
    // what a program without types could pass
    await expect(start(tally, { storage: './data' as never })).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining('storage: '),
    });
  });
});
