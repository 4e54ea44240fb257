/**
 * Storage on disk: one LevelDB database holds the files of all nodes of a process. All that is written in one tick, or
 * while an earlier write is under way, goes as one batch that is on the disk as a whole or not at all, and is synced
 * always. Memory holds what is not written yet and a few numbers a file, never what a file contains: each read goes to the
 * database.
 */
import { ClassicLevel } from 'classic-level';
import { ChoraleError } from '../errors.js';
import {
  checkFormat,
  chunkKey,
  chunksOf,
  type Database,
  type FileWrite,
  failed,
  filesIn,
  isLocked,
  nameOf,
  newFile,
  operations,
  type StoredFile,
} from './level-layout.js';
import { joined, type Storage, type StorageProvider } from './storage.js';

/** Bytes written to a file after which what was deleted of it is sought out on disk, in place of waiting until LevelDB does. */
const COMPACT = 32 * 1024 ** 2;
/** Bytes written while deleting is under way after which writing waits for it: else the dead would outgrow the living. */
const BEHIND = 64 * 1024 ** 2;

interface Batch {
  readonly writes: Map<StoredFile, FileWrite>;
  readonly told: ((error: Error | null) => void)[];
}

/**
 * Opens the database in the folder `path`, or makes one. One process at a time can have it open. What a node's storage
 * reads is what was synced before, through crashes of the process and of the machine.
 *
 * Errors: STORAGE_FAILED, with `details.path`: another process has it open, it holds something else, or it is damaged.
 */
export async function levelStorage(path: string): Promise<StorageProvider> {
  const database: Database = new ClassicLevel(path, { keyEncoding: 'utf8', valueEncoding: 'view' });
  try {
    await database.open();
  } catch (error) {
    throw failed(path, isLocked(error) ? 'is open already, here or in another process' : 'does not open', error);
  }
  try {
    await checkFormat(path, database);
    return new LevelStorage(path, database, await filesIn(database));
  } catch (error) {
    await database.close();
    throw error instanceof ChoraleError ? error : failed(path, 'cannot be read', error);
  }
}

class LevelStorage implements StorageProvider {
  readonly #path: string;
  readonly #database: Database;
  readonly #files: Map<string, StoredFile>;
  #next: Batch = emptyBatch();
  #writing: Batch | null = null;
  #planned = false;
  /** Why nothing more is taken: it is closed, or failed. */
  #refusal: ChoraleError | null = null;
  /** A write failed: what came with it or after it may be gone. */
  #failure: ChoraleError | null = null;
  readonly #toClear = new Set<StoredFile>();
  #clearing: Promise<void> | null = null;
  #writtenMeanwhile = 0;
  #closed: Promise<void> | null = null;

  constructor(path: string, database: Database, files: readonly StoredFile[]) {
    this.#path = path;
    this.#database = database;
    this.#files = new Map(files.map((file) => [file.name, file]));
    for (const file of files) this.#clear(file, file.first);
  }

