/**
 * A simulated cluster as a source of the inspector. It runs in a web worker and in Node alike: time and timers are handed in, and
 * reports handed out.
 *
 * What one clock step leaves is reported together.
 */

import { styles } from '../../cluster/styles.js';
import { ChoraleError } from '../../errors.js';
import { type HistoryProperty, promised } from '../../simulate/trial.js';
import { describe } from '../charts/describe.js';
import type { Command, Report, Run } from '../protocol.js';
import { transferables } from '../timeline/encode.js';
import { Course, type Host } from './course.js';
import { EditableRun } from './editable-run.js';
import { loadOf, type Offered, operationForms } from './operations.js';
import { Past } from './past.js';
import { readable } from './readable.js';
import { Recording } from './recording.js';
import { Telling } from './telling.js';
import { verdictOn } from './verdicts.js';

/** ms that a check may take; and, while the run goes on, how long until the next, and how long that one may take. */
const CHECK = 1000;
const CHECK_EVERY = 1000;
const CHECK_MEANWHILE = 100;
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
  readonly #course: Course;
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
    this.#course = new Course({
      host,
      run: () => this.#current.editable,
      guarded: (act) => this.#guarded(act),
      moved: () => this.#moved(),
    });
  }

  /** Never throws: what cannot be done is reported as failed, and changes nothing. */
  send(command: Command): void {
    this.#guarded(() => this.#carryOut(command));
  }

  /** A run that was saved: made to its end, and checked for what it was saved for. */
  openWhole(run: Run): void {
    this.send({ do: 'open', run });
    this.send({ do: 'advance', until: null });
    if (run.property !== undefined) this.send({ do: 'check', property: run.property });
  }

  close(): void {
    this.#course.halt();
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
        this.#course.begin({ speed: command.speed, until: Number.POSITIVE_INFINITY });
        this.#tell();
        break;
      case 'advance':
        this.#course.begin({ speed: Number.POSITIVE_INFINITY, until: command.until ?? Number.POSITIVE_INFINITY });
        this.#tell();
        break;
      case 'pause':
        this.#course.halt();
        this.#tell();
        break;
      case 'step':
        this.#course.step(command.to);
        this.#moved();
        break;
      case 'inject':
        this.#change(({ editable }) => editable.inject(command.fault, command.place));
        break;
      case 'end':
        this.#change(({ editable }) => editable.end(command.fault, command.place));
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
    this.#course.halt();
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
    this.#moved();
  }

  #moved(): void {
    this.#tell();
    this.#checkAgain();
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
    const { running } = this.#course;
    const ended = recording.over;
    this.#report({ is: 'standing', now: position, running, ended, loaded: 1, run: { ...run, scenario } }, []);
  }

  /** What somebody had checked, once there is more. */
  #checkAgain(): void {
    const checked = this.#checked;
    if (checked === null || checked.events === this.#current.editable.recording.events.length) return;
    const { running } = this.#course;
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

function addLoad({ editable, offered, run }: Opened, { clients, each, place }: Extract<Command, { do: 'load' }>): void {
  const { seed } = run.scenario;
  const salt = editable.scenario.requests.length;
  editable.load((time) => loadOf(offered, { clients, each }, { seed, salt, time }), place);
}
