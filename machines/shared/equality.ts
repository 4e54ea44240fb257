/**
 * When two replies are identical (AR-7): equal as plain data, whatever the order of an object's keys. Numbers by the
 * bits that they cross the wire with, so NaN equals itself and 0 is not -0. It keeps its own stack, for one of the two
 * may come from a liar, and a liar's data can be nested deeper than a recursion goes.
 */
export function equal(one: unknown, other: unknown): boolean {
  const pairs: [unknown, unknown][] = [[one, other]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [a, b] = pair;
    if (Object.is(a, b)) continue;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (Array.isArray(a) && Array.isArray(b)) {
      if (a.length !== b.length) return false;
      for (let i = 0; i < a.length; i++) pairs.push([a[i], b[i]]);
    } else if (a instanceof Uint8Array && b instanceof Uint8Array) {
      if (a.length !== b.length || !a.every((byte, i) => byte === b[i])) return false;
    } else if (isPlain(a) && isPlain(b)) {
      const keys = Object.keys(a);
      if (keys.length !== Object.keys(b).length) return false;
      for (const key of keys) {
        if (!Object.hasOwn(b, key)) return false;
        pairs.push([a[key], b[key]]);
      }
    } else return false;
  }
  return true;
}

/** No class stands between the value and the root of its realm. */
function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
