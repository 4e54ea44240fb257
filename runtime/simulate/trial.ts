/**
 * One scenario, run and judged by every check that applies: a trial. Safety first, then liveness: the faults end at the
 * scenario's time, and from then on every request must be answered and all live replicas must come to the same state.
 */
import type { Consistency } from '../../machines/shared/style.js';
import { Budget } from '../check/budget.js';
import { interleaving } from '../check/interleaving.js';
import { linearizable } from '../check/linearizable.js';
import { sequential } from '../check/sequential.js';
import type { CheckLimits, CheckVerdict } from '../check/verdict.js';
import type { Suits } from '../cluster/suits.js';
import type { AnyService } from '../service/index.js';
import type { Recorder } from '../trace/format.js';
import { recordToAll } from '../trace/recorder.js';
import { DeliveryRecorder, orderViolations } from './delivered.js';
import { FailureRecorder, failureViolations } from './failures.js';
import { lossText, lostUpdates, UpdateLog } from './lost-updates.js';
import { Player } from './player.js';
import { RepeatRecorder, repeatViolations } from './repeats.js';
import type { Scenario } from './scenario.js';
import { historyOf, type ServiceOperation, serviceModel } from './service-history.js';
import { type SimulateSettings, type Simulation, simulate } from './simulation.js';
import { staleReadText } from './stale-read.js';
import { ExecutionLog, judge, type Verdict } from './verdict.js';
import type { HistoryProperty, TrialViolation } from './violation.js';
import { inSlices, type PlayedRequest } from './workload.js';

export type { HistoryProperty, TrialProperty, TrialViolation } from './violation.js';

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
  readonly handled?: SimulateSettings['handled'];
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
  const run = new TrialRun(service, scenario, settings);
  try {
    yield* inSlices(() => run.player.step());
    return run.assess();
  } finally {
    run.release();
  }
}

/** A scenario under way: somebody moves it on, and can have it judged at any moment. Errors: as `tryScenario`. */
export class TrialRun {
  readonly scenario: Scenario;
  readonly simulation: Simulation<AnyService>;
  readonly player: Player<AnyService>;
  /** From then on time moves by itself again, while somebody waits for it. */
  readonly release: () => void;
  readonly #settings: TrialSettings;
  readonly #log = new ExecutionLog();
  readonly #repeats = new RepeatRecorder();
  readonly #deliveries = new DeliveryRecorder();
  readonly #updates = new UpdateLog();
  readonly #failures = new FailureRecorder();

  constructor(service: AnyService, scenario: Scenario, settings: TrialSettings) {
    this.scenario = scenario;
    this.#settings = settings;
    this.simulation = simulationOf(service, scenario, settings, [
      this.#log,
      this.#repeats,
      this.#deliveries,
      this.#updates,
      this.#failures,
      ...(settings.recorder === undefined ? [] : [settings.recorder]),
    ]);
    this.release = this.simulation.drive();
    const { faultsEndAt, timeout = ANSWERED_WITHIN, via, until } = scenario;
    this.player = new Player(this.simulation, scenario.requests, {
      timeout,
      via,
      ...(until === undefined ? {} : { until }),
      ...(faultsEndAt === null ? {} : { liveness: { faultsEndAt, within: ANSWERED_WITHIN } }),
    });
  }

  /** By all that has happened so far. Before the run is over, requests that wait for their answers count as unanswered. */
  assess(asked: Pick<TrialSettings, 'property' | 'limits' | 'quick'> = this.#settings): Trial {
    const { scenario, simulation } = this;
    const played = this.player.playedSoFar;
    const history = historyOf(played);
    const consistency = checkHistory(history, simulation.service, asked);
    const verdict = judge(simulation, played, this.#log);
    const lost = isLost(simulation, verdict);
    return {
      scenario,
      simulation,
      played,
      history,
      consistency,
      verdict,
      lost,
      violations: [
        ...failureViolations(this.#failures),
        ...ofHistory(consistency, asked.property, played),
        ...ofUpdates(simulation, played, verdict, this.#updates),
        ...ofVerdict(verdict, scenario, lost),
        ...(mayLose(simulation) ? [] : repeatViolations(this.#repeats, played)),
        ...orderViolations(simulation, this.#deliveries),
      ],
    };
  }
}

/**
 * Where members come and go, nobody who is left has the state. Where only those who come back can have it, the first replica manager,
 * which keeps it, did not.
 */
function isLost({ settings, membership }: Simulation<AnyService>, { replicas }: Verdict): boolean {
  if (membership === 'dynamic') return !replicas.some(({ state }) => state === 'live');
  return settings.style.promises.returns?.(settings) === true && replicas[0]?.state === 'crashed';
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

function ofHistory(
  verdict: CheckVerdict,
  property: HistoryProperty,
  played: readonly PlayedRequest[],
): TrialViolation[] {
  if (verdict.verdict !== 'violated') return [];
  // the checkers hand back operations of the history that they were given
  const part = verdict.part as readonly ServiceOperation[];
  const stale = verdict.why === '' ? null : staleReadText(part, played);
  return [{ property, why: stale === null ? verdict.why : `${stale} ${verdict.why}`, part }];
}

/** What is lost and asked for again is executed again, on a state that others sent: that is nothing more. */
function mayLose({ settings: { style, replicas, tolerate, backups } }: Simulation<AnyService>): boolean {
  const { goesOnWithout, tolerates } = style.promises;
  return goesOnWithout !== undefined && goesOnWithout(replicas) > tolerates(replicas, tolerate, backups);
}

/** Where nobody has a state, its updates are not what is lost. */
function ofUpdates(
  simulation: Simulation<AnyService>,
  played: readonly PlayedRequest[],
  { agree }: Verdict,
  log: UpdateLog,
): TrialViolation[] {
  const replicas = simulation.standing();
  const found = lostUpdates(played, replicas, agree, log);
  if (found.lost === 0 || !replicas.some(({ state }) => state === 'live')) return [];
  return [{ property: 'lost update', why: lossText(found, replicas, log), part: [] }];
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

function simulationOf(
  service: AnyService,
  scenario: Scenario,
  { recordFates = false, coverage, handled }: TrialSettings,
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
    ...(handled === undefined ? {} : { handled }),
    trace: (event) => all?.record(event),
  });
}
