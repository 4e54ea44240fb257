/**
 * Simulations that run here, and not in the page, because their service is in a module of the user's: one for each page. The simulation
 * waits while its page has not read what it was sent.
 */
import type { Command, Report, Run } from '../protocol.js';
import type { Host } from '../sources/course.js';
import type { Offered } from '../sources/operations.js';
import { SimulatedSource } from '../sources/simulated.js';
import type { Looking, Served, Viewer } from './viewer.js';

export class HostedSimulation implements Served {
  /** A run that is opened has all its requests. */
  readonly commandLimit = 64 * 1024 * 1024;
  readonly #offered: Offered;
  readonly #run: Run;
  readonly #whole: boolean;

  /** `run`: what a page sees first. `whole`: it is there to its end, and checked. */
  constructor(offered: Offered, run: Run, whole: boolean) {
    this.#offered = offered;
    this.#run = run;
    this.#whole = whole;
  }

  join(viewer: Viewer): Looking {
    const services = new Map([[this.#run.service, this.#offered]]);
    const source = new SimulatedSource(services, hostFor(viewer), (report) => hand(viewer, report));
    if (this.#whole) source.openWhole(this.#run);
    else source.send({ do: 'open', run: this.#run });
    return {
      take: (command: Command) => source.send(command),
      leave: () => source.close(),
    };
  }
}

function hand(viewer: Viewer, report: Report): void {
  if (report.is === 'events') viewer.events(report.chunk, report.steps);
  else viewer.report(report);
}

/** Real time, in which nothing is due while the page is behind. */
function hostFor(viewer: Viewer): Host {
  const cancelled = new WeakSet<NodeJS.Timeout>();
  return {
    now: () => performance.now(),
    setTimeout(callback, ms) {
      const timer = setTimeout(() => viewer.whenReady(() => !cancelled.has(timer) && callback()), ms);
      return timer;
    },
    clearTimeout(handle) {
      const timer = handle as NodeJS.Timeout; // made above
      cancelled.add(timer);
      clearTimeout(timer);
    },
  };
}
