/**
 * What the page has been told of a run, and what it is to be told next: only what is new, also when the run was made again and went
 * another way.
 */
import { equal } from '../../../machines/shared/equality.js';
import type { TraceEvent } from '../../trace/format.js';
import type { Chunk, StepChunk } from '../timeline/chunk.js';
import { Encoder, type Step } from '../timeline/encode.js';

interface Left {
  readonly events: readonly TraceEvent[];
  readonly steps: readonly Step[];
}

export class Telling {
  readonly #encoder = new Encoder();
  #told: Left = { events: [], steps: [] };
  /** Steps told of; of events the encoder knows how many. */
  #steps = 0;

  /** Null where the page knows all that there is. */
  next({ events, steps }: Left): { readonly chunk: Chunk; readonly steps: StepChunk } | null {
    const { length } = this.#encoder;
    const from = events === this.#told.events ? length : alike(this.#told.events, events, length, equal);
    // A timeline that forgets events forgets what was taken after them.
    const kept = from === length ? this.#steps : countUpTo(this.#told.steps, from, this.#steps);
    const stepsFrom = steps === this.#told.steps ? kept : alike(this.#told.steps, steps, kept, isSameStep);
    const nothing =
      from === length && from === events.length && stepsFrom === this.#steps && stepsFrom === steps.length;
    this.#told = { events, steps };
    if (nothing) return null;
    // the steps first: their words go with the chunk
    const told = this.#encoder.encodeSteps(steps.slice(stepsFrom), stepsFrom);
    this.#steps = steps.length;
    return { chunk: this.#encoder.encode(events.slice(from), from), steps: told };
  }
}

/** How many of the first `most` are the same in both. */
function alike<Thing>(
  a: readonly Thing[],
  b: readonly Thing[],
  most: number,
  same: (a: Thing, b: Thing) => boolean,
): number {
  const end = Math.min(most, b.length);
  for (let i = 0; i < end; i++) if (!same(a[i] as Thing, b[i] as Thing)) return i; // both are at least so long
  return end;
}

const isSameStep = (a: Step, b: Step): boolean =>
  a.place === b.place && a.transition === b.transition && a.actor === b.actor && a.node === b.node;

/** How many of the first `most` steps were taken by this place. */
function countUpTo(steps: readonly Step[], place: number, most: number): number {
  let count = most;
  while (count > 0 && (steps[count - 1]?.place ?? 0) > place) count -= 1;
  return count;
}
