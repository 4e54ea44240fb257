/**
 * What the checkers say of a run so far, as the page shows it. Requests without an answer may have taken effect or not; when the run is
 * over, what else is amiss is said as well.
 */
import { requestId } from '../../../machines/shared/identifiers.js';
import type { Outcome } from '../../../machines/shared/requests.js';
import type { AnyService } from '../../service/index.js';
import type { PlayedRequest } from '../../simulate/plan.js';
import { historyOf, type ServiceOperation } from '../../simulate/service-history.js';
import { checkHistory, type HistoryProperty } from '../../simulate/trial.js';
import { outcomeText } from '../../trace/outcome.js';
import type { Operation, Verdict } from '../protocol.js';
import type { Recording } from './recording.js';

/** In at most so many ms, about. */
export function verdictOn(recording: Recording, property: HistoryProperty, milliseconds: number): Verdict {
  const { simulation, player } = recording.trial;
  const played = player.playedSoFar.toSorted((a, b) => a.calledAt - b.calledAt);
  const asked = { property, limits: { milliseconds } };
  const trial = recording.over ? recording.trial.assess(asked) : null;
  const history = trial?.history ?? historyOf(played);
  const checked = trial?.consistency ?? checkHistory(history, simulation.service, asked);
  const others = trial?.violations ?? [];
  const places = placesOf(history, played);
  const placeOf = (operation: unknown): number[] => places.get(operation) ?? [];
  const violated = checked.verdict === 'violated';
  const why = [
    ...(violated && others.length === 0 ? [checked.why] : []),
    ...(checked.verdict === 'unknown' ? [checked.why] : []),
    ...others.map((violation) => violation.why),
  ].filter((sentence) => sentence !== '');
  return {
    property,
    verdict: others.length > 0 ? 'violated' : checked.verdict,
    why,
    operations: played.map((request) => operationOf(request, simulation.service)),
    part: violated ? checked.part.flatMap(placeOf) : [],
    culprit: violated ? (placeOf(checked.impossible)[0] ?? null) : null,
  };
}

/** Which of those that were played each operation of the history is: those that were sent, in the same order. */
function placesOf(history: readonly ServiceOperation[], played: readonly PlayedRequest[]): Map<unknown, number[]> {
  const sent = played.flatMap(({ call }, place) => (call === null ? [] : [place]));
  return new Map(history.map((operation, i) => [operation, sent.slice(i, i + 1)]));
}

function operationOf(
  { client, op, args, call, calledAt, endedAt, answer, error }: PlayedRequest,
  service: AnyService,
): Operation {
  const ended = answer !== null || error !== null;
  return {
    request: call === null ? null : requestId(call.session, call.seq),
    client,
    kind: call?.kind ?? service.kindOf(op) ?? 'update',
    op,
    args,
    calledAt,
    answeredAt: ended ? endedAt : null,
    result: answer !== null ? resultOf(answer.outcome) : error !== null ? error.code : null,
  };
}

const resultOf = (outcome: Outcome): string =>
  outcomeText(outcome.ok ? { ...outcome } : { ok: false, error: { ...outcome.error } });
