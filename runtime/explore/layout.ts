/**
 * Where what is in a global state: a place for each node's process, then what is left of each budget, and at the end the
 * network. What the configuration rules out has no place.
 */
import type { Configuration } from './configuration.js';

export interface Layout {
  readonly nodes: number;
  /** Crashed or not, and the incarnation: 2 × incarnation, and 1 more when crashed. By node from here; -1: nobody crashes. */
  readonly fates: number;
  /** Who has still to hear of the node's end, as a set of bits. By node from here. */
  readonly untold: number;
  /** By observer from here. */
  readonly observers: number;
  /** -1 where there is no limit. */
  readonly crashes: number;
  readonly recoveries: number;
  readonly losses: number;
  readonly duplicates: number;
  readonly timeouts: number;
  /** By event from outside: where the number of times that are left is, -1 for no limit. */
  readonly events: readonly number[];
  /** The `eventually` properties that have not held yet, as a set of bits; -1 where there are none. */
  readonly pending: number;
  readonly network: number;
  /** What stands in all these places before anything has happened, processes and observers left out. */
  readonly initial: readonly number[];
}

/** Nodes and properties that fit into the bits of a place. */
export const BITS = 31;

export function layoutOf(
  { faults = {}, environment = [], observers = [], properties }: Configuration,
  nodes: number,
): Layout {
  const initial: number[] = Array.from({ length: nodes }, () => 0);
  const place = (value: number): number => initial.push(value) - 1;
  const budget = (value: number): number => (value === Number.POSITIVE_INFINITY ? -1 : place(value));
  const each = (value: number, count = nodes): number => {
    const from = initial.length;
    for (let i = 0; i < count; i++) place(value);
    return from;
  };
  const mayCrash = (faults.crashes?.times ?? 0) > 0;
  const eventual = properties.filter(({ kind }) => kind === 'eventually').length;
  return {
    nodes,
    fates: mayCrash ? each(2) : -1,
    untold: mayCrash && faults.told !== false ? each(0) : -1,
    observers: each(0, observers.length),
    crashes: mayCrash ? budget(faults.crashes?.times ?? 0) : -1,
    recoveries: mayCrash ? budget(faults.recoveries ?? 0) : -1,
    losses: budget(faults.losses ?? Number.POSITIVE_INFINITY),
    duplicates: budget(faults.duplicates ?? 0),
    timeouts: budget(faults.timeouts ?? 0),
    events: environment.map(({ times }) => budget(times ?? 1)),
    pending: eventual > 0 ? place(2 ** eventual - 1) : -1,
    get network() {
      return initial.length;
    },
    initial,
  };
}
