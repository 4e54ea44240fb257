/**
 * Operations side by side, a line a client. Time is stretched and squeezed so that every operation can be read, while what comes
 * before what stays as it was: that is all that the checkers go by.
 */
import type { Operation } from '../../../protocol.js';

interface Box {
  /** Place in the verdict's operations. */
  readonly place: number;
  readonly row: number;
  /** px. */
  readonly x: number;
  readonly width: number;
}

/** A client's line, or one of several where its operations overlap. */
interface Row {
  readonly client: string;
  readonly first: boolean;
}

export interface Layout {
  readonly boxes: readonly Box[];
  readonly rows: readonly Row[];
  readonly moments: readonly { readonly t: number; readonly x: number }[];
  readonly width: number;
}

/** px: at the left, at the right, and between two moments. */
const EDGE = { left: 16, right: 40 };
const GAP = { least: 12, most: 110 };

/** `room`: px that an operation needs to be read. */
export function layoutOf(
  operations: readonly Operation[],
  places: readonly number[],
  room: (operation: Operation) => number,
): Layout {
  const chosen = places.flatMap((place) => {
    const operation = operations[place];
    return operation === undefined ? [] : [{ place, operation }];
  });
  const times = [
    ...new Set(chosen.flatMap(({ operation: { calledAt, answeredAt } }) => [calledAt, answeredAt ?? calledAt])),
  ];
  times.sort((a, b) => a - b);
  const last = times.length;
  const at = new Map(times.map((t, place) => [t, place]));
  const ends = Array.from({ length: last + 1 }, (): { readonly start: number; readonly room: number }[] => []);
  for (const { operation } of chosen) {
    const start = at.get(operation.calledAt) ?? 0;
    const end = operation.answeredAt === null ? last : (at.get(operation.answeredAt) ?? last);
    ends[end]?.push({ start, room: room(operation) });
  }
  const xs = placesOf(times, ends);
  const x = (t: number): number => xs[at.get(t) ?? 0] ?? 0;
  const { rows, rowOf } = rowsOf(chosen);
  const end = xs[last] ?? 0;
  const boxes = chosen.map(({ place, operation: { calledAt, answeredAt } }): Box => {
    const from = x(calledAt);
    const to = answeredAt === null ? end : x(answeredAt);
    return { place, row: rowOf.get(place) ?? 0, x: from, width: Math.max(to - from, 2) };
  });
  return { boxes, rows, moments: times.map((t) => ({ t, x: x(t) })), width: end + EDGE.right };
}

/** Where each moment stands, and after them the end: no nearer to what begins before than the room between them. */
function placesOf(
  times: readonly number[],
  ends: readonly (readonly { readonly start: number; readonly room: number }[])[],
): number[] {
  const gaps = times.slice(1).map((t, place) => t - (times[place] ?? 0));
  const usual = Math.max([...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? 1, 1e-9);
  const xs: number[] = [];
  for (let place = 0; place <= times.length; place++) {
    const gap = place < times.length ? (gaps[place - 1] ?? 0) : usual;
    const natural = Math.min(GAP.most, Math.max(GAP.least, 26 * Math.log2(1 + gap / usual)));
    const after = place === 0 ? EDGE.left : (xs[place - 1] ?? 0) + natural;
    const needed = (ends[place] ?? []).map(({ start, room }) => (start === place ? 0 : (xs[start] ?? 0) + room));
    xs.push(Math.max(after, ...needed));
  }
  return xs;
}

/** A row a client, and more where its operations overlap. */
function rowsOf(chosen: readonly { readonly place: number; readonly operation: Operation }[]): {
  readonly rows: Row[];
  readonly rowOf: ReadonlyMap<number, number>;
} {
  const clients = [...new Set(chosen.map(({ operation }) => operation.client))];
  clients.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const rows: Row[] = [];
  const rowOf = new Map<number, number>();
  for (const client of clients) {
    const base = rows.length;
    const busy: number[] = [];
    const own = chosen.filter(({ operation }) => operation.client === client);
    own.sort((a, b) => a.operation.calledAt - b.operation.calledAt);
    for (const { place, operation } of own) {
      const free = busy.findIndex((until) => until <= operation.calledAt);
      const lane = free < 0 ? busy.length : free;
      busy[lane] = operation.answeredAt ?? Number.POSITIVE_INFINITY;
      rowOf.set(place, base + lane);
    }
    for (let lane = 0; lane < Math.max(busy.length, 1); lane++) rows.push({ client, first: lane === 0 });
  }
  return { rows, rowOf };
}
