/**
 * What one run of an exercise came to, as plain data: it crosses from the thread that made the run to the one that asked.
 */
import type { CheckLimits } from '../check/verdict.js';
import type { ChartCounts, ChartCoverage } from '../coverage/coverage.js';
import type { AnyService } from '../service/index.js';
import type { Recorder, TraceEvent } from '../trace/format.js';
import { departures } from './failures.js';
import type { NetworkCounts } from './network.js';
import { drawScenario, type Exercise, type RunName } from './scenario.js';
import { type HistoryProperty, type Trial, type TrialProperty, tryInSlices } from './trial.js';

export interface RunOutcome extends RunName {
  readonly requests: number;
  /** Those that the service answered. */
  readonly answered: number;
  /** Events and timers that all actors handled. */
  readonly events: number;
  readonly network: Readonly<NetworkCounts>;
  /** How often faults struck, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Nobody is left who has the state. */
  readonly lost: boolean;
  /** `unknown`: nothing is violated, and the check of the history gave up. */
  readonly verdict: 'holds' | 'violated' | 'unknown';
  /** Without `why` where that takes long to find out. */
  readonly violations: readonly { readonly property: TrialProperty; readonly why: string }[];
  /** What was taken of the charts. */
  readonly charts: readonly ChartCounts[];
}

/** What is run, how its histories are judged, and how long that may take. */
export interface Trials {
  readonly service: AnyService;
  readonly exercise: Exercise;
  readonly property: HistoryProperty;
  readonly limits: CheckLimits;
}

/**
 * Makes one run; pauses now and then for whoever must stay responsive. `coverage` is the same for all runs of a thread.
 * Errors: as `tryScenario`.
 */
export function* outcomeInSlices(trials: Trials, name: RunName, coverage: ChartCoverage): Generator<void, RunOutcome> {
  const { service, exercise, property, limits } = trials;
  const faults = new FaultCounter();
  const scenario = drawScenario(name.seed, exercise, name.near);
  return outcomeOf(
    name,
    yield* tryInSlices(service, scenario, { property, limits, recorder: faults, coverage, quick: true }),
    faults,
    coverage,
  );
}

function outcomeOf(
  { seed, near }: RunName,
  { simulation, played, verdict, consistency, lost, violations }: Trial,
  { struck }: FaultCounter,
  coverage: ChartCoverage,
): RunOutcome {
  const unknown = consistency.verdict === 'unknown' ? 'unknown' : 'holds';
  return {
    seed,
    near,
    requests: played.length,
    answered: played.length - verdict.unanswered.length,
    events: simulation.events,
    network: { ...simulation.network },
    faults: Object.fromEntries(struck),
    lost,
    verdict: violations.length > 0 ? 'violated' : unknown,
    violations: violations.map(({ property, why }) => ({ property, why })),
    charts: coverage.take(),
  };
}

/** Counts the faults that struck by their first word, read off the trace. */
class FaultCounter implements Recorder {
  readonly struck = new Map<string, number>();

  record(event: TraceEvent): void {
    if (event.kind === 'crashed') this.#count(departures[event.reason] ?? 'failure of an actor');
    else if (event.kind === 'recovered') this.#count('recover');
    // the end of a fault is recorded in its words too, with one more behind them
    else if (event.kind === 'fault' && !event.fault.includes(' ')) this.#count(event.fault.replace(/:.*/, ''));
  }

  #count(kind: string): void {
    this.struck.set(kind, (this.struck.get(kind) ?? 0) + 1);
  }
}
