/**
 * Hands the lines of a trace to all who watch, made once for all of them. Nobody waits for a watcher that does not keep up: what it has no
 * room for it misses, and when it has room again it is told how much that was, and how everything stands.
 */
import type { TraceEvent } from '../../trace/format.js';
import { linesFrame } from '../frame.js';
import type { Viewer } from '../server/viewer.js';

/** ms from the first line that waits until it is sent. */
const GATHER = 25;
/** Characters at which it is sent at once. */
const FULL = 64 * 1024;
/** Events of one span that watchers get: nobody can follow more, and no page can keep it. */
const MOST = 8_000;
/** ms. */
const SPAN = 250;

const utf8 = new TextEncoder();

export interface Watcher {
  readonly viewer: Viewer;
  /** Events that it missed, in all. */
  missed: number;
  /** Events there had been when it fell behind; null while it keeps up. */
  behindSince: number | null;
}

export interface RelaySettings {
  /** How everything stands now. */
  readonly picture: () => readonly TraceEvent[];
  /** ms, on the trace's clock. */
  readonly now: () => number;
  /** Somebody misses something. */
  readonly missed: () => void;
}

export class Relay {
  readonly #settings: RelaySettings;
  readonly #watchers = new Set<Watcher>();
  /** How many of them keep up. */
  #following = 0;
  /** Events there have been. */
  #seen = 0;
  /** Lines that wait, and how many of them are events. */
  #text = '';
  #events = 0;
  #timer: NodeJS.Timeout | null = null;
  #span = { begin: 0, events: 0 };

  constructor(settings: RelaySettings) {
    this.#settings = settings;
  }

  get watchers(): ReadonlySet<Watcher> {
    return this.#watchers;
  }

  join(viewer: Viewer): Watcher {
    this.#flush();
    const watcher: Watcher = { viewer, missed: 0, behindSince: null };
    this.#watchers.add(watcher);
    this.#following += 1;
    this.#show(watcher, []);
    return watcher;
  }

  leave(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return;
    if (watcher.behindSince === null) this.#following -= 1;
    if (this.#watchers.size === 0) this.#flush();
  }

  /** In the midst of what is watched: quick, and it does not throw. */
  event(event: TraceEvent): void {
    this.#seen += 1;
    if (this.#following > 0 && this.#add(event)) this.#events += 1;
    if (this.#text.length > FULL) this.#flush();
  }

  /** What is no event and has its place among them. Nobody counts it where it is missed. */
  aside(line: object): void {
    if (this.#following > 0) this.#add(line);
  }

  #add(line: object): boolean {
    try {
      this.#text += `${JSON.stringify(line)}\n`;
    } catch {
      return false; // an argument of the application's that is no JSON after all: it is missed
    }
    this.#timer ??= setTimeout(() => this.#flush(), GATHER).unref();
    return true;
  }

  /** Hands on what waits, to each who has room for it. */
  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#text === '') return;
    const frame = linesFrame(utf8.encode(this.#text));
    const events = this.#events;
    this.#text = '';
    this.#events = 0;
    const tooMany = this.#isTooMany(events);
    for (const watcher of this.#watchers) {
      if (watcher.behindSince !== null) continue;
      if (!tooMany && watcher.viewer.ready) watcher.viewer.lines(frame);
      else this.#fallBehind(watcher, this.#seen - events);
    }
  }

  #isTooMany(events: number): boolean {
    const now = performance.now();
    if (now - this.#span.begin >= SPAN) this.#span = { begin: now, events: 0 };
    this.#span.events += events;
    return this.#span.events > MOST;
  }

  /** It goes on when it has room again, and not within the same span. */
  #fallBehind(watcher: Watcher, since: number): void {
    watcher.behindSince = since;
    this.#following -= 1;
    this.#settings.missed();
    const rest = Math.max(0, this.#span.begin + SPAN - performance.now());
    setTimeout(() => watcher.viewer.whenReady(() => this.#catchUp(watcher)), rest).unref();
  }

  #catchUp(watcher: Watcher): void {
    const { behindSince, viewer } = watcher;
    if (behindSince === null || !this.#watchers.has(watcher)) return;
    this.#flush();
    const events = this.#seen - behindSince;
    watcher.missed += events;
    watcher.behindSince = null;
    this.#following += 1;
    viewer.report({ is: 'missed', events: watcher.missed });
    this.#show(watcher, [{ t: this.#settings.now(), node: 'network', kind: 'missed', events }]);
  }

  #show({ viewer }: Watcher, before: readonly TraceEvent[]): void {
    const lines = [...before, ...this.#settings.picture()];
    viewer.lines(linesFrame(utf8.encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))));
  }
}
