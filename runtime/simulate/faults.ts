/**
 * Faults, and the words for them, the same on the command line and in the API (docs/faults.md). Each of these can be
 * followed by `@` and the moment when it strikes (moments.ts), and most of them by the end of a span:
 *
 *     crash:rm-1   recover:rm-1   suspect:rm-1   join:rm-4   leave:rm-1   partition:rm-1|rm-2,rm-3   partition:rm-1>rm-2 (one way)
 *     omit-send:rm-1:0.2   omit-receive:rm-1:0.2   loss:0.1   duplicate:0.05   delay:1..20ms
 *     slow:rm-1:3   skew:rm-1:1.1   skew:rm-1:+20ms
 *     disk-lose:rm-1   disk-tear:rm-1   disk-slow:rm-1:20ms   disk-fail:rm-1
 *     lie:rm-3   lie:rm-3=A   silent:rm-3   equivocate:rm-3
 *     lose:rm-1:1:17   hold:rm-1:1:17 (one message, by its id in the trace)
 *
 * Without `@…` a fault strikes at once, and lasts.
 */
import type { NodeId } from '../../machines/shared/identifiers.js';
import { ChoraleError } from '../errors.js';
import {
  cut,
  type Moment,
  momentIn,
  momentText,
  nodeIn,
  rangeIn,
  type Span,
  spanIn,
  spanText,
  timeIn,
  type Wrong,
} from './moments.js';

/** A message by its id in the trace: the count-th that this incarnation of the node has sent. */
export interface MessageName {
  readonly node: NodeId;
  readonly incarnation: number;
  readonly count: number;
}

/** Faults that hold for a span. */
export type LastingFault = { readonly during: Span } & (
  | {
      readonly kind: 'partition';
      readonly from: readonly NodeId[];
      readonly to: readonly NodeId[];
      readonly oneWay: boolean;
    }
  /** Liars of the same `letter` tell the same lie. */
  | { readonly kind: 'lie'; readonly node: NodeId; readonly letter: string }
  | { readonly kind: 'silent' | 'equivocate'; readonly node: NodeId }
  | { readonly kind: 'omit-send' | 'omit-receive'; readonly node: NodeId; readonly probability: number }
  | { readonly kind: 'loss' | 'duplicate'; readonly probability: number }
  /** It stays in the network, in whatever frame it is. */
  | { readonly kind: 'hold'; readonly message: MessageName }
  | { readonly kind: 'delay'; readonly least: number; readonly most: number }
  /** All that the node sends, gets and waits for takes this many times as long. */
  | { readonly kind: 'slow'; readonly node: NodeId; readonly factor: number }
  /** Its clock runs at this rate, and is set forward (or back) by `offset` ms. */
  | { readonly kind: 'skew'; readonly node: NodeId; readonly rate: number; readonly offset: number }
  | { readonly kind: 'disk-lose' | 'disk-tear' | 'disk-fail'; readonly node: NodeId }
  /** ms until what was written is safe. */
  | { readonly kind: 'disk-slow'; readonly node: NodeId; readonly delay: number }
);

/** What happens to a node at once: faults, and, in a group that changes, what its members do of their own accord. */
const strokes = ['crash', 'recover', 'suspect', 'join', 'leave'] as const;
export type Stroke = (typeof strokes)[number];
interface Strike {
  readonly kind: Stroke;
  readonly node: NodeId;
  readonly when: Moment;
}

/** Every copy of the message that is under way then is lost. */
interface Loss {
  readonly kind: 'lose';
  readonly message: MessageName;
  readonly when: Moment;
}

export type Fault = Strike | Loss | LastingFault;

