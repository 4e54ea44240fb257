/**
 * Text that the command is given: a file, or standard input.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ChoraleError } from '../errors.js';
import type { Input } from './io.js';

/**
 * The text of a file, or of standard input for `-`; `named` is what an error calls it.
 * Errors: INPUT_INVALID; CANCELLED when the user ends the wait for standard input.
 */
export async function readInput(path: string, named: string, io: Input): Promise<string> {
  return path === '-' ? await Promise.race([readAll(io.stdin), interruption(io)]) : await readText(path, named, io);
}

async function readText(path: string, named: string, io: Input): Promise<string> {
  try {
    return withoutMark(await readFile(resolve(io.cwd, path), 'utf8'));
  } catch (error) {
    throw new ChoraleError('INPUT_INVALID', `${named} cannot be read: ${(error as Error).message}`, {
      cause: error,
    }); // all that readFile throws
  }
}

async function readAll(stream: Input['stdin']): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  return withoutMark(text + decoder.decode());
}

async function interruption({ interrupted }: Input): Promise<never> {
  if (!interrupted.aborted) await once(interrupted, 'abort');
  throw new ChoraleError('CANCELLED', 'interrupted before the run began');
}

/** Some editors begin a file with a byte order mark. */
const withoutMark = (text: string): string => (text.startsWith('\uFEFF') ? text.slice(1) : text);
