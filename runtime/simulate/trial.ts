/**
 * One scenario, run and judged by every check that applies: a trial. Safety first, then liveness: the faults end at the
 * scenario's time, and from then on every request must be answered and all live replicas must come to the same state.
 */
import { isTotal } from '../../machines/multicast/order.js';
import { requestId } from '../../machines/shared/identifiers.js';
import type { Consistency } from '../../machines/shared/style.js';
import { Budget } from '../check/budget.js';
import type { Delivered, DeliveryLog, ProcessLog } from '../check/deliveries.js';
import { violations as deliveryViolations } from '../check/deliveries.js';
import { interleaving } from '../check/interleaving.js';
import { linearizable } from '../check/linearizable.js';
import { sequential } from '../check/sequential.js';
import type { CheckLimits, CheckVerdict } from '../check/verdict.js';
import type { Suits } from '../cluster/suits.js';
import type { AnyService } from '../service/index.js';
import type { Recorder, TraceEvent } from '../trace/format.js';
import { recordToAll } from '../trace/recorder.js';
import type { Scenario } from './scenario.js';
import { historyOf, type ServiceOperation, serviceModel } from './service-history.js';
import { type SimulateSettings, type Simulation, simulate } from './simulation.js';
import { ExecutionLog, judge, type Verdict } from './verdict.js';
import { type PlayedRequest, playInSlices } from './workload.js';

/** What a run is held against. `replies`: each is what one correct copy of the service would have given. */
export type TrialProperty =
  | 'linearizable'
  | 'sequential'
  | 'replies'
  | 'convergence'
  | 'exactly once'
  | 'total order'
  | 'liveness';

/** The consistency that a run's history is checked for. */
export type HistoryProperty = Extract<TrialProperty, 'linearizable' | 'sequential'>;

export interface TrialViolation {
  readonly property: TrialProperty;
  readonly why: string;
  /** The smallest part of the history that shows it; empty where it is not a matter of the history alone. */
  readonly part: readonly ServiceOperation[];
}

export interface Trial {
  readonly scenario: Scenario;
  readonly simulation: Simulation<AnyService>;
  readonly played: readonly PlayedRequest[];
  readonly history: readonly ServiceOperation[];
  readonly consistency: CheckVerdict;
  readonly verdict: Verdict;
  /**
   * Nobody is left who has the group's state: those who had it have crashed, left, or were gone on without. No style outlives
   * that, so nothing has to be answered then; what was answered must be right all the same.
   */
  readonly lost: boolean;
  readonly violations: readonly TrialViolation[];
}

export interface TrialSettings {
  readonly property: HistoryProperty;
  readonly recorder?: Recorder;
  readonly limits?: CheckLimits;
  /** Counts what is taken of the charts. */
  readonly coverage?: SimulateSettings['coverage'];
  /** Whether the history is violated is all that is wanted, and not why or the smallest part that is: that can take long. */
  readonly quick?: boolean;
  /** Records which frames met another fate than the least delay. */
  readonly recordFates?: boolean;
}

/** What is checked where nobody says: what the style promises, and of one that promises nothing the least that users expect. */
export const promised = (consistency: Consistency): HistoryProperty =>
  consistency === 'linearizable' ? 'linearizable' : 'sequential';

/** ms of virtual time after the end of all faults within which everything must be answered. */
const ANSWERED_WITHIN = 30_000;

/** Runs to the end. Errors: SETTINGS_INVALID, STYLE_UNSUITED, INPUT_INVALID. */
export function tryScenario(service: AnyService, scenario: Scenario, settings: TrialSettings): Trial {
  const slices = tryInSlices(service, scenario, settings);
  let slice = slices.next();
  while (!slice.done) slice = slices.next();
  return slice.value;
}

