/**
 * A key-value store. A key that nobody has put reads as the empty string.
 */
import { collection, service } from 'chorale';
import type { Workload } from 'chorale/testing';

export const about = 'a key-value store with compare-and-set, on which clients can build locks';

export default service('kv', {
  state: () => ({ entries: collection<string>() }),
  updates: {
    put({ entries }, key: string, value: string) {
      entries.set(key, value);
    },
    /** Returns the new value. */
    append({ entries }, key: string, more: string) {
      const value = (entries.get(key) ?? '') + more;
      entries.set(key, value);
      return value;
    },
    /** Compare and set: writes `value` only where the key reads `expected`, and says whether it did. */
    cas({ entries }, key: string, expected: string, value: string) {
      if ((entries.get(key) ?? '') !== expected) return false;
      entries.set(key, value);
      return true;
    },
  },
  queries: { get: ({ entries }, key: string) => entries.get(key) ?? '' },
});

/** Random calls, for `chorale sim`: two keys and short values, so that clients get in each other's way. */
export const workload: Workload = (chance) => {
  const key = chance.chance(0.5) ? 'a' : 'b';
  const value = (): string => String(chance.int(0, 9));
  switch (chance.int(1, 4)) {
    case 1:
      return ['put', key, value()];
    case 2:
      return ['append', key, value()];
    case 3:
      return ['cas', key, chance.chance(0.5) ? '' : value(), value()];
    default:
      return ['get', key];
  }
};
