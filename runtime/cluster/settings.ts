/**
 * The settings of a cluster, their defaults and their checks.
 */

import * as v from 'valibot';
import type { InspectionEvent } from 'xstate';
import { type Order, orders } from '../../machines/multicast/order.js';
import {
  type Backups,
  type FaultModel,
  type Membership,
  membershipOf,
  type OrderProvider,
  type ReadPath,
  type Style,
  type Transfer,
} from '../../machines/shared/style.js';
import { ChoraleError } from '../errors.js';
import type { TraceEvent } from '../trace/format.js';
import { type StyleName, styles } from './styles.js';

export interface ClusterSettings<Replication extends StyleName = StyleName> {
  /** The replication style. Default `active`. */
  readonly replication?: Replication;
  /** Number of replica managers, 1 to 64. Default 3. */
  readonly replicas?: number;
  /** What faulty replica managers may do. Default `crash`. */
  readonly tolerate?: FaultModel;
  /** The order of the replica managers' group. Default: the first that the style takes. */
  readonly order?: Order;
  /**
   * Queries go through the group's order, or to one replica manager; where there is a primary, to it or to one of its
   * backups. Default: the first of these that the style has.
   */
  readonly reads?: ReadPath;
  /** Whether the replica managers are the same for good, or come and go in agreed views. Default: the first that the style takes. */
  readonly membership?: Membership;
  /** What makes a total order in a group with views: one of its members, or all of them in two rounds. Default `sequencer`. */
  readonly provider?: OrderProvider;
  /**
   * When a backup applies what the primary sends it: at once, or when it takes over; or there is none, and the primary's node goes
   * on from its log when it is back (`rollback`). Default `hot`.
   */
  readonly backups?: Backups;
  /** What a primary sends its backups: what has changed, or the requests. Default `state`. */
  readonly transfer?: Transfer;
  /**
   * ms of a lease under which a primary answers queries at once, and which the next view waits out (PB-7). 0: it asks its backups
   * each time. Default 0.
   */
  readonly lease?: number;
  /** The largest share by which any node's timers run fast or slow: leases are safe up to it. Default 0.1. */
  readonly clockDrift?: number;
  /** ms between two rounds in which the master of lazy replication passes on what has changed. Default 20. */
  readonly catchUpAfter?: number;
  /** Replicas of the membership service, each on a node of its own; 0 puts them on the replica managers' nodes. Default 3. */
  readonly membershipReplicas?: number;
  /** ms from one sign of life of a node to the next, in a group with views. Default 50. */
  readonly heartbeat?: number;
  /** ms of silence after which a node is suspected, and the group goes on without it. Default 500. */
  readonly suspectAfter?: number;
  /** Front ends, each on a node of its own, that clients share in turn; 0 gives each client its own. */
  readonly frontEnds?: number;
  /** ms that a call waits for its answer, unless it says otherwise. Default 10,000. */
  readonly timeout?: number;
  /**
   * ms without an answer after which a front end that asked one replica manager asks the next; up to eight times as long for a request
   * of which all have been asked in vain. Default 500.
   */
  readonly retryAfter?: number;
  /** Client sessions that replicas remember at least. Default 10,000. */
  readonly sessions?: number;
  /** Calls of one client that may wait for their turn; one more is refused (BUSY). Default 1,024. */
  readonly waiting?: number;
  /** Largest message, in bytes. Default 16 MiB. */
  readonly messageLimit?: number;
  /** When an actor throws: its node crashes, or the actor alone starts anew. Default `crash-node`. */
  readonly onFailure?: 'crash-node' | 'restart-actor';
  /** Gets every event of the trace (docs/trace.md). Nothing is recorded without it. */
  readonly trace?: (event: TraceEvent) => void;
  /** XState's own inspection, passed to every actor: any tool for XState can watch. */
  readonly inspect?: (event: InspectionEvent) => void;
}

/** Settings that only some styles have, by which two runs of one style may differ. */
export type OfSomeStyles = Pick<
  ClusterSettings,
  'membership' | 'provider' | 'backups' | 'transfer' | 'lease' | 'heartbeat' | 'suspectAfter'
>;

export type ResolvedSettings = Required<Omit<ClusterSettings, 'trace' | 'inspect' | 'replication'>> & {
  readonly style: Style;
  readonly trace: ((event: TraceEvent) => void) | null;
  readonly inspect: ((event: InspectionEvent) => void) | null;
};

