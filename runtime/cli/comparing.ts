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
    const asked = this.#asked || [];
    this.#faults = asked;
    this.#refuse((row) => ({ promised: promisedBy(row, conditions, asked) }));
    yield* this.#each(function* (row) {
      return { peace: yield* measureInPeace(row, conditions) };
    });
    const faults = asked.length > 0 || this.#asked === false ? asked : [`crash:rm-1@${halfWay(this.#rows)}ms`];
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
  #refuse(admit: (row: Compared) => Partial<Compared>): void {
    const errors: ChoraleError[] = [];
    this.#rows = this.#rows.map((row) => {
      try {
        return { ...row, ...admit(row) };
      } catch (error) {
        if (!(error instanceof ChoraleError)) throw error;
        errors.push(error);
        return { ...row, refused: error.message };
      }
    });
    const [first] = errors;
    if (first !== undefined && errors.length === this.#rows.length) throw first;
  }

  *#each(measure: (row: Compared) => Generator<void, Partial<Compared>>): Generator<void, void> {
    for (const [place, row] of this.#rows.entries()) {
      if (row.refused === null) this.#rows = this.#rows.with(place, { ...row, ...(yield* measure(row)) });
      this.#runs += 1;
    }
  }
}

/** ms: half of the time that the quickest takes, the same for all. */
function halfWay(rows: readonly Compared[]): number {
  const ends = rows.flatMap(({ peace }) => (peace === null ? [] : [peace.endedAt]));
  return Math.max(1, Math.round(Math.min(...ends) / 2));
}
