/**
 * The options of `chorale run`, each checked where it is read, so that the error names it.
 */
import { type Command, Option } from 'commander';
import { faultForms, momentForms, parseFault } from '../simulate/faults.js';
import { whole } from './numbers.js';
import { addStyleOptions, type StyleOptions } from './style-options.js';
import { delay, timeout } from './times.js';

/** What decides one run. */
export interface ScenarioOptions extends StyleOptions {
  /** Absent: the clients that the requests name. */
  readonly clients?: number;
  /** Absent: the example's own. `-`: standard input. */
  readonly requests?: string;
  readonly fault: readonly string[];
  /** Least and most ms of a frame between two nodes. */
  readonly delay: readonly [number, number];
  /** ms. */
  readonly timeout: number;
  readonly seed: number;
}

export interface RunOptions extends ScenarioOptions {
  readonly trace?: string;
  readonly all?: true;
  readonly json?: true;
}

export function addRunOptions(command: Command): void {
  addScenarioOptions(command);
  command
    .addOption(new Option('--trace <file>', 'write every event of the run there, as JSON lines'))
    .addOption(new Option('--all', 'show every request, however many'))
    .addOption(new Option('--json', 'one JSON object on standard output in place of the tables'))
    .addHelpText('after', `\n${requestsHelp}\n\n${faultsHelp}\n${examplesHelp}`);
}

export function addScenarioOptions(command: Command): void {
  addStyleOptions(command);
  command
    .addOption(new Option('--requests <file>', "JSON lines; - is standard input (default: the example's own)"))
    .addOption(
      new Option('--clients <n>', 'deal the requests out to client-1 … client-n in turn, whoever they name').argParser(
        whole(1, 10_000),
      ),
    )
    .addOption(
      new Option('--fault <fault>', 'a fault, in one of the forms below; may be given again')
        .argParser(fault)
        .default([], 'none'),
    )
    .addOption(
      new Option('--delay <time>', 'of a frame between two nodes: 5ms, or 1..20ms')
        .argParser(delay)
        .default([1, 3], '1..3ms'),
    )
    .addOption(
      new Option('--timeout <time>', 'that a request waits for its answer').argParser(timeout).default(10_000, '10s'),
    )
    .addOption(
      new Option('--seed <n>', 'where all chance in the run comes from').argParser(whole(0, 2 ** 32 - 1)).default(1),
    );
}

const requestsHelp = `Requests, one a line; "at" is the earliest time in ms, and each client makes its own in turn:
  {"at": 120, "client": "alice", "op": "deposit", "args": ["x", 1]}`;

export const faultsHelp = `Faults:\n${[...faultForms, ...momentForms].map((form) => `  ${form}\n`).join('')}`;

const examplesHelp = `Examples:
  chorale run bank --fault crash:rm-1@300ms
  chorale run bank --tolerate byzantine --fault lie:rm-2
  chorale run bank --fault loss:0.2 --fault duplicate:0.1 --fault partition:rm-1|rm-2,rm-3@100ms..200ms`;

/** Collects; the form is checked here, and whether the node is there when the cluster is. */
export function fault(text: string, before: readonly string[]): readonly string[] {
  parseFault(text);
  return [...before, text];
}
