/**
 * Where nodes stand in the picture of a cluster: front ends first, then the replica managers, then what serves the group, so that
 * requests run one way and replies the other. From left to right, or downwards where the pane is high. Nothing here depends on the
 * moment that is looked at: a node that crashes stays where it is. Pure.
 */
import { inOrder, type Role, roleOf } from '../../order.js';

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Area extends Place, Size {}

/** What is to be placed. */
export interface Figure {
  readonly node: string;
  /** Width of its name, with the button beside it. */
  readonly least: number;
  /** Widths of its rows, if nothing of them is left out: the most important first. */
  readonly rows: readonly number[];
}

export interface Slot extends Area {
  readonly node: string;
  readonly center: Place;
  /** Rows that there is room for. */
  readonly rows: number;
}

export const HEAD = 28;
export const ROW = 17;
/** Between the nodes and the edges of the pane: at the top and the bottom there is a line of text. */
const MARGIN = { x: 12, top: 32, bottom: 30 };
/** At the sides where the groups stand above each other: what passes a group does so there. */
const ASIDE = 30;
/** Between two nodes, where it is narrow. */
const GAP = 10;
/** Between two groups: messages are read there. */
const [LEAST_WAY, GOOD_WAY, EASY_WAY, LONG_WAY] = [34, 84, 120, 260];
const MORE_DEPTH = 70;
/** Of a card; what is written on it may need less. */
const WIDTHS = [220, 190, 164, 148, 130, 112, 98, 0];
const MOST_ROWS = 4;
/** Lines in which the nodes of a group stand beside each other, at most. */
const MOST_LINES = 4;

const heightOf = (rows: number): number => HEAD + (rows === 0 ? 2 : rows * ROW + 6);

/** How much it matters to read what they are at. */
const weights: Readonly<Record<Role, number>> = { 0: 0.7, 1: 1, 2: 0.45 };

/** A group as it would stand: the size of its cards, and how they are staggered. */
interface Form extends Size {
  readonly role: Role;
  readonly nodes: readonly string[];
  readonly rows: number;
  /** Lines beside each other; nodes in natural order take turns. */
  readonly lines: number;
  /** From one line to the next. */
  readonly depth: number;
  /** From one node to the next, across. */
  readonly step: number;
  /** How much can be read of it, and how freely. */
  readonly worth: number;
}

/** The richest picture that leaves room between the groups. */
export function arrange(figures: readonly Figure[], size: Size): readonly Slot[] {
  const pane = new Pane(size);
  const forms = ([0, 1, 2] as const).flatMap((role) => {
    const group = figures.filter(({ node }) => roleOf(node) === role).sort((a, b) => inOrder(a.node, b.node));
    return group.length === 0 ? [] : [formsOf(role, group, pane)];
  });
  let best: { readonly forms: readonly Form[]; readonly worth: number } | null = null;
  for (const chosen of combinations(forms)) {
    const worth = pane.worth(chosen);
    if (best === null || worth > best.worth) best = { forms: chosen, worth };
  }
  return pane.place(best?.forms ?? []);
}

/** One of each. */
function combinations(all: readonly (readonly Form[])[]): readonly (readonly Form[])[] {
  let made: readonly (readonly Form[])[] = [[]];
  for (const forms of all) made = made.flatMap((before) => forms.map((form) => [...before, form]));
  return made;
}

/** All that are worth a try: of two that need the same room the better one. */
function formsOf(role: Role, group: readonly Figure[], pane: Pane): readonly Form[] {
  const best = new Map<number, Form>();
  for (let rows = Math.min(MOST_ROWS, mostRows(group)); rows >= 0; rows--) {
    for (const width of WIDTHS) {
      for (const spread of [1, 0.5, 0]) {
        const form = formOf(role, group, pane, { rows, width, spread });
        const length = Math.round(pane.length(form));
        if (form.worth > (best.get(length)?.worth ?? Number.NEGATIVE_INFINITY)) best.set(length, form);
      }
    }
  }
  return [...best.values()];
}

const mostRows = (group: readonly Figure[]): number => Math.max(...group.map(({ rows }) => rows.length));

interface Wish {
  readonly rows: number;
  readonly width: number;
  /** Whether links between the nodes of a group shall be free of its other nodes: 1, or as little as there can be. */
  readonly spread: number;
}

function formOf(role: Role, group: readonly Figure[], pane: Pane, { rows, width: most, spread }: Wish): Form {
  const wanted = (row: number): number => Math.max(0, ...group.map((figure) => figure.rows[row] ?? 0));
  const all = Array.from({ length: Math.max(rows, 1) }, (_, row) => wanted(row));
  const least = Math.max(...group.map((figure) => figure.least));
  // Without rows, what it is at stands beside its name.
  const whole = rows === 0 ? least + (all[0] ?? 0) * 0.6 : Math.max(...all);
  const width = Math.ceil(Math.max(least, Math.min(whole, most)));
  const height = heightOf(rows);
  const [along, across] = pane.isHigh ? [height, width] : [width, height];
  const stand = standing(role, group.length, { along, across }, pane.across, spread);
  const told = rows === 0 ? 20 * read(width - least, whole - least) : 30 + 50 * read(width, all[0] ?? 0);
  const more = all.slice(1).reduce((sum, each) => sum + 2 + 5 * read(width, each), 0);
  const free = group.length < 3 ? 0 : spread * (role === 1 ? 14 : 5);
  const cost = squeezed(stand.step * stand.lines - across, group.length, stand.lines);
  const worth = (told + more) * weights[role] + free - cost;
  const nodes = group.map(({ node }) => node);
  return { role, nodes, rows, width, height, ...stand, worth };
}

