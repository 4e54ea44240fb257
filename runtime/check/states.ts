/**
 * The states of an object that a search has come by, as small numbers, and the steps between them.
 */
import type { Operation } from './history.js';
import { isRecord, textOf } from './json.js';
import { type Model, tells } from './model.js';

/** Steps that are remembered at most. */
const REMEMBERED = 1 << 14;
/** An estimate of what a state takes beside its text. */
const BYTES_OF_STATE = 200;

/** The operation does not return in this state what the history tells. */
export const NO_STEP = -1;

export class States {
  /** Estimated. */
  bytes = 0;
  readonly #model: Model;
  readonly #states: unknown[] = [];
  readonly #numbers = new Map<string, number>();
  /** For each place: the state, the kind and the next state of the step that was last remembered there. */
  readonly #steps: Int32Array;
  /** The number of places less one; places are a power of two. */
  readonly #mask: number;

  /** `size`: how many steps there may be to remember. */
  constructor(model: Model, size: number) {
    this.#model = model;
    const places = 2 ** Math.ceil(Math.log2(Math.min(REMEMBERED, 4 * size + 1)));
    this.#mask = places - 1;
    this.#steps = new Int32Array(3 * places).fill(-2);
  }

  number(state: unknown): number {
    const text = this.#model.text(state);
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.bytes += BYTES_OF_STATE + 2 * text.length;
    this.#numbers.set(text, this.#states.length);
    return this.#states.push(state) - 1;
  }

  /** The state after an operation, of which `kind` is the number; whether what it returned counts; or NO_STEP. */
  step(state: number, kind: number, operation: Operation, told: boolean): number {
    const place = 3 * ((Math.imul(state, 0x9e3779b1) ^ Math.imul(kind, 0x85ebca6b)) & this.#mask);
    const steps = this.#steps;
    if (steps[place] === state && steps[place + 1] === kind) return steps[place + 2] ?? NO_STEP;
    const before = this.#states[state];
    const { state: after, output } = this.#model.apply(before, operation);
    let next = NO_STEP;
    if (!told || tells(this.#model, operation, output)) next = after === before ? state : this.number(after);
    steps[place] = state;
    steps[place + 1] = kind;
    steps[place + 2] = next;
    return next;
  }
}

/** Numbers for the kinds of operations: those of one kind do the same and returned the same. */
export function kindsOf(operations: readonly Operation[], told: (i: number) => boolean): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(operations, ({ op, key, input, output }, i) => {
    const kind = `${op} ${JSON.stringify(key)} ${textOf(input)} ${told(i) ? textOf(output) : ''}`;
    const number = numbers.get(kind) ?? numbers.size;
    numbers.set(kind, number);
    return number;
  });
}

/** False: where it returns what it did, it leaves the state as it is. `{ "error": CODE }` is without effect. */
export const mayChange = (operation: Operation, model: Model): boolean =>
  !model.reads(operation) && !(isRecord(operation.output) && Object.hasOwn(operation.output, 'error'));
