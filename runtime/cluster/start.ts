/**
 * start(): a cluster in this process, in real time.
 */
import { nanoid } from 'nanoid';
import * as v from 'valibot';
import { sessionId } from '../../machines/shared/identifiers.js';
import { realClock } from '../clock/real.js';
import type { AnyService } from '../service/index.js';
import type { StorageProvider } from '../storage/storage.js';
import { memoryNetwork } from '../transport/memory.js';
import { Cluster } from './cluster.js';
import { type InspectorSettings, openInspector } from './inspector.js';
import { type ClusterSettings, parseSettings, resolveSettings } from './settings.js';
import type { StyleName } from './styles.js';
import type { Suits } from './suits.js';

export interface StartSettings<Replication extends StyleName = StyleName>
  extends Omit<ClusterSettings<Replication>, 'inspect'> {
  /** ms that a frame takes between two nodes. Default 0. */
  readonly delay?: number;
  /**
   * Where nodes keep what their actors persist (docs/storage.md): `await levelStorage(path)` of `chorale/storage`, or one's
   * own. It is the cluster's from now on: closed when the cluster is, or when it does not start. Default: a memory a node.
   */
  readonly storage?: StorageProvider;
  /**
   * Opens the inspector on this cluster, and says where on standard error (docs/inspecting.md); it ends with the cluster, and costs
   * nothing while nobody looks. A function gets XState's own inspection of every actor instead: any tool for XState can watch.
   */
  readonly inspect?: boolean | InspectorSettings | ClusterSettings['inspect'];
}

/**
 * Starts `service` on replicas in this process. It survives the crash of a node, not yet that of the process.
 *
 * Errors: SETTINGS_INVALID, STYLE_UNSUITED, INSPECTOR_FAILED.
 */
export async function start<S extends AnyService, const Replication extends StyleName = 'active'>(
  service: S & Suits<S, Replication>,
  settings: StartSettings<Replication> = {},
): Promise<Cluster<S>> {
  const { inspect = false, ...others } = settings;
  const inspector = typeof inspect === 'function' ? false : inspect;
  let cluster: Cluster<S>;
  try {
    cluster = startOn(service, typeof inspect === 'function' ? { ...others, inspect } : others);
  } catch (error) {
    await settings.storage?.close?.();
    throw error;
  }
  if (inspector === false) return cluster;
  try {
    await openInspector(cluster, inspector === true ? {} : inspector);
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

type ClusterAlone = Omit<StartSettings, 'inspect'> & Pick<ClusterSettings, 'inspect'>;

function startOn<S extends AnyService>(service: S, settings: ClusterAlone): Cluster<S> {
  const { delay, storage, ...others } = settings;
  const { delay: milliseconds } = parseSettings(startSchema, { delay, storage });
  const resolved = resolveSettings(others, service);
  const clock = realClock();
  const transport = memoryNetwork({ clock, delay: milliseconds, limit: resolved.messageLimit });
  const { trace } = resolved;
  return new Cluster<S>(service, resolved, {
    clock,
    transport,
    recorder: trace === null ? null : { record: trace },
    ...(storage === undefined
      ? {}
      : { storage: (node) => storage.storageOf(node), closed: async () => storage.close?.() }),
    seed: () => (Math.random() * 2 ** 32) >>> 0,
    // Short, for it stands in every request and reply: 84 bits of chance.
    newSession: () => sessionId(nanoid(14)),
  });
}

const startSchema = v.object({
  delay: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(60_000)), 0),
  storage: v.optional(v.object({ storageOf: v.function() }, 'must be a StorageProvider, as levelStorage() gives one')),
});
