import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { codec } from '../../runtime/actors/codec.js';

const wire = codec();
const again = (value: unknown): unknown => wire.decode(wire.encode(value));

const name = fc.string({ maxLength: 8 }).filter((text) => text !== '__proto__');
const special = [
  null,
  undefined,
  true,
  false,
  0,
  -0,
  Number.NaN,
  Infinity,
  -Infinity,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
  2 ** 32,
  '',
];
const leaf = fc.oneof(
  fc.constantFrom(...special),
  fc.double(),
  fc.integer(),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ maxLength: 100 }),
  fc.uint8Array({ maxLength: 60 }),
);
const { value: serializable } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(name, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    fc.dictionary(name, fc.integer(), { minKeys: 28, maxKeys: 36, noNullPrototype: true }),
    fc.array(fc.record({ session: name, seq: fc.integer(), args: tie('value') }, { noNullPrototype: true }), {
      maxLength: 6,
    }),
  ),
}));

function codeOf(action: () => unknown): unknown {
  try {
    action();
    return 'no error';
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
}

describe('what is encoded', () => {
  test('comes back as it was, whatever went before', () => {
    fc.assert(
      fc.property(serializable, (value) => {
        const bytes = wire.encode(value);
        expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
        expect(wire.decode(bytes)).toStrictEqual(value);
        // every frame stands for itself: another encoder, which has seen nothing, says the same
        expect(codec().encode(value)).toEqual(bytes);
      }),
      { numRuns: 800 },
    );
  });

  test.each([
    [-0],
    [[1, { a: -0 }]],
    [Number.NaN],
    [-Infinity],
    [undefined],
    [{ a: undefined, b: [undefined] }],
    ['\u0000é漢😀\u2028'],
    [{ constructor: 1, toString: 'x', hasOwnProperty: null, toJSON: true, '': 0 }],
    [Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`key ${i}`, i]))],
    // more forms of objects than there are marks for them, in two rounds
    [[...Array(300).keys(), ...Array(300).keys()].map((i) => ({ [`a${i}`]: i, [`b${i % 7}`]: { [`c${i}`]: -i } }))],
  ])('round trip %#', (value) => {
    expect(again(value)).toStrictEqual(value);
    expect(Object.is(again(-0), -0)).toBe(true);
  });

  test('holes are undefined, and bytes are bytes of their own', () => {
    // biome-ignore lint/suspicious/noSparseArray: what the codec makes of it is the question
    expect(again([, 1])).toStrictEqual([undefined, 1]);
    const bytes = wire.encode([new Uint8Array([1, 2, 3])]);
    const [part] = wire.decode(bytes) as [Uint8Array];
    bytes.fill(9);
    expect(part).toStrictEqual(new Uint8Array([1, 2, 3]));
    expect(again(Buffer.from([4, 5]))).toStrictEqual(new Uint8Array([4, 5]));
  });

  const cycle: unknown[] = [];
  cycle.push(cycle);
  test.each([
    [() => 1],
    [Symbol('x')],
    [10n],
    [new Date(0)],
    [new Map()],
    [new Set()],
    [/x/],
    [new Error('x')],
    [new Float64Array(2)],
    [new (class Account {})()],
    [{ deep: [{ a: () => 1 }] }],
    ['\ud800'],
    [{ '\udc00': 1 }],
    [JSON.parse('{"__proto__": {"polluted": true}}')],
    [cycle],
  ])('what is no plain data is refused %#', (value) => {
    expect(codeOf(() => wire.encode(value))).toBe('NOT_SERIALIZABLE');
    expect(again({ still: 'works' })).toEqual({ still: 'works' });
  });

  test('the limit holds on both sides, and a large message leaves no large buffer in later ones', () => {
    const small = codec({ limit: 100 });
    expect(small.encode('x'.repeat(90))).toHaveLength(92);
    expect(codeOf(() => small.encode('x'.repeat(101)))).toBe('MESSAGE_TOO_LARGE');
    expect(codeOf(() => small.encode(Array.from({ length: 60 }, () => 1e300)))).toBe('MESSAGE_TOO_LARGE');
    expect(codeOf(() => small.decode(wire.encode('x'.repeat(101))))).toBe('MESSAGE_TOO_LARGE');
    expect(codeOf(() => wire.encode(new Uint8Array(17 * 1024 * 1024)))).toBe('MESSAGE_TOO_LARGE');
    const large = wire.encode(new Uint8Array(15 * 1024 * 1024));
    expect(wire.encode(1).buffer.byteLength).toBe(1);
    expect((wire.decode(large) as Uint8Array).length).toBe(15 * 1024 * 1024);
  });
});

