/**
 * Nodes as processes. A process state is what all actors of one node are in; a step of it takes one stimulus (a
 * message, a timer, a call from outside), runs the actors of the node until none has anything left to handle, as
 * a node in production does, and gives the next state and what leaves the node. Steps are remembered.
 */
import type { EventObject } from 'xstate';
import type { Effect, Incoming } from '../../machines/shared/effects.js';
import { type Address, address, groupActor, type NodeId, nodeOf } from '../../machines/shared/identifiers.js';
import { ChoraleError } from '../errors.js';
import { type Actor, Actors, type Taken } from './actors.js';
import { canonicalText } from './canonical.js';
import type { Configuration, Observation, Travelling } from './configuration.js';
import { Interned } from './interned.js';
import { Messages } from './messages.js';
import { armedTimers, failed } from './stepping.js';

export interface Process {
  readonly node: number;
  /** By actor of the node. */
  readonly snapshots: readonly number[];
  /** Stimuli: the armed timers. */
  readonly timers: readonly number[];
  /** By actor of the node; null where each of them listens. */
  readonly deaf: readonly boolean[] | null;
}

/** Something that happens to one node: events for some of its actors, told in this order. */
export interface Stimulus {
  readonly node: number;
  readonly kind: 'message' | 'event' | 'timer' | 'gone';
  readonly events: readonly { readonly actor: number; readonly event: EventObject }[];
}

export interface Outcome {
  readonly next: number;
  /** Messages to other nodes. */
  readonly sends: readonly number[];
  readonly observations: readonly number[];
  /** An actor threw. */
  readonly failure: ChoraleError | null;
}

/** Events that one stimulus may lead to on its node, before the node is taken to be in an endless loop. */
const MOST_EVENTS = 10_000;
/** Stimuli of one process state share a key space: more than that many are never met. */
const STIMULI = 2 ** 24;

interface Work {
  readonly snapshots: number[];
  readonly due: { readonly actor: number; readonly event: EventObject }[];
  readonly sends: number[];
  readonly observations: number[];
}

export class Processes {
  readonly actors: Actors;
  readonly nodes: readonly NodeId[];
  readonly messages: Messages;
  readonly states = new Interned<Process>();
  readonly stimuli = new Interned<Stimulus>();
  readonly observations = new Interned<Observation>();
  /** Is told of each step when it is taken for the first time. */
  met: ((process: number, stimulus: number, outcome: Outcome) => void) | null = null;
  readonly #actorsOf: readonly (readonly Actor[])[];
  readonly #outcomes = new Map<number, Outcome>();
  readonly #starts = new Map<number, Outcome>();
  readonly #gone = new Map<number, number>();

  /** Errors: SETTINGS_INVALID, MACHINE_IMPURE. */
  constructor(configuration: Configuration) {
    this.actors = new Actors(configuration.actors);
    this.nodes = [...new Set(this.actors.all.map(({ node }) => node))];
    this.#actorsOf = this.nodes.map((node) => this.actors.all.filter((actor) => actor.node === node));
    this.messages = new Messages(
      configuration.network,
      (message) => this.#stimulusOf(message),
      (message) => this.#addressee(message),
      this.nodes,
    );
  }

  actorsOf(node: number): readonly Actor[] {
    return this.#actorsOf[node] ?? [];
  }

  /** A node's first state in this incarnation. Errors: MACHINE_IMPURE, ACTOR_FAILED. */
  start(node: number, incarnation: number): Outcome {
    const key = incarnation * this.nodes.length + node;
    const known = this.#starts.get(key);
    if (known !== undefined) return known;
    const outcome = this.#begin(node, incarnation);
    this.#starts.set(key, outcome);
    return outcome;
  }

