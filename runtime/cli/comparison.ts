/**
 * One variant of a style, measured twice on the same requests and the same seed: in peace, which tells what a request costs
 * and which phases it goes through, and under faults, which tells what clients feel of them and what becomes of their updates.
 */
import { requestId } from '../../machines/shared/identifiers.js';
import type { Phase } from '../../machines/shared/phases.js';
import type { Consistency } from '../../machines/shared/style.js';
import { causal } from '../check/causal.js';
import type { CheckVerdict } from '../check/verdict.js';
import type { StyleName } from '../cluster/styles.js';
import type { Suits } from '../cluster/suits.js';
import type { AnyService } from '../service/index.js';
import { type Fault, parseFault } from '../simulate/faults.js';
import { type LostUpdates, lostUpdates, UpdateLog } from '../simulate/lost-updates.js';
import { historyOf, serviceModel } from '../simulate/service-history.js';
import { type Simulation, simulate } from '../simulate/simulation.js';
import { checkHistory } from '../simulate/trial.js';
import { notOfTheService } from '../simulate/verdict.js';
import { type PlannedRequest, type PlayedRequest, playInSlices } from '../simulate/workload.js';
import { CostCounter } from '../trace/costs.js';
import type { Recorder } from '../trace/format.js';
import { recordToAll } from '../trace/recorder.js';
import { FaultLog } from './fault-log.js';
import { longestSilence, type Silence } from './silence.js';
import type { Variant } from './variants.js';

/** What all variants have in common. Whether it suits a variant, `promisedBy` says. */
export interface Conditions {
  readonly service: AnyService;
  readonly requests: readonly PlannedRequest[];
  readonly replicas: number;
  /** Least and most ms of a frame. */
  readonly delay: readonly [number, number];
  /** ms. */
  readonly timeout: number;
  readonly seed: number;
}

/** Of the requests of one kind, in peace; null where none was answered. */
export interface KindCosts {
  /** The sequence that most of them went through, in the order of first entry, and how many other sequences there were. */
  readonly phases: readonly Phase[];
  readonly otherPhases: number;
  /** Means: messages sent for it, and message delays from call to answer. */
  readonly messages: number;
  readonly delays: number;
}

export interface InPeace extends Silence {
  readonly update: KindCosts | null;
  readonly query: KindCosts | null;
  /** Messages of acknowledgements and stability only, all in all: they are in none of the means. */
  readonly control: number;
  /** ms: the last answer. */
  readonly endedAt: number;
}

export interface CheckedConsistency {
  /** The strongest that the history was found to have; null where it was found to have none. */
  readonly holds: Checked | null;
  /** Those that it has not, and those of which the search did not find out. */
  readonly refuted: readonly Checked[];
  readonly unknown: readonly Checked[];
}

type Checked = Exclude<Consistency, 'none'>;

export interface UnderFaults extends Silence {
  /** Updates that were answered, and of these those that no live replica has: at least so many, and those known by name. */
  readonly answered: number;
  readonly lost: number;
  readonly lostRequests: readonly string[];
  readonly consistency: CheckedConsistency;
  readonly unanswered: number;
  /** The live replicas have come to the same state. */
  readonly agree: boolean;
  /** Faults whose moment did not come: this style has no such phase, or the run was over. */
  readonly neverCame: readonly string[];
  /** Why it did not keep what the style promises; null where it did. */
  readonly broken: string | null;
}

export function* measureInPeace(variant: Variant, conditions: Conditions): Generator<void, InPeace> {
  const costs = new CostCounter();
  const simulation = simulationOf(variant, conditions, [], [costs]);
  const played = yield* playInSlices(simulation, conditions.requests, conditions);
  const answered = played.filter(isAnswered);
  return {
    update: kindCosts(answered, 'update', costs),
    query: kindCosts(answered, 'query', costs),
    control: costs.control,
    endedAt: answered.reduce((last, { endedAt }) => Math.max(last, endedAt), 0),
    ...longestSilence(waits(played)),
  };
}

export function* measureUnderFaults(
  variant: Variant,
  conditions: Conditions,
  faults: readonly string[],
): Generator<void, UnderFaults> {
  const { service } = conditions;
  const log = new UpdateLog();
  const faultLog = new FaultLog();
  let struck = Number.POSITIVE_INFINITY;
  const strokes: Recorder = {
    record({ kind, t }) {
      if (kind === 'crashed' || kind === 'fault') struck = Math.min(struck, t);
    },
  };
  const simulation = simulationOf(variant, conditions, faults, [log, faultLog, strokes]);
  const played = yield* playInSlices(simulation, conditions.requests, conditions);
  const live = simulation.replicas().filter(({ state }) => state === 'live');
  const agree = new Set(live.map(({ digest }) => digest)).size <= 1;
  const updates = lostUpdates(played, simulation.standing(), agree, log);
  const measured = {
    ...longestSilence(waits(played), Number.isFinite(struck) ? struck : 0),
    ...counted(
      updates,
      played,
      live.length > 0 || simulation.settings.style.promises.returns?.(simulation.settings) !== true,
    ),
    unanswered: played.filter((request) => !isAnswered(request)).length,
    neverCame: faultLog.neverCame(faults),
    agree,
  };
  yield;
  const consistency = yield* checked(played, service);
  return { ...measured, consistency, broken: broken({ ...measured, consistency }, simulation, faults) };
}

