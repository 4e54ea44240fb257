/**
 * What the tests of the styles' machines share: an object to replicate, the runs over many seeds, actors that hand
 * their effects to the test, and the account of what of a chart has been taken.
 */
import { expect } from '@jest/globals';
import { type AnyStateMachine, createActor, SimulatedClock } from 'xstate';
import type { Effect } from '../../machines/shared/effects.js';
import { type Address, type NodeId, nodeId, sessionId } from '../../machines/shared/identifiers.js';
import type { ReplicatedObject } from '../../machines/shared/object.js';
import type { Phase } from '../../machines/shared/phases.js';
import type { Answer, Call, Outcome, Reply, Request } from '../../machines/shared/requests.js';
import type { StyleSettings } from '../../machines/shared/style.js';
import { ChartCoverage } from '../../runtime/coverage/coverage.js';

/** Runs once for each seed; a failure names the seed and how to see it again. `SEED=7` runs that one alone. */
export function seeds(file: string, count: number, run: (seed: number) => void): void {
  const only = process.env.SEED;
  const first = only === undefined ? 1 : Number(only);
  for (let seed = first; seed < first + (only === undefined ? count : 1); seed++) {
    try {
      run(seed);
    } catch (error) {
      const replay = `SEED=${seed} node --experimental-vm-modules node_modules/jest/bin/jest.js ${file} -i`;
      const what = error instanceof Error ? error.message : String(error);
      throw new Error(`seed ${seed}: ${what}\nreplay: ${replay}`, { cause: error });
    }
  }
}

export const defaults: StyleSettings = { tolerate: 'crash', reads: 'order', retryAfter: 10, sessions: 1000 };

/** The text says in which order the updates were executed, so no two orders end in the same value. */
export interface Line {
  readonly text: string;
}

/** A line of text: `append` returns what the line is then, `fail` throws, `read` is the query. */
export interface LineObject extends ReplicatedObject<Line> {
  /** Every request that was executed, in order. */
  readonly log: string[];
}

export function line(): LineObject {
  const log: string[] = [];
  return {
    log,
    name: 'line',
    initial: () => ({ text: '' }),
    execute(before, requests) {
      let { text } = before;
      const outcomes = requests.map(({ session, seq, op, args }): Outcome => {
        log.push(`${session}#${seq}`);
        if (op === 'fail') return { ok: false, error: { code: 'REFUSED', message: 'It never works.' } };
        if (op === 'append') text += String(args[0]);
        return { ok: true, value: text };
      });
      return { value: { text }, outcomes };
    },
    change: (before, after) => after.text.slice(before.text.length),
    apply: ({ text }, change) => ({ text: text + String(change) }),
    digest: ({ text }) => text,
    snapshot: ({ text }) => text,
    restore: (text) => ({ text: String(text) }),
    chunk({ text }, cursor, bytes) {
      const from = Number(cursor ?? 0);
      const data = text.slice(from, from + bytes);
      const end = from + data.length;
      return { data, size: data.length, next: end < text.length ? end : null };
    },
    begin: () => ({ text: '' }),
    absorb: (assembly, data) => ({ text: (assembly as Line).text + String(data) }), // `begin` and `absorb` make lines
    complete: (assembly) => ({ ok: true, value: assembly as Line }),
    digestSoFar: (assembly) => (assembly as Line).text,
  };
}

export const node = nodeId;
export const rm = (i: number): Address => `rm-${i}/rm`;
export const members = (n: number): NodeId[] => Array.from({ length: n }, (_, i) => nodeId(`rm-${i + 1}`));
export const addresses = (n: number): Address[] => Array.from({ length: n }, (_, i) => rm(i + 1));

export function request(session: string, seq: number, op = 'append', more: Partial<Request> = {}): Request {
  const kind = op === 'read' ? 'query' : 'update';
  return {
    session: sessionId(session),
    seq,
    after: seq - 1,
    kind,
    op,
    args: [`${session}${seq} `],
    at: 0,
    seed: 1,
    ...more,
  };
}