  #begin(node: number, incarnation: number): Outcome {
    const actors = this.actorsOf(node);
    const work: Work = { snapshots: [], due: [], sends: [], observations: [] };
    const started = actors.map((actor): Taken => {
      try {
        return this.actors.start(actor, incarnation);
      } catch (error) {
        throw error instanceof ChoraleError ? error : failed(actor.address, error);
      }
    });
    work.snapshots.push(...started.map(({ snapshot }) => snapshot));
    started.forEach(({ effects }, i) => {
      const actor = actors[i] as Actor; // one for each actor
      this.#carryOut(work, node, actor, effects);
      if (actor.events.has('recovered')) work.due.push({ actor: i, event: this.#recovered(actor, incarnation) });
    });
    return this.#settle(work, node);
  }

  /** What an actor that persists is told first. Errors: SETTINGS_INVALID. */
  #recovered(actor: Actor, incarnation: number): Incoming {
    if (incarnation > 1)
      throw new ChoraleError(
        'SETTINGS_INVALID',
        `${actor.address} persists what it does, and exploration keeps no disk: its node cannot come back.`,
      );
    return { type: 'recovered', from: address(actor.node, 'storage'), items: [] };
  }

  outcome(process: number, stimulus: number): Outcome {
    const key = process * STIMULI + stimulus;
    const known = this.#outcomes.get(key);
    if (known !== undefined) return known;
    const { node, snapshots } = this.states.at(process);
    const { events } = this.stimuli.at(stimulus);
    const outcome = this.#settle({ snapshots: [...snapshots], due: [...events], sends: [], observations: [] }, node);
    this.#outcomes.set(key, outcome);
    this.met?.(process, stimulus, outcome);
    return outcome;
  }

  process(node: number, snapshots: readonly number[]): number {
    return this.states.idOf(`${node}:${snapshots.join()}`, () => ({
      node,
      snapshots,
      deaf: this.#deaf(snapshots),
      timers: snapshots.flatMap((snapshot, actor) =>
        armedTimers(this.actors.snapshots.at(snapshot).snapshot).map((type) =>
          this.stimulus({ node, kind: 'timer', events: [{ actor, event: { type } }] }),
        ),
      ),
    }));
  }

