/**
 * The search for a linearization: Wing and Gong's, with Lowe's memory of the configurations that led nowhere (Testing
 * for linearizability, 2017). A configuration is the set of the operations placed and the state that they led to. A
 * set is told by the last operation placed, in the order of calls, and those before it that are not placed: these were
 * all under way at one time, so a configuration takes 16 bytes however long the history is.
 *
 * What cuts the search down without losing a linearization: an operation that can be placed and leaves the state as it
 * is, is placed at once; of operations of one kind, that which returned first goes first.
 */
import type { Budget } from './budget.js';
import { Configurations } from './configurations.js';
import type { Json, Operation } from './history.js';
import type { Model } from './model.js';
import { Ring } from './ring.js';
import { kindsOf, NO_STEP, States } from './states.js';
import type { Timing } from './timing.js';

export interface Question {
  readonly model: Model;
  readonly initial: unknown;
  /** By call. */
  readonly operations: readonly Operation[];
  readonly timing: Timing;
  /** For each the place of one that has to come before it beside what the times say; or -1. */
  readonly before: Int32Array;
  /** 1: it happened and returned as it says. 0: it may have happened in its time or not, whatever it returned. */
  readonly required: Uint8Array;
}

export type Answer =
  | { readonly outcome: 'placed' }
  /** No order gets past operation `at`, which would have returned one of `outputs`; not all are listed. */
  | { readonly outcome: 'stuck'; readonly at: number; readonly outputs: readonly Json[] }
  | { readonly outcome: 'spent'; readonly what: string };

/** How many different outputs are listed. */
const OUTPUTS = 4;

export function search(question: Question, budget: Budget): Answer {
  return new Search(question).run(budget);
}

/** One step of the path that is being tried. */
interface Step {
  /** Where its candidates begin; they end where the next step's do. */
  readonly first: number;
  /** The next candidate to try. */
  next: number;
  /** How many were out of the ring when it was taken. */
  readonly out: number;
  readonly state: number;
  readonly last: number;
}

class Search {
  readonly #question: Question;
  readonly #states: States;
  readonly #seen = new Configurations();
  /** Texts of the operations not placed that are too far from the last one for a configuration's bits, by number. */
  readonly #tails = new Map<string, number>([['', 0]]);
  #tailBytes = 0;
  readonly #kinds: Int32Array;
  /** The operations not placed. */
  readonly #ring: Ring;
  readonly #placed: Uint8Array;
  /** For each the one that has to come after it; or -1. */
  readonly #after: Int32Array;
  readonly #path: Step[] = [];
  readonly #candidates: number[] = [];
  /** Operations not placed that were called before the last one placed. */
  #holes: number[] = [];
  #state: number;
  /** The last operation placed, in the order of calls. */
  #last = -1;
  #left: number;
  /** The latest return that was reached, whose it is, and what that would have returned. */
  readonly #furthest = { returned: Number.NEGATIVE_INFINITY, at: -1, outputs: new Set<Json>() };

  constructor(question: Question) {
    const { operations, required, before, model, initial } = question;
    const count = operations.length;
    this.#question = question;
    this.#states = new States(model);
    this.#state = this.#states.number(initial);
    this.#kinds = kindsOf(operations, (i) => required[i] === 1);
    this.#ring = new Ring(count);
    this.#placed = new Uint8Array(count);
    this.#after = new Int32Array(count).fill(-1);
    before.forEach((j, i) => {
      if (j >= 0) this.#after[j] = i;
    });
    this.#left = required.reduce((sum, one) => sum + one, 0);
  }

