/**
 * What a state may be made of: plain objects and lists, and collections anywhere among them. A state that has passed is
 * frozen, and what is shared with one that has passed before is not looked at again.
 */
import { bytesInState, Collection } from './collection.js';
import { checkDense, checkDepth, notPlain, type Path, propertiesOf } from './serializable.js';

/** Parts of states that have passed, with how many levels they have. */
const passed = new WeakMap<object, number>();

/** Throws NOT_SERIALIZABLE, with the place, for a state that does not encode. The state must be frozen. */
export function checkState(state: unknown): void {
  levelsOf(state, []);
}

function levelsOf(part: unknown, path: Path): number {
  if (typeof part !== 'object' || part === null) {
    if (typeof part === 'function' || typeof part === 'symbol' || typeof part === 'bigint') {
      throw notPlain(`a ${typeof part}`, path);
    }
    return 0;
  }
  const known = passed.get(part);
  checkDepth(path.length + (known ?? 0), path);
  if (known !== undefined) return known;
  let levels = 0;
  if (part instanceof Collection) {
    levels = 0; // it takes only values that are plain and not too deep
  } else if (Array.isArray(part)) {
    checkDense(part, path);
    for (let i = 0; i < part.length; i++) levels = Math.max(levels, levelsWithin(part[i], i, path));
  } else {
    if (part instanceof Uint8Array) throw notPlain(bytesInState, path);
    if (Object.getPrototypeOf(part) === null)
      throw notPlain('an object without a prototype, which its copies would have', path);
    for (const [key, inner] of propertiesOf(part, path)) levels = Math.max(levels, levelsWithin(inner, key, path));
  }
  passed.set(part, levels + 1);
  return levels + 1;
}

function levelsWithin(part: unknown, key: string | number, path: Path): number {
  path.push(key);
  const levels = levelsOf(part, path);
  path.pop();
  return levels;
}
