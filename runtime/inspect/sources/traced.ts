/**
 * A trace from a file, to be looked at. Its events become columns as they are read, and the file stays where it is: one event is
 * read from it again when somebody asks for it whole.
 */
import { ChoraleError } from '../../errors.js';
import type { AnyService } from '../../service/index.js';
import { parseHeader } from '../../simulate/saved-run.js';
import type { HistoryProperty } from '../../simulate/trial.js';
import type { Command, Report, Run } from '../protocol.js';
import { PART, wholeLines } from '../timeline/blocks.js';
import { transferables } from '../timeline/encode.js';
import { TraceLines } from '../timeline/lines.js';
import { chartsOf, notOfTraces, traceOpened, traceStanding } from './trace.js';
import { historyOfFile, type TraceHistory } from './trace-history.js';

export class TracedSource {
  readonly #file: Blob;
  readonly #services: Readonly<Record<string, { readonly service: AnyService }>>;
  readonly #report: (report: Report, transfer: readonly ArrayBuffer[]) => void;
  readonly #lines = new TraceLines();
  #left: 'no' | 'stopped' | 'closed' = 'no';
  #service: AnyService | null = null;
  /** Bytes of the file so far. */
  #read = 0;
  #reading: Promise<void> = Promise.resolve();
  #history: Promise<TraceHistory> | null = null;

  constructor(
    file: Blob,
    services: Readonly<Record<string, { readonly service: AnyService }>>,
    report: (report: Report, transfer: readonly ArrayBuffer[]) => void,
  ) {
    this.#file = file;
    this.#services = services;
    this.#report = report;
  }

  /** Reads the file to its end, and reports its events on the way. What is wrong with it is reported too, once. */
  read(): Promise<void> {
    this.#reading = this.#readAll();
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    const { size } = this.#file;
    const decoder = new TextDecoder();
    let run: Run | null = null;
    try {
      for await (const bytes of wholeLines(partsOf(this.#file))) {
        if (this.#left !== 'no') break;
        const text = decoder.decode(bytes);
        if (this.#read === 0) run = this.#open(text);
        const { chunk, steps, wrong } = this.#lines.take(text, this.#file.slice(this.#read, this.#read + bytes.length));
        this.#report({ is: 'events', chunk, steps }, transferables(chunk, steps));
        if (wrong !== null) throw wrong;
        this.#read += bytes.length;
        this.#report(traceStanding(run, this.#read / size, false), []);
      }
      if (size === 0) throw new ChoraleError('INPUT_INVALID', 'The file is empty.');
    } catch (error) {
      this.#failed(error);
    }
    if (!this.#isClosed) this.#report(traceStanding(run, size === 0 ? 1 : this.#read / size, true), []);
  }

  send(command: Command): void {
    if (command.do === 'event') void this.#event(command.index);
    else if (command.do === 'check') void this.#check(command.property);
    else if (command.do === 'stop') this.#left = 'stopped';
    else this.#failed(notOfTraces(command));
  }

  get #isClosed(): boolean {
    return this.#left === 'closed';
  }

  /** Nothing more is reported. */
  close(): void {
    this.#left = 'closed';
  }

  /** A trace of a live cluster has no header, and nobody knows its run. */
  #open(text: string): Run | null {
    const end = text.indexOf('\n');
    const run = parseHeader(end < 0 ? text : text.slice(0, end), 'The trace');
    this.#service = run === null ? null : (this.#services[run.service]?.service ?? null);
    this.#report(traceOpened(run, run === null || this.#service === null ? [] : chartsOf(this.#service, run)), []);
    return run;
  }

  async #event(index: number): Promise<void> {
    try {
      this.#report({ is: 'event', index, event: await this.#lines.eventAt(index) }, []);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Of all that is read of the file, when that is done. */
  async #check(property: HistoryProperty): Promise<void> {
    await this.#reading;
    if (this.#isClosed) return;
    try {
      this.#history ??= historyOfFile(partsOf(this.#file.slice(0, this.#read)), this.#service);
      const history = await this.#history;
      if (!this.#isClosed) this.#report({ is: 'verdict', verdict: history.verdict(property) }, []);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return;
    const { code, message } = error instanceof ChoraleError ? error : { code: 'INPUT_INVALID', message: String(error) };
    this.#report({ is: 'failed', code, message }, []);
  }
}

async function* partsOf(file: Blob): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += PART) yield new Uint8Array(await file.slice(at, at + PART).arrayBuffer());
}
