/** Somebody who looks at a simulation: a clock that the test moves, and what a page would have of the run. */
import type { Command, Report, Run, Verdict } from '../../../runtime/inspect/protocol.js';
import type { Offered } from '../../../runtime/inspect/sources/operations.js';
import { SimulatedSource } from '../../../runtime/inspect/sources/simulated.js';
import { Timeline } from '../../../runtime/inspect/timeline/timeline.js';
import type { TraceEvent } from '../../../runtime/trace/format.js';

type Of<Is extends Report['is']> = Extract<Report, { is: Is }>;

export class Viewer {
  readonly source: SimulatedSource;
  readonly reports: Report[] = [];
  timeline = new Timeline();
  standing: Of<'standing'> | null = null;
  failed: Of<'failed'> | null = null;
  verdict: Verdict | null = null;
  /** ms. Each look at it takes a little, so that nothing that waits for time to pass can hang. */
  now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  constructor(services: ReadonlyMap<string, Offered>) {
    const host = {
      now: () => {
        this.now += 0.001;
        return this.now;
      },
      setTimeout: (callback: () => void, ms: number) => {
        const timer = { at: this.now + ms, callback };
        this.#timers.push(timer);
        return timer;
      },
      clearTimeout: (timer: unknown) => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
    this.source = new SimulatedSource(services, host, (report, transfer) => {
      // as a worker does it: what is sent is copied, or changes hands
      this.#take(structuredClone(report, { transfer: [...transfer] }));
    });
  }

  open(run: Run): this {
    this.do({ do: 'open', run });
    if (this.failed !== null) throw new Error(this.failed.message);
    return this;
  }

  do(command: Command): this {
    this.failed = null;
    this.source.send(command);
    return this;
  }

  /** Lets the viewer's time pass; `until` ends it. */
  wait(ms: number, until: () => boolean = () => false): this {
    const end = this.now + ms;
    while (!until()) {
      const [next] = this.#timers.toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = Math.max(this.now, next.at);
      next.callback();
    }
    return this;
  }

  /** As far as it goes. */
  toEnd(): this {
    this.do({ do: 'advance', until: null });
    return this.wait(Number.POSITIVE_INFINITY, () => this.standing?.running === false);
  }

  get run(): Run {
    if (this.standing?.run == null) throw new Error('no run');
    return this.standing.run;
  }

  get length(): number {
    return this.timeline.length;
  }

  get events(): TraceEvent[] {
    return Array.from({ length: this.length }, (_, index) => this.event(index));
  }

  /** As a trace file has them. */
  get lines(): string[] {
    return this.events.map((event) => JSON.stringify(event));
  }

  event(index: number): TraceEvent {
    this.do({ do: 'event', index });
    const report = this.last('event');
    if (report?.event == null) throw new Error(`no event ${index}`);
    return report.event;
  }

  context(node: string, actor: string, place: number): Of<'context'> {
    this.do({ do: 'context', node, actor, place });
    const report = this.last('context');
    if (report === null) throw new Error('no context');
    return report;
  }

  last<Is extends Report['is']>(is: Is): Of<Is> | null {
    return (this.reports.findLast((report) => report.is === is) as Of<Is> | undefined) ?? null; // of that kind
  }

  #take(report: Report): void {
    this.reports.push(report);
    if (report.is === 'opened') this.timeline = new Timeline();
    else if (report.is === 'events') this.timeline.append(report.chunk, report.steps);
    else if (report.is === 'standing') this.standing = report;
    else if (report.is === 'failed') this.failed = report;
    else if (report.is === 'verdict') this.verdict = report.verdict;
  }
}