export const faultForms = [
  'crash:NODE[@WHEN]',
  'recover:NODE[@WHEN]',
  'suspect:NODE[@WHEN]',
  'join:NODE[@WHEN]',
  'leave:NODE[@WHEN]',
  'partition:NODE,…|NODE,…[@SPAN]',
  'partition:NODE,…>NODE,…[@SPAN]',
  'lie:NODE[=LETTER][@SPAN]',
  'silent:NODE[@SPAN]',
  'equivocate:NODE[@SPAN]',
  'omit-send:NODE:PROBABILITY[@SPAN]',
  'omit-receive:NODE:PROBABILITY[@SPAN]',
  'lose:MESSAGE[@WHEN]',
  'hold:MESSAGE[@SPAN]',
  'loss:PROBABILITY[@SPAN]',
  'duplicate:PROBABILITY[@SPAN]',
  'delay:TIME[..TIME][@SPAN]',
  'slow:NODE:FACTOR[@SPAN]',
  'skew:NODE:RATE[@SPAN]',
  'skew:NODE:+TIME[@SPAN] or :-TIME',
  'disk-lose:NODE[@SPAN]',
  'disk-tear:NODE[@SPAN]',
  'disk-slow:NODE:TIME[@SPAN]',
  'disk-fail:NODE[@SPAN]',
] as const;

/** What WHEN and SPAN are in these forms. */
export const momentForms = [
  'WHEN: TIME, or [NODE/]EVENT#COUNT',
  'SPAN: TIME[..TIME], or [NODE/]EVENT#COUNT[+TIME]',
  'MESSAGE: its id in the trace, NODE:INCARNATION:COUNT',
  'EVENT: a phase (RE SC EX AC END), sent:TYPE, received:TYPE, [ACTOR:]STATE',
] as const;

/** Errors: INPUT_INVALID, which says what is wrong with the text and what forms there are. */
export function parseFault(text: string): Fault {
  const wrong: Wrong = (why) =>
    new ChoraleError(
      'INPUT_INVALID',
      `The fault "${text}" is not understood: ${why}. Forms: ${[...faultForms, ...momentForms].join('  ')}`,
    );
  const [kind, rest = ''] = cut(text, ':');
  const [what, when] = cut(rest, '@');
  const stroke = strokes.find((each) => each === kind);
  if (stroke !== undefined) {
    const node = nodeIn(what, wrong);
    return { kind: stroke, node, when: momentIn(when, node, wrong) };
  }
  if (kind === 'lose') return { kind, message: messageIn(what, wrong), when: momentIn(when, null, wrong) };
  return lastingIn(kind, what, when, wrong);
}

function lastingIn(kind: string, what: string, when: string | undefined, wrong: Wrong): Fault {
  const [name, more] = cut(what, ':');
  const ofNode = (): { node: NodeId; during: Span } => {
    const node = nodeIn(name, wrong);
    return { node, during: spanIn(when, node, wrong) };
  };
  const during = (): { during: Span } => ({ during: spanIn(when, null, wrong) });
  switch (kind) {
    case 'partition':
      return { kind, ...sidesIn(what, wrong), ...during() };
    case 'lie': {
      const [liar, letter = liar] = cut(what, '=');
      if (letter === '') throw wrong('there is no letter after "="');
      const node = nodeIn(liar, wrong);
      return { kind, node, letter, during: spanIn(when, node, wrong) };
    }
    case 'silent':
    case 'equivocate':
    case 'disk-lose':
    case 'disk-tear':
    case 'disk-fail':
      if (more !== undefined) throw wrong(`"${what}" is no name of a node`);
      return { kind, ...ofNode() };
    case 'omit-send':
    case 'omit-receive':
      return { kind, ...ofNode(), probability: probabilityIn(more, wrong) };
    case 'hold':
      return { kind, message: messageIn(what, wrong), ...during() };
    case 'loss':
    case 'duplicate':
      return { kind, probability: probabilityIn(what, wrong), ...during() };
    case 'delay': {
      const { least, most } = rangeIn(what, wrong);
      return { kind, least, most: most ?? least, ...during() };
    }
    case 'slow':
      return { kind, ...ofNode(), factor: factorIn(more, 1, 1000, wrong) };
    case 'skew':
      return { kind, ...ofNode(), ...skewIn(more ?? '', wrong) };
    case 'disk-slow':
      return { kind, ...ofNode(), delay: timeIn(more ?? '', wrong) };
    default:
      throw wrong(`"${kind}" is no kind of fault`);
  }
}

