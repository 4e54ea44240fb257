/**
 * Which states of a chart were entered and which of its transitions taken, over all machines that were watched and all
 * runs of them, whoever runs them: an actor, a simulation, an explorer that steps the machine itself.
 */
import type { AnyStateMachine } from 'xstate';
import { type ChartState, type ChartTransition, mark, statesOf, transitionsOf } from './chart.js';

export interface Tally {
  readonly name: string;
  /** How often. */
  readonly taken: number;
}

/** Plain data, to be added to the counts of another process. */
export interface ChartCounts {
  /** The machine's id. */
  readonly chart: string;
  readonly states: readonly Tally[];
  readonly transitions: readonly Tally[];
}

export interface Share {
  readonly all: number;
  /** Those taken at least once. */
  readonly taken: number;
}

export interface ChartReport extends ChartCounts {
  readonly totals: { readonly states: Share; readonly transitions: Share };
}

interface Counter {
  taken: number;
}

interface Chart {
  /** By name, in the order of the chart. */
  readonly states: Map<string, Counter>;
  readonly transitions: Map<string, Counter>;
}

/**
 * Counts for charts by their machine's id: machines of the same id add up, also over processes (`toJSON`, `merge`). A state
 * that is entered anew counts again, and so does the initial state that XState's `transition` begins with each time to have an
 * actor to step. In a machine that is watched a forbidden transition, `gone: {}`, has an action like any
 * other, so that `snapshot.can` says yes to it.
 */
export class ChartCoverage {
  readonly #charts = new Map<string, Chart>();
  readonly #watched = new WeakSet<AnyStateMachine>();

  /** From now on, what this machine does counts. Its parts are listed, though nothing is ever taken. */
  watch(machine: AnyStateMachine): void {
    if (this.#watched.has(machine)) return;
    this.#watched.add(machine);
    const { states, transitions } = this.#chart(machine.id);
    for (const state of statesOf(machine)) countIn(states, state);
    for (const transition of transitionsOf(machine)) countIn(transitions, transition);
  }

  /** What has been counted since the last time. A machine is marked once for each ChartCoverage, so many runs share one. */
  take(): ChartCounts[] {
    const counts = this.toJSON();
    for (const { states, transitions } of this.#charts.values()) {
      for (const counter of [...states.values(), ...transitions.values()]) counter.taken = 0;
    }
    return counts;
  }

  /** Adds the counts of another process or run. */
  merge(counts: readonly ChartCounts[]): void {
    for (const { chart, states, transitions } of counts) {
      const own = this.#chart(chart);
      for (const { name, taken } of states) counterOf(own.states, name).taken += taken;
      for (const { name, taken } of transitions) counterOf(own.transitions, name).taken += taken;
    }
  }

  toJSON(): ChartCounts[] {
    return [...this.#charts].map(([chart, { states, transitions }]) => ({
      chart,
      states: tallies(states),
      transitions: tallies(transitions),
    }));
  }

  /** By the charts' names; in each, in document order. */
  report(): ChartReport[] {
    return this.toJSON()
      .map((counts) => ({
        ...counts,
        totals: { states: share(counts.states), transitions: share(counts.transitions) },
      }))
      .sort((a, b) => (a.chart < b.chart ? -1 : 1));
  }

  #chart(id: string): Chart {
    const known = this.#charts.get(id);
    if (known !== undefined) return known;
    const chart: Chart = { states: new Map(), transitions: new Map() };
    this.#charts.set(id, chart);
    return chart;
  }
}

function countIn(counters: Map<string, Counter>, part: ChartState | ChartTransition): void {
  const counter = counterOf(counters, part.name);
  mark(part, () => {
    counter.taken += 1;
  });
}

function counterOf(counters: Map<string, Counter>, name: string): Counter {
  const known = counters.get(name);
  if (known !== undefined) return known;
  const counter = { taken: 0 };
  counters.set(name, counter);
  return counter;
}

const tallies = (counters: ReadonlyMap<string, Counter>): Tally[] =>
  [...counters].map(([name, { taken }]) => ({ name, taken }));

const share = (parts: readonly Tally[]): Share => ({
  all: parts.length,
  taken: parts.filter(({ taken }) => taken > 0).length,
});
