/**
 * `chorale inspect`: serves the inspector's page, with what it is to show: simulations of its own, a service, a scenario, or a trace.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { resolveSettings } from '../cluster/settings.js';
import { styles } from '../cluster/styles.js';
import { ChoraleError } from '../errors.js';
import type { Run } from '../inspect/protocol.js';
import { HostedSimulation } from '../inspect/server/hosted-simulation.js';
import { serveInspector } from '../inspect/server/serve.js';
import { firstLine, type TraceFileSettings, TraceFileSource } from '../inspect/server/trace-file.js';
import type { Served } from '../inspect/server/viewer.js';
import type { Offered } from '../inspect/sources/operations.js';
import { chartsOf } from '../inspect/sources/trace.js';
import { kinds } from '../inspect/timeline/chunk.js';
import { parseSaved, type SavedRun } from '../simulate/saved-run.js';
import { promised } from '../simulate/trial.js';
import { openBrowser } from './browser.js';
import { type FoundService, findService } from './catalogue.js';
import { type InspectOptions, placeOptions } from './inspect-options.js';
import { exitCodes, type Io } from './io.js';
import { dealOut, readRequests } from './requests.js';
import { scenarioOf } from './run-scenario.js';
import { ofSomeStyles } from './style-options.js';

/**
 * Serves until it is interrupted. `given` are the names of the options that the user gave.
 * Errors: INPUT_INVALID, SETTINGS_INVALID, STYLE_UNSUITED, SERVICE_INVALID, INSPECTOR_FAILED.
 */
export async function inspectCommand(
  what: string | undefined,
  service: string | undefined,
  options: InspectOptions,
  given: readonly string[],
  io: Io,
): Promise<number> {
  const source = await sourceOf(what, service, options, given, io);
  const { port, host } = options;
  const serving = await serveInspector({ source, port, host });
  io.stdout(`The inspector is at ${serving.url}\nCtrl-C ends it.\n`);
  if (options.open) openBrowser(serving.url);
  if (!io.interrupted.aborted) await once(io.interrupted, 'abort');
  await serving.close();
  return exitCodes.right;
}

/** Null: the page shows simulations of its own. */
async function sourceOf(
  what: string | undefined,
  service: string | undefined,
  options: InspectOptions,
  given: readonly string[],
  io: Io,
): Promise<Served | null> {
  const isFile = what !== undefined && /^\.jsonl?$/.test(extname(what));
  const idle = given.filter((option) => !placeOptions.includes(option)).map((option) => `--${option}`);
  if (what === undefined) {
    if (idle.length > 0) throw new ChoraleError('INPUT_INVALID', `${idle.join(' ')}: of which service? Name it first.`);
    return null;
  }
  if (!isFile) return simulationOf(await findService(what, io.cwd), options, io);
  if (idle.length > 0)
    throw new ChoraleError(
      'INPUT_INVALID',
      `${what} says all that decides the run, so ${idle.join(' ')} would mean nothing.`,
    );
  return fileOf(what, service, io);
}

async function simulationOf(found: FoundService, options: InspectOptions, io: Io): Promise<Served> {
  const { replication, replicas, tolerate, reads, order: asked } = options;
  const { service } = found;
  const settings = resolveSettings(
    {
      replication,
      replicas,
      tolerate,
      reads,
      ...ofSomeStyles(options),
      ...(asked === undefined ? {} : { order: asked }),
    },
    service,
  );
  const file = options.requests ?? found.requests;
  const named = file === null ? [] : await readRequests(file, service, io);
  const requests = options.clients === undefined ? named : dealOut(named, options.clients);
  const property = promised(settings.style.promises.consistency({ tolerate, reads }));
  const run: Run = { service: service.name, property, scenario: scenarioOf(options, settings, requests) };
  return hosted({ service, workload: found.workload, requests: named }, run, false);
}

/** A run that cannot be made is refused here, and not in the page. */
function hosted(offered: Offered, run: Run, whole: boolean): Served {
  chartsOf(offered.service, run);
  return new HostedSimulation(offered, run, whole);
}

async function fileOf(what: string, service: string | undefined, io: Io): Promise<Served> {
  const path = resolve(io.cwd, what);
  if (!existsSync(path)) throw new ChoraleError('INPUT_INVALID', `There is no file ${what}.`);
  const line = await firstLine(path);
  const kind = kindOf(String(line));
  if (kinds.some((each) => each === kind)) {
    const offered = service === undefined ? null : await findService(service, io.cwd);
    return new TraceFileSource({ path, offered: offered && offeredBy(offered), run: null, charts: [] });
  }
  if (kind !== 'header') return scenarioFile(parseSaved(await readFile(path, 'utf8'), what), service, io);
  const saved = parseSaved(String(line), what);
  return new TraceFileSource({ path, run: runOf(saved), ...(await knownOf(saved, service, io)) });
}

async function scenarioFile(saved: SavedRun, name: string | undefined, io: Io): Promise<Served> {
  const { service, workload, requests } = await findService(name ?? saved.service, io.cwd);
  if (service.name !== saved.service)
    throw new ChoraleError(
      'INPUT_INVALID',
      `It is a run of the service "${saved.service}", and not of "${service.name}".`,
    );
  const examples = requests === null ? saved.scenario.requests : await readRequests(requests, service, io);
  return hosted({ service, workload, requests: examples }, runOf(saved), true);
}

function runOf({ service, property, scenario }: SavedRun): Run {
  const { replication, tolerate, reads } = scenario;
  const usual = promised(styles[replication].promises.consistency({ tolerate, reads }));
  return { service, property: property ?? usual, scenario };
}

/** The requests that come with a service are files: those of a run are in it. */
const offeredBy = ({ service, workload }: FoundService): Offered => ({ service, workload });

/** The service of a trace and its charts; null and none where it is not here: the trace can be looked at all the same. */
async function knownOf(
  saved: SavedRun,
  name: string | undefined,
  io: Io,
): Promise<Pick<TraceFileSettings, 'offered' | 'charts'>> {
  try {
    const found = await findService(name ?? saved.service, io.cwd);
    return { offered: offeredBy(found), charts: chartsOf(found.service, runOf(saved)) };
  } catch (error) {
    if (name !== undefined) throw error;
    return { offered: null, charts: [] };
  }
}

/** Null for what is no line of JSON with a kind. */
function kindOf(line: string): string | null {
  try {
    const data: { readonly kind?: unknown } | null = JSON.parse(line);
    return typeof data?.kind === 'string' ? data.kind : null;
  } catch {
    return null;
  }
}
