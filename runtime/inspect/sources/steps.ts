/**
 * Which transitions of the charts are taken. The machines of a process are the same for all its runs, so each is marked once, and
 * whoever moves a run on listens meanwhile. XState's own inspection tells the same, and costs as much; a mark knows its name already.
 */
import type { AnyStateMachine } from 'xstate';
import { mark, transitionsOf } from '../../coverage/chart.js';

type Listener = (transition: string) => void;

const marked = new WeakSet<AnyStateMachine>();
let listener: Listener | null = null;

/** From now on, each transition that this machine takes is told to whoever listens. */
export function markSteps(machine: AnyStateMachine): void {
  if (marked.has(machine)) return;
  marked.add(machine);
  for (const transition of transitionsOf(machine)) mark(transition, () => listener?.(transition.name));
}

/** Listens while `act` is under way. */
export function withSteps<Result>(hear: Listener, act: () => Result): Result {
  const before = listener;
  listener = hear;
  try {
    return act();
  } finally {
    listener = before;
  }
}
