/**
 * A run that can be interfered with at any place, and is always exactly its scenario. What is added gets a time at which nothing
 * else happens, after all that had happened at the time of the place, and before what comes next. Where the place is the end it is
 * added to the run as it is; else the run is made again up to there. Both come to the same trace.
 */
import { ChoraleError } from '../../errors.js';
import type { AnyService } from '../../service/index.js';
import type { PlannedRequest } from '../../simulate/plan.js';
import type { Scenario } from '../../simulate/scenario.js';
import type { HistoryProperty } from '../../simulate/trial.js';
import type { TraceEvent } from '../../trace/format.js';
import { ALL_END, endings } from '../timeline/cut.js';
import { Recording } from './recording.js';
import { momentBetween, Script } from './script.js';

export type Call = Pick<PlannedRequest, 'client' | 'op' | 'args'>;

/** When a fault began that is in force now, ms; null where it is not. */
function beginOf(fault: string, events: readonly TraceEvent[]): number | null {
  let begun: number | null = null;
  for (const event of events) {
    if (event.kind !== 'fault') continue;
    if (event.fault === fault) begun = event.t;
    else if (event.fault === ALL_END || endings.some((ending) => event.fault === `${fault}${ending}`)) begun = null;
  }
  return begun;
}

export class EditableRun {
  readonly #service: AnyService;
  readonly #property: HistoryProperty;
  #script: Script;
  #recording: Recording;
  /** ms, virtual: how far time has come, which can be past the last thing that happened. */
  #position = 0;

  /** Errors: as `Recording`. */
  constructor(service: AnyService, scenario: Scenario, property: HistoryProperty) {
    this.#service = service;
    this.#property = property;
    this.#script = Script.of(scenario);
    this.#recording = new Recording(service, scenario, property);
  }

  /** It is another one when the run was made again. */
  get recording(): Recording {
    return this.#recording;
  }

  /** All that decides the run, with what was added. */
  get scenario(): Scenario {
    return this.#script.scenario;
  }

  get position(): number {
    return Math.max(this.#position, this.#recording.now);
  }

  /** Runs what is due next, if it is due by then. False when it is not, or the run is over and not to go on all the same. */
  step(target: number, pastEnd: boolean): boolean {
    const due = this.#recording.nextDue;
    if (due === undefined || due > target) {
      // nobody knows how long time passes by itself without an end
      if (target !== Number.POSITIVE_INFINITY && (pastEnd || !this.#recording.over)) this.#position = target;
      return false;
    }
    if (pastEnd && this.#recording.over) this.#goOn(due);
    return this.#recording.step();
  }

  /** Adds a fault at a place. Errors: INPUT_INVALID; then nothing has changed. */
  inject(fault: string, place: number): void {
    const { script, recording, time } = this.#at(place);
    const { text, alone } = script.faultAt(fault, time);
    const next = script.withFault(text, time).goingOn(time, time);
    if (alone) recording.inject(text);
    this.#take(next, alone ? recording : this.#made(next), time);
  }

  /** Ends a fault that is in force at a place, there. Errors: INPUT_INVALID; then nothing has changed. */
  end(fault: string, place: number): void {
    const { script, recording, time } = this.#at(place);
    const begun = beginOf(fault, recording.events);
    const next = begun === null ? null : script.withEnd(fault, begun, time);
    if (next === null) throw new ChoraleError('INPUT_INVALID', `The fault "${fault}" is not in force there.`);
    this.#take(next.goingOn(time, time), this.#made(next), time);
  }

  /** Adds a request at a place. Errors: as `Recording.add`; then nothing has changed. */
  request(call: Call, place: number): void {
    this.#add(place, (time) => [{ ...call, at: time }]);
  }

  /** Adds requests that are drawn for the time of the place. Errors: as `Recording.add`; then nothing has changed. */
  load(draw: (time: number) => readonly PlannedRequest[], place: number): void {
    this.#add(place, draw);
  }

  #add(place: number, draw: (time: number) => readonly PlannedRequest[]): void {
    const { script, recording, time } = this.#at(place);
    const { player } = recording.trial;
    const requests = draw(time);
    let next = script;
    const issued = new Map<string, number>();
    for (const request of requests) {
      const before = issued.get(request.client) ?? player.turnOf(request.client)?.issued ?? 0;
      issued.set(request.client, before + 1);
      next = next.withRequest(request, before, time);
    }
    const [first, ...others] = requests;
    // A client is there from the beginning of a run, and what it has still to ask comes after what is added.
    const direct = first !== undefined && others.length === 0 && player.turnOf(first.client)?.waiting === 0;
    if (direct) recording.add(first);
    this.#take(next, direct ? recording : this.#made(next), time);
  }

  /** The run as it stood at a place, all done that happened at that time, and a time before anything else happens. */
  #at(place: number): { script: Script; recording: Recording; time: number } {
    const { events } = this.#recording;
    const moment = place <= 0 ? 0 : (events[Math.min(place, events.length) - 1]?.t ?? 0);
    const isEnd = place >= events.length || (events.at(-1)?.t ?? 0) <= moment;
    let script = this.#script;
    let recording = this.#recording;
    let after = this.position;
    if (!isEnd) {
      after = moment;
      script = script.upTo(moment);
      recording = this.#made(script);
      recording.reach(moment);
    }
    for (;;) {
      const due = recording.nextDue;
      const time = due !== undefined && due <= after ? null : momentBetween(after, due);
      if (time !== null) return { script, recording, time };
      // What is due is so near that there is no time between: then it comes first.
      after = Math.max(after, due ?? after);
      script = script.goingOn(after, after);
      if (recording === this.#recording) this.#script = script;
      recording.reach(after);
    }
  }

  #made(script: Script): Recording {
    return new Recording(this.#service, script.scenario, this.#property);
  }

  #take(script: Script, recording: Recording, time: number): void {
    recording.reach(time);
    this.#script = script;
    this.#recording = recording;
    this.#position = time;
  }

  #goOn(until: number): void {
    this.#script = this.#script.goingOn(until, until);
    this.#recording.goOnUntil(until);
  }
}
