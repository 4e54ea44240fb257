/** What a trial sees of executions: no replica manager executes a request twice. */
import { requestId } from '../../machines/shared/identifiers.js';
import type { Recorder, TraceEvent } from '../trace/format.js';
import type { TrialViolation } from './violation.js';
import type { PlayedRequest } from './workload.js';

/** No replica executes an update twice (CC-6). */
export function repeatViolations({ repeated }: RepeatRecorder, played: readonly PlayedRequest[]): TrialViolation[] {
  for (const { call } of played) {
    if (call?.kind !== 'update') continue;
    const id = requestId(call.session, call.seq);
    const node = repeated.get(id);
    if (node !== undefined) return [{ property: 'exactly once', why: `${node} executed ${id} twice.`, part: [] }];
  }
  return [];
}

/** Requests that some node executed twice. Whoever executed one for a client may agree on it with the others later. */
export class RepeatRecorder implements Recorder {
  readonly repeated = new Map<string, string>();
  /** Node → phases and requests. */
  readonly #executed = new Map<string, Set<string>>();

  record(event: TraceEvent): void {
    // What the next incarnation executes, it executes on a state that others sent it.
    if (event.kind === 'crashed') this.#executed.delete(event.node);
    if (event.kind !== 'phase' || event.actor !== 'rm' || (event.phase !== 'EX' && event.phase !== 'AC')) return;
    const executed = this.#executed.get(event.node) ?? new Set();
    this.#executed.set(event.node, executed);
    for (const id of event.requests) {
      const once = `${event.phase} ${id}`;
      if (executed.has(once)) this.repeated.set(id, event.node);
      executed.add(once);
    }
  }
}