export const call = (session: string, seq: number, op = 'append', more: Partial<Call> = {}): Call => ({
  ...request(session, seq, op),
  ...more,
});

export const reply = (session: string, seq: number, value: unknown, version = seq): Reply => ({
  session: sessionId(session),
  seq,
  outcome: { ok: true, value: value as string }, // tests reply with plain data only
  version,
});

interface Event {
  readonly type: string;
  readonly from: Address;
  readonly items: readonly unknown[];
}

/** Takes into account what any actor of this test file does. */
export class Coverage {
  readonly #charts = new ChartCoverage();

  watch(machine: AnyStateMachine): void {
    this.#charts.watch(machine);
  }

  /** States and transitions of the chart that no test has taken. */
  missing(machine: AnyStateMachine): string[] {
    this.watch(machine);
    return this.#charts
      .report()
      .filter(({ chart }) => chart === machine.id)
      .flatMap(({ states, transitions }) => [...states, ...transitions])
      .filter(({ taken }) => taken === 0)
      .map(({ name }) => name);
  }
}

/** An actor whose effects the test carries out. */
export class Player {
  readonly clock = new SimulatedClock();
  readonly #actor;
  #effects: Effect[] = [];

  constructor(machine: AnyStateMachine, input: unknown, coverage: Coverage | null) {
    coverage?.watch(machine);
    this.#actor = createActor(machine, { input, clock: this.clock });
    this.#actor.on('effects', (emitted) =>
      this.#effects.push(...(emitted as unknown as { effects: Effect[] }).effects),
    ); // the only thing that these machines emit
    this.#actor.start();
  }

  /** The effects of this event. */
  tell(type: string, items: readonly unknown[], from: Address = 'client/client'): Effect[] {
    const event: Event = { type, from, items };
    this.#actor.send(event);
    return this.taken();
  }

  /** The effects of time passing: ms after ms, for the clock jumps over timers that are set on the way. */
  wait(ms: number): Effect[] {
    for (let i = 0; i < ms; i++) this.clock.increment(1);
    return this.taken();
  }

  taken(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  get state(): unknown {
    return this.#actor.getSnapshot().value;
  }

  get tags(): string[] {
    return [...this.#actor.getSnapshot().tags];
  }

  // biome-ignore lint/suspicious/noExplicitAny: each test knows the machine that it plays
  get context(): any {
    return this.#actor.getSnapshot().context;
  }
}

type Of<Type extends Effect['type']> = Extract<Effect, { type: Type }>;
const all = <Type extends Effect['type']>(effects: readonly Effect[], type: Type): Of<Type>[] =>
  effects.filter((effect): effect is Of<Type> => effect.type === type);

export const sends = (effects: readonly Effect[]) => all(effects, 'send');
export const multicasts = (effects: readonly Effect[]) => all(effects, 'multicast');
export const discards = (effects: readonly Effect[]): string[] =>
  all(effects, 'discard').map(({ event, reason, count }) => `${event} ${reason} ${count}`);
export const phased = (effects: readonly Effect[]): [Phase, ...string[]][] =>
  all(effects, 'phase').map(({ phase, requests }) => [phase, ...requests]);
export const answers = (effects: readonly Effect[]): Answer[] =>
  all(effects, 'reply').flatMap((effect) => effect.answers);
/** Who is sent what: `rm-1/rm read 2`. */
export const sent = (effects: readonly Effect[]): string[] =>
  sends(effects).map(({ to, message }) => `${to} ${message.type} ${message.items.length}`);

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}

/** A rule is pure when it leaves what it is given alone, and the same gives the same. */
export function expectPure<C, E, R>(rule: (context: C, event: E) => R, context: C, event: E): void {
  const first = rule(frozen(context), frozen(event));
  expect(rule(context, event)).toEqual(first);
}
