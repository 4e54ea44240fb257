/**
 * The files of the page, as `npm run build` makes them. What is asked for is looked up among these and nowhere else, so no path leads
 * out of the folder.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ChoraleError } from '../../errors.js';

export interface PageFile {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Made when it is first asked for. */
  gzipped(): Promise<Uint8Array<ArrayBuffer>>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

const compressed = promisify(gzip);

/** Where the built page is: compiled, this file is dist/runtime/inspect/server/page-files.js, and from source it is two levels higher. */
export function pageFolder(): string {
  const here = fileURLToPath(import.meta.url);
  return resolve(dirname(here), extname(here) === '.js' ? '../../../inspector' : '../../../dist/inspector');
}

/** By path from the root: `/index.html`. Errors: INSPECTOR_FAILED. */
export function pageFiles(folder: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const type = types[extname(entry.name)];
      if (type === undefined) continue;
      files.set(path.slice(folder.length).replaceAll('\\', '/'), fileOf(type, new Uint8Array(readFileSync(path))));
    }
  } catch (error) {
    throw notThere(folder, error);
  }
  if (!files.has('/index.html')) throw notThere(folder, undefined);
  return files;
}

function notThere(folder: string, cause: unknown): ChoraleError {
  return new ChoraleError('INSPECTOR_FAILED', `The inspector's page is not in ${folder}: npm run build makes it.`, {
    cause,
  });
}

function fileOf(type: string, body: Uint8Array<ArrayBuffer>): PageFile {
  let made: Promise<Uint8Array<ArrayBuffer>> | null = null;
  return {
    type,
    body,
    gzipped() {
      made ??= compressed(body).then((bytes) => new Uint8Array(bytes));
      return made;
    },
  };
}
