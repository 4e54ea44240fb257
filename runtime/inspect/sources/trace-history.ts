/**
 * What clients asked and were told as a trace tells it, for the checkers: of a live cluster as it happens, and of a file. They judge a
 * history by what one correct copy would have answered, from its first operation on: where that was not seen, or something after it was
 * missed, nothing is known.
 */
import type { Outcome, Request } from '../../../machines/shared/requests.js';
import type { Serializable } from '../../../machines/shared/serializable.js';
import type { Operation as HistoryOperation, Json } from '../../check/history.js';
import { linearizable } from '../../check/linearizable.js';
import type { Model } from '../../check/model.js';
import { sequential } from '../../check/sequential.js';
import type { CheckVerdict } from '../../check/verdict.js';
import { ChoraleError } from '../../errors.js';
import type { AnyService } from '../../service/index.js';
import { outputOf, Processes, serviceModel } from '../../simulate/service-history.js';
import type { HistoryProperty } from '../../simulate/trial.js';
import { notOfTheService } from '../../simulate/verdict.js';
import type { TraceEvent } from '../../trace/format.js';
import { outcomeText } from '../../trace/outcome.js';
import type { Operation, Verdict } from '../protocol.js';
import { wholeLines } from '../timeline/blocks.js';
import { linesOf, toldIn } from '../timeline/lines.js';

type Called = Extract<TraceEvent, { kind: 'called' }>;
type Answered = Extract<TraceEvent, { kind: 'answered' }>;

interface Asked {
  readonly request: string;
  readonly client: string;
  /** Of the client's node. */
  readonly incarnation: number;
  readonly op: string;
  readonly args: readonly Serializable[];
  readonly calledAt: number;
  answer: { readonly at: number; readonly outcome: Outcome } | null;
}

interface TraceHistorySettings {
  /** Null where nobody knows it: then nobody knows what it should have answered. */
  readonly service: AnyService | null;
  /** Operations that are kept: a check takes longer with each. */
  readonly most: number;
  /** That a check may take. */
  readonly milliseconds: number;
}

export class TraceHistory {
  readonly #settings: TraceHistorySettings;
  readonly #asked = new Map<string, Asked>();
  /** Why nothing can be said; null while something can. */
  #gap: string | null = null;

  constructor(settings: TraceHistorySettings) {
    this.#settings = settings;
    if (settings.service === null)
      this.break('Which service the trace is of is not known here, and so not what it should have answered.');
  }

  /** Goes up with all that it takes in. */
  changes = 0;

  take(event: TraceEvent): void {
    if (event.kind === 'called') this.#call(event);
    else if (event.kind === 'answered') this.#answer(event);
    else if (event.kind === 'missed') this.break('There was more than could be looked at.');
  }

  /** From now on it is not whole any more. */
  break(gap: string): void {
    this.#gap ??= gap;
  }

  verdict(property: HistoryProperty): Verdict {
    const { service, milliseconds } = this.#settings;
    const asked = [...this.#asked.values()];
    const operations = asked.map((each) => this.#shown(each));
    const nothing = { property, verdict: 'unknown', operations, part: [], culprit: null } as const;
    if (this.#gap !== null || service === null) return { ...nothing, why: [this.#gap ?? ''] };
    const processes = new Processes();
    const history = asked.map((each) => operationOf(each, processes));
    const surroundings = { used: false };
    const model = modelOf(service, surroundings);
    const limits = { milliseconds };
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

  #call({ t, id, requests, calls = [] }: Called): void {
    this.changes += 1;
    const { service } = this.#settings;
    for (const [place, request] of requests.entries()) {
      const call = calls[place];
      if (call === undefined) {
        this.break('The trace does not say what a request asks for.');
        continue;
      }
      if (service !== null && service.kindOf(call.op) === undefined)
        this.break(`The service "${service.name}" has no operation "${call.op}": the trace is of another.`);
      const client = request.slice(0, request.lastIndexOf('#'));
      this.#asked.set(request, { request, client, incarnation: incarnationIn(id), ...call, calledAt: t, answer: null });
    }
    this.#letGo();
  }

  #letGo(): void {
    const { most } = this.#settings;
    if (this.#asked.size <= most) return;
    this.break(`There are more than ${most.toLocaleString('en')} operations, and the check goes no further.`);
    for (const request of this.#asked.keys()) {
      if (this.#asked.size <= most) break;
      this.#asked.delete(request);
    }
  }

  #answer({ t, request, outcome }: Answered): void {
    const asked = this.#asked.get(request);
    if (asked === undefined || asked.answer !== null) return;
    asked.answer = { at: t, outcome: outcome as unknown as Outcome }; // the trace writes outcomes so
    this.changes += 1;
  }

  #shown({ request, client, op, args, calledAt, answer }: Asked): Operation {
    return {
      request,
      client,
      kind: this.#settings.service?.kindOf(op) ?? 'update',
      op,
      args,
      calledAt,
      answeredAt: answer?.at ?? null,
      result: answer === null ? null : outcomeText(answer.outcome as unknown as Serializable), // as above
    };
  }
}

/** Operations of a file, and ms for their check: they take nobody's time but that of who looks. */
const OF_A_FILE = { most: 20_000, milliseconds: 2_000 };

/** Reads a trace once more, for its requests alone. Where a line is none, what comes before it is judged. */
export async function historyOfFile(
  parts: AsyncIterable<Uint8Array>,
  service: AnyService | null,
): Promise<TraceHistory> {
  const history = new TraceHistory({ service, ...OF_A_FILE });
  const decoder = new TextDecoder();
  let number = 0;
  let begun = false;
  try {
    for await (const lines of wholeLines(parts)) {
      for (const line of linesOf(decoder.decode(lines))) {
        number += 1;
        if (!/"(called|answered|missed|view)"/.test(line)) continue; // most of a trace is of other kinds
        const told = toldIn(line, number);
        if (told === null || !('kind' in told)) continue;
        if (told.kind === 'view' && told.id === 1) begun = true; // a cluster's first deed
        if (told.kind === 'called' && !begun)
          history.break(
            'The trace begins later than its cluster, and a history is judged from its first operation on.',
          );
        history.take(told);
      }
    }
  } catch (error) {
    if (!(error instanceof ChoraleError)) throw error; // who shows the trace has told of it
  }
  return history;
}

/** Of `fe-1:2:c17`. */
const incarnationIn = (id: string): number => Number(id.split(':')[1]);

function operationOf(
  { client, incarnation, op, args, calledAt, answer }: Asked,
  processes: Processes,
): HistoryOperation {
  const returned = answer !== null && !notOfTheService(answer.outcome) ? answer : null;
  return {
    process: processes.of(client, incarnation, returned !== null),
    op,
    key: null,
    input: args as readonly Json[], // as the trace shows them
    output: returned === null ? null : outputOf(returned.outcome),
    call: calledAt,
    return: returned?.at ?? null,
  };
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
