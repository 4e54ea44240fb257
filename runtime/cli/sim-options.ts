/**
 * The options of `chorale sim` besides those of the exercise.
 */
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { MOST_SEED } from '../simulate/scenario.js';
import { addExerciseOptions, type ExerciseOptions } from './exercise-options.js';
import { whole } from './numbers.js';
import { timeout } from './times.js';

/** The first and the last. */
export type SeedRange = readonly [number, number];

export interface SimOptions extends ExerciseOptions {
  readonly seeds: SeedRange;
  readonly jobs: number;
  /** ms for the check of one history. */
  readonly limit: number;
  /** Absent: all runs are made. */
  readonly violations?: number;
  /** Whether the first run that is not right is made small. */
  readonly shrink: boolean;
  readonly save?: string;
  readonly json?: true;
}

export function addSimOptions(command: Command): void {
  addExerciseOptions(command);
  command
    .addOption(
      new Option('--seeds <range>', 'one run for each: 1..2000, or 7 alone')
        .argParser(seeds)
        .default([1, 1000], '1..1000'),
    )
    .addOption(
      new Option('--jobs <n>', 'threads that make the runs (default: one a core); changes no result').argParser(
        whole(1, 256),
      ),
    )
    .addOption(
      new Option('--limit <time>', 'that the check of one history may take before its verdict is "unknown"')
        .argParser(timeout)
        .default(60_000, '60s'),
    )
    .addOption(
      new Option('--violations <n>', 'stop after so many runs that are not right').argParser(whole(1, 1_000_000)),
    )
    .addOption(new Option('--no-shrink', 'do not make the first run that is not right small'))
    .addOption(
      new Option('--save <file>', 'write the first run that is not right there, made small, for "chorale replay"'),
    )
    .addOption(new Option('--json', 'one JSON object on standard output in place of the text'))
    .hook('preAction', (self) => {
      if (self.getOptionValue('jobs') === undefined) self.setOptionValue('jobs', availableParallelism());
    })
    .addHelpText('after', `\n${help}`);
}

const help = `Each seed decides one run whole: the calls, the network, the faults and when they strike. After them come up to a
tenth as many runs, named seed+1, seed+2 and so on, near the seeds that took what is rarely taken of the charts: the same calls
with the same faults on another network, and with other faults.

A run is right when its history is what --for asks, every update that was answered is in the state of a live replica at the
end, every reply is what one correct copy would have given, no replica executes a request twice, all deliver in one order
(where the order is total), no node stops but by a fault or because its group goes on without it, and after the end of all
faults every request is answered and the live replicas agree.

The first run that is not right is made as small as it can be while it is still not right: fewer requests, clients, replicas
and faults, and fewer messages that are late or lost. So is the first that loses an update, where that is another finding.

Faults are drawn as the style can bear them. As many replicas crash as it goes on without; with --backups rollback any may, and
all come back. With --lease no clock runs more wrong than leases allow for.

Calls are drawn from the function workload(chance) that the service's module exports, which returns [operation, …arguments];
of an example without one, from its requests.

Exit codes: 0 all runs are right · 1 some are not · 3 of some the check does not know · 2 wrong input · 130 interrupted

Examples:
  chorale sim bank --seeds 1..2000
  chorale sim bank --replication local
  chorale sim bank --replication lazy
  chorale sim bank --replication passive --backups rollback
  chorale sim bank --reads one --for linearizable
  chorale sim ./my-service.js --tolerate byzantine --replicas 5 --clients 4 --each 12`;

function seeds(text: string): SeedRange {
  const match = /^(\d{1,10})(?:\.\.(\d{1,10}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first > last || last > MOST_SEED)
    throw new InvalidArgumentError(`It is a range of whole numbers such as 1..2000, or one, up to ${MOST_SEED}.`);
  return [first, last];
}
