/**
 * What requests cost, read off a trace: messages between nodes, message delays from call to answer, and the phases in
 * the order in which each was first entered (FN-2, MC-12).
 *
 * Every message has a cause, so it leads back to a call, and its depth is the number of messages on the way. Requests
 * that travelled in one call share its messages. A message that was gathered from several, or released by a later one,
 * leads back to one of them only: totals and means are exact, and a single request's share is where nothing was batched.
 */
import type { Phase } from '../../machines/shared/phases.js';
import type { CauseId, Recorder, TraceEvent } from './format.js';

export interface RequestCosts {
  /** In the order of first entry, anywhere. */
  readonly phases: Phase[];
  /** Message delays between call and answer; null while there is no answer. */
  delays: number | null;
  /** Its share of the messages sent for its call, acknowledgements left out. */
  readonly messages: number;
}

interface Call {
  readonly requests: readonly string[];
  messages: number;
}

export class CostCounter implements Recorder {
  /** Messages of all kinds between nodes. */
  messages = 0;
  /** Those of them that carry acknowledgements and stability only. */
  control = 0;
  readonly #callOf = new Map<string, Call>();
  readonly #chains = new Map<CauseId, { readonly call: Call | null; readonly depth: number }>();
  readonly #phases = new Map<string, Phase[]>();
  readonly #delays = new Map<string, number>();

  record(event: TraceEvent): void {
    switch (event.kind) {
      case 'called': {
        const call: Call = { requests: event.requests, messages: 0 };
        this.#chains.set(event.id, { call, depth: 0 });
        for (const request of event.requests) this.#callOf.set(request, call);
        break;
      }
      case 'sent': {
        this.messages += 1;
        const before = event.cause === undefined ? undefined : this.#chains.get(event.cause);
        const call = before?.call ?? null;
        this.#chains.set(event.id, { call, depth: (before?.depth ?? 0) + 1 });
        if (event.control) this.control += 1;
        else if (call !== null) call.messages += 1;
        break;
      }
      case 'phase':
        for (const request of event.requests) {
          const seen = this.#phases.get(request);
          if (seen === undefined) this.#phases.set(request, [event.phase]);
          else if (!seen.includes(event.phase)) seen.push(event.phase);
        }
        break;
      case 'answered':
        this.#delays.set(event.request, event.cause === undefined ? 0 : (this.#chains.get(event.cause)?.depth ?? 0));
        break;
    }
  }

  of(request: string): RequestCosts {
    const call = this.#callOf.get(request);
    return {
      phases: this.#phases.get(request) ?? [],
      delays: this.#delays.get(request) ?? null,
      messages: call === undefined ? 0 : call.messages / call.requests.length,
    };
  }
}
