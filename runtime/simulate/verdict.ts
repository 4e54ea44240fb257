/**
 * Whether a run was right: an oracle for what each request should have been told, and whether the replicas agree.
 *
 * Where a style executes in one order at all replicas, the service itself, executed in that order, gives the answers.
 * Where it does not (`local`), an answer is wrong when it missed updates whose own answers came before it was asked,
 * and would have been another with them. Whole histories are for the consistency checkers, which come later.
 */
import { equal } from '../../machines/shared/equality.js';
import { requestId } from '../../machines/shared/identifiers.js';
import type { Outcome, Request } from '../../machines/shared/requests.js';
import type { ReplicaStatus } from '../cluster/standing.js';
import type { AnyService } from '../service/index.js';
import type { Recorder, TraceEvent } from '../trace/format.js';
import type { Simulation } from './simulation.js';
import type { PlayedRequest } from './workload.js';

export interface WrongReply {
  readonly request: string;
  readonly got: Outcome;
  readonly expected: Outcome;
  readonly by: readonly string[];
  /** Updates answered before this request was made, and not seen by who answered it. */
  readonly missed: readonly string[];
}

export interface Verdict {
  /** Every request answered, and rightly, and the live replicas agree. */
  readonly right: boolean;
  readonly unanswered: readonly { readonly request: string; readonly code: string; readonly message: string }[];
  readonly wrong: readonly WrongReply[];
  readonly replicas: readonly ReplicaStatus[];
  readonly agree: boolean;
  /** What was not right, and why, as sentences. */
  readonly reasons: readonly string[];
}

/** Keeps what each replica manager executed, in order: its own part of the trace. */
export class ExecutionLog implements Recorder {
  readonly executed = new Map<string, string[]>();

  record(event: TraceEvent): void {
    if (event.kind !== 'phase' || event.actor !== 'rm' || (event.phase !== 'EX' && event.phase !== 'AC')) return;
    const log = this.executed.get(event.node) ?? [];
    this.executed.set(event.node, log);
    log.push(...event.requests);
  }
}

export function judge<S extends AnyService>(
  simulation: Simulation<S>,
  played: readonly PlayedRequest[],
  log: ExecutionLog,
): Verdict {
  const replicas = simulation.replicas();
  const digests = new Set(replicas.filter(({ state }) => state === 'live').map(({ digest }) => digest));
  const agree = digests.size <= 1;
  const unanswered = played
    .filter(({ answer }) => answer === null || notOfTheService(answer.outcome))
    .map(({ client, op, call, error, answer }) => ({
      request: call === null ? `${client} ${op}` : requestId(call.session, call.seq),
      code: error?.code ?? (answer?.outcome.ok === false ? answer.outcome.error.code : ''),
      message: error?.message ?? (answer?.outcome.ok === false ? answer.outcome.error.message : ''),
    }));
  const wrong = wrongIn(simulation, played, log);
  const reasons = [
    ...(unanswered.length > 0 ? [`${unanswered.length} of ${played.length} requests have no answer.`] : []),
    ...(wrong.length > 0 ? [whyWrong(simulation, wrong)] : []),
    ...(agree ? [] : ['The live replicas do not agree: their states differ.']),
  ];
  return { right: reasons.length === 0, unanswered, wrong, replicas, agree, reasons };
}

/**
 * Where members come and go, and where a primary executes, whose queries see what is acknowledged and not what it executed last, no log
 * of one replica tells what the answers should have been: the consistency of the history does.
 */
function wrongIn<S extends AnyService>(
  { service, settings, membership }: Simulation<S>,
  played: readonly PlayedRequest[],
  log: ExecutionLog,
): WrongReply[] {
  if (membership === 'dynamic') return [];
  const { needs, promises } = settings.style;
  if (needs.deterministic) return againstOneOrder(service, played, log, settings.reads === 'one');
  return promises.consistency(settings) === 'none' ? againstWhatWasAnswered(service, played, log) : [];
}

/** Answers that the front end gave, not the service: nobody knows what became of the request. */
export function notOfTheService(outcome: Outcome): boolean {
  return !outcome.ok && (outcome.error.code === 'NO_AGREEMENT' || outcome.error.code === 'SESSION_EXPIRED');
}

