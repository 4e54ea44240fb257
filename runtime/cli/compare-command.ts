/**
 * `chorale compare`: every style on the same requests and the same faults, side by side.
 */
import { type Command, Option } from 'commander';
import { styles } from '../cluster/styles.js';
import { ChoraleError } from '../errors.js';
import { findService } from './catalogue.js';
import { readable } from './compare-readable.js';
import { Comparing } from './comparing.js';
import type { Conditions } from './comparison.js';
import { exitCodes, type Io } from './io.js';
import { whole } from './numbers.js';
import { fault } from './options.js';
import { readRequests } from './requests.js';
import { delay, timeout } from './times.js';
import { type Variant, variants } from './variants.js';
import { watched } from './watched.js';

export interface CompareOptions {
  /** Absent: the example's own. `-`: standard input. */
  readonly requests?: string;
  /** Empty: one crash, half way. False: none. */
  readonly fault: readonly string[] | false;
  readonly styles?: string;
  readonly replicas: number;
  readonly delay: readonly [number, number];
  /** ms. */
  readonly timeout: number;
  readonly seed: number;
  readonly json?: true;
}

export function addCompareOptions(command: Command): void {
  command
    .addOption(new Option('--styles <names>', 'only these styles, or lines of the table, parted by commas'))
    .addOption(new Option('--requests <file>', "JSON lines; - is standard input (default: the example's own)"))
    .addOption(
      new Option('--fault <fault>', 'a fault, as in "chorale run --help"; may be given again')
        .argParser(faults)
        .default([], 'rm-1 crashes half way'),
    )
    .addOption(new Option('--no-fault', 'no fault at all'))
    .addOption(new Option('--replicas <n>', 'number of replica managers').argParser(whole(1, 64)).default(3))
    .addOption(
      new Option('--delay <time>', 'of a frame between two nodes: 5ms, or 1..20ms')
        .argParser(delay)
        .default([1, 3], '1..3ms'),
    )
    .addOption(
      new Option('--timeout <time>', 'that a request waits for its answer').argParser(timeout).default(10_000, '10s'),
    )
    .addOption(
      new Option('--seed <n>', 'where all chance in the runs comes from').argParser(whole(0, 2 ** 32 - 1)).default(1),
    )
    .addOption(new Option('--json', 'one JSON object on standard output in place of the tables'))
    .addHelpText('after', examplesHelp);
}

const examplesHelp = `
Every style runs twice: without faults, for what a request costs, and with them.
The exit code is 1 when a style did not keep what it promises.

Examples:
  chorale compare bank
  chorale compare bank --styles "active,local" --fault crash:rm-1@AC#5
  chorale compare kv --replicas 5 --fault loss:0.2 --fault crash:rm-1@20ms`;

/** After `--no-fault`, whatever is given counts again. */
const faults = (text: string, before: readonly string[] | false): readonly string[] => fault(text, before || []);

/** Errors: INPUT_INVALID, SETTINGS_INVALID, STYLE_UNSUITED: the first, where no style can do it. */
export async function compareCommand(name: string, options: CompareOptions, io: Io): Promise<number> {
  const { service, requests: own } = await findService(name, io.cwd);
  const chosen = choose(options.styles);
  const file = options.requests ?? own;
  if (file === null)
    throw new ChoraleError(
      'INPUT_INVALID',
      `"${service.name}" brings no requests: name a file by --requests, or - for standard input.`,
    );
  const requests = await readRequests(file, service, io);
  const { replicas, timeout: waits, seed, delay: link } = options;
  const conditions: Conditions = { service, requests, replicas, delay: link, timeout: waits, seed };
  const comparing = new Comparing(chosen, conditions, options.fault);
  const ended = await watched(comparing.run(), () => comparing.far, io);
  const comparison = comparing.comparison(ended === null);
  io.stdout(options.json ? `${JSON.stringify(comparison)}\n` : readable(comparison, io.color));
  if (comparison.interrupted) return exitCodes.interrupted;
  return comparison.variants.some(({ faults: met }) => met?.broken != null) ? exitCodes.wrong : exitCodes.right;
}

/** Errors: INPUT_INVALID. */
function choose(words: string | undefined): readonly Variant[] {
  if (words === undefined) return variants;
  const wanted = words.split(',').map((word) => word.trim());
  const isWanted = ({ name, settings }: Variant, word: string): boolean =>
    name === word || settings.replication === word;
  const unknown = wanted.find((word) => !variants.some((variant) => isWanted(variant, word)));
  if (unknown !== undefined)
    throw new ChoraleError(
      'INPUT_INVALID',
      `--styles: there is no "${unknown}". Styles: ${Object.keys(styles).join(', ')}. Lines of the table: ${variants.map(({ name }) => name).join(', ')}.`,
    );
  return variants.filter((variant) => wanted.some((word) => isWanted(variant, word)));
}
