/**
 * The search for a linearization: Wing and Gong's, with Lowe's memory of the configurations that led nowhere (Testing
 * for linearizability, 2017). A configuration is the set of the operations placed and the state that they led to. A
 * set is told by the last operation placed, in the order of calls, and those before it that are not placed: these were
 * all under way at one time, so a configuration takes 16 bytes however long the history is.
 *
 * What cuts the search down without losing a linearization: an operation that can be placed and leaves every state as
 * it is, as reads do and what was refused, is placed at once; of operations of one kind, that which returned first goes
 * first. Neither may rule out what may have happened or not, and would have done so before it.
 */
import type { Budget } from './budget.js';
import { Configurations } from './configurations.js';
import type { Operation } from './history.js';
import type { Answer, Question } from './question.js';
import { Ring } from './ring.js';
import { kindsOf, mayChange, NO_STEP, States } from './states.js';

export function search(question: Question, budget: Budget): Answer {
  return new Search(question).run(budget);
}

/** One step of the path that is being tried. */
interface Step {
  /** Where its candidates begin; they end where the next step's do. */
  readonly first: number;
  /** The next candidate to try. */
  next: number;
  /** How many are out of the ring before a candidate is. */
  out: number;
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
  /** For each kind the last choice of candidates that has one of it, and which was put there last. */
  readonly #chosen: Uint32Array;
  readonly #latest: Int32Array;
  #choices = 0;
  /** 0: where it returns what it should, it leaves the state as it is. */
  readonly #changes: Uint8Array;
  /** The operations not placed. */
  readonly #ring: Ring;
  readonly #placed: Uint8Array;
  /** For each the one that has to come after it; or -1. */
  readonly #after: Int32Array;
  /** For each the last required one of those that `before` puts before it; or -1. */
  readonly #ahead: Int32Array;
  readonly #path: Step[] = [];
  readonly #candidates: number[] = [];
  /** Operations not placed that were called before the last one placed. */
  readonly #holes: number[] = [];
  #state: number;
  /** The last operation placed, in the order of calls. */
  #last = -1;
  #left: number;
  /** The earliest return of what may have happened or not. */
  #soonest = Number.POSITIVE_INFINITY;
  /** Of those that are required and can be placed, they return first. */
  readonly #due: number[] = [];
  /** How often a candidate was looked at since the budget was asked: there may be thousands in one step. */
  #looks = 0;
  /** The latest return that was reached, and whose it is. */
  readonly #furthest = { returned: Number.NEGATIVE_INFINITY, at: new Set<number>() };

  constructor(question: Question) {
    const { operations, required, before, model, initial } = question;
    const count = operations.length;
    this.#question = question;
    this.#states = new States(model, count);
    this.#state = this.#states.number(initial);
    this.#kinds = kindsOf(operations, (i) => required[i] === 1);
    this.#chosen = new Uint32Array(count);
    this.#latest = new Int32Array(count);
    this.#changes = Uint8Array.from(operations, (operation) => (mayChange(operation, model) ? 1 : 0));
    this.#ring = new Ring(count);
    this.#placed = new Uint8Array(count);
    this.#after = new Int32Array(count).fill(-1);
    this.#ahead = new Int32Array(count).fill(-1);
    for (let i = 0; i < count; i++) {
      const j = before[i] ?? -1;
      if (j < 0) continue;
      this.#after[j] = i;
      this.#ahead[i] = required[j] === 1 ? j : (this.#ahead[j] ?? -1);
    }
    this.#left = required.reduce((sum, one) => sum + one, 0);
  }

