/**
 * What every storage must pass, one's own ones too: a list of named cases for whatever test runner there is.
 *
 *     for (const { name, run } of storageAcceptance(makeMine)) test(name, run);
 */
import { realClock } from '../clock/real.js';
import { journalBytes, readJournal } from './journal.js';
import { joined, type Storage, type StorageProvider } from './storage.js';

export interface StorageUnderTest {
  /** Opens the same medium, which begins empty; what was open of it is closed, or struck, before. */
  open(): StorageProvider | Promise<StorageProvider>;
  /** Waits until syncs asked for before this have called back, where time does not move by itself. */
  settle?(): void | Promise<void>;
  /**
   * The worst crash that the medium can be put through: what was not synced may be gone, or torn. It ends what is open.
   * Absent: what is open is closed and nothing lost.
   */
  strike?(): void | Promise<void>;
  /** Removes the medium. */
  remove?(): void | Promise<void>;
}

export function storageAcceptance(
  make: () => StorageUnderTest | Promise<StorageUnderTest>,
): readonly { readonly name: string; run(): Promise<void> }[] {
  return Object.entries(cases).map(([name, check]) => ({
    name,
    async run() {
      const medium = new Medium(await make());
      try {
        await check(medium);
      } finally {
        await medium.end();
      }
    },
  }));
}

const clock = realClock();

/** Large enough that no medium takes one in a single write: 16 MiB, the default limit of a message. */
const LARGE = 16 * 1024 ** 2;

