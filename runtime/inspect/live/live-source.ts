/**
 * A live cluster, as the inspector shows it. What is read is the router's trace, and only while somebody looks. It can be looked at, and
 * sent requests where the application allows that; nothing else can be done to it.
 */
import type { Cluster } from '../../cluster/cluster.js';
import { ChoraleError } from '../../errors.js';
import type { AnyService } from '../../service/index.js';
import type { HistoryProperty } from '../../simulate/trial.js';
import type { Recorder, TraceEvent } from '../../trace/format.js';
import { type ChartDescription, describe } from '../charts/describe.js';
import type { Command, Report } from '../protocol.js';
import type { Looking, Served, Viewer } from '../server/viewer.js';
import { operationForms } from '../sources/operations.js';
import { readable } from '../sources/readable.js';
import { TraceHistory } from '../sources/trace-history.js';
import { pictureOf } from './picture.js';
import { Relay, type Watcher } from './relay.js';
import { Steps } from './steps.js';

export interface LiveSettings {
  /** Whether viewers may send requests. */
  readonly requests: boolean;
}

/** Operations of the history, and ms for one check of it: the cluster waits for that. */
const LIMITS = { most: 2_000, milliseconds: 50 };
/** ms from one verdict on the history to the next. */
const CHECKED_AFTER = 2_000;

type Client = Record<string, (...args: unknown[]) => Promise<unknown>>;
type Of<Kind extends Command['do']> = Extract<Command, { do: Kind }>;

/** What one viewer asked for. */
interface Wishes {
  /** Addresses of the actors whose transitions it wants. */
  actors: readonly string[];
  /** What the history is checked for, and how far it was when it was last. */
  check: { readonly property: HistoryProperty; changes: number } | null;
  /** Made with its first request. */
  client: Client | null;
}

export class LiveSource implements Served, Recorder {
  readonly commandLimit = 1024 * 1024;
  readonly #cluster: Cluster<AnyService>;
  readonly #settings: LiveSettings;
  readonly #relay: Relay;
  readonly #wishes = new Map<Watcher, Wishes>();
  readonly #charts = new Map<string, ChartDescription>();
  readonly #steps: Steps;
  #history: TraceHistory | null = null;
  #untap: (() => void) | null = null;
  #checking: NodeJS.Timeout | null = null;
  #ended = false;

