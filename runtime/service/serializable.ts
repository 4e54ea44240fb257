/**
 * Plain data at run time: the check that a value can cross the wire and means the same on the other side, with an
 * estimate of its size, and the copy that frees a reply of the drafts that it was made from.
 */
import { current, isDraft } from 'immer';
import type { Serializable } from '../../machines/shared/serializable.js';
import { SIZES } from '../../machines/shared/size.js';
import { ChoraleError } from '../errors.js';

/**
 * Deepest nesting of what is sent or kept. A bound of our own, so that every replica refuses the same values: the
 * stack's end lies elsewhere on every machine.
 */
const DEPTH_LIMIT = 200;

/** Where a walk is: the keys from the top down. */
export type Path = (string | number)[];

/**
 * Checks that `value` is plain data, in one walk, and returns its estimated size in bytes (strings count a byte for
 * each UTF-16 unit). Cycles end at the depth limit. Errors: NOT_SERIALIZABLE, which names the place;
 * MESSAGE_TOO_LARGE, as soon as the estimate passes `limit` bytes.
 */
export function checkSerializable(value: unknown, limit: number): number {
  const size = Array.isArray(value) ? scalarsSize(value) : null;
  return size !== null && size <= limit ? size : new Walk(limit).measure(value);
}

/** The arguments of most calls are a few scalars, and need no walk: their size, or null where there is anything else. */
function scalarsSize(values: readonly unknown[]): number | null {
  let size = SIZES.container;
  for (const value of values) {
    if (typeof value === 'number') size += SIZES.number;
    else if (typeof value === 'string') size += SIZES.string + value.length;
    else if (typeof value === 'boolean' || value === null) size += SIZES.constant;
    else return null;
  }
  return Object.keys(values).length === values.length ? size : null;
}

/** A copy of a reply with no draft in it, of parts that are frozen already the parts themselves. Errors as above. */
export function detached(value: unknown, limit: number): Serializable {
  if (typeof value === 'number') return value === 0 ? 0 : value; // most replies are one number or nothing
  if (value === undefined || value === null || typeof value === 'boolean') return value;
  return new Walk(limit).copy(value);
}

class Walk {
  readonly #limit: number;
  readonly #path: Path = [];
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  measure(value: unknown): number {
    this.#check(value);
    return this.#size;
  }

  #check(value: unknown): void {
    if (!this.#enter(value)) return;
    if (Array.isArray(value)) {
      checkDense(value, this.#path);
      for (let i = 0; i < value.length; i++) {
        this.#path.push(i);
        this.#check(value[i]);
        this.#path.pop();
      }
      return;
    }
    for (const [key, inner] of propertiesOf(value, this.#path)) {
      this.#path.push(key);
      this.#count(key.length + SIZES.property);
      this.#check(inner);
      this.#path.pop();
    }
  }

  copy(given: unknown): Serializable {
    const value = isDraft(given) ? current(given) : given;
    // Equal states give equal replies, and to a state's digest 0 and -0 are one number.
    if (value === 0) return this.#sized(0);
    if (!this.#enter(value)) return value as Serializable; // #enter let it pass, and it is no container
    const frozen = Object.isFrozen(value);
    let same = frozen;
    if (Array.isArray(value)) {
      checkDense(value, this.#path);
      const items = value.map((item: unknown, i) => {
        const inner = this.#copyAt(i, item);
        same &&= Object.is(inner, item);
        return inner;
      });
      return same ? value : items;
    }
    const properties: [string, Serializable][] = [];
    for (const [key, inner] of propertiesOf(value, this.#path)) {
      this.#count(key.length + SIZES.property);
      const copied = this.#copyAt(key, inner);
      same &&= Object.is(copied, inner);
      properties.push([key, copied]);
    }
    return same ? (value as Serializable) : Object.fromEntries(properties); // every property of it is plain data
  }

  #copyAt(key: string | number, value: unknown): Serializable {
    this.#path.push(key);
    const copied = this.copy(value);
    this.#path.pop();
    return copied;
  }

  #sized(value: Serializable): Serializable {
    this.#count(SIZES.number);
    return value;
  }

  #count(bytes: number): void {
    this.#size += bytes;
    if (this.#size > this.#limit) {
      throw new ChoraleError(
        'MESSAGE_TOO_LARGE',
        `A value is larger than ${this.#limit} bytes, which is the limit: send less at a time.`,
      );
    }
  }

  /** Says whether the value has parts; those must be looked at next. */
  #enter(value: unknown): value is object {
    if (typeof value === 'string') this.#count(value.length + SIZES.string);
    else if (typeof value === 'number') this.#count(SIZES.number);
    else if (value === null || value === undefined || typeof value === 'boolean') this.#count(SIZES.constant);
    else if (value instanceof Uint8Array) this.#count(value.byteLength + SIZES.container);
    else if (typeof value === 'object') {
      this.#count(SIZES.container);
      checkDepth(this.#path.length, this.#path);
      return true;
    } else throw notPlain(`a ${typeof value}`, this.#path);
    return false;
  }
}

export function checkDepth(levels: number, path: Path): void {
  if (levels > DEPTH_LIMIT) {
    throw notPlain(`nested more than ${DEPTH_LIMIT} levels deep, or contains itself`, path.slice(0, 3));
  }
}

/** A list has its items and nothing else: no holes, no names. */
export function checkDense(list: readonly unknown[], path: Path): void {
  const keys = Object.keys(list);
  if (keys.length === list.length && (list.length === 0 || keys[list.length - 1] === String(list.length - 1))) return;
  throw notPlain('a list with holes or with properties of its own', path);
}

/** The properties of a plain object. Throws where it is not one, or has what plain data has not. */
export function propertiesOf(value: object, path: Path): [string, unknown][] {
  if (!isPlainObject(value)) throw notPlain(nameOf(value), path);
  if (Object.getOwnPropertySymbols(value).length > 0) throw notPlain('an object with a symbol for a key', path);
  const properties = Object.entries(value);
  for (const [key, inner] of properties) {
    if (key === '__proto__') throw notPlain('an object with a property named __proto__', path);
    if (inner === undefined) throw notPlain('undefined: leave the property out, or use null', [...path, key]);
  }
  return properties;
}

/** No class stands between the value and the root of its realm (a value may come from another one). */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== '' ? `an object of class ${name}` : 'an object that is not plain';
}

export function notPlain(what: string, path: Path): ChoraleError {
  const where = pathText(path);
  const place = where === '' ? 'The value' : `The value at ${where}`;
  return new ChoraleError('NOT_SERIALIZABLE', `${place} cannot cross the wire: it is ${what}.`, {
    details: { path: where },
  });
}

/** `[0].accounts.alice` */
function pathText(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(key)) text += text === '' ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}
