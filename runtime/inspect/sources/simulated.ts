/**
 * A simulated cluster as a source of the inspector. It runs in a web worker and in Node alike: time and timers are handed in, and
 * reports handed out.
 *
 * A clock step of the simulation is never cut in two, so what one step leaves is reported together.
 */

import { styles } from '../../cluster/styles.js';
import { ChoraleError } from '../../errors.js';
import { type HistoryProperty, promised } from '../../simulate/trial.js';
import type { TraceEvent } from '../../trace/format.js';
import { describe } from '../charts/describe.js';
import type { Command, Report, Run, StepTo } from '../protocol.js';
import { transferables } from '../timeline/encode.js';
import { EditableRun } from './editable-run.js';
import { loadOf, type Offered, operationForms } from './operations.js';
import { Past } from './past.js';
import { readable } from './readable.js';
import { Recording } from './recording.js';
import { Telling } from './telling.js';
import { verdictOn } from './verdicts.js';

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
/** ms that a check may take; and, while the run goes on, how long until the next, and how long that one may take. */
const CHECK = 1000;
const CHECK_EVERY = 1000;
const CHECK_MEANWHILE = 100;
/** Clock steps between two looks at the time. */
const LOOK = 8;

const stepKinds: Readonly<Record<StepTo, TraceEvent['kind'] | null>> = {
  event: null,
  delivery: 'received',
  phase: 'phase',
  answer: 'answered',
};

/** What is under way by itself. */
interface Course {
  /** ms of virtual time for each second of the viewer's; infinite: as fast as it can. */
  readonly speed: number;
  /** ms, virtual: it stops there. */
  readonly until: number;
  /** Time goes on though the run is over: it was when this began, or a time was asked for. */
  readonly pastEnd: boolean;
}

interface Opened {
  readonly offered: Offered;
  readonly run: Run;
  readonly property: HistoryProperty;
  readonly editable: EditableRun;
  readonly telling: Telling;
  /** Ids of the charts that the page has. */
  readonly charts: Set<string>;
  past: Past;
}

export class SimulatedSource {
  readonly #services: ReadonlyMap<string, Offered>;
  readonly #host: Host;
  readonly #report: (report: Report, transfer: readonly ArrayBuffer[]) => void;
  #opened: Opened | null = null;
  #course: Course | null = null;
  #timer: unknown = null;
  #tickedAt = 0;
  /** What is checked again as the run goes on, and when it was, on the host's clock; null: nothing. */
  #checked: { readonly property: HistoryProperty; at: number; events: number } | null = null;

  /** `services` by the names that runs give them. */
  constructor(
    services: ReadonlyMap<string, Offered>,
    host: Host,
    report: (report: Report, transfer: readonly ArrayBuffer[]) => void,
  ) {
    this.#services = services;
    this.#host = host;
    this.#report = report;
  }

  /** Never throws: what cannot be done is reported as failed, and changes nothing. */
  send(command: Command): void {
    this.#guarded(() => this.#carryOut(command));
  }

