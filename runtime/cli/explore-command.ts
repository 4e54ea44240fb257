/**
 * `chorale explore`: walks through every state of an example, or of a module of the user's own, and reports what holds.
 */
import { setImmediate } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ChoraleError } from '../errors.js';
import type { Configuration } from '../explore/configuration.js';
import { Exploration, type Explored, type ExploreSettings } from '../explore/engine.js';
import { type FoundExploration, findExploration } from './catalogue.js';
import { readableExploration } from './explored.js';
import { exitCodes, type Io } from './io.js';

export interface ExploreOptions {
  readonly set: Readonly<Record<string, number>>;
  readonly limit: NonNullable<ExploreSettings['limit']>;
  readonly search: 'bfs' | 'dfs';
  /** False for --no-symmetry, and so on. */
  readonly symmetry: boolean;
  readonly reduction: boolean;
  readonly all?: true;
  readonly json?: true;
}

/** Real ms between two looks at what else happens: Ctrl-C, and the progress line. */
const LOOK_INTERVAL = 50;
/** Goes to the beginning of a terminal's line and clears it. */
const CLEAR_LINE = '\r\u001b[K';

export function addExploreOptions(command: Command): void {
  command
    .addOption(
      new Option('--set <name=number>', 'a setting of what is explored; may be given again')
        .argParser(setting)
        .default({}, 'its own'),
    )
    .addOption(
      new Option(
        '--limit <limit>',
        'end after so long (60s, 500ms), so many states (1000000) or so much memory (512MiB)',
      )
        .argParser(limit)
        .default({}, 'none'),
    )
    .addOption(
      new Option('--search <way>', 'breadth first finds the shortest counter-examples; depth first needs less memory')
        .choices(['bfs', 'dfs'])
        .default('bfs'),
    )
    .addOption(new Option('--no-symmetry', 'tell nodes apart that can stand in for each other'))
    .addOption(new Option('--no-reduction', 'keep what is bound for crashed nodes'))
    .addOption(new Option('--all', 'go on after the first violation'))
    .addOption(new Option('--json', 'one JSON object on standard output'))
    .addHelpText(
      'after',
      '\nExamples:\n  chorale explore two-phase-commit --set rms=4\n  chorale explore bank --limit 60s',
    );
}

/** Errors: INPUT_INVALID, SETTINGS_INVALID, MACHINE_IMPURE. */
export async function exploreCommand(name: string, options: ExploreOptions, io: Io): Promise<number> {
  const { set, limit: limits, search, symmetry, reduction } = options;
  const configuration = configured(await findExploration(name, io.cwd), set);
  const exploration = new Exploration(configuration, {
    search,
    symmetry,
    reduction,
    limit: limits,
    stopAtViolation: options.all !== true,
  });
  const finished = await exploreWatched(exploration, io);
  const explored = exploration.result();
  io.stdout(options.json ? `${JSON.stringify(explored)}\n` : readableExploration(explored));
  return finished ? exitCodeOf(explored) : exitCodes.interrupted;
}

function exitCodeOf({ violations, complete }: Explored): number {
  if (violations.length > 0) return exitCodes.wrong;
  return complete ? exitCodes.right : exitCodes.unknown;
}

/** A setting that nobody looks at is a mistake of whoever gave it. */
function configured({ exploration, path }: FoundExploration, set: ExploreOptions['set']): Configuration {
  const looked = new Set<string | symbol>();
  const watched = new Proxy(set, {
    get(target, key, receiver) {
      looked.add(key);
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
  const configuration: Partial<Configuration> | undefined = exploration(watched); // whatever a module returns
  if (!Array.isArray(configuration?.actors) || !Array.isArray(configuration.properties))
    throw new ChoraleError(
      'INPUT_INVALID',
      `What ${path} returns is no configuration: it has no actors or no properties.`,
    );
  const unknown = Object.keys(set).filter((key) => !looked.has(key));
  if (unknown.length === 0) return configuration as Configuration; // the two that nothing works without are there
  const known = [...looked].map(String).join(', ');
  throw new ChoraleError(
    'INPUT_INVALID',
    `${path} has no setting ${unknown.join(', ')}: there are ${known || 'none'}.`,
  );
}

/** False when it was interrupted. */
async function exploreWatched(exploration: Exploration, io: Io): Promise<boolean> {
  const begin = performance.now();
  let looked = begin;
  let shown = false;
  const clear = (): void => {
    if (shown) io.stderr(CLEAR_LINE);
  };
  while (exploration.slice()) {
    if (performance.now() - looked < LOOK_INTERVAL) continue;
    await setImmediate();
    looked = performance.now();
    const { states, transitions, depth, waiting } = exploration.progress;
    const [seen, taken, left] = [states, transitions, waiting].map((count) => count.toLocaleString('en'));
    const far = `${seen} states, ${taken} transitions, depth ${depth}, ${left} waiting`;
    if (io.interrupted.aborted) {
      clear();
      io.stderr(`chorale: interrupted after ${far}\n`);
      return false;
    }
    if (io.progressAfter === null || looked - begin < io.progressAfter) continue;
    shown = true;
    io.stderr(`${CLEAR_LINE}${far} …`);
  }
  clear();
  return true;
}

function setting(text: string, before: ExploreOptions['set']): ExploreOptions['set'] {
  const [, name, value] = /^([\w-]+)=(-?\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('It is a name and a number, such as rms=3.');
  return { ...before, [name]: Number(value) };
}

function limit(text: string, before: ExploreOptions['limit']): ExploreOptions['limit'] {
  const [, digits, unit] = /^(\d+)(ms|s|m|MiB|GiB)?$/.exec(text) ?? [];
  const value = Number(digits);
  if (digits === undefined || value === 0)
    throw new InvalidArgumentError(
      'It is a time such as 60s, a number of states such as 1000000, or memory such as 512MiB.',
    );
  if (unit === undefined) return { ...before, states: value };
  if (unit === 'MiB' || unit === 'GiB') return { ...before, bytes: value * (unit === 'MiB' ? 2 ** 20 : 2 ** 30) };
  return { ...before, milliseconds: value * { ms: 1, s: 1_000, m: 60_000 }[unit as 'ms' | 's' | 'm'] }; // the pattern's
}
