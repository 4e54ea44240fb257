/**
 * How files lie in a LevelDB database. A file is a row of numbered chunks, one for each batch that wrote to it:
 *
 *     format                    of this layout
 *     first/NODE/FILE           number of its first chunk: to replace a file is to write a chunk and to point here at it
 *     chunk/NODE/FILE/NUMBER    bytes; numbers have no gap and are never used again
 *
 * Chunks before the first mean nothing, and are deleted when they can be.
 */
import type { ClassicLevel } from 'classic-level';
import { ChoraleError } from '../errors.js';
import { joined } from './storage.js';

const FORMAT = '1';
const formatKey = 'format';
const firstPrefix = 'first/';

export type Database = ClassicLevel<string, Uint8Array>;

export interface StoredFile {
  /** NODE/FILE. */
  readonly name: string;
  /** Chunks from `first` to before `next` are what it contains, those not written yet among them. */
  first: number;
  next: number;
  /** Chunks before `obsolete` are to be deleted; those before `cleared` are. */
  obsolete: number;
  cleared: number;
  /** Bytes written since what was deleted last gave its place on disk back. */
  written: number;
}

/** What a batch does to one file. */
export interface FileWrite {
  readonly file: StoredFile;
  readonly number: number;
  replaces: boolean;
  parts: Uint8Array[];
}

/** NODE/FILE: either may have any character in it. */
export const nameOf = (node: string, file: string): string => `${encodeURIComponent(node)}/${encodeURIComponent(file)}`;

export const newFile = (name: string, first: number, next: number, oldest: number): StoredFile => ({
  name,
  first,
  next,
  obsolete: oldest,
  cleared: oldest,
  written: 0,
});

export const chunksOf = (name: string): string => `chunk/${name}/`;
/** Wide enough for every whole number: keys are in the order of the numbers. */
export const chunkKey = (name: string, number: number): string =>
  chunksOf(name) + number.toString(16).padStart(14, '0');

export function operations({ file, number, replaces, parts }: FileWrite) {
  const [only, ...others] = parts;
  const value = only !== undefined && others.length === 0 ? only : joined(parts);
  const chunk = { type: 'put' as const, key: chunkKey(file.name, number), value };
  if (!replaces && number > 0) return [chunk];
  return [chunk, { type: 'put' as const, key: firstPrefix + file.name, value: utf8(String(number)) }];
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A folder that holds another's database is not written to. */
export async function checkFormat(path: string, database: Database): Promise<void> {
  const found = await database.get(formatKey);
  if (found !== undefined) {
    if (textOf(found) === FORMAT) return;
    throw failed(path, `is of format ${textOf(found)}; this version of Chorale reads format ${FORMAT}`);
  }
  const others = await database.keys({ limit: 1 }).all();
  if (others.length > 0) throw failed(path, 'is not one of Chorale');
  await database.put(formatKey, utf8(FORMAT), { sync: true });
}

export async function filesIn(database: Database): Promise<StoredFile[]> {
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
    files.push(newFile(name, first, next, oldest));
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

export const isLocked = (error: unknown): boolean => fieldOf(innermost(error), 'code') === 'LEVEL_LOCKED';

/** The errors are made by native code, maybe of another realm: so what they are is asked of their fields. */
function fieldOf(error: unknown, field: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, field) : undefined;
}

export function failed(path: string, how: string, cause?: unknown): ChoraleError {
  const reason = cause === undefined ? '.' : `: ${fieldOf(innermost(cause), 'message')}`;
  return new ChoraleError('STORAGE_FAILED', `The database ${path} ${how}${reason}`, { cause, details: { path } });
}
