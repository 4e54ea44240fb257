/**
 * The search for one order of all operations that keeps the order within each process and explains what was returned.
 *
 * A read that is right in the state that is reached is placed at once: it leaves the state as it is, so whatever order
 * has it later has it here as well. Only updates are choices. Those called first are tried first, since what a service
 * did is seldom far from the order in which it was asked.
 */

import type { Budget } from './budget.js';
import type { Order } from './causal-order.js';
import type { Json, Operation } from './history.js';
import { type Model, tells } from './model.js';
import { inProgramOrder } from './program-order.js';

export type Interleaving =
  | { readonly found: 'order' }
  /** `stuck`: an operation that fits nowhere where the search got farthest, and what it would return after `placed`. */
  | {
      readonly found: 'none';
      readonly stuck: Operation;
      readonly placed: readonly Operation[];
      readonly output: Json;
    }
  | { readonly found: 'spent'; readonly what: string };

/** Estimated bytes of a remembered configuration, without its text. */
const ENTRY = 80;

interface Known {
  /** Those that are not may have happened or not, whatever they returned. Absent: all that returned are required. */
  readonly required?: ReadonlySet<Operation>;
  /** What every order that explains the operations has to keep. */
  readonly forced?: Order;
}

export function interleaving(
  operations: readonly Operation[],
  model: Model,
  budget: Budget,
  known: Known = {},
): Interleaving {
  return new Search(operations, model, known).run(budget);
}

/** A process whose next update comes next; or is passed over, since it need not have happened. */
interface Choice {
  readonly process: number;
  readonly passed: boolean;
}

interface Step {
  readonly state: unknown;
  /** Processes whose reads were placed on entry, one entry a read. */
  readonly reads: readonly number[];
  readonly choices: readonly Choice[];
  tried: number;
}

class Search {
  readonly #model: Model;
  readonly #processes: readonly (readonly Operation[])[];
  /** Of each process, how many operations are placed. */
  readonly #placed: number[];
  /** Operations that must be placed still: those that never returned need not be. */
  #left: number;
  readonly #known: Known;
  readonly #tried = new Set<string>();
  #bytes = 0;
  /** Processes in the order in which their operations are placed. */
  readonly #order: number[] = [];
  #farthest = Number.POSITIVE_INFINITY;
  #stuck: { readonly stuck: Operation; readonly output: Json; readonly order: readonly number[] } | null = null;

  constructor(operations: readonly Operation[], model: Model, known: Known) {
    this.#model = model;
    this.#known = known;
    this.#processes = known.forced === undefined ? this.#byProcess(operations) : sessionsOf(known.forced);
    this.#placed = this.#processes.map(() => 0);
    this.#left = this.#processes.flat().filter((operation) => this.#must(operation)).length;
  }

  /** Reads that need not have happened are left out. */
  #byProcess(operations: readonly Operation[]): readonly (readonly Operation[])[] {
    const byProcess = new Map<number | string, Operation[]>();
    for (const i of inProgramOrder(operations)) {
      const operation = operations[i] as Operation; // a place in it
      if (!this.#must(operation) && this.#model.reads(operation)) continue;
      const own = byProcess.get(operation.process);
      if (own === undefined) byProcess.set(operation.process, [operation]);
      else own.push(operation);
    }
    return [...byProcess.values()];
  }

