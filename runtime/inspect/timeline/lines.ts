/**
 * From lines of a trace to columns, for traces that come as text: from a file, and from a live cluster, where lines that say which
 * transitions were taken stand among the events. Where the text is to be had again is kept, so that one event can be shown whole.
 */
import { ChoraleError } from '../../errors.js';
import type { TraceEvent } from '../../trace/format.js';
import { type Chunk, kindNumber, type StepChunk } from './chunk.js';
import { Encoder, type Step } from './encode.js';

/** A step as a line. */
type StepLine = Pick<Step, 'node' | 'actor'> & { readonly step: string };

/** Some lines, as they came. */
interface Block {
  /** Index of the first event in it. */
  readonly from: number;
  /** Line of the trace that it begins with. */
  readonly line: number;
  /** A blob is a part of a file, which need not be kept. */
  readonly text: string | Blob;
}

interface Taken {
  readonly chunk: Chunk;
  readonly steps: StepChunk | null;
  /** Why the rest of the lines is left out; null where nothing is. */
  readonly wrong: ChoraleError | null;
}

/** Characters that are kept: then the oldest blocks are let go of. */
const KEPT = 256 * 1024 * 1024;

export class TraceLines {
  readonly #encoder = new Encoder();
  #steps = 0;
  /** Lines so far. */
  #lines = 0;
  #blocks: Block[] = [];
  #kept = 0;

  /** Events so far. */
  get length(): number {
    return this.#encoder.length;
  }

  /** Whole lines. `again` is where they can be read another time. */
  take(text: string, again: string | Blob = text): Taken {
    const from = this.#encoder.length;
    const events: TraceEvent[] = [];
    const steps: Step[] = [];
    const block: Block = { from, line: this.#lines + 1, text: again };
    let wrong: ChoraleError | null = null;
    try {
      for (const line of linesOf(text)) {
        this.#lines += 1;
        const told = toldIn(line, this.#lines);
        if (told === null) continue;
        if ('kind' in told) events.push(told);
        else steps.push({ place: from + events.length, node: told.node, actor: told.actor, transition: told.step });
      }
    } catch (error) {
      if (!(error instanceof ChoraleError)) throw error;
      wrong = error;
    }
    // first the steps: their words come with the events
    const stepChunk = steps.length === 0 ? null : this.#encoder.encodeSteps(steps, this.#steps);
    this.#steps += steps.length;
    this.#keep(block);
    return { chunk: this.#encoder.encode(events, from), steps: stepChunk, wrong };
  }

  /** Null where there is none, or it has been let go of. Rejects where the file cannot be read any more. */
  async eventAt(index: number): Promise<TraceEvent | null> {
    const block = this.#blocks.findLast(({ from }) => from <= index);
    if (block === undefined || index >= this.length) return null;
    const text = typeof block.text === 'string' ? block.text : await block.text.text();
    let { from: place, line: number } = block;
    for (const line of linesOf(text)) {
      const told = toldIn(line, number);
      number += 1;
      if (told === null || !('kind' in told)) continue;
      if (place === index) return told;
      place += 1;
    }
    return null;
  }

  #keep(block: Block): void {
    this.#blocks.push(block);
    this.#kept += lengthOf(block);
    while (this.#kept > KEPT) {
      const gone = this.#blocks.shift();
      this.#kept -= gone === undefined ? this.#kept : lengthOf(gone);
    }
  }
}

/** Characters. */
const lengthOf = ({ text }: Block): number => (typeof text === 'string' ? text.length : 0);

export function* linesOf(text: string): Iterable<string> {
  for (let begin = 0; begin < text.length; ) {
    const end = text.indexOf('\n', begin);
    const stop = end < 0 ? text.length : end;
    yield text.slice(begin, stop);
    begin = stop + 1;
  }
}

/** Null for an empty line, the header, and an event of a kind that this version does not know. Errors: INPUT_INVALID. */
export function toldIn(text: string, line: number): TraceEvent | StepLine | null {
  if (text === '' || text === '\r') return null;
  let told: unknown;
  try {
    told = JSON.parse(text);
  } catch {
    throw new ChoraleError('INPUT_INVALID', `Line ${line} of the trace is no JSON: what comes before it is shown.`);
  }
  const { t, node, kind, step } = Object(told) as Partial<TraceEvent & StepLine>; // looked at here
  if (kind === undefined && typeof node === 'string' && typeof step === 'string') return told as StepLine; // as the relay writes them
  if (line === 1 && String(kind) === 'header') return null;
  if (typeof t !== 'number' || typeof node !== 'string' || typeof kind !== 'string')
    throw new ChoraleError(
      'INPUT_INVALID',
      `Line ${line} of the trace is no event: it lacks "t", "node" or "kind". What comes before it is shown.`,
    );
  return kind in kindNumber ? (told as TraceEvent) : null; // of a kind that is known
}
