/**
 * start(): a cluster in this process, in real time.
 */
import { nanoid } from 'nanoid';
import * as v from 'valibot';
import { sessionId } from '../../machines/shared/identifiers.js';
import { realClock } from '../clock/real.js';
import type { AnyService } from '../service/index.js';
import { memoryNetwork } from '../transport/memory.js';
import { Cluster } from './cluster.js';
import { type ClusterSettings, parseSettings, resolveSettings } from './settings.js';
import type { StyleName } from './styles.js';
import type { Suits } from './suits.js';

export interface StartSettings<Replication extends StyleName = StyleName> extends ClusterSettings<Replication> {
  /** ms that a frame takes between two nodes. Default 0. */
  readonly delay?: number;
}

/**
 * Starts `service` on replicas in this process. It survives the crash of a node, not yet that of the process.
 *
 * Errors: SETTINGS_INVALID, STYLE_UNSUITED.
 */
export async function start<S extends AnyService, const Replication extends StyleName = 'active'>(
  service: S & Suits<S, Replication>,
  settings: StartSettings<Replication> = {},
): Promise<Cluster<S>> {
  const { delay, ...others } = settings;
  const { delay: milliseconds } = parseSettings(startSchema, { delay });
  const resolved = resolveSettings(others, service);
  const clock = realClock();
  const transport = memoryNetwork({ clock, delay: milliseconds, limit: resolved.messageLimit });
  const { trace } = resolved;
  return new Cluster<S>(service, resolved, {
    clock,
    transport,
    recorder: trace === null ? null : { record: trace },
    seed: () => (Math.random() * 2 ** 32) >>> 0,
    // Short, for it stands in every request and reply: 84 bits of chance.
    newSession: () => sessionId(nanoid(14)),
  });
}

const startSchema = v.object({ delay: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(60_000)), 0) });