/** Every node that it names. */
export function nodesOf(fault: Fault): readonly NodeId[] {
  const moment = 'when' in fault ? fault.when : fault.during;
  return [
    ...(fault.kind === 'partition' ? [...fault.from, ...fault.to] : []),
    ...('node' in fault ? [fault.node] : []),
    ...('message' in fault ? [fault.message.node] : []),
    ...('node' in moment ? [moment.node] : []),
  ];
}

/** The text that parses to this fault, in the shortest form. */
export function faultText(fault: Fault): string {
  if (fault.kind === 'lose') return `lose:${messageText(fault.message)}${momentText(fault.when, null)}`;
  if ('when' in fault) {
    return `${fault.kind}:${fault.node}${momentText(fault.when, fault.node)}`;
  }
  return `${fault.kind}:${whatText(fault)}${spanText(fault.during, 'node' in fault ? fault.node : null)}`;
}

function whatText(fault: LastingFault): string {
  switch (fault.kind) {
    case 'partition':
      return `${fault.from.join()}${fault.oneWay ? '>' : '|'}${fault.to.join()}`;
    case 'lie':
      return fault.letter === fault.node ? fault.node : `${fault.node}=${fault.letter}`;
    case 'omit-send':
    case 'omit-receive':
      return `${fault.node}:${fault.probability}`;
    case 'hold':
      return messageText(fault.message);
    case 'loss':
    case 'duplicate':
      return String(fault.probability);
    case 'delay':
      return fault.least === fault.most ? `${fault.least}ms` : `${fault.least}ms..${fault.most}ms`;
    case 'slow':
      return `${fault.node}:${fault.factor}`;
    case 'skew':
      if (fault.offset === 0) return `${fault.node}:${fault.rate}`;
      return `${fault.node}:${fault.offset < 0 ? '-' : '+'}${Math.abs(fault.offset)}ms`;
    case 'disk-slow':
      return `${fault.node}:${fault.delay}ms`;
    default:
      return fault.node;
  }
}

const messageText = ({ node, incarnation, count }: MessageName): string => `${node}:${incarnation}:${count}`;

function messageIn(text: string, wrong: Wrong): MessageName {
  const match = /^([^:]+):([1-9]\d*):([1-9]\d*)$/.exec(text);
  if (match?.[1] === undefined) throw wrong(`"${text}" is no message such as rm-1:1:17, as the trace names them`);
  return { node: nodeIn(match[1], wrong), incarnation: Number(match[2]), count: Number(match[3]) };
}

function sidesIn(text: string, wrong: Wrong): { from: NodeId[]; to: NodeId[]; oneWay: boolean } {
  const oneWay = text.includes('>');
  const [left, right, more] = text.split(oneWay ? '>' : '|');
  if (left === undefined || right === undefined || more !== undefined) {
    throw wrong('a partition has two sides, parted by "|" (both ways) or ">" (one way)');
  }
  const [from, to] = [left, right].map((side) => side.split(',').map((name) => nodeIn(name, wrong))) as [
    NodeId[],
    NodeId[],
  ]; // two sides in, two out
  const both = from.find((node) => to.includes(node));
  if (both !== undefined) throw wrong(`${both} is on both sides`);
  return { from, to, oneWay };
}

function skewIn(text: string, wrong: Wrong): { rate: number; offset: number } {
  const sign = text[0] === '-' ? -1 : 1;
  if (text[0] === '-' || text[0] === '+') return { rate: 1, offset: sign * timeIn(text.slice(1), wrong) };
  return { rate: factorIn(text, 0.01, 100, wrong), offset: 0 };
}

function probabilityIn(text: string | undefined, wrong: Wrong): number {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= 1)) throw wrong(`"${text ?? ''}" is no probability from 0 to 1`);
  return value;
}

function factorIn(text: string | undefined, least: number, most: number, wrong: Wrong): number {
  const value = /^\d+(\.\d+)?$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw wrong(`"${text ?? ''}" is no factor from ${least} to ${most}`);
  return value;
}
