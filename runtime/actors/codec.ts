/**
 * Values to bytes and back: MessagePack, in which objects of one form name their fields once per frame. Every frame
 * stands for itself. Plain data comes back as it was, or is refused; nothing else goes out, nor comes in from a peer
 * that plays by other rules.
 */
import { addExtension, Packr, RESET_BUFFER_MODE } from 'msgpackr/pack'; // this entry has no builtin of Node behind it
import { ChoraleError, type ErrorCode } from '../errors.js';

export interface Codec {
  /** Errors: NOT_SERIALIZABLE, MESSAGE_TOO_LARGE. */
  encode(value: unknown): Uint8Array;
  /** Errors: MESSAGE_MALFORMED, MESSAGE_TOO_LARGE. */
  decode(bytes: Uint8Array): unknown;
}

export interface CodecSettings {
  /** Most bytes of one encoded value. Default 16 MiB. */
  readonly limit?: number;
}

const LIMIT = 16 * 1024 * 1024;
/** Lists and objects within each other: more is a cycle, or an attack on the stack. */
const DEPTH = 256;
/** Objects with more fields than this are tables, not records: to remember their form would cost more than it saves. */
const RECORD_FIELDS = 32;
/** A buffer that has grown beyond this is given back after use. */
const BUFFER = 1024 * 1024;

/** MessagePack has no negative zero among its integers, and the encoder takes it for one: it travels as an extension. */
class NegativeZero {}
addExtension({ Class: NegativeZero, type: 0x2d, pack: () => new Uint8Array(1), unpack: () => -0 });
const negativeZero = new NegativeZero();

export function codec({ limit = LIMIT }: CodecSettings = {}): Codec {
  const packr = new Packr({
    useRecords: isRecord,
    mapsAsObjects: true,
    variableMapSize: true,
    copyBuffers: true,
    useToJSON: false,
  } as ConstructorParameters<typeof Packr>[0]); // its types leave out useToJSON
  const tooLarge = (size: string) =>
    new ChoraleError('MESSAGE_TOO_LARGE', `A message of ${size} bytes is over the limit of ${limit}.`, {
      details: { limit },
    });

  return {
    encode(value) {
      const survey: Survey = { code: 'NOT_SERIALIZABLE', size: 0, limit, negativeZero: false };
      examine(value, 0, survey);
      if (survey.size > limit) throw tooLarge(`at least ${survey.size}`);
      const packed = packr.encode(survey.negativeZero ? withNegativeZero(value) : value, RESET_BUFFER_MODE);
      const bytes = new Uint8Array(packed); // the encoder uses its buffer again
      if (packed.buffer.byteLength > BUFFER) packr.useBuffer(new Uint8Array(8192));
      if (bytes.length > limit) throw tooLarge(String(bytes.length));
      return bytes;
    },
    decode(bytes) {
      if (bytes.length > limit) throw tooLarge(String(bytes.length));
      let value: unknown;
      try {
        // a view of its own: the decoder leaves a mark on what it is given, and gives back parts of the same class
        value = packr.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
      } catch (cause) {
        throw new ChoraleError('MESSAGE_MALFORMED', 'A message does not decode.', { cause });
      }
      examine(value, 0, { code: 'MESSAGE_MALFORMED', size: 0, limit: Number.POSITIVE_INFINITY, negativeZero: false });
      return value;
    },
  };
}

interface Survey {
  /** The error for what is no plain data. */
  readonly code: ErrorCode;
  /** Bytes that the value takes at least. Past the limit nobody looks on. */
  size: number;
  readonly limit: number;
  negativeZero: boolean;
}

/** Looks at every part of a value: is it plain data? */
function examine(value: unknown, depth: number, survey: Survey): void {
  survey.size += 1;
  switch (typeof value) {
    case 'string':
      survey.size += value.length;
      if (!isWellFormed(value)) throw unfit(survey, 'a string with half of a surrogate pair');
      return;
    case 'number':
      if (value === 0 && 1 / value < 0) survey.negativeZero = true;
      return;
    case 'boolean':
    case 'undefined':
      return;
    case 'object':
      if (value !== null) examineParts(value, depth, survey);
      return;
    default:
      throw unfit(survey, `a ${typeof value}`);
  }
}

function examineParts(value: object, depth: number, survey: Survey): void {
  if (value instanceof Uint8Array) {
    survey.size += value.length;
    return;
  }
  if (depth === DEPTH) throw unfit(survey, 'a cycle, or something nested too deep');
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && survey.size <= survey.limit; i++) examine(value[i], depth + 1, survey);
    return;
  }
  if (!isPlain(value)) throw unfit(survey, `an object of class ${value.constructor?.name ?? 'unknown'}`);
  for (const name in value) {
    if (survey.size > survey.limit) return;
    if (name === '__proto__') throw unfit(survey, 'a field named __proto__');
    if (!isWellFormed(name)) throw unfit(survey, 'a field name with half of a surrogate pair');
    survey.size += 1;
    examine((value as Record<string, unknown>)[name], depth + 1, survey); // a plain object, by the check above
  }
}

const unfit = (survey: Survey, what: string) =>
  new ChoraleError(survey.code, `A message holds ${what}; only plain data crosses the wire.`);

/** Its prototype is the end of the chain, in whatever realm the object was made. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Every engine since 2023 has this method; the library that this compiles against is a year older. */
const isWellFormed = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed();

function isRecord(value: object): boolean {
  let fields = 0;
  for (const _ in value) {
    fields += 1;
    if (fields > RECORD_FIELDS) return false;
  }
  return true;
}

/** A copy in which every negative zero is marked: rare, so only made where one was seen. */
function withNegativeZero(value: unknown): unknown {
  if (Object.is(value, -0)) return negativeZero;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return Array.from(value, withNegativeZero);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withNegativeZero(part)]));
}
