/**
 * What came of each fault, read off the trace: who was suspected, what view came, who took over, and the first answer.
 * It knows the trace format and the words of the charts for roles and phases, and shows whatever of these there is.
 */
import type { Recorder, TraceEvent } from '../trace/format.js';

export interface Step {
  /** ms, virtual. */
  readonly t: number;
  /** In words. */
  readonly what: string;
}

/** A fault, and all that came of it before the next one that struck in peace; or what came by itself. */
export interface Course {
  /** How it all began, before the first answer: no fault. */
  readonly opening: boolean;
  readonly steps: readonly Step[];
  /** The first answer that came when all of this was over; null where there is none, or where none was to be missed. */
  readonly answer: Step | null;
}

interface Open {
  readonly opening: boolean;
  readonly steps: Step[];
  answer: Step | null;
  /** It may have kept answers from somebody, so the first one after it is news. */
  interrupts: boolean;
}

type Of<Kind extends TraceEvent['kind']> = Extract<TraceEvent, { kind: Kind }>;

/** States in which a replica manager decides for the others. */
const roles = /(?:^|\.)(primary|master|leader|head|sequencer)(?=\.|$)/;
/** A fault with a moment, or one that a person asks for at a moment. */
const atAMoment = /@|^(partition|suspect|join|leave):/;

export class ViewChanges implements Recorder {
  readonly courses: Course[] = [];
  #open: Open | null = null;
  #begun = false;
  readonly #members = new Map<string, readonly string[]>();
  readonly #views = new Map<string, number>();
  readonly #leaders = new Set<string>();
  readonly #ends = new Map<string, string>();
  /** What each replica manager is at, by the last phase that it entered. */
  readonly #phases = new Map<string, Of<'phase'>>();

  record(event: TraceEvent): void {
    switch (event.kind) {
      case 'phase':
        if (event.actor === 'rm') this.#phases.set(event.node, event);
        break;
      case 'answered':
        this.#answer(event);
        break;
      case 'crashed':
        this.#ended(event);
        break;
      case 'recovered':
        this.#recovered(event);
        break;
      case 'fault':
        if (atAMoment.test(event.fault)) this.#strike(event.t, faultText(event.fault), mayInterrupt(event.fault));
        break;
      case 'view':
        this.#view(event);
        break;
      case 'transition':
        this.#transition(event);
        break;
    }
  }

  #answer({ t, request, by }: Of<'answered'>): void {
    this.#begun = true;
    const open = this.#open;
    if (open === null || !open.interrupts || open.answer !== null) return;
    open.answer = { t, what: `first answer: to ${request}${by.length === 0 ? '' : `, by ${by.join(' and ')}`}` };
  }

  #ended(event: Of<'crashed'>): void {
    const { t, node, reason } = event;
    this.#ends.set(node, reason);
    if (reason === 'evicted') this.#step(t, `${node} learns that the others have gone on without it, and stops`);
    else if (reason === 'left') this.#step(t, `${node} has left, and stops`);
    else
      this.#strike(
        t,
        `${node} crashed${reason === 'fault' ? whileAt(event, this.#phases.get(node)) : `: ${reason}`}`,
        true,
      );
  }

  #recovered({ t, node, incarnation }: Of<'recovered'>): void {
    if (incarnation === 1) this.#step(t, `${node} starts`);
    else if (this.#ends.get(node) === 'evicted') this.#step(t, `${node} is back, as incarnation ${incarnation}`);
    else this.#strike(t, `${node} recovered as incarnation ${incarnation}`, false);
  }

  /** Each member reports the same view: the first to do so is the news. */
  #view({ t, group, id, members }: Of<'view'>): void {
    if (id <= (this.#views.get(group) ?? 0)) return;
    const before = this.#members.get(group);
    this.#views.set(group, id);
    this.#members.set(group, members);
    const changes = before === undefined ? [] : differences(before, members);
    this.#step(t, `view ${id}: ${members.join(', ')}${changes.length === 0 ? '' : ` (${changes.join('; ')})`}`);
  }

  #transition({ t, node, actor = '', event, from, to }: Of<'transition'>): void {
    if (actor === 'rm') this.#role(t, node, from, to);
    else if (actor === 'membership') {
      if (isIn(to, 'leading') && !isIn(from, 'leading')) this.#step(t, `${node} leads the membership service`);
    } else if (actor.startsWith('group:') && this.#isMember(actor.slice('group:'.length), node)) {
      if (isIn(to, 'flushing') && !isIn(from, 'flushing')) this.#step(t, `${node} ${flushText(event)}`);
      else if (isIn(to, 'ended')) this.#step(t, `${node} is in the group no more`);
    }
  }

  #role(t: number, node: string, from: string, to: string): void {
    const [before, after] = [roles.exec(from)?.[1], roles.exec(to)?.[1]];
    if (after !== undefined && after !== before) {
      this.#step(t, this.#leaders.has(after) ? `${node} takes over as ${after}` : `${node} is the ${after}`);
      this.#leaders.add(after);
    } else if (before !== undefined && after === undefined) this.#step(t, `${node} is the ${before} no more`);
    else if (isIn(from, 'joining') && !isIn(to, 'joining')) this.#step(t, `${node} has the state, and takes part`);
  }

  #isMember(group: string, node: string): boolean {
    return this.#members.get(group)?.includes(node) ?? false;
  }

  /** One that strikes while the last is not over is part of its course. */
  #strike(t: number, what: string, interrupts: boolean): void {
    const open = this.#open;
    if (open === null || !open.interrupts || open.answer !== null) this.#begin({ t, what }, interrupts);
    else open.steps.push({ t, what });
  }

  /** An answer that came before this was on its way already, and shows nothing. */
  #step(t: number, what: string): void {
    if (this.#open === null || (this.#open.opening && this.#begun)) this.#begin({ t, what }, false);
    else {
      this.#open.steps.push({ t, what });
      this.#open.answer = null;
    }
  }

  #begin(step: Step, interrupts: boolean): void {
    const opening = this.courses.length === 0 && !interrupts && !this.#begun;
    this.#open = { opening, steps: [step], answer: null, interrupts };
    this.courses.push(this.#open);
  }
}

