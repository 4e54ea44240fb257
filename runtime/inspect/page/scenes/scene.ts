/**
 * A guided scene: a run, and what to say at which of its moments to somebody who has never seen such a thing. Plain data.
 */
import type { Serializable } from '../../../../machines/shared/serializable.js';
import type { Scenario } from '../../../simulate/scenario.js';
import type { HistoryProperty } from '../../../simulate/trial.js';
import type { PlannedRequest } from '../../../simulate/workload.js';
import type { Run } from '../../protocol.js';
import type { Choice } from '../model.js';
import type { Moment } from './moment.js';

type SceneView = 'cluster' | 'space-time' | 'chart' | 'requests' | 'state' | 'history';

/** ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

interface Step {
  /** At most three short sentences, without any mark-up. */
  readonly say: string;
  /** Where the step is: after that of the step before. */
  readonly until: Moment;
  readonly show?: { readonly view: SceneView; readonly choose?: Choice };
  /** The stretch of time that the diagram shows from this step on. Default: all in which something happens. */
  readonly span?: Span;
  /** The history is to be checked for this. */
  readonly check?: HistoryProperty;
  /** What the check finds. */
  readonly finds?: 'holds' | 'violated';
}

export interface Scene {
  readonly id: string;
  readonly title: string;
  /** One sentence. */
  readonly about: string;
  readonly run: Run;
  readonly steps: readonly Step[];
}

/** A run in which every frame takes equally long, and nothing is left to chance. */
export function runOf(service: string, property: HistoryProperty, scenario: Partial<Scenario>): Run {
  return {
    service,
    property,
    scenario: {
      seed: 1,
      replication: 'active',
      replicas: 3,
      tolerate: 'crash',
      order: 'total',
      reads: 'order',
      retryAfter: 500,
      delay: [5, 5],
      loss: 0,
      duplicate: 0,
      faults: [],
      requests: [],
      via: {},
      faultsEndAt: null,
      timeout: 5000,
      ...scenario,
    },
  };
}

/** A request: `at` in ms, not before the client's request before it is answered. */
export const asks = (at: number, client: string, op: string, ...args: readonly Serializable[]): PlannedRequest => ({
  at,
  client,
  op,
  args,
});
