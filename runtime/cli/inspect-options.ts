/**
 * The options of `chorale inspect`: those of a run, and where the page is.
 */
import { type Command, Option } from 'commander';
import { whole } from './numbers.js';
import { addScenarioOptions, faultsHelp, type ScenarioOptions } from './options.js';

export interface InspectOptions extends ScenarioOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly host: string;
  /** Whether a browser is opened. */
  readonly open: boolean;
}

/** Those that say nothing about the run. */
export const placeOptions: readonly string[] = ['port', 'host', 'open'];

export function addInspectOptions(command: Command): void {
  command
    .addOption(
      new Option('--port <n>', 'where the page is served (default: a port that is free)')
        .argParser(whole(0, 65_535))
        .default(0, 'a free one'),
    )
    .addOption(new Option('--host <address>', 'on which of this machine’s addresses').default('127.0.0.1'))
    .addOption(new Option('--no-open', 'only print the address, and open no browser'));
  addScenarioOptions(command);
  command.addHelpText('after', `\n${help}\n\n${faultsHelp}\n${examples}`);
}

const help = `Without anything named the page shows simulations of its own: the examples, and scenes that explain them. A service is simulated
with the options given here; a scenario that "chorale sim --save" wrote is run again; a trace is shown as it was recorded. A file
says all that itself: then only --port, --host and --no-open mean anything.

The address has a token in it, which lets whoever has it look. Ctrl-C ends it.`;

const examples = `Examples:
  chorale inspect
  chorale inspect bank --replication passive --fault crash:rm-1@300ms
  chorale inspect ./my-service.js --requests requests.jsonl
  chorale inspect smallest.json
  chorale inspect out.jsonl --port 8123 --no-open`;
