/**
 * The words of a chart in lines, before anything has a place: what a state says of itself, and what each transition says, wrapped
 * so that no line gets long.
 */
import type { StateDescription, TransitionDescription } from './describe.js';

/** The sizes of text there are; the page's style sheet has the same. */
export const fonts = { title: '600 13px', text: '12px', small: '10.5px' } as const;
export type Font = keyof typeof fonts;

/** px. */
export type Measure = (text: string, font: Font) => number;

/** What a piece of text is, for its colour. */
type Role = 'trigger' | 'guard' | 'actions' | 'target';

interface Part {
  readonly text: string;
  readonly role: Role;
}

export interface Line {
  readonly parts: readonly Part[];
  /** px, from the left of the first line. */
  readonly indent: number;
  readonly width: number;
}

/**
 * What says nothing to who reads a chart: that the context changes by a rule that nobody named, and what follows each rule in every
 * chart of Chorale, that its effects leave.
 */
const understood: ReadonlySet<string> = new Set(['assign', 'emit', 'emitEffects']);

/** px that lines after the first are moved to the right. */
const INDENT = 12;

/** `delivered [isNext] / deliver → waiting`; the target where no arrow shows it. */
export function transitionLines(
  transition: TransitionDescription,
  target: string | null,
  widest: number,
  measure: Measure,
): readonly Line[] {
  const { trigger, guard } = transition;
  const pieces: Part[] = [{ text: trigger === '*' ? 'any other' : trigger, role: 'trigger' }];
  if (guard !== null) pieces.push({ text: `[${guard}]`, role: 'guard' });
  const actions = shownActions(transition.actions);
  actions.forEach((action, i) => {
    const comma = i < actions.length - 1 ? ',' : '';
    pieces.push({ text: `${i === 0 ? '/ ' : ''}${action}${comma}`, role: 'actions' });
  });
  if (target !== null) pieces.push({ text: target, role: 'target' });
  else if (transition.to.length === 0 && transition.actions.length === 0)
    pieces.push({ text: 'ignored', role: 'actions' });
  return wrapped(pieces, widest, measure);
}

/** `entry / lookUp`. */
export const actionLines = (
  word: 'entry' | 'exit',
  actions: readonly string[],
  widest: number,
  measure: Measure,
): readonly Line[] => {
  const shown = shownActions(actions);
  if (shown.length === 0) return [];
  const pieces = shown.map(
    (action, i): Part => ({ text: i < shown.length - 1 ? `${action},` : action, role: 'actions' }),
  );
  return wrapped([{ text: `${word} /`, role: 'trigger' }, ...pieces], widest, measure);
};

export const shownActions = (actions: readonly string[]): readonly string[] =>
  actions.filter((action) => !understood.has(action));

/** Pieces are kept whole: names are not broken. */
function wrapped(pieces: readonly Part[], widest: number, measure: Measure): readonly Line[] {
  const lines: Line[] = [];
  let parts: Part[] = [];
  const width = (of: readonly Part[]): number => measure(of.map(({ text }) => text).join(''), 'text');
  const finish = (): void => {
    lines.push({ parts, indent: lines.length === 0 ? 0 : INDENT, width: width(parts) });
  };
  for (const piece of pieces) {
    const spaced = parts.length === 0 ? piece : { ...piece, text: ` ${piece.text}` };
    const indent = lines.length === 0 ? 0 : INDENT;
    if (parts.length > 0 && indent + width([...parts, spaced]) > widest) {
      finish();
      parts = [piece];
    } else parts = [...parts, spaced];
  }
  finish();
  return lines;
}

/** Beside its name: what is true of it. */
export const tagTexts = ({ tags, kind }: StateDescription): readonly string[] =>
  kind === 'parallel' || kind === 'final' ? [...tags, kind] : tags;