/** The same, which pauses now and then for whoever must stay responsive. */
export function* tryInSlices(service: AnyService, scenario: Scenario, settings: TrialSettings): Generator<void, Trial> {
  const log = new ExecutionLog();
  const repeats = new RepeatRecorder();
  const deliveries = new DeliveryRecorder();
  const simulation = simulationOf(service, scenario, settings, [
    log,
    repeats,
    deliveries,
    ...(settings.recorder === undefined ? [] : [settings.recorder]),
  ]);
  const { faultsEndAt, timeout = ANSWERED_WITHIN, via } = scenario;
  const played = yield* playInSlices(simulation, scenario.requests, {
    timeout,
    via,
    ...(faultsEndAt === null ? {} : { liveness: { faultsEndAt, within: ANSWERED_WITHIN } }),
  });
  const history = historyOf(played);
  const consistency = checkHistory(history, service, settings);
  const verdict = judge(simulation, played, log);
  const lost = simulation.membership === 'dynamic' && !verdict.replicas.some(({ state }) => state === 'live');
  return {
    scenario,
    simulation,
    played,
    history,
    consistency,
    verdict,
    lost,
    violations: [
      ...ofHistory(consistency, settings.property),
      ...ofVerdict(verdict, scenario, lost),
      ...ofRepeats(repeats, played),
      ...ofDeliveries(simulation, deliveries),
    ],
  };
}

/** ms that a search takes at most before all that the check knows is tried. */
const QUICK = 1_000;

/** Whether a history of the service has the property. */
export function checkHistory(
  history: readonly ServiceOperation[],
  service: AnyService,
  { property, limits, quick = false }: Pick<TrialSettings, 'property' | 'limits' | 'quick'>,
): CheckVerdict {
  const model = serviceModel(service);
  if (property === 'linearizable') return linearizable(history, model, limits);
  const milliseconds = Math.min(QUICK, limits?.milliseconds ?? QUICK);
  const answer = quick ? interleaving(history, model, new Budget({ ...limits, milliseconds })) : null;
  if (answer?.found === 'order') return { property, verdict: 'holds' };
  if (answer?.found === 'none')
    return { property, verdict: 'violated', part: history, impossible: answer.stuck, why: '' };
  return sequential(history, model, limits);
}

function ofHistory(verdict: CheckVerdict, property: HistoryProperty): TrialViolation[] {
  if (verdict.verdict !== 'violated') return [];
  // the checkers hand back operations of the history that they were given
  return [{ property, why: verdict.why, part: verdict.part as readonly ServiceOperation[] }];
}

function ofVerdict(
  { wrong, agree, unanswered, replicas }: Verdict,
  { faultsEndAt }: Scenario,
  lost: boolean,
): TrialViolation[] {
  const found: TrialViolation[] = [];
  const [first] = wrong;
  if (first !== undefined) {
    const { request, got, expected, by } = first;
    const why = `Wrong replies: ${wrong.length}. The first: ${by.join(' and ')} answered ${request} with ${JSON.stringify(got)}, and one correct copy would have answered ${JSON.stringify(expected)}.`;
    found.push({ property: 'replies', why, part: [] });
  }
  if (!agree)
    found.push({
      property: 'convergence',
      why: 'Everything has come to rest, and the states of the live replicas differ.',
      part: [],
    });
  const joining = replicas.filter(({ state }) => state === 'joining');
  if (joining.length > 0 && !lost)
    found.push({
      property: 'liveness',
      why: `Everything has come to rest, and ${joining.map(({ node }) => node).join(' and ')} never got the state.`,
      part: [],
    });
  const late = unanswered.filter(({ code }) => code !== 'FRONT_END_CRASHED');
  if (late.length > 0 && !lost) {
    const when = faultsEndAt === null ? 'in time' : `within ${ANSWERED_WITHIN} ms after the end of all faults`;
    const why = `Requests not answered ${when}: ${late.length}. The first is ${late[0]?.request}: ${late[0]?.message}`;
    found.push({ property: 'liveness', why, part: [] });
  }
  return found;
}

/** No replica executes an update twice (CC-6). */
function ofRepeats({ repeated }: RepeatRecorder, played: readonly PlayedRequest[]): TrialViolation[] {
  for (const { call } of played) {
    if (call?.kind !== 'update') continue;
    const id = requestId(call.session, call.seq);
    const node = repeated.get(id);
    if (node !== undefined) return [{ property: 'exactly once', why: `${node} executed ${id} twice.`, part: [] }];
  }
  return [];
}

