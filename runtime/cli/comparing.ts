/**
 * A comparison while it is made: first every variant in peace, then every one under the faults.
 */
import { ChoraleError } from '../errors.js';
import type { Compared, Comparison } from './compare-report.js';
import { type Conditions, measureInPeace, measureUnderFaults, promisedBy } from './comparison.js';
import type { Variant } from './variants.js';

export class Comparing {
  readonly #conditions: Conditions;
  readonly #asked: readonly string[] | false;
  #rows: readonly Compared[];
  #faults: readonly string[] = [];
  #runs = 0;

  /** `asked`: false for no fault; empty for a crash half way. */
  constructor(variants: readonly Variant[], conditions: Conditions, asked: readonly string[] | false) {
    this.#conditions = conditions;
    this.#asked = asked;
    this.#rows = variants.map((variant) => ({ ...variant, refused: null, promised: null, peace: null, faults: null }));
  }

  /** Pauses now and then. Errors: what every variant is refused for: INPUT_INVALID, SETTINGS_INVALID, STYLE_UNSUITED. */
  *run(): Generator<void, void> {
    const conditions = this.#conditions;
    yield* this.#each(function* (row) {
      const promised = promisedBy(row, conditions);
      return { promised, peace: yield* measureInPeace(row, conditions) };
    });
    const asked = this.#asked;
    const faults = asked === false ? [] : asked.length > 0 ? asked : [`crash:rm-1@${halfWay(this.#rows)}ms`];
    this.#faults = faults;
    yield* this.#each(function* (row) {
      return { faults: yield* measureUnderFaults(row, conditions, faults) };
    });
  }

  /** How far it is, in words. */
  get far(): string {
    return `${this.#runs} of ${2 * this.#rows.length} runs`;
  }

  /** As it stands. */
  comparison(interrupted: boolean): Comparison {
    const { service, requests, replicas, delay, timeout, seed } = this.#conditions;
    const updates = requests.filter(({ op }) => service.kindOf(op) === 'update').length;
    const clients = new Set(requests.map(({ client }) => client)).size;
    return {
      service: service.name,
      requests: { updates, queries: requests.length - updates, clients },
      replicas,
      delay,
      timeout,
      seed,
      faults: this.#faults,
      variants: this.#rows,
      interrupted,
    };
  }

  /** A style that cannot do it says why in its row; where none can, there is nothing to compare. */
  *#each(measure: (row: Compared) => Generator<void, Partial<Compared>>): Generator<void, void> {
    const errors: ChoraleError[] = [];
    for (const [place, row] of this.#rows.entries()) {
      let measured: Partial<Compared> = {};
      try {
        if (row.refused === null) measured = yield* measure(row);
      } catch (error) {
        if (!(error instanceof ChoraleError)) throw error;
        errors.push(error);
        measured = { refused: error.message };
      }
      this.#rows = this.#rows.with(place, { ...row, ...measured });
      this.#runs += 1;
    }
    const [first] = errors;
    if (first !== undefined && this.#rows.every(({ refused }) => refused !== null)) throw first;
  }
}

/** ms: half of the time that the quickest takes, the same for all. */
function halfWay(rows: readonly Compared[]): number {
  const ends = rows.flatMap(({ peace }) => (peace === null ? [] : [peace.endedAt]));
  return Math.max(1, Math.round(Math.min(...ends) / 2));
}
