/**
 * What clients asked and were told, as an observer keeps it, and whether one copy of the service could have told them so.
 * Only who was answered before who asked is kept: calls that follow each other with no answer between them have no order,
 * nor have answers, so that ways which clients cannot tell apart lead to one state.
 */
import type { ReplicatedObject } from '../../machines/shared/object.js';
import type { Call, Outcome, Request } from '../../machines/shared/requests.js';
import { canonicalText } from './canonical.js';
import type { Observation, Observer } from './configuration.js';

interface Asked {
  readonly kind: 'called' | 'answered';
  /** `session#seq`, in alphabetical order, each with its outcome where it is answered. */
  readonly requests: readonly { readonly id: string; readonly outcome?: Outcome }[];
}

export type ClientHistory = readonly Asked[];

export const historyName = 'what clients saw';

export const clientHistory: Observer<ClientHistory> = {
  name: historyName,
  initial: [],
  observe(history, observation) {
    if (observation.type === 'reply')
      return observation.answers.reduce(
        (before, { session, seq, outcome }) => after(before, 'answered', { id: `${session}#${seq}`, outcome }),
        history,
      );
    return callsIn(observation).reduce(
      (before, { session, seq }) => after(before, 'called', { id: `${session}#${seq}` }),
      history,
    );
  },
};

function callsIn(observation: Observation): readonly Call[] {
  if (observation.type !== 'event' || observation.event.type !== 'call') return [];
  return (observation.event as unknown as { items: readonly Call[] }).items; // what front ends take as `call`
}

function after(history: ClientHistory, kind: Asked['kind'], request: Asked['requests'][number]): ClientHistory {
  const last = history.at(-1);
  if (last?.kind !== kind) return [...history, { kind, requests: [request] }];
  const requests = [...last.requests, request].sort((a, b) => (a.id < b.id ? -1 : 1));
  return [...history.slice(0, -1), { kind, requests }];
}

export const isAnswered = (history: ClientHistory, id: string): boolean =>
  history.some(({ kind, requests }) => kind === 'answered' && requests.some((request) => request.id === id));

export const answersIn = (history: ClientHistory): string[] =>
  history.flatMap(({ kind, requests }) => (kind === 'answered' ? requests.map(({ id }) => id) : []));

/**
 * Whether there is one order of the requests that gives these outcomes, in which each stands after those that were
 * answered before it was called; a request without an answer may have taken effect or not. Every order is tried, so this
 * is for the few requests of an exploration.
 */
export function isLinearizable<Value>(
  history: ClientHistory,
  object: ReplicatedObject<Value>,
  requestOf: (id: string) => Request,
): boolean {
  const before = new Map<string, readonly string[]>();
  const outcomes = new Map<string, string>();
  for (const { kind, requests } of history)
    for (const { id, outcome } of requests) {
      if (kind === 'called') before.set(id, [...outcomes.keys()]);
      else outcomes.set(id, canonicalText(outcome));
    }
  const search = (value: Value, done: readonly string[]): boolean => {
    if ([...outcomes.keys()].every((id) => done.includes(id))) return true;
    return [...before].some(([id, earlier]) => {
      if (done.includes(id) || !earlier.every((other) => done.includes(other))) return false;
      const { value: next, outcomes: given } = object.execute(value, [requestOf(id)]);
      const answer = outcomes.get(id);
      return (answer === undefined || answer === canonicalText(given[0])) && search(next, [...done, id]);
    });
  };
  return search(object.initial(), []);
}
