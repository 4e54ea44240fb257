/**
 * What a run came to, as one object: `--json` prints it as it is, and the tables show it to a person.
 */
import { requestId } from '../../machines/shared/identifiers.js';
import type { Phase } from '../../machines/shared/phases.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { CheckVerdict } from '../check/verdict.js';
import type { OfSomeStyles } from '../cluster/settings.js';
import type { ReplicaStatus } from '../cluster/standing.js';
import type { AnyService } from '../service/index.js';
import type { NetworkCounts } from '../simulate/network.js';
import type { Simulation } from '../simulate/simulation.js';
import { type ExecutionLog, judge, type Verdict } from '../simulate/verdict.js';
import type { PlayedRequest } from '../simulate/workload.js';
import type { CostCounter } from '../trace/costs.js';
import type { FaultLog, StruckFault } from './fault-log.js';
import type { Course, ViewChanges } from './view-changes.js';

/** What was asked for, defaults filled in. */
export interface ReportSettings extends OfSomeStyles {
  readonly replication: string;
  readonly replicas: number;
  readonly tolerate: string;
  readonly order: string;
  readonly reads: string;
  /** Least and most ms of a frame. */
  readonly delay: readonly [number, number];
  /** ms. */
  readonly timeout: number;
  readonly faults: readonly string[];
}

export interface ReportedRequest {
  /** Its id; null when it was never sent. */
  readonly request: string | null;
  readonly client: string;
  readonly op: string;
  readonly args: readonly Serializable[];
  readonly kind: 'update' | 'query';
  /** What the operation returned. Absent where there is an error. */
  readonly reply?: Serializable;
  /** The operation's own error, or why there is no answer. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly answered: boolean;
  readonly phases: readonly Phase[];
  /** ms, virtual. */
  readonly calledAt: number;
  readonly endedAt: number;
  /** Message delays from call to answer. */
  readonly delays: number | null;
  /** Messages sent for it: its share, where several requests travelled together. */
  readonly messages: number;
  /** Who answered: one node, or those whose equal votes were believed. */
  readonly by: readonly string[];
  /** Answered, and as a single correct copy of the service would have. */
  readonly right: boolean;
}

/** Means over the answered requests; null where there are none. */
interface ReportedCosts {
  readonly messagesPerUpdate: number | null;
  readonly delaysPerUpdate: number | null;
  readonly messagesPerQuery: number | null;
  readonly delaysPerQuery: number | null;
  /** Messages of the whole run that carry acknowledgements only, apart from those above. */
  readonly control: number;
}

export interface Report {
  readonly service: string;
  readonly settings: ReportSettings;
  readonly seed: number;
  /** When the run ended, ms, virtual. */
  readonly endedAt: number;
  readonly requests: readonly ReportedRequest[];
  readonly faults: {
    /** What struck, in order of time. */
    readonly struck: readonly StruckFault[];
    /** What came of them: views, take-overs, the first answer. The first course is how it all began. */
    readonly courses: readonly Course[];
    /** Faults whose moment did not come before the run ended. */
    readonly neverCame: readonly string[];
    /** Replies that each Byzantine replica altered or kept back. */
    readonly lies: Readonly<Record<string, number>>;
  };
  readonly network: Readonly<NetworkCounts>;
  readonly replicas: readonly ReplicaStatus[];
  readonly verdict: Omit<Verdict, 'replicas'>;
  /** Whether the history is what the style promises, and sequentially consistent where it promises nothing. */
  readonly consistency: CheckVerdict;
  readonly costs: ReportedCosts;
}

/** Who listened to the run. */
export interface Listened {
  readonly costs: CostCounter;
  readonly executions: ExecutionLog;
  readonly faults: FaultLog;
  readonly changes: ViewChanges;
}

export function reportOf(
  simulation: Simulation<AnyService>,
  played: readonly PlayedRequest[],
  settings: ReportSettings,
  listened: Listened,
  consistency: CheckVerdict,
): Report {
  const { replicas, ...verdict } = judge(simulation, played, listened.executions);
  const wrong = new Set(verdict.wrong.map(({ request }) => request));
  const unanswered = new Set(verdict.unanswered.map(({ request }) => request));
  const requests = played.map((request) => reported(request, simulation.service, listened.costs, wrong, unanswered));
  return {
    service: simulation.service.name,
    settings,
    seed: simulation.seed,
    endedAt: simulation.now,
    requests,
    faults: {
      struck: listened.faults.struck,
      courses: listened.changes.courses,
      neverCame: listened.faults.neverCame(settings.faults),
      lies: simulation.lies,
    },
    network: { ...simulation.network },
    replicas,
    verdict,
    consistency,
    costs: costsOf(requests, listened.costs.control),
  };
}

function reported(
  request: PlayedRequest,
  service: AnyService,
  costs: CostCounter,
  wrong: ReadonlySet<string>,
  unanswered: ReadonlySet<string>,
): ReportedRequest {
  const { client, op, args, call, answer, error, calledAt, endedAt } = request;
  const id = call === null ? null : requestId(call.session, call.seq);
  const { phases, delays, messages } = id === null ? { phases: [], delays: null, messages: 0 } : costs.of(id);
  const answered = answer !== null && id !== null && !unanswered.has(id);
  return {
    request: id,
    client,
    op,
    args,
    kind: service.kindOf(op) ?? 'update',
    ...outcomeOf(answer, error),
    answered,
    phases,
    calledAt,
    endedAt,
    delays,
    messages,
    by: answer?.by ?? [],
    right: answered && !wrong.has(id),
  };
}

function outcomeOf(
  answer: PlayedRequest['answer'],
  failure: PlayedRequest['error'],
): Pick<ReportedRequest, 'reply' | 'error'> {
  const outcome = answer?.outcome;
  // JSON has no undefined: an update that returns nothing replies null here.
  if (outcome?.ok) return { reply: outcome.value ?? null };
  const { code, message } = outcome?.error ?? failure ?? { code: '', message: '' };
  return { error: { code, message } };
}

function costsOf(requests: readonly ReportedRequest[], control: number): ReportedCosts {
  const mean = (kind: string, of: (request: ReportedRequest) => number | null): number | null => {
    const figures = requests
      .filter((request) => request.answered && request.kind === kind)
      .map((request) => of(request) ?? 0);
    return figures.length === 0 ? null : figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  };
  return {
    messagesPerUpdate: mean('update', ({ messages }) => messages),
    delaysPerUpdate: mean('update', ({ delays }) => delays),
    messagesPerQuery: mean('query', ({ messages }) => messages),
    delaysPerQuery: mean('query', ({ delays }) => delays),
    control,
  };
}
