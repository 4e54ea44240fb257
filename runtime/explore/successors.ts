/**
 * Everything that can happen next in a global state: one action, done on one node, at a time. This is the whole of the
 * asynchronous system: what is on its way arrives or does not, at any time and in any order that its channel allows.
 */
import { ChoraleError } from '../errors.js';
import type { Configuration, EnvironmentEvent, Travelling } from './configuration.js';
import type { Layout } from './layout.js';
import type { Observers } from './observers.js';
import type { Outcome, Processes } from './processes.js';
import type { StateView } from './state-view.js';
import { addMessage, dropMessages, removeMessage, Vector } from './vector.js';

/**
 * `repeat`: a message arrives, and will arrive once more. `gone`: a node hears of another's end.
 */
export type Action =
  | { readonly kind: 'deliver' | 'repeat' | 'lose'; readonly message: Travelling }
  | { readonly kind: 'event'; readonly event: EnvironmentEvent }
  | { readonly kind: 'timer'; readonly node: string; readonly timer: string }
  | { readonly kind: 'crash' | 'recover'; readonly node: string }
  | { readonly kind: 'gone'; readonly node: string; readonly ended: string };

/** Asked for each action. `due`: it will happen some time if nothing prevents it, and is no further fault. */
export type Visit = (action: Action, due: boolean) => void;

/** Messages that may arrive before anything else does, where the start is to be settled. */
const MOST_AT_START = 10_000;

export class Successors {
  /** The state that the action leads to, while `visit` runs. */
  readonly next = new Vector();
  /** What the action made a node do; null where it made none do anything. */
  outcome: Outcome | null = null;
  /** An actor threw in it. */
  failure: ChoraleError | null = null;
  readonly #outcomes: readonly number[];
  readonly #mayCrash: readonly number[];

  constructor(
    private readonly configuration: Configuration,
    private readonly processes: Processes,
    private readonly observers: Observers,
    private readonly layout: Layout,
    private readonly view: StateView,
    /** What is bound for a crashed node is dropped at once. */
    private readonly reduced: boolean,
  ) {
    this.#outcomes = (configuration.environment ?? []).map(({ to, event }) => processes.eventFor(to, event));
    this.#mayCrash = (configuration.faults?.crashes?.nodes ?? []).map((node) => processes.nodes.indexOf(node as never)); // a name of one of them
  }

  /** Calls `visit` for every action of this state that can happen, in an order that the state alone decides. */
  each(ints: Int32Array, length: number, visit: Visit): void {
    this.#deliveries(ints, length, visit);
    this.#events(ints, length, visit);
    for (let node = 0; node < this.layout.nodes; node++) this.#timers(ints, length, node, visit);
    if (this.layout.fates >= 0) this.#crashes(ints, length, visit);
  }

  /** The initial state, in `next`. */
  initial(): void {
    const { next, layout, processes } = this;
    next.length = 0;
    for (const value of layout.initial) next.push(value);
    const outcomes = processes.nodes.map((_, node) => processes.start(node, 1));
    outcomes.forEach((outcome, node) => {
      next.set(node, outcome.next);
      this.failure ??= outcome.failure;
    });
    this.observers.all.forEach((_, i) => {
      next.set(layout.observers + i, this.observers.initial(i));
    });
    for (const outcome of outcomes) this.#leave(outcome);
    if (this.configuration.settled === true) this.#quiet();
  }

