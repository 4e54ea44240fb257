/** What a picture is drawn with: a canvas, or the text of an SVG file. Numbers are px, from the top left. */
import type { Tone } from './arrows.js';

/** All colours of a picture: variables of style.css by their names. */
export type Colour = Tone | 'ground' | 'raised' | 'sunken' | 'line' | 'accent' | 'good' | 'warning';

export interface Stroke {
  readonly colour: Colour;
  readonly width?: number;
  readonly alpha?: number;
  readonly dash?: readonly number[];
}

export interface Fill {
  readonly colour: Colour;
  readonly alpha?: number;
  /** Of corners. */
  readonly radius?: number;
}

export interface Lettering {
  readonly colour: Colour;
  readonly alpha?: number;
  readonly size?: number;
  readonly bold?: boolean;
  readonly align?: 'left' | 'center' | 'right';
  /** Room that it has; what is longer is cut, with a mark. */
  readonly room?: number;
  /** Stands out from what is under it. */
  readonly halo?: boolean;
  /** Degrees, clockwise. */
  readonly turn?: number;
}

export interface Pen {
  /** Four numbers a line: from and to. */
  lines(ends: readonly number[], style: Stroke): void;
  /** Six numbers a triangle. */
  triangles(corners: readonly number[], style: Fill): void;
  /** Four numbers each: left, top, width, height. */
  boxes(boxes: readonly number[], style: Fill): void;
  /** Three numbers each: centre and radius. */
  discs(discs: readonly number[], style: Fill): void;
  rings(rings: readonly number[], style: Stroke): void;
  /** `y` is the middle of the letters. */
  text(x: number, y: number, text: string, style: Lettering): void;
}

/** px of a letter, more or less: pens that cannot measure go by it. */
const letterWidth = (size: number): number => size * 0.56;

export function cutText(text: string, room: number, size: number): string {
  const letters = Math.floor(room / letterWidth(size));
  if (text.length <= letters) return text;
  return letters < 3 ? '' : `${text.slice(0, letters - 1)}…`;
}