const cases: Readonly<Record<string, (medium: Medium) => Promise<void>>> = {
  async 'a file never written is empty, and reading does not make one'(medium) {
    const storage = await medium.of('a');
    must(storage.read('file').length === 0, 'it has bytes that nobody wrote');
    await medium.reopen();
    must((await medium.of('a')).read('file').length === 0, 'it has bytes that nobody wrote');
  },

  async 'what was written is read at once, before and after a sync'(medium) {
    const storage = await medium.of('a');
    const expected: Uint8Array[] = [];
    for (let i = 0; i < 30; i++) {
      expected.push(bytesOf(i * 11));
      storage.append('file', bytesOf(i * 11));
      if (i % 3 === 0) storage.sync(() => {}); // the next read comes while this is under way
      must(same(storage.read('file'), joined(expected)), `read is not what was appended, after ${i + 1} times`);
      if (i % 7 === 0) await medium.synced(storage);
      must(same(storage.read('file'), joined(expected)), `a sync changed what is read, after ${i + 1} times`);
    }
  },

  async 'what was synced is read after it is opened again, any number of times'(medium) {
    const expected: Uint8Array[] = [];
    for (let round = 0; round < 5; round++) {
      const storage = await medium.of('a');
      must(same(storage.read('file'), joined(expected)), `round ${round} does not find what was synced`);
      for (let i = 0; i < 20; i++) {
        const bytes = bytesOf(round * 100 + i);
        expected.push(bytes);
        storage.append('file', bytes);
        if (i % 6 === 0) await medium.synced(storage);
      }
      await medium.synced(storage);
      await medium.reopen();
    }
  },

  async 'of a journal, what was synced outlives every crash, and the rest is whole records in order or nothing'(
    medium,
  ) {
    let kept: readonly Uint8Array[] = [];
    for (let round = 0; round < 20; round++) {
      const storage = await medium.of('a');
      for (let i = 0; i < 5; i++) storage.append('journal', journalBytes([bytesOf(round * 9 + i), bytesOf(i)]));
      await medium.synced(storage);
      const safe = readJournal(storage.read('journal')).records;
      const more = [1, 2, 3].map((i) => bytesOf(round * 50 + i));
      for (const record of more) storage.append('journal', journalBytes([record]));
      await medium.strike();

      const after = await medium.of('a');
      const found = after.read('journal');
      const { records, sound } = readJournal(found);
      must(records.length >= safe.length, `round ${round}: ${safe.length - records.length} synced records are gone`);
      must(sameAll(records, [...safe, ...more].slice(0, records.length)), `round ${round}: not what was written`);
      must(sameAll(records.slice(0, kept.length), kept), `round ${round}: what one crash left is changed by the next`);
      if (sound < found.length) after.replace('journal', found.slice(0, sound));
      kept = records;
      await medium.synced(after);
    }
  },

  async 'a file is replaced as a whole or not at all'(medium) {
    let current = bytesOf(0);
    for (let round = 0; round < 20; round++) {
      const storage = await medium.of('a');
      storage.append('file', bytesOf(round));
      storage.append('file', bytesOf(2 * round));
      await medium.synced(storage);
      const before = storage.read('file');
      const after = bytesOf(1000 + round);
      storage.replace('file', after);
      must(same(storage.read('file'), after), `round ${round}: what was replaced is still read`);
      const safe = round % 2 === 0;
      if (safe) await medium.synced(storage);
      await medium.strike();
      current = (await medium.of('a')).read('file');
      must(same(current, after) || (!safe && same(current, before)), `round ${round}: neither the one nor the other`);
    }
  },

  async 'what is appended in the same tick as a replacement, before it or after, is there once'(medium) {
    const storage = await medium.of('a');
    storage.append('file', bytesOf(1));
    storage.replace('file', bytesOf(2));
    storage.append('file', bytesOf(3));
    storage.replace('file', bytesOf(4));
    storage.append('file', bytesOf(5));
    const expected = joined([bytesOf(4), bytesOf(5)]);
    must(same(storage.read('file'), expected), 'not what was written last');
    await medium.synced(storage);
    storage.append('file', bytesOf(6));
    await medium.synced(storage);
    storage.replace('other', new Uint8Array());
    storage.append('other', bytesOf(7));
    await medium.synced(storage);
    await medium.reopen();
    const again = await medium.of('a');
    must(same(again.read('file'), joined([expected, bytesOf(6)])), 'not what was written last, opened again');
    must(same(again.read('other'), bytesOf(7)), 'to replace by nothing is not the beginning of a file');
  },

  async 'a file that is replaced again and again, and appended to in between, is the last of them'(medium) {
    for (let round = 0; round < 3; round++) {
      const storage = await medium.of('a');
      for (let i = 0; i < 100; i++) {
        storage.replace('file', bytesOf(i));
        storage.append('file', bytesOf(i + 1));
        if (i % 4 === 0) await medium.synced(storage);
      }
      await medium.synced(storage);
      must(same(storage.read('file'), joined([bytesOf(99), bytesOf(100)])), 'not the last');
      await medium.reopen();
      must(same((await medium.of('a')).read('file'), joined([bytesOf(99), bytesOf(100)])), 'not the last, reopened');
    }
  },

  async 'syncs call back each once, in order, and never while one is asked for'(medium) {
    const storages = [await medium.of('a'), await medium.of('b')];
    const told: number[] = [];
    let asking = false;
    for (let i = 0; i < 100; i++) {
      const storage = storages[i % 2] as Storage; // there are two
      if (i % 3 > 0) storage.append('file', bytesOf(i));
      asking = true;
      storage.sync((error) => {
        must(error === null, `sync ${i} failed: ${error?.message}`);
        must(!asking, 'a sync called back before it returned');
        told.push(i);
      });
      asking = false;
      if (i % 10 === 9) await medium.pause();
    }
    for (const storage of storages) await medium.synced(storage);
    must(told.length === 100, `${told.length} callbacks for 100 syncs`);
    for (const parity of [0, 1]) {
      const own = told.filter((i) => i % 2 === parity);
      must(
        own.every((i, at) => i === 2 * at + parity),
        `out of order: ${own.join(', ')}`,
      );
    }
  },

  async 'what is written while a sync is under way is safe after its own, though nothing comes after it'(medium) {
    const expected: Uint8Array[] = [];
    for (let round = 0; round < 10; round++) {
      const storage = await medium.of('a');
      for (const bytes of [bytesOf(100_000), bytesOf(round)]) {
        expected.push(bytes);
        storage.append('file', bytes);
        if (bytes.length > round) {
          storage.sync(() => {});
          await medium.pause();
        }
      }
      await medium.synced(storage);
      await medium.strike();
      must(same((await medium.of('a')).read('file'), joined(expected)), `round ${round}: not what was written`);
    }
  },

  async 'files are apart, and nodes are, whatever their names'(medium) {
    const nodes = ['a', 'b', 'ä', 'a%2Fb', 'rm-1', '0'];
    const files = ['a', 'b', 'a/b', 'a/', '/a', '', 'ä', 'a%2Fb', 'group:x', 'x'.repeat(200), '~', 'a b'];
    const written = nodes.flatMap((node) => files.map((file) => ({ node, file, bytes: utf8(`${node} ${file}`) })));
    for (const { node, file, bytes } of written) (await medium.of(node)).append(file, bytes);
    for (const node of nodes) await medium.synced(await medium.of(node));
    await medium.reopen();
    for (const { node, file, bytes } of written)
      must(same((await medium.of(node)).read(file), bytes), `${node}: ${file} is not what was written to it`);
  },

  async 'a record of 16 MiB is kept, and replaced'(medium) {
    const storage = await medium.of('a');
    const [large, other] = [bytesOf(LARGE), bytesOf(LARGE + 1)];
    storage.append('file', journalBytes([bytesOf(1), large]));
    storage.append('file', journalBytes([bytesOf(2)]));
    await medium.synced(storage);
    await medium.reopen();
    const again = await medium.of('a');
    must(sameAll(readJournal(again.read('file')).records, [bytesOf(1), large, bytesOf(2)]), 'not what was written');
    again.replace('file', journalBytes([other]));
    await medium.synced(again);
    await medium.reopen();
    const { records } = readJournal((await medium.of('a')).read('file'));
    must(sameAll(records, [other]), 'not what it was replaced by');
  },

  async 'what was written before it was closed is safe, and afterwards everything fails, if it can be closed'(medium) {
    const storage = await medium.of('a');
    storage.append('file', bytesOf(9));
    let first: Error | null | undefined;
    storage.sync((error) => {
      first = error;
    });
    if (!(await medium.close())) return;
    must(first === null, 'a sync asked for before the end was not answered, or failed');
    for (const call of [
      () => storage.append('file', bytesOf(1)),
      () => storage.replace('file', bytesOf(1)),
      () => void storage.read('file'),
    ])
      must(codeOf(call) === 'STORAGE_FAILED', 'a closed storage took a call, or failed by another code');
    const error = await new Promise<Error | null>((resolve) => storage.sync(resolve));
    must(error !== null && 'code' in error && error.code === 'STORAGE_FAILED', 'a closed storage said that it synced');
    must(same((await medium.of('a')).read('file'), bytesOf(9)), 'what was written before it was closed is gone');
  },
};

