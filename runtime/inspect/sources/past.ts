/**
 * What the run itself has forgotten: the contexts at a place long ago. The same scenario is run again, up to there.
 */
import type { Kept } from './contexts.js';
import type { Recording } from './recording.js';

export class Past {
  readonly #again: () => Recording;
  #recording: Recording | null = null;

  /** `again` makes the run anew. */
  constructor(again: () => Recording) {
    this.#again = again;
  }

  contextAt(place: number, actor: string): Kept | null {
    const known = this.#recording?.contexts.at(place, actor) === undefined ? null : this.#recording;
    const recording = known ?? this.#again();
    this.#recording = recording;
    recording.goOnUntil(Number.POSITIVE_INFINITY);
    while (recording.events.length <= place && recording.step()) {}
    return recording.contexts.at(place, actor) ?? null;
  }
}
