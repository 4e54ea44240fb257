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

/** `before`: what it was until somebody ended it, and when he did, ms. */
interface FaultEntry extends Entry<string> {
  readonly before?: { readonly thing: string; readonly until: number };
}

export class Script {
  readonly #opened: Scenario;
  readonly #faults: readonly FaultEntry[];
  readonly #requests: readonly Entry<PlannedRequest>[];
  readonly #untils: readonly Entry<number>[];

  private constructor(
    opened: Scenario,
    faults: readonly FaultEntry[],
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

  /** Without what was added after this time, and without the ends. */
  upTo(time: number): Script {
    const early = <One extends Entry<unknown>>(entries: readonly One[]): One[] =>
      entries.filter(({ at }) => at === null || at <= time);
    const faults = early(this.#faults).map((entry): FaultEntry => {
      const { at, before } = entry;
      return before !== undefined && before.until > time ? { thing: before.thing, at } : entry;
    });
    return new Script(this.#opened, faults, early(this.#requests), early(this.#untils));
  }

  /** The run goes on until then at least. */
  goingOn(until: number, at: number): Script {
    const untils = this.#untils.filter(({ thing, at: other }) => other !== at || thing > until);
    return new Script(this.#opened, this.#faults, this.#requests, [...untils, { thing: until, at }]);
  }

  withFault(text: string, at: number): Script {
    return new Script(this.#opened, [...this.#faults, { thing: text, at }], this.#requests, this.#untils);
  }

  /** The fault that began at this time ends at that. Null where there is none such, or it was over at once. */
  withEnd(text: string, begun: number, time: number): Script | null {
    const fault = parseFault(text);
    const place = this.#faults.findIndex(({ thing }) => faultText(parseFault(thing)) === faultText(fault));
    if (place < 0 || 'when' in fault) return null;
    const { during } = fault;
    const lasts = Number((time - begun).toFixed(9)); // of a difference of decimals
    const ended = faultText({ ...fault, during: 'at' in during ? { ...during, until: time } : { ...during, lasts } });
    const faults = this.#faults.map(({ thing, at, before }, i) =>
      i === place ? { thing: ended, at, before: { thing, until: time } } : { thing, at, ...(before && { before }) },
    );
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
    const strikes = alone ? time : 'at' in when ? when.at : null;
    if (strikes !== null && strikes < time) throw refused(`it is ${time} ms already`);
    const { faultsEndAt } = this.#opened;
    if (faultsEndAt !== null && (strikes ?? time) >= faultsEndAt)
      throw refused(
        `all faults of this run end at ${faultsEndAt} ms, so that it shows whether all comes right after them`,
      );
    return { text: alone ? `${text}@${time}ms` : text, alone };
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