/** What is tested, with whatever is open of it now. */
class Medium {
  readonly #under: StorageUnderTest;
  #provider: StorageProvider | null = null;

  constructor(under: StorageUnderTest) {
    this.#under = under;
  }

  async of(node: string): Promise<Storage> {
    this.#provider ??= await this.#under.open();
    return this.#provider.storageOf(node);
  }

  async synced(storage: Storage): Promise<void> {
    const answer = new Promise<Error | null>((resolve) => storage.sync(resolve));
    await this.#under.settle?.();
    const error = await answer;
    if (error !== null) throw new Error(`a sync failed: ${error.message}`);
  }

  /** Lets something happen, and not everything. */
  async pause(): Promise<void> {
    if (this.#under.settle === undefined) await new Promise<void>((resolve) => clock.defer(resolve));
    else await this.#under.settle();
  }

  /** Whether there was anything to close. */
  async close(): Promise<boolean> {
    const closing = this.#provider?.close?.();
    this.#provider = null;
    if (closing === undefined) return false;
    await closing;
    return true;
  }

  async reopen(): Promise<void> {
    await this.close();
  }

  async strike(): Promise<void> {
    if (this.#under.strike === undefined) await this.close();
    else await this.#under.strike();
    this.#provider = null;
  }

  async end(): Promise<void> {
    await this.close();
    await this.#under.remove?.();
  }
}

const { imul } = Math;

/** Nothing that compresses: a medium may not be spared the size. */
function bytesOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = length + 1;
  for (let i = 0; i < length; i++) {
    state = (imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function sameAll(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((bytes, i) => same(bytes, b[i] as Uint8Array)); // as long as a
}

function codeOf(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return undefined;
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
