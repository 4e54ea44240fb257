/**
 * The state of a replica at the point where it installed a view, cut into chunks and put together again. All that is in it
 * is immutable, so the donor goes on executing while chunks of what was are cut, and holds nothing twice.
 */
import {
  absorbExecuted,
  cutExecuted,
  type ExecutedCursor,
  type ExecutedPart,
  executedPartShape,
} from '../shared/executed-chunks.js';
import { type ExecutedTable, executedTable } from '../shared/executed-table.js';
import type { Replica } from '../shared/execution.js';
import type { Assembled, Assembly, ReplicatedObject } from '../shared/object.js';
import type { Serializable } from '../shared/serializable.js';
import { anything, fields, listOf, natural, oneOf, type Shape } from '../shared/shapes.js';
import { sizeOf } from '../shared/size.js';

export interface InstallPoint<Value> extends Replica<Value> {
  /** What else the replicas of a style have in common; it goes whole, so it is small. Null where there is nothing. */
  readonly rest: Serializable;
}

export type Part =
  | { readonly part: 'rest'; readonly version: number; readonly rest: Serializable }
  | { readonly part: 'executed'; readonly entries: ExecutedPart }
  | { readonly part: 'value'; readonly data: Serializable };

const partShapes: Readonly<Record<Part['part'], Shape>> = {
  rest: fields({ version: natural, rest: anything }),
  executed: fields({ entries: executedPartShape }),
  value: fields({ data: anything }),
};
const named = fields({ part: oneOf(...Object.keys(partShapes)) });
const partShape: Shape = (value) => named(value) && partShapes[(value as Part).part](value); // it has such a name
export const partsShape: Shape = listOf(partShape);

/** Where the next chunk begins. */
export type Cursor =
  | { readonly part: 'rest' }
  | { readonly part: 'executed'; readonly at: ExecutedCursor | null }
  | { readonly part: 'value'; readonly at: Serializable };

export const beginning: Cursor = { part: 'rest' };

/** The parts from here on, of about `bytes` together at most; and where the next begin, null after the last. */
export function cut<Value>(
  point: InstallPoint<Value>,
  from: Cursor,
  object: ReplicatedObject<Value>,
  bytes: number,
): { readonly parts: readonly Part[]; readonly next: Cursor | null } {
  const parts: Part[] = [];
  let room = bytes;
  let cursor: Cursor | null = from;
  while (cursor !== null && room > 0) {
    const taken: Taken = cutOne(point, cursor, object, room);
    parts.push(taken.part);
    room -= taken.size;
    cursor = taken.next;
  }
  return { parts, next: cursor };
}

interface Taken {
  readonly part: Part;
  readonly size: number;
  readonly next: Cursor | null;
}

function cutOne<Value>(
  { value, version, executed, rest }: InstallPoint<Value>,
  cursor: Cursor,
  object: ReplicatedObject<Value>,
  bytes: number,
): Taken {
  if (cursor.part === 'rest')
    return { part: { part: 'rest', version, rest }, size: sizeOf(rest), next: { part: 'executed', at: null } };
  if (cursor.part === 'executed') {
    const { part: entries, size, next } = cutExecuted(executed, cursor.at, bytes);
    const following: Cursor = next === null ? { part: 'value', at: null } : { part: 'executed', at: next };
    return { part: { part: 'executed', entries }, size, next: following };
  }
  const { data, size, next } = object.chunk(value, cursor.at, bytes);
  return { part: { part: 'value', data }, size, next: next === null ? null : { part: 'value', at: next } };
}

/** What has arrived of a state. */
export interface Arriving {
  readonly version: number;
  readonly rest: Serializable;
  /** Null before its first part. */
  readonly executed: ExecutedTable | null;
  readonly assembly: Assembly;
}

export const nothingYet = <Value>(object: ReplicatedObject<Value>): Arriving => ({
  version: 0,
  rest: null,
  executed: null,
  assembly: object.begin(),
});

export function absorb<Value>(before: Arriving, parts: readonly Part[], object: ReplicatedObject<Value>): Arriving {
  let { version, rest, executed, assembly } = before;
  for (const part of parts) {
    if (part.part === 'rest') ({ version, rest } = part);
    else if (part.part === 'executed') executed = absorbExecuted(executed, part.entries);
    else assembly = object.absorb(assembly, part.data);
  }
  return { version, rest, executed, assembly };
}

export function complete<Value>(arrived: Arriving, object: ReplicatedObject<Value>): Assembled<InstallPoint<Value>> {
  const assembled = object.complete(arrived.assembly);
  if (!assembled.ok) return assembled;
  const { version, rest, executed } = arrived;
  return { ok: true, value: { value: assembled.value, version, rest, executed: executed ?? executedTable(0) } };
}