/** Requests that some node executed twice. Whoever executed one for a client may agree on it with the others later. */
class RepeatRecorder implements Recorder {
  readonly repeated = new Map<string, string>();
  /** Node → phases and requests. */
  readonly #executed = new Map<string, Set<string>>();

  record(event: TraceEvent): void {
    // What the next incarnation executes, it executes on a state that others sent it.
    if (event.kind === 'crashed') this.#executed.delete(event.node);
    if (event.kind !== 'phase' || event.actor !== 'rm' || (event.phase !== 'EX' && event.phase !== 'AC')) return;
    const executed = this.#executed.get(event.node) ?? new Set();
    this.#executed.set(event.node, executed);
    for (const id of event.requests) {
      const once = `${event.phase} ${id}`;
      if (executed.has(once)) this.repeated.set(id, event.node);
      executed.add(once);
    }
  }
}

/** Where the group has a total order, every replica's deliveries are one sequence, without a gap (MC-4). */
function ofDeliveries(
  { settings, membership }: Simulation<AnyService>,
  { logs, places }: DeliveryRecorder,
): TrialViolation[] {
  if (!isTotal(settings.order)) return [];
  if (membership === 'dynamic') {
    const two = places();
    return two === null ? [] : [{ property: 'total order', why: two, part: [] }];
  }
  const log: DeliveryLog = { sent: [], processes: [...logs.values()] };
  const [first] = deliveryViolations(log, 'uniform total');
  return first === undefined ? [] : [{ property: 'total order', why: `${first.process} ${first.why}.`, part: [] }];
}

/** What each replica manager's group delivered to it. A node that came back delivers nothing more. */
class DeliveryRecorder implements Recorder {
  /** What the present incarnation of each node has delivered. */
  readonly #present = new Map<string, Delivered[]>();
  readonly logs = new Map<string, ProcessLog & { readonly delivered: Delivered[] }>();

  /**
   * Where members come and go, those that are there at the end have the same message at each place of the order that they
   * have both seen. Who is not may have delivered what no view took up.
   */
  readonly places = (): string | null => {
    const first = new Map<number, { readonly node: string; readonly message: string }>();
    for (const [node, delivered] of this.#present) {
      for (const { sender, seq, number } of delivered) {
        if (number === undefined) continue;
        const message = `${sender}#${seq}`;
        const known = first.get(number);
        if (known === undefined) first.set(number, { node, message });
        else if (known.message !== message)
          return `At place ${number} of the order ${known.node} has ${known.message}, and ${node} has ${message}.`;
      }
    }
    return null;
  };

  record(event: TraceEvent): void {
    if (event.kind === 'crashed') this.#present.delete(event.node);
    if (event.kind !== 'delivered') return;
    const { node: process, sender, seq, number } = event;
    const log = this.logs.get(process) ?? { process, correct: true, delivered: [] };
    this.logs.set(process, log);
    const one: Delivered = { sender, seq, ...(number === undefined ? {} : { number }) };
    log.delivered.push(one);
    const present = this.#present.get(process) ?? [];
    this.#present.set(process, present);
    present.push(one);
  }
}

function simulationOf(
  service: AnyService,
  scenario: Scenario,
  { recordFates = false, coverage }: TrialSettings,
  recorders: readonly Recorder[],
): Simulation<AnyService> {
  const {
    seed,
    replication,
    replicas,
    tolerate,
    order,
    reads,
    more,
    retryAfter,
    delay,
    loss,
    duplicate,
    faults,
    rough,
  } = scenario;
  const all = recordToAll(recorders);
  // The service's type is not known here: whether it suits the style is checked by its values.
  return simulate(service as AnyService & Suits<AnyService, typeof replication>, {
    seed,
    replication,
    replicas,
    tolerate,
    order,
    reads,
    ...more,
    retryAfter,
    delay,
    loss,
    duplicate,
    faults,
    recordFates,
    ...(rough === undefined ? {} : { rough }),
    ...(coverage === undefined ? {} : { coverage }),
    trace: (event) => all?.record(event),
  });
}
