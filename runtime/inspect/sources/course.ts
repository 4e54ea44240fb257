/**
 * How a simulation goes on: by itself, as fast as its viewer wants, or by one step. A clock step is never cut in two.
 */
import { ChoraleError } from '../../errors.js';
import type { TraceEvent } from '../../trace/format.js';
import type { StepTo } from '../protocol.js';
import type { EditableRun } from './editable-run.js';

/** The time of whoever looks. */
export interface Host {
  /** ms. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** ms from one report to the next while the run goes on, and ms of work in each. */
const TICK = 16;
const WORK = 8;
/** ms of work after which a step gives up looking for what it is to come to. */
const PATIENCE = 1000;
/** ms, virtual, that a step looks ahead when the run is over. */
const FAR = 1000;
/** Clock steps between two looks at the time. */
const LOOK = 8;

const stepKinds: Readonly<Record<StepTo, TraceEvent['kind'] | null>> = {
  event: null,
  delivery: 'received',
  phase: 'phase',
  answer: 'answered',
};

/** What is under way by itself. */
interface Going {
  /** ms of virtual time for each second of the viewer's; infinite: as fast as it can. */
  readonly speed: number;
  /** ms, virtual: it stops there. */
  readonly until: number;
  /** Time goes on though the run is over: it was when this began, or a time was asked for. */
  readonly pastEnd: boolean;
}

export interface CourseSettings {
  readonly host: Host;
  /** What goes on. */
  readonly run: () => EditableRun;
  /** Does something, and tells what it throws. */
  readonly guarded: (act: () => void) => void;
  /** It has gone on. */
  readonly moved: () => void;
}

export class Course {
  readonly #settings: CourseSettings;
  #going: Going | null = null;
  #timer: unknown = null;
  #tickedAt = 0;

  constructor(settings: CourseSettings) {
    this.#settings = settings;
  }

  get running(): boolean {
    return this.#going !== null;
  }

  /** Errors: INPUT_INVALID. */
  begin({ speed, until }: Pick<Going, 'speed' | 'until'>): void {
    checkSpeed(speed);
    const { host, run } = this.#settings;
    const editable = run();
    const known = this.#going !== null;
    const toRest = speed === Number.POSITIVE_INFINITY && until === speed;
    const pastEnd = !toRest && (until < Number.POSITIVE_INFINITY || editable.recording.over);
    this.#going = { speed, until, pastEnd };
    if (!known) {
      this.#tickedAt = host.now();
      this.#timer = host.setTimeout(this.#tick, 0);
    }
  }

  halt(): void {
    if (this.#timer !== null) this.#settings.host.clearTimeout(this.#timer);
    this.#timer = null;
    this.#going = null;
  }

  /** Until there is what it is to come to, or it has been looked for long enough. */
  step(to: StepTo): void {
    const { host, run } = this.#settings;
    const editable = run();
    this.halt();
    const kind = stepKinds[to];
    const pastEnd = editable.recording.over;
    const { events } = editable.recording;
    let seen = events.length;
    const deadline = host.now() + PATIENCE;
    const come = (): boolean => {
      while (seen < events.length) {
        const event = events[seen];
        seen += 1;
        if (kind === null || event?.kind === kind) return true;
      }
      return false;
    };
    // Where nothing has to come, timers may ring for ever.
    const end = pastEnd ? editable.position + FAR : Number.POSITIVE_INFINITY;
    while (!come() && host.now() <= deadline && (editable.recording.nextDue ?? end) <= end)
      if (!editable.step(Number.POSITIVE_INFINITY, pastEnd)) break;
  }

  readonly #tick = (): void => {
    this.#timer = null;
    const { host, guarded, moved } = this.#settings;
    guarded(() => {
      const going = this.#going;
      if (going === null) return;
      const now = host.now();
      const goesOn = this.#goOn(going, now - this.#tickedAt, now + WORK);
      this.#tickedAt = now;
      if (!goesOn) this.#going = null;
      moved();
    });
    if (this.#going === null) return;
    const pause = this.#going.speed === Number.POSITIVE_INFINITY ? 0 : TICK - (host.now() - this.#tickedAt);
    this.#timer = host.setTimeout(this.#tick, Math.max(0, pause));
  };

  /** Moves time as far as the course has come in so many ms, or as the work until the deadline allows. False when it is at its end. */
  #goOn({ speed, until, pastEnd }: Going, elapsed: number, deadline: number): boolean {
    const { host, run } = this.#settings;
    const editable = run();
    const target = Math.min(
      until,
      speed === Number.POSITIVE_INFINITY ? until : editable.position + (speed * elapsed) / 1000,
    );
    for (let steps = 1; editable.step(target, pastEnd); steps++)
      if (steps % LOOK === 0 && host.now() > deadline) return true;
    if (!pastEnd && editable.recording.over) return false;
    return editable.position < until && editable.recording.nextDue !== undefined;
  }
}

function checkSpeed(speed: number): void {
  if (speed > 0) return;
  throw new ChoraleError('INPUT_INVALID', `The speed is ${speed}: it must be more than 0 ms for each second.`);
}
