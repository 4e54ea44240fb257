/** Lets faults strike when their moment comes, and end when their span does. */
import type { NodeId } from '../../machines/shared/identifiers.js';
import type { Fault, LastingFault, Stroke } from './faults.js';
import type { Moment } from './moments.js';
import type { World } from './world.js';

export interface Strikes extends Readonly<Record<Stroke, (node: NodeId) => void>> {
  /** A fault waits for an actor there to come to a state. */
  watch(node: NodeId): void;
}

export class Injector {
  readonly #world: World;
  readonly #strikes: Strikes;
  /** Goes up when all faults are ended: what was planned before is then no longer done. */
  #generation = 0;

  constructor(world: World, strikes: Strikes) {
    this.#world = world;
    this.#strikes = strikes;
  }

  inject(text: string, fault: Fault): void {
    if ('when' in fault) {
      this.#when(fault.when, () => {
        // a crash and a recovery are recorded by the node itself
        if (fault.kind !== 'crash' && fault.kind !== 'recover') this.#world.recordFault(text);
        this.#strikes[fault.kind](fault.node);
      });
    } else {
      this.#when(fault.during, () => this.#begin(text, fault));
    }
  }

  end(): void {
    this.#generation += 1;
    this.#world.mend();
    this.#world.recordFault('faults end');
  }

  #when(moment: Moment, strike: () => void): void {
    const { clock, traps } = this.#world;
    if (!('at' in moment)) {
      traps.set(moment, strike);
      if (traps.watches(moment.node)) this.#strikes.watch(moment.node);
    } else if (moment.at <= clock.now()) strike();
    else clock.at(moment.at, this.#unlessEnded(strike));
  }

  #unlessEnded(act: () => void): () => void {
    const generation = this.#generation;
    return () => {
      if (generation === this.#generation) act();
    };
  }

  #begin(text: string, fault: LastingFault): void {
    const { during } = fault;
    const undo = this.#strike(fault);
    this.#world.recordFault(text);
    const { clock } = this.#world;
    const end = 'at' in during ? during.until : during.lasts;
    if (end === null) return;
    const over = this.#unlessEnded(() => {
      undo();
      this.#world.recordFault(`${text} ${fault.kind === 'partition' ? 'heals' : 'ends'}`);
    });
    if ('at' in during) clock.at(end, over);
    else clock.setTimeout(over, end);
  }

  /** Gives what undoes it. */
  #strike(fault: LastingFault): () => void {
    const { transport: network, liars, lies, clockOf, storage } = this.#world;
    switch (fault.kind) {
      case 'partition': {
        const ways = fault.from.flatMap((a) =>
          fault.to.flatMap((b) =>
            fault.oneWay
              ? [[a, b]]
              : [
                  [a, b],
                  [b, a],
                ],
          ),
        );
        return all(ways.map(([from, to]) => network.cut(from as NodeId, to as NodeId))); // pairs, by the line above
      }
      case 'lie':
      case 'equivocate':
      case 'silent':
        lies.set(fault.node, lies.get(fault.node) ?? 0);
        return liars.set(fault.node, fault);
      case 'omit-send':
      case 'omit-receive':
        return network.omit(fault.kind === 'omit-send' ? 'send' : 'receive', fault.node, fault.probability);
      case 'loss':
        return network.change({ loss: fault.probability });
      case 'duplicate':
        return network.change({ duplicate: fault.probability });
      case 'delay':
        return network.change({ delay: [fault.least, fault.most] });
      case 'slow':
        return all([network.slow(fault.node, fault.factor), clockOf(fault.node).slow(fault.factor)]);
      case 'skew':
        return fault.offset === 0 ? clockOf(fault.node).run(fault.rate) : clockOf(fault.node).set(fault.offset);
      case 'disk-lose':
        return storage(fault.node).fault('lose');
      case 'disk-tear':
        return storage(fault.node).fault('tear');
      case 'disk-fail':
        return storage(fault.node).fault('fail');
      case 'disk-slow':
        return storage(fault.node).fault('delay', fault.delay);
    }
  }
}

const all =
  (undos: readonly (() => void)[]): (() => void) =>
  () => {
    for (const undo of undos) undo();
  };
