/**
 * Makes a failing run small: fewer requests, clients, replicas, faults and rough frames, earlier times and simpler
 * arguments, as long as the run still violates the same property. What is left is what the violation takes.
 *
 * A scenario is tried by running it, so nothing here knows the protocol. The same scenario is always made into the same one.
 */
import { ChoraleError } from '../errors.js';
import type { AnyService } from '../service/index.js';
import { mixed } from './fate.js';
import { type Fails, fewest } from './fewest.js';
import type { Scenario } from './scenario.js';
import {
  calmerNetworks,
  clientsOf,
  earlierTimes,
  fewerClients,
  simplerArguments,
  simplerFaults,
  withReplicas,
  withRequests,
} from './simpler.js';
import { type Trial, type TrialProperty, type TrialSettings, tryInSlices } from './trial.js';
import type { PlannedRequest } from './workload.js';

export interface ShrinkSettings extends Pick<TrialSettings, 'property' | 'limits'> {
  /** `fixed`: of what clients do only whole requests are left out, and none is altered. Default: all is made simpler. */
  readonly programs?: 'fixed';
  /** Most runs. Default 3,000. */
  readonly tries?: number;
  /** Told after each run how far it is. */
  readonly progress?: (state: ShrinkProgress) => void;
}

export interface ShrinkProgress {
  readonly tries: number;
  /** Of the smallest scenario so far. */
  readonly requests: number;
  readonly faults: number;
}

export interface Shrunk {
  readonly scenario: Scenario;
  /** Its run. */
  readonly trial: Trial;
  /** Runs that it took. */
  readonly tries: number;
}

const MOST_TRIES = 3000;
/** Of these, for pairs of requests. */
const MOST_PAIRS = 600;

/**
 * `violated` is what the scenario violates; `settings.property` is what its history is checked for.
 * Errors: INPUT_INVALID when it does not violate that.
 */
export function shrink(
  service: AnyService,
  scenario: Scenario,
  violated: TrialProperty,
  settings: ShrinkSettings,
): Shrunk {
  const slices = shrinkInSlices(service, scenario, violated, settings);
  let slice = slices.next();
  while (!slice.done) slice = slices.next();
  return slice.value;
}

/** The same, which pauses now and then for whoever must stay responsive. */
export function* shrinkInSlices(
  service: AnyService,
  scenario: Scenario,
  violated: TrialProperty,
  settings: ShrinkSettings,
): Generator<void, Shrunk> {
  const trial = yield* tryInSlices(service, scenario, { ...settings, quick: true });
  if (!violates(trial, violated)) {
    throw new ChoraleError('INPUT_INVALID', `There is nothing to make small: the run does not violate "${violated}".`);
  }
  const shrinker = new Shrinker(service, violated, settings, trial);
  yield* shrinker.run();
  const { scenario: smallest } = shrinker.best;
  return { scenario: smallest, trial: yield* tryInSlices(service, smallest, settings), tries: shrinker.tries };
}

const violates = (trial: Trial | null, violated: TrialProperty): boolean =>
  trial?.violations.some(({ property }) => property === violated) === true;

/** The same call made by two clients, for each call; then every two requests. */
function* pairsOf(requests: readonly PlannedRequest[]): Iterable<readonly [PlannedRequest, PlannedRequest]> {
  const [client, other] = clientsOf(requests);
  if (client !== undefined && other !== undefined) {
    for (const request of requests)
      yield [
        { ...request, client },
        { ...request, client: other },
      ];
  }
  for (const [place, second] of requests.entries()) for (const first of requests.slice(0, place)) yield [first, second];
}

class Shrinker {
  best: Trial;
  tries = 1;
  readonly #service: AnyService;
  readonly #violated: TrialProperty;
  readonly #settings: ShrinkSettings;
  /** What was tried last; null where that could not be run, or had been tried before. */
  #last: Trial | null = null;
  /** Scenarios that have been tried. */
  readonly #tried = new Set<string>();

  constructor(service: AnyService, violated: TrialProperty, settings: ShrinkSettings, first: Trial) {
    this.#service = service;
    this.#violated = violated;
    this.#settings = settings;
    this.best = first;
    this.#tried.add(JSON.stringify(first.scenario));
  }

  /** What makes the run much shorter comes first: all that follows is the quicker for it. */
  *run(): Generator<void, void> {
    const fixed = this.#settings.programs === 'fixed';
    if (!fixed) {
      yield* this.#pinTimes();
      yield* this.#pairs();
    }
    for (let before: Scenario | null = null; before !== this.best.scenario && !this.#spent; ) {
      before = this.best.scenario;
      yield* this.#fewerRequests();
      yield* this.#fewerFaults();
      yield* this.#first(calmerNetworks);
      yield* this.#fewerRoughFrames();
      yield* this.#fewerReplicas();
      if (!fixed) yield* this.#first(fewerClients);
      yield* this.#first(simplerFaults);
      if (fixed) continue;
      yield* this.#first(earlierTimes);
      yield* this.#first(simplerArguments);
    }
  }

