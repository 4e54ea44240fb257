/**
 * What many runs came to together, told of one after another in their order: the same runs give the same totals.
 */
import { ChartCoverage, type ChartReport } from '../coverage/coverage.js';
import type { NetworkCounts } from './network.js';
import type { RunOutcome } from './outcome.js';
import type { RunName } from './scenario.js';
import type { TrialProperty } from './trial.js';

export interface FoundViolation extends RunName {
  readonly property: TrialProperty;
  readonly why: string;
}

/** Violations kept of each property: the first ones. */
const KEPT = 5;
/** Runs kept of each transition: the first that took it. */
const TAKERS = 8;
/** A transition is rarely taken where fewer than one run in so many takes it. */
const RARE = 10;

export class RunTotals {
  /** Of these, `near` are runs near a seed, and in `lost` nobody is left who has the state. */
  readonly runs = { all: 0, near: 0, lost: 0 };
  readonly verdicts = { holds: 0, violated: 0, unknown: 0 };
  requests = 0;
  answered = 0;
  events = 0;
  readonly network: NetworkCounts = { frames: 0, bytes: 0, lost: 0, duplicated: 0, blocked: 0, omitted: 0, refused: 0 };
  readonly #faults = new Map<string, number>();
  /** Runs that violate it, and the first of them. */
  readonly #violated = new Map<TrialProperty, { runs: number; readonly first: FoundViolation[] }>();
  readonly #coverage = new ChartCoverage();
  /** Runs that took it, and the first of them. */
  readonly #transitions = new Map<string, { runs: number; readonly first: RunName[] }>();

  add(outcome: RunOutcome): void {
    const { seed, near, requests, answered, events, network, faults, verdict, lost, violations, charts } = outcome;
    this.runs.all += 1;
    if (near > 0) this.runs.near += 1;
    if (lost) this.runs.lost += 1;
    this.verdicts[verdict] += 1;
    this.requests += requests;
    this.answered += answered;
    this.events += events;
    for (const name of Object.keys(network) as (keyof NetworkCounts)[]) this.network[name] += network[name]; // its own keys
    for (const [kind, struck] of Object.entries(faults)) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + struck);
    for (const violation of violations) this.#violation({ seed, near, ...violation });
    this.#coverage.merge(charts);
    for (const { chart, transitions } of charts) {
      for (const { name, taken } of transitions) if (taken > 0) this.#took(`${chart}: ${name}`, { seed, near });
    }
  }

  /** How often faults struck, by kind, in the order of the alphabet. */
  get faults(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#faults].sort(byName));
  }

  /** Runs that violate each property, in the order of the alphabet. */
  get violated(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#violated].sort(byName).map(([property, { runs }]) => [property, runs]));
  }

  /** The first violations: of consistency, then lost updates, then all others, by their runs; of each property one at least. */
  get violations(): readonly FoundViolation[] {
    const all = [...this.#violated.values()];
    const firsts = all.flatMap(({ first }) => first.slice(0, 1));
    const others = all.flatMap(({ first }) => first.slice(1)).sort(byRank);
    return [...firsts, ...others.slice(0, Math.max(0, KEPT - firsts.length))].sort(byRank);
  }

  get charts(): readonly ChartReport[] {
    return this.#coverage.report();
  }

  /** So many runs near those that took what is rarely taken, from the rarest on, in turn; none where nothing is rare. */
  nearby(count: number): RunName[] {
    const rare = [...this.#transitions]
      .filter(([, { runs }]) => runs * RARE < this.runs.all)
      .sort(([a, { runs: runsOfA }], [b, { runs: runsOfB }]) => runsOfA - runsOfB || (a < b ? -1 : 1))
      .map(([, { first }]) => first);
    const made = new Map<number, number>();
    return Array.from({ length: rare.length === 0 ? 0 : count }, (_, turn) => {
      const first = rare[turn % rare.length] as RunName[]; // within the list
      const { seed } = first[Math.floor(turn / rare.length) % first.length] as RunName; // each has one at least
      const near = (made.get(seed) ?? 0) + 1;
      made.set(seed, near);
      return { seed, near };
    });
  }

  #violation(found: FoundViolation): void {
    const known = this.#violated.get(found.property) ?? { runs: 0, first: [] };
    this.#violated.set(found.property, known);
    known.runs += 1;
    if (known.first.length < KEPT) known.first.push(found);
  }

  #took(transition: string, run: RunName): void {
    const known = this.#transitions.get(transition) ?? { runs: 0, first: [] };
    this.#transitions.set(transition, known);
    known.runs += 1;
    if (known.first.length < TAKERS) known.first.push(run);
  }
}

/** What clients saw comes first. */
const ranks: Partial<Record<TrialProperty, number>> = { linearizable: 0, sequential: 0, 'lost update': 1 };
const rankOf = ({ property }: FoundViolation): number => ranks[property] ?? 2;
const byRank = (a: FoundViolation, b: FoundViolation): number =>
  rankOf(a) - rankOf(b) || Math.sign(a.near) - Math.sign(b.near) || a.seed - b.seed;

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
