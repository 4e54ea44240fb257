/**
 * A history of registers as reads and writes of versions: which write each read read from, told by the values.
 *
 * That needs values that say who wrote them: no value is written twice to one key, and the initial one is never
 * written. What does not follow is left out, and said: leaving out a read takes a demand away, so a violation found in
 * the rest is one of the whole, while "holds" is not to be had.
 */
import type { Json, Operation } from './history.js';
import { isList, textOf } from './json.js';
import type { Model } from './model.js';
import { inWords } from './wording.js';

/** In `source`: it reads nothing, or nobody can say from whom. */
export const NO_READ = -1;
/** In `source`: it reads the initial value of its key. */
export const INITIAL = -2;
/** In `source`: it reads what nobody wrote. */
export const THIN_AIR = -3;

/** Operations are numbers here: those of one process follow each other, in its program order. */
export interface Accesses {
  readonly operations: readonly Operation[];
  /** Operations of each process, in program order. */
  readonly sessions: readonly (readonly number[])[];
  /** Of each operation: its process, and its place among those of its process. */
  readonly session: Int32Array;
  readonly place: Int32Array;
  /** Of each operation: which key. */
  readonly key: Int32Array;
  readonly keys: readonly (string | null)[];
  /** 1 where the operation writes. */
  readonly writes: Uint8Array;
  /** The operation whose value it read, or one of the three above. */
  readonly source: Int32Array;
  /** Why "holds" cannot be said; null where it can. */
  readonly undecided: string | null;
}

/** What one operation does: it reads, writes, or reads and then writes. Values are texts; null is none. */
interface Access {
  readonly read: string | null;
  readonly write: string | null;
  /** It has read or written what the history does not tell. */
  readonly untold?: 'read' | 'write';
}

type Reading = (operation: Operation) => Access;

const text = (value: Json | undefined): string => textOf(value ?? null);
const read: Reading = ({ output }) => ({ read: text(output), write: null });
const write: Reading = ({ input }) => ({ read: null, write: text(input) });

/** A cas that failed read something else than it hoped for: who knows what. */
const cas: Reading = ({ input, output, return: returned }) => {
  const [from, to] = isList(input) ? input : [];
  if (returned === null || output === true) return { read: text(from), write: text(to) };
  return output === false ? { read: null, write: null, untold: 'read' } : untoldWrite;
};

const append: Reading = ({ input, output }) => {
  if (typeof output !== 'string' || typeof input !== 'string' || !output.endsWith(input)) return untoldWrite;
  return { read: text(output.slice(0, output.length - input.length)), write: text(output) };
};

const add =
  (sign: 1 | -1): Reading =>
  ({ input, output }) => {
    if (typeof output === 'number' && typeof input === 'number')
      return { read: text(output - sign * input), write: text(output) };
    const refused = typeof output === 'object' && output !== null && 'error' in output;
    return refused ? { read: null, write: null, untold: 'read' } : untoldWrite;
  };

const untoldWrite: Access = { read: null, write: null, untold: 'write' };

/** The objects that are registers, some of them in disguise. An operation that is not here may touch anything. */
const readings: Readonly<Record<string, Readonly<Record<string, Reading>>>> = {
  register: { read, write, cas },
  kv: { get: read, put: write, cas, append },
  bank: { getBalance: read, setBalance: write, deposit: add(1), withdraw: add(-1) },
};

/** An operation of a history of reads and writes, in words. */
export const named = ({ operations }: Accesses, id: number): string => inWords(operations[id] as Operation); // an id is a place in it

/** `no` is the reason where the object is no collection of registers. */
export function accessesOf(operations: readonly Operation[], model: Model): Accesses | { readonly no: string } {
  const reading = readings[model.name];
  if (reading === undefined)
    return { no: `It is decided for ${Object.keys(readings).join(', ')}, not for ${model.name}.` };
  const other = operations.find(({ op }) => reading[op] === undefined);
  if (other !== undefined)
    return { no: `It is not decided where there is a ${other.op}, which is about more than one key.` };
  return new Reader(
    // A read that never returned says nothing.
    operations.filter((operation) => operation.return !== null || !model.reads(operation)),
    (operation) => reading[operation.op]?.(told(operation)) ?? untoldWrite,
    initialValue(model),
  ).accesses();
}

const told = (operation: Operation): Operation =>
  operation.return === null ? { ...operation, output: null } : operation;

/** What a read of a key says before anything is written. */
function initialValue(model: Model): (operation: Operation) => string {
  const state = model.initial();
  const get = Object.entries(readings[model.name] ?? {}).find(([, reading]) => reading === read)?.[0] ?? 'read';
  return (operation) => text(model.apply(state, { ...operation, op: get, input: null, output: null }).output);
}

const SEVERAL = -1;

class Reader {
  readonly #operations: readonly Operation[];
  readonly #sessions: number[][] = [];
  readonly #session: Int32Array;
  readonly #place: Int32Array;
  readonly #keys: (string | null)[] = [];
  readonly #key: Int32Array;
  readonly #initial: string[] = [];
  readonly #access: readonly Access[];
  #undecided: string | null = null;

