/**
 * Histories as JSON lines, one operation a line, in any order:
 *
 *     {"process":0,"op":"put","key":"7","input":"v1","output":null,"call":12,"return":25}
 *
 * `key`, `input` and `output` are null where they are left out; `"return":null` never returned. The first line may say
 * what object it is a history of, and what that began with: `{"object":"kv","initial":{"7":"v0"}}`.
 */
import type { History, Json, Operation } from './history.js';
import { isRecord } from './json.js';
import { type Model, OperationError } from './model.js';
import { modelNamed, models } from './models.js';
import { inProgramOrder } from './program-order.js';

/** What is wrong with the text of a history, and where. */
export class HistoryError extends RangeError {
  /** From 1. */
  readonly line: number;
  /** null: it is the line as a whole. */
  readonly field: string | null;

  constructor(line: number, field: string | null, message: string) {
    super(`Line ${line}: ${message}`);
    this.name = 'HistoryError';
    this.line = line;
    this.field = field;
  }
}

/**
 * Reads a history, from its text or its lines; blank lines do not count. Operations are held against `model`, else
 * against the object that the first line names, else against none. Errors: HistoryError.
 */
export function parseHistory(source: string | Iterable<string>, model?: Model): History {
  const lines = typeof source === 'string' ? source.split('\n') : source;
  const operations: Operation[] = [];
  const places: number[] = [];
  let head: Head = { object: null, initial: undefined };
  let judge = shapeOf(model, undefined, 0);
  let first = true;
  let line = 0;
  for (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const fields = fieldsOf(text, line);
    if (first && Object.hasOwn(fields, 'object')) {
      head = headOf(fields, line, model);
      judge = shapeOf(model ?? modelNamed(head.object ?? ''), head.initial, line);
    } else {
      const operation = operationOf(fields, line);
      judge(operation, line);
      operations.push(operation);
      places.push(line);
    }
    first = false;
  }
  oneAtATime(operations, places);
  return { ...head, operations };
}

/** The text that `parseHistory` reads as this history. */
export function formatHistory({ object, initial, operations }: History): string {
  const head = object === null ? [] : [JSON.stringify({ object, initial })];
  const lines = operations.map(({ process, op, key, input, output, call, return: returned }) =>
    JSON.stringify({ process, op, key, input, output, call, return: returned }),
  );
  return [...head, ...lines, ''].join('\n');
}

type Head = Pick<History, 'object' | 'initial'>;
type Fields = { readonly [name: string]: Json };

function fieldsOf(text: string, line: number): Fields {
  let fields: Json;
  try {
    fields = JSON.parse(text);
  } catch {
    throw new HistoryError(line, null, 'this is not JSON.');
  }
  if (!isRecord(fields)) throw new HistoryError(line, null, 'this is no object with the fields of an operation.');
  return fields;
}

function headOf({ object, initial }: Fields, line: number, model: Model | undefined): Head {
  if (typeof object !== 'string') throw new HistoryError(line, 'object', '`object` must be the name of an object.');
  if (model !== undefined && model.name !== object)
    throw new HistoryError(line, 'object', `this is a history of a ${object}, not of a ${model.name}.`);
  if (model === undefined && modelNamed(object) === undefined)
    throw new HistoryError(line, 'object', `\`${object}\` is none of ${Object.keys(models).join(', ')}.`);
  return { object, initial };
}

function operationOf(fields: Fields, line: number): Operation {
  const { process, op, key = null, input = null, output = null, call, return: returned } = fields;
  if (typeof process !== 'number' && typeof process !== 'string')
    throw new HistoryError(line, 'process', '`process` must be a number or a text.');
  if (typeof op !== 'string') throw new HistoryError(line, 'op', '`op` must be the name of an operation.');
  if (key !== null && typeof key !== 'string')
    throw new HistoryError(line, 'key', '`key` must be a text, or null where there is none.');
  if (typeof call !== 'number' || !Number.isFinite(call))
    throw new HistoryError(line, 'call', '`call` must be a time, a number.');
  if (returned !== null && (typeof returned !== 'number' || !Number.isFinite(returned)))
    throw new HistoryError(line, 'return', '`return` must be a time, or null where the operation never returned.');
  if (returned !== null && returned < call)
    throw new HistoryError(line, 'return', `it returned at ${returned}, before its call at ${call}.`);
  return { process, op, key, input, output, call, return: returned };
}

/** Throws for what is no operation of the object. */
function shapeOf(model: Model | undefined, initial: Json | undefined, line: number) {
  if (model === undefined) return () => {};
  let state: unknown;
  try {
    state = model.initial(initial);
  } catch (error) {
    throw refused(error, line, 'initial');
  }
  return (operation: Operation, at: number): void => {
    try {
      model.apply(state, operation);
    } catch (error) {
      throw refused(error, at, null);
    }
  };
}

function refused(error: unknown, line: number, field: string | null): unknown {
  if (error instanceof OperationError) return new HistoryError(line, error.field, error.message);
  return error instanceof RangeError ? new HistoryError(line, field, error.message) : error;
}

/** Throws where a process has two operations at a time, or one after one that never returned. */
function oneAtATime(operations: readonly Operation[], places: readonly number[]): void {
  const last = new Map<number | string, number>();
  for (const i of inProgramOrder(operations)) {
    const { process, call } = operations[i] as Operation; // i is a place in it
    const before = last.get(process);
    last.set(process, i);
    if (before === undefined) continue;
    const { return: returned } = operations[before] as Operation;
    if (returned !== null && returned <= call) continue;
    const what =
      returned === null ? 'which never returned, so none can follow it' : `which returned at ${returned} only`;
    throw new HistoryError(
      places[i] ?? 0,
      'call',
      `process ${process} calls at ${call}, but its operation before is that of line ${places[before]}, ${what}.`,
    );
  }
}
