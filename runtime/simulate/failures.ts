/** What a trial sees of nodes that stop: for a fault, or because the group goes on without them, and for no other reason. */
import type { Recorder, TraceEvent } from '../trace/format.js';
import type { TrialViolation } from './violation.js';

/** Why a node stops where nothing is wrong with it → what is counted of that. */
export const departures: Readonly<Record<string, string>> = { fault: 'crash', evicted: 'eviction', left: 'departure' };

export class FailureRecorder implements Recorder {
  /** The first, with its reason. */
  failed: { readonly node: string; readonly reason: string; readonly t: number } | null = null;

  record(event: TraceEvent): void {
    if (event.kind !== 'crashed' || event.reason in departures) return;
    this.failed ??= { node: event.node, reason: event.reason, t: event.t };
  }
}

/** A machine that throws takes its node with it, and looks like a crash that the style outlives. */
export function failureViolations({ failed }: FailureRecorder): TrialViolation[] {
  if (failed === null) return [];
  const why = `${failed.node} stopped of itself at ${Math.round(failed.t)} ms. ${failed.reason}`;
  return [{ property: 'failure', why, part: [] }];
}
