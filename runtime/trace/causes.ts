/**
 * Why a client was answered as it was, read off a trace: the chain of messages from the answer back to a call, and of
 * given other requests, where they were when the answer was made by a replica that had not executed them.
 *
 * A trace has one cause for each thing (docs/trace.md): where requests share a way, the chain may end in the call of
 * another client, whose message took this request along or let it through.
 */
import type { CauseId, TraceEvent } from './format.js';
import { outcomeText } from './outcome.js';

type Of<Kind extends TraceEvent['kind']> = Extract<TraceEvent, { kind: Kind }>;

/** One step of a chain, newest first: the answer, messages, a call. */
export interface CausalStep {
  readonly event: Of<'answered'> | Of<'sent'> | Of<'called'>;
  /** Of a message: when it arrived, ms; null where the trace does not say. */
  readonly arrived: number | null;
  /** Phases that requests entered at its sender before it left, in handling what caused it: `SC EX END client-1#2`. */
  readonly did: readonly string[];
}

/** Where a request was, from the point of view of a replica that had not executed it. */
export interface Unseen {
  readonly request: string;
  /** The replica manager that answered without it, and when it did, ms. */
  readonly by: string;
  readonly answeredAt: number;
  /** When that one executed it after all, ms; null: it never did. */
  readonly executedAt: number | null;
  /** The message that brought it there; null where none did, or its client's own did. */
  readonly message: Of<'sent'> | null;
  /** Where it had been executed by then, and when, ms. */
  readonly elsewhere: readonly { readonly node: string; readonly t: number }[];
}

/** The first time that a replica manager executed a request. */
interface Execution {
  readonly t: number;
  /** Its place among all of the trace. */
  readonly place: number;
  readonly cause: CauseId | undefined;
}

/** A trace, so that causes can be looked up in it. */
export class CausalIndex {
  readonly #origins = new Map<CauseId, Of<'sent'> | Of<'called'>>();
  readonly #arrivals = new Map<CauseId, number>();
  readonly #answers = new Map<string, Of<'answered'>>();
  /** By cause and node. */
  readonly #phases = new Map<string, Of<'phase'>[]>();
  /** By request, and by the node that executed it. */
  readonly #executions = new Map<string, Map<string, Execution>>();
  #count = 0;

  constructor(events: readonly TraceEvent[]) {
    for (const event of events) this.#add(event);
  }

