/**
 * A trace from a file, to be looked at. Its events become columns as they are read, and the file stays where it is: one event is
 * read from it again when somebody asks for it whole.
 */
import type { AnyStateMachine } from 'xstate';
import { ChoraleError } from '../../errors.js';
import type { AnyService } from '../../service/index.js';
import { parseHeader } from '../../simulate/saved-run.js';
import { TrialRun } from '../../simulate/trial.js';
import type { TraceEvent } from '../../trace/format.js';
import { type ChartDescription, describe } from '../charts/describe.js';
import type { Command, Report, Run } from '../protocol.js';
import { kindNumber } from '../timeline/chunk.js';
import { Floats } from '../timeline/columns.js';
import { Encoder } from '../timeline/encode.js';
import { linesOf } from './lines.js';

type Opened = Extract<Report, { is: 'opened' }>;

export class TracedSource {
  readonly #file: Blob;
  readonly #services: Readonly<Record<string, { readonly service: AnyService }>>;
  readonly #report: (report: Report) => void;
  readonly #encoder = new Encoder();
  /** Bytes: where the line of each event begins, and where it ends. */
  readonly #starts = new Floats();
  readonly #ends = new Floats();
  #closed = false;

  constructor(
    file: Blob,
    services: Readonly<Record<string, { readonly service: AnyService }>>,
    report: (report: Report) => void,
  ) {
    this.#file = file;
    this.#services = services;
    this.#report = report;
  }

  /** Reads the file to its end, and reports its events on the way. What is wrong with it is reported too, once. */
  async read(): Promise<void> {
    let opened: Opened | null = null;
    let number = 0;
    try {
      for await (const lines of linesOf(this.#file)) {
        if (this.#closed) return;
        const events: TraceEvent[] = [];
        for (const { text, start, end: to } of lines) {
          number += 1;
          if (opened === null) {
            const run = parseHeader(text, 'The trace');
            opened = this.#opened(run);
            this.#report(opened);
            if (run !== null) continue; // a trace of a live cluster has no header
          }
          const event = eventIn(text, number);
          if (event === null) continue;
          events.push(event);
          this.#starts.push(start);
          this.#ends.push(to);
        }
        if (events.length > 0)
          this.#report({ is: 'events', chunk: this.#encoder.encode(events, this.#encoder.length), steps: null });
        this.#standing(false);
      }
      if (opened === null) throw new ChoraleError('INPUT_INVALID', 'The file is empty.');
    } catch (error) {
      this.#failed(error);
    }
    this.#standing(true);
  }

  send(command: Command): void {
    if (command.do === 'event') void this.#event(command.index);
    else if (command.do !== 'pause' && command.do !== 'watch' && command.do !== 'context')
      this.#failed(
        new ChoraleError('INPUT_INVALID', 'A trace can be looked at, and not changed: run it again from "Set up".'),
      );
  }

  close(): void {
    this.#closed = true;
  }

  #opened(run: Run | null): Opened {
    return {
      is: 'opened',
      source: 'trace',
      service: run?.service ?? '',
      run,
      operations: [],
      charts: run === null ? [] : this.#charts(run),
      abilities: { control: false, request: false, context: 'none' },
      loaded: 0,
    };
  }

  /** Those of a run like it, where its service is known. */
  #charts({ service: name, scenario, property = 'sequential' }: Run): ChartDescription[] {
    const service = this.#services[name]?.service;
    if (service === undefined) return [];
    const charts = new Map<string, ChartDescription>();
    const watch = (machine: AnyStateMachine): void => {
      if (!charts.has(machine.id)) charts.set(machine.id, describe(machine));
    };
    new TrialRun(service, scenario, { property, coverage: { watch } });
    return [...charts.values()];
  }

  async #event(index: number): Promise<void> {
    if (index < 0 || index >= this.#starts.length) {
      this.#report({ is: 'event', index, event: null });
      return;
    }
    try {
      const text = await this.#file.slice(this.#starts.at(index), this.#ends.at(index)).text();
      this.#report({ is: 'event', index, event: eventIn(text, index + 1) });
    } catch (error) {
      this.#failed(error);
    }
  }

  #standing(ended: boolean): void {
    this.#report({ is: 'standing', now: 0, running: false, ended, run: null });
  }

  #failed(error: unknown): void {
    const { code, message } = error instanceof ChoraleError ? error : { code: 'INPUT_INVALID', message: String(error) };
    this.#report({ is: 'failed', code, message });
  }
}

/** Null for a kind that this version does not know. Errors: INPUT_INVALID. */
function eventIn(text: string, line: number): TraceEvent | null {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    throw new ChoraleError('INPUT_INVALID', `Line ${line} of the trace is no JSON: what comes before it is shown.`);
  }
  const { t, node, kind } = (event ?? {}) as Partial<TraceEvent>; // looked at here
  if (typeof t !== 'number' || typeof node !== 'string' || typeof kind !== 'string')
    throw new ChoraleError('INPUT_INVALID', `Line ${line} of the trace is no event: it lacks "t", "node" or "kind".`);
  return kind in kindNumber ? (event as TraceEvent) : null; // of a kind that is known
}
