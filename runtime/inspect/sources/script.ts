/**
 * The scenario of a run that somebody interferes with: a fault or a request that is added is part of it from then on, so that
 * the run is at every moment what its scenario says. Values: a change makes another script.
 */
import { ChoraleError } from '../../errors.js';
import { faultText, parseFault } from '../../simulate/faults.js';
import type { PlannedRequest } from '../../simulate/plan.js';
import type { Scenario } from '../../simulate/scenario.js';

/** `at`: ms, virtual, when somebody added it; null for what the run was opened with. */
interface Entry<Thing> {
  readonly thing: Thing;
  readonly at: number | null;
}

export class Script {
  readonly #opened: Scenario;
  readonly #faults: readonly Entry<string>[];
  readonly #requests: readonly Entry<PlannedRequest>[];
  readonly #untils: readonly Entry<number>[];

  private constructor(
    opened: Scenario,
    faults: readonly Entry<string>[],
    requests: readonly Entry<PlannedRequest>[],
    untils: readonly Entry<number>[],
  ) {
    this.#opened = opened;
    this.#faults = faults;
    this.#requests = requests;
    this.#untils = untils;
  }

  static of(scenario: Scenario): Script {
    const entries = <Thing>(things: readonly Thing[]): Entry<Thing>[] => things.map((thing) => ({ thing, at: null }));
    const { until } = scenario;
    return new Script(
      scenario,
      entries(scenario.faults),
      entries(scenario.requests),
      until === undefined ? [] : entries([until]),
    );
  }

  get scenario(): Scenario {
    const { until: _, ...rest } = this.#opened;
    const untils = this.#untils.map(({ thing }) => thing);
    return {
      ...rest,
      faults: this.#faults.map(({ thing }) => thing),
      requests: this.#requests.map(({ thing }) => thing),
      ...(untils.length === 0 ? {} : { until: Math.max(...untils) }),
    };
  }

  /** Without what was added after this time. */
  upTo(time: number): Script {
    const early = <Thing>(entries: readonly Entry<Thing>[]): Entry<Thing>[] =>
      entries.filter(({ at }) => at === null || at <= time);
    return new Script(this.#opened, early(this.#faults), early(this.#requests), early(this.#untils));
  }

  /** The run goes on until then at least. */
  goingOn(until: number, at: number): Script {
    const untils = this.#untils.filter(({ thing, at: other }) => other !== at || thing > until);
    return new Script(this.#opened, this.#faults, this.#requests, [...untils, { thing: until, at }]);
  }

  /** A fault that begins as one that is there, and ends, takes its place: so a partition can be healed. */
  withFault(text: string, at: number): Script {
    const same = this.#endedBy(text);
    const faults =
      same < 0
        ? [...this.#faults, { thing: text, at }]
        : this.#faults.map((entry, place) => (place === same ? { thing: text, at: entry.at } : entry));
    return new Script(this.#opened, faults, this.#requests, this.#untils);
  }

  /**
   * The fault at the time at which somebody wishes for it, where its text does not say when it strikes; `alone` says whether it
   * did not. Errors: INPUT_INVALID, for one whose time has gone by, or that would strike when all faults of the run have ended.
   */
  faultAt(text: string, time: number): { readonly text: string; readonly alone: boolean } {
    const refused = (why: string): ChoraleError =>
      new ChoraleError('INPUT_INVALID', `The fault "${text}" cannot be added: ${why}.`);
    const fault = parseFault(text);
    const alone = !text.includes('@');
    const when = 'when' in fault ? fault.when : fault.during;
    const begins = alone ? time : 'at' in when ? when.at : null;
    // of one that is there already the end alone is new
    const strikes = this.#endedBy(text) < 0 ? begins : spanOf(text).end;
    if (strikes !== null && strikes < time) throw refused(`it is ${time} ms already`);
    const { faultsEndAt } = this.#opened;
    if (faultsEndAt !== null && (strikes ?? time) >= faultsEndAt)
      throw refused(
        `all faults of this run end at ${faultsEndAt} ms, so that it shows whether all comes right after them`,
      );
    return { text: alone ? `${text}@${time}ms` : text, alone };
  }

  /** Place of the fault that it is the same as, but for its end. */
  #endedBy(text: string): number {
    const { start, end } = spanOf(text);
    return end === null ? -1 : this.#faults.findIndex(({ thing }) => spanOf(thing).start === start);
  }

  /** After so many requests of the same client. */
  withRequest(request: PlannedRequest, after: number, at: number): Script {
    let left = after;
    const place = this.#requests.findIndex(({ thing }) => {
      if (thing.client !== request.client) return false;
      left -= 1;
      return left < 0;
    });
    const entry = { thing: request, at };
    const requests = place < 0 ? [...this.#requests, entry] : this.#requests.toSpliced(place, 0, entry);
    return new Script(this.#opened, this.#faults, requests, this.#untils);
  }
}

/** What it is and when it begins, and when it ends: null where that is never, or at an event. */
function spanOf(text: string): { readonly start: string; readonly end: number | null } {
  const fault = parseFault(text);
  if ('when' in fault || !('at' in fault.during)) return { start: text, end: null };
  const { at, until } = fault.during;
  return { start: faultText({ ...fault, during: { at, until: null } }), end: until };
}

/** The shortest number between the two; null where there is none. Undefined: there is no end. */
export function momentBetween(after: number, before: number | undefined): number | null {
  const fits = (time: number): boolean => time > after && (before === undefined || time < before);
  for (let digits = 0; digits <= 9; digits++) {
    const scale = 10 ** digits;
    const time = Number(((Math.floor(after * scale) + 1) / scale).toFixed(digits));
    if (fits(time)) return time;
  }
  const middle = before === undefined ? after : after + (before - after) / 2;
  return fits(middle) ? middle : null;
}
