/**
 * What the clients of a live cluster asked and were told, for the checkers. They judge a history by what one correct copy would have
 * answered, from its first operation on: where that was not seen, or something after it was missed, nothing is known.
 */
import type { Outcome, Request } from '../../../machines/shared/requests.js';
import type { Serializable } from '../../../machines/shared/serializable.js';
import type { Operation as HistoryOperation, Json } from '../../check/history.js';
import { linearizable } from '../../check/linearizable.js';
import type { Model } from '../../check/model.js';
import { sequential } from '../../check/sequential.js';
import type { CheckVerdict } from '../../check/verdict.js';
import type { AnyService } from '../../service/index.js';
import { serviceModel } from '../../simulate/service-history.js';
import type { HistoryProperty } from '../../simulate/trial.js';
import type { TraceEvent } from '../../trace/format.js';
import { outcomeText } from '../../trace/outcome.js';
import type { Operation, Verdict } from '../protocol.js';

/** Operations that are kept: a check takes longer with each, and the cluster waits for it. */
const MOST = 2_000;
/** ms that a check may take of the cluster's time. */
const LIMIT = 50;

type Called = Extract<TraceEvent, { kind: 'called' }>;
type Answered = Extract<TraceEvent, { kind: 'answered' }>;

interface Asked {
  readonly request: string;
  readonly client: string;
  readonly op: string;
  readonly args: readonly Serializable[];
  readonly calledAt: number;
  answer: { readonly at: number; readonly outcome: Serializable } | null;
}

export class LiveHistory {
  readonly #service: AnyService;
  readonly #asked = new Map<string, Asked>();
  /** Why nothing can be said; null while something can. */
  #gap: string | null;

  /** `gap`: what was before this history began; null where nothing was. */
  constructor(service: AnyService, gap: string | null) {
    this.#service = service;
    this.#gap = gap;
  }

  /** Goes up with all that it takes in. */
  changes = 0;

  take(event: TraceEvent): void {
    if (event.kind === 'called') this.#call(event);
    else if (event.kind === 'answered') this.#answer(event);
  }

  /** From now on it is not whole any more. */
  break(gap: string): void {
    this.#gap ??= gap;
  }

  verdict(property: HistoryProperty): Verdict {
    const asked = [...this.#asked.values()];
    const operations = asked.map((each) => this.#shown(each));
    const nothing = { property, verdict: 'unknown', operations, part: [], culprit: null } as const;
    if (this.#gap !== null) return { ...nothing, why: [this.#gap] };
    const history = asked.map(operationOf);
    const surroundings = { used: false };
    const model = modelOf(this.#service, surroundings);
    const limits = { milliseconds: LIMIT };
    const found: CheckVerdict =
      property === 'linearizable' ? linearizable(history, model, limits) : sequential(history, model, limits);
    if (surroundings.used)
      return {
        ...nothing,
        why: ['An operation takes time or chance from its request, which the trace does not tell.'],
      };
    if (found.verdict === 'holds') return { ...nothing, verdict: 'holds', why: [] };
    if (found.verdict === 'unknown') return { ...nothing, why: [found.why] };
    return {
      ...nothing,
      verdict: 'violated',
      why: [found.why],
      part: found.part.map((each) => history.indexOf(each)).sort((a, b) => a - b),
      culprit: history.indexOf(found.impossible),
    };
  }

  #call({ t, requests, calls = [] }: Called): void {
    this.changes += 1;
    for (const [place, request] of requests.entries()) {
      const call = calls[place];
      if (call === undefined) this.break('The trace does not say what a request asks for.');
      else this.#asked.set(request, { request, client: clientOf(request), ...call, calledAt: t, answer: null });
    }
    if (this.#asked.size <= MOST) return;
    this.break(`There are more than ${MOST} operations, and the check of a live cluster goes no further.`);
    for (const request of this.#asked.keys()) {
      if (this.#asked.size <= MOST) break;
      this.#asked.delete(request);
    }
  }

  #answer({ t, request, outcome }: Answered): void {
    const asked = this.#asked.get(request);
    if (asked === undefined || asked.answer !== null) return;
    asked.answer = { at: t, outcome };
    this.changes += 1;
  }

  #shown({ request, client, op, args, calledAt, answer }: Asked): Operation {
    return {
      request,
      client,
      kind: this.#service.kindOf(op) ?? 'update',
      op,
      args,
      calledAt,
      answeredAt: answer?.at ?? null,
      result: answer === null ? null : outcomeText(answer.outcome),
    };
  }
}

const clientOf = (request: string): string => request.slice(0, request.lastIndexOf('#'));

function operationOf({ client, op, args, calledAt, answer }: Asked): HistoryOperation {
  return {
    process: client,
    op,
    key: null,
    input: args as readonly Json[], // as the trace shows them
    output: answer === null ? null : outputOf(answer.outcome as unknown as Outcome), // the trace writes outcomes so
    call: calledAt,
    return: answer?.at ?? null,
  };
}

function outputOf(outcome: Outcome): Json {
  if (!outcome.ok) return { error: outcome.error.code };
  return (outcome.value ?? null) as Json; // as JSON shows it
}

/** The service as its own model. Time and chance are its requests' own, which nobody has here: whether they are asked for is noted. */
function modelOf(service: AnyService, surroundings: { used: boolean }): Model {
  const note = (): number => {
    surroundings.used = true;
    return 0;
  };
  return {
    ...serviceModel(service),
    apply(state, { op, input }) {
      const request = {
        session: 'client',
        seq: 1,
        after: 0,
        kind: service.kindOf(op),
        op,
        args: input,
        get at() {
          return note();
        },
        get seed() {
          return note();
        },
      };
      // kind, op and arguments are those of a request that the service has answered
      const { outcomes, value } = service.execute(state, [request as unknown as Request]);
      return { state: value, output: outputOf(outcomes[0] as Outcome) }; // one request, one outcome
    },
  };
}
