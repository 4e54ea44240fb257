/**
 * What a configuration spans, made ready to be walked: its processes, observers and layout, its first state and what follows
 * each state.
 */
import { ChoraleError } from '../errors.js';
import type { Configuration, Property } from './configuration.js';
import { BITS, type Layout, layoutOf } from './layout.js';
import { Observers } from './observers.js';
import { Processes } from './processes.js';
import { StateView } from './state-view.js';
import { Successors } from './successors.js';
import type { Vector } from './vector.js';

export class Space {
  readonly processes: Processes;
  readonly observers: Observers;
  readonly layout: Layout;
  readonly view: StateView;
  readonly successors: Successors;
  /** Those properties that each state carries a bit for. */
  readonly eventual: readonly Property[];

  /** Errors: SETTINGS_INVALID, MACHINE_IMPURE. */
  constructor(
    readonly configuration: Configuration,
    reduced: boolean,
  ) {
    this.processes = new Processes(configuration);
    const { nodes } = this.processes;
    this.observers = new Observers(configuration.observers ?? [], (id) => this.processes.observations.at(id));
    this.layout = layoutOf(configuration, nodes.length);
    this.eventual = configuration.properties.filter(({ kind }) => kind === 'eventually');
    check(configuration, nodes, this.eventual.length);
    this.view = new StateView(configuration, this.processes, this.observers, this.layout);
    const { processes, observers, layout, view } = this;
    this.successors = new Successors(configuration, processes, observers, layout, view, reduced);
  }

  /** Puts down which of the `eventually` properties hold in the state for the first time. */
  settle(state: Vector): void {
    const { pending } = this.layout;
    if (pending < 0) return;
    let bits = state.get(pending);
    this.eventual.forEach(({ holds }, i) => {
      if ((bits & (1 << i)) !== 0 && holds(this.view.of(state.ints, state.length)) === true) bits &= ~(1 << i);
    });
    state.set(pending, bits);
  }

  get bytes(): number {
    return this.processes.bytes + this.observers.bytes;
  }
}

function check(
  { name, faults = {}, properties, observers = [] }: Configuration,
  nodes: readonly string[],
  eventual: number,
): void {
  const wrong = (why: string): ChoraleError =>
    new ChoraleError('SETTINGS_INVALID', `The configuration "${name}" cannot be explored: ${why}.`);
  if (nodes.length === 0) throw wrong('it has no actors');
  if (nodes.length > BITS) throw wrong(`it has more than ${BITS} nodes`);
  if (eventual > BITS) throw wrong(`it has more than ${BITS} properties that must hold eventually`);
  for (const node of faults.crashes?.nodes ?? [])
    if (!nodes.includes(node)) throw wrong(`there is no node "${node}" to crash`);
  const { crashes, recoveries, losses, duplicates, timeouts } = faults;
  for (const times of [crashes?.times, recoveries, losses, duplicates, timeouts])
    if (times !== undefined && !(times >= 0 && (times === Number.POSITIVE_INFINITY || Number.isSafeInteger(times))))
      throw wrong(`${times} is no number of faults`);
  for (const names of [properties.map((one) => one.name), observers.map((one) => one.name)])
    if (new Set(names).size < names.length) throw wrong('two properties, or two observers, have the same name');
}
