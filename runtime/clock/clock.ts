/**
 * Time, as everything in Chorale sees it. XState's own timers run on it too, so `after` is virtual in a simulation.
 */
export interface Clock {
  /** ms since the clock's own beginning. */
  now(): number;
  /** Calls back once, after `ms`. The handle is only good for `clearTimeout`. */
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
  /** Calls back once at the same time, when everything under way now has run: the end of a tick. */
  defer(callback: () => void): void;
}
