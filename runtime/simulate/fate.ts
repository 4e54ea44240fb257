/**
 * Chance by place, not by turn: what happens to a frame is a hash of the seed, the way that it takes and its count on that
 * way. No frame's fate depends on another's, so a run can be tried again with some of it left out and the rest unmoved.
 */
import { hashOf } from '../../machines/shared/persistent-map.js';

const { imul } = Math;

/** Mixes two words into one, every bit of which depends on all of theirs. */
export function mixed(a: number, b: number): number {
  let word = imul(a ^ imul(b, 0x9e3779b1), 0x2c1b3c6d) ^ b;
  word = imul(word ^ (word >>> 15), 0x297a2d39);
  word = imul(word ^ (word >>> 12), 0x1b56c4e9);
  return (word ^ (word >>> 14)) >>> 0;
}

/** The root of all that is drawn for one purpose. */
export const rootOf = (seed: number, purpose: string): number => hashOf(`${seed} ${purpose}`);

/** In [0, 1): the number at this place below a root. */
export const drawn = (root: number, place: number): number => mixed(root, place) / 2 ** 32;
