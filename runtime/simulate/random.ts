/**
 * Chance in a simulation: one seeded source for each thing that needs it, so that a change in one (one frame more, say)
 * does not shift the numbers that another draws.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { hashOf } from '../../machines/shared/persistent-map.js';

export interface Random {
  /** In [0, 1). */
  float(): number;
  /** A whole number in [from, to]. */
  int(from: number, to: number): number;
  /** True with this probability; draws nothing for 0 and 1. */
  chance(probability: number): boolean;
}

export function random(seed: number, purpose: string): Random {
  // The first numbers of a generator follow its seed closely, so neighbouring seeds are set far apart.
  const generator = xoroshiro128plus(hashOf(`${seed} ${purpose}`) | 0);
  const float = (): number => uniformFloat64(generator);
  return {
    float,
    int: (from, to) => from + Math.floor(float() * (to - from + 1)),
    chance: (probability) => probability > 0 && (probability >= 1 || float() < probability),
  };
}
