/**
 * The executed-operation table in parts, for a replica that joins: it must forget the same sessions as the others at the
 * same request, so the two generations stay apart.
 */
import type { Executed, ExecutedTable } from './executed-table.js';
import { emptyMap, mapEntriesAfter, mapSet } from './persistent-map.js';
import { outcomeShape } from './request-shapes.js';
import type { Serializable } from './serializable.js';
import { fields, listOf, natural, type Shape, text } from './shapes.js';
import { sizeOf } from './size.js';

type Generation = 'old' | 'young';
type Entries = readonly (readonly [session: string, executed: Executed])[];

export interface ExecutedPart {
  readonly bound: number;
  readonly old: Entries;
  readonly young: Entries;
}

/** Where a part begins: after this session of this generation, or with the generation for null. */
export interface ExecutedCursor {
  readonly generation: Generation;
  readonly after: string | null;
}

const executedShape = fields({ seq: natural, outcome: outcomeShape, version: natural });
const entryShape: Shape = (value) =>
  Array.isArray(value) && value.length === 2 && text(value[0]) && executedShape(value[1]);
export const executedPartShape: Shape = fields({
  bound: natural,
  old: listOf(entryShape),
  young: listOf(entryShape),
});

/** The part of the table from here on (null: from the beginning), of about `bytes`, but of one entry at least. */
export function cutExecuted(
  { bound, old, young }: ExecutedTable,
  cursor: ExecutedCursor | null,
  bytes: number,
): { readonly part: ExecutedPart; readonly size: number; readonly next: ExecutedCursor | null } {
  const taken: Record<Generation, (readonly [string, Executed])[]> = { old: [], young: [] };
  let size = 0;
  let place: ExecutedCursor | null = cursor ?? { generation: 'old', after: null };
  while (place !== null) {
    const { generation, after }: ExecutedCursor = place;
    for (const entry of mapEntriesAfter(generation === 'old' ? old : young, after)) {
      const more = sizeOf(entry as unknown as Serializable); // plain data, of interfaces
      if (size > 0 && size + more > bytes) return { part: { bound, ...taken }, size, next: place };
      taken[generation].push(entry);
      size += more;
      place = { generation, after: entry[0] };
    }
    place = generation === 'old' ? { generation: 'young', after: null } : null;
  }
  return { part: { bound, ...taken }, size, next: null };
}

/** The table with this part; `null` before the first. How many sessions it remembers is the others' to say. */
export function absorbExecuted(table: ExecutedTable | null, { bound, old, young }: ExecutedPart): ExecutedTable {
  const added = { old: table?.old ?? emptyMap<Executed>(), young: table?.young ?? emptyMap<Executed>() };
  for (const [session, executed] of old) added.old = mapSet(added.old, session, executed);
  for (const [session, executed] of young) added.young = mapSet(added.young, session, executed);
  return { bound, ...added };
}
