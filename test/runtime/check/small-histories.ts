/**
 * Small histories of a key-value store: written by hand, and drawn from a seed; and the consistency conditions on them,
 * decided by going through all orders, straight from their definitions.
 */
import type { History, Operation } from '../../../runtime/check/history.js';
import { type Model, tells } from '../../../runtime/check/model.js';
import type { SessionGuarantee } from '../../../runtime/check/sessions.js';
import type { random } from '../../../runtime/simulate/random.js';

type Chance = ReturnType<typeof random>;

/**
 * `A: put x 1; get y 2`: each line is a process, each piece an operation; `get y -` read the initial value. Time goes
 * line by line where the pieces have none; `put x 1 @3..5` has its own, `@3..` never returned.
 */
export function kv(...lines: string[]): Operation[] {
  let now = 0;
  return lines.flatMap((line) => {
    const [process = '', pieces = ''] = line.split(':');
    return pieces.split(';').map((piece): Operation => {
      const [said = '', times] = piece.trim().split(' @');
      const [op = '', key = '', ...values] = said.split(' ');
      const [call = String(now), end = String(now + 1)] = times?.split('..') ?? [];
      now += 2;
      const [value = ''] = values.map((one) => (one === '-' ? '' : one));
      const returned = end === '' ? null : Number(end);
      const named = { process, op, key, call: Number(call), return: returned };
      if (op === 'cas') return { ...named, input: values.slice(0, 2), output: values[2] === 'true' };
      if (op === 'append') return { ...named, input: value, output: values[1] ?? null };
      return op === 'get' ? { ...named, input: null, output: value } : { ...named, input: value, output: null };
    });
  });
}

export const history = (operations: readonly Operation[], object: string | null = 'kv'): History => ({
  object,
  initial: undefined,
  operations,
});

/** Up to `most` operations of up to three processes on one or two keys; every value is put once, if at all. */
export function drawn(chance: Chance, most: number, unreturned = 0): Operation[] {
  const size = chance.int(2, most);
  const keys = chance.int(1, 2);
  const shape = Array.from({ length: size }, () => ({
    process: chance.int(0, 2),
    key: chance.int(1, keys) === 1 ? 'x' : 'y',
    writes: chance.int(0, 99) < 45,
  }));
  const written = (key: string): string[] => [
    '',
    ...shape.flatMap((one, i) => (one.writes && one.key === key ? [`${i}`] : [])),
  ];
  const ended = new Set<number>();
  const ends = new Map<number, number>();
  return shape.flatMap(({ process, key, writes }, i): Operation[] => {
    if (ended.has(process)) return [];
    const values = written(key);
    const call = Math.max(ends.get(process) ?? 0, i * 2) + chance.int(0, 2);
    const end = call + chance.int(1, 6);
    ends.set(process, end + 1);
    const open = chance.int(0, 99) < unreturned;
    if (open) ended.add(process);
    const value = values[chance.int(0, values.length - 1)] ?? '';
    const named = { process, key, call, return: open ? null : end };
    return [
      writes
        ? { ...named, op: 'put', input: `${i}`, output: null }
        : { ...named, op: 'get', input: null, output: value },
    ];
  });
}

/** Up to `most` operations of up to three processes on one or two queues; few values. */
export function drawnQueue(chance: Chance, most: number): Operation[] {
  const size = chance.int(2, most);
  const keys = chance.int(1, 2);
  return Array.from({ length: size }, (_, i): Operation => {
    const named = {
      process: chance.int(0, 2),
      key: chance.int(1, keys) === 1 ? 'p' : 'q',
      call: 2 * i,
      return: 2 * i + 1,
    };
    if (chance.int(0, 1) === 0) return { ...named, op: 'enqueue', input: chance.int(0, 2), output: null };
    return { ...named, op: 'dequeue', input: null, output: chance.int(0, 3) === 0 ? null : chance.int(0, 2) };
  });
}

/** What clients see of replicas that execute at once and pass their updates on, each to be heard of within eight steps. */
export function toldLater(chance: Chance, replicas: number, size: number): Operation[] {
  const states = Array.from({ length: replicas }, () => new Map<string, string>());
  let news: { readonly due: number; readonly to: number; readonly key: string; readonly value: string }[] = [];
  return Array.from({ length: size }, (_, i): Operation => {
    for (const { to, key, value } of news.filter(({ due }) => due <= i)) states[to]?.set(key, value);
    news = news.filter(({ due }) => due > i);
    const process = chance.int(0, replicas - 1);
    const key = `k${chance.int(0, 2)}`;
    const named = { process, key, call: 2 * i, return: 2 * i + 1 };
    const own = states[process];
    if (chance.int(0, 3) > 0) return { ...named, op: 'get', input: null, output: own?.get(key) ?? '' };
    own?.set(key, `${i}`);
    for (let to = 0; to < replicas; to++)
      if (to !== process) news.push({ due: i + chance.int(1, 8), to, key, value: `${i}` });
    return { ...named, op: 'put', input: `${i}`, output: null };
  });
}

/** Whether some order of the operations, in which each comes after those before it, satisfies the demand as it grows. */
export function someOrder<State>(
  operations: readonly Operation[],
  before: (one: Operation, other: Operation) => boolean,
  begin: State,
  step: (state: State, operation: Operation) => readonly State[],
): boolean {
  const go = (state: State, left: readonly Operation[]): boolean =>
    left.length === 0 ||
    left.some((one) => {
      const rest = left.filter((other) => other !== one);
      if (rest.some((other) => before(other, one))) return false;
      return step(state, one).some((next) => go(next, rest));
    });
  return go(begin, operations);
}