  /** Everything that is on its way arrives, the first of each queue first. */
  #quiet(): void {
    const { layout, next, processes } = this;
    for (let taken = 0; next.length > layout.network; taken++) {
      if (taken >= MOST_AT_START)
        throw new ChoraleError('SETTINGS_INVALID', 'What the actors send when they start leads to more without end.');
      const place = next.get(layout.network) < 0 ? layout.network + 1 : layout.network;
      const message = processes.messages.at(next.get(place));
      removeMessage(next, layout.network, place);
      this.#take(message.to, message.stimulus);
    }
  }

  #deliveries(ints: Int32Array, length: number, visit: Visit): void {
    const { layout, processes, next } = this;
    const { network } = layout;
    for (let place = network; place < length; place++) {
      const id = ints[place] as number;
      const before = place > network ? (ints[place - 1] as number) : -1;
      // Of equal messages one is enough, and of a queue the first.
      if (id < 0 || id === before) continue;
      const message = processes.messages.at(id);
      if (message.queue >= 0 && before >= 0) continue;
      const { travelling } = message;
      const fate = layout.fates < 0 ? 2 : (ints[layout.fates + message.to] as number);
      next.copy(ints, length);
      if (!message.kept) removeMessage(next, network, place);
      if ((fate & 1) === 0) this.#take(message.to, message.stimulus);
      this.#tell(visit, { kind: 'deliver', message: travelling }, true);
      if (message.duplicates && (fate & 1) === 0) {
        next.copy(ints, length);
        if (this.#spend(layout.duplicates)) {
          this.#take(message.to, message.stimulus);
          this.#tell(visit, { kind: 'repeat', message: travelling }, false);
        }
      }
      const orphan = layout.fates >= 0 && ((ints[layout.fates + message.from] as number) & 1) === 1;
      if (!message.loses && !orphan) continue;
      next.copy(ints, length);
      // What a crash takes with it is no loss of the network's.
      if (!orphan && !this.#spend(layout.losses)) continue;
      removeMessage(next, network, place);
      this.#tell(visit, { kind: 'lose', message: travelling }, false);
    }
  }

  #events(ints: Int32Array, length: number, visit: Visit): void {
    const { configuration, layout, next, processes } = this;
    this.#outcomes.forEach((stimulus, i) => {
      const event = configuration.environment?.[i] as EnvironmentEvent; // one for each stimulus
      const { node } = processes.stimuli.at(stimulus);
      if (this.#isCrashed(ints, node)) return;
      if (event.when !== undefined && !event.when(this.view.of(ints, length))) return;
      next.copy(ints, length);
      if (!this.#spend(layout.events[i] ?? -1)) return;
      if (this.observers.all.length > 0)
        this.#observe(processes.observation({ type: 'event', to: event.to, event: event.event }));
      this.#take(node, stimulus);
      this.#tell(visit, { kind: 'event', event }, true);
    });
  }

  #timers(ints: Int32Array, length: number, node: number, visit: Visit): void {
    const { layout, next, processes } = this;
    const { timers } = processes.states.at(ints[node] as number);
    if (timers.length === 0 || this.#isCrashed(ints, node)) return;
    for (const timer of timers) {
      next.copy(ints, length);
      if (!this.#spend(layout.timeouts)) return;
      this.#take(node, timer);
      const name = processes.nodes[node] as string; // a place in the list
      const type = processes.stimuli.at(timer).events[0]?.event.type ?? '';
      this.#tell(visit, { kind: 'timer', node: name, timer: type }, layout.timeouts < 0);
    }
  }

  #crashes(ints: Int32Array, length: number, visit: Visit): void {
    const { layout, next, processes } = this;
    for (let node = 0; node < layout.nodes; node++) {
      const name = processes.nodes[node] as string; // a place in the list
      if (this.#isCrashed(ints, node)) {
        next.copy(ints, length);
        if (this.#spend(layout.recoveries)) {
          this.#recover(node);
          this.#tell(visit, { kind: 'recover', node: name }, false);
        }
      } else if (this.#mayCrash.includes(node)) {
        next.copy(ints, length);
        if (this.#spend(layout.crashes)) {
          this.#crash(node);
          this.#tell(visit, { kind: 'crash', node: name }, false);
        }
      }
      if (layout.untold >= 0) this.#endings(ints, length, node, visit);
    }
  }

  /** Those who have not heard of this node's end hear of it. */
  #endings(ints: Int32Array, length: number, ended: number, visit: Visit): void {
    const { layout, next, processes } = this;
    const untold = ints[layout.untold + ended] as number;
    const fate = ints[layout.fates + ended] as number;
    const incarnation = (fate >> 1) - ((fate & 1) === 1 ? 0 : 1);
    for (let node = 0; node < layout.nodes; node++) {
      if ((untold & (1 << node)) === 0 || this.#isCrashed(ints, node)) continue;
      next.copy(ints, length);
      next.set(layout.untold + ended, untold & ~(1 << node));
      this.#take(node, processes.gone(node, ended, incarnation));
      const names = { node: processes.nodes[node] as string, ended: processes.nodes[ended] as string }; // places in the list
      this.#tell(visit, { kind: 'gone', ...names }, true);
    }
  }

  #crash(node: number): void {
    const { layout, next, processes } = this;
    next.set(layout.fates + node, next.get(layout.fates + node) | 1);
    const incarnation = next.get(layout.fates + node) >> 1;
    if (this.configuration.faults?.crashes?.forgets === true) next.set(node, processes.start(node, incarnation).next);
    if (this.observers.all.length > 0)
      this.#observe(processes.observation({ type: 'crash', node: processes.nodes[node] as string })); // a place in the list
    if (layout.untold >= 0) {
      let untold = 0;
      for (let other = 0; other < layout.nodes; other++) {
        const asks = other !== node && processes.gone(other, node, incarnation) >= 0;
        if (asks && !this.#isCrashed(next.ints, other)) untold |= 1 << other;
        // The dead need to hear of nothing.
        next.set(layout.untold + other, next.get(layout.untold + other) & ~(1 << node));
      }
      next.set(layout.untold + node, untold);
    }
    if (this.#drops) dropMessages(next, layout.network, (id) => processes.messages.at(id).to === node);
  }

  #recover(node: number): void {
    const { layout, next } = this;
    const incarnation = (next.get(layout.fates + node) >> 1) + 1;
    next.set(layout.fates + node, 2 * incarnation);
    const outcome = this.processes.start(node, incarnation);
    next.set(node, outcome.next);
    this.failure ??= outcome.failure;
    this.#leave(outcome);
  }

  /** Where a node may come back, what was bound for its last incarnation must not reach the next. */
  get #drops(): boolean {
    return this.reduced || (this.configuration.faults?.recoveries ?? 0) > 0;
  }

  #isCrashed(ints: Int32Array, node: number): boolean {
    return this.layout.fates >= 0 && ((ints[this.layout.fates + node] as number) & 1) === 1;
  }

  /** One of a budget; false when there is none left. */
  #spend(place: number): boolean {
    if (place < 0) return true;
    const left = this.next.get(place);
    if (left === 0) return false;
    this.next.set(place, left - 1);
    return true;
  }

  /** The node takes the stimulus. */
  #take(node: number, stimulus: number): void {
    const outcome = this.processes.outcome(this.next.get(node), stimulus);
    this.next.set(node, outcome.next);
    this.failure ??= outcome.failure;
    this.#leave(outcome);
    const { deaf } = this.processes.states.at(outcome.next);
    if (deaf === null) return;
    const { layout, processes } = this;
    dropMessages(this.next, layout.network, (id) => {
      const { to, actor } = processes.messages.at(id);
      return to === node && deaf[actor] === true;
    });
  }

  /** What leaves a node is on its way, and observers see what there is to see. */
  #leave(outcome: Outcome): void {
    const { sends, observations } = outcome;
    this.outcome = outcome;
    const { next, layout, processes } = this;
    for (const id of sends) {
      const message = processes.messages.at(id);
      if (this.processes.states.at(next.get(message.to)).deaf?.[message.actor] === true) continue;
      if (!this.#drops || !this.#isCrashed(next.ints, message.to)) addMessage(next, layout.network, id, message);
    }
    for (const observation of observations) this.#observe(observation);
  }

  #observe(observation: number): void {
    const { next, layout, observers } = this;
    for (let i = 0; i < observers.all.length; i++)
      next.set(layout.observers + i, observers.after(i, next.get(layout.observers + i), observation));
  }

  #tell(visit: Visit, action: Action, due: boolean): void {
    visit(action, due);
    this.failure = null;
    this.outcome = null;
  }
}
