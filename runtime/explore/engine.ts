/**
 * The walk through all states that a configuration can be in: breadth first, so that the first counter-example is a
 * shortest one, or depth first. Each state is kept as a fingerprint and its parent; the ways to what was found are
 * walked again at the end.
 */
import type { Configuration, Property } from './configuration.js';
import { type Step, Walk } from './counterexample.js';
import type { MachineCoverage } from './coverage.js';
import { Frontier } from './frontier.js';
import { Space } from './space.js';
import { Symmetries } from './symmetry.js';
import { Fingerprint, Visited } from './visited.js';

export interface ExploreSettings {
  /** Default `bfs`: breadth first. */
  readonly search?: 'bfs' | 'dfs';
  /** Makes use of the symmetry that the configuration declares. Default true. */
  readonly symmetry?: boolean;
  /** Drops what is bound for a crashed node at once. Default true. */
  readonly reduction?: boolean;
  /** Default true: ends with the first violation. */
  readonly stopAtViolation?: boolean;
  readonly limit?: { readonly states?: number; readonly milliseconds?: number; readonly bytes?: number };
}

export interface PropertyVerdict {
  readonly name: string;
  readonly kind: Property['kind'];
  /** `unknown`: not all was explored, and nothing was found against it or, for `sometimes`, for it. */
  readonly verdict: 'holds' | 'violated' | 'unknown';
  /** The way to the state that decides it: the counter-example, or the example of what holds sometimes. */
  readonly way: readonly Step[] | null;
}

export interface Violation {
  readonly property: string;
  /** What is wrong there. */
  readonly why: string;
  /** The actions that lead there from the start, shortest possible where the search is breadth first. */
  readonly way: readonly Step[];
}

export interface Explored {
  readonly name: string;
  /** Distinct ones. */
  readonly states: number;
  readonly transitions: number;
  /** Actions from the start to the farthest state, on the way by which it was found. */
  readonly depth: number;
  readonly seconds: number;
  /** Every state was reached. */
  readonly complete: boolean;
  /** Why not. */
  readonly why: string | null;
  readonly violations: readonly Violation[];
  readonly properties: readonly PropertyVerdict[];
  readonly coverage: readonly MachineCoverage[];
}

export interface Progress {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** States to go on from. */
  readonly waiting: number;
  /** Estimated memory. */
  readonly bytes: number;
}

interface Found {
  readonly property: string;
  readonly why: string;
  readonly index: number;
  /** In an action that can happen there an actor throws. */
  readonly fails?: true;
}

const NO_ACTOR_THROWS = 'no actor throws';
/** States gone on from between two looks at the clock and at memory. */
const SLICE = 256;

/** One exploration, walked slice by slice: whoever runs it can look at it, or end it, in between. */
export class Exploration {
  readonly #space: Space;
  readonly #settings: ExploreSettings;
  readonly #symmetries: Symmetries | null;
  readonly #visited = new Visited();
  readonly #frontier = new Frontier();
  readonly #fingerprint = new Fingerprint();
  readonly #found: Found[] = [];
  readonly #witnesses = new Map<string, number>();
  /** `always` and `sometimes` properties that are not decided yet. */
  #open: readonly Property[];
  #transitions = 0;
  #depth = 0;
  #milliseconds = 0;
  #why: string | null = null;

  /** Errors: SETTINGS_INVALID, MACHINE_IMPURE. */
  constructor(configuration: Configuration, settings: ExploreSettings = {}) {
    this.#settings = settings;
    this.#space = new Space(configuration, settings.reduction ?? true);
    const symmetric = (settings.symmetry ?? true) && (configuration.symmetry ?? []).length > 0;
    this.#open = configuration.properties.filter(({ kind }) => kind !== 'eventually');
    const { successors } = this.#space;
    successors.initial();
    this.#symmetries = symmetric ? new Symmetries(this.#space) : null;
    if (successors.failure !== null) this.#find(NO_ACTOR_THROWS, successors.failure.message, -1);
    else this.#admit(-1, 0);
    successors.failure = null;
  }

  get progress(): Progress {
    return {
      states: this.#visited.size,
      transitions: this.#transitions,
      depth: this.#depth,
      waiting: this.#frontier.size,
      bytes: this.#visited.bytes + this.#frontier.bytes + this.#space.bytes,
    };
  }

