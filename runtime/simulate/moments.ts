/**
 * When a fault strikes, and for how long:
 *
 *     120ms          at that time                           EX#3            when the node enters phase EX for the third time
 *     100ms..400ms   from then until then                   sent:ordered#2  when its second message of that type has left
 *     1.5s           in seconds                             received:reply#1    when that message has arrived, before it is handled
 *     EX#3+200ms     for so long after the event            rm:executing#4  when its actor `rm` comes to that state
 *                                                           flushing#1      when any of its actors comes to that state
 *
 * With `NODE/` before it, the event is another node's: `rm-2/EX#3`.
 */
import { type NodeId, nodeId } from '../../machines/shared/identifiers.js';
import { phases } from '../../machines/shared/phases.js';
import type { ChoraleError } from '../errors.js';

/** The count-th time that this happens at the node: `EX`, `sent:TYPE`, `received:TYPE`, `ACTOR:STATE`, `STATE`. */
export interface Occurrence {
  readonly node: NodeId;
  readonly event: string;
  readonly count: number;
}

export type Moment = { readonly at: number } | Occurrence;

/** Null: for ever. `until` is a time, `lasts` a number of ms from the occurrence. */
export type Span =
  | { readonly at: number; readonly until: number | null }
  | (Occurrence & { readonly lasts: number | null });

/** Makes the error that says what is wrong. */
export type Wrong = (why: string) => ChoraleError;

/** `own` is the node whose event it is where the text names none; null: the text must. No text is the time 0. */
export function momentIn(text: string | undefined, own: NodeId | null, wrong: Wrong): Moment {
  if (text === undefined) return { at: 0 };
  if (!text.includes('#')) return { at: timeIn(text, wrong) };
  const { lasts, ...occurrence } = occurrenceIn(text, own, wrong);
  if (lasts !== null) throw wrong(`"${text}" has a length, and this is over at once`);
  return occurrence;
}

export function spanIn(text: string | undefined, own: NodeId | null, wrong: Wrong): Span {
  if (text === undefined) return { at: 0, until: null };
  if (text.includes('#')) return occurrenceIn(text, own, wrong);
  const { least, most } = rangeIn(text, wrong);
  return { at: least, until: most };
}

/** Least and most, or start and end; `most` is null where there is one time only. In 1..20ms the unit stands for both. */
export function rangeIn(text: string, wrong: Wrong): { least: number; most: number | null } {
  const [first, last] = cut(text, '..');
  const unit = /[a-z]*$/.exec(last ?? '')?.[0] ?? '';
  const least = timeIn(/[a-z]$/.test(first) ? first : first + unit, wrong);
  const most = last === undefined ? null : timeIn(last, wrong);
  if (most !== null && most < least) throw wrong(`it ends (${last}) before it begins (${first})`);
  return { least, most };
}

/** ms. */
export function timeIn(text: string, wrong: Wrong): number {
  const match = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(ms|s)?$/.exec(text);
  const time = match === null ? Number.NaN : Number(match[1]) * (match[2] === 's' ? 1000 : 1);
  if (!Number.isFinite(time)) throw wrong(`"${text}" is no time such as 120ms or 1.5s`);
  return time;
}

export function nodeIn(text: string, wrong: Wrong): NodeId {
  if (!/^[a-z][a-z0-9-]*$/i.test(text)) throw wrong(`"${text}" is no name of a node`);
  return nodeId(text);
}

/** Cuts at the first `mark`; the second part is undefined where there is none. */
export function cut(text: string, mark: string): [string, string | undefined] {
  const place = text.indexOf(mark);
  return place < 0 ? [text, undefined] : [text.slice(0, place), text.slice(place + mark.length)];
}

/** As it is written after a fault, `@` included; nothing where it says nothing. */
export function momentText(moment: Moment, own: NodeId | null): string {
  return 'at' in moment ? spanText({ ...moment, until: null }, own) : spanText({ ...moment, lasts: null }, own);
}

export function spanText(span: Span, own: NodeId | null): string {
  if (!('at' in span)) {
    const whose = span.node === own ? '' : `${span.node}/`;
    return `@${whose}${span.event}#${span.count}${span.lasts === null ? '' : `+${span.lasts}ms`}`;
  }
  if (span.until !== null) return `@${span.at}ms..${span.until}ms`;
  return span.at === 0 ? '' : `@${span.at}ms`;
}

function occurrenceIn(text: string, own: NodeId | null, wrong: Wrong): Occurrence & { lasts: number | null } {
  const [place, rest] = cut(text, '#');
  const [first, second] = cut(place, '/');
  const node = second === undefined ? own : nodeIn(first, wrong);
  const event = second ?? first;
  if (!isEvent(event)) {
    throw wrong(`"${event}" is no phase (${phases.join(', ')}), and not sent:TYPE, received:TYPE or [ACTOR:]STATE`);
  }
  if (node === null) throw wrong(`"${text}" does not say at which node, as in rm-1/${text}`);
  const [count, lasts] = cut(rest ?? '', '+');
  if (!/^[1-9]\d*$/.test(count)) throw wrong(`"${count}" is no count from 1`);
  return { node, event, count: Number(count), lasts: lasts === undefined ? null : timeIn(lasts, wrong) };
}

const isPhase = (event: string): boolean => (phases as readonly string[]).includes(event);

/** Whether it is one of the form ACTOR:STATE or STATE. */
export const isState = (event: string): boolean => !isPhase(event) && !/^(sent|received):/.test(event);

const isEvent = (text: string): boolean =>
  isPhase(text) || /^[\w.-]+(:[\w.-]+)+$/.test(text) || /^[a-z][\w.-]*$/.test(text);
