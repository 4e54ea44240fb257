/**
 * How good failure detectors are (Chen, Toueg & Aguilera 2002 give the measures): how soon a crash is suspected, how often a live
 * node is, and for what share of the time it is trusted. In virtual time, by the detector's rules alone: one watches one, over a
 * network that loses heartbeats and delays them. The estimators see the same heartbeats.
 */
import {
  type DetectorContext,
  type DetectorInput,
  initialDetector,
  takeHeartbeat,
  takeTick,
  watch,
} from '../machines/membership/failure-detector.js';
import { type Address, nodeId } from '../machines/shared/identifiers.js';
import { mapGet } from '../machines/shared/persistent-map.js';
import { type Random, random } from '../runtime/simulate/random.js';
import { table } from './toggle.js';

const INTERVAL = 100;
const TICK = 25;
const HOUR = 3_600_000;
const peer = nodeId('peer');
const from: Address = 'peer/detector';
const heartbeat = { type: 'heartbeat', from, items: [{ incarnation: 1 }] } as const;

const estimators: Record<string, DetectorInput['estimator']> = {
  'timeout 300 ms': { kind: 'timeout', timeout: 300 },
  'timeout 600 ms': { kind: 'timeout', timeout: 600 },
  'accrual φ 8': { kind: 'accrual', threshold: 8, window: 100 },
  'accrual φ 16': { kind: 'accrual', threshold: 16, window: 100 },
};

/** ms that a heartbeat takes. */
const delays: Record<string, (chance: Random) => number> = {
  '1 ms': () => 1,
  '0 to 100 ms': (chance) => chance.float() * 100,
  // Most are quick, and a few come late and in any order: an exponential tail.
  'mean 100 ms, long tail': (chance) => -100 * Math.log(1 - chance.float()),
};

interface Quality {
  /** ms from each crash to the suspicion that stays. */
  readonly detection: readonly number[];
  readonly mistakes: number;
  /** Share of the time in which the live peer was trusted. */
  readonly accuracy: number;
}

export function detectors(minutes: number): void {
  const rows: Record<string, string | number>[] = [];
  for (const loss of [0, 0.01, 0.05, 0.2]) {
    for (const [delay, draw] of Object.entries(delays)) {
      const arrivals = arrivalsOf(minutes * 60_000, loss, draw);
      for (const [name, estimator] of Object.entries(estimators)) {
        const { detection, mistakes, accuracy } = measure(estimator, arrivals, minutes * 60_000);
        const mean = detection.reduce((sum, ms) => sum + ms, 0) / detection.length;
        rows.push({
          loss: `${loss * 100} %`,
          delay,
          detector: name,
          'detection ms, mean': Math.round(mean),
          max: Math.round(Math.max(...detection)),
          'mistakes an hour': Math.round((mistakes * HOUR) / (minutes * 60_000)),
          'trusted %': (accuracy * 100).toFixed(3),
        });
      }
    }
  }
  table(
    `failure detectors: a heartbeat every ${INTERVAL} ms, a tick of ${TICK} ms, ${minutes} virtual minutes each`,
    rows,
  );
}

interface Arrival {
  readonly sent: number;
  readonly at: number;
}

function arrivalsOf(duration: number, loss: number, draw: (chance: Random) => number): Arrival[] {
  const chance = random(1, 'heartbeats');
  const arrivals: Arrival[] = [];
  for (let sent = 0; sent < duration; sent += INTERVAL) {
    const delay = draw(chance);
    if (!chance.chance(loss)) arrivals.push({ sent, at: sent + delay });
  }
  return arrivals.sort((a, b) => a.at - b.at);
}

/** Heartbeats before this one only warm the window up. */
const WARM = 200;
/** A crash is tried each time that so many ticks have passed; no multiple of an interval, so that it comes at any time in it. */
const CRASH_EVERY = 397;

function measure(estimator: DetectorInput['estimator'], arrivals: readonly Arrival[], duration: number): Quality {
  const input: DetectorInput = { node: nodeId('self'), incarnation: 1, interval: INTERVAL, tick: TICK, estimator };
  const asked = { type: 'watch', from: 'self/group', items: [{ nodes: [peer] }] } as const;
  let context = changed(initialDetector(input), watch({ context: initialDetector(input), event: asked }));
  let next = 0;
  let [ticks, trusted, before] = [0, 0, 0];
  const detection: number[] = [];
  for (let now = TICK; now <= duration; now += TICK) {
    [context, next] = arrive(context, arrivals, next, now, Number.POSITIVE_INFINITY);
    context = changed(context, takeTick({ context }));
    if (next < WARM) before = context.mistakes;
    else {
      ticks += 1;
      if (isTrusted(context)) trusted += 1;
      if (ticks % CRASH_EVERY === 0) detection.push(detected(context, arrivals, next, now));
    }
  }
  return { detection, mistakes: context.mistakes - before, accuracy: trusted / ticks };
}

const changed = (context: DetectorContext, change: Partial<DetectorContext>): DetectorContext => ({
  ...context,
  ...change,
});

const isTrusted = (context: DetectorContext): boolean => mapGet(context.watched, peer)?.opinion === 'trusted';

/** All that has arrived by now of what was sent before the crash. */
function arrive(
  before: DetectorContext,
  arrivals: readonly Arrival[],
  first: number,
  now: number,
  crash: number,
): [DetectorContext, number] {
  let context = before;
  let next = first;
  for (let arrival = arrivals[next]; arrival !== undefined && arrival.at <= now; arrival = arrivals[next]) {
    next += 1;
    if (arrival.sent < crash) context = changed(context, takeHeartbeat({ context, event: heartbeat }));
  }
  return [context, next];
}

/** What would follow if the peer crashed now: the context is a value, so the run itself goes on as if nothing had been. */
function detected(context: DetectorContext, arrivals: readonly Arrival[], first: number, crash: number): number {
  let [now, next, state] = [crash, first, context];
  /** When the suspicion began that stands; null while the peer is trusted. */
  let since: number | null = isTrusted(state) ? null : crash;
  // Long enough for whatever was under way to arrive, and for the slowest estimator.
  for (const end = crash + 100 * INTERVAL; now < end; ) {
    now += TICK;
    [state, next] = arrive(state, arrivals, next, now, crash);
    if (isTrusted(state)) since = null;
    state = changed(state, takeTick({ context: state }));
    if (!isTrusted(state)) since ??= now;
  }
  return (since ?? Number.POSITIVE_INFINITY) - crash;
}
