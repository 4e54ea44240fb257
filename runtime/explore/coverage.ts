/**
 * Which states of the charts were reached and which events were taken in them: what an exploration says about the
 * machines themselves.
 */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import { stateName } from './stepping.js';

export interface MachineCoverage {
  readonly machine: string;
  /** State values that were reached. */
  readonly states: readonly string[];
  /** Ids of state nodes that were not. */
  readonly unreached: readonly string[];
  /** `state event` pairs that were taken. */
  readonly steps: readonly string[];
}

interface Reached {
  readonly machine: AnyStateMachine;
  readonly states: Set<string>;
  readonly nodes: Set<string>;
  readonly steps: Set<string>;
}

export class Coverage {
  readonly #machines = new Map<AnyStateMachine, Reached>();

  add(machine: AnyStateMachine): void {
    if (!this.#machines.has(machine))
      this.#machines.set(machine, { machine, states: new Set(), nodes: new Set(), steps: new Set() });
  }

  state(machine: AnyStateMachine, snapshot: AnyMachineSnapshot): void {
    const reached = this.#machines.get(machine);
    reached?.states.add(stateName(snapshot.value));
    for (const { id } of snapshot._nodes) reached?.nodes.add(id);
  }

  step(machine: AnyStateMachine, state: string, event: string): void {
    this.#machines.get(machine)?.steps.add(`${state} ${event}`);
  }

  report(): MachineCoverage[] {
    return [...this.#machines.values()].map(({ machine, states, nodes, steps }) => ({
      machine: machine.id,
      states: [...states].sort(),
      unreached: idsOf(machine.root)
        .filter((id) => !nodes.has(id))
        .sort(),
      steps: [...steps].sort(),
    }));
  }
}

const idsOf = (state: AnyStateNode): string[] => [state.id, ...Object.values(state.states).flatMap(idsOf)];