  run(budget: Budget): Answer {
    while (this.#left > 0) {
      const what = budget.spent(this.#seen.bytesForOneMore + this.#states.bytes + this.#tailBytes, 1 + this.#looks);
      if (what !== undefined) return { outcome: 'spent', what };
      this.#looks = 0;
      this.#expand();
      while (!this.#advance()) {
        if (this.#path.length > 1) this.#retreat();
        else return { outcome: 'stuck', at: [...this.#furthest.at] };
      }
    }
    return { outcome: 'placed' };
  }

  /** Adds a step to the path: what can be placed next, which is nothing where the configuration was seen before. */
  #expand(): void {
    const first = this.#candidates.length;
    this.#reach();
    this.#path.push({ first, next: first, out: this.#ring.out, state: this.#state, last: this.#last });
    if (!this.#sift(first) && !this.#isNew()) this.#candidates.length = first;
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
    if (!must && this.#question.often) return true;
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
    const { timing, required, often } = this.#question;
    const { called, returned } = timing;
    const ring = this.#ring;
    const last = this.#last;
    const now = last < 0 ? Number.NEGATIVE_INFINITY : (called[last] ?? 0);
    this.#holes.length = 0;
    this.#soonest = Number.POSITIVE_INFINITY;
    let limit = Number.POSITIVE_INFINITY;
    for (let i = ring.after(ring.head); i !== ring.head && (called[i] ?? 0) <= limit; i = ring.after(i)) {
      const end = returned[i] ?? 0;
      const must = required[i] === 1;
      if (!must && (end < now || this.#isPassed(i, now))) {
        ring.takeOut(i);
        continue;
      }
      if (must && end < limit) {
        limit = end;
        this.#due.length = 0;
      }
      if (!must) this.#soonest = Math.min(this.#soonest, end);
      if (i < last && (must || !often)) this.#holes.push(i);
      const ahead = this.#ahead[i] ?? -1;
      if (ahead >= 0 && this.#placed[ahead] === 0) continue;
      this.#candidates.push(i);
      if (must && end === limit) this.#due.push(i);
    }
    this.#note(limit);
  }

  /** Whether one is placed that `before` puts after it; `now` is the call of the last one placed. */
  #isPassed(i: number, now: number): boolean {
    const { called } = this.#question.timing;
    for (let j = this.#after[i] ?? -1; j >= 0 && (called[j] ?? 0) <= now; j = this.#after[j] ?? -1) {
      if (this.#placed[j] === 1) return true;
    }
    return false;
  }

  /** Whether to place it rules out nothing that may have happened or not. */
  #isFree(i: number): boolean {
    return (this.#question.timing.called[i] ?? 0) <= this.#soonest && this.#isNext(i);
  }

  /** Whether nothing that may have happened or not is left of those that `before` puts before it. */
  #isNext(i: number): boolean {
    const j = this.#question.before[i] ?? -1;
    return j < 0 || this.#placed[j] === 1;
  }

  /**
   * Keeps of the candidates from `first` on those that return in this state what they should, of each kind one, those
   * that are due first in front; or only one that leaves every state as it is and rules nothing out. Returns whether there
   * is such a one.
   */
  #sift(first: number): boolean {
    const candidates = this.#candidates;
    const end = candidates.length;
    let kept = first;
    this.#choices += 1;
    this.#looks += end - first;
    for (let c = first; c < end; c++) {
      const i = candidates[c] ?? 0;
      const next = this.#step(i);
      if (next === NO_STEP) continue;
      const must = this.#question.required[i] === 1;
      if (must && next === this.#state && this.#changes[i] === 0 && this.#isFree(i)) {
        candidates[first] = i;
        candidates.length = first + 1;
        return true;
      }
      if (must || next !== this.#state) kept = this.#insert(i, first, kept);
    }
    candidates.length = kept;
    return false;
  }

  /** Puts one among those from `first` to `end`, and returns their end; of two that can stand for each other, one stays. */
  #insert(i: number, first: number, end: number): number {
    const candidates = this.#candidates;
    const kind = this.#kinds[i] ?? 0;
    if (this.#chosen[kind] === this.#choices) {
      if (this.#standsFor(this.#latest[kind] ?? 0, i)) return end; // mostly there is no other
      this.#looks += end - first;
      for (let c = first; c < end; c++) {
        const other = candidates[c] ?? 0;
        if (this.#standsFor(other, i)) return end;
        if (this.#standsFor(i, other)) {
          candidates.copyWithin(c, c + 1, end);
          return this.#insert(i, first, end - 1);
        }
      }
    }
    this.#chosen[kind] = this.#choices;
    this.#latest[kind] = i;
    let place = end;
    for (; place > first && this.#isDueBefore(i, candidates[place - 1] ?? 0); place--) {
      candidates[place] = candidates[place - 1] ?? 0;
    }
    candidates[place] = i;
    return end + 1;
  }

  /** Whether a linearization that goes on with j is still one with the two exchanged. */
  #standsFor(i: number, j: number): boolean {
    if (this.#kinds[i] !== this.#kinds[j]) return false;
    const { timing, required, often } = this.#question;
    if (often && required[i] === 0) return i < j; // neither is used up, and the one called first rules out less
    if (!(i < j ? this.#isNext(i) : this.#isFree(i))) return false;
    const { returned } = timing;
    const [one = 0, other = 0] = [returned[i], returned[j]];
    return one < other || (one === other && (this.#after[j] ?? -1) < 0);
  }

  /** What need not be placed comes after all that must. */
  #isDueBefore(i: number, j: number): boolean {
    const { required, timing } = this.#question;
    if (required[i] !== required[j]) return required[i] === 1;
    return (timing.returned[i] ?? 0) < (timing.returned[j] ?? 0);
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

  /** Remembers those due, where no path has got further than this one to `limit`, when they return. */
  #note(limit: number): void {
    const furthest = this.#furthest;
    if (limit < furthest.returned) return;
    if (limit > furthest.returned) furthest.at.clear();
    furthest.returned = limit;
    for (const i of this.#due) furthest.at.add(i);
  }
}
