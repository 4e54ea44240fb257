/**
 * What it costs to judge whether a history is linearizable, against reading the same history from its text.
 */
import { formatHistory, linearizable, type Model, models, type Operation, parseHistory } from 'chorale/check';
import { cpu, table } from './toggle.js';

interface Asked {
  readonly op: string;
  readonly key: string | null;
  readonly input: string | number | null;
}

interface Work {
  readonly model: Model;
  readonly clients: number;
  readonly operations: number;
  ask(below: (n: number) => number, place: number): Asked;
}

/** Milliseconds that a check may take. */
const LIMIT = 10_000;

const half =
  (put: string, take: string, value: (below: (n: number) => number, place: number) => string | number, keys = 0) =>
  (below: (n: number) => number, place: number): Asked => {
    const key = keys === 0 ? null : `key-${below(keys)}`;
    return below(2) === 0 ? { op: take, key, input: null } : { op: put, key, input: value(below, place) };
  };

export async function checkers(quick: boolean): Promise<void> {
  const many = quick ? 10_000 : 100_000;
  const { kv, register, queue, stack } = models;
  const works: Record<string, Work> = {
    'kv, 10 keys, 5 values': {
      model: kv,
      clients: 10,
      operations: many,
      ask: half('put', 'get', (below) => `${below(5)}`, 10),
    },
    'one register, 5 values': {
      model: register,
      clients: 10,
      operations: many / 10,
      ask: half('write', 'read', (below) => below(5)),
    },
    'one register, unique values': {
      model: register,
      clients: 10,
      operations: many,
      ask: half('write', 'read', (_, place) => place),
    },
    'one queue, unique values': {
      model: queue,
      clients: 10,
      operations: many,
      ask: half('enqueue', 'dequeue', (_, place) => place),
    },
    'hard: one stack, 30 clients': {
      model: stack,
      clients: 30,
      operations: 300,
      ask: half('push', 'pop', (_, place) => place),
    },
  };
  const rows: Record<string, string | number>[] = [];
  for (const [name, work] of Object.entries(works)) rows.push({ history: name, ...(await measured(work)) });
  table(`linearizability, by histories of that kind; a check may take ${LIMIT / 1000} s`, rows);
}

async function measured({ model, ...work }: Work): Promise<Record<string, string | number>> {
  const hard = work.clients > 10;
  const operations = history({ model, ...work });
  // The last that was told becomes something that nobody put in.
  const wrong = operations.findLastIndex(({ op, return: returned }) => op === 'pop' && returned !== null);
  if (hard) operations[wrong] = { ...(operations[wrong] as Operation), output: -1 }; // there are some
  const text = formatHistory({ object: model.name, initial: undefined, operations });
  globalThis.gc?.();
  const read = await cpu(() => parseHistory(text));
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const checked = await cpu(() => linearizable(read.result.operations, model, { milliseconds: LIMIT }));
  const grown = process.memoryUsage().rss - before;
  return {
    operations: operations.length,
    verdict: checked.result.verdict,
    'CPU ms': Math.round(checked.micros / 1000),
    'in readings of its text': (checked.micros / read.micros).toFixed(2),
    'RSS grown, MiB': Math.max(0, Math.round(grown / 2 ** 20)),
    'RSS at most so far, MiB': Math.round(process.resourceUsage().maxRSS / 2 ** 10),
  };
}

/**
 * A history that is linearizable by construction: at each instant some client calls, is served or returns. In the
 * end those that were served return, and the others are left out.
 */
function history({ model, clients, operations, ask }: Work): Operation[] {
  const under: (Operation & { served: boolean })[] = [];
  const below = chance();
  const free = Array.from({ length: clients }, (_, client) => client);
  const done: Operation[] = [];
  let state = model.initial();
  let now = 0;
  for (; done.length + under.length < operations; now++) {
    const turn = below(clients);
    const mine = under[turn];
    if (mine === undefined) {
      const process = free.pop() ?? 0;
      under.push({
        process,
        ...ask(below, done.length + under.length),
        output: null,
        call: now,
        return: null,
        served: false,
      });
    } else if (!mine.served) {
      const step = model.apply(state, mine);
      state = step.state;
      under[turn] = { ...mine, output: step.output, served: true };
    } else {
      const { served, ...operation } = mine;
      done.push({ ...operation, return: now });
      free.push(mine.process as number); // they are numbered
      under.splice(turn, 1);
    }
  }
  return [
    ...done,
    ...under.filter(({ served }) => served).map(({ served, ...operation }) => ({ ...operation, return: now })),
  ];
}

/** A linear congruence whose high bits count: the same history in every run. */
function chance(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
