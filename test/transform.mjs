/**
 * TypeScript by swc, and in front of every module a line that reads the builtins once. In Jest each use of a global name asks
 * the context of the test file for it, which takes longer than most of what is then done: simulations ran at half their speed.
 */
import { createHash } from 'node:crypto';
import swc from '@swc/jest';

const line =
  'const { Array, Boolean, Error, Float64Array, Int32Array, JSON, Map, Math, Number, Object, Promise, Reflect, Set, String, Symbol, Uint8Array, Uint32Array, WeakMap } = globalThis;';

/** Without a line more, so that places in the source stay as they are; a directive stays in front. */
function withBuiltins(code) {
  const strict = /^\s*(['"])use strict\1;?/.exec(code)?.[0] ?? '';
  return `${strict}${line}${code.slice(strict.length)}`;
}

export default {
  createTransformer(options) {
    const { process, getCacheKey } = swc.createTransformer(options);
    return {
      process(text, path, how) {
        const { code, map } = path.endsWith('.ts') ? process(text, path, how) : { code: text };
        return { code: withBuiltins(code), map };
      },
      getCacheKey: (...about) =>
        createHash('sha1')
          .update(getCacheKey(...about))
          .update(withBuiltins.toString() + line)
          .digest('hex'),
    };
  },
};
