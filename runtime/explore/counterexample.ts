/**
 * The way to a state, walked again from the start: what happens in each step, in words, and what it changes. Of a state
 * only its fingerprint and its parent are kept, so each step is found again among all actions of the state before it.
 */

import { ChoraleError } from '../errors.js';
import type { TraceEvent } from '../trace/format.js';
import { canonicalText } from './canonical.js';
import type { Space } from './space.js';
import type { Action } from './successors.js';
import type { Symmetries } from './symmetry.js';
import { traceOf } from './trace.js';
import { Vector } from './vector.js';
import { Fingerprint, type Visited } from './visited.js';

export interface Step {
  /** From 1. */
  readonly number: number;
  /** What happens. */
  readonly action: string;
  /** What is different after it, one line each. */
  readonly changes: readonly string[];
  /** The same in the format of the trace, a step taking 1 ms. */
  readonly trace: readonly TraceEvent[];
}

/** Characters of a value that are shown. */
const SHOWN = 100;

export class Walk {
  readonly #fingerprint = new Fingerprint();

  constructor(
    private readonly space: Space,
    private readonly symmetries: Symmetries | null,
    private readonly visited: Visited,
  ) {}

  /** `fails`: one more action, in which an actor throws. Empty for the first state, and for -1. */
  to(index: number, fails?: true): Step[] {
    const indices: number[] = [];
    for (let at = index; at > 0; at = this.visited.parent(at)) indices.unshift(at);
    const { successors } = this.space;
    successors.initial();
    this.space.settle(successors.next);
    const now = new Vector();
    now.copy(successors.next.ints, successors.next.length);
    const steps: Step[] = [];
    for (const next of indices) this.#step(now, steps, () => this.#leadsTo(next, now));
    if (fails) this.#step(now, steps, () => successors.failure !== null);
    return steps;
  }

  /** Takes the first action that is the one. */
  #step(now: Vector, steps: Step[], isTheOne: () => boolean): void {
    const { successors } = this.space;
    const before = new Vector();
    before.copy(now.ints, now.length);
    let taken = false;
    successors.each(before.ints, before.length, (action) => {
      if (taken || !isTheOne()) return;
      taken = true;
      this.space.settle(successors.next);
      now.copy(successors.next.ints, successors.next.length);
      const number = steps.length + 1;
      steps.push({
        number,
        action: inWords(action),
        changes: changes(this.space, before, now),
        trace: traceOf(this.space, action, number, before, now),
      });
    });
    if (taken) return;
    const { name } = this.space.configuration;
    throw new ChoraleError(
      'SETTINGS_INVALID',
      `The way to a state of "${name}" cannot be walked again: the symmetry that it declares is none, or what it is made of does not stay the same.`,
    );
  }

  #leadsTo(index: number, before: Vector): boolean {
    const { successors } = this.space;
    if (successors.failure !== null || successors.next.equals(before.ints, before.length)) return false;
    const state = new Vector();
    state.copy(successors.next.ints, successors.next.length);
    this.space.settle(state);
    this.symmetries?.canonicalise(state);
    return this.visited.has(index, this.#fingerprint.of(state.ints, state.length));
  }
}

function inWords(action: Action): string {
  switch (action.kind) {
    case 'deliver':
    case 'repeat':
    case 'lose': {
      const { from, to, message } = action.message;
      const what = `${message.type}${message.items.length === 0 ? '' : ` ${shown(canonicalText(message.items))}`}`;
      if (action.kind === 'lose') return `${what} from ${from} never arrives at ${to}`;
      return `${to} gets ${what} from ${from}${action.kind === 'repeat' ? ', which will come again' : ''}`;
    }
    case 'event': {
      const { type, ...rest } = action.event.event;
      return `${action.event.to} is given ${type}${Object.keys(rest).length === 0 ? '' : ` ${shown(canonicalText(rest))}`}`;
    }
    case 'timer':
      return `a timer of ${action.node} fires: ${action.timer.replace(/^xstate\.after\./, '')}`;
    case 'crash':
      return `${action.node} crashes`;
    case 'recover':
      return `${action.node} comes back`;
    case 'gone':
      return `${action.node} hears that ${action.ended} is gone`;
  }
}

/** Actors, observers and messages that are not as they were. */
function changes({ processes, layout, configuration, observers }: Space, before: Vector, after: Vector): string[] {
  const lines: string[] = [];
  processes.nodes.forEach((_, node) => {
    const old = processes.states.at(before.get(node)).snapshots;
    const now = processes.states.at(after.get(node)).snapshots;
    now.forEach((snapshot, actor) => {
      if (snapshot !== old[actor]) lines.push(...actorChanges(processes, old[actor] as number, snapshot)); // as many before
    });
  });
  configuration.observers?.forEach(({ name }, i) => {
    const [old, now] = [before.get(layout.observers + i), after.get(layout.observers + i)];
    if (old !== now) lines.push(`${name}: ${shown(canonicalText(observers.values.at(now)))}`);
  });
  const sent = countsOf(after, layout.network);
  for (const [id, count] of countsOf(before, layout.network)) sent.set(id, (sent.get(id) ?? 0) - count);
  for (const [id, count] of sent) {
    if (count <= 0) continue;
    const { from, to, message } = processes.messages.at(id).travelling;
    lines.push(`${from} sends ${message.type} to ${to}`);
  }
  return lines;
}

function actorChanges(processes: Space['processes'], before: number, after: number): string[] {
  const old = processes.actors.snapshots.at(before);
  const now = processes.actors.snapshots.at(after);
  const { address, digests, ignores = [] } = now.actor;
  const lines = old.state === now.state ? [] : [`${address}: ${old.state} → ${now.state}`];
  const context = now.snapshot.context as Record<string, unknown>;
  for (const [field, value] of Object.entries(context)) {
    const previous = (old.snapshot.context as Record<string, unknown>)[field];
    if (['effects', ...ignores].includes(field) || value === previous || digests?.[field] !== undefined) continue;
    const text = canonicalText(value);
    if (text !== canonicalText(previous)) lines.push(`${address} ${field}: ${shown(text)}`);
  }
  return lines;
}

function countsOf(state: Vector, network: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let place = network; place < state.length; place++) {
    const id = state.get(place);
    if (id >= 0) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

const shown = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text);