  /** The chain of a request's answer; empty where there is none. */
  chain(request: string): CausalStep[] {
    const answer = this.#answers.get(request);
    if (answer === undefined) return [];
    const steps: CausalStep[] = [{ event: answer, arrived: null, did: [] }];
    for (let cause = answer.cause; cause !== undefined; ) {
      const origin = this.#origins.get(cause);
      if (origin === undefined) break;
      const arrived = this.#arrivals.get(origin.id) ?? null;
      steps.push({ event: origin, arrived, did: origin.kind === 'sent' ? this.#didBefore(origin) : [] });
      cause = origin.kind === 'sent' ? origin.cause : undefined;
    }
    return steps;
  }

  /** Of the others, those that a replica manager whose word `request` was answered with had not executed by then. */
  unseen(request: string, others: readonly string[]): Unseen[] {
    const found: Unseen[] = [];
    for (const by of this.#answers.get(request)?.by ?? []) {
      const own = this.#executed(request, by);
      if (own === undefined) continue;
      for (const other of others) {
        const execution = this.#executed(other, by);
        if (other === request || (execution !== undefined && execution.place < own.place)) continue;
        const brought = execution?.cause === undefined ? undefined : this.#origins.get(execution.cause);
        const elsewhere = [...(this.#executions.get(other) ?? [])].filter(([, { place }]) => place < own.place);
        found.push({
          request: other,
          by,
          answeredAt: own.t,
          executedAt: execution?.t ?? null,
          message: brought?.kind === 'sent' ? brought : null,
          elsewhere: elsewhere.map(([node, { t }]) => ({ node, t })),
        });
      }
    }
    return found;
  }

  #add(event: TraceEvent): void {
    switch (event.kind) {
      case 'called':
      case 'sent':
        this.#origins.set(event.id, event);
        break;
      case 'received':
        this.#arrivals.set(event.id, event.t);
        break;
      case 'answered':
        this.#answers.set(event.request, event);
        break;
      case 'phase':
        push(this.#phases, `${event.cause} ${event.node}`, event);
        if (event.actor === 'rm' && (event.phase === 'EX' || event.phase === 'AC')) this.#execute(event);
    }
  }

  #execute({ node, t, cause, requests }: Of<'phase'>): void {
    for (const request of requests) {
      const nodes = this.#executions.get(request) ?? new Map<string, Execution>();
      this.#executions.set(request, nodes);
      this.#count += 1;
      if (!nodes.has(node)) nodes.set(node, { t, place: this.#count, cause });
    }
  }

  #didBefore({ cause, node, t }: Of<'sent'>): string[] {
    const did = new Map<string, string[]>();
    for (const event of this.#phases.get(`${cause} ${node}`) ?? [])
      if (event.t <= t) push(did, event.requests.join(' '), event.phase);
    return [...did].map(([requests, phases]) => `${phases.join(' ')} ${requests}`);
  }

  #executed(request: string, node: string): Execution | undefined {
    return this.#executions.get(request)?.get(node);
  }
}

/** The events that concern these requests: their own, and the messages that their calls led to. */
export function concerning(events: readonly TraceEvent[], requests: readonly string[]): TraceEvent[] {
  const wanted = new Set(requests);
  const led = new Map<CauseId, boolean>();
  return events.filter((event) => {
    const own =
      ('requests' in event && event.requests.some((request) => wanted.has(request))) ||
      (event.kind === 'answered' && wanted.has(event.request));
    const follows = event.cause !== undefined && led.get(event.cause) === true;
    if (event.kind === 'called') led.set(event.id, own);
    if (event.kind === 'sent') led.set(event.id, follows);
    if (event.kind === 'received') return led.get(event.id) === true;
    if (event.kind === 'phase') return own;
    return own || follows || event.kind === 'fault' || event.kind === 'crashed' || event.kind === 'recovered';
  });
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key) ?? [];
  map.set(key, values);
  values.push(value);
}

/** The chain as lines, the answer first, as a stack trace has it. */
export function chainLines(steps: readonly CausalStep[]): string[] {
  return steps.map(({ event, arrived, did }) => {
    switch (event.kind) {
      case 'answered':
        return `${event.request} answered ${outcomeText(event.outcome)} at ${event.node}, ${ms(event.t)}`;
      case 'called':
        return `← call of ${event.requests.join(', ')} at ${event.node}, ${ms(event.t)}`;
      default: {
        const when = arrived === null ? `sent at ${ms(event.t)}` : `${event.t.toFixed(1)} to ${ms(arrived)}`;
        const before = did.length === 0 ? '' : ` (${did.join(', ')})`;
        return `← ${event.type} from ${event.node}, ${when}${before}`;
      }
    }
  });
}

/** One sentence. */
export function unseenText({ request, by, answeredAt, executedAt, message, elsewhere }: Unseen): string {
  const others = elsewhere.map(({ node, t }) => `${node} at ${ms(t)}`).join(', ');
  const known = others === '' ? 'nobody had executed it then' : `executed by then: ${others}`;
  const later = executedAt === null ? `${by} never executed it` : `${by} executed it at ${ms(executedAt)}`;
  const way =
    message === null
      ? ''
      : message.t > answeredAt
        ? `; its ${message.type} from ${message.node} was not sent until ${ms(message.t)}`
        : `; its ${message.type} from ${message.node} had been on the way since ${ms(message.t)}`;
  return `${by} had not executed ${request} at ${ms(answeredAt)}: ${known}${way}; ${later}`;
}

const ms = (time: number): string => `${time.toFixed(1)} ms`;
