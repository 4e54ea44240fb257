/**
 * A run that was made again, as one object: `--json` prints it as it is, and the text shows it to a person.
 */
import { requestId } from '../../machines/shared/identifiers.js';
import type { Operation } from '../check/history.js';
import type { Scenario } from '../simulate/scenario.js';
import type { ServiceOperation } from '../simulate/service-history.js';
import type { HistoryProperty, Trial, TrialProperty, TrialViolation } from '../simulate/trial.js';
import type { PlayedRequest } from '../simulate/workload.js';
import { CausalIndex, type CausalStep, type Unseen } from '../trace/causes.js';
import type { TraceEvent } from '../trace/format.js';
import { callText } from './operation-table.js';
import type { TraceComparison, TraceDifference } from './trace-comparison.js';

/** Why a request was answered as it was. */
interface Explained {
  readonly request: string;
  readonly steps: readonly CausalStep[];
  readonly unseen: readonly Unseen[];
}

export interface ReplayReport {
  readonly service: string;
  /** What the history was checked for, and what came of that. */
  readonly property: HistoryProperty;
  readonly verdict: Trial['consistency']['verdict'];
  /** As it was run. */
  readonly scenario: Scenario;
  /** What it was made small from, and in how many runs; null where it was not. */
  readonly shrunk: {
    readonly seed: number;
    readonly requests: number;
    readonly faults: number;
    readonly tries: number;
  } | null;
  readonly violations: readonly { readonly property: TrialProperty; readonly why: string }[];
  /** The operations that show the first of them; all, where they are few, or it is not a matter of a few. */
  readonly part: readonly Operation[];
  /** The one of them that cannot be as it says. */
  readonly impossible: Operation | null;
  readonly explained: readonly Explained[];
  /** Against the trace that was recorded; null where none was given. */
  readonly trace: { readonly events: number; readonly difference: TraceDifference | null } | null;
  readonly events: readonly TraceEvent[];
  /** Each request in words. */
  readonly requests: Readonly<Record<string, string>>;
  /** Those that the picture is about: none, where nothing is violated. */
  readonly about: readonly string[];
}

/** What was asked for. */
interface Source {
  readonly service: string;
  readonly property: HistoryProperty;
  readonly scenario: Scenario;
  readonly tries: number | null;
}

/** So many operations are shown whole, and not only those that fail by themselves. */
const FEW = 8;
/** Answers of one run that are explained, at most. */
const MOST_EXPLAINED = 3;

export function replayReport(
  { service, property, scenario, tries }: Source,
  trial: Trial,
  events: readonly TraceEvent[],
  comparison: TraceComparison | null,
): ReplayReport {
  const { consistency, played, violations } = trial;
  const [first] = violations;
  const few = first === undefined || first.part.length === 0 || trial.history.length <= FEW;
  const part = few ? trial.history : first.part;
  const asked = { seed: scenario.seed, requests: scenario.requests.length, faults: scenario.faults.length };
  const explained = first === undefined ? [] : explain(trial, first, new CausalIndex(events));
  return {
    service,
    property,
    verdict: consistency.verdict,
    scenario: trial.scenario,
    shrunk: tries === null ? null : { ...asked, tries },
    violations: violations.map(({ property: violated, why }) => ({ property: violated, why })),
    part,
    impossible: consistency.verdict === 'violated' ? consistency.impossible : null,
    explained,
    trace: comparison === null ? null : { events: events.length, difference: comparison.difference },
    events,
    requests: Object.fromEntries(played.flatMap((request) => [...inWords(request)])),
    about: first === undefined ? [] : [...idsOf(first.part, played), ...explained.map(({ request }) => request)],
  };
}

function* inWords({ call, op, args }: PlayedRequest): Iterable<[string, string]> {
  if (call !== null) yield [requestId(call.session, call.seq), callText(op, args)];
}

/** The impossible answer, and those of its company that were given without something that they should have seen. */
function explain({ consistency, played, verdict }: Trial, { part }: TrialViolation, index: CausalIndex): Explained[] {
  const explained = (request: string, others: readonly string[]): Explained => ({
    request,
    steps: index.chain(request),
    unseen: index.unseen(request, others),
  });
  if (part.length === 0 || consistency.verdict !== 'violated')
    return verdict.wrong.slice(0, MOST_EXPLAINED).map(({ request, missed }) => explained(request, missed));
  const [impossible] = idsOf([consistency.impossible as ServiceOperation], played); // an operation of the history
  const updates = idsOf(part, played, 'update');
  return idsOf(part, played)
    .map((request) => explained(request, updates))
    .filter(({ request, steps, unseen }) => steps.length > 0 && (request === impossible || unseen.length > 0))
    .sort((a, b) => Number(b.request === impossible) - Number(a.request === impossible))
    .slice(0, MOST_EXPLAINED);
}

/** The ids of the requests that these operations are. A client makes one at a time. */
function idsOf(
  operations: readonly ServiceOperation[],
  played: readonly PlayedRequest[],
  kind?: 'update' | 'query',
): string[] {
  return operations.flatMap(({ process, call: calledAt }) => {
    const client = String(process).replace(/~\d+$/, '');
    const request = played.find(
      (one) => one.client === client && one.calledAt === calledAt && (kind ?? one.call?.kind) === one.call?.kind,
    );
    return request?.call == null ? [] : [requestId(request.call.session, request.call.seq)];
  });
}
