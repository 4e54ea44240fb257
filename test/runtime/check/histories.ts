/**
 * Histories for tests: written by hand, drawn from a seed, and judged by trying every order.
 */
import type { Json, Operation } from '../../../runtime/check/history.js';
import { type Model, tells } from '../../../runtime/check/model.js';

/**
 * Operations from a picture, a process a line, time from left to right, spaces for nothing but to be read:
 * `A: write(1)[0,3] read->1[4,6]`; `[4,]` never returned. A key stands in front: `x.write(1)`.
 */
export function drawn(...lines: string[]): Operation[] {
  return lines.flatMap((line) => {
    const [process = '', rest = ''] = line.split(/: (.*)/);
    return [...rest.matchAll(/(?:(\w+)\.)?(\w+)(?:\((.*?)\))?(?:->(\S+?))?\[(\d+),(\d*)\]/g)].map(
      ([, key, op, input, output, call, returned]): Operation => ({
        process,
        op: op ?? '',
        key: key ?? null,
        input: input === undefined ? null : (JSON.parse(input) as Json),
        output: output === undefined ? null : (JSON.parse(output) as Json),
        call: Number(call),
        return: returned === '' ? null : Number(returned),
      }),
    );
  });
}

const over = (operation: Operation): number => operation.return ?? Number.POSITIVE_INFINITY;

/** Whether one comes before the other in every linearization; operations of a process are listed in its order. */
function precedes(operations: readonly Operation[], i: number, j: number): boolean {
  const [one, other] = [operations[i] as Operation, operations[j] as Operation]; // places in it
  return over(one) < other.call || (one.process === other.process && i < j);
}

/** Tries every order of the operations, and every choice of those that never returned. */
export const linearizableByTrying = (operations: readonly Operation[], model: Model): boolean =>
  orderedByTrying(operations, model, new Set(operations));

/** Of those not in `part` any may not have happened, and what they returned does not count. */
export function orderedByTrying(operations: readonly Operation[], model: Model, part: ReadonlySet<Operation>): boolean {
  const isSure = (operation: Operation): boolean => operation.return !== null && part.has(operation);
  const count = operations.length;
  const ahead = operations.map((_, j) =>
    operations.reduce((bits, __, i) => (i !== j && precedes(operations, i, j) ? bits | (1 << i) : bits), 0),
  );
  const must = operations.reduce((bits, operation, i) => (isSure(operation) ? bits | (1 << i) : bits), 0);
  const behind = operations.map((_, i) =>
    ahead.reduce((bits, mine, j) => ((mine >> i) & 1 ? bits | (1 << j) : bits), 0),
  );
  const from = (state: unknown, placed: number): boolean => {
    if ((must & ~placed) === 0) return true;
    for (let i = 0; i < count; i++) {
      if ((placed >> i) & 1 || (ahead[i] ?? 0) & must & ~placed || (behind[i] ?? 0) & placed) continue;
      const operation = operations[i] as Operation; // a place in it
      const { state: next, output } = model.apply(state, operation);
      if (isSure(operation) && !tells(model, operation, output)) continue;
      if (from(next, placed | (1 << i))) return true;
    }
    return false;
  };
  return from(model.initial(), 0);
}

/** A small generator of its own, for 100,000 histories: a linear congruence whose high bits count. */
export function chance(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** An operation that is yet to be called: its name, key and input. */
export type Asked = Pick<Operation, 'op' | 'key' | 'input'>;

export interface Drawing {
  readonly operations: number;
  readonly processes: number;
  readonly ask: (below: (n: number) => number) => Asked;
}

/**
 * A history that is linearizable by construction: at each instant some processes call, take effect or return. With few
 * instants many times are equal. Some of the last operations never return.
 */
export function linearizableHistory(model: Model, below: (n: number) => number, how: Drawing): Operation[] {
  type Open = { asked: Asked; call: number; output: Json | undefined };
  const open: (Open | undefined)[] = Array.from({ length: how.processes });
  const done: Operation[] = [];
  let state: unknown = model.initial();
  let left = how.operations;
  for (let now = 0; left > 0 || open.some((one) => one !== undefined); now += below(3) === 0 ? 1 : 0) {
    const process = below(how.processes);
    const mine = open[process];
    if (mine === undefined) {
      if (left === 0) continue;
      left -= 1;
      open[process] = { asked: how.ask(below), call: now, output: undefined };
    } else if (mine.output === undefined) {
      if (left === 0 && below(4) === 0) {
        open[process] = undefined;
        done.push({ process, ...mine.asked, output: null, call: mine.call, return: null });
        continue;
      }
      const operation = { process, ...mine.asked, output: null, call: mine.call, return: now };
      const next = model.apply(state, operation);
      state = next.state;
      mine.output = next.output;
    } else {
      open[process] = undefined;
      const output = model.untold?.has(mine.asked.op) === true && below(4) === 0 ? null : mine.output;
      const returned = left === 0 && below(8) === 0 ? null : now;
      done.push({ process, ...mine.asked, output, call: mine.call, return: returned });
    }
  }
  return inOrderOfProcess(done);
}

/** As a process performs its operations; those of different processes mixed. */
const inOrderOfProcess = (operations: readonly Operation[]): Operation[] =>
  [...operations].sort((a, b) => a.call - b.call || over(a) - over(b));

/** One output becomes that of another operation or another value of its kind, or an operation returns sooner. */
export function mutated(operations: readonly Operation[], below: (n: number) => number): Operation[] {
  const i = below(operations.length);
  return operations.map((operation, place) => {
    if (place !== i || operation.return === null) return operation;
    const { op, output, call, return: returned } = operation;
    const alike = operations.filter((other) => other.op === op);
    const choice = below(4);
    if (choice === 0) return { ...operation, return: call + below(returned - call + 1) };
    if (choice === 1 && typeof output === 'boolean') return { ...operation, output: !output };
    if (choice === 1 && typeof output === 'number') return { ...operation, output: output + below(3) - 1 };
    return { ...operation, output: alike[below(alike.length)]?.output ?? null };
  });
}
