/**
 * One machine as a pure function: snapshot and event to the next snapshot and the effects. XState's own `transition`
 * with one scope for all steps, which costs no more than a `send`.
 */
import type {
  AnyActorScope,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  EventObject,
  InspectionEvent,
} from 'xstate';
import type { Effect, EffectsEmitted } from '../../machines/shared/effects.js';
import { ChoraleError } from '../errors.js';
import { checkDefinition, impure } from './purity.js';

export interface Stepped {
  readonly snapshot: AnyMachineSnapshot;
  readonly effects: readonly Effect[];
}

export interface Stepper {
  readonly machine: AnyStateMachine;
  initial(input: unknown): Stepped;
  next(snapshot: AnyMachineSnapshot, event: EventObject): Stepped;
}

/** XState puts this before the events of `after`. */
const AFTER = 'xstate.after.';

/** `passed` is told the states that a step goes through, those in which it does not stay among them. Errors: MACHINE_IMPURE. */
export function stepper(machine: AnyStateMachine, passed: (states: readonly AnyStateNode[]) => void): Stepper {
  checkDefinition(machine);
  let effects: Effect[] = [];
  const scope = scopeFor(machine, (more) => effects.push(...more), passed);
  const taken = (snapshot: AnyMachineSnapshot): Stepped => {
    const stepped = { snapshot, effects };
    effects = [];
    if (snapshot.status === 'error') throw snapshot.error;
    if (Object.keys(snapshot.children).length > 0) throw impure(machine, 'it spawns');
    return stepped;
  };
  return {
    machine,
    initial: (input) => taken(machine.getInitialSnapshot(scope, input as never)), // whoever hosts it knows its input
    next(snapshot, event) {
      effects = [];
      return taken(machine.transition(snapshot, event, scope));
    },
  };
}

/** What XState asks of the actor around a step. Nothing is executed: what the actions would do is looked at. */
function scopeFor(
  machine: AnyStateMachine,
  emitted: (effects: readonly Effect[]) => void,
  passed: (states: readonly AnyStateNode[]) => void,
): AnyActorScope {
  const nothing = (): void => {};
  const self = { id: machine.id, sessionId: machine.id, send: nothing };
  const scope = {
    self,
    id: machine.id,
    sessionId: machine.id,
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    system: {
      _sendInspectionEvent(event: InspectionEvent): void {
        if (event.type !== '@xstate.microstep') return;
        passed((event.snapshot as AnyMachineSnapshot)._nodes);
        passed(event._transitions.map(({ source }) => source));
      },
    },
    actionExecutor({ type, params }: { type: string; params?: unknown }): void {
      const { event, delay, id } = (params ?? {}) as { event?: unknown; delay?: unknown; id?: unknown }; // XState's own, by type
      if (type === 'xstate.emit' && (event as { type: string }).type === 'effects') {
        emitted((event as EffectsEmitted).effects); // machines/shared/machine.ts: nothing else has this type
      } else if (type === 'xstate.raise' && typeof delay === 'number' && !String(id).startsWith(AFTER)) {
        throw impure(machine, 'it raises an event with a delay: only `after` is a timer');
      }
    },
  };
  return scope as unknown as AnyActorScope; // of an actor, a pure step needs no more than this
}

/** Timers that are armed in this state: the types of their events. */
export function armedTimers(snapshot: AnyMachineSnapshot): readonly string[] {
  const types = new Set<string>();
  for (const state of snapshot._nodes) for (const { eventType } of state.after) types.add(eventType);
  return [...types];
}

/** As a word: `normal.active`, and parallel regions side by side. */
export function stateName(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([state, inner]) => {
      const name = stateName(inner);
      return name === '' ? state : `${state}.${name}`;
    })
    .join();
}

/** What an actor threw. */
export const failed = (address: string, cause: unknown): ChoraleError =>
  new ChoraleError(
    'ACTOR_FAILED',
    `The actor ${address} threw: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause, details: { actor: address } },
  );
