/**
 * A scenario being run, and all that it has left so far: its trace, the transitions that its charts took, the contexts that its
 * actors had.
 */
import type { AnyStateMachine } from 'xstate';
import type { AnyService } from '../../service/index.js';
import type { PlannedRequest } from '../../simulate/plan.js';
import type { Scenario } from '../../simulate/scenario.js';
import { type HistoryProperty, TrialRun } from '../../simulate/trial.js';
import type { TraceEvent } from '../../trace/format.js';
import type { Step } from '../timeline/encode.js';
import { Contexts } from './contexts.js';
import { markSteps, withSteps } from './steps.js';

/** Contexts that are kept. */
const KEPT = 50_000;

export class Recording {
  readonly events: TraceEvent[] = [];
  readonly steps: Step[] = [];
  readonly contexts = new Contexts(KEPT);
  /** By their ids: those that run, or did. */
  readonly machines = new Map<string, AnyStateMachine>();
  readonly #trial: TrialRun;
  /** Transitions taken in handling what is being handled. */
  #taken: string[] = [];

  /** Errors: SETTINGS_INVALID, STYLE_UNSUITED, INPUT_INVALID, and those of requests that are none of the service's. */
  constructor(service: AnyService, scenario: Scenario, property: HistoryProperty) {
    this.#trial = withSteps(
      this.#take,
      () =>
        new TrialRun(service, scenario, {
          property,
          recorder: { record: (event) => this.#record(event) },
          coverage: { watch: (machine) => this.#watch(machine) },
          handled: (node, actor, event, { context }) => {
            const place = this.events.length;
            for (const transition of this.#taken) this.steps.push({ place, node, actor, transition });
            if (this.#taken.length > 0) this.#taken = [];
            this.contexts.record(place, `${node}/${actor}`, event, context);
          },
        }),
    );
  }

  get trial(): TrialRun {
    return this.#trial;
  }

  /** ms, virtual. */
  get now(): number {
    return this.#trial.simulation.now;
  }

  get nextDue(): number | undefined {
    return this.#trial.simulation.nextDue;
  }

  /** All that it was to come to has come. */
  get over(): boolean {
    return this.#trial.player.over;
  }

  /** Runs what is due next; false when the run is over. */
  step(): boolean {
    return withSteps(this.#take, () => this.#trial.player.step());
  }

  /** Runs all that is due by then. The run goes on until then, though all that it was to come to has come. */
  reach(time: number): void {
    this.#trial.player.goOnUntil(time);
    withSteps(this.#take, () => {
      while ((this.nextDue ?? Number.POSITIVE_INFINITY) <= time && this.#trial.player.step()) {}
    });
  }

  /** The run goes on until then, though all that it was to come to has come. */
  goOnUntil(time: number): void {
    this.#trial.player.goOnUntil(time);
  }

  /** Errors: INPUT_INVALID; then nothing has changed. */
  inject(fault: string): void {
    withSteps(this.#take, () => this.#trial.simulation.inject(fault));
  }

  /** Errors: ARGUMENTS_INVALID, NOT_SERIALIZABLE, MESSAGE_TOO_LARGE; then nothing has changed. */
  add(request: PlannedRequest): void {
    this.#trial.player.add(request);
  }

  readonly #take = (transition: string): void => {
    this.#taken.push(transition);
  };

  #record(event: TraceEvent): void {
    this.events.push(event);
    if (event.kind !== 'crashed') return;
    this.#taken = []; // of one that failed in what it was handling
    this.contexts.crashed(this.events.length, event.node);
  }

  #watch(machine: AnyStateMachine): void {
    markSteps(machine);
    this.machines.set(machine.id, machine);
  }
}
