/**
 * A message-sequence picture of a trace, as text: one column for each node that takes part, time downwards, messages as
 * arrows. What its rows are says sequence-rows.ts; here they are drawn.
 *
 *        ms   fe-1       rm-1       rm-2
 *       0.0   ● client-1#1 deposit("x", 1)
 *       1.0   ├─requests▶│          │
 *       1.0   │          ■ EX END AC client-1#1
 *       2.0   │◀─replies─┤          │
 */
import type { TraceEvent } from './format.js';
import { type SequenceRow, type Shown, sequenceRows } from './sequence-rows.js';

/** How a piece of the picture is to stand out; whoever prints it chooses the colours. */
type Tone = 'plain' | 'dim' | 'strong' | 'warning' | 'bad';

export interface PictureSettings extends Shown {
  /** Most characters in a line. */
  readonly width: number;
  readonly paint: (tone: Tone, text: string) => string;
}

/** Characters for the time, and the gap after it. */
const GUTTER = 12;
/** Least and most characters from one lifeline to the next. */
const LEAST_PITCH = 11;
const MOST_PITCH = 20;
/** Characters to the right of the last lifeline that are worth having for what is written beside it. */
const MARGIN = 22;

/** Empty where nothing happened that is shown. */
export function sequencePicture(events: readonly TraceEvent[], settings: PictureSettings): string {
  const rows = sequenceRows(events, settings);
  if (rows.length === 0) return '';
  const board = boardFor(rows, settings.width);
  const head = new Line(settings.width);
  head.write(GUTTER - 4, 'ms', 'dim');
  for (const [name, x] of board.names) head.write(x - Math.min(2, x - GUTTER), name, 'strong');
  const lines = [head.text(settings.paint)];
  for (const row of rows) {
    if (row.kind === 'note' && row.what === 'crashed') board.down.add(row.node);
    if (row.kind === 'note' && row.what === 'recovered') board.down.delete(row.node);
    lines.push(lineOf(row, board, settings.width).text(settings.paint));
  }
  return lines.join('\n');
}

/** Where the columns are. */
interface Board {
  /** Node → place of its column; nodes of one kind share one where there is no room for each. */
  readonly x: ReadonlyMap<string, number>;
  readonly names: readonly (readonly [name: string, x: number])[];
  /** Nodes whose column is not theirs alone. */
  readonly shared: ReadonlySet<string>;
  readonly down: Set<string>;
}

function boardFor(rows: readonly SequenceRow[], width: number): Board {
  const nodes = [...new Set(rows.flatMap(nodesIn))].sort(inOrder);
  const most = Math.max(2, Math.floor((width - GUTTER) / LEAST_PITCH));
  let columns = nodes.map((node) => [node]);
  for (const kind of ['fe-', 'rm-', '']) if (columns.length > most) columns = joined(columns, kind);
  const room = Math.floor((width - GUTTER - MARGIN) / Math.max(1, columns.length - 1));
  const pitch = Math.max(LEAST_PITCH, Math.min(MOST_PITCH, room));
  const place = (column: number): number => GUTTER + 1 + column * pitch;
  return {
    x: new Map(columns.flatMap((members, column) => members.map((node) => [node, place(column)] as const))),
    names: columns.map((members, column) => [nameOf(members), place(column)]),
    shared: new Set(columns.flatMap((members) => (members.length > 1 ? members : []))),
    down: new Set(),
  };
}

const nodesIn = (row: SequenceRow): string[] =>
  row.kind === 'note' ? [row.node] : row.kind === 'message' ? [row.from, row.to] : [];

/** Front ends to the left, replica managers to the right, what is between them between them. */
function inOrder(a: string, b: string): number {
  const rank = (node: string): number => (node.startsWith('fe-') ? 0 : node.startsWith('rm-') ? 2 : 1);
  return rank(a) - rank(b) || a.localeCompare(b, 'en', { numeric: true });
}

function joined(columns: readonly string[][], kind: string): string[][] {
  const those = columns.flatMap((members) => (members[0]?.startsWith(kind) ? members : []));
  const place = columns.findIndex(([first]) => first?.startsWith(kind));
  const others = columns.filter(([first]) => !first?.startsWith(kind));
  return place < 0 ? [...columns] : [...others.slice(0, place), those, ...others.slice(place)];
}

const nameOf = (members: readonly string[]): string =>
  members.length === 1 ? (members[0] ?? '') : `${members[0]} … ${members.at(-1)}`;

