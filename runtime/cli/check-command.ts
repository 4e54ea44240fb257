/**
 * `chorale check`: whether a history has a consistency property, and if not, the smallest part of it that has not.
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type PropertyGroup, propertyGroups } from '../check/check.js';
import { models } from '../check/models.js';
import { ChoraleError } from '../errors.js';
import { type Asked, type Checked, checked, readableCheck } from './check-report.js';
import type { FromWorker } from './check-worker.js';
import { readInput } from './input.js';
import { exitCodes, type Io } from './io.js';
import { timeout } from './times.js';

export interface CheckOptions {
  readonly object?: string;
  readonly for: PropertyGroup;
  /** ms. */
  readonly limit: number;
  /** Bytes. */
  readonly memory: number;
  readonly plot?: string;
  readonly json?: true;
}

export function addCheckOptions(command: Command): void {
  command
    .addOption(
      new Option('--object <name>', 'what it is a history of (default: as its first line says)').choices(
        Object.keys(models),
      ),
    )
    .addOption(
      new Option('--for <property>', 'what it is checked for')
        .choices(Object.keys(propertyGroups))
        .default('linearizable'),
    )
    .addOption(
      new Option('--limit <time>', 'after which the verdict is "unknown"').argParser(timeout).default(60_000, '60s'),
    )
    .addOption(
      new Option('--memory <size>', 'that the search may remember: 512MiB, 2GiB')
        .argParser(size)
        .default(2 ** 30, '1GiB'),
    )
    .addOption(new Option('--plot <file>', 'draw the history there, as one page of HTML'))
    .addOption(new Option('--json', 'one JSON object on standard output in place of the tables'))
    .addHelpText('after', `\n${help}`);
}

const help = `Operations, one a line; "return" is null for one that never returned. The first line may name the object:
  {"object": "kv"}
  {"process": 1, "op": "put", "key": "x", "input": "1", "output": null, "call": 0, "return": 5}
  {"process": 2, "op": "get", "key": "x", "output": "1", "call": 3, "return": 9}

Objects and their operations:
${Object.values(models)
  .map(({ name, operations }) => `  ${name.padEnd(9)} ${Object.keys(operations).join(' ')}\n`)
  .join('')}
Exit codes: 0 holds · 1 violated · 2 wrong input · 3 unknown · 130 interrupted`;

const units = { MiB: 2 ** 20, GiB: 2 ** 30 } as const;

function size(text: string): number {
  const [, number, unit] = /^(\d+)(MiB|GiB)$/.exec(text) ?? [];
  const bytes = Number(number) * units[unit as keyof typeof units]; // NaN where the text does not match
  if (!(bytes > 0)) throw new InvalidArgumentError('It is a size such as 512MiB or 2GiB.');
  return bytes;
}

/** Errors: INPUT_INVALID; CANCELLED when the user ends the wait for standard input. */
export async function checkCommand(file: string, options: CheckOptions, io: Io): Promise<number> {
  const asked: Asked = {
    text: await readInput(file, file, io),
    name: file === '-' ? 'standard input' : file,
    object: options.object ?? null,
    property: options.for,
    milliseconds: options.limit,
    bytes: options.memory,
    plot: options.plot !== undefined,
  };
  const outcome = await apart(asked, io);
  if (outcome === 'interrupted') {
    io.stderr('chorale: interrupted before there was a verdict\n');
    return exitCodes.interrupted;
  }
  if (outcome === 'memory') {
    io.stderr('chorale: unknown: the memory of the process ran out before there was a verdict\n');
    return exitCodes.unknown;
  }
  const { report, plot } = outcome;
  if (plot !== null && options.plot !== undefined) await write(options.plot, plot, io);
  io.stdout(options.json ? `${JSON.stringify(report)}\n` : readableCheck(report, io.color));
  return { holds: exitCodes.right, violated: exitCodes.wrong, unknown: exitCodes.unknown }[report.verdict];
}

/** In another thread, so that Ctrl-C is heard; run from its sources, Chorale has no compiled file to start one from. */
async function apart(asked: Asked, io: Io): Promise<Checked | 'interrupted' | 'memory'> {
  if (extname(fileURLToPath(import.meta.url)) !== '.js') return checked(asked);
  const worker = new Worker(new URL('./check-worker.js', import.meta.url), { workerData: asked });
  const interrupted = (async () => {
    if (!io.interrupted.aborted) await once(io.interrupted, 'abort');
    return 'interrupted' as const;
  })();
  try {
    const outcome = await Promise.race([message(worker), interrupted]);
    if (typeof outcome === 'string') return outcome;
    if ('wrong' in outcome) throw new ChoraleError('INPUT_INVALID', outcome.wrong);
    return outcome.checked;
  } finally {
    await worker.terminate();
  }
}

async function message(worker: Worker): Promise<FromWorker | 'memory'> {
  try {
    const [answer] = (await once(worker, 'message')) as [FromWorker]; // all that the worker posts
    return answer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') return 'memory'; // what Node calls it
    throw error;
  }
}

async function write(path: string, text: string, io: Io): Promise<void> {
  try {
    await writeFile(resolve(io.cwd, path), text);
  } catch (error) {
    throw new ChoraleError('INPUT_INVALID', `--plot ${path} cannot be written: ${(error as Error).message}`, {
      cause: error,
    }); // all that writeFile throws
  }
}
