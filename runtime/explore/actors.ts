/**
 * The actors of an exploration: their snapshots by number, and their steps, each taken twice under watch, so that a
 * machine that is not pure is found out and not explored.
 */
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import type { Effect } from '../../machines/shared/effects.js';
import { type Address, actorOf, type NodeId, nodeOf } from '../../machines/shared/identifiers.js';
import { ChoraleError } from '../errors.js';
import { canonicalText, isPlain, objectText } from './canonical.js';
import type { ExploredActor } from './configuration.js';
import { Coverage } from './coverage.js';
import { Interned } from './interned.js';
import { impure, watched } from './purity.js';
import { type Stepped, type Stepper, stateName, stepper } from './stepping.js';

export interface Actor extends ExploredActor {
  readonly index: number;
  readonly node: NodeId;
  readonly name: string;
  readonly stepper: Stepper;
  /** The types of events that it names; '*' where it takes any. */
  readonly events: ReadonlySet<string>;
}

export interface Kept {
  readonly actor: Actor;
  readonly snapshot: AnyMachineSnapshot;
  /** As a word. */
  readonly state: string;
}

/** What a step came to: the number of the snapshot after it. */
export interface Taken {
  readonly snapshot: number;
  readonly effects: readonly Effect[];
}

export class Actors {
  readonly all: readonly Actor[];
  readonly snapshots = new Interned<Kept>();
  readonly coverage = new Coverage();

  /** Errors: SETTINGS_INVALID, MACHINE_IMPURE. */
  constructor(actors: readonly ExploredActor[]) {
    const steppers = new Map<unknown, Stepper>();
    const addresses = new Set<Address>();
    this.all = actors.map((actor, index): Actor => {
      const { address, machine } = actor;
      if (addresses.has(address)) throw new ChoraleError('SETTINGS_INVALID', `Two actors have the address ${address}.`);
      addresses.add(address);
      const steps = steppers.get(machine) ?? stepper(machine, this.coverage.add(machine));
      steppers.set(machine, steps);
      const events = new Set<string>(machine.events);
      return { ...actor, index, node: nodeOf(address), name: actorOf(address), stepper: steps, events };
    });
  }

  /** Its first snapshot. Errors: MACHINE_IMPURE, and what the machine throws. */
  start(actor: Actor, incarnation: number): Taken {
    const taken = this.#twice(actor, () => actor.stepper.initial(actor.input(incarnation)));
    return { snapshot: this.keep(actor, taken.snapshot), effects: taken.effects };
  }

  /** Errors: MACHINE_IMPURE, and what the machine throws. */
  step(before: number, event: EventObject): Taken {
    const { actor, snapshot, state } = this.snapshots.at(before);
    const taken = this.#twice(actor, () => actor.stepper.next(snapshot, event));
    if (this.keep(actor, snapshot) !== before)
      throw impure(actor.machine, `its rule for "${event.type}" alters the context that it is given`);
    const after = this.keep(actor, taken.snapshot);
    this.coverage.step(actor.machine, state, event.type);
    return { snapshot: after, effects: taken.effects };
  }

  /** The number of this snapshot. */
  keep(actor: Actor, snapshot: AnyMachineSnapshot): number {
    const text = textOf(actor, snapshot);
    return this.snapshots.idOf(text, () => {
      const state = stateName(snapshot.value);
      this.coverage.state(actor.machine, state, snapshot._nodes);
      return { actor, snapshot, state };
    });
  }

  #twice(actor: Actor, run: () => Stepped): Stepped {
    const first = watched(actor.machine, run);
    const second = watched(actor.machine, run);
    if (
      textOf(actor, first.snapshot) !== textOf(actor, second.snapshot) ||
      dataText(actor, first.effects) !== dataText(actor, second.effects)
    )
      throw impure(actor.machine, 'one of its steps, taken again, comes to something else');
    return first;
  }
}

/** Its effects have been carried out: they are no part of the state. */
function textOf(actor: Actor, { value, context, historyValue, status }: AnyMachineSnapshot): string {
  if (actor.deaf?.includes(stateName(value))) return `${actor.index} ${stateName(value)}`;
  const held = Object.entries(historyValue as Record<string, readonly { id: string }[]>); // state nodes
  const history = held.length === 0 ? '' : canonicalText(held.map(([key, nodes]) => [key, nodes.map(({ id }) => id)]));
  return `${actor.index} ${status} ${stateName(value)} ${history} ${contextText(actor, context)}`;
}

function contextText(actor: Actor, context: unknown): string {
  try {
    if (typeof context !== 'object' || context === null || !isPlain(context)) return canonicalText(context);
    return objectText(context, '', actor.digests, ['effects', ...(actor.ignores ?? [])]);
  } catch (error) {
    throw impure(actor.machine, `its context is no plain data: ${error instanceof Error ? error.message : error}`);
  }
}

function dataText(actor: Actor, effects: readonly Effect[]): string {
  try {
    return canonicalText(effects);
  } catch (error) {
    throw impure(actor.machine, `its effects are no plain data: ${error instanceof Error ? error.message : error}`);
  }
}
