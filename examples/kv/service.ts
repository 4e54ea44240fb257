/**
 * A key-value store. A key that nobody has put reads as the empty string.
 */
import { collection, service } from 'chorale';

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
