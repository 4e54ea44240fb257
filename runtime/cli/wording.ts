/**
 * Numbers and values in the words of a report.
 */
import { inspect, styleText } from 'node:util';

/** Colours a piece of text, or leaves it. */
export type Paint = (color: 'red' | 'green' | 'yellow' | 'dim' | 'bold', text: string) => string;

export const paintFor =
  (color: boolean): Paint =>
  (as, text) =>
    color ? styleText(as, text, { validateStream: false }) : text;

export const count = (number: number): string => number.toLocaleString('en');
export const plural = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;
export const shown = (value: unknown): string =>
  inspect(value, { depth: 4, breakLength: Number.POSITIVE_INFINITY, compact: true });
export const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
