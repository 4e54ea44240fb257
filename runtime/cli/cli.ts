/**
 * The words of the command line, and the exit code that each outcome has.
 */
import { Command, CommanderError } from 'commander';
import { ChoraleError } from '../errors.js';
import { packageVersion } from './catalogue.js';
import { addCheckOptions, type CheckOptions, checkCommand } from './check-command.js';
import { addCompareOptions, type CompareOptions, compareCommand } from './compare-command.js';
import { addExploreOptions, type ExploreOptions, exploreCommand } from './explore-command.js';
import { inspectCommand } from './inspect-command.js';
import { addInspectOptions, type InspectOptions } from './inspect-options.js';
import { exitCodes, type Io } from './io.js';
import { listCommand } from './list-command.js';
import { addRunOptions, type RunOptions } from './options.js';
import { addReplayOptions, type ReplayOptions, replayCommand } from './replay-command.js';
import { runCommand } from './run-command.js';
import { simCommand } from './sim-command.js';
import { addSimOptions, type SimOptions } from './sim-options.js';

/** Runs one command line, the program's own name left out. Never rejects: what went wrong is on `stderr`. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code: number = exitCodes.right;
  const program = programFor(io, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return usage(error, io);
    io.stderr(`chorale: ${error instanceof ChoraleError ? `${error.code}: ${error.message}` : unexpected(error)}\n`);
    return io.interrupted.aborted ? exitCodes.interrupted : exitCodes.input;
  }
}

function programFor(io: Io, end: (code: number) => void): Command {
  const program = new Command('chorale')
    .description(
      'Replicated services as statecharts: run a service on several replicas, under faults, and see what comes of it.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr, outputError: () => {} })
    // an error is one line
    .showSuggestionAfterError(false)
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 all right · 1 wrong or missing replies, replicas that differ, a property that does not hold · 2 wrong input · 3 unknown: a limit came first · 130 interrupted',
    );
  addCommands(program, io, end);
  return program;
}

function addCommands(program: Command, io: Io, end: (code: number) => void): void {
  program
    .command('list')
    .description('show the examples and the replication styles')
    .option('--json', 'one JSON object on standard output')
    .action(async (options: { json?: true }) => listCommand(options.json === true, io));
  const running = program
    .command('run')
    .description('run a service on simulated replicas, and judge every reply')
    .argument('<service>', 'the name of an example, or the path of a module that exports a service (./my-service.js)')
    .action(async (service: string, options: RunOptions) => end(await runCommand(service, options, io)));
  addRunOptions(running);
  const comparing = program
    .command('compare')
    .description('run every replication style on the same requests and faults, and set them side by side')
    .argument('<service>', 'the name of an example, or the path of a module that exports a service (./my-service.js)')
    .action(async (service: string, options: CompareOptions) => end(await compareCommand(service, options, io)));
  addCompareOptions(comparing);
  const simulating = program
    .command('sim')
    .description('make thousands of random runs under random faults, and look for one that is not right')
    .argument('<service>', 'the name of an example, or the path of a module that exports a service (./my-service.js)')
    .action(async (service: string, options: SimOptions) => end(await simCommand(service, options, io)));
  addSimOptions(simulating);
  const replaying = program
    .command('replay')
    .description('make one run again, and show why it came out as it did')
    .argument('<run>', 'a seed that "chorale sim" named, a scenario that it saved, or a trace')
    .argument('[service]', 'the name of an example, or the path of a module that exports a service (./my-service.js)')
    .action(async (what: string, service: string | undefined, options: ReplayOptions, command: Command) => {
      const given = Object.keys(options).filter((name) => command.getOptionValueSource(name) === 'cli');
      end(await replayCommand(what, service, options, given, io));
    });
  addReplayOptions(replaying);
  const checking = program
    .command('check')
    .description('check a history of operations for a consistency property')
    .argument('<file>', 'the history, as JSON lines; - is standard input')
    .action(async (file: string, options: CheckOptions) => end(await checkCommand(file, options, io)));
  addCheckOptions(checking);
  const exploring = program
    .command('explore')
    .description('go through every state that an example, or a module that exports exploration(), can be in')
    .argument('<exploration>', 'the name of an example, or the path of a module')
    .action(async (name: string, options: ExploreOptions) => end(await exploreCommand(name, options, io)));
  addExploreOptions(exploring);
  const inspecting = program
    .command('inspect')
    .description('watch replicas think: every statechart, every message, back and forth in time, in a browser')
    .argument('[what]', 'the name of an example, the path of a module, a scenario that "chorale sim" saved, or a trace')
    .argument('[service]', 'with a file: the module of its service, where that is no example')
    .action(
      async (what: string | undefined, service: string | undefined, options: InspectOptions, command: Command) => {
        const given = Object.keys(options).filter((name) => command.getOptionValueSource(name) === 'cli');
        end(await inspectCommand(what, service, options, given, io));
      },
    );
  addInspectOptions(inspecting);
}

/** What commander has to say: help and version are no errors; everything else is wrong input. */
function usage(error: CommanderError, io: Io): number {
  if (error.exitCode === 0) return exitCodes.right;
  // Without a command, commander has printed the help.
  if (error.code !== 'commander.help') {
    io.stderr(
      `chorale: INPUT_INVALID: ${error.message.replace(/^error: /, '')} (chorale --help shows what there is)\n`,
    );
  }
  return exitCodes.input;
}

function unexpected(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
