/**
 * What the runs of `chorale sim` came to, as one object: `--json` prints it as it is. The same options give the same
 * report, but for `time`.
 */
import type { Operation } from '../check/history.js';
import type { OfSomeStyles } from '../cluster/settings.js';
import type { Share } from '../coverage/coverage.js';
import type { NetworkCounts } from '../simulate/network.js';
import type { Trials } from '../simulate/outcome.js';
import { type RunName, runText, type Scenario } from '../simulate/scenario.js';
import type { FoundViolation, RunTotals } from '../simulate/totals.js';
import type { HistoryProperty, TrialProperty } from '../simulate/trial.js';
import { exerciseWords } from './exercise-options.js';
import type { SeedRange, SimOptions } from './sim-options.js';

interface ReportedViolation extends RunName {
  readonly property: TrialProperty;
  readonly why: string;
  /** The command that makes this very run again. */
  readonly replay: string;
}

interface ReportedChart {
  /** Its machine's id. */
  readonly chart: string;
  readonly states: Share;
  readonly transitions: Share;
  /** States and transitions that no run took. */
  readonly never: readonly string[];
}

/** A run that is not right, made small. */
export interface ReportedSmallest extends RunName {
  readonly property: TrialProperty;
  readonly why: string;
  readonly scenario: Scenario;
  /** Runs that it took; null where it was to be left as it was. */
  readonly tries: number | null;
  /** What it was made of. */
  readonly from: { readonly requests: number; readonly faults: number };
  /** The operations that show it. */
  readonly part: readonly Operation[];
  /** The one of them that cannot be as it says, where it is a matter of the history. */
  readonly impossible: Operation | null;
  /** Where it was written to. */
  readonly saved: string | null;
}

interface ReportedTime {
  /** Real. */
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** Of all threads, µs. null: no request was made. */
  readonly cpuMicrosPerRequest: number | null;
  /** Threads. */
  readonly jobs: number;
}

export interface SimReport {
  readonly service: string;
  readonly settings: OfSomeStyles & {
    readonly replication: string;
    readonly replicas: number;
    readonly tolerate: string;
    readonly order: string;
    readonly reads: string;
    readonly profile: string;
    /** null: as the requests file says. */
    readonly clients: number | null;
    readonly each: number | null;
    readonly requests: string | null;
  };
  /** What the histories were checked for. */
  readonly property: HistoryProperty;
  /** Asked for. */
  readonly seeds: SeedRange;
  /** Made; `near` of them near a seed. */
  readonly runs: { readonly all: number; readonly near: number; readonly lost: number };
  readonly interrupted: boolean;
  readonly requests: number;
  readonly answered: number;
  /** Events and timers that all actors handled. */
  readonly events: number;
  readonly network: Readonly<NetworkCounts>;
  /** How often faults struck, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Runs. */
  readonly verdicts: Readonly<RunTotals['verdicts']>;
  /** Runs that violate each property. */
  readonly violated: Readonly<Record<string, number>>;
  /** The first few, those of consistency before all others. */
  readonly violations: readonly ReportedViolation[];
  /** The first of the violations, and the first update that was lost; empty where every run is right, and where that was not wanted. */
  readonly smallest: readonly ReportedSmallest[];
  readonly charts: readonly ReportedChart[];
  readonly time: ReportedTime;
}

export interface Measured {
  readonly seconds: number;
  readonly cpuMicros: number;
  readonly jobs: number;
  readonly interrupted: boolean;
}

/** `name` is what the service is called on the command line. */
export function simReport(
  name: string,
  options: SimOptions,
  { service, exercise, property }: Trials,
  totals: RunTotals,
  violations: readonly FoundViolation[],
  smallest: readonly ReportedSmallest[],
  { seconds, cpuMicros, jobs, interrupted }: Measured,
): SimReport {
  const { replication, replicas, tolerate, order, reads, more, profile } = exercise;
  const { requests: programs, clients, each } = options;
  const calls = programs === undefined ? { clients, each } : { clients: null, each: null };
  const { runs, requests, answered, events, network, faults, verdicts, violated } = totals;
  return {
    service: service.name,
    settings: { replication, replicas, tolerate, order, reads, ...more, profile, ...calls, requests: programs ?? null },
    property,
    seeds: options.seeds,
    runs,
    interrupted,
    requests,
    answered,
    events,
    network,
    faults,
    verdicts,
    violated,
    violations: violations.map((found) => ({ ...found, replay: replayOf(name, options, found) })),
    smallest,
    charts: totals.charts.map(({ chart, totals: { states, transitions }, ...parts }) => ({
      chart,
      states,
      transitions,
      never: [...parts.states, ...parts.transitions].filter(({ taken }) => taken === 0).map((part) => part.name),
    })),
    time: {
      seconds,
      eventsPerSecond: events / seconds,
      cpuMicrosPerRequest: requests === 0 ? null : cpuMicros / requests,
      jobs,
    },
  };
}

const replayOf = (name: string, options: SimOptions, run: RunName): string =>
  ['chorale replay', runText(run), ...[name, ...exerciseWords(options)].map(quoted)].join(' ');

/** As a shell takes it for one word. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
