/**
 * The draft that a run of updates shares.
 *
 * One immer draft for many updates saves the copies that immer would make for each, but it must not be seen: a sequence
 * of requests has one result, however it is cut into batches. So each update is watched as it writes. While it writes
 * only numbers, strings, booleans and null, and into collections, the next update finds in the draft just what it would
 * find in a draft of its own. Once it stores an object that is no longer so (immer does not draft what was assigned
 * in the same draft, and an object that stands in two places is one object until the draft is finished), and
 * what it stored must be checked as well. So such an update is the last one of its draft.
 *
 * The watch is a proxy over each of immer's drafts, since immer tells nobody of an assignment before the end.
 */
import { createDraft, finishDraft, isDraft } from 'immer';
import { ChoraleError } from '../errors.js';
import { Entries } from './collection.js';

/** What updates have done to the draft since `begin`. */
export class Watch {
  /** Writes of any kind. */
  writes = 0;
  /** An object was stored, or something that no state can hold: the draft must be finished and looked at. */
  closes = false;
  /** Refuses all writes: finds out whether it was one that made a query fail. */
  readonly refuses: boolean;
  /** The watched face of each draft, and of each watched face itself. */
  readonly #faces = new WeakMap<object, object>();
  readonly #drafts = new WeakMap<object, object>();

  constructor(refuses: boolean) {
    this.refuses = refuses;
  }

  begin(): void {
    this.writes = 0;
    this.closes = false;
  }

  /** What an operation gets to see of a value in the draft. */
  face(value: object): object {
    const known = this.#faces.get(value);
    if (known !== undefined) return known;
    if (!isDraft(value)) return value;
    const node: Node = { draft: value as Node['draft'], watch: this }; // a draft: any property can be asked for
    const face = Array.isArray(value) ? new Proxy([node], listTraps) : new Proxy(node, objectTraps);
    this.#faces.set(value, face);
    this.#faces.set(face, face);
    this.#drafts.set(face, value);
    return face;
  }

  /** The draft behind a face; any other value is itself. */
  draftOf(value: object): object {
    return this.#drafts.get(value) ?? value;
  }
}

/** A draft of the state and what is handed to operations for it. */
export class SharedDraft {
  readonly watch: Watch;
  readonly root: object;
  readonly #draft: object;

  constructor(base: object, refuses = false) {
    this.watch = new Watch(refuses);
    this.#draft = createDraft(base);
    this.root = this.watch.face(this.#draft);
  }

  /** The next state, frozen. Nobody can use the draft any more. */
  finish(): object {
    return finishDraft(this.#draft);
  }
}

interface Node {
  readonly draft: Record<PropertyKey, unknown>;
  readonly watch: Watch;
}

function read({ draft, watch }: Node, key: PropertyKey): unknown {
  const value = draft[key];
  return typeof value === 'object' && value !== null && typeof key !== 'symbol' ? watch.face(value) : value;
}

function write({ draft, watch }: Node, key: PropertyKey, value: unknown): boolean {
  beforeWrite(watch, key);
  if (typeof value === 'object' && value !== null) {
    if (!(value instanceof Entries)) watch.closes = true;
    draft[key] = watch.draftOf(value);
    return true;
  }
  const plain = value === null || typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean';
  if (!plain || typeof key === 'symbol') watch.closes = true;
  draft[key] = value;
  return true;
}

function writeToList(node: Node, key: PropertyKey, value: unknown): boolean {
  const length = node.draft.length as number; // a list's
  const dense = key === 'length' ? (value as number) <= length : isIndex(key, length);
  if (!dense) node.watch.closes = true; // it may have holes now, or names
  return write(node, key, value);
}

function isIndex(key: PropertyKey, length: number): boolean {
  const index = typeof key === 'symbol' ? Number.NaN : Number(key);
  return Number.isInteger(index) && index >= 0 && index <= length && String(index) === key;
}

function remove({ draft, watch }: Node, key: PropertyKey): boolean {
  beforeWrite(watch, key);
  delete draft[key];
  return true;
}

function beforeWrite(watch: Watch, key: PropertyKey): void {
  watch.writes += 1;
  if (watch.refuses) {
    throw new ChoraleError(
      'QUERY_WRITES',
      `A query tried to write ${String(key)}: only an update may change the state.`,
    );
  }
}

function describe({ draft, watch }: Node, key: PropertyKey): PropertyDescriptor | undefined {
  const descriptor = Reflect.getOwnPropertyDescriptor(draft, key);
  if (descriptor !== undefined && typeof descriptor.value === 'object' && descriptor.value !== null) {
    descriptor.value = watch.face(descriptor.value);
  }
  return descriptor;
}

/** What immer refuses too. */
const refused = { defineProperty: () => false, setPrototypeOf: () => false, preventExtensions: () => false };

const objectTraps: ProxyHandler<Node> = {
  get: read,
  set: write,
  deleteProperty: remove,
  has: ({ draft }, key) => key in draft,
  ownKeys: ({ draft }) => Reflect.ownKeys(draft),
  getOwnPropertyDescriptor: describe,
  getPrototypeOf: ({ draft }) => Reflect.getPrototypeOf(draft),
  ...refused,
};

/** A list's proxy must stand over a list. */
type ListNode = [Node];
const listTraps: ProxyHandler<ListNode> = {
  get: ([node], key) => read(node, key),
  set: ([node], key, value) => writeToList(node, key, value),
  deleteProperty: ([node], key) => remove(node, key),
  has: ([{ draft }], key) => key in draft,
  ownKeys: ([{ draft }]) => Reflect.ownKeys(draft),
  getOwnPropertyDescriptor: ([node], key) => describe(node, key),
  getPrototypeOf: ([{ draft }]) => Reflect.getPrototypeOf(draft),
  ...refused,
};