const isIn = (state: string, name: string): boolean => state.split(/[.,]/).includes(name);

/** Where it was in the middle of handling something: the phase that this had come to. */
function whileAt(crash: Of<'crashed'>, phase: Of<'phase'> | undefined): string {
  if (phase === undefined || crash.cause === undefined || phase.cause !== crash.cause || phase.t !== crash.t) return '';
  const [first, ...others] = phase.requests;
  return ` (in ${phase.phase} of ${first}${others.length === 0 ? '' : ` and ${others.length} more`})`;
}

function flushText(event: string): string {
  if (event === 'suspicion' || event === 'gone')
    return 'suspects a member: it stops delivering, and says what it holds (flush)';
  return 'stops delivering too, and says what it holds (flush)';
}

function differences(before: readonly string[], after: readonly string[]): string[] {
  const gone = before.filter((node) => !after.includes(node));
  const come = after.filter((node) => !before.includes(node));
  const be = (nodes: readonly string[]): string => `${nodes.join(', ')} ${nodes.length === 1 ? 'is' : 'are'}`;
  return [...(gone.length === 0 ? [] : [`${be(gone)} out`]), ...(come.length === 0 ? [] : [`${be(come)} in`])];
}

function faultText(fault: string): string {
  const [, kind, node] = /^(suspect|join|leave):([^@]+)/.exec(fault) ?? [];
  if (kind === 'suspect') return `everybody is told to suspect ${node}`;
  if (kind === 'join') return `${node} is to join`;
  return kind === 'leave' ? `${node} is to leave` : fault;
}

const mayInterrupt = (fault: string): boolean =>
  /^(suspect|leave|partition):/.test(fault) && !/ (heals|ends)$/.test(fault);

/** Most courses that are shown, and most lines of each. */
const COURSES = 8;
const LINES = 16;

/** For a person: the beginning of each course at its time, and what came of it so much later. */
export function courseLines(courses: readonly Course[]): string[] {
  if (courses.every(({ opening }) => opening)) return []; // nothing to tell but how it all began
  const left = courses.length - COURSES;
  const more = left <= 0 ? [] : [`… and ${left} more`];
  return [...courses.slice(0, COURSES).flatMap(linesOf), ...more];
}

function linesOf({ steps, answer }: Course): string[] {
  const [first] = steps;
  if (first === undefined) return [];
  const shown = steps.slice(1, LINES);
  const left = steps.length - 1 - shown.length;
  const after = ({ t, what }: Step): string => `${`+${(t - first.t).toFixed(1)} ms`.padStart(WIDTH)}  ${what}`;
  return [
    `${`${first.t.toFixed(1)} ms`.padStart(WIDTH)}  ${first.what}`,
    ...shown.map(after),
    ...(left === 0 ? [] : [`${''.padStart(WIDTH)}  … and ${left} more steps`]),
    ...(answer === null ? [] : [after(answer)]),
  ];
}

const WIDTH = 11;
