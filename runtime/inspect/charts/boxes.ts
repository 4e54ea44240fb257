/**
 * What a state's box holds, with its size: name and tags, what it does on entry and exit, and the transitions that no arrow
 * shows, as rows. Places are from the box's own corner.
 */
import type { ChartDescription, StateDescription, TransitionDescription } from './describe.js';
import { actionLines, type Line, type Measure, tagTexts, transitionLines } from './text.js';

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A transition in words: a row of a state's box, or a part of the label of an arrow. */
export interface TransitionText extends Rectangle {
  /** As in ChartDescription. */
  readonly transition: string;
  readonly lines: readonly Line[];
}

interface Words extends Rectangle {
  readonly line: Line;
}

interface Tag extends Rectangle {
  readonly text: string;
}

/** All but its place. */
export interface Header {
  readonly width: number;
  readonly height: number;
  readonly tags: readonly Tag[];
  readonly actions: readonly Words[];
  readonly rows: readonly TransitionText[];
}

/** px. */
const TITLE = 26;
export const LINE = 16;
/** Beside the words of a transition: how often it was taken. */
export const COUNT = 38;
const PADDING = 10;
const GAP = 4;
/** Widest text of a row. */
const ROW = 270;

/** Transitions that lead out of their state's box: arrows. The others are rows of it. */
export const isArrow = ({ from, to }: TransitionDescription): boolean =>
  from !== '' && to.length > 0 && to.every((target) => target !== from && !isWithin(target, from));

export const isWithin = (state: string, parent: string): boolean => parent === '' || state.startsWith(`${parent}.`);

/** Where a row leads, in words: its own state, which it enters anew, or one within. */
const rowTarget = ({ from, to }: TransitionDescription): string | null => {
  if (to.length === 0) return null;
  if (to.length === 1 && to[0] === from) return '↺';
  return `→ ${to.map((target) => (from === '' ? target : target.slice(from.length + 1) || '↺')).join(', ')}`;
};

/** With at most so many rows in a column. */
export function header(state: StateDescription, chart: ChartDescription, most: number, measure: Measure): Header {
  const title = measure(state.label, 'title');
  let x = PADDING + title + 8;
  const tags = tagTexts(state).map((text): Tag => {
    const tag = { text, x, y: 6, width: measure(text, 'small') + 10, height: 15 };
    x += tag.width + 4;
    return tag;
  });
  let width = Math.max(x - 4 + PADDING, PADDING * 2 + title, 64);
  let y = TITLE;
  const actions: Words[] = [];
  for (const word of ['entry', 'exit'] as const)
    for (const line of actionLines(word, state[word], ROW, measure)) {
      actions.push({ line, x: PADDING + line.indent, y, width: line.width, height: LINE });
      width = Math.max(width, PADDING * 2 + line.indent + line.width);
      y += LINE;
    }
  const own = chart.transitions.filter((transition) => transition.from === state.name && !isArrow(transition));
  if (own.length > 0) y += GAP;
  const { rows, right, bottom } = columns(own, y, most, measure);
  if (own.length > 0) width = Math.max(width, right + PADDING - 4);
  return { width, height: Math.max(bottom, y) + (actions.length + own.length > 0 ? GAP + 2 : 4), tags, actions, rows };
}

function columns(
  transitions: readonly TransitionDescription[],
  top: number,
  most: number,
  measure: Measure,
): { rows: readonly TransitionText[]; right: number; bottom: number } {
  const count = Math.ceil(transitions.length / most);
  const each = Math.ceil(transitions.length / Math.max(1, count));
  const rows: TransitionText[] = [];
  let x = PADDING;
  let bottom = top;
  for (let column = 0; column < count; column++) {
    const texts = transitions
      .slice(column * each, (column + 1) * each)
      .map((transition) => ({ transition, lines: transitionLines(transition, rowTarget(transition), ROW, measure) }));
    const width = Math.max(...texts.map(({ lines }) => widthOf(lines)));
    let y = top;
    for (const { transition, lines } of texts) {
      const height = lines.length * LINE;
      rows.push({ transition: transition.name, lines, x, y, width, height });
      y += height;
    }
    bottom = Math.max(bottom, y);
    x += width + 14;
  }
  return { rows, right: x - 14, bottom };
}

/** With the room for the count. */
export const widthOf = (lines: readonly Line[]): number =>
  Math.max(...lines.map(({ indent, width }, i) => indent + width + (i === 0 ? COUNT : 0)));
