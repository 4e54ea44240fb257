/**
 * The parts of a history that can be judged each by itself: linearizability is local (Herlihy and Wing, Linearizability,
 * 1990). Operations that tie parts of the object together, as a transfer does two accounts, make them one.
 */
import type { Operation } from './history.js';
import type { Model } from './model.js';
import { inProgramOrder } from './program-order.js';

/** Places in `operations`, each part's by call. */
export function partsOf(operations: readonly Operation[], model: Model): readonly (readonly number[])[] {
  const places = inProgramOrder(operations);
  const tied = new Tied();
  const own = Array.from(operations, (operation) => {
    const part = model.part?.(operation) ?? null;
    if (part === null || typeof part === 'string') return part;
    for (const other of part) tied.tie(part[0] ?? other, other);
    return part[0] ?? null;
  });
  if (own.includes(null)) return [[...places]];
  const parts = new Map<string, number[]>();
  for (const i of places) {
    const name = tied.nameOf(own[i] ?? '');
    const part = parts.get(name);
    if (part === undefined) parts.set(name, [i]);
    else part.push(i);
  }
  return [...parts.values()];
}

/** Names that have been tied together, each set of them known by one. */
class Tied {
  readonly #parents = new Map<string, string>();

  nameOf(name: string): string {
    const parent = this.#parents.get(name);
    if (parent === undefined) return name;
    const root = this.nameOf(parent);
    this.#parents.set(name, root);
    return root;
  }

  tie(one: string, other: string): void {
    const [a, b] = [this.nameOf(one), this.nameOf(other)];
    if (a !== b) this.#parents.set(a, b);
  }
}
