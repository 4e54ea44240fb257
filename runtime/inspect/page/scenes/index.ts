/**
 * All scenes, in the order in which somebody new would want to see them.
 */
import { liarsWin, phasesOfActive, sequencerBottleneck, votingAgainstALiar } from './active.js';
import { bankAnomaly, lazyLosesAnUpdate } from './lost.js';
import { causal, fifo, total } from './orders.js';
import { askedTwice, deposedPrimary, phasesOfPassive, primaryCrash, staleRead } from './passive.js';
import type { Scene } from './scene.js';
import { flush, joiner, sequencerCrash, wrongSuspicion } from './views.js';

export { findMoment, type Happening } from './moment.js';
export type { Scene } from './scene.js';
export { eventfulSpan, spanAt } from './span.js';

export const scenes: readonly Scene[] = [
  bankAnomaly,
  phasesOfPassive,
  phasesOfActive,
  fifo,
  causal,
  total,
  primaryCrash,
  askedTwice,
  staleRead,
  deposedPrimary,
  sequencerBottleneck,
  sequencerCrash,
  flush,
  joiner,
  wrongSuspicion,
  votingAgainstALiar,
  liarsWin,
  lazyLosesAnUpdate,
];
