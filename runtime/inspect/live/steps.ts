/**
 * The transitions that the actors in view take, by the names that their charts have for them. XState's own inspection is attached to
 * these actors and to no others, for it costs them something with every event.
 */
import type { AnyStateMachine, InspectionEvent } from 'xstate';
import type { Observed } from '../../cluster/observations.js';
import { transitionsOf } from '../../coverage/chart.js';

/** One step, as a line among those of the trace. */
export interface StepLine {
  readonly step: string;
  readonly node: string;
  readonly actor: string;
}

/** What a cluster is asked for. */
interface Observable {
  observe(actors: Observed, observer: (event: InspectionEvent) => void): () => void;
}

export class Steps {
  readonly #cluster: Observable;
  readonly #told: (step: StepLine) => void;
  /** Names of the transitions of each machine, made when an actor of it first takes one. */
  readonly #names = new WeakMap<AnyStateMachine, ReadonlyMap<unknown, string>>();
  #watched: readonly string[] = [];
  #end: (() => void) | null = null;

  constructor(cluster: Observable, told: (step: StepLine) => void) {
    this.#cluster = cluster;
    this.#told = told;
  }

  /** Addresses of actors: these, from now on, and no others. */
  watch(actors: readonly string[]): void {
    const next = [...new Set(actors)].sort();
    if (next.join() === this.#watched.join()) return;
    this.#end?.();
    this.#watched = next;
    // whoever is not there, and an address that none can have, is never heard of
    this.#end = next.length === 0 ? null : this.#cluster.observe(next as Observed, (event) => this.#observed(event));
  }

  #observed(event: InspectionEvent): void {
    if (event.type !== '@xstate.microstep' || !('id' in event.actorRef) || !('logic' in event.actorRef)) return;
    const names = this.#namesOf(event.actorRef.logic as AnyStateMachine); // actors of nodes are machines
    const [node, actor] = String(event.actorRef.id).split('/');
    if (node === undefined || actor === undefined) return;
    for (const transition of event._transitions) {
      const step = names.get(transition);
      if (step !== undefined) this.#told({ step, node, actor });
    }
  }

  #namesOf(machine: AnyStateMachine): ReadonlyMap<unknown, string> {
    const known = this.#names.get(machine);
    if (known !== undefined) return known;
    const names = new Map(transitionsOf(machine).map(({ name, transition }) => [transition, name]));
    this.#names.set(machine, names);
    return names;
  }
}
