/**
 * The trace: one event a line, as JSON, the same from a simulation and from real processes. docs/trace.md explains it.
 */

import type { Phase } from '../../machines/shared/phases.js';
import type { Serializable } from '../../machines/shared/serializable.js';
import type { VectorTimestamp } from '../../machines/shared/vector-timestamp.js';

export const TRACE_VERSION = 1;

/** Identifies one message (`rm-1:1:17`) or call (`fe-1:1:c3`) for all time: node, incarnation, count. */
export type CauseId = string;

interface At {
  /** ms on the trace's clock. */
  readonly t: number;
  readonly node: string;
  readonly actor?: string | undefined;
  /** The message or call whose handling this is part of; for a timer, the one whose handling set it. */
  readonly cause?: CauseId | undefined;
}

export type TraceEvent =
  | (At & {
      readonly kind: 'called';
      readonly id: CauseId;
      readonly requests: readonly string[];
      /** What each of them asks for. */
      readonly calls?: readonly { readonly op: string; readonly args: readonly Serializable[] }[];
    })
  | (At & {
      readonly kind: 'sent';
      readonly id: CauseId;
      readonly to: string;
      readonly type: string;
      readonly items: number;
      readonly control?: true | undefined;
    })
  | (At & {
      readonly kind: 'received';
      readonly id: CauseId;
      readonly from: string;
      readonly type: string;
      readonly items: number;
    })
  /** The network lost it, in this frame of the sender's: the link sends it again if it can. */
  | (At & {
      readonly kind: 'lost';
      readonly id: CauseId;
      readonly to: string;
      readonly type: string;
      readonly why: 'loss' | 'partition' | 'omission' | 'fault';
    })
  | (At & { readonly kind: 'dropped'; readonly reason: string; readonly count: number; readonly detail?: string })
  | (At & {
      readonly kind: 'delivered';
      readonly group: string;
      readonly sender: string;
      readonly seq: number;
      readonly number?: number | undefined;
      readonly stamp?: VectorTimestamp | undefined;
      readonly view?: number | undefined;
    })
  /** An actor began, with this chart (the machine's id), in this state. */
  | (At & { readonly kind: 'started'; readonly chart: string; readonly state: string })
  | (At & { readonly kind: 'transition'; readonly event: string; readonly from: string; readonly to: string })
  | (At & { readonly kind: 'phase'; readonly phase: Phase; readonly requests: readonly string[] })
  | (At & {
      readonly kind: 'answered';
      readonly request: string;
      readonly by: readonly string[];
      readonly outcome: Serializable;
    })
  | (At & { readonly kind: 'persisted'; readonly count: number })
  | (At & {
      readonly kind: 'view';
      readonly group: string;
      readonly id: number;
      readonly members: readonly string[];
      /** Those of them that are still being sent the state. */
      readonly joining?: readonly string[] | undefined;
    })
  | (At & { readonly kind: 'crashed'; readonly reason: string })
  | (At & { readonly kind: 'recovered'; readonly incarnation: number })
  | (At & { readonly kind: 'fault'; readonly fault: string })
  /** Who keeps this trace could not keep up: so many events are not in it. What stood where they end is told anew after it. */
  | (At & { readonly kind: 'missed'; readonly events: number });

/** Whoever keeps the trace. Absent (null) where nobody does, so that nothing is built that nobody reads. */
export interface Recorder {
  record(event: TraceEvent): void;
}