const sameProcess = (one: Operation, other: Operation): boolean =>
  one.process === other.process && one.call < other.call;
const inTime = (one: Operation, other: Operation): boolean => one.return !== null && one.return < other.call;

/** The states after it, if any: one that never returned may also be left out. */
const explained =
  (model: Model, told?: ReadonlySet<Operation>) =>
  (state: unknown, operation: Operation): readonly unknown[] => {
    const { state: next, output } = model.apply(state, operation);
    if (operation.return === null || told?.has(operation) === false) return [next, state];
    return tells(model, operation, output) ? [next] : [];
  };

/** Those that are not of `told` may have happened or not, and what they returned does not count. */
export const isSequential = (
  operations: readonly Operation[],
  model: Model,
  told: ReadonlySet<Operation> = new Set(operations),
): boolean => someOrder(operations, sameProcess, model.initial(), explained(model, told));

export const isLinearizable = (operations: readonly Operation[], model: Model): boolean =>
  someOrder(
    operations,
    (one, other) => sameProcess(one, other) || inTime(one, other),
    model.initial(),
    explained(model),
  );

/** Causal order: the order of each process, and who read from whom. For unique values. */
export function happensBefore(operations: readonly Operation[]): Before {
  const known = operations.filter((one) => one.return !== null || one.op !== 'get');
  return closed(
    known,
    (one, other) => sameProcess(one, other) || (other.op === 'get' && writerOf(other, known) === one),
  );
}

type Before = (one: Operation, other: Operation) => boolean;

const writerOf = (read: Operation, operations: readonly Operation[]): Operation | undefined =>
  operations.find((one) => one.op === 'put' && one.key === read.key && one.input === read.output);

/** Causal memory, as it is defined: for each process an order of all writes and its own reads. For unique values. */
export function isCausal(operations: readonly Operation[], model: Model): boolean {
  const done = operations.filter((one) => one.return !== null || one.op !== 'get');
  const before = happensBefore(operations);
  if (done.some((one) => before(one, one))) return false;
  return [...new Set(done.map(({ process }) => process))].every((process) =>
    someOrder(
      done.filter((one) => one.op === 'put' || one.process === process),
      before,
      model.initial(),
      (state, operation) => {
        const { state: next, output } = model.apply(state, operation);
        return operation.op === 'put' || output === operation.output ? [next] : [];
      },
    ),
  );
}

/** The session guarantees broken, word for word as sessions.ts has them. */
export const breaks: Readonly<Record<SessionGuarantee, (operations: readonly Operation[], before: Before) => boolean>> =
  {
    'read your writes': (all, before) =>
      someRead(all, before, ({ read, version, older }) =>
        all.some((own) => own.op === 'put' && own.key === read.key && sameProcess(own, read) && older(version, own)),
      ),
    'monotonic reads': (all, before) =>
      someRead(all, before, ({ read, version, older, readBefore }) =>
        readBefore(read).some(
          ([first, one]) =>
            (one !== undefined && first.key === read.key && older(version, one)) ||
            (one !== undefined &&
              one === version &&
              readBefore(read).some(
                ([second, other]) => second.key === read.key && sameProcess(first, second) && other !== one,
              )),
        ),
      ),
    'monotonic writes': (all, before) =>
      someRead(all, before, ({ read, version, older, readBefore }) =>
        readBefore(read).some(([, later]) =>
          all.some(
            (earlier) =>
              later !== undefined &&
              later.process !== read.process &&
              earlier.op === 'put' &&
              earlier.key === read.key &&
              sameProcess(earlier, later) &&
              (older(version, earlier) || (later.key === read.key && version === earlier)),
          ),
        ),
      ),
    'writes follow reads': (all, before) =>
      someRead(all, before, ({ read, version, older, readBefore }) =>
        readBefore(read).some(
          ([, later]) =>
            later !== undefined &&
            later.process !== read.process &&
            readBefore(later).some(
              ([reading, earlier]) =>
                earlier !== undefined &&
                reading.key === read.key &&
                (older(version, earlier) || (later.key === read.key && version === earlier)),
            ),
        ),
      ),
  };

interface Reading {
  readonly read: Operation;
  /** undefined: the initial value. */
  readonly version: Operation | undefined;
  older(version: Operation | undefined, than: Operation): boolean;
  /** What the process of an operation had read before it, and whose. */
  readBefore(operation: Operation): (readonly [Operation, Operation | undefined])[];
}

function someRead(all: readonly Operation[], before: Before, is: (reading: Reading) => boolean): boolean {
  const reads = all.filter((one) => one.op === 'get' && one.return !== null);
  return reads.some((read) =>
    is({
      read,
      version: writerOf(read, all),
      older: (version, than) => version === undefined || before(version, than),
      readBefore: (operation) =>
        reads.filter((one) => sameProcess(one, operation)).map((one) => [one, writerOf(one, all)] as const),
    }),
  );
}

/** The transitive closure. */
export function closed(
  operations: readonly Operation[],
  direct: (one: Operation, other: Operation) => boolean,
): (one: Operation, other: Operation) => boolean {
  const after = new Map(operations.map((one) => [one, new Set(operations.filter((other) => direct(one, other)))]));
  for (const middle of operations) {
    for (const one of operations) {
      if (!after.get(one)?.has(middle)) continue;
      for (const last of after.get(middle) ?? []) after.get(one)?.add(last);
    }
  }
  return (one, other) => after.get(one)?.has(other) === true;
}
