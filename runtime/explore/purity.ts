/**
 * Whether a machine is pure, so that exploration can take a step of it as often as it likes and always come to the same:
 * by its definition where that tells, and by watching it where only a step does.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { ChoraleError } from '../errors.js';

/** `raise` and `cancel` also stand for the timers of `after`; the last is what ChartCoverage counts by. */
const pureActions = ['xstate.assign', 'xstate.emit', 'xstate.raise', 'xstate.cancel', 'chorale.count'];

export const impure = (machine: AnyStateMachine, why: string): ChoraleError =>
  new ChoraleError('MACHINE_IMPURE', `The machine "${machine.id}" cannot be explored: ${why}.`, {
    details: { machine: machine.id },
  });

/** Errors: MACHINE_IMPURE. */
export function checkDefinition(machine: AnyStateMachine): void {
  const states: AnyStateNode[] = [machine.root];
  for (let state = states.pop(); state !== undefined; state = states.pop()) {
    const [invoked] = state.invoke;
    if (invoked !== undefined) throw impure(machine, `its state "${state.id}" invokes ${String(invoked.src)}`);
    const transitions = [...[...state.transitions.values()].flat(), ...(state.always ?? [])];
    const actions = [...state.entry, ...state.exit, ...transitions.flatMap((transition) => transition.actions)];
    for (const action of actions) checkAction(machine, state, action);
    states.push(...Object.values(state.states));
  }
}

function checkAction(machine: AnyStateMachine, state: AnyStateNode, action: unknown): void {
  const name = typeof action === 'object' && action !== null && 'type' in action ? String(action.type) : action;
  const found: unknown = typeof name === 'string' ? machine.implementations.actions[name] : action;
  // A built-in action of XState is a function with a type and a `resolve`.
  const type = typeof found === 'function' && 'resolve' in found && 'type' in found ? String(found.type) : null;
  if (type !== null && pureActions.includes(type)) return;
  const what = type ?? (typeof name === 'string' ? `"${name}"` : 'a function');
  throw impure(machine, `its state "${state.id}" has an action that is no assign and no emit: ${what}`);
}

/** Runs a step with chance and the clock watched. Errors: MACHINE_IMPURE when the step looks at them, and its own. */
export function watched<Result>(machine: AnyStateMachine, run: () => Result): Result {
  const { random } = Math;
  const RealDate = globalThis.Date;
  let used: string | null = null;
  Math.random = () => {
    used = 'Math.random';
    return random();
  };
  globalThis.Date = new Proxy(RealDate, {
    construct(target, parts, made) {
      if (parts.length === 0) used = 'new Date()';
      return Reflect.construct(target, parts, made) as Date;
    },
    get(target, key, receiver) {
      if (key === 'now') used = 'Date.now';
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
  try {
    return run();
  } finally {
    Math.random = random;
    globalThis.Date = RealDate;
    // biome-ignore lint/correctness/noUnsafeFinally: that the step is impure matters more than how it ended
    if (used !== null) throw impure(machine, `one of its steps asks ${used}`);
  }
}