  storageOf(node: string): Storage {
    return {
      read: (file) => this.#read(nameOf(node, file)),
      append: (file, bytes) => this.#write(nameOf(node, file), bytes, false),
      replace: (file, bytes) => this.#write(nameOf(node, file), bytes, true),
      sync: (done) => this.#sync(done),
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #read(name: string): Uint8Array {
    if (this.#refusal !== null) throw this.#refusal;
    const file = this.#files.get(name);
    if (file === undefined) return new Uint8Array();
    const parts: Uint8Array[] = [];
    for (let number = file.first; number < file.next; number++) {
      const own = [this.#writing, this.#next].map((batch) => batch?.writes.get(file));
      const write = own.find((each) => each?.number === number);
      if (write !== undefined) parts.push(...write.parts);
      else parts.push(this.#chunk(name, number));
    }
    return joined(parts);
  }

  #chunk(name: string, number: number): Uint8Array {
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#database.getSync(chunkKey(name, number));
    } catch (error) {
      throw failed(this.#path, `cannot be read at chunk ${number} of ${name}`, error);
    }
    // Nothing after a gap may be believed, and what was acknowledged is missing: nobody may go on from here.
    if (bytes === undefined) throw failed(this.#path, `is damaged: chunk ${number} of ${name} is missing`);
    return bytes;
  }

  #write(name: string, bytes: Uint8Array, replaces: boolean): void {
    if (this.#refusal !== null) throw this.#refusal;
    const file = this.#files.get(name) ?? this.#newFile(name);
    let write = this.#next.writes.get(file);
    if (write === undefined) {
      write = { file, number: file.next, replaces: false, parts: [] };
      file.next += 1;
      this.#next.writes.set(file, write);
    }
    if (replaces) {
      write.replaces = true;
      write.parts = [];
      file.first = write.number;
    }
    write.parts.push(bytes);
    file.written += bytes.length;
    if (this.#clearing !== null) this.#writtenMeanwhile += bytes.length;
    this.#plan();
  }

  #newFile(name: string): StoredFile {
    const file = newFile(name, 0, 0, 0);
    this.#files.set(name, file);
    return file;
  }

  #sync(done: (error: Error | null) => void): void {
    const refusal = this.#refusal;
    this.#next.told.push(refusal === null ? done : () => done(refusal));
    this.#plan();
  }

  /** Not at once: what others write in this tick goes along. */
  #plan(): void {
    if (this.#planned || this.#writing !== null) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      void this.#writeBatch();
    });
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#next;
    this.#next = emptyBatch();
    this.#writing = batch;
    if (this.#writtenMeanwhile > BEHIND) await this.#clearing;
    const error = this.#failure ?? (await this.#put(batch));
    this.#writing = null;
    if (error === null) {
      for (const { file, number, replaces } of batch.writes.values()) if (replaces) this.#clear(file, number);
    } else {
      this.#failure ??= error;
      this.#refusal ??= error;
    }
    // Each by itself: that one throws is no reason not to tell the next.
    for (const tell of batch.told) queueMicrotask(() => tell(error));
    if (this.#next.writes.size > 0 || this.#next.told.length > 0) this.#plan();
  }

  /** Without a sync in between, LevelDB could keep a later batch and lose an earlier one: so it is always asked for. */
  async #put(batch: Batch): Promise<ChoraleError | null> {
    if (batch.writes.size === 0) return null;
    try {
      await this.#database.batch([...batch.writes.values()].flatMap(operations), { sync: true });
      return null;
    } catch (error) {
      return failed(this.#path, 'did not take what was written', error);
    }
  }

  #clear(file: StoredFile, before: number): void {
    if (before <= file.obsolete) return;
    file.obsolete = before;
    this.#toClear.add(file);
    this.#clearing ??= this.#clearAll();
  }

  /** Not synced: what comes back after a crash stands before the first chunk still, and is deleted at the next start. */
  async #clearAll(): Promise<void> {
    for (const file of this.#toClear) {
      this.#toClear.delete(file); // whoever is added again meanwhile comes again
      // A failure leaves bytes that nobody reads; that of the disk itself shows in the next write.
      await this.#delete(file).catch(() => {});
    }
    this.#clearing = null;
    this.#writtenMeanwhile = 0;
  }

  async #delete(file: StoredFile): Promise<void> {
    const end = chunkKey(file.name, file.obsolete);
    const range = { gte: chunkKey(file.name, file.cleared), lt: end };
    file.cleared = file.obsolete;
    await this.#database.clear(range);
    if (file.written < COMPACT) return;
    file.written = 0;
    await this.#database.compactRange(chunksOf(file.name), end);
  }

  async #close(): Promise<void> {
    this.#refusal ??= failed(this.#path, 'is closed');
    await new Promise<void>((resolve) => this.#sync(() => resolve()));
    await this.#clearing;
    await this.#database.close();
  }
}

const emptyBatch = (): Batch => ({ writes: new Map(), told: [] });