  constructor(
    operations: readonly Operation[],
    access: (operation: Operation) => Access,
    initial: (operation: Operation) => string,
  ) {
    this.#operations = inProgramOrder(operations, this.#sessions);
    this.#session = new Int32Array(operations.length);
    this.#place = new Int32Array(operations.length);
    this.#sessions.forEach((ids, session) => {
      ids.forEach((id, place) => {
        this.#session[id] = session;
        this.#place[id] = place;
      });
    });
    const numbers = new Map<string | null, number>();
    this.#key = Int32Array.from(this.#operations, (operation) => {
      const known = numbers.get(operation.key);
      if (known !== undefined) return known;
      numbers.set(operation.key, this.#keys.length);
      this.#initial.push(initial(operation));
      return this.#keys.push(operation.key) - 1;
    });
    this.#access = this.#operations.map(access);
  }

  accesses(): Accesses {
    const source = new Int32Array(this.#operations.length).fill(NO_READ);
    const writes = new Uint8Array(this.#operations.length);
    const writers = this.#writers();
    const unclear = this.#unclearKeys();
    this.#access.forEach(({ read, write }, id) => {
      if (write !== null) writes[id] = 1;
      if (read !== null) source[id] = this.#sourceOf(id, read, writers, unclear);
    });
    this.#forgetUnseen(source);
    return {
      operations: this.#operations,
      sessions: this.#sessions,
      session: this.#session,
      place: this.#place,
      key: this.#key,
      keys: this.#keys,
      writes,
      source,
      undecided: this.#undecided,
    };
  }

  /** Of each key and value, who wrote it; SEVERAL where that is more than one. */
  #writers(): readonly ReadonlyMap<string, number>[] {
    const writers = this.#keys.map(() => new Map<string, number>());
    this.#access.forEach(({ write }, id) => {
      if (write === null) return;
      const key = this.#key[id] ?? 0;
      const ofKey = writers[key];
      ofKey?.set(write, ofKey.has(write) || write === this.#initial[key] ? SEVERAL : id);
    });
    return writers;
  }

  /** Keys that were written without a word of what. */
  #unclearKeys(): ReadonlySet<number> {
    const keys = new Set<number>();
    this.#access.forEach(({ untold }, id) => {
      if (untold === undefined) return;
      const operation = this.#operations[id];
      if (untold === 'write') keys.add(this.#key[id] ?? 0);
      else this.#undecided ??= `What a ${operation?.op} that failed has read is not told.`;
    });
    return keys;
  }

  #sourceOf(
    id: number,
    value: string,
    writers: readonly ReadonlyMap<string, number>[],
    unclear: ReadonlySet<number>,
  ): number {
    const key = this.#key[id] ?? 0;
    const ofKey = JSON.stringify(this.#keys[key] ?? null);
    if (unclear.has(key)) {
      this.#undecided ??= `Something was written to ${ofKey} of which the history does not tell what.`;
      return NO_READ;
    }
    const writer = writers[key]?.get(value);
    if (writer === SEVERAL) {
      this.#undecided ??= `Who wrote the ${value} that was read of ${ofKey} is not told: it was written more than once, or is the initial value. Write values that are all different.`;
      return NO_READ;
    }
    return writer ?? (value === this.#initial[key] ? INITIAL : THIN_AIR);
  }

  /** What never returned and was seen by nobody has perhaps never happened: then it has read nothing. */
  #forgetUnseen(source: Int32Array): void {
    const open = this.#operations.flatMap((operation, id) => (operation.return === null ? [id] : []));
    for (let before = -1, left = open; left.length !== before; ) {
      before = left.length;
      const seen = new Set(source);
      for (const id of left) if (!seen.has(id)) source[id] = NO_READ;
      left = left.filter((id) => seen.has(id));
    }
  }
}

/**
 * The history without the operations that are left out, and without those that read from them: nothing reads from
 * thin air that did not before.
 */
export function without(accesses: Accesses, left: (id: number) => boolean): Accesses {
  const { operations, source, sessions } = accesses;
  const out = leftOut(accesses, left);
  const kept = operations.flatMap((_, id) => (out[id] === 1 ? [] : [id]));
  const renumbered = new Int32Array(operations.length).fill(-1);
  kept.forEach((id, next) => {
    renumbered[id] = next;
  });
  const remaining = sessions
    .map((ids) => ids.filter((id) => out[id] === 0).map((id) => renumbered[id] ?? 0))
    .filter((ids) => ids.length > 0);
  const session = new Int32Array(kept.length);
  const place = new Int32Array(kept.length);
  remaining.forEach((ids, number) => {
    ids.forEach((id, at) => {
      session[id] = number;
      place[id] = at;
    });
  });
  const of = (values: Int32Array | Uint8Array) => (id: number) => values[id] ?? 0;
  return {
    ...accesses,
    operations: kept.flatMap((id) => operations[id] ?? []),
    sessions: remaining,
    session,
    place,
    key: Int32Array.from(kept, of(accesses.key)),
    writes: Uint8Array.from(kept, of(accesses.writes)),
    source: Int32Array.from(kept, (id) => {
      const from = source[id] ?? NO_READ;
      return from < 0 ? from : (renumbered[from] ?? NO_READ);
    }),
  };
}

function leftOut({ operations, source }: Accesses, left: (id: number) => boolean): Uint8Array {
  const out = Uint8Array.from(operations, (_, id) => (left(id) ? 1 : 0));
  for (let changed = true; changed; ) {
    changed = false;
    operations.forEach((_, id) => {
      const from = source[id] ?? NO_READ;
      if (out[id] === 1 || from < 0 || out[from] === 0) return;
      out[id] = 1;
      changed = true;
    });
  }
  return out;
}

/** By process, and in each as they were called. */
function inProgramOrder(operations: readonly Operation[], sessions: number[][]): Operation[] {
  const byProcess = new Map<number | string, Operation[]>();
  for (const operation of operations) {
    const own = byProcess.get(operation.process);
    if (own === undefined) byProcess.set(operation.process, [operation]);
    else own.push(operation);
  }
  const ordered: Operation[] = [];
  for (const own of byProcess.values()) {
    own.sort((a, b) => a.call - b.call);
    sessions.push(own.map((_, place) => ordered.length + place));
    for (const operation of own) ordered.push(operation);
  }
  return ordered;
}