/** How much can be read where there is only a part of the room; the last letters of a state are missed least. */
const read = (width: number, whole: number): number =>
  whole <= width ? 1 : 1 - (1 - Math.max(0, width - 44) / whole) ** 2;

/** What it costs that there is so little room between the cards of a line; and that they stand in more lines than a ring has. */
function squeezed(room: number, count: number, lines: number): number {
  const narrow = count <= lines ? 0 : Math.max(0, GAP - 0.5 - room) * 40 + Math.max(0, 46 - room) * 0.5;
  return narrow + Math.max(0, lines - 2) * 80;
}

/** How so many cards stand, with so much room across. */
function standing(
  role: Role,
  count: number,
  { along, across }: { readonly along: number; readonly across: number },
  room: number,
  spread: number,
): Pick<Form, 'lines' | 'depth' | 'step'> {
  if (count === 1) return { lines: 1, depth: 0, step: 0 };
  const most = Math.max(0, (room - across) / (count - 1));
  let lines = 1;
  while (lines < Math.min(MOST_LINES, count) && most + 0.01 < (across + GAP) / lines) lines += 1;
  // Two lines, so far apart that what nodes of one line tell each other passes beside the other line.
  const free = count < 3 ? 0 : role === 0 ? 22 : count === 3 ? along / 2 + 16 : along + 26;
  const depth = Math.max(lines === 1 ? 0 : along + GAP, free * spread);
  const ease = Math.min(110, 18 + room / 9);
  const easy =
    depth < along + GAP ? across + ease : Math.max((across + ease) / Math.max(2, lines), across * 0.62 + ease / 2);
  return { lines: Math.max(lines, depth > 0 ? 2 : 1), depth, step: Math.min(most, easy) };
}

/** The room, turned so that groups follow one another along it, and the nodes of a group stand across. */
class Pane {
  readonly isHigh: boolean;
  readonly across: number;
  readonly #along: number;
  readonly #size: Size;
  readonly #aside: number;

  constructor(size: Size) {
    this.#size = size;
    this.isHigh = size.height > size.width * 1.1;
    this.#aside = this.isHigh ? ASIDE : MARGIN.x;
    const inner = { x: size.width - 2 * this.#aside, y: size.height - MARGIN.top - MARGIN.bottom };
    this.across = Math.max(1, this.isHigh ? inner.x : inner.y);
    this.#along = Math.max(1, this.isHigh ? inner.y : inner.x);
  }

  length({ width, height, lines, depth }: Size & Pick<Form, 'lines' | 'depth'>): number {
    return (this.isHigh ? height : width) + (lines - 1) * depth;
  }

  /** Of the room between two groups; negative where they are upon each other. */
  #way(forms: readonly Form[]): number {
    const taken = forms.reduce((sum, form) => sum + this.length(form), 0);
    return forms.length === 1 ? Math.min(0, this.#along - taken) : (this.#along - taken) / (forms.length - 1);
  }

  worth(forms: readonly Form[]): number {
    const way = this.#way(forms);
    const worth = forms.reduce((sum, form) => sum + form.worth, 0);
    const lacking = Math.max(0, (forms.length === 1 ? 0 : LEAST_WAY) - way);
    return (
      worth + Math.min(way, GOOD_WAY) * 1.1 + Math.min(Math.max(0, way - GOOD_WAY), LONG_WAY) * 0.06 - lacking * 30
    );
  }

  place(chosen: readonly Form[]): readonly Slot[] {
    // Replica managers talk to each other as well: where there is room to spare they get of it.
    const spare = Math.max(0, this.#way(chosen) - EASY_WAY) * (chosen.length - 1);
    const forms = chosen.map((form) =>
      form.role === 1 && form.lines === 2 ? { ...form, depth: form.depth + Math.min(spare, MORE_DEPTH) } : form,
    );
    const way = Math.min(LONG_WAY, this.#way(forms));
    const total = forms.reduce((sum, form) => sum + this.length(form), way * Math.max(0, forms.length - 1));
    let from = Math.max(0, (this.#along - total) / 2);
    const slots: Slot[] = [];
    for (const form of forms) {
      slots.push(...this.#slots(form, from));
      from += this.length(form) + way;
    }
    return slots;
  }

  #slots({ role, nodes, rows, width, height, lines, depth, step }: Form, from: number): Slot[] {
    const middle = (this.isHigh ? this.#aside : MARGIN.top) + this.across / 2;
    const half = (this.isHigh ? height : width) / 2;
    return nodes.map((node, i) => {
      // Front ends bend away from the others, as the others do from them.
      const line = role === 0 ? lines - 1 - (i % lines) : i % lines;
      const along = (this.isHigh ? MARGIN.top : MARGIN.x) + from + half + line * depth;
      const across = middle + (i - (nodes.length - 1) / 2) * step;
      const center = this.isHigh ? { x: across, y: along } : { x: along, y: across };
      const x = Math.round(Math.max(2, Math.min(this.#size.width - width - 2, center.x - width / 2)));
      const y = Math.round(Math.max(2, center.y - height / 2));
      return { node, x, y, width, height, rows, center: { x: x + width / 2, y: y + height / 2 } };
    });
  }
}