describe('what is decoded', () => {
  /** Decodes, or says so by its code: nothing else happens, and the prototypes stay as they are. */
  const decodes = (bytes: Uint8Array): unknown => {
    try {
      return wire.decode(bytes);
    } catch (error) {
      expect((error as { code?: unknown }).code).toBe('MESSAGE_MALFORMED');
      return undefined;
    }
  };

  test('CH-5: any bytes at all decode to plain data or are MESSAGE_MALFORMED', () => {
    const mutated = fc
      .tuple(
        serializable,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.boolean(),
      )
      .map(([value, changes, length, cut]) => {
        const bytes = wire.encode(value);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return cut ? bytes.subarray(0, length % bytes.length) : bytes;
      });
    const before = Object.getOwnPropertyNames(Object.prototype);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
        const value = decodes(bytes);
        // plain data can be encoded again; what could not would have been refused
        wire.encode(value);
        expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
        expect(again({ still: ['works', -0] })).toEqual({ still: ['works', -0] });
      }),
      { numRuns: 2500 },
    );
  });

  test.each([
    ['a date', [0xd6, 0xff, 0, 0, 0, 0]],
    ['a regular expression', [0xd4, 0x78, 0, 0x92, 0xa1, 0x78, 0xa0]],
    ['a set', [0xd4, 0x73, 0, 0x91, 1]],
    ['an error', [0xd4, 0x65, 0, 0x93, 0xa1, 0x78, 0xa1, 0x78, 0xc0]],
    ['a typed array', [0xd6, 0x74, 3, 0, 1, 0, 1]],
    ['a large integer', [0xcf, 1, 2, 3, 4, 5, 6, 7, 8]],
    ['the byte that is never used', [0xc1]],
    ['a list that says that it is long', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['a list within a list, for ever', Array.from({ length: 100_000 }, () => 0x91)],
    ['nothing', []],
    ['two values', [1, 2]],
    ['half a string', [0xa5, 0x61]],
  ])('CH-5: %s is refused', (_, bytes) => {
    expect(codeOf(() => wire.decode(Uint8Array.from(bytes)))).toBe('MESSAGE_MALFORMED');
  });

  test('CH-5: a field named __proto__ reaches no prototype', () => {
    const text = new TextEncoder().encode('__proto__');
    const map = Uint8Array.from([0x81, 0xa9, ...text, 0x81, 0xa1, 0x78, 1]);
    const record = Uint8Array.from([0xd4, 0x72, 0x40, 0x91, 0xa9, ...text, 0x81, 0xa1, 0x78, 1]);
    for (const bytes of [map, record]) {
      const value = decodes(bytes) as Record<string, unknown>;
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(value.x).toBeUndefined();
    }
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

test('the encoder that is imported has no builtin of Node behind it, in Node or in a browser', () => {
  const require = createRequire(import.meta.url);
  const root = new URL('.', `file://${require.resolve('msgpackr').replace(/dist\/[^/]*$/, '')}`);
  const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    exports: Record<string, { browser: string; node: { import: string } }>;
  };
  const entry = exports['./pack'];
  const seen = new Set<string>();
  const follow = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, imported] of readFileSync(new URL(file, root), 'utf8').matchAll(/from '([^']+)'/g)) {
      expect(imported).toMatch(/^\.\//);
      follow(imported as string);
    }
  };
  follow(entry?.browser as string);
  follow(entry?.node.import as string);
  expect(seen.size).toBeGreaterThan(2);
});