  #must(operation: Operation): boolean {
    return operation.return !== null && this.#known.required?.has(operation) !== false;
  }

  run(budget: Budget): Interleaving {
    const path: Step[] = [];
    for (let entering: { readonly state: unknown } | null = { state: this.#model.initial() }; ; ) {
      const what = budget.spent(this.#bytes);
      if (what !== undefined) return { found: 'spent', what };
      if (entering !== null) {
        const step = this.#enter(entering.state);
        if (this.#left === 0) return { found: 'order' };
        path.push(step);
        entering = null;
      }
      const step = path.at(-1);
      if (step === undefined) return this.#none();
      const choice = step.choices[step.tried];
      step.tried += 1;
      if (choice === undefined) {
        path.pop();
        this.#leave(step, path.at(-1));
      } else {
        entering = { state: choice.passed ? step.state : this.#after(step.state, choice.process)?.state };
        this.#move(choice.process, 1);
      }
    }
  }

  #next(process: number): Operation | undefined {
    return this.#processes[process]?.[this.#placed[process] ?? 0];
  }

  #move(process: number, by: 1 | -1): void {
    const next = by === 1 ? this.#next(process) : undefined;
    if (next !== undefined && this.#must(next)) this.#left -= 1;
    if (by === 1) this.#order.push(process);
    else this.#order.pop();
    this.#placed[process] = (this.#placed[process] ?? 0) + by;
    const back = by === -1 ? this.#next(process) : undefined;
    if (back !== undefined && this.#must(back)) this.#left += 1;
  }

  /** Nothing that has to come before the next operation of a process is still to be placed. */
  #mayCome(process: number): boolean {
    const { forced } = this.#known;
    const id = forced?.accesses.sessions[process]?.[this.#placed[process] ?? 0];
    if (forced === undefined || id === undefined) return true;
    return this.#placed.every((placed, other) => forced.count(id, other) <= placed);
  }

  /** The state after the next operation of a process; null where that may not come, or did not return what it would. */
  #after(state: unknown, process: number): { readonly state: unknown } | null {
    const operation = this.#next(process);
    if (operation === undefined || !this.#mayCome(process)) return null;
    const { state: next, output } = this.#model.apply(state, operation);
    return !this.#must(operation) || tells(this.#model, operation, output) ? { state: next } : null;
  }

  #enter(state: unknown): Step {
    const reads: number[] = [];
    this.#processes.forEach((_, process) => {
      for (let next = this.#next(process); next !== undefined; next = this.#next(process)) {
        if (!this.#model.reads(next) || this.#after(state, process) === null) break;
        this.#move(process, 1);
        reads.push(process);
      }
    });
    const configuration = `${this.#placed.join()} ${this.#model.text(state)}`;
    if (this.#tried.has(configuration)) return { state, reads, choices: [], tried: 0 };
    this.#tried.add(configuration);
    this.#bytes += ENTRY + 2 * configuration.length;
    const choices = this.#processes.flatMap((_, process) => {
      const next = this.#next(process);
      if (next === undefined || this.#model.reads(next) || this.#after(state, process) === null) return [];
      const placed = { process, passed: false };
      // The last of a process is passed over by not being placed.
      return next.return === null || this.#must(next) ? [placed] : [placed, { process, passed: true }];
    });
    if (choices.length === 0) this.#note(state);
    const call = ({ process }: Choice): number => this.#next(process)?.call ?? 0;
    return { state, reads, choices: choices.sort((a, b) => call(a) - call(b)), tried: 0 };
  }

  /** Takes back what the step placed, and what its parent had chosen to come to it. */
  #leave({ reads }: Step, parent: Step | undefined): void {
    for (const process of reads) this.#move(process, -1);
    const chosen = parent?.choices[parent.tried - 1];
    if (chosen !== undefined) this.#move(chosen.process, -1);
  }

  /** What is in the way where nothing can be placed, if no configuration has got farther. */
  #note(state: unknown): void {
    if (this.#left >= this.#farthest) return;
    const waiting = this.#processes.flatMap((_, process) => this.#next(process) ?? []);
    const reads = (operation: Operation): number => Number(this.#model.reads(operation));
    const [stuck] = waiting
      .filter((operation) => this.#must(operation))
      .sort((a, b) => reads(b) - reads(a) || a.call - b.call);
    if (stuck === undefined) return;
    this.#farthest = this.#left;
    this.#stuck = { stuck, output: this.#model.apply(state, stuck).output, order: [...this.#order] };
  }

  #none(): Interleaving {
    // Without anything in the way there would have been an order.
    if (this.#stuck === null) return { found: 'order' };
    const { stuck, output, order } = this.#stuck;
    const next = this.#processes.map(() => 0);
    const placed = order.flatMap((process) => {
      const place = next[process] ?? 0;
      next[process] = place + 1;
      return this.#processes[process]?.[place] ?? [];
    });
    return { found: 'none', stuck, output, placed };
  }
}

const sessionsOf = ({ accesses: { sessions, operations } }: Order): readonly (readonly Operation[])[] =>
  sessions.map((ids) => ids.map((id) => operations[id] as Operation)); // ids are places in it