function againstOneOrder(
  service: AnyService,
  played: readonly PlayedRequest[],
  log: ExecutionLog,
  readsAtOne: boolean,
): WrongReply[] {
  const calls = callsById(played);
  const ordered = (id: string): boolean => !readsAtOne || calls.get(id)?.call?.kind === 'update';
  const logs = [...log.executed.values()].map((ids) => ids.filter(ordered));
  const order = logs.reduce((longest, ids) => (ids.length > longest.length ? ids : longest), []);
  const expected = new Map<string, Outcome>();
  const readsAt = new Map<number, PlayedRequest[]>();
  for (const request of played) {
    if (!readsAtOne || request.answer === null || request.call?.kind !== 'query') continue;
    readsAt.set(request.answer.version, [...(readsAt.get(request.answer.version) ?? []), request]);
  }
  let value: unknown = service.initial();
  let version = 0;
  const answerReads = (): void => {
    for (const { call } of readsAt.get(version) ?? []) {
      if (call !== null) expected.set(requestId(call.session, call.seq), outcomeOf(service, value, call).outcome);
    }
  };
  answerReads();
  for (const id of order) {
    const call = calls.get(id)?.call;
    if (call === null || call === undefined) continue;
    const { outcome, value: next } = outcomeOf(service, value, call);
    expected.set(id, outcome);
    value = next;
    if (call.kind !== 'update') continue;
    version += 1;
    answerReads();
  }
  return wrongReplies(played, (id) => ({ expected: expected.get(id), missed: [] }));
}

function againstWhatWasAnswered(
  service: AnyService,
  played: readonly PlayedRequest[],
  log: ExecutionLog,
): WrongReply[] {
  const calls = callsById(played);
  const updates = [...calls].filter(([, { call, answer }]) => call?.kind === 'update' && answer !== null);
  const found = new Map<string, { expected: Outcome; missed: string[] }>();
  for (const [node, ids] of log.executed) {
    let value: unknown = service.initial();
    const seen = new Set<string>();
    for (const id of ids) {
      const request = calls.get(id);
      if (request?.call == null || seen.has(id)) continue; // whoever executed it passes it on as well
      if (request.answer?.by[0] === node && !found.has(id)) {
        const missed = updates.filter(([other, { endedAt }]) => endedAt < request.calledAt && !seen.has(other));
        const whole = missed.reduce(
          (state, [, { call }]) => (call === null ? state : outcomeOf(service, state, call).value),
          value,
        );
        found.set(id, {
          expected: outcomeOf(service, whole, request.call).outcome,
          missed: missed.map(([other]) => other),
        });
      }
      value = outcomeOf(service, value, request.call).value;
      seen.add(id);
    }
  }
  return wrongReplies(played, (id) => found.get(id) ?? { expected: undefined, missed: [] });
}

function wrongReplies(
  played: readonly PlayedRequest[],
  of: (id: string) => { expected: Outcome | undefined; missed: readonly string[] },
): WrongReply[] {
  const wrong: WrongReply[] = [];
  for (const { call, answer } of played) {
    if (call === null || answer === null || notOfTheService(answer.outcome)) continue;
    const request = requestId(call.session, call.seq);
    const { expected, missed } = of(request);
    const right = expected ?? { ok: false, error: { code: 'NOT_EXECUTED', message: 'no replica executed it' } };
    if (!equal(answer.outcome, right))
      wrong.push({ request, got: answer.outcome, expected: right, by: answer.by, missed });
  }
  return wrong;
}

function callsById(played: readonly PlayedRequest[]): Map<string, PlayedRequest> {
  const calls = new Map<string, PlayedRequest>();
  for (const request of played) {
    if (request.call !== null) calls.set(requestId(request.call.session, request.call.seq), request);
  }
  return calls;
}

function outcomeOf(service: AnyService, value: unknown, request: Request): { outcome: Outcome; value: unknown } {
  const { outcomes, value: next } = service.execute(value, [request]);
  return { outcome: outcomes[0] as Outcome, value: next }; // one request, one outcome
}

function whyWrong<S extends AnyService>(simulation: Simulation<S>, wrong: readonly WrongReply[]): string {
  const { settings, byzantine } = simulation;
  const count = `${wrong.length} ${wrong.length === 1 ? 'reply is' : 'replies are'} wrong`;
  if (wrong.some(({ missed }) => missed.length > 0)) {
    return `${count}: whoever answered had not seen updates that had been answered before. Replication "${settings.style.name}" promises no consistency.`;
  }
  if (byzantine.length === 0) return `${count}.`;
  if (settings.tolerate === 'crash') {
    const votes = settings.style.refuses({ tolerate: 'byzantine', reads: 'order', proxy: false }) === null;
    return `${count}: the first reply is taken, and ${byzantine.join(', ')} lied. ${votes ? 'With "tolerate byzantine" the replies are put to the vote.' : `Replication "${settings.style.name}" has no vote.`}`;
  }
  const tolerated = settings.style.promises.tolerates(settings.replicas, 'byzantine');
  return `${count}: the votes allowed it. ${settings.replicas} replicas outvote ${tolerated} ${tolerated === 1 ? 'liar' : 'liars'} (${tolerated + 1} equal replies are believed), and ${byzantine.length} lied: ${byzantine.join(', ')}.`;
}
