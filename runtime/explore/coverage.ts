/**
 * Which states of the charts were reached and which events were taken in them: what an exploration says about the
 * machines themselves.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';

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

  /** Returns what is to be told the states that steps of this machine go through. */
  add(machine: AnyStateMachine): (nodes: readonly AnyStateNode[]) => void {
    const nodes = new Set<string>();
    this.#machines.set(machine, { machine, states: new Set(), nodes, steps: new Set() });
    return (passed) => {
      for (const { id } of passed) nodes.add(id);
    };
  }

  state(machine: AnyStateMachine, state: string, nodes: readonly AnyStateNode[]): void {
    const reached = this.#machines.get(machine);
    reached?.states.add(state);
    for (const { id } of nodes) reached?.nodes.add(id);
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