/** `gone`: false where what no live replica has is not lost: it is in the log of one that can come back. */
function counted(
  { lost, missing, named }: LostUpdates,
  played: readonly PlayedRequest[],
  gone: boolean,
): Pick<UnderFaults, 'answered' | 'lost' | 'lostRequests'> {
  const answered = played.filter((request) => request.call?.kind === 'update' && isAnswered(request)).length;
  if (!gone) return { answered, lost: 0, lostRequests: [] };
  return {
    answered,
    lost: Math.max(lost, missing),
    lostRequests: named.map(({ call }) => requestId(call.session, call.seq)),
  };
}

/**
 * What the style promises, for what goes together.
 * Errors: SETTINGS_INVALID, STYLE_UNSUITED, INPUT_INVALID (a fault): the style, settings, service and faults do not.
 */
export function promisedBy(variant: Variant, conditions: Conditions, faults: readonly string[]): Consistency {
  const { settings } = simulationOf(variant, conditions, faults, []);
  return settings.style.promises.consistency(settings);
}

const isAnswered = ({ answer }: PlayedRequest): boolean => answer !== null && !notOfTheService(answer.outcome);

const waits = (played: readonly PlayedRequest[]) =>
  played.map((request) => ({ ...request, answered: isAnswered(request) }));

function simulationOf(
  { settings }: Variant,
  { service, replicas, delay, timeout, seed }: Conditions,
  faults: readonly string[],
  recorders: readonly Recorder[],
): Simulation<AnyService> {
  const all = recordToAll(recorders);
  // The type of a module that was just loaded is not known: whether it suits the style is checked by its values.
  return simulate(service as AnyService & Suits<AnyService, StyleName>, {
    ...settings,
    replicas,
    delay,
    timeout,
    seed,
    faults,
    trace: (event) => all?.record(event),
  });
}

function kindCosts(answered: readonly PlayedRequest[], kind: string, costs: CostCounter): KindCosts | null {
  const of = answered.flatMap(({ call }) => (call?.kind === kind ? [costs.of(requestId(call.session, call.seq))] : []));
  if (of.length === 0) return null;
  const sequences = new Map<string, { readonly phases: readonly Phase[]; times: number }>();
  for (const { phases } of of) {
    const sequence = sequences.get(phases.join()) ?? { phases, times: 0 };
    sequences.set(phases.join(), sequence);
    sequence.times += 1;
  }
  const [most] = [...sequences.values()].sort((a, b) => b.times - a.times);
  const mean = (figure: (request: (typeof of)[number]) => number): number =>
    of.reduce((sum, request) => sum + figure(request), 0) / of.length;
  return {
    phases: most?.phases ?? [],
    otherPhases: sequences.size - 1,
    messages: mean(({ messages }) => messages),
    delays: mean(({ delays }) => delays ?? 0),
  };
}

/** ms for each property. */
const CHECKED_WITHIN = 2_000;

/** From the strongest on, until one holds. */
function* checked(played: readonly PlayedRequest[], service: AnyService): Generator<void, CheckedConsistency> {
  const history = historyOf(played);
  const limits = { milliseconds: CHECKED_WITHIN };
  const checks: readonly [Checked, () => CheckVerdict][] = [
    ['linearizable', () => checkHistory(history, service, { property: 'linearizable', limits })],
    ['sequential', () => checkHistory(history, service, { property: 'sequential', limits, quick: true })],
    ['causal', () => causal(history, serviceModel(service), limits)],
  ];
  const refuted: Checked[] = [];
  const unknown: Checked[] = [];
  for (const [property, check] of checks) {
    const { verdict } = check();
    if (verdict === 'holds') return { holds: property, refuted, unknown };
    (verdict === 'violated' ? refuted : unknown).push(property);
    yield;
  }
  return { holds: null, refuted, unknown };
}

/** Where a promise was broken, the sentence that says which. Past what a style outlives, it has promised nothing. */
function broken(
  { consistency, lost, unanswered }: Pick<UnderFaults, 'consistency' | 'lost' | 'unanswered'>,
  { settings }: Simulation<AnyService>,
  faults: readonly string[],
): string | null {
  const { style, replicas, tolerate, backups } = settings;
  const parsed = faults.map(parseFault);
  const crashed = new Set(parsed.flatMap((fault) => (fault.kind === 'crash' && isReplica(fault) ? [fault.node] : [])));
  const liars = new Set(parsed.flatMap((fault) => (isLie(fault) ? [fault.node] : [])));
  if (liars.size > (tolerate === 'byzantine' ? style.promises.tolerates(replicas, tolerate) : 0)) return null;
  const promised = style.promises.consistency(settings);
  if (promised !== 'none' && consistency.refuted.includes(promised))
    return `it promises a history that is ${promised}, and this one is not`;
  const tolerated = style.promises.tolerates(replicas, tolerate, backups);
  if (new Set([...crashed, ...liars]).size > tolerated) return null;
  const outlives = `it promises to outlive ${tolerated} of ${replicas} replicas`;
  if (lost > 0) return `${outlives}, and answered updates were lost`;
  // Nobody promises answers while the network, a front end or a service beside the replicas fails.
  const replicasOnly = parsed.every((fault) => isLie(fault) || isReplica(fault));
  return unanswered > 0 && replicasOnly ? `${outlives}, and requests were not answered` : null;
}

const isReplica = (fault: Fault): fault is Fault & { kind: 'crash' | 'recover' } =>
  (fault.kind === 'crash' || fault.kind === 'recover') && fault.node.startsWith('rm-');

const isLie = (fault: Fault): fault is Fault & { kind: 'lie' | 'equivocate' | 'silent' } =>
  fault.kind === 'lie' || fault.kind === 'equivocate' || fault.kind === 'silent';