  /** Goes on for a short while; false when there is nothing more to do. Errors: MACHINE_IMPURE, and a property's own. */
  slice(): boolean {
    const begin = performance.now();
    const from = this.#settings.search === 'dfs' ? 'back' : 'front';
    const { states = Number.POSITIVE_INFINITY, milliseconds, bytes } = this.#settings.limit ?? {};
    for (let i = 0; i < SLICE && this.#why === null; i++) {
      if (this.#frontier.size === 0) break;
      if (this.#visited.size >= states) this.#why = `the limit of ${states} states was reached`;
      else if (this.#frontier.take(from)) this.#expand();
    }
    this.#milliseconds += performance.now() - begin;
    if (this.#why === null && this.#frontier.size > 0) {
      if (milliseconds !== undefined && this.#milliseconds >= milliseconds)
        this.#why = `the limit of ${milliseconds} ms was reached`;
      else if (bytes !== undefined && this.progress.bytes > bytes)
        this.#why = `the limit of ${bytes} bytes was reached`;
    }
    return this.#why === null && this.#frontier.size > 0;
  }

  /** What has come of it so far. */
  result(): Explored {
    const complete = this.#why === null && this.#frontier.size === 0;
    const walk = new Walk(this.#space, this.#symmetries, this.#visited);
    const violations = this.#found.map(
      ({ property, why, index, fails }): Violation => ({ property, why, way: walk.to(index, fails) }),
    );
    const properties = this.#space.configuration.properties.map(({ name, kind }): PropertyVerdict => {
      const violation = violations.find(({ property }) => property === name);
      if (violation !== undefined) return { name, kind, verdict: 'violated', way: violation.way };
      const witness = this.#witnesses.get(name);
      if (witness !== undefined) return { name, kind, verdict: 'holds', way: walk.to(witness) };
      if (!complete) return { name, kind, verdict: 'unknown', way: null };
      return { name, kind, verdict: kind === 'sometimes' ? 'violated' : 'holds', way: null };
    });
    for (const { name, kind, verdict } of properties)
      if (kind === 'sometimes' && verdict === 'violated')
        violations.push({ property: name, why: 'it holds in no state', way: [] });
    return {
      name: this.#space.configuration.name,
      states: this.#visited.size,
      transitions: this.#transitions,
      depth: this.#depth,
      seconds: this.#milliseconds / 1000,
      complete,
      why: complete ? null : (this.#why ?? 'it was interrupted'),
      violations,
      properties,
      coverage: this.#space.processes.actors.coverage.report(),
    };
  }

  #expand(): void {
    const { ints, length, index, depth } = this.#frontier.taken;
    const { successors, layout } = this.#space;
    let ends = true;
    successors.each(ints, length, (_, due) => {
      if (successors.failure !== null) {
        this.#transitions += 1;
        ends = false;
        this.#find(NO_ACTOR_THROWS, successors.failure.message, index, true);
        return;
      }
      // What changes nothing is nothing.
      if (successors.next.equals(ints, length)) return;
      if (due) ends = false;
      if (this.#admit(index, depth + 1)) this.#transitions += 1;
    });
    const pending = layout.pending < 0 ? 0 : (ints[layout.pending] as number);
    if (ends && pending !== 0) this.#endedWithout(pending, index);
  }

  /** The state that has just been made; false when it is outside of the boundary. */
  #admit(parent: number, depth: number): boolean {
    const { successors, configuration, view } = this.#space;
    const state = successors.next;
    if (configuration.boundary?.(view.of(state.ints, state.length)) === false) return false;
    this.#space.settle(state);
    this.#symmetries?.canonicalise(state);
    const index = this.#visited.add(this.#fingerprint.of(state.ints, state.length), parent);
    if (index < 0) return true;
    if (depth > this.#depth) this.#depth = depth;
    this.#judge(index);
    this.#frontier.push(state.ints, state.length, index, depth);
    return true;
  }

  #judge(index: number): void {
    const { next } = this.#space.successors;
    let decided = false;
    for (const { kind, name, holds } of this.#open) {
      const judgement = holds(this.#space.view.of(next.ints, next.length));
      if ((kind === 'sometimes') !== (judgement === true)) continue;
      decided = true;
      if (kind === 'sometimes') this.#witnesses.set(name, index);
      else this.#find(name, judgement === false ? 'it does not hold' : String(judgement), index);
    }
    if (decided)
      this.#open = this.#open.filter(
        ({ name }) => !this.#witnesses.has(name) && !this.#found.some(({ property }) => property === name),
      );
  }

  #endedWithout(pending: number, index: number): void {
    this.#space.eventual.forEach(({ name }, i) => {
      if ((pending & (1 << i)) !== 0) this.#find(name, 'it has not held when nothing more happens', index);
    });
  }

  /** The first violation of each property counts. */
  #find(property: string, why: string, index: number, fails?: true): void {
    if (this.#found.some((other) => other.property === property)) return;
    this.#found.push({ property, why, index, ...(fails === undefined ? {} : { fails }) });
    if (this.#settings.stopAtViolation ?? true) this.#why = 'it ended with the first violation';
  }
}

/**
 * Explores every state that the configuration can be in, and says which of its properties hold.
 * Errors: SETTINGS_INVALID, MACHINE_IMPURE.
 */
export function explore(
  configuration: Configuration,
  settings: ExploreSettings = {},
  progress?: (progress: Progress) => void,
): Explored {
  const exploration = new Exploration(configuration, settings);
  while (exploration.slice()) progress?.(exploration.progress);
  return exploration.result();
}
