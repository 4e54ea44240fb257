/**
 * What a diagram must know beside the events themselves, kept up as they come: where phases end, how long deliveries were held
 * back, which nodes were down when, and the rare events, which are always drawn.
 */
import { kindNumber, NONE } from '../../../timeline/chunk.js';
import { Integers } from '../../../timeline/columns.js';
import type { Timeline } from '../../../timeline/timeline.js';
import { HoldBack } from './hold-back.js';

/** Events to a block. */
export const BLOCK = 512;
/** Flights that the usual one is taken from. */
const FLIGHTS = 201;
/** Rows for faults that last at once; more than that share the last one. */
const FAULT_LANES = 4;
/** Rows for phases of requests at one node that overlap. */
const PHASE_LANES = 3;

/** A node that is down, from one event to another; NONE: to the end. */
export interface Down {
  readonly from: number;
  to: number;
}

export interface FaultSpan {
  readonly text: string;
  readonly from: number;
  /** Index of the event that ended it; NONE while it lasts; that of its own for one that is over as soon as it has struck. */
  to: number;
  readonly lane: number;
}

interface OpenPhases {
  /** By request (a word): index of the phase that it is in at this node. */
  readonly of: Map<number, number>;
  /** ms when each lane is free again. */
  readonly busyUntil: number[];
}

const endings = [' heals', ' ends'];
const strokes = /^(crash|recover|suspect|join|leave|lose):/;

export class Landmarks {
  /** Of a phase: index of the event that ended it. Of a `received`: that of the delivery of what was held back. Else NONE. */
  until = new Integers();
  /** Of a phase that has ended: which of the rows under the node's line it has. */
  lane = new Integers();
  /** Per block of events: the latest time to which anything lasts that began in it. */
  readonly reach: number[] = [];
  /** Phases of front ends that have not ended. */
  readonly open = new Set<number>();
  /** Requests in the order in which they came. */
  readonly ordinals = new Map<number, number>();
  readonly downs = new Map<number, Down[]>();
  /** Of a node that was not there from the start: index of the event with which it was. */
  readonly born = new Map<number, number>();
  readonly views: number[] = [];
  readonly losses: number[] = [];
  readonly recoveries: number[] = [];
  /** Where events are missing: indexes of what tells of it. */
  readonly gaps: number[] = [];
  /** Of a message of several items, by index of its `sent`: requests (words) that it was found to carry by what came of it. */
  readonly carried = new Map<number, Set<number>>();
  readonly faults: FaultSpan[] = [];
  /** Rows that the faults need, at most FAULT_LANES. */
  faultLanes = 0;
  /** Rows that the phases at one node need, from 1 to PHASE_LANES. */
  phaseLanes = 1;
  #phases = new Map<number, OpenPhases>();
  #holdBack = new HoldBack();
  readonly #flights: number[] = [];
  #flight = 1;
  #branch = 0;
  #seen = 0;

  /** How long a message takes as a rule, ms. */
  get flight(): number {
    return this.#flight;
  }

  /** Takes what is new; begins anew when the run went another way. */
  follow(timeline: Timeline): void {
    if (timeline.branch !== this.#branch || timeline.length < this.#seen) this.#reset(timeline.branch);
    const { length } = timeline;
    for (let index = this.#seen; index < length; index++) this.#take(timeline, index);
    this.#seen = length;
  }

  /** The last time at which the node went down before this event, if it was down then. */
  downAt(node: number, index: number): Down | undefined {
    return this.downs.get(node)?.find(({ from, to }) => from < index && (to === NONE || to > index));
  }

  /** The first crash of the node after this event. */
  crashAfter(node: number, index: number): number {
    return this.downs.get(node)?.find(({ from }) => from > index)?.from ?? NONE;
  }

  #reset(branch: number): void {
    this.until = new Integers();
    this.lane = new Integers();
    for (const list of [this.reach, this.views, this.losses, this.recoveries, this.gaps, this.faults, this.#flights])
      list.length = 0;
    for (const known of [this.open, this.ordinals, this.downs, this.born, this.carried]) known.clear();
    this.#phases = new Map();
    this.#holdBack = new HoldBack();
    this.faultLanes = 0;
    this.phaseLanes = 1;
    this.#flight = 1;
    this.#seen = 0;
    this.#branch = branch;
  }

  #take(timeline: Timeline, index: number): void {
    this.until.push(NONE);
    this.lane.push(0);
    const t = timeline.t.at(index);
    if (index % BLOCK === 0) this.reach.push(t);
    switch (timeline.kind.at(index)) {
      case kindNumber.called:
        for (const request of timeline.requestsAt(index)) this.#request(request);
        break;
      case kindNumber.received:
        this.#arrive(timeline, index, t);
        this.#holdBack.receive(timeline, index);
        break;
      case kindNumber.delivered: {
        const received = this.#holdBack.deliver(timeline, index);
        if (received === NONE || timeline.t.at(received) >= t) break;
        this.until.set(received, index);
        this.#reaches(received, t);
        break;
      }
      case kindNumber.phase:
        this.#carry(timeline, index);
        this.#phase(timeline, index);
        break;
      case kindNumber.answered:
        this.#carry(timeline, index);
        this.#close(timeline, timeline.node.at(index), timeline.request.at(index), index);
        break;
      case kindNumber.view:
        this.views.push(index);
        break;
      case kindNumber.lost:
        this.losses.push(index);
        break;
      case kindNumber.crashed:
        this.#crash(timeline, index);
        break;
      case kindNumber.recovered:
        this.recoveries.push(index);
        if (timeline.amount.at(index) === 1) this.born.set(timeline.node.at(index), index);
        for (const down of this.downs.get(timeline.node.at(index)) ?? []) if (down.to === NONE) down.to = index;
        break;
      case kindNumber.fault:
        this.#fault(timeline.text(timeline.word.at(index)), index);
        break;
      case kindNumber.missed:
        this.gaps.push(index);
        break;
    }
  }

  /** The trace does not say what is in a message: what several items of one brought into a phase, it carried. */
  #carry(timeline: Timeline, index: number): void {
    const message = timeline.cause.at(index);
    if (message === NONE || timeline.kind.at(message) !== kindNumber.sent || timeline.amount.at(message) < 2) return;
    const carried = this.carried.get(message) ?? new Set();
    for (const request of timeline.requestsAt(index)) carried.add(request);
    this.carried.set(message, carried);
  }

  #request(request: number): void {
    if (!this.ordinals.has(request)) this.ordinals.set(request, this.ordinals.size);
  }