  constructor(cluster: Cluster<AnyService>, settings: LiveSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#relay = new Relay({
      picture: () => pictureOf(cluster.now, cluster.overview()),
      now: () => cluster.now,
      missed: () => this.#history?.break('There was more than could be looked at.'),
    });
    this.#steps = new Steps(cluster, (step) => this.#relay.aside(step));
    cluster.on('close', () => this.#end());
  }

  join(viewer: Viewer): Looking {
    if (this.#untap === null) this.#begin();
    viewer.report(this.#opened());
    viewer.report(this.#standing());
    const watcher = this.#relay.join(viewer);
    this.#wishes.set(watcher, { actors: [], check: null, client: null });
    return {
      take: (command) => this.#take(watcher, command),
      leave: () => this.#leave(watcher),
    };
  }

  /** In the midst of the cluster's work: quick, and it does not throw. */
  record(event: TraceEvent): void {
    this.#history?.take(event);
    this.#relay.event(event);
    // later, for by then the actor's node has it
    if (event.kind === 'started' && !this.#charts.has(event.chart)) queueMicrotask(() => this.#tellCharts());
  }

  #begin(): void {
    const gap = 'Requests were made before anybody looked, and a history is judged from its first operation on.';
    this.#history = new TraceHistory({ service: this.#cluster.service, ...LIMITS });
    if (this.#cluster.used) this.#history.break(gap);
    this.#untap = this.#cluster.tap(this);
    this.#checking = setInterval(() => this.#checkAgain(), CHECKED_AFTER).unref();
  }

  #leave(watcher: Watcher): void {
    this.#relay.leave(watcher);
    this.#wishes.delete(watcher);
    this.#watch();
    if (this.#wishes.size > 0) return;
    this.#untap?.();
    this.#untap = null;
    this.#history = null;
    if (this.#checking !== null) clearInterval(this.#checking);
  }

  #end(): void {
    this.#ended = true;
    for (const { viewer } of this.#wishes.keys()) viewer.report(this.#standing());
  }

  #opened(): Extract<Report, { is: 'opened' }> {
    this.#newCharts();
    const { service } = this.#cluster;
    return {
      is: 'opened',
      source: 'live',
      service: service.name,
      run: null,
      operations: operationForms({ service }),
      charts: [...this.#charts.values()],
      abilities: { control: false, request: this.#settings.requests, context: 'now' },
    };
  }

  #standing(): Extract<Report, { is: 'standing' }> {
    const ended = this.#ended;
    return { is: 'standing', now: this.#cluster.now, running: !ended, ended, loaded: 1, run: null };
  }

  #tellCharts(): void {
    const charts = this.#newCharts();
    if (charts.length === 0) return;
    for (const { viewer } of this.#wishes.keys()) viewer.report({ is: 'charts', charts });
  }

  /** Those of actors that have come since. */
  #newCharts(): readonly ChartDescription[] {
    const machines = this.#cluster.overview().flatMap(({ actors }) => actors.map(({ machine }) => machine));
    return machines.flatMap((machine) => {
      if (this.#charts.has(machine.id)) return [];
      const chart = describe(machine);
      this.#charts.set(machine.id, chart);
      return [chart];
    });
  }

  #take(watcher: Watcher, command: Command): void {
    const wishes = this.#wishes.get(watcher);
    if (wishes === undefined) return;
    switch (command.do) {
      case 'context':
        this.#tellContext(watcher.viewer, command);
        break;
      case 'watch':
        wishes.actors = command.actors;
        this.#watch();
        break;
      case 'check':
        wishes.check = { property: command.property, changes: -1 };
        this.#check(watcher.viewer, wishes);
        break;
      case 'call':
        this.#call(wishes, command).catch((error) => watcher.viewer.report(failed(error)));
        break;
      default:
        throw new ChoraleError(
          'NOT_ALLOWED',
          `A live cluster is looked at, and no more: "${command.do}" is for simulations.`,
        );
    }
  }

  #tellContext(viewer: Viewer, { node, actor, place }: Of<'context'>): void {
    const standing = this.#cluster.overview().find((each) => each.node === node);
    const found = standing?.actors.find(({ name }) => name === actor);
    const context = found === undefined ? null : readable(found.context);
    viewer.report({ is: 'context', node, actor, place, context, before: null, event: null });
  }

  /** All that anybody wants to see. */
  #watch(): void {
    this.#steps.watch([...this.#wishes.values()].flatMap(({ actors }) => actors));
  }

  async #call(wishes: Wishes, { op, args }: Of<'call'>): Promise<void> {
    if (!this.#settings.requests)
      throw new ChoraleError('NOT_ALLOWED', 'This inspector sends no requests: inspect: { requests: true } allows it.');
    const { operations, name } = this.#cluster.service;
    if (!operations.some((each) => each.name === op))
      throw new ChoraleError('ARGUMENTS_INVALID', `"${name}" has no operation "${op}".`);
    // a client has the service's operations, whichever they are
    wishes.client ??= this.#cluster.client({ name: 'inspector' }) as unknown as Client;
    await wishes.client[op]?.(...args);
  }

  #checkAgain(): void {
    for (const [{ viewer }, wishes] of this.#wishes) if (viewer.ready) this.#check(viewer, wishes);
  }

  #check(viewer: Viewer, { check }: Wishes): void {
    const history = this.#history;
    if (history === null || check === null || check.changes === history.changes) return;
    check.changes = history.changes;
    viewer.report({ is: 'verdict', verdict: history.verdict(check.property) });
  }
}

function failed(error: unknown): Extract<Report, { is: 'failed' }> {
  if (error instanceof ChoraleError) return { is: 'failed', code: error.code, message: error.message };
  return { is: 'failed', code: 'INSPECTION_FAILED', message: error instanceof Error ? error.message : String(error) };
}
