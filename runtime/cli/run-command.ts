/**
 * `chorale run`: plays requests on simulated replicas under faults, and reports what came of it.
 */
import { resolve } from 'node:path';
import type { CheckVerdict } from '../check/verdict.js';
import { resolveSettings } from '../cluster/settings.js';
import type { Suits } from '../cluster/suits.js';
import { ChoraleError } from '../errors.js';
import type { AnyService } from '../service/index.js';
import { historyOf } from '../simulate/service-history.js';
import { type Simulation, simulate } from '../simulate/simulation.js';
import { checkHistory, promised } from '../simulate/trial.js';
import { ExecutionLog } from '../simulate/verdict.js';
import { type PlannedRequest, type PlayedRequest, playInSlices } from '../simulate/workload.js';
import { CostCounter } from '../trace/costs.js';
import type { Recorder } from '../trace/format.js';
import { recordToAll } from '../trace/recorder.js';
import { findService } from './catalogue.js';
import { FaultLog } from './fault-log.js';
import { exitCodes, type Io } from './io.js';
import type { RunOptions } from './options.js';
import { readable } from './readable.js';
import { type Listened, type ReportSettings, reportOf } from './report.js';
import { dealOut, readRequests } from './requests.js';
import { scenarioOf } from './run-scenario.js';
import { ofSomeStyles } from './style-options.js';
import { TraceFile } from './trace-file.js';
import { ViewChanges } from './view-changes.js';
import { watched } from './watched.js';

/** Errors: INPUT_INVALID, SETTINGS_INVALID, STYLE_UNSUITED, SERVICE_INVALID. */
export async function runCommand(name: string, options: RunOptions, io: Io): Promise<number> {
  const { service, requests: own } = await findService(name, io.cwd);
  const settings = settingsFor(service, options);
  const file = options.requests ?? own;
  if (file === null)
    throw new ChoraleError(
      'INPUT_INVALID',
      `"${service.name}" brings no requests: name a file by --requests, or - for standard input.`,
    );
  const named = await readRequests(file, service, io);
  const requests = options.clients === undefined ? named : dealOut(named, options.clients);
  const listened: Listened = {
    costs: new CostCounter(),
    executions: new ExecutionLog(),
    faults: new FaultLog(),
    changes: new ViewChanges(),
  };
  const trace = options.trace === undefined ? null : new TraceFile(resolve(io.cwd, options.trace));
  const simulation = simulationOf(service, options, [
    ...Object.values(listened),
    ...(trace === null ? [] : [trace.recorder]),
  ]);
  trace?.open({ service: service.name, scenario: scenarioOf(options, simulation.settings, requests) });
  let played: PlayedRequest[] | null;
  try {
    played = await playWatched(simulation, requests, settings.timeout, io);
  } finally {
    trace?.close();
  }
  if (played === null) return exitCodes.interrupted;
  const report = reportOf(simulation, played, settings, listened, consistencyOf(simulation, played));
  io.stdout(
    options.json ? `${JSON.stringify(report)}\n` : readable(report, { all: options.all === true, color: io.color }),
  );
  return report.verdict.right && report.consistency.verdict !== 'violated' ? exitCodes.right : exitCodes.wrong;
}

/** ms: a person waits for the report. */
const CHECKED_WITHIN = 10_000;

/** Whether the history is what the style promises. */
function consistencyOf({ service, settings }: Simulation<AnyService>, played: readonly PlayedRequest[]): CheckVerdict {
  const property = promised(settings.style.promises.consistency(settings));
  return checkHistory(historyOf(played), service, { property, limits: { milliseconds: CHECKED_WITHIN } });
}

function settingsFor(service: AnyService, options: RunOptions): ReportSettings {
  const { replication, replicas, tolerate, reads, delay, timeout, fault, order: asked } = options;
  const more = ofSomeStyles(options);
  const { order } = resolveSettings(
    { replication, replicas, tolerate, reads, ...more, ...(asked === undefined ? {} : { order: asked }) },
    service,
  );
  return { replication, replicas, tolerate, order, reads, ...more, delay, timeout, faults: fault };
}

function simulationOf(
  service: AnyService,
  options: RunOptions,
  recorders: readonly Recorder[],
): Simulation<AnyService> {
  const { replication, replicas, tolerate, reads, delay, timeout, fault, seed, order } = options;
  const all = recordToAll(recorders);
  // The type of a module that was just loaded is not known: whether it suits the style has been checked by its values.
  return simulate(service as AnyService & Suits<AnyService, typeof replication>, {
    replication,
    replicas,
    tolerate,
    reads,
    delay,
    timeout,
    seed,
    faults: fault,
    trace: (event) => all?.record(event),
    ...ofSomeStyles(options),
    ...(order === undefined ? {} : { order }),
  });
}

/** Null when it was interrupted. */
function playWatched(
  simulation: Simulation<AnyService>,
  requests: readonly PlannedRequest[],
  timeout: number,
  io: Io,
): Promise<PlayedRequest[] | null> {
  let ended = 0;
  const progress = (): void => {
    ended += 1;
  };
  const far = (): string =>
    `${ended.toLocaleString('en')} of ${requests.length.toLocaleString('en')} requests, ${Math.round(simulation.now).toLocaleString('en')} ms of virtual time`;
  return watched(playInSlices(simulation, requests, { timeout, progress }), far, io);
}
