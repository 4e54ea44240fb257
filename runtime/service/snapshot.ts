/**
 * A whole state as plain data with a header, and back. A snapshot of an older version goes through the service's
 * migration.
 */
import type { Serializable } from '../../machines/shared/serializable.js';
import { fields, listOf, natural, type Shape, text } from '../../machines/shared/shapes.js';
import { ChoraleError } from '../errors.js';
import { type Packed, pack, unpack } from './packing.js';

interface Snapshot extends Packed {
  readonly service: string;
  readonly version: number;
}

export interface Versioned {
  readonly name: string;
  readonly version: number;
  readonly migrate: ((oldState: unknown, fromVersion: number) => unknown) | undefined;
}

const pathShape = listOf((key) => typeof key === 'string' || typeof key === 'number');
const pairOf =
  (first: Shape, second: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1]);
const entriesShape = listOf(pairOf(text, () => true));
const snapshotShape = fields({
  service: text,
  version: natural,
  collections: listOf(pairOf(pathShape, entriesShape)),
});

export function snapshotOf({ name, version }: Versioned, state: unknown): Serializable {
  const { plain, collections } = pack(state);
  return { service: name, version, plain, collections };
}

/** The state of a snapshot, of this service's version; not yet checked. Errors: SNAPSHOT_INVALID. */
export function stateOf(service: Versioned, given: Serializable): unknown {
  const snapshot = headed(service, given);
  let state: unknown;
  try {
    state = unpack(snapshot);
  } catch (error) {
    throw invalid(service, 'its parts do not fit together', error);
  }
  if (snapshot.version === service.version) return state;
  if (service.migrate === undefined || snapshot.version > service.version) {
    throw invalid(
      service,
      `it is of version ${snapshot.version}, and no migration leads from there to ${service.version}`,
    );
  }
  try {
    return service.migrate(state, snapshot.version);
  } catch (error) {
    throw invalid(service, `the migration from version ${snapshot.version} failed`, error);
  }
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
