/**
 * The accrual estimator of a failure detector (Hayashibara, Défago, Yared & Katayama 2004). It learns how heartbeats arrive, from
 * a window of the last gaps between them, and turns silence into a level of suspicion: φ = -log10 of the probability that a
 * heartbeat comes later than this, gaps being taken as normally distributed. At φ = 3, one silence in a thousand that grows so long
 * would still be ended by a heartbeat, were gaps really normal; where heartbeats get lost they are not, and a
 * threshold has to be chosen by measuring (docs/failure-detection.md).
 */
export interface Accrual {
  readonly kind: 'accrual';
  /** φ at which a node is suspected. */
  readonly threshold: number;
  /** Gaps between heartbeats that are remembered at most. */
  readonly window: number;
}

/** How the heartbeats of one node arrive. */
export interface Arrivals {
  /** ms between one heartbeat and the next, the oldest first. */
  readonly gaps: readonly number[];
  readonly mean: number;
  readonly deviation: number;
}

/** Gaps that are enough to speak for themselves; with fewer, a wide guess stands in. */
export const ENOUGH_GAPS = 8;
/** A gap counts for so many intervals at most: one partition does not make the detector slow for a whole window. */
const LONGEST_GAP = 8;
/** In intervals. Without the first, a calm network would make a heartbeat that is a tick late a suspect. */
const LEAST_DEVIATION = 1 / 4;
const GUESSED_DEVIATION = 1 / 2;

/** Before anything is known: one heartbeat an interval, give or take half of it. */
export const noArrivals = (interval: number): Arrivals => ({
  gaps: [],
  mean: interval,
  deviation: GUESSED_DEVIATION * interval,
});

/** One more heartbeat came, `gap` ms after the one before. */
export function withGap(settings: Accrual, interval: number, before: Arrivals, gap: number): Arrivals {
  const kept = before.gaps.length < settings.window ? before.gaps : before.gaps.slice(1);
  const gaps = [...kept, Math.min(gap, LONGEST_GAP * interval)];
  if (gaps.length < Math.min(ENOUGH_GAPS, settings.window)) return { ...noArrivals(interval), gaps };
  const mean = gaps.reduce((sum, one) => sum + one, 0) / gaps.length;
  const variance = gaps.reduce((sum, one) => sum + (one - mean) ** 2, 0) / gaps.length;
  return { gaps, mean, deviation: Math.max(Math.sqrt(variance), LEAST_DEVIATION * interval) };
}

/** The level of suspicion after so many ms of silence. */
export const phi = ({ mean, deviation }: Arrivals, silence: number): number => -log10Tail((silence - mean) / deviation);

export const isTooUnlikely = (settings: Accrual, arrivals: Arrivals, silence: number): boolean =>
  phi(arrivals, silence) >= settings.threshold;

/**
 * log10 of the probability that a standard normal variable exceeds y, by a quotient in place of the integral that is exact at 0
 * and for large y, and between them up to 6 % too large. As a logarithm throughout, because the probability itself underflows at y = 38.
 */
export function log10Tail(y: number): number {
  if (y < 0) return Math.log10(1 - 10 ** log10Tail(-y));
  const quotient = 2 / (y + Math.sqrt(y * y + 8 / Math.PI));
  return Math.log10(quotient / Math.sqrt(2 * Math.PI)) - (y * y * Math.LOG10E) / 2;
}
