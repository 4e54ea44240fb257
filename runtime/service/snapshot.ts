/**
 * A whole state as plain data with a header, and back. A snapshot of an older version goes through the service's
 * migration.
 */
import { freeze } from 'immer';
import type { Serializable } from '../../machines/shared/serializable.js';
import { fields, listOf, natural, type Shape, text } from '../../machines/shared/shapes.js';
import { ChoraleError } from '../errors.js';
import { type Packed, pack, unpack } from './packing.js';
import { checkState } from './state.js';

interface Snapshot extends Packed {
  readonly service: string;
  readonly version: number;
}

export interface Versioned {
  readonly name: string;
  readonly version: number;
  readonly migrate: ((oldState: unknown, fromVersion: number) => unknown) | undefined;
}

export const pathShape = listOf((key) => typeof key === 'string' || typeof key === 'number');
export const pairOf =
  (first: Shape, second: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1]);
export const entriesShape = listOf(pairOf(text, () => true));
const snapshotShape = fields({
  service: text,
  version: natural,
  collections: listOf(pairOf(pathShape, entriesShape)),
});

export function snapshotOf({ name, version }: Versioned, state: unknown): Serializable {
  const { plain, collections } = pack(state);
  return { service: name, version, plain, collections };
}

/** The state of a snapshot, of this service's version, frozen and checked. Errors: SNAPSHOT_INVALID. */
export function stateOf(service: Versioned, given: Serializable): object {
  const snapshot = headed(service, given);
  return restored(service, snapshot.version, () => unpack(snapshot));
}

/** What `make` puts together, of that version of the service, as a state of this one. Errors: SNAPSHOT_INVALID. */
export function restored(service: Versioned, version: number, make: () => unknown): object {
  let made: unknown;
  try {
    made = make();
  } catch (error) {
    throw invalid(service, 'its parts do not fit together', error);
  }
  const state = version === service.version ? made : migrated(service, version, made);
  if (typeof state !== 'object' || state === null) throw invalid(service, 'its state is no object');
  freeze(state, true);
  try {
    checkState(state);
  } catch (error) {
    throw invalid(service, 'its state does not encode', error);
  }
  return state;
}

function migrated(service: Versioned, version: number, state: unknown): unknown {
  checkVersion(service, version);
  try {
    return service.migrate?.(state, version);
  } catch (error) {
    throw invalid(service, `the migration from version ${version} failed`, error);
  }
}

/** Errors: SNAPSHOT_INVALID. */
export function checkVersion(service: Versioned, version: number): void {
  if (version === service.version || (service.migrate !== undefined && version < service.version)) return;
  throw invalid(service, `it is of version ${version}, and no migration leads from there to ${service.version}`);
}

function headed(service: Versioned, given: Serializable): Snapshot {
  if (!snapshotShape(given)) throw invalid(service, 'it has not the form of a snapshot');
  const snapshot = given as unknown as Snapshot; // its shape has just been looked at
  if (snapshot.service !== service.name) throw invalid(service, `it is of the service "${snapshot.service}"`);
  return snapshot;
}

export function invalid({ name }: Versioned, why: string, cause?: unknown): ChoraleError {
  const because = cause instanceof Error ? `: ${cause.message}` : '';
  return new ChoraleError('SNAPSHOT_INVALID', `"${name}" cannot be restored from this snapshot: ${why}${because}.`, {
    cause,
  });
}