/** By how much any node's timers may run fast or slow, where nobody says. */
export const CLOCK_DRIFT = 0.1;

const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const ms = v.pipe(v.number(), v.minValue(1), v.maxValue(2 ** 31 - 1));

const clusterSettingsSchema = v.strictObject({
  replication: v.optional(v.picklist(Object.keys(styles)), 'active'),
  replicas: v.optional(whole(1, 64), 3),
  tolerate: v.optional(v.picklist(['crash', 'byzantine']), 'crash'),
  order: v.optional(v.picklist(orders)),
  reads: v.optional(v.picklist(['order', 'one', 'primary', 'backups']), 'order'),
  membership: v.optional(v.picklist(['static', 'dynamic'])),
  provider: v.optional(v.picklist(['sequencer', 'agreed']), 'sequencer'),
  backups: v.optional(v.picklist(['hot', 'cold', 'rollback']), 'hot'),
  transfer: v.optional(v.picklist(['state', 'requests']), 'state'),
  lease: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(3_600_000)), 0),
  clockDrift: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.9)), CLOCK_DRIFT),
  catchUpAfter: v.optional(ms, 20),
  membershipReplicas: v.optional(whole(0, 15), 3),
  heartbeat: v.optional(ms, 50),
  suspectAfter: v.optional(ms, 500),
  frontEnds: v.optional(whole(0, 10_000), 1),
  timeout: v.optional(ms, 10_000),
  retryAfter: v.optional(ms, 500),
  sessions: v.optional(whole(1, 10_000_000), 10_000),
  waiting: v.optional(whole(1, 1_000_000), 1024),
  messageLimit: v.optional(whole(1024, 1024 ** 3), 16 * 1024 ** 2),
  onFailure: v.optional(v.picklist(['crash-node', 'restart-actor']), 'crash-node'),
  trace: v.optional(v.function()),
  inspect: v.optional(v.function()),
});

/** Checks settings of any kind against their schema. Errors: SETTINGS_INVALID, which names each wrong one. */
export function parseSettings<Schema extends v.GenericSchema>(
  schema: Schema,
  settings: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, settings);
  if (result.success) return result.output;
  const issues = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'settings'}: ${issue.message}`);
  throw new ChoraleError('SETTINGS_INVALID', `These settings cannot be used: ${issues.join('; ')}`, {
    details: { issues },
  });
}

/**
 * Fills in what the user left out, and refuses what the style cannot keep its promise with.
 * Errors: SETTINGS_INVALID, STYLE_UNSUITED.
 */
export function resolveSettings(
  settings: ClusterSettings,
  service: { name: string; deterministic: boolean },
): ResolvedSettings {
  const parsed = parseSettings(clusterSettingsSchema, settings);
  const style: Style = styles[parsed.replication as StyleName]; // the schema's list is the keys of `styles`
  const order = (parsed.order ?? style.needs.order[0]) as Order; // every style names at least one
  const unsuited = (why: string): ChoraleError =>
    new ChoraleError('STYLE_UNSUITED', `Replication "${style.name}" cannot serve "${service.name}" so: ${why}`);
  if (!style.needs.order.includes(order)) {
    throw unsuited(`it needs an order of ${style.needs.order.join(', ')}; "${order}" is not enough.`);
  }
  if (style.needs.deterministic && !service.deterministic) {
    throw unsuited(
      'every replica executes every operation, and this service says that its operations are not deterministic.',
    );
  }
  const { membership: asked, ...others } = parsed;
  const membership = membershipOf(style, asked === undefined ? others : { ...others, membership: asked });
  if (style.roles[membership] === undefined) throw unsuited(`it has no replica managers for a ${membership} group.`);
  const providers = (membership === 'dynamic' ? style.needs.provider : undefined) ?? ['sequencer'];
  if (!providers.includes(parsed.provider))
    throw unsuited(`in a ${membership} group its order cannot be made by "${parsed.provider}".`);
  if (parsed.lease > 0 && style.roles[membership]?.leases !== true)
    throw unsuited('nobody in it answers queries under a lease.');
  const refused = style.refuses({ ...parsed, membership, proxy: false, deterministic: service.deterministic });
  if (refused !== null) throw unsuited(refused);
  return {
    ...parsed,
    order,
    membership,
    style,
    trace: settings.trace ?? null,
    inspect: settings.inspect ?? null,
  };
}