  #deaf(snapshots: readonly number[]): readonly boolean[] | null {
    const deaf = snapshots.map((snapshot) => {
      const { actor, state } = this.actors.snapshots.at(snapshot);
      return actor.deaf?.includes(state) ?? false;
    });
    return deaf.includes(true) ? deaf : null;
  }

  stimulus(stimulus: Stimulus): number {
    return this.stimuli.idOf(`${stimulus.node} ${stimulus.kind} ${canonicalText(stimulus.events)}`, () => stimulus);
  }

  /** The event from outside for this actor. Errors: SETTINGS_INVALID. */
  eventFor(to: Address, event: EventObject): number {
    const node = this.nodes.indexOf(nodeOf(to));
    const actor = this.actorsOf(node).findIndex((one) => one.address === to);
    if (actor < 0) throw new ChoraleError('SETTINGS_INVALID', `An event from outside is for ${to}, which is no actor.`);
    return this.stimulus({ node, kind: 'event', events: [{ actor, event }] });
  }

  /** The node hears that an incarnation of another has ended; -1 when none of its actors asks for that. */
  gone(node: number, ended: number, incarnation: number): number {
    const key = (node * this.nodes.length + ended) * STIMULI + incarnation;
    const known = this.#gone.get(key);
    if (known !== undefined) return known;
    const here = this.nodes[node] as NodeId; // a place in the same list
    const event = { type: 'gone', from: address(here, 'link'), items: [{ node: this.nodes[ended], incarnation }] };
    const events = this.actorsOf(node).flatMap(({ events }, actor) => (events.has('gone') ? [{ actor, event }] : []));
    const stimulus = events.length === 0 ? -1 : this.stimulus({ node, kind: 'gone', events });
    this.#gone.set(key, stimulus);
    return stimulus;
  }

  observation(observation: Observation): number {
    return this.observations.idOf(canonicalText(observation), () => observation);
  }

  get bytes(): number {
    const tables = [this.actors.snapshots, this.messages.all, this.states, this.stimuli, this.observations];
    return tables.reduce((sum, { bytes }) => sum + bytes, 120 * this.#outcomes.size);
  }

  #stimulusOf({ from, to, message }: Travelling): number {
    const event = { type: message.type, from, items: message.items };
    const actor = this.#addressee({ to });
    return this.stimulus({ node: this.nodes.indexOf(nodeOf(to)), kind: 'message', events: [{ actor, event }] });
  }

  #addressee({ to }: Pick<Travelling, 'to'>): number {
    return this.actorsOf(this.nodes.indexOf(nodeOf(to))).findIndex(({ address }) => address === to);
  }

  /** Until nothing is due on the node. */
  #settle(work: Work, node: number): Outcome {
    const { snapshots, due, sends, observations } = work;
    const actors = this.actorsOf(node);
    let failure: ChoraleError | null = null;
    for (let i = 0; i < due.length; i++) {
      const { actor, event } = due[i] as Work['due'][number]; // within its length
      const at = actors[actor] as Actor;
      if (i >= MOST_EVENTS) {
        failure = failed(at.address, `the actors of its node keep each other busy without end`);
        break;
      }
      try {
        const taken = this.actors.step(snapshots[actor] as number, event); // one snapshot for each actor
        snapshots[actor] = taken.snapshot;
        this.#carryOut(work, node, at, taken.effects);
      } catch (error) {
        if (error instanceof ChoraleError && error.code !== 'ACTOR_FAILED') throw error;
        failure = failed(at.address, error);
        break;
      }
    }
    return { next: this.process(node, snapshots), sends, observations, failure };
  }

  #carryOut(work: Work, node: number, actor: Actor, effects: readonly Effect[]): void {
    for (const effect of effects) {
      const at = actor.address;
      if (effect.type === 'send') this.#send(work, actor, effect);
      else if (effect.type === 'multicast')
        this.#toSibling(work, node, at, groupActor(effect.group), 'multicast', effect.payloads);
      else if (effect.type === 'deliver') {
        this.#observe(work, { type: 'deliver', at, group: effect.group, deliveries: effect.deliveries });
        if (actor.deliverTo !== undefined)
          this.#toSibling(work, node, at, actor.deliverTo, 'delivered', effect.deliveries);
      } else if (effect.type === 'view') {
        this.#observe(work, { type: 'view', at, view: effect.view });
        this.#toAll(work, node, actor, 'view', [effect.view]);
      } else if (effect.type === 'persist') {
        // Written at once: what a crash can take of it, the simulated disk tries.
        const event = { type: 'persisted', from: address(actor.node, 'storage'), items: [effect.number] };
        work.due.push({ actor: this.actorsOf(node).indexOf(actor), event });
      } else if (effect.type === 'end') this.#observe(work, { type: 'end', at });
      else if (effect.type === 'reply') this.#observe(work, { type: 'reply', from: at, answers: effect.answers });
      else if (effect.type === 'phase')
        this.#observe(work, { type: 'phase', at, phase: effect.phase, requests: effect.requests });
    }
  }

  #send(work: Work, actor: Actor, { to, message, channel }: Extract<Effect, { type: 'send' }>): void {
    const travelling: Travelling = { from: actor.address, to, message, channel };
    const addressee = this.actors.all.find(({ address }) => address === to);
    if (addressee === undefined) this.#observe(work, { type: 'left', message: travelling });
    else if (addressee.node !== actor.node) work.sends.push(this.messages.idOf(travelling));
    else
      this.#toSibling(work, this.nodes.indexOf(actor.node), actor.address, addressee.name, message.type, message.items);
  }

  #toSibling(work: Work, node: number, from: Address, name: string, type: string, items: readonly unknown[]): void {
    const actor = this.actorsOf(node).findIndex((one) => one.name === name);
    const event = { type, from, items };
    if (actor < 0)
      throw new ChoraleError('SETTINGS_INVALID', `${from} hands "${type}" to ${name}, which is not there.`);
    work.due.push({ actor, event });
  }

  /** To every other actor of the node that asks for it. */
  #toAll(work: Work, node: number, from: Actor, type: string, items: readonly unknown[]): void {
    this.actorsOf(node).forEach((other, actor) => {
      if (other !== from && other.events.has(type)) work.due.push({ actor, event: told(type, from.address, items) });
    });
  }

  #observe(work: Work, observation: Observation): void {
    work.observations.push(this.observation(observation));
  }
}

const told = (type: string, from: Address, items: readonly unknown[]): Incoming => ({ type, from, items });