  #reaches(index: number, t: number): void {
    const block = Math.floor(index / BLOCK);
    if ((this.reach[block] ?? 0) < t) this.reach[block] = t;
  }

  #arrive(timeline: Timeline, index: number, t: number): void {
    const sent = timeline.sent.at(index);
    if (sent === NONE) return;
    this.#reaches(sent, t);
    if (this.#flights.length >= FLIGHTS) return;
    this.#flights.push(t - timeline.t.at(sent));
    if (this.#flights.length > 20 && this.#flights.length % 60 !== 0) return;
    const sorted = [...this.#flights].sort((a, b) => a - b);
    this.#flight = Math.max(sorted[sorted.length >> 1] ?? 1, 0.001);
  }

  #phasesAt(node: number): OpenPhases {
    const known = this.#phases.get(node);
    if (known !== undefined) return known;
    const phases: OpenPhases = { of: new Map(), busyUntil: [] };
    this.#phases.set(node, phases);
    return phases;
  }

  #phase(timeline: Timeline, index: number): void {
    const node = timeline.node.at(index);
    const request = timeline.request.at(index);
    this.#request(request);
    this.#close(timeline, node, request, index);
    if (timeline.text(timeline.word.at(index)) === 'END') return;
    this.#phasesAt(node).of.set(request, index);
    if (timeline.text(node).startsWith('fe-')) this.open.add(index);
  }

  #close(timeline: Timeline, node: number, request: number, at: number): void {
    const phases = this.#phases.get(node);
    const index = phases?.of.get(request);
    if (phases === undefined || index === undefined) return;
    phases.of.delete(request);
    this.open.delete(index);
    this.until.set(index, at);
    const [from, to] = [timeline.t.at(index), timeline.t.at(at)];
    if (to <= from) return;
    this.#reaches(index, to);
    // What ends later comes later, so a lane whose last phase ended before this one began is free for it.
    const free = Array.from({ length: PHASE_LANES }, (_, lane) => lane).find(
      (lane) => (phases.busyUntil[lane] ?? 0) <= from,
    );
    const lane = free ?? PHASE_LANES - 1;
    phases.busyUntil[lane] = to;
    this.lane.set(index, lane);
    this.phaseLanes = Math.max(this.phaseLanes, lane + 1);
  }

  #crash(timeline: Timeline, index: number): void {
    const node = timeline.node.at(index);
    for (const request of [...(this.#phases.get(node)?.of.keys() ?? [])]) this.#close(timeline, node, request, index);
    const downs = this.downs.get(node);
    if (downs === undefined) this.downs.set(node, [{ from: index, to: NONE }]);
    else if (downs.at(-1)?.to !== NONE) downs.push({ from: index, to: NONE });
    this.#holdBack.crash(node);
  }

  #fault(text: string, index: number): void {
    const lasting = this.faults.filter(({ to }) => to === NONE);
    if (text === 'faults end') {
      for (const fault of lasting) fault.to = index;
      return;
    }
    const ending = endings.find((each) => text.endsWith(each));
    if (ending !== undefined) {
      const begun = lasting.find((fault) => fault.text === text.slice(0, -ending.length));
      if (begun !== undefined) begun.to = index;
      return;
    }
    const free = Array.from({ length: FAULT_LANES }, (_, lane) => lane).find(
      (lane) => !lasting.some((fault) => fault.lane === lane),
    );
    const lane = free ?? FAULT_LANES - 1;
    this.faultLanes = Math.max(this.faultLanes, lane + 1);
    this.faults.push({ text, from: index, to: strokes.test(text) ? index : NONE, lane });
  }
}
