/**
 * What a cluster tells its application, as it happens.
 */
import type { ChoraleError } from '../errors.js';

export interface ClusterEvents {
  /** The replica managers' group has a new view. A static group has one, when the cluster starts. */
  view: { readonly id: number; readonly members: readonly string[] };
  /** A node stopped: by a fault, or because one of its actors threw (then `error` says which and why). */
  crash: { readonly node: string; readonly error: ChoraleError | null };
  /** A node is back, as a new incarnation. */
  recover: { readonly node: string; readonly incarnation: number };
  /** All nodes have stopped for good. */
  close: object;
}

export type ClusterEventName = keyof ClusterEvents;
export type Listener<Name extends ClusterEventName> = (event: ClusterEvents[Name]) => void;

export class Listeners {
  readonly #listeners = new Map<ClusterEventName, Set<Listener<never>>>();

  /** Returns what takes the listener off again. */
  on<Name extends ClusterEventName>(name: Name, listener: Listener<Name>): () => void {
    const known = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, known);
    known.add(listener as Listener<never>); // kept under the name that it was typed by
    return () => void known.delete(listener as Listener<never>);
  }

  tell<Name extends ClusterEventName>(name: Name, event: ClusterEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) (listener as Listener<Name>)(event); // see `on`
  }
}