function lineOf(row: SequenceRow, board: Board, width: number): Line {
  const line = new Line(width);
  line.write(0, row.t.toFixed(1).padStart(GUTTER - 2), 'dim');
  const alive = new Set([...board.x].filter(([node]) => !board.down.has(node)).map(([, x]) => x));
  for (const x of alive) line.write(x, '│', 'dim');
  if (row.kind === 'fault') line.write(GUTTER, `──── ${row.text} ────`, 'warning');
  else if (row.kind === 'note') drawNote(line, row, board);
  else drawMessage(line, row, board);
  return line;
}

const marks = {
  called: ['●', 'plain'],
  answered: ['○', 'plain'],
  did: ['■', 'plain'],
  aside: ['·', 'dim'],
  crashed: ['✕', 'bad'],
  recovered: ['✚', 'warning'],
} as const satisfies Record<Extract<SequenceRow, { kind: 'note' }>['what'], readonly [string, Tone]>;

function drawNote(line: Line, row: Extract<SequenceRow, { kind: 'note' }>, board: Board): void {
  const x = board.x.get(row.node) ?? GUTTER;
  const [mark, tone] = marks[row.what];
  line.write(x, mark, tone);
  line.beside(x, x, board.shared.has(row.node) ? `${row.node}: ${row.text}` : row.text, tone);
}

/** The line itself: whole where it goes straight to its end, dashed where it has been on its way. */
const strokes = { whole: '─', leaves: '─', arrives: '┄', lost: '─' } as const;

function drawMessage(line: Line, row: Extract<SequenceRow, { kind: 'message' }>, board: Board): void {
  const { from, to, part } = row;
  const [start, end] = [board.x.get(from) ?? GUTTER, board.x.get(to) ?? GUTTER];
  const tone: Tone = part === 'lost' ? 'bad' : part === 'whole' ? 'plain' : 'warning';
  const ends = board.shared.has(from) || board.shared.has(to) ? ` ${from} → ${to}` : '';
  if (start === end) {
    line.write(start, '↺', tone);
    line.beside(start, start, `${row.text}${ends}`, tone);
    return;
  }
  const [left, right] = [Math.min(start, end), Math.max(start, end)];
  const rightwards = end > start;
  // What leaves now and comes later stops half way.
  const reach = part === 'leaves' || part === 'lost' ? Math.floor((left + right) / 2) : null;
  const tip = reach ?? (rightwards ? end - 1 : end + 1);
  line.write(Math.min(start, tip), strokes[part].repeat(Math.abs(tip - start)), tone);
  line.write(start, rightwards ? '├' : '┤', tone);
  line.write(tip, part === 'lost' ? '✕' : part === 'leaves' ? (rightwards ? '▷' : '◁') : rightwards ? '▶' : '◀', tone);
  const label = `${row.text}${ends}`;
  const inset = rightwards ? 2 : 3; // past the bend or the tip
  if (reach === null && label.length <= right - left - inset - 2) line.write(left + inset, label, tone);
  else line.beside(left, right, label, tone);
}

/** One line of the picture, as characters that each have a tone. */
class Line {
  readonly #characters: string[];
  readonly #tones: Tone[];

  constructor(width: number) {
    this.#characters = new Array<string>(width).fill(' ');
    this.#tones = new Array<Tone>(width).fill('plain');
  }

  write(x: number, text: string, tone: Tone): void {
    let place = x;
    for (const character of text) {
      if (place >= this.#characters.length) return;
      this.#characters[place] = character;
      this.#tones[place] = tone;
      place += 1;
    }
  }

  /** To the right of `right`, or to the left of `left` where it does not fit there and does here; cut where neither. */
  beside(left: number, right: number, text: string, tone: Tone): void {
    const width = this.#characters.length;
    const length = [...text].length;
    const room = width - right - 2;
    if (length <= room) this.write(right + 2, `${text} `, tone);
    else if (length <= left - 2 - GUTTER) this.write(left - 2 - length, ` ${text} `, tone);
    else if (room >= left - 2 - GUTTER) this.write(right + 2, `${[...text].slice(0, room - 1).join('')}…`, tone);
    else this.write(GUTTER, `${[...text].slice(0, left - 3 - GUTTER).join('')}… `, tone);
  }

  text(paint: PictureSettings['paint']): string {
    const end = this.#characters.findLastIndex((character) => character !== ' ') + 1;
    let text = '';
    let start = 0;
    for (let place = 1; place <= end; place++) {
      if (place < end && this.#tones[place] === this.#tones[start]) continue;
      text += paint(this.#tones[start] ?? 'plain', this.#characters.slice(start, place).join(''));
      start = place;
    }
    return text;
  }
}