  close(): void {
    this.#halt();
    this.#opened = null;
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      const code = error instanceof ChoraleError ? error.code : 'INSPECTION_FAILED';
      const message = error instanceof Error ? error.message : String(error);
      this.#report({ is: 'failed', code, message }, []);
    }
  }

  #carryOut(command: Command): void {
    switch (command.do) {
      case 'open':
        this.#open(command.run);
        break;
      case 'run':
        this.#begin({ speed: checkedSpeed(command.speed), until: Number.POSITIVE_INFINITY });
        break;
      case 'advance':
        this.#begin({ speed: Number.POSITIVE_INFINITY, until: command.until ?? Number.POSITIVE_INFINITY });
        break;
      case 'pause':
        this.#halt();
        this.#tell();
        break;
      case 'step':
        this.#step(command.to);
        break;
      case 'inject':
        this.#change(({ editable }) => editable.inject(command.fault, command.place));
        break;
      case 'request': {
        const { client, op, args, place } = command;
        this.#change(({ editable }) => editable.request({ client, op, args }, place));
        break;
      }
      case 'load':
        this.#change((opened) => addLoad(opened, command));
        break;
      case 'check':
        this.#checked = { property: command.property, at: 0, events: -1 };
        this.#check(CHECK);
        break;
      case 'context':
        this.#context(command.node, command.actor, command.place);
        break;
      case 'event': {
        const { index } = command;
        this.#report({ is: 'event', index, event: this.#current.editable.recording.events[index] ?? null }, []);
        break;
      }
      case 'watch':
        break; // all transitions are reported
      case 'stop':
        break; // nothing is read
      case 'call':
        throw new ChoraleError('INPUT_INVALID', 'A simulation takes requests at a place: send "request".');
    }
  }

  get #current(): Opened {
    if (this.#opened === null) throw new ChoraleError('INPUT_INVALID', 'No run is open.');
    return this.#opened;
  }

  #open(run: Run): void {
    const offered = this.#services.get(run.service);
    if (offered === undefined) {
      const names = [...this.#services.keys()].join(', ');
      throw new ChoraleError('INPUT_INVALID', `There is no service "${run.service}" here: there are ${names}.`);
    }
    const { replication, tolerate, reads } = run.scenario;
    const property = run.property ?? promised(styles[replication].promises.consistency({ tolerate, reads }));
    const editable = new EditableRun(offered.service, run.scenario, property);
    this.#halt();
    this.#checked = null;
    const { machines } = editable.recording;
    this.#opened = {
      offered,
      run,
      property,
      editable,
      telling: new Telling(),
      charts: new Set(machines.keys()),
      past: pastOf(offered, editable, property),
    };
    this.#report(
      {
        is: 'opened',
        source: 'simulation',
        service: run.service,
        run,
        operations: operationForms(offered),
        charts: [...machines.values()].map(describe),
        abilities: { control: true, request: true, context: 'past' },
      },
      [],
    );
    this.#tell();
  }

  /** What somebody adds. The run goes on as it did. */
  #change(change: (opened: Opened) => void): void {
    const opened = this.#current;
    change(opened);
    opened.past = pastOf(opened.offered, opened.editable, opened.property);
    this.#tell();
    this.#checkAgain();
  }

  #step(to: StepTo): void {
    const { editable } = this.#current;
    this.#halt();
    const kind = stepKinds[to];
    const pastEnd = editable.recording.over;
    const { events } = editable.recording;
    let seen = events.length;
    const deadline = this.#host.now() + PATIENCE;
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
    while (!come() && this.#host.now() <= deadline && (editable.recording.nextDue ?? end) <= end)
      if (!editable.step(Number.POSITIVE_INFINITY, pastEnd)) break;
    this.#tell();
    this.#checkAgain();
  }

  #begin({ speed, until }: Pick<Course, 'speed' | 'until'>): void {
    const { editable } = this.#current;
    const known = this.#course !== null;
    const toRest = speed === Number.POSITIVE_INFINITY && until === speed;
    const pastEnd = !toRest && (until < Number.POSITIVE_INFINITY || editable.recording.over);
    this.#course = { speed, until, pastEnd };
    if (!known) {
      this.#tickedAt = this.#host.now();
      this.#timer = this.#host.setTimeout(this.#tick, 0);
    }
    this.#tell();
  }

  #halt(): void {
    if (this.#timer !== null) this.#host.clearTimeout(this.#timer);
    this.#timer = null;
    this.#course = null;
  }

  readonly #tick = (): void => {
    this.#timer = null;
    this.#guarded(() => {
      const course = this.#course;
      if (course === null) return;
      const now = this.#host.now();
      const goesOn = this.#goOn(course, now - this.#tickedAt, now + WORK);
      this.#tickedAt = now;
      if (!goesOn) this.#course = null;
      this.#tell();
      this.#checkAgain();
    });
    if (this.#course === null) return;
    const pause = this.#course.speed === Number.POSITIVE_INFINITY ? 0 : TICK - (this.#host.now() - this.#tickedAt);
    this.#timer = this.#host.setTimeout(this.#tick, Math.max(0, pause));
  };

  /** Moves time as far as the course has come in so many ms, or as the work until the deadline allows. False when it is at its end. */
  #goOn({ speed, until, pastEnd }: Course, elapsed: number, deadline: number): boolean {
    const { editable } = this.#current;
    const target = Math.min(
      until,
      speed === Number.POSITIVE_INFINITY ? until : editable.position + (speed * elapsed) / 1000,
    );
    for (let steps = 1; editable.step(target, pastEnd); steps++)
      if (steps % LOOK === 0 && this.#host.now() > deadline) return true;
    if (!pastEnd && editable.recording.over) return false;
    return editable.position < until && editable.recording.nextDue !== undefined;
  }

  #tell(): void {
    const opened = this.#current;
    const { editable, telling, charts, run } = opened;
    const { recording, position, scenario } = editable;
    const unknown = [...recording.machines].filter(([id]) => !charts.has(id));
    if (unknown.length > 0) {
      for (const [id] of unknown) charts.add(id);
      this.#report({ is: 'charts', charts: unknown.map(([, machine]) => describe(machine)) }, []);
    }
    const news = telling.next(recording);
    if (news !== null) this.#report({ is: 'events', ...news }, transferables(news.chunk, news.steps));
    const running = this.#course !== null;
    const ended = recording.over;
    this.#report({ is: 'standing', now: position, running, ended, loaded: 1, run: { ...run, scenario } }, []);
  }

  /** What somebody had checked, once there is more. */
  #checkAgain(): void {
    const checked = this.#checked;
    if (checked === null || checked.events === this.#current.editable.recording.events.length) return;
    const running = this.#course !== null;
    if (running && this.#host.now() < checked.at + CHECK_EVERY) return;
    this.#check(running ? CHECK_MEANWHILE : CHECK);
  }

  #check(milliseconds: number): void {
    const { recording } = this.#current.editable;
    const checked = this.#checked;
    if (checked === null) return;
    this.#report({ is: 'verdict', verdict: verdictOn(recording, checked.property, milliseconds) }, []);
    checked.at = this.#host.now();
    checked.events = recording.events.length;
  }

  #context(node: string, actor: string, place: number): void {
    const { editable, past } = this.#current;
    const name = `${node}/${actor}`;
    const now = editable.recording.contexts.at(place, name);
    const kept = now === undefined ? past.contextAt(place, name) : now;
    const [context, before] = [readable(kept?.context), readable(kept?.before)];
    this.#report({ is: 'context', node, actor, place, context, before, event: kept?.event ?? null }, []);
  }
}

const pastOf = ({ service }: Offered, editable: EditableRun, property: HistoryProperty): Past =>
  new Past(() => new Recording(service, editable.scenario, property));

function checkedSpeed(speed: number): number {
  if (speed > 0) return speed;
  throw new ChoraleError('INPUT_INVALID', `The speed is ${speed}: it must be more than 0 ms for each second.`);
}

function addLoad({ editable, offered, run }: Opened, { clients, each, place }: Extract<Command, { do: 'load' }>): void {
  const { seed } = run.scenario;
  const salt = editable.scenario.requests.length;
  editable.load((time) => loadOf(offered, { clients, each }, { seed, salt, time }), place);
}
