/** Faults that wait for something to happen at a node, for the count-th time from when they were set. */
import type { NodeId } from '../../machines/shared/identifiers.js';
import { isState, type Occurrence } from './moments.js';

interface Trap {
  left: number;
  readonly strike: () => void;
}

export class Traps {
  readonly #waiting = new Map<string, Trap[]>();
  readonly #watched = new Set<NodeId>();

  set({ node, event, count }: Occurrence, strike: () => void): void {
    const place = `${node}/${event}`;
    if (isState(event)) this.#watched.add(node);
    this.#waiting.set(place, [...(this.#waiting.get(place) ?? []), { left: count, strike }]);
  }

  happened(node: NodeId, event: string): void {
    if (this.#waiting.size === 0) return;
    const place = `${node}/${event}`;
    const traps = this.#waiting.get(place);
    if (traps === undefined) return;
    for (const trap of traps) trap.left -= 1;
    const left = traps.filter((trap) => trap.left > 0);
    if (left.length > 0) this.#waiting.set(place, left);
    else this.#waiting.delete(place);
    for (const trap of traps) if (trap.left === 0) trap.strike();
  }

  /** Whether a fault has waited for a state there. */
  watches(node: NodeId): boolean {
    return this.#watched.has(node);
  }

  /** An actor went from one state to another, as the trace words them: `normal.active`, regions parted by commas. */
  moved(node: NodeId, actor: string, before: string, after: string): void {
    if (this.#waiting.size === 0 || before === after) return;
    const left = new Set(statesIn(before));
    for (const state of statesIn(after)) {
      if (left.has(state)) continue;
      this.happened(node, `${actor}:${state}`);
      this.happened(node, state);
    }
  }

  clear(): void {
    this.#waiting.clear();
  }
}

/** Every state that it is in: in `a.b,c` these are `a`, `a.b` and `c`. */
function statesIn(text: string): string[] {
  return text.split(',').flatMap((path) => {
    const names = path.split('.');
    return names.map((_, depth) => names.slice(0, depth + 1).join('.'));
  });
}
