/**
 * From lines of a trace to columns, for traces that come as text: from a file, and from a live cluster, where lines that say which
 * transitions were taken stand among the events. The text is kept, so that one event can be shown whole.
 */
import type { TraceEvent } from '../../trace/format.js';
import type { Chunk, StepChunk } from './chunk.js';
import { Encoder, type Step } from './encode.js';

/** A step as a line. */
type StepLine = Pick<Step, 'node' | 'actor'> & { readonly step: string };

/** Some lines, as they came. */
interface Block {
  /** Index of the first event in it. */
  readonly from: number;
  readonly text: string;
}

/** Characters that are kept: then the oldest blocks are let go of. */
const KEPT = 256 * 1024 * 1024;

export class TraceLines {
  readonly #encoder = new Encoder();
  #steps = 0;
  #blocks: Block[] = [];
  #kept = 0;

  /** Events so far. */
  get length(): number {
    return this.#encoder.length;
  }

  /** Whole lines, each with its end. Throws a SyntaxError at what is no JSON. */
  take(text: string): { readonly chunk: Chunk; readonly steps: StepChunk | null } {
    const from = this.#encoder.length;
    const events: TraceEvent[] = [];
    const steps: Step[] = [];
    for (const line of linesOf(text)) {
      const told = JSON.parse(line) as TraceEvent | StepLine; // whoever writes traces writes these
      if ('kind' in told) events.push(told);
      else steps.push({ place: from + events.length, node: told.node, actor: told.actor, transition: told.step });
    }
    // first the steps: their words come with the events
    const stepChunk = steps.length === 0 ? null : this.#encoder.encodeSteps(steps, this.#steps);
    this.#steps += steps.length;
    this.#keep({ from, text });
    return { chunk: this.#encoder.encode(events, from), steps: stepChunk };
  }

  /** Null where there is none, or it has been let go of. */
  eventAt(index: number): TraceEvent | null {
    const block = this.#blocks.findLast(({ from }) => from <= index);
    if (block === undefined || index >= this.length) return null;
    let place = block.from;
    for (const line of linesOf(block.text)) {
      const told = JSON.parse(line) as TraceEvent | StepLine; // as above
      if (!('kind' in told)) continue;
      if (place === index) return told;
      place += 1;
    }
    return null;
  }

  #keep(block: Block): void {
    this.#blocks.push(block);
    this.#kept += block.text.length;
    while (this.#kept > KEPT) this.#kept -= this.#blocks.shift()?.text.length ?? this.#kept;
  }
}

function* linesOf(text: string): Iterable<string> {
  for (let begin = 0; begin < text.length; ) {
    const end = text.indexOf('\n', begin);
    const stop = end < 0 ? text.length : end;
    if (stop > begin) yield text.slice(begin, stop);
    begin = stop + 1;
  }
}
