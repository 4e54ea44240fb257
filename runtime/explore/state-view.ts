/**
 * A global state as properties see it, read when asked: one view serves for all states in turn.
 */
import type { AnyMachineSnapshot } from 'xstate';
import type { Address } from '../../machines/shared/identifiers.js';
import { ChoraleError } from '../errors.js';
import type { Configuration, Travelling, View } from './configuration.js';
import type { Layout } from './layout.js';
import type { Observers } from './observers.js';
import type { Processes } from './processes.js';

export class StateView implements View {
  #ints: Int32Array = new Int32Array();
  #length = 0;
  readonly #places = new Map<string, { readonly node: number; readonly actor: number }>();
  readonly #observers = new Map<string, number>();
  readonly #nodes: ReadonlyMap<string, number>;

  constructor(
    configuration: Configuration,
    private readonly processes: Processes,
    private readonly observers: Observers,
    private readonly layout: Layout,
  ) {
    this.#nodes = new Map(processes.nodes.map((node, i) => [node, i]));
    processes.nodes.forEach((_, node) => {
      processes.actorsOf(node).forEach(({ address }, actor) => void this.#places.set(address, { node, actor }));
    });
    configuration.observers?.forEach(({ name }, i) => void this.#observers.set(name, i));
  }

  /** The state that is looked at from now on. */
  of(ints: Int32Array, length: number): this {
    this.#ints = ints;
    this.#length = length;
    return this;
  }

  state(at: Address): string {
    return this.#kept(at).state;
  }

  context<Context>(at: Address): Context {
    return this.#kept(at).snapshot.context as Context;
  }

  observed<Value>(observer: string): Value {
    const place = this.#observers.get(observer);
    if (place === undefined) throw new ChoraleError('SETTINGS_INVALID', `There is no observer "${observer}".`);
    return this.observers.values.at(this.#ints[this.layout.observers + place] as number) as Value;
  }

  crashed(node: string): boolean {
    const place = this.#nodes.get(node);
    if (place === undefined) throw new ChoraleError('SETTINGS_INVALID', `There is no node "${node}".`);
    return this.layout.fates >= 0 && ((this.#ints[this.layout.fates + place] as number) & 1) === 1;
  }

  network(): Travelling[] {
    const all: Travelling[] = [];
    for (let place = this.layout.network; place < this.#length; place++) {
      const id = this.#ints[place] as number;
      if (id >= 0) all.push(this.processes.messages.at(id).travelling);
    }
    return all;
  }

  #kept(at: Address): { readonly state: string; readonly snapshot: AnyMachineSnapshot } {
    const place = this.#places.get(at);
    if (place === undefined) throw new ChoraleError('SETTINGS_INVALID', `There is no actor ${at}.`);
    const process = this.processes.states.at(this.#ints[place.node] as number);
    return this.processes.actors.snapshots.at(process.snapshots[place.actor] as number);
  }
}
