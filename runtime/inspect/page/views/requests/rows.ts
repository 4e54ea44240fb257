/** The requests of a run as rows of a list: whose, what, through which phases, with what answer. */
import { kindNumber, NONE } from '../../../timeline/chunk.js';
import type { Timeline } from '../../../timeline/timeline.js';

type PhaseName = 'RE' | 'SC' | 'EX' | 'AC' | 'END';

/** A phase of a request as a whole: at the actor that came to it first. */
interface PhaseBar {
  readonly phase: PhaseName;
  /** Index of its event. */
  readonly index: number;
  /** ms. */
  readonly from: number;
  readonly to: number;
}

export interface RequestRow {
  readonly request: string;
  readonly client: string;
  /** As in `deposit("x", 3)`; null where the trace does not say. */
  readonly call: string | null;
  /** ms; null where the call is not in the trace. */
  readonly calledAt: number | null;
  /** Null while there is no answer, or before the moment that is looked at. */
  readonly answeredAt: number | null;
  /** Index of the event with the answer; NONE while there is none. */
  readonly answer: number;
  readonly phases: readonly PhaseBar[];
  readonly result: string | null;
  readonly failed: boolean;
  /** Nodes that the answer was taken from. */
  readonly by: readonly string[];
}

const names: readonly string[] = ['RE', 'SC', 'EX', 'AC', 'END'] satisfies readonly PhaseName[];
const isPhase = (word: string): word is PhaseName => names.includes(word);

/** As it stood at a place. */
export function rowOf(timeline: Timeline, request: number, place: number): RequestRow {
  const name = timeline.text(request);
  const first = new Map<PhaseName, number>();
  let called = NONE;
  let answer = NONE;
  for (const index of timeline.eventsOf(request)) {
    if (index >= place) break;
    const kind = timeline.kind.at(index);
    if (kind === kindNumber.called) called = index;
    if (kind === kindNumber.answered) answer = index;
    const word = timeline.text(timeline.word.at(index));
    if (kind === kindNumber.phase && isPhase(word) && !first.has(word)) first.set(word, index);
  }
  const now = place === 0 ? 0 : timeline.t.at(place - 1);
  const outcome = outcomeAt(timeline, answer);
  return {
    request: name,
    client: name.slice(0, Math.max(0, name.lastIndexOf('#'))),
    call: callText(timeline, called, name),
    calledAt: called === NONE ? null : timeline.t.at(called),
    answeredAt: answer === NONE ? null : timeline.t.at(answer),
    answer,
    phases: bars(timeline, first, answer === NONE ? now : timeline.t.at(answer)),
    result: outcome?.text ?? null,
    failed: outcome?.failed ?? false,
    by: outcome?.by ?? [],
  };
}

/** Each lasts until the next begins, and the last until the answer; agreement can begin after that. */
function bars(timeline: Timeline, first: ReadonlyMap<PhaseName, number>, end: number): PhaseBar[] {
  const begun = [...first].sort(([, a], [, b]) => a - b);
  return begun.map(([phase, index], place) => {
    const next = begun[place + 1];
    const from = timeline.t.at(index);
    const to = next === undefined ? Math.max(from, end) : timeline.t.at(next[1]);
    return { phase, index, from, to };
  });
}

function callText(timeline: Timeline, called: number, request: string): string | null {
  const event = called === NONE ? undefined : timeline.whole(called);
  if (event?.kind !== 'called') return null;
  const call = event.calls?.[event.requests.indexOf(request)];
  if (call === undefined) return null;
  return `${call.op}(${call.args.map(valueText).join(', ')})`;
}

function outcomeAt(
  timeline: Timeline,
  answer: number,
): { readonly text: string; readonly failed: boolean; readonly by: readonly string[] } | null {
  const event = answer === NONE ? undefined : timeline.whole(answer);
  if (event?.kind !== 'answered') return null;
  const { outcome, by } = event;
  if (typeof outcome !== 'object' || outcome === null || !('ok' in outcome))
    return { text: valueText(outcome), failed: false, by };
  if (outcome.ok === true) return { text: 'value' in outcome ? valueText(outcome.value) : 'done', failed: false, by };
  const error = 'error' in outcome ? outcome.error : null;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : error;
  return { text: typeof code === 'string' ? code : valueText(code), failed: true, by };
}

/** A value as JSON, short. */
export function valueText(value: unknown): string {
  if (value === undefined) return 'done';
  const text = JSON.stringify(value) ?? 'done';
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

export const isAnswered = (timeline: Timeline, request: number, place: number): boolean =>
  timeline.eventsOf(request).some((index) => index < place && timeline.kind.at(index) === kindNumber.answered);

/** The requests (words) that had come by a place, in the order in which they came. */
export function requestsBy(timeline: Timeline, place: number): number[] {
  const requests: number[] = [];
  for (const request of timeline.requests()) {
    const first = timeline.eventsOf(request)[0];
    if (first !== undefined && first < place) requests.push(request);
  }
  return requests;
}
