/**
 * `chorale/inspect`: the inspector of a cluster that runs in this process, for whoever wants it later than at the start, or by the
 * address. Needs Node.
 *
 * @packageDocumentation
 */
import * as v from 'valibot';
import type { Cluster } from '../cluster/cluster.js';
import type { InspectorSettings } from '../cluster/inspector.js';
import { parseSettings } from '../cluster/settings.js';
import type { AnyService } from '../service/index.js';
import { LiveSource } from './live/live-source.js';
import { serveInspector } from './server/serve.js';

export type { InspectorSettings } from '../cluster/inspector.js';

export interface Inspection {
  /** Whoever has it may look. */
  readonly url: string;
  /** Ends by itself with the cluster. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const schema = v.strictObject({
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)), 0),
  host: v.optional(v.pipe(v.string(), v.nonEmpty()), '127.0.0.1'),
  token: v.optional(v.string()),
  requests: v.optional(v.boolean(), false),
});

/**
 * Serves the inspector's page for this cluster, until it is closed. While nobody looks it costs nothing.
 *
 * Errors: SETTINGS_INVALID, INSPECTOR_FAILED.
 */
export async function inspect<S extends AnyService>(
  cluster: Cluster<S>,
  settings: InspectorSettings = {},
): Promise<Inspection> {
  const { port, host, token, requests } = parseSettings(schema, settings);
  const source = new LiveSource(cluster as unknown as Cluster<AnyService>, { requests }); // its clients are made by name
  const serving = await serveInspector({ source, port, host, ...(token === undefined ? {} : { token }) });
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closed ??= serving.close();
    return closed;
  };
  cluster.on('close', () => void close());
  return { url: serving.url, close, [Symbol.asyncDispose]: close };
}
