/**
 * What clients asked and were told, as an observer keeps it, and whether one copy of the service could have told them so.
 * Only who was answered before who asked is kept: calls that follow each other with no answer between them have no order,
 * nor have answers, so that ways which clients cannot tell apart lead to one state.
 */
import type { ReplicatedObject } from '../../machines/shared/object.js';
import type { Call, Outcome, Request } from '../../machines/shared/requests.js';
import type { Operation } from '../check/history.js';
import { linearizable } from '../check/linearizable.js';
import type { Model } from '../check/model.js';
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
 * Whether one copy of the object could have given these answers. Places in the history are the times; a request without an
 * answer may have taken effect or not.
 */
export function isLinearizable<Value>(
  history: ClientHistory,
  object: ReplicatedObject<Value>,
  requestOf: (id: string) => Request,
): boolean {
  const operations = new Map<string, Operation>();
  history.forEach(({ kind, requests }, time) => {
    for (const { id, outcome } of requests) {
      const asked = operations.get(id);
      if (kind === 'called')
        operations.set(id, { process: id, op: id, key: null, input: null, output: null, call: time, return: null });
      else if (asked !== undefined) operations.set(id, { ...asked, output: canonicalText(outcome), return: time });
    }
  });
  const model: Model<Value> = {
    name: object.name,
    operations: {},
    initial: () => object.initial(),
    apply(state, { op }) {
      const { value, outcomes } = object.execute(state, [requestOf(op)]);
      return { state: value, output: canonicalText(outcomes[0]) };
    },
    reads: () => false, // a query is not told from an update here: it changes nothing, and that is found out
    text: (state) => object.digest(state),
  };
  return linearizable([...operations.values()], model).verdict === 'holds';
}
