/**
 * Storage on disk: one LevelDB database holds the files of all nodes of a process. All that is written in one tick, or
 * while an earlier write is under way, goes as one batch that is on the disk as a whole or not at all, and is synced
 * always. A file is a row of numbered chunks, one a batch:
 *
 *     first/NODE/FILE           number of its first chunk: to replace a file is to write a chunk and to point here at it
 *     chunk/NODE/FILE/NUMBER    bytes; numbers have no gap and are never used again
 *
 * Chunks before the first mean nothing, and are deleted when they can be. Memory holds what is not written yet and three
 * numbers a file, never what a file contains: each read goes to the database.
 */
import { ClassicLevel } from 'classic-level';
import { ChoraleError } from '../errors.js';
import { joined, type Storage, type StorageProvider } from './storage.js';

/** Of the layout above. */
const FORMAT = '1';
const formatKey = 'format';
const firstPrefix = 'first/';

interface StoredFile {
  /** NODE/FILE. */
  readonly name: string;
  /** Chunks from `first` to before `next` are what it contains, those not written yet among them. */
  first: number;
  next: number;
  /** Chunks before `obsolete` are to be deleted; those before `cleared` are. */
  obsolete: number;
  cleared: number;
}

/** What a batch does to one file. */
interface FileWrite {
  readonly file: StoredFile;
  readonly number: number;
  replaces: boolean;
  parts: Uint8Array[];
}

interface Batch {
  readonly writes: Map<StoredFile, FileWrite>;
  readonly told: ((error: Error | null) => void)[];
}

type Database = ClassicLevel<string, Uint8Array>;

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
  #closed: Promise<void> | null = null;

  constructor(path: string, database: Database, files: readonly StoredFile[]) {
    this.#path = path;
    this.#database = database;
    this.#files = new Map(files.map((file) => [file.name, file]));
    for (const file of files) this.#clear(file, file.first);
  }

  storageOf(node: string): Storage {
    const nameOf = (file: string): string => `${encodeURIComponent(node)}/${encodeURIComponent(file)}`;
    return {
      read: (file) => this.#read(nameOf(file)),
      append: (file, bytes) => this.#write(nameOf(file), bytes, false),
      replace: (file, bytes) => this.#write(nameOf(file), bytes, true),
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
    this.#plan();
  }

  #newFile(name: string): StoredFile {
    const file = { name, first: 0, next: 0, obsolete: 0, cleared: 0 };
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
      const range = { gte: chunkKey(file.name, file.cleared), lt: chunkKey(file.name, file.obsolete) };
      file.cleared = file.obsolete;
      // A failure leaves bytes that nobody reads; that of the disk itself shows in the next write.
      await this.#database.clear(range).catch(() => {});
    }
    this.#clearing = null;
  }

  async #close(): Promise<void> {
    this.#refusal ??= failed(this.#path, 'is closed');
    await new Promise<void>((resolve) => this.#sync(() => resolve()));
    await this.#clearing;
    await this.#database.close();
  }
}

const emptyBatch = (): Batch => ({ writes: new Map(), told: [] });

const chunksOf = (name: string): string => `chunk/${name}/`;
/** Wide enough for every whole number: keys are in the order of the numbers. */
const chunkKey = (name: string, number: number): string => chunksOf(name) + number.toString(16).padStart(14, '0');

function operations({ file, number, replaces, parts }: FileWrite) {
  const [only, ...others] = parts;
  const value = only !== undefined && others.length === 0 ? only : joined(parts);
  const chunk = { type: 'put' as const, key: chunkKey(file.name, number), value };
  if (!replaces && number > 0) return [chunk];
  return [chunk, { type: 'put' as const, key: firstPrefix + file.name, value: utf8(String(number)) }];
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A folder that holds another's database is not written to. */
async function checkFormat(path: string, database: Database): Promise<void> {
  const found = await database.get(formatKey);
  if (found !== undefined) {
    if (textOf(found) === FORMAT) return;
    throw failed(path, `is of format ${textOf(found)}; this version of Chorale reads format ${FORMAT}`);
  }
  const others = await database.keys({ limit: 1 }).all();
  if (others.length > 0) throw failed(path, 'is not one of Chorale');
  await database.put(formatKey, utf8(FORMAT), { sync: true });
}

async function filesIn(database: Database): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  for await (const [key, value] of database.iterator({ gt: firstPrefix, lt: after(firstPrefix) })) {
    const name = key.slice(firstPrefix.length);
    const chunks = chunksOf(name);
    const endOf = async (reverse: boolean): Promise<number | undefined> => {
      const [end] = await database.keys({ gt: chunks, lt: after(chunks), reverse, limit: 1 }).all();
      return end === undefined ? undefined : Number.parseInt(end.slice(chunks.length), 16);
    };
    const first = Number(textOf(value));
    const oldest = Math.min(first, (await endOf(false)) ?? first);
    // The first is there, or it is damaged: then the read says so.
    const next = Math.max(first, (await endOf(true)) ?? first) + 1;
    files.push({ name, first, next, obsolete: oldest, cleared: oldest });
  }
  return files;
}

/** The first key that does not begin with this prefix, which ends in a slash. */
const after = (prefix: string): string => `${prefix.slice(0, -1)}0`;

/** What went wrong with the database stands in the cause of what its wrapper throws. */
const innermost = (error: unknown): unknown => {
  const cause = fieldOf(error, 'cause');
  return cause === undefined ? error : innermost(cause);
};

const isLocked = (error: unknown): boolean => fieldOf(innermost(error), 'code') === 'LEVEL_LOCKED';

/** The errors are made by native code, maybe of another realm: so what they are is asked of their fields. */
function fieldOf(error: unknown, field: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, field) : undefined;
}

function failed(path: string, how: string, cause?: unknown): ChoraleError {
  const reason = cause === undefined ? '.' : `: ${fieldOf(innermost(cause), 'message')}`;
  return new ChoraleError('STORAGE_FAILED', `The database ${path} ${how}${reason}`, { cause, details: { path } });
}