  run(budget: Budget): Answer {
    while (this.#left > 0) {
      const what = budget.spent(this.#seen.bytesForOneMore + this.#states.bytes + this.#tailBytes);
      if (what !== undefined) return { outcome: 'spent', what };
      this.#expand();
      while (!this.#advance()) {
        if (this.#path.length > 1) this.#retreat();
        else return { outcome: 'stuck', at: this.#furthest.at, outputs: [...this.#furthest.outputs] };
      }
    }
    return { outcome: 'placed' };
  }

  /** Adds a step to the path: what can be placed next, which is nothing where the configuration was seen before. */
  #expand(): void {
    const first = this.#candidates.length;
    this.#path.push({ first, next: first, out: this.#ring.out, state: this.#state, last: this.#last });
    this.#reach();
    const still = this.#sift(first);
    if (still < 0 && !this.#isNew()) this.#candidates.length = first;
  }

  /** Places the next candidate of the last step. Returns whether there was one. */
  #advance(): boolean {
    const step = this.#path.at(-1);
    if (step === undefined || step.next === this.#candidates.length) return false;
    const i = this.#candidates[step.next] ?? 0;
    step.next += 1;
    const must = this.#question.required[i] === 1;
    this.#state = this.#step(i);
    this.#last = Math.max(this.#last, i);
    this.#placed[i] = 1;
    this.#ring.takeOut(i);
    if (must) this.#left -= 1;
    return true;
  }

  /** Takes the last step off the path, and back what the one before it placed. */
  #retreat(): void {
    const gone = this.#path.pop();
    const step = this.#path.at(-1);
    if (gone === undefined || step === undefined) return;
    this.#candidates.length = gone.first;
    while (this.#ring.out > step.out) {
      const i = this.#ring.putBack();
      if (this.#placed[i] === 0) continue;
      this.#placed[i] = 0;
      if (this.#question.required[i] === 1) this.#left += 1;
    }
    this.#state = step.state;
    this.#last = step.last;
  }

  #step(i: number): number {
    const operation = this.#question.operations[i] as Operation; // i is a place in it
    return this.#states.step(this.#state, this.#kinds[i] ?? 0, operation, this.#question.required[i] === 1);
  }

  /**
   * Finds the candidates that time allows, in the order of calls, and the holes. What may have happened or not is out
   * of the ring once one is placed that was called after its return.
   */
  #reach(): void {
    const { timing, required, before } = this.#question;
    const { called, returned } = timing;
    const ring = this.#ring;
    const last = this.#last;
    const now = called[last] ?? Number.NEGATIVE_INFINITY;
    this.#holes = [];
    let limit = Number.POSITIVE_INFINITY;
    let blocked = -1;
    for (let i = ring.after(ring.head); i !== ring.head && (called[i] ?? 0) <= limit; i = ring.after(i)) {
      const end = returned[i] ?? 0;
      if (required[i] === 0 && (end < now || this.#placed[this.#after[i] ?? -1] === 1)) {
        ring.takeOut(i);
        continue;
      }
      if (required[i] === 1 && end < limit) {
        limit = end;
        blocked = i;
      }
      if (i < last) this.#holes.push(i);
      const ahead = before[i] ?? -1;
      if (ahead < 0 || this.#placed[ahead] === 1 || required[ahead] === 0) this.#candidates.push(i);
    }
    this.#note(blocked, limit);
  }

  /**
   * Keeps of the candidates from `first` on those that return in this state what they should, one of each kind, those
   * that must be placed soonest in front; or only one that leaves the state as it is, which is returned, else -1.
   */
  #sift(first: number): number {
    const candidates = this.#candidates;
    const end = candidates.length;
    let kept = first;
    for (let c = first; c < end; c++) {
      const i = candidates[c] ?? 0;
      const next = this.#step(i);
      if (next === NO_STEP) continue;
      if (next !== this.#state) kept = this.#insert(i, first, kept);
      else if (this.#question.required[i] === 1) {
        candidates[first] = i;
        candidates.length = first + 1;
        return i;
      }
    }
    candidates.length = kept;
    return -1;
  }

  /** Puts a candidate where it belongs among those from `first` to `end`, unless one like it is there. Returns the new end. */
  #insert(i: number, first: number, end: number): number {
    const candidates = this.#candidates;
    for (let c = first; c < end; c++) {
      const other = candidates[c] ?? 0;
      if (this.#kinds[other] !== this.#kinds[i] || this.#question.required[other] !== this.#question.required[i])
        continue;
      if (this.#due(other) <= this.#due(i)) return end;
      // The other one is worse: i takes its place, and those between are no sooner than i.
      candidates.copyWithin(c, c + 1, end);
      return this.#insert(i, first, end - 1);
    }
    let place = end;
    for (; place > first && this.#due(candidates[place - 1] ?? 0) > this.#due(i); place--) {
      candidates[place] = candidates[place - 1] ?? 0;
    }
    candidates[place] = i;
    return end + 1;
  }

  /** When it must be placed at the latest; what need not be placed comes after all that must. */
  #due(i: number): number {
    const returned = this.#question.timing.returned[i] ?? 0;
    return this.#question.required[i] === 1 ? returned : returned + FAR;
  }

  #isNew(): boolean {
    let near = 0;
    let far = '';
    for (const i of this.#holes) {
      const distance = this.#last - i;
      if (distance <= 32) near |= 1 << (distance - 1);
      else far += `${i} `;
    }
    let tail = this.#tails.get(far);
    if (tail === undefined) {
      tail = this.#tails.size;
      this.#tails.set(far, tail);
      this.#tailBytes += 2 * far.length + 100;
    }
    return this.#seen.add(this.#last + 2, near, tail, this.#state);
  }

  /** Remembers what the operation that has to be placed next would have returned, where no path has got further. */
  #note(blocked: number, limit: number): void {
    const furthest = this.#furthest;
    if (blocked < 0 || limit < furthest.returned || (limit === furthest.returned && blocked !== furthest.at)) return;
    if (limit > furthest.returned) Object.assign(furthest, { returned: limit, at: blocked, outputs: new Set() });
    if (furthest.outputs.size === OUTPUTS) return;
    furthest.outputs.add(this.#states.output(this.#state, this.#question.operations[blocked] as Operation)); // its place
  }
}
