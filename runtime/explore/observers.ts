/**
 * The values of observers by number, and what an observation makes of them, remembered.
 */
import { ChoraleError } from '../errors.js';
import { canonicalText } from './canonical.js';
import type { Observation, Observer } from './configuration.js';
import { Interned } from './interned.js';

const OBSERVATIONS = 2 ** 24;

export class Observers {
  readonly values = new Interned<unknown>();
  readonly #next: readonly Map<number, number>[];

  constructor(
    readonly all: readonly Observer[],
    private readonly observation: (id: number) => Observation,
  ) {
    this.#next = all.map(() => new Map());
  }

  initial(observer: number): number {
    return this.idOf(this.all[observer]?.initial);
  }

  after(observer: number, value: number, observation: number): number {
    const remembered = this.#next[observer];
    const key = value * OBSERVATIONS + observation;
    const known = remembered?.get(key);
    if (known !== undefined) return known;
    const next = this.idOf(this.all[observer]?.observe(this.values.at(value), this.observation(observation)));
    remembered?.set(key, next);
    return next;
  }

  /** Errors: SETTINGS_INVALID for what is no plain data. */
  idOf(value: unknown): number {
    let text: string;
    try {
      text = canonicalText(value);
    } catch (error) {
      throw new ChoraleError('SETTINGS_INVALID', `An observer's value is no plain data: ${String(error)}`);
    }
    return this.values.idOf(text, () => value);
  }

  get bytes(): number {
    return this.#next.reduce((sum, { size }) => sum + 40 * size, this.values.bytes);
  }
}
