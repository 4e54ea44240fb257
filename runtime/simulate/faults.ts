/**
 * Faults, and the words for them, the same on the command line and in the API:
 *
 *     crash:rm-1@120ms        crash:rm-2@EX#3         recover:rm-1@500ms
 *     partition:rm-1|rm-2,rm-3@100ms..400ms           partition:rm-1>rm-2@100ms   (one way, for ever)
 *     lie:rm-3   lie:rm-3=A   silent:rm-3   equivocate:rm-3
 *     omit-send:rm-1:0.2      omit-receive:rm-1:0.2
 *     loss:0.1   duplicate:0.05   delay:1..20ms
 *
 * Without `@…` a crash or recovery happens at once, a partition begins at once and lasts.
 */
import { type NodeId, nodeId } from '../../machines/shared/identifiers.js';
import { type Phase, phases } from '../../machines/shared/phases.js';
import { ChoraleError } from '../errors.js';

/** A time in ms, or the moment when the node enters a phase for the count-th time. */
type When = { readonly at: number } | { readonly phase: Phase; readonly count: number };

export type Fault =
  | { readonly kind: 'crash' | 'recover'; readonly node: NodeId; readonly when: When }
  | {
      readonly kind: 'partition';
      readonly from: readonly NodeId[];
      readonly to: readonly NodeId[];
      readonly oneWay: boolean;
      readonly start: number;
      /** null: for ever. */
      readonly end: number | null;
    }
  /** Liars of the same `letter` tell the same lie. */
  | { readonly kind: 'lie'; readonly node: NodeId; readonly letter: string }
  | { readonly kind: 'silent' | 'equivocate'; readonly node: NodeId }
  | { readonly kind: 'omit-send' | 'omit-receive'; readonly node: NodeId; readonly probability: number }
  | { readonly kind: 'loss' | 'duplicate'; readonly probability: number }
  | { readonly kind: 'delay'; readonly least: number; readonly most: number };

export const faultForms = [
  'crash:NODE[@TIME|@PHASE#COUNT]',
  'recover:NODE[@TIME|@PHASE#COUNT]',
  'partition:NODE,…|NODE,…[@TIME[..TIME]]',
  'partition:NODE,…>NODE,…[@TIME[..TIME]]',
  'lie:NODE[=LETTER]',
  'silent:NODE',
  'equivocate:NODE',
  'omit-send:NODE:PROBABILITY',
  'omit-receive:NODE:PROBABILITY',
  'loss:PROBABILITY',
  'duplicate:PROBABILITY',
  'delay:TIME[..TIME]',
] as const;

/** Errors: INPUT_INVALID, which says what is wrong with the text and what forms there are. */
export function parseFault(text: string): Fault {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? '' : text.slice(colon + 1);
  switch (kind) {
    case 'crash':
    case 'recover': {
      const [node, when] = split(rest, '@');
      return { kind, node: nodeIn(text, node), when: when === undefined ? { at: 0 } : whenIn(text, when) };
    }
    case 'partition':
      return partitionIn(text, rest);
    case 'lie': {
      const [node, letter] = split(rest, '=');
      if (letter === '') throw wrong(text, 'there is no letter after "="');
      return { kind, node: nodeIn(text, node), letter: letter ?? node };
    }
    case 'silent':
    case 'equivocate':
      return { kind, node: nodeIn(text, rest) };
    case 'omit-send':
    case 'omit-receive': {
      const [node, probability] = split(rest, ':');
      return { kind, node: nodeIn(text, node), probability: probabilityIn(text, probability) };
    }
    case 'loss':
    case 'duplicate':
      return { kind, probability: probabilityIn(text, rest) };
    case 'delay': {
      const { start, end } = spanIn(text, rest);
      return { kind, least: start, most: end ?? start };
    }
    default:
      throw wrong(text, `"${kind}" is no kind of fault`);
  }
}

function partitionIn(text: string, rest: string): Fault {
  const [sides, span] = split(rest, '@');
  const oneWay = sides.includes('>');
  const [from, to, more] = sides.split(oneWay ? '>' : '|');
  if (from === undefined || to === undefined || more !== undefined) {
    throw wrong(text, 'a partition has two sides, parted by "|" (both ways) or ">" (one way)');
  }
  const nodes = (side: string): NodeId[] => side.split(',').map((name) => nodeIn(text, name));
  const { start, end } = span === undefined ? { start: 0, end: null } : spanIn(text, span);
  const fault = { kind: 'partition', from: nodes(from), to: nodes(to), oneWay, start, end } as const;
  const both = fault.from.find((node) => fault.to.includes(node));
  if (both !== undefined) throw wrong(text, `${both} is on both sides`);
  return fault;
}

/** Cuts at the first `mark`; the second part is undefined where there is none. */
function split(text: string, mark: string): [string, string | undefined] {
  const place = text.indexOf(mark);
  return place < 0 ? [text, undefined] : [text.slice(0, place), text.slice(place + mark.length)];
}

function nodeIn(text: string, name: string): NodeId {
  if (!/^[a-z][a-z0-9-]*$/i.test(name)) throw wrong(text, `"${name}" is no name of a node`);
  return nodeId(name);
}

function probabilityIn(text: string, word: string | undefined): number {
  const value = word === undefined || word.trim() === '' ? Number.NaN : Number(word);
  if (!(value >= 0 && value <= 1)) throw wrong(text, `"${word ?? ''}" is no probability from 0 to 1`);
  return value;
}

function whenIn(text: string, word: string): When {
  const [phase, count] = split(word, '#');
  if (count === undefined) return { at: timeIn(text, word) };
  if (!(phases as readonly string[]).includes(phase)) {
    throw wrong(text, `"${phase}" is no phase: there are ${phases.join(', ')}`);
  }
  if (!/^[1-9]\d*$/.test(count)) throw wrong(text, `"${count}" is no count from 1`);
  return { phase: phase as Phase, count: Number(count) }; // just found among the phases
}

function spanIn(text: string, word: string): { start: number; end: number | null } {
  const [first, last] = split(word, '..');
  // In 1..20ms the unit stands once, for both.
  const unit = /[a-z]*$/.exec(last ?? '')?.[0] ?? '';
  const start = timeIn(text, /[a-z]$/.test(first) ? first : first + unit);
  const end = last === undefined ? null : timeIn(text, last);
  if (end !== null && end < start) throw wrong(text, `it ends (${last}) before it begins (${first})`);
  return { start, end };
}

function timeIn(text: string, word: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(word);
  if (match === null) throw wrong(text, `"${word}" is no time such as 120ms or 1.5s`);
  return Number(match[1]) * (match[2] === 's' ? 1000 : 1);
}

function wrong(text: string, why: string): ChoraleError {
  return new ChoraleError(
    'INPUT_INVALID',
    `The fault "${text}" is not understood: ${why}. Forms: ${faultForms.join('  ')}`,
  );
}