  get #spent(): boolean {
    return this.tries >= (this.#settings.tries ?? MOST_TRIES);
  }

  /** Each call at the time when it was made: so it does not move when what its client did before is left out. */
  *#pinTimes(): Generator<void, void> {
    const { scenario, played } = this.best;
    const requests = scenario.requests.map((request, place) => ({ ...request, at: played[place]?.calledAt ?? 0 }));
    yield* this.#fails({ ...scenario, requests });
  }

  /**
   * What leaves out a little at a time may end where every single thing is needed, far from the smallest. Most anomalies
   * take two operations, so pairs are tried: as they were, both at once, and one after the other has been answered. The
   * last two each with a seed of their own, for the fates of frames were drawn for a longer run.
   */
  *#pairs(): Generator<void, void> {
    const { scenario } = this.best;
    if (scenario.requests.length < 3) return;
    let { seed } = scenario;
    for (const pair of pairsOf(scenario.requests)) {
      if (pair.every(({ op }) => this.#service.kindOf(op) === 'query')) continue;
      if (this.tries >= MOST_PAIRS || (yield* this.#fails(withRequests(scenario, pair)))) return;
      const calls = pair.map((request) => ({ ...request, at: 0 }));
      const atOnce = { ...withRequests(scenario, calls), via: {}, faults: [], seed };
      if (yield* this.#fails(atOnce)) return;
      for (const [place, { endedAt }] of (this.#last?.played ?? []).entries()) {
        const requests = calls.map((call, at) => (at === place ? call : { ...call, at: Math.ceil(endedAt + 1) }));
        if (yield* this.#fails({ ...atOnce, requests })) return;
      }
      seed = mixed(seed, 1);
    }
  }

  /** Clients as a whole first. */
  *#fewerRequests(): Generator<void, void> {
    const { requests } = this.best.scenario;
    yield* fewest(clientsOf(requests), (clients) =>
      this.#fails(
        withRequests(
          this.best.scenario,
          requests.filter(({ client }) => clients.includes(client)),
        ),
      ),
    );
    yield* fewest(this.best.scenario.requests, (kept) => this.#fails(withRequests(this.best.scenario, kept)));
  }

  *#fewerFaults(): Generator<void, void> {
    yield* fewest(this.best.scenario.faults, (faults) => this.#fails({ ...this.best.scenario, faults }));
  }

  /** Once every rough frame is known by name, each can be calmed. */
  *#fewerRoughFrames(): Generator<void, void> {
    if (this.best.scenario.rough?.length === 0 || this.#spent) return;
    const recorded = yield* tryInSlices(this.#service, this.best.scenario, {
      ...this.#settings,
      quick: true,
      recordFates: true,
    });
    this.tries += 1;
    const fails: Fails<readonly string[]> = (rough) => this.#fails({ ...this.best.scenario, rough });
    const { roughFrames } = recorded.simulation;
    const known = JSON.stringify(roughFrames) === JSON.stringify(this.best.scenario.rough);
    if (known || (yield* fails(roughFrames))) yield* fewest(roughFrames, fails);
  }

  *#fewerReplicas(): Generator<void, void> {
    for (let replicas = 1; replicas < this.best.scenario.replicas; replicas++) {
      if (yield* this.#fails(withReplicas(this.best.scenario, replicas))) return;
    }
  }

  /** Takes the first proposal that fails, and proposals to that, until none does. */
  *#first(proposals: (scenario: Scenario) => Iterable<Scenario>): Generator<void, void> {
    for (let found = true; found && !this.#spent; ) {
      found = false;
      for (const candidate of proposals(this.best.scenario)) {
        found = yield* this.#fails(candidate);
        if (found) break;
      }
    }
  }

  /** Tries a scenario that was not tried yet, and keeps it when it violates the same. */
  *#fails(scenario: Scenario): Generator<void, boolean> {
    const text = JSON.stringify(scenario);
    this.#last = null;
    if (scenario.requests.length === 0 || this.#spent || this.#tried.has(text)) return false;
    this.#tried.add(text);
    this.tries += 1;
    this.#last = yield* this.#try(scenario);
    const fails = violates(this.#last, this.#violated);
    if (this.#last !== null && fails) this.best = this.#last;
    const { requests, faults } = this.best.scenario;
    this.#settings.progress?.({ tries: this.tries, requests: requests.length, faults: faults.length });
    return fails;
  }

  /** Null for what cannot be run: a fault of a node that is gone, arguments that the service does not take. */
  *#try(scenario: Scenario): Generator<void, Trial | null> {
    try {
      return yield* tryInSlices(this.#service, scenario, { ...this.#settings, quick: true });
    } catch (error) {
      if (error instanceof ChoraleError) return null;
      throw error;
    }
  }
}
